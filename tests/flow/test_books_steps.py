"""Steps towards QuickBooks, and Clio's memos and credits, one at a time: what another worker does meanwhile, and what a
neighbour may answer that a whole story rarely meets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import crediting, effects, receipts
from chalicelib.domain.crediting import CreditSeen
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Invoicing, Policy
from chalicelib.domain.kernel import Commit, Effect, Kind, Neighbour, Ref, Status
from chalicelib.domain.notes import CreditReading, MemoOfBill
from chalicelib.domain.payable import Booked, Harm, Payable
from chalicelib.domain.payable import Broken as Break
from chalicelib.domain.payment import Item, Payment, Phase, Posted
from chalicelib.domain.readings import BillState, BookedPayment, Broken, InvoiceReading, Page, Receipt
from chalicelib.errors import Conflict, Declined, Unreadable
from chalicelib.flow import memoing, noticing, noting, payments, states, staying
from chalicelib.flow.feeds import Tally
from chalicelib.flow.prepared import Prepared
from tests.builders import FIRM, NOW, TODAY, a_payable, a_payment, put
from tests.domain.given import a_policy
from tests.flow.alone import held, is_done, near, owe
from tests.world import MemoryWorld

POLICY = a_policy()
BOOKS, CLIO = POLICY.lanes.of(Neighbour.QUICKBOOKS), POLICY.lanes.of(Neighbour.CLIO)
GONE = Break(Harm.DELETED)
ACCEPTED = Break(Harm.LEFT_OUT, accepted=True)


def load(world: MemoryWorld, kind: Kind, id: str) -> Any:
    return states.decode(kind, world.store.load(Ref(FIRM, kind, id)).body)


# --- the link in the memo of Clio's bill ------------------------------------------------------------------------------

WISHED = a_policy(invoicing=Invoicing(clio_memo=True))


class Memos:
    """Clio's memo of a bill: ``no`` is what it says to a write."""

    def __init__(self, etag: str = "e1", *, may: bool = True, no: Declined | None = None) -> None:
        self.shown = MemoOfBill(etag, "Thank you.", may)
        self.no = no
        self.memos = self

    def read(self, _access: object, _bill: str) -> MemoOfBill:
        return self.shown

    def write(self, _access: object, _bill: str, memo: str, _etag: str) -> None:
        if self.no:
            raise self.no
        self.shown = MemoOfBill("e2", memo, True)


def a_memo_owed(state: Payable | None) -> tuple[MemoryWorld, Effect]:
    world = MemoryWorld()
    if state is not None:
        put(world.store, Kind.PAYABLE, state)
    return world, owe(world, effects.bill_memo(FIRM, CLIO, "b1", "b1/1", NOW, "Bill 1042"))


@pytest.mark.parametrize(("state", "policy"), [(None, WISHED), (a_payable(balance=0), WISHED), (a_payable(), POLICY)])
def test_no_link_is_written_on_a_bill_that_is_not_open_or_where_it_is_not_wished(
    state: Payable | None, policy: Policy
) -> None:
    world, effect = a_memo_owed(state)
    memoing.write(world, near(), policy, effect)
    assert is_done(world, effect)


def test_a_bill_that_may_not_be_changed_any_more_is_left_as_it_is() -> None:
    world, effect = a_memo_owed(a_payable())
    memoing.write(world, near(clio=Memos(may=False)), WISHED, effect)
    assert is_done(world, effect)


def test_a_bill_that_moved_in_clio_is_taken_in_before_its_memo_is_written() -> None:
    world, effect = a_memo_owed(a_payable())
    memos = Memos("e9")
    memoing.write(world, near(clio=memos), WISHED, effect)
    assert (memos.shown.memo, held(world, effect).cause) == ("Thank you.", memoing.MOVED)
    assert world.store.effect(f"{FIRM}/{Do.LOOK_BILL}/b1")


def test_a_bill_that_moves_between_reading_and_writing_is_tried_again() -> None:
    world, effect = a_memo_owed(a_payable())
    memoing.write(world, near(clio=Memos(no=Declined("precondition", "moved", status=412))), WISHED, effect)
    assert held(world, effect).status is Status.OWED
    assert held(world, effect).cause == memoing.MOVED


def test_any_other_refusal_of_the_memo_is_for_a_person() -> None:
    world, effect = a_memo_owed(a_payable())
    memoing.write(world, near(clio=Memos(no=Declined("forbidden", "no", status=403))), WISHED, effect)
    assert held(world, effect).status is Status.PARKED
    assert held(world, effect).reason == "Clio did not take the link: no"


