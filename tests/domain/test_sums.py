"""The firm's sums: what each change adds, and what a reader of a given day sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from chalicelib.domain import sums
from chalicelib.domain.payable import Active
from chalicelib.domain.payment import Source
from chalicelib.domain.sums import Sums
from tests.builders import a_payable, a_payment

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_a_new_payable_adds_its_open_amount_on_its_due_date() -> None:
    p = a_payable()
    assert p.due_on is not None
    assert sums.difference(None, p)["open"] == {p.due_on.isoformat(): p.open}


def test_a_moved_due_date_moves_the_amount() -> None:
    p = a_payable()
    later = replace(p, due_on=date(2026, 12, 24))
    folded = sums.fold(Sums("f"), [sums.difference(None, p), sums.difference(p, later)], NOW)
    assert folded.open == {"2026-12-24": p.open}


def test_a_bank_debit_is_on_its_way_until_it_clears() -> None:
    p = a_payable()
    waiting = replace(p, attempt=Active("p1", p.open, "acct", on_its_way=True))
    begun = sums.fold(Sums("f"), [sums.difference(p, waiting)], NOW)
    assert begun.on_its_way == p.open
    assert sums.fold(begun, [sums.difference(waiting, p)], NOW).on_its_way == 0


def test_money_that_went_back_is_taken_off_the_day_it_came() -> None:
    x = a_payment()
    back = replace(x, returned=x.total)
    assert x.settled_on is not None
    folded = sums.fold(Sums("f"), [sums.difference(None, x), sums.difference(x, back)], NOW)
    assert folded.received == {}
    assert sums.received_in(sums.fold(Sums("f"), [sums.difference(None, x)], NOW), x.settled_on) == x.total


def test_money_that_clio_shows_is_what_clio_shows_of_it() -> None:
    x = a_payment(source=Source.CLIO, returned=1000)
    assert sums.parts(x) == {"received": {"2026-03-02": x.total}}, "what went back is off its allocations in Clio"


def test_each_amount_moves_by_what_it_changed_and_the_sums_say_when() -> None:
    p = a_payable()
    due = str(p.due_on)
    assert sums.parts(p) == {"open": {due: 40000}, "on_its_way": {"": 0}}
    waiting = replace(p, attempt=Active("p1", 15000, "acct", on_its_way=True))
    assert sums.difference(p, waiting) == {"on_its_way": {"": 15000}}
    lower = replace(p, balance=30000, due_on=None)
    assert sums.difference(p, lower) == {"open": {due: -40000, "none": 30000}}
    paid = replace(p, balance=0)
    for before, after in ((None, paid), (paid, None), (paid, replace(paid, due_on=None))):
        assert sums.difference(before, after) == {}, "where nothing is open, nothing moves"
    assert sums.fold(Sums("f"), [], NOW) == Sums("f", at=NOW)


def test_age_is_counted_from_the_readers_day() -> None:
    state = Sums("f", open={"2026-03-02": 1, "2026-02-01": 10, "2026-01-15": 100, "2025-12-24": 1000, "none": 5})
    assert sums.ageing(state, date(2026, 3, 2)) == {"current": 6, "1-30": 10, "31-60": 100, "61-90": 1000, "90+": 0}
    assert sums.ageing(state, date(2026, 6, 2))["90+"] == 1111


def test_a_change_that_moves_no_sum_adds_nothing() -> None:
    p = a_payable()
    assert sums.difference(p, replace(p, client_name="Another name")) == {}
