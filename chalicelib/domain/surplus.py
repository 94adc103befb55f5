"""What is paid too much: shown as a task as soon as it is known, however it came about, until a person decides.

A surplus also comes about long after a payment settled: a cheque is recorded, a bill is lowered or voided (promise 6).
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable


def key(p: Payable) -> str:
    """The task of the surplus as it is now; empty when there is none."""
    return effects.key_of(p.firm, Do.TASK, _name(p)) if p.surplus else ""


def _name(p: Payable) -> str:
    return f"surplus/{p.id}/{len(p.shares)}-{p.surplus}"


def opened(old: Payable | None, new: Payable, now: datetime) -> list[Effect]:
    """The task of a surplus that was not there before, or was another amount."""
    if not new.surplus or (old is not None and key(old) == key(new)):
        return []
    amount = show(new.surplus, new.currency)
    return [
        effects.task(
            new.firm,
            _name(new),
            f"payable/{new.id}",
            now,
            title=f"{new.number}: paid {amount} too much",
            reason=f"We hold {amount} more than Clio asks for on this bill.",
            remedy="Return it in Stripe, or record it in Clio where it belongs; then press Done.",
            body={"payable": new.id, "surplus": new.surplus},
        )
    ]


def closed(old: Payable | None, new: Payable) -> tuple[str, ...]:
    """The task of a surplus that is gone, or another amount now."""
    return (key(old),) if old is not None and old.surplus and key(old) != key(new) else ()
