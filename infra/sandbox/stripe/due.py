"""What happens by itself as the clock moves on: sessions expire, debits clear or fail or return, refunds land."""

from __future__ import annotations

from . import checkout, disputes, payments, payouts, refunds
from .box import Box
from .refusals import Refusal
from .state import Due


def advance(box: Box) -> int:
    """Carries out everything due by now, each at the second at which it was due. Returns how many things happened."""
    happened = 0
    while due := box.take_due():
        box.at_moment(due.at)
        try:
            _do(box, due)
        finally:
            box.at_moment(None)
        happened += 1
    for account in box.state.accounts.values():
        if account.held["refund"]:
            refunds.retry_waiting(box, account)
    if happened:
        box.note("clock_did")
    return happened


def _do(box: Box, due: Due) -> None:
    account = box.state.accounts[due.account]
    match due.what:
        case "expire":
            checkout.time_is_up(box, account, account.held["checkout.session"][due.thing])
        case "debit":
            charge = account.held["charge"][due.thing]
            outcome = account.hidden[charge["id"]]["bank"]["outcome"]
            payments.end_debit(box, account, charge, cleared=outcome != "fail")
        case "return" | "dispute":
            charge = account.held["charge"][due.thing]
            reason = "debit_not_authorized" if due.what == "return" else "fraudulent"
            try:
                disputes.open_one(box, account, charge, reason=reason)
            except Refusal:
                box.note("dispute_came_to_nothing")
        case "fee":
            payments.fee_arrives(box, account, account.held["charge"][due.thing])
        case "refund":
            refunds.settle(box, account, account.held["refund"][due.thing], failed=due.detail["failed"])
        case "payout":
            payouts.land(box, account, account.held["payout"][due.thing], failed=due.detail["failed"])
        case other:
            raise AssertionError(other)
