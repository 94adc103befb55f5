"""What a comparison of the books found: kept, with its history, and shown while the next one is under way.

Records ``report``: sk the firm, the last one. ``compared/<firm>``: each by its id; ``comparisons/<firm>``: its line.
``named/<firm>``: differences beyond the first hundred of a comparison, a hundred in each record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from chalicelib.domain import effects
from chalicelib.domain.comparing import Difference
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Status
from chalicelib.domain.totalling import Totals
from chalicelib.flow.ports import World

IN_A_RECORD = 100  # differences: a record holds 64 KB
PAGES_AT_MOST = 100  # of such records; the count says how many there are
HISTORY_SHOWN = 60
HISTORY_KEPT = timedelta(days=400)


@dataclass
class Report:
    """The books at one time. ``counts``: how many of what were compared. ``full``: everything, not only what is open or
    changed. ``by``: who asked, or nightly. ``totals``: of what was compared, by book. ``differences``: the first
    hundred, those that need somebody before those that are expected; ``pages`` more records hold the others."""

    at: datetime
    checked: int = 0
    differences: tuple[Difference, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    running: bool = False
    full: bool = True
    by: str = ""
    ended_at: datetime | None = None
    totals: Totals = field(default_factory=dict)
    pages: int = 0

    @property
    def id(self) -> str:
        return self.at.strftime("%Y%m%dT%H%M%S")

    @property
    def named(self) -> int:
        """How many differences there are."""
        return self.counts.get("differences", len(self.differences))

    @property
    def expected(self) -> int:
        """How many of them wait for a step that is listed already, or were accepted by a person."""
        return self.counts.get("expected", sum(d.expected for d in self.differences))

    @property
    def agree(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Past:
    """A line of the history. ``id`` finds the whole report."""

    id: str
    at: datetime
    ended_at: datetime | None
    full: bool
    by: str
    checked: int
    differences: int


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A comparison that is owed. ``checked``: invoices so far; ``waits``: why it does not go on at this moment."""

    checked: int
    waits: str


def name(world: World, firm: str, told: Report, found: Sequence[Difference]) -> None:
    """Adds what a page of the comparison found. What is expected gives way to what needs somebody; what does not fit
    into the report is kept beside it."""
    told.counts["differences"] = told.counts.get("differences", 0) + len(found)
    told.counts["expected"] = told.counts.get("expected", 0) + sum(d.expected for d in found)
    every = sorted((*told.differences, *found), key=lambda d: d.expected)
    told.differences = tuple(every[:IN_A_RECORD])
    for start in range(IN_A_RECORD, len(every), IN_A_RECORD):
        if told.pages < PAGES_AT_MOST:
            some = {"differences": msgspec.to_builtins(every[start : start + IN_A_RECORD])}
            sk = f"{told.id}/{told.pages:04d}"
            world.store.put_record(f"named/{firm}", sk, some, expires=told.at + HISTORY_KEPT)
            told.pages += 1


def rest(world: World, firm: str, told: Report, page: int) -> tuple[Difference, ...]:
    """The differences on this page: the first is 0; none beyond the last."""
    if page == 0:
        return told.differences
    found = world.store.record(f"named/{firm}", f"{told.id}/{page - 1:04d}") if page <= told.pages else None
    return msgspec.convert(found[1]["differences"], tuple[Difference, ...]) if found else ()


def keep(world: World, firm: str, told: Report) -> None:
    """A comparison that ended is kept: a line for the list, and the whole."""
    expires = told.at + HISTORY_KEPT
    line = Past(told.id, told.at, told.ended_at, told.full, told.by, told.checked, told.named)
    world.store.put_record("report", firm, msgspec.to_builtins(told))
    world.store.put_record(f"compared/{firm}", told.id, msgspec.to_builtins(told), expires=expires)
    world.store.put_record(f"comparisons/{firm}", told.id, msgspec.to_builtins(line), expires=expires)


def last(world: World, firm: str) -> Report | None:
    """The last comparison, or None before the first. ``running``: whether another one is owed."""
    found = world.store.record("report", firm)
    if found is None:
        return None
    return replace(msgspec.convert(found[1], Report), running=under_way(world, firm) is not None)


def under_way(world: World, firm: str) -> UnderWay | None:
    """The comparison that is owed, if one is."""
    effect = world.store.effect(effects.key_of(firm, Do.RECONCILE, "main"))
    if effect is None or effect.status is not Status.OWED:
        return None
    found = world.store.record("report", f"{firm}/running")
    return UnderWay(int(found[1]["report"]["checked"]) if found else 0, effect.cause)


def history(world: World, firm: str) -> tuple[Past, ...]:
    """The last comparisons, newest first."""
    found = world.store.records(f"comparisons/{firm}", limit=HISTORY_SHOWN, descending=True)
    return tuple(msgspec.convert(body, Past) for _, body in found)


def past(world: World, firm: str, id: str) -> Report | None:
    """The whole of one comparison of the history."""
    found = world.store.record(f"compared/{firm}", id)
    return msgspec.convert(found[1], Report) if found else None
