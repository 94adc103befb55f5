"""The polls that run by themselves, and how often. What a feed holds is read in flow/feeds.py and flow/capturing.py.

Feeds without a webhook are polled every 15 minutes. Those with one are polled so too until theirs works; then rarely,
and more rarely while nothing comes. A disconnected neighbour's polls wait with their lane (flow/drain.py).
Record ``polled/<firm>``, sk the poll's name: when it was last read to its end, how often nothing came of it, and what
Clio does not let us read of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Json, Neighbour, Status, lane_of
from chalicelib.errors import Conflict, Declined, Unreadable
from chalicelib.flow import first_plan, refused_feeds, subscribing
from chalicelib.flow.budget import Floor
from chalicelib.flow.feeds import FEEDS, HOOKED, MATTERS, UNHOOKED, Tally, poll_clio, poll_stripe
from chalicelib.flow.firms import connections
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.refused_feeds import REFUSED_AFTER, REFUSED_AT_MOST
from chalicelib.flow.settle import policy_of, settle

EVERY = timedelta(minutes=15)  # design section 2: feeds without a webhook are polled within every 15 minutes
RARELY = timedelta(hours=1)  # what a webhook tells of; the poll catches what was lost
RAREST = timedelta(hours=6)  # ... while nothing comes for hours
READ_IN_BOOKS = ("invoices", "payments", "customers", "credit memos", "journal entries")
MAIN, TOLD = "main", "told"  # Clio's feeds without a webhook, and those with one

BILL, CONTACT, CONTACTS = "bill", "contact", "contacts"  # the models of webhooks, and the feed of clients


@dataclass(frozen=True, slots=True)
class Freshness:
    """One poll: what it reads, when it was last read to its end (None: never), when it is read next (None: not by
    itself), and why it waits. ``hooked``: a webhook tells of most of it sooner. ``pot``: of a Stripe account."""

    name: str
    feeds: tuple[str, ...]
    read_at: datetime | None
    next_at: datetime | None
    waits: str
    hooked: bool
    pot: str = ""


def of_books(policy: Policy, now: datetime) -> Effect:
    """The poll of QuickBooks in this generation of links."""
    return effects.poll_books(policy.firm.id, policy.lanes.of(Neighbour.QUICKBOOKS), policy.lanes.book, now)


def of_stripe(firm: str, connection: str, account: str, at: datetime) -> Effect:
    """The poll of a Stripe account. ``connection``: its id here."""
    lane = lane_of(firm, Neighbour.STRIPE, account)
    return effects.owed(firm, Do.POLL_STRIPE, connection, "firm", lane, at, body={"connection": connection})


def begin(world: World, firm: str, at: datetime) -> list[str]:
    """Owes every poll of the firm, and its webhooks, for then. Gives their lanes."""
    policy = policy_of(world, firm)
    clio = lane_of(firm, Neighbour.CLIO, policy.lanes.clio)
    owed = [effects.owed(firm, Do.POLL_CLIO, name, "firm", clio, at) for name in (MAIN, TOLD)]
    owed.append(effects.keep_hooks(firm, clio, at))
    if policy.lanes.realm:  # between a purge and the next company there is none to read
        owed.append(of_books(policy, at))
    for c in connections(world, firm).values():
        if c.neighbour is Neighbour.STRIPE:
            owed.append(of_stripe(firm, c.id, c.account, at))
    for effect in owed:
        world.store.arrive(effect)
    return sorted({e.lane for e in owed})


def poll(world: World, policy: Policy, effect: Effect) -> None:
    """One poll; it is owed again at its next time, or soon, where it was refused."""
    try:
        _poll(world, policy, effect)
    except (Declined, Unreadable) as no:
        if not _tried_again(world, effect, no):
            raise


def _tried_again(world: World, effect: Effect, no: Declined | Unreadable) -> bool:
    """What is refused of a poll mostly passes: it is tried again a few times before a person is told. (Of Clio's, each
    list is refused alone: flow/refused_feeds.py.)"""
    firm, name = effect.firm, _name(effect)
    before = noted(world, firm, name)
    times = int(before.get("refused", 0))
    if times >= REFUSED_AT_MOST:
        return False
    world.store.put_record(f"polled/{firm}", name, {**before, "refused": times + 1})
    until, why = world.now() + REFUSED_AFTER * 2**times, no.message if isinstance(no, Declined) else str(no)
    world.store.postpone(effect.key, until, cause=why, tries=effect.tries + 1)
    return True


def _name(effect: Effect) -> str:
    """What is kept of this poll is kept under."""
    return str(effect.body.get("connection") or f"clio.{effect.key.rpartition('/')[2]}")


def _poll(world: World, policy: Policy, effect: Effect) -> None:
    firm = policy.firm.id
    reach = Reach(world, firm, policy.lanes, Floor.POLL)
    tally = Tally(warily=effect.tries > 0)
    if effect.kind == Do.POLL_CLIO:
        if first_sync_reads(world, policy):
            rest(world, effect, world.now() + EVERY)
            return
        name = effect.key.rpartition("/")[2]
        if name in FEEDS:
            refused_feeds.read(world, reach, policy, effect, name)
            return
        working = subscribing.working(world, firm)
        if policy.firm.may_read:
            poll_clio(world, reach, policy, tally, feeds_of(name, working))
        before = noted(world, firm, _name(effect)).get("unread", {})
        told = {"unread": refused_feeds.tell(world, policy, tally, before)}
        again(world, effect, _name(effect), tally.wrote, name == TOLD and BILL in working, told)
        return
    connection = connections(world, firm).get(str(effect.body["connection"]))
    if connection is None:  # whoever was about to connect it was refused, or died
        settle(world, [], lambda _s, _n: {}, fact="NotConnected", finish=[Finish(effect.key, arrivals=effect.arrivals)])
        return
    if connection.connected:
        poll_stripe(world, reach, connection, tally)
    again(world, effect, connection.id, True, True)


def feeds_of(name: str, working: Collection[str]) -> tuple[str, ...]:
    """What each of the two polls of Clio reads. Clients whose webhook does not work, while that of bills does, are read
    every quarter of an hour with what has none; where that of bills does not, all of these are."""
    untold = () if BILL not in working or CONTACT in working else (CONTACTS,)
    return (*UNHOOKED, *untold) if name == MAIN else tuple(f for f in (*HOOKED, MATTERS) if f not in untold)


def first_sync_reads(world: World, policy: Policy) -> bool:
    """Whether every feed is being read for the first sync, which needs no poll beside it."""
    found = None if policy.firm.may_write else first_plan.load(world, policy)
    return found is not None and found[1].phase == "reading"


def again(
    world: World, effect: Effect, name: str, news: bool, hooked: bool, more: Mapping[str, Any] | None = None
) -> None:
    """Notes that it was read, and owes it again. ``news``: something came of it; ``hooked``: a webhook tells of it."""
    quiet = 0 if news else int(noted(world, effect.firm, name).get("quiet", 0)) + 1
    now = world.now()
    world.store.put_record(f"polled/{effect.firm}", name, {"at": now.isoformat(), "quiet": quiet, **(more or {})})
    rest(world, effect, now + (min(RARELY * 2 ** min(quiet, 3), RAREST) if hooked else EVERY))


def rest(world: World, effect: Effect, until: datetime) -> None:
    """Owed again later, unless a pointer came while it was performed: then it is still due."""
    later = Finish(effect.key, arrivals=effect.arrivals, status=Status.OWED, due_at=until)
    try:
        settle(world, [], lambda _s, _n: {}, fact="Polled", finish=[later])
    except Conflict:
        world.log("arrived_while_polling", kind=effect.kind)


def noted(world: World, firm: str, name: str) -> Json:
    """What was kept of the last reading of this poll; empty before the first."""
    found = world.store.record(f"polled/{firm}", name)
    return found[1] if found else {}


def freshness(world: World, policy: Policy) -> tuple[Freshness, ...]:
    """Every poll of the firm, for the page Sync status: a handful of records."""
    firm = policy.firm.id
    working = subscribing.working(world, firm)
    main, told = feeds_of(MAIN, working), feeds_of(TOLD, working)
    told = told if policy.firm.sub_customers_used else tuple(f for f in told if f != MATTERS)
    rows = [
        _fresh(world, firm, "clio.main", effects.key_of(firm, Do.POLL_CLIO, MAIN), main, False),
        _fresh(world, firm, "clio.told", effects.key_of(firm, Do.POLL_CLIO, TOLD), told, BILL in working),
    ]
    for c in connections(world, firm).values():
        if c.neighbour is Neighbour.STRIPE:
            fresh = _fresh(world, firm, c.id, effects.key_of(firm, Do.POLL_STRIPE, c.id), ("events",), True)
            rows.append(replace(fresh, pot=c.pot or ""))
    works = bool(noted(world, firm, "quickbooks").get("works"))
    books = effects.key_of(firm, Do.POLL_BOOKS, policy.lanes.book)
    rows.append(_fresh(world, firm, "quickbooks", books, READ_IN_BOOKS, works))
    return tuple(rows)


def _fresh(world: World, firm: str, name: str, key: str, feeds: tuple[str, ...], hooked: bool) -> Freshness:
    last = noted(world, firm, name)
    at = last.get("at")
    effect = world.store.effect(key)
    parked = effect is not None and effect.status is Status.PARKED
    unread = " ".join(last.get("unread", {}).values())
    return Freshness(
        name,
        feeds,
        datetime.fromisoformat(at) if at else None,
        effect.due_at if effect and not parked else None,
        effect.reason if effect and parked else effect.cause if effect and effect.tries else unread,
        hooked,
    )
