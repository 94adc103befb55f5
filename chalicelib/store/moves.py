"""How one effect moves: pure steps from an effect as read to the effect to write; None means nothing to write.

Both stores use these; a store only guarantees that nothing moved between the read and the write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.kernel import OFFERED, Effect, Finish, Json, Status
from chalicelib.errors import Conflict


@dataclass(frozen=True, slots=True)
class Aside:
    """What a person is told about a parked effect; ``body`` is laid over the effect's."""

    reason: str
    remedy: str
    detail: str
    body: Json | None = None


def finished(effect: Effect | None, finish: Finish) -> Effect | None:
    """A Finish carried out. Raises Conflict when it names arrivals or a call that are no longer so, or wants to be the
    first.

    What is done stays done. What is moved to a later time went well until here: its tries begin anew. An effect leaves
    the call that the Finish names; one that is moved or parked without naming its call stays in it, because that call's
    answer may still come.
    """
    named = finish.arrivals is not None or finish.call is not None
    if effect is None:
        if named:
            raise Conflict(f"no effect {finish.key}")
        return None
    if finish.arrivals is not None and finish.arrivals != effect.arrivals:
        raise Conflict(f"{finish.key}: a pointer came since")
    if finish.call is not None and finish.call != effect.call:
        raise Conflict(f"{finish.key}: not in call {finish.call}")
    if effect.status is Status.DONE:
        if finish.once:
            raise Conflict(f"{finish.key}: it is done already")
        return None
    call = effect.call if finish.call is None else ""
    if finish.status is Status.PARKED:
        return _parked(effect, Aside(finish.reason, finish.remedy, finish.detail), call)
    if finish.due_at is not None or finish.status is Status.OWED:
        return replace(_owed(effect), due_at=finish.due_at or effect.due_at, call=call, tries=0, cause="")
    return replace(
        effect,
        status=Status.DONE,
        call="",
        reason=finish.reason or effect.reason,
        remedy=finish.remedy or effect.remedy,
        detail=finish.detail or effect.detail,
    )


def arrived(old: Effect | None, effect: Effect) -> Effect:
    """A pointer came: the effect itself, or the one there with one more arrival, owed, and no later than either. While
    it is owed the bodies are laid over each other, so that nothing that an earlier pointer asked for is lost."""
    if old is None:
        return effect
    waits = old.status is Status.OWED
    due_at = min(old.due_at, effect.due_at) if waits else effect.due_at
    moved = old if waits else replace(_owed(old), tries=0, cause="")
    body = {**old.body, **effect.body} if waits else effect.body
    return replace(moved, body=body, due_at=due_at, arrivals=old.arrivals + 1)


def postponed(effect: Effect | None, due_at: datetime, cause: str, tries: int | None) -> Effect | None:
    if effect is None or effect.status is not Status.OWED:
        return None
    return replace(effect, due_at=due_at, cause=cause, tries=effect.tries if tries is None else tries)


def put_aside(effect: Effect | None, key: str, arrivals: int | None, aside: Aside) -> Effect | None:
    """Parked, still in its call. Raises Conflict when arrivals moved; nothing if it is not owed."""
    if arrivals is not None and (effect is None or effect.arrivals != arrivals):
        raise Conflict(f"{key}: a pointer came since")
    if effect is None or effect.status is not Status.OWED:
        return None
    return _parked(effect, aside, effect.call)


def retried(effect: Effect | None, now: datetime, body: Json | None) -> Effect | None:
    if effect is None or effect.status is not Status.PARKED:
        return None
    owed = _owed(effect)
    return replace(owed, due_at=now, tries=0, cause="", body={**owed.body, **(body or {})})


def joined(effect: Effect | None, key: str, call: str) -> Effect:
    """In this call. Raises Conflict unless it is owed and in no live call."""
    if effect is None or effect.status is not Status.OWED:
        raise Conflict(f"{key} is not owed")
    if effect.call:
        raise Conflict(f"{key} is in call {effect.call}")
    return replace(effect, call=call)


def left(effect: Effect | None, call: str) -> Effect | None:
    """Free again, if it still names the call."""
    return replace(effect, call="") if effect is not None and effect.call == call else None


def written(
    effects: Iterable[Effect], finish: Iterable[Finish], known: Mapping[str, Effect | None]
) -> dict[str, Effect]:
    """The effects that a commit writes, by key: those put that are not there yet, and those that its Finishes move.

    ``known``: the effects there, by key; one that is not in it counts as missing. Raises Conflict.
    """
    out: dict[str, Effect] = {}
    for effect in effects:
        if known.get(effect.key) is None:
            out.setdefault(effect.key, effect)
    for f in finish:
        moved = finished(out.get(f.key) or known.get(f.key), f)
        if moved is not None:
            out[f.key] = moved
    return out


def _owed(effect: Effect) -> Effect:
    """Nothing is asked any more: what parks it next says by itself what may be chosen then."""
    body = {k: v for k, v in effect.body.items() if k not in OFFERED}
    return replace(effect, status=Status.OWED, reason="", remedy="", detail="", body=body)


def _parked(effect: Effect, aside: Aside, call: str) -> Effect:
    return replace(
        effect,
        status=Status.PARKED,
        reason=aside.reason,
        remedy=aside.remedy,
        detail=aside.detail,
        body={**effect.body, **(aside.body or {})},
        call=call,
    )
