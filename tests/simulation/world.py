"""``World`` for a history: the in-memory world of tests/world.py with every I/O a step that can go wrong.

Clients, wire formats, flows, domain and sandboxes are the shipped ones. Between histories there is no life in it and it
behaves as the plain in-memory world, so that the beginnings can be made with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import requests

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Commit, Json
from chalicelib.errors import Conflict, Unavailable
from chalicelib.store import bounds
from chalicelib.store.memory import MemoryStore
from chalicelib.store.memory_rows import json_of
from infra.sandbox.kit import Wire
from infra.sandbox.quickbooks.limits import Limits
from tests.simulation.quick_values import replace
from tests.simulation.seam import Life, Messages, Post, Seam
from tests.world import CLIO, QUICKBOOKS, STRIPE, Lanes, MemoryWorld, Seals, Ses

READS: tuple[str, ...] = (
    "load",
    "load_many",
    "journal",
    "listed",
    "grouped",
    "held_by",
    "holders",
    "document",
    "effect",
    "due",
    "lane_due",
)
READS += ("lane_owed", "parked", "call", "live_calls", "record", "records")
MAY_CONFLICT = ("commit", "begin")
SUBSCRIPTIONS_KEPT = timedelta(days=10)  # they last thirty
RECURRING = (Do.POLL_CLIO, Do.POLL_STRIPE, Do.POLL_BOOKS, Do.KEEP_HOOKS)  # what is owed again and again, by itself
# looked at less often here: while something waits for a setting in QuickBooks, or a first sync for its reading
RESTS: dict[str, timedelta] = {Do.PREFLIGHT: timedelta(hours=6), Do.FIRST_SYNC: timedelta(minutes=10)}
STEPS = 0.05  # how often a worker's clock that is off is set anew: forwards, or back by up to four seconds
CAPTURED_BACK = timedelta(days=29)
WOKEN = timedelta(minutes=5)  # what is woken is due at once, by a worker's own clock
PATIENT, BLOCKED = 6, timedelta(hours=10)  # a step that waits for another one is asked about less often here
Seen = Callable[[bounds.Prepared], None]


class SimStore(MemoryStore):
    """Tells of each commit as it happens, stretches the time between polls, and asks the life at each verb."""

    life: SimLife | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> SimStore:
        twin = super().__deepcopy__(memo)
        twin.__class__ = SimStore
        assert isinstance(twin, SimStore)
        return twin

    def _apply(self, prepared: bounds.Prepared, written: dict[str, Any]) -> None:
        super()._apply(prepared, written)
        if self.life is not None:
            self.life.committed(prepared)

    def commit(self, commit: Commit) -> None:
        if any(f.due_at for f in commit.finish):
            later = [replace(f, due_at=self._stretched(f.key, f.due_at)) if f.due_at else f for f in commit.finish]
            commit = replace(commit, finish=tuple(later))
        super().commit(commit)

    def _stretched(self, key: str, due_at: datetime) -> datetime:
        """What comes again by itself comes more rarely here, so that days are cheap."""
        kind = key.split("/", 2)[1]
        if self.life is not None and kind in RESTS:
            return max(due_at, self.life.now() + RESTS[kind])
        if self.life is None or kind not in RECURRING:
            return due_at
        return max(due_at, self.life.now() + self.rests(kind))

    def move(self, key: str, due_at: datetime) -> None:
        """Before a history begins: what is owed comes at another time."""
        self._put_effect(replace(self._effects[key].effect, due_at=due_at, body=json_of(self._effects[key].body)))
        self._let_indexes_follow()

    def rests(self, kind: str) -> timedelta:
        """How long a poll rests in this history. QuickBooks tells of changes of the last thirty days only."""
        assert self.life is not None
        if kind == Do.KEEP_HOOKS and self.life.subscribed:
            return SUBSCRIPTIONS_KEPT
        return min(self.life.poll_every, CAPTURED_BACK) if kind == Do.POLL_BOOKS else self.life.poll_every

    def postpone(self, key: str, due_at: datetime, *, cause: str = "", tries: int | None = None) -> None:
        if tries == 0 and self.life is not None and due_at > self.life.now() + WOKEN:  # not what is woken
            due_at = self._stretched(key, due_at)
        if (
            self.life is not None
            and tries is not None
            and tries > PATIENT
            and cause.startswith(("It waits for", "Invoice ", "Its client stays"))
        ):
            due_at = max(due_at, self.life.now() + BLOCKED)
        if self.life is not None and cause.startswith("It waits for the first sync"):
            due_at = max(due_at, self.life.now() + BLOCKED)
        super().postpone(key, due_at, cause=cause, tries=tries)

    def put_record(
        self, pk: str, sk: str, body: Json, *, expected: int | None = None, expires: datetime | None = None
    ) -> int:
        version = super().put_record(pk, sk, body, expected=expected, expires=expires)
        if self.life is not None and pk.startswith("token/"):
            self.life.token_kept(sk)
        return version


class SimLife(Life):
    """What the store needs besides."""

    poll_every: timedelta
    scripted: bool  # a crash story, in which one answer is lost
    subscribed: bool  # the neighbours tell by themselves, and subscriptions are kept

    def committed(self, prepared: bounds.Prepared) -> None:
        raise NotImplementedError

    def token_kept(self, sk: str) -> None:
        """A worker stored the tokens that it got."""


class SimSeals(Seals):
    """Refuses a dead worker."""

    def __init__(self, world: SimWorld) -> None:
        self.world = world

    def seal(self, clear: str, *, firm: str, neighbour: str) -> str:
        self.world.alive()
        return super().seal(clear, firm=firm, neighbour=neighbour)

    def open(self, sealed: str, *, firm: str, neighbour: str) -> str:
        self.world.alive()
        return super().open(sealed, firm=firm, neighbour=neighbour)


class SimWorld(MemoryWorld):
    """``live(life)`` puts a history on it; ``fresh`` takes it off."""

    def __init__(self) -> None:
        super().__init__()
        self.life: SimLife | None = None
        self.seal = SimSeals(self)
        self.store_fails = self.answers_fail = False
        clock = self.clock
        self.wires = {
            name: Wire(box, base)
            for name, base, box in (
                ("clio", CLIO, self.clio_box),
                ("quickbooks", QUICKBOOKS, self.quickbooks_box),
                ("stripe", STRIPE, self.stripe_box),
            )
        }
        self.browser = requests.Session()
        self.browser.trust_env = False
        for name, base in (("clio", CLIO), ("quickbooks", QUICKBOOKS), ("stripe", STRIPE)):
            self.browser.mount(base, self.wires[name])
        self.store = SimStore(lambda: clock.at)

    def fresh(self, store: MemoryStore, at: datetime, numbers: int) -> None:
        """No history, this store, this time."""
        self.life = None
        self.clock.at = at
        assert isinstance(store, SimStore)
        self.store = store
        self.numbers = itertools.count(numbers)
        self.queue = Lanes()
        self.mail = Ses(self.now)
        self.logs.clear()
        self.metrics.clear()
        self.quickbooks_box.limits = Limits()
        self.clio.remaining.clear()
        self.clio._least.clear()
        self._mount(None)

    def live(self, life: SimLife) -> None:
        """Puts a history on: from now on every I/O of a worker is a step of it."""
        self.life = life
        assert isinstance(self.store, SimStore)
        self.store.life = life
        self.store_fails = any(kind in life.faults.rates for kind in ("store_busy", "store_conflict", "index_lag"))
        self.answers_fail = life.scripted or "store_lost" in life.faults.rates
        self.store.before, self.store.after = self._before, self._after if self.answers_fail else None
        self.queue = Messages(life)  # type: ignore[assignment]
        self.mail = Post(life)
        self._mount(life)

    def _mount(self, life: SimLife | None) -> None:
        for name, base in (("clio", CLIO), ("quickbooks", QUICKBOOKS), ("stripe", STRIPE)):
            wire = self.wires[name]
            self.session.mount(base, Seam(name, wire, life) if life else wire)

    def now(self) -> datetime:
        """The clock of whoever asks: workers' clocks differ a little, and step back a little."""
        life = self.life
        if life is None:
            return self.clock.at
        life.crew.alive()
        me = life.crew.current
        if me is None:
            return self.clock.at
        if me.skew and life.rng.random() < STEPS:
            me.skew = timedelta(seconds=life.rng.uniform(-2, 2))
        return self.clock.at + me.skew

    def secret(self, bytes: int = 32) -> str:
        self.alive()
        return super().secret(bytes)

    def log(self, event: str, **fields: object) -> None:
        if self.life is not None:
            self.life.crew.alive()
            self.life.tell(f"  log {event} {fields}")

    def count(self, metric: str, value: float = 1, **dimensions: str) -> None:
        self.alive()

    def alive(self) -> None:
        """A dead worker is refused whatever it asks for."""
        if self.life is not None:
            self.life.crew.alive()

    def _before(self, verb: str, table: str) -> None:
        life = self.life
        if life is None or life.crew.current is None:
            return
        life.crew.step(life.rng.uniform(0.002, 0.03))
        if not self.store_fails:
            return
        if life.faults.strikes("store_busy"):
            life.tell(f"store {verb}: throttled")
            raise Unavailable(f"DynamoDB, {table}: throttled", after=2.0)
        if verb in MAY_CONFLICT and life.faults.strikes("store_conflict"):
            life.tell(f"store {verb}: collided")
            raise Conflict(f"{table}: somebody else was first")
        store = self.store
        if life.faults.strikes("index_lag"):
            store.lag = life.rng.randint(1, 6)
        elif store.lag and life.rng.random() < 0.3:
            store.lag = 0

    def _after(self, verb: str, table: str) -> None:
        life = self.life
        if life is None or life.crew.current is None:
            return
        if verb in READS:
            return
        if life.forced() or life.faults.strikes("store_lost"):
            life.tell(f"store {verb}: done, and its answer is lost")
            raise Unavailable(f"DynamoDB, {table}: no answer", after=2.0, maybe_done=True)
