"""Effects in DynamoDB: read, moved by ``moves``, written back only if nothing moved in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from pynamodb.connection import Connection
from pynamodb.expressions.condition import Condition

from chalicelib.domain.kernel import Effect, EffectSlice, Json
from chalicelib.errors import Conflict
from chalicelib.store import bounds, encoding, moves
from chalicelib.store.reads import many, one, raw_key
from chalicelib.store.rows import effect_of, effect_row
from chalicelib.store.tables import EffectRow
from chalicelib.store.tally import Tally
from chalicelib.store.transact import STEP_SECONDS, Way, Write
from chalicelib.store.trouble import told

ROUNDS = 8  # how often something is read and tried again when somebody else was first


class DynamoEffects(Tally):
    """What every part of the store needs, and the verbs of effects."""

    def __init__(
        self,
        connection: Connection,
        clock: Callable[[], datetime],
        nonce: Callable[[], str],
        pause: Callable[[float], None],
    ) -> None:
        super().__init__()
        self._connection = connection
        self._clock = clock
        self._nonce = nonce
        self._pause = pause

    def effect(self, key: str) -> Effect | None:
        row = self._effect_row(key)
        return effect_of(row) if row is not None else None

    def arrive(self, effect: Effect) -> None:
        bounds.effect_bytes(effect)
        self._move(effect.key, lambda old: moves.arrived(old, effect))

    def due(self, shard: int, now: datetime, *, limit: int) -> list[tuple[str, str]]:
        with told("what is due"):
            found = list(
                EffectRow.by_due.query(str(shard), EffectRow.due_at <= encoding.instant_text(now), limit=limit)
            )
        self._read("effects", len(found))
        return [(row.key, row.lane) for row in found]

    def lane_due(self, lane: str, now: datetime, *, limit: int) -> list[Effect]:
        return self._lane(lane, EffectRow.lane_sk <= encoding.due_upto(now), limit)

    def lane_owed(self, lane: str, *, limit: int) -> list[Effect]:
        return self._lane(lane, None, limit)

    def postpone(self, key: str, due_at: datetime, *, cause: str = "", tries: int | None = None) -> None:
        self._move(key, lambda old: moves.postponed(old, due_at, cause, tries))

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
        aside = moves.Aside(reason, remedy, detail, body)
        self._move(key, lambda old: moves.put_aside(old, key, arrivals, aside))

    def retry(self, key: str, now: datetime, *, body: Json | None = None) -> bool:
        return self._move(key, lambda old: moves.retried(old, now, body))

    def free(self, call: str, key: str) -> None:
        self._move(key, lambda old: moves.left(old, call))

    def parked(self, firm: str, *, limit: int, cursor: str | None = None) -> EffectSlice:
        start = None
        if cursor:
            sk, key = encoding.cursor_parts(cursor, 2)
            start = raw_key(parked_pk=firm, parked_sk=sk, key=key)
        with told("parked effects"):
            found = list(
                EffectRow.by_parked.query(firm, limit=limit, scan_index_forward=False, last_evaluated_key=start)
            )
        self._read("effects", len(found))
        full = found and len(found) == limit
        next = encoding.cursor_text(str(found[-1].parked_sk), found[-1].key) if full else None
        return EffectSlice(tuple(effect_of(row) for row in found), next)

    # --- for the other parts ---

    def _effect_row(self, key: str) -> EffectRow | None:
        self._read("effects")
        return one(EffectRow, key)

    def _effect_rows(self, keys: Iterable[str]) -> dict[str, EffectRow | None]:
        """Strongly consistent; None for those that are not there."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        self._read("effects", len(wanted))
        rows: dict[str, EffectRow | None] = dict.fromkeys(wanted)
        rows.update({row.key: row for row in many(EffectRow, wanted)})
        return rows

    def _effect_write(self, effect: Effect, old: EffectRow | None) -> Write:
        """Puts the effect if it is still as it was read (None: not there)."""
        row = effect_row(effect, old, self._clock())
        return Write(("effects", effect.key), Way.PUT, row, unmoved(old))

    def _move(self, key: str, step: Callable[[Effect | None], Effect | None]) -> bool:
        """Reads, moves and writes until nobody was in between. False when there was nothing to write. Raises what
        ``step`` raises, and Conflict when others are always first."""
        for attempt in range(ROUNDS):
            old = self._effect_row(key)
            moved = step(effect_of(old) if old is not None else None)
            if moved is None:
                return False
            try:
                with told(f"effect {key}", writes=True):
                    effect_row(moved, old, self._clock()).save(unmoved(old))
            except Conflict:
                self._pause(STEP_SECONDS * attempt)
                continue
            self._wrote("effects")
            return True
        raise Conflict(f"effect {key} moves all the time")

    def _lane(self, lane: str, until: Condition | None, limit: int) -> list[Effect]:
        with told("a lane"):
            found = list(EffectRow.by_lane.query(lane, until, limit=limit))
        self._read("effects", len(found))
        return [effect_of(row) for row in found]


def unmoved(old: EffectRow | None) -> Condition:
    """The condition that an effect is still as it was read."""
    return EffectRow.key.does_not_exist() if old is None else EffectRow.revision == old.revision
