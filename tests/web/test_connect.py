"""Signing in and setting a firm up, as a person does it: the shipped pages, clients and sandboxes, in process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import digesting, states
from chalicelib.flow.firms import connections, firm_of
from chalicelib.web import door
from infra.sandbox.clio import FIRM_A, OWNER_A
from infra.sandbox.quickbooks import REALM_A
from tests.web.visit import Page, PagesWorld, Visitor, a_firm_with_pages, a_seeded_world


def a_visitor() -> Visitor:
    return Visitor(a_seeded_world())


def world_of(visitor: Visitor) -> PagesWorld:
    assert isinstance(visitor.world, PagesWorld)
    return visitor.world


def to_clio(visitor: Visitor, region: str = "us") -> str:
    """Presses Sign in; gives Clio's consent page."""
    visitor.get("/")
    page = visitor.post("/signin", {"region": region})
    assert page.status == 303, page.text
    return page.location


def consent(visitor: Visitor, url: str, **form: str) -> str:
    """The person answers a consent page; gives the path to which the browser comes back."""
    session = world_of(visitor).session
    asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    answer = session.post(url.split("?")[0], data={**asked, **form}, allow_redirects=False)
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def signed_in(visitor: Visitor, email: str = OWNER_A) -> Page:
    return visitor.get(consent(visitor, to_clio(visitor), decision="approve", email=email))


def a_colleague(world: PagesWorld) -> str:
    """Somebody of the first firm who does not own its account."""
    owner = OWNER_A.split("@")[1]
    return next(
        str(u.email)
        for u in world.clio_box.state.rows["users"].values()
        if u.email.endswith(owner) and u.email != OWNER_A
    )


# --- signing in -------------------------------------------------------------------------------------------------------


def test_the_first_page_offers_the_four_regions() -> None:
    page = a_visitor().get("/")
    assert page.status == 200
    for region in ("United States", "Canada", "Europe", "Australia"):
        assert region in page.text


def test_the_owner_who_signs_in_founds_the_firm_and_is_led_to_its_setup() -> None:
    visitor = a_visitor()
    page = signed_in(visitor)
    assert (page.status, page.location) == (303, "/setup")
    setup = visitor.follow(page)
    assert setup.status == 200
    assert FIRM_A in setup.text


def test_signing_in_keeps_no_token() -> None:
    visitor = a_visitor()
    signed_in(visitor)
    found = world_of(visitor).store.records(f"token/{_firm(visitor)}")
    assert found == []


def test_a_new_session_cookie_is_http_only_secure_and_same_site() -> None:
    page = signed_in(a_visitor())
    cookie = next(c for c in _set_cookies(page) if c.startswith(door.SESSION_COOKIE))
    for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert part in cookie


def test_a_used_state_is_refused() -> None:
    visitor = a_visitor()
    back = consent(visitor, to_clio(visitor), decision="approve", email=OWNER_A)
    visitor.get(back)
    again = Visitor(visitor.world)
    again.cookies = {door.BROWSER_COOKIE: visitor.cookies[door.BROWSER_COOKIE]}
    page = again.get(back)
    assert page.status == 422
    assert "used already" in page.text


def test_a_state_of_another_browser_is_refused() -> None:
    visitor = a_visitor()
    back = consent(visitor, to_clio(visitor), decision="approve", email=OWNER_A)
    stranger = Visitor(visitor.world)
    stranger.get("/")
    page = stranger.get(back)
    assert page.status == 422
    assert door.SESSION_COOKIE not in stranger.cookies


@pytest.mark.parametrize("query", ["?code=abc", "?code=abc&state=", "?code=abc&state=made-up", ""])
def test_a_missing_or_wrong_state_is_refused(query: str) -> None:
    visitor = a_visitor()
    visitor.get("/")
    page = visitor.get(f"/oauth/clio{query}")
    assert page.status == 422
    assert "Start again" in page.text


def test_a_state_older_than_ten_minutes_is_refused() -> None:
    visitor = a_visitor()
    back = consent(visitor, to_clio(visitor), decision="approve", email=OWNER_A)
    world_of(visitor).clock.move(minutes=11)
    assert visitor.get(back).status == 422


def test_a_state_for_one_purpose_does_not_serve_another() -> None:
    visitor = a_visitor()
    back = consent(visitor, to_clio(visitor), decision="approve", email=OWNER_A)
    assert visitor.get(back.replace("/oauth/clio", "/oauth/stripe")).status == 422


def test_saying_no_at_clio_leads_back_with_a_sentence() -> None:
    visitor = a_visitor()
    page = visitor.get(consent(visitor, to_clio(visitor), decision="deny", email=OWNER_A))
    assert page.status == 422
    assert "You did not give access" in page.text


def test_a_colleague_of_a_firm_that_is_not_here_is_told_who_must_come_first() -> None:
    visitor = a_visitor()
    page = signed_in(visitor, a_colleague(world_of(visitor)))
    assert page.status == 422
    assert "owner of its Clio account signs in first" in page.text


