"""What the Clio sandbox remembers: plain rows, and the few indexes that keep lists fast at 40,000 bills.

Money is integer cents, instants are UTC without fractions of a second, dates are the firm's local days. Rows carry the
names of Clio's own fields (reference/clio.md 3 to 8). This module decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar


@dataclass(slots=True, kw_only=True)
class Row:
    """What every record has. ``version`` moves with each change that the outside may notice: the ETag's source."""

    id: int
    firm: int
    created_at: datetime
    updated_at: datetime
    version: int = 1


@dataclass(slots=True, kw_only=True)
class Firm(Row):
    name: str
    code: str = "USD"
    sign: str = "$"
    time_zone: str = "America/New_York"
    tax_name: str = "Sales Tax"
    tax_rate: str = "0"


@dataclass(slots=True, kw_only=True)
class User(Row):
    first_name: str
    last_name: str
    email: str
    roles: list[str]
    account_owner: bool = False
    subscription_type: str = "Attorney"
    time_zone: str = "America/New_York"
    enabled: bool = True


@dataclass(slots=True, kw_only=True)
class Contact(Row):
    """``emails``, ``phones``, ``addresses`` hold Clio's own shape of each, the first being the primary one."""

    type: str
    name: str
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    is_client: bool = True
    emails: list[dict[str, Any]] = field(default_factory=list)
    phones: list[dict[str, Any]] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    reminders_enabled: bool = False


@dataclass(slots=True, kw_only=True)
class Matter(Row):
    number: int
    display_number: str
    description: str
    client_id: int
    status: str = "Open"
    billing_method: str = "hourly"
    open_date: date
    responsible_attorney: int | None = None
    bill_recipients: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Bill(Row):
    """``sub_total`` to ``pending`` are cents. ``raw`` is shown over everything else: for input no arithmetic makes."""

    number: str
    kind: str = "revenue_kind"
    state: str = "draft"
    client_id: int | None
    matters: list[int] = field(default_factory=list)
    user: int | None = None
    issued_at: date | None = None
    due_at: date | None = None
    start_at: date | None = None
    end_at: date | None = None
    paid_at: datetime | None = None
    last_sent_at: datetime | None = None
    subject: str | None = None
    memo: str | None = None
    purchase_order: str | None = None
    tax_rate: str = "0"
    secondary_tax_rate: str = "0"
    discount: dict[str, Any] | None = None
    interest: dict[str, Any] | None = None
    sub_total: int = 0
    tax_sum: int = 0
    taxable_sub_total: int = 0
    services_sub_total: int = 0
    services_tax: int = 0
    interest_total: int = 0
    paid: int = 0
    credits: int = 0
    pending: int = 0
    bill_theme: int | None = None
    destination_account: int | None = None
    original_bill: int | None = None
    noisy: bool = False
    raw: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class LineItem(Row):
    """``price`` and the sums are cents, ``quantity`` is hours (not the seconds of activities, 4)."""

    bill: int
    type: str = "ActivityLineItem"
    kind: str = "Service"
    date: date
    note: str
    description: str | None = None
    quantity: Decimal = Decimal(1)
    price: int = 0
    discount: dict[str, Any] | None = None
    taxable: bool = False
    sub_total: int = 0
    tax: int = 0
    matter: int | None = None
    user: int | None = None
    group_ordering: int = 0
    displayed: bool = True
    raw: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class TrustLine(Row):
    bill: int
    date: date
    total: int
    note: str
    matter: int | None
    client: int | None


@dataclass(slots=True, kw_only=True)
class InterestCharge(Row):
    bill: int
    date: date
    description: str
    total: int


@dataclass(slots=True, kw_only=True)
class Allocation(Row):
    """One payment's or credit memo's part on one bill. ``shown_description`` is what the API shows (5.1)."""

    bill: int
    contact: int | None
    matter: int | None
    date: date
    amount: int
    parent_id: int
    parent_type: str
    voided_at: datetime | None = None
    interest: bool = False
    shown_description: str | None = None
    source_bank_account: int | None = None
    destination_bank_account: int | None = None
    payment_type: str | None = None
    has_online_payment: bool = False


