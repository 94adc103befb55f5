"""Credit memos, customer messages and sales tax in the QuickBooks sandbox, over raw HTTP (reference 3.2, 3.5, 4.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.quickbooks_wire import App, code, good, stamp


def a_memo(a: App, amount: Any = 30, **changes: Any) -> dict[str, Any]:
    return a.made("CreditMemo", a.invoice_body(amount, **changes))


def tie(a: App, invoice: dict[str, Any], memo: dict[str, Any], amount: Any = 30) -> dict[str, Any]:
    return a.payment(0, ("Invoice", invoice["Id"], amount), ("CreditMemo", memo["Id"], amount))


def test_a_payment_of_nothing_applies_a_memo_and_lets_it_go_when_deleted() -> None:  # 4.4
    a = App()
    invoice, memo = a.invoice(100), a_memo(a)
    applied = tie(a, invoice, memo)
    assert a.read("Invoice", invoice["Id"])["Balance"] == 70
    assert a.read("CreditMemo", memo["Id"])["RemainingCredit"] == 0
    good(a.post("payment", stamp(applied), operation="delete"))
    assert a.read("Invoice", invoice["Id"])["Balance"] == 100
    assert a.read("CreditMemo", memo["Id"])["RemainingCredit"] == 30


def test_a_memo_goes_only_after_its_application() -> None:  # 3.6, 4.4
    a = App()
    invoice, memo = a.invoice(100), a_memo(a)
    applied = tie(a, invoice, memo)
    now = a.read("CreditMemo", memo["Id"])
    assert code(a.post("creditmemo", stamp(now), operation="delete")) == "800"
    good(a.post("payment", stamp(applied), operation="delete"))
    now = a.read("CreditMemo", memo["Id"])
    assert good(a.post("creditmemo", stamp(now), operation="delete"))["CreditMemo"]["status"] == "Deleted"


def test_a_memos_number_meets_those_of_invoices() -> None:  # 3.3: sales forms share the space
    a = App()
    a.invoice(100, DocNumber="7001")
    assert code(a.post("creditmemo", a.invoice_body(30, DocNumber="7001"))) == "6140"
    assert a_memo(a, DocNumber="CN-7001")["DocNumber"] == "CN-7001"


def test_a_customer_message_outlives_a_sparse_update_and_has_its_length() -> None:  # 3.2
    a = App()
    made = a.invoice(100, CustomerMemo={"value": "Pay online: https://pay.example/x"})
    after = a.made("Invoice", stamp(made, sparse=True, DueDate="2026-05-01"))
    assert after["CustomerMemo"]["value"] == "Pay online: https://pay.example/x"
    assert code(a.post("invoice", a.invoice_body(100, CustomerMemo={"value": "x" * 1001}))) == "2050"


@pytest.mark.parametrize(("uses", "total"), [(True, 108), (False, 100)])
def test_a_sent_tax_counts_only_where_the_company_uses_sales_tax(uses: bool, total: int) -> None:  # 3.5
    a = App()
    a.people.set_preferences(a.realm, UsingSalesTax=uses)
    line = a.line(100, TaxCodeRef={"value": "TAX"})
    made = a.invoice(100, Line=[line], TxnTaxDetail={"TotalTax": 8})
    assert made["TotalAmt"] == total
