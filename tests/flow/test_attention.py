"""Needs attention: each thing that waits for a person is closed in its own way, and in no other."""

from __future__ import annotations

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Effect, Json, Status
from chalicelib.errors import Refused
from chalicelib.flow import attention
from tests.flow import acts
from tests.flow.acts import STAFF
from tests.world import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return acts.a_stage(trust=False)


def a_task(stage: Stage, name: str, body: Json | None = None) -> Effect:
    words = {"title": name, "reason": "Something happened.", "remedy": "See to it."}
    made = effects.task(stage.firm, name, "firm", stage.world.now(), body=body, **words)
    stage.world.store.arrive(made)
    return made


def status(stage: Stage, task: Effect) -> Status:
    found = stage.world.store.effect(task.key)
    assert found is not None
    return found.status


def test_a_task_is_done_and_never_retried(stage: Stage) -> None:
    task = a_task(stage, "look")
    with pytest.raises(Refused, match="press Done when it is done"):
        attention.retry(stage.world, stage.firm, task.key, STAFF)
    assert status(stage, task) is Status.PARKED
    attention.done(stage.world, stage.firm, task.key, STAFF)
    assert status(stage, task) is Status.DONE


def test_whether_it_is_the_same_money_is_never_answered_with_done(stage: Stage) -> None:
    task = a_task(stage, "match/1/2", {"receipt": "2"})
    with pytest.raises(Refused, match="Say whether it is the same money"):
        attention.done(stage.world, stage.firm, task.key, STAFF)
    assert status(stage, task) is Status.PARKED


def test_an_answer_about_an_invoice_that_is_not_there_is_refused(stage: Stage) -> None:
    with pytest.raises(Refused, match="There is no such invoice"):
        attention.separate(stage.world, stage.firm, "999999", "1", STAFF)