@dataclass(slots=True, kw_only=True)
class Payment(Row):
    """What staff recorded. No endpoint shows it (5.1): only its allocations and bank transactions are seen."""

    date: date
    amount: int
    method: str
    description: str
    reference: str
    from_trust: bool
    voided_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class CreditMemo(Row):
    date: date
    amount: int
    description: str
    contact: int | None
    user: int | None
    discount: bool = False
    voided_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class BankAccount(Row):
    name: str
    type: str
    account_number: str = ""
    institution: str = "First Sandbox Bank"
    closed: bool = False
    default_account: bool = False
    balance: int = 0


@dataclass(slots=True, kw_only=True)
class BankTransaction(Row):
    """``amount`` is signed cents; ``liability`` on trust accounts, ``asset`` on operating ones (6)."""

    type: str
    bank_account_id: int
    date: date
    amount: int
    source: str
    description: str
    confirmation: str
    transaction_type: str
    client: int | None = None
    matter: int | None = None
    bill: int | None = None
    allocation: int | None = None
    after: int = 0
    raw: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class BillTheme(Row):
    name: str
    default: bool = True


@dataclass(slots=True, kw_only=True)
class Webhook(Row):
    """``seen`` maps the ids already announced to what was shown: a record's first event fires on any change (8)."""

    user: int
    client_id: str
    url: str
    model: str
    fields: str
    events: list[str]
    shared_secret: str
    expires_at: datetime
    status: str = "pending"
    failures: int = 0
    seen: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Delivery:
    """One POST owed to a subscriber: a handshake, or an event with its signed body."""

    webhook: int
    event: str
    body: bytes
    due_at: datetime
    tries: int = 0


@dataclass(slots=True)
class Grant:
    """One user's consent to one app, with the permissions the app had at that moment (1)."""

    id: int
    client_id: str
    user: int
    permissions: list[str]
    refresh_token: str
    revoked: bool = False


@dataclass(slots=True)
class Code:
    grant: int
    client_id: str
    redirect_uri: str
    expires_at: datetime
    used: bool = False


@dataclass(slots=True)
class Token:
    grant: int
    expires_at: datetime
    window_at: datetime | None = None
    used: int = 0


R = TypeVar("R", bound=Row)

KINDS: dict[str, type[Row]] = {
    "firms": Firm,
    "users": User,
    "contacts": Contact,
    "matters": Matter,
    "bills": Bill,
    "line_items": LineItem,
    "trust_line_items": TrustLine,
    "interest_charges": InterestCharge,
    "allocations": Allocation,
    "payments": Payment,
    "credit_memos": CreditMemo,
    "bank_accounts": BankAccount,
    "bank_transactions": BankTransaction,
    "bill_themes": BillTheme,
    "webhooks": Webhook,
}
KIND_OF = {cls: kind for kind, cls in KINDS.items()}
# Children looked up by the id of their bill.
BY_BILL = ("line_items", "trust_line_items", "interest_charges", "allocations", "bank_transactions")


@dataclass
class State:
    """Every record of every firm of one region, plus consent, tokens and what is owed to webhooks."""

    rows: dict[str, dict[int, Any]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    ids: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    of_bill: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    last_id: int = 70_000_000  # far from bill numbers, so that neither passes for the other
    grants: dict[int, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, int] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self, row: R) -> R:
        """Keeps a new row; its id must be greater than those before it, so that the id lists stay sorted."""
        kind = KIND_OF[type(row)]
        self.rows[kind][row.id] = row
        self.ids.setdefault((kind, row.firm), []).append(row.id)
        bill = getattr(row, "bill", None)
        if kind in BY_BILL and bill is not None:
            self.of_bill.setdefault((kind, bill), []).append(row.id)
        return row

    def drop(self, row: Row) -> None:
        """Forgets a row for good, as Clio does with contacts, matters, lines and bank transactions (9.11)."""
        kind = KIND_OF[type(row)]
        del self.rows[kind][row.id]
        self.ids[kind, row.firm].remove(row.id)
        bill = getattr(row, "bill", None)
        if kind in BY_BILL and bill is not None:
            self.of_bill[kind, bill].remove(row.id)

    def children(self, kind: str, bill: int) -> list[Any]:
        return [self.rows[kind][i] for i in self.of_bill.get((kind, bill), ())]

    def of_firm(self, kind: str, firm: int) -> list[Any]:
        return [self.rows[kind][i] for i in self.ids.get((kind, firm), ())]
