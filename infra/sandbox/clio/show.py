"""Rows to Clio's JSON: the asked names, money as doubles, date-times with the user's UTC offset (2.1, 9.5, 9.8)."""

# ruff: noqa: ARG001, ARG005 - tables of functions that all take the same arguments
from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from . import books
from .select import Selection
from .shapes import SHAPES, Shape
from .state import Bill, Contact, Firm, LineItem, Row, State

_MONEY = {
    "Bill": """balance total paid pending due credits_issued services_sub_total services_tax services_taxable_sub_total
    taxable_sub_total sub_total tax_sum total_tax""",
    "Allocation": "amount",
    "LineItem": "price total tax sub_total",
    "CreditMemo": "amount",
    "BankAccount": "balance",
    "BankTransaction": "amount funds_in funds_out current_account_balance",
    "InterestCharge": "total",
    "TrustLineItem": "total",
}
MONEY = {shape: frozenset(names.split()) for shape, names in _MONEY.items()}
_NOISY = frozenset({"total", "due", "balance"})


def etag_of(shape: str, row: Row) -> str:
    """The ETag with its own double quotes (2.4); it moves with the row's version."""
    digest = hashlib.md5(f"{shape}:{row.id}:{row.version}".encode(), usedforsecurity=False).hexdigest()
    return f'"{digest}"'


class Teller:
    """Renders for one viewer: ``zone`` is the user's time zone, ``today`` the day there."""

    def __init__(self, state: State, zone: ZoneInfo, today: date, switch: books.Switch) -> None:
        self.state = state
        self.zone = zone
        self.today = today
        self.switch = switch

    def record(self, shape: Shape, row: Any, asked: Selection) -> dict[str, Any]:
        """One record with just the asked names."""
        shown: dict[str, Any] = {}
        for name, inner in asked:
            if name in shape.parts:
                nested = SHAPES[shape.parts[name]]
                names = inner if inner is not None else nested.default
                shown[name] = self._nested(nested, self.part(shape, row, name), names)
            else:
                shown[name] = self.value(shape, row, name)
        return shown

    def _nested(self, shape: Shape, held: Any, names: tuple[str, ...]) -> Any:
        if held is None:
            return None
        if isinstance(held, list):
            return [self._nested(shape, one, names) for one in held]
        asked: Selection = tuple((name, None) for name in names)
        return self.record(shape, held, asked)

    # --- plain values ----------------------------------------------------------------------------------------------
    def value(self, shape: Shape, row: Any, name: str) -> Any:
        if isinstance(row, dict):
            return self._plain(row.get(name))
        raw = getattr(row, "raw", None)
        if raw and name in raw:
            return raw[name]
        if name == "etag":
            return etag_of(shape.name, row)
        told = _VALUES.get((shape.name, name))
        held = told(self, row) if told else getattr(row, name, None)
        if held is not None and name in MONEY.get(shape.name, ()):
            noisy = name in _NOISY and getattr(row, "noisy", False)
            return math.nextafter(held / 100, math.inf) if noisy and held else held / 100
        return self._plain(held)

    def _plain(self, held: Any) -> Any:
        match held:
            case datetime():
                return held.astimezone(self.zone).isoformat()
            case date():
                return held.isoformat()
            case Decimal():
                return float(held)
            case _:
                return held

    # --- nested records --------------------------------------------------------------------------------------------
    def part(self, shape: Shape, row: Any, name: str) -> Any:
        """The row, dict, list of them, or None behind a nested name."""
        if isinstance(row, dict):
            return row.get(name)
        raw = getattr(row, "raw", None)
        if raw and name in raw:
            return raw[name]
        told = _PARTS.get((shape.name, name))
        return told(self, row) if told else None

    def one(self, kind: str, row_id: int | None) -> Any:
        return self.state.rows[kind].get(row_id) if row_id is not None else None

    def firm(self, row: Row) -> Firm:
        held: Firm = self.state.rows["firms"][row.firm]
        return held


def currency(t: Teller, row: Row) -> dict[str, Any]:
    firm = t.firm(row)
    stamps = {"created_at": firm.created_at, "updated_at": firm.created_at}
    return {"id": 1, "etag": '"currency-1"', "code": firm.code, "sign": firm.sign, **stamps}


