"""Ways in which a real programmer might break the program, one guard at a time. They live only here.

Each names the promise that it attacks, and may ask for more of some acts and faults: the seeds are the same, and on
them, with the same mix, the unbroken program is clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from tests.simulation.terms import Mix


@dataclass(frozen=True)
class Saboteur:
    """``breaks`` puts it in place while it is entered; ``promises``: any of these catches it. ``note``: told."""

    name: str
    promises: tuple[str, ...]
    breaks: Callable[[], AbstractContextManager[Any]]
    mix: Mix = field(default_factory=Mix)
    note: str = ""


@contextmanager
def patches(*pairs: tuple[Any, str, Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for where, name, what in pairs:
            stack.enter_context(mock.patch.object(where, name, what))
        yield
