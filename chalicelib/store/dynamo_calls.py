"""Calls in DynamoDB. Beginning and ending one are transactions over the call and its members."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.kernel import Call
from chalicelib.errors import Conflict, Unavailable
from chalicelib.store import bounds, encoding, moves
from chalicelib.store.dynamo_effects import ROUNDS, DynamoEffects
from chalicelib.store.reads import one
from chalicelib.store.rows import call_of, call_row, effect_of
from chalicelib.store.tables import CallRow
from chalicelib.store.transact import STEP_SECONDS, Way, Write, transact
from chalicelib.store.trouble import told


class DynamoCalls(DynamoEffects):
    """The verbs of calls."""

    def begin(self, call: Call) -> None:
        bounds.check_call(call)
        rows = self._effect_rows(call.members)
        writes = [Write(("calls", call.id), Way.PUT, call_row(call), CallRow.id.does_not_exist())]
        for key, row in rows.items():
            effect = moves.joined(effect_of(row) if row is not None else None, key, call.id)
            writes.append(self._effect_write(effect, row))
        try:
            failed = transact(self._connection, writes, self._pause)
        except Unavailable as e:
            if not (e.maybe_done and self.call(call.id) == call):
                raise
            failed = []
        if failed:
            raise Conflict(f"call {call.id}: {', '.join(' '.join(write.name) for write in failed)} moved")
        self._wrote("calls")
        self._wrote("effects", len(rows))

    def sending(self, call: str, now: datetime) -> Call:
        row = CallRow(call)
        with told(f"call {call}", writes=True):
            row.update(
                actions=[CallRow.tries.add(1), CallRow.sent_at.set(encoding.instant_text(now))],
                condition=CallRow.live_lane.exists(),
            )
        self._wrote("calls")
        return call_of(row)

    def end(self, call: str) -> None:
        for attempt in range(ROUNDS):
            held = self.call(call)
            if held is None or held.done:
                return
            writes = [
                Write(
                    ("calls", call),
                    Way.UPDATE,
                    CallRow(call),
                    CallRow.live_lane.exists(),
                    (CallRow.live_lane.remove(), CallRow.live_at.remove()),
                )
            ]
            for row in self._effect_rows(held.members).values():
                left = moves.left(effect_of(row), call) if row is not None else None
                if left is not None:
                    writes.append(self._effect_write(left, row))
            if not transact(self._connection, writes, self._pause):
                self._wrote("calls")
                self._wrote("effects", len(writes) - 1)
                return
            self._pause(STEP_SECONDS * attempt)
        raise Conflict(f"call {call}: its members move all the time")

    def call(self, id: str) -> Call | None:
        self._read("calls")
        row = one(CallRow, id)
        return call_of(row) if row is not None else None

    def live_calls(self, lane: str) -> list[Call]:
        with told("live calls"):
            found = list(CallRow.by_live.query(lane, limit=bounds.LIVE_CALLS))
        self._read("calls", len(found))
        return [call_of(row) for row in found]
