"""QuickBooks' JSON to our readings. Pure; no HTTP. What is sent stands in ``wants``.

Objects come with their fractions as Decimal. Sources: reference/quickbooks.md 2.6, 2.7, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.raw import Raw
from chalicelib.domain.raw import cents as _cents
from chalicelib.domain.raw import cents_if_told as _cents_if_told
from chalicelib.domain.raw import day as _day
from chalicelib.domain.raw import instant as _instant
from chalicelib.domain.raw import part as _part
from chalicelib.domain.raw import parts as _parts
from chalicelib.domain.raw import text as _text
from chalicelib.domain.readings import (
    BookedPayment,
    Books,
    DocNumber,
    DocNumbers,
    InvoiceReading,
    Wrote,
)
from chalicelib.errors import Unreadable
from chalicelib.quickbooks.customer_wire import INACTIVE, customer
from chalicelib.quickbooks.parts import flag as _flag
from chalicelib.quickbooks.parts import id_of as _id
from chalicelib.quickbooks.parts import updated as _updated
from chalicelib.quickbooks.trust_wire import account, journal

R = TypeVar("R")
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
        message=_text(_part(row, "CustomerMemo"), "value"),
        currency=_text(_part(row, "CurrencyRef"), "value"),
    )


def payment(row: Raw) -> BookedPayment:
    """A payment (4.3). ``lines`` are its invoices, ``credits`` its credit memos; LineEx noise is left out."""
    note, total = _text(row, "PrivateNote"), _cents(row, "TotalAmt")
    return BookedPayment(
        id=_id(row),
        sync_token=_text(row, "SyncToken"),
        customer_id=_text(_part(row, "CustomerRef"), "value"),
        total=total,
        on=_day(row, "TxnDate"),
        note=note,
        reference=_text(row, "PaymentRefNum"),
        lines=_linked(row, "Invoice"),
        unapplied=_cents_if_told(row, "UnappliedAmt"),
        voided=_voided(note, total),
        credits=_linked(row, "CreditMemo"),
        method=_text(_part(row, "PaymentMethodRef"), "name"),
    )


def _linked(row: Raw, kind: str) -> tuple[tuple[str, int], ...]:
    """(id, cents) of the documents of one kind that a payment's lines name."""
    return tuple(
        (_text(linked, "TxnId"), _cents(line, "Amount"))
        for line in _parts(row, "Line")
        for linked in _parts(line, "LinkedTxn")
        if linked.get("TxnType") == kind
    )


def memo(row: Raw) -> MemoReading:
    """A credit memo (4.4). What is left of it is told under either of two names."""
    left = "RemainingCredit" if row.get("RemainingCredit") is not None else "Balance"
    return MemoReading(
        id=_id(row),
        sync_token=_text(row, "SyncToken"),
        number=_text(row, "DocNumber"),
        customer_id=_text(_part(row, "CustomerRef"), "value"),
        total=_cents(row, "TotalAmt"),
        left=_cents(row, left),
        on=_day(row, "TxnDate"),
        note=_text(row, "PrivateNote"),
        payments=tuple(_text(t, "TxnId") for t in _parts(row, "LinkedTxn") if t.get("TxnType") == "Payment"),
    )


def _voided(note: str, total: int) -> bool:
    return total == 0 and note.startswith("Voided")


def books(company: Raw, preferences: Raw, accounts: Iterable[Raw], items: Iterable[Raw]) -> Books:
    """What a company says of itself (4.2, 4.8). A preference that is not told is None: unknown."""
    sales, currency = _part(preferences, "SalesFormsPrefs"), _part(preferences, "CurrencyPrefs")
    offered = [i for i in items if i.get("Type") == "Service"]
    return Books(
        company=_text(company, "CompanyName"),
        country=_text(company, "Country"),
        currency=_text(_part(currency, "HomeCurrency"), "value"),
        accounts=tuple(account(a) for a in accounts),
        items=tuple((_id(i), _text(i, "Name")) for i in offered),
        incomes={_id(i): id for i in offered if (id := _text(_part(i, "IncomeAccountRef"), "value"))},
        custom_numbers=_flag(sales, "CustomTxnNumbers"),
        allow_discount=_flag(sales, "AllowDiscount"),
        auto_apply_credit=_flag(sales, "AutoApplyCredit"),
        sales_tax=_flag(_part(preferences, "TaxPrefs"), "UsingSalesTax"),
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
    by_entity = {entity: rows(told, entity) for entity, told in answers.items()}
    found = tuple(
        DocNumber(entity, _id(row), str(row["DocNumber"]))
        for entity, told in by_entity.items()
        for row in told
        if row.get("DocNumber")
    )
    return DocNumbers(found, any(len(told) >= page for told in by_entity.values()), _instant(at, "time"))


def applies_credits(preferences: Raw) -> bool | None:
    """Whether QuickBooks applies new credits by itself; None where it does not say."""
    return _flag(_part(preferences, "SalesFormsPrefs"), "AutoApplyCredit")


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
    deleted = tuple((entity, _id(row)) for entity, row in found if row.get("status") == "Deleted")
    told = _readable(alive, _instant(answer, "time"))
    return replace(told, deleted=deleted, full=len(found) >= CDC_OBJECTS)


def changed(entity: str, found: Sequence[Raw], at: datetime) -> BookChanges:
    """Rows of one kind, read by a query at ``at``."""
    return _readable([(entity, row) for row in found], at)


def _readable(alive: Sequence[tuple[str, Raw]], at: datetime) -> BookChanges:
    """A row that we cannot read holds up no other: most of what changes in a company is not ours."""
    odd: list[tuple[str, str]] = []

    def all_of(kind: str, reading: Callable[[Raw], R]) -> tuple[R, ...]:
        found = []
        for row in (row for entity, row in alive if entity == kind):
            try:
                found.append(reading(row))
            except Unreadable:
                odd.append((kind, _text(row, "Id")))
        return tuple(found)

    return BookChanges(
        invoices=all_of("Invoice", invoice),
        payments=all_of("Payment", payment),
        customers=all_of("Customer", customer),
        journals=all_of("JournalEntry", journal),
        memos=all_of("CreditMemo", memo),
        deleted=(),
        at=at,
        odd=tuple(odd),
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
    entity = next((k for k, v in item.items() if isinstance(v, dict) and k != "QueryResponse"), None)
    if entity is None:
        raise Unreadable("BatchItemResponse", sorted(item))
    body = item[entity]
    return Wrote(
        customer=customer(body) if "Customer" in item else None,
        ok=True,
        id=_id(body),
        sync_token=_text(body, "SyncToken"),
        total=_cents_if_told(body, "TotalAmt"),
        entity=entity,
        deleted=body.get("status") == "Deleted",
        unapplied=_cents_if_told(body, "UnappliedAmt"),
        of_customer=_text(_part(body, "CustomerRef"), "value"),
        number=_text(body, "DocNumber"),
        invoices=tuple(id for id, _ in _linked(body, "Invoice")) if entity == "Payment" else (),
        lines=journal(body).lines if entity == "JournalEntry" else (),
    )
