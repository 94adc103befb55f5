"""The three-way reconciliation in values."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain import statement
from chalicelib.domain.statement import Entered, Figures, Outstanding, Reopened, Signed, SignedOff, Statement
from chalicelib.errors import Refused
from chalicelib.flow import states
from tests.builders import FIRM, NOW

READ = NOW - timedelta(seconds=3)  # what is signed off was read a little before
EMPTY = Statement(FIRM, "7:2026-01", "7", "IOLTA", "2026-01")


def entered(**fields: Any) -> Entered:
    usual: dict[str, Any] = {"ending": 1000, "deposits": (), "checks": (), "note": "", "by": "Ben"}
    return Entered(**{**usual, **fields})


def decide(state: Statement, fact: statement.StatementFact) -> Statement:
    return statement.decide(state, fact, "USD", NOW).state


def signing(adjusted: int = 1000, journal: int = 1000, ledgers: int = 1000) -> SignedOff:
    return SignedOff("Olivia", READ, Figures(adjusted, journal, ledgers), ("doc",), {"2026-01": READ}, NOW)


def test_the_adjusted_balance_counts_what_the_bank_has_not_seen() -> None:
    assert EMPTY.adjusted is None
    deposits = (Outstanding(date(2026, 1, 31), "Counter", 300), Outstanding(None, "", 50))
    state = decide(EMPTY, entered(deposits=deposits, checks=(Outstanding(None, "101", 200),), note="  why "))
    assert (state.adjusted, state.note, state.entered_by, state.entered_at) == (1150, "why", "Ben", NOW)


def test_outstanding_items_are_above_zero_and_not_too_many() -> None:
    with pytest.raises(Refused, match="above zero"):
        decide(EMPTY, entered(checks=(Outstanding(None, "", 0),)))
    with pytest.raises(Refused, match="At most 200"):
        decide(EMPTY, entered(deposits=(Outstanding(None, "", 1),) * 201))
    assert decide(EMPTY, entered(deposits=(Outstanding(None, "", 1),) * 200)).adjusted == 1200


def test_what_has_cleared_is_kept_beside_what_is_outstanding_and_is_not_in_the_balance() -> None:
    check, deposit = Outstanding(date(2025, 12, 20), "101", 200), Outstanding(None, "Counter", 5)
    since = date(2025, 12, 31)
    state = decide(EMPTY, entered(cleared_checks=(check,), cleared_deposits=(deposit,), since=since))
    assert (state.adjusted, state.cleared_checks, state.cleared_deposits) == (1000, (check,), (deposit,))
    assert state.since == since
    again = decide(state, entered(checks=(check,)))
    assert (again.adjusted, again.cleared_checks, again.cleared_deposits, again.since) == (800, (), (), None)
    some, many = (Outstanding(None, "", 1),) * 200, (Outstanding(None, "", 1),) * 50
    assert decide(EMPTY, entered(deposits=some, checks=some, cleared_checks=many)).adjusted == 1000
    with pytest.raises(Refused, match="At most 450"):
        decide(EMPTY, entered(deposits=some, checks=some, cleared_checks=many, cleared_deposits=many[:1]))
    with pytest.raises(Refused, match="more text than is kept"):
        decide(EMPTY, entered(cleared_deposits=(Outstanding(None, "ä" * 120, 1),) * 100))


def test_a_sign_off_waits_for_a_word_on_what_was_outstanding_before() -> None:
    state = decide(EMPTY, entered())
    with pytest.raises(Refused, match="whether it still is, and save"):
        decide(state, replace(signing(), unsaid=True))


def test_what_is_dated_after_the_month_end_was_not_outstanding_then() -> None:
    with pytest.raises(Refused, match="dated Feb 1, 2026, after the month end"):
        decide(EMPTY, entered(checks=(Outstanding(date(2026, 2, 1), "Check 101", 5),)))


def test_more_text_than_a_state_holds_is_refused_and_as_many_items_as_may_be_are_kept() -> None:
    items = (Outstanding(date(2026, 1, 31), "Müller, no. 12345", 123_456),) * 200
    cleared = items[:50]
    state = decide(EMPTY, entered(deposits=items, checks=items, cleared_checks=cleared, note="é" * 2000))
    signed = statement.decide(state, signing(state.adjusted or 0, 1, 1), "USD", NOW).state
    assert len(json.dumps(states.encode(signed), ensure_ascii=False).encode()) < 55_000
    with pytest.raises(Refused, match="more text than is kept"):
        decide(EMPTY, entered(deposits=(Outstanding(None, "ä" * 120, 1),) * 100))


def test_a_sign_off_names_its_documents_and_stays_on_record_when_it_is_opened_again() -> None:
    decided = statement.decide(decide(EMPTY, entered()), signing(), "USD", NOW)
    assert decided.names == ("doc",)
    assert decided.state.signed is not None
    assert decided.state.signed == Signed("Olivia", READ, Figures(1000, 1000, 1000), ("doc",), "", {"2026-01": READ})
    with pytest.raises(Refused, match="signed off"):
        decide(decided.state, entered())
    with pytest.raises(Refused, match="already"):
        decide(decided.state, signing())
    opened = decide(decided.state, Reopened("Olivia"))
    assert (opened.signed, len(opened.earlier)) == (None, 1)
    with pytest.raises(Refused, match="not signed off"):
        decide(opened, Reopened("Olivia"))


def test_a_sign_off_needs_a_statement_that_agrees_or_says_why_not() -> None:
    with pytest.raises(Refused, match="ending balance"):
        decide(EMPTY, signing())
    state = decide(EMPTY, entered())
    with pytest.raises(Refused, match="meanwhile"):
        decide(state, signing(adjusted=999))
    with pytest.raises(Refused, match="meanwhile"):  # other items that come to the same
        decide(replace(state, entered_at=NOW + timedelta(seconds=1)), signing())
    for journal, ledgers in ((999, 1000), (1000, 999)):
        with pytest.raises(Refused, match="do not agree"):
            decide(state, signing(1000, journal, ledgers))
    explained = decide(replace(state, note="A charge that the bank gave back."), signing(1000, 999, 999))
    assert explained.signed is not None
    assert explained.signed.note == "A charge that the bank gave back."


def test_months() -> None:
    assert statement.end_of("2024-02").isoformat() == "2024-02-29"
    assert statement.end_of("2026-11").isoformat() == "2026-11-30"
    assert statement.months_until("2026-02", 4) == ["2026-02", "2026-01", "2025-12", "2025-11"]
    assert statement.months_until("2026-12", 2) == ["2026-12", "2026-11"]
    assert statement.listing(EMPTY).list == (f"{FIRM}/statements/7", "2026-01")


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-00", "abcdefg", "0000-01", "2026-1x", "20261-1", "²026-01"])
def test_a_month_that_is_none_is_refused(month: str) -> None:
    with pytest.raises(Refused, match="Choose a month"):
        statement.end_of(month)
