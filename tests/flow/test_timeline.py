"""What an invoice's page tells of its life: each change in a person's words, with its source, newest first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.crediting import Accepted, Credit, Memo, Part
from chalicelib.domain.envelope import Envelope, Post
from chalicelib.domain.kernel import Json, Kind, Line, Ref
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Item, Phase, Source
from chalicelib.domain.readings import Pot
from chalicelib.flow import timeline
from chalicelib.flow.timeline import Event
from chalicelib.store.memory import MemoryStore
from tests.builders import FIRM, NOW, TODAY, a_payable, a_payment, put

REF = Ref(FIRM, Kind.PAYABLE, "b1")
BEGAN: Json = {"asks": 40000, "balance": 40000, "bill_state": "awaiting_payment", "pending": 0, "due_on": None}
BOOKED: Json = {"id": "77", "revision": 1, "total": 40000, "voided": False, "kept": False, "adopted": False}
RECEIPT: Json = {"id": "r1", "cents": 5000, "standing": "own", "kind": "payment"}
COLLECTION: Json = {"set_id": "friendly", "waits": ""}


def lines(*changes: Json, first: int = 1, by: str = "") -> list[Line]:
    return [
        Line(REF, n, "Fact", {}, NOW + timedelta(minutes=n), 1, change, by) for n, change in enumerate(changes, first)
    ]


def told(*changes: Json, **how: Any) -> list[Event]:
    """Oldest first."""
    return list(timeline.tell(a_payable(), lines(*changes, **how), [], []))[::-1]


def then(before: Json, after: Json) -> tuple[str, str, str]:
    """What one change tells after another."""
    event = told({**BEGAN, **before}, after)[-1]
    return event.source, event.words, event.more


# --- the journal ------------------------------------------------------------------------------------------------------


def test_the_first_line_tells_what_came_in() -> None:
    assert [(e.source, e.words, e.more) for e in told(BEGAN)] == [
        ("Clio", "Bill 1042 came in over $400.00", "$400.00 outstanding in Clio.")
    ]
    (event,) = timeline.tell(a_payable(pot=Pot.TRUST), lines(BEGAN), [], [])
    assert event.words.startswith("Trust request 1042")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"bill_state": "deleted"}, "The bill is now deleted in Clio"),
        ({}, {"asks": 50000, "balance": 50000}, "The bill's amount changed from $400.00 to $500.00"),
        ({}, {"balance": 100}, "Clio's balance changed from $400.00 to $1.00"),
        ({}, {"pending": 700}, "Clio shows $7.00 on its way"),
        ({}, {"due_on": "2026-04-01"}, "Due date changed to Apr 1, 2026"),
        ({"due_on": "2026-04-01"}, {"due_on": None}, "Due date changed to none"),
        ({}, {"client_email": "a@x.y"}, "The client's e-mail address is now a@x.y"),
        ({"client_email": "a@x.y"}, {"client_email": ""}, "The client's e-mail address is now missing"),
        ({}, {"hold": "Disputed."}, "Put on hold"),
        ({"hold": "Disputed."}, {"hold": ""}, "No longer on hold"),
        ({}, {"booked": BOOKED}, "Sent to QuickBooks, over $400.00"),
        ({}, {"booked": {**BOOKED, "adopted": True}}, "Linked to the QuickBooks invoice that was there, over $400.00"),
        ({"booked": BOOKED}, {"booked": None}, "No longer linked to a QuickBooks invoice"),
        ({"booked": BOOKED}, {"booked": {**BOOKED, "voided": True}}, "Voided in QuickBooks"),
        (
            {"booked": BOOKED},
            {"booked": {**BOOKED, "kept": True}},
            "The invoice is kept in QuickBooks, as somebody decided",
        ),
        (
            {"booked": {**BOOKED, "waits": True}},
            {"booked": {**BOOKED, "waits": False}},
            "The payments on the QuickBooks invoice are compared with Clio's",
        ),
        (
            {"booked": BOOKED},
            {"booked": {**BOOKED, "revision": 2, "total": 5}},
            "Brought up to date in QuickBooks, over $0.05",
        ),
        ({}, {"receipts": [RECEIPT]}, "Clio shows a payment of $50.00 recorded by staff"),
        ({}, {"receipts": [{**RECEIPT, "standing": "unheard-of"}]}, "Clio shows $50.00"),
        ({}, {"receipts": [{**RECEIPT, "kind": "credit", "standing": "other"}]}, "Clio shows a credit note of $50.00"),
        ({"receipts": [RECEIPT]}, {"receipts": []}, "Clio no longer shows a payment of $50.00"),
        (
            {"receipts": [{**RECEIPT, "kind": "credit"}]},
            {"receipts": []},
            "Clio no longer shows a credit note of $50.00",
        ),
        ({}, {"collection": COLLECTION}, "Reminders started"),
        ({"collection": COLLECTION}, {"collection": {**COLLECTION, "set_id": "firm"}}, "Reminders started"),
        ({"collection": COLLECTION}, {"collection": None}, "Reminders stopped"),
        ({"collection": COLLECTION}, {"collection": {**COLLECTION, "waits": "No address."}}, "Reminders wait"),
        ({"collection": {**COLLECTION, "waits": "No address."}}, {"collection": COLLECTION}, "Reminders go on"),
    ],
)
def test_each_change_is_told_in_a_persons_words(before: Json, after: Json, words: str) -> None:
    assert then(before, after)[1] == words


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"bill_state": "awaiting_payment", "asks": 40000, "balance": 40000, "due_on": None, "pending": 0}),
        ({"pending": 700}, {"pending": 0}),
        ({"client_email": "a@x.y", "hold": "x"}, {"client_email": "a@x.y", "hold": "x"}),
        ({}, {"booked": None}),
        ({"booked": BOOKED}, {"booked": {**BOOKED, "waits": True}}),
        ({"receipts": [RECEIPT]}, {"receipts": [{**RECEIPT, "text": "cheque 7"}]}),
        ({}, {"collection": None}),
        ({"collection": COLLECTION}, {"collection": {**COLLECTION, "sent": 1}}),
        ({}, {"seq": 4}),
    ],
)
def test_what_a_person_would_not_see_is_not_told(before: Json, after: Json) -> None:
    assert len(told({**BEGAN, **before}, after)) == 1


def test_a_person_is_named_the_client_is_called_so_and_we_have_no_name() -> None:
    assert told(BEGAN, {"hold": "x"}, by="Olivia")[-1].source == "Olivia"
    assert told(BEGAN, {"hold": "x"}, by="client")[-1].source == "Client"
    assert told(BEGAN, {"hold": "x"}, by="system")[-1].source == "Fee Simple"


def test_of_a_journal_whose_beginning_is_not_read_the_first_line_only_says_what_was_before() -> None:
    shown = told({"balance": 300}, {"balance": 100}, first=7)
    assert [e.words for e in shown] == ["Clio's balance changed from $3.00 to $1.00"]


def test_a_first_line_without_a_change_leaves_the_beginning_to_the_next() -> None:
    assert [e.words for e in told({}, {"hold": "x"})][-1] == "Put on hold"


def test_only_the_newest_lines_of_a_long_journal_are_read() -> None:
    store = MemoryStore(lambda: NOW)
    for n in range(timeline.LINES_SHOWN + 5):
        put(store, Kind.PAYABLE, a_payable(seq=n))
    found = timeline.lines_of(store, store.load(REF))
    assert [found[0].version, found[-1].version, len(found)] == [6, 205, 200]
    few = MemoryStore(lambda: NOW)
    put(few, Kind.PAYABLE, a_payable())
    assert len(timeline.lines_of(few, few.load(REF))) == 1


def test_payments_are_found_in_attempts_and_shares_each_once() -> None:
    changes = lines({"attempt": {"payment": "p1"}}, {"attempt": None, "shares": [{"payment": "p1"}, {"payment": "p2"}]})
    assert timeline.payments_in(changes) == ["p1", "p2"]


# --- payments, credits, mails -----------------------------------------------------------------------------------------


def of_payment(**fields: Any) -> list[tuple[str, str, str]]:
    events = timeline.tell(a_payable(), [], [a_payment(**fields)], [])
    return [(e.words, e.more, e.tone) for e in events[::-1]]


@pytest.mark.parametrize(
    ("fields", "words", "tone"),
    [
        ({}, "Payment FS-ABC234 of $400.00 received by card", "good"),
        ({"method": "us_bank_account", "fee": None}, "Payment FS-ABC234 of $400.00 received by bank debit", "good"),
        ({"method": "giro", "settled_at": None}, "Payment FS-ABC234 of $400.00 received", "good"),
        ({"phase": Phase.OPEN}, "The client began to pay $400.00", "plain"),
        ({"phase": Phase.ON_ITS_WAY}, "Bank debit of $400.00 is on its way", "moving"),
        ({"phase": Phase.FAILED, "failure": "No funds."}, "Payment of $400.00 failed", "bad"),
        ({"phase": Phase.EXPIRED}, "The client opened the payment page for $400.00 and left it", "plain"),
    ],
)
def test_a_payment_is_told_as_far_as_it_came(fields: dict[str, Any], words: str, tone: str) -> None:
    last = of_payment(**fields)[-1]
    assert (last[0], last[2]) == (words, tone)


def test_stripes_fee_is_named_where_it_is_known() -> None:
    assert of_payment()[-1][1] == "Stripe's fee: $11.90."
    assert of_payment(fee=None)[-1][1] == ""


def test_of_a_payment_over_several_bills_this_ones_part_is_told() -> None:
    items = (Item("b1", "1042", 100), Item("b2", "1043", 300))
    assert "$1.00 (part of $4.00)" in of_payment(items=items, total=400)[-1][0]
    assert "of $4.00 received" in of_payment(items=items[1:], total=400)[-1][0], "it is not on this bill any more"


def test_money_that_went_back_is_told_with_its_ways() -> None:
    words, more, tone = of_payment(returned=100, lost=200)[-1]
    assert words == "Money of payment FS-ABC234 went back to the client"
    assert more == "Refunded: $1.00; lost in disputes: $2.00."
    assert tone == "bad"
    assert not any("went back" in words for words, _, _ in of_payment(returned=100, settled_at=None))


def test_a_payment_that_clio_shows_first_is_told_by_the_invoices_own_lines() -> None:
    assert of_payment(source=Source.CLIO) == []


def a_credit(**fields: Any) -> Credit:
    usual: dict[str, Any] = {"wanted": 1, "shown": 1, "memo": Memo("9", NOW)}
    part = (Part("b1", "1042", 700),)
    return Credit(FIRM, "m1", "c1", "Ada", "USD", TODAY, "", 700, part, "e1", **{**usual, **fields})


@pytest.mark.parametrize(("shown", "more"), [(1, "taken off the invoice"), (0, "not applied there yet")])
def test_a_credit_is_told_once_quickbooks_has_it(shown: int, more: str) -> None:
    (event,) = timeline.tell(a_payable(), [], [], [], [a_credit(shown=shown)])
    assert event.words == "Credit CN-m1 of $7.00 entered in QuickBooks"
    assert more in event.more
    assert timeline.tell(a_payable(), [], [], [], [a_credit(memo=None)]) == ()


@pytest.mark.parametrize(("lost", "more"), [(True, "accepted that it is not there"), (False, "left it as it is")])
def test_what_was_accepted_of_a_credit_is_told(lost: bool, more: str) -> None:
    (event,) = timeline.tell(a_payable(), [], [], [], [a_credit(shown=0, accepted=Accepted(1, lost=lost))])
    assert more in event.more


def a_mail(post: Post, kind: str = "reminder") -> Envelope:
    return Envelope(
        FIRM, "e1", kind, "ada@example.com", "c1", ("b1",), "Invoice 1042", "raw", "reading", 40000, 30000, 0, NOW, post
    )


@pytest.mark.parametrize("post", list(Post))
def test_every_fate_of_a_mail_has_its_words(post: Post) -> None:
    (event,) = timeline.tell(a_payable(), [], [], [a_mail(post)])
    assert event.words.startswith("Reminder “Invoice 1042” to ada@example.com ")
    assert event.more == "Balance read in Clio just before: $400.00; asked for: $300.00."


def test_a_receipt_asks_for_nothing() -> None:
    (event,) = timeline.tell(a_payable(), [], [], [a_mail(Post.SENT, "receipt")])
    assert (event.words[:7], event.more) == ("Receipt", "")


def test_of_one_instant_what_was_told_later_stands_first() -> None:
    state: Payable = a_payable()
    payment = replace(a_payment(), created_at=NOW, settled_at=NOW)
    assert [e.words[:7] for e in timeline.tell(state, [], [payment], [])] == ["Payment", "The cli"]
