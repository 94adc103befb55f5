"""Days as people write them, on pages, in mails and in sentences. Never in what code compares, or a neighbour or a
spreadsheet reads: that is ``isoformat``. Pure."""

from __future__ import annotations

from datetime import date

DAY_FIRST = ("GBP", "EUR", "AUD")  # dates as people of the firm's country write them, which its currency tells


def day(on: date | None, currency: str) -> str:
    """``Nov 2, 2026``, or ``2 Nov 2026`` where people write the day first; ``—`` for none. The month is a word: never
    ambiguous. ``currency``: the firm's, or that of the money spoken of."""
    return "—" if on is None else _ordered(on, f"{on:%b}", currency)


def in_full(on: date, currency: str) -> str:
    """The same with the month's whole name, as letters have it: ``November 2, 2026``."""
    return _ordered(on, f"{on:%B}", currency)


def _ordered(on: date, month: str, currency: str) -> str:
    return f"{on.day} {month} {on.year}" if currency in DAY_FIRST else f"{month} {on.day}, {on.year}"
