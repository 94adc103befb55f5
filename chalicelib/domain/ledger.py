"""What a trust account holds: in all, for each client, and for each client and matter. Running sums, folded from what
changed; a balance as of any month end is found from the months, never by going through entries.

No client's ledger may be below zero on any day (practice.md 3.2): the first such day is named until it is mended.
A matter's that is below zero now is named with its client's, whose other money covers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from chalicelib.domain import effects
from chalicelib.domain.dates import day
from chalicelib.domain.kernel import Decision, Listing
from chalicelib.domain.money import show
from chalicelib.domain.trust import OWN

DAYS_KEPT = 1500  # days with movement that a client's ledger remembers one by one; older ones are in its opening
LOW_KEPT = 100  # matters below zero that a client's ledger remembers; a state holds 64 KB
LOW_NAMED = 5  # of them, in words
LABEL_KEPT = 60
OWN_NAME = "The firm's own money"
NO_MATTER = "-"
MEND = (
    "No client's money may pay for another. Correct the date or amount in Clio, or put the money back. This closes by "
    "itself once the ledger is mended."
)
MEND_MATTERS = (
    "What is missing was taken from this client's other matters. If an entry names the wrong matter or none, correct "
    "it in Clio; if the client agrees, move the money to this matter there; else put it back. This closes by itself "
    "once no matter is below zero."
)


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement for the ledgers: of a client (or the firm's own), on a matter (or none), in cents. ``rows``: how
    many lines of Clio's trust account it adds or takes away."""

    account: str
    client: str
    matter: str
    on: date
    cents: int
    name: str = ""
    label: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Below:
    """The first day on which a ledger is below zero, and what it held at the end of it."""

    on: date
    cents: int


@dataclass(frozen=True, slots=True)
class Low:
    """A matter that holds less than nothing now. ``label``: its number, empty for money on no matter."""

    label: str
    cents: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """``months``: net cents by month ("2026-03"). ``days``: net cents by ISO day, of a client's ledger; ``opening``:
    what it held before the first of them. ``touched``: of a whole account, when something dated in a month last moved;
    ``rows``: how many of Clio's lines are in it (None: not counted from its beginning). ``low``: of a client's ledger,
    its matters that are below zero now, by id. ``namings`` counts how often it, or a matter of it, was named as below
    zero. An empty ``client``: the whole account; an empty ``matter``: the whole client."""

    firm: str
    id: str
    account: str
    client: str = ""
    matter: str = ""
    name: str = ""
    label: str = ""
    balance: int = 0
    months: dict[str, int] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    opening: int = 0
    touched: dict[str, datetime] = field(default_factory=dict)
    below: Below | None = None
    low: dict[str, Low] = field(default_factory=dict)
    namings: int = 0
    at: datetime | None = None
    rows: int | None = None

    def at_end_of(self, month: str) -> int:
        """What it held at the end of a month ("2026-03")."""
        return sum(cents for m, cents in self.months.items() if m <= month)


def ids_of(moved: Moved) -> tuple[str, str, str]:
    """The three ledgers that a movement falls in: the account's, the client's, the matter's."""
    client = f"{moved.account}:{moved.client}"
    return moved.account, client, f"{client}:{moved.matter or NO_MATTER}"


def new(firm: str, id: str) -> Ledger:
    account, _, rest = id.partition(":")
    client, _, matter = rest.partition(":")
    return Ledger(firm, id, account, client, matter, OWN_NAME if client == OWN else "", rows=None if client else 0)


def fold(
    state: Ledger, moves: Sequence[Moved], currency: str, now: datetime, matters: Sequence[Ledger] = ()
) -> Decision[Ledger]:
    """Lays movements over one ledger. A client's that is below zero on some day, or of which a matter is now, is a task
    until it is mended. ``matters``: of a client's ledger, those of its matters that these movements fall in, after
    them."""
    months = _added(state.months, ((m.on.isoformat()[:7], m.cents) for m in moves))
    last = moves[-1]
    after = replace(
        state,
        balance=state.balance + sum(m.cents for m in moves),
        months=months,
        name=last.name or state.name,
        label=last.label or state.label,
        at=now,
    )
    if not state.client:
        touched = {**state.touched, **_touched(moves, now)}
        rows = None if state.rows is None else state.rows + sum(m.rows for m in moves)
        return Decision(replace(after, name="", label="", touched=touched, rows=rows))
    if state.matter:
        return Decision(after)
    opening, days = _days(state, moves)
    return _named(replace(after, label="", opening=opening, days=days), _low(state, matters), currency, now)


