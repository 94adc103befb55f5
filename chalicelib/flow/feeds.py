"""The feeds: what changed at Clio and Stripe since we last asked. A page is a fact for what we do not hold yet, and a
pointer for what we hold and that differs: bills are looked at at once, as many as one call takes, and the rest is owed
as looks. A cursor moves only after every item is settled, owed as a look, or parked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import billing, effects
from chalicelib.domain.billing import BillSeen
from chalicelib.domain.connection import Connection
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Json, Kind, Neighbour, Status, lane_of
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import BillReading, Broken, EventPointer, Pot, Receipt
from chalicelib.domain.trust_readings import Deposit
from chalicelib.errors import Conflict, Declined, Refused, Unavailable, Unreadable
from chalicelib.flow import contacts, first_receipts, noting, renaming, states, trusting
from chalicelib.flow.first_receipts import WAITS_AT_MOST, FirstReceipts
from chalicelib.flow.looking import (
    LOOKS_IN_BATCH,
    bring_in,
    look_at_bills,
    park_look,
    payable_ref,
    point_at_bill,
    pointer_at_bill,
)
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

OVERLAP = timedelta(minutes=10)  # reference/clio.md 2.3: boundaries and clocks are unknown, so windows overlap
CURSOR_RESTS = timedelta(hours=6)  # a cursor is not written while nothing changed and it is younger than this
EVENTS_BACK = timedelta(days=29)  # Stripe keeps events for 30 days
REVERSED_BEFORE = timedelta(days=120)  # a dispute or refund that was under way when events ceased may have ended since
LINES_A_MINUTE = 20  # bills whose lines a first sync reads: what its class may spend (flow/budget.py)
HOOKED = ("bills", "void", "deleted", "contacts")  # a webhook tells of these (reference/clio.md 8)
# A payment from trust is named by the line on the trust account before its allocation is read (domain/trust.py).
UNHOOKED = ("deposits", "receipts", "credits")
MATTERS = "matters"  # for their numbers, where any is a sub-customer: once a day, as a webhook tells of most of it
FEEDS = (*HOOKED, MATTERS, *UNHOOKED)
LONG_AGO = "1970-01-01T00:00:00+00:00"  # in the cursor of a first reading that is under way


@dataclass
class Tally:
    """What a run found, counted for the person who pressed Resync. ``read``: Clio's feeds that it read to their end,
    which it does once though it is interrupted; ``refused``: those that Clio did not let it read. ``warily``: the run
    before this one failed, maybe at one of the bills, so none is looked at here: each is owed as a look of its own, and
    only what fails alone parks."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    parked: int = 0
    left_alone: dict[str, int] = field(default_factory=dict)
    wrote: bool = False
    read: list[str] = field(default_factory=list)
    warily: bool = False
    refused: dict[str, Declined | Unreadable] = field(default_factory=dict)

    def alone(self, why: str) -> None:
        self.left_alone[why] = self.left_alone.get(why, 0) + 1


def poll_clio(world: World, reach: Reach, policy: Policy, tally: Tally, feeds: Sequence[str] = FEEDS) -> None:
    """Reads Clio's feeds to their end. What was read before an interruption is kept, and the next poll goes on there.

    A first sync's first reading keeps receipts beside it (flow/first_receipts.py). Raises Unavailable and Disconnected;
    then the cursors say how far it got. What Clio does not let us read is refused alone (flow/refused_feeds.py).
    """
    firm = policy.firm.id
    found = world.store.record("feeds", firm)
    cursors: Json = dict(found[1]) if found else {}
    start = dict(cursors)
    first = _first(world, policy, feeds, cursors)
    try:
        for feed in feeds:
            rests = feed == MATTERS and renaming.rests(policy, cursors.get(feed), world.now(), asked=feeds == FEEDS)
            if feed not in tally.read and not rests:
                try:
                    _read(world, reach, policy, feed, cursors, tally, first)
                    tally.read.append(feed)
                except (Declined, Unreadable) as no:  # it alone; it begins anew, since its page may be what is refused
                    tally.refused[feed] = no
                    cursors |= {feed: {"since": cursors[feed]["since"]}} if feed in cursors else {}
    finally:
        if tally.wrote or _stale(start, cursors, world.now()):
            world.store.put_record("feeds", firm, cursors)


def _first(world: World, policy: Policy, feeds: Sequence[str], cursors: Json) -> FirstReceipts | None:
    """The list of receipts of a first sync, where it is made or may be of use. Whoever reads all feeds makes it."""
    all_of_them = "bills" in feeds and "receipts" in feeds
    if all_of_them and not policy.firm.may_write and not cursors.get("bills") and not cursors.get("receipts"):
        first: FirstReceipts | None = first_receipts.begin(world, policy)
    else:
        first = first_receipts.of(world, policy)
    if first:
        first.made = all_of_them and not first.head.over
    return first


