"""Checkout Sessions: made, paid, expired (reference/stripe.md 5). Amounts in cents, times in epoch seconds."""

from __future__ import annotations

import re
from typing import Any

from . import events, paying_shapes, payments, shapes
from .box import DAY, Box, snapshot
from .refusals import Refusal
from .state import Account, Thing

LEAST, MOST = 50, 99_999_999
SOONEST, LATEST = 30 * 60, DAY


def create(box: Box, account: Account, given: Thing, base_url: str) -> Thing:
    """Makes an open Session. Raises Refusal 400 by the rules of reference/stripe.md 2, 5 and 6."""
    now = box.epoch()
    if not account.object["charges_enabled"]:
        raise Refusal("Your account cannot currently make live charges.", code="account_not_ready")
    total = _total(given)
    given = {**given, "expires_at": _expiry(given, now)}
    methods = _methods(account, given)
    _check_customer(box, account, given)
    _check_intent_data(box, account, given, methods, total)
    session_id = box.new_id("cs_test_a1", 56)
    url = f"{base_url}/c/pay/{session_id}"
    session = box.hold(account, paying_shapes.session(session_id, now, given, methods=methods, total=total, url=url))
    account.lines[session_id] = [
        paying_shapes.line_item(box.new_id("li_1"), box.new_id("price_1"), box.new_id("prod_", 14), now, line)
        for line in given["line_items"]
    ]
    account.hidden[session_id] = {"payment_intent_data": given.get("payment_intent_data", {})}
    box.state.homes[session_id] = account.id
    box.later(session["expires_at"], "expire", account.id, session_id)
    if box.switch("payment_intent_at_creation", False):
        payments.intent_of(box, account, session)
    return session


def _total(given: Thing) -> int:
    total, currency = 0, given["line_items"][0]["price_data"]["currency"]
    for place, line in enumerate(given["line_items"]):
        price, at = line["price_data"], f"line_items[{place}]"
        if price["currency"] != currency:
            raise Refusal("All line items must have the same currency.", param=f"{at}[price_data][currency]")
        if not re.fullmatch(r"[a-z]{3}", price["currency"]):
            raise Refusal(f"Invalid currency: {price['currency']}", param=f"{at}[price_data][currency]")
        if price["unit_amount"] < 0:
            raise Refusal(
                "This value must be greater than or equal to 0.",
                code="parameter_invalid_integer",
                param=f"{at}[price_data][unit_amount]",
            )
        if line["quantity"] < 1:
            raise Refusal("This value must be greater than or equal to 1.", param=f"{at}[quantity]")
        total += price["unit_amount"] * line["quantity"]
    if total < LEAST:
        raise Refusal(
            "The Checkout Session's total amount due must add up to at least $0.50 usd", code="amount_too_small"
        )
    if total > MOST:
        raise Refusal("The Checkout Session's total amount must be no more than $999,999.99", code="amount_too_large")
    return total


