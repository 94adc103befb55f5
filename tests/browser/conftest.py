"""A real Chromium over the shipped pages. Without chromium or axe-core the tests say why they are skipped."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from chalicelib.flow import sessions
from chalicelib.web import door
from tests.browser.served import served
from tests.browser.story import Month, a_busy_month

KEPT = Path(__file__).parents[2] / ".local" / "axe"
AXE = "axe-core@4.14.1"


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script: fetched once from the npm registry, kept outside the repository."""
    script = KEPT / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            pytest.skip("npm is not there to fetch axe-core")
        KEPT.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(["npm", "pack", AXE], cwd=KEPT, capture_output=True, text=True, timeout=120, check=False)
        if got.returncode:
            pytest.skip(f"axe-core cannot be fetched from the npm registry: {got.stderr[-200:]}")
        with tarfile.open(next(KEPT.glob("axe-core-*.tgz"))) as archive:
            found = archive.extractfile("package/axe.min.js")
            assert found is not None
            script.write_bytes(found.read())
    return script.read_text()


@pytest.fixture(scope="module")
def month() -> Month:
    return a_busy_month()


@pytest.fixture(scope="module")
def address(month: Month) -> Iterator[str]:
    with served(month.world) as base:
        yield base


def a_page(browser: Browser, *, width: int = 1280, script: bool = True) -> Page:
    """A fresh browser window. Stripe's pages are stood in for by one sentence; anything else from outside fails."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 844},
        java_script_enabled=script,
    )
    context.route("http://stripe.test/**", stripe_page)
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


def stripe_page(route: Route) -> None:
    route.fulfill(content_type="text/html", body="<h1>Pay at Stripe</h1>")


def at_the_desk(page: Page, month: Month, address: str) -> Page:
    cookie = sessions.begin(month.world, firm=month.stage.firm, user="1", name="Olivia Hartwell", owner=True)
    page.context.add_cookies([{"name": door.SESSION_COOKIE, "value": cookie, "url": address}])
    return page
