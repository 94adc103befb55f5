"""Clio's JSON to our readings. Pure; no HTTP. Field names of Clio's live here and in ``client`` and nowhere else.

Rows come with their fractions as Decimal (reference/clio.md 9.5). A row that cannot be understood becomes Broken in
a page and raises Unreadable in a single read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeVar

from chalicelib.domain.raw import Raw
from chalicelib.domain.raw import cents as _cents
from chalicelib.domain.raw import cents_if_told as _cents_if_told
from chalicelib.domain.raw import day as _day
from chalicelib.domain.raw import instant as _instant
from chalicelib.domain.raw import part as _part
from chalicelib.domain.raw import text as _text
from chalicelib.domain.readings import (
    BillLine,
    BillReading,
    BillState,
    Broken,
    ClientReading,
    Person,
    Pot,
    Receipt,
    Tokens,
)
from chalicelib.domain.trust_readings import Deposit, TrustAccount
from chalicelib.errors import Unreadable

T = TypeVar("T")

BILL = (
    "id,etag,number,kind,state,available_state_transitions,issued_at,due_at,updated_at,total,sub_total,tax_sum,"
    "secondary_tax_sum,total_tax,due,paid,pending,balance,credits_issued,subject,memo,"
    "client{id,name,type,primary_email_address},matters{id,display_number},currency{id,code},interest{balance,total}"
)
# Some accounts refuse some names (reference/clio.md 9.2): what a bill cannot be understood without. The tax is then
# the total less subtotal and interest.
BILL_LEAST = (
    "id,etag,number,kind,state,issued_at,due_at,updated_at,total,sub_total,due,paid,pending,balance,"
    "client{id,name,type,primary_email_address},matters{id,display_number},currency{id,code},interest{total}"
)
LINE = "id,type,kind,date,description,note,sub_total,tax,secondary_tax,total,discount{rate,type},matter{display_number}"
LINE_LEAST = "id,type,kind,date,description,note,tax,total"
RECEIPT = (
    "id,etag,date,amount,voided_at,description,payment_type,bill{id},contact{id,name},matter{id,display_number},"
    "source_bank_account{id,type},parent{id,type}"
)
RECEIPT_LEAST = (
    "id,etag,date,amount,voided_at,description,bill{id},contact{id},source_bank_account{id,type},parent{id,type}"
)
DEPOSIT = (
    "id,etag,type,date,amount,funds_in,funds_out,currency,description,confirmation,transaction_type,"
    "bank_account{id,name,type},client{id,name,type,primary_email_address},matter{id,display_number},bill{id,number},"
    "allocation{id}"
)
DEPOSIT_LEAST = (
    "id,etag,type,date,amount,description,bank_account{id,type},client{id,name,type,primary_email_address},"
    "matter{id,display_number},allocation{id}"
)
ACCOUNT = "id,etag,name,type,balance,currency,bank_transactions_count"
ACCOUNT_LEAST = "id,name,type,balance"
PERSON = "id,name,email,time_zone,account_owner,account{id,name}"
PERSON_LEAST = "id,name,email,time_zone,account{id,name}"

# Clio is a Rails program; where it shows Rails' own zone names, these are the same zones.
_ZONES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Arizona": "America/Phoenix",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Alaska": "America/Anchorage",
    "Hawaii": "Pacific/Honolulu",
    "Atlantic Time (Canada)": "America/Halifax",
    "London": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Sydney": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
    "Brisbane": "Australia/Brisbane",
    "Perth": "Australia/Perth",
}
_POTS = {"revenue_kind": Pot.OPERATING, "trust_kind": Pot.TRUST}
_RECEIPTS = {"Payment": "payment", "CreditMemo": "credit"}


def rows_or_broken(rows: Iterable[Raw], read: Callable[[Raw], T]) -> tuple[T | Broken, ...]:
    """Each row read, or Broken with the field, its value and the row's etag, so that only that row parks."""
    return tuple(_row_or_broken(row, read) for row in rows)


def _row_or_broken(row: Raw, read: Callable[[Raw], T]) -> T | Broken:
    try:
        return read(row)
    except Unreadable as bad:
        held = row if isinstance(row, dict) else {}
        return Broken(
            id=_show(held.get("id")),
            number=_show(held.get("number")),
            what=bad.what,
            raw=bad.raw,
            remedy=bad.remedy,
            mark=_show(held.get("etag")),
        )


# --- bills ----------------------------------------------------------------------------------------------------------


