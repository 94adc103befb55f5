"""A night's comparison of what is not open: all that changed in Clio or in QuickBooks, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import receipts
from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.effects import Do, owed
from chalicelib.domain.kernel import Commit, Effect, Guard, Kind, Neighbour, lane_of
from chalicelib.domain.payable import Booked
from chalicelib.domain.readings import BillReading, BillState, BookedPayment, InvoiceReading, Page
from chalicelib.errors import Unavailable
from chalicelib.flow import changed, compared, reconciling
from chalicelib.flow.compared import Report
from tests.builders import FIRM, NOW, a_bill, a_payable, put
from tests.domain.given import a_policy
from tests.flow.alone import held, near, owe
from tests.world import MemoryWorld

POLICY = a_policy()
ROWS = 200  # of a page of Clio's lists


class Clio:
    """Shows these bills by id, and as changed those of each list. ``trouble``: at which reading of bills by id it does
    not answer."""

    def __init__(self, live: list[str], void: list[str] | None = None, *, trouble: int = 0) -> None:
        self.lists = {"": live, "void": void or [], "deleted": []}
        self.trouble, self.pages, self.read = trouble, 0, 0

    def bills(
        self, _a: object, *, updated_since: datetime, state: str = "", next: str | None = None
    ) -> Page[BillReading]:
        self.pages += 1
        start = int(next or 0)
        some = self.lists[state][start : start + ROWS]
        more = start + ROWS < len(self.lists[state])
        return Page(tuple(a_bill(id=id) for id in some), str(start + ROWS) if more else None)

    def bills_by_id(self, _access: object, ids: list[str]) -> Page[BillReading]:
        self.read += 1
        if self.read == self.trouble:
            raise Unavailable("Clio is having a moment")
        return Page(())

    def trust_accounts(self, _access: object) -> tuple[()]:
        return ()


class Books:
    """Change data capture that tells of these, and is cut off at ``most`` invoices."""

    def __init__(
        self, *invoices: str, deleted: tuple[str, ...] = (), paid: tuple[str, ...] = (), most: int = 1000
    ) -> None:
        self.rows = [InvoiceReading(id, "0", id, "1", 1, 1, None, None, "", NOW) for id in invoices]
        self.deleted = tuple(("Invoice", id) for id in deleted)
        self.payments = (BookedPayment("1", "0", "1", 1, None, "", "", tuple((id, 1) for id in paid)),)
        self.most, self.asked = most, list[str]()

    def changes(self, _access: object, since: datetime, entity: str = "") -> BookChanges:
        self.asked.append(entity)
        rows = () if entity == "Payment" else tuple(self.rows[: self.most])
        return BookChanges(rows, self.payments, (), self.deleted, NOW, full=bool(rows) and len(self.rows) > self.most)

    def changed(self, _access: object, entity: str, since: datetime) -> BookChanges:
        self.asked.append(f"all of {entity}")
        return BookChanges(tuple(self.rows), (), (), (), NOW)

    def invoices_by_id(self, _access: object, ids: list[str]) -> list[InvoiceReading]:
        return [r for r in self.rows if r.id in ids]


def closed(world: MemoryWorld, id: str, invoice: str = "") -> str:
    """A bill that was removed in Clio, which nothing but a change brings into a night's comparison."""
    booked = Booked(invoice, total=1, revision=1) if invoice else None
    put(world.store, Kind.PAYABLE, a_payable(id=id, number=f"N-{id}", bill_state=BillState.VOID, booked=booked))
    if invoice:
        key = receipts.link_key(POLICY.lanes.book, "invoice", invoice)
        world.store.commit(Commit(guards=(Guard(key, f"{FIRM}/{id}"),)))
    return id


def a_night(world: MemoryWorld) -> Effect:
    body = {"by": "nightly", "full": False}
    return owe(world, owed(FIRM, Do.RECONCILE, "main", "firm", lane_of(FIRM, Neighbour.SELF), NOW, body=body))


def a_way(clio: Clio, books: Books) -> Any:
    way = near(clio=clio, quickbooks=books)
    way.lanes = POLICY.lanes
    return way


def the_comparison(world: MemoryWorld, clio: Clio, books: Books) -> Report:
    reconciling.reconcile(world, a_way(clio, books), POLICY, a_night(world))
    report = compared.last(world, FIRM)
    assert report is not None
    return report


def test_every_page_of_clios_lists_is_compared() -> None:
    world = MemoryWorld()
    live = [closed(world, f"b{n}") for n in range(ROWS + 1)]
    clio = Clio(live, [closed(world, f"v{n}") for n in range(ROWS + 1)])
    report = the_comparison(world, clio, Books())
    assert (report.checked, report.counts["changed"], clio.pages) == (2 * ROWS + 2, 2 * ROWS + 2, 5)


def test_all_that_quickbooks_tells_of_is_compared_though_it_is_cut_off() -> None:
    world = MemoryWorld()
    many = 1001
    for n in range(many):
        closed(world, f"b{n}", f"q{n}")
    books = Books(*(f"q{n}" for n in range(many)), most=1000)
    report = the_comparison(world, Clio([]), books)
    assert report.checked == many
    assert books.asked == ["", "Invoice", "all of Invoice", "Payment"]
    assert not report.full, "it cost what changed"


