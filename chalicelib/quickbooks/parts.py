"""The smallest pieces of QuickBooks' JSON: one property of one object, read or refused. Pure; no HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from chalicelib.domain.raw import Raw, instant, part
from chalicelib.errors import Unreadable

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def object_of(content: bytes) -> Raw | None:
    """An answer's object, its numbers as Decimal or int; None where it is none."""
    try:
        told = _DECODER.decode(content)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def id_of(row: Raw) -> str:
    raw = row.get("Id")
    if not isinstance(raw, str) or not raw:
        raise Unreadable("Id", raw, "QuickBooks showed an object without an id.")
    return raw


def flag(row: Raw, name: str) -> bool | None:
    raw = row.get(name)
    if isinstance(raw, str):
        raw = {"true": True, "false": False}.get(raw.lower())
    return raw if isinstance(raw, bool) else None


def updated(row: Raw) -> datetime | None:
    meta = part(row, "MetaData")
    return instant(meta, "LastUpdatedTime") if meta.get("LastUpdatedTime") else None
