"""The three-way reconciliation of one trust account as of a month end: the bank statement as a person entered it, with
what was on its way, against the trust journal and the sum of the clients' ledgers (practice.md 3.2).

Signed off, it is kept as it was; what is entered or changed later is shown beside it.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

from chalicelib.domain.dates import day
from chalicelib.domain.kernel import Decision, Listing
from chalicelib.domain.money import show
from chalicelib.errors import Refused

ITEMS_AT_MOST = 200  # outstanding deposits, or checks, of one statement
ALL_ITEMS_AT_MOST = 450  # with those that have cleared since the last month end
TEXT_LENGTH = 120
TEXT_BYTES = 20_000  # of all items and the note together: a state holds 64 KB, and sign-offs stay in it


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A deposit or check that is in the books and not on the statement yet. ``cents`` is positive."""

    on: date | None
    text: str
    cents: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The three figures at one moment, with Clio's and QuickBooks' beside them (None: not known)."""

    adjusted: int
    journal: int
    ledgers: int
    clio: int | None = None
    book: int | None = None

    @property
    def agree(self) -> bool:
        return self.adjusted == self.journal == self.ledgers


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed off, over what, read when. ``documents`` hold the whole reconciliation, the trial balance with it.
    ``touched``: when something in each month up to this one had last moved as it was read, by which what moves later is
    known; None where it was not kept yet."""

    by: str
    at: datetime
    figures: Figures
    documents: tuple[str, ...]
    note: str = ""
    touched: dict[str, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """``month``: "2026-03". ``ending``: the bank statement's, None before anyone entered it. ``cleared_deposits`` and
    ``cleared_checks``: outstanding at the month end ``since``, the last one signed off before, and no longer at this
    one. ``earlier``: sign-offs that were opened again."""

    firm: str
    id: str
    account: str
    name: str
    month: str
    ending: int | None = None
    deposits: tuple[Outstanding, ...] = ()
    checks: tuple[Outstanding, ...] = ()
    cleared_deposits: tuple[Outstanding, ...] = ()
    cleared_checks: tuple[Outstanding, ...] = ()
    since: date | None = None
    note: str = ""
    entered_by: str = ""
    entered_at: datetime | None = None
    signed: Signed | None = None
    earlier: tuple[Signed, ...] = ()

    @property
    def adjusted(self) -> int | None:
        """The ending balance with what the bank has not seen yet."""
        if self.ending is None:
            return None
        return self.ending + sum(d.cents for d in self.deposits) - sum(c.cents for c in self.checks)


@dataclass(frozen=True, slots=True)
class Entered:
    """A person entered the bank statement. ``note`` explains a difference that stays. ``cleared_deposits`` and
    ``cleared_checks``: of those outstanding at the month end ``since``, which are no longer (domain/carrying.py)."""

    ending: int
    deposits: tuple[Outstanding, ...]
    checks: tuple[Outstanding, ...]
    note: str
    by: str
    cleared_deposits: tuple[Outstanding, ...] = ()
    cleared_checks: tuple[Outstanding, ...] = ()
    since: date | None = None


@dataclass(frozen=True, slots=True)
class SignedOff:
    """A person signed off what was read at ``read_at``; the statement was the one entered at ``entered_at``.
    ``unsaid``: whether something outstanding at the last sign-off had no word then (domain/carrying.py)."""

    by: str
    read_at: datetime
    figures: Figures
    documents: tuple[str, ...]
    touched: dict[str, datetime]
    entered_at: datetime | None = None
    unsaid: bool = False


@dataclass(frozen=True, slots=True)
class Reopened:
    by: str


StatementFact = Entered | SignedOff | Reopened


def decide(state: Statement, fact: StatementFact, currency: str, now: datetime) -> Decision[Statement]:
    """Raises Refused when a rule says no."""
    match fact:
        case Entered():
            if state.signed:
                raise Refused("This reconciliation is signed off. Open it again first, if it has to be changed.")
            _check(fact, end_of(state.month), currency)
            new = replace(
                state,
                ending=fact.ending,
                deposits=fact.deposits,
                checks=fact.checks,
                cleared_deposits=fact.cleared_deposits,
                cleared_checks=fact.cleared_checks,
                since=fact.since,
                note=fact.note.strip(),
                entered_by=fact.by,
                entered_at=now,
            )
            return Decision(new)
        case SignedOff():
            return _signed(state, fact, currency)
        case Reopened():
            if state.signed is None:
                raise Refused("This reconciliation is not signed off.")
            return Decision(replace(state, signed=None, earlier=(*state.earlier, state.signed)))
        case _:
            assert_never(fact)


def _check(fact: Entered, end: date, currency: str) -> None:
    items = (*fact.deposits, *fact.checks)
    all_items = (*items, *fact.cleared_deposits, *fact.cleared_checks)
    if max(len(fact.deposits), len(fact.checks)) > ITEMS_AT_MOST:
        raise Refused(f"At most {ITEMS_AT_MOST} outstanding deposits and as many checks can be entered.")
    if len(all_items) > ALL_ITEMS_AT_MOST:
        raise Refused(f"At most {ALL_ITEMS_AT_MOST} outstanding and cleared items can be kept with one month end.")
    if any(item.cents <= 0 for item in items):
        raise Refused("Enter outstanding deposits and checks as amounts above zero.")
    if late := next((item for item in items if item.on and item.on > end), None):
        raise Refused(
            f"An outstanding item is dated {day(late.on, currency)}, after the month end. Only what was in the books "
            f"by {day(end, currency)} was outstanding then."
        )
    if sum(len(text.encode()) for text in (fact.note, *(item.text for item in all_items))) > TEXT_BYTES:
        raise Refused("The outstanding items and the note hold more text than is kept. Shorten the texts.")


def _signed(state: Statement, fact: SignedOff, currency: str) -> Decision[Statement]:
    f = fact.figures
    if state.signed:
        raise Refused("This reconciliation is signed off already.")
    if state.adjusted is None:
        raise Refused("Enter the ending balance of the bank statement first.")
    if (state.adjusted, state.entered_at) != (f.adjusted, fact.entered_at):
        raise Refused("The statement was changed meanwhile. Look at it again.")
    if fact.unsaid:
        raise Refused(
            "Say of each deposit and check that was outstanding at the last month end signed off before whether it "
            "still is, and save. Then sign off."
        )
    if not f.agree and not state.note:
        raise Refused(
            f"The three do not agree: the adjusted statement shows {show(f.adjusted, currency)}, the trust journal "
            f"{show(f.journal, currency)}, the clients' ledgers {show(f.ledgers, currency)}. Correct what differs, or "
            "write down in the note why it does."
        )
    signed = Signed(fact.by, fact.read_at, f, fact.documents, state.note, fact.touched)
    return Decision(replace(state, signed=signed), names=fact.documents)


def end_of(month: str) -> date:
    """The last day of a month ("2026-03"). Raises Refused for anything else."""
    if not re.fullmatch(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])", month):
        raise Refused("Choose a month, as 2026-03.")
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, calendar.monthrange(year, number)[1])


def months_until(last: str, count: int) -> list[str]:
    """``count`` months, the newest first, ``last`` among them."""
    year, month = int(last[:4]), int(last[5:])
    found = []
    for _ in range(count):
        found.append(f"{year:04d}-{month:02d}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found


def listing(state: Statement) -> Listing:
    return Listing(list=(f"{state.firm}/statements/{state.account}", state.month))
