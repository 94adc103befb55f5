"""The one way into the program from a browser: every route goes through ``Door``. It checks size, type, origin, session
and CSRF token, maps our errors to answers, and puts the security headers on. It holds no rule of the books.

A page: ``@desk.get("/desk/invoices")`` over ``def invoices(ask: Ask) -> Reply | str``; path parameters follow ``ask``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from chalice.app import Blueprint, Response

from chalicelib.errors import Refused, Unreadable
from chalicelib.flow import sessions
from chalicelib.flow.sessions import Session
from chalicelib.web import answers
from chalicelib.web.answers import Reply

if TYPE_CHECKING:
    from chalicelib.domain.kernel import Json
    from chalicelib.flow.ports import World
    from chalicelib.web.needs import DoorWorld as DoorWorld

BODY_AT_MOST = 256 * 1024
FIELDS_AT_MOST = 2000
FORM = "application/x-www-form-urlencoded"
ANY_TYPE = ["*/*"]  # Chalice would answer a bare 415 in JSON: the door looks at the type itself

SESSION_COOKIE = "fs_session"
BROWSER_COOKIE = "fs_browser"
BROWSER_SECONDS = 86400

Who = Literal["anyone", "member", "owner"]
FormsTo = Literal["", "connect", "pay"]


def whole(text: str, otherwise: int = -1) -> int:
    """The whole number in an address or a form, of at most thirteen plain digits; ``otherwise`` for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 14 else otherwise


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, checked. ``browser``: the value of the cookie that every browser gets, signed in or not."""

    world: DoorWorld
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    form: Mapping[str, list[str]]
    session: Session | None
    browser: str
    correlation: str

    def one(self, name: str, default: str = "") -> str:
        """A form field's only value, trimmed."""
        return self.form.get(name, [default])[-1].strip()

    def many(self, name: str) -> list[str]:
        return [v for v in self.form.get(name, []) if v]

    @property
    def who(self) -> Session:
        """The signed-in person. The door has checked that there is one."""
        if self.session is None:
            raise NotSignedIn
        return self.session

    @property
    def firm(self) -> str:
        return self.who.firm

    @property
    def by(self) -> str:
        """Who did it, for the journal."""
        return self.who.name or self.who.user

    @property
    def csrf(self) -> str:
        """The token that every form of this page carries: the session's, or one bound to the browser's cookie."""
        return self.session.csrf if self.session else sessions.hashed(f"csrf {self.browser}")


class NotSignedIn(Exception):
    """The page needs a signed-in person."""


@dataclass(slots=True)
class Served:
    """What the doors serve: the world, and what the last resort for bugs is (app.py sets it)."""

    world: DoorWorld | None = None
    around: Callable[[Callable[[], Response], Callable[[str], Response]], Response] = field(
        default=lambda answer, _sorry: answer()
    )


_served = Served()


def use(world: DoorWorld) -> None:
    """From now on every route works on this world: the live one, or a test's."""
    _served.world = world


def catch_with(around: Callable[[Callable[[], Response], Callable[[str], Response]], Response]) -> None:
    """``around(answer, sorry)`` calls ``answer``, and on a bug ``sorry(reference)``."""
    _served.around = around


