"""One thing that the preflight found: what it is, what waits for it, and what to click. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """BLOCKS: something waits for it. WARNS: it may go wrong. UNKNOWN: QuickBooks does not tell. GOOD: nothing to
    do."""

    BLOCKS = "blocks"
    WARNS = "warns"
    UNKNOWN = "unknown"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Finding:
    """``waits``: what waits for it, in words; ``kinds``: the kinds of effects that do. ``steps``: what to click, in
    order. ``listed``: documents by name, where the finding is about some. Each that is not good says what waits, also
    where nothing does."""

    key: str
    weight: Weight
    title: str
    found: str
    steps: tuple[str, ...] = ()
    waits: str = ""
    kinds: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