def test_our_own_change_of_the_memo_is_known_as_ours() -> None:
    world, effect = a_memo_owed(a_payable())
    memos = Memos()
    memoing.write(world, near(clio=memos), WISHED, effect)
    assert memos.shown.memo.startswith("Thank you.\nPay online: ")
    assert (load(world, Kind.PAYABLE, "b1").etag, is_done(world, effect)) == ("e2", True)


# --- credits ----------------------------------------------------------------------------------------------------------


class Credits:
    """Clio with these credit memos and these allocations, by id."""

    def __init__(self, *memos: CreditReading | Broken, **receipts: Receipt | Broken) -> None:
        self.memos, self.receipts = memos, receipts

    def credits_by_id(self, _access: object, ids: list[str]) -> Page[CreditReading]:
        return Page(tuple(m for m in self.memos if m.id in ids))

    def receipts_by_id(self, _access: object, ids: list[str]) -> Page[Receipt]:
        return Page(tuple(r for id, r in self.receipts.items() if id in ids))


MEMO = CreditReading("m1", "e1", TODAY, 700, receipts=("r1",))
PART = Receipt("r1", "b1", TODAY, 700, group="m1", kind="credit")
UNKNOWN = Broken("r1", "", "amount", "1.234", "", "e1")


def a_credit_look(world: MemoryWorld) -> Effect:
    noting.point(world, POLICY, "m1")
    found = world.store.effect(f"{FIRM}/{Do.LOOK_CREDIT}/m1")
    assert found is not None
    return found


def somebody_brings_it_in(world: MemoryWorld) -> None:
    seen = crediting.seen(None, CreditSeen(MEMO, (PART,)), {"b1": a_payable()}, POLICY, NOW)
    assert seen is not None
    put(world.store, Kind.CREDIT, seen.state)


def take_page(world: MemoryWorld, clio: Credits, *items: CreditReading | Broken, first: Any = None) -> Tally:
    tally = Tally()
    noting.take_page(world, near(clio=clio, first=first), POLICY, items, tally)
    return tally


def test_a_credit_that_cannot_be_understood_parks_alone_once_for_each_version() -> None:
    world = MemoryWorld()
    put(world.store, Kind.PAYABLE, a_payable())
    row = Broken("m9", "", "amount", "1.234", "", "e1")
    tally = take_page(world, Credits(MEMO, r1=PART), row, MEMO)
    assert (tally.seen, tally.parked, tally.new, tally.wrote) == (2, 1, 1, True)
    parked = world.store.effect(f"{FIRM}/{Do.LOOK_CREDIT}/m9")
    assert parked is not None
    assert (parked.status, "1.234" in parked.reason) == (Status.PARKED, True)
    assert not take_page(world, Credits(), row).wrote
    assert take_page(world, Credits(), replace(row, mark="e2")).wrote


def test_a_credit_with_an_allocation_that_cannot_be_understood_parks_with_its_value() -> None:
    world = MemoryWorld()
    tally = take_page(world, Credits(MEMO, r1=UNKNOWN), MEMO)
    assert (tally.parked, tally.wrote) == (1, True)
    parked = world.store.effect(f"{FIRM}/{Do.LOOK_CREDIT}/m1")
    assert parked is not None
    assert "1.234" in parked.reason
    assert load(world, Kind.CREDIT, "m1") is None


@pytest.mark.parametrize(
    ("clio", "says"),
    [
        (Credits(MEMO, r1=UNKNOWN), "allocation r1: amount"),
        (Credits(Broken("m1", "", "date", "never")), "date"),
        (Credits(), "credit note"),
    ],
)
def test_a_look_at_a_credit_tells_what_it_cannot_understand(clio: Credits, says: str) -> None:
    world = MemoryWorld()
    look = a_credit_look(world)
    ((told, problem),) = noting.look(world, near(clio=clio), POLICY, [look])
    assert told.key == look.key
    assert isinstance(problem, Unreadable)
    assert problem.what == says


def test_a_credit_that_another_worker_brought_in_meanwhile_is_looked_at_again() -> None:
    world = MemoryWorld()
    put(world.store, Kind.PAYABLE, a_payable())
    tally = take_page(world, Credits(r1=PART), MEMO, first=lambda: somebody_brings_it_in(world))
    assert tally.wrote
    assert world.store.effect(f"{FIRM}/{Do.LOOK_CREDIT}/m1")
    assert len(world.store.journal(Ref(FIRM, Kind.CREDIT, "m1"))) == 1


