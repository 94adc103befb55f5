"""What the simulator found in the domain, each as the smallest case (tests/simulation/FOUND.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain import billing, paying
from chalicelib.domain.billing import BillSeen
from chalicelib.domain.effects import Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.payable import Payable, Share
from chalicelib.domain.readings import Disputed, SessionReading
from tests.builders import NOW, TODAY, a_bill, a_firm, a_payable, a_payment

POLICY = Policy(a_firm(), 1, Lanes("us-1", "us/1", "r1", "acct_1", "acct_2"))


def a_session(*disputes: Disputed) -> SessionReading:
    """The paid session of the usual payment."""
    later = NOW + timedelta(hours=1)
    return SessionReading(
        "cs_1", "p1", "complete", True, "", later, 40000, "USD", {}, captured_at=NOW, disputes=tuple(disputes)
    )


def after(payable: Payable, payment: object, *disputes: Disputed) -> tuple[object, Payable]:
    both = paying.shown(payment, [payable], a_session(*disputes), POLICY, NOW)  # type: ignore[arg-type]
    held = both.payables.get(payable.id)
    return both.payment.state, held.state if held else payable


def test_a_dispute_won_counts_the_money_again() -> None:
    payable = a_payable(shares=(Share("p1", 40000, "FS-ABC234", TODAY),))
    lost = Disputed("d1", 40000, "needs_response", withdrawn=True)
    won = Disputed("d1", 40000, "won", withdrawn=False)
    payment, opened = after(payable, a_payment(), lost)
    assert opened.open == 40000
    _, again = after(opened, payment, won)
    assert again.open == 0


def test_a_bill_that_falls_below_what_was_paid_shows_the_surplus_as_a_task() -> None:
    payable = a_payable(shares=(Share("p1", 40000, "FS-ABC234", TODAY),))
    less = replace(a_bill(), etag="e2", balance=10000, paid=30000)
    decision = billing.seen(payable, BillSeen(less, None, NOW), POLICY, NOW)
    assert [e.body["surplus"] for e in decision.effects if "/surplus/" in e.key] == [30000]


def test_the_task_of_a_surplus_closes_when_the_surplus_is_gone() -> None:
    payable = a_payable(balance=10000, shares=(Share("p1", 40000, "FS-ABC234", TODAY),))
    more = replace(a_bill(), etag="e2", balance=40000)
    decision = billing.seen(payable, BillSeen(more, None, NOW), POLICY, NOW)
    assert any("/surplus/b1/1-30000" in key for key in decision.closes)
