"""A payable's words: what is open, what is too much, where it is listed, what stands against a mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import surplus
from chalicelib.domain.payable import Active, Collection, Excess, Known, Standing, Tab, blocked, listing, tab
from chalicelib.domain.readings import BillState
from tests.builders import NOW, TODAY, a_payable
from tests.domain.given import a_share

SHARES = st.lists(st.tuples(st.integers(0, 60000), st.integers(0, 60000), st.booleans()), max_size=4)


@given(st.integers(0, 100000), SHARES)
def test_what_is_open_is_never_negative_and_never_more_than_the_balance(
    balance: int, sizes: list[tuple[int, int, bool]]
) -> None:
    shares = tuple(
        a_share(f"p{n}", cents, shown=((f"r{n}", shown),), patched=patched)
        for n, (cents, shown, patched) in enumerate(sizes)
    )
    p = a_payable(balance=balance, shares=shares)
    unseen = sum(0 if patched else max(0, cents - shown) for cents, shown, patched in sizes)
    assert 0 <= p.open <= balance
    assert p.open - p.surplus == balance - unseen
    assert 0 in (p.open, p.surplus)


@pytest.mark.parametrize("state", [s for s in BillState if s is not BillState.AWAITING_PAYMENT])
def test_only_a_bill_awaiting_payment_has_something_open(state: BillState) -> None:
    p = a_payable(bill_state=state, shares=(a_share(cents=5),))
    assert p.open == 0
    assert p.surplus == 5


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, Tab.OPEN),
        ({"collection": Collection("friendly", NOW)}, Tab.REMINDING),
        ({"balance": 0}, Tab.PAID),
        ({"balance": 0, "collection": Collection("friendly", NOW)}, Tab.PAID),
        ({"shares": (a_share(),)}, Tab.PAID),
        ({"balance": 0, "hold": "Held."}, Tab.OPEN),
        ({"bill_state": BillState.PAID}, Tab.PAID),
        ({"bill_state": BillState.VOID}, Tab.CLOSED),
        ({"bill_state": BillState.DELETED}, Tab.CLOSED),
    ],
)
def test_each_stands_in_one_list(fields: dict[str, Any], where: Tab) -> None:
    assert tab(a_payable(**fields)) is where


def test_lists_are_in_order_of_due_date_and_those_without_one_come_last() -> None:
    found = listing(a_payable())
    assert found.list == ("us-1/payables/open", "2026-03-12#b1")
    assert found.group == ("us-1/client/c1", "operating#2026-03-12#b1")
    dateless = listing(a_payable(due_on=None)).list
    assert dateless is not None
    assert dateless[1] == "9999-12-31#b1"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, ""),
        ({"attempt": Active("p1", 5, "acct")}, ""),
        ({"bill_state": BillState.DELETED}, "The bill was removed in Clio."),
        ({"hold": "Held."}, "Held."),
        ({"pending": 1}, "Clio shows a payment on its way."),
        ({"attempt": Active("p1", 5, "acct", on_its_way=True)}, "A bank debit is on its way."),
        ({"balance": 0}, "Nothing is open."),
        (
            {"receipts": (Known("r", 1, TODAY, "", "payment", "", Standing.ASKED),)},
            "A payment recorded in Clio waits for your decision.",
        ),
    ],
)
def test_what_stands_against_a_mail_is_said_in_words(fields: dict[str, Any], why: str) -> None:
    assert blocked(a_payable(**fields)) == why


def test_a_share_is_found_by_its_payment() -> None:
    p = a_payable(shares=(a_share("p1"), a_share("p2")))
    assert p.share_of("p2") == p.shares[1]
    assert p.share_of("p3") is None


def test_a_surplus_of_another_amount_is_another_task() -> None:
    ten, owed, closes = surplus.told(a_payable(balance=39990, shares=(a_share(),)), NOW)
    assert [e.key for e in owed] == [surplus.key(ten)]
    assert closes == ()
    assert surplus.told(ten, NOW) == (ten, [], ())
    twenty, owed, closes = surplus.told(replace(ten, balance=39980), NOW)
    assert [(e.key, e.body, e.about) for e in owed] == [(surplus.key(twenty), {"surplus": 20}, "payable/b1")]
    assert closes == (surplus.key(ten),)
    assert surplus.told(replace(twenty, balance=40000), NOW)[2] == (surplus.key(twenty),)
    assert surplus.key(a_payable()) == ""


def test_a_surplus_is_told_in_the_bills_currency_and_counts_on_from_what_was_told_before() -> None:
    told, [task], _ = surplus.told(a_payable(balance=39990, shares=(a_share(),), currency="EUR", seq=4), NOW)
    assert (told.seq, told.excess) == (5, Excess(5, 10))
    assert task.title == "1042: paid €0.10 too much"
    assert "€0.10" in task.reason


def test_a_single_cent_too_much_is_told() -> None:
    assert surplus.told(a_payable(balance=39999, shares=(a_share(),)), NOW)[1][0].body["surplus"] == 1


def test_a_surplus_that_is_gone_and_there_again_is_told_again() -> None:
    once, _, _ = surplus.told(a_payable(balance=39990, shares=(a_share(),)), NOW)
    gone, owed, _ = surplus.told(replace(once, balance=40000), NOW)
    assert (gone.excess, owed) == (None, [])
    again, owed, _ = surplus.told(replace(gone, balance=39990), NOW)
    assert [e.key for e in owed] == [surplus.key(again)]
    assert surplus.key(again) != surplus.key(once)