def test_a_colleague_joins_once_the_firm_is_here() -> None:
    visitor = a_visitor()
    signed_in(visitor)
    colleague = Visitor(visitor.world)
    page = signed_in(colleague, a_colleague(world_of(visitor)))
    assert page.status == 303
    firm = firm_of(visitor.world, _firm(visitor))
    assert firm is not None
    assert [m.owner for m in firm.members] == [True, False]


def test_signing_out_ends_the_session() -> None:
    visitor = a_visitor()
    visitor.follow(signed_in(visitor))
    kept = dict(visitor.cookies)
    assert visitor.post("/signout", {}).location == "/"
    visitor.cookies = kept
    assert visitor.get("/setup").location == "/"


def test_a_session_ends_twelve_hours_after_the_last_request() -> None:
    visitor = a_visitor()
    signed_in(visitor)
    world_of(visitor).clock.move(hours=11)
    assert visitor.get("/setup").status == 200
    world_of(visitor).clock.move(hours=11)
    assert visitor.get("/setup").status == 200
    world_of(visitor).clock.move(hours=13)
    assert visitor.get("/setup").location == "/"


def test_a_session_is_written_at_most_once_in_ten_minutes() -> None:
    visitor = a_visitor()
    signed_in(visitor)
    key = next(iter(_sessions(visitor)))
    before = world_of(visitor).store.record(key, "session")
    world_of(visitor).clock.move(minutes=9)
    visitor.get("/setup")
    assert world_of(visitor).store.record(key, "session") == before
    world_of(visitor).clock.move(minutes=2)
    visitor.get("/setup")
    assert world_of(visitor).store.record(key, "session") != before


# --- the setup --------------------------------------------------------------------------------------------------------


def connect_clio(visitor: Visitor, email: str = OWNER_A) -> Page:
    visitor.get("/setup")
    url = visitor.post("/connect/clio", {}).location
    return visitor.get(consent(visitor, url, decision="approve", email=email))


def connect_quickbooks(visitor: Visitor, realm: str = REALM_A) -> Page:
    visitor.get("/setup")
    url = visitor.post("/connect/quickbooks", {}).location
    return visitor.get(consent(visitor, url, realm=realm, action="connect"))


def connect_stripe(visitor: Visitor, account: str, pot: str = "operating") -> Page:
    visitor.get("/setup")
    url = visitor.post("/connect/stripe", {"pot": pot}).location
    told = world_of(visitor).stripe_box.people.authorize(url, account)
    back = urlsplit(told["location"])
    return visitor.get(f"{back.path}?{back.query}")


def confirm_place(visitor: Visitor) -> Page:
    visitor.get("/setup")
    form = {"name": FIRM_A, "zone": "America/Chicago", "currency": "USD", "reply_to": "office@hartwell.example"}
    return visitor.post("/setup/place", form)


def choose_accounts(visitor: Visitor) -> Page:
    page = visitor.get("/setup")
    chosen = {
        name: _selected(page, name) for name in ("clearing", "services", "expenses", "interest", "tax", "discount")
    }
    return visitor.post("/setup/accounts", chosen)


def confirm_writes(visitor: Visitor, **ticks: str) -> Page:
    visitor.get("/setup")
    start = (visitor.world.now().date() - timedelta(days=30)).isoformat()
    return visitor.post("/setup/confirm", {"sync_off": "yes", "reminders_off": "yes", "start_on": start, **ticks})


def set_up_to(visitor: Visitor, step: str) -> Visitor:
    """The setup as far as ``step`` being the next one."""
    visitor.follow(signed_in(visitor))
    steps: tuple[tuple[str, Callable[[], Page]], ...] = (
        ("clio", lambda: confirm_place(visitor)),
        ("quickbooks", lambda: connect_clio(visitor)),
        ("accounts", lambda: connect_quickbooks(visitor)),
        ("operating", lambda: choose_accounts(visitor)),
        ("confirm", lambda: connect_stripe(visitor, "acct_hartwell_operating")),
    )
    for name, do in steps:
        page = do()
        assert page.status == 303, page.text
        if name == step:
            break
    return visitor


def test_who_confirms_the_set_up_may_be_told_by_e_mail() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    page = visitor.get("/setup")
    assert "E-mail me in the morning" in page.text
    assert confirm_writes(visitor, digest="yes").status == 303
    shown = digesting.shown(visitor.world, _firm(visitor))
    assert shown.on and shown.to and shown.next_at
    assert "E-mail me in the morning" not in visitor.get("/setup?open=confirm").text


def test_a_firm_gets_ready_step_by_step() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    page = confirm_writes(visitor)
    assert (page.status, page.location) == (303, "/desk/first")
    firm = firm_of(visitor.world, _firm(visitor))
    assert firm is not None
    assert (firm.may_read, firm.may_write) == (True, False)
    assert (firm.zone, firm.accounts.clearing_name) == ("America/Chicago", "Undeposited Funds")
    assert set(connections(visitor.world, firm.id)) == {"clio", "quickbooks", "stripe-operating"}


def test_finishing_the_setup_owes_the_polls() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    confirm_writes(visitor)
    assert world_of(visitor).store.effect(f"{_firm(visitor)}/clio.poll/main") is not None


