"""What the three sandboxes share: a clock, a fault plan, a log of requests, kept state, and two ways to be reached.

A sandbox is a Flask application built on ``Sandbox``. It is served over a socket by ``infra/sandbox/serve.py`` and
reached in process, without sockets, through ``Wire``. This module knows no neighbour's rules.
"""

from __future__ import annotations

import json
import pickle
import random
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import requests
from flask import Response, jsonify, request
from requests.adapters import BaseAdapter
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict
from werkzeug.utils import cached_property

from infra.sandbox.counter import Answer, Counter


class Clock(Protocol):
    """Gives the stage's time, in UTC."""

    def now(self) -> datetime: ...


class FileClock:
    """Real time plus the offset, in seconds, that the local stage keeps in a file; no file means no offset."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def offset(self) -> float:
        try:
            return float(self.path.read_text() or "0")
        except FileNotFoundError:
            return 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset())


@dataclass
class ManualClock:
    """A clock that only tests move."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 15, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


class AnswerLost(ConnectionAbortedError):
    """The request was carried out and nobody hears of it. The WSGI server drops the connection on it."""


class RequestLost(ConnectionAbortedError):
    """The request never arrived."""


@dataclass
class Fault:
    """One line of a fault plan, used up after ``times`` requests that match.

    ``do``: ``drop_request`` (never arrives), ``drop_answer`` (happens, nobody hears), ``status`` (answers ``status``
    without doing anything), ``slow`` (answers after ``seconds`` on a socket; in process: the time-out strikes and the
    request is carried out all the same).
    ``skip``: how many matching requests pass untouched first.
    """

    do: str
    path: str = ".*"
    method: str = ".*"
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    times: int = 1
    skip: int = 0

    def strikes(self, method: str, path: str) -> bool:
        return bool(self.times > 0 and re.fullmatch(self.method, method) and re.search(self.path, path))


@dataclass
class Entry:
    """One line of the request log: when (UTC), what, the answer, and a note such as ``rate_limited``."""

    at: datetime
    method: str
    path: str
    status: int
    notes: list[str] = field(default_factory=list)


class Sandbox:
    """State, clock, faults, log and the control pages below ``/_sandbox``; a neighbour's folder adds the routes.

    ``state`` is one picklable object owned by the neighbour; ``reset`` makes a new one by calling ``new_state``.
    Requests are served one at a time (``lock``), as if by one strict clerk. With ``keep`` set, state is written there
    after each request that changed something, so that it outlives a restart.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        new_state: Callable[[], Any],
        *,
        keep: Path | None = None,
        seed: int = 1,
    ) -> None:
        self.name = name
        self.clock = clock
        self.new_state = new_state
        self.keep = keep
        self.random = random.Random(seed)
        self.lock = threading.RLock()
        self.faults: list[Fault] = []
        self.log: list[Entry] = []
        self.counts: dict[str, int] = {}
        self.switches: dict[str, Any] = {}
        self.issued: list[str] = []
        self.state: Any = self._load() or new_state()
        self.app = Counter(f"sandbox-{name}", root_path=str(Path(__file__).parent / name))
        self.app.json.sort_keys = False  # type: ignore[attr-defined]
        self._control()

    # --- kept state -------------------------------------------------------------------------------------------------
    def _load(self) -> Any:
        if self.keep and self.keep.exists():
            kept = pickle.loads(self.keep.read_bytes())  # noqa: S301 - our own file, written below
            self.counts, self.switches, self.issued = kept["counts"], kept["switches"], kept.get("issued", [])
            return kept["state"]
        return None

    def save(self) -> None:
        if self.keep:
            self.keep.parent.mkdir(parents=True, exist_ok=True)
            part = self.keep.with_suffix(".part")
            kept = {"state": self.state, "counts": self.counts, "switches": self.switches, "issued": self.issued}
            part.write_bytes(pickle.dumps(kept))
            part.replace(self.keep)

    # --- what a neighbour says in its own code ---------------------------------------------------------------------
    def now(self) -> datetime:
        return self.clock.now()

    def note(self, what: str) -> None:
        """Counts something worth proving later (``rate_limited``, ``tokens_rotated`` ...)."""
        self.counts[what] = self.counts.get(what, 0) + 1
        notes = getattr(self, "_notes", None)
        if notes is not None:
            notes.append(what)

    def give(self, secret: str) -> str:
        """Remembers a token, code or webhook secret that is given out: a stage's logs are searched for it."""
        self.issued.append(secret)
        return secret

    def switch(self, name: str, default: Any = None) -> Any:
        """A behaviour that the reference marks unknown or optional, set by ``POST /_sandbox/switches``."""
        return self.switches.get(name, default)

    # --- control ---------------------------------------------------------------------------------------------------
    def _control(self) -> None:
        app = self.app

        @app.get("/_sandbox/counts")
        def counts() -> Response:
            return jsonify(self.counts)

        @app.get("/_sandbox/log")
        def log() -> Response:
            return jsonify([{**asdict(e), "at": e.at.isoformat()} for e in self.log[-5000:]])

        @app.get("/_sandbox/tokens")
        def tokens() -> Response:
            return jsonify(self.issued)

        @app.post("/_sandbox/faults")
        def faults() -> Response:
            plan = request.get_json()
            if plan.get("clear"):
                self.faults.clear()
            self.faults += [Fault(**f) for f in plan.get("faults", [])]
            return jsonify({"faults": len(self.faults)})

        @app.post("/_sandbox/switches")
        def switches() -> Response:
            self.switches.update(request.get_json())
            return jsonify(self.switches)

        @app.post("/_sandbox/reset")
        def reset() -> Response:
            self.state, self.counts, self.switches, self.issued = self.new_state(), {}, {}, []
            self.log.clear()
            self.faults.clear()
            return jsonify({})

    # --- WSGI ------------------------------------------------------------------------------------------------------
    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serves one request to a WSGI server."""
        status, headers, body = self.serve(environ)
        start_response(status, headers)
        return [body]

    def serve(self, environ: dict[str, Any], *, in_process: bool = False) -> Answer:
        """Serves one request under the fault plan. Raises AnswerLost or RequestLost where the plan says so.
        ``in_process``: nobody waits on a socket, so what is slow is lost."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        if path.startswith("/_sandbox/"):
            with self.lock:
                answer = self.app.answered(environ)
                if method == "POST":
                    self.save()
                return answer
        with self.lock:
            fault = self._fault(method, path)
            self._notes: list[str] = []
            if fault and fault.do == "drop_request":
                self._record(method, path, 0, ["requests_lost"])
                raise RequestLost(path)
            if fault and fault.do == "status":
                self.note("rate_limited" if fault.status == 429 else "faults_answered")
                self._record(method, path, fault.status, self._notes)
                headers = [("Content-Type", "application/json"), *fault.headers.items()]
                return f"{fault.status} Fault", headers, fault.body.encode() or b"{}"
            answer = self.app.answered(environ)
            if fault and fault.do in ("drop_answer", "slow"):
                self.note("answers_lost")
            self._record(method, path, int(answer[0].split()[0]), self._notes)
            if method != "GET" or self._notes:
                self.save()
        if fault and (fault.do == "drop_answer" or (fault.do == "slow" and in_process)):
            raise AnswerLost(path)
        if fault and fault.do == "slow":
            threading.Event().wait(fault.seconds)
        return answer

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.strikes(method, path):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _record(self, method: str, path: str, status: int, notes: list[str]) -> None:
        self.log.append(Entry(self.now(), method, path, status, list(notes)))
        for what in notes:
            if what in ("requests_lost",):
                self.counts[what] = self.counts.get(what, 0) + 1


