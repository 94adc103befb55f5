"""Every strict rule of changing bills, and what people in Clio do, over raw HTTP (reference/clio.md 2.9, 3 to 6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.clio_wire import BASE, Office, Rule, Table, an_office, refused

rule = Table()
OFFERED = "state,available_state_transitions"


def people(o: Office, act: str, **values: Any) -> Any:
    """A person's act through the control route, as the demo sends it."""
    answer = o.http.post(f"{BASE}/_sandbox/people/{act}", json=values)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def allocations(o: Office, number: str) -> Any:
    return o.data(
        "allocations.json",
        bill_id=o.clio.people.find_bill(number)["id"],
        order="id(asc)",
        fields="id,date,amount,description,voided_at,parent{id,type},source_bank_account{type},destination_bank_account{type}",
    )


# --- what does not exist -------------------------------------------------------------------------------------------
@rule("2.9 bills, allocations and credit memos cannot be created")
def _(o: Office) -> None:
    for path in ("bills.json", "allocations.json", "credit_memos.json", "line_items.json", "trust_requests.json"):
        refused(o.ask("POST", path, json={"data": {}}), 404)


@rule("5.2 D payments are refused, line_item_payments do not exist")
def _(o: Office) -> None:
    refused(o.ask("POST", "payments.json", json={"data": {}}), 403, "ForbiddenError")
    refused(o.get("payments.json"), 404)
    refused(o.ask("POST", "line_item_payments.json", json={"data": {}}), 404)


@rule("2.9 line items are not shown one by one")
def _(o: Office) -> None:
    line = o.data("line_items.json")[0]["id"]
    refused(o.get(f"line_items/{line}.json"), 404)


# --- PATCH ---------------------------------------------------------------------------------------------------------
@rule("3.5 the listed fields change, and updated_at and etag move")
def _(o: Office) -> None:
    before = o.bill("1042")
    sent = {"number": "1042-A", "due_at": "2026-05-01", "subject": "Lease", "memo": "m", "purchase_order": "PO 7"}
    answer = o.patch(o.path("1042"), sent, params={"fields": "number,due_at,subject,memo,purchase_order"})
    assert (answer.status_code, answer.json()["data"]) == (200, sent)
    after = o.bill("1042-A")
    assert after["etag"] != before["etag"]
    assert after["updated_at"] == "2026-03-02T10:00:00-05:00"


@rule("2.3 unknown body keys are dropped")
def _(o: Office) -> None:
    assert o.patch(o.path("1042"), {"nonsense": 1, "balance": 0, "paid": 400}).status_code == 200
    assert o.bill("1042")["balance"] == 400


@rule("2 the body is wrapped in data")
def _(o: Office) -> None:
    refused(o.ask("PATCH", o.path("1042"), json={"subject": "x"}), 400)


@rule("2 a form body is accepted")
def _(o: Office) -> None:
    assert o.ask("PATCH", o.path("1042"), data={"data[subject]": "By form"}).status_code == 200
    assert o.bill("1042", "subject") == {"subject": "By form"}


@rule("2.4 If-Match fails with 412 once the record moved on")
def _(o: Office) -> None:
    etag = o.bill("1042")["etag"]
    o.clio.people.edit_bill("1042", subject="x")
    refused(o.patch(o.path("1042"), {"memo": "m"}, headers={"If-Match": etag}), 412)
    assert o.bill("1042", "memo") == {"memo": None}
    fresh = o.bill("1042")["etag"]
    assert o.patch(o.path("1042"), {"memo": "m"}, headers={"If-Match": fresh}).status_code == 200


@rule("2.1 a wrong name in fields changes nothing")
def _(o: Office) -> None:
    refused(o.patch(o.path("1042"), {"memo": "m"}, params={"fields": "nonsense"}), 400, "InvalidFields")
    assert o.bill("1042", "memo") == {"memo": None}


@rule("2.7 a value that does not fit is 422")
def _(o: Office) -> None:
    for wrong in ({"due_at": "soon"}, {"state": "settled"}, {"tax_rate": "much"}, {"discount": {"type": "gift"}}):
        refused(o.patch(o.path("1042"), wrong), 422)


