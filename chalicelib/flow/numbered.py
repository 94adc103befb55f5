"""A person names a document in QuickBooks by its number, to be linked to something of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.errors import Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sought:
    """``one``, ``many``: what the document is called. ``ours``: what it must be over, after ``says``."""

    one: str
    many: str
    number: str
    says: str
    ours: str


def only(sought: Sought, found: Sequence[T], shows: Callable[[T], str]) -> T:
    """The one document that QuickBooks has under this number. ``shows``: what it is over, in the words of ``ours``.
    Raises Refused where there is none, more than one, or one over something else."""
    number = sought.number
    if len(found) != 1:
        many = f"no {sought.one}" if not found else f"{len(found)} {sought.many}"
        raise Refused(f"QuickBooks shows {many} numbered {number}. Correct the number there or here.")
    [there] = found
    if shows(there) != sought.ours:
        raise Refused(
            f"{sought.one.capitalize()} {number} in QuickBooks is over {shows(there)}; {sought.says} {sought.ours}. "
            "Correct one of them."
        )
    return there
