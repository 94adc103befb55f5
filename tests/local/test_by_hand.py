"""The story by hand: a person's real browser on the deployed template, over the program's pages and the sandboxes'.

Chromium enforces the Content-Security-Policy, form-action on redirects included, which the demo's own browser does not.
Every step is kept as a picture below .local/shots, wide and narrow, to be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local.desk import HARTWELL
from infra.local.stack import Stack
from infra.package import ROOT

pytestmark = pytest.mark.browser
SHOTS = ROOT / ".local" / "shots"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
NUMBER = "1052"  # overdue, of a client who has an address


class Person:
    """Somebody at a browser. ``refused`` is what the Content-Security-Policy stopped."""

    def __init__(self, page: Page, stack: Stack, role: str) -> None:
        self.page, self.stack, self.role = page, stack, role
        self.refused: list[str] = []
        self.taken = 0
        page.set_default_timeout(20_000)
        page.on("console", lambda m: self.refused.append(m.text) if "Content Security Policy" in m.text else None)

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.stack.url + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=re.compile(name)).first.click()

    def shot(self, name: str) -> None:
        """This moment, as on a desk and as on a phone."""
        self.taken += 1
        for size, words in ((NARROW, "narrow"), (WIDE, "wide")):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            if self.page.url.startswith(self.stack.url):
                wide = self.page.evaluate("document.documentElement.scrollWidth")
                assert wide <= size["width"], f"{name} is {wide} wide"
            self.page.screenshot(path=SHOTS / f"{self.role}-{self.taken:02}-{name}-{words}.png", full_page=True)

    def shows(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", name=re.compile(heading)).first).to_be_visible()


@pytest.fixture(scope="module")
def olivia(browser: Browser, stack: Stack) -> Iterator[Person]:
    """The firm's owner."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    yield Person(context.new_page(), stack, "desk")
    context.close()


@pytest.fixture(scope="module")
def client(browser: Browser, stack: Stack) -> Iterator[Person]:
    """A client with the mail open, in a browser of its own."""
    context = browser.new_context(viewport=NARROW)  # type: ignore[arg-type]
    yield Person(context.new_page(), stack, "client")
    context.close()


def test_she_signs_in_at_clio_and_sets_up_step_by_step(olivia: Person) -> None:
    olivia.go("/")
    olivia.shot("sign-in")
    olivia.press("Sign in with Clio")
    olivia.shot("clio-consent")
    olivia.press("Allow access")
    olivia.shows("Setting up")
    olivia.shot("setup-place")
    olivia.press("Confirm")
    olivia.press("Connect Clio")
    olivia.press("Allow access")
    olivia.press("Connect QuickBooks")
    olivia.press("Connect")
    olivia.shot("setup-accounts")
    olivia.press("Use these")
    olivia.press("Connect the operating account")
    olivia.press(f"Connect {HARTWELL.name}$")
    olivia.shot("setup-trust")
    olivia.press("Open a trust account")
    olivia.press("Agree and submit")
    olivia.shot("setup-confirm")
    olivia.page.get_by_label("QuickBooks sync is switched off").check()
    olivia.page.get_by_label("reminders are switched off").check()
    olivia.press("Confirm and read the bills")
    olivia.shows("What will be written to QuickBooks?")
    olivia.shot("first-sync-reading")


def test_the_first_sync_is_gone_through_before_anything_is_written(olivia: Person) -> None:
    for _ in range(10):
        olivia.stack.settle(60)
        olivia.stack.move_clock(60)
    asked = f"{olivia.stack.url}/desk/first?show=bills&only=needs"
    olivia.page.goto(asked)
    olivia.shot("first-sync-asked")
    for name in ("certain match", "as a new customer|as new customers"):
        olivia.press(name)
        olivia.page.wait_for_load_state()
        assert olivia.page.url.startswith(asked)  # she is back where she was
    while olivia.page.locator("select[name=do]").count():
        olivia.page.locator("select[name=do]").first.select_option("leave")
        olivia.page.locator("form.row button").first.click()
        olivia.page.goto(asked)
    olivia.shot("first-sync-answered")
    olivia.press("Begin writing to QuickBooks")
    for _ in range(4):
        olivia.stack.settle(60)
        olivia.stack.move_clock(60)
    olivia.page.goto(f"{olivia.stack.url}/desk/first")
    olivia.shows("Writing has begun")
    olivia.page.goto(f"{olivia.stack.url}/desk/invoices")
    assert olivia.refused == []