@rule("3.2 a paid bill is locked")
def _(o: Office) -> None:
    refused(o.patch(o.path("1020"), {"subject": "x"}), 422)
    assert o.bill("1020", "can_update") == {"can_update": False}


@rule("3.5 a discount changes due and balance, not total")
def _(o: Office) -> None:
    o.patch(o.path("1042"), {"discount": {"rate": 10, "type": "percentage"}})
    told = o.bill("1042")
    assert (told["total"], told["due"], told["balance"]) == (400, 360, 360)


@rule("3.2 each state offers its own moves")
def _(o: Office) -> None:
    expected = {
        "1067": ["awaiting_approval", "awaiting_payment", "deleted"],
        "1071": ["awaiting_payment", "deleted"],
        "1042": ["void"],
        "1057": [],
        "1020": [],
        "1074": [],
        "1076": [],
    }
    assert {n: o.bill(n, OFFERED)["available_state_transitions"] for n in expected} == expected


@rule("3.5 a move that is offered is made")
def _(o: Office) -> None:
    for number, to in (
        ("1067", "awaiting_approval"),
        ("1067", "awaiting_payment"),
        ("1042", "void"),
        ("1071", "deleted"),
    ):
        assert o.patch(o.path(number), {"state": to}).status_code == 200
        assert o.bill(number)["state"] == to


@rule("3.5 a move that is not offered is 422, naming both states")
def _(o: Office) -> None:
    answer = o.patch(o.path("1067"), {"state": "paid"})
    refused(answer, 422)
    assert "draft" in answer.text
    assert "paid" in answer.text
    refused(o.patch(o.path("1042"), {"state": "draft"}), 422)
    refused(o.patch(o.path("1057"), {"state": "void"}), 422)


@rule("3.5 approval through the API can be switched off")
def _(o: Office) -> None:
    o.clio.switches["approve_by_api"] = False
    refused(o.patch(o.path("1071"), {"state": "awaiting_payment"}), 422)


# --- PATCH state=paid ----------------------------------------------------------------------------------------------
@rule("10.1 paid is refused and not offered by default")
def _(o: Office) -> None:
    refused(o.patch(o.path("1042"), {"state": "paid"}), 422)
    assert o.bill("1042")["state"] == "awaiting_payment"
    assert allocations(o, "1042") == []


@rule("10.1 offer_paid offers it without accepting it")
def _(o: Office) -> None:
    o.clio.switches["offer_paid"] = True
    assert o.bill("1042", OFFERED)["available_state_transitions"] == ["paid", "void"]
    refused(o.patch(o.path("1042"), {"state": "paid"}), 422)


@rule("10.1 accepted: balance 0 and an allocation")
def _(o: Office) -> None:
    o.clio.switches["patch_paid"] = "accept"
    assert "paid" in o.bill("1042", OFFERED)["available_state_transitions"]
    assert o.patch(o.path("1042"), {"state": "paid"}).status_code == 200
    told = o.bill("1042")
    assert (told["state"], told["paid"], told["balance"]) == ("paid", 400, 0)
    assert [(a["amount"], a["parent"]["type"]) for a in allocations(o, "1042")] == [(400, "Payment")]


@rule("10.1 accepted bare: balance 0 and no allocation")
def _(o: Office) -> None:
    o.clio.switches["patch_paid"] = "accept_bare"
    o.patch(o.path("1042"), {"state": "paid"})
    assert (o.bill("1042")["state"], o.bill("1042")["balance"]) == ("paid", 0)
    assert allocations(o, "1042") == []


@rule("10.1 without effect: 200 and nothing changes")
def _(o: Office) -> None:
    o.clio.switches["patch_paid"] = "no_effect"
    before = o.bill("1042")
    assert o.patch(o.path("1042"), {"state": "paid"}).status_code == 200
    assert o.bill("1042") == before


# --- DELETE and preview --------------------------------------------------------------------------------------------
@rule("3.6 DELETE deletes drafts and voids unpaid bills, 204 without a body")
def _(o: Office) -> None:
    for number, becomes in (("1067", "deleted"), ("1071", "deleted"), ("1042", "void")):
        answer = o.ask("DELETE", o.path(number))
        assert (answer.status_code, answer.content) == (204, b"")
        assert (o.bill(number)["state"], o.bill(number)["balance"]) == (becomes, 0)


