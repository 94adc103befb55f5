"""Saboteurs of Revoke and purge where the company stays as it is, and of the first sync's button Begin."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import linking, matters, posting
from chalicelib.flow import pairing
from chalicelib.flow.first_plan import Plan
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

HANDS, NAMES, BEFORE = {"purge_over_hands": 300}, {"purge_over_names": 300}, {"change_before_begin": 300}


def takes_ours_as_it_is() -> AbstractContextManager[Any]:
    plain = pairing.compare

    def compare(world: Any, reach: Any, policy: Any, p: Any, invoice: Any, booked: Any) -> pairing.Compared:
        if posting.marker(p.firm, "bill", p.id) in invoice.note:
            return pairing.Compared()
        return plain(world, reach, policy, p, invoice, booked)

    return patches((pairing, "compare", compare))


def forgets_where_it_stood() -> AbstractContextManager[Any]:
    plain = matters.afresh

    def afresh(state: Any, policy: Any) -> Any:
        decision = plain(state, policy)
        return replace(decision, state=replace(decision.state, stood=""))

    return patches((matters, "afresh", afresh))


def forgets_whose_it_was() -> AbstractContextManager[Any]:
    plain = linking.afresh

    def afresh(state: Any, policy: Any, now: Any) -> Any:
        decision = plain(state, policy, now)
        return replace(decision, state=replace(decision.state, stood="", stood_as=""))

    return patches((linking, "afresh", afresh))


def begins_whatever_was_seen() -> AbstractContextManager[Any]:
    return patches((Plan, "comes_to", lambda _self: {}))


STOOD_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("payments on an invoice of ours are not compared", ("2",), takes_ours_as_it_is, Mix(HANDS)),
    Saboteur("a purge forgets where a sub-customer stood", ("10",), forgets_where_it_stood, Mix(NAMES)),
    Saboteur("a purge forgets which customer a client had", ("10",), forgets_whose_it_was, Mix(NAMES)),
    Saboteur("Begin does another list than was seen", ("10",), begins_whatever_was_seen, Mix(BEFORE)),
)
