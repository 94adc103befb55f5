"""What the nightly comparison names of promises 5, 6 and 8 by what we hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain import promised
from chalicelib.domain.comparing import Difference
from chalicelib.domain.payable import Excess, Sending
from chalicelib.domain.payment import Item, Phase
from chalicelib.domain.readings import Pot
from tests.builders import NOW, a_payable, a_payment
from tests.domain.given import a_share, is_said


def told(found: list[Difference]) -> list[tuple[str, str, int]]:
    for d in found:
        assert is_said(d.cause), d
        assert is_said(d.remedy), d
        assert not d.expected
    return [(d.number, d.kind, d.cents) for d in found]


def test_what_is_in_order_is_not_named() -> None:
    assert promised.of_payable(a_payable(), [a_payment()], NOW) == []
    assert promised.of_payment(a_payment(created_at=NOW - timedelta(days=400)), NOW) == []


def test_a_mail_that_nobody_has_spoken_of_for_a_day_is_named() -> None:
    p = a_payable(sending=Sending("e1", 0, NOW - timedelta(days=1)))
    assert promised.of_payable(p, [], NOW) == []
    later = NOW + timedelta(seconds=1)
    assert told(promised.of_payable(p, [], later)) == [("1042", "e-mail without an end", 0)]


def test_a_surplus_that_nobody_is_told_of_is_named_with_its_amount() -> None:
    p = a_payable(balance=30000, shares=(a_share(cents=40000),))
    assert told(promised.of_payable(p, [], NOW)) == [("1042", "surplus not told", 10000)]
    known = a_payable(balance=30000, shares=(a_share(cents=40000),), excess=Excess(1, 10000))
    assert promised.of_payable(known, [], NOW) == []
    gone = a_payable(excess=Excess(1, 10000))
    assert told(promised.of_payable(gone, [], NOW)) == [("1042", "surplus not told", -10000)]


def test_money_of_the_other_pot_is_named() -> None:
    trust = a_payment(pot=Pot.TRUST)
    [found] = promised.of_payable(a_payable(), [trust], NOW)
    assert told([found]) == [("1042", "money of two pots", 40000)]
    assert (found.payable, found.detail) == ("b1", "p1")
    elsewhere = a_payment(pot=Pot.TRUST, items=(Item("b9", "1099", 40000),))
    assert promised.of_payable(a_payable(), [elsewhere], NOW) == []
    without_code = a_payment(pot=Pot.TRUST, code="")
    assert "p1" in promised.of_payable(a_payable(), [without_code], NOW)[0].cause


@pytest.mark.parametrize(("phase", "days"), [(Phase.CREATING, 2), (Phase.OPEN, 2), (Phase.ON_ITS_WAY, 30)])
def test_an_attempt_that_does_not_end_is_named(phase: Phase, days: int) -> None:
    x = a_payment(phase=phase, created_at=NOW - timedelta(days=days), items=(Item("b1", "1", 9), Item("b2", "2", 8)))
    assert promised.of_payment(x, NOW) == []
    [found] = promised.of_payment(x, NOW + timedelta(seconds=1))
    assert told([found]) == [("1, 2", "payment without an end", x.total)]
    assert (found.payable, found.detail) == ("b1", "p1")
