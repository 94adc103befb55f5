"""What a bill that changed costs DynamoDB, in read and write units by the size of every item.

The seeded firm on the shipped DynamoDB store over moto, in process. Each call that PynamoDB makes is weighed by
DynamoDB's rules: a unit of writing is 1 KB, of reading 4 KB, half of it where the read need not be consistent; a member
of a transaction counts twice; an index costs a write where what it shows of the item changed, and two where the item
moved in it. Twenty minutes after ten bills were changed in Clio, less the same twenty of the same firm in another
process, in which nothing was changed, are what ten bills cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import Any

from moto import mock_aws
from pynamodb.connection.base import Connection

from chalicelib.store.dynamo import DynamoStore
from chalicelib.store.tables import MODELS, Tables
from tests.bench.figures import Figure
from tests.forked import in_a_child
from tests.world import MemoryWorld, Stage, connect, seeded

CHANGED = 10
SPAN = 20  # minutes: Clio is polled within 15
TABLES = Tables("bench-states", "bench-journal", "bench-effects", "bench-calls", "bench-documents", "bench-records")
WRITES = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
Item = Mapping[str, Any]


class Scales:
    """Weighs calls; ``units`` by ("read" or "write", table or table/index)."""

    def __init__(self) -> None:
        self.units: defaultdict[tuple[str, str], float] = defaultdict(float)
        self.ask: Any = None
        self.tables: dict[str, Any] = {}

    def weighed(self, connection: Any, operation: str, told: dict[str, Any], *rest: Any) -> Any:
        """Carries out one call of PynamoDB and weighs it."""

        def ask(name: str, what: dict[str, Any]) -> Any:
            return self.ask(connection, name, what, *rest)

        if operation == "TransactWriteItems":
            members = [(way, what) for item in told["TransactItems"] for way, what in item.items()]
            return self._written(ask, operation, told, members, 2)
        if operation in WRITES:
            return self._written(ask, operation, told, [(WRITES[operation], told)], 1)
        got = ask(operation, told)
        if operation == "GetItem":
            self._read(told["TableName"], [got.get("Item")], told.get("ConsistentRead", False))
        elif operation == "Query":
            rows: list[Item | None] = [{"all": {"S": "x" * sum(map(_size, got.get("Items", [])))}}]
            where = f"{told['TableName']}/{told['IndexName']}" if told.get("IndexName") else told["TableName"]
            self._read(where, rows, told.get("ConsistentRead", False))
        elif operation == "BatchGetItem":
            for table, asked in told["RequestItems"].items():
                found = got.get("Responses", {}).get(table, [])
                missing: list[Item | None] = [None] * (len(asked["Keys"]) - len(found))
                self._read(table, [*found, *missing], asked.get("ConsistentRead", False))
        return got

    def _read(self, where: str, rows: list[Item | None], consistent: bool) -> None:
        for row in rows:
            self.units["read", where] += max(1, ceil(_size(row) / 4096)) * (1 if consistent else 0.5)

    def _written(self, ask: Any, operation: str, told: Any, members: list[tuple[str, Any]], times: int) -> Any:
        before = [self._item(ask, what) for _, what in members]
        got = ask(operation, told)
        for (way, what), old in zip(members, before, strict=True):
            new = old if way == "ConditionCheck" else self._item(ask, what)
            table = what["TableName"]
            self.units["write", table] += times * max(1, ceil(max(_size(old), _size(new)) / 1024))
            for name, keys, shown in self._indexes(ask, table):
                self.units["write", f"{table}/{name}"] += _index_units(old, new, keys, shown)
        return got

    def _item(self, ask: Any, what: Any) -> Item | None:
        keys = [k["AttributeName"] for k in self._table(ask, what["TableName"])["KeySchema"]]
        key = {k: (what.get("Key") or what["Item"])[k] for k in keys}
        found: Item | None = ask("GetItem", {"TableName": what["TableName"], "Key": key}).get("Item")
        return found

    def _table(self, ask: Any, name: str) -> Any:
        if name not in self.tables:
            self.tables[name] = ask("DescribeTable", {"TableName": name})["Table"]
        return self.tables[name]

    def _indexes(self, ask: Any, table: str) -> Iterator[tuple[str, list[str], set[str] | None]]:
        """Each index: its name, its keys, and what it shows beside them and the table's (None: everything)."""
        held = self._table(ask, table)
        own = {k["AttributeName"] for k in held["KeySchema"]}
        for index in held.get("GlobalSecondaryIndexes", []):
            keys = [k["AttributeName"] for k in index["KeySchema"]]
            whole = index["Projection"]["ProjectionType"] == "ALL"
            more = set(index["Projection"].get("NonKeyAttributes", []))
            yield index["IndexName"], keys, None if whole else {*own, *keys, *more}


