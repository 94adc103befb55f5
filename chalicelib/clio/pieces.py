"""The smallest pieces of Clio's addresses and answers. No HTTP is done here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import requests

from chalicelib.domain.raw import Raw
from chalicelib.errors import Unreadable

IDS_AT_ONCE = 200
Params = list[tuple[str, str]]

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def json_of(answer: requests.Response) -> Raw:
    try:
        told = _DECODER.decode(answer.content)
    except ValueError as bad:
        raise Unreadable("answer", answer.headers.get("Content-Type", "no content type")) from bad
    if not isinstance(told, dict):
        raise Unreadable("answer", type(told).__name__)
    return told


def ids(wanted: Sequence[str]) -> Params:
    """Records by id: at least one, and no more than a page."""
    if not 0 < len(wanted) <= IDS_AT_ONCE:
        raise ValueError(f"at least one and at most {IDS_AT_ONCE} at once")
    return [("ids[]", id) for id in wanted]


def since(at: datetime | None) -> Params:
    return [("updated_since", at.astimezone(UTC).isoformat(timespec="seconds"))] if at else []


def seconds(raw: object) -> int:
    """``expires_in`` as sent; Clio's own pages disagree about the usual value (reference/clio.md 1)."""
    if isinstance(raw, bool) or not isinstance(raw, int) or raw <= 0:
        raise Unreadable("expires_in", raw)
    return raw


def digits(id: str) -> str:
    """An id that may stand in a path."""
    if not id.isascii() or not id.isdigit():
        raise ValueError(f"not a Clio id: {id!r}")
    return id
