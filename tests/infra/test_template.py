"""The template that `chalice package` makes of app.py, .chalice and infra/resources.yaml."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml  # type: ignore[import-untyped]

from infra.package import LARGEST_ZIP_BYTES, ROOT, Package, package

pytestmark = pytest.mark.skipif(not (ROOT / "app.py").exists(), reason="there is no app.py yet")

FUNCTIONS = {"APIHandler": 29, "Sweep": 60, "Reconcile": 300, "Work": 90, "MailEvents": 30}


@pytest.fixture(scope="module")
def built() -> Package:
    return package()


@pytest.fixture(scope="module")
def template(built: Package) -> dict[str, Any]:
    return dict(yaml.safe_load(built.template.read_text()))


def functions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    kind = "AWS::Serverless::Function"
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def test_it_passes_cfn_lint(built: Package) -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), str(built.template)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_there_are_the_five_functions_with_their_time_limits(template: dict[str, Any]) -> None:
    assert {name: one["Timeout"] for name, one in functions(template).items()} == FUNCTIONS


def test_every_function_has_512_megabytes_tracing_and_a_role_of_its_own(template: dict[str, Any]) -> None:
    roles = set()
    for one in functions(template).values():
        assert (one["MemorySize"], one["Tracing"]) == (512, "Active")
        roles.add(one["Role"]["Fn::GetAtt"][0])
    assert len(roles) == len(FUNCTIONS)


def test_failed_messages_are_reported_one_by_one_and_end_in_the_dead_letter_queue(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    source = resources["Work"]["Properties"]["Events"]["WorkSqsEventSource"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BatchSize"] == 10
    assert source["ScalingConfig"]["MaximumConcurrency"] == 20
    queue = resources["WorkQueue"]["Properties"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS["Work"]
    assert queue["SqsManagedSseEnabled"] and resources["DeadLetters"]["Properties"]["SqsManagedSseEnabled"]


def test_the_schedules_are_every_minute_and_nightly(template: dict[str, Any]) -> None:
    found = {
        name: event["Properties"]["Schedule"]
        for name, one in functions(template).items()
        for event in one.get("Events", {}).values()
        if event["Type"] == "Schedule"
    }
    assert found == {"Sweep": "rate(1 minute)", "Reconcile": "cron(10 7 * * ? *)"}


def test_every_table_is_on_demand_restorable_and_kept(template: dict[str, Any]) -> None:
    tables = [one for one in template["Resources"].values() if one["Type"] == "AWS::DynamoDB::Table"]
    assert len(tables) == 6
    for table in tables:
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_there_is_an_alarm_for_everything_that_must_not_go_unseen(template: dict[str, Any]) -> None:
    alarms = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    metrics = {alarm["MetricName"] for alarm in alarms}
    assert {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage",
        "Errors",
        "Throttles",
        "Invocations",
        "5XXError",
        "effects_parked",
        "Reputation.BounceRate",
        "Reputation.ComplaintRate",
    } == metrics
    watched = {alarm["Dimensions"][0]["Value"]["Ref"] for alarm in alarms if alarm["MetricName"] == "Errors"}
    assert watched == set(FUNCTIONS)
    assert all(alarm["AlarmActions"] for alarm in alarms)


def test_the_api_is_regional_and_compresses(template: dict[str, Any]) -> None:
    api = template["Resources"]["RestAPI"]["Properties"]
    assert api["EndpointConfiguration"] == "REGIONAL"
    assert api["MinimumCompressionSize"] == 1024


def test_it_holds_no_clock_no_emulator_and_no_secret(built: Package) -> None:
    text = built.template.read_text()
    assert not re.findall(r"CLOCK_FILE|AWS_ENDPOINT_URL|CLIENT_SECRET|whsec|sk_(?:test|live)|127\.0\.0\.1", text)


def test_the_zip_is_small_and_holds_what_runs_only(built: Package) -> None:
    assert built.zip.stat().st_size < LARGEST_ZIP_BYTES
    with ZipFile(built.zip) as zipped:
        tops = {name.partition("/")[0] for name in zipped.namelist()}
    assert {"app.py", "chalicelib", "chalice", "pynamodb", "botocore", "stripe"} <= tops
    assert not tops & {"pip", "setuptools", "tests", "infra", "boto3"}


def test_the_zip_imports_without_anything_around_it(built: Package, tmp_path: Path) -> None:
    with ZipFile(built.zip) as zipped:
        zipped.extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import app; print(app.app.app_name)"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ran.stdout.strip() == "fee-simple", ran.stderr
