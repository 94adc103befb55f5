"""One history: two firms, sixty days, people who act, workers that interleave, faults that strike; then all heals.

Everything is drawn from the seed. ``keep`` names the acts and the kinds of fault that a shrunk history is left with.
"""

from __future__ import annotations

import copy
import gc
import heapq
import itertools
import random
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import EventPointer
from chalicelib.errors import FeeSimpleError
from chalicelib.flow import inbox, mailing, reconciling, resync, trust_check
from chalicelib.flow.drain import Place, crashed, drain
from chalicelib.flow.sweep import sweep
from chalicelib.store import bounds
from chalicelib.store.encoding import instant_of
from chalicelib.stripe.webhook import Webhook as StripeHook
from tests.simulation import faults as faults_
from tests.simulation.base import LONG, FirmFacts, bases
from tests.simulation.checkers import Checkers
from tests.simulation.crew import Crew, Endless, Worker
from tests.simulation.news import News
from tests.simulation.people import ACTS, People
from tests.simulation.quick import quick
from tests.simulation.seam import Messages
from tests.simulation.terms import BUSY, CALM, Act, Keep, Mix, Outcome, Script
from tests.simulation.truth import Truth
from tests.simulation.world import RECURRING, SimLife, SimStore
from tests.world import HOOK_SECRET, Sent

DAYS = 60
AT_ONCE = 4  # workers at the same time
MINUTE = timedelta(seconds=60)
STEPS_AT_MOST = 60_000
HEAL_STEPS = 5_000
HEAL_DAYS = 8
NIGHTS = 0.002  # the share of nights that reconcile
SEEN = "a task seen"
NEVER = datetime.max.replace(tzinfo=UTC)


