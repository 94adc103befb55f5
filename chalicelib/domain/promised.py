"""Promises 5, 6 and 8 in production, by what we hold: what should have ended long ago, what is paid too much and told
to nobody, money of two pots. The nightly comparison names it beside the differences between the books. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.domain.comparing import Difference
from chalicelib.domain.dates import day
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Phase

LASTS = {  # a session at most a day, a bank debit some working days
    Phase.CREATING: timedelta(days=2),
    Phase.OPEN: timedelta(days=2),
    Phase.ON_ITS_WAY: timedelta(days=30),
}
MAIL_LASTS = timedelta(days=1)  # after ten minutes a claimed mail is uncertain, and a person's
TELL_US = "Tell us at once."


def of_payable(p: Payable, payments: Iterable[Payment], at: datetime) -> list[Difference]:
    """``payments``: those that touch it."""
    found = []
    if p.sending and at - p.sending.claimed_at > MAIL_LASTS:
        cause = f"An e-mail of {day(p.sending.claimed_at, p.currency)} about it has not ended."
        found.append(Difference(p.id, p.number, "e-mail without an end", cause, TELL_US))
    told = p.excess.cents if p.excess else 0
    if p.surplus != told:
        cause = f"We hold {show(p.surplus, p.currency)} too much on it, and told of {show(told, p.currency)}."
        found.append(Difference(p.id, p.number, "surplus not told", cause, TELL_US, cents=p.surplus - told))
    for x in payments:
        if x.pot is not p.pot and any(i.payable == p.id for i in x.items):
            cause = f"The payment {x.code or x.id} of {x.pot} money is counted on it, which is {p.pot}."
            found.append(Difference(p.id, p.number, "money of two pots", cause, TELL_US, detail=x.id, cents=x.total))
    return found


def of_payment(x: Payment, at: datetime) -> list[Difference]:
    """An attempt that should have ended."""
    lasts = LASTS.get(x.phase)
    if lasts is None or at - x.created_at <= lasts:
        return []
    amount, began = show(x.total, x.currency), day(x.created_at, x.currency)
    cause = f"A payment of {amount} that began on {began} has not ended."
    remedy = "Look at Stripe whether it was paid, and tell us."
    numbers = ", ".join(i.number for i in x.items)
    return [
        Difference(x.items[0].payable, numbers, "payment without an end", cause, remedy, detail=x.id, cents=x.total)
    ]