def caseless(pairs: Iterable[tuple[str, Any]]) -> CaseInsensitiveDict[Any]:
    """``CaseInsensitiveDict(pairs)``, in a third of the time."""
    made: CaseInsensitiveDict[Any] = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
    made._store = OrderedDict([(name.lower(), (name, value)) for name, value in pairs])  # type: ignore[attr-defined]
    return made


@lru_cache(maxsize=4096)
def _place(address: str) -> tuple[str, str, dict[str, Any]]:
    """(scheme, path, what else of an environment the address says) of an address without its query."""
    parts = urlsplit(address)
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    told = {"SERVER_NAME": parts.hostname or "localhost", "SERVER_PORT": port, "HTTP_HOST": parts.netloc}
    return parts.scheme, parts.path, told


@lru_cache(maxsize=256)
def _variable(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"


_encoding = lru_cache(maxsize=256)(
    lambda content_type: requests.utils.get_encoding_from_headers(caseless([("content-type", content_type)]))
)


class Heard(requests.Response):
    """An answer as ``requests`` makes it of one on a socket. No sandbox sets a cookie: the jar for them, which took
    longer than all else of it, is made for whoever asks."""

    def __init__(self, asked: requests.PreparedRequest, status: str, headers: Any, content: bytes) -> None:
        self._content_consumed, self._next = False, None
        self.status_code, self.reason = int(status[:3]), status[4:]
        self.headers = caseless(headers)
        self.raw, self._content = BytesIO(content), content
        self.url, self.request = str(asked.url), asked
        kind = self.headers.get("content-type")
        self.encoding = _encoding(kind) if kind else None
        self.history, self.elapsed = [], timedelta(0)

    @cached_property
    def cookies(self) -> RequestsCookieJar:
        return RequestsCookieJar()


class Wire(BaseAdapter):
    """Carries ``requests`` to sandboxes in process: ``session.mount(base_url, Wire(sandbox))``.

    ``base_url`` may hold a path prefix, which becomes SCRIPT_NAME. A lost request or answer surfaces as
    ``requests.ConnectionError`` or ``requests.ReadTimeout``, as it would on a socket.
    """

    def __init__(self, box: Sandbox, base_url: str) -> None:
        super().__init__()
        self.box = box
        self.prefix = urlsplit(base_url).path.rstrip("/")

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        address, _mark, query = str(request.url).partition("?")
        scheme, path, named = _place(address)
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": str(request.method),
            "SCRIPT_NAME": self.prefix,
            "PATH_INFO": unquote(path[len(self.prefix) :]) or "/",
            "QUERY_STRING": query.partition("#")[0],
            **named,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.input": BytesIO(body),
            "wsgi.errors": StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in request.headers._store.values():  # type: ignore[attr-defined]
            environ[_variable(name)] = value.decode() if isinstance(value, bytes) else value
        try:
            status, headers, content = self.box.serve(environ, in_process=True)
        except AnswerLost as lost:
            raise requests.ReadTimeout("the answer was lost", request=request) from lost
        except RequestLost as lost:
            raise requests.ConnectionError("the request was lost", request=request) from lost
        return Heard(request, status, headers, content)

    def close(self) -> None:
        pass


def dumps(thing: Any) -> str:
    """JSON as the sandboxes keep it in logs and pages: sorted, readable."""
    return json.dumps(thing, indent=2, sort_keys=True, default=str)
