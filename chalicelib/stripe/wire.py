"""Stripe's JSON to our readings, and what we want to its parameters. Pure; amounts are integer cents there too.

Rows are plain dicts (``StripeObject.to_dict()``). Sources: reference/stripe.md 4, 5, 7, 9.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.kernel import Json
from chalicelib.domain.raw import Raw
from chalicelib.domain.raw import part as _part
from chalicelib.domain.raw import text as _text
from chalicelib.domain.readings import Disputed, EventPointer, Refunded, SessionReading, StripeAccount
from chalicelib.domain.wanted import SessionLine, WantedSession
from chalicelib.errors import Unreadable

METHODS = ["card", "us_bank_account"]  # a filter over what the account has switched on; keeps the others out (5)
SESSION_LINES = 100  # 5

# What we follow (7): at most 20 names in one listing (6).
EVENT_TYPES = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.updated",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "account.updated",
    "account.external_account.updated",
    "account.application.deauthorized",
]


# --- what we want ---------------------------------------------------------------------------------------------------


def session_params(wanted: WantedSession) -> Json:
    """The parameters of a Checkout Session (5), without anything that takes a fee or converts the currency."""
    if not 0 < len(wanted.lines) <= SESSION_LINES:
        raise ValueError(f"a session has 1 to {SESSION_LINES} lines")
    params: Json = {
        "mode": "payment",
        "line_items": [_line(line, wanted.currency) for line in wanted.lines],
        "allowed_payment_method_types": METHODS,
        "adaptive_pricing": {"enabled": False},
        "submit_type": "pay",
        "client_reference_id": wanted.attempt,
        "metadata": dict(wanted.metadata),
        # Session metadata is not copied to the payment intent (5).
        "payment_intent_data": {"description": wanted.description, "metadata": dict(wanted.metadata)},
        "expires_at": int(wanted.expires_at.timestamp()),
        "success_url": wanted.success_url,
        "cancel_url": wanted.cancel_url,
    }
    if wanted.email:
        params["customer_email"] = wanted.email
    return params


def _line(line: SessionLine, currency: str) -> Json:
    price = {"currency": currency.lower(), "unit_amount": line.cents, "product_data": {"name": line.name}}
    return {"price_data": price, "quantity": 1}


def trust_account_params(firm: str, name: str, email: str) -> Json:
    """An account whose fees the platform pays, so that trust money arrives whole (4). Fees payer can only be set at
    creation (3). Losses and requirements stay with Stripe, and the firm has its full Dashboard."""
    return {
        "controller": {
            "fees": {"payer": "application"},
            "losses": {"payments": "stripe"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": "full"},
        },
        "capabilities": {
            "card_payments": {"requested": True},
            "transfers": {"requested": True},
            "us_bank_account_ach_payments": {"requested": True},
        },
        "country": "US",
        "email": email,
        "business_profile": {"name": name},
        "metadata": {"firm": firm, "pot": "trust"},
    }


# --- sessions -------------------------------------------------------------------------------------------------------


def session(row: Raw, refunds: Iterable[Raw] = (), disputes: Iterable[Raw] = ()) -> SessionReading:
    """A session with whatever of its payment intent, charge and balance transaction is expanded in ``row``."""
    intent = _part(row, "payment_intent")
    charge = _part(intent, "latest_charge")
    balance = _part(charge, "balance_transaction")
    settled = charge.get("status") == "succeeded"
    return SessionReading(
        id=_id(row),
        attempt=_text(row, "client_reference_id"),
        status=_text(row, "status"),
        paid=row.get("payment_status") == "paid",
        url=_text(row, "url"),
        expires_at=_required_instant(row, "expires_at"),
        total=_cents(row, "amount_total"),
        currency=_text(row, "currency").upper(),
        metadata={str(k): str(v) for k, v in _part(row, "metadata").items()},
        methods=tuple(str(m) for m in row.get("payment_method_types") or ()),
        intent=_id_of(row.get("payment_intent")),
        intent_status=_text(intent, "status"),
        charge=_id_of(intent.get("latest_charge")),
        method=_text(_part(charge, "payment_method_details"), "type"),
        captured_at=(_instant(balance, "created") or _instant(charge, "created")) if settled else None,
        fee=balance["fee"] if isinstance(balance.get("fee"), int) else None,
        available_at=_instant(balance, "available_on"),
        failure=_failure(intent, charge),
        refunds=tuple(_refund(refund) for refund in refunds),
        disputes=tuple(_dispute(dispute) for dispute in disputes),
    )


def _failure(intent: Raw, charge: Raw) -> str:
    """Why the last try failed, in Stripe's words for people; empty when it did not."""
    error = _part(intent, "last_payment_error")
    told = _text(error, "message") or _text(error, "code")
    return told or _text(charge, "failure_message")


