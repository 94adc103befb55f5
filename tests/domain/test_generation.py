"""Generations of links to QuickBooks: what belongs to an earlier one counts no more, and is owed anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import billing, generation, linking, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.effects import Do, Lanes, generation_in, key_of
from chalicelib.domain.kernel import Decision, Neighbour
from chalicelib.domain.payable import Booked, Payable
from chalicelib.domain.payment import Phase, Piece, Posted
from chalicelib.domain.readings import BillState, BookedPayment, Pot
from tests.builders import NOW, a_payable, a_payment
from tests.domain.given import a_policy, kinds, one

SECOND = replace(a_policy(generation=2), lanes=Lanes("us-1", clio="us/1", realm="realm-1", generation=2))
LANE = "us-1|quickbooks|~2"


def renewed(state: Any) -> Decision[Any]:
    return generation.renewed(state, SECOND, NOW)


def linked(**fields: Any) -> Payable:
    usual: dict[str, Any] = {"booked": Booked("77", 3, 40000), "revision": 3, "lines": "doc", "lines_revision": 3}
    return a_payable(**{**usual, **fields})


def test_the_book_and_lane_of_a_later_generation_are_its_own() -> None:
    assert (Lanes("f", realm="r").book, Lanes("f", realm="r").of(Neighbour.QUICKBOOKS)) == ("r", "f|quickbooks|r")
    assert (SECOND.lanes.book, SECOND.lanes.of(Neighbour.QUICKBOOKS)) == ("realm-1~2", LANE)
    assert [generation_in(lane) for lane in ("f|quickbooks|r", "f|quickbooks|", LANE)] == [1, 1, 2]


def test_a_state_of_the_present_generation_stays_as_it_is() -> None:
    state = linked(generation=2)
    assert not generation.is_stale(state, SECOND)
    assert renewed(state) == Decision(state)


def test_a_clients_link_counts_no_more_and_its_customer_is_owed_anew() -> None:
    old = Contact("us-1", "c1", "Ada", "a@x.y", company=False, revision=4, customer="7", choice="s")
    decision = renewed(old)
    assert decision.state == replace(old, revision=5, customer="", choice="", generation=2, stood="7")
    effect = one(decision.effects, Do.CUSTOMER)
    assert (effect.key, effect.lane) == (key_of("us-1", Do.CUSTOMER, "c1/5"), LANE)
    assert decision.closes == (key_of("us-1", Do.CUSTOMER, "c1/4"),)


def test_an_invoice_is_owed_anew_with_the_lines_that_were_read() -> None:
    decision = renewed(linked())
    new = decision.state
    assert (new.booked, new.revision, new.lines_revision, new.lines, new.generation) == (None, 4, 4, "doc", 2)
    effect = one(decision.effects, Do.INVOICE)
    assert (effect.key, effect.lane) == (key_of("us-1", Do.INVOICE, "b1/4"), LANE)
    assert decision.closes == (
        key_of("us-1", Do.READ_LINES, "b1/3"),
        key_of("us-1", Do.INVOICE, "b1/3"),
        key_of("us-1", Do.TASK, "payments/b1/77"),
    )


def test_lines_that_were_not_read_yet_are_read_first() -> None:
    assert kinds(renewed(linked(lines_revision=2))) == [Do.READ_LINES]
    assert kinds(renewed(linked(lines="", lines_revision=0, booked=None))) == [Do.READ_LINES]


@pytest.mark.parametrize(
    "fields",
    [
        {"pot": Pot.TRUST},
        {"bill_state": BillState.VOID, "booked": None},
        {"bill_state": BillState.VOID, "booked": Booked("77", 3, 0, voided=True)},
        {"bill_state": BillState.VOID, "booked": Booked("77", 3, 40000, kept=True)},
    ],
)
def test_what_is_no_invoice_owes_nothing(fields: dict[str, Any]) -> None:
    decision = renewed(linked(**fields))
    assert decision.effects == ()
    assert decision.state.generation == 2


def test_a_void_is_owed_anew_where_the_invoice_still_stood() -> None:
    assert kinds(renewed(linked(bill_state=BillState.VOID))) == [Do.INVOICE]


def test_money_that_stands_is_posted_anew_and_other_is_only_unlinked() -> None:
    old = a_payment(wanted=2, posted=Posted("9", 2, 40000))
    decision = renewed(old)
    assert (decision.state.posted, decision.state.wanted, decision.state.generation) == (None, 3, 2)
    assert one(decision.effects, Do.POSTING).key == key_of("us-1", Do.POSTING, "p1/3")
    assert decision.closes == (key_of("us-1", Do.POSTING, "p1/2"),)
    gone = renewed(replace(old, phase=Phase.REMOVED, posted=None))
    assert (gone.state.posted, gone.effects, gone.closes) == (None, (), decision.closes)
    stood = renewed(replace(old, phase=Phase.REMOVED))
    assert (kinds(stood), stood.state.wanted) == ([Do.POSTING], 3)
    never = renewed(a_payment(wanted=0))
    assert (never.effects, never.closes) == ((), ())


def test_a_late_answer_of_an_earlier_generation_changes_nothing() -> None:
    late = billing.InvoiceBooked("77", "realm-1", 3, 40000)
    state = linked(booked=None, generation=2)
    assert billing.booked(state, late, NOW) == Decision(state)
    payment = a_payment(wanted=3, generation=2)
    assert posting.posted(payment, posting.PaymentPosted("9", "realm-1", 2, 40000)) == Decision(payment)
    client = Contact("us-1", "c1", "Ada", "a@x.y", company=False, generation=2)
    told = linking.decide(client, linking.CustomerLinked("7", "realm-1"), SECOND, NOW)
    assert told == Decision(client)


def test_a_link_takes_the_generation_it_was_made_under() -> None:
    fact = billing.InvoiceBooked("78", "realm-1~2", 4, 40000, generation=2)
    decision = billing.booked(linked(booked=None, generation=2), fact, NOW)
    assert decision.state.generation == 2
    assert [g.key for g in decision.guards] == ["quickbooks/realm-1~2/invoice/78"]


def test_a_payment_takes_the_generation_it_was_posted_in() -> None:
    fact = posting.PaymentPosted("9", "realm-1~2", 2, 40000, generation=2)
    assert posting.posted(a_payment(wanted=2), fact).state.generation == 2


@pytest.mark.parametrize(("generation", "left"), [(1, False), (2, True), (3, True)])
def test_only_an_earlier_generation_can_have_left_something_of_a_removed_payment(generation: int, left: bool) -> None:
    gone = a_payment(generation=generation, phase=Phase.REMOVED)
    assert posting.left_behind(gone) == left
    assert not posting.left_behind(replace(gone, phase=Phase.SETTLED))


def test_what_an_earlier_generation_left_is_linked_as_older_than_what_is_wanted() -> None:
    gone = a_payment(generation=2, phase=Phase.REMOVED, wanted=3)
    first = BookedPayment("9", "0", "c", 30000, None, "", "", (), unapplied=5)
    second = BookedPayment("10", "0", "c", 10000, None, "", "", (), unapplied=20)
    alone = posting.met(gone, [first], "realm-1~2")
    assert alone.state == replace(gone, posted=Posted("9", 2, 30000, unapplied=5))
    assert [(g.key, g.holder) for g in alone.guards] == [("quickbooks/realm-1~2/payment/9", "us-1/p1")]
    assert not posting.settled(alone.state), "it is taken out next"
    both = posting.met(gone, [first, second], "realm-1~2")
    pieces = (Piece("9", 30000), Piece("10", 10000))
    assert both.state.posted == Posted("9", 2, 40000, unapplied=25, pieces=pieces)
    assert [g.key for g in both.guards] == ["quickbooks/realm-1~2/payment/9", "quickbooks/realm-1~2/payment/10"]


def test_a_payment_that_is_met_already_or_stands_again_is_not_linked_as_one_to_take_out() -> None:
    row = BookedPayment("9", "0", "c", 40000, None, "", "", ())
    known = Posted("9", 1, 40000)
    for state in (a_payment(generation=2), a_payment(generation=2, phase=Phase.REMOVED, posted=known)):
        assert posting.met(state, [row], "realm-1~2") == Decision(state)


# --- where it stood is remembered: people may have moved it since -----------------------------------------------------

AGAIN = a_policy(generation=3)


def stood_of(before: Any) -> tuple[Any, Any]:
    """After one purge, and after another before anything was met."""
    once = renewed(before).state
    return once.stood, generation.renewed(once, AGAIN, NOW).state.stood


def test_where_an_invoice_stood_is_remembered_until_it_is_met() -> None:
    assert stood_of(linked()) == ("77", "77")
    assert stood_of(linked(booked=Booked("77", 3, 0, voided=True))) == ("", "")
    assert stood_of(linked(booked=None)) == ("", "")
    there = renewed(linked()).state
    fact = billing.InvoiceBooked("77", "realm-1~2", 0, 40000, generation=2)
    assert billing.booked(there, fact, NOW).state.stood == ""
    voided = renewed(replace(there, generation=1, booked=Booked("78", 5, 0, voided=True))).state
    assert voided.stood == "", "what stood before that is long gone"


def test_where_a_payment_stood_is_remembered_piece_by_piece() -> None:
    old = a_payment(wanted=2, posted=Posted("9", 2, 40000))
    pieces = (Piece("9", 30000), Piece("10", 10000))
    assert stood_of(old) == (("9",), ("9",))
    assert stood_of(replace(old, posted=Posted("9", 2, 40000, pieces=pieces))) == (("9", "10"), ("9", "10"))
    assert stood_of(replace(old, posted=Posted("9", 2, 40000, voided=True))) == ((), ())
    assert stood_of(replace(old, posted=None)) == ((), ())
    gone = renewed(replace(old, phase=Phase.REMOVED)).state
    assert kinds(generation.renewed(gone, AGAIN, NOW)) == [Do.POSTING], "it may stand there still"
