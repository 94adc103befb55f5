"""Record in Clio: payments of ours wait in a list until Clio shows them, matched one to one and never posted twice."""

from __future__ import annotations

import pytest

from chalicelib.domain.firm import MarkPaidSwitched
from chalicelib.domain.kernel import Effect
from chalicelib.domain.payable import Standing
from chalicelib.domain.payment import Payment
from chalicelib.errors import Refused
from chalicelib.flow import attention, signing, views
from chalicelib.flow.views import ToRecord
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import (
    STAFF,
    a_synced_stage,
    mails_to,
    pay_by_card,
    payable,
    payment,
    posted_on,
    record,
    tab,
    tasks,
)
from tests.world import Stage

CALDER = "ap@calderfreight.example"


def to_record(stage: Stage) -> list[ToRecord]:
    return list(views.unrecorded(stage.world, stage.firm).rows)


def a_paid_stage(*numbers: str) -> tuple[Stage, Payment]:
    """A firm one of whose clients has paid these together by card."""
    stage = a_synced_stage()
    return stage, pay_by_card(stage, *numbers)


def question(stage: Stage) -> Effect:
    [task] = tasks(stage, "match")
    return task


def say_same(stage: Stage, task: Effect) -> None:
    body = task.body
    attention.same_money(stage.world, stage.firm, body["payable"], body["receipt"], body["payments"], STAFF)
    stage.work()


def say_separate(stage: Stage, task: Effect) -> None:
    attention.separate(stage.world, stage.firm, task.body["payable"], task.body["receipt"], STAFF)
    stage.work()


# --- the list ---------------------------------------------------------------------------------------------------------


def test_a_payment_is_listed_with_all_that_staff_need_to_record_it() -> None:
    stage, paid = a_paid_stage("1046")
    [row] = to_record(stage)
    assert (row.number, row.cents, row.method, row.code, row.on) == ("1046", 125000, "card", paid.code, paid.settled_on)
    assert payable(stage, "1046").id in row.bill_url
    assert paid.code.startswith("FS-") and len(paid.code) == 9


def test_each_bill_of_a_payment_over_three_is_listed_by_itself() -> None:
    stage, _ = a_paid_stage("1046", "1047", "1048")
    assert [(r.number, r.cents) for r in to_record(stage)] == [("1046", 125000), ("1047", 87550), ("1048", 39210)]


def test_nothing_is_said_to_be_in_clio_before_clio_shows_it() -> None:
    stage, paid = a_paid_stage("1046")
    stage.pass_time(60, days=1)
    assert payment(stage, paid.id).unrecorded
    assert payable(stage, "1046").shares[0].recorded == 0


# --- matched by the code ----------------------------------------------------------------------------------------------


def test_a_payment_with_the_code_is_matched_by_itself_and_not_posted_again() -> None:
    stage, paid = a_paid_stage("1046")
    record(stage, {"1046": 125000}, f"Stripe {paid.code}")
    assert to_record(stage) == []
    assert not tasks(stage, "match")
    assert posted_on(stage, "1046") == [125000]
    assert tab(stage, "1046") == "paid"


def test_the_code_is_known_in_small_letters_too() -> None:
    stage, paid = a_paid_stage("1046")
    record(stage, {"1046": 125000}, paid.code.lower())
    assert to_record(stage) == []


def test_the_code_may_stand_on_the_allocation() -> None:
    stage, paid = a_paid_stage("1046")
    stage.world.clio_box.switches["description_on_allocation"] = True
    record(stage, {"1046": 125000}, paid.code)
    assert to_record(stage) == []


def test_three_bills_recorded_as_one_payment_with_the_code_are_all_matched() -> None:
    stage, paid = a_paid_stage("1046", "1047", "1048")
    record(stage, {"1046": 125000, "1047": 87550, "1048": 39210}, paid.code)
    assert to_record(stage) == []
    assert [posted_on(stage, n) for n in ("1046", "1047", "1048")] == [[125000], [87550], [39210]]


