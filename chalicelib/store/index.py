"""A sorted index in memory, as DynamoDB's secondary indexes behave: a page costs what it holds, and it may lag."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from typing import Generic, TypeVar

from chalicelib.store.encoding import LAST

T = TypeVar("T")
Key = tuple[str, ...]
Entry = tuple[str, Key]  # (sort key, item's key)
Place = tuple[str, str]  # (partition, sort key)
Update = tuple[str, Key, Place | None, object]  # (index name, item's key, place, item)


class Index(Generic[T]):
    """Items by partition and sort key. ``item`` must be immutable: the index shows it as it was when it was put."""

    def __init__(self) -> None:
        self._order: dict[str, list[Entry]] = {}
        self._items: dict[Key, tuple[str, str, T]] = {}

    def put(self, key: Key, place: Place | None, item: T) -> None:
        """Moves an item to (partition, sort key), or out of the index."""
        before = self._items.pop(key, None)
        if before is not None and (place is None or (before[0], before[1]) != place):
            self._remove(before[0], (before[1], key))
        if place is None:
            return
        if before is None or (before[0], before[1]) != place:
            insort(self._order.setdefault(place[0], []), (place[1], key))
        self._items[key] = (*place, item)

    def page(
        self,
        partition: str,
        limit: int,
        *,
        begins: str = "",
        upto: str = LAST,
        after: Entry | None = None,
        descending: bool = False,
    ) -> list[tuple[Entry, T]]:
        """Up to ``limit`` items in order whose sort key begins so and is <= ``upto``, from behind ``after``."""
        order = self._order.get(partition, [])
        low = bisect_left(order, (begins, ()))
        high = min(bisect_left(order, (begins + LAST, ())), bisect_right(order, (upto, (LAST,))))
        if after is not None:
            low, high = (low, bisect_left(order, after)) if descending else (bisect_right(order, after), high)
        span = order[max(low, high - limit) : high][::-1] if descending else order[low : min(high, low + limit)]
        return [(entry, self._items[entry[1]][2]) for entry in span]

    def copy(self) -> Index[T]:
        twin: Index[T] = Index()
        twin._order = {partition: list(order) for partition, order in self._order.items()}
        twin._items = dict(self._items)
        return twin

    def _remove(self, partition: str, entry: Entry) -> None:
        order = self._order[partition]
        del order[bisect_left(order, entry)]
        if not order:
            del self._order[partition]


class Lag:
    """Holds index updates back until ``steps`` later writes have happened; 0 applies them at once."""

    def __init__(self) -> None:
        self.steps = 0
        self.held: deque[list[Update]] = deque()  # updates that wait

    def note(self, updates: list[Update]) -> None:
        """The updates of one write."""
        self.held.append(updates)

    def ripe(self) -> list[Update]:
        """The updates that are to be applied now, in order."""
        out: list[Update] = []
        while len(self.held) > self.steps:
            out.extend(self.held.popleft())
        return out

    def copy(self) -> Lag:
        twin = Lag()
        twin.steps = self.steps
        twin.held = deque(self.held)
        return twin
