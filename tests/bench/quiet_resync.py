"""A Resync with nothing changed: what it writes and asks, at 40 bills and at 40,000.

At 40: the seeded firm after a real first sync, every step performed. At 40,000: the same firm with plain bills added,
the feeds read for real by a real run, page by page on the budget's minutes; the writes to QuickBooks that this run owed
are then marked done without performing them, as 40,000 of them are minutes of sandbox time and the measured Resync
reads none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Commit, Effect, Finish, Json, Kind, Neighbour, lane_of
from chalicelib.flow import resync
from chalicelib.flow.drain import drain
from chalicelib.flow.settle import policy_of
from chalicelib.store.memory import MemoryStore
from infra.sandbox.clio import make_many
from infra.sandbox.clio import seed as seed_clio
from infra.sandbox.quickbooks import seed as seed_quickbooks
from infra.sandbox.stripe.seed import seed as seed_stripe
from tests.bench.figures import Figure
from tests.world import MemoryWorld, Stage, connect

MANY = 40_000
SEEDED = 48  # what the seeded firm holds at Clio
A_NIGHT_HOURS = 7  # longer than a feed's cursor rests unwritten
FINISHED_AT_ONCE = 80


class WatchedStore(MemoryStore):
    """Notes which effects and records are written, so that the machine's bookkeeping is told from the books."""

    def __init__(self, world: MemoryWorld) -> None:
        super().__init__(world.now)
        self.effects_put: list[str] = []
        self.records_put: list[str] = []

    def _put_effect(self, effect: Effect) -> None:
        self.effects_put.append(effect.key)
        super()._put_effect(effect)

    def put_record(
        self, pk: str, sk: str, body: Json, *, expected: int | None = None, expires: datetime | None = None
    ) -> int:
        version = super().put_record(pk, sk, body, expected=expected, expires=expires)
        self.records_put.append(pk)
        return version


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one Resync. ``writes``: items of the books, and calls that write at a neighbour. ``bookkeeping``: items of
    the machine: the run itself, its effect, the lane's lock, the budgets, the feeds' cursors. ``calls``: all calls."""

    writes: int
    bookkeeping: int
    calls: int
    reads: int
    unchanged_held: int


def figures() -> list[Figure]:
    few, many = quiet_costs(a_small_firm()), quiet_costs(a_large_firm(MANY))
    found: list[Figure] = []
    for name, limit, what in (
        ("writes", 0, "items of the books written, and writes at neighbours"),
        ("bookkeeping_writes", 12, "run, lock, budgets, cursors"),
        ("neighbour_calls", 12, "seven lists at Clio, one of events for each Stripe account"),
    ):
        small, large = (getattr(c, "calls" if name == "neighbour_calls" else name.split("_")[0]) for c in (few, many))
        found.append(Figure(f"noop_sync_{name}", small, limit, what=f"Resync, nothing changed, 40 bills: {what}"))
        found.append(Figure(f"noop_sync_{name}_40k", large, limit, f"noop_sync_{name}", "the same with 40,000 bills"))
    found.append(Figure("noop_sync_items_read", few.reads, what="items of the store read by it"))
    found.append(
        Figure("noop_sync_items_read_40k", many.reads, None, "noop_sync_items_read", "the same with 40,000 bills")
    )
    found.append(Figure("noop_sync_bills_held", few.unchanged_held, what="bills and requests held at that time"))
    found.append(Figure("noop_sync_bills_held_40k", many.unchanged_held, what="the same in the large firm"))
    return found


def a_small_firm() -> Stage:
    """The seeded firm, its first sync performed to the end."""
    stage = _stage(0)
    stage.resync()
    return stage


def a_large_firm(bills: int) -> Stage:
    """So many bills at Clio and held here; see the module's text for what is performed and what is not."""
    stage = _stage(bills - SEEDED)
    world = stage.world
    run = resync.start(world, stage.firm, "bench")
    while not resync.progress(world, stage.firm, run).finished_at:
        drain(world, lane_of(stage.firm, Neighbour.SELF))
        world.clock.move(seconds=61)  # the next minute's calls
    _mark_done(stage, {Do.READ_LINES, Do.CUSTOMER, Do.INVOICE})
    stage.pass_time(minutes=30)  # the bills with payments are looked at one by one, and what follows is performed
    return stage


def _stage(extra: int) -> Stage:
    world = MemoryWorld()
    world.store = WatchedStore(world)
    today = world.now().date()
    seed_clio(world.clio_box, today)
    seed_quickbooks(world.quickbooks_box, today)
    seed_stripe(world.stripe_box, today)
    world.quickbooks_box.switches["ignore_limits"] = True
    stage = connect(world)
    if extra:
        make_many(world.clio_box, extra, firm=int(stage.firm.partition("-")[2]), today=today, paid_share=0.0)
    return stage


def _mark_done(stage: Stage, kinds: set[Do]) -> None:
    store, lanes = stage.world.store, policy_of(stage.world, stage.firm).lanes
    for lane in (lanes.of(Neighbour.CLIO), lanes.of(Neighbour.QUICKBOOKS)):
        keys = [e.key for e in store.lane_owed(lane, limit=10 * MANY) if e.kind in kinds]
        for at in range(0, len(keys), FINISHED_AT_ONCE):
            store.commit(Commit(finish=tuple(Finish(key) for key in keys[at : at + FINISHED_AT_ONCE])))


def quiet_costs(stage: Stage) -> Cost:
    """The dearer of two: pressed at once when all is quiet, and pressed after a night in which nothing was polled, when
    the feeds' cursors are due to be written."""
    world = stage.world
    world.clock.move(minutes=15)
    stage.work()
    first = _pressed(stage)
    world.clock.move(hours=A_NIGHT_HOURS)
    second = _pressed(stage)
    return Cost(
        max(first.writes, second.writes),
        max(first.bookkeeping, second.bookkeeping),
        max(first.calls, second.calls),
        max(first.reads, second.reads),
        first.unchanged_held,
    )


def _pressed(stage: Stage) -> Cost:
    world = stage.world
    store = world.store
    assert isinstance(store, WatchedStore)
    store.reset_counts()
    store.effects_put.clear()
    store.records_put.clear()
    boxes = (world.clio_box, world.quickbooks_box, world.stripe_box)
    logged = [len(box.log) for box in boxes]
    run = resync.start(world, stage.firm, "bench")
    drain(world, lane_of(stage.firm, Neighbour.SELF))
    reads, written = store.reads, store.writes
    calls = [entry for box, n in zip(boxes, logged, strict=True) for entry in box.log[n:]]
    state = resync.progress(world, stage.firm, run)
    assert state.finished_at and not (state.new or state.changed or state.parked), state
    own = store.effects_put.count(key_of(stage.firm, Do.RESYNC, run))
    bookkeeping = own + len(store.records_put)
    written_there = sum(1 for entry in calls if entry.method != "GET")
    return Cost(written - bookkeeping + written_there, bookkeeping, len(calls), reads, _held(stage))


def _held(stage: Stage) -> int:
    """How many payables the firm holds: read by pages of an index, after the counting."""
    tabs: Sequence[str] = ("open", "reminding", "paid", "closed")
    store = stage.world.store
    return sum(len(store.listed(f"{stage.firm}/{Kind.PAYABLE}s/{tab}", limit=10 * MANY).items) for tab in tabs)
