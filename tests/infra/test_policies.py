"""Each function may do what its work needs and nothing else: read off the policy files themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CHALICE = Path(__file__).parents[2] / ".chalice"
FUNCTIONS = ("api_handler", "sweep", "reconcile", "work", "mail_events")
READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
WRITES = {
    f"dynamodb:{verb}" for verb in ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "BatchWriteItem")
}
EVERY = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
# The second is none of AWS's, where the first covers both; the emulator asks for it.
ENQUEUE = {"sqs:SendMessage", "sqs:SendMessageBatch"}
TOKENS = {"kms:Encrypt", "kms:Decrypt"}
QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}
ALLOWED = {
    "api_handler": EVERY | READS | WRITES | TOKENS | ENQUEUE | {"secretsmanager:GetSecretValue"},
    "sweep": EVERY | READS | WRITES | ENQUEUE,
    "reconcile": EVERY | READS | WRITES | ENQUEUE,
    "work": EVERY
    | READS
    | WRITES
    | TOKENS
    | QUEUE
    | ENQUEUE
    | {"secretsmanager:GetSecretValue", "ses:SendEmail", "ses:SendRawEmail"},
    "mail_events": EVERY | READS | WRITES | ENQUEUE,
}
# Whole tables (not indexes) that a function may write to.
WRITTEN = {
    "api_handler": {"States", "Journal", "Effects", "Calls", "Documents", "Records"},
    "sweep": {"Effects", "Records"},
    "reconcile": {"Effects", "Records"},
    "work": {"States", "Journal", "Effects", "Calls", "Documents", "Records"},
    "mail_events": {"States", "Journal", "Effects", "Documents", "Records"},
}
# X-Ray has no resources; the emulator's SES knows none, so that the local stage alone has the star there.
STAR_RESOURCES = {("Traces", '"*"'), ("Mail", "the local stage alone")}


def statements(function: str) -> list[dict[str, Any]]:
    return list(json.loads((CHALICE / f"policy-{function}.json").read_text())["Statement"])


def test_every_function_has_a_policy_of_its_own() -> None:
    config = json.loads((CHALICE / "config.json").read_text())
    named = {name: part["iam_policy_file"] for name, part in config["lambda_functions"].items()}
    assert named == {name: f"policy-{name}.json" for name in FUNCTIONS}
    assert config["autogen_policy"] is False


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_only_what_is_listed_here(function: str) -> None:
    actions = {action for statement in statements(function) for action in statement["Action"]}
    assert actions == ALLOWED[function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_action_holds_a_star_and_nothing_scans(function: str) -> None:
    actions = [action for statement in statements(function) for action in statement["Action"]]
    assert not [action for action in actions if "*" in action or "Scan" in action]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_the_listed_resources_are_a_star(function: str) -> None:
    found = set()
    for statement in statements(function):
        resource = statement["Resource"]
        if isinstance(resource, dict) and "Fn::If" in resource:
            condition, on_aws, elsewhere = resource["Fn::If"]
            assert condition == "OnAws"
            assert '"*"' not in json.dumps(on_aws)
            if elsewhere == "*":
                found.add((statement["Sid"], "the local stage alone"))
        elif '"*"' in json.dumps(resource):
            found.add((statement["Sid"], '"*"'))
    assert found <= STAR_RESOURCES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_its_own_tables_only(function: str) -> None:
    written = set()
    for statement in statements(function):
        if WRITES & set(statement["Action"]):
            resource = statement["Resource"]
            for one in resource if isinstance(resource, list) else [resource]:
                written.add(one["Fn::GetAtt"][0].removesuffix("Table"))
    assert written == WRITTEN[function]


@pytest.mark.parametrize("function", ["api_handler", "work"])
def test_tokens_open_only_under_their_firm_and_neighbour(function: str) -> None:
    (tokens,) = [statement for statement in statements(function) if statement["Sid"] == "Tokens"]
    assert tokens["Condition"] == {
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["firm", "neighbour"]},
    }
    assert tokens["Resource"] == {"Fn::GetAtt": ["TokenKey", "Arn"]}


def test_the_sweep_cannot_put_or_delete_an_effect() -> None:
    (effects,) = [statement for statement in statements("sweep") if statement["Sid"] == "Effects"]
    assert set(effects["Action"]) == {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"}
