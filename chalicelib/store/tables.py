"""The tables as PynamoDB models; infra/resources.yaml declares the same tables, and a test compares the two.

Attributes that an index needs are present only while an item belongs in that index: the indexes are sparse.
Numbers are integers. The models are bound to their tables once per process, by ``bind``: PynamoDB keeps one connection
for each model class, and ours share a single client, because making one costs 80 ms (reference/aws.md 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

CONNECT_SECONDS = 2
READ_SECONDS = 5
RETRIES = 2  # after these the caller is told: a request of ours ends within 29 seconds (design section 5)


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the tables of one stage."""

    states: str
    journal: str
    effects: str
    calls: str
    documents: str
    records: str


class ListIndex(GlobalSecondaryIndex["StateRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "list"
        projection = AllProjection()

    list_pk = UnicodeAttribute(hash_key=True)
    list_sk = UnicodeAttribute(range_key=True)


class GroupIndex(GlobalSecondaryIndex["StateRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "group"
        projection = AllProjection()

    group_pk = UnicodeAttribute(hash_key=True)
    group_sk = UnicodeAttribute(range_key=True)


class StateRow(Model):
    """One aggregate's state. ``pk`` firm|kind, ``sk`` its id. Its JSON is ``body``, or ``packed`` where that is smaller
    by a kilobyte (encoding.packed)."""

    class Meta:
        table_name = "states"
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    firm = UnicodeAttribute()
    kind = UnicodeAttribute()
    version = NumberAttribute()
    body = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    list_pk = UnicodeAttribute(null=True)
    list_sk = UnicodeAttribute(null=True)
    group_pk = UnicodeAttribute(null=True)
    group_sk = UnicodeAttribute(null=True)
    by_list = ListIndex()
    by_group = GroupIndex()


class JournalRow(Model):
    """One journal line, never changed. ``pk`` firm|kind/id, ``sk`` the version in 12 digits.

    ``nonce`` is the same for all lines of one commit and of no other: it tells whether a commit whose answer was lost
    has landed."""

    class Meta:
        table_name = "journal"
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    fact = UnicodeAttribute()
    body = UnicodeAttribute()
    change = UnicodeAttribute()
    at = UnicodeAttribute()
    policy = NumberAttribute()
    by = UnicodeAttribute()
    nonce = UnicodeAttribute()


class DueIndex(GlobalSecondaryIndex["EffectRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "due"
        projection = IncludeProjection(["lane"])

    shard = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class LaneIndex(GlobalSecondaryIndex["EffectRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "lane"
        projection = AllProjection()

    lane_pk = UnicodeAttribute(hash_key=True)
    lane_sk = UnicodeAttribute(range_key=True)


class ParkedIndex(GlobalSecondaryIndex["EffectRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "parked"
        projection = AllProjection()

    parked_pk = UnicodeAttribute(hash_key=True)
    parked_sk = UnicodeAttribute(range_key=True)


class EffectRow(Model):
    """One effect. ``revision`` counts writes: what was read is written back only if nothing moved."""

    class Meta:
        table_name = "effects"
        billing_mode = "PAY_PER_REQUEST"

    key = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute()
    kind = UnicodeAttribute()
    firm = UnicodeAttribute()
    about = UnicodeAttribute()
    lane = UnicodeAttribute()
    due_at = UnicodeAttribute()
    after = UnicodeAttribute()
    body = UnicodeAttribute()
    status = UnicodeAttribute()
    reason = UnicodeAttribute()
    remedy = UnicodeAttribute()
    detail = UnicodeAttribute()
    title = UnicodeAttribute()
    arrivals = NumberAttribute()
    tries = NumberAttribute()
    call = UnicodeAttribute()
    cause = UnicodeAttribute()
    shard = UnicodeAttribute(null=True)
    lane_pk = UnicodeAttribute(null=True)
    lane_sk = UnicodeAttribute(null=True)
    parked_pk = UnicodeAttribute(null=True)
    parked_sk = UnicodeAttribute(null=True)
    by_due = DueIndex()
    by_lane = LaneIndex()
    by_parked = ParkedIndex()


class LiveIndex(GlobalSecondaryIndex["CallRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "live"
        projection = AllProjection()

    live_lane = UnicodeAttribute(hash_key=True)
    live_at = UnicodeAttribute(range_key=True)


class CallRow(Model):
    """One call. It has ``live_lane`` and ``live_at`` until it is over. Its request is ``request``, or ``packed`` as a
    state's body is."""

    class Meta:
        table_name = "calls"
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True)
    lane = UnicodeAttribute()
    kind = UnicodeAttribute()
    members = UnicodeAttribute()
    request = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    stored_at = UnicodeAttribute()
    tries = NumberAttribute()
    sent_at = UnicodeAttribute(null=True)
    live_lane = UnicodeAttribute(null=True)
    live_at = UnicodeAttribute(null=True)
    by_live = LiveIndex()


class DocumentRow(Model):
    """Bytes that never change. ``expires`` (epoch seconds) until a commit names it."""

    class Meta:
        table_name = "documents"
        billing_mode = "PAY_PER_REQUEST"

    key = UnicodeAttribute(hash_key=True)
    body = BinaryAttribute(legacy_encoding=False)
    expires = NumberAttribute(null=True)


class RecordRow(Model):
    """A plain record, or a guard (``pk`` guard|key). ``expires`` (epoch seconds, rounded up) is for DynamoDB's sweeper,
    ``expires_at`` is the exact instant that reads go by."""

    class Meta:
        table_name = "records"
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    body = UnicodeAttribute()
    expires = NumberAttribute(null=True)
    expires_at = UnicodeAttribute(null=True)


MODELS: dict[str, type[Model]] = {
    "states": StateRow,
    "journal": JournalRow,
    "effects": EffectRow,
    "calls": CallRow,
    "documents": DocumentRow,
    "records": RecordRow,
}


def bind(tables: Tables, region: str, host: str | None) -> Connection:
    """Points the models at one stage's tables and gives the connection they share. No network, no client yet: that is
    made with the first request."""
    shared = Connection(
        region=region,
        host=host,
        connect_timeout_seconds=CONNECT_SECONDS,
        read_timeout_seconds=READ_SECONDS,
        max_retry_attempts=RETRIES,
    )
    for name, model in _named(tables):
        model.Meta.table_name, model.Meta.region, model.Meta.host = name, region, host
        model._connection = None
        table = model._get_connection()
        shared.add_meta_table(table.get_meta_table())
        table.connection = shared
    return shared


def _named(tables: Tables) -> Iterator[tuple[str, type[Model]]]:
    for field in fields(tables):
        yield getattr(tables, field.name), MODELS[field.name]
