"""Payments and credits in the books laid side by side: what Clio, QuickBooks and Stripe show of each, and every
difference with its cause and its remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.comparing import (
    APPLY_IT,
    CREDIT_NEEDS_NOTHING,
    WHAT_HOLDS_IT,
    WRITTEN_OVER,
    Difference,
    nothing_needed,
    of_something_else,
)
from chalicelib.domain.crediting import Credit
from chalicelib.domain.dates import day
from chalicelib.domain.left import UNTIL_CHANGED
from chalicelib.domain.money import show
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Phase, Source
from chalicelib.domain.posting import is_current, should_stand
from chalicelib.domain.readings import BookedPayment, Pot, SessionReading


def _of_payment(x: Payment, kind: str, cause: str, remedy: str, cents: int, *, expected: bool = False) -> Difference:
    payable, number = x.items[0].payable if x.items else "", ", ".join(i.number for i in x.items)
    return Difference(payable, number, kind, cause, remedy, detail=x.id, cents=cents, expected=expected)


def payment_against_books(x: Payment, there: BookedPayment | None) -> list[Difference]:
    """``there``: what QuickBooks shows under the id that we posted, None when it shows nothing."""
    if x.pot is Pot.TRUST:
        return _trust_payment(x)
    if x.phase not in (Phase.SETTLED, Phase.REMOVED):
        return []
    kept = x.total - x.back  # what went back and was taken out of QuickBooks too is no difference
    missing = there is None or there.voided
    broken = x.posted.broken if x.posted else None
    if broken and broken.left_out and missing and should_stand(x) and kept:
        cause = f"You accepted that the payment of {show(x.total, x.currency)} is not in QuickBooks any more."
        return [
            _of_payment(x, "payment left out of QuickBooks", cause, nothing_needed("payment"), x.total, expected=True)
        ]
    if x.stays and x.left and should_stand(x):
        amount, on = show(x.total, x.currency), day(x.settled_on, x.currency)
        if x.posted and not x.posted.voided:
            there_ = show(x.posted.cents, x.currency)
            what = f"The payment stays at {there_} in QuickBooks as it was; in Clio it is {amount} of {on}."
            cause = x.left.of(what, x.currency)
            by = x.posted.cents - x.total
            return [_of_payment(x, "payment left as it is", cause, UNTIL_CHANGED, by, expected=True)]
        cause = x.left.of(f"The payment of {amount} is not in QuickBooks.", x.currency)
        return [_of_payment(x, "payment left out of QuickBooks", cause, UNTIL_CHANGED, x.total, expected=True)]
    if not is_current(x):
        if not should_stand(x) and x.posted is None:
            return []
        if there is not None and not missing:
            return [_left_behind(x, there)]
        cause = f"The payment of {show(x.total, x.currency)} is not in QuickBooks yet."
        return [_of_payment(x, "not yet in QuickBooks", cause, WHAT_HOLDS_IT, x.total)]
    if x.posted and x.posted.voided:
        return []
    if there is None or there.voided:
        if kept == 0:
            return []
        cause = f"The payment of {show(x.total, x.currency)} was removed in QuickBooks."
        remedy = "Enter it there again, or remove it in Clio."
        return [_of_payment(x, "payment removed in QuickBooks", cause, remedy, x.total)]
    if there.total not in (x.total, kept) and broken and broken.left_at(there.total):
        cause = f"You accepted that QuickBooks shows this payment as {show(there.total, x.currency)}; it is "
        cause += f"{show(x.total, x.currency)}."
        return [_of_payment(x, "payment left as it is", cause, WRITTEN_OVER, there.total - x.total, expected=True)]
    if there.total not in (x.total, kept):
        cause = f"QuickBooks shows this payment as {show(there.total, x.currency)}; it is {show(x.total, x.currency)}."
        remedy = "Set it back in QuickBooks."
        return [_of_payment(x, "payment changed in QuickBooks", cause, remedy, there.total - x.total)]
    if x.back and there.total != kept and x.source is Source.STRIPE:
        cause = f"{show(x.back, x.currency)} of the payment {x.code} went back to the client."
        remedy = "Enter the refund in QuickBooks, and correct the payment in Clio."
        return [_of_payment(x, "refund not in the books", cause, remedy, x.back)]
    return []


def _left_behind(x: Payment, there: BookedPayment) -> Difference:
    """QuickBooks shows an older form of it, which goes first."""
    theirs = show(there.total, x.currency)
    if not should_stand(x):
        cause = f"The payment of {theirs} was removed in Clio and still stands in QuickBooks."
        return _of_payment(x, "not taken out of QuickBooks", cause, WHAT_HOLDS_IT, there.total)
    cause = f"The payment is now {show(x.total, x.currency)}, dated {day(x.settled_on, x.currency)}. QuickBooks still "
    cause += f"shows it as it was, with {theirs}."
    return _of_payment(x, "change not in QuickBooks", cause, WHAT_HOLDS_IT, there.total - x.total)


def unapplied(x: Payment, there: BookedPayment, payables: Iterable[Payable]) -> list[Difference]:
    """What pays no invoice in QuickBooks though it has one: something else was on it. Known is what was received beyond
    what Clio asks for, what went back (by an amount below zero too, which is named by itself), what is on bills without
    an invoice, and what an invoice that a person left as it is has no room for. ``payables``: those that it pays."""
    if not is_current(x) or there.voided or (x.posted and x.posted.broken):
        return []
    known = x.back
    for p in payables:
        without = p.gone or p.booked is None or p.booked.voided or p.left_out
        on_it = sum(i.cents for i in x.items if i.payable == p.id)
        known += on_it if without else p.surplus + p.taken_back + of_something_else(p)
        if p.stays and p.booked:
            known += max(0, p.asks - p.booked.total)
    if (over := there.unapplied - known) <= 0:
        return []
    cause = (
        f"{show(over, x.currency)} of the payment of {show(x.total, x.currency)} pays no invoice in QuickBooks: when "
    )
    cause += "it was entered there was no room for it, as something else was on its invoice."
    remedy = "Look on its invoice in QuickBooks for a payment or credit that is not in Clio. Take that off, and apply "
    remedy += "this payment there; or record in Clio what was received besides."
    return [_of_payment(x, "payment unapplied", cause, remedy, over)]


def credit_against_books(c: Credit, there: MemoReading | None) -> list[Difference]:
    """``there``: the credit memo that QuickBooks shows under the id that we know."""
    number = ", ".join(p.number for p in c.parts)
    payable = c.parts[0].payable if c.parts else ""

    def of(kind: str, cause: str, remedy: str, cents: int, *, expected: bool = False) -> list[Difference]:
        return [Difference(payable, number, kind, cause, remedy, detail=c.number, cents=cents, expected=expected)]

    amount = show(c.cents, c.currency)
    if c.lost:
        cause = f"You accepted that the credit memo {c.number} of {amount} is not in QuickBooks any more."
        return of("credit left out of QuickBooks", cause, CREDIT_NEEDS_NOTHING, c.cents, expected=True)
    if c.left_alone:
        cause = f"You left the credit {c.number} of {amount} as it is in QuickBooks."
        return of("credit left as it is", cause, CREDIT_NEEDS_NOTHING, c.cents, expected=True)
    if c.stays and c.left_behind:
        what = f"The credit {c.number} of {amount} is not in QuickBooks."
        if c.memo:
            what = f"The credit memo {c.number} stays in QuickBooks as it is; in Clio it "
            what += "was taken back." if c.gone else f"is {amount} of {day(c.on, c.currency)}."
        cause = c.left_behind.of(what, c.currency)
        return of("credit left as it is", cause, UNTIL_CHANGED, c.cents, expected=True)
    if not c.current:
        if c.gone and c.memo is None:
            return []
        cause = f"The credit {c.number} of {amount} is not in QuickBooks as Clio shows it yet."
        return of("credit not in step", cause, WHAT_HOLDS_IT, c.cents)
    if c.gone or c.memo is None:
        return []
    if there is None:
        cause = f"The credit memo {c.number} of {amount} was deleted in QuickBooks."
        return of("credit removed in QuickBooks", cause, "Decide under Needs attention what becomes of it.", c.cents)
    if there.total != c.cents:
        cause = f"QuickBooks shows the credit {c.number} as {show(there.total, c.currency)}; it is {amount}."
        return of("credit changed in QuickBooks", cause, "Set it back in QuickBooks.", there.total - c.cents)
    if there.left and c.left_off and there.left <= c.left:
        cause = f"You left {show(there.left, c.currency)} of the credit {c.number} on no invoice in QuickBooks."
        return of("credit left off its invoice", cause, APPLY_IT, there.left, expected=True)
    if there.left:
        cause = f"{show(there.left, c.currency)} of the credit {c.number} is on no invoice in QuickBooks."
        return of("credit unapplied", cause, "Apply it in QuickBooks, or leave it to the client's credit.", there.left)
    return []


def _trust_payment(x: Payment) -> list[Difference]:
    """It reaches QuickBooks once, as the journal entry of the trust transaction that staff record in Clio for it."""
    if not x.unrecorded:
        return []
    open_ = sum(x.to_record(i) for i in x.items)
    cause = f"The trust payment {x.code} of {show(open_, x.currency)} by Stripe is in no book yet."
    remedy = "Record it in Clio as a trust deposit with its code; its journal entry follows by itself."
    return [_of_payment(x, "not yet in Clio", cause, remedy, open_, expected=True)]


def payment_against_stripe(x: Payment, seen: SessionReading | None) -> list[Difference]:
    """``seen``: its session from Stripe's list; None when the list does not hold it."""
    if x.source is not Source.STRIPE or not x.money:
        return []
    if seen is None or not seen.paid or seen.total != x.total:
        shown = "no such payment" if seen is None else f"{show(seen.total, x.currency)}, paid: {seen.paid}"
        cause = f"Stripe shows {shown}; we know {show(x.total, x.currency)} as received."
        return [_of_payment(x, "differs at Stripe", cause, "Tell us at once.", (seen.total if seen else 0) - x.total)]
    return []


def without_stripe(account: str) -> Difference:
    """An account that no longer lets us in: its payments cannot be compared."""
    cause = f"The Stripe account {account} is disconnected: its payments were not compared."
    return Difference("", "", "not compared with Stripe", cause, "Connect it again, then compare once more.")
