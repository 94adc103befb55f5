"""How a bill is drawn as an invoice: net lines that add up to the cent, in detail or by kind, tax as line or as tax."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import invoicing
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.firm import Accounts, Detail, Firm, Invoicing, TaxAs
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Booked, Payable
from chalicelib.domain.readings import BillLine, BillState, Pot
from tests.builders import NOW, a_firm, a_payable
from tests.domain.given import a_policy, kinds, one

ACCOUNTS = Accounts(clearing="35", services="1", expenses="2", interest="3", tax="4", discount="86")


def a_drawing_firm(**how: Any) -> Firm:
    return a_firm(accounts=ACCOUNTS, invoicing=Invoicing(**how))


def a_line(net: int, kind: str = "service", tax: int = 0, text: str = "Advice", id: str = "l1") -> BillLine:
    return BillLine(id, kind, date(2026, 3, 1), text, net, tax)


def a_bill_of(lines: list[BillLine], tax: int = 0, interest: int = 0, discount: int = 0, rest: int = 0) -> Payable:
    asks = sum(x.net for x in lines) + tax + interest - discount + rest
    return a_payable(asks=asks, total=asks + discount, tax=tax, interest=interest, discount=discount)


CENTS = st.integers(min_value=0, max_value=5_000_000)
LINES = st.lists(
    st.builds(a_line, net=CENTS, kind=st.sampled_from(["service", "expense", "other"]), tax=st.sampled_from([0, 0, 7])),
    max_size=12,
)
HOW = st.builds(Invoicing, detail=st.sampled_from(Detail), tax=st.sampled_from(TaxAs))


@given(LINES, CENTS, CENTS, CENTS, st.integers(min_value=-1, max_value=1), HOW)
def test_whatever_the_firm_chose_an_invoice_adds_up_to_the_cent(
    lines: list[BillLine], tax: int, interest: int, discount: int, rest: int, how: Invoicing
) -> None:
    p = a_bill_of(lines, tax, interest, discount, rest)
    drawn = invoicing.draw(p, lines, a_firm(accounts=ACCOUNTS, invoicing=how))
    assert drawn.total == p.asks
    assert drawn.discount == discount, "once"
    assert sum(x.cents for x in drawn.lines) + drawn.tax - drawn.discount == p.asks
    assert drawn.tax == (tax if how.tax is TaxAs.QUICKBOOKS else 0)
    assert all(x.item for x in drawn.lines)
    assert not drawn.rest or "rounding" in drawn.lines[-1].text, "a rest is seen"


@given(LINES, st.integers(min_value=100, max_value=10_000), HOW)
def test_lines_that_do_not_come_to_what_the_bill_asks_for_are_not_made_to(
    lines: list[BillLine], off: int, how: Invoicing
) -> None:
    p = a_bill_of([*lines, a_line(1)], rest=off)
    drawn = invoicing.draw(p, [*lines, a_line(1)], a_firm(accounts=ACCOUNTS, invoicing=how))
    assert drawn.total == p.asks - off
    assert drawn.rest == 0


def test_in_detail_each_entry_is_a_line_under_the_item_of_its_kind() -> None:
    lines = [a_line(100, text="Call"), a_line(50, "expense", text="Copies"), a_line(7, "other", text="Fee")]
    drawn = invoicing.draw(a_bill_of(lines, 3, 2), lines, a_drawing_firm())
    assert [(x.text, x.cents, x.item) for x in drawn.lines] == [
        ("Call", 100, "1"),
        ("Copies", 50, "2"),
        ("Fee", 7, "1"),
        ("Tax", 3, "4"),
        ("Interest", 2, "3"),
    ]
    assert drawn.lines[0].on == date(2026, 3, 1)


def test_by_kind_entries_of_a_kind_are_one_line() -> None:
    lines = [a_line(100), a_line(50, "expense"), a_line(20), a_line(30, tax=3)]
    drawn = invoicing.draw(a_bill_of(lines, 3), lines, a_drawing_firm(detail=Detail.KINDS))
    assert [(x.text, x.cents) for x in drawn.lines] == [
        ("Services, bill 1042", 120),
        ("Services, bill 1042 (taxable)", 30),
        ("Expenses, bill 1042", 50),
        ("Tax", 3),
    ]


def test_by_kind_taxed_lines_are_taxable_and_a_bill_over_one_matter_names_none() -> None:
    lines = [replace(a_line(30, tax=3), matter="00001-Example"), replace(a_line(20), matter="00001-Example")]
    firm = a_drawing_firm(detail=Detail.KINDS, tax=TaxAs.QUICKBOOKS)
    drawn = invoicing.draw(a_bill_of(lines, 3), lines, firm)
    assert [(x.text, x.cents, x.taxable) for x in drawn.lines] == [
        ("Services, bill 1042", 20, False),
        ("Services, bill 1042 (taxable)", 30, True),
    ]


def test_items_that_are_not_chosen_fall_back_on_services() -> None:
    lines = [a_line(50, "expense")]
    firm = a_firm(accounts=Accounts(clearing="35", services="1"))
    drawn = invoicing.draw(a_bill_of(lines, 3, 2), lines, firm)
    assert {x.item for x in drawn.lines} == {"1"}


def test_tax_may_travel_as_quickbooks_tax() -> None:
    lines = [a_line(100, tax=8), a_line(50)]
    drawn = invoicing.draw(a_bill_of(lines, 8), lines, a_drawing_firm(tax=TaxAs.QUICKBOOKS))
    assert [(x.cents, x.taxable) for x in drawn.lines] == [(100, True), (50, False)]
    assert drawn.tax == 8


def test_a_bill_without_lines_is_one_line() -> None:
    drawn = invoicing.draw(a_payable(asks=900, discount=100), [], a_drawing_firm())
    assert [(x.text, x.cents) for x in drawn.lines] == [("Bill 1042", 1000)]
    only_tax = invoicing.draw(a_payable(asks=900, tax=900), [], a_drawing_firm(tax=TaxAs.QUICKBOOKS))
    assert (only_tax.total, only_tax.tax) == (900, 900)


@pytest.mark.parametrize(("lines", "allowed"), [(1, 1), (6, 3), (40, 5)])
def test_rounding_grows_with_the_lines_and_no_further(lines: int, allowed: int) -> None:
    entries = [a_line(100) for _ in range(lines)]
    firm = a_drawing_firm()
    assert invoicing.draw(a_bill_of(entries, rest=-allowed), entries, firm).rest == -allowed
    beyond = a_bill_of(entries, rest=allowed + 1)
    assert invoicing.draw(beyond, entries, firm).total == beyond.asks - allowed - 1


def test_open_invoices_are_drawn_anew_when_asked_and_no_others() -> None:
    p = a_payable(booked=Booked("9", 1, 40000), lines="doc", lines_revision=1)
    decision = invoicing.redrawn(p, a_policy(), NOW)
    assert (decision.state.revision, decision.state.lines_revision) == (2, 2)
    assert one(decision.effects, Do.INVOICE).body["revision"] == 2
    older = (key_of("us-1", Do.READ_LINES, "b1/1"), key_of("us-1", Do.INVOICE, "b1/1"))
    assert decision.closes == older
    assert invoicing.redrawn(p, a_policy(), NOW, checking=True).closes == older
    assert invoicing.is_open(replace(p, balance=1)), "a cent is open"
    for other in (
        replace(p, booked=None),
        replace(p, balance=0),
        replace(p, pot=Pot.TRUST),
        replace(p, bill_state=BillState.PAID),
    ):
        assert invoicing.redrawn(other, a_policy(), NOW) == Decision(other)


def test_lines_that_are_being_read_are_read_for_the_new_drawing_too() -> None:
    p = a_payable(booked=Booked("9", 1, 40000), lines="doc", lines_revision=1)
    for waiting in (
        invoicing.redrawn(p, a_policy(), NOW, checking=True),
        invoicing.redrawn(replace(p, revision=2), a_policy(), NOW),
        invoicing.redrawn(replace(p, lines=""), a_policy(), NOW),
    ):
        assert one(waiting.effects, Do.READ_LINES).body["revision"] == waiting.state.revision
        assert waiting.state.lines_revision == 1


def test_an_invoice_that_was_written_for_another_customer_of_its_client_is_elsewhere() -> None:
    p = a_payable(booked=Booked("9", 1, 40000, customer="57"))
    assert invoicing.elsewhere(p, "58")
    assert not invoicing.elsewhere(p, "57")
    assert not invoicing.elsewhere(p, ""), "the client has none"
    assert not invoicing.elsewhere(a_payable(), "58")
    assert not invoicing.elsewhere(a_payable(booked=Booked("9", 1, 40000)), "58"), "whose it was is not known"
    assert not invoicing.elsewhere(a_payable(booked=Booked("9", 1, 40000, customer="57", matter="7")), "58")


def test_an_invoice_is_taken_over_by_being_written_again_once() -> None:
    p = a_payable(booked=Booked("9", 1, 40000), lines="doc", lines_revision=1, balance=0)
    decision = invoicing.taken_over(p, a_policy(), NOW)
    assert decision.state == replace(p, revision=2, lines_revision=2)
    assert one(decision.effects, Do.INVOICE).key == key_of("us-1", Do.INVOICE, "b1/2")
    assert decision.closes == (key_of("us-1", Do.READ_LINES, "b1/1"), key_of("us-1", Do.INVOICE, "b1/1"))
    assert kinds(invoicing.taken_over(replace(p, lines=""), a_policy(), NOW)) == [Do.READ_LINES]
    assert invoicing.taken_over(decision.state, a_policy(), NOW) == Decision(decision.state)
    assert invoicing.taken_over(a_payable(), a_policy(), NOW) == Decision(a_payable())


@pytest.mark.parametrize("detail", list(Detail))
@pytest.mark.parametrize("tax", list(TaxAs))
def test_the_example_shows_everything_that_an_invoice_can_hold(detail: Detail, tax: TaxAs) -> None:
    drawn = invoicing.example(a_drawing_firm(detail=detail, tax=tax))
    assert drawn.total == 31000 + 45000 + 4150 + 2751 + 1350 - 5000
    assert (drawn.tax > 0) == (tax is TaxAs.QUICKBOOKS)


def test_the_example_is_drawn_as_a_bill_of_its_kind_would_be() -> None:
    lines = invoicing.example(a_drawing_firm())
    assert (lines.discount, lines.rest) == (5000, 0)
    assert [(x.text, x.cents, x.item, x.taxable) for x in lines.lines] == [
        ("Consultation", 31000, "1", True),
        ("Drafting of contract", 45000, "1", False),
        ("Court fee", 4150, "2", False),
        ("Tax", 2751, "4", False),
        ("Interest", 1350, "3", False),
    ]
    by_kind = invoicing.example(a_drawing_firm(detail=Detail.KINDS, tax=TaxAs.QUICKBOOKS))
    assert (by_kind.tax, by_kind.discount, by_kind.rest) == (2751, 5000, 0)
    assert [(x.text, x.cents, x.taxable) for x in by_kind.lines] == [
        ("Services, bill 1042", 45000, False),
        ("Services, bill 1042 (taxable)", 31000, True),
        ("Expenses, bill 1042", 4150, False),
        ("Interest", 1350, False),
    ]


def test_the_message_is_a_sentence_with_the_address() -> None:
    assert invoicing.message("https://fee.test/pay/x") == "Pay online: https://fee.test/pay/x"


@pytest.mark.parametrize(
    ("address", "on_it"),
    [
        (" ada@example.com ", "ada@example.com"),
        ("pat.o'brien@example.com", "pat.o'brien@example.com"),
        ("a@x.example, b@x.example", ""),
        ("ada@localhost", ""),
        ("a" * 95 + "@x.com", ""),
        ("", ""),
    ],
)
def test_an_address_that_quickbooks_would_refuse_keeps_no_invoice_back(address: str, on_it: str) -> None:
    assert invoicing.email(replace(a_payable(), client_email=address)) == on_it
