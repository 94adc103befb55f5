"""Payouts, as far as needed: the whole balance goes to the bank, lands two business days later, or fails."""

from __future__ import annotations

from . import events, money, money_shapes
from .box import Box, business_days_after
from .refusals import Refusal
from .state import Account, Thing


def pay_out(box: Box, account: Account, *, fails: bool = False) -> Thing:
    amount, bank = money.balance(account), account.bank
    if amount <= 0 or not bank:
        raise Refusal("There is nothing to pay out.", code="balance_insufficient")
    now = box.epoch()
    arrival = business_days_after(now, 2)
    made = money_shapes.payout(box.new_id("po_1"), now, amount=amount, destination=bank["id"], arrival=arrival)
    covered = [i for i, t in account.held["balance_transaction"].items() if "payout" not in account.hidden.get(i, {})]
    line = money.book(
        box,
        account,
        type="payout",
        category="payout",
        amount=-amount,
        source=made["id"],
        available_days=0,
        description="STRIPE PAYOUT",
    )
    made["balance_transaction"] = line["id"]
    for transaction in [*covered, line["id"]]:
        account.hidden.setdefault(transaction, {})["payout"] = made["id"]
    box.hold(account, made)
    events.emit(box, account, "payout.created", made)
    box.later(arrival, "payout", account.id, made["id"], failed=fails)
    return made


def land(box: Box, account: Account, payout: Thing, *, failed: bool) -> None:
    if not failed:
        payout |= {"status": "paid", "reconciliation_status": "completed"}
        events.emit(box, account, "payout.paid", payout)
        events.emit(box, account, "payout.reconciliation_completed", payout)
        return
    line = money.book(
        box,
        account,
        type="payout_failure",
        category="payout_reversal",
        amount=payout["amount"],
        source=payout["id"],
        available_days=0,
    )
    payout |= {
        "status": "failed",
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed",
        "failure_balance_transaction": line["id"],
    }
    events.emit(box, account, "payout.failed", payout)
