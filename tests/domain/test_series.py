"""Numbers in series: told apart by what stands around their digits, compared by value."""

from __future__ import annotations

import pytest

from chalicelib.domain import series
from chalicelib.domain.readings import DocNumber


def a_number(number: str, id: str = "1", entity: str = "Invoice") -> DocNumber:
    return DocNumber(entity, id, number)


@pytest.mark.parametrize(
    ("number", "of", "value", "following"),
    [
        ("1042", ("", ""), 1042, "1043"),
        ("INV-7", ("INV-", ""), 7, "INV-8"),
        ("2026-014", ("2026-", ""), 14, "2026-015"),
        ("2026-099", ("2026-", ""), 99, "2026-100"),
        ("A7/b", ("A", "/b"), 7, "A8/b"),
        ("9" * 18, ("", ""), 10**18 - 1, "1" + "0" * 18),
    ],
)
def test_the_last_digits_count_and_the_rest_names_the_series(
    number: str, of: tuple[str, str], value: int, following: str
) -> None:
    at = series.place(number)
    assert at is not None
    assert (at.series, at.value, at.number, at.following) == (of, value, number, following)


@pytest.mark.parametrize("number", ["", "draft", "9" * 19, "A" + "9" * 19, "١٢٣٤"])
def test_other_texts_are_not_numbers(number: str) -> None:
    assert series.place(number) is None


def test_numbers_are_compared_by_value_within_their_series() -> None:
    shown = [a_number(n, str(i)) for i, n in enumerate(["999", "1000", "T-80011", "", "T-9", "draft"])]
    assert [d.number for d in series.highest(shown)] == ["T-80011", "T-9", "1000", "999"], "the newest series first"


def test_a_document_that_got_another_number_counts_once_with_the_new_one() -> None:
    assert series.highest([a_number("7"), a_number("8"), a_number("7", entity="Estimate")]) == (
        a_number("8"),
        a_number("7", entity="Estimate"),
    )


def test_only_the_highest_of_each_series_are_kept() -> None:
    shown = [a_number(f"{letter}{n}", f"{n}{letter}") for letter in ("", "A-") for n in range(100)]
    assert {d.number for d in series.highest(shown)} == {f"{c}{n}" for c in ("", "A-") for n in range(80, 100)}


def test_of_too_many_series_those_that_clio_uses_and_the_newest_are_kept() -> None:
    shown = [a_number(f"M{n}-1", str(n)) for n in range(1000)]
    kept = [d.number for d in series.highest(shown, used=("M3-1", "unheard-7"))]
    assert (len(kept), kept[0], kept[1], kept[-1]) == (500, "M3-1", "M999-1", "M501-1")


def test_clio_uses_the_series_of_its_newest_numbers() -> None:
    assert series.in_use(["INV-7", "INV-9", "12", "draft"], []) == ("INV-9", "12")


def test_a_higher_number_known_from_before_stands_and_a_series_used_no_more_does_not() -> None:
    assert series.in_use(["INV-7"], ["INV-9", "2025-300"]) == ("INV-9",)
    assert series.in_use([], ["INV-9"]) == ("INV-9",)
    assert series.in_use(["INV-9"], ["INV-009"]) == ("INV-9",), "as it is written now"


def test_documents_above_a_number_of_their_series_are_ahead_of_it() -> None:
    found = [a_number("INV-9", "4"), a_number("INV-8", "3", "CreditMemo"), a_number("INV-7", "2"), a_number("50", "1")]
    [(used, top, above)] = series.ahead(series.places(["INV-7", "50", "X-1"]), found)
    assert (used.number, top.number, [d.id for d in above]) == ("INV-7", "INV-9", ["4", "3"])
