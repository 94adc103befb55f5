"""Refunds: of a payment, whole or in part; at once, pending or failing (reference/stripe.md 8, 9). Cents."""

from __future__ import annotations

from . import events, money, money_shapes
from .box import Box, business_days_after
from .refusals import Refusal
from .state import Account, Thing


def create(box: Box, account: Account, given: Thing, *, outcome: str | None = None) -> Thing:
    """Refunds ``amount`` (default: all that is left) of a charge or PaymentIntent.

    ``outcome`` (``succeed``, ``pending``, ``fail``) is for people; None: as the method of payment has it.
    """
    charge = _charge_of(box, account, given)
    left = charge["amount"] - charge["amount_refunded"]
    amount = given.get("amount", left)
    _check(box, account, charge, amount, left)
    made = money_shapes.refund(
        box.new_id("re_3" if charge["payment_method_details"]["type"] == "card" else "pyr_1"),
        box.epoch(),
        charge,
        amount=amount,
        reason=given.get("reason"),
        labels=given.get("metadata", {}),
    )
    box.hold(account, made)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    _send_out(box, account, charge, made, outcome)
    events.emit(box, account, "refund.created", made)
    events.emit(box, account, "charge.refunded", charge, {"amount_refunded": charge["amount_refunded"] - amount})
    return made


def _charge_of(box: Box, account: Account, given: Thing) -> Thing:
    if ("charge" in given) == ("payment_intent" in given):
        raise Refusal("One of the following params should be provided for this request: payment_intent or charge.")
    if "charge" in given:
        return box.find(account, "charge", given["charge"], "charge")
    intent = box.find(account, "payment_intent", given["payment_intent"], "payment_intent")
    charge = account.held["charge"].get(intent["latest_charge"] or "")
    if not charge or charge["status"] == "failed":
        raise Refusal(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            param="payment_intent",
            kept=True,
        )
    return charge


def _check(box: Box, account: Account, charge: Thing, amount: int, left: int) -> None:
    if amount <= 0 and left > 0:
        raise Refusal("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if charge["status"] == "failed":
        raise Refusal("This charge has failed and cannot be refunded.", kept=True)
    if charge["status"] == "pending" and not (
        box.switch("refund_of_pending_debit", "refuse") == "allow" and amount == charge["amount"]
    ):
        raise Refusal("This payment is still processing and cannot be refunded in this way.", kept=True)
    if charge["disputed"] and _taken_back(account, charge):
        raise Refusal(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", kept=True)
    if amount > left:
        raise Refusal(
            f"Refund amount (${amount / 100:.2f}) is greater than unrefunded amount on charge (${left / 100:.2f})",
            param="amount",
            kept=True,
        )


def _taken_back(account: Account, charge: Thing) -> bool:
    ours = (d for d in account.held["dispute"].values() if d["charge"] == charge["id"])
    return any(d["status"] not in ("won", "warning_closed") for d in ours)


def _send_out(box: Box, account: Account, charge: Thing, refund: Thing, outcome: str | None) -> None:
    card = charge["payment_method_details"]["type"] == "card"
    usual = {"refund_fails": "fail", "refund_pending": "pending"}.get(
        account.hidden.get(charge["id"], {}).get("card", ""), "succeed" if card else "pending"
    )
    outcome = outcome or usual
    if charge["status"] == "pending":
        refund |= {"status": "pending", "pending_reason": "charge_pending"}
        return
    if refund["amount"] > money.balance(account) and box.switch("refund_without_funds", "negative") == "pending":
        refund |= {"status": "pending", "pending_reason": "insufficient_funds"}
        return
    _take_money(box, account, charge, refund)
    if outcome == "succeed":
        return
    if outcome == "pending":
        refund |= {"status": "pending", "pending_reason": "processing"}
    days = 1 if outcome == "fail" else 3
    box.later(business_days_after(box.epoch(), days), "refund", account.id, refund["id"], failed=outcome == "fail")


def _take_money(box: Box, account: Account, charge: Thing, refund: Thing) -> None:
    card = charge["payment_method_details"]["type"] == "card"
    back = 0
    if box.switch("refund_returns_fee", False) and not money.platform_pays(account):
        fee = money.processing_fee(charge["amount"], charge["payment_method_details"]["type"])
        back = -(fee * refund["amount"] // charge["amount"])
    line = money.book(
        box,
        account,
        type="refund" if card else "payment_refund",
        category="refund",
        amount=-refund["amount"],
        stripe_fee=back,
        source=refund["id"],
        available_days=0,
        description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
    )
    refund["balance_transaction"] = line["id"]


def settle(box: Box, account: Account, refund: Thing, *, failed: bool) -> None:
    """The bank answers a refund. A failed one puts the money back (``failure_balance_transaction``)."""
    if refund["status"] in ("failed", "canceled"):
        return
    charge = box.find(account, "charge", refund["charge"])
    before = {"status": refund["status"]}
    if not failed:
        if refund["balance_transaction"] is None:
            _take_money(box, account, charge, refund)
        refund |= {"status": "succeeded", "pending_reason": None}
        events.emit(box, account, "refund.updated", refund, before)
        return
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    refund |= {"status": "failed", "pending_reason": None, "failure_reason": "lost_or_stolen_card"}
    if refund["balance_transaction"] is not None:
        card = charge["payment_method_details"]["type"] == "card"
        line = money.book(
            box,
            account,
            type="refund_failure" if card else "payment_failure_refund",
            category="refund_failure",
            amount=refund["amount"],
            source=refund["id"],
            available_days=0,
        )
        refund["failure_balance_transaction"] = line["id"]
    events.emit(box, account, "refund.updated", refund, before)
    events.emit(box, account, "refund.failed", refund, before)


def retry_waiting(box: Box, account: Account) -> None:
    """Refunds that waited for funds, or for their charge, go out once they can."""
    for refund in list(account.held["refund"].values()):
        if refund["status"] != "pending":
            continue
        charge = account.held["charge"][refund["charge"]]
        waits_for_charge = refund["pending_reason"] == "charge_pending" and charge["status"] != "pending"
        if waits_for_charge and charge["status"] == "failed":
            settle(box, account, refund, failed=True)
        elif waits_for_charge or (
            refund["pending_reason"] == "insufficient_funds" and money.balance(account) >= refund["amount"]
        ):
            settle(box, account, refund, failed=False)
