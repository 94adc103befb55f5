"""What we read at the neighbours, in our words: each neighbour's wire module makes these, nothing else does.

Amounts are integer cents; dates without time are the firm's local days; instants are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class BillState(StrEnum):
    """Clio's states (reference/clio.md 3.2)."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    VOID = "void"
    DELETED = "deleted"


class Pot(StrEnum):
    OPERATING = "operating"
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be understood: it parks alone. ``mark`` (an etag) tells whether it changed since."""

    id: str
    number: str
    what: str
    raw: str
    remedy: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a feed. ``next``: what to pass to get the following one; None on the last."""

    items: tuple[T | Broken, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address. ``lines``: street lines. QuickBooks may show everything in lines alone (quickbooks.md 3.2):
    compare by ``profile.same`` only."""

    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal: str = ""
    country: str = ""


NO_ADDRESS = Address()

# --- Clio -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientReading:
    """A contact at Clio. ``whole``: read as a contact, so that what is empty is empty there; a bill shows no more than
    name and e-mail. ``members``: (field, id) of the e-mail, phone and address records that it was read from."""

    id: str
    name: str
    email: str = ""
    is_company: bool = False
    phone: str = ""
    mobile: str = ""
    billing: Address = NO_ADDRESS
    shipping: Address = NO_ADDRESS
    etag: str = ""
    members: tuple[tuple[str, str], ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class BillReading:
    """A bill as Clio shows it. ``asks`` is what the bill asks for (Clio's ``due``: total with tax and interest, less
    discounts); ``balance`` is the owner's word on what is outstanding (never recomputed: reference/clio.md 3.1).
    ``pot`` is trust for ``trust_kind``, operating for ``revenue_kind``; any other kind is Unreadable. ``words``: the
    subject and memo, a line each; None where Clio did not tell them. ``matter_ids``: in the order of ``matters``.
    """

    id: str
    etag: str
    number: str
    pot: Pot
    state: BillState
    issued_on: date | None
    due_on: date | None
    updated_at: datetime
    total: int
    asks: int
    paid: int
    pending: int
    balance: int
    credits: int
    tax: int
    interest: int
    discount: int
    currency: str
    client: ClientReading | None
    matters: tuple[str, ...] = ()
    transitions: tuple[str, ...] = ()
    matter_ids: tuple[str, ...] = ()
    words: str | None = None


@dataclass(frozen=True, slots=True)
class BillLine:
    """A printed line of a bill; ``net`` cents after the line's own discount, before tax. ``matter``: its display
    number, where Clio tells it."""

    id: str
    kind: str  # service | expense | other
    on: date | None
    text: str
    net: int
    tax: int = 0
    matter: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that Clio shows on a bill: an allocation of a payment or credit memo, or, for a trust request, a deposit
    on a trust bank account. ``group``: the payment (or memo) it is part of. ``text``: whatever description is visible.
    ``loose``: a deposit that names no trust request, so that no request's balance need count it.
    """

    id: str
    bill_id: str
    on: date
    cents: int
    group: str = ""
    kind: str = "payment"  # payment | credit | deposit
    voided: bool = False
    text: str = ""
    from_trust: bool = False
    contact_id: str = ""
    contact_name: str = ""
    source: str = ""  # Clio's bank account that it was paid from
    matter_id: str = ""
    matter: str = ""
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in at Clio, and at which account (the tenant)."""

    user_id: str
    name: str
    email: str
    account_id: str
    account_name: str
    zone: str
    is_owner: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave. ``refresh`` is empty when none came (Clio's refresh: keep the old one)."""

    access: str
    refresh: str
    expires_at: datetime
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What a neighbour's client needs for one call on behalf of a firm. Never logged."""

    firm: str
    account: str  # Clio: region/account id; QuickBooks: realm id; Stripe: acct_...
    token: str = field(repr=False, default="")


# --- QuickBooks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomerReading:
    """A customer in QuickBooks. ``email`` as it stands there: QuickBooks lets people put several into the field.
    ``currency``: it has one for ever; empty where QuickBooks does not tell."""

    id: str
    sync_token: str
    name: str
    email: str
    active: bool
    note: str = ""
    phone: str = ""
    mobile: str = ""
    billing: Address = NO_ADDRESS
    shipping: Address = NO_ADDRESS
    parent: str = ""  # the customer that it is a sub-customer of
    currency: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceReading:
    """An invoice in QuickBooks. ``voided``: amounts zero and the note begins with "Voided". ``payments``: ids of
    payments linked to it. ``message``: what the client reads on it."""

    id: str
    sync_token: str
    number: str
    customer_id: str
    total: int
    balance: int
    on: date | None
    due_on: date | None
    note: str
    updated_at: datetime | None
    payments: tuple[str, ...] = ()
    voided: bool = False
    message: str = ""
    currency: str = ""

    def foreign(self, currency: str) -> bool:
        """Whether its amounts are of another currency, as far as both are told."""
        return "" not in (self.currency, currency) and self.currency != currency


@dataclass(frozen=True, slots=True)
class BookedPayment:
    """A payment in QuickBooks. ``lines``: (invoice id, cents); ``credits``: (credit memo id, cents) used up."""

    id: str
    sync_token: str
    customer_id: str
    total: int
    on: date | None
    note: str
    reference: str
    lines: tuple[tuple[str, int], ...]
    unapplied: int = 0
    voided: bool = False
    credits: tuple[tuple[str, int], ...] = ()
    method: str = ""

    @property
    def of_nothing(self) -> bool:
        """Whether it is no money at all, and only puts credit memos on invoices (reference/quickbooks.md 4.4)."""
        return not self.total and bool(self.credits)


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    type: str
    subtype: str
    active: bool = True
    balance: int = 0  # with its sub-accounts, in the sign that QuickBooks shows
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """What a QuickBooks company says of itself, read on connecting and cached."""

    company: str
    currency: str
    accounts: tuple[Account, ...]
    items: tuple[tuple[str, str], ...]  # (id, name) of active service items
    custom_numbers: bool | None
    allow_discount: bool | None
    auto_apply_credit: bool | None
    close_date: date | None
    warns_of_doubles: bool | None = None  # WarnDuplicateBillNumber: on, off, or not told
    incomes: dict[str, str] = field(default_factory=dict)  # item id -> id of the income account it is booked in
    sales_tax: bool | None = None
    country: str = ""  # as QuickBooks spells it; empty where it does not say


@dataclass(frozen=True, slots=True)
class DocNumber:
    """A number that a document in QuickBooks has. ``entity``: QuickBooks' name of its kind."""

    entity: str
    id: str
    number: str


@dataclass(frozen=True, slots=True)
class DocNumbers:
    """A page of numbers. ``more``: another page follows. ``at``: the answer's own time, the next ``since``."""

    found: tuple[DocNumber, ...]
    more: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Wrote:
    """One member's outcome of a QuickBooks call. ``fault`` is (code, message, detail) when refused. ``entity``: what
    QuickBooks calls it; ``deleted``: it is gone; ``unapplied``: cents of a payment that pay no invoice."""

    ok: bool
    id: str = ""
    sync_token: str = ""
    total: int = 0
    entity: str = ""
    deleted: bool = False
    unapplied: int = 0
    fault: tuple[str, str, str] = ("", "", "")
    of_customer: str = ""  # whose the document is
    number: str = ""  # of the document
    invoices: tuple[str, ...] = ()  # that a payment pays
    lines: tuple[tuple[str, int, str], ...] = ()  # of a journal entry: account, cents, customer
    customer: CustomerReading | None = None  # as QuickBooks shows it after the write, where it was one


# --- Stripe ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StripeAccount:
    id: str
    name: str
    email: str
    bank_last4: str
    charges_enabled: bool
    fees_paid_by_platform: bool
    livemode: bool
    debits_negative_balance: bool | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    id: str
    cents: int
    status: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """``withdrawn``: the money has left the account (read from its balance transactions, never from the status)."""

    id: str
    cents: int
    status: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class SessionReading:
    """A Checkout Session with its payment intent, charge, refunds and disputes, read afresh.

    ``paid`` means money: payment_status is paid. complete and unpaid is a bank debit on its way, not money.
    """

    id: str
    attempt: str  # client_reference_id
    status: str  # open | complete | expired
    paid: bool
    url: str
    expires_at: datetime
    total: int
    currency: str
    metadata: dict[str, str]
    methods: tuple[str, ...] = ()
    intent: str = ""
    intent_status: str = ""
    charge: str = ""
    method: str = ""  # card | us_bank_account
    captured_at: datetime | None = None
    fee: int | None = None
    available_at: datetime | None = None
    failure: str = ""
    refunds: tuple[Refunded, ...] = ()
    disputes: tuple[Disputed, ...] = ()


@dataclass(frozen=True, slots=True)
class EventPointer:
    """What an event or a webhook gives us: where to look. ``kind``: session | intent | account | other."""

    id: str
    account: str
    type: str
    kind: str
    object_id: str
    at: datetime | None = None