def test_resync_shows_its_progress_and_then_the_list(olivia: Person) -> None:
    olivia.press("Resync")
    expect(olivia.page.get_by_role("progressbar")).to_be_visible()
    olivia.shot("resync-running")
    for _ in range(8):
        olivia.stack.settle(60)
        olivia.stack.move_clock(60)
    expect(olivia.page.get_by_role("heading", name="Resync finished")).to_be_visible()
    olivia.shot("resync-finished")
    olivia.page.get_by_role("link", name="Reload the list of invoices").click()
    expect(olivia.page.get_by_role("link", name=NUMBER, exact=True)).to_be_visible()
    olivia.shot("invoices")
    olivia.go("/desk/attention")
    olivia.shot("attention")
    olivia.go("/desk")
    olivia.shot("start")


def test_she_starts_collection_and_the_mail_goes_out(olivia: Person) -> None:
    olivia.go("/desk/invoices?tab=open&size=100")
    olivia.page.get_by_role("checkbox", name=re.compile(NUMBER)).check()
    olivia.shot("ticked")
    olivia.press("Start collection")
    olivia.shot("collect")
    olivia.press("Start reminders")
    olivia.go("/desk/invoices?tab=reminding")
    expect(olivia.page.get_by_role("link", name=NUMBER, exact=True)).to_be_visible()
    olivia.shot("reminding")
    morning = olivia.stack.now().replace(hour=15, minute=0) + timedelta(days=1)
    olivia.stack.move_clock(int((morning - olivia.stack.now()).total_seconds()))
    olivia.stack.settle(90)
    (mail,) = olivia.stack.mailbox.to_clients()
    assert NUMBER in mail.text
    olivia.go("/_local/mail")
    olivia.page.get_by_role("link", name=mail.subject).click()
    olivia.shot("mail")


def test_the_client_pays_by_card_at_stripe(client: Person) -> None:
    (mail,) = client.stack.mailbox.to_clients()
    client.go(f"/_local/mail/{mail.id.partition('@')[0]}")
    client.page.frame_locator("iframe").get_by_role("link", name=re.compile("^Pay")).click()
    expect(client.page).to_have_url(next(link for link in mail.links if "/view/" not in link))
    client.shot("pay")
    client.press("^Pay")
    expect(client.page).to_have_url(re.compile(r"/stripe/c/pay/cs_"))
    client.shot("checkout")
    if client.page.locator("#card input[type=email]").count():
        client.page.locator("#card input[type=email]").fill("accounts@evergreendental.example")
    client.page.locator("#card button").click()
    expect(client.page).to_have_url(re.compile("/pay/"))
    client.shot("after-paying")
    assert client.refused == []


def test_the_invoice_is_shown_as_paid(olivia: Person, client: Person) -> None:
    for _ in range(3):
        olivia.stack.settle(60)
        olivia.stack.move_clock(60)
    client.page.reload()
    expect(client.page.get_by_text(re.compile("[Tt]hank you")).first).to_be_visible()
    client.shot("paid")
    olivia.go("/")  # a day has passed: she signs in again
    olivia.press("Sign in with Clio")
    olivia.press("Allow access")
    olivia.go("/desk/invoices?tab=paid")
    olivia.page.get_by_role("link", name=NUMBER, exact=True).click()
    olivia.shows(NUMBER)
    olivia.shot("paid-invoice")
    for path, name in (("record", "record"), ("payments", "payments"), ("books", "books"), ("settings", "settings")):
        olivia.go(f"/desk/{path}")
        olivia.shot(name)
    assert olivia.refused == []