def test_a_payment_recorded_with_the_code_on_one_bill_and_more_on_another_posts_the_other_part_only() -> None:
    stage, paid = a_paid_stage("1046")
    record(stage, {"1046": 125000, "1047": 87550}, paid.code)
    stage.pass_time(5, minutes=10)
    assert posted_on(stage, "1046") == [125000]
    assert posted_on(stage, "1047") == [87550]


def test_a_cheque_recorded_while_the_client_is_paying_is_not_taken_for_the_payment() -> None:
    stage = a_synced_stage()
    session = acts.open_session(stage, "1046")
    stage.world.clio_box.switches["bump_on_allocation"] = False
    stage.world.stripe_box.people.pay_card(session)
    stage.work()
    paid = acts.payments_on(stage, "1046")[0]
    record(stage, {"1046": 125000}, paid.code)
    assert posted_on(stage, "1046") == [125000]


# --- suggested, confirmed, refused, undone ----------------------------------------------------------------------------


def test_a_payment_without_the_code_is_asked_about_and_nothing_is_posted_until_then() -> None:
    stage, paid = a_paid_stage("1046")
    record(stage, {"1046": 125000})
    assert question(stage).body["payments"] == [paid.id]
    assert posted_on(stage, "1046") == [125000]
    assert payment(stage, paid.id).unrecorded


def test_the_same_money_confirmed_leaves_the_list_and_is_not_posted_again() -> None:
    stage, _ = a_paid_stage("1046")
    record(stage, {"1046": 125000})
    say_same(stage, question(stage))
    assert to_record(stage) == [] and not tasks(stage, "match")
    stage.pass_time(5, hours=1)
    assert posted_on(stage, "1046") == [125000]


def test_a_payment_of_its_own_is_posted_and_ours_stays_listed() -> None:
    stage, _ = a_paid_stage("1046")
    record(stage, {"1046": 25000})
    say_separate(stage, question(stage))
    stage.pass_time(1, minutes=3)
    assert len(to_record(stage)) == 1
    assert payable(stage, "1046").surplus == 25000
    assert tasks(stage, "surplus")


def test_a_match_is_shown_and_can_be_undone_and_is_asked_about_again() -> None:
    stage, paid = a_paid_stage("1046")
    record(stage, {"1046": 125000}, paid.code)
    p = payable(stage, "1046")
    [match] = views.invoice(stage.world, stage.firm, p.id).matches
    assert match.can_undo and match.ours == (paid.code,)
    attention.undo(stage.world, stage.firm, p.id, match.receipt, STAFF)
    stage.work()
    assert len(to_record(stage)) == 1
    assert payable(stage, "1046").open == 0
    say_same(stage, question(stage))
    assert to_record(stage) == []


def test_a_match_can_be_undone_again_and_again() -> None:
    stage, paid = a_paid_stage("1046")
    record(stage, {"1046": 125000}, paid.code)
    for _ in range(3):
        p = payable(stage, "1046")
        attention.undo(stage.world, stage.firm, p.id, p.receipts[0].id, STAFF)
        stage.work()
        say_same(stage, question(stage))
    assert posted_on(stage, "1046") == [125000]


def test_an_answer_given_twice_is_refused() -> None:
    stage, _ = a_paid_stage("1046")
    record(stage, {"1046": 125000})
    task = question(stage)
    say_same(stage, task)
    with pytest.raises(Refused):
        say_same(stage, task)


def test_a_receipt_whose_amount_staff_change_is_asked_about_again() -> None:
    stage, _ = a_paid_stage("1046")
    made = record(stage, {"1046": 125000})
    say_same(stage, question(stage))
    box = stage.world.clio_box
    [allocation] = [a for a in box.state.rows["allocations"].values() if a.parent_id == made]
    bill = box.state.rows["bills"][allocation.bill]
    allocation.amount, bill.paid, bill.state = 100000, 100000, "awaiting_payment"
    box.touch(allocation)
    box.changed(bill)
    acts.poll(stage)
    assert question(stage)
    say_same(stage, question(stage))
    assert payable(stage, "1046").open == 0


