"""DynamoDB's errors as ours: Conflict when a condition failed, Unavailable when it did not answer or has no room.

What is neither (a wrong request, a missing permission or table) is a bug or a broken stage, and flies as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException

from chalicelib.errors import Conflict, Unavailable

BUSY = {
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "RequestLimitExceeded",
    "LimitExceededException",
}
BROKEN = {"InternalServerError", "InternalServerErrorException", "ServiceUnavailable", "TransactionInProgressException"}
BUSY_SECONDS = 5.0
CONDITION_FAILED = "ConditionalCheckFailedException"
COLLIDED = "TransactionConflictException"  # a single write met a transaction on the same item


@contextmanager
def told(what: str, *, writes: bool = False) -> Iterator[None]:
    """Around one request. ``writes``: when its answer is lost it may have been carried out all the same."""
    try:
        yield
    except PynamoDBException as e:
        if unanswered(e):  # asked first: PynamoDB cannot give the code of an error that has no response
            raise Unavailable(f"DynamoDB, {what}: no answer", after=BUSY_SECONDS, maybe_done=writes) from e
        code = e.cause_response_code
        if code in (CONDITION_FAILED, COLLIDED):
            raise Conflict(f"{what}: somebody else was first") from e
        if code in BUSY:
            raise Unavailable(f"DynamoDB, {what}: {code}", after=BUSY_SECONDS) from e
        if code in BROKEN:
            raise Unavailable(f"DynamoDB, {what}: {code}", after=BUSY_SECONDS, maybe_done=writes) from e
        raise


def unanswered(error: PynamoDBException) -> bool:
    """Whether the request ended without an answer of DynamoDB: time-out, broken connection."""
    return isinstance(error.cause, BotoCoreError)


def collided(conflict: Conflict) -> bool:
    """Whether a single write failed only because a transaction was at work on its item."""
    cause = conflict.__cause__
    return isinstance(cause, PynamoDBException) and cause.cause_response_code == COLLIDED
