"""A client pays: the attempt that locks, what Stripe shows of it, and that nothing is paid twice or forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.payment import Phase
from chalicelib.flow import attention, checkout, views
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import (
    a_stage,
    a_synced_stage,
    booked,
    collect,
    mails_to,
    open_session,
    pay_by_bank,
    pay_by_card,
    pay_link,
    payable,
    payment,
    payments_on,
    posted_on,
    press_pay,
    session_of,
    tab,
)
from tests.world import CALLBACK, Stage

CALDER = "ap@calderfreight.example"


def stripe_sessions(stage: Stage, status: str = "") -> list[dict[str, Any]]:
    account = stage.world.stripe_box.account(stage.operating)
    return [s for s in account.held["checkout.session"].values() if status in ("", s["status"])]


# --- the happy ways ---------------------------------------------------------------------------------------------------


def test_a_card_payment_pays_the_invoice_posts_it_and_sends_a_receipt() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    assert (paid.phase, paid.total, paid.method) == (Phase.SETTLED, 125000, "card")
    assert payable(stage, "1046").open == 0
    assert tab(stage, "1046") == "paid"
    assert posted_on(stage, "1046") == [125000]
    assert len(mails_to(stage, CALDER)) == 1


def test_the_payment_is_posted_into_the_chosen_clearing_account() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    [there] = [p for p in booked(stage, "Payment") if paid.id in p.get("PrivateNote", "")]
    [clearing] = booked(stage, "Account", Name="Undeposited Funds")
    assert there["DepositToAccountRef"]["value"] == clearing["Id"]


def test_three_invoices_are_paid_in_one_session() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046", "1047", "1048")
    assert [i.cents for i in paid.items] == [125000, 87550, 39210]
    assert [payable(stage, n).open for n in ("1046", "1047", "1048")] == [0, 0, 0]
    assert [posted_on(stage, n) for n in ("1046", "1047", "1048")] == [[125000], [87550], [39210]]
    assert len([p for p in booked(stage, "Payment") if paid.id in p.get("PrivateNote", "")]) == 1


def test_a_bank_debit_is_on_its_way_and_reminders_wait_until_it_clears() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    paid = pay_by_bank(stage, "1046")
    assert paid.phase is Phase.ON_ITS_WAY
    p = payable(stage, "1046")
    assert p.attempt and p.attempt.on_its_way and p.shares == ()
    assert p.collection and "on its way" in p.collection.waits
    assert posted_on(stage, "1046") == []
    stage.pass_time(120, days=7)
    assert payment(stage, paid.id).phase is Phase.SETTLED
    assert posted_on(stage, "1046") == [125000]
    assert [m.subject.split()[0] for m in mails_to(stage, CALDER)] == ["Receipt"]


def test_a_failed_bank_debit_opens_the_invoice_again_and_reminders_go_on() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    paid = pay_by_bank(stage, "1046", outcome="fail")
    stage.pass_time(120, days=8)
    assert payment(stage, paid.id).phase is Phase.FAILED
    p = payable(stage, "1046")
    assert (p.attempt, p.open) == (None, 125000)
    assert posted_on(stage, "1046") == []
    assert len(mails_to(stage, CALDER)) == 1


def test_a_debit_returned_late_opens_the_invoice_again_and_tells_a_person() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    paid = pay_by_bank(stage, "1046", outcome="return")
    stage.pass_time(180, days=7)
    assert payment(stage, paid.id).phase is Phase.SETTLED
    stage.pass_time(360, days=30)
    assert payable(stage, "1046").open == 125000
    assert acts.tasks(stage, "reversal")
    assert payment(stage, paid.id).lost == 125000


def test_a_trust_request_is_paid_on_the_trust_account_and_makes_no_income() -> None:
    stage = a_synced_stage()
    before = len(booked(stage, "Payment"))
    paid = pay_by_card(stage, "1080")
    assert (paid.pot, paid.account, paid.total) == ("trust", stage.trust, 100000)
    assert payable(stage, "1080").open == 0
    assert len(booked(stage, "Payment")) == before
    assert not booked(stage, DocNumber="1080")
    assert stripe_sessions(stage) == []
    stage.pass_time(30, days=2)
    assert payment(stage, paid.id).fee in (None, 0), "no fee is taken from trust money"


def test_trust_and_operating_do_not_go_into_one_session() -> None:
    stage = a_synced_stage()
    answer = press_pay(stage, "1049", "1080")
    assert answer.kind == "refused"
    assert payable(stage, "1049").attempt is None


def test_trust_payments_stay_off_on_an_account_that_pays_its_own_fees() -> None:
    from chalicelib.domain.readings import Pot
    from chalicelib.flow import connecting
    from chalicelib.flow.connecting import Callback
    from chalicelib.flow.firms import connections

    stage = a_stage(trust=False)
    people, world = stage.world.stripe_box.people, stage.world
    people.add_account("acct_own_trust", "Hartwell trust")
    told = people.authorize(world.stripe.authorize_url("x", f"{CALLBACK}/stripe"), "acct_own_trust")
    code = told["location"].split("code=")[1].split("&")[0]
    connecting.connect_stripe(world, stage.firm, Pot.TRUST, Callback(code), acts.STAFF)
    stage.resync()
    held = connections(world, stage.firm)["stripe-trust"]
    assert not held.takes_payments and "fees" in held.why_not
    assert press_pay(stage, "1080").kind == "refused"
    [row] = [r for r in checkout.page(world, pay_link(stage, "1080")).payables if r.number == "1080"]
    assert not row.can_pay and row.why_not


# --- one attempt at a time --------------------------------------------------------------------------------------------


def test_looking_at_the_page_changes_nothing() -> None:
    stage = a_synced_stage()
    token, before = pay_link(stage, "1046"), acts.calls(stage)
    stage.world.store.reset_counts()
    page = checkout.page(stage.world, token)
    assert {r.number for r in page.payables} >= {"1046", "1047", "1048"}
    assert not any(verb == "write" for verb, _ in stage.world.store.counts)
    assert acts.calls(stage) == before


def test_a_pay_link_shows_nothing_of_other_clients() -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    assert {r.number for r in checkout.page(stage.world, token).payables} <= {"1046", "1047", "1048", "1025"}
    other = payable(stage, "1049")
    assert checkout.pay(stage.world, token, [(other.id, other.open)]).kind == "refused"


def test_two_tabs_get_the_same_session() -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    first, second = press_pay(stage, "1046", token=token), press_pay(stage, "1046", token=token)
    assert first.url == second.url
    assert len(stripe_sessions(stage)) == 1


def test_another_choice_in_a_second_tab_closes_the_first_session_so_that_only_one_can_be_paid() -> None:
    from infra.sandbox.stripe import Refusal

    stage = a_synced_stage()
    first = open_session(stage, "1046")
    second = open_session(stage, "1046", "1047")
    with pytest.raises(Refusal):
        stage.world.stripe_box.people.pay_card(first)
    stage.world.stripe_box.people.pay_card(second)
    stage.work()
    assert [x.total for x in payments_on(stage, "1046") if x.money] == [212550]
    assert payable(stage, "1046").attempt is None


def test_an_invoice_paid_in_the_first_tab_is_refused_in_the_second() -> None:
    stage = a_synced_stage()
    session = open_session(stage, "1046")
    shown = {"1046": 125000, "1047": payable(stage, "1047").open}
    stage.world.stripe_box.people.pay_card(session)
    answer = press_pay(stage, "1046", "1047", shown=shown)
    assert answer.kind == "refused"
    stage.work()
    assert posted_on(stage, "1046") == [125000]


def test_a_debit_on_its_way_refuses_another_attempt() -> None:
    stage = a_synced_stage()
    pay_by_bank(stage, "1046")
    answer = press_pay(stage, "1046", shown={"1046": 125000})
    assert answer.kind == "refused" and "on its way" in answer.sentence


def test_an_amount_that_changed_since_the_page_was_shown_is_refused() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.record_payment({"1046": 25000})
    answer = press_pay(stage, "1046")
    assert answer.kind == "refused" and "changed" in answer.sentence
    assert payable(stage, "1046").open == 100000
    stage.world.clock.move(minutes=1)
    assert session_of(press_pay(stage, "1046"))
    assert payments_on(stage, "1046")[-1].total == 100000


def test_an_open_session_over_more_than_is_open_now_is_closed() -> None:
    stage = a_synced_stage()
    session = open_session(stage, "1046")
    acts.record(stage, {"1046": 125000})
    assert [s["status"] for s in stripe_sessions(stage) if s["id"] == session] == ["expired"]
    assert payable(stage, "1046").attempt is None


def test_an_attempt_that_nobody_finishes_frees_the_invoice() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    open_session(stage, "1046")
    stage.pass_time(5, hours=2)
    assert payable(stage, "1046").attempt is None
    assert [x.phase for x in payments_on(stage, "1046")] == [Phase.EXPIRED]
    stage.pass_time(60, days=2)
    assert len(mails_to(stage, CALDER)) == 1, "reminders go on"


def test_no_mail_goes_out_while_the_client_is_paying() -> None:
    stage = a_synced_stage()
    stage.world.clock.move(hours=5)
    open_session(stage, "1046")
    collect(stage, "1046")
    stage.pass_time(1, minutes=20)
    assert mails_to(stage, CALDER) == []


def test_a_bill_with_a_payment_pending_at_clio_cannot_be_paid() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.set_pending("1046", 125000)
    assert press_pay(stage, "1046").kind == "refused"


def test_a_voided_bill_cannot_be_paid() -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    stage.world.clio_box.people.void("1046")
    assert press_pay(stage, "1046", token=token, shown={"1046": 125000}).kind == "refused"
    [row] = [r for r in checkout.page(stage.world, token).payables if r.number == "1046"]
    assert row.status == "closed"


# --- neighbours that do not answer ------------------------------------------------------------------------------------


def test_pay_says_so_when_clio_does_not_answer_and_locks_nothing() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.faults.append(Fault("status", status=503, times=5))
    answer = press_pay(stage, "1046")
    assert answer.kind == "refused" and answer.sentence == checkout.BUSY
    assert payable(stage, "1046").attempt is None


@pytest.mark.parametrize("do", ["drop_answer", "drop_request", "slow"])
def test_a_session_whose_answer_was_lost_is_resumed_as_the_same_attempt(do: str) -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    stage.world.stripe_box.faults.append(Fault(do, path="checkout/sessions", method="POST"))
    assert press_pay(stage, "1046", token=token).kind == "wait"
    assert press_pay(stage, "1046", token=token).kind == "go"
    assert len(stripe_sessions(stage)) == 1
    assert len(payments_on(stage, "1046")) == 1


def test_an_attempt_left_alone_after_a_lost_answer_is_opened_by_the_worker_and_ends() -> None:
    stage = a_synced_stage()
    stage.world.stripe_box.faults.append(Fault("drop_answer", path="checkout/sessions", method="POST"))
    press_pay(stage, "1046")
    stage.pass_time(1, minutes=3)
    assert [x.phase for x in payments_on(stage, "1046")] == [Phase.OPEN]
    stage.pass_time(5, hours=2)
    assert payable(stage, "1046").attempt is None


def test_after_many_lost_answers_the_session_is_found_by_its_attempt() -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    stage.world.stripe_box.faults.append(Fault("drop_answer", path="checkout/sessions", method="POST", times=3))
    for _ in range(3):
        assert press_pay(stage, "1046", token=token).kind == "wait"
    assert press_pay(stage, "1046", token=token).kind == "go"
    assert len(stripe_sessions(stage)) == 1


def test_a_session_that_stripe_never_made_ends_the_attempt() -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    stage.world.stripe_box.faults.append(Fault("drop_request", path="checkout/sessions", method="POST", times=3))
    for _ in range(3):
        press_pay(stage, "1046", token=token)
    assert press_pay(stage, "1046", token=token).kind == "refused"
    assert payable(stage, "1046").attempt is None
    assert press_pay(stage, "1046", token=token).kind == "go", "a new attempt may begin"


def slow_clio(stage: Stage, seconds: float) -> None:
    """Clio answers every read of bills after so many seconds."""
    real: Callable[..., Any] = stage.world.clio.bills_by_id

    def late(*args: Any, **named: Any) -> Any:
        stage.world.clock.move(seconds=seconds)
        return real(*args, **named)

    stage.world.clio.bills_by_id = late  # type: ignore[method-assign]


def test_the_post_has_twelve_seconds_and_then_goes_on_with_the_same_attempt() -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    slow_clio(stage, 9)
    assert press_pay(stage, "1046", token=token).kind == "wait"
    assert stripe_sessions(stage) == [], "no call began without time left for it"
    assert press_pay(stage, "1046", token=token).kind == "go"
    assert len(payments_on(stage, "1046")) == 1


def test_a_disconnected_stripe_account_refuses_and_frees_the_invoice() -> None:
    stage = a_synced_stage()
    token = pay_link(stage, "1046")
    stage.world.stripe_box.people.plan_deliveries(next=5, drop=True)
    stage.world.stripe_box.people.disconnect(stage.operating)
    assert press_pay(stage, "1046", token=token).kind == "refused"
    assert payable(stage, "1046").attempt is None


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_late_webhook_settles_when_it_comes() -> None:
    stage = a_synced_stage()
    session = open_session(stage, "1046")
    stage.world.stripe_box.people.plan_deliveries(next=20, late_seconds=600)
    stage.world.stripe_box.people.pay_card(session)
    stage.work()
    assert payable(stage, "1046").open == 125000
    stage.pass_time(2, minutes=12)
    assert payable(stage, "1046").open == 0


def test_doubled_webhooks_in_any_order_settle_once() -> None:
    stage = a_synced_stage()
    session = open_session(stage, "1046")
    stage.world.stripe_box.people.plan_deliveries(next=20, double=True, twin=True, reorder=True)
    stage.world.stripe_box.people.pay_card(session)
    stage.pass_time(2, minutes=30)
    assert len(payments_on(stage, "1046")) == 1
    assert posted_on(stage, "1046") == [125000]
    assert len(mails_to(stage, CALDER)) == 1


def test_a_dropped_webhook_is_made_up_for_by_the_poll() -> None:
    stage = a_synced_stage()
    session = open_session(stage, "1046")
    stage.world.stripe_box.people.plan_deliveries(next=50, drop=True)
    stage.world.stripe_box.people.pay_card(session)
    stage.pass_time(5, minutes=65)
    assert payable(stage, "1046").open == 0
    assert posted_on(stage, "1046") == [125000]


def test_a_webhook_for_a_payment_that_is_not_ours_changes_nothing() -> None:
    from chalicelib.domain.kernel import Neighbour
    from chalicelib.domain.readings import EventPointer
    from chalicelib.flow import inbox

    stage = a_synced_stage()
    before = acts.payments(stage)
    for kind, id in (("intent", "pi_nobody"), ("session", "cs_nobody")):
        inbox.point(stage.world, Neighbour.STRIPE, [EventPointer("evt_1", stage.operating, "x", kind, id)])
    assert inbox.point(stage.world, Neighbour.STRIPE, [EventPointer("evt_2", "acct_other", "x", "intent", "pi")]) == 0
    stage.work()
    assert acts.payments(stage) == before


# --- money that goes back ---------------------------------------------------------------------------------------------


def test_a_refund_before_clio_shows_the_payment_opens_the_invoice_at_once() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    stage.world.stripe_box.people.refund(paid.intent)
    stage.work()
    p = payable(stage, "1046")
    assert (p.open, p.hold, p.shares) == (125000, "", ())
    assert len(acts.tasks(stage, "reversal")) == 1
    assert views.unrecorded(stage.world, stage.firm).rows == (), "nothing is left to record in Clio"


def test_a_partial_refund_opens_that_part() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    stage.world.stripe_box.people.refund(paid.intent, 25000)
    stage.work()
    assert payable(stage, "1046").open == 25000


def test_a_refund_after_clio_shows_the_payment_holds_the_invoice_until_clio_shows_it_removed() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    paid = pay_by_card(stage, "1046")
    made = acts.record(stage, {"1046": 125000}, f"Card {paid.code}")
    stage.world.stripe_box.people.refund(paid.intent)
    stage.work()
    p = payable(stage, "1046")
    assert "remove it in Clio" in p.hold
    [task] = acts.tasks(stage, "remove")
    assert paid.code in task.title
    stage.pass_time(120, days=3)
    sent = len(mails_to(stage, CALDER))
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    p = payable(stage, "1046")
    assert (p.hold, p.open) == ("", 125000)
    assert not acts.tasks(stage, "remove")
    stage.pass_time(60, days=2)
    assert len(mails_to(stage, CALDER)) == sent + 1, "reminders go on"


def test_a_refund_over_three_invoices_is_taken_off_the_last_ones_first() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046", "1047", "1048")
    stage.world.stripe_box.people.refund(paid.intent, 50000)
    stage.work()
    assert [payable(stage, n).open for n in ("1046", "1047", "1048")] == [0, 50000 - 39210, 39210]


def test_a_dispute_opens_the_invoice_and_a_dispute_won_closes_it_again() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    dispute = stage.world.stripe_box.people.open_dispute(paid.intent)
    stage.work()
    assert payable(stage, "1046").open == 125000
    assert acts.tasks(stage, "reversal")
    stage.world.stripe_box.people.answer_dispute(dispute["id"])
    stage.world.stripe_box.people.close_dispute(dispute["id"], won=True)
    stage.work()
    assert payable(stage, "1046").open == 0
    assert payment(stage, paid.id).lost == 0


def test_nobody_is_asked_for_money_while_it_is_disputed_and_reminders_go_on_once_that_is_lost() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    paid = pay_by_card(stage, "1046")
    stage.work()
    sent = len(mails_to(stage, CALDER))
    dispute = stage.world.stripe_box.people.open_dispute(paid.intent)
    stage.work()
    stage.pass_time(120, days=12)
    assert (payable(stage, "1046").open, len(mails_to(stage, CALDER))) == (125000, sent)
    stage.world.stripe_box.people.close_dispute(dispute["id"], won=False)
    stage.work()
    stage.pass_time(120, days=3)
    assert len(mails_to(stage, CALDER)) > sent


def test_an_inquiry_without_money_leaves_the_invoice_paid() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    stage.world.stripe_box.people.open_dispute(paid.intent, inquiry=True)
    stage.work()
    assert payable(stage, "1046").open == 0


def test_a_refund_that_fails_counts_as_paid_again() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    refund = stage.world.stripe_box.people.refund(paid.intent, outcome="pending")
    stage.work()
    assert payable(stage, "1046").open == 125000
    stage.world.stripe_box.people.settle_refund(refund["id"], failed=True)
    stage.work()
    assert payable(stage, "1046").open == 0


def test_a_second_refund_of_the_same_amount_is_told_too() -> None:
    stage = a_synced_stage()
    paid = pay_by_card(stage, "1046")
    people = stage.world.stripe_box.people
    refund = people.refund(paid.intent, 25000, outcome="pending")
    stage.work()
    [task] = acts.tasks(stage, "reversal")
    attention.done(stage.world, stage.firm, task.key, acts.STAFF)
    people.settle_refund(refund["id"], failed=True)
    stage.work()
    for open_task in acts.tasks(stage, "reversal"):
        attention.done(stage.world, stage.firm, open_task.key, acts.STAFF)
    people.refund(paid.intent, 25000)
    stage.work()
    assert len(acts.tasks(stage, "reversal")) == 1
