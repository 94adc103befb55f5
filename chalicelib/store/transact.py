"""One DynamoDB transaction: sent, repeated when it merely met another one, and read for which conditions failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from zlib import crc32

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.errors import Conflict, Unavailable
from chalicelib.store.trouble import BUSY, BUSY_SECONDS, collided, told

COLLISIONS = 5  # how often a transaction is sent that only met another one
STEP_SECONDS = 0.02  # the wait before it is sent again, times the number of the try, and up to as much again
CANCELLED = "TransactionCanceledException"


class Way(Enum):
    """What to do with a row, in the order in which PynamoDB puts the actions into the request."""

    DELETE = 0
    PUT = 1
    UPDATE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One action. ``name`` says what it is when its condition fails: (table, key)."""

    name: tuple[str, str]
    way: Way
    row: Model
    condition: Condition | None = None
    actions: tuple[Action, ...] = ()


def transact(connection: Connection, writes: Sequence[Write], pause: Callable[[float], None]) -> list[Write]:
    """Sends them as one. Gives those whose condition failed, in which case nothing was written; none: all is written.

    Raises Conflict when it met other transactions again and again, Unavailable when DynamoDB has no room, or
    (``maybe_done``) when its answer was lost. ``pause`` sleeps for so many seconds.
    """
    ordered = sorted(writes, key=lambda write: write.way.value)
    for attempt in range(1, COLLISIONS + 1):
        failed = _alone(ordered[0]) if len(ordered) == 1 else _together(connection, ordered)
        if failed is not None:
            return failed
        pause(STEP_SECONDS * attempt * (1 + _jitter(ordered, attempt)))
    raise Conflict("met other transactions again and again")


def _alone(write: Write) -> list[Write] | None:
    """As _together. One write is as whole without a transaction, at half its price. It has no token: what botocore
    repeats after a lost answer meets its own doing, and the condition fails."""
    try:
        with told(" ".join(write.name), writes=True):
            if write.way is Way.DELETE:
                write.row.delete(condition=write.condition)
            elif write.way is Way.PUT:
                write.row.save(condition=write.condition)
            else:
                write.row.update(actions=list(write.actions), condition=write.condition)
    except Conflict as no:
        return None if collided(no) else [write]
    return []


def _together(connection: Connection, ordered: Sequence[Write]) -> list[Write] | None:
    """Those whose condition failed; nothing when all is written, None when it only met another transaction."""
    try:
        with told("a transaction", writes=True):
            _send(connection, ordered)
    except TransactWriteError as e:
        if e.cause_response_code != CANCELLED:
            raise
        return _failed(e, ordered) or None
    return []


def _send(connection: Connection, ordered: Sequence[Write]) -> None:
    with TransactWrite(connection=connection) as t:
        for write in ordered:
            if write.way is Way.DELETE:
                t.delete(write.row, condition=write.condition)
            elif write.way is Way.PUT:
                t.save(write.row, condition=write.condition)
            else:
                t.update(write.row, actions=list(write.actions), condition=write.condition)


def _failed(error: TransactWriteError, ordered: Sequence[Write]) -> list[Write]:
    """The writes whose condition failed; none when it only met another transaction."""
    codes = [reason.code if reason is not None else "" for reason in error.cancellation_reasons]
    failed = [write for write, code in zip(ordered, codes, strict=False) if code == "ConditionalCheckFailed"]
    if failed or "TransactionConflict" in codes:
        return failed
    if BUSY & set(codes):
        raise Unavailable("DynamoDB, a transaction: throttled", after=BUSY_SECONDS) from error
    raise error


def _jitter(ordered: Sequence[Write], attempt: int) -> float:
    """0 to 1, different for different writers: a hash of what is written, since only World may roll dice."""
    seed = repr([(write.name, write.row.attribute_values) for write in ordered]) + str(attempt)
    return crc32(seed.encode()) / 0xFFFFFFFF
