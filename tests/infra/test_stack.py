"""The local stage with a stand-in program: packaged, deployed by CloudFormation, IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.ports import Ports
from infra.local.preflight import NotReady, emulator_program
from infra.local.stack import Stack
from infra.package import ROOT
from tests.infra.standin import a_project


def _installed() -> bool:
    try:
        emulator_program(ROOT)
    except NotReady:
        return False
    return True


pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(not _installed(), reason="the emulator is not installed: make setup"),
]
EVERYTHING = ("write", "read", "scan", "due", "enqueue", "settings", "seal", "mail")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    with Stack(folder / "state", ports=Ports.any_free(), project=a_project(folder / "project")) as stack:
        yield stack


def tried(stack: Stack, what: str) -> str:
    return str(requests.post(f"{stack.url}/try/{what}", json={}, timeout=30).json()["answer"])


def scheduled(stack: Stack, function: str) -> dict[str, Any]:
    event = {"version": "0", "account": "0", "region": "us-east-1", "detail-type": "t", "source": "s", "id": "1"}
    payload = {**event, "time": "2026-03-02T15:00:00Z", "resources": [], "detail": {"try": list(EVERYTHING)}}
    return dict(stack.invoke(function, payload))


def allowed(answers: dict[str, Any]) -> set[str]:
    assert set(answers.values()) <= {"done", "AccessDenied"}, answers
    return {what for what, answer in answers.items() if answer == "done"}


def enqueue(stack: Stack, *what: str) -> None:
    sqs = stack.emulator.account.client("sqs")
    url = sqs.get_queue_url(QueueName="fee-simple-local-work")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(what))


def worked(stack: Stack) -> list[dict[str, Any]]:
    lines = stack.logs()["work"].splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"message": "worked"')]


def test_the_api_may_not_send_mail_nor_scan(stack: Stack) -> None:
    answers = {what: tried(stack, what) for what in EVERYTHING}
    assert allowed(answers) == {"write", "read", "due", "enqueue", "settings", "seal"}


def test_the_sweep_may_only_look_at_what_is_due_and_enqueue(stack: Stack) -> None:
    assert allowed(scheduled(stack, "sweep")) == {"due", "enqueue"}


def test_the_reconciliation_may_read_but_not_write_states(stack: Stack) -> None:
    assert allowed(scheduled(stack, "reconcile")) == {"read", "due", "enqueue"}


def test_work_may_do_everything_but_scan(stack: Stack) -> None:
    enqueue(stack, *EVERYTHING)
    stack.settle(30)
    (done,) = [line for line in worked(stack) if "mail" in line]
    assert allowed({what: done[what] for what in EVERYTHING}) == set(EVERYTHING) - {"scan"}


def test_a_mail_is_kept_whole_and_its_events_come_back_with_its_tag(stack: Stack) -> None:
    before = len(stack.mailbox.all())
    enqueue(stack, "mail")
    stack.settle(30)
    (mail,) = stack.mailbox.all()[before:]
    assert (mail.to, mail.subject, mail.tags) == (["ada@example.com"], "Hello", {"effect": "e1"})
    told = [json.loads(line) for line in stack.logs()["mail_events"].splitlines() if '"mail event"' in line]
    assert {"Send", "Delivery"} <= {line["kind"] for line in told}
    assert all(line["tags"] == ["e1"] for line in told)


def test_a_failed_message_is_not_waited_for_and_not_lost(stack: Stack) -> None:
    enqueue(stack, "fail")
    assert stack.settle(30) < 10
    assert stack._depth("work")[1] == 1


def test_functions_and_sandboxes_live_on_the_stages_clock(stack: Stack) -> None:
    stack.move_clock(3600)
    assert requests.get(f"{stack.url}/time", timeout=30).json()["offset"] == "3600"
    assert (
        stack.now() - stack.now().fromisoformat(requests.get(f"{stack.url}/time", timeout=30).json()["clock"])
    ).seconds >= 3590


def test_a_function_that_does_not_exist_is_an_error(stack: Stack) -> None:
    client = stack.emulator.account.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        stack.invoke("no_such", {})


def test_a_second_stage_in_the_same_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(NotReady):
        Stack(stack.state, ports=stack.ports).up()


def test_data_outlives_a_restart_and_swapped_policies_are_refused(stack: Stack, folder: Path) -> None:
    """One restart for both, as each takes a while: the same data, and a program whose sweep has work's policy."""
    assert tried(stack, "write") == "done"
    mails = len(stack.mailbox.all())
    stack.down()
    swapped = a_project(folder / "swapped", swapped=("work", "sweep"))
    with Stack(stack.state, ports=stack.ports, project=swapped) as again:
        table = again.emulator.account.client("dynamodb")
        kept = table.get_item(TableName="fee-simple-local-states", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
        assert kept["Item"]["list_sk"] == {"S": "1"}
        assert len(again.mailbox.all()) == mails
        enqueue(again, "write", "mail", "seal", "settings")
        again.settle(30)
        refused = worked(again)[-1]
        assert {refused[what] for what in ("write", "mail", "seal", "settings")} == {"AccessDenied"}
