"""Payments become QuickBooks payments on the right invoices: written, changed or voided there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import posting
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.wanted import Void, WantedPayment
from chalicelib.flow import states
from chalicelib.flow.invoices import customer_ids
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared, done, park
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle


def _payment_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.PAYMENT, str(effect.body["payment"]))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    held = {h.ref: h for h in world.store.load_many([_payment_ref(e) for e in batch])}
    for e in batch:
        state: Payment = states.decode(Kind.PAYMENT, held[_payment_ref(e)].body)
        if (
            int(e.body["revision"]) != state.wanted
            or posting.is_current(state)
            or (not posting.should_stand(state) and (state.posted is None or state.posted.voided))
        ):
            done(world, e)
            out.settled += 1
        else:
            out.settled += _payment_step(world, reach, policy, e, state, out)
    return out


def _payment_step(world: World, reach: Reach, policy: Policy, e: Effect, state: Payment, out: Prepared) -> int:
    known = world.store.record(f"posted/{e.firm}", state.id)
    if known and state.posted is None:
        link(world, policy, e, str(known[1]["id"]), Finish(e.key))
        return 1
    existing: tuple[str, str] | None = None
    if state.posted and not state.posted.voided:
        there = reach.quickbooks(lambda q, a: q.payments_by_id(a, [state.posted.id if state.posted else ""]))
        if not there:
            park(
                world, e, "The payment was deleted in QuickBooks.", "Enter it there again, or press Done to accept it."
            )
            return 1
        existing = (there[0].id, there[0].sync_token)
        if not posting.should_stand(state):
            out.write.append((e, Void("Payment", *existing)))
            return 0
    lines, customer, cause = _invoice_lines(world, state)
    if cause:
        out.blocked.append((e, cause))
        return 0
    reference = (state.code or f"Clio {state.group}")[:21]
    out.write.append(
        (
            e,
            WantedPayment(
                customer=customer,
                on=state.settled_on or policy.firm.today(world.now()),
                cents=state.total,
                lines=lines,
                account=policy.firm.accounts.clearing,
                reference=reference,
                note=posting.marker(state.firm, "payment", state.id),
                currency=state.currency,
                existing=existing,
            ),
        )
    )
    return 0


def _invoice_lines(world: World, state: Payment) -> tuple[tuple[tuple[str, int], ...], str, str]:
    """The QuickBooks invoices it pays and their customer, or why it still has to wait."""
    refs = [Ref(state.firm, Kind.PAYABLE, i.payable) for i in state.items]
    payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in world.store.load_many(refs)]
    for p in payables:
        if p.booked is None or p.booked.voided:
            return (), "", f"It waits for invoice {p.number} in QuickBooks."
        if p.booked.waits:
            return (), "", f"It waits for your word on the payments of invoice {p.number} in QuickBooks."
    customers = customer_ids(world, payables)
    customer = customers.get(payables[0].client_id, "")
    if not customer:
        return (), "", "It waits for its client's customer in QuickBooks."
    booked = {p.id: p.booked.id for p in payables if p.booked}
    return tuple((booked[i.payable], i.cents) for i in state.items), customer, ""


def link(world: World, policy: Policy, effect: Effect, id: str, finish: Finish) -> None:
    ref = _payment_ref(effect)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        state: Payment = before[ref]
        fact = posting.PaymentPosted(
            id,
            policy.lanes.realm,
            int(effect.body["revision"]),
            state.total,
            voided=not posting.should_stand(state),
        )
        return {ref: posting.posted(state, fact)}

    settle(world, [ref], decide, fact="PaymentPosted", body={"id": id}, policy=policy.version, finish=[finish])


def find(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    state: Payment = states.decode(Kind.PAYMENT, world.store.load(_payment_ref(effect)).body)
    if state.posted is not None:
        return False
    _, customer, cause = _invoice_lines(world, state)
    if cause:
        return False
    on = state.settled_on or policy.firm.today(world.now())
    found = reach.quickbooks(lambda q, a: q.payments_on(a, customer, on))
    mark = posting.marker(state.firm, "payment", state.id)
    mine = next((p for p in found if mark in p.note), None)
    if mine:
        link(world, policy, effect, mine.id, finish)
    return mine is not None
