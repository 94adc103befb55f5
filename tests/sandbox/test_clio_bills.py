"""Every strict rule of changing bills and lines, over raw HTTP (reference/clio.md 2.9, 3, 4, 5.2)."""

from __future__ import annotations

import pytest

from tests.sandbox.clio_wire import Office, Rule, Table, allocations, an_office, refused

rule = Table()
OFFERED = "state,available_state_transitions"


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


@rule("2 a body that is no object is 400, however it is written")
def _(o: Office) -> None:
    for sent in ([("data", "x"), ("data[memo]", "y")], [("data[memo]", "x"), ("data[memo][a]", "y")]):
        refused(o.ask("PATCH", o.path("1042"), data=sent), 400)
    deep = o.ask("PATCH", o.path("1042"), data="[" * 100_000, headers={"Content-Type": "application/json"})
    refused(deep, 400)


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


@rule("2.7 a number beyond all bills is 422, and so is a day beyond the calendar")
def _(o: Office) -> None:
    line = o.data("line_items.json", bill_id=o.bill("1054")["id"])[0]["id"]
    for value in ("1e999999", 1e30, 10**400, "1e-999999"):
        refused(o.patch(f"line_items/{line}.json", {"price": value}), 422)
        refused(o.patch(o.path("1042"), {"discount": {"rate": value, "type": "money"}}), 422)
    refused(o.patch(o.path("1042"), {"issued_at": "9999-12-31", "use_grace_period": True}), 422)


@rule("3.5 interest and theme are taken, and shown")
def _(o: Office) -> None:
    theme = o.data("bill_themes.json")[0]["id"]
    sent = {"interest": {"rate": 1.5, "type": "compound", "period": 60}, "bill_theme": {"id": theme}, "currency_id": 1}
    assert o.patch(o.path("1042"), sent).status_code == 200
    told = o.bill("1042", "interest{rate,type,period},bill_theme{id},total")
    assert told == {"interest": sent["interest"], "bill_theme": {"id": theme}, "total": 400.0}
    for wrong in ({"interest": {"rate": 1, "type": "none"}}, {"bill_theme": {"id": 1}}, {"currency_id": 2}):
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


@rule("4 a line that is not charged counts nothing, whatever its price")
def _(o: Office) -> None:
    lines = o.data("line_items.json", bill_id=o.bill("1061")["id"], fields="type,quantity,price,total")
    assert lines[1] == {"type": "NoChargeLineItem", "quantity": 0.5, "price": 285, "total": 0}
    assert o.bill("1061")["total"] == 399


@rule("4 a line's kind, tax flag and place can be changed")
def _(o: Office) -> None:
    line = o.data("line_items.json", bill_id=o.bill("1054")["id"])[0]["id"]
    assert o.patch(o.path("1054"), {"tax_rate": 10}).status_code == 200
    before, sent = o.bill("1054")["total"], {"kind": "Expense", "taxable": True, "group_ordering": 7}
    told = o.patch(f"line_items/{line}.json", sent, params={"fields": "kind,taxable,group_ordering,tax"}).json()["data"]
    assert {k: told[k] for k in sent} == sent
    assert round(o.bill("1054")["total"] - before, 2) == told["tax"] > 0
    for wrong in ({"kind": "Gift"}, {"taxable": "perhaps"}, {"group_ordering": "first"}):
        refused(o.patch(f"line_items/{line}.json", wrong), 422)


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


@pytest.mark.parametrize("row", [r for _, r in rule], ids=[name for name, _ in rule])
def test_clio_bills_are_strict(row: Rule) -> None:
    row(an_office(rate_limit=200))
