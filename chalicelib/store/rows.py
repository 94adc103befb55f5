"""Our values to rows of the tables and back. Pure; the models only carry text and whole numbers."""

from __future__ import annotations

import json
from datetime import datetime

from chalicelib.domain.kernel import Call, Effect, Held, Json, Kind, Line, Ref, Status
from chalicelib.store import encoding
from chalicelib.store.bounds import ChangeText
from chalicelib.store.tables import CallRow, EffectRow, JournalRow, StateRow


def state_row(text: ChangeText) -> StateRow:
    change = text.change
    pk, sk = encoding.state_key(change.ref)
    row = StateRow(pk=pk, sk=sk, firm=change.ref.firm, kind=str(change.ref.kind), version=change.expected + 1)
    row.body, row.packed = _packed(text.body)
    if change.listing.list is not None:
        row.list_pk, row.list_sk = change.listing.list[0], encoding.list_sk(change.listing.list[1], change.ref)
    if change.listing.group is not None:
        row.group_pk, row.group_sk = change.listing.group[0], encoding.list_sk(change.listing.group[1], change.ref)
    return row


def held_of(row: StateRow) -> Held:
    return Held(Ref(row.firm, Kind(row.kind), row.sk), int(row.version), _json(row.body, row.packed))


def journal_row(text: ChangeText, nonce: str) -> JournalRow:
    line = text.change.line
    return JournalRow(
        pk=encoding.journal_pk(line.ref),
        sk=encoding.journal_sk(line.version),
        fact=line.fact,
        body=text.fact,
        change=text.moved,
        at=encoding.instant_text(line.at),
        policy=line.policy,
        by=line.by,
        nonce=nonce,
    )


def line_of(row: JournalRow, ref: Ref) -> Line:
    return Line(
        ref=ref,
        version=int(row.sk),
        fact=row.fact,
        body=encoding.json_of(row.body),
        at=encoding.instant_of(row.at),
        policy=int(row.policy),
        change=encoding.json_of(row.change),
        by=row.by,
    )


def effect_row(effect: Effect, old: EffectRow | None, now: datetime) -> EffectRow:
    """The row that replaces ``old``. A parked effect is ordered by when it was parked: ``now``, or when ``old`` was."""
    due_at = encoding.instant_text(effect.due_at)
    row = EffectRow(
        key=effect.key,
        revision=int(old.revision) + 1 if old is not None else 1,
        kind=effect.kind,
        firm=effect.firm,
        about=effect.about,
        lane=effect.lane,
        due_at=due_at,
        after=json.dumps(effect.after),
        body=encoding.json_text(effect.body),
        status=str(effect.status),
        reason=effect.reason,
        remedy=effect.remedy,
        detail=effect.detail,
        title=effect.title,
        arrivals=effect.arrivals,
        tries=effect.tries,
        call=effect.call,
        cause=effect.cause,
    )
    if effect.status is Status.OWED:
        row.shard = str(encoding.shard_of(effect.lane))
        row.lane_pk, row.lane_sk = effect.lane, encoding.due_sk(due_at, effect.key)
    if effect.status is Status.PARKED:
        since = encoding.due_sk(encoding.instant_text(now), effect.key)
        row.parked_pk, row.parked_sk = effect.firm, (old.parked_sk if old is not None else None) or since
    return row


def effect_of(row: EffectRow) -> Effect:
    return Effect(
        key=row.key,
        kind=row.kind,
        firm=row.firm,
        about=row.about,
        lane=row.lane,
        due_at=encoding.instant_of(row.due_at),
        after=tuple(json.loads(row.after)),
        body=encoding.json_of(row.body),
        status=Status(row.status),
        reason=row.reason,
        remedy=row.remedy,
        detail=row.detail,
        title=row.title,
        arrivals=int(row.arrivals),
        tries=int(row.tries),
        call=row.call,
        cause=row.cause,
    )


def call_row(call: Call) -> CallRow:
    stored_at = encoding.instant_text(call.stored_at)
    row = CallRow(
        id=call.id,
        lane=call.lane,
        kind=call.kind,
        members=json.dumps(call.members),
        stored_at=stored_at,
        tries=call.tries,
    )
    row.request, row.packed = _packed(encoding.json_text(call.request))
    if call.sent_at is not None:
        row.sent_at = encoding.instant_text(call.sent_at)
    if not call.done:
        row.live_lane, row.live_at = call.lane, encoding.due_sk(stored_at, call.id)
    return row


def call_of(row: CallRow) -> Call:
    return Call(
        id=row.id,
        lane=row.lane,
        kind=row.kind,
        members=tuple(json.loads(row.members)),
        request=_json(row.request, row.packed),
        stored_at=encoding.instant_of(row.stored_at),
        tries=int(row.tries),
        sent_at=encoding.instant_of(row.sent_at) if row.sent_at else None,
        done=row.live_lane is None,
    )


def _packed(text: str) -> tuple[str | None, bytes | None]:
    """A text as its row keeps it: as it is, or packed; the other is None."""
    small = encoding.packed(text)
    return (text, None) if small is None else (None, small)


def _json(text: str | None, small: bytes | None) -> Json:
    if small is not None:
        text = encoding.unpacked(small)
    assert text is not None
    return encoding.json_of(text)
