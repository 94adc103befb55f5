"""QuickBooks' JSON to our readings, and what we want to the exact text that is sent. Pure; no HTTP.

Objects come parsed with ``parse_float=Decimal``. What is sent is written by ``text_of``: amounts are JSON numbers with
two places and were never floats. Sources: reference/quickbooks.md 2.6, 2.7, 3 and 4.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import assert_never

from chalicelib.domain.kernel import Json
from chalicelib.domain.money import cents_from, decimal_of
from chalicelib.domain.readings import (
    BookChanges,
    BookedPayment,
    Books,
    DocNumber,
    DocNumbers,
    InvoiceReading,
    Raw,
    Wrote,
)
from chalicelib.domain.wanted import (
    Removal,
    Void,
    Wanted,
    WantedCustomer,
    WantedInvoice,
    WantedJournal,
    WantedLine,
    WantedPayment,
    WantedSubAccount,
)
from chalicelib.errors import Unreadable
from chalicelib.quickbooks.customer_wire import INACTIVE, customer, customer_body
from chalicelib.quickbooks.parts import cents as _cents
from chalicelib.quickbooks.parts import day as _day
from chalicelib.quickbooks.parts import flag as _flag
from chalicelib.quickbooks.parts import id_of as _id
from chalicelib.quickbooks.parts import instant as _instant
from chalicelib.quickbooks.parts import part as _part
from chalicelib.quickbooks.parts import parts as _parts
from chalicelib.quickbooks.parts import text as _text
from chalicelib.quickbooks.parts import updated as _updated
from chalicelib.quickbooks.trust_wire import TEXT_LENGTH, account, account_body, existing, journal_body

BATCH_MEMBERS = 30  # 2.6
BID_LENGTH = 10  # 2.3
CDC_OBJECTS = 1000  # 2.7: a full answer may be cut off


# --- reading --------------------------------------------------------------------------------------------------------


def invoice(row: Raw) -> InvoiceReading:
    """An invoice (3.2). A void puts "Voided" before the note and takes every amount to zero (3.6)."""
    note, total = _text(row, "PrivateNote"), _cents(row, "TotalAmt")
    return InvoiceReading(
        id=_id(row),
        sync_token=_text(row, "SyncToken"),
        number=_text(row, "DocNumber"),
        customer_id=_text(_part(row, "CustomerRef"), "value"),
        total=total,
        balance=_cents(row, "Balance"),
        on=_day(row, "TxnDate"),
        due_on=_day(row, "DueDate"),
        note=note,
        updated_at=_updated(row),
        payments=tuple(_text(t, "TxnId") for t in _parts(row, "LinkedTxn") if t.get("TxnType") == "Payment"),
        voided=_voided(note, total),
    )


def payment(row: Raw) -> BookedPayment:
    """A payment (4.3). ``lines`` are its invoices; lines to credit memos and LineEx noise are left out."""
    note, total = _text(row, "PrivateNote"), _cents(row, "TotalAmt")
    lines = [
        (_text(linked, "TxnId"), _cents(line, "Amount"))
        for line in _parts(row, "Line")
        for linked in _parts(line, "LinkedTxn")
        if linked.get("TxnType") == "Invoice"
    ]
    return BookedPayment(
        id=_id(row),
        sync_token=_text(row, "SyncToken"),
        customer_id=_text(_part(row, "CustomerRef"), "value"),
        total=total,
        on=_day(row, "TxnDate"),
        note=note,
        reference=_text(row, "PaymentRefNum"),
        lines=tuple(lines),
        unapplied=0 if row.get("UnappliedAmt") is None else _cents(row, "UnappliedAmt"),
        voided=_voided(note, total),
    )


def _voided(note: str, total: int) -> bool:
    return total == 0 and note.startswith("Voided")


def books(company: Raw, preferences: Raw, accounts: Iterable[Raw], items: Iterable[Raw]) -> Books:
    """What a company says of itself (4.2, 4.8). A preference that is not told is None: unknown."""
    sales, currency = _part(preferences, "SalesFormsPrefs"), _part(preferences, "CurrencyPrefs")
    return Books(
        company=_text(company, "CompanyName"),
        currency=_text(_part(currency, "HomeCurrency"), "value"),
        accounts=tuple(account(a) for a in accounts),
        items=tuple((_id(i), _text(i, "Name")) for i in items if i.get("Type") == "Service"),
        custom_numbers=_flag(sales, "CustomTxnNumbers"),
        allow_discount=_flag(sales, "AllowDiscount"),
        auto_apply_credit=_flag(sales, "AutoApplyCredit"),
        close_date=_day(_part(preferences, "AccountingInfoPrefs"), "BookCloseDate"),
        warns_of_doubles=_named_flag(_part(preferences, "OtherPrefs"), "WarnDuplicateBillNumber"),
    )


def _named_flag(row: Raw, name: str) -> bool | None:
    """A preference in a list of names and texts (4.8). Absent for some companies, or another word: unknown."""
    told = next((v.get("Value") for v in _parts(row, "NameValue") if v.get("Name") == name), None)
    return {"true": True, "false": False}.get(str(told).lower())


NUMBERED = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Estimate", "JournalEntry")  # share numbers (3.3)


def numbers(answers: Mapping[str, Raw], at: Raw, page: int) -> DocNumbers:
    """``answers``: by entity, each a query's answer of at most ``page`` rows; ``at``: the batch's own answer."""
    by_entity = {entity: rows(answers[entity], entity) for entity in NUMBERED}
    found = tuple(
        DocNumber(entity, _id(row), str(row["DocNumber"]))
        for entity, told in by_entity.items()
        for row in told
        if row.get("DocNumber")
    )
    return DocNumbers(found, any(len(told) >= page for told in by_entity.values()), _instant(at, "time"))


def changes(answer: Raw) -> BookChanges:
    """Change data capture (2.7): whole objects, and ids of deleted ones. ``at`` is the answer's own time: the next
    ``since``, less a margin."""
    found = [
        (entity, row)
        for response in _parts(answer, "CDCResponse")
        for query in _parts(response, "QueryResponse")
        for entity, rows in query.items()
        if isinstance(rows, list)
        for row in rows
    ]
    alive = [(entity, row) for entity, row in found if row.get("status") != "Deleted"]
    return BookChanges(
        invoices=tuple(invoice(row) for entity, row in alive if entity == "Invoice"),
        payments=tuple(payment(row) for entity, row in alive if entity == "Payment"),
        customers=tuple(customer(row) for entity, row in alive if entity == "Customer"),
        deleted=tuple((entity, _id(row)) for entity, row in found if row.get("status") == "Deleted"),
        at=_instant(answer, "time"),
        full=len(found) >= CDC_OBJECTS,
    )


def rows(answer: Raw, entity: str) -> list[Raw]:
    """A query's rows; an empty result lacks the entity's key (2.5). Rows without an object shape are Unreadable."""
    return _parts(_part(answer, "QueryResponse"), entity)


# --- queries (2.5) --------------------------------------------------------------------------------------------------


def quoted(value: str) -> str:
    """A value in a query: single quotes, with backslash and quote escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def among(values: Iterable[str]) -> str:
    return f"({', '.join(quoted(v) for v in values)})"


