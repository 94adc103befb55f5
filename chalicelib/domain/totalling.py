"""The books side by side by total: what each shows of the bills and payments that were compared. Pure; cents."""

from __future__ import annotations

from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Source
from chalicelib.domain.readings import BillReading, BookedPayment, InvoiceReading, SessionReading

Totals = dict[str, dict[str, int]]
"""What (asked, open, received, stripe) -> book (clio, quickbooks, stripe, ours) -> cents."""


def _add(totals: Totals, what: str, **cents: int) -> None:
    held = totals.setdefault(what, {})
    for book, c in cents.items():
        held[book] = held.get(book, 0) + c


def add_bill(totals: Totals, p: Payable, bill: BillReading | None, invoice: InvoiceReading | None) -> None:
    """What an invoice asks for and what is open on it. A bill that was removed asks for nothing anywhere."""
    live = bill is not None and not p.gone
    asks, owed = (bill.asks, bill.balance) if live and bill else (0, 0)
    total, balance = (invoice.total, invoice.balance) if invoice else (0, 0)
    _add(totals, "asked", clio=asks, quickbooks=total, ours=0 if p.gone else p.asks)
    _add(totals, "open", clio=owed, quickbooks=balance, ours=p.open)


def add_payment(totals: Totals, x: Payment, booked: BookedPayment | None, session: SessionReading | None) -> None:
    """What was received: only money, net of what went back where the books show it so."""
    if not x.money:
        return
    if x.wanted:
        there = 0 if booked is None or booked.voided else booked.total
        _add(totals, "received", quickbooks=there, ours=x.total)
    if x.source is Source.STRIPE:
        _add(totals, "stripe", stripe=session.total if session and session.paid else 0, ours=x.total)
