"""Reminders: planned from the state, sent only on a balance read at that moment, once, and never to be unsent."""

from __future__ import annotations

import json

import pytest

from chalicelib.domain import effects
from chalicelib.domain.envelope import READING_LASTS, Post
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.reminders import Step
from chalicelib.errors import Declined, Refused
from chalicelib.flow import attention, collecting, mailing
from infra.sandbox.kit import Fault
from tests.builders import FIRM, NOW, a_payment, put
from tests.domain.given import a_policy
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, collect, envelopes, mails_to, parked, payable, tasks
from tests.flow.alone import is_done, near, owe
from tests.world import MemoryWorld, Stage

CALDER = "ap@calderfreight.example"
FIRST = {"hours": 30}  # by then a set's overdue step has gone out


def a_reminded_stage(*numbers: str) -> Stage:
    """A firm whose first reminders on these have gone out."""
    stage = a_synced_stage()
    collect(stage, *numbers)
    stage.pass_time(60, **FIRST)
    return stage


def test_starting_a_collection_moves_the_invoice_to_active_reminders() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    assert acts.tab(stage, "1046") == "reminding"


def test_of_several_steps_that_are_past_only_the_latest_goes_out() -> None:
    stage = a_reminded_stage("1046")
    [mail] = mails_to(stage, CALDER)
    assert mail.subject == "Reminder: invoice 1046 is open"


def test_a_mail_has_both_parts_and_a_view_and_a_pay_link() -> None:
    stage = a_reminded_stage("1046")
    [mail] = mails_to(stage, CALDER)
    for part in (mail.text, mail.part("html")):
        assert "/pay/" in part and f"/view/{payable(stage, '1046').id}" in part
        assert "$1,250.00" in part


def test_the_reading_that_a_mail_rests_on_is_kept_beside_it() -> None:
    stage = a_reminded_stage("1046")
    [mail] = envelopes(stage)
    raw = stage.world.store.document(mail.reading)
    assert raw is not None
    reading = json.loads(raw)
    assert reading["bill"]["balance"] == mail.balance == mail.open == 125000
    assert mail.sent_at is not None
    assert reading["at"] <= mail.claimed_at.isoformat().replace("+00:00", "Z")
    assert (mail.sent_at - mail.claimed_at).total_seconds() <= 30


def test_a_balance_paid_at_clio_a_moment_ago_stops_the_mail() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.clio_box.switches["bump_on_allocation"] = False
    stage.world.clio_box.people.record_payment({"1046": 125000})
    stage.pass_time(60, **FIRST)
    assert mails_to(stage, CALDER) == []
    assert payable(stage, "1046").open == 0


def test_a_part_paid_at_clio_a_moment_ago_is_in_the_mail() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.clock.move(hours=20)
    stage.world.clio_box.people.record_payment({"1046": 25000})
    stage.pass_time(60, hours=10)
    [mail] = mails_to(stage, CALDER)
    assert "$1,000.00" in mail.text and "$1,250.00" not in mail.text


def test_no_mail_goes_out_while_clio_does_not_answer_and_it_goes_out_afterwards() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.clio_box.faults.append(Fault("status", status=503, times=400))
    stage.pass_time(30, hours=26)
    assert mails_to(stage, CALDER) == []
    stage.world.clio_box.faults.clear()
    stage.pass_time(30, hours=4)
    assert len(mails_to(stage, CALDER)) == 1


def test_an_outage_of_clio_does_not_hold_up_receipts() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    session = acts.open_session(stage, "1061")
    stage.world.stripe_box.people.pay_card(session)
    stage.world.clio_box.faults.append(Fault("status", status=503, times=400))
    stage.pass_time(5, minutes=90)
    assert mails_to(stage, CALDER) == []
    assert len(mails_to(stage, "jonas.weld@example.com")) == 1
    stage.world.clio_box.faults.clear()
    stage.pass_time(30, hours=4)


def test_the_next_step_follows_on_its_own_day() -> None:
    stage = a_reminded_stage("1046")
    stage.pass_time(180, days=14)
    assert [m.subject for m in mails_to(stage, CALDER)] == [
        "Reminder: invoice 1046 is open",
        "Please settle invoice 1046",
    ]


