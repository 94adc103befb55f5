"""Documents in QuickBooks asked for by id, of which one may show a figure that we cannot use: it alone is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.errors import Unreadable

R = TypeVar("R")


def by_id(read: Callable[[list[str]], Sequence[R]], ids: Sequence[str]) -> tuple[list[R], dict[str, Unreadable]]:
    """What ``read`` gives of these ids, and by id what cannot be used. One that cannot is found by halves, so that it
    costs a few calls more and not one for each beside it. Raises what ``read`` raises otherwise."""
    if not ids:
        return [], {}
    try:
        return list(read(list(ids))), {}
    except Unreadable as bad:
        if len(ids) == 1:
            return [], {ids[0]: bad}
    half = len(ids) // 2
    (some, odd), (others, more) = by_id(read, ids[:half]), by_id(read, ids[half:])
    return [*some, *others], {**odd, **more}
