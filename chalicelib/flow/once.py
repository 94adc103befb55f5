"""A program's POST is done once for its ``Idempotency-Key``: the answer is kept for a day and given again.

Record ``once/<firm>``. It is for the API's own requests only; money's once-only keys are those of effects and calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.kernel import Json
from chalicelib.errors import Conflict, Refused, Unavailable
from chalicelib.flow.ports import World

KEPT = timedelta(hours=24)
BEGUN = timedelta(seconds=60)  # after this a request that has not answered is taken for dead
KEY_LENGTH = 200
WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Answered:
    """``again``: it is the kept answer of an earlier request."""

    status: int
    body: str
    again: bool = False


def once(world: World, firm: str, key: str, request: bytes, do: Callable[[], Answered]) -> Answered:
    """``do``'s answer, or the one that this key got before. ``request``: method, path and body.

    Raises Refused when the key was used for another request, Unavailable while the first one is still worked on, and
    whatever ``do`` raises; then the key is free again.
    """
    if not 0 < len(key) <= KEY_LENGTH:
        raise Refused(f"An Idempotency-Key has 1 to {KEY_LENGTH} characters.")
    pk, sk = f"once/{firm}", _digest(key.encode())
    asked = _digest(request)
    kept = _claim(world, pk, sk, asked)
    if kept is not None:
        return kept
    finished = False
    try:
        answer = do()
        finished = True
    finally:
        if not finished:
            world.store.delete_record(pk, sk)
    body: Json = {"request": asked, "status": answer.status, "body": answer.body}
    world.store.put_record(pk, sk, body, expires=world.now() + KEPT)
    return answer


def _claim(world: World, pk: str, sk: str, asked: str) -> Answered | None:
    """None: this request holds the key now."""
    found = world.store.record(pk, sk)
    now = world.now()
    if found is not None:
        version, body = found
        if body["request"] != asked:
            raise Refused("This Idempotency-Key was used for another request. Use a new key.")
        if "status" in body:
            return Answered(body["status"], body["body"], again=True)
        if body["until"] > now.isoformat():
            raise Unavailable("the same request is being worked on", after=WAIT_SECONDS)
    else:
        version = 0
    begun: Json = {"request": asked, "until": (now + BEGUN).isoformat()}
    try:
        world.store.put_record(pk, sk, begun, expected=version, expires=now + KEPT)
    except Conflict as other:
        raise Unavailable("the same request is being worked on", after=WAIT_SECONDS) from other
    return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