def test_an_amount_net_of_the_fee_is_suggested_and_confirmed() -> None:
    stage, paid = a_paid_stage("1046")
    record(stage, {"1046": 121345})
    say_same(stage, question(stage))
    p = payable(stage, "1046")
    assert (p.open, p.shares[0].unseen) == (0, 125000 - 121345)
    assert posted_on(stage, "1046") == [125000]
    assert not payment(stage, paid.id).unrecorded


def test_several_payments_recorded_as_one_sum_are_confirmed_together() -> None:
    stage = a_synced_stage()
    first = pay_by_card(stage, "1046")
    stage.world.clio_box.people.add_interest("1046", 5000)
    acts.poll(stage)
    second = pay_by_card(stage, "1046")
    record(stage, {"1046": 125000})
    record_id = question(stage).body["receipt"]
    assert set(question(stage).body["payments"]) == {first.id, second.id}
    say_same(stage, question(stage))
    assert record_id
    assert sum(s.recorded for s in payable(stage, "1046").shares) == 125000
    assert posted_on(stage, "1046") == [125000, 5000]


def test_while_a_question_is_open_no_mail_goes_out_and_nobody_can_pay() -> None:
    stage = a_synced_stage()
    pay_by_card(stage, "1046")
    stage.world.clio_box.people.add_interest("1046", 5000)
    acts.poll(stage)
    acts.collect(stage, "1046")
    record(stage, {"1046": 100000})
    sent = len(mails_to(stage, CALDER))
    stage.pass_time(60, days=2)
    assert len(mails_to(stage, CALDER)) == sent
    assert acts.press_pay(stage, "1046", shown={"1046": 5000}).kind == "refused"
    say_same(stage, question(stage))
    stage.pass_time(60, days=2)
    assert len(mails_to(stage, CALDER)) == sent + 1


def test_a_payment_recorded_over_two_bills_one_of_them_ours_posts_the_other_part_once_it_is_answered() -> None:
    stage, _ = a_paid_stage("1046")
    record(stage, {"1046": 125000, "1047": 87550})
    assert posted_on(stage, "1047") == [], "nothing is posted while a person is asked"
    say_same(stage, question(stage))
    stage.pass_time(1, minutes=3)
    assert posted_on(stage, "1047") == [87550]
    assert posted_on(stage, "1046") == [125000]


def test_a_payment_removed_in_clio_after_it_was_matched_is_listed_again() -> None:
    stage, paid = a_paid_stage("1046")
    made = record(stage, {"1046": 125000}, paid.code)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    assert len(to_record(stage)) == 1
    assert payable(stage, "1046").open == 0
    assert posted_on(stage, "1046") == [125000]


def test_a_trust_payment_is_done_when_a_trust_transaction_shows_it() -> None:
    stage, paid = a_paid_stage("1080")
    assert len(to_record(stage)) == 1
    stage.world.clio_box.people.record_trust_deposit("1080", 100000, description=paid.code)
    acts.poll(stage)
    assert to_record(stage) == []
    assert payable(stage, "1080").open == 0


def test_a_trust_deposit_without_the_code_is_asked_about() -> None:
    stage, _ = a_paid_stage("1080")
    stage.world.clio_box.people.record_trust_deposit("1080", 100000)
    acts.poll(stage)
    say_same(stage, question(stage))
    assert to_record(stage) == []


# --- what staff record by hand ----------------------------------------------------------------------------------------


def test_a_cheque_that_staff_record_is_posted_once_and_its_collection_stops() -> None:
    stage = a_synced_stage()
    acts.collect(stage, "1046")
    record(stage, {"1046": 125000}, "Cheque 4711")
    assert posted_on(stage, "1046") == [125000]
    stage.pass_time(360, days=30)
    assert mails_to(stage, CALDER) == []
    assert posted_on(stage, "1046") == [125000]
    assert tab(stage, "1046") == "paid"


