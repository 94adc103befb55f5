"""The shipped routes on a local port, for a real browser: a small HTTP bridge over Chalice's test client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from chalice.test import Client

from tests.web.visit import PagesWorld, an_app

HOST = "127.0.0.1"


@contextmanager
def served(world: PagesWorld) -> Iterator[str]:
    """Gives the address at which the pages of this world are served; they build their links from it."""
    client, one_at_a_time = Client(an_app(world)), Lock()

    class Bridge(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with one_at_a_time:
                answer = client.http.request(method, self.path, headers=dict(self.headers.items()), body=body)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name, str(one))
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Bridge)
    world.public_url = f"http://{HOST}:{server.server_port}"
    world.payment_hosts = ("http://stripe.test",)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield world.public_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
