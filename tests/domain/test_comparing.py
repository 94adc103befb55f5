"""Every difference between the books has its kind, its amount, its cause and its remedy; books that agree have none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import comparing, comparing_money
from chalicelib.domain.comparing import Difference
from chalicelib.domain.crediting import Credit, Part
from chalicelib.domain.left import UNTIL_CHANGED, Left
from chalicelib.domain.payable import Booked, Broken, Harm, Known, Standing
from chalicelib.domain.payment import Item, Payment, Phase, Posted, Source
from chalicelib.domain.readings import BillState, BookedPayment, InvoiceReading, Pot
from tests.builders import NOW, TODAY, a_bill, a_payable, a_payment
from tests.domain.given import a_paid_session, a_session, a_share, is_said

BOOKED = Booked("7", 1, 40000)


DUE = TODAY + timedelta(days=10)  # of a_payable()


def an_invoice(**fields: Any) -> InvoiceReading:
    usual: dict[str, Any] = {"id": "7", "sync_token": "0", "number": "1042", "customer_id": "9", "total": 40000}
    dates = {"on": TODAY - timedelta(days=20), "due_on": TODAY + timedelta(days=10)}  # as of a_payable()
    rest: dict[str, Any] = {"balance": 40000, **dates, "note": "", "updated_at": NOW}
    return InvoiceReading(**{**usual, **rest, **fields})


def a_booked_payment(total: int = 40000, *, voided: bool = False) -> BookedPayment:
    return BookedPayment("8", "0", "9", total, TODAY, "", "", (("7", total),), voided=voided)


EXPECTED = {  # the next step is listed, or a person accepted it
    "not yet in Clio",
    "draft again in Clio",
    "left in QuickBooks",
    "left out of QuickBooks",
    "payment of something else",
    "payment left out of QuickBooks",
    "payment left as it is",
    "invoice left as it is",
    "credit left off its invoice",
}


def told(found: list[Difference]) -> list[tuple[str, int]]:
    """Kind and cents of each; cause and remedy are sentences."""
    for d in found:
        assert is_said(d.cause), d
        assert is_said(d.remedy), d
        assert d.expected == (d.kind in EXPECTED), d
    return [(d.kind, d.cents) for d in found]


def known(standing: Standing, cents: int = 5000, group: str = "g1") -> Known:
    return Known("r1", cents, TODAY, group, "payment", "", standing)


# --- Clio -------------------------------------------------------------------------------------------------------------


def test_a_bill_as_we_last_read_it_is_no_difference() -> None:
    assert comparing.against_clio(a_payable(), a_bill()) == []


def test_a_bill_that_clio_no_longer_shows_is_named() -> None:
    assert told(comparing.against_clio(a_payable(), None)) == [("missing in Clio", 0)]


@pytest.mark.parametrize(
    ("bill", "cents"), [({"balance": 30000}, -10000), ({"asks": 50000}, 0), ({"state": BillState.VOID}, 0)]
)
def test_a_bill_that_moved_since_we_read_it_is_named(bill: dict[str, Any], cents: int) -> None:
    assert told(comparing.against_clio(a_payable(), a_bill(**bill))) == [("not read yet", cents)]


def test_money_of_ours_that_clio_does_not_show_is_expected_until_staff_record_it() -> None:
    shares = (a_share("p1", 300), a_share("p2", 200, shown=(("r1", 200),)))
    assert comparing.against_clio(a_payable(shares=shares, pot=Pot.TRUST), a_bill()) == []  # named with its payment
    found = comparing.against_clio(a_payable(shares=shares), a_bill())
    assert told(found) == [("not yet in Clio", 300)]
    assert found[0].expected


def test_a_question_that_waits_for_a_person_is_named() -> None:
    state = a_payable(receipts=(known(Standing.ASKED),))
    assert told(comparing.against_clio(state, a_bill())) == [("waits for your word", 5000)]


# --- QuickBooks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payable", "invoice", "expected"),
    [
        ({}, None, [("missing in QuickBooks", 40000)]),
        ({"total": 0}, None, []),
        ({"bill_state": BillState.VOID}, None, []),
        ({"pot": Pot.TRUST}, None, []),
        ({"bill_state": BillState.DRAFT}, None, []),
        (
            {"booked": BOOKED, "bill_state": BillState.AWAITING_APPROVAL},
            an_invoice(total=45000, balance=45000),
            [("draft again in Clio", 45000)],
        ),
        ({"booked": BOOKED}, None, [("deleted in QuickBooks", 40000)]),
        (
            {"booked": replace(BOOKED, broken=Broken(Harm.LEFT_OUT, accepted=True))},
            None,
            [("left out of QuickBooks", 40000)],
        ),
        ({"booked": BOOKED}, an_invoice(), []),
        ({"booked": BOOKED, "bill_state": BillState.VOID}, an_invoice(voided=True), []),
        ({"booked": BOOKED, "bill_state": BillState.VOID}, an_invoice(), [("not void in QuickBooks", 40000)]),
        (
            {"booked": replace(BOOKED, kept=True), "bill_state": BillState.VOID},
            an_invoice(total=30000),
            [("left in QuickBooks", 30000)],
        ),
        ({"booked": replace(BOOKED, kept=True), "bill_state": BillState.VOID}, an_invoice(voided=True), []),
        ({"left": Left(1, "Olivia", TODAY, "closed period")}, None, [("left out of QuickBooks", 40000)]),
        ({"left": Left(1, "Olivia", TODAY, "closed period"), "revision": 2}, None, [("missing in QuickBooks", 40000)]),
        (
            {"booked": BOOKED},
            an_invoice(total=45000, balance=45000),
            [("amount changed in QuickBooks", 5000)],
        ),
        (
            {"booked": replace(BOOKED, broken=Broken(Harm.CHANGED, 45000, accepted=True))},
            an_invoice(total=45000, balance=45000),
            [("invoice left as it is", 5000)],
        ),
        (
            {"booked": replace(BOOKED, broken=Broken(Harm.CHANGED, 45000))},
            an_invoice(total=45000, balance=45000),
            [("amount changed in QuickBooks", 5000)],
        ),
        (
            {"booked": replace(BOOKED, broken=Broken(Harm.CHANGED, 44000, accepted=True))},
            an_invoice(total=45000, balance=45000),
            [("amount changed in QuickBooks", 5000)],
        ),
        ({"booked": BOOKED}, an_invoice(balance=30000), [("balance differs in QuickBooks", -10000)]),
        (
            {"booked": replace(BOOKED, waits=True)},
            an_invoice(balance=30000),
            [("waits for your word", -10000)],
        ),
        (
            {"booked": replace(BOOKED, left=(("9", 6000), ("8", 4000)))},
            an_invoice(balance=30000),
            [("payment of something else", -10000)],
        ),
        ({"booked": replace(BOOKED, left=(("9", 10000),))}, an_invoice(), []),
        (
            {"booked": replace(BOOKED, left=(("9", 10000),)), "credits": 5000},
            an_invoice(balance=25000),
            [("payment of something else", -15000)],
        ),
        (
            {"booked": replace(BOOKED, left=(("9", 9000),))},
            an_invoice(balance=30000),
            [("balance differs in QuickBooks", -10000)],
        ),
        (
            {"booked": replace(BOOKED, left=(("9", 10000),))},
            an_invoice(balance=29999),
            [("balance differs in QuickBooks", -10001)],
        ),
        (
            {"booked": replace(BOOKED, left=(("9", 10000),)), "credits": 5000},
            an_invoice(balance=30000),
            [("payment of something else", -10000)],
        ),
        (
            {"booked": replace(BOOKED, left=(("9", 38000),)), "credits": 5000},
            an_invoice(balance=0),
            [("payment of something else", -40000)],
        ),
        ({"booked": BOOKED, "credits": 5000}, an_invoice(), [("credit not in QuickBooks", 5000)]),
        ({"booked": BOOKED, "credits": 5000}, an_invoice(balance=35000), []),
        ({"booked": BOOKED, "credits": 1}, an_invoice(), [("credit not in QuickBooks", 1)]),
        ({"booked": BOOKED, "credits": 40000}, an_invoice(balance=0), []),
        ({"booked": BOOKED}, an_invoice(balance=39999), [("balance differs in QuickBooks", -1)]),
        ({"booked": BOOKED, "revision": 2}, an_invoice(), []),
        ({"booked": BOOKED, "revision": 2, "asks": 30000}, an_invoice(), [("change not in QuickBooks", 10000)]),
        (
            {"booked": replace(BOOKED, left=(("9", 40000),)), "revision": 2, "asks": 30000},
            an_invoice(balance=0),
            [("change not in QuickBooks", 10000), ("payment of something else", -30000)],
        ),
        (
            {"booked": BOOKED, "revision": 2, "asks": 30000},
            an_invoice(total=41000, balance=41000),
            [("amount changed in QuickBooks", 11000)],
        ),
        ({"booked": BOOKED, "due_on": None, "due_was": DUE}, an_invoice(), [("due date emptied in Clio", 0)]),
        ({"booked": replace(BOOKED, untouched=True), "due_on": None, "due_was": DUE}, an_invoice(), []),
        ({"booked": BOOKED, "due_on": None, "due_was": DUE}, an_invoice(due_on=TODAY), []),
        ({"booked": BOOKED, "due_on": None, "due_was": DUE, "issued_on": DUE}, an_invoice(on=DUE), []),
        ({"booked": BOOKED, "taken_back": 500}, an_invoice(), [("taken back in Clio", 500)]),
        (
            {"booked": BOOKED, "taken_back": 500},
            an_invoice(total=39500, balance=40000),
            [("amount changed in QuickBooks", -500)],
        ),
        (
            {"booked": replace(BOOKED, left=(("9", 50000),))},
            an_invoice(balance=0),
            [("payment of something else", -40000)],
        ),
    ],
)
def test_an_invoice_is_laid_beside_its_bill(
    payable: dict[str, Any], invoice: InvoiceReading | None, expected: list[tuple[str, int]]
) -> None:
    assert told(comparing.against_books(a_payable(**payable), invoice, {}, {}, "9")) == expected


def test_an_invoice_on_which_something_taken_back_may_stand_still_is_told_with_that() -> None:
    of = {True: "taken back in Clio may still stand", False: "added, changed or removed in QuickBooks"}
    for leaving, balance, one in ((("clio-g1",), 30000, True), ((), 30000, False), (("clio-g1",), 50000, False)):
        state = a_payable(booked=BOOKED, leaving=leaving)
        [told_] = comparing.against_books(state, an_invoice(balance=balance), {}, {}, "9")
        assert told_.kind == "balance differs in QuickBooks"
        assert of[one] in told_.remedy


def test_what_a_person_left_is_told_with_their_word_and_when_it_is_looked_at_again() -> None:
    word = Left(1, "Olivia", TODAY, "closed period")
    said = "Left by Olivia on Mar 2, 2026: closed period."
    [out] = comparing.against_books(a_payable(left=word), None, {}, {}, "9")
    assert (out.cause, out.remedy) == (f"{said} The bill has no invoice in QuickBooks.", UNTIL_CHANGED)
    gone = a_payable(booked=replace(BOOKED, kept=True), bill_state=BillState.VOID)
    [kept] = comparing.against_books(gone, an_invoice(), {}, {}, "9")
    assert kept.cause == "The bill was removed in Clio, and you left its invoice in QuickBooks."
    [kept] = comparing.against_books(replace(gone, left=word), an_invoice(), {}, {}, "9")
    assert kept.cause == f"{said} The bill was removed in Clio, and its invoice stays in QuickBooks."
    assert kept.remedy == "Nothing is needed. To take it out after all, void it in QuickBooks."
    stays = a_payable(booked=BOOKED, left=word, currency="CAD")
    [told_] = comparing.against_books(stays, an_invoice(total=30000, balance=30000), {}, {}, "9")
    assert told_.cause == f"{said} The invoice shows CA$300.00 in QuickBooks, and Clio's bill asks for CA$400.00."
    assert (told_.kind, told_.cents, told_.remedy) == ("left as it is in QuickBooks", -10000, UNTIL_CHANGED)
    [told_] = comparing.against_books(stays, an_invoice(), {}, {}, "9")
    assert told_.cause == f"{said} The bill's last change in Clio is not on its invoice in QuickBooks."
    accepted = a_payable(booked=replace(BOOKED, broken=Broken(Harm.DELETED, accepted=True)))
    [deleted] = comparing.against_books(accepted, None, {}, {}, "9")
    assert deleted.remedy == "Nothing is needed. You are asked again when the bill changes in Clio."


def test_a_number_that_quickbooks_gave_is_told_with_ours_and_expected() -> None:
    state = a_payable(revision=2, booked=replace(BOOKED, misnumbered=True))
    [found] = comparing.against_books(state, an_invoice(number="1"), {}, {}, "9")
    assert (found.kind, found.expected) == ("numbered by QuickBooks", True)
    assert found.cause == (
        "QuickBooks gave the invoice the number 1, as custom transaction numbers were off; Clio's bill is 1042."
    )
    assert found.remedy == "Switch them on: Preflight says how. The number is written again by itself then."


def test_an_accepted_payment_that_is_gone_is_asked_about_when_it_changes() -> None:
    [found] = comparing_money.payment_against_books(left(GONE), None)
    assert found.remedy == "Nothing is needed. You are asked again when the payment changes in Clio."


def test_both_amounts_of_a_changed_invoice_are_told_in_the_bills_currency() -> None:
    state = a_payable(booked=BOOKED, currency="CAD")
    [changed] = comparing.against_books(state, an_invoice(total=45000, balance=45000), {}, {}, "9")
    assert changed.cause == "The invoice in QuickBooks was changed to CA$450.00; Clio's bill asks for CA$400.00."


WRITTEN = replace(BOOKED, customer="9")


@pytest.mark.parametrize(
    ("booked", "invoice", "kinds"),
    [
        (BOOKED, an_invoice(number="7"), ["number changed in QuickBooks"]),
        (BOOKED, an_invoice(number=""), ["number changed in QuickBooks"]),
        (BOOKED, an_invoice(on=TODAY), ["date changed in QuickBooks"]),
        (BOOKED, an_invoice(due_on=None), ["due date changed in QuickBooks"]),
        (replace(BOOKED, untouched=True), an_invoice(on=TODAY, due_on=TODAY), []),
        (replace(BOOKED, revision=0), an_invoice(number="7"), []),
        (BOOKED, an_invoice(customer_id="10"), []),
        (WRITTEN, an_invoice(), []),
        (WRITTEN, an_invoice(customer_id="10"), ["customer changed in QuickBooks"]),
        (WRITTEN, an_invoice(customer_id="client"), []),
    ],
)
def test_what_was_changed_on_an_invoice_by_hand_is_named(
    booked: Booked, invoice: InvoiceReading, kinds: list[str]
) -> None:
    found = comparing.against_books(a_payable(booked=booked), invoice, {}, {}, "client")
    assert told(found) == [(kind, 0) for kind in kinds]


def test_a_date_that_clio_does_not_tell_is_quickbooks_own() -> None:
    state = a_payable(booked=BOOKED, due_on=None)
    assert comparing.against_books(state, an_invoice(due_on=TODAY), {}, {}, "9") == []


def test_money_is_named_by_the_numbers_that_its_bills_have_now() -> None:
    one, other = Difference("b1", "1042", "x", "a", "b", detail="p1"), Difference("b2", "1043", "x", "a", "b")
    told_ = comparing.renumbered([one, other], {"p1": ["b1", "b3"]}, {"b1": "2042", "b2": "2043", "b3": "2044"})
    assert [d.number for d in told_] == ["2042, 2044", "1043"]


def test_a_payment_that_was_left_as_something_else_is_expected() -> None:
    state = a_payable(booked=replace(BOOKED, left=(("9", 10000),)))
    [named] = comparing.against_books(state, an_invoice(balance=30000), {}, {}, "9")
    assert named.expected
    assert "$100.00" in named.cause


def test_what_was_posted_is_taken_off_the_balance_that_quickbooks_should_show() -> None:
    shares = (a_share("p1", 30000), a_share("p2", 5000))
    receipts = (known(Standing.OWN, 1000, "g1"), Known("r2", 70, TODAY, "g2", "payment", "", Standing.OWN))
    state = a_payable(booked=BOOKED, shares=shares, receipts=receipts)
    posted = {
        "p1": a_payment(id="p1", posted=Posted("8", 1, 30000)),
        "p2": a_payment(id="p2", posted=Posted("9", 1, 5000, voided=True)),
        "clio-g1": a_payment(id="clio-g1", posted=Posted("10", 1, 1000)),
    }
    found = comparing.against_books(state, an_invoice(balance=9000), posted, {}, "9")
    assert told(found) == [("not yet in QuickBooks", 70)]
    assert "another bill" in found[0].remedy
    less = comparing.against_books(replace(state, taken_back=20), an_invoice(balance=9000), posted, {}, "9")
    assert told(less) == [("not yet in QuickBooks", 70), ("taken back in Clio", 20)]
    assert "below zero on this bill" in less[0].remedy
    assert comparing.balance_due(state, posted, {}) == 9000
    assert comparing.balance_due(replace(state, asks=31000), posted, {}) == 0
    assert comparing.balance_due(replace(state, asks=30000), posted, {}) == 0, "the rest is the customer's"


GONE, LESS, MORE = (Broken(Harm.LEFT_OUT, accepted=True), *(Broken(Harm.CHANGED, c, True) for c in (7000, 9000)))


@pytest.mark.parametrize(
    ("broken", "balance", "expected"),
    [
        (None, 40000, [("balance differs in QuickBooks", 8000)]),
        (Broken(Harm.DELETED), 40000, [("balance differs in QuickBooks", 8000)]),
        (GONE, 40000, [("payment left as it is", 8000)]),
        (GONE, 32001, [("payment left as it is", 1)]),
        (Broken(Harm.VOIDED, 8000, accepted=True), 40000, [("payment left as it is", 8000)]),
        (GONE, 32000, []),
        (GONE, 40001, [("balance differs in QuickBooks", 8001)]),
        (GONE, 31999, [("balance differs in QuickBooks", -1)]),
        (LESS, 33000, [("payment left as it is", 1000)]),
        (LESS, 33001, [("balance differs in QuickBooks", 1001)]),
        (MORE, 31000, [("payment left as it is", -1000)]),
        (MORE, 30999, [("balance differs in QuickBooks", -1001)]),
        (MORE, 32001, [("balance differs in QuickBooks", 1)]),
    ],
)
def test_what_a_person_accepted_of_a_payment_explains_that_much_of_the_balance(
    broken: Broken | None, balance: int, expected: list[tuple[str, int]]
) -> None:
    """Of 80.00 by Clio and by us, 400.00 asked for."""
    state = a_payable(booked=BOOKED, shares=(a_share("p1", 3000),), receipts=(known(Standing.OWN, 8000, "g1"),))
    payments = {
        "p1": a_payment(id="p1"),
        "clio-g1": a_payment(id="clio-g1", posted=Posted("8", 1, 8000, broken=broken)),
    }
    found = comparing.against_books(state, an_invoice(balance=balance), payments, {}, "9")
    assert told(found) == expected


def test_the_cause_says_whether_more_or_less_is_open_than_the_payment_leaves() -> None:
    state = a_payable(booked=BOOKED, shares=(a_share("p1", 8000),))
    for broken, balance, words in ((GONE, 40000, "$80.00 more is"), (MORE, 31000, "$10.00 less is")):
        payments = {"p1": a_payment(id="p1", posted=Posted("8", 1, 8000, broken=broken))}
        [found] = comparing.against_books(state, an_invoice(balance=balance), payments, {}, "9")
        assert found.cause == f"You accepted how a payment stands in QuickBooks: {words} open on this invoice."
        assert found.remedy == comparing.nothing_needed("payment")
    payments = {"p1": a_payment(id="p1", posted=Posted("8", 1, 1, broken=GONE))}
    cent = replace(state, shares=(a_share("p1", 1),))
    [found] = comparing.against_books(cent, an_invoice(), payments, {}, "9")
    assert (found.kind, found.cents) == ("payment left as it is", 1)
    assert "$0.01 more is open" in found.cause
    assert comparing.of_something_else(a_payable()) == 0, "no invoice, nothing on it"


def test_a_payment_and_a_credit_that_people_decided_about_explain_their_parts() -> None:
    off = Credit("us-1", "m1", "c1", "", "USD", TODAY, "", 3000, (Part("b1", "1042", 3000),), "", shown=1)
    off = replace(off, unapplied=True, left=3000)
    state = a_payable(booked=BOOKED, shares=(a_share("p1", 8000),), asks=43000, total=43000, credits=3000)
    payments = {"p1": a_payment(id="p1", posted=Posted("8", 1, 8000, broken=GONE))}
    there = an_invoice(total=43000, balance=43000)
    found = comparing.against_books(state, there, payments, {"m1": off}, "9")
    assert told(found) == [("payment left as it is", 8000), ("credit left off its invoice", 3000)]


def test_a_bill_is_touched_by_its_own_payments_and_by_the_credits_on_it() -> None:
    shown = (
        known(Standing.OWN, group="g1"),
        known(Standing.OWN, group=""),
        known(Standing.MATCHED, group="g3"),
        Known("r4", 5, TODAY, "m1", "credit", "", Standing.OTHER),
        Known("r5", 5, TODAY, "", "credit", "", Standing.OTHER),
        Known("r6", 5, TODAY, "d1", "deposit", "", Standing.OTHER),
    )
    state = a_payable(shares=(a_share("p1"), a_share("p2")), receipts=shown)
    assert comparing.touching(state) == {"p1", "p2", "clio-g1"}
    assert comparing.crediting_ids(state) == {"m1"}


def test_a_journal_that_does_not_add_up_is_named() -> None:
    assert comparing.journal(a_payable(), True) == []
    assert told(comparing.journal(a_payable(), False)) == [("journal", 0)]


# --- payments ---------------------------------------------------------------------------------------------------------


def a_posted(**fields: Any) -> Payment:
    return a_payment(**{"wanted": 1, "posted": Posted("8", 1, 40000), **fields})


def left(broken: Broken, **fields: Any) -> Payment:
    return a_posted(**{"posted": Posted("8", 1, 40000, broken=broken), **fields})


@pytest.mark.parametrize(
    ("payment", "there", "expected"),
    [
        (a_posted(), a_booked_payment(), []),
        (a_posted(pot=Pot.TRUST), None, [("not yet in Clio", 40000)]),
        (a_posted(pot=Pot.TRUST, items=(Item("b1", "1080", 40000, shown=40000),)), None, []),
        (a_posted(phase=Phase.OPEN), None, []),
        (a_posted(wanted=2), a_booked_payment(39000), [("change not in QuickBooks", -1000)]),
        (a_posted(wanted=2), a_booked_payment(voided=True), [("not yet in QuickBooks", 40000)]),
        (a_posted(wanted=2, phase=Phase.REMOVED), a_booked_payment(), [("not taken out of QuickBooks", 40000)]),
        (a_posted(posted=None), None, [("not yet in QuickBooks", 40000)]),
        (a_posted(posted=None, phase=Phase.REMOVED), None, []),
        (a_posted(phase=Phase.REMOVED, posted=Posted("8", 1, 40000, voided=True)), None, []),
        (a_posted(), None, [("payment removed in QuickBooks", 40000)]),
        (a_posted(), a_booked_payment(voided=True), [("payment removed in QuickBooks", 40000)]),
        (a_posted(returned=40000), None, []),
        (a_posted(), a_booked_payment(39000), [("payment changed in QuickBooks", -1000)]),
        (a_posted(returned=1000), a_booked_payment(39000), []),
        (a_posted(returned=1000), a_booked_payment(), [("refund not in the books", 1000)]),
        (a_posted(items=()), None, [("payment removed in QuickBooks", 40000)]),
        (left(GONE), None, [("payment left out of QuickBooks", 40000)]),
        (left(GONE), a_booked_payment(voided=True), [("payment left out of QuickBooks", 40000)]),
        (left(GONE, wanted=2), None, [("payment left out of QuickBooks", 40000)]),
        (left(GONE, wanted=2, phase=Phase.REMOVED), None, [("not yet in QuickBooks", 40000)]),
        (left(GONE, returned=40000), None, []),
        (left(GONE), a_booked_payment(), []),
        (left(Broken(Harm.DELETED)), None, [("payment removed in QuickBooks", 40000)]),
        (left(LESS), a_booked_payment(7000), [("payment left as it is", -33000)]),
        (left(LESS), a_booked_payment(6000), [("payment changed in QuickBooks", -34000)]),
        (left(Broken(Harm.CHANGED, 7000)), a_booked_payment(7000), [("payment changed in QuickBooks", -33000)]),
    ],
)
def test_a_payment_is_laid_beside_what_quickbooks_shows(
    payment: Payment, there: BookedPayment | None, expected: list[tuple[str, int]]
) -> None:
    assert told(comparing_money.payment_against_books(payment, there)) == expected


def test_a_difference_of_a_payment_names_its_bills() -> None:
    items = (Item("b1", "1042", 100), Item("b2", "1043", 200))
    [found] = comparing_money.payment_against_books(a_posted(items=items), None)
    assert (found.payable, found.number, found.detail) == ("b1", "1042, 1043", "p1")
    [nowhere] = comparing_money.payment_against_books(a_posted(items=()), None)
    assert (nowhere.payable, nowhere.number) == ("", "")


def test_money_is_laid_beside_its_session_at_stripe() -> None:
    x = a_payment()
    assert comparing_money.payment_against_stripe(x, a_paid_session(x)) == []
    assert comparing_money.payment_against_stripe(a_payment(source=Source.CLIO), None) == []
    assert comparing_money.payment_against_stripe(a_payment(phase=Phase.OPEN), None) == []
    assert told(comparing_money.payment_against_stripe(x, None)) == [("differs at Stripe", -40000)]
    assert told(comparing_money.payment_against_stripe(x, a_session(x))) == [("differs at Stripe", 0)]
    more = a_paid_session(x, total=50000)
    assert told(comparing_money.payment_against_stripe(x, more)) == [("differs at Stripe", 10000)]
    for seen, words in ((None, "no such payment"), (a_session(x, total=100), "$1.00, paid: False")):
        [found] = comparing_money.payment_against_stripe(x, seen)
        assert found.cause == f"Stripe shows {words}; we know $400.00 as received."


def test_an_account_that_lets_us_in_no_more_is_named() -> None:
    found = comparing_money.without_stripe("acct_1")
    assert told([found]) == [("not compared with Stripe", 0)]
    assert (found.payable, found.number) == ("", ""), "it is about no bill"
    assert "acct_1" in found.cause


# --- what pays no invoice ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payment", "row", "payable", "cents"),
    [
        ({}, {"unapplied": 500}, {"booked": BOOKED}, 500),
        ({}, {"unapplied": 0}, {"booked": BOOKED}, 0),
        ({}, {"unapplied": 500, "voided": True}, {"booked": BOOKED}, 0),
        ({"wanted": 2}, {"unapplied": 500}, {"booked": BOOKED}, 0),
        ({"posted": Posted("8", 1, 40000, broken=GONE)}, {"unapplied": 500}, {"booked": BOOKED}, 0),
        ({"returned": 200}, {"unapplied": 500}, {"booked": BOOKED}, 300),
        ({}, {"unapplied": 500}, {"booked": replace(BOOKED, left=(("9", 400),))}, 100),
        ({}, {"unapplied": 500}, {"booked": BOOKED, "taken_back": 400}, 100),
        ({}, {"unapplied": 500}, {"booked": BOOKED, "shares": (a_share("p1", 40300),)}, 200),
        ({}, {"unapplied": 40000}, {"booked": None}, 0),
        ({}, {"unapplied": 40000}, {"booked": replace(BOOKED, voided=True)}, 0),
        ({}, {"unapplied": 40000}, {"booked": BOOKED, "bill_state": BillState.VOID}, 0),
        ({}, {"unapplied": 40000}, {"booked": replace(BOOKED, broken=Broken(Harm.DELETED, accepted=True))}, 0),
    ],
)
def test_what_pays_no_invoice_in_quickbooks_is_named_unless_it_is_known_why(
    payment: dict[str, Any], row: dict[str, Any], payable: dict[str, Any], cents: int
) -> None:
    found = comparing_money.unapplied(a_posted(**payment), replace(a_booked_payment(), **row), [a_payable(**payable)])
    assert told(found) == ([("payment unapplied", cents)] if cents else [])
