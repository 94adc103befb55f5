"""Clio's JSON of a credit memo to our reading of it. Pure; no HTTP. Source: reference/clio.md 6."""

from __future__ import annotations

from chalicelib.clio import wire
from chalicelib.domain.notes import CreditReading
from chalicelib.domain.raw import Raw
from chalicelib.errors import Unreadable

CREDIT = "id,etag,date,amount,description,voided_at,updated_at,contact{id,name},allocations{id,amount,date,voided_at}"
CREDIT_LEAST = "id,etag,date,amount,voided_at,contact{id,name},allocations{id}"


def credit(row: Raw) -> CreditReading:
    """A credit memo. Its bills are told by its allocations, which are read by their ids."""
    told = wire.receipt({**row, "parent": {"id": row.get("id"), "type": "CreditMemo"}})
    allocations = row.get("allocations") or ()
    if not all(isinstance(a, dict) and a.get("id") for a in allocations):
        raise Unreadable("allocations", "one without an id")
    return CreditReading(
        id=told.id,
        etag=str(row.get("etag") or ""),
        on=told.on,
        cents=told.cents,
        voided=told.voided,
        text=told.text,
        client_id=told.contact_id,
        receipts=tuple(str(a["id"]) for a in allocations),
    )
