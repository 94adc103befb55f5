"""QuickBooks' webhook: raw bytes and a signature to pointers (reference/quickbooks.md 5).

CloudEvents (an array) and the legacy form (an object) are both understood; an event that names nothing is left out, for
a refusal would bring the whole batch again and hold back what comes after it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.raw import text
from chalicelib.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Pointer:
    """``entity`` in lower case (invoice, payment, customer ...); ``event``: CloudEvents' id, else empty."""

    realm: str
    entity: str
    id: str
    event: str = ""


def signed(raw: bytes, signature: str, verifier_token: str) -> bool:
    """Whether ``intuit-signature`` is the base64 HMAC-SHA256 of the raw body. Constant time."""
    expected = base64.b64encode(hmac.new(verifier_token.encode(), raw, hashlib.sha256).digest())
    return bool(verifier_token) and hmac.compare_digest(expected, signature.strip().encode())


def pointers(raw: bytes) -> list[Pointer]:
    """Where to look, in order, each once. Raises Unreadable when the body is no JSON."""
    try:
        told = json.loads(raw or b"[]")
    except ValueError as bad:
        raise Unreadable("webhook", "not JSON") from bad
    found = _cloud_events(told) if isinstance(told, list) else _legacy(told)
    return list(dict.fromkeys(p for p in found if p.realm and p.entity and p.id))


def _cloud_events(told: list[Any]) -> Iterator[Pointer]:
    for event in told:
        if isinstance(event, dict):
            parts = str(event.get("type", "")).split(".")
            entity = parts[1].lower() if len(parts) > 2 and parts[0] == "qbo" else ""
            yield Pointer(text(event, "intuitaccountid"), entity, text(event, "intuitentityid"), text(event, "id"))


def _legacy(told: Any) -> Iterator[Pointer]:
    for note in _dicts(told, "eventNotifications"):
        change = note.get("dataChangeEvent")
        for entity in _dicts(change, "entities"):
            realm, kind = text(note, "realmId"), text(entity, "name").lower()
            yield Pointer(realm, kind, text(entity, "id"))
            if entity.get("deletedId"):  # the customer that a merge swallowed
                yield Pointer(realm, kind, text(entity, "deletedId"))


def _dicts(held: Any, name: str) -> list[dict[str, Any]]:
    found = held.get(name) if isinstance(held, dict) else None
    return [d for d in found if isinstance(d, dict)] if isinstance(found, list) else []
