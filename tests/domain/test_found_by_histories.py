"""What the simulator (the table at the end of docs/promises.md) and the stateful tests found in the
domain, each as the smallest
case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain import billing, paying, receipts, reminders, surplus
from chalicelib.domain.billing import BillSeen
from chalicelib.domain.effects import Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.payable import Excess, Known, Payable, Share, Standing
from chalicelib.domain.readings import Disputed, SessionReading
from chalicelib.domain.receipts import MarkedPaid, MatchUndone
from chalicelib.domain.reminders import SUPPLIED, SetSaved
from tests.builders import NOW, TODAY, a_bill, a_firm, a_payable, a_payment
from tests.domain.given import a_paid_session, a_policy, a_share, begun

POLICY = Policy(a_firm(), 1, Lanes("us-1", "us/1", "r1", "acct_1", "acct_2"))


def a_session(*disputes: Disputed) -> SessionReading:
    """The paid session of the usual payment."""
    later = NOW + timedelta(hours=1)
    return SessionReading(
        "cs_1", "p1", "complete", True, "", later, 40000, "USD", {}, captured_at=NOW, disputes=tuple(disputes)
    )


def after(payable: Payable, payment: object, *disputes: Disputed) -> tuple[object, Payable]:
    both = paying.shown(payment, [payable], a_session(*disputes), POLICY, NOW)  # type: ignore[arg-type]
    held = both.payables.get(payable.id)
    return both.payment.state, held.state if held else payable


def test_a_dispute_won_counts_the_money_again() -> None:
    payable = a_payable(shares=(Share("p1", 40000, "FS-ABC234", TODAY),))
    lost = Disputed("d1", 40000, "needs_response", withdrawn=True)
    won = Disputed("d1", 40000, "won", withdrawn=False)
    payment, opened = after(payable, a_payment(), lost)
    assert opened.open == 40000
    _, again = after(opened, payment, won)
    assert again.open == 0


def test_a_bill_that_falls_below_what_was_paid_shows_the_surplus_as_a_task() -> None:
    payable = a_payable(shares=(Share("p1", 40000, "FS-ABC234", TODAY),))
    less = replace(a_bill(), etag="e2", balance=10000, paid=30000)
    decision = billing.seen(payable, BillSeen(less, None, NOW), POLICY, NOW)
    assert [e.body["surplus"] for e in decision.effects if "/surplus/" in e.key] == [30000]


def test_the_task_of_a_surplus_closes_when_the_surplus_is_gone() -> None:
    payable = a_payable(balance=10000, shares=(Share("p1", 40000, "FS-ABC234", TODAY),), excess=Excess(3, 30000))
    more = replace(a_bill(), etag="e2", balance=40000)
    decision = billing.seen(payable, BillSeen(more, None, NOW), POLICY, NOW)
    assert any("/surplus/b1/3" in key for key in decision.closes)


# --- found by the stateful tests over the effects' keys ---------------------------------------------------------------


def test_a_second_payment_too_much_takes_the_place_of_the_first_ones_task() -> None:
    payment, (locked,) = begun(a_payable(), id="p2")
    early, owed, _ = surplus.told(replace(locked, balance=0, shares=(a_share("p1", 100, "FS-OTHER"),)), NOW)
    assert owed[0].body["surplus"] == 100
    after = paying.shown(payment, [early], a_paid_session(payment), a_policy(), NOW)
    decision = after.payables["b1"]
    assert surplus.keys(early)[0] in decision.closes
    assert [e.body["surplus"] for e in decision.effects if "/surplus/" in e.key] == [40100]


def test_a_match_taken_back_lifts_the_hold_that_it_had_made() -> None:
    share = a_share(cents=0, shown=(("r1", 40000),))
    known = Known("r1", 40000, TODAY, "g", "payment", "", Standing.MATCHED, by="person")
    held = a_payable(shares=(share,), receipts=(known,), hold=receipts.REMOVE_IN_CLIO, hold_seq=4, seq=4)
    decision = receipts.answered(held, MatchUndone("r1"), a_policy(), NOW)
    assert decision.state.hold == ""
    assert receipts.removal_task("us-1", "b1", 4) in decision.closes


def test_when_our_change_at_clio_is_read_back_questions_that_vanished_close() -> None:
    asked = Known("r0", 100, TODAY, "g", "payment", "", Standing.ASKED, asked=2)
    state = a_payable(shares=(a_share(),), receipts=(asked,), seq=2)
    decision = receipts.marked_paid(state, MarkedPaid("p1", ()), a_policy(), NOW)
    assert decision.state.receipts == ()
    assert receipts.match_task("us-1", "b1", asked) in decision.closes


def test_a_reminder_set_with_a_long_name_is_kept_as_it_would_be_saved_again() -> None:
    first = reminders.decide(None, SetSaved("s1", "x " * 60, SUPPLIED[0].steps)).state
    assert reminders.decide(first, SetSaved("s1", first.name, first.steps)).state == first
