"""The doors that are not pages: schedule, queue and mail events, as Lambda calls them; and what each Lambda imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chalice.local import LambdaContext

import app
from chalicelib.domain import effects
from chalicelib.domain.kernel import Effect, Neighbour, lane_of
from chalicelib.web import door
from tests.web.visit import PagesWorld, a_seeded_world
from tests.world import Stage, connect

ROOT = Path(__file__).parents[1]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A set-up firm behind the shipped app."""
    world = a_seeded_world()
    made = connect(world, trust=False)
    door.use(world)
    yield made
    door.use(app.live)


def invoke(name: str, payload: dict[str, Any], seconds: int = 90) -> Any:
    """As Lambda calls it, with so many seconds before its time-out."""
    return app.app.handler_map[name](payload, LambdaContext(name, 512, max_runtime_ms=seconds * 1000))


def minute() -> dict[str, Any]:
    """What EventBridge sends for a schedule."""
    return {
        "version": "0",
        "account": "1",
        "region": "us-east-1",
        "detail": {},
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "time": "2026-11-02T09:00:00Z",
        "id": "1",
        "resources": [],
    }


def messages(*lanes: str) -> dict[str, Any]:
    bodies = [json.dumps({"lane": lane, "correlation": f"c{n}"}) for n, lane in enumerate(lanes)]
    return {"Records": [{"messageId": str(n), "receiptHandle": "x", "body": body} for n, body in enumerate(bodies)]}


def hinted(stage: Stage) -> list[str]:
    return list(stage.world.queue.told)


def test_the_sweep_hints_lanes_with_something_due(stage: Stage) -> None:
    stage.world.queue.take()
    invoke("sweep", minute())
    assert any("|clio|" in lane for lane in hinted(stage))


def test_the_nightly_run_owes_a_comparison(stage: Stage) -> None:
    stage.resync()
    invoke("reconcile", minute())
    assert stage.world.store.effect(f"{stage.firm}/self.reconcile/nightly") or any("|self|" in h for h in hinted(stage))


def test_the_queue_drains_the_lanes_it_names(stage: Stage) -> None:
    invoke("sweep", minute())
    lanes = stage.world.queue.take()
    assert invoke("work", messages(*lanes)) == {"batchItemFailures": []}
    assert stage.world.store.listed(f"{stage.firm}/payables/open", limit=5).items


def test_a_lane_for_which_no_time_is_left_is_handed_on(stage: Stage) -> None:
    stage.world.queue.take()
    assert invoke("work", messages(f"{stage.firm}|clio|us/1"), seconds=10) == {"batchItemFailures": []}
    assert hinted(stage) == [f"{stage.firm}|clio|us/1"]


def test_a_doubled_message_is_worked_once(stage: Stage) -> None:
    lane = f"{stage.firm}|clio|us/1"
    assert invoke("work", messages(lane, lane)) == {"batchItemFailures": []}


def test_a_message_that_cannot_be_worked_fails_alone(stage: Stage) -> None:
    nobody = lane_of("nobody", Neighbour.CLIO, "us/1")
    stage.world.store.arrive(effects.look_bill("nobody", nobody, "1", stage.world.now()))
    told = invoke("work", messages(nobody, f"{stage.firm}|clio|us/1"))
    assert told == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_a_lanes_bug_is_counted_and_the_other_messages_go_on(stage: Stage) -> None:
    lane = lane_of(stage.firm, Neighbour.SELF)
    odd = Effect(f"{stage.firm}/odd/1", "self.resync", stage.firm, "firm", lane, stage.world.now())
    stage.world.store.arrive(odd)
    invoke("sweep", minute())
    clio = next(h for h in hinted(stage) if "|clio|" in h)
    invoke("work", messages(lane, clio))
    assert stage.world.metrics["bugs"] == 1
    assert stage.world.store.listed(f"{stage.firm}/payables/open", limit=5).items


def test_a_mail_event_without_our_tag_is_passed_over(stage: Stage) -> None:
    assert isinstance(stage.world, PagesWorld)
    stage.world.hooks = app.live.hooks
    told = {"Message": json.dumps({"eventType": "Bounce", "mail": {}}), "MessageId": "m1", "Subject": ""}
    record = {"Sns": {**told, "MessageAttributes": {}}}
    invoke("mail_events", {"Records": [record]})


# --- what a cold start imports ----------------------------------------------------------------------------------------


def imported_by(function: str) -> set[str]:
    """Modules in a fresh process that has imported app.py as this Lambda does."""
    code = "import sys, app; print('\\n'.join(sys.modules))"
    env = {
        **os.environ,
        "AWS_LAMBDA_FUNCTION_NAME": f"fee-simple-local-{function}",
        "PUBLIC_URL": "https://fee.test",
        "STAGE": "local",
    }
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return set(told.stdout.split())


HEAVY = {"stripe", "requests", "jinja2", "boto3", "aws_lambda_powertools", "flask"}


@pytest.mark.parametrize("function", ["sweep", "reconcile", "work", "mail_events"])
def test_event_lambdas_bring_in_neither_pages_nor_neighbours(function: str) -> None:
    found = imported_by(function)
    assert not found & HEAVY
    assert not {m for m in found if m.startswith("chalicelib.web")}


def test_the_page_lambda_brings_in_no_neighbour_before_it_is_asked() -> None:
    found = imported_by("api_handler")
    assert "chalicelib.web.desk" in found
    assert not found & HEAVY
    assert not {m for m in found if m.startswith(("chalicelib.clio", "chalicelib.stripe", "chalicelib.quickbooks"))}
