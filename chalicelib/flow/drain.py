"""Draining a lane: performs what is owed there, one after the other, for at most a minute, then hands on.

A plain expiring lock keeps two workers from draining the same lane, for economy; correctness does not lean on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Neighbour
from chalicelib.errors import Conflict, Declined, Disconnected, Refused, Unavailable, Unreadable
from chalicelib.flow import act, booking, connecting, contacts, ledgers, looking, noting, renaming, summing, trusting
from chalicelib.flow.budget import Floor
from chalicelib.flow.parking import park
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import LANE_WAITS
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of

SECONDS = 60
ONE_CALL = timedelta(seconds=12)  # no call starts without time left for its own time-out
TAKE = 60  # effects read at once
CRASHES_AT_MOST = 5
LONGEST_WAIT = 3600.0
DISCONNECTED_WAITS = timedelta(hours=6)  # then twice as long each time: reconnecting wakes the lane at once
DISCONNECTED_TRIES = 4
PASSES_AT_MOST = 400
MOVED = timedelta(seconds=2)
Look = Callable[[World, Reach, Policy, Sequence[Effect]], Sequence[tuple[Effect, Exception | None]]]
BORROWED = (Neighbour.MAIL, Neighbour.SELF)  # what waits there waits for another neighbour: its own kind waits alone


@dataclass(frozen=True, slots=True)
class Batch:
    """Looks of one kind that are taken together. ``at_once``: how many one call takes."""

    look: Look
    at_once: int = looking.LOOKS_IN_BATCH


BATCHED: dict[Do, Batch] = {
    Do.LOOK_BILL: Batch(looking.look_at_bills),
    Do.LOOK_CREDIT: Batch(noting.look),
    Do.LOOK_MOVE: Batch(trusting.look_at_moves),
    Do.LOOK_MATTER: Batch(renaming.look, renaming.MATTERS_AT_ONCE),
    Do.LOOK_CLIENT: Batch(contacts.look_at_clients, contacts.CLIENTS_AT_ONCE),
}


@dataclass
class Place:
    """Where a drain is, for whoever catches a bug: the effect being performed."""

    key: str = ""
    lane: str = ""


def drain(world: World, lane: str, seconds: float = SECONDS, place: Place | None = None) -> int:
    """Performs a lane's due effects until none is left or the time is up. Gives how many were performed.

    What is a bug flies, with ``place`` telling at which effect.
    """
    place = place or Place()
    place.lane = lane
    began = world.now()
    if not world.store.lane_due(lane, began, limit=1):
        return 0  # most hints come to a lane that another drain has emptied: nothing else is asked for it
    deadline = began + timedelta(seconds=seconds)
    taken = _take(world, lane, deadline)
    if taken is None:
        return 0
    version, after_crash = taken
    firm, neighbour, _account = lane.split("|", 2)
    policy = policy_of(world, firm)
    reach = Reach(world, firm, policy.lanes, Floor.WEBHOOK, until=deadline)
    performed = 0
    for _ in range(PASSES_AT_MOST):
        if world.now() > deadline - ONE_CALL:
            world.queue.hint([lane])
            break
        due = world.store.lane_due(lane, world.now(), limit=TAKE)
        if not due:
            break
        count = _pass(world, reach, policy, neighbour, due, deadline, place, after_crash=after_crash)
        performed += count
        if count == 0:
            break
    _give_back(world, lane, version)
    return performed


def _take(world: World, lane: str, deadline: datetime) -> tuple[int, bool] | None:
    """The lane's lock: (version, whether the last holder died in it), or None when another worker has it."""
    found = world.store.record("lane", lane)
    version, body = found if found else (0, {})
    until = str(body.get("until", ""))
    if until and datetime.fromisoformat(until) > world.now():
        return None
    try:
        version = world.store.put_record(
            "lane", lane, {"until": (deadline + timedelta(seconds=10)).isoformat()}, expected=version
        )
    except Conflict:
        return None
    return version, bool(until)


def _give_back(world: World, lane: str, version: int) -> None:
    try:
        world.store.put_record("lane", lane, {"until": ""}, expected=version)
    except Conflict:
        world.log("lane_taken_over", lane=lane)


