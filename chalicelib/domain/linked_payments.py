"""The task about the payments on an invoice that was in QuickBooks and is linked: nothing is posted there until a
person has said what each of them is (domain/pairing.py). Pure.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import effects
from chalicelib.domain.kernel import Effect
from chalicelib.domain.payable import Payable


def name(state: Payable, invoice: str, generation: int) -> str:
    """Names the task about the payments on an invoice that was linked."""
    again = state.booked.asked if state.booked and state.booked.id == invoice else 0
    told = f"payments/{state.id}/{effects.linked_name(invoice, generation)}"
    return f"{told}/{again}" if again else told


def task(state: Payable, name: str, why: str, now: datetime) -> Effect:
    """The task of that name."""
    return effects.task(
        state.firm,
        name,
        f"payable/{state.id}",
        now,
        title=f"Invoice {state.number}: payments in QuickBooks",
        reason=why,
        remedy="Say what each of them is: they stand side by side with Clio's, with what is suggested. Until then "
        "nothing is posted on this invoice.",
        body={"payable": state.id, "release": True},
    )
