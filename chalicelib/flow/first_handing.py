"""The end of a first sync: its choices are handed to the clients and bills, page by page, and then writing begins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import linking
from chalicelib.domain.firm import Firm, MatchesConfirmed, Policy
from chalicelib.domain.firm import decide as decide_firm
from chalicelib.domain.first import LINK, Fate, Row, chosen, naming_of
from chalicelib.domain.kernel import Decision, Kind, Neighbour, Ref
from chalicelib.flow import connecting, same_number
from chalicelib.flow.first_plan import Plan, rows_of
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import first_links
from chalicelib.flow.settle import settle

WOKEN_AT_MOST = 10_000  # steps that waited for this; the rest come within half an hour (flow/booking.py)


def page(world: World, policy: Policy, plan: Plan) -> bool:
    """Hands on one page of choices; after the last, writing begins. Whether there are more."""
    pages = plan.pages.get("clients", 0)
    if plan.place < pages:
        for row in rows_of(world, policy, "clients", plan.place):
            hand_client(world, policy, row, plan.by)
    elif plan.place < pages + plan.pages.get("bills", 0):
        for row in rows_of(world, policy, "bills", plan.place - pages):
            if row.offers:  # QuickBooks has its number
                world.store.put_record(first_links(policy), row.id, {**chosen(row)})
            if row.behind or row.used:
                same_number.hold(world, policy, row)
    else:
        _begin_writing(world, policy, plan.by)
        return False
    plan.place += 1
    return True


def hand_client(world: World, policy: Policy, row: Row, by: str) -> None:
    choice = f"{LINK}{row.link}" if row.fate is Fate.LINK else naming_of(row)
    if not choice:
        return
    ref = Ref(policy.firm.id, Kind.CONTACT, row.id)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        if before[ref] is None or before[ref].customer:
            return {}
        return {ref: linking.decide(before[ref], linking.ChoiceMade(choice), policy, now)}

    settle(world, [ref], decide, fact="ChoiceMade", body={"choice": choice}, by=by)


def _begin_writing(world: World, policy: Policy, by: str) -> None:
    ref, fact = Ref(policy.firm.id, Kind.FIRM, policy.firm.id), MatchesConfirmed(policy.firm.generation)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Firm]]:
        return {ref: decide_firm(before[ref], fact)}

    settle(world, [ref], decide, fact="MatchesConfirmed", body=fact, by=by)
    connecting.wake(world, policy.lanes.of(Neighbour.QUICKBOOKS), at_most=WOKEN_AT_MOST)
