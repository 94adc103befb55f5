"""What is paid too much: shown as a task as soon as it is known, however it came about, until a person decides.

A surplus also comes about long after a payment settled: a cheque is recorded, a bill is lowered or voided (promise 6).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.domain.money import show
from chalicelib.domain.payable import Excess, Payable


def key(p: Payable) -> str:
    """The task of its surplus; empty when there is none."""
    return effects.key_of(p.firm, Do.TASK, _name(p.id, p.excess)) if p.excess else ""


def _name(payable: str, excess: Excess) -> str:
    return f"surplus/{payable}/{excess.seq}"


def told(p: Payable, now: datetime) -> tuple[Payable, list[Effect], tuple[str, ...]]:
    """The state that knows its surplus, the task of one that is new or another amount, and the task that it closes.

    The number in the key is never used again: the same surplus, gone and there again, is another task.
    """
    known = p.excess.cents if p.excess else 0
    if p.surplus == known:
        return p, [], ()
    closes = (key(p),) if p.excess else ()
    if not p.surplus:
        return replace(p, excess=None), [], closes
    excess = Excess(p.seq + 1, p.surplus)
    amount = show(p.surplus, p.currency)
    task = effects.task(
        p.firm,
        _name(p.id, excess),
        f"payable/{p.id}",
        now,
        title=f"{p.number}: paid {amount} too much",
        reason=f"We hold {amount} more than Clio asks for on this bill.",
        remedy="Return it in Stripe, or record it in Clio where it belongs; then press Done.",
        body={"surplus": p.surplus},
    )
    return replace(p, seq=excess.seq, excess=excess), [task], closes