@rule("3.6 DELETE of anything else is 403")
def _(o: Office) -> None:
    for number in ("1020", "1057", "1059", "1074", "1076"):
        refused(o.ask("DELETE", o.path(number)), 403, "ForbiddenError")


@rule("3.4 the preview is HTML, and 406 for JSON")
def _(o: Office) -> None:
    path = o.path("1042").replace(".json", "/preview.json")
    for accept in ("text/html", "*/*"):
        answer = o.ask("GET", path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    refused(o.ask("GET", path, headers={"Accept": "application/json"}), 406, "InvalidFormatError")


# --- lines ---------------------------------------------------------------------------------------------------------
@rule("4 a line's quantity is hours, and changing it changes the bill")
def _(o: Office) -> None:
    line = o.data("line_items.json", bill_id=o.bill("1042")["id"], fields="id,quantity,price,total")[0]
    assert (line["quantity"], line["price"], line["total"]) == (2, 200, 400)
    assert o.patch(f"line_items/{line['id']}.json", {"quantity": 1.5}).status_code == 200
    assert o.bill("1042")["balance"] == 300


@rule("4 lines of a locked bill cannot be changed")
def _(o: Office) -> None:
    line = o.data("line_items.json", bill_id=o.bill("1020")["id"])[0]["id"]
    refused(o.patch(f"line_items/{line}.json", {"quantity": 2}), 422)
    refused(o.ask("DELETE", f"line_items/{line}.json"), 422)


@rule("4 a line can be taken off an editable bill")
def _(o: Office) -> None:
    bill = o.bill("1048")
    line = o.data("line_items.json", bill_id=bill["id"], fields="id,total")[1]
    assert o.ask("DELETE", f"line_items/{line['id']}.json").status_code == 204
    assert o.bill("1048")["total"] == 350


# --- people: payments ----------------------------------------------------------------------------------------------
@rule("5.1 a recorded payment shows as an allocation of a Payment, and as a bank line with its description")
def _(o: Office) -> None:
    bill = o.bill("1042")["id"]
    made = people(
        o, "record_payment", amounts={str(bill): 15000}, method="check", description="FS-7Q2", on="2026-03-01"
    )
    told = allocations(o, "1042")
    assert [(a["amount"], a["date"], a["parent"], a["description"]) for a in told] == [
        (150, "2026-03-01", {"id": made, "type": "Payment"}, None)
    ]
    assert told[0]["destination_bank_account"] == {"type": "Operating"}
    assert (o.bill("1042")["balance"], o.bill("1042")["state"]) == (250, "awaiting_payment")
    moves = o.data(
        "bank_transactions.json", order="id(desc)", fields="amount,type,description,source,bill{number},allocation"
    )
    assert (moves[0]["amount"], moves[0]["type"], moves[0]["description"]) == (150, "asset", "FS-7Q2")
    assert (moves[0]["bill"]["number"], moves[0]["allocation"]["id"]) == ("1042", told[0]["id"])


@rule("5.1 a payment's description shows on its allocation under the switch")
def _(o: Office) -> None:
    o.clio.switches["description_on_allocation"] = True
    people(o, "record_payment", amounts={"1042": 15000}, description="FS-7Q2")
    assert allocations(o, "1042")[0]["description"] == "FS-7Q2"


@rule("5.1 one payment over three bills has one parent")
def _(o: Office) -> None:
    people(o, "record_payment", amounts={"1046": 125000, "1047": 87550, "1048": 39210})
    assert len({allocations(o, n)[0]["parent"]["id"] for n in ("1046", "1047", "1048")}) == 1
    assert [o.bill(n)["state"] for n in ("1046", "1047", "1048")] == ["paid"] * 3


@rule("3.2 only an unpaid bill takes a payment, up to its balance")
def _(o: Office) -> None:
    for number, amount in (("1067", 100), ("1020", 100), ("1042", 40001), ("1042", 0)):
        answer = o.http.post(f"{BASE}/_sandbox/people/record_payment", json={"amounts": {number: amount}})
        refused(answer, 422)


@rule("6 paid from trust: source Trust, destination Operating, two bank lines")
def _(o: Office) -> None:
    told = allocations(o, "1023")[0]
    assert (told["source_bank_account"], told["destination_bank_account"]) == ({"type": "Trust"}, {"type": "Operating"})
    lines = [
        m
        for m in o.data("bank_transactions.json", fields="amount,bill{number}")
        if (m["bill"] or {}).get("number") == "1023"
    ]
    assert sorted(m["amount"] for m in lines) == [-480, 480]


@rule("9.11 a removed payment keeps its allocations with voided_at, its bank lines vanish, the bill reopens")
def _(o: Office) -> None:
    made = people(o, "record_payment", amounts={"1042": 40000})
    assert o.bill("1042")["state"] == "paid"
    before = len(o.data("bank_transactions.json"))
    people(o, "remove_payment", payment=made)
    assert allocations(o, "1042")[0]["voided_at"] == "2026-03-02T10:00:00-05:00"
    assert len(o.data("bank_transactions.json")) == before - 1
    assert (o.bill("1042")["state"], o.bill("1042")["balance"]) == ("awaiting_payment", 400)


@rule("10.2 a payment moves updated_at and etag, or neither")
def _(o: Office) -> None:
    for bump, number in ((True, "1042"), (False, "1043")):
        o.clio.switches["bump_on_allocation"] = bump
        before = o.bill(number)
        people(o, "record_payment", amounts={number: 100})
        after = o.bill(number)
        assert (after["updated_at"] != before["updated_at"], after["etag"] != before["etag"]) == (bump, bump)
        assert after["paid"] == 1


@rule("6 a credit memo lowers the balance and allocates, with its description")
def _(o: Office) -> None:
    memo = people(o, "issue_credit", bill="1042", amount=2500, description="Goodwill")
    assert o.bill("1042", "credits_issued,balance,paid") == {"credits_issued": 25, "balance": 375, "paid": 0}
    told = allocations(o, "1042")[0]
    assert (told["parent"], told["description"]) == ({"id": memo, "type": "CreditMemo"}, "Goodwill")
    shown = o.data(f"credit_memos/{memo}.json", fields="amount,voided_at,allocations{amount}")
    assert shown == {"amount": 25, "voided_at": None, "allocations": [{"amount": 25}]}
    people(o, "remove_credit", memo=memo)
    assert o.bill("1042")["balance"] == 400


@rule("6 a trust deposit is a line on the trust account, and the request is paid; no allocation unless switched")
def _(o: Office) -> None:
    people(o, "record_trust_deposit", bill="1080", amount=40000, description="FS-9")
    moved = o.data(
        "bank_transactions.json", order="id(desc)", fields="amount,type,description,bill{number},bank_account{type}"
    )[0]
    assert moved == {
        "amount": 400,
        "type": "liability",
        "description": "FS-9",
        "bill": {"number": "1080"},
        "bank_account": {"type": "Trust"},
    }
    assert o.bill("1080")["balance"] == 600
    assert allocations(o, "1080") == []
    o.clio.switches["trust_deposit_allocation"] = True
    people(o, "record_trust_deposit", bill="1080", amount=60000)
    assert o.bill("1080")["state"] == "paid"
    assert [a["amount"] for a in allocations(o, "1080")] == [600]


@rule("6 a deposit may not name the bill")
def _(o: Office) -> None:
    o.clio.switches["trust_deposit_names_bill"] = False
    people(o, "record_trust_deposit", bill="1080", amount=40000)
    moved = o.data("bank_transactions.json", order="id(desc)", fields="bill,client{name}")[0]
    assert moved == {"bill": None, "client": {"name": "Delia Marsh"}}


@rule("6 trust requests have trust lines and no line items")
def _(o: Office) -> None:
    bill = o.bill("1080")["id"]
    assert o.data("line_items.json", bill_id=bill) == []
    assert [r["total"] for r in o.data("trust_line_items.json", bill_id=bill, fields="total")] == [1000]


# --- people: bills and clients -------------------------------------------------------------------------------------
@rule("3.2 staff approve, void and delete")
def _(o: Office) -> None:
    people(o, "approve", bill="1067")
    people(o, "void", bill="1042")
    people(o, "delete", bill="1068")
    assert [o.bill(n)["state"] for n in ("1067", "1042", "1068")] == ["awaiting_payment", "void", "deleted"]


@rule("9.15 interest raises total, due and balance")
def _(o: Office) -> None:
    people(o, "add_interest", bill="1042", amount=250)
    told = o.bill("1042", "total,balance,interest{total}")
    assert told == {"total": 402.5, "balance": 402.5, "interest": {"total": 2.5}}
    assert len(o.data("interest_charges.json", bill_id=o.bill("1042")["id"])) == 1


@rule("9.16 pending shows a payment in flight")
def _(o: Office) -> None:
    people(o, "set_pending", bill="1042", amount=40000)
    assert o.bill("1042", "pending,balance") == {"pending": 400, "balance": 400}


@rule("3.5 staff edit number, dates, lines and total")
def _(o: Office) -> None:
    people(
        o,
        "edit_bill",
        bill="1042",
        number="1042R",
        due_at="2026-06-01",
        lines=[{"note": "Half", "price": 10000, "hours": 0.5}],
    )
    assert o.bill("1042R", "due_at,total") == {"due_at": "2026-06-01", "total": 50}
    people(o, "edit_bill", bill="1042R", total=12345)
    assert o.bill("1042R")["total"] == 123.45


@rule("7 staff change a client's name and e-mail")
def _(o: Office) -> None:
    people(o, "change_client", contact="Felix Ortega", email="felix@example.com", name="Felix Ortega Diaz")
    told = o.data("contacts.json", query="felix", fields="name,primary_email_address,email_addresses{address,primary}")
    assert told[0]["primary_email_address"] == "felix@example.com"
    assert told[0]["email_addresses"] == [{"address": "felix@example.com", "primary": True}]


@rule("6 Clio's own reminders can be on")
def _(o: Office) -> None:
    contact = people(o, "set_reminders", contact="Ada Example", enabled=True)
    row = o.data("outstanding_client_balances.json", contact_id=contact, fields="reminders_enabled")
    assert row == [{"reminders_enabled": True}]


@pytest.mark.parametrize("row", [r for _, r in rule], ids=[name for name, _ in rule])
def test_clio_bills_are_strict(row: Rule) -> None:
    row(an_office(rate_limit=200))


@pytest.mark.parametrize("page", ["/", "/nc/", "bills", "bill", "contact"])
def test_every_page_says_sandbox(page: str) -> None:
    o = an_office()
    bill = o.clio.people.find_bill("1057")["id"]
    firm = o.clio.state.rows["bills"][bill].firm
    contact = o.clio.state.rows["bills"][bill].client_id
    path = {"bills": f"/firms/{firm}/bills", "bill": f"/bills/{bill}", "contact": f"/contacts/{contact}"}.get(
        page, page
    )
    answer = o.http.get(BASE + path)
    assert answer.status_code == 200
    assert "SANDBOX" in answer.text


def test_a_form_on_the_bills_page_records_a_payment() -> None:
    o = an_office()
    bill = o.clio.people.find_bill("1051")["id"]
    form = {
        "bill": str(bill),
        "amount": "1,234,567.89",
        "on": "",
        "method": "ach",
        "description": "",
        "back": f"/bills/{bill}",
    }
    answer = o.http.post(f"{BASE}/act/record_payment", data=form, allow_redirects=False)
    assert answer.status_code == 302
    assert o.bill("1051")["state"] == "paid"


def test_a_form_that_clio_refuses_says_why() -> None:
    o = an_office()
    bill = o.clio.people.find_bill("1057")["id"]
    answer = o.http.post(f"{BASE}/act/void", data={"bill": str(bill)})
    assert answer.status_code == 422
    assert "cannot be voided" in answer.text


def test_a_private_method_is_no_act() -> None:
    answer = an_office().http.post(f"{BASE}/_sandbox/people/_bill", json={"ref": "1042"})
    assert answer.status_code == 404
