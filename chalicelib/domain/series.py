"""Numbers of documents in series: what stands around the last run of digits names the series, and the digits count
(``INV-0042`` is 42 among those like ``INV-…``; digits alone are a series too). Text does not sort by value, so that is
computed (reference/quickbooks.md 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.domain.readings import DocNumber

EACH = 20  # documents kept of one series
KEPT = 500  # of all: a record holds 64 KB
NUMBER = re.compile(r"(.*[^0-9]|)([0-9]{1,18})([^0-9]*)", re.DOTALL)

Series = tuple[str, str]  # what stands before the digits, and after them


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number stands in its series."""

    before: str
    digits: str
    after: str

    @property
    def series(self) -> Series:
        return self.before, self.after

    @property
    def value(self) -> int:
        return int(self.digits)

    @property
    def number(self) -> str:
        return f"{self.before}{self.digits}{self.after}"

    @property
    def following(self) -> str:
        """The next number, with as many zeros in front."""
        return f"{self.before}{self.value + 1:0{len(self.digits)}}{self.after}"


def place(number: str) -> Place | None:
    """None for a text without digits, or with more than anybody counts to."""
    found = NUMBER.fullmatch(number)
    return Place(*found.groups()) if found else None


def places(numbers: Iterable[str]) -> list[Place]:
    """Those that have one."""
    return [at for at in map(place, numbers) if at]


def grouped(found: Iterable[DocNumber]) -> dict[Series, list[tuple[Place, DocNumber]]]:
    """By series, highest first, each document once; the series of the newest document first. Others are left out."""
    by_document = {(d.entity, d.id): d for d in found}
    by_series: dict[Series, list[tuple[Place, DocNumber]]] = {}
    for d in sorted(by_document.values(), key=lambda d: (len(d.id), d.id), reverse=True):  # ids count upwards
        if at := place(d.number):
            by_series.setdefault(at.series, []).append((at, d))
    for there in by_series.values():
        there.sort(key=lambda pair: (-pair[0].value, pair[1].entity, pair[1].id))
    return by_series


def highest(found: Iterable[DocNumber], used: Sequence[str] = ()) -> tuple[DocNumber, ...]:
    """The highest of each series, those of the series ``used`` first."""
    by_series = grouped(found)
    mine = [at.series for at in places(used)]
    order = [s for s in dict.fromkeys([*mine, *by_series]) if s in by_series]
    return tuple(d for s in order for _, d in by_series[s][:EACH])[:KEPT]


def in_use(newest: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The highest number of each series that the ``newest`` numbers are of, also where one known from before is higher;
    the newest first. Without any the known ones stand."""
    top: dict[Series, Place] = {}
    seen, before = places(newest), places(known)
    shown = {at.series for at in seen or before}
    for at in (*seen, *before):
        if at.series in shown and (at.series not in top or at.value > top[at.series].value):
            top[at.series] = at
    return tuple(at.number for at in top.values())


def ahead(used: Iterable[Place], found: Iterable[DocNumber]) -> list[tuple[Place, Place, tuple[DocNumber, ...]]]:
    """The series in which documents have higher numbers than those ``used``: the number used, the highest of all, and
    the documents above it, highest first."""
    by_series = grouped(found)
    beyond = [(at, [pair for pair in by_series.get(at.series, ()) if pair[0].value > at.value]) for at in used]
    return [(at, above[0][0], tuple(d for _, d in above)) for at, above in beyond if above]
