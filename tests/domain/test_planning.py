"""The next reminder is part of the state: recomputed with every change, never cancelled, never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import planning
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Decision, Status
from chalicelib.domain.payable import Active, Collection, Known, Payable, Sending, Standing
from chalicelib.domain.planning import CollectionStarted, CollectionStopped, plan
from chalicelib.domain.readings import BillState
from chalicelib.domain.reminders import Next, SetArchived, decide
from chalicelib.errors import Refused
from tests.builders import NOW, TODAY, a_payable
from tests.domain.given import a_policy, kinds, one

POLICY = a_policy()
NINE = datetime(2026, 3, 9, 13, tzinfo=UTC)  # 9 in New York, three days before the bill is due


def collected(**fields: Any) -> Payable:
    """Going through the friendly set since now; the first step is due on 9 March at 9."""
    return start(a_payable(**fields)).state


def start(state: Payable, set_id: str = "friendly") -> Decision[Payable]:
    return planning.collect(state, CollectionStarted(set_id), POLICY, NOW)


def collection(state: Payable) -> Collection:
    assert state.collection is not None
    return state.collection


# --- starting and stopping --------------------------------------------------------------------------------------------


def test_a_collection_plans_its_first_step_and_owes_the_effect_that_wakes_it() -> None:
    decision = start(a_payable())
    c = collection(decision.state)
    assert (c.set_id, c.last, c.round, c.next, c.waits) == ("friendly", -1, 2, Next(0, NINE), "")
    effect = one(decision.effects, Do.REMIND)
    assert effect.due_at == NINE
    assert effect.body == {"payable": "b1", "round": 2}
    assert effect.lane == "us-1|mail|"
    assert decision.state.seq == 1


def test_starting_the_same_set_again_changes_nothing() -> None:
    state = collected()
    assert planning.collect(state, CollectionStarted("friendly"), POLICY, NOW) == Decision(state)


def test_another_set_begins_anew_under_later_rounds() -> None:
    state = collected()
    other = start(state, "brief")
    assert collection(other.state).set_id == "brief"
    assert collection(other.state).round == collection(state).round + 2, "started, and planned"
    assert collection(other.state).last == -1


def test_stopped_and_started_again_no_effect_has_an_old_key() -> None:
    first = start(a_payable())
    stopped = planning.collect(first.state, CollectionStopped(), POLICY, NOW)
    assert stopped.state.collection is None
    again = start(stopped.state)
    assert one(again.effects, Do.REMIND).key != one(first.effects, Do.REMIND).key
    assert collection(again.state).round == 1000 * stopped.state.seq + 2, "no collection comes to 1000 rounds"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"bill_state": BillState.VOID}, "removed in Clio"),
        ({"bill_state": BillState.DELETED}, "removed in Clio"),
        ({"balance": 0}, "is paid"),
        ({"bill_state": BillState.PAID}, "is paid"),
    ],
)
def test_there_must_be_something_to_collect(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        start(a_payable(**fields))


def test_the_set_must_be_one_that_can_be_chosen() -> None:
    with pytest.raises(Refused, match="Choose a reminder set"):
        start(a_payable(), "nothing")
    archived = decide(POLICY.sets["brief"], SetArchived()).state
    policy = replace(POLICY, sets={"brief": archived})
    with pytest.raises(Refused, match="Choose a reminder set"):
        planning.collect(a_payable(), CollectionStarted("brief"), policy, NOW)


# --- what it waits for ------------------------------------------------------------------------------------------------


ASKED = Known("r1", 5, TODAY, "g", "payment", "", Standing.ASKED)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"bill_state": BillState.VOID}, "removed in Clio"),
        ({"hold": "Held."}, "Held."),
        ({"pending": 1}, "on its way"),
        ({"attempt": Active("p1", 40000, "acct", on_its_way=True)}, "bank debit"),
        ({"attempt": Active("p1", 40000, "acct")}, "paying at this moment"),
        ({"receipts": (ASKED,)}, "your decision"),
        ({"balance": 0}, "Nothing is open"),
        ({"due_on": None}, "no due date"),
    ],
)
def test_what_stands_against_a_mail_takes_the_next_one_away(changed: dict[str, Any], why: str) -> None:
    state, owed = plan(replace(collected(), **changed), POLICY, NOW)
    assert collection(state).next is None
    assert why in collection(state).waits
    assert why in planning.waits(state)
    assert owed == []


def test_when_it_is_gone_the_next_is_planned_under_a_new_round() -> None:
    before = collected()
    waiting, _ = plan(replace(before, pending=1), POLICY, NOW)
    state, owed = plan(replace(waiting, pending=0), POLICY, NOW)
    assert collection(state).next == Next(0, NINE)
    assert collection(state).waits == ""
    assert owed[0].body["round"] == collection(before).round + 1


def test_without_an_address_the_mail_is_parked_for_a_person() -> None:
    state, owed = plan(replace(collected(), client_email=""), POLICY, NOW)
    assert (collection(state).waits, collection(state).next) == (planning.NO_ADDRESS, None)
    parked = one(tuple(owed), Do.REMIND)
    assert collection(state).round == collection(collected()).round + 1
    assert parked.key == key_of("us-1", Do.REMIND, f"b1/{collection(state).round}")
    assert (parked.status, parked.reason, parked.remedy) == (Status.PARKED, planning.NO_ADDRESS, planning.ADD_ADDRESS)
    assert parked.title == "Reminder for 1042"


def test_a_parked_mail_closes_once_there_is_an_address() -> None:
    before, owed = plan(replace(collected(), client_email=""), POLICY, NOW)
    after, _ = plan(replace(before, client_email="ada@example.com"), POLICY, NOW)
    assert planning.outdated(before, after) == (owed[0].key,)
    assert planning.outdated(before, before) == ()
    assert planning.outdated(None, after) == ()
    assert planning.outdated(after, before) == ()


def test_a_stopped_collection_closes_its_parked_mail() -> None:
    waiting, owed = plan(replace(collected(), client_email=""), POLICY, NOW)
    stopped = planning.collect(waiting, CollectionStopped(), POLICY, NOW)
    assert stopped.closes == (owed[0].key,)
    assert stopped.state.seq == waiting.seq + 1
    other = planning.collect(waiting, CollectionStarted("brief"), POLICY, NOW)
    assert other.closes == (owed[0].key,)


def test_after_a_bounce_nothing_goes_to_that_address_until_there_is_another() -> None:
    state = collected()
    bounced = replace(state, collection=replace(collection(state), bounced="ada@example.com"))
    waiting, owed = plan(bounced, POLICY, NOW)
    assert collection(waiting).waits == planning.BOUNCED
    looks = one(tuple(owed), Do.REMIND)
    assert (looks.status, looks.due_at, looks.cause) == (Status.OWED, NOW + timedelta(days=1), planning.BOUNCED)
    other, owed = plan(replace(waiting, client_email="new@example.com"), POLICY, NOW)
    assert collection(other).next == Next(0, NINE)
    assert one(tuple(owed), Do.REMIND).due_at == NINE


# --- what stands ------------------------------------------------------------------------------------------------------


def test_without_a_collection_nothing_is_planned() -> None:
    state = a_payable()
    assert plan(state, POLICY, NOW) == (state, [])
    assert planning.waits(state) == ""


def test_while_a_mail_is_claimed_nothing_is_planned() -> None:
    state = replace(collected(), sending=Sending("e1", 0, NOW), pending=5)
    assert plan(state, POLICY, NOW) == (state, [])


def test_a_plan_that_stands_is_not_made_again() -> None:
    state = collected()
    assert plan(state, POLICY, NOW + timedelta(days=3)) == (state, [])


def test_an_overdue_step_keeps_the_time_it_was_first_given() -> None:
    state = collected()
    late = NINE + timedelta(hours=2)
    assert plan(state, POLICY, late) == (state, [])


def test_an_overdue_step_that_missed_the_evening_goes_in_the_morning() -> None:
    state, owed = plan(collected(), POLICY, NINE + timedelta(hours=14))
    assert collection(state).next == Next(0, NINE + timedelta(days=1))
    assert [e.due_at for e in owed] == [NINE + timedelta(days=1)]


def test_another_due_date_is_another_plan() -> None:
    before = collected()
    state, owed = plan(replace(before, due_on=TODAY + timedelta(days=11)), POLICY, NOW)
    assert collection(state).next == Next(0, NINE + timedelta(days=1))
    assert collection(state).round == collection(before).round + 1
    assert [e.due_at for e in owed] == [NINE + timedelta(days=1)]


def test_a_later_step_that_fell_due_takes_the_place_of_the_missed_one() -> None:
    state, owed = plan(collected(), POLICY, NINE + timedelta(days=5))
    assert collection(state).next == Next(1, NINE + timedelta(days=5))
    assert kinds(Decision(state, effects=tuple(owed))) == [Do.REMIND]


def test_a_set_that_is_through_plans_nothing_and_is_no_error() -> None:
    state = collected()
    through = replace(state, collection=replace(collection(state), last=3, next=None))
    assert plan(through, POLICY, NOW) == (through, [])


def test_a_set_that_is_gone_plans_nothing() -> None:
    state, owed = plan(collected(), replace(POLICY, sets={}), NOW)
    assert collection(state).next is None
    assert owed == []


def test_a_released_mail_is_not_tried_before_its_time() -> None:
    state = collected()
    until = NINE + timedelta(minutes=5)
    released = replace(state, collection=replace(collection(state), not_before=until, next=None))
    again, owed = plan(released, POLICY, NINE)
    assert collection(again).next == Next(0, until)
    assert owed[0].due_at == until
