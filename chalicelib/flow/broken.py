"""Broken links: a person decides what becomes of something that was removed or changed in QuickBooks. What each choice
would write is said before it is made; nothing is written here, only owed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from chalicelib.domain import billing, noticing
from chalicelib.domain.comparing import touching
from chalicelib.domain.dates import day
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Kind, Ref, Status
from chalicelib.domain.money import show
from chalicelib.domain.payable import Harm, Payable
from chalicelib.domain.payment import Payment
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import broken_steps, invoices, leaving, pairing, payments, states, subcustomers
from chalicelib.flow.broken_steps import NUMBER_LENGTH, Option
from chalicelib.flow.budget import Floor
from chalicelib.flow.numbered import Sought, only
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.rows import item
from chalicelib.flow.settle import policy_of, settle


@dataclass(frozen=True, slots=True)
class Choices:
    """A broken link with everything that a person can do about it."""

    key: str
    title: str
    cause: str
    payable: str
    options: tuple[Option, ...]


def choices(world: World, firm: str, key: str) -> Choices:
    """Raises Refused when it is settled."""
    step = _broken(world, firm, key)
    if not _of_money(step):
        return Choices(step.key, item(step).title, step.reason, "", broken_steps.options(step))
    task, state = _task(world, firm, key)
    options = _for_invoice(world, state) if isinstance(state, Payable) else _for_payment(state)
    payable = state.id if isinstance(state, Payable) else next((i.payable for i in state.items), "")
    return Choices(task.key, task.title, task.reason, payable, options)


def _of_money(step: Effect) -> bool:
    """Whether it is a task about an invoice or a payment, which this module knows; the others are ``broken_steps``'."""
    return step.kind == Do.TASK and step.body["broken"] in ("invoice", "payment")


def _broken(world: World, firm: str, key: str) -> Effect:
    found = world.store.effect(key)
    if found is None or found.firm != firm or found.status is not Status.PARKED or not found.body.get("broken"):
        raise Refused(noticing.SETTLED)
    return found


def _task(world: World, firm: str, key: str) -> tuple[Effect, Payable | Payment]:
    task = _broken(world, firm, key)
    kind = Kind.PAYABLE if task.body["broken"] == "invoice" else Kind.PAYMENT
    state: Any = states.decode(kind, world.store.load(Ref(firm, kind, str(task.body["id"]))).body)
    link = None if state is None else state.booked if kind is Kind.PAYABLE else state.posted
    if link is None or link.id != task.body["book"] or link.broken is None:
        raise Refused(noticing.SETTLED)
    return task, state


# --- what each choice would do ----------------------------------------------------------------------------------------


def _for_invoice(world: World, p: Payable) -> tuple[Option, ...]:
    assert p.booked and p.booked.broken
    amount, due = show(p.asks, p.currency), f", due {day(p.due_on, p.currency)}" if p.due_on else ""
    what = f"{p.number} for {p.client_name} over {amount}{due}"
    if p.booked.broken.harm is Harm.CHANGED:
        theirs = show(p.booked.broken.cents, p.currency)
        return (
            Option("write", "Write Clio's again", (f"Invoice {what} is written over the one there, line by line.",)),
            Option(
                "accept",
                "Keep the change",
                (
                    f"Nothing is written. The invoice stays at {theirs} in QuickBooks.",
                    broken_steps.AS_ACCEPTED,
                    "The next change of the bill in Clio writes over it.",
                ),
            ),
        )
    payments = _posted(world, p)
    applied = tuple(
        f"The payment of {show(x.total, x.currency)} of {day(x.settled_on, x.currency)} in QuickBooks is applied to it."
        for x in payments
    )
    lines = len(invoices.lines_of(world, p))
    again = [f"A new invoice {what} is created in QuickBooks, with {lines} line{'' if lines == 1 else 's'}.", *applied]
    if p.booked.broken.harm is Harm.VOIDED:
        again.append(
            f"The voided invoice stays and keeps its number {p.number}. Give it another number in QuickBooks first, or "
            "the new one may be refused."
        )
    link = (
        f"Nothing is written on it. It must be an invoice of the same customer over {amount}.",
        "From then on changes of the bill in Clio are written to it.",
        *applied,
    )
    accept = [f"Nothing is written. Bill {p.number} stays without an invoice in QuickBooks."]
    accept += [f"Its payment of {show(x.total, x.currency)} stays there as unapplied credit." for x in payments]
    accept.append("If the bill changes in Clio, you are asked again.")
    return (
        Option("again", "Create it again", tuple(again)),
        Option("link", "Link to another", link, asks="Number of the invoice in QuickBooks"),
        Option("accept", "Accept that it is gone", tuple(accept)),
    )


def _posted(world: World, p: Payable) -> list[Payment]:
    refs = [Ref(p.firm, Kind.PAYMENT, id) for id in sorted(touching(p))]
    found = [states.decode(Kind.PAYMENT, h.body) for h in (world.store.load_many(refs) if refs else [])]
    return [x for x in found if x and x.posted and not x.posted.voided and not x.posted.broken]


