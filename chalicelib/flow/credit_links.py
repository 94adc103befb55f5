"""What people do in QuickBooks to the memo of a credit, which is only owed here: the step reads it and asks. And
another memo there, which a person names in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import crediting
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.money import show
from chalicelib.domain.notes import MemoReading
from chalicelib.errors import Refused
from chalicelib.flow import leaving, states
from chalicelib.flow.invoices import customer_ids
from chalicelib.flow.numbered import Sought, only
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

LINKED = "link"  # the choice: another memo was named for it


def notice(world: World, policy: Policy, told: Iterable[tuple[str, crediting.MemoNoticed]]) -> None:
    """What QuickBooks shows of memos, each with the id of its credit. What was taken away is owed a step."""
    facts = list(told)
    refs = list(dict.fromkeys(Ref(policy.firm.id, Kind.CREDIT, id) for id, _ in facts))
    held = {h.ref: h for h in world.store.load_many(refs)} if refs else {}
    for id, fact in facts:
        ref = Ref(policy.firm.id, Kind.CREDIT, id)
        state: Credit | None = states.decode(Kind.CREDIT, held[ref].body)
        if state is None or not crediting.noticed(state, fact, policy, world.now()).effects:
            continue

        def decide(
            before: Mapping[Ref, Any], now: datetime, at: Ref = ref, f: crediting.MemoNoticed = fact
        ) -> dict[Ref, Decision[Any]]:
            return {at: crediting.noticed(before[at], f, policy, now)}

        settle(world, [ref], decide, fact="MemoNoticed", body=fact, policy=policy.version)


def told_of(id: str, there: MemoReading | None) -> crediting.MemoNoticed:
    """``there``: the memo as it is read; None where it is deleted."""
    return crediting.MemoNoticed(id, there.total, there.left) if there else crediting.MemoNoticed(id, deleted=True)


def link(world: World, reach: Reach, policy: Policy, step: Effect, number: str, by: str) -> None:
    """The memo of this number in QuickBooks stands for the credit of a parked step, which goes on with it. Raises
    Refused with what does not fit, Conflict where it is linked to another one."""
    ref = Ref(step.firm, Kind.CREDIT, str(step.body["credit"]))
    state: Credit = states.decode(Kind.CREDIT, world.store.load(ref).body)
    found = reach.quickbooks(lambda q, a: q.memos_numbered(a, [number]))
    sought = Sought("credit memo", "credit memos", number, "the credit is", show(state.cents, state.currency))
    there = only(sought, found, lambda m: show(m.total, state.currency))
    if there.customer_id not in _customers(world, reach, policy, state):
        raise Refused(f"Credit memo {number} belongs to another customer in QuickBooks than {state.client_name}.")
    fact = crediting.MemoBooked(there.id, policy.lanes.book, policy.firm.generation)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: crediting.booked(before[ref], fact, now)}

    settle(world, [ref], decide, fact="MemoLinked", body=fact, policy=policy.version, by=by)
    world.store.retry(step.key, world.now(), body={"choice": LINKED})
    world.queue.hint([step.lane])


def accept(world: World, policy: Policy, step: Effect, by: str) -> None:
    """A person leaves the credit of a parked step as QuickBooks shows it, or accepts that its memo is gone there."""
    ref = Ref(step.firm, Kind.CREDIT, str(step.body["credit"]))
    fact = crediting.Accepted(int(step.body["revision"]), lost=step.body.get("broken") == "credit memo")

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: crediting.accepted(before[ref], fact)}

    finish = [Finish(step.key)]
    settle(world, [ref], decide, fact="Accepted", body=fact, policy=policy.version, by=by, finish=finish)


def _customers(world: World, reach: Reach, policy: Policy, state: Credit) -> set[str]:
    """Whose memo it may be: the client's customer, or the one that its invoices belong to."""
    payables = leaving.payables(world, policy, [p.payable for p in state.parts])
    booked = [p.booked.id for p in payables.values() if p.booked and not p.booked.voided]
    owners = {i.customer_id for i in leaving.invoices(reach, booked)}
    return (owners | set(customer_ids(world, policy, list(payables.values())).values())) - {""}
