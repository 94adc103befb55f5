"""Strongly consistent reads by key, and pages of an index, as the parts of DynamoStore share them."""

from __future__ import annotations

from typing import TypeVar

from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from chalicelib.store.trouble import told

M = TypeVar("M", bound=Model)


def one(model: type[M], hash_key: str, range_key: str | None = None) -> M | None:
    """The row of this key as last written, or None."""
    try:
        with told(f"{model.__name__} {hash_key}"):
            return model.get(hash_key, range_key, consistent_read=True)
    except DoesNotExist:
        return None


def many(model: type[M], keys: list[str] | list[tuple[str, str]]) -> list[M]:
    """The rows there are, in no order; each key once. 100 in a request, asked again for what DynamoDB left out."""
    if not keys:
        return []
    with told(f"{model.__name__}, {len(keys)} keys"):
        return list(model.batch_get(keys, consistent_read=True))


def raw_key(**parts: str) -> dict[str, dict[str, str]]:
    """A key as DynamoDB writes it, to go on behind."""
    return {name: {"S": value} for name, value in parts.items()}