def _stale(start: Json, cursors: Json, now: datetime) -> bool:
    """Whether the cursors are worth writing though nothing changed: an interrupted page, or a cursor grown old."""
    for name, cursor in cursors.items():
        old = start.get(name)
        if old is None or cursor.get("next") or old.get("next"):
            return True
        if cursor != old and datetime.fromisoformat(str(old["since"])) < now - CURSOR_RESTS:
            return True
    return False


def _read(
    world: World, reach: Reach, policy: Policy, feed: str, cursors: Json, tally: Tally, first: FirstReceipts | None
) -> None:
    cursor: Json = dict(cursors.get(feed, {}))
    since = datetime.fromisoformat(cursor["since"]) - OVERLAP if cursor.get("since") else None
    if feed in ("contacts", MATTERS) and not cursor:  # read one by one as they come in: only later changes matter
        back = renaming.DAILY if feed == MATTERS else timedelta(0)
        cursors[feed] = {"since": (world.now() - back).isoformat()}
        return
    mark = cursor.get("mark") or world.now().isoformat()  # the high-water mark is taken before the first page
    next_: str | None = cursor.get("next")
    lists = feed == "receipts" and first is not None and first.made
    if first:
        first.listing = lists and (not cursor or cursor.get("list") == first.id)
    while True:
        page = page_of(reach, feed, since, next_)
        _take_page(world, reach, policy, feed, page.items, tally, first)
        next_ = page.next
        if next_ is None:
            break
        cursors[feed] = {"since": cursor.get("since", LONG_AGO), "mark": mark, "next": next_}
        if first and first.listing:
            cursors[feed]["list"] = first.id
        world.store.put_record("feeds", policy.firm.id, cursors)  # a worker that dies reads no more than a page again
    if first and lists:
        _look_at_wanted(world, policy, first)
    cursors[feed] = {"since": mark}


def _look_at_wanted(world: World, policy: Policy, first: FirstReceipts) -> None:
    """The list is read, or somebody else read a part of it and it is of no use: what waited for it does so no more."""
    for bills in first.untold():
        for id in bills:
            point_at_bill(world, policy, id, first=first.id)


def page_of(reach: Reach, feed: str, since: datetime | None, next_: str | None) -> Any:
    """A page of a feed of Clio's. Raises Unavailable and Disconnected."""
    if since is not None and since.year < 1980:
        since = None
    if feed == "receipts":
        return reach.clio(lambda c, a: c.receipts(a, updated_since=since, next=next_))
    if feed == "credits":
        return reach.clio(lambda c, a: c.credits(a, updated_since=since, next=next_))
    if feed == "deposits":
        return reach.clio(lambda c, a: c.deposits(a, updated_since=since, next=next_))
    if feed == MATTERS:
        return renaming.changed(reach, since, next_)
    if feed == "contacts":
        return reach.clio(lambda c, a: c.clients(a, updated_since=since, next=next_))
    state = "" if feed == "bills" else feed
    return reach.clio(lambda c, a: c.bills(a, updated_since=since, state=state, next=next_))


def _take_page(
    world: World, reach: Reach, policy: Policy, feed: str, items: Any, tally: Tally, first: FirstReceipts | None
) -> None:
    if feed == "receipts":
        _receipts(world, policy, items, tally, first)
    elif feed == "credits":
        noting.take_page(world, reach, policy, items, tally)
    elif feed == "deposits":
        _deposits(world, policy, items, tally)
    elif feed == MATTERS:
        tally.wrote |= renaming.take_page(world, policy, items)
    elif feed == "contacts":
        tally.wrote |= contacts.take_page(world, policy, items) > 0
    else:
        _bills(world, reach, policy, items, tally, first, live=feed == "bills")