def test_a_set_that_is_through_sends_nothing_more() -> None:
    stage = a_synced_stage()
    collect(stage, "1062")  # 40 days overdue: the last step of all
    stage.pass_time(720, days=60)
    assert len(mails_to(stage, "hello@kestrelbakery.example")) == 1


def test_a_later_due_date_moves_the_reminder() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", due_at="2026-06-01")
    stage.pass_time(60, days=3)
    assert mails_to(stage, CALDER) == []
    c = payable(stage, "1046").collection
    assert c and c.next and c.next.at.date().isoformat() == "2026-05-29"


def test_an_earlier_due_date_brings_the_reminder_forward() -> None:
    stage = a_synced_stage()
    collect(stage, "1048")
    stage.world.clio_box.people.edit_bill("1048", due_at="2026-03-01")
    stage.pass_time(60, hours=30)
    assert [m.subject for m in mails_to(stage, CALDER)] == ["Invoice 1048 was due on March 1, 2026"]


def test_a_bill_without_a_due_date_waits() -> None:
    stage = a_synced_stage()
    bill = stage.world.clio_box.state.rows["bills"][acts.clio_id(stage, "1046")]
    bill.due_at = None
    stage.world.clio_box.changed(bill)
    acts.poll(stage)
    collect(stage, "1046")
    c = payable(stage, "1046").collection
    assert c and c.next is None and "due date" in c.waits


def test_a_stopped_collection_sends_nothing_more() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    collecting.stop(stage.world, stage.firm, payable(stage, "1046").id, STAFF)
    stage.pass_time(120, days=3)
    assert mails_to(stage, CALDER) == []


def test_a_collection_started_again_begins_anew() -> None:
    stage = a_reminded_stage("1046")
    collecting.stop(stage.world, stage.firm, payable(stage, "1046").id, STAFF)
    collect(stage, "1046", set_id="brief")
    stage.pass_time(120, days=4)
    assert len(mails_to(stage, CALDER)) == 1 + 2


def test_nothing_is_collected_on_what_is_paid() -> None:
    stage = a_synced_stage()
    [(_, why)] = collecting.start(stage.world, stage.firm, [payable(stage, "1025").id], "friendly", STAFF)
    assert "paid" in why


def test_a_set_of_ones_own_is_used() -> None:
    stage = a_synced_stage()
    step = Step(1, "About {{invoice_number}}", "Dear {{client_name}}, {{amount_due}} is open.")
    made = collecting.save_set(stage.world, stage.firm, id=None, name="Ours", steps=[step], by=STAFF)
    collect(stage, "1046", set_id=made.id)
    stage.pass_time(60, **FIRST)
    [mail] = mails_to(stage, CALDER)
    assert mail.subject == "About 1046" and "$1,250.00 is open." in mail.text


def test_a_set_with_an_unknown_field_is_refused() -> None:
    stage = a_synced_stage()
    step = Step(1, "x", "{{client.__class__}} {{nonsense}}")
    with pytest.raises(Refused):
        collecting.save_set(stage.world, stage.firm, id=None, name="Ours", steps=[step], by=STAFF)


def test_mails_go_out_in_the_firms_daytime_only() -> None:
    stage = a_synced_stage()
    collect(stage, "1046", "1062", "1054")
    stage.pass_time(90, days=3)
    assert stage.world.mail.outbox
    from zoneinfo import ZoneInfo

    assert all(9 <= m.at.astimezone(ZoneInfo("America/New_York")).hour < 20 for m in stage.world.mail.outbox)


# --- what can happen to a mail ----------------------------------------------------------------------------------------


def a_stage_sending(fate: str) -> Stage:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.mail.fail = [fate]
    stage.pass_time(60, **FIRST)
    return stage


def test_a_mail_that_ses_refuses_for_now_is_tried_again_and_goes_out_once() -> None:
    stage = a_stage_sending("refuse")
    assert len(mails_to(stage, CALDER)) == 1
    assert [e.post for e in envelopes(stage)].count(Post.RELEASED) == 1


