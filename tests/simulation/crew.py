"""The crew: workers that take turns. Exactly one runs at a time; who runs next is drawn at every I/O step by the seed.

Workers are greenlets: the shipped code runs as it is, and a hand-over costs a microsecond. Time is simulated: a worker
that waits sleeps until its time, and when all sleep the clock moves to the first.
"""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import greenlet

from infra.sandbox.kit import ManualClock

Job = Callable[[], Any]
STAYS = 0.75  # how often a worker goes on though others could
LOOKS_UP = 8  # steps of a worker between two looks at what is due by the clock


class Killed(BaseException):
    """The worker is dead: nothing of its clean-up reaches the world."""


class Endless(BaseException):
    """A history took more steps than it ever may."""


@dataclass(eq=False)
class Worker:
    """One greenlet and its job. ``kill_in``: I/O steps until it dies, None for never. ``skew``: its clock."""

    number: int
    name: str
    job: Job
    firm: str = ""
    skew: timedelta = timedelta(0)
    kill_in: int | None = None
    thread: greenlet.greenlet | None = None
    wake_at: datetime | None = None
    dead: bool = False
    steps: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


class Crew:
    """``between`` is called now and then by whoever runs: it lets happen what is due by the clock.

    ``bugs`` gathers what flew out of jobs. ``limit``: steps after which Endless flies. ``dies``:
    whether whoever takes this step of the whole crew dies of it.
    """

    def __init__(self, clock: ManualClock, rng: random.Random, between: Callable[[], None]) -> None:
        self.clock = clock
        self.rng = rng
        self.between = between
        self.steps = 0
        self.limit = 200_000
        self.current: Worker | None = None
        self.busy: list[Worker] = []
        self.bugs: list[tuple[str, BaseException, str]] = []
        self.deaths = 0
        self.dies: Callable[[int], bool] | None = None
        self.on_death: Callable[[Worker], None] = lambda _w: None
        self.main = greenlet.getcurrent()
        self.stopping = False
        self.made = 0

    # --- jobs -------------------------------------------------------------------------------------------------------
    def spawn(
        self, name: str, job: Job, *, firm: str = "", skew: timedelta = timedelta(0), kill_in: int | None = None
    ) -> None:
        self.made += 1
        worker = Worker(self.made, name, job, firm, skew, kill_in)
        worker.thread = greenlet.greenlet(lambda: self._live(worker), self.main)
        self.busy.append(worker)

    def run(self) -> None:
        """Lets the crew work until every job is over. A job that ends comes back here."""
        self.main = greenlet.getcurrent()
        while self.busy:
            self._hand_to(self._next(None))
            self.current = None

    def close(self) -> None:
        """Ends whoever is still at work."""
        self.stopping = True
        for worker in list(self.busy):
            if worker.thread is not None and worker.thread:
                worker.thread.throw(Killed)
        self.busy.clear()

    # --- what jobs come through ---------------------------------------------------------------------------------------
    def step(self, seconds: float) -> None:
        """One I/O step of the current worker, taking so long. Others may run meanwhile. Raises Killed."""
        me = self.current
        if me is None:
            return
        if me.dead or self.stopping:
            raise Killed
        self.steps += 1
        me.steps += 1
        if self.steps > self.limit:
            raise Endless(f"more than {self.limit} steps")
        if self.dies is not None and self.dies(self.steps):
            self._die(me)
        if me.kill_in is not None:
            me.kill_in -= 1
            if me.kill_in < 0:
                self._die(me)
        me.wake_at = wake_at = self.clock.at + timedelta(0, seconds)
        if len(self.busy) == 1 and me.steps % LOOKS_UP:
            self.clock.at = wake_at  # alone, as most of the time: nothing is drawn
            return
        other = self._next(me)
        if other is not me:
            self._hand_to(other)
            self.alive()

    def alive(self) -> None:
        if self.stopping or (self.current is not None and self.current.dead):
            raise Killed

    def _die(self, me: Worker) -> None:
        me.dead = True
        self.deaths += 1
        self.on_death(me)
        raise Killed

    # --- turns --------------------------------------------------------------------------------------------------------
    def _hand_to(self, worker: Worker) -> None:
        self.current = worker
        assert worker.thread is not None
        worker.thread.switch()

    def _next(self, me: Worker | None) -> Worker:
        """Who runs now: one of those awake; when all sleep, the clock moves on."""
        if me is None or me.steps % LOOKS_UP == 0:
            was, self.current = self.current, None
            self.between()
            self.current = was
        if len(self.busy) == 1:
            (only,) = self.busy
            if only.wake_at is not None and only.wake_at > self.clock.at:
                self.clock.at = only.wake_at
            return only
        now = self.clock.at
        ready = [w for w in self.busy if w.wake_at is None or w.wake_at <= now]
        if not ready:
            first = min(self.busy, key=lambda w: (w.wake_at or now, w.number))
            self.clock.at = max(now, first.wake_at or now)
            return first
        if me in ready and (len(ready) == 1 or self.rng.random() < STAYS):
            assert me is not None
            return me
        return ready[self.rng.randrange(len(ready))]

    def _live(self, me: Worker) -> None:
        try:
            me.job()
        except Killed:
            pass
        except BaseException as bug:  # noqa: BLE001 - judged by the history
            self.bugs.append((me.name, bug, traceback.format_exc()))
        if me in self.busy:
            self.busy.remove(me)
