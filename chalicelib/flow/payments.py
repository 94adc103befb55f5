"""Payments become QuickBooks payments on the right invoices: written, changed or voided there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from chalicelib.domain import posting
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.wanted import Void, WantedPayment
from chalicelib.errors import Conflict
from chalicelib.flow import states
from chalicelib.flow.invoices import customer_ids
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared, current, done, park, posted_there, renew
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle


def _payment_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.PAYMENT, str(effect.body["payment"]))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    held = {h.ref: h for h in world.store.load_many([_payment_ref(e) for e in batch])}
    for e in batch:
        state: Payment = states.decode(Kind.PAYMENT, held[_payment_ref(e)].body)
        if renew(world, policy, e, state):
            out.settled += 1
        elif (
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
    known = world.store.record(posted_there(policy), state.id)
    if known and state.posted is None:
        try:
            link(world, policy, e, str(known[1]["id"]), Finish(e.key))
        except Conflict:
            reason = "The payment in QuickBooks that it was taken for is linked to another one."
            park(world, e, reason, "Compare the invoice's payments in QuickBooks with Clio's, then press Retry.")
            world.store.delete_record(posted_there(policy), state.id)
        return 1
    existing: tuple[str, str] | None = None
    if state.posted and not state.posted.voided:
        there = reach.quickbooks(lambda q, a: q.payments_by_id(a, [state.posted.id if state.posted else ""]))
        if not there:
            park(
                world,
                e,
                "The payment was deleted in QuickBooks.",
                "Enter it there again, or press Done to accept it.",
                may_close=True,
                broken="payment",
            )
            return 1
        if there[0].voided and not posting.should_stand(state):
            link(world, policy, e, there[0].id, Finish(e.key))
            return 1
        existing = (there[0].id, there[0].sync_token)
        if not posting.should_stand(state):
            out.write.append((e, Void("Payment", *existing)))
            return 0
    if state.generation > 1 and existing is None and find(world, reach, policy, e, Finish(e.key)):
        return 1  # books that were not purged show it from an earlier generation
    lines, customer, cause = _invoice_lines(world, policy, state)
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


def _invoice_lines(world: World, policy: Policy, state: Payment) -> tuple[tuple[tuple[str, int], ...], str, str]:
    """The QuickBooks invoices it pays and their customer, or why it still has to wait."""
    refs = [Ref(state.firm, Kind.PAYABLE, i.payable) for i in state.items]
    payables: list[Payable] = list(current(world, policy, refs).values())
    for p in payables:
        if p.booked is None or p.booked.voided:
            return (), "", f"It waits for invoice {p.number} in QuickBooks."
        if p.booked.waits:
            return (), "", f"It waits for your word on the payments of invoice {p.number} in QuickBooks."
    customers = customer_ids(world, policy, payables)
    customer = customers.get(payables[0].client_id, "")
    if not customer:
        return (), "", "It waits for its client's customer in QuickBooks."
    booked = {p.id: p.booked.id for p in payables if p.booked}
    return tuple((booked[i.payable], i.cents) for i in state.items), customer, ""


def link(world: World, policy: Policy, effect: Effect, id: str, finish: Finish) -> None:
    """QuickBooks shows the payment as the effect's revision wanted it: void only where that revision said so."""
    ref, revision = _payment_ref(effect), int(effect.body["revision"])

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        state: Payment = before[ref]
        voided = state.wanted == revision and not posting.should_stand(state)
        book, generation = policy.lanes.book, policy.firm.generation
        fact = posting.PaymentPosted(id, book, revision, state.total, voided, generation)
        return {ref: posting.posted(state, fact)}

    settle(world, [ref], decide, fact="PaymentPosted", body={"id": id}, policy=policy.version, finish=[finish])


def find(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    """Whether a lost answer's payment is there, by customer and the day it was sent with; settled then."""
    state: Payment = states.decode(Kind.PAYMENT, world.store.load(_payment_ref(effect)).body)
    if state.posted is not None:
        return False
    refs = [Ref(state.firm, Kind.PAYABLE, i.payable) for i in state.items]
    payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in world.store.load_many(refs)]
    on = date.fromisoformat(str(effect.body["on"])) if effect.body.get("on") else policy.firm.today(world.now())
    mark = posting.marker(state.firm, "payment", state.id)
    for customer in sorted(set(customer_ids(world, policy, payables).values()) - {""}):
        found = reach.quickbooks(lambda q, a, c=customer: q.payments_on(a, c, on))  # type: ignore[misc]
        mine = next((p for p in found if mark in p.note), None)
        if mine:
            link(world, policy, effect, mine.id, finish)
            return True
    return False