def test_a_look_at_a_credit_that_moved_meanwhile_is_done_again() -> None:
    world = MemoryWorld()
    put(world.store, Kind.PAYABLE, a_payable())
    look = a_credit_look(world)
    reach = near(clio=Credits(MEMO, r1=PART), first=lambda: somebody_brings_it_in(world))
    with pytest.raises(Conflict):
        noting.look(world, reach, POLICY, [look])
    assert held(world, look).status is Status.OWED


# --- what people did in QuickBooks ------------------------------------------------------------------------------------


class Shown:
    """QuickBooks with these rows, which says of others whether they are deleted."""

    def __init__(self, *rows: Any, deleted: bool = False) -> None:
        self.rows, self.deleted = rows, deleted

    def invoices_by_id(self, _access: object, _ids: list[str]) -> list[Any]:
        return list(self.rows)

    def payments_by_id(self, _access: object, _ids: list[str]) -> list[Any]:
        return list(self.rows)

    def is_deleted(self, _access: object, _entity: str, _id: str) -> bool:
        return self.deleted


def an_invoice_there(**fields: Any) -> InvoiceReading:
    usual: dict[str, Any] = {"id": "77", "sync_token": "0", "number": "1042", "customer_id": "9", "total": 100}
    rest: dict[str, Any] = {"balance": 100, "on": TODAY, "due_on": TODAY, "note": "", "updated_at": NOW}
    return InvoiceReading(**{**usual, **rest, **fields})


def a_linked_bill(broken: Break | None = None) -> Payable:
    return a_payable(booked=Booked("77", 1, 40000, broken=broken), revision=1)


def test_a_look_at_an_invoice_that_moved_meanwhile_is_done_again_soon() -> None:
    world = MemoryWorld()
    put(world.store, Kind.PAYABLE, a_linked_bill())
    look = owe(world, effects.look_booked(FIRM, BOOKS, "Invoice", "77", "payable/b1", NOW))
    again = replace(a_linked_bill(), seq=1)
    reach = near(quickbooks=Shown(an_invoice_there()), first=lambda: put(world.store, Kind.PAYABLE, again))
    noticing.look(world, reach, POLICY, [look])
    assert (held(world, look).status, held(world, look).cause) == (Status.OWED, "It moved meanwhile.")
    assert load(world, Kind.PAYABLE, "b1") == again


def an_invoice_owed(broken: Break | None, quickbooks: Shown) -> tuple[MemoryWorld, Effect, bool]:
    world = MemoryWorld()
    state = replace(a_linked_bill(broken), revision=2)
    put(world.store, Kind.PAYABLE, state)
    effect = owe(world, effects.invoice(FIRM, BOOKS, "b1", "c1", 2, "1042", NOW, "Bill"))
    return world, effect, noticing.invoice_stopped(world, near(quickbooks=quickbooks), POLICY, effect, state, None)


def a_posting_owed(broken: Break | None, quickbooks: Shown) -> tuple[MemoryWorld, Effect, bool]:
    world = MemoryWorld()
    state = a_payment(wanted=2, posted=Posted("77", 1, 40000, broken=broken))
    put(world.store, Kind.PAYMENT, state)
    effect = owe(world, effects.posting(FIRM, BOOKS, "p1", ("b1",), 2, TODAY, NOW, "Payment"))
    near_ = near(quickbooks=quickbooks)
    return world, effect, noticing.payment_stopped(world, near_, POLICY, effect, state, "77", None)


both = pytest.mark.parametrize("owed", [an_invoice_owed, a_posting_owed])


@both
def test_what_a_person_is_being_asked_about_is_not_written(owed: Any) -> None:
    world, effect, stopped = owed(GONE, Shown())
    assert stopped
    assert is_done(world, effect)


@both
def test_what_a_person_accepted_as_gone_is_asked_about_anew_when_a_change_is_owed(owed: Any) -> None:
    world, effect, stopped = owed(ACCEPTED, Shown())
    assert stopped
    assert is_done(world, effect)
    assert [t.body["harm"] for t in world.store.parked(FIRM, limit=5).items] == [Harm.LEFT_OUT]


@both
def test_what_was_deleted_there_stops_the_write_that_finds_it(owed: Any) -> None:
    world, effect, stopped = owed(None, Shown(deleted=True))
    assert stopped
    assert is_done(world, effect)
    assert [t.body["harm"] for t in world.store.parked(FIRM, limit=5).items] == [Harm.DELETED]


@both
def test_what_quickbooks_neither_shows_nor_calls_deleted_only_waits(owed: Any) -> None:
    world, effect, stopped = owed(None, Shown())
    assert not stopped
    assert held(world, effect).status is Status.OWED


# --- payments ---------------------------------------------------------------------------------------------------------