def _for_payment(x: Payment) -> tuple[Option, ...]:
    assert x.posted and x.posted.broken
    amount = show(x.total, x.currency)
    where = " and ".join(i.number for i in x.items)
    what = f"{amount} of {day(x.settled_on, x.currency)} from {x.client_name} on invoice {where}"
    if x.posted.broken.harm is Harm.CHANGED:
        theirs = show(x.posted.broken.cents, x.currency)
        keep = (
            f"Nothing is written. The payment stays at {theirs} in QuickBooks.",
            broken_steps.AS_ACCEPTED,
            "If the payment changes in Clio, it is written again.",
        )
        return (
            Option(
                "write", "Write ours again", ("The one there is voided.", f"Then a new payment of {what} is created.")
            ),
            Option("accept", "Keep the change", keep),
        )
    told = (broken_steps.AS_ACCEPTED, "If the payment changes in Clio, you are asked again.")
    out = "Nothing is written. The payment stays out of QuickBooks."
    gone = Option("accept", "Accept that it is gone", (out, *told))
    if x.posted.pieces:
        count = len(x.posted.pieces)
        again = (
            f"In QuickBooks it was {count} payments, one for each customer. Those that still stand are voided.",
            f"Then payments of {what} are created.",
        )
        stays = "Nothing is written. What still stands of it in QuickBooks stays there."
        return Option("again", "Create it again", again), replace(gone, effect=(stays, *told))
    return (
        Option("again", "Create it again", (f"A new payment of {what} is created in QuickBooks.",)),
        Option(
            "link",
            "Link to another",
            (f"Nothing is written. It must be a payment of the same client over {amount}.",),
            asks="Its date in QuickBooks (year-month-day)",
        ),
        gone,
    )


# --- deciding ---------------------------------------------------------------------------------------------------------


def decide(world: World, firm: str, key: str, choice: str, to: str, by: str) -> None:
    """What the person chose; ``to``: what they typed in with it. Raises Refused with what does not fit."""
    step = _broken(world, firm, key)
    if not _of_money(step):
        broken_steps.decide(world, step, choice, to, by)
        return
    task, state = _task(world, firm, key)
    policy = policy_of(world, firm)
    if isinstance(state, Payable):
        ref, made = Ref(firm, Kind.PAYABLE, state.id), _of_invoice(world, policy, state, choice, to)
    else:
        ref, made = Ref(firm, Kind.PAYMENT, state.id), _of_payment(world, policy, state, choice, to)

    def decided(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: made(before[ref], now)}

    try:
        settle(world, [ref], decided, fact="BrokenDecided", body={"choice": choice}, policy=policy.version, by=by)
    except Conflict as taken:
        if choice == "link":
            raise Refused("This one is already linked to another. Choose one that is not.") from taken
        raise
    world.log("broken_decided", firm=firm, choice=choice, kind=str(task.body["broken"]))


Made = Callable[[Any, datetime], Decision[Any]]


def _of_invoice(world: World, policy: Policy, p: Payable, choice: str, to: str) -> Made:
    if choice != "link":
        return lambda s, now: noticing.decided(s, choice, policy, now)
    booked = _invoice_named(world, policy, p, to)
    return lambda s, now: noticing.invoice_linked(s, booked, now)


def _of_payment(world: World, policy: Policy, x: Payment, choice: str, to: str) -> Made:
    if choice != "link":
        return lambda s, now: noticing.decided(s, choice, policy, now)
    id = _payment_on(world, policy, x, to)
    return lambda s, _now: noticing.payment_linked(s, id, policy)


def _invoice_named(world: World, policy: Policy, p: Payable, number: str) -> billing.InvoiceBooked:
    number = number.strip()
    if not 0 < len(number) <= NUMBER_LENGTH:
        raise Refused("Give the number of the invoice in QuickBooks.")
    reach = Reach(world, policy.firm.id, policy.lanes, Floor.PERSON)
    found = [i for i in reach.quickbooks(lambda q, a: q.invoices_numbered(a, [number])) if not i.voided]
    found = [i for i in found if not i.foreign(p.currency)]
    sought = Sought("invoice", "invoices", number, "the bill asks for", show(p.asks, p.currency))
    invoice = only(sought, found, lambda i: show(i.total, p.currency))
    customer = invoices.customer_ids(world, policy, [p]).get(p.client_id, "")
    matter = subcustomers.matter_of(world, policy, p, invoice.customer_id)
    if invoice.customer_id != customer and not matter:
        raise Refused(f"Invoice {number} belongs to another customer in QuickBooks than {p.client_name}.")
    booked = leaving.booked_payments(reach, invoice.payments)
    compared = pairing.compare(world, reach, policy, p, invoice, booked)
    return billing.InvoiceBooked(
        invoice.id,
        policy.lanes.book,
        p.revision,
        invoice.total,
        adopted=True,
        waits=bool(compared.words),
        unmatched=compared.words,
        left=compared.left,
        generation=policy.firm.generation,
        customer=invoice.customer_id,
        matter=matter,
    )


def _payment_on(world: World, policy: Policy, x: Payment, typed: str) -> str:
    try:
        on = date.fromisoformat(typed.strip())
    except ValueError as bad:
        raise Refused("Give the payment's date in QuickBooks, for example 2026-11-01.") from bad
    reach = Reach(world, policy.firm.id, policy.lanes, Floor.PERSON)
    found = [
        p
        for customer in payments.customers_of(world, reach, policy, x)
        for p in reach.quickbooks(lambda q, a, c=customer: q.payments_on(a, c, on))  # type: ignore[misc]
        if p.total == x.total and not p.voided
    ]
    if len(found) != 1:
        many = "no payment" if not found else f"{len(found)} payments"
        amount, that_day = show(x.total, x.currency), day(on, x.currency)
        raise Refused(f"QuickBooks shows {many} of {amount} from this client on {that_day}. Choose another way.")
    return str(found[0].id)
