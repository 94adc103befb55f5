"""What was outstanding at the last signed-off month end, offered to the next one: a person says of each deposit and
check whether it still is. Nothing is carried over by itself, and nothing is left out without a word. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chalicelib.domain.money import show
from chalicelib.domain.statement import Entered, Outstanding, Statement, end_of
from chalicelib.errors import Refused

OLD_MONTHS = 6  # a bank need not pay a check older than this (UCC 4-404)


class Side(StrEnum):
    DEPOSIT = "deposit"
    CHECK = "check"


class Answer(StrEnum):
    """``OPEN``: nobody has said. ``CLEARED``: outstanding no more by this month end, paid by the bank or voided."""

    OPEN = ""
    STILL = "out"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Offer:
    """One item of the last sign-off, and what was said of it. ``old``: a check dated over six months before this
    month end."""

    side: Side
    item: Outstanding
    answer: Answer = Answer.OPEN
    old: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """``since``: the last month end signed off before, None where there is none. ``other``: the statement
    tells of items as cleared that were not outstanding then: another sign-off is the last one meanwhile."""

    since: date | None = None
    offers: tuple[Offer, ...] = ()
    other: bool = False

    @property
    def unsaid(self) -> int:
        """How many have no answer yet."""
        return sum(o.answer is Answer.OPEN for o in self.offers)

    @property
    def mark(self) -> str:
        """Of the items, whatever is said of them: another one as soon as others are offered. Empty for none."""
        if not self.offers:
            return ""
        seen = [[o.side, str(o.item.on), o.item.text, o.item.cents] for o in self.offers]
        return hashlib.sha256(json.dumps([str(self.since), seen]).encode()).hexdigest()[:32]

    @property
    def settled(self) -> bool:
        """Whether every item has its answer, so that this month end may be signed off."""
        return not self.unsaid and not self.other


def offered(last: Statement | None, now: Statement) -> Offered:
    """What ``last``, the latest signed-off month end before this one, hands on, with what ``now`` says of it. An item
    is known by its date, text and amount; two that are alike are two."""
    told = Counter(now.cleared_deposits), Counter(now.cleared_checks)
    if last is None:
        return Offered(other=bool(now.cleared_deposits or now.cleared_checks))
    end, kept = end_of(now.month), (Counter(now.deposits), Counter(now.checks))
    sides = (Side.DEPOSIT, last.deposits), (Side.CHECK, last.checks)
    found = tuple(
        Offer(side, item, _answer(item, kept[n], told[n]), side is Side.CHECK and is_old(item, end))
        for n, (side, items) in enumerate(sides)
        for item in items
    )
    return Offered(end_of(last.month), found, any(told[0].values()) or any(told[1].values()))


def _answer(item: Outstanding, kept: Counter[Outstanding], cleared: Counter[Outstanding]) -> Answer:
    """Takes what it finds, so that the next item that is alike finds another."""
    for answer, there in ((Answer.CLEARED, cleared), (Answer.STILL, kept)):
        if there[item]:
            there[item] -= 1
            return answer
    return Answer.OPEN


def is_old(item: Outstanding, end: date) -> bool:
    """Whether it is dated over six months before the month end."""
    if item.on is None:
        return False
    months = (end.year - item.on.year) * 12 + end.month - item.on.month
    return months > OLD_MONTHS or (months == OLD_MONTHS and item.on.day < end.day)


def own(items: Sequence[Outstanding], offers: Offered, side: Side) -> tuple[Outstanding, ...]:
    """Of a statement's ``items``, those that were entered for this month end and not kept from the last."""
    kept = Counter(o.item for o in offers.offers if o.side is side and o.answer is Answer.STILL)
    found = []
    for item in items:
        if kept[item]:
            kept[item] -= 1
        else:
            found.append(item)
    return tuple(found)


def said(offers: Iterable[Offer], side: Side, answer: Answer) -> tuple[Outstanding, ...]:
    """The items of one side with one answer."""
    return tuple(o.item for o in offers if o.side is side and o.answer is answer)


def check(last: Statement | None, fact: Entered, currency: str) -> None:
    """Only what was outstanding at the last sign-off can have cleared since. Raises Refused."""
    sides = (fact.cleared_deposits, last.deposits if last else ()), (fact.cleared_checks, last.checks if last else ())
    for cleared, were in sides:
        for item in Counter(cleared) - Counter(were):
            raise Refused(
                f"{item.text or 'An item'}, {show(item.cents, currency)}, cannot have cleared since the last month "
                "end: it is not on the last reconciliation signed off before this one."
            )
