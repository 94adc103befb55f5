"""What a first sync's list of receipts shows, kept by bill and by payment until its bills are looked at.

In the first reading of a firm a bill with something received on it, that is to be brought in, is *wanted*: its look
waits until the list of all receipts was read, page by page, and rows on wanted bills and on held ones were kept. Then
the wanted bills are read by their ids, 200 at once: each balance is younger than the receipts laid beside it (decision
0003). Rows are used only for what is not held yet, and only before anything may be written to QuickBooks; whatever does
not fit is read by itself, as ever (docs/decisions/0021-a-first-sync-by-lists.md).

Records: ``first-receipts``, sk the firm: how far the list is. ``first-receipts/<firm>/<list>``: ``wanted/<any>`` (the
bills of one page, and whether their looks were brought forward), ``bill/<bill>/<receipt>``,
``group/<payment>/<receipt>``, ``moved/<payment>``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import msgspec

from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Json
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import Broken, Receipt
from chalicelib.flow import states
from chalicelib.flow.ports import World

HEAD = "first-receipts"
WAITS_AT_MOST = timedelta(hours=6)  # a wanted bill is looked at then, though the list should not be whole
GOOD_FOR = timedelta(days=1)
SWEPT_AFTER = timedelta(days=2)
ALL = 1_000_000  # records: of wanted bills one for each page of Clio's; of one bill or payment a handful


@dataclass
class Head:
    """``list``: its name, the time it was begun. ``whole``: rows may be used. ``broken``: a row of it cannot be
    understood. ``over``: the looks at all wanted bills were brought forward."""

    list: str
    until: datetime
    whole: bool = False
    broken: bool = False
    over: bool = False


@dataclass
class FirstReceipts:
    """The list of one firm. ``made``: whoever holds it reads all feeds and makes it. ``listing``: the pages being read
    are its own."""

    world: World
    firm: str
    head: Head
    made: bool = False
    listing: bool = False

    @property
    def id(self) -> str:
        return self.head.list

    @property
    def _pk(self) -> str:
        return f"{HEAD}/{self.firm}/{self.id}"

    @cached_property
    def wanted(self) -> set[str]:
        """The bills whose looks waited for the list."""
        return {id for _, body in self._pages() for id in body["ids"]}

    def _pages(self) -> list[tuple[str, Json]]:
        return self.world.store.records(self._pk, begins="wanted/", limit=ALL)

    def want(self, bills: Sequence[str]) -> None:
        """Bills of one page, before the list is begun. A page that is read again may show others: it is kept beside."""
        self._put(f"wanted/{self.world.secret(16)}", {"ids": list(bills), "told": False})
        self.wanted.update(bills)

    def keep(self, page: Sequence[Receipt | Broken], held: Mapping[str, Payable | None]) -> None:
        """Keeps of one page of the list what lies on wanted and held bills, and the other parts of those payments."""
        if any(isinstance(r, Broken) for r in page):
            self.head.broken = True
            self._save()
        rows = [r for r in page if not isinstance(r, Broken)]
        groups = {r.group for r in rows if r.bill_id in self.wanted or held.get(r.bill_id) is not None}
        for r in rows:
            body: Json = states.encode(r)
            if r.bill_id in self.wanted:
                self._put(f"bill/{r.bill_id}/{r.id}", body)
            if r.group and r.group in groups:
                self._put(f"group/{r.group}/{r.id}", body)

    def untold(self) -> Iterator[list[str]]:
        """All receipts were read: gives the wanted bills, page by page, to be looked at now. Whoever stops halfway goes
        on there. The list may be used if every page of it was its own."""
        self.head.whole |= self.listing
        self._save()
        for sk, body in self._pages():
            if not body["told"]:
                yield body["ids"]
                self._put(sk, {**body, "told": True})
        self.head.over = True
        self._save()

    def of_bill(self, bill: str) -> tuple[Receipt, ...]:
        """What the list shows on a wanted bill; nothing where it may not be used."""
        return self._rows(f"bill/{bill}/") if self.head.whole else ()

    def of_group(self, group: str) -> tuple[Receipt, ...]:
        """All parts of a payment on bills that we follow; nothing where something newer may be known of it."""
        if not self.head.whole or self.head.broken or self.world.store.record(self._pk, f"moved/{group}"):
            return ()
        return self._rows(f"group/{group}/")

    def moved(self, groups: Iterable[str]) -> None:
        """Parts of these payments were read by themselves: the list's word on them is not the last any more."""
        for group in sorted(set(groups) - {""}):
            self._put(f"moved/{group}", {})

    def _rows(self, begins: str) -> tuple[Receipt, ...]:
        found = self.world.store.records(self._pk, begins=begins, limit=ALL)
        return tuple(msgspec.convert(body, Receipt) for _, body in found)

    def _put(self, sk: str, body: Json) -> None:
        self.world.store.put_record(self._pk, sk, body, expires=self.head.until + SWEPT_AFTER)

    def _save(self) -> None:
        body: Json = msgspec.to_builtins(self.head)
        self.world.store.put_record(HEAD, self.firm, body, expires=self.head.until + SWEPT_AFTER)


def begin(world: World, policy: Policy) -> FirstReceipts:
    """Before the first page of bills is read."""
    now = world.now()
    made = FirstReceipts(world, policy.firm.id, Head(now.isoformat(), now + GOOD_FOR))
    made._save()
    return made


def of(world: World, policy: Policy) -> FirstReceipts | None:
    """The firm's list, while it may be of use; None when the first sync is over, which costs no reading."""
    if policy.firm.may_write:
        return None
    found = world.store.record(HEAD, policy.firm.id)
    head = msgspec.convert(found[1], Head) if found else None
    return FirstReceipts(world, policy.firm.id, head) if head and world.now() < head.until else None