def _expiry(given: Thing, now: int) -> int:
    at = int(given.get("expires_at", now + LATEST))
    if at < now + SOONEST:
        raise Refusal(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if at > now + LATEST:
        raise Refusal(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return at


def _methods(account: Account, given: Thing) -> list[str]:
    """The firm's Dashboard decides what is eligible; the filter only takes away, silently (reference/stripe.md 2)."""
    eligible = ["card", "klarna", "cashapp", "link"]
    if account.ach_enabled and given["line_items"][0]["price_data"]["currency"] == "usd":
        eligible.insert(1, "us_bank_account")
    allowed = given.get("allowed_payment_method_types", eligible)
    excluded = given.get("excluded_payment_method_types", [])
    methods = [m for m in eligible if m in allowed and m not in excluded]
    if not methods:
        raise Refusal(
            "No valid payment method types for this Checkout Session. Please ensure that you have activated payment "
            "methods compatible with your chosen currency in your dashboard.",
            param="allowed_payment_method_types",
        )
    return methods


def _check_customer(box: Box, account: Account, given: Thing) -> None:
    if "customer" not in given:
        return
    if "customer_email" in given:
        raise Refusal("You may only specify one of these parameters: customer, customer_email.", param="customer")
    if "customer_creation" in given:
        raise Refusal("You may only specify one of these parameters: customer, customer_creation.", param="customer")
    box.find(account, "customer", given["customer"], "customer")


def _check_intent_data(box: Box, account: Account, given: Thing, methods: list[str], total: int) -> None:
    wanted = given.get("payment_intent_data", {})
    if "statement_descriptor" in wanted and "card" in methods:
        raise Refusal(
            "The `statement_descriptor` parameter is not supported for card payments. Use "
            "`statement_descriptor_suffix` instead.",
            param="payment_intent_data[statement_descriptor]",
        )
    suffix = wanted.get("statement_descriptor_suffix")
    if suffix and (re.search(r"[<>\\'\"*]", suffix) or not re.search(r"[A-Za-z]", suffix)):
        raise Refusal(
            "The statement descriptor suffix must hold a Latin letter and none of < > \\ ' \" *",
            param="payment_intent_data[statement_descriptor_suffix]",
        )
    fee = wanted.get("application_fee_amount")
    if fee is not None and account.id == box.platform_id:
        raise Refusal(
            "Can only apply an application_fee_amount when the request is made on a connected account.",
            param="payment_intent_data[application_fee_amount]",
        )
    if fee is not None and not 0 < fee <= total:
        raise Refusal("Invalid application fee amount.", param="payment_intent_data[application_fee_amount]")


def expire(box: Box, account: Account, session: Thing) -> Thing:
    """Ends an open Session. Raises Refusal 400 where it is complete or expired already."""
    if session["status"] != "open":
        raise Refusal(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
            f"of {session['status']}.",
            kept=True,
        )
    _close(box, account, session)
    return session


def _close(box: Box, account: Account, session: Thing) -> None:
    session |= {"status": "expired", "url": None}
    if session["payment_intent"]:
        intent = box.find(account, "payment_intent", session["payment_intent"])
        intent |= {"status": "canceled", "canceled_at": box.epoch(), "cancellation_reason": "automatic"}
        events.emit(box, account, "payment_intent.canceled", intent)
    events.emit(box, account, "checkout.session.expired", session)


def time_is_up(box: Box, account: Account, session: Thing) -> None:
    if session["status"] == "open":
        _close(box, account, session)


def by_id(box: Box, session_id: str) -> tuple[Account, Thing]:
    """The account and Session of a hosted page. Raises Refusal 404."""
    account = box.state.accounts[box.state.homes.get(session_id, box.platform_id)]
    return account, box.find(account, "checkout.session", session_id)


# --- paying, as the hosted page does it -------------------------------------------------------------------------------
def _open_for(session: Thing, method: str) -> None:
    if session["status"] != "open":
        raise Refusal(f"This Checkout Session is {session['status']}.", code="session_not_open")
    if method not in session["payment_method_types"]:
        raise Refusal(f"This Checkout Session does not take {method}.", code="method_not_offered")


def pay_by_card(box: Box, session_id: str, number: str, email: str | None) -> Thing:
    """Pays, or raises Refusal 402 ``card_declined`` and leaves the Session open. Returns the Session."""
    account, session = by_id(box, session_id)
    _open_for(session, "card")
    outcome = payments.CARDS.get(number)
    if outcome is None:
        raise Refusal("Your card number is incorrect.", status=402, kind="card_error", code="incorrect_number")
    email = session["customer_email"] or email
    if outcome in ("generic_decline", "insufficient_funds"):
        payments.decline_card(box, account, session, number, email)
        box.note("cards_declined")
        raise Refusal("Your card was declined.", status=402, kind="card_error", code="card_declined")
    _attach_customer(box, account, session, email)
    payments.charge_card(box, account, session, number, email)
    _complete(box, account, session, "paid", email)
    return session


def pay_by_bank(box: Box, session_id: str, bank: Thing, email: str | None) -> Thing:
    """Sends a bank debit on its way: the Session is complete and unpaid, which is not money. Returns the Session."""
    account, session = by_id(box, session_id)
    _open_for(session, "us_bank_account")
    email = session["customer_email"] or email
    _attach_customer(box, account, session, email)
    payments.start_debit(box, account, session, bank, email)
    _complete(box, account, session, "unpaid", email)
    return session


def bank(number: str, routing: str = "110000000", **override: Any) -> Thing:
    """What the debit of a test account number will do. Raises Refusal for numbers that are no test numbers."""
    if routing != "110000000" or number not in payments.BANKS:
        raise Refusal("You must use a test bank account number in a sandbox.", code="account_number_invalid")
    usual: Thing = {"after_days": None, "return_after_days": None, "outcome": payments.BANKS[number]}
    return {"routing": routing, "number": number, **usual, **override}


def _attach_customer(box: Box, account: Account, session: Thing, email: str | None) -> None:
    if session["customer"] is None and session["customer_creation"] == "always":
        made = shapes.customer(box.new_id("cus_", 14), box.epoch(), {"email": email})
        box.hold(account, made)
        session["customer"] = made["id"]
        events.emit(box, account, "customer.created", made)


def _complete(box: Box, account: Account, session: Thing, status: str, email: str | None) -> None:
    session |= {
        "status": "complete",
        "payment_status": status,
        "url": None,
        "customer_details": paying_shapes.customer_details(email, None),
    }
    events.emit(box, account, "checkout.session.completed", session)


def success_url(session: Thing) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def with_lines(account: Account, session: Thing) -> Thing:
    """A copy of the Session with its lines, as ``expand[]=line_items`` shows it."""
    lines = account.lines[session["id"]]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {
        **session,
        "line_items": shapes.a_list(url, [snapshot(line) for line in lines[:10]], has_more=len(lines) > 10),
    }