def test_nothing_begins_before_both_boxes_are_ticked() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    page = confirm_writes(visitor, sync_off="")
    assert page.status == 422
    assert "Switch off Clio" in page.text


def test_the_last_step_names_the_steps_that_are_missing() -> None:
    visitor = set_up_to(a_visitor(), "quickbooks")
    page = confirm_writes(visitor)
    assert page.status == 422
    assert "Connect QuickBooks" in page.text


def test_an_account_of_another_firm_at_clio_is_not_connected() -> None:
    visitor = set_up_to(a_visitor(), "clio")
    from infra.sandbox.clio import OWNER_B

    page = connect_clio(visitor, OWNER_B)
    assert page.status == 422
    assert "another firm" in page.text


def test_a_company_of_another_firm_is_refused() -> None:
    stage, _ = a_firm_with_pages(second=True)
    assert isinstance(stage.world, PagesWorld)
    visitor = set_up_to(Visitor(stage.world), "quickbooks")
    page = connect_quickbooks(visitor, stage.realm)
    assert page.status == 422
    assert "already connected to another firm" in page.text


def test_a_stripe_account_is_refused_for_a_second_pot() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    page = connect_stripe(visitor, "acct_hartwell_operating", "trust")
    assert page.status == 422
    assert "an account each" in page.text


def test_a_trust_account_is_opened_once_through_onboarding() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    visitor.get("/setup")
    page = visitor.post("/connect/stripe/trust", {})
    assert page.status == 303
    again = visitor.post("/connect/stripe/trust", {})
    world_of(visitor).stripe_box.people.onboard(again.location)
    assert visitor.get("/oauth/stripe/return").location == "/setup"
    trust = connections(visitor.world, _firm(visitor))["stripe-trust"]
    assert trust.takes_payments
    assert trust.fees_paid_by_platform


def test_an_account_that_pays_its_own_fees_takes_no_trust_money_and_the_page_says_why() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    page = connect_stripe(visitor, "acct_hartwell_old", "trust")
    assert "nothing may be taken out of trust money" in visitor.follow(page).text
    trust = connections(visitor.world, _firm(visitor))["stripe-trust"]
    assert not trust.takes_payments


def test_a_trust_account_that_takes_no_money_may_give_way_to_one_that_does() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    connect_stripe(visitor, "acct_hartwell_old", "trust")
    setup = visitor.get("/setup")
    assert "Open a trust account" in setup.text
    onboarding = visitor.post("/connect/stripe/trust", {}).location
    world_of(visitor).stripe_box.people.onboard(onboarding)
    assert visitor.get("/oauth/stripe/return").location == "/setup"
    assert connections(visitor.world, _firm(visitor))["stripe-trust"].takes_payments
    assert world_of(visitor).store.held_by("account/stripe/acct_hartwell_old") is None


def test_an_operating_account_does_not_silently_give_way_to_another() -> None:
    visitor = set_up_to(a_visitor(), "confirm")
    connect_stripe(visitor, "acct_hartwell_operating")
    page = connect_stripe(visitor, "acct_hartwell_old")
    assert page.status == 422
    assert "connected to another Stripe account" in page.text


def test_only_the_owner_may_connect() -> None:
    visitor = a_visitor()
    signed_in(visitor)
    colleague = Visitor(visitor.world)
    signed_in(colleague, a_colleague(world_of(visitor)))
    colleague.get("/setup")
    page = colleague.post("/connect/quickbooks", {})
    assert page.status == 422
    assert "Only an owner" in page.text


def test_tokens_are_sealed_where_they_lie() -> None:
    visitor = set_up_to(a_visitor(), "accounts")
    firm = _firm(visitor)
    for _, body in world_of(visitor).store.records(f"token/{firm}"):
        assert body["sealed"].startswith(f"{firm}|")
        assert set(body) == {"sealed", "expires_at", "refresh_expires_at"}


# --- small readings ---------------------------------------------------------------------------------------------------


def _firm(visitor: Visitor) -> str:
    account = next(f.id for f in world_of(visitor).clio_box.state.rows["firms"].values() if f.name == FIRM_A)
    held = world_of(visitor).store.load(Ref(f"us-{account}", Kind.FIRM, f"us-{account}"))
    assert states.decode(Kind.FIRM, held.body) is not None
    return f"us-{account}"


def _sessions(visitor: Visitor) -> list[str]:
    from chalicelib.flow.sessions import hashed

    return [f"session/{hashed(visitor.cookies[door.SESSION_COOKIE])}"]


def _set_cookies(page: Page) -> list[str]:
    found: str | list[str] = page.headers.get("set-cookie", [])
    return [found] if isinstance(found, str) else [str(c) for c in found]


def _selected(page: Page, name: str) -> str:
    import re

    select = re.search(rf'<select[^>]*name="{name}"[^>]*>(.*?)</select>', page.html, re.S)
    assert select, f"{name} is not on the page"
    option = re.search(r'<option value="([^"]*)" selected', select[1])
    return option[1] if option else ""
