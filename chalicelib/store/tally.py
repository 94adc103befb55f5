"""What a store has read and written, in items and by table: the figures of the benches and of cost tests."""

from __future__ import annotations

from collections import Counter


class Tally:
    """``counts`` has keys like ("read", "effects") and ("write", "states"). A refused write is not counted; a read that
    finds nothing counts as one, as it does on the bill. Indexes are not counted apart."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    @property
    def reads(self) -> int:
        return sum(n for (way, _), n in self.counts.items() if way == "read")

    @property
    def writes(self) -> int:
        return sum(n for (way, _), n in self.counts.items() if way == "write")

    def reset_counts(self) -> None:
        self.counts.clear()

    def _read(self, table: str, items: int = 1) -> None:
        counted = "read", table
        self.counts[counted] = self.counts.get(counted, 0) + (items or 1)

    def _wrote(self, table: str, items: int = 1) -> None:
        if items:
            counted = "write", table
            self.counts[counted] = self.counts.get(counted, 0) + items