def current() -> DoorWorld:
    if _served.world is None:
        raise RuntimeError("door.use(world) first")
    return _served.world


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of whoever comes. ``forms``: it takes our forms, so origin and CSRF token are checked."""

    who: Who = "member"
    forms: bool = True
    forms_to: FormsTo = ""
    problems: Literal["page", "json"] = "page"
    cookies: bool = True


View = Callable[..., "Reply | str"]


class Door:
    """A group of routes that all pass the door. ``who`` and ``problems`` are the defaults of its routes."""

    def __init__(self, name: str, *, who: Who = "member", problems: Literal["page", "json"] = "page") -> None:
        self.name = name
        self.who: Who = who
        self.problems: Literal["page", "json"] = problems
        self.routes: list[tuple[str, str, Rule, View]] = []

    @property
    def blueprint(self) -> Blueprint:
        """A new Blueprint each time: Chalice can register one only once in a process (its options are used up)."""
        blueprint = Blueprint(self.name)
        for method, path, rule, view in self.routes:
            blueprint.route(path, methods=[method], content_types=ANY_TYPE)(_handler(blueprint, rule, view))
        return blueprint

    def get(self, path: str, *, who: Who | None = None, forms_to: FormsTo = "") -> Callable[[View], View]:
        """``forms_to``: the forms on this page lead on to neighbours (Content-Security-Policy form-action)."""
        return self._route("GET", path, Rule(who or self.who, forms=False, forms_to=forms_to, problems=self.problems))

    def post(self, path: str, *, who: Who | None = None, forms_to: FormsTo = "") -> Callable[[View], View]:
        return self._route("POST", path, Rule(who or self.who, forms_to=forms_to, problems=self.problems))

    def file(self, path: str) -> Callable[[View], View]:
        """A page or file for anyone: no session, no cookie."""
        return self._route("GET", path, Rule("anyone", forms=False, cookies=False, problems=self.problems))

    def raw(self, method: str, path: str) -> Callable[[View], View]:
        """No session, no form, any content type: webhooks and the API, which have keys of their own."""
        return self._route(method, path, Rule("anyone", forms=False, cookies=False, problems=self.problems))

    def _route(self, method: str, path: str, rule: Rule) -> Callable[[View], View]:
        def register(view: View) -> View:
            self.routes.append((method, path, rule, view))
            return view

        return register


def _handler(blueprint: Blueprint, rule: Rule, view: View) -> Callable[..., Response]:
    @wraps(view)
    def handler(**args: str) -> Response:
        return _answer(blueprint.current_request, rule, view, args)

    return handler


def _answer(request: Any, rule: Rule, view: View, args: dict[str, str]) -> Response:
    world = current()
    correlation = world.correlate(str(request.context.get("requestId") or ""))

    def sorry(reference: str) -> Response:
        return finish(world, rule, answers.bug(reference, rule.problems))

    try:
        return _served.around(lambda: _served_answer(world, request, rule, view, args, correlation), sorry)
    finally:
        world.flush()


def _served_answer(
    world: DoorWorld, request: Any, rule: Rule, view: View, args: dict[str, str], correlation: str
) -> Response:
    cookies = _cookies(request.headers.get("cookie", ""))
    browser = cookies.get(BROWSER_COOKIE, "")
    fresh = world.secret() if rule.cookies and not (rule.forms or browser) else ""
    try:
        ask = _ask(world, request, rule, cookies, browser or fresh, correlation)
        _let_in(ask, rule, had_cookie=bool(browser))
        made = view(ask, **args)
        reply = Reply(made) if isinstance(made, str) else made
    except NotSignedIn:
        reply = answers.go("/") if request.method == "GET" else answers.signed_out()
    except answers.ANSWERED as no:
        world.log("refused", kind=type(no).__name__, path=request.path)
        reply = answers.problem(no, rule.problems)
    if fresh:
        reply.cookies.append(cookie(world, BROWSER_COOKIE, fresh, BROWSER_SECONDS))
    return finish(world, rule, reply)


def _ask(world: DoorWorld, request: Any, rule: Rule, cookies: Mapping[str, str], browser: str, correlation: str) -> Ask:
    raw: bytes = request.raw_body or b""
    if len(raw) > BODY_AT_MOST:
        raise answers.TooLarge
    headers = {str(k).lower(): str(v) for k, v in dict(request.headers).items()}
    form: dict[str, list[str]] = {}
    if rule.forms and request.method == "POST":
        if headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
            raise answers.WrongType
        form = _form(raw)
    session = None
    if rule.cookies:
        session = sessions.find(world, cookies.get(SESSION_COOKIE, ""))
    query = {k: request.query_params[k] for k in request.query_params} if request.query_params else {}
    return Ask(world, request.method, request.path, query, headers, raw, form, session, browser, correlation)


def _form(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), max_num_fields=FIELDS_AT_MOST)
    except ValueError as bad:
        raise Unreadable("form", "not readable") from bad


def _let_in(ask: Ask, rule: Rule, *, had_cookie: bool) -> None:
    if rule.who != "anyone" and ask.session is None:
        raise NotSignedIn
    if rule.who == "owner" and not ask.who.owner:
        raise Refused("Only an owner of the Clio account may change this. Ask your firm's owner to do it.")
    if rule.forms and ask.method == "POST":
        _same_site(ask)
        sent = ask.one("csrf")
        if not (ask.session or had_cookie) or not hmac.compare_digest(sent.encode(), ask.csrf.encode()):
            raise answers.Stale


def _same_site(ask: Ask) -> None:
    """A browser names the page that a form came from; one of another site is turned away. With no-referrer the Origin
    of our own forms may be the word null: then Sec-Fetch-Site and the CSRF token decide."""
    origin = ask.headers.get("origin", "")
    ours = urlsplit(ask.world.public_url)
    if origin and origin != "null" and origin.lower() != f"{ours.scheme}://{ours.netloc}".lower():
        raise answers.Stale
    if ask.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise answers.Stale


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, equals, value in pairs if equals}


def cookie(world: World, name: str, value: str, seconds: int) -> str:
    """A Set-Cookie header; ``seconds`` 0 takes the cookie away."""
    secure = "" if world.stage == "local" else "; Secure"
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def policy(forms_to: tuple[str, ...]) -> str:
    """The Content-Security-Policy of every page."""
    form_action = " ".join(["'self'", *forms_to])
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    )


def finish(world: DoorWorld, rule: Rule, reply: Reply) -> Response:
    """The answer with the headers that every answer carries; what the reply says itself goes first."""
    headers: Json = {
        "Content-Type": reply.kind,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        **reply.headers,
    }
    if reply.kind.startswith("text/html"):
        hosts = world.form_hosts(rule.forms_to) if rule.forms_to else ()
        headers["Content-Security-Policy"] = policy(hosts)
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if world.stage != "local":
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    if reply.cookies:
        headers["Set-Cookie"] = list(reply.cookies)
    return Response(body=reply.body, status_code=reply.status, headers=headers)
