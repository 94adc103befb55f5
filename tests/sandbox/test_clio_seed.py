"""The story's data: what the demo, the bad-input test and the benches may count on."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from infra.sandbox.clio import FIRM_A, FIRM_B, OWNER_B, ClioSandbox, books, make_many, seed
from infra.sandbox.clio.bad_input import BAD, CURES, GOOD, LONG_NUMBER, LONG_NUMBER_CURED
from infra.sandbox.clio.state import Bill
from infra.sandbox.kit import ManualClock
from tests.sandbox.clio_wire import TODAY, Office, an_office


def bills(o: Office, firm: str = FIRM_A) -> list[Bill]:
    found = next(f for f in o.clio.state.rows["firms"].values() if f.name == firm)
    held: list[Bill] = o.clio.state.of_firm("bills", found.id)
    return held


def test_firm_a_has_a_bill_in_every_state() -> None:
    counts = Counter(b.state for b in bills(an_office()) if b.kind == "revenue_kind")
    assert counts["awaiting_payment"] >= 20
    assert counts["paid"] >= 6
    assert {"draft", "awaiting_approval", "void", "deleted"} <= set(counts)
    assert sum(counts.values()) >= 40


def test_firm_a_has_three_open_trust_requests() -> None:
    held = [b for b in bills(an_office()) if b.kind == "trust_kind" and b.state == "awaiting_payment"]
    assert [b.number for b in held] == ["1080", "1081", "1082"]


def test_every_total_is_the_sum_of_its_lines() -> None:
    o = an_office(rate_limit=1000)
    for bill in o.data(
        "bills.json", fields="id,number,kind,state,total,due,paid,balance,credits_issued,interest{total}"
    ):
        path = "trust_line_items.json" if bill["kind"] == "trust_kind" else "line_items.json"
        lines = round(sum(100 * i["total"] for i in o.data(path, bill_id=bill["id"], fields="total")))
        interest = round(100 * (bill["interest"] or {"total": 0})["total"])
        assert round(100 * bill["total"]) == lines + interest, bill
        left = bill["due"] - bill["paid"] - bill["credits_issued"]
        assert round(100 * bill["balance"]) == round(100 * left), bill


def test_the_allocations_of_each_bill_add_up_to_what_is_paid_and_credited() -> None:
    o = an_office()
    for bill in bills(o):
        valid = [a for a in o.clio.state.children("allocations", bill.id) if a.voided_at is None]
        if bill.kind == "revenue_kind":
            assert sum(a.amount for a in valid) == bill.paid + bill.credits, bill.number


def test_paid_means_nothing_outstanding() -> None:
    for bill in bills(an_office()):
        assert (bill.state == "paid") == (books.balance(bill) == 0 and bill.state not in books.REMOVED), bill.number


def test_the_named_bills_are_there() -> None:
    o = an_office()
    one = {n: o.bill(n, "total,state,client{name,primary_email_address}") for n in ("1042", "1043", "1044")}
    ada = {"name": "Ada Example", "primary_email_address": "ada@example.com"}
    assert one["1042"] == {"total": 400, "state": "awaiting_payment", "client": ada}
    assert one["1043"] == {"total": 250, "state": "awaiting_payment", "client": ada}
    assert one["1044"]["client"] == {"name": "Brook Jensen", "primary_email_address": "brook.jensen@example.com"}


def test_calder_has_exactly_three_open_invoices() -> None:
    o = an_office()
    calder = o.data("contacts.json", query="calder")[0]["id"]
    rows = o.data("bills.json", client_id=calder, state="awaiting_payment", fields="number,balance")
    assert [(r["number"], r["balance"]) for r in rows] == [("1046", 1250), ("1047", 875.5), ("1048", 392.1)]


def test_due_dates_reach_from_40_days_ago_to_30_days_ahead() -> None:
    due = [b.due_at for b in bills(an_office()) if b.state == "awaiting_payment" and b.due_at]
    assert (min(due), max(due)) == (TODAY - timedelta(days=40), TODAY + timedelta(days=30))


def test_nothing_was_changed_within_the_last_day() -> None:
    o = an_office()
    assert all(b.updated_at <= o.clock.now() - timedelta(days=1) for b in bills(o))


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 11, 22), date(2028, 2, 29)])
def test_the_story_can_begin_on_any_day(today: date) -> None:
    clio = ClioSandbox(ManualClock())
    first = seed(clio, today)
    assert seed(clio, today) == first
    assert len(clio.state.of_firm("bills", first.firm_a)) == 48


def test_kept_state_outlives_a_restart(tmp_path: Path) -> None:
    keep = tmp_path / "clio.pickle"
    clio = ClioSandbox(ManualClock(), keep=keep)
    seed(clio, TODAY)
    again = ClioSandbox(ManualClock(), keep=keep)
    assert again.people.bills() == clio.people.bills()
    assert again.people.bills()


# --- firm B --------------------------------------------------------------------------------------------------------
def test_firm_b_has_every_bad_input_and_five_good_bills() -> None:
    assert {b.number for b in bills(an_office(), FIRM_B)} == {*BAD, *GOOD}


def test_the_bad_inputs_are_served_as_they_are() -> None:
    o = an_office(OWNER_B)
    told = {n: o.bill(n, "number,state,kind,total,balance,client{name,primary_email_address}") for n in BAD}
    assert told["B-STATE"]["state"] == "in_review"
    assert told["B-KIND"]["kind"] == "mystery_kind"
    assert told["B-FRACTION"]["total"] == 100.005
    assert told["B-NOCLIENT"]["client"] is None
    assert len(told[LONG_NUMBER]["number"]) > 21
    assert told["B-COLON"]["client"]["name"] == "Smith: Estate of"
    assert "\t" in told["B-TAB"]["client"]["name"]
    assert told["B-NOMAIL"]["client"]["primary_email_address"] is None


def test_two_thousand_lines_add_up() -> None:
    o = an_office(OWNER_B)
    bill = o.bill("B-2000LINES", "id,total")
    answer = o.get("line_items.json", bill_id=bill["id"], fields="total").json()
    lines = answer["data"]
    while following := answer["meta"]["paging"].get("next"):
        answer = o.ask("GET", following).json()
        lines += answer["data"]
    assert (len(lines), sum(i["total"] for i in lines)) == (2000, bill["total"])


@pytest.mark.parametrize("number", BAD)
def test_each_cause_can_be_cured(number: str) -> None:
    o = an_office(OWNER_B)
    before = o.bill(number, "etag,state,kind,total,number,client{name,primary_email_address}")
    found = o.clio.people.cure(number)
    after = o.data(f"bills/{found}.json", fields="etag,state,kind,total,number,client{name,primary_email_address}")
    assert {**after, "etag": ""} != {**before, "etag": ""} or number == "B-2000LINES"
    assert after["etag"] != before["etag"]
    assert after["state"] == "awaiting_payment"
    assert after["client"]
    assert after["number"] == (LONG_NUMBER_CURED if number == LONG_NUMBER else number)
    assert set(CURES) == set(BAD)


# --- benches -------------------------------------------------------------------------------------------------------
def test_make_many_fills_a_firm_with_plain_bills() -> None:
    clio = ClioSandbox(ManualClock())
    firm = seed(clio, TODAY).firm_a
    made = make_many(clio, 1000, firm=firm, today=TODAY)
    held = [clio.state.rows["bills"][i] for i in made]
    assert Counter(b.state for b in held) == {"awaiting_payment": 500, "paid": 500}
    assert made == sorted(made)
    assert len({b.number for b in held}) == 1000
    assert all(books.total(b) == sum(i.sub_total for i in clio.state.children("line_items", b.id)) for b in held)
