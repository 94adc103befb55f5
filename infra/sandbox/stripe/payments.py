"""The life of a PaymentIntent made by a Checkout Session: card at once, bank debit days later, returns weeks later.

Order of events as in reference/stripe.md 7; the Session's own event comes last. Test numbers are at ``CARDS`` and
``BANKS``: which ones Stripe really has is remembered.
"""

from __future__ import annotations

from . import events, money, paying_shapes
from .box import DAY, Box, business_days_after
from .refusals import Refusal
from .state import Account, Thing

CARDS = {
    "4242424242424242": "ok",
    "5555555555554444": "ok",
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000000259": "dispute",
    "4000000000005126": "refund_fails",
    "4000000000007726": "refund_pending",
}
BANKS = {
    "000123456789": "succeed",
    "000111111116": "fail",
    "000111111113": "fail",
    "000222222227": "fail",
    "000000004954": "return",
}
WHY_DEBIT_FAILS = {
    "000111111113": ("account_closed", "The customer's bank account has been closed."),
    "000111111116": ("no_account", "The bank account could not be located."),
    "000222222227": ("insufficient_funds", "The customer's account has insufficient funds to cover this payment."),
}


def intent_of(box: Box, account: Account, session: Thing) -> Thing:
    """The Session's PaymentIntent, made on the first try to pay."""
    if session["payment_intent"]:
        return box.find(account, "payment_intent", session["payment_intent"])
    given = account.hidden[session["id"]].get("payment_intent_data", {})
    intent = box.hold(account, paying_shapes.payment_intent(box.new_id("pi_3"), box.epoch(), session, given))
    if account.id != box.platform_id:
        intent["application"] = box.client_id
    session["payment_intent"] = intent["id"]
    account.hidden[intent["id"]] = {"session": session["id"]}
    events.emit(box, account, "payment_intent.created", intent)
    return intent


def _charge(box: Box, account: Account, intent: Thing, method: Thing, email: str | None) -> Thing:
    intent["payment_method"] = box.new_id("pm_1")
    settings = account.object["settings"]["card_payments"]
    prefix = "ch_3" if method["type"] == "card" else "py_3"
    charge = paying_shapes.charge(
        box.new_id(prefix),
        box.epoch(),
        intent,
        method=method,
        email=email,
        prefix=settings["statement_descriptor_prefix"] or "",
    )
    charge["application"] = intent["application"]
    intent["latest_charge"] = charge["id"]
    intent["last_payment_error"] = None
    return box.hold(account, charge)


def decline_card(box: Box, account: Account, session: Thing, number: str, email: str | None) -> None:
    """A card is refused: the Session stays open, the PaymentIntent waits for another method."""
    reason = CARDS[number]
    intent = intent_of(box, account, session)
    charge = _charge(box, account, intent, paying_shapes.card_details(number), email)
    message = "Your card has insufficient funds." if reason == "insufficient_funds" else "Your card was declined."
    charge |= {
        "status": "failed",
        "failure_code": "card_declined",
        "failure_message": message,
        "outcome": paying_shapes.outcome(ok=False, declined=reason),
    }
    _fail_intent(intent, charge, "card_error", "card_declined", message, decline_code=reason)
    events.emit(box, account, "charge.failed", charge)
    events.emit(box, account, "payment_intent.payment_failed", intent)


def _fail_intent(intent: Thing, charge: Thing, kind: str, code: str, message: str, **more: str) -> None:
    intent["status"] = "requires_payment_method"
    intent["processing"] = None
    intent["payment_method"] = None
    intent["last_payment_error"] = {"type": kind, "code": code, "message": message, "charge": charge["id"], **more}


def charge_card(box: Box, account: Account, session: Thing, number: str, email: str | None) -> None:
    intent = intent_of(box, account, session)
    charge = _charge(box, account, intent, paying_shapes.card_details(number), email)
    account.hidden[charge["id"]] = {"card": CARDS[number]}
    _succeed(box, account, intent, charge)
    if CARDS[number] == "dispute":
        box.later(box.epoch() + DAY, "dispute", account.id, charge["id"])


