"""A browser as plain as can be: pages, their forms, cookies. The demo goes through the same doors as a person does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

HOPS = 15
SECRET_FIELDS = ("csrf", "state", "code")


class PageError(Exception):
    """A page answered otherwise than the story needs."""


@dataclass
class Form:
    """A form of a page: where it goes and what it holds, by name; buttons by their value."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self._open: Form | None = None
        self._select = ""
        self._empty = True  # no option of the select was seen yet
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {k: v or "" for k, v in attrs}
        if tag == "form":
            self._open = Form(a.get("action", ""), a.get("method", "get").lower())
            self.forms.append(self._open)
            if "id" in a:
                self.by_id[a["id"]] = self._open
        form = self.by_id.get(a.get("form", "")) or self._open
        if form is None:
            return
        name = a.get("name", "")
        if tag == "input" and name and a.get("type") in ("checkbox", "radio"):
            if "checked" in a:
                form.fields.setdefault(name, []).append(a.get("value", "on"))
        elif tag == "input" and name and a.get("type") not in ("submit", "button"):
            form.fields.setdefault(name, []).append(a.get("value", ""))
        elif tag == "button" and name:
            form.buttons.append((name, a.get("value", "")))
        elif tag == "select" and name:
            self._select = name
            self._empty = True
        elif tag == "option" and self._select and (self._empty or "selected" in a):
            held = form.fields.setdefault(self._select, [])
            held[len(held) - (not self._empty) :] = [a.get("value", "")]  # the first, until one is selected
            self._empty = False
        elif tag == "textarea" and name:
            self._area = name
            form.fields.setdefault(name, []).append("")

    def handle_data(self, data: str) -> None:
        if self._area and self._open:
            self._open.fields[self._area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


@dataclass
class Shown:
    """A page as it came: its address, status and text."""

    url: str
    status: int
    text: str

    @property
    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.text)
        return parser.forms

    def form(self, action: str, holding: dict[str, str]) -> Form:
        """The form whose address ends with ``action`` and that holds these values."""
        for form in self.forms:
            there = urlsplit(form.action or self.url).path
            if there.endswith(action) and all(v in form.fields.get(k, []) for k, v in holding.items()):
                return form
        have = ", ".join(sorted({f.action for f in self.forms}))
        raise PageError(f"{urlsplit(self.url).path} ({self.status}) has no form to {action}; it has: {have}")


class Browser:
    """One person's browser, with cookies of its own.

    ``secrets`` are the cookies, form tokens, states and codes that it was ever given, for a search of the logs.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.secrets: set[str] = set()
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, address: str, *, status: int = 200) -> Shown:
        """Follows redirects; another status than expected is an error of the story."""
        return self._follow(self.session.get(self._at(address), allow_redirects=False, timeout=40), status)

    def submit(
        self,
        page: Shown,
        action: str,
        values: dict[str, Any] | None = None,
        *,
        status: int = 200,
        holding: dict[str, str] | None = None,
    ) -> Shown:
        """Fills a form in and sends it. A list as a value sends the name several times. ``holding``: see ``form``."""
        form = page.form(action, holding or {})
        data: dict[str, Any] = {**form.fields, **(values or {})}
        self.secrets |= {token for name in SECRET_FIELDS for token in form.fields.get(name, []) if token}
        to = urljoin(page.url, form.action or page.url)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        if form.method == "post":
            head = {"Origin": origin}
            answer = self.session.post(to, data=data, headers=head, allow_redirects=False, timeout=40)
        else:
            answer = self.session.get(to, params=data, allow_redirects=False, timeout=40)
        return self._follow(answer, status)

    def _at(self, address: str) -> str:
        return address if address.startswith("http") else self.base + address

    def _follow(self, answer: requests.Response, status: int) -> Shown:
        for _ in range(HOPS):
            self.secrets |= {value for value in answer.cookies.values() if value}
            if answer.status_code not in (301, 302, 303, 307):
                break
            to = urljoin(answer.url, answer.headers["Location"])
            self.secrets |= {value for name, value in parse_qsl(urlsplit(to).query) if name in SECRET_FIELDS}
            answer = self.session.get(to, allow_redirects=False, timeout=40)
        if answer.status_code != status:
            raise PageError(
                f"{urlsplit(answer.url).path}: {answer.status_code} instead of {status}: {_words(answer.text)[:600]}"
            )
        return Shown(answer.url, answer.status_code, answer.text)


def _words(html: str) -> str:
    """What a page says in its main part, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html[max(0, html.find("<main")) :])).strip()
