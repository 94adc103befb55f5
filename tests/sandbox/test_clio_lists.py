"""Every strict rule of fields, paging, filters and conditional requests, over raw HTTP (reference/clio.md 2, 3.3)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.sandbox.clio import OWNER_B
from tests.sandbox.clio_wire import BASE, Office, Rule, Table, an_office, refused

rule = Table()


def pages(o: Office, path: str, **params: object) -> list[list[int]]:
    """The ids of each page, following ``next`` as it is."""
    answer = o.get(path, **params).json()
    found = [[row["id"] for row in answer["data"]]]
    while following := answer["meta"]["paging"].get("next"):
        answer = o.ask("GET", following).json()
        found.append([row["id"] for row in answer["data"]])
    return found


def numbers(o: Office, **params: object) -> list[str]:
    return [b["number"] for b in o.data("bills.json", fields="number", **params)]


# --- fields --------------------------------------------------------------------------------------------------------
@rule("2.1 without fields only id and etag")
def _(o: Office) -> None:
    assert all(set(row) == {"id", "etag"} for row in o.data("bills.json"))
    assert set(o.data(o.path("1042"))) == {"id", "etag"}


@rule("2.1 only what is asked")
def _(o: Office) -> None:
    assert o.bill("1042", "number,total") == {"number": "1042", "total": 400.0}


@rule("2.1 an unknown name is 400 InvalidFields")
def _(o: Office) -> None:
    for path in ("bills.json", o.path("1042"), "users/who_am_i.json", "settings/billing.json"):
        refused(o.get(path, fields="id,nonsense"), 400, "InvalidFields")


@rule("2.1 an unknown nested name is 400 InvalidFields")
def _(o: Office) -> None:
    refused(o.get("bills.json", fields="id,client{id,nonsense}"), 400, "InvalidFields")


@rule("2.1 a nested record without braces gives id and etag")
def _(o: Office) -> None:
    assert set(o.bill("1042", "client")["client"]) == {"id", "etag"}


@rule("2.1 a bare name at the second level is allowed")
def _(o: Office) -> None:
    nested = o.bill("1042", "matters{id,client}")["matters"][0]
    assert set(nested["client"]) == {"id", "etag"}


@rule("2.1 braces at the second level are 400")
def _(o: Office) -> None:
    refused(o.get("bills.json", fields="matters{client{name}}"), 400, "InvalidFields")


@rule("2.1 braces on a plain value are 400")
def _(o: Office) -> None:
    refused(o.get("bills.json", fields="number{id}"), 400, "InvalidFields")


@rule("2.1 unmatched braces are 400")
def _(o: Office) -> None:
    for wrong in ("client{id", "client}id", "{id}"):
        refused(o.get("bills.json", fields=wrong), 400, "InvalidFields")


@rule("2.1 braces and commas may be sent encoded or not")
def _(o: Office) -> None:
    for text in ("id,client{id,name}", "id%2Cclient%7Bid%2Cname%7D"):
        assert o.ask("GET", f"bills.json?fields={text}").status_code == 200


@rule("3.1 names absent from a bill are refused")
def _(o: Office) -> None:
    for wrong in ("legal_entity", "config", "bill_recipients", "payments", "allocations", "matter_balances"):
        refused(o.get("bills.json", fields=wrong), 400, "InvalidFields")


@rule("9.2 some names are refused on some accounts")
def _(o: Office) -> None:
    o.clio.switches["drop_fields"] = ["Bill.interest", "purchase_order"]
    refused(o.get("bills.json", fields="id,interest"), 400, "InvalidFields")
    refused(o.get("bills.json", fields="id,purchase_order"), 400, "InvalidFields")
    assert o.get("bills.json", fields="id,memo").status_code == 200


# --- paging --------------------------------------------------------------------------------------------------------
@rule("2.2 the cursor visits every record once, in order of id")
def _(o: Office) -> None:
    found = pages(o, "bills.json", limit=7)
    flat = [i for page in found for i in page]
    assert flat == sorted(set(flat))
    assert len(flat) == 44
    assert [len(p) for p in found] == [7] * 6 + [2]


@rule("2.2 next is absolute, holds a page_token and repeats the parameters")
def _(o: Office) -> None:
    link = o.get("bills.json", limit=3, fields="id,number", state="paid").json()["meta"]["paging"]["next"]
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{BASE}/api/v4/bills.json"
    sent = parse_qs(parts.query)
    assert (sent["fields"], sent["limit"], sent["state"]) == (["id,number"], ["3"], ["paid"])
    assert sent["page_token"]


@rule("2.2 the last page has no next, the first no previous")
def _(o: Office) -> None:
    assert o.get("bills.json").json()["meta"]["paging"] == {}
    first = o.get("bills.json", limit=30).json()
    assert set(first["meta"]["paging"]) == {"next"}
    last = o.ask("GET", first["meta"]["paging"]["next"]).json()
    assert set(last["meta"]["paging"]) == {"previous"}
    assert o.ask("GET", last["meta"]["paging"]["previous"]).json()["data"] == first["data"][-30:]


@rule("2.2 the cursor is not disturbed by records that come or go")
def _(o: Office) -> None:
    first = o.get("bills.json", limit=10).json()
    o.clio.people.void("1042")
    rest = o.ask("GET", first["meta"]["paging"]["next"]).json()
    assert rest["data"][0]["id"] > first["data"][-1]["id"]
    assert len({r["id"] for r in first["data"] + rest["data"]}) == 20


@rule("9.10 pages by another order shift when records change")
def _(o: Office) -> None:
    first = o.get("bills.json", limit=5, order="due_at(asc)", offset=0).json()
    gone = first["data"][0]["id"]
    o.clio.people.void(gone)
    rest = o.ask("GET", first["meta"]["paging"]["next"]).json()
    everything = pages(o, "bills.json", limit=200, order="due_at(asc)")[0]
    assert rest["data"][0]["id"] == everything[5]


@rule("2.2 limit is 1 to 200, 2000 for users")
def _(o: Office) -> None:
    for wrong in (0, 201, "x"):
        refused(o.get("bills.json", limit=wrong), 400)
    assert o.get("users.json", limit=2000).status_code == 200
    refused(o.get("users.json", limit=2001), 400)


@rule("2.2 an offset of 10,000 is 422 ArgumentError")
def _(o: Office) -> None:
    assert o.get("bills.json", offset=9_999).json()["data"] == []
    refused(o.get("bills.json", offset=10_000), 422, "ArgumentError")


@rule("2.2 a made-up page_token is 400")
def _(o: Office) -> None:
    made_up = (base64.urlsafe_b64encode(text).decode() for text in (b'{"after":"x"}', b'{"offset":-3}', b"[1]"))
    for token in ("nonsense", *made_up):
        refused(o.get("bills.json", page_token=token), 400)


@rule("2.7 what is no number is 400")
def _(o: Office) -> None:
    for wrong in ("--5", "\u00b2", "9" * 5000, "1.5"):
        for name in ("limit", "offset", "client_id"):
            refused(o.ask("GET", "bills.json", params={name: wrong}), 400)
    refused(o.get("bills.json", offset=-5), 400)


@rule("2.2 bills take nine orders, none by updated_at")
def _(o: Office) -> None:
    for name in ("id", "due_at", "issued_at", "paid_at", "last_sent_at", "client_name", "balance", "number"):
        assert o.get("bills.json", order=f"{name}(desc)").status_code == 200
    assert o.get("bills.json", order="matter_display_number(asc)").status_code == 200
    refused(o.get("bills.json", order="updated_at(asc)"), 400)
    refused(o.get("bills.json", order="id"), 400)


@rule("2.2 order sorts both ways")
def _(o: Office) -> None:
    up = [b["due_at"] for b in o.data("bills.json", fields="due_at", order="due_at(asc)")]
    assert up == sorted(up)
    down = [b["balance"] for b in o.data("bills.json", fields="balance", order="balance(desc)")]
    assert down == sorted(down, reverse=True)


@rule("2.2 allocations come by date unless asked by id")
def _(o: Office) -> None:
    o.clio.people.record_payment({"1042": 100}, on="2026-01-01")
    rows = o.data("allocations.json", fields="id,date")
    assert [r["date"] for r in rows] == sorted(r["date"] for r in rows)
    assert rows[0]["date"] == "2026-01-01"
    ids = [r["id"] for r in o.data("allocations.json", order="id(asc)")]
    assert ids == sorted(ids)
    assert ids[0] != rows[0]["id"]


@rule("2.2 line items have no order parameter: it does nothing")
def _(o: Office) -> None:
    assert o.get("line_items.json", order="date(desc)").json() == o.get("line_items.json").json() | {
        "meta": o.get("line_items.json", order="date(desc)").json()["meta"]
    }


# --- filters -------------------------------------------------------------------------------------------------------
@rule("2.3 an unknown parameter does nothing")
def _(o: Office) -> None:
    assert len(o.data("bills.json", sate="paid", q="1042")) == 44


@rule("2.3 updated_since tells what changed after the instant")
def _(o: Office) -> None:
    at = o.clock.now()
    assert o.data("bills.json", updated_since=at.isoformat()) == []
    o.clock.move(minutes=1)
    o.clio.people.edit_bill("1042", subject="Lease")
    assert numbers(o, updated_since=at.isoformat()) == ["1042"]


@rule("10.3 updated_since leaves the instant itself out unless switched")
def _(o: Office) -> None:
    at = o.clock.now().isoformat()
    o.clio.people.edit_bill("1042", subject="Lease")
    assert numbers(o, updated_since=at) == []
    o.clio.switches["since_inclusive"] = True
    assert numbers(o, updated_since=at) == ["1042"]


@rule("2.3 created_since")
def _(o: Office) -> None:
    at = (o.clock.now() - timedelta(days=2)).isoformat()
    assert set(numbers(o, created_since=at)) == {"1067", "1068", "1069", "1070"}


@rule("2.3 an instant that cannot be read is 400, as one whose plus came unencoded")
def _(o: Office) -> None:
    refused(o.get("bills.json", updated_since="yesterday"), 400)
    refused(o.ask("GET", "bills.json?updated_since=2026-03-01T00:00:00+00:00"), 400)


@rule("2.3 ids[] picks records, whatever their state")
def _(o: Office) -> None:
    wanted = sorted(o.clio.people.find_bill(n)["id"] for n in ("1042", "1074", "1076"))
    assert [r["id"] for r in o.data("bills.json", **{"ids[]": wanted})] == wanted
    o.clio.switches["ids_list_has_removed"] = False
    assert [r["id"] for r in o.data("bills.json", **{"ids[]": wanted})] == [o.bill("1042")["id"]]


@rule("2.3 ids[] never shows another firm's records")
def _(o: Office) -> None:
    assert o.data("bills.json", **{"ids[]": o.clio.people.find_bill("B-OK-1")["id"]}) == []


@rule("10.3 void and deleted bills need their state, unless switched")
def _(o: Office) -> None:
    assert {b["state"] for b in o.data("bills.json", fields="state")} == {
        "draft",
        "awaiting_approval",
        "awaiting_payment",
        "paid",
    }
    assert set(numbers(o, state="void")) == {"1074", "1075"}
    assert set(numbers(o, state="deleted")) == {"1076", "1077"}
    o.clio.switches["plain_list_has_removed"] = True
    assert len(numbers(o)) == 48


@rule("3.3 state takes one known value")
def _(o: Office) -> None:
    for wrong in ("unpaid", "draft,paid"):
        refused(o.get("bills.json", state=wrong), 400)


@rule("3.3 type splits trust requests from the rest")
def _(o: Office) -> None:
    assert set(numbers(o, type="trust")) == {"1079", "1080", "1081", "1082"}
    assert len(numbers(o, type="revenue")) == 40
    refused(o.get("bills.json", type="trust_kind"), 400)


@rule("3.3 overdue bills by status and by flag")
def _(o: Office) -> None:
    late = {b["number"] for b in o.data("bills.json", fields="number", status="overdue")}
    assert late == set(numbers(o, overdue_only="true"))
    rows = o.data("bills.json", fields="due_at,balance,state", overdue_only="true")
    assert all(r["due_at"] < "2026-03-02" and r["balance"] > 0 and r["state"] == "awaiting_payment" for r in rows)
    assert len(numbers(o, status="all")) == 44


@rule("3.3 by client, matter, number and dates")
def _(o: Office) -> None:
    one = o.bill("1046", "client{id},matters{id},due_at,issued_at")
    assert set(numbers(o, client_id=one["client"]["id"])) == {"1025", "1046", "1047", "1048"}
    assert "1046" in numbers(o, matter_id=one["matters"][0]["id"])
    assert numbers(o, bill_number="1046") == ["1046"]
    assert numbers(o, bill_number="104") == []
    assert "1046" in numbers(o, query="104")
    assert numbers(o, query="B-OK") == []
    assert "1046" in numbers(o, due_at=one["due_at"])
    assert "1046" not in numbers(o, due_after=one["due_at"]) + numbers(o, due_before=one["due_at"])
    assert "1046" not in numbers(o, issued_after=one["issued_at"]) + numbers(o, issued_before=one["issued_at"])
    refused(o.get("bills.json", due_at="2nd March"), 400)


@rule("5.1 allocations by bill, contact, matter, parent and status")
def _(o: Office) -> None:
    three = [o.bill(n)["id"] for n in ("1020", "1021", "1022")]
    rows = [o.data("allocations.json", bill_id=b, fields="amount,parent{id,type},contact,matter")[0] for b in three]
    assert len({r["parent"]["id"] for r in rows}) == 1
    assert len(o.data("allocations.json", parent_id=rows[0]["parent"]["id"])) == 3
    assert len(o.data("allocations.json", contact_id=rows[0]["contact"]["id"])) == 3
    assert len(o.data("allocations.json", matter_id=rows[0]["matter"]["id"])) == 3
    assert [r["amount"] for r in o.data("allocations.json", status="invalid", fields="amount")] == [100.0]
    assert all(not r["voided_at"] for r in o.data("allocations.json", status="valid", fields="voided_at"))


@rule("10.4 parent_type takes the words, unless switched to the document's integer")
def _(o: Office) -> None:
    assert len(o.data("allocations.json", parent_type="CreditMemo")) == 1
    o.clio.switches["parent_type_words"] = False
    refused(o.get("allocations.json", parent_type="CreditMemo"), 400)


@rule("9.4 the filter's words for accounts and matters differ from the answer's")
def _(o: Office) -> None:
    assert [a["type"] for a in o.data("bank_accounts.json", type="TrustAccount", fields="type")] == ["Trust"]
    refused(o.get("bank_accounts.json", type="Trust"), 400)
    assert {m["status"] for m in o.data("matters.json", status="open", fields="status")} == {"Open"}
    refused(o.get("matters.json", status="Open"), 400)


@rule("7 contacts by query, type and e-mail; q does nothing")
def _(o: Office) -> None:
    names = [c["name"] for c in o.data("contacts.json", query="ada@", fields="name")]
    assert names == ["Ada Example"]
    assert len(o.data("contacts.json", q="ada@")) == 11
    assert len(o.data("contacts.json", type="Company")) == 5
    assert len(o.data("contacts.json", email_only="true")) == 10


@rule("6 bank transactions by account, type and client")
def _(o: Office) -> None:
    rows = o.data("bank_transactions.json", type="liability", fields="amount,bank_account{type},client{name}")
    assert {r["bank_account"]["type"] for r in rows} == {"Trust"}
    assert [r["amount"] for r in rows] == [600.0, -480.0]
    trust = o.data("bank_accounts.json", type="TrustAccount")[0]["id"]
    assert len(o.data("bank_transactions.json", bank_account_id=trust)) == 2


@rule("4 line items by bill, and only those printed")
def _(o: Office) -> None:
    bill = o.bill("1054")["id"]
    assert len(o.data("line_items.json", bill_id=bill)) == 40
    o.clio.state.children("line_items", bill)[0].displayed = False
    assert len(o.data("line_items.json", bill_id=bill, display="true")) == 39


@rule("4 line items by activity; 3.3, 7 bills and matters by currency, contacts by initial")
def _(o: Office) -> None:
    rows = o.data("line_items.json", bill_id=o.bill("1054")["id"], fields="id,activity{id}")
    one = next(row for row in rows if row["activity"])
    assert [r["id"] for r in o.data("line_items.json", activity_id=one["activity"]["id"])] == [one["id"]]
    for path in ("bills.json", "matters.json"):
        assert o.data(path, currency_id=2) == []
        assert len(o.data(path, currency_id=1)) == len(o.data(path))
    assert [c["name"] for c in o.data("contacts.json", initial="E", fields="name")] == [
        "Ada Example",
        "Evergreen Dental Group",
    ]
    refused(o.get("contacts.json", initial="ex"), 400)


@rule("6 outstanding balances by the matter's attorneys")
def _(o: Office) -> None:
    everybody = o.data("outstanding_client_balances.json")
    theirs = [
        row["id"]
        for user in o.data("users.json")
        for row in o.data("outstanding_client_balances.json", responsible_attorney_id=user["id"])
    ]
    assert 0 < len(theirs) <= len(everybody)
    assert o.data("outstanding_client_balances.json", originating_attorney_id=1) == []


@rule("2.7 one firm's lists never hold another's records")
def _(o: Office) -> None:
    bill = o.bill("1054")["id"]
    assert o.as_user(OWNER_B).data("line_items.json", bill_id=bill) == []
    assert len(o.as_user(OWNER_B).data("bills.json")) == 17


# --- one record ----------------------------------------------------------------------------------------------------
@rule("2 the suffix is optional")
def _(o: Office) -> None:
    bill = o.bill("1042")["id"]
    assert o.data(f"bills/{bill}") == o.data(f"bills/{bill}.json")
    assert o.data("bills") == o.data("bills.json")


@rule("2.4 the etag holds its quotes and is the ETag header")
def _(o: Office) -> None:
    answer = o.get(o.path("1042"))
    etag = answer.json()["data"]["etag"]
    assert etag[0] == etag[-1] == '"'
    assert answer.headers["ETag"] == etag


@rule("2.4 If-None-Match is 304 while unchanged")
def _(o: Office) -> None:
    etag = o.bill("1042")["etag"]
    same = o.ask("GET", o.path("1042"), headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    o.clio.people.edit_bill("1042", subject="x")
    assert o.ask("GET", o.path("1042"), headers={"If-None-Match": etag}).status_code == 200


@rule("2.4 If-Modified-Since is 304 while unchanged")
def _(o: Office) -> None:
    seen = o.get(o.path("1042")).headers["Last-Modified"]
    assert o.ask("GET", o.path("1042"), headers={"If-Modified-Since": seen}).status_code == 304
    o.clio.people.edit_bill("1042", subject="x")
    assert o.ask("GET", o.path("1042"), headers={"If-Modified-Since": seen}).status_code == 200


@rule("2.4 a 304 costs quota, unless switched")
def _(o: Office) -> None:
    sent = {"If-None-Match": o.bill("1042")["etag"]}
    assert o.ask("GET", o.path("1042"), headers=sent).headers["X-RateLimit-Remaining"] == "48"
    o.clio.switches["not_modified_costs"] = False
    assert o.ask("GET", o.path("1042"), headers=sent).headers["X-RateLimit-Remaining"] == "48"


@rule("2.7 a missing record is 404")
def _(o: Office) -> None:
    for path in ("bills/1.json", "contacts/1.json", "allocations/1.json"):
        refused(o.get(path), 404)


@rule("9.5 money is a JSON number, with doubles that are not exact")
def _(o: Office) -> None:
    text = o.get(o.path("1050"), fields="total,balance").text
    assert json.loads(text)["data"]["total"] == 0.1 + 0.2
    assert "0.30000000000000004" in text
    assert "1234567.89" in o.get(o.path("1051"), fields="total").text


@rule("9.8 date-times carry the user's offset, dates none")
def _(o: Office) -> None:
    told = o.bill("1042", "updated_at,due_at")
    assert told["updated_at"].endswith("-05:00")
    assert len(told["due_at"]) == 10


@rule("7 who_am_i names the firm")
def _(o: Office) -> None:
    told = o.data("users/who_am_i.json", fields="id,name,email,time_zone,account{id,name}")
    assert (told["name"], told["time_zone"]) == ("Olivia Hartwell", "America/New_York")
    assert told["account"]["name"] == "Hartwell & Pine LLP"


@rule("6 outstanding balances are one row for each client who owes")
def _(o: Office) -> None:
    rows = o.data(
        "outstanding_client_balances.json",
        fields="total_outstanding_balance,reminders_enabled,contact{name},outstanding_bills{number}",
    )
    calder = next(r for r in rows if r["contact"]["name"] == "Calder Freight Inc")
    assert [b["number"] for b in calder["outstanding_bills"]] == ["1046", "1047", "1048"]
    assert calder["total_outstanding_balance"] == 1250 + 875.5 + 392.1
    assert calder["reminders_enabled"] is False


@rule("4 billing settings")
def _(o: Office) -> None:
    assert o.data("settings/billing.json", fields="currency,multi_currency_billing") == {
        "currency": "USD",
        "multi_currency_billing": False,
    }


@pytest.mark.parametrize("row", [r for _, r in rule], ids=[name for name, _ in rule])
def test_clio_reading_is_strict(row: Rule) -> None:
    row(an_office())