def trust_balance(t: Teller, firm: int, *, client: int | None = None, matter: int | None = None) -> int:
    """Cents held in trust: the sum of bank transactions on trust accounts (6)."""
    moves = t.state.of_firm("bank_transactions", firm)
    return sum(
        m.amount for m in moves if m.type == "liability" and (m.client == client if client else m.matter == matter)
    )


def _account_balance(t: Teller, row: Row, held: int) -> list[dict[str, Any]]:
    return [{"id": row.id, "balance": held / 100, "type": "Trust", "name": "Trust", "currency_id": 1}]


def _interest(t: Teller, b: Bill) -> dict[str, Any] | None:
    if not b.interest and not b.interest_total:
        return None
    amount = b.interest_total / 100
    return {"balance": amount, "total": amount, "rate": 0.0, "type": "simple", "period": 30, **(b.interest or {})}


def _balances(t: Teller, b: Bill) -> list[dict[str, Any]]:
    kind = "Matter" if b.matters else "Client"
    who = b.matters[0] if b.matters else b.client_id
    figures = {"amount": books.balance(b) / 100, "interest_amount": b.interest_total / 100, "due": books.due(b) / 100}
    return [{"id": who, "type": kind, **figures}] if who else []


def _rows(t: Teller, kind: str, ids: list[int]) -> list[Any]:
    return [t.state.rows[kind][i] for i in ids if i in t.state.rows[kind]]


def _discount(discount: dict[str, Any] | None) -> dict[str, Any] | None:
    return {"note": None, **discount} if discount else None


def _memo_parts(t: Teller, row: Any) -> list[Any]:
    held = t.state.of_firm("allocations", row.firm)
    return [a for a in held if a.parent_type == "CreditMemo" and a.parent_id == row.id]


def _first(held: list[dict[str, Any]], name: str, at: int = 0) -> Any:
    return held[at][name] if len(held) > at else None


