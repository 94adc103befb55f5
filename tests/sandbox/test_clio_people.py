"""What people in Clio do and what the API then shows; the pages they do it on (reference/clio.md 3, 5, 6, 9)."""

from __future__ import annotations

from typing import Any

import pytest

from infra.sandbox.kit import Wire
from tests.sandbox.clio_wire import BASE, CALLBACK, KEY, Office, Rule, Table, allocations, an_office, refused

rule = Table()


def people(o: Office, act: str, **values: Any) -> Any:
    """A person's act through the control route, as the demo sends it."""
    answer = o.http.post(f"{BASE}/_sandbox/people/{act}", json=values)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


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


@rule("5.1 the demo counts a bill's money in the sandbox's own data")
def _(o: Office) -> None:
    made = people(o, "record_payment", amounts={"1042": 15000}, description="FS-1")
    told = people(o, "money", bill="1042")
    assert [(a["amount"], a["parent_id"], a["valid"]) for a in told["allocations"]] == [(15000, made, True)]
    assert [(m["amount"], m["type"], m["description"]) for m in told["bank"]] == [(15000, "asset", "FS-1")]


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


@rule("6 (M) whether a payment from trust has two bank lines, one or none is a switch; the balances move all the same")
def _(o: Office) -> None:
    for lines, count in (("both", 2), ("operating", 1), ("none", 0)):
        o.clio.switches["trust_payment_lines"] = lines
        before = {a["id"]: a["balance"] for a in o.data("bank_accounts.json", fields="id,balance,type")}
        held = len(o.data("bank_transactions.json"))
        made = people(o, "record_payment", amounts={"1042": 1000}, from_trust=True)
        after = {a["id"]: a["balance"] for a in o.data("bank_accounts.json", fields="id,balance,type")}
        assert sorted(after[a] - before[a] for a in after) == [-10, 10]
        assert len(o.data("bank_transactions.json")) == held + count
        people(o, "remove_payment", payment=made)
        assert {a["id"]: a["balance"] for a in o.data("bank_accounts.json", fields="id,balance")} == before
        assert len(o.data("bank_transactions.json")) == held


@rule("9.11 a deleted bank transaction vanishes: 404, in no list, and the balance has moved")
def _(o: Office) -> None:
    trust = o.data("bank_accounts.json", type="TrustAccount", fields="id,balance")[0]
    made = people(o, "move_trust", client="Ada Example", amount=12345, description="Retainer")
    shown = o.data(f"bank_transactions/{made}.json", fields="amount,type,transaction_type,client{name},description")
    assert (shown["amount"], shown["type"], shown["transaction_type"]) == (123.45, "liability", "deposit")
    assert shown["client"] == {"name": "Ada Example"}
    people(o, "edit_transaction", transaction=made, amount=20000)
    now = o.data(f"bank_accounts/{trust['id']}.json", fields="balance")["balance"]
    assert now == trust["balance"] + 200
    people(o, "delete_transaction", transaction=made)
    refused(o.get(f"bank_transactions/{made}.json"), 404)
    assert made not in {m["id"] for m in o.data("bank_transactions.json", updated_since="2026-03-01T00:00:00Z")}
    assert o.data(f"bank_accounts/{trust['id']}.json", fields="balance")["balance"] == trust["balance"]


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
    people(o, "correct_credit", memo=memo, amount=1000)
    assert o.bill("1042", "credits_issued,balance") == {"credits_issued": 10, "balance": 390}
    assert o.data(f"credit_memos/{memo}.json", fields="amount,allocations{amount}") == {
        "amount": 10,
        "allocations": [{"amount": 10}],
    }
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


def renamed(o: Office) -> tuple[Any, Any]:
    """Bill 1042 before and after its matter got another display number."""
    fields = "etag,updated_at,matters{id,display_number}"
    before = o.bill("1042", fields)
    people(o, "rename_matter", matter=before["matters"][0]["id"], display_number="X-77")
    return before, o.bill("1042", fields)


@rule("2.3 matters that changed since are listed with their client, in id order")
def _(o: Office) -> None:
    bill = o.bill("1042", "matters{id},client{id}")
    since = o.clock.now().isoformat()
    o.clock.move(minutes=1)
    people(o, "rename_matter", matter=bill["matters"][0]["id"], display_number="X-77")
    found = o.data("matters.json", updated_since=since, order="id(asc)", fields="id,display_number,client{id}")
    assert [m["display_number"] for m in found] == ["X-77"]
    assert found[0]["client"]["id"] == bill["client"]["id"]


