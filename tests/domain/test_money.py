"""Money: cents in, cents out; nothing is lost between a neighbour's number, a share and what a person reads."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import money
from chalicelib.domain.money import cents_from, decimal_of, parse, show
from chalicelib.errors import Refused, Unreadable

CENTS = st.integers(-(10**11), 10**11)


@given(CENTS)
def test_an_amount_survives_the_way_to_a_neighbour_and_back(cents: int) -> None:
    assert cents_from(decimal_of(cents)) == cents_from(str(decimal_of(cents))) == cents


@given(CENTS, st.sampled_from(["0.000001", "-0.000001", "0.0000004", "0"]))
def test_what_is_within_a_millionth_of_a_cent_is_that_cent(cents: int, off: str) -> None:
    assert cents_from(decimal_of(cents) + Decimal(off)) == cents


@given(CENTS, st.sampled_from(["0.0000011", "-0.0000011", "0.001", "0.005", "-0.0049"]))
def test_any_other_fraction_of_a_cent_is_an_error(cents: int, off: str) -> None:
    with pytest.raises(Unreadable) as told:
        cents_from(decimal_of(cents) + Decimal(off))
    assert (told.value.what, told.value.raw) == ("amount", str(decimal_of(cents) + Decimal(off)))
    assert told.value.remedy == "Correct it to whole cents, then press Retry."


@pytest.mark.parametrize(
    "raw",
    [
        0.1,
        12.0,
        True,
        None,
        "",
        "ten",
        "NaN",
        "Infinity",
        Decimal("-Infinity"),
        [],
        "1e99",
        "1_000",
        "١٢",
        "0x1",
        "1,000",
    ],
)
def test_what_is_no_finite_exact_number_is_an_error(raw: object) -> None:
    with pytest.raises(Unreadable) as told:
        cents_from(raw, "total")
    assert told.value.what == "total"
    assert told.value.raw == str(raw)
    assert "number" in told.value.remedy


def test_an_amount_that_no_firm_has_is_an_error() -> None:
    assert cents_from(money.LARGEST_CENTS) == money.LARGEST_CENTS * 100
    with pytest.raises(Unreadable):
        cents_from(money.LARGEST_CENTS + 1)


def test_decimals_have_two_places() -> None:
    assert [str(decimal_of(c)) for c in (1050, 0, -5, 100)] == ["10.50", "0.00", "-0.05", "1.00"]


@given(CENTS)
def test_what_is_shown_can_be_typed_again(cents: int) -> None:
    assert parse(show(cents).replace("−", "-")) == cents


@given(st.text(alphabet="0123456789.,-$ _eE+٣", max_size=12))
def test_what_a_person_types_is_read_as_it_stands_or_refused(typed: str) -> None:
    try:
        cents = parse(typed)
    except Refused:
        return
    digits = "".join(c for c in typed if c in "0123456789.")
    assert abs(cents) == Decimal(digits) * 100
    assert cents <= 0 if "-" in typed else cents >= 0
    for group in typed.partition(".")[0].strip().split(",")[1:]:
        assert len(group) == 3


@given(st.text(alphabet="0123456789.-+eE_ ٣", max_size=12) | st.decimals(allow_nan=None) | st.integers())
def test_a_neighbours_number_is_that_amount_to_the_cent_or_an_error(raw: str | Decimal | int) -> None:
    try:
        cents = cents_from(raw)
    except Unreadable:
        return
    assert abs(Decimal(raw) * 100 - cents) <= Decimal("0.0001")


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("1,234.50", 123450),
        (" $12 ", 1200),
        ("12.5", 1250),
        ("$ 0.01", 1),
        ("7", 700),
        ("-3", -300),
        ("-$3", -300),
        ("$-3", -300),
        ("- 1,000,000", -100000000),
    ],
)
def test_a_person_types_amounts_in_their_own_ways(typed: str, cents: int) -> None:
    assert parse(typed) == cents


@pytest.mark.parametrize(
    "typed",
    ["", "12.345", "twelve", "1.2.3", "€5", "12,50", "1,23,456", "1_000", "١٢", "--3", "-$-3", "1e3", "NaN", "9" * 20],
)
def test_what_is_no_amount_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(Refused, match=r"1,234\.50"):
        parse(typed)


def test_a_person_reads_sign_thousands_and_currency() -> None:
    assert show(123450) == "$1,234.50"
    assert show(-5) == "−$0.05"
    assert show(0) == "$0.00"
    assert show(100, "CAD") == "CA$1.00"
    assert show(100, "GBP") == "£1.00"
    assert show(-100, "CHF") == "−1.00 CHF"