def test_what_quickbooks_deleted_and_what_its_payments_pay_is_compared_too() -> None:
    world = MemoryWorld()
    closed(world, "b1", "q1")
    closed(world, "b2", "q2")
    report = the_comparison(world, Clio([]), Books("stranger", deleted=("q1",), paid=("q2",)))
    assert (report.checked, report.counts["changed"]) == (2, 2)


def test_a_bill_of_which_both_tell_is_compared_once() -> None:
    world = MemoryWorld()
    closed(world, "b1", "q1")
    report = the_comparison(world, Clio(["b1"]), Books("q1"))
    assert (report.checked, report.counts["changed"]) == (1, 1)


@pytest.mark.parametrize("trouble", (1, 2, 3))
def test_an_interrupted_night_goes_on_at_its_page_and_compares_each_bill_once(trouble: int) -> None:
    world = MemoryWorld()
    for n in range(changed.PAGE + 1):
        closed(world, f"b{n}", f"q{n}")
    clio = Clio([f"b{changed.PAGE}", closed(world, "c1")], trouble=trouble)
    books = Books(*(f"q{n}" for n in range(changed.PAGE + 1)))
    effect = a_night(world)
    with pytest.raises(Unavailable):
        reconciling.reconcile(world, a_way(clio, books), POLICY, effect)
    world.store.postpone(effect.key, world.now(), cause="Clio did not answer.")
    reconciling.reconcile(world, a_way(clio, books), POLICY, held(world, effect))
    report = compared.last(world, FIRM)
    assert report is not None
    assert (report.checked, books.asked) == (changed.PAGE + 2, [""]), "each once, and QuickBooks was asked once"


@pytest.mark.parametrize("lost", ("", "clio 1", "clio 2", "journal 1", "journal 120"))
def test_an_interrupted_page_of_clios_is_named_and_counted_once(lost: str) -> None:
    """A page of Clio's holds more than is compared at once after a failure, and the store may not answer in the middle
    of it."""
    world = MemoryWorld()
    where, _, number = lost.partition(" ")
    clio = Clio([closed(world, f"b{n}", f"q{n}") for n in range(150)], trouble=int(number) if where == "clio" else 0)
    books = Books(*(f"q{n}" for n in range(150)), most=0)  # it tells of none, and shows each
    effect, asked = replace(a_night(world), tries=1), 0

    def busy(verb: str, _table: str) -> None:
        nonlocal asked
        asked += verb == "journal"
        if where == verb == "journal" and asked == int(number):
            asked = 1000
            raise Unavailable("DynamoDB is busy")

    world.store.before = busy
    if lost:
        with pytest.raises(Unavailable):
            reconciling.reconcile(world, a_way(clio, books), POLICY, effect)
        world.store.postpone(effect.key, world.now(), cause="It did not answer.")
    reconciling.reconcile(world, a_way(clio, books), POLICY, held(world, effect))
    report = compared.last(world, FIRM)
    assert report is not None
    assert (report.checked, report.counts["changed"]) == (150, 150)
    assert report.totals["asked"]["quickbooks"] == 150


def test_a_night_that_waited_too_long_begins_anew() -> None:
    world = MemoryWorld()
    closed(world, "b1", "q1")
    clio, books, effect = Clio([], trouble=1), Books("q1"), a_night(world)
    with pytest.raises(Unavailable):
        reconciling.reconcile(world, a_way(clio, books), POLICY, effect)
    world.store.postpone(effect.key, world.now(), cause="Clio did not answer.")
    world.clock.move(seconds=changed.KEPT_FOR.total_seconds() + 1)
    reconciling.reconcile(world, a_way(clio, books), POLICY, held(world, effect))
    assert books.asked == ["", ""]


def test_what_waits_lies_in_records_that_are_small_enough() -> None:
    world = MemoryWorld()
    so_far = replace(changed.begun(None, NOW), told=[f"{10**9 + n}" for n in range(6000)], met=["1"])
    aside = changed.put_aside(world, FIRM, so_far)
    assert (aside.records, aside.told, aside.met) == (4, [], [])
    assert changed.taken_up(world, FIRM, aside) == replace(so_far, records=4, kept=6001)


def test_a_pause_writes_only_what_came_since_the_one_before() -> None:
    world = MemoryWorld()
    so_far = replace(changed.begun(None, NOW), told=[f"q{n}" for n in range(6000)])
    so_far = changed.taken_up(world, FIRM, changed.put_aside(world, FIRM, so_far)) or so_far
    for met in (["b1"], ["b1"], ["b1", "b2"]):
        so_far = changed.taken_up(world, FIRM, changed.put_aside(world, FIRM, replace(so_far, met=met))) or so_far
    assert world.store.counts["write", "records"] == 3 + 2
    assert (len(so_far.told), so_far.met, so_far.records) == (6000, ["b1", "b2"], 5)


def test_changes_are_asked_for_since_the_last_comparison_and_at_most_29_days_back() -> None:
    assert changed.begun(None, NOW).since == NOW - changed.BACK - changed.CLOCKS
    assert changed.begun(NOW - timedelta(days=60), NOW).since == NOW - changed.BACK - changed.CLOCKS
    assert changed.begun(NOW - timedelta(days=1), NOW).since == NOW - timedelta(days=1) - changed.CLOCKS
