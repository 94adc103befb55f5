"""Builders for the store's tests: one firm, small states, effects that differ only in what a test names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.domain.kernel import (
    Call,
    Change,
    Commit,
    Effect,
    Finish,
    Json,
    Kind,
    Line,
    Listing,
    Ref,
    Status,
)

FIRM = "f1"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LANE = "f1|quickbooks|realm"


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    at: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.at

    def pass_(self, **spans: float) -> None:
        self.at += timedelta(**spans)


def minutes(n: float) -> datetime:
    """The instant so many minutes after noon."""
    return NOON + timedelta(minutes=n)


def a_ref(id: str = "p1", kind: Kind = Kind.PAYABLE, firm: str = FIRM) -> Ref:
    return Ref(firm, kind, id)


def a_change(ref: Ref | None = None, expected: int = 0, body: Json | None = None, **listing: tuple[str, str]) -> Change:
    """``list=(partition, sort)`` and ``group=…`` place it in the indexes."""
    ref = ref or a_ref()
    body = body if body is not None else {"cents": 100 + expected}
    line = Line(ref, expected + 1, "seen", {"from": expected}, NOON, 1, body, by="clerk")
    return Change(ref, expected, body, line, Listing(**listing))


def an_effect(key: str = "f1/look/1", due: float = 0, lane: str = LANE, **more: object) -> Effect:
    """Owed, due so many minutes after noon."""
    fields: dict[str, object] = {"kind": "look", "firm": FIRM, "about": "payable/p1", **more}
    return Effect(key=key, lane=lane, due_at=minutes(due), **fields)  # type: ignore[arg-type]


def a_task(key: str = "f1/task/1", due: float = 0, **more: object) -> Effect:
    """An effect born parked."""
    shown = {"status": Status.PARKED, "reason": "No customer", "remedy": "Choose one", "title": "Choose"}
    return an_effect(key, due, LANE, **shown, **more)


def a_call(id: str = "c1", *members: str, lane: str = LANE) -> Call:
    return Call(id, lane, "batch", members or ("f1/look/1",), {"body": "{}"}, NOON)


def a_commit(*changes: Change) -> Commit:
    return Commit(changes=changes or (a_change(),))


def owed(*effects: Effect) -> Commit:
    return Commit(effects=effects or (an_effect(),))


def finish(key: str = "f1/look/1", **more: object) -> Commit:
    return Commit(finish=(Finish(key, **more),))  # type: ignore[arg-type]
