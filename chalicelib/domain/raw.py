"""One property of a neighbour's JSON object, read or refused. Which property it is, and what it means, stays in that
neighbour's folder; what only one of them writes (Stripe's whole cents and seconds, QuickBooks' flags) does too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from chalicelib.domain.money import cents_from
from chalicelib.errors import Unreadable

Raw = dict[str, Any]


def text(row: Raw, name: str) -> str:
    """Empty where it is not told."""
    raw = row.get(name)
    return "" if raw is None else str(raw)


def part(row: Raw, name: str) -> Raw:
    """An object inside; an empty one where none is told."""
    held = row.get(name)
    return held if isinstance(held, dict) else {}


def parts(row: Raw, name: str) -> list[Raw]:
    """The objects of a list inside; none where none is told."""
    held = row.get(name)
    return [p for p in held if isinstance(p, dict)] if isinstance(held, list) else []


def cents(row: Raw, name: str) -> int:
    """From an amount in units of the currency. Raises Unreadable where it is none, or not told."""
    return cents_from(row.get(name), name)


def cents_if_told(row: Raw, name: str) -> int:
    """Zero where it is not told. Raises Unreadable where it is no amount."""
    return 0 if row.get(name) is None else cents(row, name)


def day(row: Raw, name: str) -> date | None:
    """A local day; a date-time is cut to its day as written (reference/clio.md 9.8). None where it is not told.
    Raises Unreadable."""
    raw = row.get(name)
    if raw in (None, ""):
        return None
    try:
        return date.fromisoformat(str(raw)[:10])
    except ValueError as bad:
        raise Unreadable(name, raw, "A date must be year, month and day.") from bad


def instant(row: Raw, name: str) -> datetime:
    """UTC. Clio writes the user's offset, QuickBooks the company's; raises Unreadable for a time without one."""
    raw = row.get(name)
    try:
        at = datetime.fromisoformat(str(raw))
    except ValueError as bad:
        raise Unreadable(name, raw, "A time must be ISO 8601.") from bad
    if at.tzinfo is None:
        raise Unreadable(name, raw, "A time must carry its offset.")
    return at.astimezone(UTC)
