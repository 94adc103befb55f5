"""What the front and the post share: an HTTP server whose requests are handed on byte for byte."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.ports import HOST

# Headers that belong to one connection and are not handed on (RFC 9110 7.6.1).
_OF_ONE_CONNECTION = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
LARGEST_BODY_BYTES = 10 * 1024 * 1024  # API Gateway's own limit (aws.md section 3)


@dataclass(frozen=True)
class Answer:
    """One answer: status, headers in order (a name may come twice, as Set-Cookie does), and the bytes."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Asked:
    """One request as it came: method, path with query, headers in order, and the bytes."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, in any case, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def hand_on(asked: Asked, port: int, target: str, *, patience_seconds: float) -> Answer:
    """Sends the request to another port of this machine, with its own Host header, and returns the answer whole.

    Raises OSError (time-outs are among it) or http.client.HTTPException where no answer came.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=patience_seconds)
    try:
        connection.putrequest(asked.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.headers:
            if name.lower() not in _OF_ONE_CONNECTION and name.lower() != "content-length":
                connection.putheader(name, value)
        if asked.body or asked.method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body or None)
        answer = connection.getresponse()
        body = answer.read()
        headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in _OF_ONE_CONNECTION | {"content-length"}]
        return Answer(answer.status, headers, body)
    finally:
        connection.close()


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole and lets ``answer`` of the server decide."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out at once, not 40 ms apart
    server: Server

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            self._write(
                Answer(411, [("Content-Type", "text/plain"), ("Connection", "close")], b"Content-Length, please.")
            )
            return
        if int(length) > LARGEST_BODY_BYTES:
            self._write(Answer(413, [("Content-Type", "text/plain"), ("Connection", "close")], b"Too large."))
            self.close_connection = True
            return
        asked = Asked(self.command, self.path, list(self.headers.items()), self.rfile.read(int(length)))
        self._write(self.server.answer(asked))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _write(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """The servers below write their own log, without what is secret in an address."""


class Server(ThreadingHTTPServer):
    """A server on one port of this machine, serving in threads of this process until ``stop``."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no error of ours."""
