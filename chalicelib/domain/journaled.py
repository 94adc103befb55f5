"""A journal entry as QuickBooks shows it beside the one that we wrote: amount and day, its accounts, and its client.

Where customers are merged, QuickBooks moves what the loser had to the winner (reference/quickbooks.md 4.1): an entry
of the client's present customer is as we wrote it. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date

Lines = tuple[tuple[str, int, str], ...]  # account, cents (debits are positive), customer


def figures(cents: int, on: date | None) -> str:
    """An amount and its day."""
    return f"{abs(cents)}/{on}"


def between(lines: Lines) -> Lines:
    """What lines come to by account and customer, however they are split."""
    sums: dict[tuple[str, str], int] = {}
    for account, cents, who in lines:
        sums[account, who] = sums.get((account, who), 0) + cents
    return tuple(sorted((account, cents, who) for (account, who), cents in sums.items() if cents))


def mark(lines: Lines) -> str:
    """The same for lines that come to the same; empty for none."""
    return hashlib.sha256(repr(between(lines)).encode()).hexdigest()[:16] if lines else ""


def told(shows: str, written: Lines, marked: str) -> str:
    """What a person is told of: ``shows``, with the ``mark`` where its lines are not as ``written`` (empty: not
    known)."""
    return shows if not written or marked in ("", mark(written)) else f"{shows}/{marked}"


def differs(written: Lines, there: Lines, customer: str) -> bool:
    """Whether it is otherwise than ``written`` (empty: not known). ``customer``: the client's now."""
    followed = tuple((account, cents, customer if who else "") for account, cents, who in written)
    return bool(written) and between(there) not in (between(written), between(followed if customer else written))


def otherwise(written: Lines, there: Lines, whose: str) -> str:
    """What was done to one of the same amount and day, as a person reads it. ``whose``: the client's name, or empty."""
    if only_client(written, there):
        return f"is for another client in QuickBooks than {whose or 'the firm itself'}"
    return "stands on other accounts in QuickBooks than those that it was written on"


def moves(lines: Lines, banks: Collection[str], held: Collection[str], cents: int) -> bool:
    """Whether it is ``cents`` into one of the ``banks``, out of one of the accounts that show what is ``held``."""
    into, out_of = ([(a, c) for a, c, _ in between(lines) if a in among] for among in (banks, held))
    others = [a for a, _, _ in lines if a not in banks and a not in held]
    return [c for _, c in into] == [cents] and [c for _, c in out_of] == [-cents] and not others


def only_client(written: Lines, there: Lines) -> bool:
    """Whether nothing differs but whose it is."""
    one, other = (between(tuple((account, cents, "") for account, cents, _ in x)) for x in (written, there))
    return one == other and between(written) != between(there)
