"""A journal entry as it was written, beside what QuickBooks shows of it."""

from __future__ import annotations

import pytest

from chalicelib.domain import journaled
from chalicelib.domain.journaled import Lines

BANK, LIABILITY = "91", "92"
WRITTEN: Lines = ((BANK, 1000, ""), (LIABILITY, -1000, "c1"))


def for_client(customer: str, liability: str = LIABILITY) -> Lines:
    return ((liability, -1000, customer), (BANK, 1000, ""))


SPLIT: Lines = ((BANK, 600, ""), (LIABILITY, -1000, "c1"), (BANK, 400, ""), ("93", 5, ""), ("93", -5, ""))


@pytest.mark.parametrize(
    ("there", "customer", "told"),
    [
        (for_client("c1"), "c1", False),
        (SPLIT, "c1", False),
        (for_client("c2"), "c1", True),
        (for_client("c2"), "c2", False),
        (for_client(""), "", True),
        (for_client("c1"), "c2", False),
        (for_client("c1", "93"), "c1", True),
        (for_client("c2", "93"), "c2", True),
    ],
)
def test_accounts_and_client_are_laid_beside_what_was_written(there: Lines, customer: str, *, told: bool) -> None:
    assert journaled.differs(WRITTEN, there, customer) is told
    assert not journaled.differs((), there, customer), "what was written is not known"


def test_the_same_lines_have_one_mark_however_they_are_split() -> None:
    assert journaled.mark(WRITTEN) == journaled.mark(SPLIT) != journaled.mark(for_client("c2"))
    assert journaled.mark(()) == ""
    assert len(journaled.mark(WRITTEN)) == 16, "it is stored, and laid beside one made later"


def test_a_person_is_told_of_its_figures_and_where_they_moved_of_its_lines() -> None:
    shows = journaled.figures(-1000, None)
    assert shows == "1000/None"
    for same in ("", journaled.mark(WRITTEN)):
        assert journaled.told(shows, WRITTEN, same) == shows
    assert journaled.told(shows, WRITTEN, "m") == f"{shows}/m"
    assert journaled.told(shows, (), "m") == shows


@pytest.mark.parametrize(
    ("there", "whose", "said"),
    [
        (for_client("c2"), "Ada", "is for another client in QuickBooks than Ada"),
        (for_client("c2"), "", "is for another client in QuickBooks than the firm itself"),
        (for_client("c2", "93"), "Ada", "stands on other accounts in QuickBooks than those that it was written on"),
    ],
)
def test_what_was_done_to_it_is_said_in_a_persons_words(there: Lines, whose: str, said: str) -> None:
    assert journaled.otherwise(WRITTEN, there, whose) == said
    assert not journaled.only_client(WRITTEN, SPLIT)


@pytest.mark.parametrize(
    ("there", "fits"),
    [
        (WRITTEN, True),
        (for_client("c2", "82"), True),
        ((("81", 1000, ""), ("82", -400, "c1"), ("82", -600, "c1")), True),
        ((("81", 600, ""), (BANK, 400, ""), (LIABILITY, -1000, "c1")), False),
        ((("81", 1000, ""), ("82", -400, "c1"), ("82", -600, "c2")), False),
        (((BANK, -1000, ""), (LIABILITY, 1000, "c1")), False),
        (for_client("c1", "93"), False),
        ((*WRITTEN, ("93", 5, ""), ("93", -5, "")), False),
        ((), False),
    ],
)
def test_one_that_people_made_moves_what_is_held_between_the_accounts_of_now_or_of_before(
    there: Lines, *, fits: bool
) -> None:
    assert journaled.moves(there, {BANK, "81"}, {LIABILITY, "82"}, 1000) is fits
