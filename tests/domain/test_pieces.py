"""Money that QuickBooks shows as one payment for each customer: added, taken out and compared as one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import noticing, posting
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.noticing import Noticed
from chalicelib.domain.payable import Broken, Harm
from chalicelib.domain.payment import ANEW, Item, Payment, Phase, Piece, Posted
from chalicelib.domain.posting import PaymentPosted, PaymentRemoved
from chalicelib.domain.readings import BookedPayment
from tests.builders import NOW, TODAY, a_payment
from tests.domain.given import a_policy

ITEMS = (Item("b1", "1042", 9000), Item("b2", "1043", 6000))
FIRST, SECOND = Piece("7", 9000, ("b1",)), Piece("8", 6000, ("b2",))
BOTH = Posted("7", 1, 15000, pieces=(FIRST, SECOND))


def money(**fields: Any) -> Payment:
    return a_payment(**{"items": ITEMS, "total": 15000, "wanted": 1, **fields})


def told(id: str, cents: int, *payables: str, revision: int = 1, unapplied: int = 0) -> PaymentPosted:
    return PaymentPosted(id, "r", revision, cents, unapplied, payables=payables)


def row(id: str, cents: int, **fields: Any) -> BookedPayment:
    return BookedPayment(id, "0", "63", cents, TODAY, "", "", ((f"i{id}", cents),), **fields)


def test_the_revision_is_shown_once_all_pieces_stand() -> None:
    one = posting.posted(money(), told("7", 9000, "b1", unapplied=100)).state
    assert one.posted == Posted("7", 0, 9000, unapplied=100, pieces=(FIRST,), adding=1)
    assert posting.rest(one) == ((ITEMS[1],), 6000)
    assert not posting.is_current(one)
    both = posting.posted(one, told("8", 6000, "b2", unapplied=20)).state
    assert both.posted == replace(BOTH, unapplied=120)
    assert posting.is_current(both)
    assert posting.posted(both, told("8", 6000, "b2")).state == both, "a repeated answer"


def test_of_three_pieces_two_are_not_the_whole() -> None:
    one = posting.posted(money(), told("7", 9000, "b1")).state
    two = posting.posted(one, told("8", 5000, "b2")).state
    assert two.posted and (two.posted.revision, two.posted.adding, two.posted.cents) == (0, 1, 14000)
    assert posting.rest(two) == ((), 1000)
    three = posting.posted(two, told("9", 1000)).state.posted
    assert three and (three.revision, three.adding, three.ids) == (1, 0, ("7", "8", "9"))


@pytest.mark.parametrize(("cents", "piece"), [(0, False), (1, True), (14999, True), (15000, False)])
def test_a_piece_is_less_than_the_whole_and_more_than_nothing(cents: int, piece: bool) -> None:
    shown = posting.posted(money(), told("7", cents)).state.posted
    assert shown and (shown.cents, bool(shown.pieces)) == (cents, piece)


def test_the_whole_at_once_has_no_pieces() -> None:
    assert posting.posted(money(), told("7", 15000)).state.posted == Posted("7", 1, 15000)
    older = posting.posted(money(wanted=2), told("7", 9000, revision=1)).state.posted
    assert older == Posted("7", 1, 9000), "of an older revision: it is taken out"


def test_a_piece_that_comes_when_another_revision_is_wanted_is_kept_for_taking_out() -> None:
    one = money(posted=Posted("7", 0, 9000, pieces=(FIRST,), adding=1), wanted=2)
    both = posting.posted(one, told("8", 6000, "b2")).state
    assert both.posted and both.posted.ids == ("7", "8") and not posting.is_current(both)
    other = posting.posted(one, told("8", 6000, "b2", revision=2)).state
    assert other.posted and (other.posted.revision, other.posted.adding) == (0, 1), "pieces of two revisions"
    assert not posting.is_current(other)


def test_they_are_taken_out_one_by_one() -> None:
    state = money(posted=BOTH, wanted=2)
    one = posting.removed(state, PaymentRemoved("7", 2)).state
    assert one.posted == Posted("8", 1, 6000, pieces=(SECOND,))
    none = posting.removed(one, PaymentRemoved("8", 2)).state
    assert none.posted and none.posted.voided and not none.posted.pieces
    assert posting.rest(none) == (ITEMS, 15000)
    gone = posting.removed(replace(one, phase=Phase.REMOVED), PaymentRemoved("8", 2)).state
    assert posting.settled(gone)
    half = money(posted=Posted("7", 0, 9000, pieces=(FIRST,), adding=1))
    out = posting.removed(half, PaymentRemoved("7", 1)).state.posted
    assert out == Posted("7", 0, 9000, voided=True), "nothing is being added any more"


def test_what_people_did_to_it_is_asked_no_more_once_a_piece_is_taken_out() -> None:
    broken = money(posted=replace(BOTH, broken=Broken(Harm.CHANGED), breaks=2), wanted=2)
    fewer = posting.removed(broken, PaymentRemoved("7", 2))
    assert fewer.state.posted == Posted("8", 1, 6000, pieces=(SECOND,), breaks=2)
    assert fewer.closes == (key_of("us-1", Do.TASK, "broken/payment/p1/7/2"),)


def test_together_they_are_one_payment() -> None:
    rows = {"7": row("7", 9000, unapplied=5), "8": row("8", 6000, unapplied=20)}
    whole = posting.together(BOTH, rows)
    assert whole and (whole.id, whole.total, whole.unapplied, whole.voided) == ("7", 15000, 25, False)
    assert whole.lines == (("i7", 9000), ("i8", 6000))
    assert posting.together(BOTH, {"7": rows["7"]}) is None
    voided = posting.together(BOTH, {**rows, "8": row("8", 0, voided=True)})
    assert voided and voided.voided


@pytest.mark.parametrize(
    ("fact", "whole"),
    [
        (Noticed("8", 6000), Noticed("7", 15000)),
        (Noticed("8", 5000), Noticed("7", 14000)),
        (Noticed("8", harm=Harm.DELETED), Noticed("7", 9000, Harm.DELETED)),
        (Noticed("9", 1), Noticed("9", 1)),
    ],
)
def test_what_a_row_of_one_piece_says_of_the_whole(fact: Noticed, whole: Noticed) -> None:
    assert noticing.of_piece(BOTH, fact) == whole


def test_entered_again_what_still_stands_of_it_goes_first() -> None:
    state = money(posted=replace(BOTH, broken=Broken(Harm.DELETED)))
    again = noticing.decided(state, "again", a_policy(), NOW).state
    assert again.posted and (again.posted.adding, again.posted.ids, again.wanted) == (ANEW, ("7", "8"), 2)