def _of_kind(held: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((one for one in held if one["name"] == name), None)


def _initials(u: Any) -> str:
    return f"{(u.first_name or ' ')[0]}{(u.last_name or ' ')[0]}".strip()


_VALUES: dict[tuple[str, str], Callable[[Teller, Any], Any]] = {
    ("Bill", "type"): lambda t, b: "MatterBill" if len(b.matters) == 1 else "ClientBill",
    ("Bill", "total"): lambda t, b: books.total(b),
    ("Bill", "due"): lambda t, b: books.due(b),
    ("Bill", "balance"): lambda t, b: books.balance(b),
    ("Bill", "credits_issued"): lambda t, b: b.credits,
    ("Bill", "total_tax"): lambda t, b: b.tax_sum,
    ("Bill", "tax_rate"): lambda t, b: float(b.tax_rate),
    ("Bill", "secondary_tax_rate"): lambda t, b: float(b.secondary_tax_rate),
    ("Bill", "secondary_tax_sum"): lambda t, b: 0.0,
    ("Bill", "services_secondary_tax"): lambda t, b: 0.0,
    ("Bill", "secondary_taxable_sub_total"): lambda t, b: 0,
    ("Bill", "services_secondary_taxable_sub_total"): lambda t, b: 0,
    ("Bill", "services_taxable_sub_total"): lambda t, b: b.taxable_sub_total,
    ("Bill", "discount_services_only"): lambda t, b: "false",
    ("Bill", "can_update"): lambda t, b: b.state in books.EDITABLE,
    ("Bill", "shared"): lambda t, b: False,
    ("Bill", "available_state_transitions"): lambda t, b: books.transitions(b, t.switch),
    ("Allocation", "description"): lambda t, a: a.shown_description,
    ("Allocation", "destroyable"): lambda t, a: a.voided_at is None,
    ("LineItem", "total"): lambda t, i: i.sub_total + i.tax,
    ("LineItem", "secondary_tax"): lambda t, i: 0.0,
    ("LineItem", "secondary_taxable"): lambda t, i: False,
    ("Contact", "primary_email_address"): lambda t, c: _first(c.emails, "address"),
    ("Contact", "secondary_email_address"): lambda t, c: _first(c.emails, "address", 1),
    ("Contact", "primary_phone_number"): lambda t, c: _first(c.phones, "number"),
    ("Contact", "initials"): lambda t, c: "".join(w[0] for w in c.name.split()[:2]),
    ("Contact", "is_bill_recipient"): lambda t, c: c.is_client,
    ("Contact", "is_co_counsel"): lambda t, c: False,
    ("Contact", "is_clio_for_client_user"): lambda t, c: False,
    ("Contact", "has_clio_for_clients_permission"): lambda t, c: False,
    ("Matter", "billable"): lambda t, m: True,
    ("Matter", "shared"): lambda t, m: False,
    ("Matter", "has_tasks"): lambda t, m: False,
    ("User", "name"): lambda t, u: f"{u.first_name} {u.last_name}",
    ("User", "initials"): lambda t, u: _initials(u),
    ("User", "rate"): lambda t, u: 300.0,
    ("Account", "state"): lambda t, f: "active",
    ("BankAccount", "currency"): lambda t, a: t.firm(a).code,
    ("BankAccount", "currency_symbol"): lambda t, a: t.firm(a).sign,
    ("BankAccount", "currency_id"): lambda t, a: 1,
    ("BankAccount", "holder"): lambda t, a: t.firm(a).name,
    ("BankAccount", "controlled_account"): lambda t, a: False,
    ("BankAccount", "clio_payments_enabled"): lambda t, a: False,
    ("BankAccount", "bank_transactions_count"): lambda t, a: sum(
        m.bank_account_id == a.id for m in t.state.of_firm("bank_transactions", a.firm)
    ),
    ("BankTransaction", "currency"): lambda t, m: t.firm(m).code,
    ("BankTransaction", "currency_id"): lambda t, m: 1,
    ("BankTransaction", "exchange_rate"): lambda t, m: 1.0,
    ("BankTransaction", "funds_in"): lambda t, m: max(m.amount, 0),
    ("BankTransaction", "funds_out"): lambda t, m: max(-m.amount, 0),
    ("BankTransaction", "clio_payments_transaction"): lambda t, m: False,
    ("BankTransaction", "read_only_confirmation"): lambda t, m: False,
    ("BankTransaction", "current_account_balance"): lambda t, m: m.after,
    ("BillTheme", "account_id"): lambda t, h: h.firm,
    ("BillTheme", "config"): lambda t, h: "{}",
    ("BillingSetting", "currency"): lambda t, f: f.code,
    ("BillingSetting", "currency_sign"): lambda t, f: f.sign,
    ("BillingSetting", "tax_rate"): lambda t, f: float(f.tax_rate),
    ("BillingSetting", "apply_tax_by_default"): lambda t, f: False,
    ("BillingSetting", "use_secondary_tax"): lambda t, f: False,
    ("BillingSetting", "secondary_tax_rate"): lambda t, f: 0.0,
    ("BillingSetting", "secondary_tax_rule"): lambda t, f: "Pre",
    ("BillingSetting", "secondary_tax_name"): lambda t, f: "",
    ("BillingSetting", "multi_currency_billing"): lambda t, f: False,
    ("BillingSetting", "billing_currencies"): lambda t, f: [],
}

_PARTS: dict[tuple[str, str], Callable[[Teller, Any], Any]] = {
    ("Bill", "user"): lambda t, b: t.one("users", b.user),
    ("Bill", "client"): lambda t, b: t.one("contacts", b.client_id),
    ("Bill", "discount"): lambda t, b: _discount(b.discount),
    ("Bill", "interest"): _interest,
    ("Bill", "matters"): lambda t, b: _rows(t, "matters", b.matters),
    ("Bill", "bill_theme"): lambda t, b: t.one("bill_themes", b.bill_theme),
    ("Bill", "original_bill"): lambda t, b: t.one("bills", b.original_bill),
    ("Bill", "destination_account"): lambda t, b: t.one("bank_accounts", b.destination_account),
    ("Bill", "balances"): _balances,
    ("Bill", "matter_totals"): lambda t, b: [{"id": m, "amount": books.total(b) / 100} for m in b.matters[:1]],
    ("Bill", "currency"): currency,
    ("Bill", "billing_setting"): lambda t, b: t.firm(b),
    ("Bill", "client_addresses"): lambda t, b: getattr(t.one("contacts", b.client_id), "addresses", []),
    ("Allocation", "bill"): lambda t, a: t.one("bills", a.bill),
    ("Allocation", "matter"): lambda t, a: t.one("matters", a.matter),
    ("Allocation", "contact"): lambda t, a: t.one("contacts", a.contact),
    ("Allocation", "source_bank_account"): lambda t, a: t.one("bank_accounts", a.source_bank_account),
    ("Allocation", "destination_bank_account"): lambda t, a: t.one("bank_accounts", a.destination_bank_account),
    ("Allocation", "parent"): lambda t, a: {"id": a.parent_id, "type": a.parent_type},
    ("LineItem", "bill"): lambda t, i: t.one("bills", i.bill),
    ("LineItem", "matter"): lambda t, i: t.one("matters", i.matter),
    ("LineItem", "user"): lambda t, i: t.one("users", i.user),
    ("LineItem", "discount"): lambda t, i: _discount(i.discount),
    ("LineItem", "activity"): lambda t, i: (
        {"id": activity_of(i), "type": "TimeEntry" if i.kind == "Service" else "ExpenseEntry"}
        if activity_of(i)
        else None
    ),
    ("CreditMemo", "user"): lambda t, c: t.one("users", c.user),
    ("CreditMemo", "contact"): lambda t, c: t.one("contacts", c.contact),
    ("CreditMemo", "allocations"): _memo_parts,
    ("Contact", "addresses"): lambda t, c: c.addresses,
    ("Contact", "email_addresses"): lambda t, c: c.emails,
    ("Contact", "phone_numbers"): lambda t, c: c.phones,
    ("Contact", "primary_address"): lambda t, c: c.addresses[0] if c.addresses else None,
    ("Contact", "secondary_address"): lambda t, c: c.addresses[1] if len(c.addresses) > 1 else None,
    ("Contact", "primary_work_address"): lambda t, c: _of_kind(c.addresses, "Work"),
    ("Contact", "related_contacts"): lambda t, c: [],
    ("Contact", "account_balances"): lambda t, c: _account_balance(t, c, trust_balance(t, c.firm, client=c.id)),
    ("Contact", "currency"): currency,
    ("Matter", "client"): lambda t, m: t.one("contacts", m.client_id),
    ("Matter", "responsible_attorney"): lambda t, m: t.one("users", m.responsible_attorney),
    ("Matter", "originating_attorney"): lambda t, m: t.one("users", m.responsible_attorney),
    ("Matter", "user"): lambda t, m: t.one("users", m.responsible_attorney),
    ("Matter", "currency"): currency,
    ("Matter", "account_balances"): lambda t, m: _account_balance(t, m, trust_balance(t, m.firm, matter=m.id)),
    ("Matter", "matter_bill_recipients"): lambda t, m: [
        {"id": m.id * 10 + n, "recipient": c} for n, c in enumerate(_rows(t, "contacts", m.bill_recipients))
    ],
    ("User", "account"): lambda t, u: t.firm(u),
    ("User", "groups"): lambda t, u: [],
    ("BankTransaction", "client"): lambda t, m: t.one("contacts", m.client),
    ("BankTransaction", "matter"): lambda t, m: t.one("matters", m.matter),
    ("BankTransaction", "bank_account"): lambda t, m: t.one("bank_accounts", m.bank_account_id),
    ("BankTransaction", "bill"): lambda t, m: t.one("bills", m.bill),
    ("BankTransaction", "allocation"): lambda t, m: t.one("allocations", m.allocation),
    ("InterestCharge", "bill"): lambda t, i: t.one("bills", i.bill),
    ("InterestCharge", "balances"): lambda t, i: [],
    ("InterestCharge", "matters"): lambda t, i: _rows(t, "matters", t.state.rows["bills"][i.bill].matters),
    ("TrustLineItem", "bill"): lambda t, i: t.one("bills", i.bill),
    ("TrustLineItem", "matter"): lambda t, i: t.one("matters", i.matter),
    ("TrustLineItem", "client"): lambda t, i: t.one("contacts", i.client),
    ("Webhook", "user"): lambda t, w: t.one("users", w.user),
}


def activity_of(line: LineItem) -> int | None:
    return line.id + 5_000_000 if line.type == "ActivityLineItem" else None


def emails_of(contact: Contact) -> list[str]:
    return [str(one["address"]) for one in contact.emails]
