"""Connecting: what is refused, with a sentence that says why; two at once; and giving an account at Stripe back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.finding import Weight
from chalicelib.domain.firm import PlaceConfirmed
from chalicelib.domain.kernel import Neighbour, lane_of
from chalicelib.domain.readings import Pot
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import connecting, preflight, signing
from chalicelib.flow.connecting import Callback
from chalicelib.flow.firms import connections, firm_of
from infra.sandbox.clio import OWNER_A
from infra.sandbox.clio.seed import BOOKKEEPER_A
from tests.flow import acts, races
from tests.flow.acts import STAFF
from tests.world import CALLBACK, Stage, location
from tests.world import connect as connect_firm


@pytest.fixture(scope="module")
def stage() -> Stage:
    """One firm for all, connected and set up; nothing is read yet."""
    return acts.a_stage(trust=False)


def connect_clio(stage: Stage, email: str) -> None:
    world = stage.world
    url = world.clio.authorize_url("us", "x", f"{CALLBACK}/clio")
    back = location(world.session, url, {"decision": "approve", "email": email})
    account = stage.firm.removeprefix("us-")
    connecting.connect_clio(world, stage.firm, "us", account, Callback(back["code"]), f"{CALLBACK}/clio", STAFF)


def connect_quickbooks(stage: Stage) -> None:
    world = stage.world
    url = world.quickbooks.authorize_url("x", f"{CALLBACK}/quickbooks")
    back = location(world.session, url, {"realm": stage.realm, "action": "connect"})
    there = Callback(back["code"], back["realmId"])
    connecting.connect_quickbooks(world, stage.firm, there, f"{CALLBACK}/quickbooks", STAFF)


# --- refused ----------------------------------------------------------------------------------------------------------


def test_only_an_owner_may_connect_clio(stage: Stage) -> None:
    with pytest.raises(Refused, match="Only an owner"):
        connect_clio(stage, BOOKKEEPER_A)


@pytest.fixture
def roleless(stage: Stage) -> Iterator[None]:
    """The owner without any role in Clio."""
    owner = next(u for u in stage.world.clio_box.state.rows["users"].values() if u.email == OWNER_A)
    roles, owner.roles = owner.roles, []
    yield
    owner.roles = roles


@pytest.mark.usefixtures("roleless")
def test_an_owner_who_may_not_see_what_a_sync_reads_is_told_what_is_missing(stage: Stage) -> None:
    with pytest.raises(Refused, match=r"cannot see the firm's .+, .+ and .+\. At Clio, give the owner the roles"):
        connect_clio(stage, OWNER_A)


def test_one_missing_list_is_named_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.world.clio, "may_see", lambda _access: {"bills": True, "accounts": False})
    with pytest.raises(Refused, match=r"cannot see the firm's accounts\. At Clio"):
        connect_clio(stage, OWNER_A)


def test_quickbooks_must_say_which_company_was_chosen(stage: Stage) -> None:
    with pytest.raises(Refused, match="which company"):
        connecting.connect_quickbooks(stage.world, stage.firm, Callback("code"), f"{CALLBACK}/quickbooks", STAFF)


def test_a_company_that_keeps_books_in_another_currency_is_refused(stage: Stage) -> None:
    firm = firm_of(stage.world, stage.firm)
    assert firm is not None
    pounds, dollars = (PlaceConfirmed(firm.zone, c, firm.name, firm.reply_to) for c in ("GBP", "USD"))
    signing.settle_firm(stage.world, stage.firm, pounds, by=STAFF)
    with pytest.raises(Refused, match="keeps its books in USD, and the firm bills in GBP"):
        connect_quickbooks(stage)
    signing.settle_firm(stage.world, stage.firm, dollars, by=STAFF)
    connect_quickbooks(stage)


def test_a_company_that_tells_no_currency_as_in_simple_start_is_taken_and_the_preflight_says_so(stage: Stage) -> None:
    stage.world.quickbooks_box.people.set_preferences(stage.realm, HomeCurrency="")
    connect_quickbooks(stage)
    stage.pass_time(1, minutes=5)
    told = preflight.report(stage.world, stage.firm)
    assert told is not None
    [currency] = [f for f in told.findings if f.key == "currency"]
    assert (currency.weight, currency.kinds) == (Weight.UNKNOWN, ())
    stage.world.quickbooks_box.people.set_preferences(stage.realm, HomeCurrency="USD")


def test_nobody_returns_from_a_trust_account_that_was_never_opened(stage: Stage) -> None:
    with pytest.raises(Refused, match="There is no trust account yet"):
        connecting.trust_account_returned(stage.world, stage.firm, STAFF)


# --- two at once ------------------------------------------------------------------------------------------------------


def test_an_account_that_another_firm_connects_at_this_moment_is_refused_with_its_own_sentence(stage: Stage) -> None:
    world = stage.world
    told = world.stripe_box.people.authorize(world.stripe.authorize_url("x", f"{CALLBACK}/stripe"), "acct_bexley")
    code = parse_qs(urlsplit(told["location"]).query)["code"][0]
    other = races.before(world.store, "commit", lambda: connect_firm(world, second=True, trust=False))
    with other, pytest.raises(Refused, match="already connected to another firm"):
        connecting.connect_stripe(world, stage.firm, Pot.TRUST, Callback(code), STAFF)
    assert f"{Neighbour.STRIPE}-{Pot.TRUST}" not in connections(world, stage.firm)


def test_where_only_the_store_is_busy_the_conflict_flies(stage: Stage) -> None:
    with races.before(stage.world.store, "commit", races.taken, times=5), pytest.raises(Conflict):
        connect_quickbooks(stage)
    assert connections(stage.world, stage.firm)["quickbooks"].connected


# --- waking and giving back -------------------------------------------------------------------------------------------


def test_what_is_due_already_keeps_its_place_when_a_lane_is_woken(stage: Stage) -> None:
    store, now = stage.world.store, stage.world.now()
    lane = lane_of(stage.firm, Neighbour.SELF, "woken")
    for name, due in (("early", now - timedelta(hours=1)), ("late", now + timedelta(hours=6))):
        store.arrive(effects.owed(stage.firm, Do.TASK, name, "firm", lane, due))
    connecting.wake(stage.world, lane)
    assert [e.due_at for e in store.lane_due(lane, now, limit=9)] == [now - timedelta(hours=1), now]


def test_a_stripe_account_that_a_person_disconnects_is_given_back_there_too(stage: Stage) -> None:
    id = f"{Neighbour.STRIPE}-{Pot.OPERATING}"
    connecting.disconnect(stage.world, stage.firm, id, STAFF)
    assert [t.body["chosen"] for t in acts.tasks(stage, "reconnect")] == [True]
    held = connections(stage.world, stage.firm)[id]
    assert not held.connected and not held.takes_payments
    asked = [e for e in stage.world.stripe_box.log if e.path.endswith("/deauthorize")]
    assert [e.status for e in asked] == [200]
    with pytest.raises(Refused, match="not connected"):
        connecting.disconnect(stage.world, stage.firm, id, STAFF)
