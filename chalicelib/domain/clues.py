"""What may lie behind a difference between the adjusted bank statement and the trust journal: what a bookkeeper would
look for first. It proves nothing and changes nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.carrying import Answer, Offered, Side
from chalicelib.domain.money import show
from chalicelib.domain.statement import Outstanding, Statement

AT_MOST = 3


def clues(state: Statement, offered: Offered, journal: int, currency: str) -> tuple[str, ...]:
    """Sentences for a person, the likeliest first; none where the two agree, or no statement is entered. ``journal``:
    the trust journal at the month end, in cents of ``currency``."""
    apart = state.adjusted - journal if state.adjusted is not None else 0
    if not apart:
        return ()
    found = tuple(_by_items(state, offered, apart, currency))[:AT_MOST]
    if not found and apart % 9 == 0:
        return ("Nine divides the difference: often two digits of an amount have changed places.",)
    return found


def _by_items(state: Statement, offered: Offered, apart: int, currency: str) -> Iterator[str]:
    """``apart``: how much more the statement shows. A check that is taken as outstanding lowers it, a deposit raises
    it."""
    for o in offered.offers:
        if o.answer is Answer.OPEN and _lowers(o.side, o.item) == apart:
            yield f"It is the amount of {_named(o.side, o.item, currency)}, which has no answer yet."
    cleared = (Side.DEPOSIT, state.cleared_deposits), (Side.CHECK, state.cleared_checks)
    for side, items in cleared:
        for item in items:
            if _lowers(side, item) == apart:
                yield f"It is the amount of {_named(side, item, currency)}: is it still outstanding?"
    entered = (Side.DEPOSIT, state.deposits), (Side.CHECK, state.checks)
    for side, items in entered:
        other = "check" if side is Side.DEPOSIT else "deposit"
        for item in items:
            if _lowers(side, item) == -apart:
                yield f"It is the amount of {_named(side, item, currency)}: is it on the statement already?"
            elif 2 * _lowers(side, item) == -apart:
                yield f"It is twice the amount of {_named(side, item, currency)}: is it a {other}?"


def _lowers(side: Side, item: Outstanding) -> int:
    """By how much the adjusted statement is lower for it."""
    return item.cents if side is Side.CHECK else -item.cents


def _named(side: Side, item: Outstanding, currency: str) -> str:
    text = f" {item.text}" if item.text else ""
    return f"the {side.value}{text} of {show(item.cents, currency)}"