def _refund(row: Raw) -> Refunded:
    return Refunded(id=_id(row), cents=_cents(row, "amount"), status=_text(row, "status"))


def _dispute(row: Raw) -> Disputed:
    """Withdrawn as long as what its balance transactions moved is below zero: a reinstatement adds it back (7)."""
    moved = sum(_cents(t, "amount") for t in row.get("balance_transactions") or () if isinstance(t, dict))
    return Disputed(id=_id(row), cents=_cents(row, "amount"), status=_text(row, "status"), withdrawn=moved < 0)


# --- accounts and events --------------------------------------------------------------------------------------------


def account(row: Raw, *, livemode: bool) -> StripeAccount:
    """``livemode`` is the key's: an account object does not carry it. The bank is the default payout account."""
    settings, profile = _part(row, "settings"), _part(row, "business_profile")
    payer = _text(_part(_part(row, "controller"), "fees"), "payer")
    debits = _part(settings, "payouts").get("debit_negative_balances")
    return StripeAccount(
        id=_id(row),
        name=_text(_part(settings, "dashboard"), "display_name") or _text(profile, "name"),
        email=_text(row, "email"),
        bank_last4=_bank_last4(row),
        charges_enabled=row.get("charges_enabled") is True,
        fees_paid_by_platform=payer.startswith("application"),
        livemode=livemode,
        debits_negative_balance=debits if isinstance(debits, bool) else None,
    )


def _bank_last4(row: Raw) -> str:
    banks = [b for b in _part(row, "external_accounts").get("data") or () if isinstance(b, dict)]
    first = next((b for b in banks if b.get("default_for_currency")), banks[0] if banks else {})
    return _text(first, "last4")


def pointer(event: Raw) -> EventPointer:
    """Where an event tells us to look; its snapshot is not believed (7). Without an id it is Unreadable.

    Refunds, charges and disputes point at their payment intent. Everything of ``account.*`` and ``capability.*`` points
    at the account (a deauthorization's object is the application, the account stands on the event).
    """
    type, thing = _text(event, "type"), _part(_part(event, "data"), "object")
    owner = _text(event, "account")
    kind, id = _place(type, thing, owner)
    return EventPointer(id=_id(event), account=owner, type=type, kind=kind, object_id=id, at=_instant(event, "created"))


def _place(type: str, thing: Raw, owner: str) -> tuple[str, str]:
    if type.startswith("checkout.session."):
        return "session", _text(thing, "id")
    if type.startswith("payment_intent."):
        return "intent", _text(thing, "id")
    if type.startswith(("charge.", "refund.")) and thing.get("payment_intent"):
        return "intent", _id_of(thing["payment_intent"])
    if type.startswith(("account.", "capability.")):
        return "account", owner or _text(thing, "id")
    return "other", _text(thing, "id")


def intent_of(row: Raw) -> str:
    """The payment intent of a refund or dispute; empty for one of a charge without (8)."""
    return _id_of(row.get("payment_intent"))


# --- the smallest pieces --------------------------------------------------------------------------------------------


def _id(row: Raw) -> str:
    raw = row.get("id")
    if not isinstance(raw, str) or not raw:
        raise Unreadable("id", raw, "Stripe showed an object without an id.")
    return raw


def _id_of(held: Any) -> str:
    """The id of a thing that may be expanded or not."""
    return _text(held, "id") if isinstance(held, dict) else str(held or "")


def _cents(row: Raw, name: str) -> int:
    raw = row.get(name)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Unreadable(name, raw, "An amount must be whole cents.")
    return raw


def _instant(row: Raw, name: str) -> datetime | None:
    raw = row.get(name)
    return datetime.fromtimestamp(raw, UTC) if isinstance(raw, int) and not isinstance(raw, bool) else None


def _required_instant(row: Raw, name: str) -> datetime:
    at = _instant(row, name)
    if at is None:
        raise Unreadable(name, row.get(name), "A time must be whole seconds.")
    return at
