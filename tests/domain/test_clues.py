"""What may lie behind a difference of the bank statement and the trust journal, in values."""

from __future__ import annotations

import pytest

from chalicelib.domain import carrying, clues
from chalicelib.domain.statement import Outstanding, Statement
from tests.builders import FIRM


def an_item(text: str, cents: int) -> Outstanding:
    return Outstanding(None, text, cents)


LAST = Statement(FIRM, "7:2026-01", "7", "IOLTA", "2026-01", 1, (an_item("A", 130),), (an_item("101", 250),))
NOW = Statement(
    FIRM,
    "7:2026-02",
    "7",
    "IOLTA",
    "2026-02",
    ending=10_000,
    deposits=(an_item("B", 310),),
    checks=(an_item("102", 470),),
)


def told(state: Statement, apart: int, last: Statement | None = None) -> tuple[str, ...]:
    """With a journal that makes the statement show ``apart`` more."""
    journal = (state.adjusted or 0) - apart
    return clues.clues(state, carrying.offered(last, state), journal, "USD")


def test_where_they_agree_or_nothing_is_entered_there_is_nothing_to_look_for() -> None:
    assert told(NOW, 0) == ()
    empty = Statement(FIRM, "7:2026-02", "7", "IOLTA", "2026-02")
    assert clues.clues(empty, carrying.Offered(), 5, "USD") == ()


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (250, "It is the amount of the check 101 of $2.50, which has no answer yet."),
        (-130, "It is the amount of the deposit A of $1.30, which has no answer yet."),
        (-470, "It is the amount of the check 102 of $4.70: is it on the statement already?"),
        (310, "It is the amount of the deposit B of $3.10: is it on the statement already?"),
        (-940, "It is twice the amount of the check 102 of $4.70: is it a deposit?"),
        (620, "It is twice the amount of the deposit B of $3.10: is it a check?"),
        (45, "Nine divides the difference: often two digits of an amount have changed places."),
    ],
)
def test_an_amount_that_is_the_difference_is_named(apart: int, said: str) -> None:
    assert told(NOW, apart, LAST) == (said,)


def test_what_is_said_to_have_cleared_may_be_outstanding_still() -> None:
    state = Statement(
        FIRM, "x", "7", "IOLTA", "2026-02", 1, cleared_deposits=LAST.deposits, cleared_checks=(an_item("", 250),)
    )
    assert told(state, 250) == ("It is the amount of the check of $2.50: is it still outstanding?",)
    assert told(state, -130) == ("It is the amount of the deposit A of $1.30: is it still outstanding?",)
    assert told(state, -250) == ()


def test_a_difference_that_no_amount_explains_has_no_clue() -> None:
    assert told(NOW, 1, LAST) == ()


def test_no_more_than_three_are_named() -> None:
    state = Statement(FIRM, "x", "7", "IOLTA", "2026-02", 1, checks=(an_item("1", 5),) * 5)
    assert len(told(state, -5)) == clues.AT_MOST
