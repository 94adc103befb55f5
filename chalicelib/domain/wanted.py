"""What we want written at a neighbour, in our words; each neighbour's wire module turns it into that neighbour's JSON.

Amounts are integer cents; ids are the neighbour's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class WantedCustomer:
    name: str
    email: str
    note: str  # our marker
    company: bool = False


@dataclass(frozen=True, slots=True)
class WantedLine:
    text: str
    cents: int
    item: str  # QuickBooks item id
    on: date | None = None


@dataclass(frozen=True, slots=True)
class WantedInvoice:
    """``existing``: (id, sync token) to update. ``discount`` cents, positive. The lines less the
    discount are the total."""

    number: str
    customer: str
    on: date | None
    due_on: date | None
    lines: tuple[WantedLine, ...]
    discount: int
    discount_account: str
    note: str
    currency: str
    email: str = ""
    existing: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class WantedPayment:
    customer: str
    on: date
    cents: int
    lines: tuple[tuple[str, int], ...]  # (invoice id, cents); less than ``cents`` leaves the rest unapplied
    account: str  # where it is deposited (clearing account)
    reference: str  # <= 21 characters
    note: str
    currency: str
    existing: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Void:
    entity: str  # Invoice | Payment
    id: str
    sync_token: str


@dataclass(frozen=True, slots=True)
class Side:
    """One line of a journal entry: ``cents`` are a debit when positive. ``customer``: QuickBooks' id, or none."""

    account: str
    cents: int
    text: str
    customer: str = ""


@dataclass(frozen=True, slots=True)
class WantedJournal:
    """A journal entry; its sides come to zero. ``number`` has at most 21 characters."""

    number: str
    on: date
    sides: tuple[Side, ...]
    note: str
    currency: str
    existing: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class WantedSubAccount:
    """An account below another one, of its parent's type. ``name`` has at most 100 characters."""

    name: str
    parent: str
    type: str
    subtype: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What QuickBooks can only delete: it knows no void of a journal entry (reference/quickbooks.md 4.6)."""

    entity: str  # JournalEntry
    id: str
    sync_token: str


Wanted = WantedCustomer | WantedInvoice | WantedPayment | WantedJournal | WantedSubAccount | Void | Removal


@dataclass(frozen=True, slots=True)
class SessionLine:
    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class WantedSession:
    """A Checkout Session to make. ``pot`` trust gets no application fee; urls are absolute."""

    attempt: str
    currency: str
    lines: tuple[SessionLine, ...]
    email: str
    description: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be made into MIME. ``tag`` is the effect key's safe form; it comes back with mail events."""

    sender_name: str
    reply_to: str
    to: str
    subject: str
    text: str
    html: str
    tag: str
    message_id: str
