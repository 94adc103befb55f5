"""How Clio's figures hang together: a bill's sums and what may be done with it (reference/clio.md 3.1, 3.2, 3.6).

All money is cents. Pure: reads rows, changes only the sums of the bill it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .state import Bill, LineItem, TrustLine

Switch = Callable[..., Any]
REMOVED = ("void", "deleted")
EDITABLE = ("draft", "awaiting_approval", "awaiting_payment")
TRUST = "trust_kind"


def cents(amount: Decimal) -> int:
    """Rounds an amount in cents half up."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def discount_on(amount: int, discount: dict[str, Any] | None) -> int:
    """The cents a discount takes off; its ``rate`` is a percentage, or money in the bill's currency."""
    if not discount:
        return 0
    rate = Decimal(str(discount["rate"]))
    if discount["type"] == "money":
        return min(amount, cents(rate * 100))
    return cents(Decimal(amount) * rate / 100)


def reckon_line(line: LineItem, tax_rate: str) -> LineItem:
    """Sets ``sub_total`` (quantity x price, less its discount; nothing where not charged) and ``tax`` of a line."""
    gross = 0 if line.type == "NoChargeLineItem" else cents(line.quantity * line.price)
    line.sub_total = gross - discount_on(gross, line.discount)
    line.tax = cents(Decimal(line.sub_total) * Decimal(tax_rate) / 100) if line.taxable else 0
    return line


def reckon(bill: Bill, lines: Iterable[LineItem], trust_lines: Iterable[TrustLine]) -> None:
    """Sets the bill's sums from its lines. Total = subtotal + tax + interest; due = total - discount (3.1)."""
    bill.sub_total = bill.tax_sum = bill.taxable_sub_total = bill.services_sub_total = bill.services_tax = 0
    for line in lines:
        if line.type == "SummaryLineItem":
            continue
        bill.sub_total += line.sub_total
        bill.tax_sum += line.tax
        bill.taxable_sub_total += line.sub_total if line.taxable else 0
        if line.kind == "Service":
            bill.services_sub_total += line.sub_total
            bill.services_tax += line.tax
    bill.sub_total += sum(line.total for line in trust_lines)


def total(bill: Bill) -> int:
    return bill.sub_total + bill.tax_sum + bill.interest_total


def due(bill: Bill) -> int:
    return total(bill) - discount_on(bill.sub_total, bill.discount)


def balance(bill: Bill) -> int:
    """What is still outstanding; nothing once the bill is void or deleted (our choice, 10.3)."""
    if bill.state in REMOVED:
        return 0
    return due(bill) - bill.paid - bill.credits


def overdue(bill: Bill, today: date) -> bool:
    return bool(bill.state == "awaiting_payment" and bill.due_at and bill.due_at < today and balance(bill) > 0)


def offers_paid(switch: Switch) -> bool:
    """Whether ``paid`` is in ``available_state_transitions`` of an unpaid bill (10.1)."""
    return bool(switch("offer_paid", switch("patch_paid", "refuse") != "refuse"))


def transitions(bill: Bill, switch: Switch) -> list[str]:
    """What this bill may become now (3.2, 3.5, 3.6)."""
    match bill.state:
        case "draft":
            return ["awaiting_approval", *(["awaiting_payment"] if switch("approve_by_api", True) else []), "deleted"]
        case "awaiting_approval":
            return [*(["awaiting_payment"] if switch("approve_by_api", True) else []), "deleted"]
        case "awaiting_payment":
            offered = ["paid"] if offers_paid(switch) else []
            return offered + (["void"] if not bill.paid and not bill.credits else [])
        case _:
            return []


def after_delete(bill: Bill) -> str | None:
    """The state that DELETE leads to, or None where Clio answers 403 (3.6)."""
    if bill.paid or bill.credits:
        return None
    return {"draft": "deleted", "awaiting_approval": "deleted", "awaiting_payment": "void"}.get(bill.state)