def _added(sums: dict[str, int], parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sums that come to nothing are dropped."""
    found = dict(sums)
    for key, cents in parts:
        found[key] = found.get(key, 0) + cents
    return {key: cents for key, cents in sorted(found.items()) if cents}


def _touched(moves: Sequence[Moved], now: datetime) -> dict[str, datetime]:
    return {m.on.isoformat()[:7]: now for m in moves}


def _days(state: Ledger, moves: Sequence[Moved]) -> tuple[int, dict[str, int]]:
    """The opening and the days after these movements; what is older than the days kept goes to the opening, and so does
    what comes later and is older than the first day, once there is an opening."""
    first = min(state.days, default="") if state.opening else ""
    opening = state.opening + sum(m.cents for m in moves if m.on.isoformat() < first)
    days = _added(state.days, ((m.on.isoformat(), m.cents) for m in moves if m.on.isoformat() >= first))
    oldest = sorted(days)[: max(0, len(days) - DAYS_KEPT)]
    return opening + sum(days[d] for d in oldest), {d: c for d, c in days.items() if d not in oldest}


def held_on(state: Ledger, on: date) -> int | None:
    """What a client's ledger held at the end of a day; None for a day that is not kept one by one any more."""
    day = on.isoformat()
    if state.opening and day < min(state.days, default=""):
        return None
    return state.opening + sum(cents for d, cents in state.days.items() if d <= day)


def below(state: Ledger) -> Below | None:
    """The first day at whose end it is below zero."""
    held = state.opening
    for on, cents in sorted(state.days.items()):
        held += cents
        if held < 0:
            return Below(date.fromisoformat(on), held)
    return None


def _low(state: Ledger, matters: Sequence[Ledger]) -> dict[str, Low]:
    """The client's matters below zero after these have moved."""
    found = dict(state.low)
    for m in matters:
        if m.balance >= 0:
            found.pop(m.matter, None)
        elif m.matter in found or len(found) < LOW_KEPT:
            found[m.matter] = Low(m.label[:LABEL_KEPT], m.balance)
    return found


def _named(state: Ledger, low: dict[str, Low], currency: str, now: datetime) -> Decision[Ledger]:
    """One task for a client, of its own ledger and its matters'. ``state`` still holds what was named last."""
    found = below(state)
    if (found, low) == (state.below, state.low):
        return Decision(state)
    closes = (task_key(state),) if state.below or state.low else ()
    if not found and not low:
        return Decision(replace(state, below=None, low={}), closes=closes)
    new_ = replace(state, below=found, low=low, namings=state.namings + 1)
    asked = effects.task(
        state.firm,
        f"below-zero/{new_.id}/{new_.namings}",
        f"ledger/{state.id}",
        now,
        title=_title(new_),
        reason=_reason(new_, currency),
        remedy=MEND if found else MEND_MATTERS,
    )
    return Decision(new_, effects=(asked,), closes=closes)


def _title(state: Ledger) -> str:
    name, count = state.name or state.client, len(state.low)
    if state.below:
        return f"Trust ledger of {name} is below zero"
    return f"{f'A matter of {name} is' if count == 1 else f'{count} matters of {name} are'} below zero in trust"


def _reason(state: Ledger, currency: str) -> str:
    """A matter that alone makes its client's ledger what it is needs no sentence of its own."""
    held = show(state.balance, currency)
    if not state.below:
        return f"{_matters(state, currency)} In all, the client's ledger holds {held}."
    first = f"On {day(state.below.on, currency)} this ledger falls to {show(state.below.cents, currency)}."
    told = f"{first} It holds {held} now."
    alone = [low.cents for low in state.low.values()] in ([], [state.balance])
    return told if alone else f"{told} {_matters(state, currency)}"


def _matters(state: Ledger, currency: str) -> str:
    """``00918-Example holds −$4.00, money on no matter −$1.00 and 3 more.``"""
    some = list(state.low.values())[:LOW_NAMED]
    words = [f"{low.label or 'money on no matter'} {show(low.cents, currency)}" for low in some]
    first = f"{some[0].label or 'Money on no matter'} holds {show(some[0].cents, currency)}"
    more = len(state.low) - len(some)
    return ", ".join([first, *words[1:]]) + (f" and {more} more." if more else ".")


def task_key(state: Ledger) -> str:
    return effects.key_of(state.firm, effects.Do.TASK, f"below-zero/{state.id}/{state.namings}")


def listing(state: Ledger) -> Listing:
    """An account's clients by name; its matters by client and label."""
    if not state.client:
        return Listing()
    if state.matter:
        place = f"{state.client}#{state.label.lower()}#{state.matter}"
        return Listing(list=(f"{state.firm}/matters/{state.account}", place))
    return Listing(list=(f"{state.firm}/ledgers/{state.account}", f"{state.name.lower()}#{state.id}"))
