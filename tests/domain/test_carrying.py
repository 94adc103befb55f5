"""What was outstanding at the last signed-off month end, offered to the next one, in values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from chalicelib.domain import carrying
from chalicelib.domain.carrying import Answer, Offered, Side
from chalicelib.domain.statement import Entered, Outstanding, Statement
from chalicelib.errors import Refused
from tests.builders import FIRM

COUNTER = Outstanding(date(2026, 1, 30), "Counter", 300)
CHECK = Outstanding(date(2026, 1, 20), "101 to Ada", 2500)
PLAIN = Outstanding(None, "", 700)
LAST = Statement(FIRM, "7:2026-01", "7", "IOLTA", "2026-01", 1, (COUNTER,), (CHECK, PLAIN, PLAIN))
NOW = Statement(FIRM, "7:2026-03", "7", "IOLTA", "2026-03")


def test_each_item_of_the_last_sign_off_is_offered_and_nothing_is_said_of_it() -> None:
    found = carrying.offered(LAST, NOW)
    assert [(o.side, o.item, o.answer) for o in found.offers] == [
        (Side.DEPOSIT, COUNTER, Answer.OPEN),
        (Side.CHECK, CHECK, Answer.OPEN),
        (Side.CHECK, PLAIN, Answer.OPEN),
        (Side.CHECK, PLAIN, Answer.OPEN),
    ]
    assert (found.since, found.unsaid, found.settled, found.other) == (date(2026, 1, 31), 4, False, False)


def test_with_no_sign_off_before_nothing_is_offered_and_nothing_waits() -> None:
    assert carrying.offered(None, NOW) == Offered()
    assert Offered().settled
    assert Offered().mark == ""


def test_what_is_said_is_found_again_and_two_that_are_alike_are_two() -> None:
    said = replace(NOW, deposits=(COUNTER,), checks=(PLAIN,), cleared_checks=(PLAIN,))
    found = carrying.offered(LAST, said)
    assert [o.answer for o in found.offers] == [Answer.STILL, Answer.OPEN, Answer.CLEARED, Answer.STILL]
    assert found.unsaid == 1
    whole = carrying.offered(LAST, replace(said, cleared_checks=(PLAIN, CHECK)))
    assert whole.settled
    assert carrying.said(whole.offers, Side.CHECK, Answer.CLEARED) == (CHECK, PLAIN)
    assert carrying.said(whole.offers, Side.DEPOSIT, Answer.STILL) == (COUNTER,)


def test_a_deposit_says_nothing_of_a_check_that_is_alike() -> None:
    last = replace(LAST, deposits=(PLAIN,), checks=(PLAIN,))
    found = carrying.offered(last, replace(NOW, deposits=(PLAIN,), cleared_deposits=()))
    assert [o.answer for o in found.offers] == [Answer.STILL, Answer.OPEN]


def test_the_same_once_more_that_is_new_is_the_months_own() -> None:
    new = Outstanding(date(2026, 3, 3), "102", 5)
    said = replace(NOW, checks=(PLAIN, new, PLAIN), cleared_checks=(PLAIN,))
    found = carrying.offered(LAST, said)
    assert carrying.own(said.checks, found, Side.CHECK) == (new, PLAIN)
    assert carrying.own(said.checks, found, Side.DEPOSIT) == said.checks


def test_what_cleared_of_another_sign_off_has_to_be_said_anew() -> None:
    said = replace(NOW, deposits=(COUNTER,), checks=(PLAIN, PLAIN), cleared_checks=(CHECK,))
    assert carrying.offered(LAST, said).settled
    for other in (None, replace(LAST, checks=(PLAIN, PLAIN))):
        found = carrying.offered(other, said)
        assert (found.other, found.settled) == (True, False)
    strange = replace(said, cleared_deposits=(PLAIN,), cleared_checks=())
    assert carrying.offered(replace(LAST, checks=()), strange).other
    assert carrying.offered(None, strange).other


def test_the_mark_is_of_what_is_offered_whatever_is_said_of_it() -> None:
    mark = carrying.offered(LAST, NOW).mark
    assert carrying.offered(LAST, replace(NOW, checks=(CHECK,))).mark == mark
    assert carrying.offered(replace(LAST, checks=(CHECK, PLAIN)), NOW).mark != mark
    assert carrying.offered(replace(LAST, month="2026-02"), NOW).mark != mark


@pytest.mark.parametrize(
    ("on", "end", "old"),
    [
        (None, date(2026, 9, 30), False),
        (date(2026, 3, 30), date(2026, 9, 30), False),
        (date(2026, 3, 29), date(2026, 9, 30), True),
        (date(2026, 2, 28), date(2026, 9, 30), True),
        (date(2025, 12, 31), date(2026, 1, 31), False),
        (date(2025, 7, 30), date(2026, 1, 31), True),
    ],
)
def test_a_check_dated_over_six_months_before_the_month_end_is_old(on: date | None, end: date, old: bool) -> None:
    assert carrying.is_old(Outstanding(on, "", 1), end) is old


def test_a_deposit_is_not_called_old() -> None:
    end = replace(NOW, month="2026-12")
    assert [o.old for o in carrying.offered(LAST, end).offers] == [False, True, False, False]


def entered(cleared_deposits: tuple[Outstanding, ...] = (), cleared_checks: tuple[Outstanding, ...] = ()) -> Entered:
    return Entered(1, (), (), "", "Ben", cleared_deposits, cleared_checks)


def test_only_what_was_outstanding_can_have_cleared() -> None:
    carrying.check(LAST, entered(cleared_deposits=(COUNTER,), cleared_checks=(PLAIN, CHECK, PLAIN)), "USD")
    carrying.check(None, entered(), "USD")
    for last, fact, said in (
        (LAST, entered(cleared_deposits=(CHECK,)), r"101 to Ada, \$25.00, cannot have cleared"),
        (LAST, entered(cleared_checks=(PLAIN, PLAIN, PLAIN)), r"An item, \$7.00, cannot have cleared"),
        (None, entered(cleared_checks=(PLAIN,)), "not on the last reconciliation"),
        (None, entered(cleared_deposits=(PLAIN,)), "not on the last reconciliation"),
    ):
        with pytest.raises(Refused, match=said):
            carrying.check(last, fact, "USD")
