"""Every effect's key begins with the firm, names what is owed once and for all, and lies in the right lane.

One table of all constructors: what flow's actors find in the body of each, where it lies and what it waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pytest

from chalicelib.domain import effects, matters, receipts
from chalicelib.domain.effects import Do, Lanes
from chalicelib.domain.kernel import Effect, Json, Neighbour, Status
from tests.builders import NOW

CLIO, STRIPE, MAIL, SELF, TRUST = "f|clio|us/1", "f|stripe|acct", "f|mail|", "f|self|", "f|self|trust"
BOOKS, LATER = "f|quickbooks|r", "f|quickbooks|~2"  # the first generation of links, and the one after it
DAY = date(2026, 3, 2)


class Row(NamedTuple):
    """How it is made (in the test itself, so that ``make mutate`` can break it), and what it then is."""

    make: Callable[[], Effect]
    key: str
    about: str
    lane: str
    body: Json
    title: str = ""
    after: tuple[str, ...] = ()
    due: datetime = NOW


# fmt: off
ALL = [
    # looks at Clio
    Row(lambda: effects.look_bill("f", CLIO, "7", NOW, "Bill"),
        "f/clio.bill/7", "payable/7", CLIO, {"bill": "7", "receipts": True}, "Bill"),
    Row(lambda: effects.look_bill("f", CLIO, "7", NOW, receipts=False),
        "f/clio.bill/7", "payable/7", CLIO, {"bill": "7"}),
    Row(lambda: effects.look_group("f", CLIO, "9", NOW),
        "f/clio.payment/9", "payment/clio-9", CLIO, {"group": "9"}),
    Row(lambda: effects.look_credit("f", CLIO, "5", NOW),
        "f/clio.credit/5", "credit/5", CLIO, {"credit": "5"}),
    Row(lambda: effects.look_client("f", CLIO, "3", NOW),
        "f/clio.client/3", "contact/3", CLIO, {"client": "3"}),
    Row(lambda: effects.look_client("f", CLIO, "3", NOW, "again"),
        "f/clio.client/3/again", "contact/3", CLIO, {"client": "3", "again": True}),
    Row(lambda: effects.look_client("f", CLIO, "3", NOW, "deleted"),
        "f/clio.client/3", "contact/3", CLIO, {"client": "3", "deleted": True}),
    Row(lambda: effects.read_client("f", CLIO, "3", NOW),
        "f/clio.client/3/first", "contact/3", CLIO, {"client": "3"}),
    Row(lambda: effects.look_matter("f", CLIO, "3", "9", NOW),
        "f/clio.matter/3.9", "contact/3", CLIO, {"client": "3", "matter": "9"}),
    Row(lambda: effects.look_matter("f", CLIO, "3", "9", NOW, "00009"),
        "f/clio.matter/3.9", "contact/3", CLIO, {"client": "3", "matter": "9", "told": "00009"}),
    Row(lambda: effects.read_lines("f", CLIO, "7", 2, NOW, "Bill"),
        "f/clio.lines/7/2", "payable/7", CLIO, {"bill": "7", "revision": 2}, "Bill"),
    Row(lambda: effects.read_lines("f", CLIO, "7", 2, NOW, "Bill", 5),
        "f/clio.lines/7/2", "payable/7", CLIO, {"bill": "7", "revision": 2, "paced": True}, "Bill",
        due=NOW + timedelta(minutes=5)),
    Row(lambda: effects.check_lines("f", CLIO, "7", 2, NOW, "Bill", 30),
        "f/clio.lines/7/2", "payable/7", CLIO, {"bill": "7", "revision": 2, "paced": True, "check": True}, "Bill",
        due=NOW + timedelta(minutes=30)),
    # writes to Clio
    Row(lambda: effects.keep_hooks("f", CLIO, NOW), "f/clio.hooks/main", "firm", CLIO, {}),
    Row(lambda: effects.change_client("f", CLIO, "3", 2, NOW, "Ada"),
        "f/clio.change_client/3/2", "contact/3", CLIO, {"contact": "3", "revision": 2}, "Ada"),
    Row(lambda: effects.bill_memo("f", CLIO, "7", "7/2", NOW, "Bill"),
        "f/clio.memo/7/2", "payable/7", CLIO, {"bill": "7"}, "Bill"),
    Row(lambda: effects.mark_paid("f", CLIO, "p", "7", NOW),
        "f/clio.mark_paid/p/7", "payment/p", CLIO, {"payment": "p", "payable": "7"}),
    # looks at QuickBooks: in a later generation of links the same id may be another thing's
    Row(lambda: effects.poll_books("f", BOOKS, "r", NOW), "f/quickbooks.poll/r", "firm", BOOKS, {}),
    Row(lambda: effects.poll_books("f", LATER, "r~2", NOW, "t"),
        "f/quickbooks.poll/r~2", "firm", LATER, {"heard": "t"}),
    Row(lambda: effects.first_look("f", BOOKS, "63", NOW),
        "f/quickbooks.look_customer/63/first", "customer/63", BOOKS, {"customer": "63"}),
    Row(lambda: effects.first_look("f", LATER, "63", NOW),
        "f/quickbooks.look_customer/63~2/first", "customer/63", LATER, {"customer": "63"}),
    Row(lambda: effects.look_customer("f", BOOKS, "63", NOW),
        "f/quickbooks.look_customer/63", "customer/63", BOOKS, {"customer": "63"}),
    Row(lambda: effects.look_customer("f", LATER, "63", NOW, "71"),
        "f/quickbooks.look_customer/63~2", "customer/63", LATER, {"customer": "63", "into": "71"}),
    Row(lambda: matters.look("f", BOOKS, "63", NOW),
        "f/quickbooks.look_subcustomer/63", "customer/63", BOOKS, {"customer": "63"}),
    Row(lambda: matters.look("f", LATER, "63", NOW),
        "f/quickbooks.look_subcustomer/63~2", "customer/63", LATER, {"customer": "63"}),
    Row(lambda: effects.look_booked("f", BOOKS, "Invoice", "9", "payable/7", NOW),
        "f/quickbooks.look/invoice-9", "payable/7", BOOKS, {"entity": "Invoice", "id": "9"}),
    Row(lambda: effects.look_booked("f", LATER, "Invoice", "9", "payable/7", NOW),
        "f/quickbooks.look/invoice-9~2", "payable/7", LATER, {"entity": "Invoice", "id": "9"}),
    # writes to QuickBooks: the customer comes before the invoice, the invoice before its payment or credit
    Row(lambda: effects.customer("f", BOOKS, "3", 2, NOW, "Ada"),
        "f/quickbooks.customer/3/2", "contact/3", BOOKS, {"contact": "3", "revision": 2, "name": "Ada"}, "Ada"),
    Row(lambda: effects.customer("f", BOOKS, "3", 2, NOW, "Ada", "63"),
        "f/quickbooks.customer/3/2", "contact/3", BOOKS,
        {"contact": "3", "revision": 2, "name": "Ada", "customer": "63"}, "Ada"),
    Row(lambda: effects.invoice("f", BOOKS, "7", "3", 2, "1042", NOW, "Bill"),
        "f/quickbooks.invoice/7/2", "payable/7", BOOKS, {"payable": "7", "revision": 2, "number": "1042"},
        "Bill", ("customer/3",)),
    Row(lambda: effects.posting("f", BOOKS, "p", ("7", "8"), 1, DAY, NOW, "Payment"),
        "f/quickbooks.payment/p/1", "payment/p", BOOKS, {"payment": "p", "revision": 1, "on": "2026-03-02"},
        "Payment", ("invoice/7", "invoice/8")),
    Row(lambda: effects.posting("f", BOOKS, "p", (), 2, None, NOW, "Payment"),
        "f/quickbooks.payment/p/2", "payment/p", BOOKS, {"payment": "p", "revision": 2, "on": ""}, "Payment"),
    Row(lambda: effects.credit("f", BOOKS, "5", ("7", "8"), 1, NOW, "Credit"),
        "f/quickbooks.credit/5/1", "credit/5", BOOKS, {"credit": "5", "revision": 1},
        "Credit", ("invoice/7", "invoice/8")),
    # Stripe
    Row(lambda: effects.open_session("f", "acct", "p", 2, NOW),
        "f/stripe.open/p/2", "payment/p", STRIPE, {"payment": "p", "try": 2}),
    Row(lambda: effects.look_session("f", "acct", "cs", "p", NOW),
        "f/stripe.session/cs", "payment/p", STRIPE, {"account": "acct", "session": "cs"}),
    Row(lambda: effects.expire_session("f", "acct", "p", "cs", NOW),
        "f/stripe.expire/cs", "payment/p", STRIPE, {"payment": "p", "session": "cs", "account": "acct"}),
    # mail
    Row(lambda: effects.remind("f", "7", 4, NOW, "Reminder"),
        "f/mail.remind/7/4", "payable/7", MAIL, {"payable": "7", "round": 4}, "Reminder"),
    Row(lambda: effects.receipt_mail("f", "p", 1, NOW, "Receipt"),
        "f/mail.receipt/p/1", "payment/p", MAIL, {"payment": "p"}, "Receipt"),
    Row(lambda: effects.watch_mail("f", "e", "payable/7", NOW),
        "f/mail.watch/e", "payable/7", MAIL, {"envelope": "e"}),
    # steps of our own
    Row(lambda: effects.item_matched("f", "p", "7", 5, NOW),
        "f/self.matched/p/7/5", "payment/p", SELF, {"payment": "p", "payable": "7"}),
    Row(lambda: effects.repost("f", "payment/p1", "7", 3, NOW),
        "f/self.repost/p1/7/3", "payment/p1", SELF, {"payment": "p1", "payable": "7"}),
    Row(lambda: effects.repost("f", "credit/c1", "7", 3, NOW),
        "f/self.repost/credit/c1/7/3", "credit/c1", SELF, {"credit": "c1", "payable": "7"}),
    Row(lambda: effects.fold("f", "payable/7", 3, NOW, {"x": 1}),
        "f/self.fold/payable/7/3", "payable/7", SELF, {"x": 1}),
    # trust: its ledgers have a lane of their own, so that neither they nor the firm's sums wait for the other
    Row(lambda: effects.look_move("f", CLIO, "9", "", "2", NOW),
        "f/clio.move/9", "trust/9", CLIO, {"move": "9", "entry": "", "account": "2"}),
    Row(lambda: effects.look_move("f", CLIO, "9", "e", "2", NOW),
        "f/clio.move/9", "trust/e", CLIO, {"move": "9", "entry": "e", "account": "2"}),
    Row(lambda: effects.trust_check("f", CLIO, NOW), "f/clio.trust/main", "firm", CLIO, {}),
    Row(lambda: effects.trust_sweep("f", CLIO, "2", NOW),
        "f/clio.trust_sweep/2", "firm", CLIO, {"account": "2"}),
    Row(lambda: effects.holder("f", BOOKS, "3", 1, "Ada", NOW),
        "f/quickbooks.subaccount/3/1", "holder/3", BOOKS, {"client": "3", "name": "Ada"}, "Ada"),
    Row(lambda: effects.journal("f", BOOKS, "e", 2, "T-1", "3", NOW),
        "f/quickbooks.journal/e/2", "trust/e", BOOKS, {"entry": "e", "revision": 2, "number": "T-1"},
        "T-1", ("customer/3",)),
    Row(lambda: effects.journal("f", BOOKS, "e", 2, "T-1", "", NOW),
        "f/quickbooks.journal/e/2", "trust/e", BOOKS, {"entry": "e", "revision": 2, "number": "T-1"}, "T-1"),
    Row(lambda: effects.ledger("f", "e", 4, NOW, {"x": 1}), "f/self.ledger/e/4", "trust/e", TRUST, {"x": 1}),
    Row(lambda: effects.trust_begin("f", "2", 1, NOW), "f/self.trust/2/1", "firm", TRUST, {"account": "2"}),
]
# fmt: on
ELSEWHERE = {  # steps, polls and looks that are made where their rule stands
    Do.SUB_CUSTOMER,
    Do.POLL_CLIO,
    Do.POLL_STRIPE,
    Do.LOOK_INTENT,
    Do.LOOK_ACCOUNT,
    Do.DIGEST,
    Do.RESYNC,
    Do.RECONCILE,
    Do.PREFLIGHT,
    Do.RENEW,
    Do.REDRAW,
    Do.TRY_ALL,
    Do.FIRST_SYNC,
    Do.TASK,
}


@pytest.mark.parametrize("row", ALL, ids=[r.key for r in ALL])
def test_an_effect_says_what_is_owed_of_whom_where(row: Row) -> None:
    effect = row.make()
    made = (effect.key, effect.about, effect.lane, effect.body, effect.title, effect.after, effect.due_at)
    assert made == row[1:]
    assert (effect.firm, effect.status, effect.arrivals) == ("f", Status.OWED, 1)
    assert effect.key.startswith(f"f/{Do(effect.kind)}/")


def test_each_kind_is_in_the_table_or_made_where_its_rule_stands() -> None:
    assert set(Do) - {Do(row.make().kind) for row in ALL} == ELSEWHERE


def test_a_task_is_born_parked_for_a_person() -> None:
    task = effects.task("f", "match/7", "payable/7", NOW, title="T", reason="R", remedy="M", body={"a": 1})
    assert (task.key, task.kind, task.lane, task.status) == ("f/task/match/7", Do.TASK, SELF, Status.PARKED)
    assert (task.title, task.reason, task.remedy, task.body, task.due_at) == ("T", "R", "M", {"a": 1}, NOW)
    assert (task.firm, task.about) == ("f", "payable/7")
    assert effects.task("f", "x", "firm", NOW, title="T", reason="R", remedy="M").body == {}


def test_a_break_has_one_task_for_each_time_in_each_generation_of_links() -> None:
    assert effects.broken_name("invoice", "7", "190", 2, 1) == "broken/invoice/7/190/2"
    assert effects.broken_name("invoice", "7", "190", 2, 3) == "broken/invoice/7/190~3/2"


def test_a_lane_is_the_account_that_is_connected_or_the_one_named() -> None:
    lanes = Lanes("f", clio="us/1", realm="r")
    assert lanes.of(Neighbour.CLIO) == CLIO
    assert lanes.of(Neighbour.QUICKBOOKS) == BOOKS
    assert lanes.of(Neighbour.STRIPE, "acct") == STRIPE
    assert lanes.of(Neighbour.MAIL) == MAIL
    assert lanes.book == "r"


def test_later_links_to_quickbooks_have_a_lane_and_guards_of_their_own() -> None:
    later = Lanes("f", clio="us/1", realm="r", generation=2)
    assert later.of(Neighbour.CLIO) == CLIO
    assert (later.of(Neighbour.QUICKBOOKS), later.book) == (LATER, "r~2")
    assert (effects.generation_in(LATER), effects.generation_in(BOOKS)) == (2, 1)


def test_a_removal_has_one_task_for_each_time_it_is_asked() -> None:
    assert receipts.removal_task("f", "7", 2) == "f/task/remove/7/2"
    assert receipts.removal_task("f", "7", 3) != receipts.removal_task("f", "7", 2)
