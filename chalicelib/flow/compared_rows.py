"""What a comparison of the books reads by id, as many as one call takes: at QuickBooks a thousand in one batch of
queries, so that a night costs a call for each thousand that is open, and not for each hundred. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chalicelib.domain.notes import MemoReading
from chalicelib.domain.readings import BillReading, BookedPayment, Broken, InvoiceReading
from chalicelib.errors import Declined, Unreadable
from chalicelib.flow import leaving, legible
from chalicelib.flow.reach import Reach

AT_ONCE = 1000  # of what we hold: what a drain reads and compares in a part of its minute
IN_A_QUERY = 200  # at QuickBooks, and on a page of Clio's
T = TypeVar("T")
Read = tuple[list[T], dict[str, Unreadable]]  # and by id what cannot be used of one


def bills(reach: Reach, ids: Sequence[str]) -> dict[str, BillReading | Broken]:
    """These bills at Clio, 200 for each call."""
    found: dict[str, BillReading | Broken] = {}
    for n in range(0, len(ids), IN_A_QUERY):
        some = ids[n : n + IN_A_QUERY]
        found |= {i.id: i for i in reach.clio(lambda c, a, s=some: c.bills_by_id(a, s)).items}  # type: ignore[misc]
    return found


def invoices(reach: Reach, ids: Sequence[str]) -> Read[InvoiceReading]:
    """These invoices in QuickBooks: without message, payments and currency where they are many."""
    return legible.by_id(lambda some: _invoices(reach, some), ids)


def _invoices(reach: Reach, ids: Sequence[str]) -> list[InvoiceReading]:
    """Lists of columns are no part of QuickBooks' language, though they work (reference/quickbooks.md 2.5): where they
    are refused, whole rows are read, 200 for each call."""
    if len(ids) <= IN_A_QUERY:
        return leaving.invoices(reach, ids)
    reach.spend_batch()
    try:
        return reach.quickbooks(lambda q, a: q.invoices_compared(a, ids))
    except Declined:
        return leaving.invoices(reach, ids)


def payments(reach: Reach, ids: Sequence[str]) -> Read[BookedPayment]:
    """These payments in QuickBooks."""
    return _read(reach, ids, lambda q, a, some: q.payments_by_id(a, some))


def memos(reach: Reach, ids: Sequence[str]) -> Read[MemoReading]:
    """These credit memos in QuickBooks."""
    return _read(reach, ids, lambda q, a, some: q.memos_by_id(a, some))


def _read(reach: Reach, ids: Sequence[str], read: Callable[[Any, Any, Sequence[str]], list[T]]) -> Read[T]:
    """A call for each thousand. Raises Unavailable where it is a batch and QuickBooks would refuse another."""

    def call(some: Sequence[str]) -> list[T]:
        if len(some) > IN_A_QUERY:
            reach.spend_batch()
        return reach.quickbooks(lambda q, a: read(q, a, some))

    found: list[T] = []
    odd: dict[str, Unreadable] = {}
    for n in range(0, len(ids), AT_ONCE):
        rows, bad = legible.by_id(call, ids[n : n + AT_ONCE])
        found, odd = [*found, *rows], odd | bad
    return found, odd
