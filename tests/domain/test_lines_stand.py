"""Which changes of a bill need its lines again before QuickBooks is written, and which only a check afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import billing
from chalicelib.domain.billing import BillSeen, LinesRead
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Known, Payable, Standing
from chalicelib.domain.readings import BillReading, BillState, ClientReading, Pot
from tests.builders import NOW, TODAY, a_bill
from tests.domain.given import a_policy, a_share, kinds, one

POLICY = a_policy()
LATER = NOW + timedelta(hours=1)


def with_lines(**fields: Any) -> Payable:
    """A payable as it stands after its first reading, its lines read."""
    first = billing.seen(None, BillSeen(a_bill(), (), NOW), POLICY, NOW).state
    return replace(billing.lines_read(first, LinesRead(1, "doc-1"), POLICY, NOW).state, **fields)


def changed(before: Payable, **bill: Any) -> Decision[Payable]:
    return billing.seen(before, BillSeen(a_bill(etag="new", **bill), None, LATER), POLICY, LATER)


@pytest.mark.parametrize(
    "bill",
    [
        {"due_on": TODAY + timedelta(days=90)},
        {"issued_on": TODAY - timedelta(days=9)},
        {"number": "1042-A"},
        {"client": ClientReading("78", "Another client")},
    ],
)
def test_a_field_of_the_bills_own_is_written_at_once_with_the_lines_as_read(bill: dict[str, Any]) -> None:
    told = changed(with_lines(), **bill)
    assert (told.state.revision, told.state.lines, told.state.lines_revision) == (2, "doc-1", 2)
    check = one(told.effects, Do.READ_LINES)
    assert Do.INVOICE in kinds(told)
    assert check.body == {"bill": told.state.id, "revision": 2, "paced": True, "check": True}
    assert timedelta(minutes=2) <= check.due_at - LATER < timedelta(minutes=27)


@pytest.mark.parametrize("bill", [{"asks": 99_00, "total": 99_00}, {"tax": 1_00}, {"interest": 1}, {"discount": 5}, {}])
def test_another_amount_or_a_change_that_nothing_explains_reads_the_lines_first(bill: dict[str, Any]) -> None:
    told = changed(with_lines(), due_on=TODAY + timedelta(days=90), **bill) if bill else changed(with_lines())
    assert Do.INVOICE not in kinds(told)
    assert "check" not in one(told.effects, Do.READ_LINES).body


def test_lines_that_are_still_being_read_do_not_stand() -> None:
    told = changed(with_lines(lines_revision=0), due_on=TODAY + timedelta(days=90))
    assert Do.INVOICE not in kinds(told)


def test_lines_are_checked_too_where_what_was_received_explains_the_new_etag() -> None:
    before = with_lines()
    told = changed(before, balance=0, paid=before.asks, state=BillState.PAID)
    assert (told.state.revision, told.state.lines_revision) == (1, 1), "nothing is written for it"
    check = one(told.effects, Do.READ_LINES)
    assert check.body == {"bill": before.id, "revision": 1, "paced": True, "check": True}
    assert check.key == key_of(before.firm, Do.READ_LINES, f"{before.id}/1/1"), "the reading of this revision is done"


@pytest.mark.parametrize("fields", [{"lines_revision": 0}, {"lines": ""}, {"pot": Pot.TRUST}])
def test_lines_that_are_not_known_are_not_checked(fields: dict[str, Any]) -> None:
    told = changed(with_lines(**fields), balance=1, paid=2)
    assert Do.READ_LINES not in kinds(told)


def test_a_check_that_finds_other_lines_makes_a_revision_of_its_own() -> None:
    state = changed(with_lines(), number="1042-A").state
    told = billing.lines_read(state, LinesRead(2, "doc-2"), POLICY, LATER)
    assert (told.state.revision, told.state.lines_revision, told.state.lines) == (3, 3, "doc-2")
    assert one(told.effects, Do.INVOICE).body["revision"] == 3
    assert told.closes == (key_of(state.firm, Do.INVOICE, f"{state.id}/2"),)
    assert told.names == ("doc-2",)


# --- what was received ------------------------------------------------------------------------------------------------


def reading(state: Payable, **fields: Any) -> BillReading:
    same: dict[str, Any] = {"balance": state.balance, "paid": state.paid, "credits": state.credits}
    return a_bill(**{**same, "pending": state.pending, "state": state.bill_state, **fields})


@pytest.mark.parametrize("moved", [{"balance": 1}, {"paid": 1}, {"credits": 1}, {"pending": 1}])
def test_a_figure_that_moved_means_that_something_was_received(moved: dict[str, Any]) -> None:
    state = with_lines()
    assert not billing.receipts_moved(state, reading(state))
    assert billing.receipts_moved(state, reading(state, **moved))


def test_while_a_payment_of_ours_is_not_shown_every_look_reads_what_was_received() -> None:
    state = with_lines(shares=(a_share(),))
    assert billing.receipts_moved(state, reading(state))


def test_a_receipt_not_sorted_yet_is_read_again() -> None:
    state = with_lines(receipts=(Known("7", 100, TODAY, "g", "payment", "", Standing.NEW),))
    assert billing.receipts_moved(state, reading(state))


def test_a_trust_requests_deposits_are_always_read() -> None:
    state = with_lines(pot=Pot.TRUST)
    assert billing.receipts_moved(state, reading(state))