def _bills(
    world: World,
    reach: Reach,
    policy: Policy,
    items: tuple[BillReading | Broken, ...],
    tally: Tally,
    first: FirstReceipts | None,
    *,
    live: bool,
) -> None:
    """``live``: the list of bills that are not void or deleted."""
    wanted: list[BillReading] = []
    differ: list[tuple[Payable, BillReading]] = []
    refs = [payable_ref(policy.firm.id, i.id) for i in items]
    held = {h.ref.id: h for h in world.store.load_many(refs)}
    for item in items:
        tally.seen += 1
        if isinstance(item, Broken):
            tally.parked += 1
            tally.wrote |= park_look(world, policy, item)
            continue
        here = held[item.id]
        known: Payable | None = states.decode(Kind.PAYABLE, here.body)
        if known is not None:
            same = known.etag == item.etag and known.balance == item.balance and known.bill_state == item.state
            if same and billing.same_matters(known, item):
                tally.unchanged += 1
            else:
                differ.append((known, item))
            continue
        if why := billing.left_alone(item, policy.firm):
            if live or item.state not in ("void", "deleted"):
                tally.alone(why)
            elif _parked(world, policy, item):
                point_at_bill(world, policy, item.id, f"Bill {item.number}")  # it is gone: nobody need look after it
                tally.wrote = True
            continue
        if there := _parked(world, policy, item):
            if there.body.get("mark") == item.etag:
                tally.parked += 1
                continue
            point_at_bill(world, policy, item.id, f"Bill {item.number}")  # changed since: what held it may be mended
            tally.new += 1
            tally.wrote = True
            continue
        if item.paid or item.credits or item.balance != item.asks:  # what was received is read beside it
            if first and first.made:
                wanted.append(item)
            else:
                point_at_bill(world, policy, item.id, f"Bill {item.number}")
            tally.new += 1
            tally.wrote = True
            continue
        try:
            bring_in(world, policy, here, BillSeen(item, (), world.now(), pace=tally.new // LINES_A_MINUTE))
            tally.new += 1
            tally.wrote = True
        except Unreadable as bad:
            tally.parked += 1
            tally.wrote |= park_look(
                world, policy, Broken(item.id, item.number, bad.what, bad.raw, bad.remedy, mark=item.etag)
            )
        except Conflict:  # brought in by somebody else at this moment, or the store was busy: a look tells which
            point_at_bill(world, policy, item.id, f"Bill {item.number}")
            tally.new += 1
            tally.wrote = True
    if first and wanted:
        first.want([i.id for i in wanted])
        for item in wanted:
            point_at_bill(world, policy, item.id, f"Bill {item.number}", first=first.id, wait=WAITS_AT_MOST)
    if differ:
        _differ(world, reach, policy, differ, tally)


def _parked(world: World, policy: Policy, item: BillReading) -> Effect | None:
    """The look at a bill that we do not hold, where it waits for a person."""
    there = world.store.effect(effects.key_of(policy.firm.id, effects.Do.LOOK_BILL, item.id))
    return there if there and there.status is Status.PARKED else None


def _differ(
    world: World, reach: Reach, policy: Policy, bills: Sequence[tuple[Payable, BillReading]], tally: Tally
) -> None:
    """Bills that we hold and that show something else. Those on which nothing was received since are looked at here,
    with one call; the rest, and what did not go well, is owed as looks, which wait and park each for itself."""
    tally.changed += len(bills)
    tally.wrote = True
    all_ = [pointer_at_bill(world, policy, i.id, f"Bill {i.number}", receipts=False) for _, i in bills]
    light = (
        [] if tally.warily else [e for e, (p, i) in zip(all_, bills, strict=True) if not billing.receipts_moved(p, i)]
    )
    here = [e for e in light[:LOOKS_IN_BATCH] if not _waits(world, e)]
    settled: set[str] = set()
    if here:
        try:
            settled = {e.key for e, bad in look_at_bills(world, reach, policy, here, owed=False) if bad is None}
        except (Conflict, Declined, Refused, Unavailable, Unreadable) as problem:
            world.log("owed_as_looks", why=type(problem).__name__)
    for look in all_:
        if look.key not in settled:
            world.store.arrive(look)


def _waits(world: World, look: Effect) -> bool:
    """Whether such a look is owed already, or waits for a person: then it is pointed at again, so that it ends."""
    there = world.store.effect(look.key)
    return there is not None and there.status is not Status.DONE


def _receipts(
    world: World, policy: Policy, items: tuple[Receipt | Broken, ...], tally: Tally, first: FirstReceipts | None
) -> None:
    good = [i for i in items if not isinstance(i, Broken) and i.bill_id]
    tally.wrote |= trusting.see_allocations(world, policy, [i for i in items if not isinstance(i, Broken)])
    refs = [payable_ref(policy.firm.id, b) for b in sorted({r.bill_id for r in good})]
    payables = {h.ref.id: states.decode(Kind.PAYABLE, h.body) for h in world.store.load_many(refs)}
    pointed: set[str] = set()
    if first and first.listing:
        first.keep(items, payables)
    elif first:  # it may have changed since the list: what is not held yet is read by itself
        pointed |= {r.bill_id for r in good if payables[r.bill_id] is None} & first.wanted
        for id in sorted(pointed):
            point_at_bill(world, policy, id, first="")
        tally.wrote |= bool(pointed)
    for r in good:
        payable: Payable | None = payables[r.bill_id]
        if payable is None or r.bill_id in pointed:
            continue
        known = next((k for k in payable.receipts if k.id == r.id), None)
        same = known is not None and (known.cents, known.on, known.group) == (r.cents, r.on, r.group)
        if (r.voided and known is None) or (not r.voided and same):
            continue
        if payable.pot is Pot.TRUST:
            continue
        pointed.add(r.bill_id)
        point_at_bill(world, policy, r.bill_id, f"Bill {payable.number}")
        tally.wrote = True


def _deposits(world: World, policy: Policy, items: tuple[Deposit | Broken, ...], tally: Tally) -> None:
    """A deposit matters where a payment of ours waits to be seen, and on a request that is open: it may pay it,
    and Clio may show that nowhere else (reference/clio.md 10.2). Then its bill is looked at."""
    tally.wrote |= trusting.see_page(world, policy, items)
    pointed: set[str] = set()
    for d in items:
        if isinstance(d, Broken) or not d.trust or d.cents <= 0 or not d.client_id:
            continue
        listed = world.store.grouped(f"{policy.firm.id}/client/{d.client_id}", limit=50, begins=f"{Pot.TRUST}#")
        for held in listed.items:
            payable: Payable = states.decode(Kind.PAYABLE, held.body)
            waiting = any(s.recorded < s.cents for s in payable.shares)
            known = any(k.id == f"bt-{d.id}" for k in payable.receipts)
            if (waiting or payable.open) and not known and d.bill_id in ("", payable.id) and payable.id not in pointed:
                pointed.add(payable.id)
                point_at_bill(world, policy, payable.id, f"Trust request {payable.number}")
                tally.wrote = True


# --- Stripe ---------------------------------------------------------------------------------------------------------


def poll_stripe(world: World, reach: Reach, connection: Connection, tally: Tally) -> None:
    """Events of one account since we last asked: what a lost webhook would have told us. After a silence longer than
    Stripe keeps events (an account that was disconnected), what was disputed or refunded meanwhile is listed."""
    account = connection.account
    found = world.store.record("events", account)
    body: Json = dict(found[1]) if found else {}
    now = world.now()
    since = datetime.fromisoformat(body["since"]) if body.get("since") else now - EVENTS_BACK
    known = set(body.get("ids", []))
    if since < now - EVENTS_BACK:
        tally.wrote |= _after_silence(world, reach, connection, since)
    pointers = reach.stripe(lambda s: s.events(account, since=max(since - OVERLAP, now - EVENTS_BACK)))
    fresh = [p for p in pointers if p.id not in known]
    for pointer in fresh:
        point_at_stripe(world, connection.firm, pointer)
    if fresh or found is None or since < now - CURSOR_RESTS:
        tally.wrote |= bool(fresh)
        world.store.put_record("events", account, {"since": now.isoformat(), "ids": [p.id for p in pointers][-500:]})


def _after_silence(world: World, reach: Reach, connection: Connection, since: datetime) -> bool:
    """Whether anything was disputed or refunded. Each payment is looked at, which reads its state; what is not ours is
    found to be nobody's by its look."""
    account, back = connection.account, since - REVERSED_BEFORE
    intents = reach.stripe(lambda s: s.reversed_since(account, since=back))
    for intent in intents:
        point_at_stripe(world, connection.firm, EventPointer("", account, "", "intent", intent))
    return bool(intents)


LOOK_AT: dict[str, tuple[effects.Do, str]] = {
    "session": (effects.Do.LOOK_SESSION, "session"),
    "intent": (effects.Do.LOOK_INTENT, "intent"),
    "account": (effects.Do.LOOK_ACCOUNT, "account"),
}


def point_at_stripe(world: World, firm: str, pointer: EventPointer) -> bool:
    """Owes a look at what an event is about; kinds that are of no concern owe nothing."""
    if pointer.kind not in LOOK_AT:
        return False
    do, name = LOOK_AT[pointer.kind]
    lane = lane_of(firm, Neighbour.STRIPE, pointer.account)
    body: Json = {"account": pointer.account, name: pointer.object_id}
    key_name = pointer.object_id if do is not effects.Do.LOOK_ACCOUNT else pointer.account
    world.store.arrive(effects.owed(firm, do, key_name, f"{name}/{pointer.object_id}", lane, world.now(), body=body))
    return True