def prepared(state: Payment, revision: int, *rows: Any, bill: Payable | None = None, policy: Policy = POLICY) -> Any:
    """A payment's step prepared against QuickBooks with these rows; gives (world, effect, what it comes to)."""
    world = MemoryWorld()
    put(world.store, Kind.PAYMENT, state)
    put(world.store, Kind.PAYABLE, bill or a_linked_bill())
    effect = owe(world, effects.posting(FIRM, BOOKS, "p1", ("b1",), revision, TODAY, NOW, "Payment"))
    return world, effect, payments.prepare(world, near(quickbooks=Shown(*rows)), policy, [effect])


@pytest.mark.parametrize(
    ("state", "revision"),
    [
        (a_payment(wanted=2), 1),
        (a_payment(wanted=2, posted=Posted("7", 2, 40000)), 2),
        (a_payment(wanted=1, phase=Phase.REMOVED), 1),
    ],
)
def test_a_posting_that_is_superseded_or_done_asks_nothing_of_quickbooks(state: Payment, revision: int) -> None:
    world, effect, out = prepared(state, revision)
    assert (out.settled, out.write, out.blocked, is_done(world, effect)) == (1, [], [], True)


def test_a_payment_of_an_earlier_generation_is_renewed_before_its_link_is_used() -> None:
    later = a_policy(generation=2)
    state = a_payment(wanted=1, posted=Posted("7", 1, 40000))
    world, effect, out = prepared(state, 1, policy=later)
    renewed = load(world, Kind.PAYMENT, "p1")
    assert (out.settled, renewed.posted, renewed.wanted, renewed.generation) == (1, None, 2, 2)
    assert is_done(world, effect)


def test_a_changed_payment_that_quickbooks_does_not_show_at_this_moment_waits() -> None:
    state = a_payment(wanted=2, posted=Posted("7", 1, 40000))
    _, effect, out = prepared(state, 2)
    assert out.blocked == [(effect, "QuickBooks does not show the payment at this moment.")]


def test_a_payment_that_fits_on_no_invoice_waits_for_its_clients_customer() -> None:
    _, effect, out = prepared(a_payment(wanted=1), 1, an_invoice_there(balance=0))
    assert out.blocked == [(effect, "It waits for its client's customer in QuickBooks.")]


def test_money_of_a_bill_that_is_gone_stays_unapplied_on_the_customer() -> None:
    gone = replace(a_linked_bill(), bill_state=BillState.VOID, booked=Booked("77", 1, 0, voided=True))
    _, effect, out = prepared(a_payment(wanted=1), 1, bill=gone)
    assert out.blocked == [(effect, "It waits for its client's customer in QuickBooks.")]


# --- what is left as it is --------------------------------------------------------------------------------------------


class OnTwoInvoices:
    """QuickBooks with one payment, on the invoices of two bills."""

    def payments_by_id(self, _access: object, _ids: object) -> list[BookedPayment]:
        lines = (("70", 10000), ("71", 5000))
        return [BookedPayment("90", "0", "5", 15000, TODAY, "", "", lines)]


@pytest.mark.parametrize("at_once", [1, 40])
def test_a_payment_that_changes_while_a_person_leaves_it_is_told_to_no_bill_for_good(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staying, "TOLD_AT_ONCE", at_once)  # as one over more bills than a commit takes
    world = MemoryWorld()
    items = (Item("b1", "1042", 10000), Item("b2", "1043", 4000))
    x = a_payment(items=items, total=14000, wanted=2, posted=Posted("90", 1, 15000))
    put(world.store, Kind.PAYMENT, x)
    for bill, there, cents in (("b1", "70", 10000), ("b2", "71", 5000)):
        put(world.store, Kind.PAYABLE, a_payable(id=bill, booked=Booked(there, 1, cents)))
        world.store.commit(Commit(guards=(receipts.link_guard(POLICY.lanes.book, "invoice", there, FIRM, bill),)))
    effect = effects.posting(FIRM, BOOKS, x.id, ("b1", "b2"), 2, TODAY, NOW, "")
    effect = owe(world, replace(effect, body={**effect.body, "choice": "stay", "by": "Bea", "why": "closed period"}))
    meanwhile = replace(x, total=13000, wanted=3)
    reach = near(quickbooks=OnTwoInvoices(), first=lambda: put(world.store, Kind.PAYMENT, meanwhile))
    assert staying.left(world, reach, POLICY, [(effect, x)], Prepared()) == []
    now = load(world, Kind.PAYMENT, x.id)
    assert is_done(world, effect) and not now.stays
    staying.take_up(world, POLICY, now)
    assert [load(world, Kind.PAYABLE, b).booked.left for b in ("b1", "b2")] == [(), ()]
