"""The steps that write new pay links where those sent were made useless: owed alone, once, when something is open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import billing, invoicing, paying, paylinks, receipts
from chalicelib.domain.billing import BillSeen
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.firm import Invoicing
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Booked, Broken, Harm, Known, Payable, Standing
from chalicelib.domain.readings import BillState, ClientReading, Pot, Refunded
from chalicelib.domain.receipts import MatchRefused
from tests.builders import NOW, TODAY, a_bill, a_payable
from tests.domain.given import a_paid_session, a_policy, a_session, begun, kinds, one, paid

POLICY = a_policy(invoicing=Invoicing(clio_memo=True))


def test_a_new_link_alone_is_owed_and_nothing_that_the_books_show_moves() -> None:
    broken = Broken(Harm.CHANGED, 100, accepted=True)
    p = a_payable(booked=Booked("9", 1, 40000, broken=broken), lines="doc", lines_revision=1)
    decision = paylinks.relinked(p, a_policy(invoicing=Invoicing(clio_memo=True)), NOW)
    assert decision.state == replace(p, relinked=1)
    alone, memo = one(decision.effects, Do.INVOICE), one(decision.effects, Do.BILL_MEMO)
    assert alone.body == {"payable": "b1", "revision": 1, "number": "1042", "relinked": 1}
    assert memo.body["bill"] == "b1"
    assert [e.key for e in (alone, memo)] == [key_of("us-1", do, "b1/1/1") for do in (Do.INVOICE, Do.BILL_MEMO)]
    assert decision.closes == (key_of("us-1", Do.BILL_MEMO, "b1/1"),)
    assert kinds(paylinks.relinked(p, a_policy(), NOW)) == [Do.INVOICE]


def test_links_made_useless_again_take_the_place_of_the_steps_before() -> None:
    p = a_payable(booked=Booked("9", 1, 40000), relinked=1)
    decision = paylinks.relinked(p, a_policy(invoicing=Invoicing(clio_memo=True)), NOW)
    assert {e.key.rpartition("/")[2] for e in decision.effects} == {"2"}
    older = tuple(key_of("us-1", do, "b1/1/1") for do in (Do.BILL_MEMO, Do.INVOICE))
    assert decision.closes == older
    assert older[1] in invoicing.redrawn(p, a_policy(), NOW).closes, "a newer revision writes the whole"


@pytest.mark.parametrize("wished", [True, False])
def test_a_trust_request_has_a_link_in_clio_alone(wished: bool) -> None:
    p = a_payable(pot=Pot.TRUST)
    decision = paylinks.relinked(p, a_policy(invoicing=Invoicing(clio_memo=wished)), NOW)
    assert kinds(decision) == [Do.BILL_MEMO] * wished


# --- while nothing is open --------------------------------------------------------------------------------------------


def a_paid_one(**fields: Any) -> Payable:
    usual: dict[str, Any] = {"balance": 0, "bill_state": BillState.PAID, "booked": Booked("9", 1, 40000)}
    return a_payable(**{**usual, **fields})


def test_while_nothing_is_open_new_links_are_put_off() -> None:
    closed = a_paid_one(relinked=2)
    decision = paylinks.relinked(closed, POLICY, NOW)
    assert decision == Decision(replace(closed, link_put_off=True)), "the steps before go on as they were"
    assert paylinks.relinked(decision.state, POLICY, NOW) == decision
    assert paylinks.reopened(decision.state, POLICY, NOW) == (decision.state, [])


def test_what_is_put_off_is_owed_once_when_something_is_open() -> None:
    open_ = a_payable(link_put_off=True, relinked=2, booked=Booked("9", 1, 40000))
    state, owed = paylinks.reopened(open_, POLICY, NOW)
    assert state == replace(open_, link_put_off=False, relinked=3)
    assert {e.key for e in owed} == {key_of("us-1", do, "b1/1/3") for do in (Do.INVOICE, Do.BILL_MEMO)}
    assert paylinks.reopened(state, POLICY, NOW) == (state, [])
    assert paylinks.relinked(open_, POLICY, NOW).state == state, "made useless once more"
    meanwhile = paylinks.put_off(replace(open_, link_put_off=False), POLICY, NOW)
    assert (meanwhile.state, meanwhile.effects) == (state, tuple(owed)), "it was opened meanwhile"
    assert kinds(paylinks.put_off(a_payable(pot=Pot.TRUST), POLICY, NOW)) == [Do.BILL_MEMO]
    refused = paylinks.put_off(a_payable(), POLICY, NOW, refused=True)
    assert refused == Decision(a_payable(link_put_off=True)), "not before it is read again"


# --- what opens a bill again ------------------------------------------------------------------------------------------


def test_a_payment_that_clio_takes_out_brings_a_new_link() -> None:
    closed = a_paid_one(link_put_off=True, etag="before")
    decision = billing.seen(closed, BillSeen(a_bill(etag="after"), (), NOW), POLICY, NOW)
    assert (decision.state.relinked, decision.state.link_put_off) == (1, False)
    [link] = [e for e in decision.effects if e.body.get(paylinks.RELINKED)]
    assert link.key not in decision.closes


def test_a_bill_that_goes_to_another_client_gets_new_links() -> None:
    before = a_payable(etag="before", booked=Booked("9", 1, 40000))
    other = ClientReading("c2", "Bob Example", "bob@example.com")
    for client, relinked in ((a_bill().client, 0), (other, 1)):
        told = billing.seen(before, BillSeen(a_bill(etag="after", client=client), (), NOW), POLICY, NOW).state
        assert (told.relinked, told.link_put_off) == (relinked, False)


def test_money_that_goes_back_brings_a_new_link() -> None:
    payment, [state] = paid(a_payable(booked=Booked("9", 1, 40000)))
    put_off = paylinks.relinked(state, POLICY, NOW).state
    assert put_off.link_put_off
    seen = a_paid_session(payment, refunds=(Refunded("re_1", 15000, "succeeded"),))
    told = paying.shown(payment, [put_off], seen, POLICY, NOW).payables["b1"]
    assert (told.state.relinked, told.state.link_put_off) == (1, False)
    assert {Do.INVOICE, Do.BILL_MEMO} <= set(kinds(told))


def test_an_attempt_that_ends_and_a_match_taken_back_bring_what_was_put_off() -> None:
    payment, [state] = begun(a_payable(booked=Booked("9", 1, 40000)))
    ended = a_session(payment, status="expired")
    told = paying.shown(payment, [replace(state, link_put_off=True)], ended, POLICY, NOW).payables["b1"]
    assert {Do.INVOICE, Do.BILL_MEMO} <= set(kinds(told))
    match = Known("r1", 5000, TODAY, "", "payment", "", Standing.ASKED)
    refused = receipts.answered(a_payable(receipts=(match,), link_put_off=True), MatchRefused("r1"), POLICY, NOW)
    assert refused.state.relinked == 1
