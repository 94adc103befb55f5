"""Disputes, and the late return of a bank debit, which comes as one that is lost at once (reference/stripe.md 7, 8)."""

from __future__ import annotations

from . import events, money, money_shapes
from .box import Box, snapshot
from .refusals import Refusal
from .state import Account, Thing


def open_one(
    box: Box,
    account: Account,
    charge: Thing,
    *,
    amount: int | None = None,
    reason: str = "general",
    inquiry: bool = False,
) -> Thing:
    """A client disputes a charge. An inquiry (``warning_needs_response``) moves no money yet.

    ``amount`` in cents, default: the whole charge, whatever was refunded of a bank debit before; of a card the rest.
    """
    bank = charge["payment_method_details"]["type"] != "card"
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise Refusal(f"Charge {charge['id']} cannot be disputed now.", code="charge_not_disputable")
    amount = amount or (charge["amount"] if bank else charge["amount"] - charge["amount_refunded"])
    status = "lost" if bank else "warning_needs_response" if inquiry else "needs_response"
    made = money_shapes.dispute(box.new_id("du_1" if not bank else "pdp_1"), box.epoch(), charge, amount=amount,
                          reason=reason, status=status)  # fmt: skip
    box.hold(account, made)
    charge["disputed"] = True
    if not inquiry or bank:
        _withdraw(box, account, made)
    events.emit(box, account, "charge.dispute.created", made)
    if made["balance_transactions"]:
        events.emit(box, account, "charge.dispute.funds_withdrawn", made)
    if bank:
        events.emit(box, account, "charge.dispute.closed", made)
    return made


def late_return(box: Box, account: Account, charge: Thing) -> Thing:
    """The bank takes a cleared debit back: final, cannot be contested (reference/stripe.md 8)."""
    return open_one(box, account, charge, reason="debit_not_authorized")


def _withdraw(box: Box, account: Account, dispute: Thing) -> None:
    line = money.book(
        box,
        account,
        type="adjustment",
        category="dispute",
        amount=-dispute["amount"],
        stripe_fee=int(box.switch("dispute_fee_cents", 1500)),
        source=dispute["id"],
        available_days=0,
        description=f"Chargeback withdrawal for {dispute['charge']}",
    )
    dispute["balance_transactions"].append(snapshot(line))


def close(box: Box, account: Account, dispute: Thing, *, won: bool) -> Thing:
    """The bank decides. Won: the amount comes back (the fee does not); lost: it stays away."""
    before = {"status": dispute["status"]}
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise Refusal(f"This dispute is already closed ({dispute['status']}).", code="dispute_closed")
    if dispute["status"].startswith("warning"):
        dispute["status"] = "warning_closed"
    else:
        dispute["status"] = "won" if won else "lost"
    if dispute["status"] == "won":
        line = money.book(
            box,
            account,
            type="adjustment",
            category="dispute_reversal",
            amount=dispute["amount"],
            source=dispute["id"],
            available_days=0,
            description=f"Chargeback reversal for {dispute['charge']}",
        )
        dispute["balance_transactions"].append(snapshot(line))
        events.emit(box, account, "charge.dispute.funds_reinstated", dispute)
    events.emit(box, account, "charge.dispute.closed", dispute, before)
    return dispute


def submit_evidence(box: Box, account: Account, dispute: Thing) -> Thing:
    if dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise Refusal("This dispute takes no evidence now.", code="dispute_closed")
    before = {"status": dispute["status"]}
    dispute["status"] = "under_review" if dispute["status"] == "needs_response" else "warning_under_review"
    dispute["evidence_details"] |= {"has_evidence": True, "submission_count": 1}
    events.emit(box, account, "charge.dispute.updated", dispute, before)
    return dispute
