"""The world a history begins with: two small connected firms, made once and copied for each history.

Each firm has three clients, bills and trust requests awaiting payment, a draft and one awaiting approval: 12 payables
in both pots, seven and five, amounts that tempt floats among them. A few are being reminded.
"""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chalicelib.domain.kernel import Json, Ref, fold
from chalicelib.flow import collecting, resync, trust_setup
from chalicelib.flow.drain import drain
from chalicelib.store import encoding
from chalicelib.store.memory import MemoryStore
from infra.sandbox.clio.seed import FIRM_A, FIRM_B, OWNER_A, OWNER_B, Builder, line
from infra.sandbox.quickbooks import REALM_A, REALM_B
from infra.sandbox.quickbooks.seed import a_company
from infra.sandbox.stripe.seed import seed as seed_stripe
from tests.simulation.quick_values import quicken
from tests.simulation.world import SimWorld
from tests.world import HOOK, Stage, connect

OWNERS = {FIRM_A: OWNER_A, FIRM_B: OWNER_B}
BOXES = ("clio_box", "quickbooks_box", "stripe_box")


@dataclass(eq=False)
class FirmFacts:
    """One firm: its ids at each neighbour. ``realm`` is the company that it is in; each history has facts of its own,
    since a firm may move to another one."""

    firm: str
    clio: int
    name: str
    owner: str
    realm: str
    operating: str
    trust: str


@dataclass
class Base:
    """A world as it stood, to be laid over a world again."""

    states: dict[str, bytes]
    store: MemoryStore
    at: Any
    numbers: int
    firms: tuple[FirmFacts, ...]
    replayed: dict[Ref, tuple[int, str]]  # how far each journal went then, and the state that its lines lead to


def seed_clio(world: SimWorld, today: date) -> None:
    for name, owner, letter in ((FIRM_A, OWNER_A, "A"), (FIRM_B, OWNER_B, "B")):
        b = Builder(world.clio_box, today, name, owner.partition("@")[2])
        b.user("Olivia Owner", owner, ["admin", "accounts", "billing", "reports"], owner=True)
        ada = b.client(f"Ada {letter}.", f"ada@{letter.lower()}.example")
        brook = b.client(f"Brook {letter}.", f"brook@{letter.lower()}.example")
        calder = b.client(f"Calder {letter} Inc", f"ap@calder-{letter.lower()}.example", company=True)
        b.bill(f"{letter}1", ada, [line("Lease", 20000, 2)], due=-10)
        if letter == "A":
            b.bill(f"{letter}2", ada, [line(f"Hearing {n}", p) for n, p in enumerate((3333, 3333, 3334))], due=5)
            b.bill(f"{letter}6", calder, [line("Deposit", 100000)], due=3, kind="trust_kind")
        taxed = [line("Consultation", 31000, "1.75", taxable=True), line("Court fee", 4150, kind="Expense")]
        b.bill(f"{letter}3", brook, taxed, due=-2, tax_rate="8.875")
        off = {"rate": 10.0, "type": "percentage"}
        b.bill(f"{letter}4", brook, [line("Board meeting", 33333, 3)], due=12, discount=off)
        b.bill(f"{letter}5", calder, [line("Contract", 25000, "2.2")], due=1)
        b.bill(f"{letter}7", ada, [line("Deposit", 45050)], due=-4, kind="trust_kind")
        b.bill(f"{letter}8", calder, [line("Work in progress", 31500, "1.2")], due=28, state="draft", issued=-1)
        b.bill(f"{letter}9", brook, [line("Letter", 10050)], due=20, state="awaiting_approval", issued=-1)


def _seeded() -> SimWorld:
    world = SimWorld()
    today = world.clock.now().date()
    seed_clio(world, today)
    for realm, name in ((REALM_A, FIRM_A), (REALM_B, FIRM_B)):
        a_company(world.quickbooks_box, realm, name, "books@firm.example")
    seed_stripe(world.stripe_box, today)
    world.quickbooks_box.switches["ignore_limits"] = True
    world.stripe_box.people.register_endpoint(HOOK, connect=True)
    return world


