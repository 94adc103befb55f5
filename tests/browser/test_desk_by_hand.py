"""What a bookkeeper does at the desk, in a real browser, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import a_page, at_the_desk
from tests.browser.story import Month

pytestmark = pytest.mark.browser


def test_the_bar_of_actions_says_how_many_and_how_much(browser: Browser, month: Month, address: str) -> None:
    page = at_the_desk(a_page(browser), month, address)
    page.goto(f"{address}/desk/invoices")
    expect(page.get_by_role("button", name="Start collection")).to_be_hidden()
    boxes = page.locator("tbody input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.locator("[data-count]")).to_have_text(re.compile(r"^2 invoices, \$[\d,]+\.\d\d selected$"))
    expect(page.get_by_role("button", name="Start collection")).to_be_visible()


def test_select_all_ticks_the_page(browser: Browser, month: Month, address: str) -> None:
    page = at_the_desk(a_page(browser), month, address)
    page.goto(f"{address}/desk/invoices")
    page.get_by_label("Select all on this page").check()
    boxes = page.locator("tbody input[type=checkbox]")
    assert all(boxes.nth(n).is_checked() for n in range(boxes.count()))


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_collection_is_started_with_the_amount_in_the_sentence(
    browser: Browser, month: Month, address: str, script: bool
) -> None:
    page = at_the_desk(a_page(browser, script=script), month, address)
    page.goto(f"{address}/desk/invoices")
    page.locator("tbody input[type=checkbox]").nth(0).check()
    page.get_by_role("button", name="Start collection").click()
    page.get_by_role("link", name=re.compile("Brief")).click()
    expect(page.get_by_text(re.compile(r"about 1 invoice over \$"))).to_be_visible()
    page.get_by_role("button", name="Start reminders for 1 invoice").click()
    expect(page.get_by_text("Reminders are started for 1 invoice")).to_be_visible()


def test_the_progress_of_a_resync_follows_by_itself(browser: Browser, month: Month, address: str) -> None:
    page = at_the_desk(a_page(browser), month, address)
    page.goto(f"{address}/desk/invoices")
    page.get_by_role("button", name="Resync with Clio").click()
    expect(page.get_by_role("heading", name="Resync is running")).to_be_visible()
    month.stage.work()
    expect(page.get_by_role("heading", name="Resync finished")).to_be_visible()
    page.get_by_role("link", name="Reload the list of invoices").click()
    expect(page.get_by_role("heading", name="Invoices", exact=True)).to_be_visible()


def test_the_preview_follows_what_is_typed(browser: Browser, month: Month, address: str) -> None:
    page = at_the_desk(a_page(browser), month, address)
    page.goto(f"{address}/desk/sets/new")
    page.get_by_label("Subject").fill("Bill {{invoice_number}} <b>")
    expect(page.locator("[data-shown-subject]")).to_have_text("Bill 1042 <b>")


def test_the_menu_opens_on_a_phone_without_script(browser: Browser, month: Month, address: str) -> None:
    page = at_the_desk(a_page(browser, width=390, script=False), month, address)
    page.goto(f"{address}/desk")
    expect(page.get_by_role("link", name="Payments")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Payments").click()
    expect(page.get_by_role("heading", name="Payments")).to_be_visible()


def test_the_whole_desk_can_be_walked_with_the_keyboard(browser: Browser, month: Month, address: str) -> None:
    page = at_the_desk(a_page(browser), month, address)
    page.goto(f"{address}/desk/invoices")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
    assert len(seen) > 40
