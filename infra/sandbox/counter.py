"""The counter at which a sandbox serves: Flask, without what no sandbox uses, and with what it found out kept.

It knows no neighbour and no state.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from flask import Flask, Request, Response
from flask.ctx import RequestContext
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.sansio.utils import get_current_url
from werkzeug.utils import cached_property

PLACES = 4096  # of methods and paths, remembered where they lead
Answer = tuple[str, list[tuple[str, str]], bytes]  # (status line, headers, body)


class _NoSession(SessionInterface):
    session = NullSession()

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        return self.session


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


class Context(RequestContext):
    """Where a method and a path lead is looked up once: the rules are fixed, and most paths come again and again."""

    app: Counter

    def match_request(self) -> None:
        to = self.url_adapter
        assert to is not None
        place = to.default_method, to.path_info
        known = self.app.led.get(place)
        if known is None:
            super().match_request()
            rule, parts = self.request.url_rule, self.request.view_args
            if rule is not None and parts is not None:
                if len(self.app.led) >= PLACES:
                    self.app.led.clear()
                self.app.led[place] = rule, dict(parts)
        else:
            self.request.url_rule, self.request.view_args = known[0], dict(known[1])


class Counter(Flask):
    """Flask without what no sandbox uses, which took as long as the answers: signals, sessions, subdomains, work before
    each request and when it is over.

    Applications of one name have the same rules: the second one takes the first one's map of them, which took longer to
    make than most tests that begin with a sandbox."""

    session_interface = _NoSession()
    request_class = Asked
    _maps: ClassVar[dict[str, tuple[Map, set[tuple[str, str, tuple[str, ...]]]]]] = {}

    def __init__(self, name: str, root_path: str) -> None:
        self.led: dict[tuple[str, str], tuple[Rule, dict[str, Any]]] = {}
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
        self.led.clear()
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def request_context(self, environ: dict[str, Any]) -> Context:
        return Context(self, environ)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func

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
            return response.status, _headers(response, environ), response.get_data()
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


def _headers(response: Response, environ: dict[str, Any]) -> list[tuple[str, str]]:
    """What ``get_wsgi_headers`` makes of them, which changes nothing of an answer whose length is told and that leads
    nowhere."""
    told = response.headers.to_wsgi_list()
    names = {name.lower() for name, _ in told}
    body = response.status_code >= 200 and response.status_code not in (204, 304)
    if body and "content-length" in names and names.isdisjoint(("location", "content-location")):
        return told
    return response.get_wsgi_headers(environ).to_wsgi_list()