def _facts(world: SimWorld, stage: Stage, name: str) -> FirmFacts:
    clio = next(f.id for f in world.clio_box.state.rows["firms"].values() if f.name == name)
    return FirmFacts(stage.firm, clio, name, OWNERS[name], stage.realm, stage.operating, stage.trust)


def _choose_trust(world: SimWorld, firm: str) -> None:
    """The accounts for trust money, as they are proposed."""
    chosen = trust_setup.choices(world, firm).chosen
    trust_setup.choose(world, firm, {b.clio: b.book for b in chosen.banks}, chosen.liability, "staff")


def _replayed(world: SimWorld) -> dict[Ref, tuple[int, str]]:
    found = {}
    for ref, lines in world.store._journal.items():
        body: Json | None = None
        for one in lines:
            body = fold(one.read().change, body)
        state = world.store._states[ref]
        found[ref] = len(lines), state.body if state.held().body == body else encoding.json_text(body or {})
    return found


def _taken(world: SimWorld, firms: tuple[FirmFacts, ...]) -> Base:
    states = {name: pickle.dumps(getattr(world, name).state) for name in BOXES}
    return Base(states, copy.deepcopy(world.store), world.clock.at, next(world.numbers), firms, _replayed(world))


def _connected(world: SimWorld, *, matched: bool = True) -> tuple[list[Stage], tuple[FirmFacts, ...]]:
    stages = [connect(world, matched=matched), connect(world, second=True)]
    for stage in stages:
        _choose_trust(world, stage.firm)
    return stages, tuple(_facts(world, stage, name) for stage, name in zip(stages, (FIRM_A, FIRM_B), strict=True))


class Bases:
    """The beginnings: ``new`` (the first firm's first sync has just begun, its list is to be answered), ``connected``
    (nothing read yet) and ``running`` (all in the books, reminders started).

    One world serves all histories of a process: ``laid`` puts a beginning back.
    """

    def __init__(self) -> None:
        self.world = _seeded()
        _, firms = _connected(self.world, matched=False)
        self.world.stripe_box.deliver_due(lambda *_: 200)
        for lane in sorted({owed.effect.lane for owed in self.world.store._effects.values()}):
            if lane.startswith(firms[1].firm):  # what connecting owed: it is the first firm's story
                drain(self.world, lane)
        self.new = _taken(self.world, firms)
        self.world = _seeded()
        stages, firms = _connected(self.world)
        self.connected = _taken(self.world, firms)
        for stage in stages:
            stage.resync()
        self.world.clock.move(minutes=5)
        stages[0].work()
        self.world.clock.move(minutes=30)
        for stage in stages:  # what the first sync made is seen once here, not again in each history
            resync.begin_polls(self.world, stage.firm)
            stage.work()
        for stage, reminded in zip(stages, (1, 1), strict=True):
            self._start_collections(stage, reminded)
        self.running = _taken(self.world, firms)

    def _start_collections(self, stage: Stage, reminded: int) -> None:
        listed = self.world.store.listed(f"{stage.firm}/payables/open", limit=50)
        ids = [h.ref.id for h in listed.items]
        for id in ids[:reminded]:
            collecting.start(self.world, stage.firm, [id], "brief", "staff")

    def laid(self, base: Base) -> SimWorld:
        """The world as it stood at ``base``, with no history on it."""
        world = self.world
        world.fresh(copy.deepcopy(base.store), base.at, base.numbers)
        for name, kept in base.states.items():
            box = getattr(world, name)
            box.state = pickle.loads(kept)
            box.log.clear()
            box.faults.clear()
            box.counts, box.switches = {}, {}
            box.random.seed(1)
        world.quickbooks_box.switches["ignore_limits"] = True
        return world


_made: list[Bases] = []


def bases() -> Bases:
    """Made on first use, once per process."""
    if not _made:
        _made.append(Bases())
        quicken()
    return _made[0]


LONG = timedelta(days=120)  # past the end of a history and its healing
