"""Reconcile names exactly what differs between the books, with its cause and its remedy, and changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import attention, compared, reconciling
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, compare, invoice, parked, pay_by_card, payable, record
from tests.world import Stage


def a_clean_stage() -> Stage:
    """A firm whose parked bills are all brought in, and whose credit is taken back: the books agree."""
    stage = a_synced_stage()
    for memo in stage.world.clio_box.state.rows["credit_memos"]:
        stage.world.clio_box.people.remove_credit(memo)
    acts.poll(stage)
    stage.world.clio_box.people.edit_bill("1043", number="1043-A")
    for effect in parked(stage):
        choice = "suffix" if effect.kind == "quickbooks.customer" else ""
        attention.retry(stage.world, stage.firm, effect.key, STAFF, choice)
    stage.pass_time(2, minutes=14)
    return stage


def found(stage: Stage) -> list[tuple[str, str]]:
    return sorted((d.number, d.kind) for d in compare(stage).differences)


def test_books_that_agree_show_no_difference() -> None:
    stage = a_clean_stage()
    report = compare(stage)
    assert report.agree and report.checked >= 30


def test_bills_that_wait_for_a_person_are_named() -> None:
    stage = a_synced_stage()
    stage.pass_time(1, minutes=1)
    assert found(stage) == [
        ("1043", "missing in QuickBooks"),
        ("1044", "missing in QuickBooks"),
        ("1045", "missing in QuickBooks"),
    ]


def test_payments_are_named_as_not_yet_in_clio_until_staff_have_recorded_them() -> None:
    stage = a_clean_stage()
    paid = pay_by_card(stage, "1046", "1047", "1048")
    assert found(stage) == [(n, "not yet in Clio") for n in ("1046", "1047", "1048")]
    record(stage, {"1046": 125000, "1047": 87550, "1048": 39210}, paid.code)
    assert found(stage) == []


def test_a_trust_payment_is_named_until_it_is_in_clio() -> None:
    stage = a_clean_stage()
    paid = pay_by_card(stage, "1080")
    assert found(stage) == [("1080", "not yet in Clio")]
    stage.world.clio_box.people.record_trust_deposit("1080", 100000, description=paid.code)
    acts.poll(stage)
    assert found(stage) == []


def test_an_amount_changed_behind_our_back_names_exactly_that_invoice_its_cause_and_its_remedy() -> None:
    stage = a_clean_stage()
    stage.world.quickbooks_box.people.change_invoice_amount(stage.realm, invoice(stage, "1046")["Id"], "1300.00")
    [difference] = compare(stage).differences
    assert (difference.number, difference.cents) == ("1046", 5000)
    assert "$1,300.00" in difference.cause and "$1,250.00" in difference.cause
    assert difference.remedy
    assert acts.cents(invoice(stage, "1046")["TotalAmt"]) == 130000, "nothing is corrected silently"


def test_an_amount_set_back_is_no_difference_any_more() -> None:
    stage = a_clean_stage()
    people, id = stage.world.quickbooks_box.people, invoice(stage, "1046")["Id"]
    people.change_invoice_amount(stage.realm, id, "1300.00")
    people.change_invoice_amount(stage.realm, id, "1250.00")
    assert found(stage) == []


def test_an_invoice_deleted_in_quickbooks_is_named() -> None:
    stage = a_clean_stage()
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, invoice(stage, "1046")["Id"])
    assert found(stage) == [("1046", "deleted in QuickBooks")]


def test_a_payment_deleted_in_quickbooks_is_named() -> None:
    stage = a_clean_stage()
    made = record(stage, {"1046": 125000})
    assert found(stage) == []
    [there] = [p for p in acts.booked(stage, "Payment") if str(made) in p.get("PaymentRefNum", "")]
    stage.world.quickbooks_box.people.delete_payment(stage.realm, there["Id"])
    assert {n for n, _ in found(stage)} == {"1046"}


def test_a_payment_entered_in_quickbooks_alone_is_named() -> None:
    stage = a_clean_stage()
    there = invoice(stage, "1046")
    stage.world.quickbooks_box.people.add_payment(
        stage.realm, there["CustomerRef"]["value"], "100.00", there["Id"], "2026-03-02"
    )
    assert found(stage) == [("1046", "balance differs in QuickBooks")]


def test_a_bill_changed_in_clio_and_not_read_yet_is_named() -> None:
    stage = a_clean_stage()
    stage.world.clio_box.people.add_interest("1046", 500)
    assert ("1046", "not read yet") in found(stage)
    acts.poll(stage)
    assert found(stage) == []


def test_a_payment_removed_in_clio_agrees_again_after_the_next_poll() -> None:
    stage = a_clean_stage()
    made = record(stage, {"1046": 125000})
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    assert found(stage) == []


def test_money_that_clio_shows_as_gone_back_by_an_amount_below_zero_is_named_with_what_to_do() -> None:
    """It was in no book but Clio, and nothing was named: QuickBooks takes no payment below zero."""
    stage = a_clean_stage()
    clio = stage.world.clio_box
    clio.switches["negative_allocations"] = True
    made = clio.people.record_payment({"1046": 50000})
    acts.poll(stage)
    back = clio.people.record_payment({"1046": -20000})
    acts.poll(stage)
    assert acts.cents(invoice(stage, "1046")["Balance"]) == 75000
    [told] = compare(stage).differences
    assert (told.number, told.kind, told.cents) == ("1046", "taken back in Clio", 20000)
    assert "−$200.00" in told.cause
    clio.people.remove_payment(back)  # as the remedy says
    clio.people.remove_payment(made)
    clio.people.record_payment({"1046": 30000})
    acts.poll(stage)
    stage.pass_time(1, minutes=2)
    assert found(stage) == []
    assert acts.cents(invoice(stage, "1046")["Balance"]) == 95000


def test_what_is_paid_again_after_an_amount_below_zero_is_told_of_once() -> None:
    """QuickBooks has no room for it, since the first payment stands there whole: nothing else is on its invoice."""
    stage = a_clean_stage()
    clio = stage.world.clio_box
    clio.switches["negative_allocations"] = True
    made = clio.people.record_payment({"1046": 100000})
    acts.poll(stage)
    back = clio.people.record_payment({"1046": -20000})
    acts.poll(stage)
    clio.people.record_payment({"1046": 45000})
    acts.poll(stage)
    assert [(d.kind, d.cents) for d in compare(stage).differences] == [("taken back in Clio", 20000)]
    clio.people.remove_payment(back)  # as the remedy says
    clio.people.remove_payment(made)
    clio.people.record_payment({"1046": 80000})
    acts.poll(stage)
    stage.pass_time(1, minutes=2)
    left = [d for d in compare(stage).differences if d.kind == "payment unapplied"]
    assert [(d.number, d.cents) for d in left] == [("1046", 20000)], "it can be applied now"
    assert acts.cents(invoice(stage, "1046")["Balance"]) == 20000


def test_a_payment_of_which_a_part_is_below_zero_is_not_posted_and_its_cause_is_named_on_each_bill() -> None:
    stage = a_clean_stage()
    clio = stage.world.clio_box
    clio.switches["negative_allocations"] = True
    clio.people.record_payment({"1048": 20000})
    acts.poll(stage)
    made = clio.people.record_payment({"1047": 50000, "1048": -10000})
    acts.poll(stage)
    told = {d.number: d for d in compare(stage).differences}
    assert {n: d.kind for n, d in told.items()} == {"1047": "not yet in QuickBooks", "1048": "taken back in Clio"}
    assert "below zero in Clio" in told["1047"].remedy
    clio.people.remove_payment(made)
    clio.people.record_payment({"1048": 5000, "1047": 20000})
    acts.poll(stage)
    assert found(stage) == []


@pytest.mark.parametrize("empties", [True, False])
def test_a_due_date_that_is_emptied_in_clio_is_emptied_in_quickbooks_or_named(*, empties: bool) -> None:
    """Whether null empties a field of QuickBooks' is unknown (reference/quickbooks.md 2.4)."""
    stage = a_clean_stage()
    stage.world.quickbooks_box.switches["null_clears"] = empties
    before = invoice(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", due_at="")
    acts.poll(stage)
    stage.pass_time(1, minutes=1)
    there = invoice(stage, "1046")
    assert there["SyncToken"] != before["SyncToken"]
    if empties:
        assert there["DueDate"] == there["TxnDate"], "QuickBooks' own, as if it had been written without one"
        assert found(stage) == []
        return
    assert there["DueDate"] == before["DueDate"]
    [told] = compare(stage).differences
    assert (told.number, told.kind) == ("1046", "due date emptied in Clio")
    stage.world.clio_box.people.edit_bill("1046", due_at=before["DueDate"])
    acts.poll(stage)
    assert found(stage) == []


def test_a_due_date_that_people_set_in_quickbooks_stays_when_clios_is_emptied() -> None:
    stage = a_clean_stage()
    there = invoice(stage, "1046")
    stage.world.quickbooks_box.people.change_invoice(stage.realm, there["Id"], DueDate="2031-01-31")
    stage.world.clio_box.people.edit_bill("1046", due_at="")
    acts.poll(stage)
    assert invoice(stage, "1046")["DueDate"] == "2031-01-31"
    assert found(stage) == []


@pytest.mark.parametrize("shrinks", ["error", "unapplied"])
def test_a_bill_lowered_below_what_was_paid_blames_nobody_and_its_excess_is_shown(shrinks: str) -> None:
    """Whether QuickBooks lowers an invoice below what is paid on it is unknown; where not, the step says what to do."""
    stage = a_clean_stage()
    stage.world.quickbooks_box.switches["shrink_below_paid"] = shrinks
    pay_by_card(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", total=100000)
    acts.poll(stage)
    stage.pass_time(60, hours=5)
    told = [(d.kind, d.cents) for d in compare(stage).differences]
    assert payable(stage, "1046").surplus == 25000
    steps = acts.parked_on(stage, "1046", "quickbooks.invoice")
    if shrinks == "unapplied":
        assert (told, steps) == ([("not yet in Clio", 125000)], [])
        return
    assert told == [("change not in QuickBooks", 25000), ("not yet in Clio", 125000)]
    assert "lower what they pay of this invoice to $1,000.00 in all" in steps[0].remedy
    [posted] = [p for p in acts.booked(stage, "Payment") if invoice(stage, "1046")["Id"] in str(p["Line"])]
    line = {**posted["Line"][0], "Amount": "1000.00"}
    stage.world.quickbooks_box.people.change(stage.realm, "Payment", posted["Id"], Line=[line])
    attention.retry(stage.world, stage.firm, steps[0].key, STAFF, "")
    stage.work()
    assert acts.cents(invoice(stage, "1046")["TotalAmt"]) == 100000
    assert found(stage) == [("1046", "not yet in Clio")]


def test_a_voided_bill_agrees() -> None:
    stage = a_clean_stage()
    stage.world.clio_box.people.void("1061")
    acts.poll(stage)
    assert found(stage) == []


def test_a_bill_voided_with_money_on_it_is_not_voided_in_quickbooks_and_a_person_decides() -> None:
    stage = a_clean_stage()
    pay_by_card(stage, "1061")
    stage.world.clio_box.people.void("1061")
    acts.poll(stage)
    [effect] = acts.parked_on(stage, "1061", "quickbooks.invoice")
    assert "$399.00 was received" in effect.reason
    assert acts.posted_on(stage, "1061") == [39900]
    assert payable(stage, "1061").surplus == 39900
    assert "1061" in {n for n, _ in found(stage)}
    attention.retry(stage.world, stage.firm, effect.key, STAFF, "keep")
    stage.work()
    assert not acts.parked_on(stage, "1061", "quickbooks.invoice")


def test_a_refund_is_named_until_quickbooks_shows_it() -> None:
    stage = a_clean_stage()
    paid = pay_by_card(stage, "1046")
    stage.world.stripe_box.people.refund(paid.intent)
    stage.work()
    assert {n for n, _ in found(stage)} == {"1046"}
    [there] = [p for p in acts.booked(stage, "Payment") if paid.id in p.get("PrivateNote", "")]
    stage.world.quickbooks_box.people.delete_payment(stage.realm, there["Id"])
    assert found(stage) == []


def test_a_disconnected_stripe_account_does_not_keep_the_rest_from_being_compared() -> None:
    stage = a_clean_stage()
    pay_by_card(stage, "1046")
    stage.world.quickbooks_box.people.change_invoice_amount(stage.realm, invoice(stage, "1047")["Id"], "900.00")
    stage.world.stripe_box.people.disconnect(stage.operating)
    stage.work()
    assert "1047" in {n for n, _ in found(stage)}


def test_comparing_changes_nothing_in_any_book() -> None:
    stage = a_clean_stage()
    stage.work()
    before = acts.calls(stage)
    compare(stage)
    asked = acts.requests_since(stage, before)
    assert all(method == "GET" for _, method, _ in asked)


# --- totals, what changed, and the history ----------------------------------------------------------------------------


def night(stage: Stage) -> compared.Report:
    stage.pass_time(1, minutes=2)
    began = stage.world.now()
    reconciling.start(stage.world, stage.firm, reconciling.NIGHT, full=False)
    stage.pass_time(1, minutes=3)
    report = compared.last(stage.world, stage.firm)
    assert report
    assert report.at >= began
    return report


def test_the_totals_of_all_books_stand_side_by_side() -> None:
    stage = a_clean_stage()
    totals = compare(stage).totals
    assert len(set(totals["asked"].values())) == 1
    assert len(set(totals["open"].values())) == 1
    assert totals["received"]["quickbooks"] == totals["received"]["ours"]


def test_a_night_finds_what_quickbooks_changed_on_a_paid_invoice_and_only_then() -> None:
    stage = a_clean_stage()
    pay_by_card(stage, "1046")
    record(stage, {"1046": 125000}, description=acts.payments_on(stage, "1046")[0].code)
    stage.pass_time(1, minutes=2)
    assert acts.tab(stage, "1046") == "paid"
    assert night(stage).agree
    assert night(stage).counts["changed"] >= 0
    stage.world.quickbooks_box.people.change_invoice_amount(stage.realm, invoice(stage, "1046")["Id"], "1.00")
    told = night(stage)
    assert "amount changed in QuickBooks" in acts.about(told, "1046")
    assert told.counts["changed"] >= 1
    assert (told.full, told.by) == (False, reconciling.NIGHT)


def test_a_night_finds_what_clio_changed_on_a_paid_bill_that_no_poll_has_shown_yet() -> None:
    stage = a_clean_stage()
    made = record(stage, {"1046": 125000})
    acts.poll(stage)
    assert acts.tab(stage, "1046") == "paid"
    assert night(stage).agree
    stage.world.clio_box.people.remove_payment(made)
    reconciling.start(stage.world, stage.firm, reconciling.NIGHT, full=False)
    stage.work()  # before any poll
    told = compared.last(stage.world, stage.firm)
    assert told
    assert "not read yet" in acts.about(told, "1046")
    acts.poll(stage)
    assert night(stage).agree


def test_every_comparison_is_kept_and_can_be_looked_at() -> None:
    stage = a_clean_stage()
    first = compare(stage)
    night(stage)
    kept = compared.history(stage.world, stage.firm)
    assert [(p.full, p.by) for p in kept][:2] == [(False, reconciling.NIGHT), (True, STAFF)]
    assert all(p.ended_at and p.ended_at >= p.at for p in kept)
    old = compared.past(stage.world, stage.firm, kept[1].id)
    assert old
    assert (old.at, old.checked, old.named) == (first.at, first.checked, 0)
    assert compared.past(stage.world, stage.firm, "none") is None


# --- in full, asked for while one of a night waits --------------------------------------------------------------------


def interrupted(stage: Stage, *, full: bool) -> None:
    """A comparison that Clio's silence stopped on its way."""
    stage.world.clio_box.faults.append(Fault("drop_request", path="/bills"))
    reconciling.start(stage.world, stage.firm, STAFF if full else reconciling.NIGHT, full=full)
    stage.work()
    assert stage.world.store.record("report", f"{stage.firm}/running")


@pytest.mark.parametrize("by", [STAFF, "by itself: after a long silence"])
def test_one_in_full_asked_for_while_a_nightly_waits_is_made_in_full(by: str) -> None:
    stage = a_synced_stage()
    compare(stage)
    interrupted(stage, full=False)
    reconciling.start(stage.world, stage.firm, by)
    stage.pass_time(1, minutes=5)
    [last, *_] = compared.history(stage.world, stage.firm)
    assert (last.full, last.by) == (True, by)


def test_the_night_takes_nothing_from_one_that_is_owed_in_full() -> None:
    stage = a_synced_stage()
    interrupted(stage, full=True)
    reconciling.start(stage.world, stage.firm, reconciling.NIGHT, full=False)
    stage.pass_time(1, minutes=5)
    assert [(p.full, p.by) for p in compared.history(stage.world, stage.firm)] == [(True, STAFF)]


def test_a_nightly_that_was_interrupted_goes_on_as_one() -> None:
    stage = a_synced_stage()
    compare(stage)
    interrupted(stage, full=False)
    stage.pass_time(1, minutes=5)
    [last, *_] = compared.history(stage.world, stage.firm)
    assert (last.full, last.by) == (False, reconciling.NIGHT)


def test_an_attempt_that_nobody_looks_at_any_more_is_named() -> None:
    stage = a_clean_stage()
    acts.press_pay(stage, "1046")
    [begun] = acts.payments_on(stage, "1046")
    ref = Ref(stage.firm, Kind.PAYMENT, begun.id)
    forgotten = [e for e in acts.all_effects(stage) if e.about == str(ref) and e.status == "owed"]
    for effect in forgotten:  # as if it had been lost
        stage.world.store.postpone(effect.key, stage.world.now() + timedelta(days=400))
    assert found(stage) == []
    stage.world.clock.move(days=3)
    assert found(stage) == [("1046", "payment without an end")]
    for effect in forgotten:
        stage.world.store.postpone(effect.key, stage.world.now())