def test_a_cheque_over_three_bills_is_one_payment_in_quickbooks() -> None:
    stage = a_synced_stage()
    record(stage, {"1046": 125000, "1047": 87550, "1048": 10000})
    mine = [p for p in acts.booked(stage, "Payment") if len(p.get("Line", [])) == 3]
    assert [acts.cents(p["TotalAmt"]) for p in mine] == [222550]


def test_a_cheque_removed_in_clio_is_voided_in_quickbooks_and_the_bill_opens_again() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 125000})
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    assert posted_on(stage, "1046") == []
    assert payable(stage, "1046").open == 125000
    assert acts.cents(acts.invoice(stage, "1046")["Balance"]) == 125000


def test_a_cheque_removed_and_recorded_anew_is_posted_once() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 125000})
    stage.world.clio_box.people.remove_payment(made)
    record(stage, {"1046": 125000})
    assert posted_on(stage, "1046") == [125000]


def test_a_credit_lowers_what_is_asked_and_is_no_payment() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.issue_credit("1046", 25000)
    acts.poll(stage)
    assert payable(stage, "1046").open == 100000
    assert posted_on(stage, "1046") == []


def test_a_balance_that_fell_for_another_reason_leaves_the_payment_listed_and_shows_the_surplus() -> None:
    stage, paid = a_paid_stage("1046")
    stage.world.clio_box.people.issue_credit("1046", 125000, description="Goodwill")
    acts.poll(stage)
    assert [r.code for r in to_record(stage)] == [paid.code]
    assert payable(stage, "1046").surplus == 125000
    [task] = tasks(stage, "surplus")
    assert "$1,250.00" in task.title


# --- marking as paid at Clio ------------------------------------------------------------------------------------------


def a_marking_stage(patch_paid: str) -> Stage:
    """The owner turned the state change on, and Clio behaves so."""
    stage = a_synced_stage()
    stage.world.clio_box.switches["patch_paid"] = patch_paid
    signing.settle_firm(stage.world, stage.firm, MarkPaidSwitched(on=True), by=STAFF)
    stage.world.clio_box.changed(stage.world.clio_box.state.rows["bills"][acts.clio_id(stage, "1046")])
    acts.poll(stage)
    return stage


def patches(stage: Stage) -> int:
    return sum(1 for e in stage.world.clio_box.log if e.method == "PATCH")


def test_marking_as_paid_is_off_until_the_owner_turns_it_on() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.switches["patch_paid"] = "accept"
    pay_by_card(stage, "1046")
    assert patches(stage) == 0


def test_a_bill_that_clio_marks_paid_is_recorded_and_not_posted_again() -> None:
    stage = a_marking_stage("accept")
    pay_by_card(stage, "1046")
    acts.poll(stage)
    assert patches(stage) == 1
    assert to_record(stage) == [] and not tasks(stage, "match")
    assert posted_on(stage, "1046") == [125000]
    assert stage.world.clio_box.people.find_bill("1046")["state"] == "paid"


def test_a_bill_that_clio_marks_paid_without_an_allocation_is_recorded() -> None:
    stage = a_marking_stage("accept_bare")
    pay_by_card(stage, "1046")
    acts.poll(stage)
    assert to_record(stage) == []
    assert payable(stage, "1046").surplus == 0


def test_a_refund_after_a_bare_mark_is_held_until_clio_opens_the_bill() -> None:
    stage = a_marking_stage("accept_bare")
    paid = pay_by_card(stage, "1046")
    acts.poll(stage)
    stage.world.stripe_box.people.refund(paid.intent)
    acts.poll(stage)
    assert payable(stage, "1046").hold
    box = stage.world.clio_box
    bill = box.state.rows["bills"][acts.clio_id(stage, "1046")]
    bill.state, bill.paid = "awaiting_payment", 0
    box.changed(bill)
    acts.poll(stage)
    assert (payable(stage, "1046").hold, payable(stage, "1046").open) == ("", 125000)


