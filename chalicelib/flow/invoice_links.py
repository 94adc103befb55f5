"""An invoice of QuickBooks stands for a payable: what it shows is settled with the step that asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import billing, comparing, effects, posting
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Neighbour, Ref, Status
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import InvoiceReading
from chalicelib.flow import preflight, states, subcustomers
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import wake
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

NUMBERED_AGAIN = timedelta(minutes=10)  # the settings are read before


def ref_of(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.PAYABLE, str(effect.body["payable"]))


def may_be(reach: Reach, bills: Sequence[Payable]) -> dict[str, list[InvoiceReading]]:
    """By bill, the invoices in QuickBooks that it may be: those with its number, and ours of an earlier generation of
    links, whatever number people gave it, or the bill, since. One query, and one more where such a one is missing."""
    numbers = list(dict.fromkeys(p.number for p in bills))
    found = {i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_numbered(a, numbers))}
    missing = [p.stood for p in bills if p.stood and p.stood not in found]
    if missing:
        found.update({i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_by_id(a, missing))})
    return {p.id: [i for i in found.values() if i.number == p.number or _ours_before(p, i)] for p in bills}


def _ours_before(p: Payable, invoice: InvoiceReading) -> bool:
    return invoice.id == p.stood and posting.bears(invoice.note, posting.marker(p.firm, "bill", p.id))


def link(
    world: World, policy: Policy, effect: Effect, id: str, total: int, customer: str, finish: Finish, number: str = ""
) -> None:
    """QuickBooks shows this payable's invoice as the effect's revision wanted it, as ``customer``'s and under
    ``number``. Where that is not ours, custom numbers are off: the settings are read, and the same effect writes it
    once more when they are right."""
    ref, revision = ref_of(effect), int(effect.body["revision"])
    held = world.store.load(ref)
    state: Payable = states.decode(Kind.PAYABLE, held.body)
    voided = state.gone and state.revision == revision and state.booked is not None
    current = state.revision == revision and not state.gone
    again = current and number != effect.body["number"] and not (state.booked and state.booked.misnumbered)
    if again:
        preflight.start(world, policy.firm.id)
        finish = replace(finish, status=Status.OWED, due_at=world.now() + NUMBERED_AGAIN)
    fact = billing.InvoiceBooked(
        id,
        policy.lanes.book,
        revision - 1 if again else revision,
        total,
        voided=voided,
        generation=policy.firm.generation,
        customer=customer,
        matter=subcustomers.matter_of(world, policy, state, customer),
        misnumbered=again,
    )
    if voided:  # before it is settled: a worker that dies between owes them again
        _look_at_its_money(world, policy, state)
    settle_booked(world, policy, effect, fact, finish, held)
    if state.booked and state.booked.customer not in ("", customer):  # what could not be booked on the old one goes on
        wake(world, effect.lane, f"invoice/{state.id}")


def _look_at_its_money(world: World, policy: Policy, state: Payable) -> None:
    """What was paid on an invoice that is voided stands in QuickBooks unapplied: how much of it is read there."""
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    refs = [Ref(state.firm, Kind.PAYMENT, id) for id in sorted(comparing.touching(state))]
    found: list[Payment | None] = [states.decode(Kind.PAYMENT, h.body) for h in world.store.load_many(refs)]
    there = {x.id: x.posted.id for x in found if x and x.posted and not x.posted.voided}
    for payment, id in there.items():
        about = f"{Kind.PAYMENT}/{payment}"
        world.store.arrive(effects.look_booked(state.firm, lane, "Payment", id, about, world.now()))


def settle_booked(
    world: World,
    policy: Policy,
    effect: Effect,
    fact: billing.InvoiceBooked,
    finish: Finish | None = None,
    held: Held | None = None,
) -> None:
    ref = ref_of(effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: billing.booked(before[ref], fact, now)}

    done_ = [finish] if finish else []
    first = {ref: held} if held else None
    settle(world, [ref], decide, fact="InvoiceBooked", body=fact, policy=policy.version, finish=done_, first=first)
