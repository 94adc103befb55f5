"""What tests of several folders share: one Chromium for each file, and which tests count for coverage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


UNCOUNTED = {
    *("simulation", "browser", "local", "bench", "infra", "sandbox", "store"),
    *("clio", "quickbooks", "stripe", "mail"),  # of clients, which are not measured
}
HERE = Path(__file__).parent
LONGEST = (  # begun first, so that no worker is left alone with one of them at the end
    "simulation/test_crashes_first_sync.py",
    "local/test_by_hand.py",
    "simulation/test_crashes_cheque.py",
    "local/test_second_firm.py",
    "simulation/test_swarm.py",
    "bench/test_figures.py",
    "simulation/test_crashes_card.py",
    "local/test_policies_swapped.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a history or a browser happens to pass through is not tested by it; and tracing would slow them down."""
    for item in items:
        if item.path.relative_to(HERE).parts[0] in UNCOUNTED:
            item.add_marker("no_cover")
    place = {name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.relative_to(HERE).as_posix(), len(place)))


def pytest_collection_finish() -> None:
    """What all tests are made of stays to the end: it is not looked through again and again for what is garbage, which
    took a tenth of the whole run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file that needs it, closed after it: one that stays open goes on drawing, on a sixth of a core."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
