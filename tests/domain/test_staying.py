"""A person leaves what QuickBooks refused: of one revision alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import billing, comparing, comparing_money, posting, staying
from chalicelib.domain.comparing import Difference
from chalicelib.domain.crediting import Credit, Memo
from chalicelib.domain.left import Left
from chalicelib.domain.payable import Booked, Known, Payable, Standing
from chalicelib.domain.payment import Payment, Posted
from chalicelib.domain.readings import BillState
from tests.builders import NOW, TODAY, a_payable, a_payment
from tests.domain.test_comparing import BOOKED, an_invoice
from tests.domain.test_crediting import a_credit, memo_there
from tests.domain.test_trust import an_entry


def word(revision: int) -> Left:
    return Left(revision, "Olivia", TODAY, "closed period")


def test_an_older_word_says_nothing_of_a_newer_revision() -> None:
    old = word(1)
    payable, payment, credit, entry = (
        a_payable(revision=2),
        a_payment(wanted=2),
        replace(a_credit(), wanted=2),
        an_entry(),
    )
    assert staying.invoice(payable, old).state == payable
    assert staying.payment(payment, old).state == payment
    assert staying.credit(credit, old).state == credit
    assert staying.entry(replace(entry, revision=2), old).state == replace(entry, revision=2)


def test_what_is_left_stays_until_its_next_revision() -> None:
    payable = staying.invoice(a_payable(revision=2, booked=replace(BOOKED, revision=1)), word(2)).state
    assert payable.stays and payable.booked and payable.booked.revision == 2
    assert not replace(payable, revision=3).stays
    payment = staying.payment(a_payment(wanted=2), word(2)).state
    assert payment.stays and posting.settled(payment) and not replace(payment, wanted=3).stays
    entry = staying.entry(replace(an_entry(), begun=True, revision=2), word(2)).state
    assert entry.written and not replace(entry, revision=3).written
    credit = staying.credit(replace(a_credit(), wanted=2), word(2), ["1"]).state
    assert credit.stays and credit.left_on == ("1",)
    assert staying.again(credit).state == credit
    assert staying.again(replace(credit, wanted=3)).state == replace(credit, wanted=3, left_behind=None, left_on=())


@pytest.mark.parametrize("booked", [None, BOOKED])
def test_an_invoice_whose_bill_is_gone_is_kept(booked: Booked | None) -> None:
    gone = a_payable(revision=2, booked=booked, bill_state=BillState.VOID)
    told = staying.invoice(gone, word(2)).state
    assert told == (replace(gone, booked=replace(booked, revision=2, kept=True), left=word(2)) if booked else gone)


def test_what_a_credit_left_on_an_invoice_is_forgotten_by_its_memo() -> None:
    p = a_payable(booked=replace(BOOKED, left=(("9", 100), ("10", 200))))
    told = staying.taken_up(p, ["9"]).state.booked
    assert told and told.left == (("10", 200),)
    assert staying.taken_up(a_payable(), ["9"]).state == a_payable()


def own(cents: int) -> Known:
    return Known("r1", cents, TODAY, "5", "payment", "", Standing.OWN)


def shown(*, waits: bool = False, voided: bool = False) -> billing.InvoiceBooked:
    return billing.InvoiceBooked("77", "realm", 1, 40000, waits=waits, voided=voided)


@pytest.mark.parametrize(("fact", "owed"), [(shown(), 1), (shown(waits=True), 0), (shown(voided=True), 0)])
def test_what_was_entered_meanwhile_goes_to_an_invoice_that_is_there_at_last(
    fact: billing.InvoiceBooked, owed: int
) -> None:
    p = a_payable(receipts=(own(100),), left=word(1))
    kinds = [e.kind for e in billing.booked(p, fact, NOW).effects]
    assert kinds.count("self.repost") == owed
    assert "self.repost" not in [e.kind for e in billing.booked(replace(p, left=None), fact, NOW).effects]


# --- how the comparison names it --------------------------------------------------------------------------------------


def left_payable(**more: Any) -> Payable:
    return replace(a_payable(revision=2, booked=replace(BOOKED, revision=2), left=word(2)), **more)


def against(p: Payable, **invoice: Any) -> list[Difference]:
    return comparing.against_books(p, an_invoice(**invoice), {}, {}, "")


def test_an_invoice_without_room_for_what_its_bill_asks_for_is_named_once() -> None:
    p = left_payable()
    [found] = against(p, total=p.asks - 500, balance=p.asks - 500)
    assert (found.kind, found.cents, found.expected) == ("left as it is in QuickBooks", -500, True)
    assert found.cause.startswith("Left by Olivia on ")
    assert len(against(p, total=p.asks - 500, balance=p.asks - 1000)) == 1, "it has no room for 500 more"
    [_, differs] = against(p, total=p.asks - 500, balance=p.asks - 1001)
    assert (differs.kind, differs.cents) == ("balance differs in QuickBooks", -501)
    more = against(p, total=p.asks - 500, balance=p.asks - 5000)
    assert [d.kind for d in more] == ["left as it is in QuickBooks", "balance differs in QuickBooks"]


@pytest.mark.parametrize(
    ("misnumbered", "number", "kinds"), [(True, "1", ["numbered by QuickBooks"]), (False, "1", [])]
)
def test_an_invoice_that_quickbooks_numbered_itself_is_named_while_it_waits(
    misnumbered: bool, number: str, kinds: list[str]
) -> None:
    p = a_payable(revision=2, booked=replace(BOOKED, revision=1, misnumbered=misnumbered))
    assert [d.kind for d in against(p, number=number)] == kinds
    assert against(p, number=p.number) == []


def test_a_payment_and_a_credit_that_are_left_are_named_with_who_left_them() -> None:
    x: Payment = replace(a_payment(wanted=1), left=word(1))
    [found] = comparing_money.payment_against_books(x, None)
    assert (found.kind, found.expected, found.cents) == ("payment left out of QuickBooks", True, x.total)
    over = replace(x, wanted=2)
    assert not comparing_money.payment_against_books(over, None)[0].expected
    c: Credit = replace(a_credit(), wanted=2, shown=1, left_behind=word(2), memo=Memo("9", NOW))
    for gone, words in ((False, "in Clio it is $"), (True, "in Clio it was taken back")):
        [named] = comparing_money.credit_against_books(replace(c, gone=gone), memo_there())
        assert (named.kind, named.expected) == ("credit left as it is", True) and words in named.cause
    [out] = comparing_money.credit_against_books(replace(c, memo=None), None)
    assert "is not in QuickBooks." in out.cause


def test_a_changed_payment_that_is_left_as_it_was_is_named_with_both_amounts() -> None:
    x: Payment = replace(a_payment(wanted=2), posted=Posted("5", 1, 50000), left=word(2))
    [found] = comparing_money.payment_against_books(x, None)
    assert (found.kind, found.cents, found.expected) == ("payment left as it is", 50000 - x.total, True)
    assert "stays at $500.00" in found.cause and found.cause.endswith("of Mar 2, 2026.")


def test_nothing_waits_for_a_payment_that_is_left_where_it_stands() -> None:
    x: Payment = replace(a_payment(wanted=2), posted=Posted("5", 1, 50000))
    assert posting.still_leaving(x, a_payable())
    assert not posting.still_leaving(replace(x, left=word(2)), a_payable())


@pytest.mark.parametrize("revision", [1, 2])
def test_what_was_left_of_a_payment_is_worked_on_again_once_it_changes(revision: int) -> None:
    x: Payment = replace(a_payment(wanted=2), left=word(revision), left_on=("b1",))
    expected = x if revision == 2 else replace(x, left=None, left_on=())
    assert staying.again(x).state == expected


def test_what_is_left_standing_of_a_payment_is_remembered() -> None:
    from chalicelib.domain import pairing
    from tests.domain.given import a_policy

    x = replace(a_payment(wanted=1), posted=Posted("5", 1, 100), let_be=("4",))
    assert pairing.let_be(x, a_policy()).state.let_be == ("4", "5")