@rule("3.2 an unpaid bill can go back to a draft and be approved again; one with a payment only under the switch")
def _(o: Office) -> None:
    people(o, "take_back", bill="1042")
    assert o.bill("1042")["state"] == "draft"
    people(o, "approve", bill="1042")
    people(o, "record_payment", amounts={"1042": 15000})
    answer = o.http.post(f"{BASE}/_sandbox/people/take_back", json={"bill": "1042"})
    assert answer.status_code == 422, answer.text
    o.clio.switches["draft_with_money"] = True
    people(o, "take_back", bill="1042", state="awaiting_approval")
    assert (o.bill("1042")["state"], o.bill("1042")["balance"]) == ("awaiting_approval", 250)
    deleted = o.http.post(f"{BASE}/_sandbox/people/delete", json={"bill": "1042"})
    assert deleted.status_code == 422, "3.6: only with no payments recorded"
    people(o, "edit_bill", bill="1042", total=15000)
    people(o, "approve", bill="1042")
    assert o.bill("1042")["state"] == "paid"


@rule("9.11 a contact merged into another vanishes; matters, bills, payments and trust money are the other one's")
def _(o: Office) -> None:
    people(o, "record_payment", amounts={"1042": 15000})
    before = o.bill("1042", "etag,client{id,name},matters{id}")
    loser = before["client"]["id"]
    winner = people(o, "add_client", firm=None, name=before["client"]["name"], email="again@mail.example")
    people(o, "merge_clients", contact=loser, into=winner)
    assert o.get(f"contacts/{loser}.json").status_code == 404
    after = o.bill("1042", "etag,client{id,name},matters{id}")
    assert (after["client"]["id"], after["matters"]) == (winner, before["matters"])
    assert after["etag"] != before["etag"]
    [matter] = o.data("matters.json", **{"ids[]": before["matters"][0]["id"]}, fields="client{id}")
    assert matter["client"]["id"] == winner
    assert o.data("allocations.json", contact_id=loser, fields="id") == []
    assert len(o.data("allocations.json", contact_id=winner, fields="id")) > 0
    assert o.data("bank_transactions.json", client_id=loser, fields="id") == []


@rule("7 a matter gets another display number, which its bills show")
def _(o: Office) -> None:
    before, after = renamed(o)
    assert after["matters"] == [{**before["matters"][0], "display_number": "X-77"}]
    assert (after["etag"], after["updated_at"]) == (before["etag"], before["updated_at"]), "not in the reference"
    matter = o.data("matters.json", **{"ids[]": before["matters"][0]["id"]}, fields="display_number")
    assert matter == [{"display_number": "X-77"}]


@rule("7 ... and under a switch its bills are changed by it")
def _(o: Office) -> None:
    o.clio.switches["matter_moves_bills"] = True
    before, after = renamed(o)
    assert after["etag"] != before["etag"]


@rule("6 Clio's own reminders can be on")
def _(o: Office) -> None:
    contact = people(o, "set_reminders", contact="Ada Example", enabled=True)
    row = o.data("outstanding_client_balances.json", contact_id=contact, fields="reminders_enabled")
    assert row == [{"reminders_enabled": True}]


@pytest.mark.parametrize("row", [r for _, r in rule], ids=[name for name, _ in rule])
def test_what_people_do_shows(row: Rule) -> None:
    row(an_office(rate_limit=200))


def test_below_a_path_prefix_every_address_keeps_the_prefix() -> None:
    o = an_office()
    base = "http://localhost:8100/clio"
    o.http.mount(base, Wire(o.clio, base))
    told = o.http.get(
        f"{base}/api/v4/bills.json", params={"limit": 1}, headers={"Authorization": f"Bearer {o.token}"}
    ).json()
    assert told["meta"]["paging"]["next"].startswith(f"{base}/api/v4/bills.json?")
    asked = {"response_type": "code", "client_id": KEY, "redirect_uri": CALLBACK}
    assert 'action="/clio/oauth/authorize"' in o.http.get(f"{base}/oauth/authorize", params=asked).text
    assert 'href="/clio/firms/' in o.http.get(f"{base}/").text


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
