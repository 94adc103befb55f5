"""Plain records and documents in DynamoDB. What has expired counts as gone, whether or not it has been swept."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.kernel import Json
from chalicelib.errors import Conflict
from chalicelib.store import bounds, encoding
from chalicelib.store.dynamo_effects import DynamoEffects
from chalicelib.store.reads import one
from chalicelib.store.tables import DocumentRow, RecordRow
from chalicelib.store.trouble import told


class DynamoRecords(DynamoEffects):
    """The verbs of records and documents."""

    def record(self, pk: str, sk: str) -> tuple[int, Json] | None:
        self._read("records")
        row = one(RecordRow, pk, sk)
        return None if row is None or self._gone(row) else (int(row.version), encoding.json_of(row.body))

    def put_record(
        self, pk: str, sk: str, body: Json, *, expected: int | None = None, expires: datetime | None = None
    ) -> int:
        """The version goes on counting over an expired record, so nobody takes the new one for the one they saw."""
        row = RecordRow(pk, sk)
        actions: list[Action] = [RecordRow.version.add(1), RecordRow.body.set(bounds.record_text(pk, sk, body))]
        if expires is None:
            actions += [RecordRow.expires.remove(), RecordRow.expires_at.remove()]
        else:
            actions += [
                RecordRow.expires.set(ceil(expires.timestamp())),
                RecordRow.expires_at.set(encoding.instant_text(expires)),
            ]
        with told(f"record {pk}/{sk}", writes=True):
            row.update(actions=actions, condition=self._seen(expected))
        self._wrote("records")
        return int(row.version)

    def delete_record(self, pk: str, sk: str) -> None:
        with told(f"record {pk}/{sk}", writes=True):
            RecordRow(pk, sk).delete()
        self._wrote("records")

    def records(
        self, pk: str, *, begins: str = "", limit: int = 100, descending: bool = False
    ) -> list[tuple[str, Json]]:
        out: list[tuple[str, Json]] = []
        seen = 0
        with told("records"):
            rows = RecordRow.query(
                pk,
                RecordRow.sk.startswith(begins) if begins else None,
                page_size=limit,
                scan_index_forward=not descending,
                consistent_read=True,
            )
            while len(out) < limit and (row := next(rows, None)) is not None:
                seen += 1
                if not self._gone(row):
                    out.append((row.sk, encoding.json_of(row.body)))
        self._read("records", seen)
        return out

    def put_document(self, key: str, body: bytes, *, now: datetime) -> None:
        bounds.check_document(key, body)
        expires = ceil((now + timedelta(days=bounds.DOCUMENT_DAYS)).timestamp())
        try:
            with told(f"document {key}", writes=True):
                DocumentRow(key, body=body, expires=expires).save(DocumentRow.key.does_not_exist())
        except Conflict:
            if not self._kept_longer(key, expires):
                return
        self._wrote("documents")

    def document(self, key: str) -> bytes | None:
        self._read("documents")
        row = one(DocumentRow, key)
        if row is None or (row.expires is not None and row.expires <= self._clock().timestamp()):
            return None
        return row.body

    def _kept_longer(self, key: str, expires: int) -> bool:
        """A document put again keeps its body and gets two more days, unless a commit named it: then it stays."""
        try:
            with told(f"document {key}", writes=True):
                DocumentRow(key).update(
                    actions=[DocumentRow.expires.set(expires)], condition=DocumentRow.expires.exists()
                )
        except Conflict:
            return False
        return True

    def _gone(self, row: RecordRow) -> bool:
        return row.expires_at is not None and row.expires_at <= encoding.instant_text(self._clock())

    def _seen(self, expected: int | None) -> Condition | None:
        """The condition that the record is at the version seen; 0: not there, or expired."""
        now = encoding.instant_text(self._clock())
        if expected is None:
            return None
        if expected == 0:
            free: Condition = RecordRow.pk.does_not_exist() | (RecordRow.expires_at <= now)
            return free
        lives: Condition = RecordRow.expires_at.does_not_exist() | (RecordRow.expires_at > now)
        seen: Condition = (RecordRow.version == expected) & lives
        return seen
