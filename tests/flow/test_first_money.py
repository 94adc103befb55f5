"""The first sync lists payments, credit notes and trust transactions one by one, and the real run does just that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.firm import InvoicingChosen
from chalicelib.domain.first import Row
from chalicelib.domain.kernel import Kind
from chalicelib.flow import first_sync, signing
from chalicelib.flow.firms import firm_of
from chalicelib.flow.first_plan import ROWS, What
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import STAFF, payments_on
from tests.flow.test_adoption import pay_in_quickbooks
from tests.flow.test_first_pages import in_pages_of, plan_of
from tests.flow.test_first_sync import a_new_stage, answer_all, kinds, prepare, settled
from tests.flow.test_pairing import SAME_DAY, in_clio, over_two
from tests.world import Stage

MONEY: tuple[What, ...] = ("payments", "credits", "trust")


def listed(stage: Stage, what: What) -> dict[str, Row]:
    found: dict[str, Row] = {}
    at: int | None = 0
    while at is not None:
        page = first_sync.rows(stage.world, stage.firm, what, at)
        assert len(page.rows) <= ROWS
        assert not set(found) & {r.id for r in page.rows}
        found |= {r.id: r for r in page.rows}
        at = page.next
    return found


def come_to(stage: Stage, what: What) -> list[int]:
    told = listed(stage, what).values()
    return [len(told), sum(r.cents for r in told)]


def test_each_payment_is_listed_with_its_day_client_and_bills_and_they_come_to_the_sum() -> None:
    stage = a_new_stage()
    plan = prepare(stage)
    assert come_to(stage, "payments") == plan.payments
    totals = plan.besides["payments"]
    assert [sum(totals.counts.values()), sum(totals.cents.values())] == plan.payments
    held = {x.id: x for x in acts.payments(stage)}
    for id, row in listed(stage, "payments").items():
        x = held[id]
        assert (row.cents, row.on, row.detail) == (x.total, x.settled_on, x.client_name)
        assert all(i.number in row.about for i in x.items[:5])


def test_a_payment_that_stands_on_a_linked_invoice_is_listed_as_linked() -> None:
    stage = a_new_stage()
    over_two(stage, once=True, day=SAME_DAY)
    plan = prepare(stage)
    [x] = payments_on(stage, "1042")
    row = listed(stage, "payments")[x.id]
    assert (row.fate, row.why) == ("link", "It stands on the linked invoice")
    assert plan.besides["payments"].counts["link"] == plan.bills.matched == 1


def test_a_payment_waits_for_what_a_person_has_to_say_of_its_bill() -> None:
    stage = a_new_stage()
    pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    in_clio(stage, 15000, "2026-02-21")
    stage.world.clio_box.people.record_payment({"1043": 5000}, on="2026-02-21")
    prepare(stage)
    why = {r.about: (r.fate, r.why) for r in listed(stage, "payments").values()}
    assert why["Bill 1042"] == ("wait", "The payments on invoice 1042 are still to be compared")
    assert why["Bill 1043"] == ("wait", "Bill 1043 is still to be answered")
    answer_all(stage)
    prepare(stage)
    why = {r.about: (r.fate, r.why) for r in listed(stage, "payments").values()}
    assert why["Bill 1043"] == ("wait", "It waits with bill 1043 until the number is free")


def test_credit_notes_and_trust_transactions_are_listed_and_then_made() -> None:
    stage = a_new_stage()
    trust.choose(stage)
    invoicing = replace(firm_of(stage.world, stage.firm).invoicing, sub_customers=True)  # type: ignore[union-attr]
    signing.settle_firm(stage.world, stage.firm, InvoicingChosen(invoicing), by=STAFF)
    stage.world.clio_box.people.issue_credit("1046", 2500)
    stage.world.clio_box.people.issue_credit("1043", 100)
    stage.world.clio_box.people.move_trust("Ada Example", 50000)
    prepare(stage)
    assert {r.fate for r in listed(stage, "credits").values() if r.about == "Bill 1043"} == {"wait"}
    answer_all(stage)
    plan = prepare(stage)
    before = kinds(stage)
    assert (come_to(stage, "credits"), come_to(stage, "trust")) == (plan.credits, plan.entries)
    bills = listed(stage, "bills")
    assert sum(bool(r.matter) for r in bills.values()) == plan.matters
    first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)
    stage.pass_time(8, hours=2)
    made = {e: [o for o in found if o not in before[e]] for e, found in kinds(stage).items()}
    assert {m["DocNumber"] for m in made["CreditMemo"]} == {
        r.title.removeprefix("Credit note ") for r in listed(stage, "credits").values() if r.fate == "create"
    }
    assert {e["DocNumber"] for e in made["JournalEntry"]} == {
        r.there.removeprefix("Journal entry ") for r in listed(stage, "trust").values()
    }
    subs = {c["DisplayName"] for c in made["Customer"] if c.get("ParentRef")}
    assert subs == {r.matter for r in bills.values() if r.matter and r.fate != "wait"}


def test_trust_money_of_an_unknown_kind_is_listed_and_not_counted_among_what_is_written() -> None:
    stage = a_new_stage()
    trust.choose(stage)
    before = prepare(stage)
    stage.world.clio_box.people.move_trust("Ada Example", 1000, word="Sweep In")
    plan = prepare(stage)
    told = [r for r in listed(stage, "trust").values() if r.fate == "wait"]
    assert [(r.fate, r.cents) for r in told] == [("wait", 1000)]
    assert (plan.entries, plan.besides["trust"].counts["wait"]) == (before.entries, 1)


def test_a_payment_that_is_gone_when_it_is_listed_anew_is_left_out() -> None:
    stage = a_new_stage()
    group = stage.world.clio_box.people.record_payment({"1044": 5000}, on="2026-02-21")
    prepare(stage)
    assert f"clio-{group}" in listed(stage, "payments")
    stage.world.clio_box.people.remove_payment(group)
    plan = prepare(stage)
    assert f"clio-{group}" not in listed(stage, "payments")
    assert come_to(stage, "payments") == plan.payments


def test_the_real_run_posts_what_is_listed_as_posted_and_nothing_besides() -> None:
    stage = a_new_stage()
    pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    in_clio(stage, 15000, "2026-02-21")
    prepare(stage)
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)
    told = listed(stage, "payments")
    stage.pass_time(8, hours=2)
    posted = {x.id for x in acts.all_states(stage, Kind.PAYMENT) if x.posted}
    assert posted == {id for id, r in told.items() if r.fate in ("create", "link")}


def test_the_lists_are_the_same_however_small_the_pages_are_that_they_are_read_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = a_new_stage()
    trust.choose(stage)
    over_two(stage, once=True, day=SAME_DAY)
    prepare(stage)
    before, sums = {what: listed(stage, what) for what in MONEY}, plan_of(stage).besides
    in_pages_of(stage, monkeypatch, 1)
    first_sync.start(stage.world, stage.firm, STAFF)
    settled(stage)
    monkeypatch.undo()
    assert {what: listed(stage, what) for what in MONEY} == before
    assert plan_of(stage).besides == sums
