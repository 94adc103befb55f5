"""What we want at QuickBooks, to the exact text that is sent. Pure; no HTTP.

Amounts are JSON numbers with two places and were never floats. Sources: reference/quickbooks.md 2.6, 3 and 4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import assert_never

from chalicelib.domain.kernel import Json
from chalicelib.domain.money import decimal_of
from chalicelib.domain.wanted import (
    ChangedCustomer,
    Removal,
    Void,
    Wanted,
    WantedApplication,
    WantedCredit,
    WantedCustomer,
    WantedInvoice,
    WantedJournal,
    WantedLine,
    WantedMessage,
    WantedPayment,
    WantedSubAccount,
    WantedSubCustomer,
)
from chalicelib.quickbooks.customer_wire import changed_body, customer_body, sub_body
from chalicelib.quickbooks.trust_wire import TEXT_LENGTH, account_body, existing, journal_body

BATCH_MEMBERS = 30  # 2.6
BID_LENGTH = 10  # 2.3
MESSAGE_LENGTH = 1000  # CustomerMemo (3.2)


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
        case WantedSubCustomer():
            return {"operation": "create", "Customer": sub_body(wanted)}
        case ChangedCustomer():
            return {"operation": "update", "Customer": changed_body(wanted)}
        case WantedInvoice():
            return {"operation": _operation(wanted.existing), "Invoice": _invoice_body(wanted)}
        case WantedMessage():
            return {"operation": "update", "Invoice": _message_body(wanted)}
        case WantedPayment():
            return {"operation": _operation(wanted.existing), "Payment": _payment_body(wanted)}
        case WantedCredit():
            return {"operation": _operation(wanted.existing), "CreditMemo": _credit_body(wanted)}
        case WantedApplication():
            return {"operation": "create", "Payment": _application_body(wanted)}
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
    lines = [_sale_line(line, taxed=wanted.tax is not None) for line in wanted.lines]
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
    elif wanted.undated:  # QuickBooks' own day then: the invoice's and the terms (3.2). Whether null empties is unknown
        body["DueDate"] = None
    if wanted.currency:
        body["CurrencyRef"] = {"value": wanted.currency}
    if wanted.email:
        body["BillEmail"] = {"Address": wanted.email}
    if wanted.message is not None:
        body["CustomerMemo"] = {"value": wanted.message[:MESSAGE_LENGTH]}
    if wanted.tax is not None or wanted.existing:
        body["TxnTaxDetail"] = _tax_detail(wanted)
    return body


def _message_body(wanted: WantedMessage) -> Json:
    """Sparse: fields left out stay, the lines too (2.4)."""
    told = {"CustomerMemo": {"value": wanted.message[:MESSAGE_LENGTH]}}
    return {"Id": wanted.id, "SyncToken": wanted.sync_token, "sparse": True, **told}


def _tax_detail(wanted: WantedInvoice) -> Json:
    """The tax's total, which a sent one can override, and its code if the firm named one (3.5). Whether the company's
    engine keeps it is unknown: the total is read back from the answer. Where tax travels as a line, an update says that
    there is none beside it: left out of a sparse update, what stood there would stay and count twice (2.4)."""
    detail: Json = {"TotalTax": decimal_of(wanted.tax or 0)}
    code = wanted.tax_code if wanted.tax is not None else ""
    return {**detail, "TxnTaxCodeRef": {"value": code}} if code else detail


def _sale_line(line: WantedLine, *, taxed: bool = False) -> Json:
    """NON, unless tax travels as QuickBooks' own: then the taxed lines say TAX (3.5)."""
    code = "TAX" if taxed and line.taxable else "NON"
    detail: Json = {"ItemRef": {"value": line.item}, "TaxCodeRef": {"value": code}}
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


def _credit_body(wanted: WantedCredit) -> Json:
    body: Json = {
        **existing(wanted.existing),
        "DocNumber": wanted.number,
        "CustomerRef": {"value": wanted.customer},
        "TxnDate": wanted.on.isoformat(),
        "PrivateNote": wanted.note[:TEXT_LENGTH],
        "Line": [_sale_line(wanted.line)],
    }
    if wanted.currency:
        body["CurrencyRef"] = {"value": wanted.currency}
    return body


def _application_body(wanted: WantedApplication) -> Json:
    """One line for each document, with positive amounts on both sides (4.4)."""
    used = sum(cents for _, cents in wanted.lines)
    links = [*(("Invoice", id, cents) for id, cents in wanted.lines), ("CreditMemo", wanted.memo, used)]
    body: Json = {
        "CustomerRef": {"value": wanted.customer},
        "TotalAmt": decimal_of(0),
        "TxnDate": wanted.on.isoformat(),
        "PrivateNote": wanted.note[:TEXT_LENGTH],
        "Line": [
            {"Amount": decimal_of(cents), "LinkedTxn": [{"TxnId": id, "TxnType": kind}]} for kind, id, cents in links
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