@pytest.mark.parametrize("fate", ["lose", "lose_before"])
def test_a_mail_whose_answer_was_lost_is_never_sent_again_and_a_person_is_told(fate: str) -> None:
    stage = a_stage_sending(fate)
    assert len(mails_to(stage, CALDER)) == (1 if fate == "lose" else 0)
    [task] = tasks(stage, "mail")
    assert "not known whether" in task.reason
    [mail] = envelopes(stage)
    assert mail.post is Post.UNCERTAIN


def test_the_tagged_event_says_that_an_uncertain_mail_went_out() -> None:
    stage = a_stage_sending("lose")
    [mail] = mails_to(stage, CALDER)
    stage.mail_event(mail.tag, "Delivery")
    assert [e.post for e in envelopes(stage)] == [Post.DELIVERED]
    assert not tasks(stage, "mail")


def test_a_claim_that_a_dead_worker_left_becomes_uncertain_and_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    world = stage.world

    def dies(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    alive, world.mail.send = world.mail.send, dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        stage.pass_time(60, **FIRST)
    world.mail.send = alive  # type: ignore[method-assign]
    stage.pass_time(5, minutes=30)
    assert mails_to(stage, CALDER) == []
    assert [e.post for e in envelopes(stage)] == [Post.UNCERTAIN]
    assert len(tasks(stage, "mail")) == 1


def test_a_claim_older_than_thirty_seconds_is_released_and_sent_with_a_fresh_reading() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    world, seconds = stage.world, [40]
    real = world.store.document

    def slow(key: str) -> bytes | None:
        if "/mail/" in key and seconds:
            world.clock.move(seconds=seconds.pop())
        return real(key)

    world.store.document = slow  # type: ignore[method-assign]
    stage.pass_time(60, **FIRST)
    assert len(mails_to(stage, CALDER)) == 1
    assert [e.post for e in envelopes(stage)] == [Post.RELEASED, Post.SENT]


def test_a_bounce_stops_the_mails_to_that_address_and_a_person_is_told() -> None:
    stage = a_reminded_stage("1046")
    [mail] = mails_to(stage, CALDER)
    stage.mail_event(mail.tag, "Bounce")
    assert len(tasks(stage, "mail")) == 1
    stage.pass_time(240, days=20)
    assert len(mails_to(stage, CALDER)) == 1
    c = payable(stage, "1046").collection
    assert c and "came back" in c.waits


def test_after_a_bounce_another_address_in_clio_resumes_the_mails() -> None:
    stage = a_reminded_stage("1046")
    [mail] = mails_to(stage, CALDER)
    stage.mail_event(mail.tag, "Bounce")
    stage.world.clio_box.people.change_client("Calder Freight Inc", email="new@calderfreight.example")
    stage.pass_time(240, days=20)
    assert len(mails_to(stage, "new@calderfreight.example")) == 1


def test_a_client_without_an_address_keeps_nothing_but_the_mail_waiting() -> None:
    stage = a_reminded_stage("1053")
    p = payable(stage, "1053")
    assert p.booked, "the invoice is in QuickBooks all the same"
    [effect] = parked(stage, kind="mail.remind")
    assert "no e-mail address" in effect.reason
    assert stage.world.mail.outbox == []


def test_an_address_and_retry_send_the_mail_that_waited_for_it() -> None:
    stage = a_reminded_stage("1053")
    [effect] = parked(stage, kind="mail.remind")
    stage.world.clio_box.people.change_client("Felix Ortega", email="felix@example.com")
    attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(60, hours=24)
    assert len(mails_to(stage, "felix@example.com")) == 1
    assert not parked(stage, kind="mail.remind")


def test_retry_without_an_address_keeps_waiting_in_sight() -> None:
    stage = a_reminded_stage("1053")
    [effect] = parked(stage, kind="mail.remind")
    attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(60, hours=24)
    assert len(parked(stage, kind="mail.remind")) == 1


def test_a_paid_bill_gets_no_reminder_though_later_steps_fall_due() -> None:
    stage = a_reminded_stage("1046")
    acts.pay_by_card(stage, "1046")
    stage.pass_time(240, days=40)
    assert [m.subject for m in mails_to(stage, CALDER)][1:] == ["Receipt for your payment to Hartwell & Pine LLP"]


def test_a_pending_payment_at_clio_holds_the_mail_back() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.clio_box.people.set_pending("1046", 1000)
    stage.pass_time(60, days=2)
    assert mails_to(stage, CALDER) == []
    stage.world.clio_box.people.set_pending("1046", 0)
    stage.pass_time(60, days=2)
    assert len(mails_to(stage, CALDER)) == 1


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_a_receipt_goes_out_once() -> None:
    stage = a_synced_stage()
    acts.pay_by_card(stage, "1046")
    stage.pass_time(30, hours=5)
    [mail] = mails_to(stage, CALDER)
    assert mail.subject.startswith("Receipt") and "$1,250.00" in mail.text


def test_a_receipt_that_ses_refuses_for_now_is_not_forgotten() -> None:
    stage = a_synced_stage()
    stage.world.mail.fail = ["refuse", "refuse"]
    acts.pay_by_card(stage, "1046")
    stage.pass_time(5, hours=1)
    assert len(mails_to(stage, CALDER)) == 1


def test_a_receipt_whose_answer_was_lost_is_not_sent_again() -> None:
    stage = a_synced_stage()
    stage.world.mail.fail = ["lose"]
    acts.pay_by_card(stage, "1046")
    stage.pass_time(5, hours=1)
    assert len(mails_to(stage, CALDER)) == 1
    assert len(tasks(stage, "mail")) == 1


def test_an_event_of_a_mail_that_we_never_claimed_changes_nothing() -> None:
    stage = a_synced_stage()
    mailing.event_seen(stage.world, f"{stage.firm}--nonsense-1", "Delivery")
    mailing.event_seen(stage.world, "nonsense", "Bounce")
    assert envelopes(stage) == []


def test_a_reading_that_grew_old_before_the_claim_is_read_again() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.clock.move(hours=20)
    slow = [61]

    def before(verb: str, _table: str) -> None:
        if verb == "put_document" and slow:
            stage.world.clock.move(seconds=slow.pop())

    stage.world.store.before = before
    stage.pass_time(60, hours=10)
    assert not slow
    [mail] = envelopes(stage)
    raw = stage.world.store.document(mail.reading)
    assert raw is not None
    assert json.loads(raw)["at"] >= (mail.claimed_at - READING_LASTS).isoformat()


def test_a_mail_that_ses_will_never_take_is_refused_and_a_person_is_told() -> None:
    def no(*_: object, **__: object) -> str:
        raise Declined("MessageRejected", "The address is not verified.")

    stage = a_synced_stage()
    stage.world.mail.send = no  # type: ignore[method-assign]
    acts.pay_by_card(stage, "1046")
    [mail] = envelopes(stage)
    assert mail.post is Post.REFUSED


def test_the_same_news_of_a_receipt_twice_says_nothing_new() -> None:
    stage = a_synced_stage()
    paid = acts.pay_by_card(stage, "1046")
    [mail] = envelopes(stage)
    tag = mailing.tag_of(stage.firm, mail.id)
    for _ in range(2):
        stage.mail_event(tag, "delivery")
    assert [e.post for e in envelopes(stage)] == [Post.DELIVERED]
    again = Ref(stage.firm, Kind.ENVELOPE, mail.id)
    assert len([x for x in stage.world.store.journal(again) if x.change.get("post") == Post.DELIVERED]) == 1
    assert acts.payment(stage, paid.id).receipt == mail.id


def test_a_receipt_that_was_claimed_already_is_not_claimed_again() -> None:
    world = MemoryWorld()
    put(world.store, Kind.PAYMENT, a_payment(receipt="e1"))
    effect = owe(world, effects.receipt_mail(FIRM, "p1", 1, NOW, "Receipt"))
    mailing.receipt(world, near(), a_policy(), effect)
    assert is_done(world, effect)
    assert world.mail.outbox == []