@pytest.mark.parametrize("switch", ["refuse", "no_effect"])
def test_a_bill_that_clio_does_not_mark_stays_listed_and_is_not_tried_again(switch: str) -> None:
    stage = a_marking_stage(switch)
    stage.world.clio_box.switches["offer_paid"] = True
    stage.world.clio_box.changed(stage.world.clio_box.state.rows["bills"][acts.clio_id(stage, "1046")])
    acts.poll(stage)
    pay_by_card(stage, "1046")
    stage.pass_time(30, hours=4)
    assert patches(stage) == 1
    assert len(to_record(stage)) == 1


def test_a_part_payment_is_never_marked() -> None:
    stage = a_marking_stage("accept")
    stage.world.clio_box.people.add_interest("1046", 5000)
    session = acts.open_session(stage, "1047")
    assert session
    paid = acts.press_pay(stage, "1046", shown={"1046": 125000})
    assert paid.kind == "refused"
    assert patches(stage) == 0


def test_a_trust_request_is_never_marked() -> None:
    stage = a_marking_stage("accept")
    pay_by_card(stage, "1080")
    acts.poll(stage)
    assert patches(stage) == 0
    assert len(to_record(stage)) == 1


def test_a_lost_answer_to_the_mark_is_read_and_decided_anew() -> None:
    stage = a_marking_stage("accept")
    stage.world.clio_box.faults.append(Fault("drop_answer", method="PATCH", path="bills"))
    pay_by_card(stage, "1046")
    stage.pass_time(5, minutes=40)
    assert patches(stage) == 1, "never repeated"
    assert posted_on(stage, "1046") == [125000]
    assert stage.world.clio_box.people.find_bill("1046")["balance"] == 0


def test_a_payment_recorded_after_its_money_went_back_is_not_posted_and_is_to_be_removed() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    stage.world.stripe_box.people.refund(paid.intent)
    stage.work()
    before = len(acts.posted_on(stage, "1046"))
    made = record(stage, {"1046": 125000}, f"Card {paid.code}")
    stage.pass_time(2, minutes=20)
    p = payable(stage, "1046")
    assert (p.hold != "", p.returned) == (True, ())
    assert [k.standing for k in p.receipts] == [Standing.MATCHED]
    assert len(acts.posted_on(stage, "1046")) == before
    assert len(acts.tasks(stage, "remove")) == 1
    stage.world.clio_box.people.remove_payment(made)
    stage.pass_time(2, minutes=20)
    p = payable(stage, "1046")
    assert (p.hold, p.open, p.shares) == ("", 125000, ())
    assert acts.tasks(stage, "remove") == []
    record(stage, {"1046": 125000}, f"Card {paid.code}")
    stage.pass_time(2, minutes=20)
    assert len(acts.tasks(stage, "remove")) == 1, "again"
    assert len(acts.posted_on(stage, "1046")) == before


def test_one_recorded_without_its_code_after_its_money_went_back_is_asked_about_and_not_posted() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    stage.world.stripe_box.people.refund(paid.intent)
    stage.work()
    before = len(acts.posted_on(stage, "1046"))
    record(stage, {"1046": 125000}, "Card payment")
    stage.pass_time(2, minutes=20)
    assert [k.standing for k in payable(stage, "1046").receipts] == [Standing.ASKED]
    assert len(acts.posted_on(stage, "1046")) == before
    [task] = acts.tasks(stage, "match")
    assert paid.code in task.reason


def test_one_recorded_too_late_beside_another_hold_asks_for_nothing_more() -> None:
    stage = a_synced_stage()
    first = pay_by_card(stage, "1046")
    stage.world.stripe_box.people.refund(first.intent)
    stage.work()
    second = pay_by_card(stage, "1046")
    record(stage, {"1046": 60000}, f"Card {second.code}")
    stage.pass_time(1, minutes=20)
    stage.world.stripe_box.people.refund(second.intent)
    stage.work()
    assert len(acts.tasks(stage, "remove")) == 1
    record(stage, {"1046": 65000}, f"Card {first.code}")
    stage.pass_time(2, minutes=20)
    assert len(acts.tasks(stage, "remove")) == 1
    assert {k.standing for k in payable(stage, "1046").receipts} == {Standing.MATCHED}
