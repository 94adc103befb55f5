"""Serves the three sandboxes from one process: ``/clio``, ``/quickbooks`` and ``/stripe`` on one port.

``python -m infra.sandbox.serve '<json>'`` with the plan that ``Plan`` describes. State is kept below the plan's folder
and outlives a restart; webhooks are delivered by a thread for each sandbox. Knows nothing of the program.
"""

from __future__ import annotations

import importlib
import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests
from flask import Flask, jsonify
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.sandbox.kit import Clock, FileClock, Sandbox

HOST = "127.0.0.1"
DELIVER_EVERY_SECONDS = 0.2
ANSWER_WITHIN_SECONDS = {"quickbooks": 3.0}  # reference/quickbooks.md 5
OR_SECONDS = 10.0  # where the reference names no time
_LOG = logging.getLogger("sandboxes")


@dataclass(frozen=True)
class App:
    """How one neighbour knows the program: client id and secret, where it sends people back, where it sends news."""

    client_id: str
    client_secret: str
    redirect_uris: list[str]
    webhook_url: str
    webhook_secret: str = ""


@dataclass(frozen=True)
class Plan:
    """``folder`` keeps the sandboxes' state, ``clock`` is the stage's clock file, ``apps`` is by neighbour."""

    port: int
    folder: Path
    clock: Path
    apps: dict[str, App]

    @classmethod
    def read(cls, text: str) -> Plan:
        plan = json.loads(text)
        apps = {name: App(**app) for name, app in plan["apps"].items()}
        return cls(int(plan["port"]), Path(plan["folder"]), Path(plan["clock"]), apps)


def build(plan: Plan) -> dict[str, Sandbox]:
    """The three sandboxes with their kept state, seeded where they are new, told where to send news."""
    clock = FileClock(plan.clock)
    return {name: make(plan.apps[name], clock, plan.folder / f"{name}.pickle") for name, make in _MAKERS.items()}


def _clio(app: App, clock: Clock, keep: Path) -> Any:
    box = _class("clio", "ClioSandbox")(
        clock, clients={app.client_id: (app.client_secret, app.redirect_uris)}, keep=keep
    )
    return _seeded("clio", box, keep)  # the program subscribes to Clio's webhooks by itself, for each firm


def _quickbooks(app: App, clock: Clock, keep: Path) -> Any:
    clients = {app.client_id: (app.client_secret, app.redirect_uris)}
    box = _class("quickbooks", "QuickBooksSandbox")(
        clock, clients=clients, verifier_token=app.webhook_secret, keep=keep
    )
    _seeded("quickbooks", box, keep)
    box.state.webhook_url = app.webhook_url
    return box


def _stripe(app: App, clock: Clock, keep: Path) -> Any:
    box = _class("stripe", "StripeSandbox")(
        clock,
        platform_key=app.client_secret,
        client_id=app.client_id,
        redirect_uris=app.redirect_uris,
        webhook_secret=app.webhook_secret,
        keep=keep,
    )
    _seeded("stripe", box, keep)
    box.people.register_endpoint(app.webhook_url, connect=True)
    return box


_MAKERS: dict[str, Callable[[App, Clock, Path], Any]] = {
    "clio": _clio,
    "quickbooks": _quickbooks,
    "stripe": _stripe,
}


def _class(name: str, of: str) -> Any:
    return getattr(importlib.import_module(f"infra.sandbox.{name}"), of)


def _seeded(name: str, box: Any, keep: Path) -> Any:
    if not keep.exists():
        importlib.import_module(f"infra.sandbox.{name}.seed").seed(box, box.now().date())
        box.save()
    return box


class Post:
    """Delivers what the sandboxes owe to the program's webhook routes."""

    def __init__(self, boxes: dict[str, Any]) -> None:
        self.boxes = boxes
        self._one_at_a_time = {name: threading.Lock() for name in boxes}

    def deliver(self, name: str) -> int:
        """Sends what is due now; returns how many requests were made."""
        with self._one_at_a_time[name]:
            within = ANSWER_WITHIN_SECONDS.get(name, OR_SECONDS)
            send = partial(_with_headers if name == "clio" else _status_only, within=within)
            return int(self.boxes[name].deliver_due(send))

    def start(self) -> None:
        for name in self.boxes:
            threading.Thread(target=self._for_ever, args=(name,), daemon=True).start()

    def _for_ever(self, name: str) -> None:
        while True:
            threading.Event().wait(DELIVER_EVERY_SECONDS)
            try:
                self.deliver(name)
            except Exception:  # noqa: BLE001 - a sandbox's bug must not stop the others' webhooks
                _LOG.exception("%s could not deliver", name)


def _with_headers(url: str, headers: dict[str, str], body: bytes, *, within: float) -> tuple[int, dict[str, str]]:
    """Clio's handshake is answered in a header. OSError (requests' errors are such) means that nobody answered."""
    answer = requests.post(url, data=body, headers=headers, timeout=within, allow_redirects=False)
    return answer.status_code, dict(answer.headers)


def _status_only(url: str, headers: dict[str, str], body: bytes, *, within: float) -> int:
    """The status, or 0 where nobody answered."""
    try:
        return _with_headers(url, headers, body, within=within)[0]
    except requests.RequestException:
        return 0


def host_app(post: Post) -> Flask:
    """What lies beside the sandboxes: a list of them, and a way to deliver now."""
    app = Flask("sandboxes")

    @app.get("/")
    def index() -> str:
        return "<h1>SANDBOX</h1>" + "".join(f'<p><a href="/{name}/">{name}</a></p>' for name in post.boxes)

    @app.post("/_deliver")
    def deliver() -> Any:
        return jsonify({name: post.deliver(name) for name in post.boxes})

    return app


class _Quiet(WSGIRequestHandler):
    """Each sandbox keeps its own log. A lost answer, raised as ConnectionAbortedError, drops the connection here."""

    def log_request(self, *_: Any) -> None: ...

    def connection_dropped(self, *_: Any) -> None:
        """The caller learns at once that no answer will come, instead of after its own time-out."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def main(arguments: list[str]) -> int:
    """Serves until it is ended."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    plan = Plan.read(arguments[0])
    plan.folder.mkdir(parents=True, exist_ok=True)
    boxes = build(plan)
    post = Post(boxes)
    mounts: dict[str, Callable[..., Iterable[bytes]]] = {f"/{name}": box for name, box in boxes.items()}
    server = make_server(
        HOST, plan.port, DispatcherMiddleware(host_app(post), mounts), threaded=True, request_handler=_Quiet
    )
    post.start()
    server.serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
