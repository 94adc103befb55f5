"""The session that clients have in the worlds of tests: what ``requests`` would send, without its preparing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

import requests

from infra.sandbox.kit import caseless


class Asked(requests.PreparedRequest):
    """A request as it goes out, with its path, for which many ask."""

    path_url = ""

    def __init__(self, method: str, url: str, headers: dict[str, Any], body: Any) -> None:
        self.method, self.url, self.body = method, url, body
        self.headers = caseless(headers.items())
        self.path_url = url[url.index("/", url.index("//") + 2) :]
        self.hooks = {}
        self._cookies = self._body_position = None


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
        sent = {"Accept": "*/*", **(headers or {})}
        if isinstance(data, dict):
            data = urlencode(data, doseq=True)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        query = query_text(params) if params else ""
        url = f"{url}{'&' if '?' in url else '?'}{query}" if query else url
        asked = Asked(method.upper(), url, sent, data)
        for begins, carrier in self.adapters.items():
            if url.startswith(begins):
                return carrier.send(asked)
        raise requests.exceptions.InvalidSchema(url)
