"""``/outstanding_client_balances``: one computed row for each client with unpaid bills (reference/clio.md 6)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from . import books, filters
from .show import Teller, currency


def outstanding(firm: int, args: filters.Args, t: Teller) -> list[dict[str, Any]]:
    """Rows as the Teller renders them; filters by contact and by the newest due and last payment dates."""
    contact = filters.as_int("contact_id", args["contact_id"]) if "contact_id" in args else None
    held: dict[int, list[Any]] = {}
    sought = [
        filters.by_attorney(t, filters.as_int(name, args[name]))
        for name in ("responsible_attorney_id", "originating_attorney_id")
        if name in args
    ]
    for bill in t.state.of_firm("bills", firm):
        fits = all(by(bill) for by in sought)
        if fits and bill.state == "awaiting_payment" and bill.client_id and contact in (None, bill.client_id):
            held.setdefault(bill.client_id, []).append(bill)
    rows = [_row(t, client, bills) for client, bills in sorted(held.items())]
    for name, lower, upper in (
        ("last_payment_date", "last_paid_start_date", "last_paid_end_date"),
        ("newest_issued_bill_due_date", "newest_bill_due_start_date", "newest_bill_due_end_date"),
    ):
        if lower in args:
            rows = [r for r in rows if r[name] and r[name] >= filters.as_day(lower, args[lower])]
        if upper in args:
            rows = [r for r in rows if r[name] and r[name] <= filters.as_day(upper, args[upper])]
    return rows


def _row(t: Teller, client: int, bills: list[Any]) -> dict[str, Any]:
    contact = t.state.rows["contacts"][client]
    paid = [a.date for b in bills for a in t.state.children("allocations", b.id) if a.voided_at is None]
    told = {
        "id": client,
        "associated_matter_ids": sorted({m for b in bills for m in b.matters}),
        "total_outstanding_balance": sum(books.balance(b) for b in bills) / 100,
        "pending_payments_total": sum(b.pending for b in bills) / 100,
        "newest_issued_bill_due_date": max((b.due_at for b in bills if b.due_at), default=None),
        "last_payment_date": max(paid, default=None),
        "last_shared_date": None,
        "reminders_enabled": contact.reminders_enabled,
        "created_at": contact.created_at,
        "updated_at": max(b.updated_at for b in bills),
    }
    digest = hashlib.md5(json.dumps(told, default=str).encode(), usedforsecurity=False).hexdigest()
    nested = {"outstanding_bills": bills, "contact": contact, "currency": currency(t, contact)}
    return {**told, **nested, "etag": f'"{digest}"'}
