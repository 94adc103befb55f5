"""The query language of the QuickBooks sandbox (reference/quickbooks.md 2.5)."""

from __future__ import annotations

import pytest
import requests

from infra.sandbox.quickbooks import make_many
from tests.sandbox.quickbooks_wire import App, code, good

REFUSED = [
    ("OR", "select * from Invoice where Id = '1' OR Id = '2'", "4000"),
    ("NOT", "select * from Invoice where NOT Id = '1'", "4000"),
    ("not equal", "select * from Invoice where Id != '1'", "4000"),
    ("angle brackets", "select * from Invoice where Id <> '1'", "4000"),
    ("brackets", "select * from Invoice where (Id = '1')", "4000"),
    ("group by", "select * from Invoice group by Id", "4000"),
    ("two entities", "select * from Invoice, Customer", "4000"),
    ("unknown entity", "select * from Bird", "4000"),
    ("entity in the wrong case", "select * from invoice", "4000"),
    ("no select", "from Invoice", "4000"),
    ("empty", "", "4000"),
    ("value without quotes", "select * from Invoice where DocNumber = abc", "4000"),
    ("number without quotes", "select * from Customer where Balance >= 999", "4000"),
    ("not a number", "select * from Invoice where TotalAmt > 'NaN'", "4000"),
    ("not a time", "select * from Invoice where MetaData.LastUpdatedTime > '0001-01-01T00:00:00Z'", "4000"),
    ("maxresults of 5000 digits", f"select * from Invoice maxresults {'9' * 5000}", "4000"),
    ("quote not closed", "select * from Invoice where DocNumber = 'abc", "4000"),
    ("quote not escaped", "select * from Customer where DisplayName = 'O'Hara'", "4000"),
    ("quote doubled", "select * from Customer where DisplayName = 'O''Hara'", "4000"),
    ("IN without brackets", "select * from Invoice where Id in '1'", "4000"),
    ("startposition after maxresults", "select * from Invoice maxresults 5 startposition 1", "4000"),
    ("maxresults without number", "select * from Invoice maxresults many", "4000"),
    ("PrivateNote is not filterable", "select * from Invoice where PrivateNote = 'x'", "4001"),
    ("PaymentRefNum is not filterable", "select * from Payment where PaymentRefNum = 'x'", "4001"),
    ("unknown property", "select * from Invoice where Colour = 'x'", "4001"),
    ("cannot be sorted", "select * from Invoice orderby PrivateNote", "4001"),
    ("unknown column", "select Id, Colour from Invoice", "4001"),
    ("maxresults above 1000", "select * from Invoice maxresults 1001", "4001"),
    ("startposition 0", "select * from Invoice startposition 0", "4001"),
]


@pytest.mark.parametrize(("statement", "expected"), [r[1:] for r in REFUSED], ids=[f"2.5 {r[0]}" for r in REFUSED])
def test_a_statement_outside_the_grammar_is_refused(statement: str, expected: str) -> None:
    answer = App().query(statement)
    assert answer.status_code == 400
    assert code(answer) == expected, answer.text


def numbers(app: App, statement: str) -> list[str]:
    return [row["DocNumber"] for row in app.rows(statement).get("Invoice", [])]


def names(app: App, where: str) -> list[str]:
    return [row["DisplayName"] for row in app.rows(f"select * from Customer {where}").get("Customer", [])]


ADA, BROOK, ZETA = "Ada Example", "Brook Jensen", "Zeta Holdings"
SELECTED = [
    ("equal", "where DisplayName = 'Ada Example'", [ADA]),
    ("two conditions", "where DisplayName = 'Ada Example' and Active = true", [ADA]),
    ("keywords in any case", "WHERE DisplayName = 'Ada Example' AND Active = true", [ADA]),
    ("IN", "where DisplayName in ('Ada Example', 'Zeta Holdings')", [ADA, ZETA]),
    ("LIKE", "where DisplayName like '%e%'", [ADA, BROOK, ZETA]),
    ("LIKE at the start", "where DisplayName like 'Z%'", [ZETA]),
    ("LIKE knows only the percent sign", "where DisplayName like 'Ada_Example'", []),
    ("e-mail", "where PrimaryEmailAddr = 'bjensen@old-mail.example'", [BROOK]),
    ("balance", "where Balance > '0'", [ADA, ZETA]),
    ("null", "where CompanyName = ' '", [ADA, BROOK]),
    ("less", "where Id < '58'", [ADA]),
    ("an id that is none", "where Id = '\u00b2'", []),
    ("orderby", "orderby DisplayName desc", [ZETA, BROOK, ADA]),
    ("order by in two words", "order by DisplayName asc", [ADA, BROOK, ZETA]),
    ("paging", "orderby Id startposition 2 maxresults 1", [BROOK]),
    ("time", "where MetaData.LastUpdatedTime > '2026-03-02T14:59:59Z'", [ADA, BROOK, ZETA]),
    ("time with an offset", "where MetaData.CreateTime > '2026-03-02T08:00:00-07:00'", []),
]


