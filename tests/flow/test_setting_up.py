"""Signing in and setting up: what is refused, and what is proposed where a neighbour does not tell."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.kernel import Kind
from chalicelib.domain.readings import Person, Tokens
from chalicelib.errors import Declined, Refused
from chalicelib.flow import resync, sessions, setup, signing, trust_setup
from chalicelib.flow.firms import firm_of
from chalicelib.flow.sessions import Trip
from tests.builders import FIRM, NOW, a_firm, put
from tests.flow import acts
from tests.world import MemoryWorld

BACK = "https://fee.test/oauth/clio"


class Clio:
    """Lets somebody in. ``no``: what it says instead; ``currency_known``: whether this person may read it."""

    def __init__(self, *, no: Declined | None = None, currency_known: bool = True, owner: bool = True) -> None:
        self.no, self.currency_known = no, currency_known
        self.person = Person("1", "Olivia", "o@x.y", "77", "Hart LLP", "Europe/London", owner)

    def exchange(self, _region: str, _code: str, _redirect: str) -> Any:
        if self.no:
            raise self.no
        return Tokens("access", "refresh", NOW)

    def who(self, _access: object) -> Person:
        return self.person

    def currency(self, _access: object) -> str:
        if not self.currency_known:
            raise Declined("forbidden", "Not for you.", status=403)
        return "GBP"


def signed_in(clio: Clio, region: str = "eu") -> tuple[MemoryWorld, signing.SignedIn]:
    world = MemoryWorld()
    world.clio = clio  # type: ignore[assignment]
    return world, signing.finish(world, Trip("sign-in", region=region), "code", BACK)


def test_only_the_regions_that_are_offered_lead_to_clio() -> None:
    with pytest.raises(Refused, match="Choose the region"):
        signing.begin(MemoryWorld(), "mars", ("us", "eu"), "browser", BACK)


def test_a_sign_in_that_clio_does_not_take_is_begun_again() -> None:
    with pytest.raises(Refused, match="Sign in again"):
        signed_in(Clio(no=Declined("invalid_grant", "The code is too old.")))


@pytest.mark.parametrize(
    ("known", "region", "currency"), [(True, "eu", "GBP"), (False, "eu", "EUR"), (False, "x", "USD")]
)
def test_the_currency_is_clios_or_the_regions_where_that_may_not_be_read(
    known: bool, region: str, currency: str
) -> None:
    world, told = signed_in(Clio(currency_known=known), region)
    firm = firm_of(world, told.firm)
    assert firm
    assert (told.founded, firm.currency) == (True, currency)
    assert sessions.find(world, told.cookie)


def test_somebody_who_does_not_own_the_account_founds_no_firm() -> None:
    with pytest.raises(Refused, match="An owner of its Clio account signs in first"):
        signed_in(Clio(owner=False))


def test_there_is_no_set_up_of_a_firm_that_nobody_founded() -> None:
    with pytest.raises(Refused, match="owner signs in first"):
        setup.setup(MemoryWorld(), "us-nobody")


def test_accounts_are_chosen_once_quickbooks_is_connected() -> None:
    world = MemoryWorld()
    put(world.store, Kind.FIRM, a_firm())
    with pytest.raises(Refused, match="Connect QuickBooks first"):
        setup.choices(world, FIRM)


def test_nothing_is_read_before_the_set_up_is_finished() -> None:
    world = MemoryWorld()
    put(world.store, Kind.FIRM, a_firm(native_sync_off=False))
    with pytest.raises(Refused, match="Finish the set-up first"):
        resync.start(world, FIRM, "test")


def test_only_accounts_and_items_that_quickbooks_shows_can_be_chosen() -> None:
    stage = acts.a_stage(trust=False)
    chosen = setup.choices(stage.world, stage.firm)
    clearing, services = chosen.clearing[0].id, chosen.items[0][0]
    with pytest.raises(Refused, match="account that payments are recorded in"):
        setup.choose_accounts(stage.world, stage.firm, {"clearing": "999", "services": services}, acts.STAFF)
    with pytest.raises(Refused, match="item that fees are booked under"):
        setup.choose_accounts(stage.world, stage.firm, {"clearing": clearing, "services": "999"}, acts.STAFF)
    setup.choose_accounts(
        stage.world,
        stage.firm,
        {"clearing": clearing, "services": services, "tax": "999", "discount": "999"},
        acts.STAFF,
    )
    firm = firm_of(stage.world, stage.firm)
    assert firm
    assert (firm.accounts.clearing, firm.accounts.tax, firm.accounts.discount) == (clearing, services, "")
    assert resync.last(stage.world, stage.firm), "a firm that is set up reads its bills with what was chosen"


def test_every_account_can_be_chosen_however_many_there_are() -> None:
    stage = acts.a_stage()
    people = stage.world.quickbooks_box.people
    for n in range(1001):
        last = people.add_account(stage.realm, f"Bank {n:04}", "Bank")
    accounts = setup.choices(stage.world, stage.firm).clearing
    assert last["Id"] in {a.id for a in accounts}
    assert len(accounts) == len({a.id for a in accounts})
    assert last["Id"] in {a.id for a in trust_setup.choices(stage.world, stage.firm).banks}