def _succeed(box: Box, account: Account, intent: Thing, charge: Thing) -> None:
    charge |= {
        "status": "succeeded",
        "paid": True,
        "captured": True,
        "amount_captured": charge["amount"],
        "outcome": paying_shapes.outcome(ok=True),
        "receipt_url": f"https://pay.stripe.com/receipts/{charge['id']}",
    }
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "processing": None}
    wait = int(box.switch("fee_arrives_after_seconds", 0))
    if not wait:
        money.book_charge(box, account, charge)
    events.emit(box, account, "charge.succeeded", charge)
    events.emit(box, account, "payment_intent.succeeded", intent)
    if wait:
        box.later(box.epoch() + wait, "fee", account.id, charge["id"])


def fee_arrives(box: Box, account: Account, charge: Thing) -> None:
    """The balance transaction comes after the success, with ``charge.updated`` (remembered)."""
    if charge["balance_transaction"] is None:
        money.book_charge(box, account, charge)
        events.emit(box, account, "charge.updated", charge, {"balance_transaction": None})


def start_debit(box: Box, account: Account, session: Thing, bank: Thing, email: str | None) -> Thing:
    """A bank debit sets out. ``bank``: routing, number, outcome, after_days and return_after_days (None: the usual).

    Returns the PaymentIntent, which is ``processing`` (reference/stripe.md 8).
    """
    intent = intent_of(box, account, session)
    charge = _charge(box, account, intent, paying_shapes.bank_details(bank["routing"], bank["number"]), email)
    intent["status"] = "processing"
    account.hidden[charge["id"]] = {"bank": bank}
    events.emit(box, account, "charge.pending", charge)
    events.emit(box, account, "payment_intent.processing", intent)
    if bank["after_days"] is None:
        usual = int(box.switch("ach_business_days", 4))
        at = business_days_after(box.epoch(), usual if bank["outcome"] != "fail" else max(usual - 1, 1))
    else:
        at = box.epoch() + int(bank["after_days"] * DAY)
    box.later(at, "debit", account.id, charge["id"])
    return intent


def end_debit(box: Box, account: Account, charge: Thing, *, cleared: bool) -> None:
    """The bank answers: the debit cleared, or it failed. Nothing happens where it was decided before."""
    if charge["status"] != "pending":
        return
    intent = box.find(account, "payment_intent", charge["payment_intent"])
    session = box.find(account, "checkout.session", account.hidden[intent["id"]]["session"])
    if not cleared:
        _fail_debit(box, account, intent, charge)
        events.emit(box, account, "checkout.session.async_payment_failed", session)
        return
    _succeed(box, account, intent, charge)
    session["payment_status"] = "paid"
    events.emit(box, account, "checkout.session.async_payment_succeeded", session)
    bank = account.hidden[charge["id"]]["bank"]
    if bank["outcome"] == "return":
        wait = bank["return_after_days"]
        wait = float(box.switch("ach_return_days", 21)) if wait is None else wait
        box.later(box.epoch() + int(wait * DAY), "return", account.id, charge["id"])


def _fail_debit(box: Box, account: Account, intent: Thing, charge: Thing) -> None:
    number = account.hidden[charge["id"]]["bank"]["number"]
    code, message = WHY_DEBIT_FAILS.get(number, WHY_DEBIT_FAILS["000222222227"])
    charge |= {"status": "failed", "failure_code": code, "failure_message": message}
    _fail_intent(intent, charge, "invalid_request_error", code, message)
    fee = int(box.switch("ach_failure_fee_cents", 0))
    if fee:
        payer = box.state.accounts[box.platform_id] if money.platform_pays(account) else account
        line = money.book(
            box,
            payer,
            type="stripe_fee",
            category="fee",
            amount=-fee,
            available_days=0,
            description=f"ACH failure fee ({charge['id']})",
        )
        if payer is account:
            charge["failure_balance_transaction"] = line["id"]
    events.emit(box, account, "charge.failed", charge)
    events.emit(box, account, "payment_intent.payment_failed", intent)


def cancel_intent(box: Box, account: Account, intent_id: str) -> None:
    """Always refused here: a Session's PaymentIntent is not cancelled, its Session is expired (stripe.md 5)."""
    intent = box.find(account, "payment_intent", intent_id, "intent")
    raise Refusal(
        f"You cannot cancel this PaymentIntent because it was created by a Checkout Session "
        f"(status {intent['status']}). Expire the Checkout Session instead.",
        code="payment_intent_unexpected_state",
        kept=True,
    )
