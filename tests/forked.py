"""Children of this process, each of which goes on from where it was forked and leaves one value behind.

A child runs none of the clean-up of the process that it came from: pytest's and multiprocessing's belong to the parent.
"""

from __future__ import annotations

import os
import pickle
import select
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lost:
    """What became of a child that left no value."""

    why: str


class Forked:
    """``at_once``: how many children run at the same time. ``told``: what each left, by where it was forked, or Lost.
    ``child``: whether this is one."""

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self.told: dict[Any, Any] = {}
        self.child = False
        self._running: dict[int, tuple[Any, int]] = {}  # where it was forked and its process, by the pipe that it tells
        self._write = -1

    def whole(self, job: Callable[[], T]) -> T:
        """The job's value. A child that it forked leaves its own here."""
        try:
            value = job()
        except BaseException:
            if self.child:
                self._leave(Lost(traceback.format_exc()))
            raise
        finally:
            while self._running and not self.child:
                self._hear_one()
        if self.child:
            self._leave(value)
        return value

    def fork(self, where: Any) -> bool:
        """True in the child, where nothing is forked any more. Only within ``whole``."""
        if self.child:
            return False
        while len(self._running) >= self.at_once:
            self._hear_one()
        read, write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: a child has one
            process = os.fork()
        if process:
            os.close(write)
            self._running[read] = where, process
            return False
        self.child, self._write = True, write
        return True

    def _leave(self, value: Any) -> NoReturn:
        status = 1
        try:
            with os.fdopen(self._write, "wb") as pipe:
                pickle.dump(value, pipe)
            status = 0
        finally:
            os._exit(status)

    def _hear_one(self) -> None:
        """Waits until a child is through."""
        pipe = select.select(list(self._running), [], [])[0][0]
        where, process = self._running.pop(pipe)
        with os.fdopen(pipe, "rb") as heard:
            told = heard.read()
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        lost = status or not told
        self.told[where] = Lost(f"it ended with {status} and told nothing") if lost else pickle.loads(told)


def in_a_child(job: Callable[[], T]) -> T:
    """What the job comes to in a process of its own, which begins as this one stands."""
    forked = Forked()
    forked.whole(lambda: job() if forked.fork(job) else None)
    told = forked.told[job]
    if isinstance(told, Lost):
        raise AssertionError(told.why)
    value: T = told
    return value
