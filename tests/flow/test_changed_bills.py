"""Bills that a page of Clio's shows changed: looked at with it, or owed as looks of their own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Status
from chalicelib.errors import Unavailable
from chalicelib.flow import feeds, looking, polling
from chalicelib.flow.budget import Floor
from chalicelib.flow.feeds import Tally
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from tests.flow import acts, races
from tests.flow.acts import clio_id, payable
from tests.world import Stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all; each test changes other bills."""
    acts.BUILT.append(synced)
    synced.pass_time(1, minutes=2)
    return synced


def changed(stage: Stage, number: str, day: int) -> None:
    stage.world.clio_box.people.edit_bill(number, due_at=date(2026, 12, day))


def due(stage: Stage, number: str) -> int:
    """The day in December on which we hold it due; 0 for another month."""
    on = payable(stage, number).due_on
    return on.day if on and on.month == 12 else 0


def read(stage: Stage, *, warily: bool = False) -> Tally:
    """One poll of the bills, and nothing of what follows from it."""
    tally = Tally(warily=warily)
    policy = policy_of(stage.world, stage.firm)
    feeds.poll_clio(stage.world, Reach(stage.world, stage.firm, policy.lanes, Floor.POLL), policy, tally, ("bills",))
    return tally


def look(stage: Stage, number: str) -> Effect | None:
    return stage.world.store.effect(effects.key_of(stage.firm, Do.LOOK_BILL, payable(stage, number).id))


def test_a_changed_bill_is_looked_at_with_the_page_that_shows_it(stage: Stage) -> None:
    before = look(stage, "1046")
    changed(stage, "1046", 3)
    assert read(stage).changed == 1
    assert (due(stage, "1046"), look(stage, "1046")) == (3, before)
    assert read(stage).changed == 0


def test_after_a_run_that_failed_each_changed_bill_is_owed_as_a_look(stage: Stage) -> None:
    changed(stage, "1047", 4)
    assert read(stage, warily=True).changed == 1
    assert due(stage, "1047") == 0
    assert (owed := look(stage, "1047")) and owed.status is Status.OWED
    stage.work()
    assert due(stage, "1047") == 4


def test_a_poll_that_failed_before_is_wary(stage: Stage) -> None:
    key = effects.key_of(stage.firm, Do.POLL_CLIO, polling.TOLD)
    stage.world.store.postpone(key, stage.world.now(), tries=1)
    changed(stage, "1049", 5)
    poll = stage.world.store.effect(key)
    assert poll is not None
    polling.poll(stage.world, policy_of(stage.world, stage.firm), poll)
    assert (owed := look(stage, "1049")) and owed.status is Status.OWED


def test_a_bill_on_which_something_was_received_is_owed_as_a_look(stage: Stage) -> None:
    stage.world.clio_box.people.record_payment({"1050": 10})
    assert read(stage).changed == 1
    assert (owed := look(stage, "1050")) and owed.status is Status.OWED
    stage.work()


def test_a_look_that_waits_for_a_person_is_pointed_at_and_ends(stage: Stage) -> None:
    id = payable(stage, "1046").id
    rows, number = stage.world.clio_box.state.rows["bills"], clio_id(stage, "1046")
    bill = rows.pop(number)
    looking.point_at_bill(stage.world, policy_of(stage.world, stage.firm), id)
    stage.work()
    assert (hidden := look(stage, "1046")) and hidden.status is Status.PARKED
    rows[number] = bill
    changed(stage, "1046", 7)
    read(stage)
    assert (owed := look(stage, "1046")) and owed.status is Status.OWED
    stage.work()
    assert (done := look(stage, "1046")) and done.status is Status.DONE


@pytest.mark.parametrize("problem", ["taken", "down"])
def test_what_moves_or_gets_no_answer_at_that_moment_is_owed_as_a_look(stage: Stage, problem: str) -> None:
    def down() -> None:
        raise Unavailable("down")

    number, day = ("1055", 8) if problem == "taken" else ("1056", 9)
    changed(stage, number, day)
    with races.before(stage.world.store, "commit", races.taken if problem == "taken" else down):
        assert read(stage).changed == 1
    assert (owed := look(stage, number)) and owed.status is Status.OWED
    stage.work()
    assert due(stage, number) == day


def test_a_bill_that_its_own_reading_does_not_show_is_owed_as_a_look(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(stage, "1046", 10)
    rows, number = stage.world.clio_box.state.rows["bills"], clio_id(stage, "1046")
    real, bill = stage.world.clio.bills_by_id, rows[number]

    def gone(*args: Any) -> Any:
        del rows[number]
        return real(*args)

    monkeypatch.setattr(stage.world.clio, "bills_by_id", gone)
    assert read(stage).changed == 1
    rows[number] = bill
    monkeypatch.undo()
    assert (owed := look(stage, "1046")) and owed.status is Status.OWED
    stage.work()
    assert due(stage, "1046") == 10
