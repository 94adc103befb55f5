"""A mail is claimed before it is sent, counted when it may have gone, and never sent again once claimed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import envelope, planning
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.envelope import TRY_AGAIN, UNCERTAIN_AFTER, Envelope, Outcome, Post
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Active, Collection, Payable, Sending
from chalicelib.domain.planning import CollectionStarted
from chalicelib.domain.reminders import Next
from tests.builders import NOW, a_payable, a_payment
from tests.domain.given import a_policy, kinds, one

POLICY = a_policy()


def an_envelope(**fields: Any) -> Envelope:
    usual: dict[str, Any] = {
        "firm": "us-1",
        "id": "e1",
        "kind": "reminder",
        "to": "ada@example.com",
        "client_id": "c1",
        "payables": ("b1",),
        "subject": "Invoice 1042",
        "raw": "doc-raw",
        "reading": "doc-reading",
        "balance": 40000,
        "open": 40000,
        "step": 0,
        "claimed_at": NOW,
        "about": "payable/b1",
    }
    return Envelope(**{**usual, **fields})


def due(**fields: Any) -> Payable:
    """With a reminder due now."""
    return a_payable(collection=Collection("friendly", NOW, round=2, next=Next(0, NOW)), **fields)


def collection(state: Payable) -> Collection:
    assert state.collection is not None
    return state.collection


def claimed() -> Payable:
    found = envelope.claim(due(), an_envelope(), NOW)
    assert found is not None
    return found[0].state


# --- claiming ---------------------------------------------------------------------------------------------------------


def test_a_claim_marks_the_payable_and_watches_the_mail() -> None:
    found = envelope.claim(due(), an_envelope(claimed_at=NOW - timedelta(hours=1)), NOW)
    assert found is not None
    payable, mail = found
    assert payable.state.sending == Sending("e1", 0, NOW)
    assert collection(payable.state).next is None
    assert mail.state.claimed_at == NOW
    assert mail.names == ("doc-raw", "doc-reading")
    assert one(mail.effects, Do.WATCH_MAIL).due_at == NOW + UNCERTAIN_AFTER


@pytest.mark.parametrize(
    "changed",
    [
        {"collection": None},
        {"collection": Collection("friendly", NOW)},
        {"collection": Collection("friendly", NOW, next=Next(0, NOW + timedelta(seconds=1)))},
        {"collection": Collection("friendly", NOW, next=Next(1, NOW))},
        {"sending": Sending("e0", 0, NOW)},
        {"pending": 1},
        {"balance": 39999},
        {"balance": 0},
        {"hold": "Held."},
        {"attempt": Active("p1", 40000, "acct")},
        {"client_email": "new@example.com"},
        {"client_email": ""},
    ],
)
def test_what_moved_since_the_reading_stops_the_mail(changed: dict[str, Any]) -> None:
    assert envelope.claim(replace(due(), **changed), an_envelope(), NOW) is None


def test_nobody_claims_the_same_mail_twice() -> None:
    assert envelope.claim(claimed(), an_envelope(id="e2"), NOW) is None


# --- what became of it ------------------------------------------------------------------------------------------------


def test_a_sent_mail_keeps_when_and_under_which_number() -> None:
    state = envelope.outcome(an_envelope(), Outcome(Post.SENT, "ses-1"), NOW).state
    assert (state.post, state.sent_at, state.message) == (Post.SENT, NOW, "ses-1")
    later = NOW + timedelta(hours=1)
    delivered = envelope.outcome(state, Outcome(Post.DELIVERED), later)
    assert (delivered.state.sent_at, delivered.state.message) == (NOW, "ses-1")
    assert envelope.outcome(state, Outcome(Post.SENT, "ses-1"), later) == Decision(state), "told twice"


@given(st.lists(st.sampled_from(list(Post)), max_size=8))
def test_events_in_any_order_only_ever_go_forward(posts: list[Post]) -> None:
    order = [Post.CLAIMED, Post.UNCERTAIN, Post.RELEASED, Post.REFUSED, Post.SENT, Post.DELIVERED]
    state = an_envelope()
    for post in posts:
        before, state = state, envelope.outcome(state, Outcome(post), NOW).state
        if before.post in (Post.BOUNCED, Post.COMPLAINED):
            assert state == before
        elif state.post in order:
            assert order.index(state.post) >= order.index(before.post)
    if Post.BOUNCED in posts or Post.COMPLAINED in posts:
        assert state.post in (Post.BOUNCED, Post.COMPLAINED)


def test_a_late_release_never_undoes_a_sending() -> None:
    sent = envelope.outcome(an_envelope(), Outcome(Post.SENT), NOW).state
    assert envelope.outcome(sent, Outcome(Post.RELEASED), NOW).state == sent


@pytest.mark.parametrize("post", [Post.UNCERTAIN, Post.REFUSED, Post.BOUNCED, Post.COMPLAINED])
def test_what_went_wrong_is_told_to_a_person(post: Post) -> None:
    decision = envelope.outcome(an_envelope(), Outcome(post), NOW)
    task = one(decision.effects, Do.TASK)
    assert task.key == key_of("us-1", Do.TASK, f"mail/e1/{post}")
    assert (task.about, task.body) == ("payable/b1", {"envelope": "e1"})
    assert task.remedy


@pytest.mark.parametrize("post", [Post.SENT, Post.DELIVERED, Post.RELEASED])
def test_what_went_well_is_no_task_closes_the_uncertain_one_and_is_watched_no_more(post: Post) -> None:
    uncertain = envelope.outcome(an_envelope(), Outcome(Post.UNCERTAIN), NOW)
    decision = envelope.outcome(uncertain.state, Outcome(post), NOW)
    assert decision.effects == ()
    assert decision.closes == (one(uncertain.effects, Do.TASK).key, key_of("us-1", Do.WATCH_MAIL, "e1"))


def test_an_uncertain_mail_closes_nothing() -> None:
    assert envelope.outcome(an_envelope(), Outcome(Post.UNCERTAIN), NOW).closes == ()


# --- what the payable hears -------------------------------------------------------------------------------------------


def heard(post: Post, state: Payable | None = None) -> Payable:
    return envelope.after_mail(state or claimed(), an_envelope(), Outcome(post), POLICY, NOW).state


@pytest.mark.parametrize(
    ("post", "sent"), [(Post.SENT, 1), (Post.DELIVERED, 1), (Post.UNCERTAIN, 1), (Post.REFUSED, 0)]
)
def test_a_step_counts_once_it_may_have_gone(post: Post, sent: int) -> None:
    state = heard(post)
    assert state.sending is None
    assert (collection(state).last, collection(state).sent) == (0, sent)


def test_after_a_sent_mail_the_next_step_is_planned() -> None:
    decision = envelope.after_mail(claimed(), an_envelope(), Outcome(Post.SENT), POLICY, NOW)
    assert collection(decision.state).next is not None
    assert kinds(decision) == [Do.REMIND]


def test_once_a_mail_is_heard_of_what_waited_for_an_address_closes() -> None:
    state = claimed()
    waiting = replace(state, collection=replace(collection(state), waits=planning.NO_ADDRESS, round=3))
    decision = envelope.after_mail(waiting, an_envelope(), Outcome(Post.SENT), POLICY, NOW)
    assert decision.closes == (key_of("us-1", Do.REMIND, "b1/3"),)
    assert collection(decision.state).round == 4


def test_a_released_mail_is_tried_again_later() -> None:
    c = collection(heard(Post.RELEASED))
    assert (c.last, c.sent, c.not_before) == (-1, 0, NOW + TRY_AGAIN)


def test_news_of_another_mail_leaves_the_claim() -> None:
    other = envelope.after_mail(claimed(), an_envelope(id="e9"), Outcome(Post.SENT), POLICY, NOW).state
    assert other.sending == Sending("e1", 0, NOW)


@pytest.mark.parametrize("post", [Post.BOUNCED, Post.COMPLAINED, Post.REFUSED])
def test_after_a_bounce_reminders_to_that_address_wait(post: Post) -> None:
    state = heard(post, heard(Post.SENT) if post is not Post.REFUSED else None)
    assert collection(state).bounced == "ada@example.com"
    assert collection(state).waits == planning.BOUNCED


def test_news_after_the_collection_was_stopped_is_no_error() -> None:
    stopped = replace(claimed(), collection=None)
    assert heard(Post.SENT, stopped) == replace(stopped, sending=None)


def test_each_step_of_a_set_is_claimed_once_however_often_it_is_tried() -> None:
    """Claim, hear, wait for the next: no step comes twice, and the set ends."""
    state = planning.collect(a_payable(), CollectionStarted("friendly"), POLICY, NOW).state
    steps: list[int] = []
    now = NOW
    while (coming := collection(state).next) is not None:
        now = max(now, coming.at)
        mail = an_envelope(id=f"e{len(steps)}", step=coming.step)
        found = envelope.claim(state, mail, now)
        assert found is not None
        assert envelope.claim(found[0].state, replace(mail, id="again"), now) is None
        steps.append(coming.step)
        state = envelope.after_mail(found[0].state, mail, Outcome(Post.UNCERTAIN), POLICY, now).state
    assert steps == [0, 1, 2, 3]


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_a_receipt_released_unsent_is_owed_again_under_a_new_key() -> None:
    payment = a_payment(receipt="e1")
    decision = envelope.receipt_heard(payment, an_envelope(kind="receipt"), Outcome(Post.RELEASED), NOW)
    assert (decision.state.receipt, decision.state.receipts) == ("", payment.receipts + 1)
    again = one(decision.effects, Do.RECEIPT)
    assert (again.key, again.due_at, again.title) == ("us-1/mail.receipt/p1/1", NOW + TRY_AGAIN, "Invoice 1042")


@pytest.mark.parametrize(("receipt", "post"), [("e1", Post.SENT), ("e9", Post.RELEASED)])
def test_otherwise_a_receipt_is_not_sent_again(receipt: str, post: Post) -> None:
    payment = a_payment(receipt=receipt)
    assert envelope.receipt_heard(payment, an_envelope(), Outcome(post), NOW) == Decision(payment)


def test_mails_are_listed_by_time_and_by_payable() -> None:
    found = envelope.listing(an_envelope())
    assert found.list == ("us-1/mails", f"{NOW.isoformat()}#e1")
    assert found.group == ("us-1/mails/b1", f"{NOW.isoformat()}#e1")
