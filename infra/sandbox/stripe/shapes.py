"""Stripe's objects as its JSON shows them, made from the few facts that differ: accounts, customers, events, lists.
Times in epoch seconds. A test holds each against Stripe's example objects and the installed typed package.
"""

from __future__ import annotations

from typing import Any

from .state import Endpoint, Thing

NO_ADDRESS: Thing = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
NO_REQUIREMENTS: Thing = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}
TO_ONBOARD = ["business_profile.url", "external_account", "tos_acceptance.date", "tos_acceptance.ip"]


def a_list(url: str, things: list[Any], *, has_more: bool = False) -> Thing:
    return {"object": "list", "data": things, "has_more": has_more, "url": url}


def requirements(due: list[str]) -> Thing:
    reason = "requirements.past_due" if due else None
    return {**NO_REQUIREMENTS, "currently_due": list(due), "eventually_due": list(due), "disabled_reason": reason}


def bank_account(bank_id: str, account: str, *, last4: str, holder: str) -> Thing:
    return {
        "id": bank_id,
        "object": "bank_account",
        "account": account,
        "account_holder_name": holder,
        "account_holder_type": "company",
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": "US",
        "currency": "usd",
        "customer": None,
        "default_for_currency": True,
        "fingerprint": f"fp{last4}",
        "last4": last4,
        "metadata": {},
        "routing_number": "110000000",
        "status": "new",
    }


def account(
    account_id: str,
    created: int,
    *,
    name: str | None,
    email: str | None,
    controller: Thing,
    type: str,
    country: str = "US",
    ready: bool,
    capabilities: dict[str, str],
    metadata: dict[str, str] | None = None,
    profile: Thing | None = None,
) -> Thing:
    due = [] if ready else TO_ONBOARD
    return {
        "id": account_id,
        "object": "account",
        "business_profile": {
            **dict.fromkeys(("mcc", "product_description", "support_email", "support_phone", "support_url", "url")),
            "annual_revenue": None,
            "estimated_worker_count": None,
            "support_address": None,
            "name": name,
            **(profile or {}),
        },
        "business_type": "company" if ready else None,
        "capabilities": capabilities,
        "charges_enabled": ready,
        "controller": controller,
        "country": country,
        "created": created,
        "default_currency": "usd",
        "details_submitted": ready,
        "email": email,
        "external_accounts": a_list(f"/v1/accounts/{account_id}/external_accounts", []),
        "future_requirements": dict(NO_REQUIREMENTS),
        "metadata": metadata or {},
        "payouts_enabled": ready,
        "requirements": requirements(due),
        "settings": _settings(name),
        "tos_acceptance": {"date": created if ready else None, "ip": None, "user_agent": None},
        "type": type,
    }


def _settings(name: str | None) -> Thing:
    prefix = "".join(c for c in (name or "SANDBOX").upper() if c.isalnum() or c == " ")[:10].strip()
    return {
        "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": True},
            "statement_descriptor_prefix": prefix,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": name, "timezone": "America/New_York"},
        "payments": {
            "statement_descriptor": prefix,
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
        # True where Stripe collects requirements: a return may pull money out of the bank (reference/stripe.md 4).
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
    }


def account_link(created: int, expires_at: int, url: str) -> Thing:
    return {"object": "account_link", "created": created, "expires_at": expires_at, "url": url}


def customer(customer_id: str, created: int, given: Thing) -> Thing:
    return {
        "id": customer_id,
        "object": "customer",
        "address": {**NO_ADDRESS, **given["address"]} if given.get("address") else None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": given.get("description"),
        "discount": None,
        "email": given.get("email"),
        "invoice_prefix": customer_id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "name": given.get("name"),
        "next_invoice_sequence": 1,
        "phone": given.get("phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def event(event_id: str, created: int, *, type: str, version: str, data: Thing, account: str | None) -> Thing:
    made = {
        "id": event_id,
        "object": "event",
        "api_version": version,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
    }
    return {**made, "account": account} if account else made


def webhook_endpoint(made: Endpoint, created: int, version: str, given: Thing) -> Thing:
    return {
        "id": made.id,
        "object": "webhook_endpoint",
        "api_version": version,
        "application": None,
        "created": created,
        "description": given.get("description"),
        "enabled_events": made.enabled_events,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "secret": made.secret,
        "status": "enabled",
        "url": made.url,
    }
