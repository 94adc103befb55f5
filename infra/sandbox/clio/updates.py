"""What the API may change of a bill and its lines (reference/clio.md 3.5, 3.6, 4). Unknown keys are dropped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from . import books, ledger
from .refuse import forbidden, invalid
from .state import Bill, LineItem, User

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

STATES = ("draft", "awaiting_approval", "awaiting_payment", "paid", "void", "deleted")
GRACE_DAYS = 30
DIGITS = 9  # before the point and after it: our choice, far beyond any bill


def _text(name: str, sent: object) -> str | None:
    if sent is not None and not isinstance(sent, str):
        raise invalid(f"{name} must be text")
    return sent


def _day(name: str, sent: object) -> date | None:
    if sent is None:
        return None
    try:
        return date.fromisoformat(str(sent))
    except ValueError as wrong:
        raise invalid(f"{name} is not a date") from wrong


def _number(name: str, sent: object) -> Decimal:
    try:
        value = Decimal(str(sent))
    except InvalidOperation as wrong:
        raise invalid(f"{name} must be a number") from wrong
    if not value.is_finite() or not -DIGITS < value.adjusted() < DIGITS:
        raise invalid(f"{name} must be a number of at most {DIGITS} digits")
    return value


def _rate(name: str, sent: object) -> str:
    return str(_number(name, sent))


def _discount(name: str, sent: object) -> dict[str, Any] | None:
    if sent is None:
        return None
    if not isinstance(sent, dict) or sent.get("type", "percentage") not in ("percentage", "money"):
        raise invalid(f"{name} needs a rate and a type of percentage or money")
    return {
        "rate": float(_number("discount rate", sent.get("rate"))),
        "type": sent.get("type", "percentage"),
        "note": _text("note", sent.get("note")),
    }


def _interest(name: str, sent: object) -> dict[str, Any] | None:
    if sent is None:
        return None
    if not isinstance(sent, dict) or sent.get("type", "simple") not in ("simple", "compound"):
        raise invalid(f"{name} needs a rate, a period and a type of simple or compound")
    period = sent.get("period", 30)
    if isinstance(period, bool) or not isinstance(period, int):
        raise invalid("interest period must be a number of days")
    rate = float(_number("interest rate", sent.get("rate")))
    return {"rate": rate, "type": sent.get("type", "simple"), "period": period}


_BILL: dict[str, Callable[[str, object], Any]] = {
    "number": _text,
    "issued_at": _day,
    "due_at": _day,
    "subject": _text,
    "memo": _text,
    "purchase_order": _text,
    "tax_rate": _rate,
    "secondary_tax_rate": _rate,
    "discount": _discount,
    "interest": _interest,
}


def patch_bill(clio: ClioSandbox, bill: Bill, data: dict[str, Any], user: User) -> None:
    """Raises Refusal(422): a locked bill, a value that does not fit, a state that is not offered."""
    changes = {name: read(name, data[name]) for name, read in _BILL.items() if name in data}
    if "bill_theme" in data:
        changes["bill_theme"] = _theme(clio, bill, data["bill_theme"])
    if data.get("currency_id", 1) not in (1, None):
        raise invalid("currency_id is not one of the account's currencies")
    if data.get("use_grace_period") in (True, "true"):
        issued = changes.get("issued_at", bill.issued_at)
        changes["due_at"] = _after_grace(issued) if issued else None
    if changes and bill.state not in books.EDITABLE:
        raise invalid(f"Bill {bill.number} is {bill.state} and locked")
    wanted = data.get("state")
    if wanted is not None and wanted != bill.state:
        _offered(clio, bill, wanted)
    for name, value in changes.items():
        setattr(bill, name, value)
    if changes:
        ledger.reckon(clio, bill)
        clio.changed(bill)
    if wanted is not None and wanted != bill.state:
        _move(clio, bill, wanted, user)


def _theme(clio: ClioSandbox, bill: Bill, sent: object) -> int:
    known = {theme.id for theme in clio.state.of_firm("bill_themes", bill.firm)}
    found = sent.get("id") if isinstance(sent, dict) else None
    if not isinstance(found, int) or found not in known:
        raise invalid("bill_theme is not one of the account's themes")
    return found


def _after_grace(issued: date) -> date:
    try:
        return issued + timedelta(days=GRACE_DAYS)
    except OverflowError as wrong:
        raise invalid("issued_at is too late for a grace period") from wrong


def _offered(clio: ClioSandbox, bill: Bill, wanted: object) -> None:
    """Raises Refusal(422) unless the bill may become ``wanted`` now (3.2, 3.5)."""
    if wanted not in STATES:
        raise invalid(f"state must be one of {', '.join(STATES)}")
    if wanted == "paid" and bill.state == "awaiting_payment":
        if clio.switch("patch_paid", "refuse") == "refuse":
            clio.note("paid_refused")
            raise invalid("Bill cannot be marked as paid: it has an outstanding balance")
        return
    if wanted not in books.transitions(bill, clio.switch):
        raise invalid(f"Bill cannot go from {bill.state} to {wanted}")


def _move(clio: ClioSandbox, bill: Bill, wanted: str, user: User) -> None:
    if wanted == "paid":
        _mark_paid(clio, bill, user)
        return
    bill.state = wanted
    clio.changed(bill, "deleted" if wanted == "deleted" else "updated")


def _mark_paid(clio: ClioSandbox, bill: Bill, user: User) -> None:
    """What Clio does with an open balance is unknown (5.2 A, 10.1): the switch ``patch_paid`` says."""
    match clio.switch("patch_paid", "refuse"):
        case "accept":
            clio.note("paid_accepted")
            ledger.record_payment(clio, {bill.id: books.balance(bill)}, on=clio.today(user), method="other")
            clio.touch(bill)
        case "accept_bare":
            clio.note("paid_accepted")
            bill.paid += books.balance(bill)
            bill.state, bill.paid_at = "paid", clio.stamp()
            clio.changed(bill)
        case _:
            clio.note("paid_without_effect")


def delete_bill(clio: ClioSandbox, bill: Bill) -> None:
    """Deletes or voids, by its state. Raises Refusal(403) with payments, or from any other state (3.6)."""
    becomes = books.after_delete(bill)
    if becomes is None:
        raise forbidden("The bill cannot be deleted or voided")
    bill.state = becomes
    clio.changed(bill, "deleted" if becomes == "deleted" else "updated")


def _flag(name: str, sent: object) -> bool:
    if sent not in (True, False, "true", "false"):
        raise invalid(f"{name} must be true or false")
    return sent in (True, "true")


def _kind(name: str, sent: object) -> str:
    if sent not in ("Service", "Expense"):
        raise invalid(f"{name} must be Service or Expense")
    return str(sent)


def _whole(name: str, sent: object) -> int:
    if isinstance(sent, bool) or not isinstance(sent, int):
        raise invalid(f"{name} must be a whole number")
    return sent


_LINE: dict[str, Callable[[str, object], Any]] = {
    "note": _text,
    "description": _text,
    "date": _day,
    "quantity": _number,
    "discount": _discount,
    "taxable": _flag,
    "kind": _kind,
    "group_ordering": _whole,
}


def _editable(clio: ClioSandbox, line: LineItem) -> Bill:
    bill: Bill = clio.state.rows["bills"][line.bill]
    if bill.state not in books.EDITABLE:
        raise invalid(f"Bill {bill.number} is locked")
    return bill


def patch_line(clio: ClioSandbox, line: LineItem, data: dict[str, Any]) -> None:
    """Raises Refusal(422) once the bill is locked."""
    bill = _editable(clio, line)
    changes = {name: read(name, data[name]) for name, read in _LINE.items() if name in data}
    if "price" in data:
        changes["price"] = books.cents(_number("price", data["price"]) * 100)
    for name, value in changes.items():
        setattr(line, name, value)
    clio.touch(line)
    ledger.reckon(clio, bill)
    clio.changed(bill)


def delete_line(clio: ClioSandbox, line: LineItem) -> None:
    bill = _editable(clio, line)
    clio.state.drop(line)
    ledger.reckon(clio, bill)
    clio.changed(bill)
