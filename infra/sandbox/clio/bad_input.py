"""Firm B: one bill for every bad input of the issue, each with its own client, and the cure of each cause.

The names of B-VENDOR, B-EMPLOYEE and B-INACTIVE are taken in QuickBooks by a vendor, an employee and an inactive
customer: that half is the QuickBooks sandbox's to seed.
"""

# ruff: noqa: ARG001 - tables of functions that all take the same arguments
from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from .seed import FIRM_B, OWNER_B, Builder, line
from .state import Bill, Contact

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

LONG_NUMBER = "B-LONGNUMBER-12345678901234"
LONG_NUMBER_CURED = "B-LONGNUMBER"
LINES = 2000
COLON, TAB = "Smith: Estate of", "Wren\tHollis"
VENDOR, EMPLOYEE, INACTIVE = "Marlow Court Reporting", "Dana Whitlock", "Old Mill Partners"
GOOD = tuple(f"B-OK-{n}" for n in range(1, 6))
BAD = (
    "B-STATE",
    "B-KIND",
    "B-FRACTION",
    "B-NOCLIENT",
    LONG_NUMBER,
    "B-2000LINES",
    "B-COLON",
    "B-TAB",
    "B-VENDOR",
    "B-EMPLOYEE",
    "B-INACTIVE",
    "B-NOMAIL",
)


def seed_b(clio: ClioSandbox, today: date) -> None:
    b = Builder(clio, today, FIRM_B, "bexleycorner.example")
    b.user("Bea Bexley", OWNER_B, ["admin", "accounts", "billing", "reports"], owner=True)
    for n, number in enumerate(GOOD):
        b.bill(number, b.client(f"Good Client {n + 1}", f"good{n + 1}@example.com"), _fee(200 + n), due=n - 2)
    _wrong_figures(b)
    _wrong_names(b)


def _fee(dollars: int) -> list[dict[str, object]]:
    return [line("Advice", dollars * 100)]


def _wrong_figures(b: Builder) -> None:
    def client(name: str) -> Contact:
        return b.client(name, f"{name.split()[0].lower()}@example.com")

    b.bill("B-STATE", client("Perry State"), _fee(310), due=-5).state = "in_review"
    b.bill("B-KIND", client("Quentin Kind"), _fee(320), due=-4).kind = "mystery_kind"
    fraction = b.bill("B-FRACTION", client("Rosa Fraction"), [line("Advice", 10000)], due=-3)
    fraction.raw = dict.fromkeys(("total", "due", "balance", "sub_total"), 100.005)
    for item in b.clio.state.children("line_items", fraction.id):
        item.raw = dict.fromkeys(("total", "sub_total", "price"), 100.005)
    orphan = b.bill("B-NOCLIENT", client("Silas Lost"), _fee(330), due=-2)
    orphan.client_id, orphan.matters = None, []
    b.bill(LONG_NUMBER, client("Tara Long"), _fee(340), due=-1)
    b.bill("B-2000LINES", client("Uma Lines"), [line(f"Entry {n}", 125) for n in range(LINES)], due=0)


def _wrong_names(b: Builder) -> None:
    for number, name, dollars in (
        ("B-COLON", COLON, 350),
        ("B-TAB", TAB, 360),
        ("B-VENDOR", VENDOR, 370),
        ("B-EMPLOYEE", EMPLOYEE, 380),
        ("B-INACTIVE", INACTIVE, 390),
    ):
        company = number in ("B-VENDOR", "B-INACTIVE", "B-COLON")
        client = b.client(name, f"{number[2:].lower()}@example.com", company=company)
        b.bill(number, client, _fee(dollars), due=3)
    b.bill("B-NOMAIL", b.client("Vera Nomail", None), _fee(400), due=4)


# --- cures ---------------------------------------------------------------------------------------------------------
def _rename(to: str) -> Callable[[ClioSandbox, Bill], None]:
    def act(clio: ClioSandbox, bill: Bill) -> None:
        clio.people.change_client(bill.client_id or 0, name=to)

    return act


def _state(clio: ClioSandbox, bill: Bill) -> None:
    bill.state = "awaiting_payment"


def _kind(clio: ClioSandbox, bill: Bill) -> None:
    bill.kind = "revenue_kind"


def _fraction(clio: ClioSandbox, bill: Bill) -> None:
    bill.raw = None
    for item in clio.state.children("line_items", bill.id):
        item.raw = None
        clio.touch(item)


def _client(clio: ClioSandbox, bill: Bill) -> None:
    found = next(c for c in clio.state.of_firm("contacts", bill.firm) if c.name == "Silas Lost")
    bill.client_id = found.id
    bill.matters = [m.id for m in clio.state.of_firm("matters", bill.firm) if m.client_id == found.id]


def _number(clio: ClioSandbox, bill: Bill) -> None:
    bill.number = LONG_NUMBER_CURED


def _lines(clio: ClioSandbox, bill: Bill) -> None:
    clio.people.edit_bill(bill.id, total=bill.sub_total)


def _mail(clio: ClioSandbox, bill: Bill) -> None:
    clio.people.change_client(bill.client_id or 0, email="vera.nomail@example.com")


CURES: dict[str, Callable[[ClioSandbox, Bill], None]] = {
    "B-STATE": _state,
    "B-KIND": _kind,
    "B-FRACTION": _fraction,
    "B-NOCLIENT": _client,
    LONG_NUMBER: _number,
    "B-2000LINES": _lines,
    "B-COLON": _rename("Estate of Smith"),
    "B-TAB": _rename("Wren Hollis"),
    "B-VENDOR": _rename(f"{VENDOR} (client)"),
    "B-EMPLOYEE": _rename(f"{EMPLOYEE} (client)"),
    "B-INACTIVE": _rename(f"{INACTIVE} (client)"),
    "B-NOMAIL": _mail,
}


def cure(clio: ClioSandbox, bill: Bill) -> None:
    """Removes the cause, in Clio, of what is wrong with this bill. Raises KeyError where nothing is."""
    CURES[bill.number](clio, bill)
    clio.changed(bill)
