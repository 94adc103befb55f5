"""A program of twenty lines in place of app.py: it tries what it is told to, so that policies and the emulator can be
looked at without the real program's rules. It is packaged and deployed exactly as the real one is.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.package import ROOT

APP = """
import json, os
from datetime import datetime, timezone

import botocore.session
from chalice.app import Chalice, Cron, Rate, Response

app = Chalice(app_name="fee-simple")
session = botocore.session.get_session()


def client(name):
    return session.create_client(name, region_name=os.environ["AWS_REGION"])


def name_of(error):
    return error.response["Error"]["Code"].removesuffix("Exception")


def attempt(what):
    table = {"TableName": os.environ["TABLE_STATES"]}
    firm = {"EncryptionContext": {"firm": "f1", "neighbour": "clio"}}
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "list_pk": {"S": "l"}, "list_sk": {"S": "1"}}
    tries = {
        "write": lambda: client("dynamodb").put_item(Item=item, **table),
        "read": lambda: client("dynamodb").query(IndexName="list", KeyConditionExpression="list_pk = :l",
                                                 ExpressionAttributeValues={":l": {"S": "l"}}, **table),
        "scan": lambda: client("dynamodb").scan(**table),
        "due": lambda: client("dynamodb").query(TableName=os.environ["TABLE_EFFECTS"], IndexName="due",
                                                KeyConditionExpression="shard = :s",
                                                ExpressionAttributeValues={":s": {"S": "0"}}),
        "enqueue": lambda: client("sqs").send_message_batch(QueueUrl=os.environ["WORK_QUEUE_URL"], Entries=[
            {"Id": "0", "MessageBody": "[]", "MessageGroupId": "f1"}]),
        "settings": lambda: client("secretsmanager").get_secret_value(SecretId=os.environ["SETTINGS_SECRET"]),
        "seal": lambda: client("kms").encrypt(KeyId=os.environ["KMS_KEY_ID"], Plaintext=b"t", **firm),
        "mail": lambda: client("sesv2").send_email(
            FromEmailAddress=os.environ["MAIL_FROM"], ConfigurationSetName=os.environ["MAIL_CONFIGURATION_SET"],
            Destination={"ToAddresses": ["ada@example.com"]}, EmailTags=[{"Name": "effect", "Value": "e1"}],
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "There"}}}}),
    }
    try:
        tries[what]()
    except Exception as error:
        return name_of(error)
    return "done"


def attempts(wanted):
    return {what: attempt(what) for what in wanted}


@app.route("/try/{what}", methods=["POST"])
def tried(what):
    print(json.dumps({"message": "tried", "what": what}))
    return {"answer": attempt(what)}


@app.route("/time")
def the_time():
    with open(os.environ["CLOCK_FILE"]) as clock:
        return {"offset": clock.read(), "clock": datetime.now(timezone.utc).isoformat()}


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(event):
    return attempts(event.to_dict()["detail"].get("try", []))


@app.schedule(Cron("10", "7", "*", "*", "?", "*"))
def reconcile(event):
    return attempts(event.to_dict()["detail"].get("try", []))


@app.on_sqs_message(queue="fee-simple-work", batch_size=10)
def work(event):
    records = event.to_dict()["Records"]
    for record in records:
        print(json.dumps({"message": "worked", **attempts(w for w in json.loads(record["body"]) if w != "fail")}))
    failed = [record["messageId"] for record in records if "fail" in json.loads(record["body"])]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


@app.on_sns_message(topic="fee-simple-mail")
def mail_events(event):
    told = json.loads(event.message)
    print(json.dumps({"message": "mail event", "kind": told["eventType"], "tags": told["mail"]["tags"]["effect"]}))
"""


def a_project(folder: Path, *, swapped: tuple[str, str] | None = None) -> Path:
    """A project that packages, with this repository's configuration and policies; two of them swapped on request."""
    (folder / "chalicelib").mkdir(parents=True)
    (folder / "chalicelib" / "__init__.py").touch()
    (folder / "app.py").write_text(APP)
    shutil.copyfile(ROOT / "requirements.txt", folder / "requirements.txt")
    skip = shutil.ignore_patterns("deployments", "deployed")
    shutil.copytree(ROOT / ".chalice", folder / ".chalice", ignore=skip)
    if swapped:
        one, other = (folder / ".chalice" / f"policy-{name}.json" for name in swapped)
        texts = one.read_text(), other.read_text()
        one.write_text(texts[1])
        other.write_text(texts[0])
    return folder
