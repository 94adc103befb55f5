"""Money: integer cents, and the currency beside them. No float ever touches an amount."""

from __future__ import annotations

import re
from decimal import Decimal

from chalicelib.errors import Refused, Unreadable

CENT = Decimal("0.01")
NEARLY = Decimal("0.000001")  # design section 8: an amount this near a cent is that cent
LARGEST_CENTS = 10**13  # a hundred billion dollars: beyond it, something is broken
NUMBER = re.compile(
    r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII
)  # as JSON writes them; never 1_000 or other digits
TYPED = re.compile(r"(-?)\s*\$?\s*(-?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2})?", re.ASCII)


def cents_from(raw: object, what: str = "amount") -> int:
    """Cents from a neighbour's number (Decimal, int or text, in units of the currency).

    Raises Unreadable for anything that is not within 0.000001 of a whole cent (design section 8), for floats, which
    must not have been made, and for amounts that no firm has.
    """
    if isinstance(raw, bool) or not isinstance(raw, Decimal | int | str):
        raise Unreadable(what, raw, "an amount must be a number")
    if isinstance(raw, str) and not NUMBER.fullmatch(raw.strip()):
        raise Unreadable(what, raw, "an amount must be a number")
    amount = Decimal(raw)
    if not amount.is_finite() or abs(amount) > LARGEST_CENTS:
        raise Unreadable(what, raw, "an amount must be a finite number")
    nearest = amount.quantize(CENT)
    if abs(amount - nearest) > NEARLY:
        raise Unreadable(what, raw, "Correct it to whole cents, then press Retry.")
    return int(nearest * 100)


def decimal_of(cents: int) -> Decimal:
    """The amount in units of the currency, with two places: 1050 -> Decimal('10.50')."""
    return (Decimal(cents) / 100).quantize(CENT)


SIGNS = {"USD": "$", "CAD": "CA$", "GBP": "£", "EUR": "€", "AUD": "A$"}


def show(cents: int, currency: str = "USD") -> str:
    """As a person reads it: ``$1,234.50``; an unknown currency stands behind the number."""
    sign = "−" if cents < 0 else ""
    number = f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    return f"{sign}{SIGNS[currency]}{number}" if currency in SIGNS else f"{sign}{number} {currency}"


def parse(text: str) -> int:
    """Cents from what a person typed: ``1,234.50``, ``$12``, ``12.5``. Raises Refused with what to type instead.

    A comma only parts thousands: ``12,50`` may be meant as 12.50 and is not guessed at.
    """
    typed = TYPED.fullmatch(text.strip())
    if typed is None or (typed[1] and typed[2]):
        raise Refused("Type the amount as dollars and cents, for example 1,234.50.")
    number = f"{typed[3].replace(',', '')}{typed[4] or ''}"
    try:
        cents = cents_from(number)
    except Unreadable as bad:
        raise Refused("No amount is as large as this. Type it as dollars and cents, for example 1,234.50.") from bad
    return -cents if typed[1] or typed[2] else cents
