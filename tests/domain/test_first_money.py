"""The first sync's rows of money: what is posted, what stands there already, and what waits for which word."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain import first, first_money
from chalicelib.domain.crediting import Credit, Memo, Part
from chalicelib.domain.first import Fate, Row
from chalicelib.domain.first_money import Met
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.payable import Known, Standing
from chalicelib.domain.payment import Item, Phase, Posted, Source
from chalicelib.domain.readings import Pot
from chalicelib.domain.trust import Entry, Move
from chalicelib.domain.trust_books import TrustBank, TrustBooks
from chalicelib.domain.trust_readings import JournalReading
from tests.builders import NOW, TODAY, a_firm, a_payable, a_payment

BILL = a_payable(
    receipts=(
        Known("r1", 100, TODAY, "5", "payment", "", Standing.OWN),
        Known("r2", 100, TODAY, "7", "credit", "", Standing.OWN),
    )
)
ROW = Row(BILL.id, BILL.number, BILL.client_name, Fate.LINK, paired=("clio-5",))
ROW_OF_MONEY = Row("c1", "Credit note 9", "Ada Example", Fate.CREATE, 500)


@pytest.mark.parametrize(
    ("row", "means"),
    [
        (ROW, {"clio-5": Met.LINKED}),
        (replace(ROW, paired=()), {}),
        (replace(ROW, needs=True), Met.ASKED),
        (replace(ROW, fate=Fate.WAIT), Met.LEFT),
        (first.held_up(replace(ROW, unmatched="$1.00"), first.CLIENT_WAITS), Met.HELD),
        (first.held_up(replace(ROW, needs=True), first.CLIENT_WAITS), Met.ASKED),
        (replace(ROW, unmatched="$1.00"), Met.DIFFERS),
    ],
)
def test_a_bills_row_tells_what_becomes_of_what_falls_on_it(row: Row, means: Any) -> None:
    told = first_money.met(row, BILL)
    if isinstance(means, dict):
        assert told == means
    else:
        assert set(told.values()) == {means}
        assert {"clio-5", "credit-7"} <= set(told)


def a_posting(**fields: Any) -> Any:
    usual = {"source": Source.CLIO, "phase": Phase.SETTLED, "wanted": 1, "posted": None, "settled_on": TODAY}
    return a_payment(**{**usual, **fields})


def test_a_payment_is_posted_with_its_day_its_client_and_its_bills() -> None:
    x = a_posting(items=tuple(Item(f"b{n}", f"10{n:02}", 100) for n in range(8)), total=800)
    row = first_money.payment_row(x, {})
    assert row
    assert (row.title, row.detail, row.fate, row.cents, row.on) == (
        "Recorded in Clio",
        x.client_name,
        Fate.CREATE,
        800,
        TODAY,
    )
    assert row.about == "Bills 1000, 1001, 1002, 1003, 1004 and 3 more"
    assert row.why == ""
    assert first_money.bills(list("abcde")) == "Bills a, b, c, d, e"
    online = first_money.payment_row(replace(x, source=Source.STRIPE, items=x.items[:1]), {})
    assert online and (online.title, online.about) == ("Paid online", "Bill 1000")


@pytest.mark.parametrize(
    "fields",
    [
        {"phase": Phase.ON_ITS_WAY},
        {"pot": Pot.TRUST},
        {"wanted": 0},
        {"posted": Posted("9", 1, 100)},
    ],
)
def test_what_is_no_money_of_the_firms_or_is_there_is_not_listed(fields: Any) -> None:
    assert first_money.payment_row(a_posting(**fields), {}) is None


def test_a_payment_is_linked_or_waits_by_what_its_bills_say() -> None:
    x = a_posting()
    linked = first_money.payment_row(x, {"1042": Met.LINKED})
    assert linked and (linked.fate, linked.why) == (Fate.LINK, "It stands on the linked invoice")
    for met, why in (
        (Met.ASKED, "Bill 1043 is still to be answered"),
        (Met.LEFT, "It waits with bill 1043 until the number is free"),
        (Met.DIFFERS, "The payments on invoice 1043 are still to be compared"),
    ):
        waits = first_money.payment_row(x, {"1042": Met.LINKED, "1043": met})
        assert waits and (waits.fate, waits.why) == (Fate.WAIT, why)


def test_a_credit_note_is_listed_until_it_is_there() -> None:
    c = Credit("us-1", "7", "c1", "Ada Example", "USD", TODAY, "", 2500, (Part("b1", "1042", 2500),), "e")
    assert first_money.credit_row(c, {}) == Row(
        "7", "Credit note CN-7", "Ada Example", Fate.CREATE, 2500, on=TODAY, about="Bill 1042"
    )
    waits = first_money.credit_row(c, {"1042": Met.ASKED})
    assert waits and (waits.fate, waits.why) == (Fate.WAIT, "Bill 1042 is still to be answered")
    assert first_money.credit_row(replace(c, gone=True), {}) is None
    assert first_money.credit_row(replace(c, memo=Memo("9", NOW)), {}) is None


def an_entry(cents: int = 500, **more: Any) -> Entry:
    move = Move("t1", "", "17", date(2026, 2, 3), cents, "USD", **more)
    return Entry("us-1", "t1", move, revision=1, begun=True)


def test_trust_money_is_listed_with_its_way_its_ledger_and_its_bill() -> None:
    firm = a_firm()
    assert first_money.entry_row(an_entry(1, client_id="c1", client_name="Ada Example", matter="0012"), firm) == Row(
        "t1",
        "Into trust",
        "Ada Example",
        Fate.CREATE,
        1,
        there="Journal entry T-t1",
        on=date(2026, 2, 3),
        about="0012",
    )
    out = first_money.entry_row(an_entry(-500, bill_number="1042"), firm)
    assert out and (out.title, out.detail, out.about) == ("Out of trust", "The firm's own money", "Bill 1042")
    assert first_money.entry_row(an_entry(0), firm) is None
    assert first_money.entry_row(replace(an_entry(), begun=False), firm) is None


def test_trust_money_of_an_unknown_kind_waits_for_a_word() -> None:
    books = TrustBooks(banks=(TrustBank("17", "Trust", "35", "Trust bank"),), liability="36", generation=1)
    firm = a_firm(trust=books)
    row = first_money.entry_row(replace(an_entry(word="adjustment"), begun=False), firm)
    assert row and row.fate is Fate.WAIT
    assert "“adjustment”" in row.why


def test_nothing_is_booked_in_closed_books() -> None:
    row = replace(ROW_OF_MONEY, on=TODAY)
    assert first_money.in_time(None, TODAY, "GBP") is None
    assert first_money.in_time(row, None, "GBP") == first_money.in_time(row, TODAY - timedelta(days=1), "GBP") == row
    closed = first_money.in_time(row, TODAY, "GBP")
    assert closed and closed.fate is Fate.WAIT and "closed through 2 Mar 2026" in closed.why
    there = replace(row, fate=Fate.LINK)
    assert first_money.in_time(there, TODAY, "GBP") == there


def test_nothing_is_booked_on_a_client_who_waits_for_a_name() -> None:
    late = first_money.of_client(ROW_OF_MONEY, waits=True)
    assert late and (late.fate, late.why) == (Fate.WAIT, first.CLIENT_WAITS)
    assert first_money.of_client(ROW_OF_MONEY, waits=False) == ROW_OF_MONEY
    said = replace(ROW_OF_MONEY, fate=Fate.WAIT, why="It waits with bill 1042")
    assert first_money.of_client(said, waits=True) == said
    assert first_money.of_client(None, waits=True) is None


def test_a_credit_note_that_stands_from_before_is_linked_and_anothers_number_keeps_it_waiting() -> None:
    parts = (Part("b1", "1042", 500),)
    c = Credit("us-1", "9", "c1", "Ada Example", "USD", TODAY, "", 500, parts, "e", stood="80")
    note = "feesimple:us-1:credit:9"
    memo = MemoReading("80", "0", "X", "7", 500, 0, TODAY, note)
    row = ROW_OF_MONEY

    def fate(*memos: MemoReading, of: Row = row, used: str = "") -> tuple[Fate, str]:
        told = first_money.credit_there(of, c, memos, used)
        return told.fate, told.why

    assert fate() == (Fate.CREATE, "")
    assert fate(memo) == fate(replace(memo, id="81", number=c.number)) == (Fate.LINK, first_money.STANDS)
    assert "Clio's figures" in fate(replace(memo, total=400))[1]
    assert fate(replace(memo, id="81")) == (Fate.CREATE, ""), "a copy of it under another number"
    taken = fate(replace(memo, note="", number=c.number))
    assert taken[0] is Fate.WAIT and f"credit memo numbered {c.number}" in taken[1]
    assert f"an invoice numbered {c.number}" in fate(used="an invoice")[1]
    assert fate(memo, of=replace(row, fate=Fate.WAIT))[0] is Fate.WAIT


def test_trust_money_that_stands_from_before_is_linked_and_anothers_number_keeps_it_waiting() -> None:
    e = an_entry()
    row = first_money.entry_row(e, a_firm())
    assert row
    there = JournalReading("9", "0", e.number, TODAY, f"feesimple:us-1:trust:{e.id}", ())

    def fate(*journals: JournalReading, of: Row = row) -> Fate:
        return first_money.entry_there(of, e, journals).fate

    assert fate() is fate(replace(there, number="X")) is Fate.CREATE
    assert fate(there) is Fate.LINK
    assert fate(replace(there, note="")) is Fate.WAIT
    assert fate(there, of=replace(row, fate=Fate.WAIT)) is Fate.WAIT
