"""Every strict rule of the QuickBooks sandbox, a row each: what is sent, and the code that refuses it.

The id of a row names the section of reference/quickbooks.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from infra.sandbox.quickbooks import REALM_B
from tests.sandbox.quickbooks_wire import App, code, good, stamp

Ask = Callable[[App], requests.Response]


def invoice(amount: Any = 100, **changes: Any) -> Ask:
    return lambda a: a.post("invoice", a.invoice_body(amount, **changes))


def lines(*make: Callable[[App], dict[str, Any]]) -> Ask:
    return lambda a: a.post("invoice", a.invoice_body(Line=[m(a) for m in make]))


def customer(**body: Any) -> Ask:
    return lambda a: a.post("customer", body)


def journal(*sides: tuple[str, str, Any]) -> Ask:
    def ask(a: App) -> requests.Response:
        made = [
            {
                "DetailType": "JournalEntryLineDetail",
                "Amount": amount,
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": a.account(name)}},
            }
            for side, name, amount in sides
        ]
        return a.post("journalentry", {"Line": made})

    return ask


def after(do: Callable[[App], Any], ask: Callable[[App, Any], requests.Response]) -> Ask:
    """First ``do``, then ``ask`` with what it gave."""
    return lambda a: ask(a, do(a))


def paid_invoice(a: App) -> dict[str, Any]:
    made = a.invoice()
    a.payment(100, ("Invoice", made["Id"], 100))
    return a.read("Invoice", made["Id"])


def deposited_payment(a: App) -> dict[str, Any]:
    made = a.payment(50)
    a.people.deposit_payment(a.realm, made["Id"])
    return made


def closed(a: App) -> dict[str, Any]:
    made = a.invoice(TxnDate="2026-01-15")
    a.people.set_preferences(a.realm, BookCloseDate="2026-01-31")
    return made


def gone_customer(a: App) -> str:
    made = a.people.add_customer(a.realm, "Gone Away")
    a.people.deactivate_customer(a.realm, made["Id"])
    return str(made["Id"])


def gone_item(a: App) -> str:
    body = {"Name": "Old item", "Type": "Service", "IncomeAccountRef": {"value": a.account("Legal Fee Income")}}
    made = a.made("Item", body)
    a.made("Item", stamp(made, sparse=True, Active=False))
    return str(made["Id"])


def preferences(**sales: Any) -> Callable[[App], Any]:
    return lambda a: a.people.set_preferences(a.realm, **sales)


def late_terms(a: App) -> str:
    return str(a.made("Term", {"Name": "Later", "DueDays": 10**12})["Id"])


def several_currencies(a: App) -> None:
    a.box.company(a.realm).preferences["CurrencyPrefs"]["MultiCurrencyEnabled"] = True


def chain(a: App) -> dict[str, Any]:
    """Four levels below the top already."""
    made = a.made("Customer", {"DisplayName": "Top"})
    for level in range(4):
        made = a.made("Customer", {"DisplayName": f"Level {level}", "Job": True, "ParentRef": {"value": made["Id"]}})
    return made


PREFERENCES = {"Id": "1", "SyncToken": "0"}
EUR = {"value": "EUR"}
ADDRESS = {f"Line{n}": "x" * 500 for n in range(1, 5)}
ROWS: list[tuple[str, Ask, str]] = [
    # --- requests in general ---
    ("2.1 content type must be json", lambda a: a.post("invoice", {}, headers={"Content-Type": "text/xml"}), "1050"),
    ("2.1 body must be UTF-8", lambda a: a.post("invoice", b'{"DocNumber":"\xff"}'), "500"),
    ("2.1 body must be json", lambda a: a.post("invoice", b"{"), "2010"),
    ("2.3 requestid of 51 characters", lambda a: a.post("invoice", a.invoice_body(), requestid="x" * 51), "2050"),
    ("2.4 update needs SyncToken", lambda a: a.post("invoice", {"Id": "145", "sparse": True}), "2020"),
    ("2.4 sparse update needs Id", lambda a: a.post("invoice", {"sparse": True, "SyncToken": "0"}), "2020"),
    (
        "2.4 stale SyncToken on update",
        lambda a: a.post("invoice", {"Id": "145", "SyncToken": "7", "sparse": True, "PrivateNote": "x"}),
        "5010",
    ),
    (
        "2.4 stale SyncToken on delete",
        lambda a: a.post("invoice", {"Id": "145", "SyncToken": "7"}, operation="delete"),
        "5010",
    ),
    (
        "2.4 stale SyncToken on void",
        lambda a: a.post("invoice", {"Id": "145", "SyncToken": "7"}, operation="void"),
        "5010",
    ),
    (
        "2.4 full update drops what is left out, so required fields are missing",
        lambda a: a.post("invoice", {"Id": "145", "SyncToken": "0", "CustomerRef": {"value": a.customer()}}),
        "2020",
    ),
    ("2.9 wrong URL is 404", lambda a: a.get("nothing/1"), "500"),
    ("6 malformed id", lambda a: a.get("invoice/abc"), "2030"),
    ("6 read of an unknown id", lambda a: a.get("invoice/9999"), "610"),
    ("6 unknown property", invoice(Colour="red"), "2010"),
    ("6 unknown property inside a line", lines(lambda a: {**a.line(), "Price": 3}), "2010"),
    ("6 unknown property inside a reference", invoice(CustomerRef={"value": "57", "id": "57"}), "2010"),
    ("6 amount is not a number", invoice("ten"), "2090"),
    ("6 date is not a date", invoice(TxnDate="2026-02-30"), "2090"),
    ("3.2 date with more behind it", invoice(TxnDate="2026-02-01T00:00:00"), "2090"),
    ("3.2 date as a week", invoice(TxnDate="2026-W05-1"), "2090"),
    ("6 amount beyond all numbers", invoice("1e9999999"), "2090"),
    ("6 quantity of 21 digits", lines(lambda a: a.line(10, Qty=10**20, UnitPrice=1)), "2090"),
    ("6 a due date beyond the calendar", after(late_terms, lambda a, t: invoice(SalesTermRef={"value": t})(a)), "2090"),
    ("6 unknown operation", lambda a: a.post("invoice", a.invoice_body(), operation="burn"), "500"),
    ("6 company lapsed is read-only", after(lambda a: a.people.lapse(a.realm), lambda a, _: invoice()(a)), "6190"),
    # --- invoices ---
    ("3.1 customer missing", invoice(CustomerRef=None), "2020"),
    ("3.1 lines missing", invoice(Line=None), "2020"),
    ("3.1 no sales line", lines(lambda a: {"DetailType": "DescriptionOnly", "Description": "words"}), "2020"),
    ("3.2 DocNumber of 22 characters", invoice(DocNumber="x" * 22), "2050"),
    ("3.2 PrivateNote of 4001 characters", invoice(PrivateNote="x" * 4001), "2050"),
    ("3.2 CustomerMemo of 1001 characters", invoice(CustomerMemo={"value": "x" * 1001}), "2050"),
    ("3.2 BillEmail not an address", invoice(BillEmail={"Address": "nobody"}), "2210"),
    ("3.2 BillEmail with two addresses", invoice(BillEmail={"Address": "a@b.example, c@d.example"}), "2210"),
    ("3.2 BillEmail of 101 characters", invoice(BillEmail={"Address": "x" * 90 + "@mail.example"}), "2050"),
    ("3.2 NeedToSend without BillEmail", invoice(EmailStatus="NeedToSend"), "6000"),
    ("3.2 EmailStatus is a choice", invoice(EmailStatus="Sent"), "2170"),
    ("3.2 address line of 501 characters", invoice(BillAddr={"Line1": "x" * 501}), "2050"),
    ("3.2 address of 2001 characters", invoice(BillAddr={**ADDRESS, "Line5": "x"}), "2050"),
    ("3.2 no currency where there are several", after(several_currencies, lambda a, _: invoice()(a)), "2020"),
    ("3.2 postal code of 31 characters", invoice(BillAddr={"PostalCode": "1" * 31}), "2050"),
    (
        "3.2 custom field of 32 characters",
        invoice(CustomField=[{"DefinitionId": "1", "StringValue": "x" * 32}]),
        "2050",
    ),
    ("3.2 751 lines", lambda a: a.post("invoice", a.invoice_body(Line=[a.line(1)] * 751)), "6000"),
    ("3.2 unknown customer", invoice(CustomerRef={"value": "4000"}), "2500"),
    ("3.3 duplicate number", invoice(DocNumber="1043"), "6140"),
    (
        "3.3 number held by a credit memo",
        after(
            lambda a: a.made("CreditMemo", a.invoice_body(DocNumber="C-1")), lambda a, _: invoice(DocNumber="C-1")(a)
        ),
        "6140",
    ),
    (
        "3.3 number changed to a held one",
        lambda a: a.post("invoice", stamp(a.invoice(), sparse=True, DocNumber="1042")),
        "6140",
    ),
    ("3.4 line without DetailType", lines(lambda a: {"Amount": 5}), "2020"),
    ("3.4 unknown DetailType", lines(lambda a: {"Amount": 5, "DetailType": "Line"}), "2170"),
    ("3.4 item line without amount", lines(lambda a: {k: v for k, v in a.line().items() if k != "Amount"}), "2020"),
    ("3.4 unknown item", lines(lambda a: a.line(ItemRef={"value": "900"})), "2500"),
    ("3.4 amount is not quantity times price", lines(lambda a: a.line(10, Qty=3, UnitPrice=3)), "6070"),
    ("3.4 amount with six decimal places", invoice(0.123456), "2090"),
    ("3.4 amount of eleven digits", invoice(10**10), "2090"),
    ("3.4 description of 4001 characters", lines(lambda a: {**a.line(), "Description": "x" * 4001}), "2050"),
    ("3.4 negative total", invoice(-1), "6000"),
    (
        "3.4 discount while AllowDiscount is off",
        after(
            preferences(AllowDiscount=False),
            lambda a, _: lines(lambda b: b.line(), lambda b: b.discount(Amount=5, PercentBased=False))(a),
        ),
        "6000",
    ),
    ("3.4 two discounts", lines(*[lambda a: a.line(), *[lambda a: a.discount(Amount=1)] * 2]), "6000"),
    ("3.4 discount above the subtotal", lines(lambda a: a.line(), lambda a: a.discount(Amount=100.01)), "6000"),
    ("3.4 discount without amount or percent", lines(lambda a: a.line(), lambda a: a.discount()), "6090"),
    (
        "3.4 discount into a bank account",
        lines(
            lambda a: a.line(),
            lambda a: a.discount(Amount=1, DiscountAccountRef={"value": a.account("Operating Checking")}),
        ),
        "6430",
    ),
    ("3.5 line tax code is TAX or NON", lines(lambda a: a.line(TaxCodeRef={"value": "5"})), "6100"),
    (
        "3.6 delete of an invoice with payments",
        after(paid_invoice, lambda a, i: a.post("invoice", stamp(i), operation="delete")),
        "800",
    ),
    (
        "3.6 read after delete",
        after(
            lambda a: (i := a.invoice(), a.post("invoice", stamp(i), operation="delete"))[0],
            lambda a, i: a.get(f"invoice/{i['Id']}"),
        ),
        "610",
    ),
    (
        "3.6 delete in a closed period",
        after(closed, lambda a, i: a.post("invoice", stamp(i), operation="delete")),
        "6210",
    ),
    ("3.6 void in a closed period", after(closed, lambda a, i: a.post("invoice", stamp(i), operation="void")), "6210"),
    ("6 create in a closed period", after(closed, lambda a, _: invoice(TxnDate="2026-01-31")(a)), "6210"),
    (
        "6 move out of a closed period",
        after(closed, lambda a, i: a.post("invoice", stamp(i, sparse=True, TxnDate="2026-03-01"))),
        "6210",
    ),
    ("6 inactive customer", after(gone_customer, lambda a, c: invoice(CustomerRef={"value": c})(a)), "610"),
    ("6 inactive item", after(gone_item, lambda a, i: lines(lambda b: b.line(ItemRef={"value": i}))(a)), "610"),
    (
        "6 total below what is paid",
        after(paid_invoice, lambda a, i: a.post("invoice", stamp(i, sparse=True, Line=[a.line(60)]))),
        "6000",
    ),
    (
        "4.3 customer of a paid invoice",
        after(
            paid_invoice,
            lambda a, i: a.post("invoice", stamp(i, sparse=True, CustomerRef={"value": a.customer("Zeta Holdings")})),
        ),
        "620",
    ),
    # --- names ---
    ("4.1 no name", customer(PrimaryEmailAddr={"Address": "a@b.example"}), "6080"),
    ("4.1 name taken by a customer", customer(DisplayName="Ada Example"), "6240"),
    ("4.1 name taken, other case", customer(DisplayName="ADA EXAMPLE"), "6240"),
    ("4.1 name built from the parts is taken", customer(GivenName="Ada", FamilyName="Example"), "6240"),
    (
        "4.1 name taken by a vendor",
        after(
            lambda a: a.people.add_vendor(a.realm, "Court Reporting"),
            lambda a, _: customer(DisplayName="Court Reporting")(a),
        ),
        "6240",
    ),
    (
        "4.1 name taken by an employee",
        after(lambda a: a.people.add_employee(a.realm, "Dana W"), lambda a, _: customer(DisplayName="Dana W")(a)),
        "6240",
    ),
    (
        "4.1 name taken by an inactive customer",
        after(gone_customer, lambda a, _: customer(DisplayName="Gone Away")(a)),
        "6240",
    ),
    ("4.1 colon in a name", customer(DisplayName="Smith: Estate of"), "2040"),
    ("4.1 tab in a name", customer(DisplayName="Smith\tJones"), "2040"),
    ("4.1 newline in a part of a name", customer(GivenName="Smith\n"), "2040"),
    ("4.1 name of 501 characters", customer(DisplayName="x" * 501), "2050"),
    ("4.1 given name of 101 characters", customer(GivenName="x" * 101), "2050"),
    ("4.1 title of 17 characters", customer(DisplayName="A", Title="x" * 17), "2050"),
    ("4.1 phone of 31 characters", customer(DisplayName="A", PrimaryPhone={"FreeFormNumber": "1" * 31}), "2050"),
    ("4.1 address of 2001 characters", customer(DisplayName="A", BillAddr={**ADDRESS, "Line5": "x"}), "2050"),
    ("4.1 notes of 2001 characters", customer(DisplayName="A", Notes="x" * 2001), "2050"),
    ("4.1 e-mail without a dot", customer(DisplayName="A", PrimaryEmailAddr={"Address": "a@b"}), "2210"),
    (
        "4.1 customers are not deleted",
        lambda a: a.post("customer", {"Id": "57", "SyncToken": "0"}, operation="delete"),
        "500",
    ),
    (
        "4.1 a fifth level below the top",
        after(chain, lambda a, c: customer(DisplayName="Deep", ParentRef={"value": c["Id"]})(a)),
        "6000",
    ),
    (
        "4.1 a customer's currency is fixed",
        lambda a: a.post("customer", {"Id": "57", "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "EUR"}}),
        "6000",
    ),
    (
        "4.8 preferences that are no object",
        lambda a: a.post("preferences", PREFERENCES | {"SalesFormsPrefs": "on"}),
        "2010",
    ),
    (
        "4.8 a preference that is neither true nor false",
        lambda a: a.post("preferences", PREFERENCES | {"SalesFormsPrefs": {"CustomTxnNumbers": "maybe"}}),
        "2010",
    ),
    ("4.2 item without an income account", lambda a: a.post("item", {"Name": "X", "Type": "Service"}), "2020"),
    (
        "4.2 item on accounts receivable",
        lambda a: a.post("item", {"Name": "X", "IncomeAccountRef": {"value": a.account("Accounts Receivable (A/R)")}}),
        "6430",
    ),
    ("4.2 item name taken", lambda a: a.post("item", {"Name": "Expenses", "IncomeAccountRef": {"value": "6"}}), "6240"),
    # --- payments ---
    ("4.3 payment without customer", lambda a: a.post("payment", a.payment_body(5, CustomerRef=None)), "2020"),
    ("4.3 payment without total", lambda a: a.post("payment", a.payment_body(None)), "2020"),
    (
        "4.3 no currency where there are several",
        after(several_currencies, lambda a, _: a.post("payment", a.payment_body(5))),
        "2020",
    ),
    (
        "4.3 a currency that is not the customer's",
        lambda a: a.post("payment", a.payment_body(5, CurrencyRef=EUR)),
        "6000",
    ),
    ("4.3 ProcessPayment", lambda a: a.post("payment", a.payment_body(5, ProcessPayment=True)), "6000"),
    (
        "4.3 PaymentRefNum of 22 characters",
        lambda a: a.post("payment", a.payment_body(5, PaymentRefNum="1" * 22)),
        "2050",
    ),
    (
        "4.3 deposit to an income account",
        lambda a: a.post("payment", a.payment_body(5, DepositToAccountRef={"value": a.account("Legal Fee Income")})),
        "6430",
    ),
    (
        "4.3 invoice of another customer",
        lambda a: a.post("payment", a.payment_body(5, ("Invoice", a.id_of("Invoice", DocNumber="1043"), 5))),
        "620",
    ),
    ("4.3 invoice that is not there", lambda a: a.post("payment", a.payment_body(5, ("Invoice", "999", 5))), "610"),
    ("4.3 link to something else", lambda a: a.post("payment", a.payment_body(5, ("Refund", "145", 5))), "2170"),
    (
        "4.3 more than the invoice's balance",
        lambda a: a.post("payment", a.payment_body(500, ("Invoice", "145", 400.01))),
        "6000",
    ),
    (
        "4.3 same invoice twice, together too much",
        lambda a: a.post("payment", a.payment_body(500, ("Invoice", "145", 300), ("Invoice", "145", 200))),
        "6000",
    ),
    ("4.3 lines above the total", lambda a: a.post("payment", a.payment_body(10, ("Invoice", "145", 11))), "6000"),
    ("4.3 negative payment", lambda a: a.post("payment", a.payment_body(-1)), "6000"),
    (
        "4.4 more than the memo's credit",
        after(
            lambda a: a.made("CreditMemo", a.invoice_body(20)),
            lambda a, m: a.post("payment", a.payment_body(0, ("Invoice", "145", 25), ("CreditMemo", m["Id"], 25))),
        ),
        "6000",
    ),
    (
        "4.4 credit that pays nothing",
        after(
            lambda a: a.made("CreditMemo", a.invoice_body(20)),
            lambda a, m: a.post("payment", a.payment_body(5, ("CreditMemo", m["Id"], 20))),
        ),
        "6000",
    ),
    ("4.5 refund receipt needs the account paid from", lambda a: a.post("refundreceipt", a.invoice_body()), "2020"),
    (
        "4.5 deposited payment cannot be changed",
        after(deposited_payment, lambda a, p: a.post("payment", stamp(p, sparse=True, PrivateNote="x"))),
        "6540",
    ),
    (
        "4.5 deposited payment cannot be deleted",
        after(deposited_payment, lambda a, p: a.post("payment", stamp(p), operation="delete")),
        "6540",
    ),
    (
        "4.6 deposited payment cannot be voided",
        after(
            deposited_payment, lambda a, p: a.post("payment", stamp(p, sparse=True), operation="update", include="void")
        ),
        "6540",
    ),
    ("4.6 payments have no operation=void", lambda a: a.post("payment", stamp(a.payment(5)), operation="void"), "500"),
    (
        "4.6 credit memos cannot be voided",
        lambda a: a.post("creditmemo", stamp(a.made("CreditMemo", a.invoice_body())), operation="void"),
        "500",
    ),
    # --- journals ---
    (
        "4.7 debits and credits differ",
        journal(("Debit", "Client Trust Account", 10), ("Credit", "Client Trust Liability", 9)),
        "6000",
    ),
    ("4.7 no credit line", journal(("Debit", "Client Trust Account", 10)), "6000"),
    (
        "4.7 amount must be above 0",
        journal(("Debit", "Client Trust Account", 0), ("Credit", "Client Trust Liability", 0)),
        "6000",
    ),
    (
        "4.7 amount of less than a cent",
        journal(("Debit", "Client Trust Account", 0.001), ("Credit", "Client Trust Liability", 0.001)),
        "6000",
    ),
    (
        "4.7 receivables need a customer",
        journal(("Debit", "Accounts Receivable (A/R)", 10), ("Credit", "Client Trust Liability", 10)),
        "6000",
    ),
]


@pytest.mark.parametrize(("ask", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_breaks_a_rule_is_refused_with_its_code(ask: Ask, expected: str) -> None:
    answer = ask(App())
    assert answer.status_code in (400, 404), answer.text
    assert code(answer) == expected, answer.text


GATEWAY: list[tuple[str, Ask, int, str]] = [
    ("1.2 no token", lambda a: a.get("invoice/145", headers={"Authorization": ""}), 401, "3200"),
    ("1.2 unknown token", lambda a: a.get("invoice/145", headers={"Authorization": "Bearer x"}), 401, "3200"),
    (
        "1.3 expired token",
        after(lambda a: a.clock.move(seconds=3600), lambda a, _: a.get("invoice/145")),
        401,
        "3200",
    ),
    (
        "1.6 disconnected inside QuickBooks",
        after(lambda a: a.people.revoke_grants(a.realm), lambda a, _: a.get("invoice/145")),
        401,
        "3200",
    ),
    ("2.9 another company", lambda a: a.get("invoice/145", realm=REALM_B), 403, "3100"),
    ("2.9 unknown company", lambda a: a.get("invoice/145", realm="1"), 403, "3100"),
]


@pytest.mark.parametrize("spelling", ["lower", "upper"])
@pytest.mark.parametrize(("ask", "status", "expected"), [r[1:] for r in GATEWAY], ids=[r[0] for r in GATEWAY])
def test_the_gateway_refuses_in_either_spelling(ask: Ask, status: int, expected: str, spelling: str) -> None:
    answer = ask(App(gateway_fault_case=spelling))
    assert answer.status_code == status
    assert ("fault" if spelling == "lower" else "Fault") in answer.json()
    assert code(answer) == expected


def test_a_fault_can_come_with_status_200() -> None:
    answer = App(fault_with_200=True).get("invoice/9999")
    assert answer.status_code == 200
    assert code(answer) == "610"


def test_a_refused_write_changes_nothing() -> None:
    app = App()
    before = app.people.books(app.realm)
    for _, ask, _ in [row for row in ROWS if row[0].startswith(("3.1", "3.2", "3.4"))]:
        ask(app)
    assert app.people.books(app.realm)["Invoice"] == before["Invoice"]


def test_xml_is_answered_where_json_is_not_asked_for() -> None:
    answer = App().get("invoice/145", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"] == "application/xml"
    assert "<DocNumber>1042</DocNumber>" in answer.text


def test_every_answer_carries_a_trace_id() -> None:
    app = App()
    assert app.get("invoice/145").headers["intuit_tid"] != app.get("invoice/9999").headers["intuit_tid"]


def test_an_error_of_a_duplicate_number_names_the_holder() -> None:
    app = App()
    answer = app.post("invoice", app.invoice_body(DocNumber="1043"))
    holder = app.id_of("Invoice", DocNumber="1043")
    assert f"TxnType=Invoice with TxnId={holder}" in answer.json()["Fault"]["Error"][0]["Detail"]


def test_amounts_are_json_numbers() -> None:
    found = good(App().get("invoice/145"))["Invoice"]
    assert isinstance(found["TotalAmt"], float) and found["TotalAmt"] == 400


def test_8_empty_defaults_say_nothing() -> None:
    """A date, number, flag or choice of "" is as good as absent, as other libraries send it."""
    empty = {"TxnDate": "", "DueDate": "", "ApplyTaxAfterDiscount": "", "ExchangeRate": "", "PrintStatus": ""}
    made = App().invoice(100, FreeFormAddress=False, **empty)
    assert made["DueDate"] == made["TxnDate"] != ""