class History(SimLife):
    """Runs one seed. ``run`` gives its outcome."""

    def __init__(
        self,
        seed: int,
        *,
        keep: Keep | None = None,
        mix: Mix | None = None,
        script: Script | None = None,
        tracing: bool = False,
    ) -> None:
        self.seed = seed
        self.keep, self.mix, self.tracing, self.script = keep or Keep(), mix or Mix(), tracing, script
        self.pace = CALM if mix is None else BUSY
        draw = random.Random(f"history-{seed}")
        kinds = self.keep.faults
        self.rates = faults_.drawn(draw, kinds) if script is None else {}
        self.scripted = script is not None
        self.rates.update({k: v for k, v in self.mix.faults.items() if kinds is None or k in kinds})
        made = bases()
        begins = self.mix.begins or draw.choice(("new", "connected", *60 * ("running",)))
        begins = script.begins if script else begins
        self.base = {"new": made.new, "connected": made.connected}.get(begins, made.running)
        self.world = made.laid(self.base)
        self.firms: tuple[FirmFacts, ...] = tuple(copy.copy(f) for f in self.base.firms)
        self.acting = self.firms[:1] if script else self._acting(draw)
        self.healing = self.firms if begins != "running" and not script else self.acting
        self.rng = random.Random(f"schedule-{seed}")
        self.faults = faults_.Faults(random.Random(f"faults-{seed}"), self.rates)
        self.clock = self.world.clock
        self.began = self.clock.at
        self.crew = Crew(self.clock, random.Random(f"crew-{seed}"), self._between)
        self.crew.limit = STEPS_AT_MOST
        self.crew.on_death = self._died
        self.poll_every = timedelta(hours=draw.choice(self.pace.polls))
        self.trace: list[str] = []
        self.calls = 0
        self.number = itertools.count()
        self.agenda: list[tuple[datetime, int, str, Callable[[], Any]]] = []
        self.expired_at = self.began
        self.swept_at = self.began - MINUTE
        self._sweeping = False
        self._set_switches(draw)
        self.truth = Truth(self.world, self.firms)
        self.checkers = Checkers(self)
        self.truth.ours_on = self.checkers.ours_on
        self.people = People(self)
        self.news = News(self)
        self.subscribed = self.news.own
        self.world.live(self)
        self.messages: Messages = self.world.queue  # type: ignore[assignment]
        self.answers = self.healed_at = 0
        self.days: float = DAYS
        self.acts: list[Act] = []
        if script is not None:
            self.days = script.days
            self.crew.dies = script.dies
            self._let_sleep(self.firms[1], (*RECURRING, Do.REMIND))
            script.tell(self)
            return
        self._put_on_agenda(draw, begins)

    def _acting(self, draw: random.Random) -> tuple[FirmFacts, ...]:
        """In which firms people act; another one lives beside them and reminds its clients."""
        one, other = self.firms
        return self.firms if draw.random() < self.pace.both else draw.choice(((one,), (one,), (other,)))

    def _stretch_polls(self, draw: random.Random) -> None:
        """The first polls come at any time within their interval, not all at the beginning; of a firm that sleeps,
        after the story."""
        store = self.world.store
        assert isinstance(store, SimStore)
        awake = {firm.firm for firm in self.healing}
        for owed in list(store._effects.values()):
            if owed.effect.kind in RECURRING:
                at = self.began + store.rests(owed.effect.kind) * draw.random()
                store.move(owed.effect.key, at if owed.effect.firm in awake else self.began + LONG)

    def _let_sleep(self, firm: FirmFacts, kinds: Collection[str]) -> None:
        """What this firm owes of these kinds comes after the story."""
        store = self.world.store
        assert isinstance(store, SimStore)
        for owed in list(store._effects.values()):
            if owed.effect.firm == firm.firm and owed.effect.kind in kinds:
                store.move(owed.effect.key, self.began + LONG)

    def _put_on_agenda(self, draw: random.Random, begins: str) -> None:
        self._stretch_polls(draw)
        self.news.begin()
        for firm in set(self.firms) - set(self.healing):
            if draw.random() < self.pace.asleep:
                self._let_sleep(firm, (Do.REMIND,))
        self.acts = self._drawn_acts(draw)
        for act in self.acts:
            if self.keep.acts is None or act.number in self.keep.acts:
                self.later(act.at, act.name, lambda a=act: self.people.act(a.name, random.Random(a.seed)))  # type: ignore[misc]
        if begins == "new":
            self.later(self.began + timedelta(hours=1), "goes on", lambda: self.people.begin_anew(self.firms[0]))
        if begins != "running":
            for firm in self.firms[begins == "new" :]:
                self.later(self.began, "resync", lambda f=firm: self.people.resync(f))  # type: ignore[misc]
        for day in range(5, DAYS, 5):  # somebody sees the task "connect it again"
            for firm in self.firms:
                at = self.began + timedelta(days=day, hours=3)
                self.later(at, SEEN, lambda f=firm: self.people.reconnect_all(f))  # type: ignore[misc]
        for night in range(DAYS):
            if draw.random() < NIGHTS:
                at = self.began + timedelta(days=night, hours=12)
                self.later(at, "nightly", lambda: self.spawn("nightly", lambda: reconciling.nightly(self.world)))

    def _set_switches(self, draw: random.Random) -> None:
        clio, books = self.world.clio_box.switches, self.world.quickbooks_box.switches
        clio["expires_in"] = 30 * 86_400 if draw.random() < self.pace.brief else 180 * 86_400
        books["access_token_seconds"] = 3600 if draw.random() < self.pace.brief else 180 * 86_400
        books["batch_replay"] = draw.choice(("error6000", "replay"))
        books["numbers_kept_when_off"] = random.Random(f"numbers {self.seed}").random() < 0.5
        books["rotate_every_seconds"] = draw.choice((0, 86_400))
        books["old_token_revokes"] = draw.choice(("soon", True, False))
        clio["bump_on_allocation"] = draw.random() < 0.7
        clio["description_on_allocation"] = draw.random() < 0.5
        clio["patch_paid"] = draw.choice(("refuse", "accept", "accept_bare", "no_effect"))
        clio["trust_payment_lines"] = draw.choice(("both", "both", "operating", "none"))
        self.world.stripe_box.switches["events_kept_seconds"] = 400 * 86_400  # polls rest for months here
        company = {"AutoApplyCredit": draw.random() < 0.2, **self.mix.switches.get("company", {})}
        for firm in self.firms if any(company.values()) else ():
            self.world.quickbooks_box.people.set_preferences(firm.realm, **company)
        for name, switches in (("clio", clio), ("quickbooks", books), ("stripe", self.world.stripe_box.switches)):
            switches.update(self.mix.switches.get(name, {}))

    def trust_moved(self) -> bool:
        """Whether the nightly look at trust balances is worth its calls."""
        if self.script is not None:
            return False
        return self.seed % 4 == 0 or any("trust" in act.name for act in self.acts)

    def _drawn_acts(self, draw: random.Random) -> list[Act]:
        weights = {**ACTS, **self.mix.acts}
        names = sorted(weights)
        count = draw.choice(self.pace.acts)
        picked = draw.choices(names, [weights[n] for n in names], k=count)
        moments = sorted(draw.uniform(0.02, DAYS) for _ in range(count))
        acts = []
        at = self.began
        for number, (name, day) in enumerate(zip(picked, moments, strict=True)):
            together = number and draw.random() < 0.25  # two things at the same moment
            at = at + timedelta(seconds=draw.uniform(0, 3)) if together else self.began + timedelta(days=day)
            acts.append(Act(number, at, name, f"act-{self.seed}-{number}"))
        return acts

    # --- Life -------------------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        return self.clock.at

    def tell(self, what: str) -> None:
        if self.tracing:
            me = self.crew.current
            who = f"w{me.number} {me.name}" if me else "-"
            self.trace.append(f"{self.clock.at:%m-%d %H:%M:%S}.{self.clock.at.microsecond // 1000:03d} [{who}] {what}")

    def later(self, at: datetime, what: str, do: Callable[[], Any]) -> None:
        heapq.heappush(self.agenda, (at, next(self.number), what, do))

    def forced(self) -> str:
        """In a crash story: whether this is the answer that is lost."""
        if self.script is None or self.faults.healed:
            return ""
        self.answers += 1
        return "drop_answer" if self.script.loses(self.answers) else ""

    def asked(self, neighbour: str, request: requests.PreparedRequest) -> None:
        self.calls += 1
        if self.tracing:
            self.tell(f"{neighbour} {request.method} {str(request.path_url)[:120]}")
        self.checkers.asked(neighbour, request)

    def carried(self, neighbour: str, request: requests.PreparedRequest, got: requests.Response, heard: bool) -> None:
        if self.tracing and request.method != "GET":
            self.tell(f"  {neighbour} did {got.status_code}: {(request.body or b'')!r:.300} -> {got.text[:200]}")
        self.truth.carried(neighbour, request, got, self.crew.current if heard else None)
        self.checkers.carried(neighbour, request, got)
        if heard and neighbour != "stripe" and "oauth" not in str(request.path_url):
            rested = self.clock.at - self.expired_at > timedelta(minutes=10)  # twice at once looks like a refusal
            if rested and self.faults.strikes("expire_tokens"):
                self.expired_at = self.clock.at
                self.truth.expire_tokens(neighbour)

    def mailed(self, sent: Sent) -> None:
        if self.tracing:
            self.tell(f"SES delivers {sent.tag} to {sent.to}: {sent.subject}")
        self.checkers.mailed(sent)
        told = "delivery"
        if self.faults.strikes("bounce"):
            told = "bounce"
        elif self.faults.strikes("complain"):
            told = "complaint"
        if told == "delivery" and self.rng.random() < self.pace.untold:
            return
        self.hook(f"mail {told}", lambda: mailing.event_seen(self.world, sent.tag, told))

    def committed(self, prepared: bounds.Prepared) -> None:
        if self.tracing:
            for text in prepared.changes:
                self.tell(f"  commit {text.change.ref} v{text.change.expected + 1} {text.change.line.fact}")
        self.checkers.committed(prepared)

    def token_kept(self, sk: str) -> None:
        if self.crew.current is not None:
            self.crew.current.notes.pop("rotated", None)

    def _died(self, worker: Worker) -> None:
        self.tell("dies here")
        self.truth.died(worker)

    # --- jobs -------------------------------------------------------------------------------------------------------
    def spawn(self, name: str, job: Callable[[], Any], firm: str = "", *, safe: bool = False) -> None:
        """A job in a worker. ``safe``: never killed (what stands outside the program: a browser)."""
        skew = timedelta(0)
        if self.faults.rates.get("skew") and not self.faults.healed:
            skew = timedelta(seconds=self.rng.uniform(-2, 2))
        kill_in = self.rng.randint(0, 60) if not safe and self.faults.strikes("kill") else None
        self.crew.spawn(name, lambda: self._guarded(job), firm=firm, skew=skew, kill_in=kill_in)

    def _guarded(self, job: Callable[[], Any]) -> None:
        try:
            job()
        except FeeSimpleError as no:
            self.tell(f"ends with {type(no).__name__}: {no}")

    def hook(self, what: str, job: Callable[[], Any], firm: str = "") -> None:
        """Something that a neighbour tells us: late, twice, in any order, or never."""
        if self.faults.strikes("hooks_lose"):
            self.tell(f"lost: {what}")
            return
        for _ in range(2 if self.faults.strikes("hooks_double") else 1):
            late = self.rng.uniform(60, 86_400) if self.faults.strikes("hooks_late") else self.rng.uniform(0.2, 5)
            at = self.clock.at + timedelta(seconds=late)
            self.later(at, what, lambda: self.spawn(what, job, firm))

    def point_clio(self, firm: FirmFacts, bills: list[int]) -> None:
        for bill in bills:
            pointer = EventPointer("e", f"us/{firm.clio}", "updated", "bill", str(bill))
            self.news.tell(Neighbour.CLIO, [pointer], firm.firm)

    def point_client(self, firm: FirmFacts, client: int, what: str = "updated") -> None:
        pointer = EventPointer("e", f"us/{firm.clio}", what, "contact", str(client))
        self.news.tell(Neighbour.CLIO, [pointer], firm.firm)

    def point_books(self, firm: FirmFacts, entity: str, id: str) -> None:
        pointer = EventPointer("e", firm.realm, "updated", entity.lower(), id)
        self.news.tell(Neighbour.QUICKBOOKS, [pointer], firm.firm)

    def _drained(self, lane: str) -> None:
        """As app.py's queue handler does it."""
        place = Place()
        try:
            drain(self.world, lane, place=place)
        except Exception as bug:  # noqa: BLE001 - as in app.py
            if not isinstance(bug, FeeSimpleError):
                self.checkers.bug(bug, place.key or lane)
            self.tell(f"drain ends with {type(bug).__name__}: {bug}")
            crashed(self.world, place, bug)

    def _stripe_hook(self, _url: str, headers: Any, body: bytes) -> int:
        """Stripe's delivery reaches the door as a pointer, past the shipped signature check."""
        shook = StripeHook(HOOK_SECRET, livemode=False, clock=lambda: self.clock.at)
        signature = next(v for k, v in headers.items() if k.lower() == "stripe-signature")
        pointer = shook.pointer(body) if shook.signed(body, signature) else None
        if pointer is not None:
            self.hook(f"stripe hook {pointer.type}", lambda: inbox.point(self.world, Neighbour.STRIPE, [pointer]))
        return 200

    # --- time -------------------------------------------------------------------------------------------------------
    def _between(self) -> None:
        """Lets happen what is due by the clock: acts, webhooks, messages, the sweep."""
        now = self.clock.at
        while self.agenda and self.agenda[0][0] <= now:
            _, _, what, do = heapq.heappop(self.agenda)
            self.tell(f"* {what}")
            do()
            if what != SEEN:
                self.truth.note(now)
        self.checkers.looked()
        due = self.world.stripe_box.next_due_at()
        if due is not None and due <= now.timestamp():
            self.world.stripe_box.deliver_due(self._stripe_hook)
        self.news.deliver()
        while len(self.crew.busy) < AT_ONCE:
            lane = self.messages.take(now)
            if lane is None:
                break
            self.spawn(f"drain {lane}", lambda x=lane: self._drained(x), lane.split("|")[0])  # type: ignore[misc]
        if not self._sweeping and now >= self.swept_at + MINUTE and self._due_at() <= now:
            self.swept_at, self._sweeping = now, True
            self.spawn("sweep", self._sweep)
            self._sweeping = False

    def _sweep(self) -> None:
        sweep(self.world)

    def _due_at(self) -> datetime:
        """When the first owed effect is due."""
        first = [entries[0][0] for entries in self.world.store._index["due"]._order.values()]
        return instant_of(min(first)) if first else NEVER

    def _next_at(self) -> datetime:
        moments = [max(self._due_at(), self.swept_at + MINUTE)]
        if self.agenda:
            moments.append(self.agenda[0][0])
        if (message := self.messages.first_at()) is not None:
            moments.append(message)
        due = self.world.stripe_box.next_due_at()
        if due is not None:
            moments.append(datetime.fromtimestamp(due, tz=self.began.tzinfo))
        return min(moments)

    def run_until(self, end: datetime) -> None:
        while not self.checkers.violations:
            self._between()
            if self.crew.busy:
                self.crew.run()
                self._judge_bugs()
                continue
            if isinstance(self.world.store, SimStore) and self.world.store.lag:
                self.world.store.lag = 0
                continue
            at = self._next_at()
            if at > end:
                self.clock.at = max(self.clock.at, end)
                return
            self.clock.at = max(self.clock.at, at)

    def _judge_bugs(self) -> None:
        for name, bug, text in self.crew.bugs:
            if isinstance(bug, Endless):
                self.checkers.say("8", f"no end: {bug}")
            else:
                self.checkers.bug(bug, f"{name}\n{text}")
        self.crew.bugs.clear()

    # --- the whole --------------------------------------------------------------------------------------------------
    def run(self) -> Outcome:
        collects = gc.isenabled()
        gc.disable()  # a history leaves little to collect, and collecting takes a tenth of it
        try:
            with quick():
                self._live()
        finally:
            if collects:
                gc.enable()
            self.crew.close()
            self.world.life = None
        return Outcome(
            self.seed,
            self.crew.steps,
            self.crew.steps - self.healed_at if self.faults.healed else 0,
            self.calls,
            self.checkers.violations,
            self.trace,
            len(self.acts),
            self.rates,
            self.faults.struck,
        )

    def _live(self) -> None:
        self.run_until(self.began + timedelta(days=self.days))
        self.crew.dies = None
        if not self.checkers.violations:
            self._heal()
        if not self.checkers.violations:
            self.checkers.at_quiet()

    def _heal(self) -> None:
        """Every fault ends, people reconnect what was lost, press Resync and retry what is parked; schedules run."""
        self.tell("=== everything heals ===")
        self.faults.healed = True
        self.people.resting = True
        self.poll_every = timedelta(days=40)
        self.healed_at = self.crew.steps
        self.crew.limit = self.healed_at + HEAL_STEPS
        self.world.store.lag = 0
        for firm in self.firms:
            self.people.reconnect_all(firm)
        self.run_until(self.clock.at + timedelta(minutes=30))
        self._begin_anew()
        for firm in self.healing:
            self.spawn("polls", lambda f=firm: resync.begin_polls(self.world, f.firm), firm.firm)  # type: ignore[misc]
        self.run_until(self.clock.at + timedelta(days=1))
        for firm in self.firms:
            self.people.reconnect_all(firm)  # what was revoked before and noticed only now
            self.people.retry_all(firm)
        self._begin_anew()
        self.run_until(self.clock.at + timedelta(days=HEAL_DAYS))
        for firm in self.healing if self.trust_moved() else ():
            self.spawn("trust", lambda f=firm: trust_check.start(self.world, f.firm), firm.firm)  # type: ignore[misc]
        for firm in self.healing:
            self.spawn("compare", lambda f=firm: reconciling.start(self.world, f.firm, "test"), firm.firm)  # type: ignore[misc]
        self.run_until(self.clock.at + timedelta(hours=1))
        for firm in self.firms:  # what nobody had asked for since it was revoked
            self.people.reconnect_all(firm)
        self.run_until(self.clock.at + timedelta(hours=8))

    def _begin_anew(self) -> None:
        """People finish the first sync that follows a purge."""
        for _ in range(6):
            unfinished = [f for f in self.firms if self.people.unfinished(f)]
            if not unfinished or self.checkers.violations:
                return
            for firm in unfinished:
                self.people.begin_anew(firm)
            self.run_until(self.clock.at + timedelta(hours=2))
