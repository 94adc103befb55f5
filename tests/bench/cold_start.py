"""Cold starts, in fresh processes: the API Lambda against a process that imports only chalice and PynamoDB.

Each process is started in turn, several times, and the best time counts: what disturbs a machine only ever adds. They
end at once when they are there, without Python's own clearing up, which no Lambda waits for. They have their bytecode
compiled, as in the deployed zip (infra/slim.py). For a first answer they ask DynamoDB and Secrets Manager at a stand-in
of this process (aws_standin.py), whose own time is in both numbers alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.aws_standin import Aws, Standin
from tests.bench.figures import Figure

ROOT = Path(__file__).parents[2]
TIMES = 12
BYTECODE = ROOT / ".local" / "bench" / "bytecode"

BARE = """
import chalice
from pynamodb.models import Model
from pynamodb.connection import Connection
connection = Connection(region="us-east-1")
connection.client
import os; os._exit(0)
"""
OURS = """
import app
app.live.store._connection.client
import os; os._exit(0)
"""
BARE_ANSWER = """
import chalice
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
class Row(Model):
    class Meta:
        table_name, region = "bench-records", "us-east-1"
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
app = chalice.Chalice("bare")
@app.route("/")
def index():
    try:
        Row.get("nobody", "nothing")
    except Row.DoesNotExist:
        return chalice.Response("<p>hello</p>", headers={"Content-Type": "text/html"})
import json, sys
answer = app(json.loads(sys.argv[1]), None)
assert answer["statusCode"] == 200, answer
import os; os._exit(0)
"""
OUR_ANSWER = """
import app, json, sys
answer = app.app(json.loads(sys.argv[1]), None)
assert answer["statusCode"] == 200 and sys.argv[2] in answer["body"], answer
import os; os._exit(0)
"""
EVENT_MODULES = """
import app, json, sys
class Context:
    def get_remaining_time_in_millis(self): return 60000
getattr(app, sys.argv[2])(json.loads(sys.argv[1]), Context())
print(json.dumps(sorted(sys.modules)))
"""

# What an event's Lambda must not bring in before it needs it: pages, neighbours' clients, templates, HTTP.
STRAYS = ("chalicelib.web", "chalicelib.clio", "chalicelib.quickbooks", "chalicelib.stripe", "chalicelib.mail.client",
          "chalicelib.mail.render", "stripe", "requests", "jinja2")  # fmt: skip
EVENTS: dict[str, dict[str, object]] = {
    "sweep": {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": [],
              "account": "1", "time": "", "region": "us-east-1", "id": "1"},
    "reconcile": {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {},
                  "resources": [], "account": "1", "time": "", "region": "us-east-1", "id": "1"},
    "work": {"Records": [{"messageId": "1", "receiptHandle": "1", "body": json.dumps({"lane": "us-1|mail|"})}]},
}  # fmt: skip


def figures() -> list[Figure]:
    with Standin() as aws:
        found = _imports(aws)
        found += _answers(aws)
        strays = {name: _strays(aws, name) for name in EVENTS}
    count = sum(len(modules) for modules in strays.values())
    named = "; ".join(f"{name}: {', '.join(modules)}" for name, modules in strays.items() if modules)
    told = "modules that sweep, reconcile and work import, with nothing due, and should not"
    return [*found, Figure("event_lambda_stray_modules", count, 0, what=f"{told} {named}".strip())]


def _imports(aws: Aws) -> list[Figure]:
    best = _best(aws, {"bare": [BARE], "ours": [OURS]})
    return [
        Figure("cold_import_ratio", _ratio(best, "ours", "bare"), 1.3, what="API Lambda over chalice and PynamoDB"),
        Figure("cold_import_ms", round(1000 * best["ours"]), what="the same, in milliseconds on this machine"),
    ]


def _answers(aws: Aws) -> list[Figure]:
    best = _best(
        aws,
        {
            "bare": [BARE_ANSWER, request("/", "/")],
            "page": [OUR_ANSWER, request("/", "/"), "Sign in"],
            "pay": [OUR_ANSWER, request("/pay/{token}", f"/pay/{aws.pay_link}", token=aws.pay_link), "1042"],
        },
    )
    told = "up to the first answer, over a bare app's that reads one item"
    return [
        Figure("first_page_ratio", _ratio(best, "page", "bare"), what=f"sign-in page: {told}"),
        Figure("first_pay_ratio", _ratio(best, "pay", "bare"), what=f"a client's pay page: {told}"),
        Figure("first_page_ms", round(1000 * best["page"]), what="the same, in milliseconds on this machine"),
        Figure("first_pay_ms", round(1000 * best["pay"]), what="the same, in milliseconds on this machine"),
    ]


def _ratio(best: Mapping[str, float], ours: str, bare: str) -> float:
    return round(best[ours] / best[bare], 3)


def _best(aws: Aws, commands: Mapping[str, list[str]]) -> dict[str, float]:
    """Seconds of the quickest of ``TIMES`` processes of each, run in turn; one of each before, to compile."""
    environment = _environment(aws, "api_handler")
    best = dict.fromkeys(commands, float("inf"))
    for turn in range(TIMES + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", *command], cwd=ROOT, env=environment, check=True)
            took = time.perf_counter() - began
            best[name] = min(best[name], took) if turn else best[name]
    return best


def _strays(aws: Aws, function: str) -> list[str]:
    command = [sys.executable, "-c", EVENT_MODULES, json.dumps(EVENTS[function]), function]
    environment = _environment(aws, function)
    told = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    modules: list[str] = json.loads(told.stdout.splitlines()[-1])
    return [m for m in modules if m in STRAYS or m.startswith("chalicelib.web.")]


def _environment(aws: Aws, function: str) -> dict[str, str]:
    """A Lambda's, as far as the program reads it, with AWS at the stand-in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONPYCACHEPREFIX": str(BYTECODE),
        "AWS_LAMBDA_FUNCTION_NAME": f"fee-simple-{function}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "STAGE": "bench",
        "PUBLIC_URL": "https://fee.test",
        "SETTINGS_SECRET": "settings",
        "WORK_QUEUE_URL": f"{aws.url}/queue/work",
        "KMS_KEY_ID": "key",
        "MAIL_FROM": "billing@fee.test",
        "POWERTOOLS_TRACE_DISABLED": "1",
        **{f"TABLE_{name.upper()}": table for name, table in aws.tables.items()},
    }


def request(route: str, path: str, **parameters: str) -> str:
    """API Gateway's event for a GET of a page."""
    return json.dumps(
        {
            "resource": route,
            "path": path,
            "httpMethod": "GET",
            "headers": {"Host": "fee.test", "Accept": "text/html"},
            "multiValueHeaders": {},
            "multiValueQueryStringParameters": None,
            "pathParameters": parameters or None,
            "stageVariables": None,
            "body": None,
            "isBase64Encoded": False,
            "requestContext": {
                "httpMethod": "GET",
                "resourcePath": route,
                "path": path,
                "requestId": "bench",
                "identity": {"sourceIp": "192.0.2.1"},
            },
        }
    )
