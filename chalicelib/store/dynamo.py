"""The store in DynamoDB: loading and listing states here, the rest by subject in dynamo_commit, _effects, _calls and
_records. Reads of the books are strongly consistent; pages of an index are not (reference/aws.md 4).

One DynamoStore per process: it binds the models to their tables. Building it makes no connection; the first request
does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import sleep
from typing import Any

from chalicelib.domain.kernel import Held, Line, Ref, Slice
from chalicelib.store import encoding
from chalicelib.store.dynamo_calls import DynamoCalls
from chalicelib.store.dynamo_commit import DynamoCommit
from chalicelib.store.dynamo_records import DynamoRecords
from chalicelib.store.reads import many, one, raw_key
from chalicelib.store.rows import held_of, line_of
from chalicelib.store.tables import JournalRow, StateRow, Tables, bind
from chalicelib.store.trouble import told


class DynamoStore(DynamoCommit, DynamoCalls, DynamoRecords):
    """``clock`` gives the current UTC instant (expiry, and when something was parked); ``nonce`` a fresh unguessable
    text for each commit; ``pause`` sleeps for so many seconds, at most one, between tries."""

    def __init__(
        self,
        tables: Tables,
        *,
        region: str,
        clock: Callable[[], datetime],
        nonce: Callable[[], str],
        host: str | None = None,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        super().__init__(bind(tables, region, host), clock, nonce, pause)

    def load(self, ref: Ref) -> Held:
        self._read("states")
        row = one(StateRow, *encoding.state_key(ref))
        return held_of(row) if row is not None else Held(ref, 0, None)

    def load_many(self, refs: Sequence[Ref]) -> list[Held]:
        keys = list(dict.fromkeys(encoding.state_key(ref) for ref in refs))
        if not keys:
            return []
        self._read("states", len(keys))
        held = {(row.pk, row.sk): held_of(row) for row in many(StateRow, keys)}
        return [held.get(encoding.state_key(ref), Held(ref, 0, None)) for ref in refs]

    def journal(self, ref: Ref, *, after: int = 0, limit: int = 100) -> list[Line]:
        behind = JournalRow.sk > encoding.journal_sk(after)
        with told(f"the journal of {ref}"):
            found = list(JournalRow.query(encoding.journal_pk(ref), behind, limit=limit, consistent_read=True))
        self._read("journal", len(found))
        return [line_of(row, ref) for row in found]

    def listed(
        self, partition: str, *, limit: int, cursor: str | None = None, descending: bool = False, begins: str = ""
    ) -> Slice:
        return self._page("list", StateRow.by_list, partition, limit, cursor, descending, begins)

    def grouped(
        self, partition: str, *, limit: int, cursor: str | None = None, descending: bool = False, begins: str = ""
    ) -> Slice:
        return self._page("group", StateRow.by_group, partition, limit, cursor, descending, begins)

    def _page(
        self, of: str, index: Any, partition: str, limit: int, cursor: str | None, descending: bool, begins: str
    ) -> Slice:
        """``of``: what the names of the index's two keys begin with."""
        start = None
        if cursor:
            at, pk, sk = encoding.cursor_parts(cursor, 3, begins)
            start = raw_key(**{f"{of}_pk": partition, f"{of}_sk": at, "pk": pk, "sk": sk})
        until = getattr(StateRow, f"{of}_sk").startswith(begins) if begins else None
        with told(f"a {of}"):
            found: list[StateRow] = list(
                index.query(partition, until, limit=limit, scan_index_forward=not descending, last_evaluated_key=start)
            )
        return self._slice(found, limit, [getattr(row, f"{of}_sk") for row in found[-1:]])

    def _slice(self, found: list[StateRow], limit: int, last: list[str | None]) -> Slice:
        """A full page has a next one, which may be empty: knowing better would cost another item."""
        self._read("states", len(found))
        next = encoding.cursor_text(str(last[0]), found[-1].pk, found[-1].sk) if len(found) == limit and last else None
        return Slice(tuple(held_of(row) for row in found), next)