@pytest.mark.parametrize(("where", "expected"), [r[1:] for r in SELECTED], ids=[f"2.5 {r[0]}" for r in SELECTED])
def test_conditions_select(where: str, expected: list[str]) -> None:
    assert names(App(), where) == expected


def test_an_apostrophe_and_a_backslash_are_escaped_with_a_backslash() -> None:
    app = App()
    app.people.add_customer(app.realm, "O'Hara \\ Sons")
    assert names(app, r"where DisplayName = 'O\'Hara \\ Sons'") == ["O'Hara \\ Sons"]


def test_an_empty_result_lacks_the_entity() -> None:
    assert App().rows("select * from Invoice where DocNumber = 'none'") == {}


def test_a_page_behind_the_end_is_empty() -> None:
    assert App().rows("select * from Invoice startposition 10") == {}


def test_a_result_says_where_it_starts_and_how_many() -> None:
    found = App().rows("select * from Invoice")
    assert (found["startPosition"], found["maxResults"], len(found["Invoice"])) == (1, 2, 2)


def test_count_gives_only_a_total() -> None:
    assert App().rows("select count(*) from Invoice") == {"totalCount": 2}


def test_a_hundred_rows_come_where_none_are_asked_for() -> None:
    app = App()
    make_many(app.box, app.realm, 120)
    assert len(app.rows("select * from Invoice")["Invoice"]) == 100
    assert len(app.rows("select * from Invoice maxresults 1000")["Invoice"]) == 122


def test_name_lists_hold_active_rows_unless_asked() -> None:
    app = App()
    app.people.deactivate_customer(app.realm, app.customer("Brook Jensen"))
    assert names(app, "") == [ADA, ZETA]
    assert names(app, "where Active in (true,false)") == [ADA, "Brook Jensen (deleted)", ZETA]
    assert names(app, "where Active = false") == ["Brook Jensen (deleted)"]


def test_columns_come_alone_and_sparse() -> None:
    found = App().rows("select DocNumber, TotalAmt, CustomerRef, MetaData.CreateTime from Invoice")["Invoice"][0]
    assert set(found) == {"domain", "sparse", "DocNumber", "TotalAmt", "CustomerRef", "MetaData"}
    assert found["sparse"] is True and set(found["MetaData"]) == {"CreateTime"}


def test_numbers_sort_as_text() -> None:
    app = App()
    for number in ("999", "1000"):
        app.invoice(DocNumber=number)
    assert numbers(app, "select * from Invoice orderby DocNumber") == ["1000", "1042", "1043", "999"]


def test_several_keys_sort_one_after_another() -> None:
    app = App()
    app.invoice(999, DocNumber="1")
    assert numbers(app, "select * from Invoice orderby TotalAmt desc, DocNumber asc") == ["1", "1043", "1042"]


def test_invoices_are_found_by_number_and_by_customer() -> None:
    app = App()
    assert numbers(app, "select * from Invoice where DocNumber in ('1042', '1043', 'x')") == ["1042", "1043"]
    assert numbers(app, f"select * from Invoice where CustomerRef = '{app.customer()}'") == ["1042"]


def test_payments_are_found_by_customer_and_date() -> None:
    app = App()
    made = app.payment(5, TxnDate="2026-02-02")
    app.payment(6, TxnDate="2026-02-03")
    where = f"where CustomerRef = '{app.customer()}' and TxnDate = '2026-02-02'"
    assert [p["Id"] for p in app.rows(f"select * from Payment {where}")["Payment"]] == [made["Id"]]


def test_deleted_transactions_are_gone_and_voided_ones_stay() -> None:
    app = App()
    app.people.delete_invoice(app.realm, app.id_of("Invoice", DocNumber="1042"))
    app.people.void_invoice(app.realm, app.id_of("Invoice", DocNumber="1043"))
    found = app.rows("select * from Invoice")["Invoice"]
    assert [(i["DocNumber"], i["TotalAmt"]) for i in found] == [("1043", 0)]


def test_preferences_and_company_can_be_queried() -> None:
    app = App()
    assert app.rows("select * from Preferences")["Preferences"][0]["Id"] == "1"
    assert app.rows("select * from CompanyInfo")["CompanyInfo"][0]["CompanyName"] == "Hartwell & Pine LLP"


def test_a_statement_may_be_posted_as_text() -> None:
    app = App()
    text = {"Content-Type": "application/text"}
    found = good(app.call("POST", "query", body=b"select count(*) from Invoice", headers=text))
    assert found["QueryResponse"] == {"totalCount": 2}


def test_a_posted_statement_must_be_utf_8() -> None:
    answer = App().call("POST", "query", body=b"\xff", headers={"Content-Type": "application/text"})
    assert code(answer) == "500"


def test_a_posted_statement_as_json_is_refused() -> None:
    answer: requests.Response = App().call("POST", "query", body=b"select count(*) from Invoice")
    assert code(answer) == "1050"
