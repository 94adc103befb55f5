"""commit(): states, journal lines, effects, guards and documents' names in one DynamoDB transaction.

It is planned from the effects that it finishes as they were just read; each write's condition is that nothing moved
since. Two kinds are not read first: effects that it puts are taken to be new, and those that it marks done under
conditions which it names (bounds.Prepared.sure) are taken to meet them. The few that do not show by their failed
condition, are read, and the commit is planned and sent again.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.kernel import Commit, Effect, Finish, Status
from chalicelib.errors import Conflict, Unavailable
from chalicelib.store import encoding, moves
from chalicelib.store.bounds import GuardStep, Prepared, prepare
from chalicelib.store.dynamo_effects import ROUNDS, DynamoEffects
from chalicelib.store.reads import many, one
from chalicelib.store.rows import effect_of, journal_row, state_row
from chalicelib.store.tables import DocumentRow, EffectRow, JournalRow, RecordRow, StateRow
from chalicelib.store.transact import Way, Write, transact

GUARD_SK = "held"


def guard_pk(guard: str) -> str:
    """Each guard is a partition of its own in the table of records, so no partition is shared by all."""
    return f"guard|{guard}"


class DynamoCommit(DynamoEffects):
    """The one way in which anything of the books changes."""

    def commit(self, commit: Commit) -> None:
        prepared = prepare(commit)
        nonce = self._nonce()
        known = self._effect_rows(f.key for f in prepared.finish if f.key not in prepared.sure)
        for _ in range(ROUNDS):
            writes = self._writes(prepared, self._written(prepared, known), known, nonce)
            failed = self._sent(prepared, writes, nonce)
            if not failed:
                return
            known.update(self._effect_rows(failed))
        raise Conflict("its effects move all the time")

    def held_by(self, guard: str) -> str | None:
        """Who holds a uniqueness guard."""
        self._read("records")
        row = one(RecordRow, guard_pk(guard), GUARD_SK)
        return row.body if row is not None else None

    def holders(self, guards: Sequence[str]) -> dict[str, str]:
        """Who holds each of these that is held."""
        by_pk = {guard_pk(guard): guard for guard in guards}
        if not by_pk:
            return {}
        self._read("records", len(by_pk))
        return {by_pk[row.pk]: row.body for row in many(RecordRow, [(pk, GUARD_SK) for pk in by_pk])}

    def _written(self, prepared: Prepared, known: dict[str, EffectRow | None]) -> list[Effect]:
        there = {key: effect_of(row) for key, row in known.items() if row is not None}
        read = [f for f in prepared.finish if not _taken_as_sure(f, prepared, known)]
        return list(moves.written(prepared.effects, read, there).values())

    def _writes(
        self, prepared: Prepared, effects: list[Effect], known: dict[str, EffectRow | None], nonce: str
    ) -> list[Write]:
        writes: list[Write] = []
        for text in prepared.changes:
            row = state_row(text)
            same = StateRow.version == text.change.expected if text.change.expected else StateRow.pk.does_not_exist()
            writes.append(Write(("states", str(text.change.ref)), Way.PUT, row, same))
            line = journal_row(text, nonce)
            writes.append(Write(("journal", str(text.change.ref)), Way.PUT, line, JournalRow.pk.does_not_exist()))
        writes.extend(self._effect_write(effect, known.get(effect.key)) for effect in effects)
        writes.extend(_done_write(f) for f in prepared.finish if _taken_as_sure(f, prepared, known))
        writes.extend(_guard_write(step) for step in prepared.guards)
        writes.extend(_name_write(name) for name in prepared.names)
        return writes

    def _sent(self, prepared: Prepared, writes: list[Write], nonce: str) -> list[str]:
        """Nothing when it is done; else the keys of the effects that were not as they were taken to be.

        Raises Conflict when anything but an effect was in the way, and Unavailable."""
        if not writes:
            return []
        try:
            failed = transact(self._connection, writes, self._pause)
        except Unavailable as e:
            if not (e.maybe_done and self._landed(prepared, nonce)):
                raise
            failed = []
        others = [write.name for write in failed if write.name[0] != "effects"]
        if others and not self._landed(prepared, nonce):
            raise Conflict(f"somebody else was first: {', '.join(' '.join(name) for name in others)}")
        if failed and not others:
            return [write.name[1] for write in failed]
        for write in writes:
            self._wrote(write.name[0])
        return []

    def _landed(self, prepared: Prepared, nonce: str) -> bool:
        """Whether this very commit is in the tables. botocore repeats a request whose answer was lost, so even a failed
        condition may be our own doing. A commit without a state leaves no line: then it counts as not landed."""
        if not prepared.changes:
            return False
        ref = prepared.changes[0].change.ref
        self._read("journal")
        version = prepared.changes[0].change.expected + 1
        line = one(JournalRow, encoding.journal_pk(ref), encoding.journal_sk(version))
        return line is not None and line.nonce == nonce


def _taken_as_sure(finish: Finish, prepared: Prepared, known: dict[str, EffectRow | None]) -> bool:
    return finish.key in prepared.sure and finish.key not in known


def _done_write(finish: Finish) -> Write:
    """What ``moves.finished`` makes of an owed effect, under what it asks of it."""
    meets = EffectRow.status == str(Status.OWED)
    if finish.arrivals is not None:
        meets &= EffectRow.arrivals == finish.arrivals
    if finish.call is not None:
        meets &= EffectRow.call == finish.call
    told = [(EffectRow.reason, finish.reason), (EffectRow.remedy, finish.remedy), (EffectRow.detail, finish.detail)]
    actions = (
        EffectRow.status.set(str(Status.DONE)),
        EffectRow.call.set(""),
        EffectRow.revision.add(1),
        *(attribute.set(text) for attribute, text in told if text),
        *(attribute.remove() for attribute in (EffectRow.shard, EffectRow.lane_pk, EffectRow.lane_sk)),
    )
    return Write(("effects", finish.key), Way.UPDATE, EffectRow(finish.key), meets, actions)


def _guard_write(step: GuardStep) -> Write:
    row = RecordRow(pk=guard_pk(step.key), sk=GUARD_SK, version=1, body=step.after or "")
    free = RecordRow.pk.does_not_exist() | RecordRow.body.is_in(*step.holders)
    return Write(("records", step.key), Way.DELETE if step.after is None else Way.PUT, row, free)


def _name_write(name: str) -> Write:
    actions = (DocumentRow.expires.remove(),)
    return Write(("documents", name), Way.UPDATE, DocumentRow(name), DocumentRow.key.exists(), actions)
