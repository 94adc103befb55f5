"""What Checkout and refunds refuse: one row for each strict rule of the Stripe sandbox, over raw HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.stripe_caller import (
    DAY,
    FIRM,
    HALF_HOUR,
    Caller,
    a_line,
    a_session,
)
from tests.sandbox.stripe_rules import (
    MISSING,
    NO_INTEGER,
    NO_SUCH,
    TOO_LONG,
    Act,
    Rule,
    check,
    plain,
    sessions,
)


def intent_data(**data: Any) -> Act:
    return sessions(payment_intent_data=data)


def ends_in(seconds: int) -> Act:
    return lambda c: c.post("/v1/checkout/sessions", a_session(expires_at=c.now + seconds))


def refund_of(paid: Callable[[Caller], dict[str, Any]], **change: Any) -> Act:
    def act(caller: Caller) -> requests.Response:
        return caller.post("/v1/refunds", {"payment_intent": paid(caller)["payment_intent"], **change})

    return act


def refunded(caller: Caller) -> dict[str, Any]:
    session = caller.paid(1000)
    caller.people.refund(session["payment_intent"])
    return session


def disputed(caller: Caller) -> dict[str, Any]:
    session = caller.paid(1000)
    caller.people.open_dispute(session["payment_intent"])
    return session


def expire(paid: Callable[[Caller], dict[str, Any]]) -> Act:
    return lambda c: c.post(f"/v1/checkout/sessions/{paid(c)['id']}/expire")


def expired(caller: Caller) -> dict[str, Any]:
    session = caller.session()
    caller.post(f"/v1/checkout/sessions/{session['id']}/expire")
    return session


def cancel(caller: Caller) -> requests.Response:
    return caller.post(f"/v1/payment_intents/{caller.paid()['payment_intent']}/cancel")


def stopped(caller: Caller) -> requests.Response:
    caller.people.set_ready(FIRM, False)
    return caller.post("/v1/checkout/sessions", a_session())


def no_ach(caller: Caller) -> requests.Response:
    caller.people.set_ach(FIRM, False)
    return caller.post("/v1/checkout/sessions", a_session(allowed_payment_method_types=["us_bank_account"]))


RULES = [
    # 5: Checkout Sessions
    Rule("5 a Session needs a mode", sessions(mode=None), 400, MISSING, "mode"),
    Rule("5 mode is payment", sessions(mode="purchase"), 400, None, "mode"),
    Rule("5 a Session needs lines", sessions(line_items=None), 400, MISSING, "line_items"),
    Rule("5 a hosted Session needs success_url", sessions(success_url=None), 400, MISSING, "success_url"),
    Rule("5 success_url is an address", sessions(success_url="/done"), 400, "url_invalid", "success_url"),
    Rule("5 cancel_url is an address", sessions(cancel_url="back"), 400, "url_invalid", "cancel_url"),
    Rule("5 at most 100 lines", sessions(line_items=[a_line(100)] * 101), 400, None, "line_items"),
    Rule(
        "5 a line needs a quantity",
        sessions(line_items=[{"price_data": a_line()["price_data"]}]),
        400,
        MISSING,
        "line_items[0][quantity]",
    ),
    Rule(
        "5 a quantity of at least one", sessions(line_items=[a_line(quantity=0)]), 400, None, "line_items[0][quantity]"
    ),
    Rule(
        "5 an amount is whole cents",
        sessions(line_items=[a_line(cents="12.50")]),
        400,
        NO_INTEGER,
        "line_items[0][price_data][unit_amount]",
    ),
    Rule(
        "5 no negative line",
        sessions(line_items=[a_line(-5), a_line(500)]),
        400,
        NO_INTEGER,
        "line_items[0][price_data][unit_amount]",
    ),
    Rule(
        "5 a line has a name",
        sessions(line_items=[a_line(name="")]),
        400,
        "parameter_invalid_empty",
        "line_items[0][price_data][product_data][name]",
    ),
    Rule(
        "5 one currency",
        sessions(line_items=[a_line(), {"price_data": {**a_line()["price_data"], "currency": "cad"}, "quantity": 1}]),
        400,
        None,
        "line_items[1][price_data][currency]",
    ),
    Rule("6 at least 50 cents", sessions(cents=49), 400, "amount_too_small"),
    Rule("6 at most 99,999,999 cents", sessions(cents=100_000_000), 400, "amount_too_large"),
    Rule("5 ends in no less than 30 minutes", ends_in(HALF_HOUR - 1), 400, None, "expires_at"),
    Rule("5 ends in no more than 24 hours", ends_in(DAY + 1), 400, None, "expires_at"),
    Rule(
        "5 unknown method in the filter",
        sessions(allowed_payment_method_types=["cheque"]),
        400,
        None,
        "allowed_payment_method_types[0]",
    ),
    Rule("2 nothing left after the filter", no_ach, 400, None, "allowed_payment_method_types"),
    Rule("5 submit_type is one of a list", sessions(submit_type="settle"), 400, None, "submit_type"),
    Rule(
        "5 customer or customer_email",
        sessions(customer="cus_1", customer_email="a@example.com"),
        400,
        None,
        "customer",
    ),
    Rule("5 a customer of this account", sessions(customer="cus_1"), 404, NO_SUCH, "customer"),
    Rule("5 an e-mail address", sessions(customer_email="ada at example"), 400, "email_invalid", "customer_email"),
    Rule(
        "5 statement_descriptor errors for cards",
        intent_data(statement_descriptor="HARTWELL"),
        400,
        None,
        "payment_intent_data[statement_descriptor]",
    ),
    Rule(
        "5 a suffix without < > \\ ' \" *",
        intent_data(statement_descriptor_suffix="INV*1"),
        400,
        None,
        "payment_intent_data[statement_descriptor_suffix]",
    ),
    Rule(
        "5 a suffix of at most 22 characters",
        intent_data(statement_descriptor_suffix="X" * 23),
        400,
        TOO_LONG,
        "payment_intent_data[statement_descriptor_suffix]",
    ),
    Rule(
        "5 a fee is at most the total",
        intent_data(application_fee_amount=12_346),
        400,
        None,
        "payment_intent_data[application_fee_amount]",
    ),
    Rule(
        "5 target_date is not used",
        sessions(payment_method_options={"us_bank_account": {"target_date": "2026-04-01"}}),
        400,
        "sandbox_not_modelled",
        "payment_method_options[us_bank_account][target_date]",
    ),
    Rule(
        "5 verification_method is automatic or instant",
        sessions(payment_method_options={"us_bank_account": {"verification_method": "microdeposits"}}),
        400,
        None,
        "payment_method_options[us_bank_account][verification_method]",
    ),
    Rule("5 expire only while open: complete", expire(lambda c: c.paid()), 400),
    Rule("5 expire only while open: expired", expire(expired), 400),
    Rule("5 a Session's PaymentIntent is not cancelled", cancel, 400, "payment_intent_unexpected_state"),
    Rule("4 an account that may not charge", stopped, 400, "account_not_ready"),
    Rule("5 no such Session", plain("GET", "/v1/checkout/sessions/cs_test_none"), 404, NO_SUCH, "id"),
    # 9: refunds
    Rule("9 more than was paid", refund_of(lambda c: c.paid(1000), amount=1001), 400, None, "amount"),
    Rule("9 nothing is left", refund_of(refunded), 400, "charge_already_refunded"),
    Rule("9 an amount above zero", refund_of(lambda c: c.paid(1000), amount=0), 400, NO_INTEGER, "amount"),
    Rule("9 a reason of the list", refund_of(lambda c: c.paid(1000), reason="sorry"), 400, None, "reason"),
    Rule("9 a refund names its payment", plain("POST", "/v1/refunds", {"amount": 100}), 400),
    Rule(
        "9 no such payment", plain("POST", "/v1/refunds", {"payment_intent": "pi_none"}), 404, NO_SUCH, "payment_intent"
    ),
    Rule("8 a debit on its way", refund_of(lambda c: c.debited(), amount=100), 400),
    Rule("9 a charge taken back", refund_of(disputed), 400, "charge_disputed"),
]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_is_refused(rule: Rule) -> None:
    check(rule)