def _pass(
    world: World,
    reach: Reach,
    policy: Policy,
    neighbour: str,
    due: Sequence[Effect],
    deadline: datetime,
    place: Place,
    *,
    after_crash: bool,
) -> int:
    """Performs what was read. Gives how many moved; 0 when the lane has to wait."""
    oldest = min(e.due_at for e in due)
    world.count("lane_wait_seconds", (world.now() - oldest).total_seconds(), neighbour=neighbour)
    try:
        if neighbour == Neighbour.QUICKBOOKS:
            return _book(world, reach, policy, due, place, after_crash=after_crash)
        for kind, batch in BATCHED.items():
            looks = [e for e in due if e.kind == kind]
            if len(looks) > 1 and not after_crash:
                return _looks(world, reach, policy, _of_one_call(world, due, looks, batch.at_once), batch.look)
        together = [] if after_crash else _of_one_group(due)
        if together and _looked_at_once(world, reach, policy, together):
            return len(together)
    except (Unavailable, Disconnected) as problem:
        return _lane_waits(world, due, problem)
    moved = 0
    if not after_crash and (folded := _folds(world, policy, due)):
        return folded
    waiting: set[tuple[str, bool]] = set()
    for effect in due:
        sort = (effect.kind, bool(effect.body.get("paced")))
        if world.now() > deadline - ONE_CALL:
            break
        if sort in waiting:
            continue
        if after_crash and not _crash_counted(world, effect):
            continue
        place.key = effect.key
        problem_ = _perform(world, reach, policy, effect)
        place.key = ""
        if isinstance(problem_, Unavailable) and sort[1]:  # its class has no room: others may have
            waiting.add(sort)
            _lane_waits(world, [e for e in due[due.index(effect) :] if e.body.get("paced")], problem_)
            continue
        if problem_ is not None and neighbour in BORROWED:
            waiting.add(sort)
            _lane_waits(world, [e for e in due[due.index(effect) :] if e.kind == effect.kind], problem_)
            continue
        if problem_ is not None:
            _lane_waits(world, due[due.index(effect) :], problem_)
            return moved
        moved += 1
    return moved


def _folds(world: World, policy: Policy, due: Sequence[Effect]) -> int:
    """Sums and ledgers, many changes in one commit. Gives how many were folded; 0 when each is to be done alone."""
    sums, moves = [e for e in due if e.kind == Do.FOLD][: summing.AT_ONCE], ledgers.together(due)
    try:
        if len(sums) > 1:
            summing.fold(world, policy.firm.id, sums)
            return len(sums)
        if len(moves) > 1:
            ledgers.fold(world, policy, moves)
            return len(moves)
    except Conflict:
        world.log("folded_elsewhere", effects=len(sums) + len(moves))
    return 0


def _of_one_group(due: Sequence[Effect]) -> list[Effect]:
    """The looks at one Clio payment, where more than one of its bills asks for it: one reading answers them all."""
    by_group: dict[str, list[Effect]] = {}
    for e in due:
        if e.kind == Do.LOOK_GROUP:
            by_group.setdefault(str(e.body["group"]), []).append(e)
    return next((same for same in by_group.values() if len(same) > 1), [])


def _looked_at_once(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> bool:
    """False where they have to be taken one by one, so that what fails parks."""
    try:
        looking.look_at_group(world, reach, policy, looks)
    except (Conflict, Unreadable, Declined) as problem:
        world.log("looked_at_one_by_one", why=type(problem).__name__)
        return False
    return True


def _book(world: World, reach: Reach, policy: Policy, due: Sequence[Effect], place: Place, *, after_crash: bool) -> int:
    """QuickBooks takes batches; after a worker died in the lane each effect is taken alone, so that only what fails
    alone is parked."""
    batches = [[e] for e in due if _crash_counted(world, e)] if after_crash else [due]
    moved = 0
    for batch in batches:
        place.key = batch[0].key if after_crash else ""
        try:
            moved += int(booking.work(world, reach, policy, batch))
        except Conflict:
            for e in batch:
                world.store.postpone(e.key, world.now() + timedelta(seconds=5), cause="It moved meanwhile.")
    place.key = ""
    return moved


def _perform(world: World, reach: Reach, policy: Policy, effect: Effect) -> Unavailable | Disconnected | None:
    """One effect. Gives the problem when it concerns the whole lane; parks or postpones what concerns it alone."""
    try:
        act.perform(world, reach, policy, effect)
        world.count("effect_done", kind=effect.kind)
    except Conflict:
        wait = timedelta(seconds=min(1 + 2 ** min(effect.tries, 20), 120))
        world.store.postpone(effect.key, world.now() + wait, cause="It moved meanwhile.", tries=effect.tries + 1)
    except (Unreadable, Declined, Refused) as problem:
        park(world, effect, problem)
    except (Unavailable, Disconnected) as problem:
        return problem
    return None


def _looks(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect], look: Look) -> int:
    """Looks of one kind in one batch; what goes wrong concerns that one alone."""
    try:
        outcomes = look(world, reach, policy, looks)
    except (Conflict, Declined, Unreadable):  # each for itself: what fails alone parks alone
        for effect in looks:
            if problem := _perform(world, reach, policy, effect):
                raise problem from None
        return len(looks)
    for effect, bad in outcomes:
        if isinstance(bad, Conflict):
            world.store.postpone(effect.key, world.now() + MOVED, cause="It moved meanwhile.", tries=effect.tries + 1)
        elif isinstance(bad, Unreadable | Declined | Refused):
            park(world, effect, bad)
        else:
            world.count("effect_done", kind=effect.kind)
    return len(looks)


