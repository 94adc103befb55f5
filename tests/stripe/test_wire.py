"""Stripe's JSON to readings, in values (reference/stripe.md 4, 5, 7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.domain.wanted import SessionLine, WantedSession
from chalicelib.errors import Unreadable
from chalicelib.stripe import wire

AT = 1_772_467_200  # 2026-03-02 16:00 UTC


def a_wanted(**other: Any) -> WantedSession:
    wanted: dict[str, Any] = {
        "attempt": "att-1",
        "currency": "USD",
        "lines": (SessionLine("Invoice 1042", 40000),),
        "email": "",
        "description": "Firm",
        "success_url": "https://x/{CHECKOUT_SESSION_ID}",
        "cancel_url": "https://x",
        "expires_at": datetime.fromtimestamp(AT, UTC),
        "metadata": {"attempt": "att-1"},
    }
    return WantedSession(**{**wanted, **other})


def a_session(**other: Any) -> dict[str, Any]:
    row = {
        "id": "cs_1",
        "client_reference_id": "att-1",
        "status": "complete",
        "payment_status": "paid",
        "url": None,
        "expires_at": AT,
        "amount_total": 40000,
        "currency": "usd",
        "metadata": {"attempt": "att-1"},
        "payment_method_types": ["card"],
        "payment_intent": "pi_1",
    }
    return {**row, **other}


def an_intent(charge: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    return {"id": "pi_1", "status": "succeeded", "latest_charge": charge, "last_payment_error": None, **other}


def a_charge(**other: Any) -> dict[str, Any]:
    balance = {"fee": 1190, "created": AT, "available_on": AT + 86400}
    row = {"id": "ch_1", "status": "succeeded", "created": AT - 5, "balance_transaction": balance}
    return {**row, "payment_method_details": {"type": "card"}, **other}


def a_dispute(*moved: int) -> dict[str, Any]:
    return {"id": "du_1", "amount": 40000, "status": "x", "balance_transactions": [{"amount": m} for m in moved]}


def test_a_session_takes_cards_and_bank_debits_and_no_fee() -> None:
    params = wire.session_params(a_wanted())
    assert params["allowed_payment_method_types"] == ["card", "us_bank_account"]
    assert params["adaptive_pricing"] == {"enabled": False}
    assert params["metadata"] == params["payment_intent_data"]["metadata"]
    assert params["line_items"][0]["price_data"]["unit_amount"] == 40000
    assert params["expires_at"] == AT
    assert "customer_email" not in params
    assert "fee" not in str(params)


@pytest.mark.parametrize("count", [0, 101])
def test_a_session_has_one_to_a_hundred_lines(count: int) -> None:
    with pytest.raises(ValueError, match="lines"):
        wire.session_params(a_wanted(lines=(SessionLine("x", 1),) * count))


def test_paid_is_the_payment_status_and_nothing_else() -> None:
    assert wire.session(a_session()).paid
    assert not wire.session(a_session(payment_status="unpaid")).paid
    assert not wire.session(a_session(payment_status="no_payment_required")).paid


def test_money_details_come_from_the_charge_and_its_balance_transaction() -> None:
    read = wire.session(a_session(payment_intent=an_intent(a_charge())))
    assert (read.intent, read.charge, read.method, read.fee) == ("pi_1", "ch_1", "card", 1190)
    assert read.captured_at == datetime.fromtimestamp(AT, UTC)
    assert read.available_at == datetime.fromtimestamp(AT + 86400, UTC)


def test_a_charge_whose_balance_transaction_comes_later_has_no_fee_yet() -> None:
    read = wire.session(a_session(payment_intent=an_intent(a_charge(balance_transaction=None))))
    assert (read.fee, read.available_at) == (None, None)
    assert read.captured_at == datetime.fromtimestamp(AT - 5, UTC)


def test_a_debit_on_its_way_is_not_captured() -> None:
    charge = a_charge(status="pending", balance_transaction=None)
    assert wire.session(a_session(payment_intent=an_intent(charge, status="processing"))).captured_at is None


def test_a_failure_is_told_in_words() -> None:
    intent = an_intent(last_payment_error={"code": "card_declined", "message": "Your card was declined."})
    assert wire.session(a_session(payment_intent=intent)).failure == "Your card was declined."


@pytest.mark.parametrize(("moved", "withdrawn"), [((), False), ((-40000,), True), ((-40000, 40000), False)])
def test_a_dispute_has_withdrawn_what_its_balance_transactions_moved(moved: tuple[int, ...], withdrawn: bool) -> None:
    (dispute,) = wire.session(a_session(), disputes=[a_dispute(*moved)]).disputes
    assert dispute.withdrawn is withdrawn


@pytest.mark.parametrize("other", [{"id": None}, {"amount_total": None}, {"amount_total": 1.5}, {"expires_at": None}])
def test_a_session_that_cannot_be_understood_is_unreadable(other: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        wire.session(a_session(**other))


@pytest.mark.parametrize(
    ("type", "thing", "kind", "id"),
    [
        ("checkout.session.completed", {"id": "cs_1"}, "session", "cs_1"),
        ("payment_intent.succeeded", {"id": "pi_1"}, "intent", "pi_1"),
        ("charge.updated", {"id": "ch_1", "payment_intent": "pi_1"}, "intent", "pi_1"),
        ("charge.refunded", {"id": "ch_1", "payment_intent": {"id": "pi_1"}}, "intent", "pi_1"),
        ("refund.failed", {"id": "re_1", "payment_intent": "pi_1"}, "intent", "pi_1"),
        ("charge.dispute.closed", {"id": "du_1", "payment_intent": "pi_1"}, "intent", "pi_1"),
        ("charge.updated", {"id": "ch_1", "payment_intent": None}, "other", "ch_1"),
        ("account.updated", {"id": "acct_1"}, "account", "acct_1"),
        ("account.application.deauthorized", {"id": "ca_1"}, "account", "acct_1"),
        ("account.external_account.updated", {"id": "ba_1"}, "account", "acct_1"),
        ("payout.paid", {"id": "po_1"}, "other", "po_1"),
        ("something.new", {}, "other", ""),
    ],
)
def test_an_event_points_at_the_thing_to_look_at(type: str, thing: dict[str, Any], kind: str, id: str) -> None:
    event = {"id": "evt_1", "type": type, "account": "acct_1", "created": AT, "data": {"object": thing}}
    pointer = wire.pointer(event)
    assert (pointer.kind, pointer.object_id, pointer.account) == (kind, id, "acct_1")
    assert pointer.at == datetime.fromtimestamp(AT, UTC)


def test_a_listing_of_events_asks_for_no_more_types_than_stripe_takes() -> None:
    assert len(set(wire.EVENT_TYPES)) == len(wire.EVENT_TYPES) <= 20
