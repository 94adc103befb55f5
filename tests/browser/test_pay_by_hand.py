"""What a client does with a pay link, in a real browser on a phone, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import a_page
from tests.browser.story import Month

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_pay_leads_to_stripe_past_the_content_security_policy(
    browser: Browser, month: Month, address: str, script: bool
) -> None:
    page = a_page(browser, width=390, script=script)
    page.goto(f"{address}/pay/{month.links['left']}")
    page.get_by_role("button", name=re.compile("^Pay")).first.click()
    expect(page.get_by_role("heading", name="Pay at Stripe")).to_be_visible()


def test_the_button_says_the_sum_of_what_is_ticked(browser: Browser, month: Month, address: str) -> None:
    page = a_page(browser, width=390)
    page.goto(f"{address}/pay/{month.links['fresh']}")
    boxes = page.locator("input[name=id][type=checkbox]")
    first = page.get_by_role("button", name=re.compile("^Pay")).inner_text()
    boxes.nth(1).check()
    expect(page.get_by_role("button", name=re.compile("^Pay"))).not_to_have_text(first)
    boxes.nth(0).uncheck()
    boxes.nth(1).uncheck()
    expect(page.get_by_role("button", name="Tick what you want to pay")).to_be_disabled()


def test_the_invoice_can_be_read_on_a_phone_and_leads_back_to_payment(
    browser: Browser, month: Month, address: str
) -> None:
    page = a_page(browser, width=390)
    page.goto(f"{address}/pay/{month.links['fresh']}")
    page.get_by_role("link", name=re.compile("View what it is for")).first.click()
    expect(page.get_by_role("heading", name=re.compile("^Invoice"))).to_be_visible()
    page.get_by_role("link", name="Go to payment").click()
    expect(page.get_by_role("button", name=re.compile("^Pay"))).to_be_visible()


def test_the_link_is_told_to_nobody_and_found_by_no_search_engine(browser: Browser, month: Month, address: str) -> None:
    page = a_page(browser)
    answer = page.goto(f"{address}/pay/{month.links['fresh']}")
    assert answer is not None
    assert answer.header_value("referrer-policy") == "no-referrer"
    assert page.locator("meta[name=robots]").get_attribute("content") == "noindex, nofollow"
