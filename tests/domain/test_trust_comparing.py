"""Trust money laid side by side: accounts, the liability, and each entry with its journal entry; every difference has
its amount, its cause and its remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import journaled
from chalicelib.domain import trust_comparing as comparing
from chalicelib.domain.comparing import Difference
from chalicelib.domain.left import UNTIL_CHANGED, Left
from chalicelib.domain.trust import Entry, Journaled, Move
from chalicelib.domain.trust_readings import JournalReading
from tests.builders import FIRM, TODAY
from tests.domain.given import is_said


def an_entry(cents: int = 1000, **fields: Any) -> Entry:
    """Seen, and written to QuickBooks at its first revision."""
    move = Move("500", "", "7", TODAY, cents, "USD", word="sweep_in")
    usual: dict[str, Any] = {"begun": True, "revision": 1, "posted": Journaled("8", 1)}
    return Entry(FIRM, "500", move, **{**usual, **fields})


def a_journal(*cents: int, **fields: Any) -> JournalReading:
    usual: dict[str, Any] = {"id": "8", "sync_token": "0", "number": "T-500", "on": TODAY, "note": ""}
    return JournalReading(**{**usual, **fields}, lines=tuple(("91", c, "") for c in cents or (1000, -1000)))


def said(found: list[Difference]) -> list[tuple[str, int]]:
    """The kinds and amounts, each with a whole cause and remedy."""
    for d in found:
        assert d.payable == "", "no invoice of the firm"
        assert is_said(d.cause), d.cause
        assert is_said(d.remedy), d.remedy
    return [(d.kind, d.cents) for d in found]


@pytest.mark.parametrize(
    ("clio", "here", "book", "told"),
    [
        (5, 5, 5, []),
        (7, 5, 5, [("trust account differs in Clio", 2)]),
        (5, 5, 1, [("trust account differs in QuickBooks", -4)]),
        (7, 5, 1, [("trust account differs in Clio", 2), ("trust account differs in QuickBooks", -4)]),
    ],
)
def test_an_account_is_laid_beside_clio_and_quickbooks(
    clio: int, here: int, book: int, told: list[tuple[str, int]]
) -> None:
    found = comparing.account("IOLTA", clio, here, "USD") + comparing.booked("IOLTA", book, here, "USD")
    assert said(found) == told
    assert all(d.number == "IOLTA" and not d.expected for d in found)


def test_an_account_that_clio_lists_no_more_is_named_while_it_matters() -> None:
    for here, chosen in ((500, False), (500, True), (0, True)):
        [told] = comparing.unlisted("IOLTA", here, "EUR", chosen=chosen)
        assert said([told]) == [("trust account not listed in Clio", -here)]
        assert told.number == "IOLTA"
    assert "“IOLTA”; the entries that it showed us come to €0.00." in told.cause
    assert comparing.unlisted("IOLTA", 0, "EUR", chosen=False) == []


def test_a_difference_whose_transactions_are_still_compared_says_so() -> None:
    [told] = comparing.account("IOLTA", 700, 500, "EUR", looked_for=True)
    assert told.remedy == "Its transactions are being compared one by one. Compare again in a few minutes."
    [told] = comparing.account("IOLTA", 700, 500, "EUR")
    assert told.remedy.startswith("Every transaction was compared.")


def test_both_figures_of_an_account_are_told() -> None:
    [clio], [book] = comparing.account("IOLTA", 700, 500, "EUR"), comparing.booked("IOLTA", 100, 500, "EUR")
    assert clio.cause == "Clio shows €7.00 in “IOLTA”; the entries that it shows us come to €5.00."
    assert book.cause == "QuickBooks shows €1.00 for “IOLTA”; the trust entries come to €5.00."
    assert book.remedy.startswith("See the entries named here.")


def test_the_liability_is_laid_beside_the_ledgers() -> None:
    assert comparing.liability(5, 5, "USD") == []
    [told] = comparing.liability(700, 500, "EUR")
    assert said([told]) == [("trust liability differs in QuickBooks", 200)]
    assert told.number == "Trust liability"
    assert told.cause == "QuickBooks shows €7.00 as held for clients; the ledgers come to €5.00."


def test_a_sum_that_named_entries_explain_is_expected_and_another_one_is_not() -> None:
    for found in (comparing.booked("IOLTA", 700, 500, "EUR", 200), comparing.liability(700, 500, "EUR", 200)):
        assert [(d.cents, d.expected, d.remedy) for d in found] == [
            (200, True, "Nothing more is needed than for those.")
        ]
        assert found[0].cause.endswith("named here as left or waiting.")
    for found in (comparing.booked("IOLTA", 700, 500, "EUR", 100), comparing.liability(700, 500, "EUR", 100)):
        assert [(d.cents, d.expected) for d in found] == [(200, False)]


MOVED = {"7": -1000, "8": 1000}  # from the bank of one trust account to that of another
WRITTEN = Journaled("8", 1, lines=(("91", 1000, ""), ("92", -1000, "c1")))


def on(bank: str, held: str, cents: int) -> JournalReading:
    return replace(a_journal(), lines=((bank, cents, ""), (held, -cents, "c1")))


@pytest.mark.parametrize(
    ("entry", "there", "told"),
    [
        (an_entry(), None, {"": -1000, "7": -1000}),
        (an_entry(), on("91", "92", 600), {"": -400, "7": -400}),
        (an_entry(gone=True), on("91", "92", 600), {"": 600, "7": 600}),
        (an_entry(-1000), on("91", "92", -600), {"": 400, "7": 400}),
        (an_entry(posted=WRITTEN), on("81", "92", 1000), MOVED),
        (an_entry(posted=WRITTEN), on("91", "93", 1000), {"": -1000}),
        (an_entry(), on("91", "92", 1000), {}),
        (an_entry(posted=None), on("91", "92", 1000), {}),
    ],
)
def test_what_quickbooks_shows_otherwise_of_an_entry_is_laid_to_its_accounts(
    entry: Entry, there: JournalReading | None, told: dict[str, int]
) -> None:
    assert comparing.explains(entry, there, {"91": "7", "81": "8"}) == told


NOT_REMOVED = "not removed from QuickBooks"
NOT_YET, DELETED, CHANGED = (
    f"{x} in QuickBooks" for x in ("not yet", "journal entry deleted", "journal entry changed")
)


@pytest.mark.parametrize(
    ("entry", "why", "there", "told"),
    [
        (an_entry(), "", a_journal(), []),
        (an_entry(-1000), "", a_journal(-1000, 1000), []),
        (an_entry(), "", a_journal(600, 400, -1000), []),
        (an_entry(1), "", a_journal(1, -1), []),
        (an_entry(), "", None, [(DELETED, -1000)]),
        (an_entry(), "", a_journal(900, -900), [(CHANGED, -100)]),
        (an_entry(-1000), "", a_journal(-1200, 1200), [(CHANGED, 200)]),
        (an_entry(), "", a_journal(on=TODAY - timedelta(days=1)), [(CHANGED, 0)]),
        (an_entry(revision=2), "", a_journal(), [(NOT_YET, 1000)]),
        (an_entry(gone=True), "", None, []),
        (an_entry(gone=True, revision=2), "", a_journal(), [(NOT_REMOVED, 1000)]),
        (an_entry(0, revision=2), "", a_journal(), [(NOT_REMOVED, 1000)]),
        (an_entry(gone=True, revision=2), "", None, []),
        (an_entry(begun=False), "before", None, []),
        (an_entry(begun=False), "accounts", None, []),
        (an_entry(begun=False), "word", None, [(NOT_YET, 1000)]),
        (an_entry(begun=False, gone=True), "word", None, []),
    ],
)
def test_an_entry_is_laid_beside_its_journal_entry(
    entry: Entry, why: str, there: JournalReading | None, told: list[tuple[str, int]]
) -> None:
    found = comparing.entry(entry, why, there, "USD")
    assert said(found) == told
    assert all((d.number, d.expected) == ("T-500", why == "word") for d in found)


@pytest.mark.parametrize(
    ("there", "told", "cents", "what"),
    [
        (None, "deleted", -1000, "is not in QuickBooks any more"),
        (a_journal(900, -900), f"900/{TODAY}", -100, "shows something else in QuickBooks"),
    ],
)
def test_what_a_person_accepted_is_named_as_that_and_expected(
    there: JournalReading | None, told: str, cents: int, what: str
) -> None:
    accepted = replace(an_entry(), posted=Journaled("9", 1, there is None, told))
    [found] = comparing.entry(accepted, "", there, "EUR")
    assert (found.kind, found.cents, found.expected) == ("journal entry left as it is", cents, True)
    assert found.cause == f"You accepted that the journal entry of €10.00 {what}."
    assert found.remedy == "Nothing is needed. You are asked again when the transaction changes in Clio."
    assert comparing.entry(accepted, "", a_journal(), "EUR") == [], "it was set back"
    assert not comparing.entry(accepted, "", a_journal(800, -800), "EUR")[0].expected, "it is another change"


ON = "2 Mar 2026"  # TODAY


@pytest.mark.parametrize(
    ("entry", "there", "cents", "what"),
    [
        (an_entry(), None, -1000, "The trust entry of €10.00 is not in QuickBooks."),
        (
            an_entry(),
            a_journal(900, -900),
            -100,
            f"QuickBooks shows €9.00 of {ON}; the entry is €10.00 of {ON} in Clio.",
        ),
        (an_entry(gone=True), None, 0, "The trust entry of €10.00 is not in QuickBooks."),
        (
            an_entry(gone=True),
            a_journal(900, -900),
            900,
            f"QuickBooks shows €9.00 of {ON}; the entry was deleted in Clio.",
        ),
    ],
)
def test_what_a_person_left_is_named_with_their_word_until_it_changes_in_clio(
    entry: Entry, there: JournalReading | None, cents: int, what: str
) -> None:
    word = Left(1, "Olivia", TODAY, "closed period")
    [found] = comparing.entry(replace(entry, left=word), "", there, "EUR")
    assert (found.kind, found.cents, found.expected) == ("trust entry left as it is", cents, True)
    assert (found.number, found.cause, found.remedy) == ("T-500", word.of(what, "EUR"), UNTIL_CHANGED)
    moved_on = comparing.entry(replace(entry, left=replace(word, revision=0)), "", there, "EUR")
    assert not any(d.kind == found.kind for d in moved_on), "of another revision"


LINES = (("91", 1000, ""), ("92", -1000, "c1"))


def there_for(customer: str, liability: str = "92") -> JournalReading:
    return replace(a_journal(), lines=(("91", 1000, ""), (liability, -1000, customer)))


def test_an_entry_of_another_client_or_on_other_accounts_is_named() -> None:
    written = an_entry(posted=Journaled("8", 1, lines=LINES))
    [other] = comparing.entry(written, "", there_for("c2"), "EUR", "c1")
    assert said([other]) == [(CHANGED, 0)]
    assert other.cause == "The journal entry is for another client in QuickBooks than the firm itself."
    [moved] = comparing.entry(written, "", there_for("c1", "93"), "EUR")
    assert said([moved]) == [(CHANGED, 0)]
    assert "other accounts" in moved.cause
    assert comparing.entry(written, "", there_for("c1"), "EUR") == []
    assert comparing.entry(written, "", there_for("c2"), "EUR", "c2") == [], "its customer was merged into that one"
    told = journaled.told(journaled.figures(1000, TODAY), LINES, journaled.mark(there_for("c2").lines))
    accepted = replace(written, posted=Journaled("8", 1, told=told, lines=LINES))
    [left] = comparing.entry(accepted, "", there_for("c2"), "EUR", "c1")
    assert (left.kind, left.expected) == ("journal entry left as it is", True)
    assert comparing.of_another(written, there_for("c2"))
    for same in ((written, there_for("c1")), (written, None), (an_entry(posted=None), there_for("c2"))):
        assert not comparing.of_another(*same)


def test_a_changed_entry_is_told_as_it_is_there_and_as_it_is() -> None:
    there = a_journal(900, -900, on=TODAY - timedelta(days=1))
    [told] = comparing.entry(an_entry(), "", there, "EUR")
    assert told.cause == "QuickBooks shows this trust entry as €9.00 of 1 Mar 2026; it is €10.00 of 2 Mar 2026."
    [word] = comparing.entry(an_entry(begun=False), "word", None, "EUR")
    assert word.cause == "Clio calls this trust transaction “sweep_in”, a kind that we do not know."
    [gone] = comparing.entry(an_entry(), "", None, "EUR")
    assert gone.cause == "The journal entry of €10.00 was deleted in QuickBooks."
    [gone] = comparing.entry(an_entry(gone=True, revision=2), "", there, "EUR")
    assert gone.cause == "The trust entry was deleted in Clio; its journal entry of €9.00 stands in QuickBooks."
    [nothing] = comparing.entry(an_entry(0, revision=2), "", there, "EUR")
    assert "comes to nothing in Clio" in nothing.cause
    [unwritten] = comparing.entry(an_entry(revision=2), "", there, "EUR")
    assert unwritten.cause == "The trust entry of €10.00 is not in QuickBooks yet."


def test_what_comes_to_nothing_and_stands_nowhere_is_no_difference() -> None:
    removed = Journaled("8", 1, removed=True, told="deleted")
    for nowhere in (an_entry(0, revision=2, posted=removed), an_entry(gone=True, revision=2, posted=None)):
        assert nowhere.written
        assert comparing.entry(nowhere, "", None, "EUR") == []
    for there in (
        an_entry(revision=2, posted=removed),
        an_entry(0, revision=2),
        an_entry(gone=True, revision=2, posted=None, stood="8"),
    ):
        assert not there.written
