"""DynamoDB and Secrets Manager for the measured processes: moto, in this process, behind one local HTTP port.

The tables are the program's own, filled by its own store: one firm with one open invoice and its pay link.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any

from botocore.exceptions import ClientError
from botocore.session import get_session
from moto import mock_aws

from chalicelib.domain.kernel import Kind
from chalicelib.flow import links
from chalicelib.flow.links import PayLink
from chalicelib.store.dynamo import DynamoStore
from chalicelib.store.tables import MODELS, Tables
from tests.builders import FIRM, a_firm, a_payable, put
from tests.world import MemoryWorld

TABLES = {name: f"bench-{name}" for name in MODELS}
REGION = "us-east-1"
JSON_10 = "application/x-amz-json-1.0"


@dataclass(frozen=True, slots=True)
class Aws:
    """What the measured processes need to know of it."""

    url: str
    pay_link: str
    tables: dict[str, str] = field(default_factory=lambda: dict(TABLES))


class Standin:
    """``with Standin() as aws: ...``"""

    def __init__(self) -> None:
        self.mock = mock_aws()

    def __enter__(self) -> Aws:
        self.mock.start()
        token = _filled()
        client = get_session().create_client("dynamodb", region_name=REGION)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(client))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return Aws(f"http://127.0.0.1:{self.server.server_port}", token)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.mock.stop()


class StoredWorld(MemoryWorld):
    """The in-memory world over the mocked tables, on the real clock, as the measured processes are."""

    def __init__(self) -> None:
        super().__init__()
        nonces = count()
        self.store = DynamoStore(  # type: ignore[assignment]
            Tables(**TABLES), region=REGION, clock=self.now, nonce=lambda: f"nonce-{next(nonces)}"
        )

    def now(self) -> datetime:
        return datetime.now(UTC)


def _filled() -> str:
    """Makes the tables, with a firm, an open invoice and its pay link, whose token it gives."""
    world = StoredWorld()
    for model in MODELS.values():
        model.create_table()
    put(world.store, Kind.FIRM, a_firm())
    put(world.store, Kind.PAYABLE, a_payable())
    return links.make(world, PayLink(FIRM, "c1", "b1"))


def _binary(value: bytes) -> str:
    """As DynamoDB's JSON shows it: what is large is packed by the store."""
    return b64encode(value).decode()


def _handler(client: Any) -> type[BaseHTTPRequestHandler]:
    operations = {
        client.meta.service_model.operation_model(n).name: n for n in client.meta.service_model.operation_names
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            service, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
            status, told = 200, {}
            if service.startswith("DynamoDB"):
                try:
                    told = client._make_api_call(operations[operation], asked)
                    told.pop("ResponseMetadata", None)
                except ClientError as no:
                    status, told = 400, {"__type": f"#{no.response['Error']['Code']}", **no.response["Error"]}
            elif operation == "GetSecretValue":
                told = {"SecretString": json.dumps({"CLIO_US_CLIENT_ID": "x", "CLIO_US_BASE": "https://clio.test"})}
            self._answer(status, json.dumps(told, default=_binary).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", JSON_10)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    return Handler
