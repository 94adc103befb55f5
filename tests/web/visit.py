"""A person at a browser without JavaScript: the shipped routes over the in-memory world, cookies kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalice.app import Chalice, Response
from chalice.test import Client, HTTPResponse

from chalicelib.flow import sessions
from chalicelib.web import door, pay, routes
from tests import kept
from tests.world import PUBLIC, MemoryWorld, Stage, connect, seeded

OWNER = "Olivia Hartwell"


class PagesWorld(MemoryWorld):
    """What the door asks of the world beyond the flows."""

    regions = ("us", "ca", "eu", "au")
    hooks: Any = None
    payment_hosts: tuple[str, ...] = ()

    def form_hosts(self, where: str) -> tuple[str, ...]:
        return self.payment_hosts if where else ()

    def correlate(self, id: str = "") -> str:
        return id or "corr-1"

    def trouble(self, event: str, **fields: object) -> None:
        self.log(event, **fields)

    def flush(self) -> None:
        pass


def a_seeded_world() -> PagesWorld:
    return seeded(PagesWorld())


def a_firm_with_pages(*, second: bool = False) -> tuple[Stage, Visitor]:
    """A firm that is set up and has pressed Resync once, and its owner at the desk."""

    def build() -> Stage:
        stage = connect(a_seeded_world(), second=second)
        stage.resync()
        return stage

    stage = kept.once(("pages", second), build)
    assert isinstance(stage.world, PagesWorld)
    return stage, Visitor(stage.world).sign_in(stage.firm)


def nothing_caught(answer: Callable[[], Response], _sorry: Callable[[str], Response]) -> Response:
    """Bugs fly, so that a test sees them."""
    return answer()


def an_app(world: door.DoorWorld) -> Chalice:
    app = Chalice("pages")
    routes.register(app, world, nothing_caught)
    if not any(path.startswith("/pay/") for path in app.routes):
        app.register_blueprint(pay.blueprint)
    return app


class Page:
    """An answer, with what a person would look for in it."""

    def __init__(self, answer: HTTPResponse) -> None:
        self.status = answer.status_code
        self.headers = {k.lower(): v for k, v in answer.headers.items()}
        self.html = answer.body.decode()

    @property
    def location(self) -> str:
        return str(self.headers.get("location", ""))

    @property
    def text(self) -> str:
        """The words of the body on one line."""
        body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", self.html, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]*)"', self.html)
        return found[1] if found else ""


class Visitor:
    """Keeps cookies between pages, as a browser does."""

    def __init__(self, world: door.DoorWorld) -> None:
        self.world = world
        self.client = Client(an_app(world))
        self.cookies: dict[str, str] = {}
        self.last_csrf = ""

    def sign_in(self, firm: str, *, owner: bool = True) -> Visitor:
        cookie = sessions.begin(self.world, firm=firm, user="1", name=OWNER, owner=owner)
        self.cookies[door.SESSION_COOKIE] = cookie
        return self

    def get(self, path: str) -> Page:
        return self._kept(Page(self.client.http.get(path, headers=self._headers())))

    def post(self, path: str, form: Mapping[str, str | list[str]], *, csrf: str | None = None) -> Page:
        fields = {**form, "csrf": self.last_csrf if csrf is None else csrf}
        headers = {**self._headers(), "Content-Type": door.FORM, "Origin": PUBLIC}
        return self._kept(
            Page(self.client.http.post(path, headers=headers, body=urlencode(fields, doseq=True).encode()))
        )

    def follow(self, page: Page) -> Page:
        assert page.status == 303, (page.status, page.text)
        where = urlsplit(page.location)
        return self.get(where.path + (f"?{where.query}" if where.query else ""))

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}

    def _kept(self, page: Page) -> Page:
        cookies: str | list[str] = page.headers.get("set-cookie", [])
        for cookie in [cookies] if isinstance(cookies, str) else cookies:
            name, _, value = str(cookie).split(";")[0].partition("=")
            self.cookies[name] = value
        self.last_csrf = page.csrf or self.last_csrf
        return page