def bill(row: Raw) -> BillReading:
    """A bill as Clio shows it (reference/clio.md 3.1). Raises Unreadable for an unknown state or kind, a fraction of a
    cent, a missing id, total, due or balance. A missing client is the domain's business: ``client`` is then None."""
    total, asks = _cents(row, "total"), _cents(row, "due")
    interest = _interest(row)
    return BillReading(
        id=id_of(row),
        etag=_text(row, "etag"),
        number=_text(row, "number"),
        pot=_pot(row),
        state=_state(row),
        issued_on=_day(row, "issued_at"),
        due_on=_day(row, "due_at"),
        updated_at=_instant(row, "updated_at"),
        total=total,
        asks=asks,
        paid=_cents_if_told(row, "paid"),
        pending=_cents_if_told(row, "pending"),
        balance=_cents(row, "balance"),
        credits=_cents_if_told(row, "credits_issued"),
        tax=_tax(row, total, interest),
        interest=interest,
        discount=total - asks,
        currency=_text(_part(row, "currency"), "code"),
        client=client(_part(row, "client")) if row.get("client") else None,
        matters=tuple(_text(m, "display_number") for m in row.get("matters") or ()),
        transitions=tuple(str(t) for t in row.get("available_state_transitions") or ()),
        matter_ids=tuple(id_of(m) for m in row.get("matters") or ()),
        words=_words(row),
    )


def _words(row: Raw) -> str | None:
    """Subject and memo (reference/clio.md 3.1: nullable), a line each; None where neither was told."""
    if "memo" not in row and "subject" not in row:
        return None
    return "\n".join(part for part in (_text(row, "subject").strip(), _text(row, "memo").strip()) if part)


def _pot(row: Raw) -> Pot:
    kind = row.get("kind")
    if kind not in _POTS:
        raise Unreadable(
            "kind",
            kind,
            "Only invoices and trust requests are followed. If this is one, correct it in Clio, then press Retry.",
        )
    return _POTS[kind]


def _state(row: Raw) -> BillState:
    try:
        return BillState(_text(row, "state"))
    except ValueError as bad:
        raise Unreadable("state", row.get("state"), "Once the bill is awaiting payment in Clio, press Retry.") from bad


def _interest(row: Raw) -> int:
    return _cents_if_told(_part(row, "interest"), "total")


def _tax(row: Raw, total: int, interest: int) -> int:
    """All tax on the bill: Clio's own sum, the two sums, or total less subtotal and interest (3.1 Arithmetic)."""
    if row.get("total_tax") is not None:
        return _cents(row, "total_tax")
    if row.get("tax_sum") is not None:
        return _cents(row, "tax_sum") + _cents_if_told(row, "secondary_tax_sum")
    if row.get("sub_total") is not None:
        return total - _cents(row, "sub_total") - interest
    return 0


def client(row: Raw) -> ClientReading:
    """A contact as a bill's client. Raises Unreadable without an id."""
    return ClientReading(
        id=id_of(row),
        name=_text(row, "name"),
        email=_text(row, "primary_email_address"),
        is_company=row.get("type") == "Company",
    )


# --- lines ----------------------------------------------------------------------------------------------------------


def line(row: Raw) -> BillLine:
    """A printed line; ``net`` after its own discount, before tax. Raises Unreadable when its figures do not hang
    together in any of the readings that the reference leaves open (see ``_net``)."""
    tax = _cents_if_told(row, "tax") + _cents_if_told(row, "secondary_tax")
    kind = _text(row, "kind").lower()
    return BillLine(
        id=id_of(row),
        kind=kind if kind in ("service", "expense") else "other",
        on=_day(row, "date"),
        text=(_text(row, "note") or _text(row, "description")).strip(),
        net=_net(row, tax),
        tax=tax,
        matter=_text(_part(row, "matter"), "display_number"),
    )


def _net(row: Raw, tax: int) -> int:
    """Clio does not say whether a line's ``total`` holds its tax, nor whether ``sub_total`` is before its discount
    (reference/clio.md 4): take the reading in which the line's own figures agree, total with tax first."""
    total = _cents(row, "total")
    if row.get("sub_total") is None:
        return total - tax
    before = _cents(row, "sub_total")
    after = before - _discount(before, _part(row, "discount"))
    for net in (before, after):
        if total == net + tax:
            return net
    for net in (before, after):
        if total == net:
            return net
    if total == 0:
        return 0  # a line without charge keeps its subtotal for show
    raise Unreadable("line", f"sub_total {row['sub_total']} total {row['total']}", "The figures of a line disagree.")


def _discount(amount: int, discount: Raw) -> int:
    """Cents that a line's discount takes off: ``rate`` is a percentage, or money."""
    if discount.get("rate") is None:
        return 0
    if discount.get("type") == "money":
        return _cents(discount, "rate")
    try:
        share = Decimal(amount) * Decimal(discount["rate"]) / 100
        return int(share.quantize(Decimal(1), ROUND_HALF_UP))
    except (InvalidOperation, TypeError) as bad:
        raise Unreadable("discount", discount.get("rate")) from bad


