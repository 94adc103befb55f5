"""What the lists and pages show, and that they read only that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.effects import Do, customer, task
from chalicelib.domain.kernel import Commit, Effect, Kind, Status, lane_of
from chalicelib.domain.payable import Active, Collection, Known, Share, Standing
from chalicelib.domain.payment import Item, Phase
from chalicelib.domain.readings import BillState, Pot
from chalicelib.domain.reminders import Next
from chalicelib.domain.sums import Sums
from chalicelib.errors import Refused, Unreadable
from chalicelib.flow import views
from chalicelib.flow.rows import payment_status, status_of
from tests.builders import FIRM, NOW, TODAY, a_firm, a_payable, a_payment, put
from tests.world import MemoryWorld


def a_world(invoices: int = 0) -> MemoryWorld:
    world = MemoryWorld()
    put(world.store, Kind.FIRM, a_firm(), id=FIRM)
    for n in range(invoices):
        put(
            world.store,
            Kind.PAYABLE,
            a_payable(id=f"b{n}", number=str(1000 + n), due_on=TODAY + timedelta(days=n % 90)),
        )
    return world


def park(world: MemoryWorld, effect: Effect, reason: str = "It failed.", remedy: str = "Press Retry.") -> None:
    world.store.commit(Commit(effects=(effect,)))
    if effect.status is Status.OWED:
        world.store.park(effect.key, reason=reason, remedy=remedy, detail="fault 6240")


# --- lists ------------------------------------------------------------------------------------------------------------


def test_open_invoices_come_in_order_of_their_due_date() -> None:
    world = a_world()
    put(world.store, Kind.PAYABLE, a_payable(id="late", due_on=TODAY - timedelta(days=3)))
    put(world.store, Kind.PAYABLE, a_payable(id="soon", due_on=TODAY + timedelta(days=1)))
    assert [r.id for r in views.invoices(world, FIRM, "open").rows] == ["late", "soon"]


def test_the_first_page_reads_the_same_number_of_items_whatever_the_size_of_the_list() -> None:
    def reads(invoices: int) -> int:
        world = a_world(invoices)
        before = world.store.reads
        views.invoices(world, FIRM, "open")
        return world.store.reads - before

    assert reads(100) == reads(1000)


def test_the_next_page_goes_on_where_the_first_ended() -> None:
    world = a_world(30)
    first = views.invoices(world, FIRM, "open")
    second = views.invoices(world, FIRM, "open", first.next)
    assert len(first.rows) == 25
    assert len({r.id for r in first.rows + second.rows}) == 30


def test_a_list_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused):
        views.invoices(a_world(), FIRM, "secrets")


def test_a_broken_cursor_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        views.invoices(a_world(), FIRM, "open", "not a cursor")


def test_another_firm_s_invoices_are_never_listed() -> None:
    world = a_world(3)
    put(world.store, Kind.PAYABLE, a_payable(id="theirs", firm="us-2"))
    assert "theirs" not in {r.id for r in views.invoices(world, FIRM, "open").rows}


def test_an_invoice_being_reminded_shows_when_and_what_the_next_mail_is() -> None:
    world = a_world()
    c = Collection("friendly", NOW, next=Next(0, NOW + timedelta(days=7)))
    put(world.store, Kind.PAYABLE, a_payable(collection=c))
    (row,) = views.invoices(world, FIRM, "reminding").rows
    assert (row.next_at, row.next_subject) == (NOW + timedelta(days=7), "Invoice 1042 is due on …")


def test_the_attention_tab_lists_the_invoices_that_something_parked_is_about() -> None:
    world = a_world(2)
    park(world, Effect(f"{FIRM}/{Do.INVOICE}/b1/1", Do.INVOICE, FIRM, "payable/b1", "l", NOW), "The number is taken.")
    (row,) = views.invoices(world, FIRM, "attention").rows
    assert (row.id, row.attention) == ("b1", "The number is taken.")


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "Open"),
        ({"due_on": TODAY}, "Due today"),
        ({"due_on": TODAY - timedelta(days=1)}, "1 day overdue"),
        ({"due_on": TODAY - timedelta(days=12)}, "12 days overdue"),
        ({"collection": Collection("friendly", NOW)}, "Reminding"),
        ({"attempt": Active("p1", 40000, "acct", on_its_way=True)}, "On its way"),
        ({"attempt": Active("p1", 40000, "acct")}, "Paying now"),
        ({"balance": 0, "bill_state": BillState.PAID}, "Paid"),
        ({"shares": (Share("p1", 40000, "FS-1", TODAY),)}, "Paid"),
        ({"bill_state": BillState.VOID}, "Void"),
        ({"bill_state": BillState.DELETED}, "Deleted"),
        ({"hold": "Held."}, "On hold"),
        ({"receipts": (Known("r", 1, TODAY, "g", "payment", "", Standing.ASKED),)}, "Needs attention"),
    ],
)
def test_the_status_is_the_one_word_to_read_first(fields: dict[str, object], word: str) -> None:
    assert status_of(a_payable(**fields), TODAY).word == word


def test_a_part_payment_is_said_beside_the_status() -> None:
    world = a_world()
    put(world.store, Kind.PAYABLE, a_payable(balance=10000))
    assert views.invoices(world, FIRM, "open").rows[0].also == ("Part paid",)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "Received"),
        ({"dispute": "needs_response"}, "Disputed"),
        ({"returned": 40000}, "Returned"),
        ({"returned": 100}, "Part returned"),
        ({"phase": Phase.ON_ITS_WAY}, "On its way"),
        ({"phase": Phase.FAILED}, "Failed"),
    ],
)
def test_a_payment_has_one_word_too(fields: dict[str, object], word: str) -> None:
    assert payment_status(a_payment(**fields)).word == word


# --- one invoice ------------------------------------------------------------------------------------------------------


def test_an_invoice_of_another_firm_does_not_exist_here() -> None:
    world = a_world()
    put(world.store, Kind.PAYABLE, a_payable(id="theirs", firm="us-2"))
    with pytest.raises(Refused):
        views.invoice(world, FIRM, "theirs")


def test_the_timeline_tells_each_change_with_its_source_newest_first() -> None:
    world = a_world()
    put(world.store, Kind.PAYABLE, a_payable(), at=NOW)
    begun = a_payable(collection=Collection("friendly", NOW))
    put(world.store, Kind.PAYABLE, begun, at=NOW + timedelta(hours=1), by="Olivia Hartwell")
    put(world.store, Kind.PAYABLE, replace(begun, balance=10000), at=NOW + timedelta(hours=2))
    told = [(e.source, e.words) for e in views.invoice(world, FIRM, "b1").timeline]
    assert told == [
        ("Clio", "Clio's balance changed from $400.00 to $100.00"),
        ("Olivia Hartwell", "Reminders started"),
        ("Clio", "Bill 1042 came in over $400.00"),
    ]


def test_payments_are_found_through_the_journal_even_when_their_attempt_is_over() -> None:
    world = a_world()
    put(world.store, Kind.PAYABLE, a_payable())
    put(world.store, Kind.PAYABLE, a_payable(attempt=Active("p1", 40000, "acct")))
    put(world.store, Kind.PAYABLE, a_payable())
    put(world.store, Kind.PAYMENT, a_payment(phase=Phase.FAILED, failure="The bank refused.", settled_at=None))
    shown = views.invoice(world, FIRM, "b1")
    assert [p.failure for p in shown.payments] == ["The bank refused."]
    assert "Payment of $400.00 failed" in {e.words for e in shown.timeline}


def test_what_is_parked_about_an_invoice_stands_on_its_page() -> None:
    world = a_world()
    put(world.store, Kind.PAYABLE, a_payable())
    park(world, Effect(f"{FIRM}/{Do.INVOICE}/b1/1", Do.INVOICE, FIRM, "payable/b1", "l", NOW), "The number is taken.")
    assert [i.cause for i in views.invoice(world, FIRM, "b1").items] == ["The number is taken."]


# --- what needs a person ----------------------------------------------------------------------------------------------


def test_choices_come_before_retry() -> None:
    world = a_world()
    effect = customer(FIRM, lane_of(FIRM, "quickbooks", "r"), "c1", 1, NOW, "Ada Example")  # type: ignore[arg-type]
    park(world, replace(effect, body={**effect.body, "choices": [["suffix", "Create with a suffix"]]}))
    (item,) = views.attention(world, FIRM).items
    assert item.title == "Client Ada Example: not added to QuickBooks"
    assert [(a.do, a.choice) for a in item.actions] == [("retry", "suffix"), ("retry", "")]


@pytest.mark.parametrize(
    ("name", "does"),
    [
        ("match/b1/r1/1", ["same", "separate"]),
        ("reconnect/clio/1", ["connect"]),
        ("remove/b1/1", []),
        ("surplus/b1/1", ["done"]),
        ("reversal/p1/1-0-none", ["done"]),
    ],
)
def test_each_kind_of_task_has_its_own_buttons(name: str, does: list[str]) -> None:
    world = a_world()
    park(world, task(FIRM, name, "payable/b1", NOW, title="T", reason="R", remedy="D"))
    (item,) = views.attention(world, FIRM).items
    assert [a.do for a in item.actions] == does


# --- money ------------------------------------------------------------------------------------------------------------


def test_a_payment_over_two_bills_is_two_lines_to_record() -> None:
    world = a_world()
    items = (Item("b1", "1042", 30000), Item("b2", "1043", 10000))
    put(world.store, Kind.PAYMENT, a_payment(items=items))
    rows = views.unrecorded(world, FIRM).rows
    assert [(r.number, r.cents, r.code) for r in rows] == [("1042", 30000, "FS-ABC234"), ("1043", 10000, "FS-ABC234")]


def test_a_bill_that_clio_shows_as_paid_leaves_the_list() -> None:
    world = a_world()
    items = (Item("b1", "1042", 30000, shown=30000), Item("b2", "1043", 10000))
    put(world.store, Kind.PAYMENT, a_payment(items=items))
    assert [r.number for r in views.unrecorded(world, FIRM).rows] == ["1043"]


def test_trust_money_is_never_called_posted() -> None:
    world = a_world()
    put(world.store, Kind.PAYMENT, a_payment(pot=Pot.TRUST))
    assert views.payments(world, FIRM).payments[0].booked == "Trust money: not posted as income"


def test_sums_that_were_never_folded_are_being_counted() -> None:
    assert views.start(a_world(), FIRM).at is None


def test_the_sums_are_one_item() -> None:
    world = a_world(50)
    put(world.store, Kind.SUMS, Sums(FIRM, open={"2026-02-20": 3, "2026-12-31": 2}, at=NOW), id="sums")
    before = world.store.reads
    shown = views.start(world, FIRM)
    assert world.store.reads - before == 2  # the sums, and the firm for its day
    assert (shown.at, shown.open_cents, dict(shown.ageing)["1-30"]) == (NOW, 5, 3)


def test_connections_never_made_are_shown_as_such() -> None:
    links = views.connections(a_world(), FIRM)
    assert [(x.id, x.made) for x in links] == [
        ("clio", False),
        ("quickbooks", False),
        ("stripe-operating", False),
        ("stripe-trust", False),
    ]


@pytest.mark.parametrize("size", [0, 26, 1000])
def test_a_page_has_one_of_the_offered_sizes(size: int) -> None:
    with pytest.raises(Refused, match="25, 50 or 100"):
        views.invoices(a_world(), FIRM, "open", size=size)


def test_chosen_invoices_come_in_the_order_asked_for_and_those_that_are_not_there_are_left_out() -> None:
    world = a_world(3)
    ids = [r.id for r in views.invoices(world, FIRM, "open").rows]
    asked = [ids[2], "nobody", ids[0]]
    assert [r.id for r in views.chosen(world, FIRM, asked).rows] == [ids[2], ids[0]]
