"""Clio's credit memos: a page of the feed is a fact for those that we do not hold, a pointer for those that differ.

Looks take many at once: two calls for up to 200.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain import crediting, effects
from chalicelib.domain.crediting import Credit, CreditSeen
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.notes import CreditReading
from chalicelib.domain.readings import Broken, Receipt
from chalicelib.errors import Conflict, Unreadable
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

if TYPE_CHECKING:
    from chalicelib.flow.feeds import Tally

IDS_AT_ONCE = 200
GONE = "Clio no longer shows this credit note."


def _ref(firm: str, memo: str) -> Ref:
    return Ref(firm, Kind.CREDIT, memo)


def take_page(
    world: World, reach: Reach, policy: Policy, items: Sequence[CreditReading | Broken], tally: Tally
) -> None:
    """A page of credit memos that changed: a new one is taken in, one that is held and differs becomes an owed look,
    one that cannot be understood parks alone. Counts each in ``tally``. Raises Unavailable and Disconnected."""
    firm = policy.firm.id
    good = [i for i in items if isinstance(i, CreditReading)]
    held = {h.ref.id: h for h in world.store.load_many([_ref(firm, i.id) for i in good])}
    for item in items:
        tally.seen += 1
        if isinstance(item, Broken):
            tally.parked += 1
            tally.wrote |= _park(world, policy, item)
    new: list[CreditReading] = []
    for item in good:
        known: Credit | None = states.decode(Kind.CREDIT, held[item.id].body)
        if known is None and not item.voided:
            new.append(item)
        elif known is not None and known.etag != item.etag:
            tally.changed += 1
            tally.wrote = True
            point(world, policy, item.id)
        else:
            tally.unchanged += 1
    for memo, outcome in _take_in(world, reach, policy, new, held, {}).items():
        if isinstance(outcome, Unreadable):
            tally.parked += 1
            tally.wrote |= _park(world, policy, Broken(memo, "", outcome.what, outcome.raw, outcome.remedy))
        elif outcome:
            tally.new += 1
            tally.wrote = True
        else:
            tally.alone("credit on a bill that is not followed")


def look(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> list[tuple[Effect, Exception | None]]:
    """Looks at the memos of these effects. Gives each with what went wrong. Raises Unavailable and Disconnected."""
    firm = policy.firm.id
    by_id: dict[str, list[Effect]] = {}
    for e in looks[:IDS_AT_ONCE]:
        by_id.setdefault(str(e.body["credit"]), []).append(e)
    held = {h.ref.id: h for h in world.store.load_many([_ref(firm, id) for id in by_id])}
    page = reach.clio(lambda c, a: c.credits_by_id(a, list(by_id)))
    shown = {i.id: i for i in page.items}
    good = [i for i in page.items if isinstance(i, CreditReading)]
    done = {id: [Finish(e.key, arrivals=e.arrivals) for e in found] for id, found in by_id.items()}
    outcomes = _take_in(world, reach, policy, good, held, done)
    told: list[tuple[Effect, Exception | None]] = []
    for id, found in by_id.items():
        item, outcome = shown.get(id), outcomes.get(id)
        problem = outcome if isinstance(outcome, Unreadable) else None
        if item is None:
            problem = Unreadable("credit note", id, f"{GONE} Look for it there, then press Retry.")
        elif isinstance(item, Broken):
            problem = Unreadable(item.what, item.raw, item.remedy)
        told += [(e, problem) for e in found]
    return told


def _take_in(
    world: World,
    reach: Reach,
    policy: Policy,
    memos: Sequence[CreditReading],
    held: Mapping[str, Held],
    done: Mapping[str, Sequence[Finish]],
) -> dict[str, bool | Unreadable]:
    """Settles each memo with its allocations. Gives by id whether it is followed, or why it cannot be understood.

    Raises Conflict where a state moved meanwhile and a look is to be done again.
    """
    firm = policy.firm.id
    receipts = _allocations(reach, [r for m in memos for r in m.receipts])
    bills = [r.bill_id for r in receipts.values() if isinstance(r, Receipt) and r.bill_id]
    loaded = world.store.load_many([Ref(firm, Kind.PAYABLE, b) for b in dict.fromkeys(bills)])
    payables = {h.ref.id: states.decode(Kind.PAYABLE, h.body) for h in loaded if h.body}
    outcomes: dict[str, bool | Unreadable] = {}
    for memo in memos:
        mine = [receipts[r] for r in memo.receipts if r in receipts]
        bad = next((r for r in mine if isinstance(r, Broken)), None)
        if bad is not None:
            outcomes[memo.id] = Unreadable(f"allocation {bad.id}: {bad.what}", bad.raw, bad.remedy)
            continue
        fact = CreditSeen(memo, tuple(r for r in mine if isinstance(r, Receipt)))
        try:
            outcomes[memo.id] = _settle(world, policy, held[memo.id], fact, payables, done.get(memo.id, ()))
        except Conflict:
            if done:
                raise
            point(world, policy, memo.id)  # somebody else brought it in at this moment
            outcomes[memo.id] = True
    return outcomes


def _settle(
    world: World,
    policy: Policy,
    held: Held,
    fact: CreditSeen,
    payables: Mapping[str, Any],
    finish: Sequence[Finish],
) -> bool:
    ref = held.ref

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any] | None]:
        return {ref: crediting.seen(before[ref], fact, payables, policy, now)}

    body = {"cents": fact.memo.cents, "voided": fact.memo.voided, "etag": fact.memo.etag}
    settled = settle(
        world,
        [ref],
        decide,
        fact="CreditSeen",
        body=body,
        policy=policy.version,
        finish=finish,
        held={ref: held},
    )
    return settled.states[ref] is not None


def _allocations(reach: Reach, ids: Sequence[str]) -> dict[str, Receipt | Broken]:
    found: dict[str, Receipt | Broken] = {}
    for n in range(0, len(ids), IDS_AT_ONCE):
        some = ids[n : n + IDS_AT_ONCE]
        page = reach.clio(lambda c, a, i=some: c.receipts_by_id(a, i))  # type: ignore[misc]
        found.update({r.id: r for r in page.items})
    return found


def point(world: World, policy: Policy, memo: str) -> None:
    """Owes a look at a credit memo; a pointer that comes while it is being looked at makes it look again."""
    lane = lane_of(policy.firm.id, Neighbour.CLIO, policy.lanes.clio)
    world.store.arrive(effects.look_credit(policy.firm.id, lane, memo, world.now()))


def _park(world: World, policy: Policy, broken: Broken) -> bool:
    """A memo that cannot be understood parks alone, once for each version of it."""
    key = effects.key_of(policy.firm.id, Do.LOOK_CREDIT, broken.id)
    there = world.store.effect(key)
    if there and there.status == "parked" and there.body.get("mark") == broken.mark:
        return False
    point(world, policy, broken.id)
    world.store.park(
        key,
        reason=f"Clio shows “{broken.raw}” as this credit note's {broken.what}, which we do not understand.",
        remedy=broken.remedy or "Correct the credit note in Clio, then press Retry.",
        detail=f"{broken.what}={broken.raw}",
        body={"mark": broken.mark},
    )
    return True
