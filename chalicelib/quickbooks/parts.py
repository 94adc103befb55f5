"""The smallest pieces of QuickBooks' JSON: one property of one object, read or refused. Pure; no HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from chalicelib.domain.money import cents_from
from chalicelib.domain.readings import Raw
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


def text(row: Raw, name: str) -> str:
    raw = row.get(name)
    return "" if raw is None else str(raw)


def part(row: Raw, name: str) -> Raw:
    held = row.get(name)
    return held if isinstance(held, dict) else {}


def parts(row: Raw, name: str) -> list[Raw]:
    held = row.get(name)
    return [p for p in held if isinstance(p, dict)] if isinstance(held, list) else []


def cents(row: Raw, name: str) -> int:
    return cents_from(row.get(name), name)


def cents_or_none(row: Raw, name: str) -> int:
    """Nothing where it is not told."""
    return 0 if row.get(name) is None else cents(row, name)


def flag(row: Raw, name: str) -> bool | None:
    raw = row.get(name)
    if isinstance(raw, str):
        raw = {"true": True, "false": False}.get(raw.lower())
    return raw if isinstance(raw, bool) else None


def day(row: Raw, name: str) -> date | None:
    raw = row.get(name)
    if raw in (None, ""):
        return None
    try:
        return date.fromisoformat(str(raw)[:10])
    except ValueError as bad:
        raise Unreadable(name, raw) from bad


def updated(row: Raw) -> datetime | None:
    meta = part(row, "MetaData")
    return instant(meta, "LastUpdatedTime") if meta.get("LastUpdatedTime") else None


def instant(row: Raw, name: str) -> datetime:
    """UTC; QuickBooks writes the company's offset."""
    raw = row.get(name)
    try:
        at = datetime.fromisoformat(str(raw))
    except ValueError as bad:
        raise Unreadable(name, raw) from bad
    if at.tzinfo is None:
        raise Unreadable(name, raw)
    return at.astimezone(UTC)