def _index_units(old: Item | None, new: Item | None, keys: list[str], shown: set[str] | None) -> int:
    def seen(item: Item | None) -> Item | None:
        if item is None or any(k not in item for k in keys):
            return None
        return {k: v for k, v in item.items() if shown is None or k in shown}

    before, after = seen(old), seen(new)
    if before == after:
        return 0
    moved = before is not None and after is not None and any(before[k] != after[k] for k in keys)
    return (2 if moved else 1) * max(1, ceil(max(_size(before), _size(after)) / 1024))


def _size(item: Item | None) -> int:
    """Bytes of an item as DynamoDB counts them: names and values."""
    return sum(len(name.encode()) + _value(value) for name, value in (item or {}).items())


def _value(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "B":
        return len(held)
    if kind == "N":
        return (len(held) + 1) // 2 + 1
    if kind == "M":
        return 3 + _size(held) + len(held)
    if kind == "L":
        return 3 + sum(_value(one) + 1 for one in held)
    return 1


@contextmanager
def scales() -> Iterator[Scales]:
    made = Scales()
    made.ask = Connection._make_api_call

    def weighed(self: Any, operation: str, told: dict[str, Any], *rest: Any) -> Any:
        return made.weighed(self, operation, told, *rest)

    Connection._make_api_call = weighed  # type: ignore[method-assign, assignment]
    try:
        yield made
    finally:
        Connection._make_api_call = made.ask  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Units:
    """By table or table/index."""

    read: dict[str, float]
    written: dict[str, float]


def figures() -> list[Figure]:
    found = units_per_changed_bill(CHANGED)
    read, written = sum(found.read.values()), sum(found.written.values())
    told = [
        ", ".join(f"{n} {where.removeprefix('bench-')}" for where, n in way.items())
        for way in (found.read, found.written)
    ]
    return [
        Figure("store_units_per_changed_bill", round(read + written, 1), 60, what="until its invoice is changed too"),
        Figure("store_read_units_per_changed_bill", round(read, 1), what=told[0]),
        Figure("store_write_units_per_changed_bill", round(written, 1), what=told[1]),
    ]


def units_per_changed_bill(changed: int) -> Units:
    with mock_aws():
        stage = _a_firm_on_dynamodb()
        numbers = [
            p.number for p in _payables(stage) if p.booked and p.open == p.asks and not p.booked.adopted and not p.gone
        ][:changed]
        assert len(numbers) == changed, numbers
        stage.pass_time(SPAN / 8, minutes=SPAN)
        quiet = in_a_child(lambda: _weighed(stage, []))
        busy = _weighed(stage, numbers)
    return Units(*(_less(busy, quiet, way, changed) for way in ("read", "write")))


Weighed = dict[tuple[str, str], float]


def _weighed(stage: Stage, numbers: Sequence[str]) -> Weighed:
    """The span after these bills were changed."""
    for number in numbers:
        people = stage.world.clio_box.people
        people.edit_bill(number, due_at=stage.world.now().date().replace(day=28))
    with scales() as weighed:
        stage.pass_time(SPAN / 8, minutes=SPAN)
    after = {p.number: p for p in _payables(stage)}
    assert all(after[n].booked and after[n].booked.revision == after[n].revision for n in numbers)
    return dict(weighed.units)


def _less(busy: Weighed, quiet: Weighed, way: str, changed: int) -> dict[str, float]:
    """Units of one way for each changed bill, by table or index; the greatest first."""
    left = {where: (n - quiet.get((w, where), 0)) / changed for (w, where), n in busy.items() if w == way}
    return {where: round(n, 1) for where, n in sorted(left.items(), key=lambda one: -one[1]) if round(n, 1)}


def _a_firm_on_dynamodb() -> Stage:
    world = seeded(MemoryWorld())
    nonces = count()
    store = DynamoStore(
        TABLES, region="us-east-1", clock=world.now, nonce=lambda: f"nonce-{next(nonces)}", pause=lambda _: None
    )
    for model in MODELS.values():
        model.create_table()
    world.store = store  # type: ignore[assignment]
    stage = connect(world)
    stage.resync()
    stage.pass_time(minutes=30)
    return stage


def _payables(stage: Stage) -> list[Any]:
    from chalicelib.domain.kernel import Kind
    from chalicelib.flow import states

    tabs = ("open", "reminding", "paid", "closed")
    rows = [h for t in tabs for h in stage.world.store.listed(f"{stage.firm}/payables/{t}", limit=200).items]
    return [states.decode(Kind.PAYABLE, h.body) for h in rows]
