"""Preflight: reads QuickBooks' settings and numbers, tells what has to be done, and holds what has to wait for it.

On connecting, every night, when asked, and, while something waits, every quarter of an hour, so that it goes on by
itself. One batch reads the settings, one more the numbers of what changed since the last time: the highest are
remembered, so that nothing grows with what is stored. Only the first reading pages through all documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chalicelib.domain import effects, preflight, preflight_accounts, series
from chalicelib.domain.effects import Do
from chalicelib.domain.finding import Finding, Weight
from chalicelib.domain.firm import Firm, Policy, Preflighted
from chalicelib.domain.firm import decide as decide_firm
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Json, Kind, Neighbour, Ref, Status, lane_of
from chalicelib.domain.readings import Books, DocNumber
from chalicelib.errors import Disconnected
from chalicelib.flow import connecting, states
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

PAGE = 1000  # documents of each kind in one reading of numbers
ASKED = 100  # documents ahead of Clio's numbers: as many as are listed
OVERLAP = timedelta(minutes=5)  # QuickBooks' clock and its index
AGAIN_AFTER = timedelta(minutes=15)  # while something waits for a setting


@dataclass(frozen=True, slots=True)
class Report:
    """The findings at one time, what has to be done first."""

    at: datetime
    findings: tuple[Finding, ...]

    @property
    def needs(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.weight is not Weight.GOOD)


def start(world: World, firm: str) -> None:
    """Owes a reading now."""
    lane = lane_of(firm, Neighbour.SELF)
    world.store.arrive(effects.owed(firm, Do.PREFLIGHT, "main", "firm", lane, world.now()))
    world.queue.hint([lane])


def again(world: World, firm: str) -> None:
    """What the firm chose has changed: QuickBooks is laid beside it anew, where a company is connected."""
    if policy_of(world, firm).lanes.realm:
        start(world, firm)


def report(world: World, firm: str) -> Report | None:
    """The last findings; None before the first."""
    found = world.store.record("preflight", firm)
    return msgspec.convert(found[1], Report) if found else None


def running(world: World, firm: str) -> bool:
    """Whether a reading is owed at this moment, so that the page is worth another look."""
    effect = world.store.effect(effects.key_of(firm, Do.PREFLIGHT, "main"))
    return effect is not None and effect.status is Status.OWED and effect.due_at <= world.now()


def run(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """One reading. Raises Unavailable, with what it has kept of the numbers, and Disconnected."""
    if not policy.lanes.realm:
        raise Disconnected(policy.firm.id, str(Neighbour.QUICKBOOKS), "not connected yet")
    firm = policy.firm
    held = world.store.load(Ref(firm.id, Kind.FIRM, firm.id))
    books = reach.quickbooks(lambda q, a: q.books(a))
    if preflight_accounts.unlisted(firm, books):  # it is gone, or on a page of its own
        books = reach.quickbooks(lambda q, a: q.books(a, whole=True))
    books = _with_chosen(reach, firm, books)
    _hold(world, policy, held, preflight.blocks(preflight.findings(firm, books, (), ())))
    found = preflight.findings(firm, books, *_numbers(world, reach, policy))
    told: Json = msgspec.to_builtins(Report(world.now(), found))
    world.store.put_record("preflight", firm.id, told)
    done = Finish(effect.key, arrivals=effect.arrivals)
    if preflight.blocks(found):
        again = world.now() + AGAIN_AFTER
        done = Finish(effect.key, arrivals=effect.arrivals, status=Status.OWED, due_at=again)
    settle(world, [], lambda _s, _n: {}, fact="Preflighted", finish=[done])


def _with_chosen(reach: Reach, firm: Firm, books: Books) -> Books:
    """A list of accounts is cut where it is long, as it is with an account for each client below the trust liability:
    of those chosen, and those that items chosen are booked in, none is missed for that."""
    listed = {a.id for a in books.accounts}
    unseen = [id for id in preflight_accounts.chosen(firm, books) if id not in listed]
    found = reach.quickbooks(lambda q, a: q.accounts_by_id(a, unseen)) if unseen else []
    return replace(books, accounts=(*books.accounts, *found))


def _hold(world: World, policy: Policy, held: Held, blocked: tuple[tuple[str, str], ...]) -> None:
    """What waits is told to the firm's state, where every lane sees it; what waits no more goes on. It needs QuickBooks
    alone: whatever Clio's connection does, nothing waits for the numbers. Raises Conflict where the firm moved since
    ``held``, before its settings were asked for: it may have been connected anew."""
    fact = Preflighted(blocked)
    before: Firm = states.decode(Kind.FIRM, held.body)

    def decide(now_held: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Firm]]:
        return {held.ref: decide_firm(now_held[held.ref], fact)}

    settle(world, [held.ref], decide, fact="Preflighted", body=fact, held={held.ref: held})
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    for cause in {cause for _, cause in set(before.blocked) - set(blocked)}:
        connecting.wake(world, lane, waiting_for=cause)


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(world: World, reach: Reach, policy: Policy) -> tuple[tuple[DocNumber, ...], tuple[str, ...]]:
    """The highest numbers of each series in QuickBooks and in Clio, remembered from reading to reading. A first reading
    that is interrupted goes on where it was."""
    key = (f"numbers/{policy.firm.id}", policy.lanes.book)
    found = world.store.record(*key)
    body: Json = dict(found[1]) if found and "series" in found[1] else {}  # older ones knew digits alone: read anew
    top = msgspec.convert(body.get("series", []), tuple[DocNumber, ...])
    clio = series.in_use(reach.clio(lambda c, a: c.newest_numbers(a)), body.get("clio", ()))
    since = datetime.fromisoformat(body["since"]) if body.get("since") else None
    start, more = int(body.get("start", 1)), True
    while more:
        page = reach.quickbooks(lambda q, a, n=start: q.numbers(a, since - OVERLAP if since else None, n))  # type: ignore[misc]
        top, more = series.highest((*top, *page.found), clio), page.more
        body.setdefault("mark", page.at.isoformat())  # of the first page: what changes meanwhile is read next time
        start += PAGE
        body = {**body, "start": start, "series": msgspec.to_builtins(top), "clio": list(clio)}
        if more:
            world.store.put_record(*key, body)
    top = _standing(reach, top, clio)
    world.store.put_record(*key, {"since": body["mark"], "series": body["series"], "clio": list(clio)})
    return top, clio


def _standing(reach: Reach, top: tuple[DocNumber, ...], clio: Sequence[str]) -> tuple[DocNumber, ...]:
    """Without those ahead of Clio's that were deleted meanwhile: of deleted ones no query tells. They are few."""
    ahead = [d for _, _, above in series.ahead(series.places(clio), top) for d in above][:ASKED]
    if not ahead:
        return top
    of: dict[str, list[str]] = {}
    for d in ahead:
        of.setdefault(d.entity, []).append(d.id)
    there = reach.quickbooks(lambda q, a: q.numbers(a, None, 1, of)).found
    return series.highest((*(d for d in top if d not in ahead), *there), clio)
