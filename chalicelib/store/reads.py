"""Strongly consistent reads by key, and pages of an index, as the parts of DynamoStore share them."""

from __future__ import annotations

from typing import TypeVar

from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from chalicelib.store.trouble import told

M = TypeVar("M", bound=Model)

HASH_BYTES, RANGE_BYTES = 2048, 1024  # of a key's two parts; DynamoDB refuses to look for a longer or empty one


def can_be(hash_key: str, range_key: str | None = None) -> bool:
    """Whether a row can have this key: parts of one come from addresses and forms, where anything may stand."""
    of_range = range_key is None or 0 < len(range_key.encode()) <= RANGE_BYTES
    return of_range and 0 < len(hash_key.encode()) <= HASH_BYTES


def one(model: type[M], hash_key: str, range_key: str | None = None) -> M | None:
    """The row of this key as last written, or None."""
    if not can_be(hash_key, range_key):
        return None
    try:
        with told(f"{model.__name__} {hash_key}"):
            return model.get(hash_key, range_key, consistent_read=True)
    except DoesNotExist:
        return None


def many(model: type[M], keys: list[str] | list[tuple[str, str]]) -> list[M]:
    """The rows there are, in no order; each key once. 100 in a request, asked again for what DynamoDB left out."""
    asked = [key for key in keys if (can_be(key) if isinstance(key, str) else can_be(*key))]
    if not asked:
        return []
    with told(f"{model.__name__}, {len(asked)} keys"):
        return list(model.batch_get(asked, consistent_read=True))


def raw_key(**parts: str) -> dict[str, dict[str, str]]:
    """A key as DynamoDB writes it, to go on behind."""
    return {name: {"S": value} for name, value in parts.items()}
