"""Every page in a real browser: axe finds nothing, no sideways scrolling on a phone, nothing refused by the CSP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import a_page, at_the_desk
from tests.browser.story import Month

pytestmark = pytest.mark.browser

DESK = [
    "/desk",
    "/desk/invoices",
    "/desk/invoices?tab=reminding",
    "/desk/invoices?tab=paid",
    "/desk/invoices?tab=attention",
    "/desk/invoices/{card}",
    "/desk/invoices/{failed}",
    "/desk/collect?ids={fresh},{debit},{card}",
    "/desk/clients/{client}",
    "/desk/contacts",
    "/desk/contacts?standing=conflict",
    "/desk/contacts/{client}",
    "/desk/contacts/{changed}",
    "/desk/resync/{run}",
    "/desk/sets",
    "/desk/sets/new?from=friendly",
    "/desk/attention",
    "/desk/attention/broken?key={broken}",
    "/desk/attention/again?cause={cause}",
    "/desk/record",
    "/desk/payments",
    "/desk/books",
    "/desk/preflight",
    "/desk/first",
    "/desk/first/payments",
    "/desk/first/payments?invoice={linked}",
    "/desk/first/payments?invoice=unknown",
    "/desk/first/payments?invoice={answered}",
    "/desk/first/payments/undo?invoice={answered}",
    "/desk/sync",
    "/desk/trust",
    "/desk/trust/settings",
    "/desk/trust/account/{account}",
    "/desk/trust/account/{account}/ledger/{holder}",
    "/desk/trust/account/{account}/month/{month}",
    "/desk/trust/account/{account}/month/{month}/signed/1",
    "/desk/settings",
    "/desk/settings/invoices",
    "/desk/settings/invoices/apply",
    "/desk/invoices/{credited}",
    "/desk/settings/quickbooks",
    "/setup?open=place",
    "/setup?open=accounts",
    "/setup?open=confirm",
]
PAY = [
    "/pay/{fresh}",
    "/pay/{trust}",
    "/pay/{card}",
    "/pay/{debit}",
    "/pay/{fresh}/done",
    "/pay/{card}/done",
    "/pay/{debit}/done",
    "/pay/{fresh}/done?cancelled=1",
    "/pay/unknown",
    "/",
]
EVERY = [(path, True) for path in DESK] + [(path, False) for path in PAY]
AXE_RUN = (
    "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],"
    # every rule runs over everything; what passes is not written down, which took most of the time
    " resultTypes: ['violations'], selectors: false})"
)
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = (390, 700, 980, 1150, 1280)


@dataclass
class Seen:
    """What the browser saw while it opened one page."""

    page: Page
    asked: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", params=EVERY, ids=lambda p: p[0])
def seen(request: pytest.FixtureRequest, browser: Browser, month: Month, address: str) -> Iterator[Seen]:
    """One page, opened once for all that is asked of it."""
    path, desk = request.param
    seen = Seen(a_page(browser))
    seen.page.on("request", lambda r: seen.asked.append(r.url))
    seen.page.on("response", lambda r: seen.sizes.append(len(r.body())))
    seen.page.on("console", lambda m: seen.complaints.append(m.text) if "Content Security" in m.text else None)
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    if desk:
        at_the_desk(seen.page, month, address)
    seen.page.goto(address + path.format(**(month.ids if desk else month.links)), wait_until="load")
    yield seen
    seen.page.context.close()


def test_a_page_comes_in_under_100_kb(seen: Seen) -> None:
    assert sum(seen.sizes) < 100_000


def test_a_page_asks_no_other_host(seen: Seen, address: str) -> None:
    assert [url for url in seen.asked if not url.startswith((address, "data:"))] == []


def test_the_browser_has_nothing_to_complain_of(seen: Seen) -> None:
    assert seen.complaints == []


def test_nothing_scrolls_sideways(seen: Seen) -> None:
    over = {}
    for width in WIDTHS:
        seen.page.set_viewport_size({"width": width, "height": 844})
        over[width] = seen.page.evaluate(OVER)
    assert [w for w, by in over.items() if by > 0] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(seen: Seen, axe: str, dark: bool) -> None:
    seen.page.set_viewport_size({"width": 1280 if dark else 390, "height": 844})
    seen.page.emulate_media(color_scheme="dark" if dark else "light")
    if not seen.page.evaluate("'axe' in window"):
        seen.page.evaluate(axe)
    found = seen.page.evaluate(AXE_RUN)["violations"]
    assert [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found] == []
