"""What changed in a QuickBooks company since a moment, of the kinds that are linked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.notes import MemoReading
from chalicelib.domain.readings import BookedPayment, CustomerReading, InvoiceReading
from chalicelib.domain.trust_readings import JournalReading


@dataclass(frozen=True, slots=True)
class BookChanges:
    """Change data capture: ids that changed or were deleted since ``since``. ``full``: maybe cut off, ask again.
    ``odd``: what we cannot read of what changed, of ours or, far more likely, of anybody's."""

    invoices: tuple[InvoiceReading, ...]
    payments: tuple[BookedPayment, ...]
    customers: tuple[CustomerReading, ...]
    deleted: tuple[tuple[str, str], ...]  # (entity, id)
    at: datetime
    full: bool = False
    journals: tuple[JournalReading, ...] = ()
    memos: tuple[MemoReading, ...] = ()
    odd: tuple[tuple[str, str], ...] = ()  # (entity, id)
