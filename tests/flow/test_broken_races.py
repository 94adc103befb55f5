"""Two people decide about one broken link, and what is noticed in QuickBooks from when on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.kernel import Effect
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import broken, capturing
from chalicelib.flow.settle import policy_of
from tests.flow import acts, races
from tests.flow.acts import STAFF
from tests.world import Stage


@pytest.fixture(scope="module")
def synced() -> Stage:
    stage = acts.a_synced_stage(hooks=True)
    stage.pass_time(minutes=10)
    return stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    acts.BUILT.append(synced)
    return synced


def a_broken_link(stage: Stage, number: str) -> Effect:
    """Somebody deleted this bill's invoice in QuickBooks, and a person is asked."""
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, acts.invoice(stage, number)["Id"])
    stage.pass_time(1, minutes=4)
    [task] = acts.tasks(stage, "broken")
    return task


def test_what_somebody_else_decides_while_the_page_is_opened_is_settled(stage: Stage) -> None:
    task = a_broken_link(stage, "1042")

    def other() -> None:
        broken.decide(stage.world, stage.firm, task.key, "again", "", STAFF)

    with races.before(stage.world.store, "load", other), pytest.raises(Refused, match="already settled"):
        broken.choices(stage.world, stage.firm, task.key)
    stage.pass_time(1, minutes=4)
    assert acts.cents(acts.invoice(stage, "1042")["TotalAmt"]) == acts.payable(stage, "1042").asks


def test_a_decision_that_meets_others_again_and_again_changes_nothing(stage: Stage) -> None:
    task = a_broken_link(stage, "1046")
    with races.before(stage.world.store, "commit", races.taken, times=5), pytest.raises(Conflict):
        broken.decide(stage.world, stage.firm, task.key, "again", "", STAFF)
    assert acts.tasks(stage, "broken") == [task]
    broken.decide(stage.world, stage.firm, task.key, "again", "", STAFF)
    stage.pass_time(1, minutes=4)
    assert acts.tasks(stage, "broken") == []


def test_what_is_noticed_begins_once_and_only_where_there_is_a_company(stage: Stage) -> None:
    policy, place = policy_of(stage.world, stage.firm), f"captured/{stage.firm}"
    before = stage.world.store.record(place, policy.lanes.book)
    assert before is not None
    stage.world.clock.move(seconds=timedelta(minutes=1).total_seconds())
    capturing.begin(stage.world, policy)
    assert stage.world.store.record(place, policy.lanes.book) == before, "what came meanwhile is not skipped"
    capturing.begin(stage.world, replace(policy, lanes=replace(policy.lanes, realm="")))
    assert [sk for sk, _ in stage.world.store.records(place)] == [policy.lanes.book]
