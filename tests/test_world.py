"""The live world: its clock, what it logs, whom its forms may lead to, and how it tells workers."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from logging import StreamHandler
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.world import LiveWorld, WorkQueue, group_of, places


class Settled(LiveWorld):
    """With settings given, instead of the stage's secret."""

    def __init__(self, settings: dict[str, str] | None = None, **environ: str) -> None:
        super().__init__({"PUBLIC_URL": "https://fee.test/", "STAGE": "prod", **environ})
        self.given = settings or {}

    def setting(self, name: str) -> str:
        return self.given.get(name, "")


class Sqs:
    """A queue that keeps what it is sent, or is not there."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down
        self.batches: list[list[dict[str, Any]]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        if self.down:
            raise EndpointConnectionError(endpoint_url=QueueUrl)
        self.batches.append(Entries)
        return {}


def a_queue(sqs: Sqs) -> WorkQueue:
    queue = WorkQueue(Settled(), "https://sqs.test/work")
    queue.__dict__["_sqs"] = sqs
    return queue


def off_by(world: LiveWorld) -> timedelta:
    return world.now() - datetime.now(UTC)


def test_the_local_stage_follows_its_clock_file(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("259200\n")
    world = Settled(STAGE="local", CLOCK_FILE=str(clock))
    assert abs(off_by(world) - timedelta(days=3)) < timedelta(seconds=5)


def test_no_other_stage_follows_a_clock_file(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("259200")
    assert abs(off_by(Settled(CLOCK_FILE=str(clock)))) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["", "soon", "12.5"])
def test_an_odd_clock_file_does_not_stop_the_stage(tmp_path: Path, text: str) -> None:
    clock = tmp_path / "clock"
    clock.write_text(text)
    world = Settled(STAGE="local", CLOCK_FILE=str(clock))
    assert abs(off_by(world)) < timedelta(seconds=20)


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert Settled().public_url == "https://fee.test"


@pytest.mark.parametrize(
    ("url", "stage", "hooks"),
    [
        ("https://fee.test/", "prod", "https://fee.test"),
        ("http://fee.test", "prod", ""),
        ("http://localhost:8000", "local", "http://localhost:8000"),
    ],
)
def test_news_is_asked_for_under_https_or_on_this_machine(url: str, stage: str, hooks: str) -> None:
    assert Settled(PUBLIC_URL=url, STAGE=stage).hooks_url == hooks


def test_only_registered_regions_are_offered() -> None:
    assert Settled({"CLIO_EU_CLIENT_ID": "x"}).regions == ("eu",)


def test_a_neighbours_own_domain_may_follow_a_form() -> None:
    assert places(["https://eu.app.clio.com"]) == ("https://eu.app.clio.com", "https://*.clio.com")


def test_a_sandbox_is_named_as_it_is() -> None:
    assert places(["http://127.0.0.1:8010/stripe", ""]) == ("http://127.0.0.1:8010",)


def test_a_pay_form_leads_to_stripe_and_nowhere_else() -> None:
    world = Settled({"STRIPE_CONNECT_BASE": "https://connect.stripe.com", "CLIO_US_BASE": "https://app.clio.com"})
    assert world.form_hosts("pay") == ("https://connect.stripe.com", "https://*.stripe.com")


def test_a_log_line_is_json_with_the_correlation_id(capsys: pytest.CaptureFixture[str]) -> None:
    world = Settled()
    handler = world._logger.registered_handler  # one for the whole process
    assert isinstance(handler, StreamHandler)
    handler.setStream(sys.stdout)
    world.correlate("req-1")
    world.log("looked", firm="us-1")
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["message"], line["correlation_id"], line["firm"]) == ("looked", "req-1", "us-1")


def test_what_was_counted_is_written_on_flush(capsys: pytest.CaptureFixture[str]) -> None:
    world = Settled()
    world.count("bugs")
    world.count("webhook_pointers", 2, neighbour="stripe")
    world.flush()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert {name for line in told for name in ("bugs", "webhook_pointers") if name in line} == {
        "bugs",
        "webhook_pointers",
    }


def test_every_request_without_an_id_gets_one_of_its_own() -> None:
    world = Settled()
    assert world.correlate() != world.correlate()


def test_lanes_are_hinted_once_each_in_batches_of_ten_grouped_by_firm() -> None:
    sqs = Sqs()
    queue = a_queue(sqs)
    queue.world.correlate("req-1")
    queue.hint([*(f"us-{n}|clio|us/{n}" for n in range(12)), "us-1|clio|us/1"])
    assert [len(batch) for batch in sqs.batches] == [10, 2]
    first = sqs.batches[0][0]
    assert first["MessageGroupId"] == "us-0"
    assert json.loads(first["MessageBody"]) == {"lane": "us-0|clio|us/0", "correlation": "req-1"}


def test_a_hint_for_later_waits_in_the_queue_in_whole_seconds() -> None:
    sqs = Sqs()
    a_queue(sqs).hint(["us-1|clio|us/1"], after=12.2)
    a_queue(sqs).hint(["us-1|clio|us/1"], after=5000)
    assert [batch[0]["DelaySeconds"] for batch in sqs.batches] == [13, 900]


def test_a_hint_that_cannot_be_sent_is_no_error() -> None:
    a_queue(Sqs(down=True)).hint(["us-1|clio|us/1"])


def test_a_group_has_only_characters_that_sqs_takes() -> None:
    assert group_of("us 1/é|clio|x") == "us-1--"
    assert group_of("") == "none"
