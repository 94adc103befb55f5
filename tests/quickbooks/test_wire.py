"""QuickBooks' JSON to readings and back, in values (reference/quickbooks.md 2 to 4)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.wanted import Void, WantedCustomer, WantedInvoice, WantedLine, WantedPayment, WantedSubCustomer
from chalicelib.errors import Unreadable
from chalicelib.quickbooks import customer_wire, faults, wants, wire


def an_invoice(**other: Any) -> WantedInvoice:
    wanted: dict[str, Any] = {
        "number": "1042",
        "customer": "63",
        "on": date(2026, 9, 1),
        "due_on": date(2026, 10, 1),
        "lines": (WantedLine("Legal services", 45010, "12"),),
        "discount": 5000,
        "discount_account": "86",
        "note": "fee-simple:bill:1",
        "currency": "USD",
    }
    return WantedInvoice(**{**wanted, **other})


def a_row(**other: Any) -> dict[str, Any]:
    row = {"Id": "238", "SyncToken": "0", "DocNumber": "1042", "CustomerRef": {"value": "63"}}
    return {**row, "TotalAmt": Decimal("400.00"), "Balance": Decimal("150.5"), "PrivateNote": "mine", **other}


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_the_text_of_a_batch_is_exact_to_the_byte() -> None:
    text = wants.batch([("a1", an_invoice())])
    assert text == (
        '{"BatchItemRequest":[{"bId":"a1","operation":"create","Invoice":{"DocNumber":"1042",'
        '"CustomerRef":{"value":"63"},"PrivateNote":"fee-simple:bill:1","AllowOnlineCreditCardPayment":false,'
        '"AllowOnlineACHPayment":false,"Line":[{"DetailType":"SalesItemLineDetail","Amount":450.10,'
        '"Description":"Legal services","SalesItemLineDetail":{"ItemRef":{"value":"12"},'
        '"TaxCodeRef":{"value":"NON"}}},{"DetailType":"DiscountLineDetail","Amount":50.00,'
        '"DiscountLineDetail":{"PercentBased":false,"DiscountAccountRef":{"value":"86"}}}],'
        '"TxnDate":"2026-09-01","DueDate":"2026-10-01","CurrencyRef":{"value":"USD"}}}]}'
    )


def test_a_due_date_is_emptied_where_that_is_wanted_and_left_alone_otherwise() -> None:
    there: Any = {"due_on": None, "existing": ("77", "1")}
    assert '"DueDate":null' in wants.batch([("a", an_invoice(**there, undated=True))])
    assert "DueDate" not in wants.batch([("a", an_invoice(**there))])


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0.00"), (1, "0.01"), (10, "0.10"), (-250, "-2.50"), (123456789, "1234567.89")]
)
def test_an_amount_is_a_number_with_two_places(cents: int, text: str) -> None:
    assert f'"Amount":{text},' in wants.batch([("a", an_invoice(lines=(WantedLine("x", cents, "1"),), discount=0))])


def test_the_text_is_json_whatever_stands_in_it() -> None:
    text = wants.batch([("a", an_invoice(note='quote " back \\ é — \n'))])
    assert json.loads(text)["BatchItemRequest"][0]["Invoice"]["PrivateNote"] == 'quote " back \\ é — \n'


def test_a_float_is_never_written() -> None:
    with pytest.raises(TypeError):
        wants.text_of({"Amount": 1.1})


def test_an_update_is_sparse_and_carries_every_line() -> None:
    body = wants.member(an_invoice(existing=("238", "4")))
    assert body["operation"] == "update"
    assert {k: body["Invoice"][k] for k in ("Id", "SyncToken", "sparse")} == {
        "Id": "238",
        "SyncToken": "4",
        "sparse": True,
    }
    assert len(body["Invoice"]["Line"]) == 2


def test_an_invoice_is_voided_by_its_own_operation_and_a_payment_by_an_option() -> None:
    assert wants.member(Void("Invoice", "1", "0")) == {"operation": "void", "Invoice": {"Id": "1", "SyncToken": "0"}}
    assert wants.member(Void("Payment", "1", "0")) == {
        "operation": "update",
        "optionsData": "void",
        "Payment": {"Id": "1", "SyncToken": "0", "sparse": True},
    }
    with pytest.raises(ValueError, match="cannot be voided"):
        wants.member(Void("Customer", "1", "0"))


def test_a_payment_names_its_invoices_and_its_account() -> None:
    wanted = WantedPayment("63", date(2026, 9, 20), 40000, (("238", 30000),), "35", "CHK 118", "mine", "USD")
    payment = wants.member(wanted)["Payment"]
    assert payment["TotalAmt"] == Decimal("400.00")
    assert payment["Line"] == [{"Amount": Decimal("300.00"), "LinkedTxn": [{"TxnId": "238", "TxnType": "Invoice"}]}]
    assert payment["DepositToAccountRef"] == {"value": "35"}


def test_a_company_gets_its_name_as_company() -> None:
    body = wants.member(WantedCustomer("Orr Inc", "", "mine", company=True))["Customer"]
    assert body == {"DisplayName": "Orr Inc", "Notes": "mine", "CompanyName": "Orr Inc"}


def test_a_sub_customer_is_a_job_below_its_parent_and_is_read_with_it() -> None:
    body = wants.member(WantedSubCustomer("00012-Orr", "63", "mine"))["Customer"]
    parent = {"ParentRef": {"value": "63"}, "Job": True, "BillWithParent": True}
    assert body == {"DisplayName": "00012-Orr", "Notes": "mine", **parent}
    assert customer_wire.customer({"Id": "64", **body}).parent == "63"


def test_the_currency_of_an_invoice_and_of_a_customer_is_told_where_quickbooks_tells_it() -> None:
    euro = {"CurrencyRef": {"value": "EUR"}}
    assert (wire.invoice(a_row()).currency, wire.invoice(a_row(**euro)).currency) == ("", "EUR")
    assert customer_wire.customer({"Id": "64", **euro}).currency == "EUR"
    assert wire.invoice(a_row(**euro)).foreign("USD") and not wire.invoice(a_row()).foreign("USD")
    assert not wire.invoice(a_row(**euro)).foreign("") and not wire.invoice(a_row(**euro)).foreign("EUR")


@pytest.mark.parametrize("bids", [[], ["a"] * 2, ["a" * 11], [""], [str(n) for n in range(31)]])
def test_a_batch_over_the_limits_is_not_made(bids: list[str]) -> None:
    with pytest.raises(ValueError):
        wants.batch([(bid, Void("Invoice", "1", "0")) for bid in bids])


# --- queries --------------------------------------------------------------------------------------------------------


def test_quotes_and_backslashes_are_escaped_in_a_query() -> None:
    assert wire.among(["O'Brien", "a\\b"]) == r"('O\'Brien', 'a\\b')"


# --- what is read ---------------------------------------------------------------------------------------------------


def test_an_invoice_is_read_with_its_payments() -> None:
    meta = {"LastUpdatedTime": "2026-09-01T10:00:00-07:00"}
    linked = [{"TxnId": "300", "TxnType": "Payment"}, {"TxnId": "9", "TxnType": "Estimate"}]
    invoice = wire.invoice(a_row(MetaData=meta, LinkedTxn=linked, TxnDate="2026-09-01"))
    assert (invoice.total, invoice.balance, invoice.payments) == (40000, 15050, ("300",))
    assert invoice.updated_at == datetime(2026, 9, 1, 17, tzinfo=UTC)
    assert not invoice.voided


def test_a_voided_invoice_is_told_by_its_note_and_zero() -> None:
    assert wire.invoice(a_row(TotalAmt=0, Balance=0, PrivateNote="Voided - mine")).voided
    assert not wire.invoice(a_row(TotalAmt=0, Balance=0)).voided


def test_a_payments_lines_are_its_invoices_only() -> None:
    lines = [
        {"Amount": Decimal("75.00"), "LinkedTxn": [{"TxnId": "238", "TxnType": "Invoice"}], "LineEx": {"any": []}},
        {"Amount": Decimal("75.00"), "LinkedTxn": [{"TxnId": "260", "TxnType": "CreditMemo"}]},
    ]
    payment = wire.payment(a_row(Line=lines, UnappliedAmt=Decimal("1.00"), PaymentRefNum="CHK"))
    assert (payment.lines, payment.unapplied, payment.reference) == ((("238", 7500),), 100, "CHK")


def test_an_inactive_customer_is_given_under_its_own_name() -> None:
    row = {"Id": "1", "DisplayName": "Old Mill (deleted)", "Active": False}
    assert customer_wire.customer(row).name == "Old Mill"
    assert customer_wire.customer({**row, "Active": True}).name == "Old Mill (deleted)"


@pytest.mark.parametrize("other", [{"Id": None}, {"TotalAmt": Decimal("1.005")}, {"Balance": None}, {"TxnDate": "x"}])
def test_an_invoice_that_cannot_be_understood_is_unreadable(other: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        wire.invoice(a_row(**other))


def test_an_empty_query_answer_has_no_rows() -> None:
    assert wire.rows({"QueryResponse": {}}, "Invoice") == []


def test_changes_tell_the_living_and_the_deleted() -> None:
    answer = {
        "CDCResponse": [
            {
                "QueryResponse": [
                    {"Customer": [{"Id": "63", "DisplayName": "Ada"}], "startPosition": 1, "maxResults": 1},
                    {"Invoice": [a_row(), {"domain": "QBO", "status": "Deleted", "Id": "239"}]},
                    {
                        "CreditMemo": [
                            {"Id": "70", "SyncToken": "0", "TotalAmt": 25, "Balance": 5, "TxnDate": "2026-09-01"}
                        ]
                    },
                    {},
                ]
            }
        ],
        "time": "2026-09-01T10:00:00.000-07:00",
    }
    changes = wire.changes(answer)
    assert [i.id for i in changes.invoices] == ["238"]
    assert [c.name for c in changes.customers] == ["Ada"]
    assert [(m.id, m.total, m.left) for m in changes.memos] == [("70", 2500, 500)]
    assert changes.deleted == (("Invoice", "239"),)
    assert changes.at == datetime(2026, 9, 1, 17, tzinfo=UTC)
    assert not changes.full


def test_a_changed_row_that_cannot_be_read_holds_up_no_other() -> None:
    rows = [a_row(), a_row(Id="239", Balance=Decimal("0.125")), a_row(Id="240", TxnDate="yesterday")]
    answer = {"CDCResponse": [{"QueryResponse": [{"Invoice": rows}]}], "time": "2026-09-01T10:00:00Z"}
    told = wire.changes(answer)
    assert [i.id for i in told.invoices] == ["238"]
    assert told.odd == (("Invoice", "239"), ("Invoice", "240"))


def test_a_full_answer_of_changes_may_be_cut_off() -> None:
    rows = [a_row(Id=str(n)) for n in range(1000)]
    answer = {"CDCResponse": [{"QueryResponse": [{"Invoice": rows}]}], "time": "2026-09-01T10:00:00Z"}
    assert wire.changes(answer).full


def test_a_preference_that_is_not_told_is_unknown() -> None:
    books = wire.books({"CompanyName": "Firm"}, {"SalesFormsPrefs": {"AllowDiscount": "true"}}, [], [])
    assert (books.custom_numbers, books.allow_discount, books.close_date) == (None, True, None)
    assert books.country == "", "nothing speaks against it"
    assert wire.books({"CompanyName": "Firm", "Country": "CA"}, {}, [], []).country == "CA"


def test_outcomes_are_told_by_member() -> None:
    answer = {
        "BatchItemResponse": [
            {"bId": "a1", "Fault": {"Error": [{"code": "6240", "Message": "Duplicate", "Detail": "d"}]}},
            {"bId": "a2", "Invoice": {"Id": "7", "SyncToken": "1", "TotalAmt": Decimal("4.50")}},
        ]
    }
    wrote = wire.outcomes(answer, faults.fault_of)
    assert wrote["a1"].fault == ("6240", "Duplicate", "d")
    assert (wrote["a2"].ok, wrote["a2"].id, wrote["a2"].sync_token, wrote["a2"].total) == (True, "7", "1", 450)
