"""Resync, which a person presses and watches, and the beginning of all polls."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import msgspec

from chalicelib.domain import effects
from chalicelib.domain.connection import NAMES
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Json, Neighbour, lane_of
from chalicelib.errors import Disconnected, Refused, Unavailable
from chalicelib.flow import polling, refused_feeds
from chalicelib.flow.budget import Floor
from chalicelib.flow.feeds import Tally, poll_clio, poll_stripe
from chalicelib.flow.firms import connections
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import FOR_A_PERSON
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

OWED_SHOWN = 1000
RUNS_KEPT = timedelta(days=30)


@dataclass
class Run:
    """One press of Resync. ``parts``: neighbour -> {"state": waiting|running|done|failed, "why": text}. ``read``:
    Clio's feeds that were read to their end."""

    id: str
    started_at: datetime
    finished_at: datetime | None = None
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    parked: int = 0
    left_alone: dict[str, int] = field(default_factory=dict)
    invoices_owed: int = 0
    read: list[str] = field(default_factory=list)


def begin_polls(world: World, firm: str, wait: timedelta = timedelta(0)) -> None:
    """Owes the polls of a firm whose set-up is finished, with the first sync (flow/first_sync.py); called again, it
    only brings them forward. ``wait``: how long from now."""
    world.queue.hint(polling.begin(world, firm, world.now() + wait), wait.total_seconds())
    world.store.put_record("firms", firm, {})  # the nightly comparison goes through this list


def start(world: World, firm: str, by: str) -> str:
    """A person pressed Resync. Gives the run's id. Raises Refused before the set-up is finished."""
    policy = policy_of(world, firm)
    if not policy.firm.may_read:
        raise Refused("Finish the set-up first: bills are read once every step is confirmed.")
    began = world.now()
    run = Run(id=f"run-{began:%Y%m%d%H%M%S}-{world.secret(8)}", started_at=began)  # in order: the last one is found so
    for name in _parts(world, firm):
        run.parts[name] = {"state": "waiting", "why": ""}
    _save(world, firm, run)
    lane = lane_of(firm, Neighbour.SELF)
    body: Json = {"run": run.id, "by": by}
    world.store.arrive(effects.owed(firm, Do.RESYNC, run.id, "firm", lane, world.now(), body=body))
    world.queue.hint([lane])
    return run.id


def _parts(world: World, firm: str) -> list[str]:
    stripe = [c.id for c in connections(world, firm).values() if c.neighbour is Neighbour.STRIPE]
    return ["clio", *stripe]


def _save(world: World, firm: str, run: Run) -> None:
    body: Json = msgspec.to_builtins(asdict(run))
    world.store.put_record(f"run/{firm}", run.id, body, expires=world.now() + RUNS_KEPT)


def _load(world: World, firm: str, id: str) -> Run:
    found = world.store.record(f"run/{firm}", id)
    if found is None:
        raise Refused("There is no such run.")
    return msgspec.convert(found[1], Run)


def last(world: World, firm: str) -> Run | None:
    """The Resync that was pressed last; None when none was, or it is long ago."""
    found = world.store.records(f"run/{firm}", limit=1, descending=True)
    return msgspec.convert(found[0][1], Run) if found else None


def progress(world: World, firm: str, id: str) -> Run:
    """How far a run is, with the invoices still on their way to QuickBooks; those that wait for a person are not."""
    run = _load(world, firm, id)
    policy = policy_of(world, firm)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    waiting = world.store.lane_owed(lane, limit=OWED_SHOWN)
    lines = world.store.lane_owed(policy.lanes.of(Neighbour.CLIO), limit=OWED_SHOWN)
    run.invoices_owed = sum(1 for e in waiting if e.kind == Do.INVOICE and e.cause != FOR_A_PERSON) + sum(
        1 for e in lines if e.kind in (Do.READ_LINES, Do.LOOK_BILL)
    )
    return run


def run(world: World, policy: Policy, effect: Effect) -> None:
    """Reads every feed once, in order, and counts. An interruption keeps what was counted and goes on later."""
    firm = policy.firm.id
    state = _load(world, firm, str(effect.body["run"]))
    reach = Reach(world, firm, policy.lanes, Floor.PERSON)
    waits: Unavailable | None = None
    tally = Tally(state.seen, state.new, state.changed, state.unchanged, state.parked, dict(state.left_alone))
    tally.read = state.read
    tally.warily = effect.tries > 0
    for name in state.parts:
        if state.parts[name]["state"] == "done":
            continue
        problem = _part(world, reach, policy, name, tally)
        if problem is None:
            state.parts[name] = {"state": "done", "why": ""}
        elif isinstance(problem, Disconnected):
            state.parts[name] = {
                "state": "failed",
                "why": f"{NAMES[Neighbour(problem.neighbour)]} is disconnected: connect it again.",
            }
        else:
            state.parts[name] = {"state": "running", "why": f"Waiting: {problem.why}."}
            waits = problem
    state.seen, state.new, state.changed = tally.seen, tally.new, tally.changed
    state.unchanged, state.parked, state.left_alone = tally.unchanged, tally.parked, tally.left_alone
    if tally.refused and state.parts["clio"]["state"] == "done":
        state.parts["clio"] = {"state": "running", "why": " ".join(refused_feeds.causes(tally))}
    if waits is None and not tally.refused:
        state.finished_at = world.now()
    _save(world, firm, state)
    if waits is not None:
        raise waits
    if tally.refused:
        refused_feeds.park(world, effect, tally)
        return
    settle(world, [], lambda _s, _n: {}, fact="Resynced", finish=[Finish(effect.key)])


def _part(world: World, reach: Reach, policy: Policy, name: str, tally: Tally) -> Unavailable | Disconnected | None:
    try:
        if name == "clio":
            poll_clio(world, reach, policy, tally)
        else:
            poll_stripe(world, reach, connections(world, policy.firm.id)[name], tally)
    except (Unavailable, Disconnected) as problem:
        return problem
    return None
