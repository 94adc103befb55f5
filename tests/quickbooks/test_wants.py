"""What we want at QuickBooks, in values: credits, what applies them, messages and tax (quickbooks.md 3 and 4)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from chalicelib.domain.wanted import (
    Removal,
    WantedApplication,
    WantedCredit,
    WantedInvoice,
    WantedLine,
    WantedMessage,
)
from chalicelib.quickbooks import wants, wire

DAY = date(2026, 3, 2)


def body_of(wanted: Any) -> tuple[str, str, dict[str, Any]]:
    """(operation, entity, body) as sent."""
    sent = json.loads(wants.batch([("m0", wanted)]))["BatchItemRequest"][0]
    entity = next(k for k in sent if k not in ("bId", "operation"))
    return sent["operation"], entity, sent[entity]


def an_invoice(**more: Any) -> WantedInvoice:
    lines = (WantedLine("Advice", 10000, "1", taxable=True), WantedLine("Copies", 500, "2"))
    return WantedInvoice("1042", "63", DAY, None, lines, 0, "", "note", "USD", **more)


def test_a_credit_is_a_memo_of_one_line() -> None:
    operation, entity, body = body_of(WantedCredit("CN-1", "63", DAY, WantedLine("Credit", 5000, "1"), "mark", "USD"))
    assert (operation, entity) == ("create", "CreditMemo")
    assert (body["DocNumber"], body["Line"][0]["Amount"], body["CurrencyRef"]) == ("CN-1", 50.0, {"value": "USD"})
    existing = WantedCredit("CN-1", "63", DAY, WantedLine("Credit", 1, "1"), "mark", "", ("9", "2"))
    operation, _, body = body_of(existing)
    assert (operation, body["Id"], body["SyncToken"], body["sparse"]) == ("update", "9", "2", True)


def test_it_is_applied_by_a_payment_of_nothing_with_a_line_for_each_document() -> None:
    wanted = WantedApplication("9", "63", DAY, (("238", 3000), ("239", 2000)), "mark", "USD")
    operation, entity, body = body_of(wanted)
    assert (operation, entity, body["TotalAmt"]) == ("create", "Payment", 0.0)
    linked = [(x["Amount"], x["LinkedTxn"][0]["TxnType"], x["LinkedTxn"][0]["TxnId"]) for x in body["Line"]]
    assert linked == [(30.0, "Invoice", "238"), (20.0, "Invoice", "239"), (50.0, "CreditMemo", "9")]
    assert "DepositToAccountRef" not in body
    assert "CurrencyRef" not in body_of(WantedApplication("9", "63", DAY, (), "mark", ""))[2]
    named = body_of(WantedApplication("9", "63", DAY, (), "mark", "USD", "35"))[2]
    assert named["DepositToAccountRef"] == {"value": "35"}, "not QuickBooks' own, which may be inactive"


def test_what_cannot_be_voided_is_deleted() -> None:
    assert body_of(Removal("CreditMemo", "9", "1")) == ("delete", "CreditMemo", {"Id": "9", "SyncToken": "1"})


def test_a_message_is_sent_only_when_there_is_something_to_say() -> None:
    assert "CustomerMemo" not in body_of(an_invoice())[2]
    assert body_of(an_invoice(message=""))[2]["CustomerMemo"] == {"value": ""}
    assert len(body_of(an_invoice(message="x" * 2000))[2]["CustomerMemo"]["value"]) == 1000


def test_a_message_alone_leaves_everything_else_of_an_invoice() -> None:
    told = body_of(WantedMessage("7", "3", "Pay online: x"))
    sparse = {"Id": "7", "SyncToken": "3", "sparse": True}
    assert told == ("update", "Invoice", {**sparse, "CustomerMemo": {"value": "Pay online: x"}})


def test_tax_travels_as_tax_only_when_chosen() -> None:
    plain = body_of(an_invoice())[2]
    assert "TxnTaxDetail" not in plain
    assert [x["SalesItemLineDetail"]["TaxCodeRef"]["value"] for x in plain["Line"]] == ["NON", "NON"]
    taxed = body_of(an_invoice(tax=888, tax_code="5"))[2]
    assert taxed["TxnTaxDetail"] == {"TotalTax": 8.88, "TxnTaxCodeRef": {"value": "5"}}
    assert [x["SalesItemLineDetail"]["TaxCodeRef"]["value"] for x in taxed["Line"]] == ["TAX", "NON"]
    assert body_of(an_invoice(tax=0))[2]["TxnTaxDetail"] == {"TotalTax": 0.0}
    changed = body_of(an_invoice(existing=("9", "2"), tax_code="5"))[2]
    assert changed["TxnTaxDetail"] == {"TotalTax": 0.0}, "what stood there beside the line would stay"


def test_a_memo_is_read_with_what_is_left_of_it() -> None:
    row = {"Id": "9", "SyncToken": "1", "DocNumber": "CN-1", "TotalAmt": 50, "Balance": 20, "TxnDate": "2026-03-02"}
    memo = wire.memo({**row, "LinkedTxn": [{"TxnId": "7", "TxnType": "Payment"}, {"TxnId": "8", "TxnType": "Other"}]})
    assert (memo.total, memo.left, memo.payments, memo.on) == (5000, 2000, ("7",), DAY)
    assert wire.memo({**row, "RemainingCredit": 10}).left == 1000


def test_whether_credits_apply_by_themselves_may_be_unknown() -> None:
    assert wire.applies_credits({"SalesFormsPrefs": {"AutoApplyCredit": True}}) is True
    assert wire.applies_credits({}) is None


def test_an_answer_says_what_it_is_about() -> None:
    gone = {"bId": "m0", "CreditMemo": {"Id": "9", "status": "Deleted"}}
    paid = {"bId": "m1", "Payment": {"Id": "8", "TotalAmt": 5, "UnappliedAmt": 2}}
    told = wire.outcomes({"BatchItemResponse": [gone, paid]}, lambda _: None)
    assert (told["m0"].entity, told["m0"].deleted, told["m1"].unapplied) == ("CreditMemo", True, 200)
