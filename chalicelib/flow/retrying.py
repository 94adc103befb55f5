"""Trying all again that waits for a person for one cause: once somebody has opened the closed period, or made the item
active, nobody presses Retry on each step.

Record ``tries/<firm>``, sk the cause: one run. Its effect goes through the list of what is parked in pieces. The steps
of a piece are kept before the first of them is touched, so that a worker who dies leaves none out, and counts none
twice. What is refused anew comes back at the head of that list, which the run has passed: no run ever meets it again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

import msgspec

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Finish, Neighbour, lane_of
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import attention
from chalicelib.flow.ports import World
from chalicelib.flow.rows import item
from chalicelib.flow.settle import settle
from chalicelib.flow.steps import GROUPED, actions

AT_LEAST = 2  # fewer have their own button
PAGE = 50  # parked steps of one piece
KEPT = timedelta(days=2)
SHOWN = timedelta(hours=1)  # for so long after its end a run is shown
RUNS = 100
TITLES = 10


@dataclass(kw_only=True)
class Tries:
    """A run as it is shown. ``asked``: how many there were when ``by`` began it; ``tried``: how many of them are owed
    again, or were settled meanwhile. Instants are UTC."""

    id: str
    cause: str
    by: str
    started_at: datetime
    asked: int
    tried: int = 0
    finished_at: datetime | None = None


@dataclass(kw_only=True)
class Run(Tries):
    """``cursor``: where in the list it is; ``over``: at its end. ``taking``: the piece under way, keys without the
    firm."""

    cursor: str = ""
    over: bool = False
    taking: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """Steps that wait for a person for one cause. ``kinds``: (in words, how many), the most frequent first; ``titles``:
    of the first few; ``more``: there may be more than were counted."""

    id: str
    cause: str
    remedy: str
    count: int
    more: bool
    kinds: tuple[tuple[str, int], ...]
    titles: tuple[str, ...]


# --- by cause ---------------------------------------------------------------------------------------------------------


def cause_of(effect: Effect) -> tuple[str, str]:
    """(cause, remedy) in words, without what is this step's alone."""
    cause, remedy = effect.body.get("shared") or (effect.reason, effect.remedy)
    return str(cause), str(remedy)


def _id(cause: str) -> str:
    return hashlib.sha256(cause.encode()).hexdigest()[:16]


def _can(effect: Effect) -> bool:
    """Whether Retry, with no choice, stands beside it."""
    return any(a.do == "retry" and not a.choice for a in actions(effect))


def groups(found: Sequence[Effect], *, more: bool | None = None) -> tuple[Group, ...]:
    """Of what is parked, that which can be tried again together, the largest group first. ``more``: there is more than
    ``found``; by itself where it is all that ``attention.parked`` reads."""
    more = len(found) >= attention.READ * attention.PAGES if more is None else more
    by: dict[str, list[Effect]] = {}
    for e in found:
        if _can(e):
            by.setdefault(cause_of(e)[0], []).append(e)
    made = [_group(cause, some, more) for cause, some in by.items() if len(some) >= AT_LEAST]
    return tuple(sorted(made, key=lambda g: (-g.count, g.cause)))


def _group(cause: str, some: list[Effect], more: bool) -> Group:
    kinds = Counter(GROUPED.get(Do(e.kind), "step") for e in some)
    titles = tuple(item(e).title for e in some[:TITLES])
    return Group(_id(cause), cause, cause_of(some[0])[1], len(some), more, tuple(kinds.most_common()), titles)


def of(world: World, firm: str) -> tuple[Group, ...]:
    """The groups of this firm."""
    return groups(attention.parked(world, firm))


def group(world: World, firm: str, id: str) -> Group:
    """Raises Refused where less than two wait for it any more."""
    found = next((g for g in of(world, firm) if g.id == id), None)
    if found is None:
        raise Refused(attention.GONE)
    return found


# --- a run ------------------------------------------------------------------------------------------------------------


def start(world: World, firm: str, id: str, by: str) -> Tries:
    """Owes the run; pressed again while it is under way, it is the same one. Raises Refused where nothing waits for
    this cause any more."""
    found = _load(world, firm, id)
    if found is None or found[1].finished_at is not None:
        g = group(world, firm, id)
        run = Run(id=id, cause=g.cause, by=by, started_at=world.now(), asked=g.count)
        try:
            _save(world, firm, run, found[0] if found else 0)
        except Conflict:
            world.log("tries_begun_elsewhere", firm=firm)  # somebody else pressed at this moment
    else:
        run = found[1]
    lane = lane_of(firm, Neighbour.SELF)  # owed though it was before: whoever began it may have died first
    world.store.arrive(effects.owed(firm, Do.TRY_ALL, id, "firm", lane, world.now(), body={"cause": id}))
    world.log("tries_begun", firm=firm, steps=run.asked)
    world.queue.hint([lane])
    return _shown(run)


def _shown(run: Run) -> Tries:
    return Tries(**{f.name: getattr(run, f.name) for f in fields(Tries)})


def runs(world: World, firm: str) -> tuple[Tries, ...]:
    """Those under way and those that ended within the hour, the newest first."""
    told = [msgspec.convert(body, Run) for _, body in world.store.records(f"tries/{firm}", limit=RUNS)]
    late = world.now() - SHOWN
    shown = [_shown(r) for r in told if r.finished_at is None or r.finished_at > late]
    return tuple(sorted(shown, key=lambda r: r.started_at, reverse=True))


def run(world: World, effect: Effect) -> None:
    """One piece; it is owed again until the list has been gone through. Raises Conflict where another worker does."""
    firm = effect.firm
    found = _load(world, firm, str(effect.body["cause"]))
    if found is not None and found[1].finished_at is None:
        version, state = found
        if not state.taking and not state.over:
            version = _take(world, firm, state, version)
        for name in state.taking:
            _try(world, firm, f"{firm}/{name}", state.by)
        state.tried, state.taking = state.tried + len(state.taking), []
        state.finished_at = world.now() if state.over else None
        _save(world, firm, state, version)
        if not state.over:
            world.store.postpone(effect.key, world.now(), tries=0)
            return
    settle(world, [], lambda _s, _n: {}, fact="TriedAgain", finish=[Finish(effect.key, arrivals=effect.arrivals)])


def _take(world: World, firm: str, state: Run, version: int) -> int:
    """Reads the next piece and keeps which steps of it are this cause's."""
    page = world.store.parked(firm, limit=PAGE, cursor=state.cursor or None)
    mine = [e for e in page.items if _id(cause_of(e)[0]) == state.id and _can(e)]
    state.taking = [e.key.removeprefix(f"{firm}/") for e in mine]
    state.cursor, state.over = page.next or "", page.next is None
    return _save(world, firm, state, version)


def _try(world: World, firm: str, key: str, by: str) -> None:
    try:
        attention.retry(world, firm, key, by)
    except Refused:  # it went through, or somebody was there first
        world.log("settled_meanwhile", firm=firm)


def _load(world: World, firm: str, id: str) -> tuple[int, Run] | None:
    found = world.store.record(f"tries/{firm}", id)
    return (found[0], msgspec.convert(found[1], Run)) if found else None


def _save(world: World, firm: str, state: Run, version: int) -> int:
    body = msgspec.to_builtins(state)
    return world.store.put_record(f"tries/{firm}", state.id, body, expected=version, expires=world.now() + KEPT)
