"""Puts a built package on AWS, or on the local emulator: the same steps, another address.

Uploads zip and template to a bucket of the account, creates or updates the CloudFormation stack
``fee-simple-<stage>``, then writes the neighbours' settings into the stage's secret. Settings never enter the template.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
import yaml  # type: ignore[import-untyped]
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.package import ROOT, CannotPackage, Package, package
from infra.settings import NEIGHBOURS, BadSettings, check, read_env

_FINISHED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_BUSY = "IN_PROGRESS"
# A stack whose very first creation failed can only be removed and made anew.
_STILLBORN = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED")


class CannotDeploy(Exception):
    """CloudFormation refused or rolled back; the text holds the resources' own reasons."""


@dataclass(frozen=True)
class Account:
    """An AWS account in one region, or the emulator: ``endpoint`` and ``root`` (key, secret) are set only for it."""

    region: str
    endpoint: str | None = None
    root: tuple[str, str] | None = None

    def client(self, name: str) -> Any:
        """The boto3 client for the named service; patient enough for uploads, and retrying as botocore does. Made
        once: that takes longer than most calls to the emulator."""
        return _client(self, name)


@lru_cache(maxsize=100)
def _client(account: Account, name: str) -> Any:
    key, secret = account.root or (None, None)
    return boto3.client(
        name,
        region_name=account.region,
        endpoint_url=account.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(
            connect_timeout=5, read_timeout=120, s3={"addressing_style": "path"} if account.endpoint else None
        ),
    )


def stack_name(stage: str) -> str:
    return f"fee-simple-{stage}"


def deploy(
    account: Account, built: Package, stage: str, parameters: dict[str, str], *, patience_seconds: int = 900
) -> dict[str, str]:
    """Creates or updates the stage's stack and returns its outputs. Raises CannotDeploy with CloudFormation's reasons.

    ``parameters`` are those of infra/resources.yaml except Stage. What did not change is left alone; data stays.
    """
    bucket = _bucket(account, stage)
    template_key = _upload(account, built, bucket)
    cloudformation = account.client("cloudformation")
    name = stack_name(stage)
    wanted = {
        "StackName": name,
        "TemplateURL": _address(account, bucket, template_key),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in {**parameters, "Stage": stage}.items()
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    status = _status(cloudformation, name)
    if status in _STILLBORN:
        cloudformation.delete_stack(StackName=name)
        _wait(cloudformation, name, patience_seconds)
        status = None
    try:
        (cloudformation.update_stack if status else cloudformation.create_stack)(**wanted)
    except ClientError as refusal:
        if "No updates are to be performed" not in str(refusal):
            raise CannotDeploy(f"CloudFormation refused {name}: {refusal}") from refusal
    status = _wait(cloudformation, name, patience_seconds)
    if status not in _FINISHED:
        raise CannotDeploy(f"{name} ended as {status}:\n" + "\n".join(_reasons(cloudformation, name)))
    (described,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def put_settings(account: Account, stage: str, settings: dict[str, str]) -> None:
    """Writes the neighbours' settings into the stage's secret, if they differ from what is there."""
    secrets = account.client("secretsmanager")
    name = f"fee-simple/{stage}/settings"
    text = json.dumps({key: settings[key] for key in NEIGHBOURS if settings.get(key)}, sort_keys=True)
    try:
        if secrets.get_secret_value(SecretId=name).get("SecretString") == text:
            return
    except secrets.exceptions.ResourceNotFoundException:
        pass  # the secret exists since the deployment, but has no value yet
    secrets.put_secret_value(SecretId=name, SecretString=text)


def _bucket(account: Account, stage: str) -> str:
    number = account.client("sts").get_caller_identity()["Account"]
    name = f"fee-simple-{stage}-packages-{number}"
    s3 = account.client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as missing:
        if missing.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        place = {} if account.region == "us-east-1" else {"LocationConstraint": account.region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
        if not account.endpoint:
            s3.put_public_access_block(
                Bucket=name,
                PublicAccessBlockConfiguration=dict.fromkeys(
                    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
                ),
            )
    return name


def _upload(account: Account, built: Package, bucket: str) -> str:
    s3 = account.client("s3")
    zip_key, template_key = f"{built.digest}.zip", f"{built.digest}.json"
    template = yaml.safe_load(built.template.read_text())
    for resource in template["Resources"].values():
        if resource.get("Properties", {}).get("CodeUri"):
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": zip_key}
    if not _exists(s3, bucket, zip_key):
        s3.upload_file(str(built.zip), bucket, zip_key)
    s3.put_object(Bucket=bucket, Key=template_key, Body=json.dumps(template).encode())
    return template_key


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def _address(account: Account, bucket: str, key: str) -> str:
    if account.endpoint:
        return f"{account.endpoint}/{bucket}/{key}"
    return f"https://{bucket}.s3.{account.region}.amazonaws.com/{key}"


def _status(cloudformation: Any, name: str) -> str | None:
    try:
        (described,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as missing:
        if "does not exist" in str(missing):
            return None
        raise
    return str(described["StackStatus"])


def _wait(cloudformation: Any, name: str, patience_seconds: int) -> str | None:
    until = time.monotonic() + patience_seconds
    pause = 0.1
    while (status := _status(cloudformation, name)) and status.endswith(_BUSY):
        if time.monotonic() > until:
            raise CannotDeploy(f"{name} is still {status} after {patience_seconds} seconds.")
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)
    return status


def _reasons(cloudformation: Any, name: str) -> list[str]:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ][:20]


def _parameters(settings: dict[str, str]) -> dict[str, str]:
    sender = settings["MAIL_FROM"]
    domain = sender.rpartition("@")[2].rstrip("> ")
    return {
        "PublicUrl": settings["PUBLIC_URL"],
        "MailFrom": sender,
        "MailIdentity": settings.get("MAIL_IDENTITY") or domain,
        "AlarmAddress": settings.get("ALARM_ADDRESS", ""),
    }


def main(arguments: list[str]) -> int:
    """``make deploy STAGE=s``: package, deploy, settings from ``.env.<stage>`` or ``.env``; prints the outputs."""
    if len(arguments) != 1 or not arguments[0]:
        print("Say which stage: make deploy STAGE=production", file=sys.stderr)
        return 2
    stage = arguments[0]
    if stage == "local":
        print("The local stage is brought up by make run.", file=sys.stderr)
        return 2
    try:
        own = ROOT / f".env.{stage}"
        settings = read_env(own if own.exists() else ROOT / ".env")
        check(settings)
        region = boto3.session.Session().region_name
        if not region:
            print("Set AWS_DEFAULT_REGION or a profile's region first.", file=sys.stderr)
            return 2
        account = Account(region)
        outputs = deploy(account, package(), stage, _parameters(settings))
        put_settings(account, stage, settings)
    except (BadSettings, CannotPackage, CannotDeploy) as why:
        print(why, file=sys.stderr)
        return 1
    for key, value in sorted(outputs.items()):
        print(f"{key}: {value}")
    print(f"Point the domain of {settings['PUBLIC_URL']} at EndpointURL; see docs/operations.md.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