# --- money that Clio shows ------------------------------------------------------------------------------------------


def receipt(row: Raw) -> Receipt:
    """An allocation (reference/clio.md 5.1). ``group`` is its parent's id; the bill may be missing for interest."""
    parent = _part(row, "parent")
    if parent.get("type") not in _RECEIPTS:
        raise Unreadable("parent", parent.get("type"), "Clio shows a payment of a sort that we do not know.")
    on = _day(row, "date")
    if on is None:
        raise Unreadable("date", None, "A payment must have a date.")
    return Receipt(
        id=id_of(row),
        bill_id=_show(_part(row, "bill").get("id")),
        on=on,
        cents=_cents(row, "amount"),
        group=_show(parent.get("id")),
        kind=_RECEIPTS[parent["type"]],
        voided=row.get("voided_at") is not None,
        text=_text(row, "description"),
        from_trust=_part(row, "source_bank_account").get("type") == "Trust",
        contact_id=_show(_part(row, "contact").get("id")),
        contact_name=_text(_part(row, "contact"), "name"),
        source=_show(_part(row, "source_bank_account").get("id")),
        matter_id=_show(_part(row, "matter").get("id")),
        matter=_text(_part(row, "matter"), "display_number"),
    )


def deposit(row: Raw) -> Deposit:
    """A bank transaction (reference/clio.md 6); funds in less funds out where shown, else the signed amount."""
    on = _day(row, "date")
    if on is None:
        raise Unreadable("date", None, "A bank transaction must have a date.")
    shown = row.get("funds_in") is not None and row.get("funds_out") is not None
    told = (_text(row, "description"), _text(row, "confirmation"))
    return Deposit(
        id=id_of(row),
        on=on,
        cents=_cents(row, "funds_in") - _cents(row, "funds_out") if shown else _cents(row, "amount"),
        trust=_on_trust(row),
        text=" ".join(t for t in told if t),
        client_id=_show(_part(row, "client").get("id")),
        bill_id=_show(_part(row, "bill").get("id")),
        receipt_id=_show(_part(row, "allocation").get("id")),
        etag=_text(row, "etag"),
        account=_show(_part(row, "bank_account").get("id")),
        client=client(_part(row, "client")) if row.get("client") else None,
        matter_id=_show(_part(row, "matter").get("id")),
        matter=_text(_part(row, "matter"), "display_number"),
        bill_number=_text(_part(row, "bill"), "number"),
        word="_".join(_text(row, "transaction_type").lower().split()),
        currency=_text(row, "currency").upper(),
    )


def trust_account(row: Raw) -> TrustAccount:
    """A trust bank account (reference/clio.md 6). Raises Unreadable without a balance."""
    return TrustAccount(
        id=id_of(row),
        name=_text(row, "name"),
        balance=_cents(row, "balance"),
        currency=_text(row, "currency").upper(),
        count=int(row["bank_transactions_count"]) if str(row.get("bank_transactions_count")).isdecimal() else None,
    )


def _on_trust(row: Raw) -> bool:
    """By the account's type; by the transaction's (liability is trust, seen in the field) if the account is hidden."""
    kind = _part(row, "bank_account").get("type") or {"liability": "Trust", "asset": "Operating"}.get(
        _text(row, "type")
    )
    if kind not in ("Trust", "Operating"):
        raise Unreadable("bank account", kind, "We cannot tell whether this account is a trust account.")
    return kind == "Trust"


# --- people and tokens ----------------------------------------------------------------------------------------------


def person(row: Raw) -> Person:
    """Who a token is, and at which account (reference/clio.md 7)."""
    account = _part(row, "account")
    zone = _text(row, "time_zone")
    return Person(
        user_id=id_of(row),
        name=_text(row, "name"),
        email=_text(row, "email"),
        account_id=id_of(account),
        account_name=_text(account, "name"),
        zone=_ZONES.get(zone, zone),
        is_owner=row.get("account_owner") is True,
    )


def tokens(row: Raw, expires_at: datetime) -> Tokens:
    """``refresh`` stays empty when Clio sent none: the old one lives on (reference/clio.md 1)."""
    access = row.get("access_token")
    if not isinstance(access, str) or not access:
        raise Unreadable("access_token", "missing")
    return Tokens(access=access, refresh=_text(row, "refresh_token"), expires_at=expires_at)


# --- the smallest pieces --------------------------------------------------------------------------------------------


def id_of(row: Raw) -> str:
    raw = row.get("id") if isinstance(row, dict) else None
    if isinstance(raw, bool) or not isinstance(raw, int | str) or raw == "":
        raise Unreadable("id", raw, "Clio showed a record without an id.")
    return str(raw)


def _show(raw: object) -> str:
    return "" if raw is None else str(raw)