def _of_one_call(world: World, due: Sequence[Effect], looks: list[Effect], at_once: int) -> list[Effect]:
    """As many of these looks as one call takes: more where all of them waited for the list of a first sync. Where that
    is more than a pass reads of the lane, the lane is read that far."""
    listed = all(e.body.get("first") for e in looks[:at_once])
    most = looking.LISTED_IN_BATCH if listed else at_once
    if most > TAKE == len(due):
        due = world.store.lane_due(due[0].lane, world.now(), limit=most)
    found = [e for e in due if e.kind == looks[0].kind and (e.body.get("first") or not listed)]
    return (found or looks)[:most]


def _lane_waits(world: World, due: Sequence[Effect], problem: Unavailable | Disconnected) -> int:
    """The neighbour does not answer this firm now: what is due waits, each with the cause, and nothing is lost."""
    now = world.now()
    firm, neighbour, account = due[0].lane.split("|", 2)
    if isinstance(problem, Disconnected) and problem.neighbour == neighbour == Neighbour.STRIPE:
        connecting.lose(world, firm, Neighbour.STRIPE, account, problem.why or "Stripe refuses our access")
    for effect in due:
        if isinstance(problem, Disconnected):
            until = now + DISCONNECTED_WAITS * 2 ** min(effect.tries, DISCONNECTED_TRIES)
            cause = connecting.waits_for(problem.neighbour)
        else:
            longer = 0 if problem.ours else min(5.0 * 2 ** min(effect.tries, 20), LONGEST_WAIT)
            wait = max(problem.after, longer)
            until, cause = now + timedelta(seconds=wait), f"{LANE_WAITS}{problem.why}"
        tries = effect.tries if isinstance(problem, Unavailable) and problem.ours else effect.tries + 1
        world.store.postpone(effect.key, until, cause=cause, tries=tries)
        world.count("effect_waits", kind=effect.kind)
    if isinstance(problem, Unavailable) and problem.ours:  # the sweep alone would find it up to a minute late
        world.queue.hint([due[0].lane], after=problem.after)
    world.log("lane_waits", why=str(problem), effects=len(due))
    return 0


def _crash_counted(world: World, effect: Effect) -> bool:
    """After a worker died in this lane, each try is counted before it begins; what dies again and again is parked."""
    if effect.tries >= CRASHES_AT_MOST and effect.cause == "The worker stopped.":
        world.store.park(
            effect.key,
            reason="Working on this stopped the program several times.",
            remedy="Tell us; then press Retry.",
            detail=f"{effect.tries} tries",
        )
        return False
    world.store.postpone(effect.key, effect.due_at, cause="The worker stopped.", tries=effect.tries + 1)
    return True


def crashed(world: World, place: Place, error: BaseException) -> None:
    """Called by app.py for a bug: the effect waits longer each time, and is parked when it only ever fails."""
    if not place.key:
        return
    effect = world.store.effect(place.key)
    if effect is None or effect.status != "owed":
        return
    if effect.tries + 1 >= CRASHES_AT_MOST:
        world.store.park(
            effect.key,
            reason="This step fails in a way that we did not foresee.",
            remedy="Tell us; then press Retry.",
            detail=type(error).__name__,
        )
        return
    wait = timedelta(seconds=30 * 2**effect.tries)
    world.store.postpone(effect.key, world.now() + wait, cause="The worker stopped.", tries=effect.tries + 1)
