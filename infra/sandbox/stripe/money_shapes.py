"""The objects of money that moved: balance transaction, refund, dispute, payout. Money in integer cents, times in epoch
seconds. A test holds each against Stripe's example objects and the installed typed package.
"""

from __future__ import annotations

from .kinds import words
from .state import Thing


def fee_line(amount: int, kind: str = "stripe_fee", application: str | None = None) -> Thing:
    return {
        "amount": amount,
        "application": application,
        "currency": "usd",
        "description": "Stripe processing fees" if kind == "stripe_fee" else "Application fee",
        "type": kind,
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
