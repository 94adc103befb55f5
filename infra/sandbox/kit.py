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
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import unquote, urlsplit

import requests
from flask import Flask, Request, Response, jsonify, request
from flask.sessions import NullSession, SessionInterface
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import Map, MapAdapter
from werkzeug.sansio.utils import get_current_url
from werkzeug.utils import cached_property


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


class _NoSession(SessionInterface):
    session = NullSession()

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        return self.session


Answer = tuple[str, list[tuple[str, str]], bytes]  # (status line, headers, body)


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
    """One line of the request log: when (UTC, ISO), what, the answer, and a note such as ``rate_limited``."""

    at: str
    method: str
    path: str
    status: int
    notes: list[str] = field(default_factory=list)


class Asked(Request):
    """A request whose addresses and pieces of query are each read once: most come again and again, with long fields."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        return ImmutableMultiDict(pair for piece in self.query_string.split(b"&") for pair in _pairs(piece))

    @cached_property
    def base_url(self) -> str:
        return _url(self.scheme, self.host, self.root_path, self.path)

    @cached_property
    def url_root(self) -> str:
        return _url(self.scheme, self.host, self.root_path, None)


_url = lru_cache(maxsize=4096)(get_current_url)


@lru_cache(maxsize=4096)
def _pairs(piece: bytes) -> tuple[tuple[str, str], ...]:
    """(name, value) of a piece between two ``&``, as werkzeug reads it; nothing where it is empty."""
    return tuple(Request({"REQUEST_METHOD": "GET", "QUERY_STRING": piece.decode("latin1")}).args.items(multi=True))


class Counter(Flask):
    """Flask without what no sandbox uses, which took as long as the answers: signals, sessions, subdomains, work before
    each request and when it is over.

    Applications of one name have the same rules: the second one takes the first one's map of them, which took longer to
    make than most tests that begin with a sandbox."""

    session_interface = _NoSession()
    request_class = Asked
    _maps: ClassVar[dict[str, tuple[Map, set[tuple[str, str, tuple[str, ...]]]]]] = {}

    def __init__(self, name: str, root_path: str) -> None:
        super().__init__(name, root_path=root_path, static_folder=None)
        self.url_map, self._mapped = self._maps.setdefault(name, (self.url_map, set()))

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        if view_func is not None:
            endpoint = endpoint or view_func.__name__
            named = (rule, endpoint, tuple(options.get("methods") or ()))
            if named in self._mapped:
                self.view_functions[endpoint] = view_func
                return
            self._mapped.add(named)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return None
        env = request.environ
        host, scheme, prefix = env.get("HTTP_HOST", "localhost"), env["wsgi.url_scheme"], env["SCRIPT_NAME"]
        method, query, path = env["REQUEST_METHOD"], env.get("QUERY_STRING", ""), env["PATH_INFO"]
        path = path if path.isascii() else path.encode("latin1").decode(errors="replace")
        return MapAdapter(self.url_map, host, prefix, "", scheme, path, method, query)

    def answered(self, environ: dict[str, Any]) -> Answer:
        """What ``wsgi_app`` would give to a server, at once."""
        context = self.request_context(environ)
        context.push()
        try:
            try:
                response = self.full_dispatch_request()
            except Exception as wrong:  # noqa: BLE001 - as Flask does
                response = self.handle_exception(wrong)
            return response.status, response.get_wsgi_headers(environ).to_wsgi_list(), response.get_data()
        finally:
            context.pop(None)

    def full_dispatch_request(self) -> Response:
        try:
            answer = self.dispatch_request()
        except Exception as wrong:  # noqa: BLE001 - as Flask does
            answer = self.handle_user_exception(wrong)
        response = self.make_response(answer)
        for finish in self.after_request_funcs.get(None, ()):
            response = finish(response)  # type: ignore[assignment]
        return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        pass

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        pass


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
            return jsonify([asdict(e) for e in self.log[-5000:]])

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
        self.log.append(Entry(self.now().isoformat(), method, path, status, list(notes)))
        for what in notes:
            if what in ("requests_lost",):
                self.counts[what] = self.counts.get(what, 0) + 1


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
        parts = urlsplit(str(request.url))
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": str(request.method),
            "SCRIPT_NAME": self.prefix,
            "PATH_INFO": unquote(parts.path[len(self.prefix) :]) or "/",
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": parts.netloc,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": BytesIO(body),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            text = value.decode() if isinstance(value, bytes) else value
            environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
        try:
            status, headers, content = self.box.serve(environ, in_process=True)
        except AnswerLost as lost:
            raise requests.ReadTimeout("the answer was lost", request=request) from lost
        except RequestLost as lost:
            raise requests.ConnectionError("the request was lost", request=request) from lost
        answer = requests.Response()
        answer.status_code = int(status.split()[0])
        answer.reason = status.partition(" ")[2]
        answer.headers = CaseInsensitiveDict(headers)
        answer.raw = BytesIO(content)
        answer._content = content
        answer.url = str(request.url)
        answer.request = request
        answer.encoding = requests.utils.get_encoding_from_headers(answer.headers)
        return answer

    def close(self) -> None:
        pass


def dumps(thing: Any) -> str:
    """JSON as the sandboxes keep it in logs and pages: sorted, readable."""
    return json.dumps(thing, indent=2, sort_keys=True, default=str)
