"""Sync status: when each feed was read, what waits in each lane and why, what is parked, and which links are broken.

Reads a handful of records, the head of each lane, and what is parked, its broken links up to a bound; nothing grows
with what is stored.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.connection import NAMES
from chalicelib.domain.effects import TRUST_LANE, Do
from chalicelib.domain.finding import Weight
from chalicelib.domain.kernel import Effect, Neighbour, lane_of
from chalicelib.errors import Refused
from chalicelib.flow import attention, polling, preflight, resync, retrying
from chalicelib.flow.firms import connections
from chalicelib.flow.polling import Freshness
from chalicelib.flow.ports import World
from chalicelib.flow.resync import Run
from chalicelib.flow.rows import Item, item
from chalicelib.flow.settle import policy_of

LOOKED_AT = 500  # effects of one lane; more are "more than"
BY_THE_CLOCK = {Do.REMIND, Do.WATCH_MAIL, Do.DIGEST, Do.POLL_CLIO, Do.POLL_STRIPE, Do.LOOK_SESSION}
BY_THE_CLOCK |= {Do.PREFLIGHT, Do.RECONCILE}
WORDS = {
    Neighbour.CLIO: "From Clio",
    Neighbour.QUICKBOOKS: "To QuickBooks",
    Neighbour.STRIPE: "From Stripe",
    Neighbour.MAIL: "E-mails",
    Neighbour.SELF: "Our own steps",
}


@dataclass(frozen=True, slots=True)
class Queue:
    """What one lane owes now or as soon as its cause is over; what only waits for its day is not counted. ``more``: at
    least so many. ``oldest``: since when the first is due. ``causes``: (why, how many), the most frequent first."""

    lane: str
    name: str
    waiting: int
    more: bool
    oldest: datetime | None
    next_at: datetime | None
    causes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Health:
    """``broken``: links whose other side is gone; ``parked``: everything else that waits for a person. ``more``: there
    is more than is shown. ``groups``: what of it may be tried again together, by cause; ``tries``: where that is under
    way or was lately. ``settings``: how many findings of the preflight need somebody; ``blocked``: whether syncing
    waits for one of them."""

    at: datetime
    run: Run | None
    feeds: tuple[Freshness, ...]
    queues: tuple[Queue, ...]
    broken: tuple[Item, ...]
    parked: tuple[Item, ...]
    more: bool
    groups: tuple[retrying.Group, ...]
    tries: tuple[retrying.Tries, ...]
    settings: int
    blocked: bool

    @property
    def well(self) -> bool:
        """Whether nothing needs a person. A setting that nothing waits for is advice: it may stand so for good."""
        return not (self.broken or self.parked or self.blocked)


def health(world: World, firm: str) -> Health:
    policy = policy_of(world, firm)
    found = attention.parked(world, firm)
    waiting, more = attention.standing(found)
    report = preflight.report(world, firm)
    needs = report.needs if report else ()
    return Health(
        at=world.now(),
        run=resync.last(world, firm),
        feeds=polling.freshness(world, policy),
        queues=tuple(_queue(world, name, lane) for name, lane in _lanes(world, firm)),
        broken=tuple(item(e) for e in waiting if e.body.get("broken")),
        parked=tuple(item(e) for e in waiting if not e.body.get("broken")),
        more=more,
        groups=retrying.groups(found),
        tries=retrying.runs(world, firm),
        settings=len(needs),
        blocked=any(f.weight is Weight.BLOCKS for f in needs),
    )


def _lanes(world: World, firm: str) -> list[tuple[str, str]]:
    """(words, lane) of every lane that the firm has."""
    policy = policy_of(world, firm)
    found = [(WORDS[n], policy.lanes.of(n)) for n in (Neighbour.CLIO, Neighbour.QUICKBOOKS)]
    for c in connections(world, firm).values():
        if c.neighbour is Neighbour.STRIPE:
            found.append((f"{NAMES[c.neighbour]}, {c.pot}", lane_of(firm, c.neighbour, c.account)))
    found += [(WORDS[n], lane_of(firm, n)) for n in (Neighbour.MAIL, Neighbour.SELF)]
    return [*found, ("Ledgers of trust money", lane_of(firm, Neighbour.SELF, TRUST_LANE))]


def _queue(world: World, name: str, lane: str) -> Queue:
    now = world.now()
    owed = world.store.lane_owed(lane, limit=LOOKED_AT)
    waiting = [e for e in owed if e.due_at <= now or _held_up(e)]
    causes = Counter(e.cause for e in waiting if e.cause)
    return Queue(
        lane,
        name,
        len(waiting),
        len(owed) == LOOKED_AT,
        min((e.due_at for e in waiting if e.due_at <= now), default=None),
        min((e.due_at for e in waiting), default=None),
        tuple(causes.most_common()),
    )


def _held_up(e: Effect) -> bool:
    """Whether it waits for something other than its own day."""
    return bool(e.cause) and not (e.kind in BY_THE_CLOCK and not e.tries)


def again(world: World, firm: str, lane: str) -> None:
    """A person presses Try now: what this lane owes and has a cause is due at once. Raises Refused for another firm's
    lane."""
    from chalicelib.flow.connecting import WOKEN_AT_MOST

    if lane not in {name for _, name in _lanes(world, firm)}:
        raise Refused("There is no such queue here.")
    now = world.now()
    for e in world.store.lane_owed(lane, limit=WOKEN_AT_MOST):
        if e.due_at > now and _held_up(e) and not e.call:
            world.store.postpone(e.key, now, cause=e.cause)
    world.queue.hint([lane])
