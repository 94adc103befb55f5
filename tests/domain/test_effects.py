"""Every effect's key begins with the firm, names what is owed once and for all, and lies in the right lane."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.domain import effects, receipts
from chalicelib.domain.effects import Do, Lanes
from chalicelib.domain.kernel import Effect, Neighbour, Status
from tests.builders import NOW

CLIO, BOOKS, STRIPE, MAIL, SELF = "f|clio|us/1", "f|quickbooks|r", "f|stripe|acct", "f|mail|", "f|self|"
ALL: list[tuple[Effect, str, str, str, dict[str, object]]] = [
    (
        effects.look_bill("f", CLIO, "7", NOW, "Bill"),
        "f/clio.bill/7",
        "payable/7",
        CLIO,
        {"bill": "7", "receipts": True},
    ),
    (effects.look_bill("f", CLIO, "7", NOW, receipts=False), "f/clio.bill/7", "payable/7", CLIO, {"bill": "7"}),
    (effects.keep_hooks("f", CLIO, NOW), "f/clio.hooks/main", "firm", CLIO, {}),
    (effects.poll_books("f", BOOKS, "r", NOW), "f/quickbooks.poll/r", "firm", BOOKS, {}),
    (effects.poll_books("f", BOOKS, "r~2", NOW, "t"), "f/quickbooks.poll/r~2", "firm", BOOKS, {"heard": "t"}),
    (
        effects.look_booked("f", BOOKS, "Invoice", "9", "payable/7", NOW),
        "f/quickbooks.look/invoice-9",
        "payable/7",
        BOOKS,
        {"entity": "Invoice", "id": "9"},
    ),
    (
        effects.repost("f", "payment/p1", "7", 3, NOW),
        "f/self.repost/p1/7/3",
        "payment/p1",
        SELF,
        {"payment": "p1", "payable": "7"},
    ),
    (
        effects.repost("f", "credit/c1", "7", 3, NOW),
        "f/self.repost/credit/c1/7/3",
        "credit/c1",
        SELF,
        {"credit": "c1", "payable": "7"},
    ),
    (effects.look_group("f", CLIO, "9", NOW), "f/clio.payment/9", "payment/clio-9", CLIO, {"group": "9"}),
    (effects.look_client("f", CLIO, "3", NOW), "f/clio.client/3", "contact/3", CLIO, {"client": "3"}),
    (effects.read_client("f", CLIO, "3", NOW), "f/clio.client/3/first", "contact/3", CLIO, {"client": "3"}),
    (
        effects.look_client("f", CLIO, "3", NOW, again=True),
        "f/clio.client/3/again",
        "contact/3",
        CLIO,
        {"client": "3", "again": True},
    ),
    (
        effects.change_client("f", CLIO, "3", 2, NOW, "Ada"),
        "f/clio.change_client/3/2",
        "contact/3",
        CLIO,
        {"contact": "3", "revision": 2},
    ),
    (
        effects.first_look("f", BOOKS, "63", NOW),
        "f/quickbooks.look_customer/63/first",
        "customer/63",
        BOOKS,
        {"customer": "63"},
    ),
    (
        effects.look_customer("f", BOOKS, "63", NOW, "71"),
        "f/quickbooks.look_customer/63",
        "customer/63",
        BOOKS,
        {"customer": "63", "into": "71"},
    ),
    (
        effects.customer("f", BOOKS, "3", 2, NOW, "Ada", "63"),
        "f/quickbooks.customer/3/2",
        "contact/3",
        BOOKS,
        {"contact": "3", "revision": 2, "name": "Ada", "customer": "63"},
    ),
    (
        effects.look_customer("f", BOOKS, "63", NOW),
        "f/quickbooks.look_customer/63",
        "customer/63",
        BOOKS,
        {"customer": "63"},
    ),
    (
        effects.read_lines("f", CLIO, "7", 2, NOW, "Bill"),
        "f/clio.lines/7/2",
        "payable/7",
        CLIO,
        {"bill": "7", "revision": 2},
    ),
    (
        effects.customer("f", BOOKS, "3", 2, NOW, "Ada"),
        "f/quickbooks.customer/3/2",
        "contact/3",
        BOOKS,
        {"contact": "3", "revision": 2, "name": "Ada"},
    ),
    (
        effects.invoice("f", BOOKS, "7", "3", 2, "1042", NOW, "Bill"),
        "f/quickbooks.invoice/7/2",
        "payable/7",
        BOOKS,
        {"payable": "7", "revision": 2, "number": "1042"},
    ),
    (
        effects.posting("f", BOOKS, "p", ("7",), 1, date(2026, 3, 2), NOW, "Payment"),
        "f/quickbooks.payment/p/1",
        "payment/p",
        BOOKS,
        {"payment": "p", "revision": 1, "on": "2026-03-02"},
    ),
    (
        effects.open_session("f", "acct", "p", 2, NOW),
        "f/stripe.open/p/2",
        "payment/p",
        STRIPE,
        {"payment": "p", "try": 2},
    ),
    (
        effects.look_session("f", "acct", "cs", "p", NOW),
        "f/stripe.session/cs",
        "payment/p",
        STRIPE,
        {"account": "acct", "session": "cs"},
    ),
    (
        effects.expire_session("f", "acct", "p", "cs", NOW),
        "f/stripe.expire/cs",
        "payment/p",
        STRIPE,
        {"payment": "p", "session": "cs", "account": "acct"},
    ),
    (
        effects.remind("f", "7", 4, NOW, "Reminder"),
        "f/mail.remind/7/4",
        "payable/7",
        MAIL,
        {"payable": "7", "round": 4},
    ),
    (effects.receipt_mail("f", "p", 1, NOW, "R"), "f/mail.receipt/p/1", "payment/p", MAIL, {"payment": "p"}),
    (effects.watch_mail("f", "e", "payable/7", NOW), "f/mail.watch/e", "payable/7", MAIL, {"envelope": "e"}),
    (
        effects.item_matched("f", "p", "7", 5, NOW),
        "f/self.matched/p/7/5",
        "payment/p",
        SELF,
        {"payment": "p", "payable": "7"},
    ),
    (
        effects.mark_paid("f", CLIO, "p", "7", NOW),
        "f/clio.mark_paid/p/7",
        "payment/p",
        CLIO,
        {"payment": "p", "payable": "7"},
    ),
    (
        effects.look_matter("f", CLIO, "3", "9", NOW, "00009"),
        "f/clio.matter/3.9",
        "contact/3",
        CLIO,
        {"client": "3", "matter": "9", "told": "00009"},
    ),
    (
        effects.bill_memo("f", CLIO, "7", 2, NOW, "Bill"),
        "f/clio.memo/7/2",
        "payable/7",
        CLIO,
        {"bill": "7"},
    ),
    (
        effects.look_move("f", CLIO, "9", "", "2", NOW),
        "f/clio.move/9",
        "trust/9",
        CLIO,
        {"move": "9", "entry": "", "account": "2"},
    ),
    (
        effects.look_move("f", CLIO, "9", "e", "2", NOW),
        "f/clio.move/9",
        "trust/e",
        CLIO,
        {"move": "9", "entry": "e", "account": "2"},
    ),
    (
        effects.journal("f", BOOKS, "e", 2, "T-1", "", NOW),
        "f/quickbooks.journal/e/2",
        "trust/e",
        BOOKS,
        {"entry": "e", "revision": 2, "number": "T-1"},
    ),
    (
        effects.holder("f", BOOKS, "3", 1, "Ada", NOW),
        "f/quickbooks.subaccount/3/1",
        "holder/3",
        BOOKS,
        {"client": "3", "name": "Ada"},
    ),
    (effects.ledger("f", "e", 4, NOW, {"x": 1}), "f/self.ledger/e/4", "trust/e", SELF + "trust", {"x": 1}),
    (effects.trust_begin("f", "2", 1, NOW), "f/self.trust/2/1", "firm", SELF + "trust", {"account": "2"}),
    (effects.trust_check("f", CLIO, NOW), "f/clio.trust/main", "firm", CLIO, {}),
    (effects.trust_sweep("f", CLIO, "2", NOW), "f/clio.trust_sweep/2", "firm", CLIO, {"account": "2"}),
    (effects.fold("f", "payable/7", 3, NOW, {"x": 1}), "f/self.fold/payable/7/3", "payable/7", SELF, {"x": 1}),
]


@pytest.mark.parametrize(("effect", "key", "about", "lane", "body"), ALL, ids=[e[0].kind for e in ALL])
def test_an_effect_says_what_is_owed_of_whom_where(
    effect: Effect, key: str, about: str, lane: str, body: dict[str, object]
) -> None:
    assert (effect.key, effect.about, effect.lane, effect.body) == (key, about, lane, body)
    assert (effect.firm, effect.due_at, effect.status, effect.arrivals) == ("f", NOW, Status.OWED, 1)
    assert effect.key.startswith(f"f/{Do(effect.kind)}/")


def test_what_stands_on_a_page_beside_an_effect_is_its_title() -> None:
    titled = {e.kind: e.title for e, *_ in ALL if e.title}
    assert titled == {
        Do.LOOK_BILL: "Bill",
        Do.READ_LINES: "Bill",
        Do.CUSTOMER: "Ada",
        Do.CHANGE_CLIENT: "Ada",
        Do.INVOICE: "Bill",
        Do.POSTING: "Payment",
        Do.REMIND: "Reminder",
        Do.RECEIPT: "R",
        Do.BILL_MEMO: "Bill",
        Do.HOLDER: "Ada",
        Do.JOURNAL: "T-1",
    }


def test_the_customer_comes_before_the_invoice_and_the_invoice_before_the_payment() -> None:
    after = {e.kind: e.after for e, *_ in ALL if e.after}
    assert after == {Do.INVOICE: ("customer/3",), Do.POSTING: ("invoice/7",)}


def test_a_task_is_born_parked_for_a_person() -> None:
    task = effects.task("f", "match/7", "payable/7", NOW, title="T", reason="R", remedy="M", body={"a": 1})
    assert (task.key, task.kind, task.lane, task.status) == ("f/task/match/7", Do.TASK, SELF, Status.PARKED)
    assert (task.title, task.reason, task.remedy, task.body, task.due_at) == ("T", "R", "M", {"a": 1}, NOW)


def test_a_lane_is_the_account_that_is_connected_or_the_one_named() -> None:
    lanes = Lanes("f", clio="us/1", realm="r")
    assert lanes.of(Neighbour.CLIO) == CLIO
    assert lanes.of(Neighbour.QUICKBOOKS) == BOOKS
    assert lanes.of(Neighbour.STRIPE, "acct") == STRIPE
    assert lanes.of(Neighbour.MAIL) == MAIL


def test_the_trust_lane_is_kept_apart_and_a_journal_entry_waits_for_its_clients_account() -> None:
    assert effects.journal("f", BOOKS, "e", 2, "T-1", "3", NOW).after == ("customer/3",)
    assert effects.journal("f", BOOKS, "e", 2, "T-1", "", NOW).after == ()
    assert effects.ledger("f", "e", 1, NOW, {}).lane != effects.fold("f", "x", 1, NOW, {}).lane


def test_a_removal_has_one_task_for_each_time_it_is_asked() -> None:
    assert receipts.removal_task("f", "7", 2) == "f/task/remove/7/2"
    assert receipts.removal_task("f", "7", 3) != receipts.removal_task("f", "7", 2)
