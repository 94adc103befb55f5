"""What the store in memory keeps: immutable rows with bodies as text, so that nobody who holds a thing can change what
is stored. Nothing of it runs in production."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from chalicelib.domain.kernel import Effect, Held, Json, Line, Ref

json_of: Callable[[str], Json] = msgspec.json.decode  # as encoding.json_of reads it, in a third of the time


def _putting(kind: type[Any], *names: str) -> Callable[..., Any]:
    """As dataclasses.replace, always for these fields: (it, value, ...) -> it with them. In a fourth of the time."""
    kept = [f.name for f in fields(kind) if f.name not in names]
    taken: Callable[[Any], tuple[Any, ...]] = attrgetter(*kept)
    puts: list[Callable[[Any, Any], None]] = [getattr(kind, name).__set__ for name in (*kept, *names)]  # its slots
    made = object.__new__

    def put(it: Any, *values: Any) -> Any:
        row = made(kind)
        for set_to, value in zip(puts, (*taken(it), *values), strict=True):
            set_to(row, value)
        return row

    return put


effect_with: Callable[[Effect, Json], Effect] = _putting(Effect, "body")
line_with: Callable[[Line, Json, Json], Line] = _putting(Line, "body", "change")


@dataclass(frozen=True, slots=True)
class StateRow:
    ref: Ref
    version: int
    body: str

    def held(self) -> Held:
        return Held(self.ref, self.version, json_of(self.body))


@dataclass(frozen=True, slots=True)
class LineRow:
    line: Line
    fact: str
    moved: str

    def read(self) -> Line:
        return line_with(self.line, json_of(self.fact), json_of(self.moved))


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect with its body as text, so that nobody who holds an effect can change what is stored."""

    effect: Effect
    body: str
    parked_at: str

    def read(self) -> Effect:
        return effect_with(self.effect, json_of(self.body))


@dataclass(frozen=True, slots=True)
class RecordRow:
    version: int
    body: str
    expires: datetime | None
