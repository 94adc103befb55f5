"""What Clio or QuickBooks changed since the last comparison: read to its end, a page for each step of the comparison,
so that it costs what changed and no more. First QuickBooks says which invoices (reference/quickbooks.md 2.7), then
these are looked up, then come Clio's bills, the void and the deleted ones. A bill of which both tell is given once. It
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain import receipts
from chalicelib.domain.firm import Policy
from chalicelib.flow import capturing, feeds
from chalicelib.flow.noticing import INVOICE, PAYMENT
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

BACK = timedelta(days=29)  # reference/quickbooks.md 2.7: at most 30 days
CLOCKS = timedelta(minutes=10)  # the neighbours' clocks and ours may differ by so much
ASK, BOOKS = "changed", "changed/books"
FEEDS = {"changed/bills": "bills", "changed/void": "void", "changed/deleted": "deleted"}
PARTS = (ASK, BOOKS, *FEEDS)
PAGE = 100
KEPT_TOGETHER = 2000  # ids in one record, which holds 64 KB
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Changed:
    """How far it got. ``told``: invoices in QuickBooks that are to be looked up, ``place`` of them are; ``met``:
    payables given because QuickBooks told of them. Of these two, ``kept`` ids lie in ``records`` records already."""

    since: datetime | None = None
    told: Sequence[str] = field(default_factory=list)
    met: Sequence[str] = field(default_factory=list)
    place: int = 0
    records: int = 0
    kept: int = 0


def page(
    world: World, reach: Reach, policy: Policy, part: str, cursor: str, so_far: Changed
) -> tuple[list[str], str, Changed]:
    """The next payables of this part, where it goes on ("" at its end), and how far that is. Raises Unavailable."""
    if part == ASK:
        return [], "", replace(so_far, told=_told(reach, _since(so_far)))
    if part == BOOKS:
        place = so_far.place + PAGE
        now, rest = so_far.told[so_far.place : place], len(so_far.told) - place
        keys = [receipts.link_key(policy.lanes.book, "invoice", id) for id in now]
        holders = world.store.holders(keys)
        ids = list(dict.fromkeys(holders[key].partition("/")[2] for key in keys if key in holders))
        fresh = _unmet(ids, so_far)
        return fresh, str(rest) if rest > 0 else "", replace(so_far, place=place, met=[*so_far.met, *fresh])
    found = feeds.page_of(reach, FEEDS[part], _since(so_far), cursor or None)
    return _unmet([i.id for i in found.items], so_far), found.next or "", so_far


def _since(so_far: Changed) -> datetime:
    assert so_far.since is not None, "it begins when the comparison does"
    return so_far.since


def _unmet(ids: Sequence[str], so_far: Changed) -> list[str]:
    met = set(so_far.met)
    return [id for id in ids if id not in met]


def begun(last: datetime | None, now: datetime) -> Changed:
    """``last``: when the comparison before this one began, or None."""
    return Changed(since=max(last or now - BACK, now - BACK) - CLOCKS)


def _told(reach: Reach, since: datetime) -> list[str]:
    """Invoices that QuickBooks changed or deleted, and those that its changed payments pay. Of deletions it tells 1000
    at most; where it is cut off, its feed has everything compared (flow/capturing.py)."""
    told: list[str] = []
    for some in capturing.pages(reach, since, (INVOICE, PAYMENT)):
        told += [i.id for i in some.invoices]
        told += [id for entity, id in (*some.deleted, *some.odd) if entity == INVOICE]
        told += [id for x in some.payments for id, _ in x.lines]
    return list(dict.fromkeys(told))


def put_aside(world: World, firm: str, so_far: Changed) -> Changed:
    """Its ids lie in records of their own, each written once, for as long as a comparison may wait. What ``taken_up``
    wants."""
    marked = [*(["told", id] for id in so_far.told), *(["met", id] for id in so_far.met)]  # told is whole by then
    pages = [marked[n : n + KEPT_TOGETHER] for n in range(so_far.kept, len(marked), KEPT_TOGETHER)]
    for n, some in enumerate(pages, so_far.records):
        world.store.put_record(f"changed/{firm}", str(n), {"ids": some}, expires=world.now() + KEPT_FOR)
    return replace(so_far, told=[], met=[], records=so_far.records + len(pages), kept=len(marked))


def taken_up(world: World, firm: str, aside: Changed) -> Changed | None:
    """None where a part of it was kept too long: then the comparison begins anew."""
    held = [world.store.record(f"changed/{firm}", str(n)) for n in range(aside.records)]
    marked = [pair for found in held if found for pair in found[1]["ids"]]
    told, met = ([id for mark, id in marked if mark == name] for name in ("told", "met"))
    return replace(aside, told=told, met=met) if all(held) else None
