"""What QuickBooks would refuse in the run of a first sync, and is listed as waiting: closed books, another currency,
and numbers that are not free.

Pure (docs/decisions/0030).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from chalicelib.domain.dates import day
from chalicelib.domain.first import LEAVE, Fate, Row
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading


def kept_out(row: Row, p: Payable, currency: str, closed: date | None) -> str:
    """Why QuickBooks takes nothing of this bill at present; empty where it does. ``currency``: the firm's; ``closed``:
    the last day of the closed books."""
    if row.fate not in (Fate.CREATE, Fate.CHANGE):
        return ""
    if p.currency != currency:
        return f"It waits for you: it is in {p.currency}, and its client's customer is kept in {currency}"
    return closed_words(closed, currency) if closed and p.issued_on and p.issued_on <= closed else ""


def closed_words(closed: date, currency: str) -> str:
    return f"It waits for you: in QuickBooks the books are closed through {day(closed, currency)}"


def takes_number(row: Row, p: Payable, found: Sequence[InvoiceReading]) -> bool:
    """Whether its invoice gets the bill's number in the run: it is created, or it is one that has another number.
    ``found``: as ``bill_row`` takes it."""
    if row.waits or row.choice == LEAVE:
        return False
    return row.fate is Fate.CREATE or any(i.id == row.link and i.number != p.number for i in found)


def holder(row: Row, p: Payable, found: Sequence[InvoiceReading]) -> str:
    """Which invoice has the number that this one is to get, in words; empty for none."""
    other = [i for i in found if i.number == p.number and i.id != row.link]
    if not other:
        return ""
    return "another invoice" if any(not i.voided for i in other) else "a voided invoice"


def behind_words(number: str, other: str) -> str:
    """``other``: the bill that has the number before it, in words."""
    return f"It waits for you: the bill of {other} has the number {number} too. Renumber one of the two in Clio"


def used_words(number: str, used: str) -> str:
    """``used``: as of a Row."""
    return f"It waits for you: {used} in QuickBooks has the number {number}. Renumber one of the two"
