"""What the store in memory keeps: immutable rows with bodies as text, so that nobody who holds a thing can change what
is stored. Nothing of it runs in production."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from chalicelib.domain.kernel import Effect, Held, Json, Line, Ref

json_of: Callable[[str], Json] = msgspec.json.decode  # as encoding.json_of reads it, in a third of the time


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
        return replace(self.line, body=json_of(self.fact), change=json_of(self.moved))


_FIELDS = [f.name for f in fields(Effect)]
_ahead: Callable[[Effect], tuple[Any, ...]] = attrgetter(*_FIELDS[: _FIELDS.index("body")])
_behind: Callable[[Effect], tuple[Any, ...]] = attrgetter(*_FIELDS[_FIELDS.index("body") + 1 :])


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect with its body as text, so that nobody who holds an effect can change what is stored."""

    effect: Effect
    body: str
    parked_at: str

    def read(self) -> Effect:
        made: Callable[..., Effect] = Effect  # a third of what replace() takes
        return made(*_ahead(self.effect), json_of(self.body), *_behind(self.effect))


@dataclass(frozen=True, slots=True)
class RecordRow:
    version: int
    body: str
    expires: datetime | None