def spellings(names: Iterable[str]) -> list[str]:
    """Each name, and as QuickBooks shows it once inactive."""
    return [spelt for name in names for spelt in (name, name + INACTIVE)]


# --- writing --------------------------------------------------------------------------------------------------------


def batch(members: Sequence[tuple[str, Wanted]]) -> str:
    """The exact text of a batch: (bId, what) each. Raises ValueError over the limits of 2.3 and 2.6."""
    if not 0 < len(members) <= BATCH_MEMBERS:
        raise ValueError(f"a batch holds 1 to {BATCH_MEMBERS} members")
    if any(not 0 < len(bid) <= BID_LENGTH for bid, _ in members) or len({bid for bid, _ in members}) < len(members):
        raise ValueError(f"each bId has 1 to {BID_LENGTH} characters and stands once")
    return text_of({"BatchItemRequest": [{"bId": bid, **member(wanted)} for bid, wanted in members]})


def member(wanted: Wanted) -> Json:
    """One member of a batch, without its bId."""
    match wanted:
        case WantedCustomer():
            return {"operation": "create", "Customer": customer_body(wanted)}
        case WantedInvoice():
            return {"operation": _operation(wanted.existing), "Invoice": _invoice_body(wanted)}
        case WantedPayment():
            return {"operation": _operation(wanted.existing), "Payment": _payment_body(wanted)}
        case WantedJournal():
            return {"operation": _operation(wanted.existing), "JournalEntry": journal_body(wanted)}
        case WantedSubAccount():
            return {"operation": "create", "Account": account_body(wanted)}
        case Void():
            return _void(wanted)
        case Removal():
            return {"operation": "delete", wanted.entity: {"Id": wanted.id, "SyncToken": wanted.sync_token}}
        case _:
            assert_never(wanted)


def _operation(existing: tuple[str, str] | None) -> str:
    return "update" if existing else "create"


