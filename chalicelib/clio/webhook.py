"""Clio's webhook: raw bytes and a signature to a pointer (reference/clio.md 8). The payload says only where to look."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass

from chalicelib.domain.matters import id_of
from chalicelib.domain.raw import Raw, part
from chalicelib.domain.readings import EventPointer
from chalicelib.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Pointer:
    """``webhook`` is the subscription's id: the body names no model, so the model is known by it or by the address.
    ``mark`` (etag) with the others makes a repeat recognizable. ``client``: whom a matter is of, where it says so."""

    webhook: str
    event: str
    id: str
    mark: str = ""
    client: str = ""


def signed(raw: bytes, signature: str, shared_secret: str) -> bool:
    """Whether ``X-Hook-Signature`` is the lower-case hex HMAC-SHA256 of the raw body. Constant time."""
    expected = hmac.new(shared_secret.encode(), raw, hashlib.sha256).hexdigest()
    return bool(shared_secret) and hmac.compare_digest(expected.encode(), signature.strip().encode())


def pointer(raw: bytes) -> Pointer:
    """Where to look. Raises Unreadable when the body names no record."""
    told = _object(raw)
    data, meta = part(told, "data"), part(told, "meta")
    if data.get("id") is None:
        raise Unreadable("webhook", sorted(told))
    return Pointer(
        webhook=str(meta.get("webhook_id", "")),
        event=str(meta.get("event", "")),
        id=str(data["id"]),
        mark=str(data.get("etag", "")),
        client=str(part(data, "client").get("id") or ""),
    )


def pointers(raw: bytes, account: str, kind: str) -> list[EventPointer]:
    """Where to look. ``account``, ``kind``: the subscription's. A matter points at its client too, to whom nothing
    happened, and is named with it. Raises Unreadable."""
    told = pointer(raw)
    names = {kind: told.id}
    if kind == "matter":
        names = {"contact": told.client, "matter": id_of(told.client, told.id)}
    said = {kind: told.event}
    return [EventPointer(told.webhook, account, said.get(of, "updated"), of, name) for of, name in names.items()]


def _object(raw: bytes) -> Raw:
    try:
        told = json.loads(raw or b"{}")
    except ValueError as bad:
        raise Unreadable("webhook", "not JSON") from bad
    return told if isinstance(told, dict) else {}
