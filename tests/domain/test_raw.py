"""One property of a neighbour's JSON object: read, or refused with what to correct."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain import raw
from chalicelib.errors import Unreadable


def test_what_is_not_told_is_empty() -> None:
    row: raw.Raw = {"null": None}
    for name in ("null", "absent"):
        assert (raw.text(row, name), raw.part(row, name), raw.parts(row, name)) == ("", {}, [])
        assert (raw.cents_if_told(row, name), raw.day(row, name)) == (0, None)
    assert raw.day({"on": ""}, "on") is None


def test_what_is_told_is_read() -> None:
    row = {"id": 7, "of": {"a": 1}, "list": [{"b": 2}, "no object"], "paid": Decimal("10.50")}
    assert (raw.text(row, "id"), raw.part(row, "of"), raw.parts(row, "list")) == ("7", {"a": 1}, [{"b": 2}])
    assert raw.cents(row, "paid") == raw.cents_if_told(row, "paid") == 1050


def test_what_is_another_thing_than_it_should_be_counts_as_not_told_where_nothing_hangs_on_it() -> None:
    row = {"of": ["a list"], "list": {"an": "object"}}
    assert (raw.part(row, "of"), raw.parts(row, "list")) == ({}, [])


@pytest.mark.parametrize("told", ["2026-03-02", "2026-03-02T23:30:00-05:00"])
def test_a_day_is_the_one_that_is_written(told: str) -> None:
    assert raw.day({"on": told}, "on") == date(2026, 3, 2)


def test_an_instant_is_utc() -> None:
    assert raw.instant({"at": "2026-03-02T23:30:00-05:00"}, "at") == datetime(2026, 3, 3, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("read", "value", "remedy"),
    [
        (raw.cents, None, "must be a number"),
        (raw.cents, "ten", "must be a number"),
        (raw.cents_if_told, "ten", "must be a number"),
        (raw.day, "2 March", "year, month and day"),
        (raw.instant, "soon", "ISO 8601"),
        (raw.instant, None, "ISO 8601"),
        (raw.instant, "2026-03-02T23:30:00", "its offset"),
    ],
)
def test_what_cannot_be_understood_is_unreadable_and_says_why(read: Any, value: object, remedy: str) -> None:
    with pytest.raises(Unreadable) as told:
        read({"name": value}, "name")
    assert told.value.what == "name" and remedy in told.value.remedy
