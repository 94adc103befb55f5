"""A bill whose number is not free is listed as waiting before anything is written, and waits in the run."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.dates import day
from chalicelib.domain.first import Row
from chalicelib.domain.kernel import Kind
from chalicelib.domain.payable import Payable
from chalicelib.flow import attention, first_sync
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import STAFF, booked
from tests.flow.test_first_sync import a_new_stage, answer_all, plan_of, prepare, rows, run_as_listed, say, settled
from tests.flow.test_purge import begin_anew, purge
from tests.world import Stage

NUMBER = "3001"


def add(stage: Stage, client: str, number: str = NUMBER, due: str = "2027-03-01", price: int = 40000) -> str:
    lines = [{"note": "Advice", "price": price}]
    return str(stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", client, number, lines, due_at=due))


def listed(stage: Stage, number: str = NUMBER) -> dict[str, Row]:
    """By bill: all rows of this number, which ``rows`` would take for one."""
    found, at = list[Row](), 0
    while True:
        page = first_sync.rows(stage.world, stage.firm, "bills", at)
        found += [r for r in page.rows if r.title == number]
        if page.next is None:
            return {r.id: r for r in found}
        at = page.next


def bill(stage: Stage, id: str) -> Payable:
    return next(p for p in acts.payables(stage) if p.id == id)


def task(stage: Stage, id: str) -> Any:
    [found] = acts.parked(stage, kind="quickbooks.invoice", about=f"payable/{id}")
    return found


def show(row: Row) -> str:
    return f"{row.detail} over ${row.cents / 100:.2f}"


def two(stage: Stage) -> tuple[Row, Row]:
    """Two bills of one number are listed; the one that has it, and the other."""
    add(stage, "Ada Example", due="2027-04-01", price=50000)
    add(stage, "Calder Freight Inc")
    prepare(stage)
    told = {r.fate: r for r in listed(stage).values()}
    return told["create"], told["wait"]  # type: ignore[index]


def test_of_two_bills_of_one_number_the_first_is_created_and_the_other_is_listed_as_waiting() -> None:
    stage = a_new_stage()
    later = add(stage, "Ada Example", due="2027-04-01", price=50000)
    sooner = add(stage, "Calder Freight Inc", due="2027-03-01")
    plan = prepare(stage)
    told = listed(stage)
    [first] = [r for r in told.values() if r.fate == "create"]
    [second] = [r for r in told.values() if r.fate == "wait"]
    assert {first.id, second.id} == {later, sooner}
    assert "It waits for you" in second.waits and show(first) in second.waits and not second.needs
    others = [r for r in rows(stage, "bills").values() if r.title != NUMBER]
    assert plan.bills.counts["wait"] == 1 + sum(r.fate == "wait" for r in others)
    assert plan.bills.cents["create"] == first.cents + sum(r.cents for r in others if r.fate == "create")
    run_as_listed(stage)
    [made] = booked(stage, DocNumber=NUMBER)
    assert bill(stage, first.id).booked.id == made["Id"]  # type: ignore[union-attr]
    assert bill(stage, second.id).booked is None
    assert show(first) in task(stage, second.id).reason


@pytest.mark.parametrize("listed_at_once", [1, 100])
def test_which_of_the_two_is_first_is_the_same_on_every_list_and_in_the_run(
    listed_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_sync, "LISTED", listed_at_once)
    stage = a_new_stage()
    first, second = two(stage)
    assert (first.detail, second.behind) == ("Calder Freight Inc", first.id), "it is due sooner"
    prepare(stage)
    assert {r.id: r.fate for r in listed(stage).values()} == {first.id: "create", second.id: "wait"}
    before = len(booked(stage))
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)
    stage.pass_time(5, hours=2)
    assert len(booked(stage)) - before == plan_of(stage).bills.counts["create"]
    assert acts.contact(stage, first.detail).customer == acts.invoice(stage, NUMBER)["CustomerRef"]["value"]


@pytest.mark.parametrize("how", ["first renumbered", "first voided", "second renumbered"])
def test_the_second_goes_on_once_the_two_have_two_numbers(how: str) -> None:
    stage = a_new_stage()
    first, second = two(stage)
    run_as_listed(stage)
    people = stage.world.clio_box.people
    match how:
        case "first renumbered":
            people.edit_bill(int(first.id), number="3002")
        case "first voided":
            people.void(int(first.id))
        case _:
            people.edit_bill(int(second.id), number="3002")
    acts.poll(stage)
    stage.pass_time(3, hours=1)
    if how != "second renumbered":
        attention.retry(stage.world, stage.firm, task(stage, second.id).key, STAFF)
        stage.pass_time(3, hours=1)
    if how == "first voided":  # its number stays used by the voided invoice
        assert "6140" in task(stage, second.id).detail
        return
    assert {i["DocNumber"] for i in booked(stage)} >= {NUMBER, "3002"}
    assert bill(stage, first.id).booked and bill(stage, second.id).booked


def test_a_second_one_that_is_edited_after_the_first_was_renumbered_goes_on_by_itself() -> None:
    stage = a_new_stage()
    first, second = two(stage)
    run_as_listed(stage)
    people = stage.world.clio_box.people
    people.edit_bill(int(first.id), number="3002")
    acts.poll(stage)
    people.edit_bill(int(second.id), subject="Another subject")
    acts.poll(stage)
    stage.pass_time(3, hours=1)
    made = bill(stage, second.id).booked
    assert made and made.id == acts.invoice(stage, NUMBER)["Id"]


def test_retry_alone_does_not_make_the_second_first() -> None:
    stage = a_new_stage()
    _, second = two(stage)
    run_as_listed(stage)
    attention.retry(stage.world, stage.firm, task(stage, second.id).key, STAFF)
    stage.pass_time(3, hours=1)
    assert "Another bill in Clio has the number" in task(stage, second.id).reason
    assert len(booked(stage, DocNumber=NUMBER)) == 1


def hold_number(stage: Stage, what: str) -> str:
    """Something else in QuickBooks has the number; its id."""
    box = stage.world.quickbooks_box.people
    customer = booked(stage, "Customer")[0]["Id"]
    match what:
        case "a voided invoice":
            made = box.add_invoice(stage.realm, customer, 100, number=NUMBER)
            box.void_invoice(stage.realm, made["Id"])
        case _:
            made = box.add_credit_memo(stage.realm, customer, 100, number=NUMBER)
    return str(made["Id"])


@pytest.mark.parametrize("what", ["a voided invoice", "a credit memo"])
def test_a_bill_whose_number_another_document_has_is_listed_as_waiting_and_waits(what: str) -> None:
    stage = a_new_stage()
    id = add(stage, "Ada Example")
    hold_number(stage, what)
    prepare(stage)
    row = listed(stage)[id]
    assert (row.fate, row.used, row.needs) == ("wait", what, False) and what in row.waits
    before = len(booked(stage))
    run_as_listed(stage)
    assert len(booked(stage)) - before == plan_of(stage).bills.counts["create"]
    assert "listed this bill as waiting" in task(stage, id).reason and not task(stage, id).detail


def test_it_is_created_on_retry_once_the_number_is_free() -> None:
    stage = a_new_stage()
    id = add(stage, "Ada Example")
    memo = hold_number(stage, "a credit memo")
    prepare(stage)
    run_as_listed(stage)
    attention.retry(stage.world, stage.firm, task(stage, id).key, STAFF)
    stage.pass_time(3, hours=1)
    assert "6140" in task(stage, id).detail, "QuickBooks' own word now"
    stage.world.quickbooks_box.people.change(stage.realm, "CreditMemo", memo, DocNumber="CM-9")
    attention.retry(stage.world, stage.firm, task(stage, id).key, STAFF)
    stage.pass_time(3, hours=1)
    assert bill(stage, id).booked


def a_number_that_another_took() -> tuple[Stage, dict[str, Any], dict[str, Any]]:
    """People gave our invoice another number in QuickBooks, and its number to an invoice of theirs; then the links were
    purged, and the first sync is prepared."""
    stage = acts.a_synced_stage()
    mine = acts.invoice(stage, "1046")
    box = stage.world.quickbooks_box.people
    box.change_invoice(stage.realm, mine["Id"], DocNumber="X-1")
    other = box.add_invoice(stage.realm, mine["CustomerRef"]["value"], 1, number="1046")
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    prepare(stage)
    return stage, mine, other


def test_an_invoice_of_ours_does_not_get_its_number_back_where_another_one_has_it() -> None:
    stage, mine, other = a_number_that_another_took()
    row = rows(stage, "bills")["1046"]
    assert (row.fate, row.link, row.used) == ("wait", mine["Id"], "another invoice")
    run_as_listed(stage)
    assert acts.parked_on(stage, "1046", kind="quickbooks.invoice")
    assert booked(stage, DocNumber="X-1")[0]["Id"] == mine["Id"]
    assert acts.invoice(stage, "1046")["Id"] == other["Id"]


def test_whoever_says_that_it_is_the_other_one_after_all_is_not_kept_waiting() -> None:
    stage, _, other = a_number_that_another_took()
    say(stage, "bills", "1046", f"link:{other['Id']}")
    prepare(stage)
    row = rows(stage, "bills")["1046"]
    assert (row.fate, row.link, row.used) == ("change", other["Id"], "")


def test_a_credit_note_whose_number_another_document_has_is_listed_as_waiting_and_waits() -> None:
    stage = a_new_stage()
    id = str(stage.world.clio_box.people.issue_credit("1046", 2500))
    prepare(stage)
    number = next(c.number for c in acts.all_states(stage, Kind.CREDIT) if c.id == id)
    stage.world.quickbooks_box.people.add_invoice(stage.realm, booked(stage, "Customer")[0]["Id"], 1, number=number)
    prepare(stage)
    [row] = [r for r in first_sync.rows(stage.world, stage.firm, "credits", 0).rows if r.id == id]
    assert row.fate == "wait" and f"an invoice numbered {number}" in row.why
    run_as_listed(stage)
    assert not booked(stage, "CreditMemo", DocNumber=number)


def test_a_payment_over_two_bills_of_one_number_waits_where_either_does() -> None:
    stage = a_new_stage()
    people = stage.world.clio_box.people
    ids = [add(stage, "Ada Example"), add(stage, "Ada Example", due="2027-04-01")]
    people.record_payment({int(id): 10000 for id in ids}, description="one cheque")
    prepare(stage)
    assert sorted(r.fate for r in listed(stage).values()) == ["create", "wait"]
    told = [r for r in first_sync.rows(stage.world, stage.firm, "payments", 0).rows if NUMBER in r.about]
    assert [(r.cents, r.fate, r.why) for r in told] == [(20000, "wait", f"It waits with bill {NUMBER}")]
    run_as_listed(stage)
    paid = [x for x in booked(stage, "Payment") if x["TotalAmt"]]  # one of nothing applies a credit
    totals = plan_of(stage).besides["payments"]
    assert [len(paid), sum(acts.cents(x["TotalAmt"]) for x in paid)] == [
        totals.counts["create"],
        totals.cents["create"],
    ]


# --- what QuickBooks takes at no number -------------------------------------------------------------------------------


def test_what_is_dated_in_closed_books_is_listed_as_waiting_and_waits() -> None:
    stage = a_new_stage()
    trust.choose(stage)
    people = stage.world.clio_box.people
    id = add(stage, "Ada Example")
    people.record_payment({int(id): 10000}, description="cheque")
    people.move_trust("Ada Example", 50000)
    prepare(stage)
    closed = stage.world.now().date()
    stage.world.quickbooks_box.people.set_preferences(stage.realm, BookCloseDate=closed.isoformat())
    plan = prepare(stage)
    assert listed(stage)[id].fate == "wait" and f"closed through {day(closed, 'USD')}" in listed(stage)[id].waits
    assert not plan.bills.counts.get("create") and not plan.besides["payments"].counts.get("create")
    assert not plan.besides["credits"].counts.get("create") and plan.entries == [0, 0]
    kinds = ("Invoice", "Payment", "CreditMemo", "JournalEntry")
    before = {k: len(booked(stage, k)) for k in kinds}
    run_as_listed(stage)
    assert {k: len(booked(stage, k)) for k in kinds} == before
    assert "6210" in task(stage, id).detail


def test_a_bill_in_another_currency_than_the_firms_is_listed_as_waiting_and_waits() -> None:
    stage = a_new_stage()
    id = add(stage, "Ada Example")
    stage.world.clio_box.state.rows["bills"][int(id)].raw = {"currency": {"id": 2, "code": "EUR", "sign": "€"}}
    prepare(stage)
    row = listed(stage)[id]
    assert row.fate == "wait" and "it is in EUR" in row.waits
    run_as_listed(stage)
    assert bill(stage, id).booked is None and task(stage, id)
