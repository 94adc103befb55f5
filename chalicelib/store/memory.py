"""The store in memory: the same behaviour as DynamoStore, for flow tests, the simulator and the benches.

Nothing of it runs in production. The simulator may hook in before and after each verb and let the indexes lag.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from chalicelib.domain.kernel import (
    Call,
    Commit,
    Effect,
    EffectSlice,
    Held,
    Json,
    Line,
    Ref,
    Slice,
    Status,
)
from chalicelib.errors import Conflict
from chalicelib.store import bounds, encoding, moves
from chalicelib.store.index import Index, Lag, Place, Update
from chalicelib.store.memory_rows import EffectRow, LineRow, RecordRow, StateRow, effect_with, json_of, line_with
from chalicelib.store.tally import Tally

P = ParamSpec("P")
R = TypeVar("R")
Hook = Callable[[str, str], None]  # (verb, table)
INDEXES = ("list", "group", "due", "lane", "parked", "live")


def _verb(
    table: str,
) -> Callable[[Callable[Concatenate[MemoryStore, P], R]], Callable[Concatenate[MemoryStore, P], R]]:
    """Lets the hooks know of one verb. ``before`` may raise and nothing has happened; ``after`` may raise when all has
    happened: a lost answer."""

    def wrap(method: Callable[Concatenate[MemoryStore, P], R]) -> Callable[Concatenate[MemoryStore, P], R]:
        name = method.__name__

        @wraps(method)
        def hooked(self: MemoryStore, *args: P.args, **kwargs: P.kwargs) -> R:
            if self.before is not None:
                self.before(name, table)
            result = method(self, *args, **kwargs)
            if self._updates or self._lag.held:
                self._let_indexes_follow()
            if self.after is not None:
                self.after(name, table)
            return result

        return cast("Callable[Concatenate[MemoryStore, P], R]", hooked)

    return wrap


class MemoryStore(Tally):
    """``clock`` gives the current UTC instant: records and documents expire by it, and parked effects are ordered by
    it. ``before``/``after``: hooks called with (verb, table) around each verb."""

    def __init__(self, clock: Callable[[], datetime], *, before: Hook | None = None, after: Hook | None = None) -> None:
        super().__init__()
        self.clock = clock
        self.before = before
        self.after = after
        self._states: dict[Ref, StateRow] = {}
        self._journal: dict[Ref, list[LineRow]] = {}
        self._effects: dict[str, EffectRow] = {}
        self._calls: dict[str, Call] = {}
        self._documents: dict[str, tuple[bytes, datetime | None]] = {}
        self._records: dict[str, dict[str, RecordRow]] = {}
        self._guards: dict[str, str] = {}
        self._index: dict[str, Index[Any]] = {name: Index() for name in INDEXES}
        self._lag = Lag()
        self._updates: list[Update] = []

    @property
    def lag(self) -> int:
        """How many later writes the indexes wait for: due, lane, listed, grouped, parked and live calls show what was
        there that many writes ago. They do not catch up by themselves: set it to 0 to let them."""
        return self._lag.steps

    @lag.setter
    def lag(self, writes: int) -> None:
        self._lag.steps = writes
        self._let_indexes_follow()

    def __deepcopy__(self, memo: dict[int, Any]) -> MemoryStore:
        twin = memo[id(self)] = self.twin(copy.deepcopy(self.clock, memo))
        twin.before, twin.after = copy.deepcopy((self.before, self.after), memo)
        return twin

    def twin(self, clock: Callable[[], datetime]) -> MemoryStore:
        """A store that holds the same, by another clock and without hooks. Cheap: what is stored is immutable and
        shared; only the containers are copied."""
        twin = MemoryStore(clock)
        twin.counts = self.counts.copy()
        twin._states, twin._effects, twin._calls = dict(self._states), dict(self._effects), dict(self._calls)
        twin._journal = {ref: list(lines) for ref, lines in self._journal.items()}
        twin._documents, twin._guards = dict(self._documents), dict(self._guards)
        twin._records = {pk: dict(rows) for pk, rows in self._records.items()}
        twin._index = {name: index.copy() for name, index in self._index.items()}
        twin._lag = self._lag.copy()
        return twin

    # --- states and journal ---

    @_verb("states")
    def load(self, ref: Ref) -> Held:
        self._read("states")
        return self._held(ref)

    @_verb("states")
    def load_many(self, refs: Sequence[Ref]) -> list[Held]:
        if refs:
            self._read("states", len(set(refs)))
        return [self._held(ref) for ref in refs]

    @_verb("states")
    def commit(self, commit: Commit) -> None:
        prepared = bounds.prepare(commit)
        finished = {f.key for f in prepared.finish}
        if read := finished - prepared.sure:
            self._read("effects", len(read))
        self._check(prepared)
        known = {key: self._effect(key) for key in {*finished, *(e.key for e in prepared.effects)}}
        written = moves.written(prepared.effects, prepared.finish, known)
        self._apply(prepared, written)

    @_verb("journal")
    def journal(self, ref: Ref, *, after: int = 0, limit: int = 100) -> list[Line]:
        lines = [line.read() for line in self._journal.get(ref, [])[after : after + limit]]
        self._read("journal", len(lines))
        return lines

    @_verb("states")
    def listed(
        self, partition: str, *, limit: int, cursor: str | None = None, descending: bool = False, begins: str = ""
    ) -> Slice:
        return self._slice("list", partition, limit, cursor, descending, begins)

    @_verb("states")
    def grouped(
        self, partition: str, *, limit: int, cursor: str | None = None, descending: bool = False, begins: str = ""
    ) -> Slice:
        return self._slice("group", partition, limit, cursor, descending, begins)

    @_verb("records")
    def held_by(self, guard: str) -> str | None:
        self._read("records")
        return self._guards.get(guard)

    @_verb("records")
    def holders(self, guards: Sequence[str]) -> dict[str, str]:
        if guards:
            self._read("records", len(set(guards)))
        return {guard: self._guards[guard] for guard in guards if guard in self._guards}

    # --- documents ---

    @_verb("documents")
    def put_document(self, key: str, body: bytes, *, now: datetime) -> None:
        bounds.check_document(key, body)
        old = self._documents.get(key)
        if old is not None and old[1] is None:
            return
        self._documents[key] = (old[0] if old else bytes(body), now + timedelta(days=bounds.DOCUMENT_DAYS))
        self._wrote("documents")

    @_verb("documents")
    def document(self, key: str) -> bytes | None:
        self._read("documents")
        body, expires = self._documents.get(key, (None, None))
        return None if expires is not None and expires <= self.clock() else body

    # --- effects ---

    @_verb("effects")
    def effect(self, key: str) -> Effect | None:
        self._read("effects")
        return self._effect(key)

    @_verb("effects")
    def arrive(self, effect: Effect) -> None:
        bounds.effect_bytes(effect)
        self._move(moves.arrived(self._effect(effect.key), effect))

    @_verb("effects")
    def due(self, shard: int, now: datetime, *, limit: int) -> list[tuple[str, str]]:
        found = self._index["due"].page(str(shard), limit, upto=encoding.instant_text(now))
        self._read("effects", len(found))
        return [(owed.effect.key, owed.effect.lane) for _, owed in found]

    @_verb("effects")
    def lane_due(self, lane: str, now: datetime, *, limit: int) -> list[Effect]:
        return self._lane(lane, limit, encoding.due_upto(now))

    @_verb("effects")
    def lane_owed(self, lane: str, *, limit: int) -> list[Effect]:
        return self._lane(lane, limit, encoding.LAST)

    @_verb("effects")
    def postpone(self, key: str, due_at: datetime, *, cause: str = "", tries: int | None = None) -> None:
        self._move(moves.postponed(self._effect(key), due_at, cause, tries))

    @_verb("effects")
    def park(
        self,
        key: str,
        *,
        reason: str,
        remedy: str,
        detail: str,
        arrivals: int | None = None,
        body: Json | None = None,
    ) -> None:
        self._move(moves.put_aside(self._effect(key), key, arrivals, moves.Aside(reason, remedy, detail, body)))

    @_verb("effects")
    def retry(self, key: str, now: datetime, *, body: Json | None = None) -> bool:
        return self._move(moves.retried(self._effect(key), now, body))

    @_verb("effects")
    def parked(self, firm: str, *, limit: int, cursor: str | None = None) -> EffectSlice:
        after = encoding.cursor_parts(cursor, 2) if cursor else None
        found = self._index["parked"].page(
            firm, limit, descending=True, after=(after[0], (after[1],)) if after else None
        )
        self._read("effects", len(found))
        next = encoding.cursor_text(found[-1][0][0], *found[-1][0][1]) if found and len(found) == limit else None
        return EffectSlice(tuple(owed.read() for _, owed in found), next)

    # --- calls ---

    @_verb("calls")
    def begin(self, call: Call) -> None:
        bounds.check_call(call)
        self._read("effects", len(call.members))
        if call.id in self._calls:
            raise Conflict(f"call {call.id} exists")
        members = [moves.joined(self._effect(key), key, call.id) for key in call.members]
        for effect in members:
            self._put_effect(effect)
        self._put_call(call)
        self._wrote("effects", len(members))
        self._wrote("calls")

    @_verb("calls")
    def sending(self, call: str, now: datetime) -> Call:
        held = self._calls.get(call)
        if held is None or held.done:
            raise Conflict(f"call {call} is over")
        self._put_call(replace(held, tries=held.tries + 1, sent_at=now))
        self._wrote("calls")
        return _call_copy(self._calls[call])

    @_verb("calls")
    def end(self, call: str) -> None:
        self._read("calls")
        held = self._calls.get(call)
        if held is None or held.done:
            return
        self._read("effects", len(held.members))
        left = [moves.left(self._effect(key), call) for key in held.members]
        for effect in left:
            if effect is not None:
                self._put_effect(effect)
                self._wrote("effects")
        self._put_call(replace(held, done=True))
        self._wrote("calls")

    @_verb("effects")
    def free(self, call: str, key: str) -> None:
        self._move(moves.left(self._effect(key), call))

    @_verb("calls")
    def call(self, id: str) -> Call | None:
        self._read("calls")
        held = self._calls.get(id)
        return _call_copy(held) if held is not None else None

    @_verb("calls")
    def live_calls(self, lane: str) -> list[Call]:
        found = self._index["live"].page(lane, bounds.LIVE_CALLS)
        self._read("calls", len(found))
        return [_call_copy(call) for _, call in found]

    # --- records ---

    @_verb("records")
    def record(self, pk: str, sk: str) -> tuple[int, Json] | None:
        self._read("records")
        row = self._records.get(pk, {}).get(sk)
        return None if row is None or self._gone(row) else (row.version, json_of(row.body))

    @_verb("records")
    def put_record(
        self, pk: str, sk: str, body: Json, *, expected: int | None = None, expires: datetime | None = None
    ) -> int:
        text = bounds.record_text(pk, sk, body)
        row = self._records.get(pk, {}).get(sk)
        there = 0 if row is None or self._gone(row) else row.version
        if expected is not None and expected != there:
            raise Conflict(f"record {pk}/{sk} is at version {there}, not {expected}")
        version = (row.version if row is not None else 0) + 1
        self._records.setdefault(pk, {})[sk] = RecordRow(version, text, expires)
        self._wrote("records")
        return version

    @_verb("records")
    def delete_record(self, pk: str, sk: str) -> None:
        self._records.get(pk, {}).pop(sk, None)
        self._wrote("records")

    @_verb("records")
    def records(
        self, pk: str, *, begins: str = "", limit: int = 100, descending: bool = False
    ) -> list[tuple[str, Json]]:
        out: list[tuple[str, Json]] = []
        seen = 0
        rows = self._records.get(pk, {})
        for sk in sorted((sk for sk in rows if sk.startswith(begins)), reverse=descending):
            if len(out) == limit:
                break
            seen += 1
            if not self._gone(rows[sk]):
                out.append((sk, json_of(rows[sk].body)))
        self._read("records", seen)
        return out

    # --- inside ---

    def _held(self, ref: Ref) -> Held:
        state = self._states.get(ref)
        return state.held() if state is not None else Held(ref, 0, None)

    def _effect(self, key: str) -> Effect | None:
        owed = self._effects.get(key)
        return owed.read() if owed is not None else None

    def _gone(self, row: RecordRow) -> bool:
        return row.expires is not None and row.expires <= self.clock()

    def _check(self, prepared: bounds.Prepared) -> None:
        for text in prepared.changes:
            state = self._states.get(text.change.ref)
            version = state.version if state is not None else 0
            if version != text.change.expected:
                raise Conflict(f"{text.change.ref} is at version {version}, not {text.change.expected}")
        for step in prepared.guards:
            holder = self._guards.get(step.key)
            if holder is not None and holder not in step.holders:
                raise Conflict(f"guard {step.key} is held by another")
        for name in prepared.names:
            if name not in self._documents:
                raise Conflict(f"document {name} is not there")

    def _apply(self, prepared: bounds.Prepared, written: dict[str, Effect]) -> None:
        for text in prepared.changes:
            self._put_state(text)
        for effect in written.values():
            self._put_effect(effect)
        for step in prepared.guards:
            if step.after is None:
                self._guards.pop(step.key, None)
            else:
                self._guards[step.key] = step.after
        for name in prepared.names:
            self._documents[name] = (self._documents[name][0], None)
        self._wrote("states", len(prepared.changes))
        self._wrote("journal", len(prepared.changes))
        self._wrote("effects", len(written))
        self._wrote("records", len(prepared.guards))
        self._wrote("documents", len(prepared.names))

    def _put_state(self, text: bounds.ChangeText) -> None:
        change = text.change
        state = StateRow(change.ref, change.expected + 1, text.body)
        self._states[change.ref] = state
        line = LineRow(line_with(change.line, {}, {}), text.fact, text.moved)
        self._journal.setdefault(change.ref, []).append(line)
        key = encoding.state_key(change.ref)
        for name, place in (("list", change.listing.list), ("group", change.listing.group)):
            spot = (place[0], encoding.list_sk(place[1], change.ref)) if place else None
            self._updates.append((name, key, spot, state))

    def _slice(
        self, index: str, partition: str, limit: int, cursor: str | None, descending: bool, begins: str
    ) -> Slice:
        after = encoding.cursor_parts(cursor, 3, begins) if cursor else None
        found = self._index[index].page(
            partition,
            limit,
            begins=begins,
            descending=descending,
            after=(after[0], (after[1], after[2])) if after else None,
        )
        self._read("states", len(found))
        next = encoding.cursor_text(found[-1][0][0], *found[-1][0][1]) if found and len(found) == limit else None
        return Slice(tuple(state.held() for _, state in found), next)

    def _lane(self, lane: str, limit: int, upto: str) -> list[Effect]:
        found = self._index["lane"].page(lane, limit, upto=upto)
        self._read("effects", len(found))
        return [owed.read() for _, owed in found]

    def _move(self, effect: Effect | None) -> bool:
        self._read("effects")
        if effect is None:
            return False
        self._put_effect(effect)
        self._wrote("effects")
        return True

    def _put_effect(self, effect: Effect) -> None:
        key, due_at = effect.key, encoding.instant_text(effect.due_at)
        old = self._effects.get(key)
        parked_at = ""
        if effect.status is Status.PARKED:
            parked_at = old.parked_at if old is not None and old.parked_at else encoding.instant_text(self.clock())
        owed = EffectRow(effect_with(effect, {}), encoding.json_text(effect.body), parked_at)
        self._effects[key] = owed
        places: dict[str, Place | None] = dict.fromkeys(("due", "lane", "parked"))
        if effect.status is Status.OWED:
            places["due"] = (str(encoding.shard_of(effect.lane)), due_at)
            places["lane"] = (effect.lane, encoding.due_sk(due_at, key))
        if effect.status is Status.PARKED:
            places["parked"] = (effect.firm, encoding.due_sk(parked_at, key))
        self._updates.extend((name, (key,), place, owed) for name, place in places.items())

    def _put_call(self, call: Call) -> None:
        held = _call_copy(call)
        self._calls[call.id] = held
        place = None if held.done else (held.lane, encoding.due_sk(encoding.instant_text(held.stored_at), held.id))
        self._updates.append(("live", (held.id,), place, held))

    def _let_indexes_follow(self) -> None:
        if self._updates:
            self._lag.note(self._updates)
            self._updates = []
        elif not self._lag.held:
            return
        for name, key, place, item in self._lag.ripe():
            self._index[name].put(key, place, item)


def _call_copy(call: Call) -> Call:
    return replace(call, request=copy.deepcopy(call.request))
