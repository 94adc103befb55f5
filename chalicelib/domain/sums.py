"""The firm's sums: open by due date, on its way, received by day. One item, folded in batches from what changed.

Age comes from the reader's day, never from the item: nothing has to be recounted when a night passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Phase, Source

DAYS_KEPT = 400  # received by day: what a year's picture needs
NO_DATE = "none"


@dataclass(frozen=True, slots=True)
class Sums:
    """Cents by ISO day. ``open``: by due date (or "none"); ``received``: by the day it settled, net of what
    went back."""

    firm: str
    open: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    on_its_way: int = 0
    at: datetime | None = None


Parts = dict[str, dict[str, int]]


def parts(state: Any) -> Parts:
    """What one state adds to the sums; empty for kinds that add nothing."""
    match state:
        case Payable():
            due = state.due_on.isoformat() if state.due_on else NO_DATE
            way = state.attempt.cents if state.attempt and state.attempt.on_its_way else 0
            return {"open": {due: state.open}, "on_its_way": {"": way}}
        case Payment() if state.phase is Phase.SETTLED and state.settled_on:
            back = state.back if state.source is Source.STRIPE else 0
            return {"received": {state.settled_on.isoformat(): state.total - back}}
        case _:
            return {}


def difference(before: Any, after: Any) -> Parts:
    """What a change adds to each sum; only what is not zero."""
    old, new = parts(before), parts(after)
    found: Parts = {}
    for name in {*old, *new}:
        a, b = old.get(name, {}), new.get(name, {})
        moved = {k: b.get(k, 0) - a.get(k, 0) for k in {*a, *b} if b.get(k, 0) != a.get(k, 0)}
        if moved:
            found[name] = dict(sorted(moved.items()))
    return found


def fold(state: Sums, differences: Iterable[Mapping[str, Mapping[str, int]]], now: datetime) -> Sums:
    """Lays differences over the sums. Days that come to nothing, or are too old for any picture, are dropped."""
    open_, received, way = dict(state.open), dict(state.received), state.on_its_way
    for d in differences:
        for day, cents in d.get("open", {}).items():
            open_[day] = open_.get(day, 0) + cents
        for day, cents in d.get("received", {}).items():
            received[day] = received.get(day, 0) + cents
        way += sum(d.get("on_its_way", {}).values())
    kept = sorted(received)[-DAYS_KEPT:]
    return replace(
        state,
        open={k: v for k, v in sorted(open_.items()) if v},
        received={k: received[k] for k in kept if received[k]},
        on_its_way=way,
        at=now,
    )


AGES = (("current", 0), ("1-30", 30), ("31-60", 60), ("61-90", 90))


def ageing(state: Sums, today: date) -> dict[str, int]:
    """Open cents by days overdue on ``today`` (the firm's day); what has no due date is current."""
    found = {name: 0 for name, _ in AGES} | {"90+": 0}
    for day, cents in state.open.items():
        late = 0 if day == NO_DATE else (today - date.fromisoformat(day)).days
        found[next((name for name, most in AGES if late <= most), "90+")] += cents
    return found


def received_in(state: Sums, month: date) -> int:
    """Cents received in the month of this day."""
    return sum(c for day, c in state.received.items() if day[:7] == month.isoformat()[:7])
