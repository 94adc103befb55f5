"""The books side by side by total."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import totalling
from chalicelib.domain.payment import Phase, Source
from chalicelib.domain.readings import BillState, BookedPayment, InvoiceReading
from chalicelib.domain.totalling import Totals
from tests.builders import TODAY, a_bill, a_payable, a_payment
from tests.domain.given import a_paid_session, a_session

INVOICE = InvoiceReading("7", "0", "1042", "1", 39000, 38000, TODAY, TODAY, "", None)
BOOKED = BookedPayment("9", "0", "1", 40000, TODAY, "", "", ())


def test_each_book_adds_up_what_it_shows_of_a_bill() -> None:
    totals: Totals = {}
    totalling.add_bill(totals, a_payable(), a_bill(), INVOICE)
    totalling.add_bill(totals, a_payable(), None, None)
    assert totals["asked"] == {"clio": 40000, "quickbooks": 39000, "ours": 80000}
    assert totals["open"] == {"clio": 40000, "quickbooks": 38000, "ours": 80000}


def test_a_bill_that_was_removed_asks_for_nothing() -> None:
    totals: Totals = {}
    gone = a_payable(bill_state=BillState.VOID)
    totalling.add_bill(totals, gone, a_bill(state=BillState.VOID), replace(INVOICE, total=0, balance=0))
    assert totals["asked"] == {"clio": 0, "quickbooks": 0, "ours": 0}


def test_only_money_counts_and_in_each_book_what_it_shows() -> None:
    totals: Totals = {}
    payment = a_payment(wanted=1)
    totalling.add_payment(totals, payment, BOOKED, a_paid_session(payment))
    totalling.add_payment(totals, payment, replace(BOOKED, voided=True), a_session(payment))
    totalling.add_payment(totals, payment, None, None)
    totalling.add_payment(totals, replace(payment, phase=Phase.FAILED), None, None)
    assert totals["received"] == {"quickbooks": 40000, "ours": 120000}
    assert totals["stripe"] == {"stripe": 40000, "ours": 120000}
    other: Totals = {}
    totalling.add_payment(other, a_payment(source=Source.CLIO, wanted=0), None, None)
    assert other == {}
