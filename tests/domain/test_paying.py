"""Taking money: one attempt locks its payables, every attempt ends, and only what settled is money."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import paying
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import DISPUTED, Collection, Payable, blocked
from chalicelib.domain.paying import AttemptAsked, AttemptFailed, SessionOpened
from chalicelib.domain.payment import Phase
from chalicelib.domain.planning import NO_ADDRESS
from chalicelib.domain.readings import BillState, Disputed, Pot, Refunded
from chalicelib.domain.receipts import REMOVE_IN_CLIO
from chalicelib.errors import Refused
from tests.builders import NOW, TODAY, a_payable, a_payment
from tests.domain.given import ACCOUNT, CODE, a_paid_session, a_policy, a_session, begun, kinds, one, paid

POLICY = a_policy()
DEBIT: dict[str, Any] = {"status": "complete", "method": "us_bank_account", "intent": "pi_1", "charge": "ch_1"}


def press(*payables: Payable, shown: dict[str, int] | None = None) -> paying.Together:
    seen = {p.id: p.open for p in payables} if shown is None else shown
    asked = AttemptAsked("p1", CODE, ACCOUNT, "link-1", tuple(seen.items()))
    return paying.begin(payables, asked, POLICY, NOW)


def reminded(**fields: Any) -> Payable:
    return a_payable(collection=Collection("friendly", NOW), **fields)


# --- beginning --------------------------------------------------------------------------------------------------------


def test_an_attempt_locks_its_payables_over_their_open_amounts() -> None:
    together = press(a_payable(), a_payable(id="b2", number="1043", balance=500))
    payment = together.payment.state
    assert (payment.phase, payment.total, payment.code, payment.account) == (Phase.CREATING, 40500, CODE, ACCOUNT)
    assert [(i.payable, i.number, i.cents) for i in payment.items] == [("b1", "1042", 40000), ("b2", "1043", 500)]
    assert payment.expires_at == NOW + paying.SESSION_LASTS
    assert (payment.link, payment.generation) == ("link-1", 1)
    for id, cents in (("b1", 40000), ("b2", 500)):
        attempt = together.payables[id].state.attempt
        assert attempt is not None
        assert (attempt.payment, attempt.cents, attempt.account) == ("p1", cents, ACCOUNT)
    opening = one(together.payment.effects, Do.OPEN_SESSION)
    assert opening.due_at == NOW + paying.NOTICE
    assert opening.body == {"payment": "p1", "try": 1}


def test_while_a_client_pays_no_reminder_goes_out() -> None:
    state = press(reminded()).payables["b1"].state
    assert state.collection is not None
    assert state.collection.next is None
    assert state.collection.waits


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ({"pot": Pot.TRUST}, "one after the other"),
        ({"currency": "CAD"}, "one after the other"),
        ({"client_id": "c2"}, "one after the other"),
        ({"bill_state": BillState.VOID}, "1043 cannot be paid"),
        ({"balance": 0}, "Nothing is open"),
        ({"pending": 5}, "on its way"),
        ({"hold": "Held."}, "Held"),
    ],
)
def test_what_cannot_be_paid_together_is_refused(second: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        press(a_payable(), a_payable(id="b2", number="1043", **second))


def test_a_second_tab_cannot_pay_the_same_invoice() -> None:
    _, (locked,) = begun(a_payable())
    with pytest.raises(Refused, match="another window"):
        press(locked)


@pytest.mark.parametrize("shown", [{"b1": 39999}, {"b1": 40001}, {}])
def test_an_amount_that_moved_since_the_page_is_shown_again(shown: dict[str, int]) -> None:
    with pytest.raises(Refused, match="has changed"):
        press(a_payable(), shown=shown)


def test_an_amount_that_the_page_did_not_show_is_shown_first_be_it_a_cent() -> None:
    with pytest.raises(Refused, match="1043 has changed"):
        press(a_payable(), a_payable(id="b2", number="1043", balance=1), shown={"b1": 40000})


def test_a_payment_belongs_to_the_generation_of_links_that_it_began_in() -> None:
    asked = AttemptAsked("p1", CODE, ACCOUNT, "link-1", (("b1", 40000),))
    assert paying.begin([a_payable()], asked, a_policy(generation=3), NOW).payment.state.generation == 3


def test_the_reminder_that_waited_for_an_address_is_closed_by_whatever_it_waits_for_instead() -> None:
    """Pressing Pay, a bank debit, the end of the attempt, the money: each step is told by its new plan alone."""
    waiting = Collection("friendly", NOW, round=3, waits=NO_ADDRESS)
    parked = (key_of("us-1", Do.REMIND, "b1/3"),)
    pressed = press(a_payable(collection=waiting))
    assert pressed.payables["b1"].closes == parked
    payment, (locked,) = begun(a_payable())
    stale = replace(locked, collection=waiting)
    for seen in (
        a_session(payment, **DEBIT, intent_status="processing"),
        a_session(payment, status="expired"),
        a_paid_session(payment),
    ):
        after = paying.shown(payment, [stale], seen, POLICY, NOW)
        assert after.payables["b1"].closes == parked, seen
        still = after.payables["b1"].state.collection
        assert still is not None
        assert still.waits != NO_ADDRESS


def test_at_most_ten_invoices_are_paid_at_once_and_at_least_one() -> None:
    ten = [a_payable(id=f"b{n}") for n in range(10)]
    assert len(press(*ten).payables) == 10
    with pytest.raises(Refused, match="between one and 10"):
        press(*ten, a_payable(id="b11"))
    with pytest.raises(Refused, match="between one and 10"):
        press()


def test_what_stripe_would_not_take_is_refused() -> None:
    with pytest.raises(Refused, match=r"under \$0\.50"):
        press(a_payable(balance=49))
    assert press(a_payable(balance=50)).payment.state.total == 50


# --- the session ------------------------------------------------------------------------------------------------------


def test_an_opened_session_is_kept_and_looked_at_after_it_expires() -> None:
    payment, (locked,) = begun(a_payable())
    assert (payment.phase, payment.session, payment.url) == (Phase.OPEN, "cs_p1", "https://stripe.test/pay")
    assert payment.expires_at == NOW + timedelta(minutes=45)
    assert locked.attempt is not None
    assert locked.attempt.session == "cs_p1"
    pressed = press(a_payable())
    ends = NOW + timedelta(minutes=31)
    fact = SessionOpened("cs_1", "https://stripe.test/pay", ends)
    opened = paying.opened(pressed.payment.state, [pressed.payables["b1"].state], fact, NOW)
    assert opened.payment.state.expires_at == ends
    look = one(opened.payment.effects, Do.LOOK_SESSION)
    assert (look.due_at, look.body["session"]) == (ends + timedelta(minutes=1), "cs_1")
    assert opened.payables["b1"].effects == ()


def test_a_session_over_more_than_is_open_by_now_is_expired_as_soon_as_it_is_there() -> None:
    pressed = press(a_payable())
    less = replace(pressed.payables["b1"].state, balance=39999)
    fact = SessionOpened("cs_1", "https://stripe.test/pay", NOW + timedelta(minutes=45))
    opened = paying.opened(pressed.payment.state, [less], fact, NOW)
    assert one(opened.payables["b1"].effects, Do.EXPIRE_SESSION).body["session"] == "cs_1"


def test_a_session_opened_for_an_attempt_that_is_over_is_expired() -> None:
    fact = SessionOpened("cs_late", "u", NOW)
    together = paying.opened(a_payment(phase=Phase.FAILED, session="cs_1"), [], fact, NOW)
    assert kinds(together.payment) == [Do.EXPIRE_SESSION]
    again = paying.opened(a_payment(phase=Phase.OPEN, session="cs_late"), [], fact, NOW)
    assert kinds(again.payment) == []


def test_a_failed_attempt_frees_its_payables() -> None:
    payment, locked = begun(reminded())
    together = paying.failed(payment, locked, AttemptFailed("Stripe refused it."), POLICY, NOW)
    assert together.payment.state.phase is Phase.FAILED
    assert together.payment.state.failure == "Stripe refused it."
    state = together.payables["b1"].state
    assert state.attempt is None
    assert state.collection is not None
    assert state.collection.next is not None


def test_a_settled_payment_cannot_fail_afterwards() -> None:
    payment, states = paid(a_payable())
    together = paying.failed(payment, states, AttemptFailed("late"), POLICY, NOW)
    assert together.payment.state == payment
    assert together.payables == {}


def test_an_expired_session_opens_everything_again() -> None:
    payment, locked = begun(reminded())
    together = paying.shown(payment, locked, a_session(payment, status="expired"), POLICY, NOW)
    assert together.payment.state.phase is Phase.EXPIRED
    assert together.payables["b1"].state.attempt is None


def test_another_payments_lock_is_not_released() -> None:
    payment, (locked,) = begun(a_payable())
    assert locked.attempt is not None
    other = replace(locked, attempt=replace(locked.attempt, payment="p2"))
    together = paying.shown(payment, [other], a_session(payment, status="expired"), POLICY, NOW)
    assert together.payables == {}


def test_another_payments_lock_is_not_taken_over() -> None:
    """A worker that was slow: the bill is being paid in another attempt by now."""
    pressed = press(a_payable())
    locked = pressed.payables["b1"].state
    assert locked.attempt is not None
    other = replace(locked, attempt=replace(locked.attempt, payment="p2"))
    session = SessionOpened("cs_1", "https://stripe.test/pay", NOW + timedelta(minutes=45))
    opened = paying.opened(pressed.payment.state, [other], session, NOW)
    assert opened.payables == {}
    debit = a_session(opened.payment.state, **DEBIT, intent_status="processing")
    assert paying.shown(opened.payment.state, [other], debit, POLICY, NOW).payables == {}


def test_a_session_seen_before_its_opening_was_told_is_taken_as_opened() -> None:
    together = press(a_payable())
    payment, locked = together.payment.state, [together.payables["b1"].state]
    after = paying.shown(payment, locked, a_session(payment), POLICY, NOW)
    assert after.payment.state.phase is Phase.OPEN
    assert after.payment.state.session == "cs_p1"
    assert kinds(after.payment) == [Do.LOOK_SESSION]
    attempt = after.payables["b1"].state.attempt
    assert attempt is not None
    assert attempt.session == "cs_p1"
    over = paying.shown(payment, locked, a_paid_session(payment), POLICY, NOW)
    assert over.payment.state.phase is Phase.SETTLED


# --- bank debits ------------------------------------------------------------------------------------------------------


def test_a_bank_debit_is_on_its_way_and_reminders_wait() -> None:
    payment, locked = begun(reminded())
    together = paying.shown(payment, locked, a_session(payment, **DEBIT, intent_status="processing"), POLICY, NOW)
    assert together.payment.state.phase is Phase.ON_ITS_WAY
    waiting = together.payment.state
    assert (waiting.method, waiting.intent, waiting.charge) == ("us_bank_account", "pi_1", "ch_1")
    state = together.payables["b1"].state
    assert state.attempt is not None
    assert state.attempt.on_its_way
    assert state.open == 40000
    assert blocked(state) == "A bank debit is on its way."


def test_the_same_debit_seen_again_changes_nothing() -> None:
    payment, locked = begun(a_payable())
    seen = a_session(payment, **DEBIT, intent_status="processing")
    once = paying.shown(payment, locked, seen, POLICY, NOW)
    again = paying.shown(once.payment.state, [once.payables["b1"].state], seen, POLICY, NOW)
    assert again.payment.state == once.payment.state
    assert again.payables == {}


def test_a_debit_is_named_as_stripe_names_it_else_as_the_one_that_we_offer() -> None:
    for shown, named in (("acss_debit", "acss_debit"), ("", "us_bank_account")):
        payment, locked = begun(a_payable())
        seen = a_session(payment, **{**DEBIT, "method": shown}, intent_status="processing")
        assert paying.shown(payment, locked, seen, POLICY, NOW).payment.state.method == named


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.EXPIRED, Phase.REMOVED])
def test_a_debit_for_an_attempt_that_is_over_changes_nothing_until_it_is_money(phase: Phase) -> None:
    payment, locked = begun(a_payable())
    over = replace(payment, phase=phase)
    seen = a_session(over, **DEBIT, intent_status="processing")
    assert paying.shown(over, locked, seen, POLICY, NOW) == paying.Together(Decision(over), {})


def test_a_session_in_a_state_that_we_do_not_know_changes_nothing() -> None:
    payment, locked = begun(a_payable())
    seen = a_session(payment, status="unheard_of")
    assert paying.shown(payment, locked, seen, POLICY, NOW) == paying.Together(Decision(payment), {})


@pytest.mark.parametrize("status", ["requires_payment_method", "canceled"])
def test_a_failed_debit_opens_the_invoice_again(status: str) -> None:
    payment, locked = begun(reminded())
    seen = a_session(payment, **DEBIT, intent_status=status, failure="Insufficient funds.")
    together = paying.shown(payment, locked, seen, POLICY, NOW)
    assert together.payment.state.phase is Phase.FAILED
    assert together.payment.state.failure == "Insufficient funds."
    assert together.payment.state.method == "us_bank_account"
    assert together.payables["b1"].state.attempt is None
    assert kinds(together.payables["b1"]) == [Do.REMIND]


def test_a_debit_that_clears_is_money() -> None:
    payment, locked = begun(a_payable())
    way = paying.shown(payment, locked, a_session(payment, **DEBIT, intent_status="processing"), POLICY, NOW)
    seen = a_paid_session(payment, method="us_bank_account")
    after = paying.shown(way.payment.state, [way.payables["b1"].state], seen, POLICY, NOW)
    assert after.payment.state.money
    assert after.payables["b1"].state.open == 0


# --- settling ---------------------------------------------------------------------------------------------------------


def test_a_settled_payment_is_counted_posted_and_acknowledged() -> None:
    payment, locked = begun(a_payable(), a_payable(id="b2", number="1043", balance=500))
    together = paying.shown(payment, locked, a_paid_session(payment), POLICY, NOW)
    settled = together.payment.state
    assert (settled.phase, settled.settled_on, settled.fee, settled.wanted) == (Phase.SETTLED, TODAY, 1190, 1)
    assert kinds(together.payment) == [Do.RECEIPT, Do.POSTING]
    posting = one(together.payment.effects, Do.POSTING)
    assert posting.after == ("invoice/b1", "invoice/b2")
    for id, cents in (("b1", 40000), ("b2", 500)):
        state = together.payables[id].state
        assert state.attempt is None
        assert [(s.payment, s.cents, s.code, s.on) for s in state.shares] == [("p1", cents, CODE, TODAY)]
        assert state.open == 0


def test_what_stripe_says_of_the_money_is_kept() -> None:
    payment, locked = begun(a_payable())
    at, available = NOW - timedelta(hours=2), NOW + timedelta(days=2)
    seen = a_paid_session(payment, id="cs_2", captured_at=at, available_at=available, method="link")
    before = replace(payment, failure="The last card was declined.", method="card")
    settled = paying.shown(before, locked, seen, POLICY, NOW).payment.state
    assert settled == replace(
        payment,
        phase=Phase.SETTLED,
        session="cs_2",
        intent="pi_p1",
        charge="ch_p1",
        method="link",
        fee=1190,
        available_at=available,
        settled_at=at,
        settled_on=TODAY,
        wanted=1,
    )


@pytest.mark.parametrize(
    ("shown", "known", "kept"),
    [("link", "card", "link"), ("", "us_bank_account", "us_bank_account"), ("", "", "card")],
)
def test_the_method_is_stripes_word_else_the_one_known_else_a_card(shown: str, known: str, kept: str) -> None:
    payment, locked = begun(a_payable())
    seen = a_paid_session(payment, method=shown)
    assert paying.shown(replace(payment, method=known), locked, seen, POLICY, NOW).payment.state.method == kept


def test_the_fee_and_the_day_that_it_is_available_may_come_later_and_are_not_lost_again() -> None:
    payment, locked = begun(a_payable())
    early = paying.shown(payment, locked, a_paid_session(payment, fee=None), POLICY, NOW)
    assert (early.payment.state.fee, early.payment.state.available_at) == (None, None)
    states, day = [early.payables["b1"].state], NOW + timedelta(days=2)
    for fee, at in ((1190, day), (None, None)):
        seen = a_paid_session(payment, fee=fee, available_at=at)
        early = paying.shown(early.payment.state, states, seen, POLICY, NOW)
        assert (early.payment.state.fee, early.payment.state.available_at) == (1190, day)
        assert early.payment.effects == ()


def test_a_posting_says_on_which_day_the_money_came() -> None:
    payment, locked = begun(a_payable())
    seen = a_paid_session(payment, captured_at=NOW - timedelta(days=1))
    posting = one(paying.shown(payment, locked, seen, POLICY, NOW).payment.effects, Do.POSTING)
    assert posting.body == {"payment": "p1", "revision": 1, "on": (TODAY - timedelta(days=1)).isoformat()}


def test_money_that_came_late_leaves_the_attempt_of_another_alone_and_ends_its_session() -> None:
    payment, (locked,) = begun(a_payable())
    assert locked.attempt is not None
    other = replace(locked, attempt=replace(locked.attempt, payment="p2", session="cs_p2"))
    after = paying.shown(payment, [other], a_paid_session(payment), POLICY, NOW).payables["b1"]
    assert after.state.attempt == other.attempt
    assert one(after.effects, Do.EXPIRE_SESSION).body == {"payment": "p2", "session": "cs_p2", "account": ACCOUNT}


def test_money_that_is_partly_back_when_it_is_first_seen_counts_what_is_left() -> None:
    """A worker was slow: the surplus that came and went in between leaves no task."""
    payment, (locked,) = begun(a_payable())
    lower = replace(locked, balance=30000)
    seen = a_paid_session(payment, **refunded(10000))
    together = paying.shown(payment, [lower], seen, POLICY, NOW)
    assert kinds(together.payment) == [Do.RECEIPT, Do.POSTING, Do.TASK]
    assert together.payment.closes == (key_of("us-1", Do.TASK, "reversal/p1/0"),)
    assert (together.payment.state.returned, together.payment.state.reversals) == (10000, 1)
    after = together.payables["b1"]
    assert [s.cents for s in after.state.shares] == [30000]
    assert (after.state.open, after.state.surplus, after.state.excess) == (0, 0, None)
    assert after.closes == (one(after.effects, Do.TASK).key,)
    first = a_payable(collection=Collection("friendly", NOW))
    payment, (locked,) = begun(first)
    again = paying.shown(payment, [locked], a_paid_session(payment, **refunded(10000)), POLICY, NOW).payables["b1"]
    assert again.state.open == 10000
    assert kinds(again) == [Do.REMIND]


def test_the_day_of_a_payment_is_the_firms_day() -> None:
    payment, locked = begun(a_payable())
    late = a_paid_session(payment, captured_at=NOW.replace(hour=3))
    assert paying.shown(payment, locked, late, POLICY, NOW).payment.state.settled_on == TODAY - timedelta(days=1)


def test_seen_a_second_time_a_settled_payment_changes_nothing() -> None:
    payment, states = paid(a_payable())
    together = paying.shown(payment, states, a_paid_session(payment), POLICY, NOW)
    assert together.payment.state == payment
    assert together.payment.effects == ()
    assert together.payables == {}


@pytest.mark.parametrize("status", ["open", "expired"])
def test_an_older_snapshot_never_takes_a_settlement_back(status: str) -> None:
    payment, states = paid(a_payable())
    together = paying.shown(payment, states, a_session(payment, status=status, fee=1190), POLICY, NOW)
    assert together.payment.state.phase is Phase.SETTLED
    assert together.payables == {}


def test_without_an_address_no_receipt_is_owed() -> None:
    payment, locked = begun(a_payable(client_email=""))
    together = paying.shown(payment, locked, a_paid_session(payment), POLICY, NOW)
    assert kinds(together.payment) == [Do.POSTING]


def test_trust_money_is_never_posted_as_a_payment() -> None:
    payment, locked = begun(a_payable(pot=Pot.TRUST))
    together = paying.shown(payment, locked, a_paid_session(payment), POLICY, NOW)
    assert kinds(together.payment) == [Do.RECEIPT]
    assert together.payment.state.wanted == 0


@pytest.mark.parametrize(
    ("fields", "owed"),
    [
        ({"transitions": ("paid",)}, True),
        ({"transitions": ("void",)}, False),
        ({"transitions": ("paid",), "pending": 0, "balance": 39999}, True),
    ],
)
def test_our_change_at_clio_is_owed_only_where_the_bill_offers_it(fields: dict[str, Any], owed: bool) -> None:
    payment, locked = begun(a_payable(**fields))
    together = paying.shown(payment, locked, a_paid_session(payment), a_policy(mark_paid=True), NOW)
    assert (Do.MARK_PAID in kinds(together.payables["b1"])) is owed


def test_our_change_at_clio_is_off_until_the_owner_turns_it_on() -> None:
    payment, locked = begun(a_payable(transitions=("paid",)))
    together = paying.shown(payment, locked, a_paid_session(payment), POLICY, NOW)
    assert Do.MARK_PAID not in kinds(together.payables["b1"])


def test_our_change_at_clio_is_only_for_the_whole_balance() -> None:
    payment, (locked,) = begun(a_payable(transitions=("paid",)))
    for moved in (replace(locked, balance=50000), replace(locked, pending=1)):
        together = paying.shown(payment, [moved], a_paid_session(payment), a_policy(mark_paid=True), NOW)
        assert Do.MARK_PAID not in kinds(together.payables["b1"])


def test_what_is_paid_too_much_becomes_a_task() -> None:
    payment, (locked,) = begun(a_payable())
    lower = replace(locked, balance=30000)
    together = paying.shown(payment, [lower], a_paid_session(payment), POLICY, NOW)
    assert together.payables["b1"].state.surplus == 10000
    assert "$100.00" in one(together.payables["b1"].effects, Do.TASK).reason


# --- money that goes back ---------------------------------------------------------------------------------------------


def refunded(*cents: int, status: str = "succeeded") -> dict[str, Any]:
    return {"refunds": tuple(Refunded(f"re_{n}", c, status) for n, c in enumerate(cents))}


def test_a_refund_opens_the_invoice_again_at_once_and_a_person_is_told() -> None:
    payment, states = paid(reminded())
    together = paying.shown(payment, states, a_paid_session(payment, **refunded(15000)), POLICY, NOW)
    assert together.payment.state.returned == 15000
    task = one(together.payment.effects, Do.TASK)
    assert task.title == f"Payment {CODE}: $150.00 went back to the client"
    assert (task.key, task.body) == ("us-1/task/reversal/p1/1", {"payment": "p1"})
    assert together.payment.closes == ("us-1/task/reversal/p1/0",)
    state = together.payables["b1"].state
    assert state.open == 15000
    assert state.collection is not None
    assert state.collection.next is not None


def test_money_is_told_in_its_own_currency() -> None:
    payment, states = paid(a_payable(currency="CAD"))
    together = paying.shown(payment, states, a_paid_session(payment, **refunded(15000)), POLICY, NOW)
    task = one(together.payment.effects, Do.TASK)
    assert task.title == f"Payment {CODE}: CA$150.00 went back to the client"
    assert task.reason.count("CA$") == 3


@pytest.mark.parametrize(
    ("status", "counts"),
    [("succeeded", True), ("pending", True), ("requires_action", True), ("failed", False), ("canceled", False)],
)
def test_a_refund_counts_until_it_is_known_to_have_failed(status: str, counts: bool) -> None:
    payment, states = paid(a_payable())
    together = paying.shown(payment, states, a_paid_session(payment, **refunded(15000, status=status)), POLICY, NOW)
    assert together.payment.state.returned == 15000 * counts


def test_a_refund_of_one_payment_leaves_what_another_paid_alone() -> None:
    _, (state,) = paid(a_payable(balance=50000))
    state = replace(state, shares=(replace(state.shares[0], shown=(("r1", 50000),)),), balance=20000)
    second, (state,) = paid(state, id="p2", code="FS-SECOND")
    assert [s.cents for s in state.shares] == [50000, 20000]
    back = paying.shown(second, [state], a_paid_session(second, **refunded(5000)), POLICY, NOW).payables["b1"]
    assert [s.cents for s in back.state.shares] == [50000, 15000]
    assert (back.state.hold, back.state.open) == ("", 5000), "Clio shows all of the first and nothing of the second"


def test_a_whole_refund_leaves_no_share() -> None:
    payment, states = paid(a_payable())
    together = paying.shown(payment, states, a_paid_session(payment, **refunded(40000)), POLICY, NOW)
    assert together.payables["b1"].state.shares == ()
    assert together.payables["b1"].state.open == 40000


def test_a_refund_that_failed_in_the_end_counts_again() -> None:
    payment, states = paid(a_payable())
    back = paying.shown(payment, states, a_paid_session(payment, **refunded(40000, status="pending")), POLICY, NOW)
    assert back.payables["b1"].state.open == 40000
    again = a_paid_session(payment, **refunded(40000, status="failed"))
    after = paying.shown(back.payment.state, [back.payables["b1"].state], again, POLICY, NOW)
    assert after.payment.state.returned == 0
    assert after.payables["b1"].state.open == 0


def test_where_clio_shows_the_payment_the_invoice_is_held_until_it_is_removed_there() -> None:
    payment, (state,) = paid(a_payable())
    recorded = replace(state, shares=(replace(state.shares[0], shown=(("r1", 40000),)),), balance=0)
    recorded = replace(recorded, bill_state=BillState.PAID)
    together = paying.shown(payment, [recorded], a_paid_session(payment, **refunded(15000)), POLICY, NOW)
    held = together.payables["b1"]
    assert held.state.hold == REMOVE_IN_CLIO
    assert held.state.hold_seq == held.state.seq == recorded.seq + 1
    assert "remove the payment" in one(held.effects, Do.TASK).title
    assert blocked(held.state) == REMOVE_IN_CLIO


def test_the_hold_ends_when_the_money_comes_back_and_its_task_closes() -> None:
    payment, (state,) = paid(a_payable())
    shown = replace(state, shares=(replace(state.shares[0], shown=(("r1", 40000),)),), balance=0)
    held = paying.shown(payment, [shown], a_paid_session(payment, **refunded(15000, status="pending")), POLICY, NOW)
    task = one(held.payables["b1"].effects, Do.TASK)
    failed = a_paid_session(payment, **refunded(15000, status="failed"))
    freed = paying.shown(held.payment.state, [held.payables["b1"].state], failed, POLICY, NOW).payables["b1"]
    assert freed.state.hold == ""
    assert task.key in freed.closes


def test_news_of_one_payment_does_not_lift_the_hold_of_another() -> None:
    first, (state,) = paid(a_payable(balance=50000))
    state = replace(state, shares=(replace(state.shares[0], shown=(("r1", 50000),)),), balance=40000)
    second, (state,) = paid(state, id="p2", code="FS-SECOND")
    back = paying.shown(first, [state], a_paid_session(first, **refunded(15000)), POLICY, NOW).payables["b1"].state
    assert back.hold == REMOVE_IN_CLIO
    warned = (Disputed("dp_1", 40000, "warning_needs_response", withdrawn=False),)
    after = paying.shown(second, [back], a_paid_session(second, disputes=warned), POLICY, NOW).payables["b1"]
    assert after.state.hold == REMOVE_IN_CLIO
    assert after.closes == ()


def test_a_warning_about_one_payment_does_not_hold_the_invoice_for_another_that_we_marked_paid() -> None:
    """The first was recorded in Clio, the second, smaller one settled the rest by our own state change."""
    first, (state,) = paid(a_payable())
    recorded = replace(state.shares[0], shown=(("r1", 40000),))
    marked = replace(recorded, payment="p2", code="FS-SECOND", cents=100, shown=(), patched=True)
    both = replace(state, shares=(recorded, marked), balance=0, bill_state=BillState.PAID)
    warned = (Disputed("dp_1", 40000, "warning_needs_response", withdrawn=False),)
    after = paying.shown(first, [both], a_paid_session(first, disputes=warned), POLICY, NOW).payables["b1"]
    assert (after.state.hold, after.effects) == ("", ())


def test_the_hold_ends_when_the_money_comes_back_though_another_payment_was_marked_by_us() -> None:
    first, (state,) = paid(a_payable())
    recorded = replace(state.shares[0], shown=(("r1", 40000),))
    marked = replace(recorded, payment="p2", code="FS-SECOND", cents=100, shown=(), patched=True)
    both = replace(state, shares=(recorded, marked), balance=0, bill_state=BillState.PAID)
    lost = (Disputed("dp_1", 40000, "needs_response", withdrawn=True),)
    held = paying.shown(first, [both], a_paid_session(first, disputes=lost), POLICY, NOW)
    assert held.payables["b1"].state.hold == REMOVE_IN_CLIO
    task = one(held.payables["b1"].effects, Do.TASK)
    won = (Disputed("dp_1", 40000, "won", withdrawn=False),)
    back = paying.shown(
        held.payment.state, [held.payables["b1"].state], a_paid_session(first, disputes=won), POLICY, NOW
    ).payables["b1"]
    assert (back.state.hold, back.state.shares) == ("", (recorded, marked))
    assert task.key in back.closes


def test_a_share_that_is_there_again_is_of_the_day_it_settled_and_knows_what_stays_away() -> None:
    payment, states = paid(a_payable())
    away = a_paid_session(
        payment, **refunded(10000), disputes=(Disputed("dp_1", 30000, "needs_response", withdrawn=True),)
    )
    gone = paying.shown(payment, states, away, POLICY, NOW)
    assert gone.payables["b1"].state.shares == ()
    won = replace(away, disputes=(Disputed("dp_1", 30000, "won", withdrawn=False),))
    later = NOW + timedelta(days=9)
    again = paying.shown(gone.payment.state, [gone.payables["b1"].state], won, POLICY, later).payables["b1"].state
    assert again.shares == (replace(states[0].shares[0], cents=30000, back=10000),)


def test_an_invoice_that_we_marked_paid_is_held_while_its_money_is_away_and_free_once_it_is_back() -> None:
    payment, (state,) = paid(a_payable())
    marked = replace(state, shares=(replace(state.shares[0], patched=True),), balance=0, bill_state=BillState.PAID)
    lost = (Disputed("dp_1", 40000, "needs_response", withdrawn=True),)
    held = paying.shown(payment, [marked], a_paid_session(payment, disputes=lost), POLICY, NOW)
    assert held.payables["b1"].state.hold == REMOVE_IN_CLIO
    task = one(held.payables["b1"].effects, Do.TASK)
    won = (Disputed("dp_1", 40000, "won", withdrawn=False),)
    freed = paying.shown(
        held.payment.state, [held.payables["b1"].state], a_paid_session(payment, disputes=won), POLICY, NOW
    ).payables["b1"]
    assert (freed.state.hold, freed.state.shares) == ("", marked.shares)
    assert freed.closes == (task.key,)


def test_part_of_a_refund_that_stays_away_keeps_the_hold_of_an_invoice_that_we_marked_paid() -> None:
    payment, (state,) = paid(a_payable())
    marked = replace(state, shares=(replace(state.shares[0], patched=True),), balance=0, bill_state=BillState.PAID)
    held = paying.shown(payment, [marked], a_paid_session(payment, **refunded(15000)), POLICY, NOW)
    less = a_paid_session(payment, **refunded(5000))
    after = paying.shown(held.payment.state, [held.payables["b1"].state], less, POLICY, NOW).payables["b1"].state
    assert (after.shares[0].cents, after.hold) == (35000, REMOVE_IN_CLIO)


def test_what_clio_does_not_show_needs_no_hold() -> None:
    payment, states = paid(a_payable())
    together = paying.shown(payment, states, a_paid_session(payment, **refunded(15000)), POLICY, NOW)
    assert together.payables["b1"].state.hold == ""
    assert together.payables["b1"].closes == ()


def test_a_second_refund_is_told_with_its_own_amount() -> None:
    payment, states = paid(a_payable())
    first = paying.shown(payment, states, a_paid_session(payment, **refunded(15000)), POLICY, NOW)
    second = a_paid_session(payment, **refunded(15000, 5000))
    after = paying.shown(first.payment.state, [first.payables["b1"].state], second, POLICY, NOW)
    task = one(after.payment.effects, Do.TASK)
    assert "$50.00 went back to the client" in task.title
    assert "refunds of $200.00" in task.reason
    assert task.key == "us-1/task/reversal/p1/2"
    assert after.payment.closes == (one(first.payment.effects, Do.TASK).key,)


def test_a_dispute_counts_only_once_the_money_was_withdrawn() -> None:
    payment, states = paid(a_payable())
    warned = (Disputed("dp_1", 40000, "warning_needs_response", withdrawn=False),)
    early = paying.shown(payment, states, a_paid_session(payment, disputes=warned), POLICY, NOW)
    assert early.payment.state.lost == 0
    assert "was disputed" in one(early.payment.effects, Do.TASK).title
    assert early.payables["b1"].state.open == 0
    lost = (Disputed("dp_1", 40000, "lost", withdrawn=True),)
    late = paying.shown(payment, states, a_paid_session(payment, disputes=lost), POLICY, NOW)
    assert late.payment.state.lost == 40000
    assert late.payables["b1"].state.open == 40000


UNDECIDED = ("needs_response", "under_review", "appeal_under_review")
DECIDED = ("lost", "warning_closed", "prevented")


@pytest.mark.parametrize("status", [*UNDECIDED, *DECIDED])
def test_while_a_dispute_is_undecided_its_client_is_asked_for_nothing(status: str) -> None:
    payment, states = paid(a_payable())
    session = a_paid_session(payment, disputes=(Disputed("dp_1", 40000, status, withdrawn=True),))
    after = paying.shown(payment, states, session, POLICY, NOW)
    p = after.payables["b1"].state
    assert p.open == 40000
    assert after.payment.state.in_dispute is (status in UNDECIDED)
    assert (p.disputed, blocked(p)) == ((payment.id,), DISPUTED) if status in UNDECIDED else ((), "")


def test_of_several_disputes_the_one_that_is_undecided_counts() -> None:
    payment, states = paid(a_payable())
    both = (Disputed("dp_1", 10000, "lost", withdrawn=True), Disputed("dp_2", 20000, "under_review", withdrawn=True))
    after = paying.shown(payment, states, a_paid_session(payment, disputes=both), POLICY, NOW)
    assert after.payment.state.dispute == "under_review"
    assert after.payables["b1"].state.disputed == (payment.id,)


def test_a_dispute_that_is_decided_leaves_that_of_another_payment() -> None:
    payment, (state,) = paid(a_payable())
    other = replace(state, disputed=("p9", payment.id))
    lost = (Disputed("dp_1", 40000, "lost", withdrawn=True),)
    after = paying.shown(payment, [other], a_paid_session(payment, disputes=lost), POLICY, NOW)
    assert after.payables["b1"].state.disputed == ("p9",)


def test_more_going_back_than_came_takes_no_more_than_came() -> None:
    payment, states = paid(a_payable())
    lost = (Disputed("dp_1", 40000, "lost", withdrawn=True),)
    session = a_paid_session(payment, disputes=lost, **refunded(10000))
    together = paying.shown(payment, states, session, POLICY, NOW)
    assert together.payment.state.back == 50000
    assert together.payables["b1"].state.open == 40000


@given(st.lists(st.integers(50, 90000), min_size=1, max_size=10), st.integers(0, 1_000_000))
def test_what_goes_back_is_split_to_the_cent_from_the_last_item_on(sizes: list[int], back: int) -> None:
    payables = [a_payable(id=f"b{n}", balance=size) for n, size in enumerate(sizes)]
    payment, states = paid(*payables)
    back = min(back, payment.total)
    together = paying.shown(payment, states, a_paid_session(payment, **refunded(back)), POLICY, NOW)
    items = together.payment.state.items
    assert sum(i.back for i in items) == back
    assert all(0 <= i.back <= i.cents for i in items)
    touched = [i.back > 0 for i in items]
    assert touched == sorted(touched)
    assert all(i.back == i.cents for i, before in zip(items[1:], items, strict=False) if before.back)


# --- when to look again -----------------------------------------------------------------------------------------------


def test_every_attempt_is_looked_at_until_it_ends() -> None:
    creating = a_payment(phase=Phase.CREATING)
    assert paying.next_look(creating, NOW) == NOW + timedelta(minutes=1)
    open_ = a_payment(phase=Phase.OPEN, expires_at=NOW + timedelta(minutes=45))
    assert paying.next_look(open_, NOW) == NOW + timedelta(minutes=46)
    assert paying.next_look(replace(open_, expires_at=NOW), NOW) == NOW + timedelta(minutes=5)
    assert paying.next_look(a_payment(phase=Phase.ON_ITS_WAY), NOW) == NOW + timedelta(hours=12)


@pytest.mark.parametrize("phase", [Phase.SETTLED, Phase.FAILED, Phase.EXPIRED, Phase.REMOVED])
def test_what_is_over_is_not_looked_at_again(phase: Phase) -> None:
    assert paying.next_look(a_payment(phase=phase), NOW) is None
