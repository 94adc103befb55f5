"""A payable's words: what is open, what is too much, where it is listed, what stands against a mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import surplus
from chalicelib.domain.left import Left
from chalicelib.domain.payable import (
    Active,
    Booked,
    Broken,
    Collection,
    Excess,
    Harm,
    Known,
    Payable,
    Share,
    Standing,
    Tab,
    blocked,
    listing,
    tab,
)
from chalicelib.domain.readings import BillState, Pot
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
        ({"bill_state": BillState.DRAFT}, Tab.OPEN),
        ({"bill_state": BillState.AWAITING_APPROVAL}, Tab.OPEN),
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
        ({"disputed": ("p1",)}, "A payment on it is disputed at the client's bank."),
        ({"disputed": ("p1",), "balance": 0}, "Nothing is open."),
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


@pytest.mark.parametrize(
    ("fields", "recorded", "unseen", "overstated"),
    [
        ({}, 0, 100, False),
        ({"shown": (("r1", 60), ("r2", 39))}, 99, 1, False),
        ({"shown": (("r1", 100),)}, 100, 0, False),
        ({"shown": (("r1", 101),)}, 101, 0, True),
        ({"patched": True}, 0, 0, False),
        ({"patched": True, "back": 1}, 0, 0, True),
        ({"back": 1}, 0, 100, False),
    ],
)
def test_what_clio_shows_of_a_share_is_laid_beside_what_we_have(
    fields: dict[str, Any], recorded: int, unseen: int, *, overstated: bool
) -> None:
    share = a_share(cents=100, **fields)
    assert (share.recorded, share.unseen, share.overstated) == (recorded, unseen, overstated)


@pytest.mark.parametrize(
    ("broken", "left_out", "left_at"),
    [
        (Broken(Harm.DELETED), False, False),
        (Broken(Harm.DELETED, 7, accepted=True), True, False),
        (Broken(Harm.VOIDED, 7, accepted=True), True, False),
        (Broken(Harm.LEFT_OUT, accepted=True), True, False),
        (Broken(Harm.CHANGED, 7), False, False),
        (Broken(Harm.CHANGED, 7, accepted=True), False, True),
        (Broken(Harm.CHANGED, 8, accepted=True), False, False),
    ],
)
def test_what_a_person_accepted_is_that_it_is_gone_or_what_it_shows(
    broken: Broken, *, left_out: bool, left_at: bool
) -> None:
    assert broken.left_out is left_out
    assert broken.left_at(7) is left_at


GONE, CHANGED = Broken(Harm.DELETED, accepted=True), Broken(Harm.CHANGED, 7, accepted=True)


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({}, False),
        ({"left": Left(1, "Olivia", TODAY, "closed")}, True),
        ({"left": Left(1, "Olivia", TODAY, "closed"), "revision": 2}, False),
        ({"booked": Booked("7", 1, 40000)}, False),
        ({"booked": Booked("7", 1, 40000), "left": Left(1, "Olivia", TODAY, "closed")}, False),
        ({"booked": Booked("7", 1, 40000, broken=GONE)}, True),
        ({"booked": Booked("7", 1, 40000, broken=replace(GONE, accepted=False))}, False),
        ({"booked": Booked("7", 1, 40000, broken=CHANGED)}, False),
    ],
)
def test_a_bill_is_left_out_where_a_person_wants_no_invoice_of_it(fields: dict[str, Any], *, left_out: bool) -> None:
    assert a_payable(**fields).left_out is left_out


def test_a_surplus_of_another_amount_is_another_task() -> None:
    ten, owed, closes = surplus.told(a_payable(balance=39990, shares=(a_share(),)), NOW)
    assert [e.key for e in owed] == surplus.keys(ten)
    assert closes == ()
    assert surplus.told(ten, NOW) == (ten, [], ())
    twenty, owed, closes = surplus.told(replace(ten, balance=39980), NOW)
    assert [(e.key, e.body, e.about) for e in owed] == [(surplus.keys(twenty)[0], {"surplus": 20}, "payable/b1")]
    assert closes == tuple(surplus.keys(ten))
    assert surplus.told(replace(twenty, balance=40000), NOW)[2] == tuple(surplus.keys(twenty))
    assert surplus.keys(a_payable()) == []


def test_a_surplus_is_told_in_the_bills_currency_and_counts_on_from_what_was_told_before() -> None:
    told, [task], _ = surplus.told(a_payable(balance=39990, shares=(a_share(),), currency="EUR", seq=4), NOW)
    assert (told.seq, told.excess) == (5, Excess(5, 10))
    assert task.title == "1042: paid €0.10 too much"
    assert "€0.10" in task.reason


def test_money_on_a_bill_that_is_a_draft_again_is_not_called_too_much() -> None:
    draft, [task], _ = surplus.told(a_payable(bill_state=BillState.DRAFT, shares=(a_share(cents=500),)), NOW)
    assert task.title == "1042: $5.00 received, and the bill is a draft again"
    assert "Approve the bill again" in task.remedy and "too much" not in task.title + task.reason
    assert surplus.told(draft, NOW) == (draft, [], ())
    _, [task], closes = surplus.told(replace(draft, bill_state=BillState.VOID), NOW)
    assert (task.title, closes) == ("1042: paid $5.00 too much", tuple(surplus.keys(draft)))
    approved, owed, closes = surplus.told(replace(draft, bill_state=BillState.AWAITING_PAYMENT), NOW)
    assert (approved.excess, owed, closes) == (None, [], tuple(surplus.keys(draft)))


def test_a_single_cent_too_much_is_told() -> None:
    assert surplus.told(a_payable(balance=39999, shares=(a_share(),)), NOW)[1][0].body["surplus"] == 1


def test_a_surplus_that_is_gone_and_there_again_is_told_again() -> None:
    once, _, _ = surplus.told(a_payable(balance=39990, shares=(a_share(),)), NOW)
    gone, owed, _ = surplus.told(replace(once, balance=40000), NOW)
    assert (gone.excess, owed) == (None, [])
    again, owed, _ = surplus.told(replace(gone, balance=39990), NOW)
    assert [e.key for e in owed] == surplus.keys(again)
    assert surplus.keys(again)[0] != surplus.keys(once)[0]


# --- a deposit beside its trust request -------------------------------------------------------------------------------


def a_request(
    *, asks: int = 100000, balance: int = 100000, loose: int = 100000, share: int = 100000, named: int = 0
) -> Payable:
    """Of a payment of ours Clio shows ``loose`` on a deposit of its own. ``named``: a deposit on the request."""
    receipts = [Known("bt-1", loose, TODAY, "", "deposit", "", Standing.MATCHED, loose=True)]
    receipts += [Known("bt-2", named, TODAY, "", "deposit", "", Standing.OTHER)] if named else []
    shown = (("bt-1", loose),)
    shares = (Share("p1", share, "FS-ABC234", TODAY, shown=shown),)
    return a_payable(pot=Pot.TRUST, asks=asks, balance=balance, shares=shares, receipts=tuple(receipts))


@pytest.mark.parametrize(
    ("request_", "apart", "open_", "surplus_"),
    [
        (a_request(), 100000, 0, 0),
        (a_request(balance=0), 0, 0, 0),
        (a_request(balance=40000), 40000, 0, 0),
        (a_request(balance=40000, named=60000), 100000, 0, 60000),
        (a_request(balance=60000, named=40000, loose=60000, share=60000), 60000, 0, 0),
        (a_request(loose=99000), 99000, 0, 0),
        (a_request(share=25000), 25000, 75000, 0),
    ],
)
def test_what_stands_beside_a_request_is_not_asked_for_again(
    request_: Payable, apart: int, open_: int, surplus_: int
) -> None:
    assert (request_.shown_apart, request_.open, request_.surplus) == (apart, open_, surplus_)


def test_a_deposit_beside_its_request_is_a_task_until_the_request_counts_it() -> None:
    told, [task], _ = surplus.told(replace(a_request(), seq=4), NOW)
    assert (told.apart, told.excess, task.body) == (Excess(5, 100000), None, {"apart": 100000})
    assert task.title == "1042: $1,000.00 stands beside the trust request in Clio"
    assert "still asks for $1,000.00" in task.reason
    assert "same code" in task.remedy
    abroad = surplus.told(replace(a_request(), currency="CAD"), NOW)[1][0]
    assert "CA$1,000.00" in abroad.title and "CA$1,000.00" in abroad.reason
    assert surplus.keys(told) == [task.key]
    assert surplus.told(told, NOW) == (told, [], ())
    less, [other], closed = surplus.told(replace(told, balance=30000), NOW)
    assert (less.apart, other.body, closed) == (Excess(6, 30000), {"apart": 30000}, (task.key,))
    counted, owed, closed = surplus.told(replace(told, balance=0), NOW)
    assert (counted.apart, owed, closed) == (None, [], (task.key,))


def test_too_much_and_beside_are_two_tasks() -> None:
    told, owed, _ = surplus.told(a_request(balance=40000, named=60000), NOW)
    assert [e.body for e in owed] == [{"surplus": 60000}, {"apart": 100000}]
    assert [e.key for e in owed] == surplus.keys(told)
    assert told.excess and told.apart and told.apart.seq == told.excess.seq + 1 == told.seq