def _void(void: Void) -> Json:
    """An invoice is voided by its own operation, a payment by an update with the option ``void`` (2.6, 4.6)."""
    named = {"Id": void.id, "SyncToken": void.sync_token}
    if void.entity == "Invoice":
        return {"operation": "void", "Invoice": named}
    if void.entity == "Payment":
        return {"operation": "update", "optionsData": "void", "Payment": {**named, "sparse": True}}
    raise ValueError(f"{void.entity} cannot be voided")


def _invoice_body(wanted: WantedInvoice) -> Json:
    """All lines always go along (2.4); only amounts, since QuickBooks prefers quantity times price to the amount
    (3.4); online payment is off because clients pay elsewhere (3.2)."""
    lines = [_sale_line(line) for line in wanted.lines]
    if wanted.discount:
        lines.append(_discount_line(wanted))
    body: Json = {
        **existing(wanted.existing),
        "DocNumber": wanted.number,
        "CustomerRef": {"value": wanted.customer},
        "PrivateNote": wanted.note[:TEXT_LENGTH],
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
        "Line": lines,
    }
    if wanted.on:
        body["TxnDate"] = wanted.on.isoformat()
    if wanted.due_on:
        body["DueDate"] = wanted.due_on.isoformat()
    if wanted.currency:
        body["CurrencyRef"] = {"value": wanted.currency}
    if wanted.email:
        body["BillEmail"] = {"Address": wanted.email}
    return body


def _sale_line(line: WantedLine) -> Json:
    """NON: the tax is a line of its own, never QuickBooks' engine (3.5)."""
    detail: Json = {"ItemRef": {"value": line.item}, "TaxCodeRef": {"value": "NON"}}
    if line.on:
        detail["ServiceDate"] = line.on.isoformat()
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": decimal_of(line.cents),
        "Description": line.text[:TEXT_LENGTH],
        "SalesItemLineDetail": detail,
    }


def _discount_line(wanted: WantedInvoice) -> Json:
    detail: Json = {"PercentBased": False}
    if wanted.discount_account:
        detail["DiscountAccountRef"] = {"value": wanted.discount_account}
    return {"DetailType": "DiscountLineDetail", "Amount": decimal_of(wanted.discount), "DiscountLineDetail": detail}


def _payment_body(wanted: WantedPayment) -> Json:
    body: Json = {
        **existing(wanted.existing),
        "CustomerRef": {"value": wanted.customer},
        "TotalAmt": decimal_of(wanted.cents),
        "TxnDate": wanted.on.isoformat(),
        "PaymentRefNum": wanted.reference[:21],
        "PrivateNote": wanted.note[:TEXT_LENGTH],
        "Line": [
            {"Amount": decimal_of(cents), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
            for invoice_id, cents in wanted.lines
        ],
    }
    if wanted.account:
        body["DepositToAccountRef"] = {"value": wanted.account}
    if wanted.currency:
        body["CurrencyRef"] = {"value": wanted.currency}
    return body


def text_of(value: object) -> str:
    """JSON text without floats: a Decimal stands as written, so 10.50 stays ``10.50``. Raises TypeError for a float."""
    match value:
        case bool() | None | str() | int():
            return json.dumps(value)
        case Decimal():
            return format(value, "f")
        case Mapping():
            return "{" + ",".join(f"{json.dumps(str(k))}:{text_of(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(text_of(v) for v in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no exact JSON")


# --- what came of a batch -------------------------------------------------------------------------------------------


def outcomes(answer: Raw, fault_of: Callable[[Raw], tuple[str, str, str] | None]) -> dict[str, Wrote]:
    """bId -> outcome of each member that the answer names; one that it leaves out is not in the result (2.6).

    ``fault_of`` reads a member's fault in either spelling. Raises Unreadable when there is no list of members."""
    if not isinstance(answer.get("BatchItemResponse"), list):
        raise Unreadable("BatchItemResponse", type(answer.get("BatchItemResponse")).__name__)
    return {_text(item, "bId"): _outcome(item, fault_of(item)) for item in _parts(answer, "BatchItemResponse")}


def _outcome(item: Raw, fault: tuple[str, str, str] | None) -> Wrote:
    if fault is not None:
        return Wrote(ok=False, fault=fault)
    body = next((v for k, v in item.items() if isinstance(v, dict) and k != "QueryResponse"), None)
    if body is None:
        raise Unreadable("BatchItemResponse", sorted(item))
    total = body.get("TotalAmt")
    return Wrote(
        customer=customer(body) if "Customer" in item else None,
        ok=True,
        id=_id(body),
        sync_token=_text(body, "SyncToken"),
        total=0 if total is None else cents_from(total, "TotalAmt"),
    )
