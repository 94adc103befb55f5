"""Signing in with Clio: who the person is, which firm, and the founding of a firm by its account's owner.

It keeps no token: signing in identifies a person, and only the owner's own connection (flow/connecting.py) syncs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain import firm as firms
from chalicelib.domain.firm import Firm, FirmFact, Founded, Member, MemberSeen
from chalicelib.domain.kernel import Decision, Kind, Ref
from chalicelib.domain.readings import Access, Person
from chalicelib.errors import Declined, Refused
from chalicelib.flow import sessions
from chalicelib.flow.firms import firm_of
from chalicelib.flow.ports import World
from chalicelib.flow.sessions import Trip
from chalicelib.flow.settle import settle

DEFAULT_CURRENCY = {"us": "USD", "ca": "CAD", "eu": "EUR", "au": "AUD"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``cookie``: the new session's. ``founded``: the firm is new, so the next page is its setup."""

    cookie: str
    firm: str
    founded: bool
    ready: bool


def begin(world: World, region: str, regions: tuple[str, ...], browser: str, redirect: str) -> str:
    """Clio's consent page of this region. Raises Refused for a region that is not offered."""
    if region not in regions:
        raise Refused("Choose the region in which your firm's Clio account lies.")
    state = sessions.depart(world, Trip("sign-in", region=region), browser)
    return world.clio.authorize_url(region, state, redirect)


def finish(world: World, trip: Trip, code: str, redirect: str) -> SignedIn:
    """The person who came back from Clio, signed in. Raises Refused for someone of a firm that is not here yet who is
    not its owner, and for a code that Clio does not take."""
    try:
        got = world.clio.exchange(trip.region, code, redirect)
    except Declined as no:
        raise Refused("Clio did not accept this sign-in; it may have taken too long. Sign in again.") from no
    access = Access("", trip.region, got.access)
    person = world.clio.who(access)
    id = firm_id(trip.region, person.account_id)
    known = firm_of(world, id)
    if known is None:
        _found(world, id, trip.region, person, _currency(world, access, trip.region))
    else:
        settle_firm(world, id, MemberSeen(_member(person)), by=person.name)
    cookie = sessions.begin(world, firm=id, user=person.user_id, name=person.name, owner=person.is_owner)
    return SignedIn(cookie, id, founded=known is None, ready=bool(known and known.may_write))


def firm_id(region: str, account: str) -> str:
    """A firm's id: an account number is only unique within its region (reference/clio.md 1)."""
    return f"{region}-{account}"


def settle_firm(world: World, firm: str, fact: FirmFact, *, by: str) -> Firm:
    """One fact about the firm. Raises Refused."""
    ref = Ref(firm, Kind.FIRM, firm)

    def decide(states: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Firm] | None]:
        return {ref: firms.decide(states[ref], fact)}

    settled: Firm = settle(world, [ref], decide, fact=type(fact).__name__, body=fact, by=by).states[ref]
    return settled


def _found(world: World, id: str, region: str, person: Person, currency: str) -> None:
    if not person.is_owner:
        raise Refused(
            f"{person.account_name} does not use Fee Simple yet. An owner of its Clio account signs in first; "
            "afterwards everybody of the firm can."
        )
    fact = Founded(id, person.account_name, region, person.account_id, person.zone, currency, _member(person))
    settle_firm(world, id, fact, by=person.name)


def _currency(world: World, access: Access, region: str) -> str:
    """Proposed only; the firm confirms it. Not everybody may read Clio's billing settings."""
    try:
        return world.clio.currency(access)
    except Declined:
        return DEFAULT_CURRENCY.get(region, "USD")


def _member(person: Person) -> Member:
    return Member(person.user_id, person.name, person.email, person.is_owner)
