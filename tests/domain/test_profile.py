"""When two values of a field are the same, what may not go over, and the three-way merge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.profile import (
    FIELDS,
    WORDS,
    Agreed,
    Aside,
    Change,
    Merged,
    Profile,
    Side,
    merge,
    plain,
    same,
    show,
    unfit,
)
from chalicelib.domain.readings import NO_ADDRESS, Address

HARBOUR = Address(("12 Harbour Street", "Floor 3"), "New York", "NY", "10004", "US")
REFLOWED = Address(("12 Harbour Street", "Floor 3", "New York, NY  10004 US"))
MARKET = Address(("4 Market Square",), "Boston", "MA", "02109")
ADA = Profile("Ada Example", "ada@example.com", "555-0100", "", HARBOUR)


def ada(**fields: Any) -> Profile:
    return replace(ADA, **fields)


AGREED = Agreed(ADA, ADA)


# --- the same value ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "a", "b"),
    [
        ("name", "Ada  Example", "Ada Example"),
        ("name", "Ada: Example", "Ada Example"),
        ("name", "Ada Example", "Ada Example (Clio 77)"),
        ("name", "Mary Ann van Dyke", "van Dyke, Mary Ann (Clio 77)"),
        ("email", "Ada@Example.com ", "ada@example.com"),
        ("phone", "+1 (212) 555-0100", "212.555.0100"),
        ("phone", "1-800-GOOD-LAW", "800 4663 529"),
        ("mobile", "by letter", "By letter"),
        ("billing", HARBOUR, REFLOWED),
        ("shipping", NO_ADDRESS, Address(("",))),
    ],
)
def test_other_spellings_are_the_same_value(field: str, a: Any, b: Any) -> None:
    assert same(field, a, b)


@pytest.mark.parametrize(
    ("field", "a", "b"),
    [
        ("name", "ada example", "Ada Example"),
        ("name", "Ada Example, Jr.", "Jr. Ada Example"),
        ("name", "Ames, Bo & Cy, PC", "PC Ames, Bo & Cy"),
        ("email", "ada@example.com", ""),
        ("phone", "555-0100", "555-0101"),
        ("phone", "1-800-GOOD-LAW", "1-800-BEST-LAW"),
        ("mobile", "555-0100 ext. 5", "555-0100"),
        ("billing", HARBOUR, replace(HARBOUR, postal="10005")),
        ("billing", HARBOUR, replace(HARBOUR, lines=("12 Harbour Street", "Floor 4"))),
    ],
)
def test_what_a_person_would_call_another_value_is_another(field: str, a: Any, b: Any) -> None:
    assert not same(field, a, b)


@pytest.mark.parametrize(
    ("field", "longest", "longer"),
    [
        ("email", "a" * 94 + "@x.com", "a" * 95 + "@x.com"),
        ("phone", "1" * 30, "1" * 31),
        ("mobile", "1" * 30, "1" * 31),
        ("billing", Address(("x",) * 5, "C"), Address(("x",) * 6, "C")),
        ("billing", Address(("x" * 500,), "C"), Address(("x" * 501,), "C")),
        ("billing", Address(("x" * 400,) * 5, "C"), Address((*("x" * 400,) * 4, "x" * 401), "C")),
        ("billing", Address(("x",), "c" * 255, "r" * 255, "", "y" * 255), Address(("x",), "c" * 256)),
        ("billing", Address(("x",), "C", postal="1" * 30), Address(("x",), "C", postal="1" * 31)),
    ],
)
def test_what_quickbooks_allows_goes_over_to_the_last_character(field: str, longest: Any, longer: Any) -> None:
    assert unfit(field, longest, Side.QUICKBOOKS) == ""
    assert unfit(field, longer, Side.QUICKBOOKS)


def test_a_value_is_shown_on_one_line() -> None:
    assert show(HARBOUR) == "12 Harbour Street, Floor 3, New York, NY 10004, US"
    assert show("x") == "x"
    assert show(NO_ADDRESS) == ""
    assert set(WORDS) == set(FIELDS)
    assert plain("email", " A@B.c ") == "a@b.c"


# --- what may not go over ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "side", "fits"),
    [
        ("name", "Ada", Side.QUICKBOOKS, True),
        ("email", "", Side.QUICKBOOKS, True),
        ("email", "ada@example.com", Side.QUICKBOOKS, True),
        ("email", "a@x.example, b@x.example", Side.CLIO, False),
        ("email", "ada at example", Side.QUICKBOOKS, False),
        ("email", "pat.o'brien@example.com", Side.QUICKBOOKS, True),
        ("email", "'ada@example.com'", Side.QUICKBOOKS, False),
        ("email", f"{'a' * 100}@example.com", Side.QUICKBOOKS, False),
        ("phone", "5" * 30, Side.QUICKBOOKS, True),
        ("phone", "5" * 31, Side.QUICKBOOKS, False),
        ("mobile", "5" * 31, Side.CLIO, True),
        ("billing", HARBOUR, Side.QUICKBOOKS, True),
        ("billing", NO_ADDRESS, Side.CLIO, True),
        ("billing", HARBOUR, Side.CLIO, True),
        ("billing", REFLOWED, Side.CLIO, False),
        ("shipping", Address(("x",), postal="1"), Side.CLIO, True),
        ("billing", Address(tuple("abcdef"), "x"), Side.QUICKBOOKS, False),
        ("billing", Address(("x" * 501,), "x"), Side.QUICKBOOKS, False),
        ("billing", Address(("x",), "x" * 256), Side.QUICKBOOKS, False),
        ("billing", Address(("x",), "x", postal="1" * 31), Side.QUICKBOOKS, False),
    ],
)
def test_what_does_not_fit_is_said(field: str, value: Any, side: Side, *, fits: bool) -> None:
    assert (unfit(field, value, side) == "") is fits


# --- the merge --------------------------------------------------------------------------------------------------------


def test_nothing_changed_and_nothing_goes_over() -> None:
    assert merge(AGREED, ADA, ADA, Side.CLIO) == Merged(AGREED)
    reflowed = ada(billing=REFLOWED, phone="(555) 0100")
    assert merge(AGREED, ADA, reflowed, Side.CLIO) == Merged(AGREED), "spelt otherwise is not changed"


@pytest.mark.parametrize(
    ("field", "new"),
    [
        ("name", "Ada New"),
        ("email", "new@example.com"),
        ("email", ""),
        ("phone", "555-0199"),
        ("mobile", "555-0155"),
        ("billing", MARKET),
        ("billing", NO_ADDRESS),
        ("shipping", MARKET),
    ],
)
def test_a_change_on_one_side_goes_to_the_other(field: str, new: Any) -> None:
    moved = ada(**{field: new})
    assert merge(AGREED, moved, ADA, Side.CLIO) == Merged(AGREED, to_books=(Change(field, new),))
    assert merge(AGREED, ADA, moved, Side.CLIO) == Merged(AGREED, to_clio=(Change(field, new),))


def test_changes_of_different_fields_cross() -> None:
    merged = merge(AGREED, ada(email="new@example.com"), ada(phone="555-0199"), Side.CLIO)
    assert (merged.to_books, merged.to_clio) == ((Change("email", "new@example.com"),), (Change("phone", "555-0199"),))
    assert not merged.aside


def test_both_changed_to_the_same_is_agreed() -> None:
    new = ada(email="new@example.com")
    shout = ada(email="NEW@example.com")
    assert merge(AGREED, new, shout, Side.CLIO) == Merged(Agreed(new, shout))


def test_both_changed_the_firms_side_stands_and_the_other_is_set_aside() -> None:
    clio, books = ada(email="c@example.com"), ada(email="b@example.com")
    clios = merge(AGREED, clio, books, Side.CLIO)
    assert clios.to_books == (Change("email", "c@example.com"),)
    assert clios.aside == (Aside("email", Side.QUICKBOOKS, "b@example.com"),)
    theirs = merge(AGREED, clio, books, Side.QUICKBOOKS)
    assert (theirs.to_clio, theirs.to_books) == ((Change("email", "b@example.com"),), ())
    assert theirs.aside == (Aside("email", Side.CLIO, "c@example.com"),)


def test_what_was_never_agreed_is_not_removed() -> None:
    """A customer without an e-mail, linked to a client that has one: nobody removed it."""
    linked = Agreed(ADA, ada(email=""))
    assert merge(linked, ADA, ada(email=""), Side.CLIO) == Merged(linked)
    later = merge(linked, ada(email="new@example.com"), ada(email=""), Side.CLIO)
    assert later.to_books == (Change("email", "new@example.com"),)


def test_what_does_not_fit_is_set_aside_and_stays_wanted() -> None:
    several = ada(email="a@x.example, b@x.example")
    merged = merge(AGREED, ADA, several, Side.CLIO)
    assert (merged.to_clio, merged.agreed) == ((), AGREED)
    assert merged.aside == (Aside("email", Side.QUICKBOOKS, "a@x.example, b@x.example", "is not one e-mail address"),)
    both = merge(AGREED, ada(email="x"), ada(email="b@example.com"), Side.CLIO)
    assert [(a.side, bool(a.why)) for a in both.aside] == [(Side.CLIO, True)]
    assert not both.to_books


def test_fields_that_are_not_known_are_let_be() -> None:
    assert merge(AGREED, ada(phone=""), ADA, Side.CLIO, fields=("name", "email")) == Merged(AGREED)


# --- what a person chose ----------------------------------------------------------------------------------------------

PICK = Change("email", "b@example.com")


def test_a_chosen_value_goes_to_whichever_side_lacks_it() -> None:
    both = merge(AGREED, ADA, ADA, Side.CLIO, (PICK,))
    assert (both.to_clio, both.to_books, both.chosen) == ((PICK,), (PICK,), (PICK,))
    half = merge(AGREED, ada(email="b@example.com"), ADA, Side.CLIO, (PICK,))
    assert (half.to_clio, half.to_books, half.chosen) == ((), (PICK,), (PICK,))
    other = merge(AGREED, ADA, ada(email="b@example.com"), Side.CLIO, (PICK,))
    assert (other.to_clio, other.to_books) == ((PICK,), ())


def test_once_both_show_it_the_choice_is_over() -> None:
    there = ada(email="b@example.com")
    assert merge(AGREED, there, there, Side.CLIO, (PICK,)) == Merged(Agreed(there, there))


@pytest.mark.parametrize("side", list(Side))
def test_a_later_change_is_newer_than_the_choice(side: Side) -> None:
    newer = ada(email="newest@example.com")
    clio, books = (newer, ADA) if side is Side.CLIO else (ADA, newer)
    merged = merge(AGREED, clio, books, Side.CLIO, (PICK,))
    assert merged.chosen == ()
    assert [c.value for c in (*merged.to_books, *merged.to_clio)] == ["newest@example.com"]
