"""Money of ours that a bill does not account for: shown as a task as soon as it is known, however it came about, until
a person decides. Paid too much, also long after a payment settled: a cheque is recorded, a bill is lowered or voided
(promise 6). Or recorded in Clio apart from the trust request that it paid, which asks for it still.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.domain.money import show
from chalicelib.domain.payable import Excess, Payable
from chalicelib.domain.readings import Pot

ENTERED_ANEW = (
    "that is entered in QuickBooks as a payment of its own: lower the client's payment there by as much, so that the "
    "money stands there once"
)


def keys(p: Payable) -> list[str]:
    """The tasks that stand about it."""
    named = [_name("surplus", p, p.excess)] if p.excess else []
    named += [_name("apart", p, p.apart)] if p.apart else []
    return [effects.key_of(p.firm, Do.TASK, name) for name in named]


def _name(what: str, p: Payable, known: Excess) -> str:
    return f"{what}/{p.id}/{known.seq}"


def told(p: Payable, now: datetime) -> tuple[Payable, list[Effect], tuple[str, ...]]:
    """The state that knows it, the task of what is new or another amount, and the tasks that are closed.

    The number in a key is never used again: the same surplus, gone and there again, is another task.
    """
    old, owed = keys(p), []
    excess = _known(p, p.excess, p.surplus, draft=p.unapproved)
    if excess and excess != p.excess:
        owed.append(_too_much(p, excess, now))
        p = replace(p, seq=excess.seq)
    apart = _known(p, p.apart, p.shown_apart)
    if apart and apart != p.apart:
        owed.append(_beside(p, apart, now))
        p = replace(p, seq=apart.seq)
    p = replace(p, excess=excess, apart=apart)
    return p, owed, tuple(key for key in old if key not in keys(p))


def _known(p: Payable, known: Excess | None, cents: int, *, draft: bool = False) -> Excess | None:
    if (cents, draft and cents > 0) == ((known.cents, known.draft) if known else (0, False)):
        return known
    return Excess(p.seq + 1, cents, draft) if cents else None


def _too_much(p: Payable, new: Excess, now: datetime) -> Effect:
    amount = show(new.cents, p.currency)
    title, reason = f"{p.number}: paid {amount} too much", f"We hold {amount} more than Clio asks for on this bill."
    remedy = f"Return it in Stripe, or record it in Clio where it belongs{_once(p)}; then press Done."
    if new.draft:
        title = f"{p.number}: {amount} received, and the bill is a draft again"
        reason = "The bill was taken back to a draft in Clio and asks for nothing now. "
        reason += f"Clio does not show {amount} that the client paid on it."
        remedy = "Approve the bill again in Clio: the money counts on it then. If the bill is to go, return the money "
        remedy += f"in Stripe, or record it in Clio where it belongs{_once(p)}; then press Done."
    name, about = _name("surplus", p, new), f"payable/{p.id}"
    body = {"surplus": new.cents}
    return effects.task(p.firm, name, about, now, title=title, reason=reason, remedy=remedy, body=body)


def _once(p: Payable) -> str:
    """What is recorded elsewhere is Clio's payment, and is entered in QuickBooks beside the client's, where the excess
    stands unapplied: the same money twice. Trust money gets there as Clio's transaction alone."""
    return "" if p.pot is Pot.TRUST else f" ({ENTERED_ANEW})"


def _beside(p: Payable, new: Excess, now: datetime) -> Effect:
    amount = show(new.cents, p.currency)
    return effects.task(
        p.firm,
        _name("apart", p, new),
        f"payable/{p.id}",
        now,
        title=f"{p.number}: {amount} stands beside the trust request in Clio",
        reason=f"Clio shows the client's payment as a deposit of its own; the request still asks for {amount}. "
        "The client is not asked for it again.",
        remedy="In Clio, delete that deposit and record it as a payment of the request, with the same code.",
        body={"apart": new.cents},
    )
