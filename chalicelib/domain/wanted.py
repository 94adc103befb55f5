"""What we want written at a neighbour, in our words; each neighbour's wire module turns it into that neighbour's JSON.

Amounts are integer cents; ids are the neighbour's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from chalicelib.domain.profile import Change
from chalicelib.domain.readings import NO_ADDRESS, Address


@dataclass(frozen=True, slots=True)
class WantedCustomer:
    name: str
    email: str
    note: str  # our marker
    company: bool = False
    phone: str = ""
    mobile: str = ""
    billing: Address = NO_ADDRESS
    shipping: Address = NO_ADDRESS


@dataclass(frozen=True, slots=True)
class WantedSubCustomer:
    """A matter below its client's customer, ``parent``."""

    name: str
    parent: str
    note: str  # our marker


@dataclass(frozen=True, slots=True)
class ChangedCustomer:
    """Fields of a customer that is there; the others stay as they are. ``activate``: an inactive one is made active."""

    id: str
    sync_token: str
    changes: tuple[Change, ...]
    company: bool = False
    activate: bool = False


@dataclass(frozen=True, slots=True)
class WantedLine:
    text: str
    cents: int
    item: str  # QuickBooks item id
    on: date | None = None
    taxable: bool = False


@dataclass(frozen=True, slots=True)
class WantedInvoice:
    """``existing``: (id, sync token) to update. ``discount`` cents, positive. The lines less the discount, with the
    tax, are the total. ``tax``: cents as QuickBooks tax, under ``tax_code``; None leaves tax alone. ``message``: what
    the client reads on it; None leaves the one there. ``undated``: the due date there is emptied; else ``due_on`` None
    leaves it."""

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
    tax: int | None = None
    tax_code: str = ""
    message: str | None = None
    undated: bool = False


@dataclass(frozen=True, slots=True)
class WantedMessage:
    """What the client reads on an invoice that is there, empty for nothing. Everything else of it stays."""

    id: str
    sync_token: str
    message: str


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
class WantedCredit:
    """A credit memo of one line. ``existing``: (id, sync token) to update."""

    number: str
    customer: str
    on: date
    line: WantedLine
    note: str
    currency: str
    existing: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class WantedApplication:
    """A payment of nothing that ties a credit memo to invoices (reference/quickbooks.md 4.4). ``lines``: (invoice id,
    cents) pairs. ``account``: as of a payment of money; without one QuickBooks takes its own, which may be inactive."""

    memo: str
    customer: str
    on: date
    lines: tuple[tuple[str, int], ...]
    note: str
    currency: str
    account: str = ""


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
    """What QuickBooks can only delete: it knows no void of it (reference/quickbooks.md 4.6), or, of a payment that
    applies a credit, nothing would be left to see."""

    entity: str  # JournalEntry | CreditMemo | Payment
    id: str
    sync_token: str


Wanted = (
    WantedCustomer
    | WantedSubCustomer
    | ChangedCustomer
    | WantedInvoice
    | WantedMessage
    | WantedPayment
    | WantedCredit
    | WantedApplication
    | WantedJournal
    | WantedSubAccount
    | Void
    | Removal
)


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
