"""Races: what another worker does, or the store, at the very moment between two steps of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chalicelib.errors import Conflict
from chalicelib.store.memory import MemoryStore


def taken() -> None:
    """Somebody else was first."""
    raise Conflict("somebody else was first")


@contextmanager
def before(
    store: MemoryStore, verb: str, act: Callable[[], object], *, skip: int = 0, times: int = 1
) -> Iterator[None]:
    """Does ``act`` just before the next ``times`` calls of ``verb``, ``skip`` of them passing first."""
    calls = 0

    def hook(called: str, _table: str) -> None:
        nonlocal calls
        if called != verb:
            return
        calls += 1
        if skip < calls <= skip + times:
            store.before = None
            try:
                act()
            finally:
                store.before = hook

    store.before = hook
    try:
        yield
    finally:
        store.before = None
    assert calls >= skip + times, f"{verb} was called {calls} times"


@contextmanager
def after(store: MemoryStore, verb: str, act: Callable[[], object], *, times: int = 1) -> Iterator[None]:
    """Does ``act`` just after the next ``times`` calls of ``verb``."""
    calls = 0

    def hook(called: str, _table: str) -> None:
        nonlocal calls
        if called != verb:
            return
        calls += 1
        if calls <= times:
            store.after = None
            try:
                act()
            finally:
                store.after = hook

    store.after = hook
    try:
        yield
    finally:
        store.after = None
    assert calls >= times, f"{verb} was called {calls} times"
