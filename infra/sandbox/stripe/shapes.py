"""Stripe's objects as its JSON shows them, made from the few facts that differ. Money in integer cents, times in
epoch seconds. A test holds each against Stripe's example objects and against the installed typed package.
"""

from __future__ import annotations

from typing import Any

from .kinds import words
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


def line_item(line_id: str, price_id: str, product_id: str, created: int, given: Thing) -> Thing:
    price, quantity = given["price_data"], given["quantity"]
    total = price["unit_amount"] * quantity
    return {
        "id": line_id,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": price["product_data"]["name"],
        "metadata": given.get("metadata", {}),
        "price": {
            "id": price_id,
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": created,
            "currency": price["currency"],
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": product_id,
            "recurring": None,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
    }


def session(session_id: str, created: int, given: Thing, *, methods: list[str], total: int, url: str) -> Thing:
    text = given.get("custom_text", {})
    return {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": given.get("adaptive_pricing", {}).get("enabled", True)},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": given.get("billing_address_collection"),
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": created,
        "currency": given["line_items"][0]["price_data"]["currency"],
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": text.get("after_submit"),
            "shipping_address": None,
            "submit": text.get("submit"),
            "terms_of_service_acceptance": None,
        },
        "customer": given.get("customer"),
        "customer_account": None,
        "customer_creation": None if given.get("customer") else given.get("customer_creation", "if_required"),
        "customer_details": _details(given.get("customer_email"), None) if given.get("customer_email") else None,
        "customer_email": given.get("customer_email"),
        "discounts": [],
        "expires_at": given["expires_at"],
        "integration_identifier": None,
        "invoice": None,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                **dict.fromkeys(
                    ("account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options")
                ),
                "metadata": {},
            },
        },
        "livemode": False,
        "locale": given.get("locale"),
        "metadata": given.get("metadata", {}),
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": {"id": "pmc_sandbox", "parent": None},
        "payment_method_options": given.get("payment_method_options", {}),
        "payment_method_types": methods,
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "redirect_on_completion": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": given.get("submit_type"),
        "subscription": None,
        "success_url": given["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": url,
        "wallet_options": given.get("wallet_options"),
    }


def _details(email: str | None, name: str | None) -> Thing:
    return {
        "address": dict(NO_ADDRESS),
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def customer_details(email: str | None, name: str | None) -> Thing:
    return _details(email, name)


def payment_intent(intent_id: str, created: int, checkout: Thing, given: Thing) -> Thing:
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": checkout["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": given.get("application_fee_amount"),
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": created,
        "currency": checkout["currency"],
        "customer": checkout["customer"],
        "customer_account": None,
        "description": given.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": dict(given.get("metadata", {})),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": {"id": "pmc_sandbox", "parent": None},
        "payment_method_options": dict(checkout["payment_method_options"]),
        "payment_method_types": list(checkout["payment_method_types"]),
        "processing": None,
        "receipt_email": given.get("receipt_email"),
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": given.get("statement_descriptor"),
        "statement_descriptor_suffix": given.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def card_details(number: str) -> Thing:
    return {
        "type": "card",
        "card": {
            "amount_authorized": None,
            "authorization_code": None,
            "brand": "mastercard" if number.startswith("5") else "visa",
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": "card" + number[-4:],
            "funding": "credit",
            "installments": None,
            "last4": number[-4:],
            "mandate": None,
            "network": "mastercard" if number.startswith("5") else "visa",
            "network_transaction_id": None,
            "three_d_secure": None,
            "wallet": None,
        },
    }


def bank_details(routing: str, number: str) -> Thing:
    return {
        "type": "us_bank_account",
        "us_bank_account": {
            "account_holder_type": "company",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "fingerprint": "bank" + number[-4:],
            "last4": number[-4:],
            "mandate": "mandate_sandbox" + number[-4:],
            "payment_reference": None,
            "routing_number": routing,
        },
    }


def charge(charge_id: str, created: int, intent: Thing, *, method: Thing, email: str | None, prefix: str) -> Thing:
    suffix = intent["statement_descriptor_suffix"]
    return {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": {
            "address": dict(NO_ADDRESS),
            "email": email,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": f"{prefix}* {suffix}" if suffix else prefix,
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": method,
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": suffix,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }


def outcome(*, ok: bool, declined: str | None = None) -> Thing:
    return {
        "advice_code": "try_again_later" if declined == "insufficient_funds" else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if ok else "declined_by_network",
        "reason": declined,
        "seller_message": "Payment complete." if ok else "The bank did not return any further details.",
        "type": "authorized" if ok else "issuer_declined",
    }


def balance_transaction(
    transaction_id: str,
    created: int,
    *,
    type: str,
    category: str,
    amount: int,
    fees: list[Thing],
    source: str | None,
    available_on: int,
    description: str | None,
) -> Thing:
    fee = sum(line["amount"] for line in fees)
    return {
        "id": transaction_id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": created,
        "currency": "usd",
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees,
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "pending",
        "type": type,
    }


def fee_line(amount: int, kind: str = "stripe_fee", application: str | None = None) -> Thing:
    return {
        "amount": amount,
        "application": application,
        "currency": "usd",
        "description": "Stripe processing fees" if kind == "stripe_fee" else "Application fee",
        "type": kind,
    }


def refund(refund_id: str, created: int, paid: Thing, *, amount: int, reason: str | None, labels: Thing) -> Thing:
    kind = paid["payment_method_details"]["type"]
    detail = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": paid["id"],
        "created": created,
        "currency": paid["currency"],
        "customer": paid["customer"],
        "customer_account": None,
        "destination_details": {kind: detail if kind == "card" else {}, "type": kind},
        "failure_balance_transaction": None,
        "metadata": labels,
        "payment_intent": paid["payment_intent"],
        "payment_method": paid["payment_method"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


EVIDENCE = words(
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)


def dispute(dispute_id: str, created: int, paid: Thing, *, amount: int, reason: str, status: str) -> Thing:
    kind = paid["payment_method_details"]["type"]
    card = {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"}
    final = status == "lost"
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": paid["id"],
        "created": created,
        "currency": paid["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": None if final else created + 14 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": status.startswith("warning"),
        "livemode": False,
        "metadata": {},
        "payment_intent": paid["payment_intent"],
        "payment_method_details": {"type": kind, kind: card if kind == "card" else {}},
        "reason": reason,
        "status": status,
    }


def payout(payout_id: str, created: int, *, amount: int, destination: str, arrival: int) -> Thing:
    return {
        "id": payout_id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": True,
        "balance_transaction": None,
        "created": created,
        "currency": "usd",
        "description": "STRIPE PAYOUT",
        "destination": destination,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
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
