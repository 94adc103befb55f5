"""The session that clients have in the worlds of tests: what ``requests`` would send, without its preparing."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

import requests
from requests.structures import CaseInsensitiveDict


class Asked(requests.PreparedRequest):
    """A request whose path is worked out once, though many ask for it."""

    @cached_property
    def path_url(self) -> str:
        return str(super().path_url)


_quoted = lru_cache(maxsize=4096)(quote_plus)  # names of fields and filters are the same in every request


def query_text(params: Any) -> str:
    """As urlencode(doseq=True) writes plain values."""
    pairs = params.items() if isinstance(params, dict) else params
    rows = [(k, one) for k, v in pairs if v is not None for one in (v if isinstance(v, list | tuple) else (v,))]
    return "&".join(f"{_quoted(str(k))}={_quoted(str(v))}" for k, v in rows)


class Line(requests.Session):
    """The session that clients get: what ``requests`` would put on the wire, without its preparing, which takes longer
    than the sandboxes do. ``tests/simulation/test_swarm.py`` compares the two."""

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        json: None = None,
        files: None = None,
        auth: None = None,
        cookies: None = None,
        **_: Any,
    ) -> requests.Response:
        assert not (json or files or auth or cookies), "no client sends these"
        asked = Asked()
        asked.method, asked.body = method.upper(), data
        asked.headers = CaseInsensitiveDict({"Accept": "*/*", **(headers or {})})
        if isinstance(data, dict):
            asked.body = urlencode(data, doseq=True)
            asked.headers["Content-Type"] = "application/x-www-form-urlencoded"
        query = query_text(params) if params else ""
        asked.url = f"{url}{'&' if '?' in url else '?'}{query}" if query else url
        return self.get_adapter(url).send(asked)
