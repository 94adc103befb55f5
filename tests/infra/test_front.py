"""The gateway at the stage's one address."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.front import Front, masked
from infra.local.mailbox import Mail, Mailbox
from infra.local.ports import HOST, Ports


class Upstream(BaseHTTPRequestHandler):
    """Answers with what it was asked, and two cookies."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = json.dumps({"path": self.path, "host": self.headers["Host"], "body": body.hex()}).encode()
        self.send_response(201)
        self.send_header("Set-Cookie", "a=1; Path=/")
        self.send_header("Set-Cookie", "b=2; Path=/")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST

    def log_message(self, *_: Any) -> None: ...


def a_mail(**changed: Any) -> Mail:
    given = {
        "id": "0100abcd-mail@example",
        "at": "2026-03-02T15:00:00+00:00",
        "sender": "Firm <f@example.com>",
        "to": ["ada@example.com"],
        "subject": "Your <invoice>",
        "text": "Pay here: https://x.example/p/abc.",
        "html": "<p>Pay</p>",
    }
    return Mail(**{**given, **changed})


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    ports = Ports.any_free()
    upstream = HTTPServer((HOST, ports.aws), Upstream)
    threading.Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    front = Front(ports, "api1", Mailbox(tmp_path / "mail"), tmp_path / "front.log")
    front.start()
    yield front
    front.stop()
    upstream.shutdown()
    upstream.server_close()


def address(front: Front, path: str) -> str:
    return f"http://{HOST}:{front.ports.front}{path}"


def test_bytes_path_and_query_reach_the_api_as_they_were(front: Front) -> None:
    body = b'{"a":  1, "\xc3\xa9": "\x00"}'
    said = requests.post(address(front, "/webhooks/stripe?x=a%20b&x=2"), data=body, timeout=5).json()
    assert bytes.fromhex(said["body"]) == body
    assert said["path"] == "/restapis/api1/api/_user_request_/webhooks/stripe?x=a%20b&x=2"


def test_the_api_sees_the_public_host(front: Front) -> None:
    said = requests.get(address(front, "/"), headers={"Host": "localhost:8000"}, timeout=5).json()
    assert said["host"] == "localhost:8000"


def test_status_and_both_cookies_come_back(front: Front) -> None:
    answer = requests.get(address(front, "/"), timeout=5)
    assert answer.status_code == 201
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]


def test_a_body_over_ten_megabytes_is_refused_unread(front: Front) -> None:
    answer = requests.post(address(front, "/"), headers={"Content-Length": str(11 * 1024 * 1024)}, data=b"", timeout=5)
    assert answer.status_code in (400, 413)


def test_an_emulator_that_is_gone_is_a_bad_gateway(tmp_path: Path) -> None:
    front = Front(Ports.any_free(), "api1", Mailbox(tmp_path / "mail"), tmp_path / "front.log")
    front.start()
    try:
        assert requests.get(address(front, "/"), timeout=5).status_code == 502
    finally:
        front.stop()


def test_the_access_log_holds_neither_tokens_nor_values(front: Front) -> None:
    requests.get(address(front, "/p/3f9c0aa1d2e4b5c6f7?code=secret-value"), timeout=5)
    log = front.log.read_text()
    assert "/p/·?code=·" in json.loads(log)["path"]
    assert "3f9c0aa1" not in log and "secret-value" not in log


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/invoices/open", "/invoices/open"),
        ("/api/v1/reminder-sets", "/api/v1/reminder-sets"),
        ("/webhooks/quickbooks", "/webhooks/quickbooks"),
        ("/p/Zm9vYmFyYmF6cXV4Zm9v", "/p/·"),
        ("/p/0f8a7f6e5d4c", "/p/·"),
        ("/x?a=1&b", "/x?a=·&·"),
    ],
)
def test_opaque_parts_are_masked(path: str, shown: str) -> None:
    assert masked(path) == shown


def test_a_person_finds_the_mails_and_their_links(front: Front) -> None:
    front.mailbox.put(a_mail())
    assert "Your &lt;invoice&gt;" in requests.get(address(front, "/_local/mail"), timeout=5).text
    page = requests.get(address(front, "/_local/mail/0100abcd-mail"), timeout=5).text
    assert 'href="https://x.example/p/abc"' in page
    assert requests.get(address(front, "/_local/mail/0100abcd-mail/html"), timeout=5).text == "<p>Pay</p>"


def test_the_start_page_links_the_sandboxes(front: Front) -> None:
    page = requests.get(address(front, "/_local"), timeout=5).text
    assert all(f":{front.ports.sandboxes}/{name}/" in page for name in ("clio", "quickbooks", "stripe"))


def test_an_unknown_mail_is_not_found(front: Front) -> None:
    assert requests.get(address(front, "/_local/mail/none-such-mail"), timeout=5).status_code == 404
