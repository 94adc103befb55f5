"""Stylesheet and script, under names with a hash of their content, so that browsers may keep them for ever."""

from __future__ import annotations

from chalicelib.web.answers import NotFound, Reply
from chalicelib.web.door import Ask, Door

doors = Door(__name__, who="anyone")

KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"


@doors.file("/static/{name}")
def static(_ask: Ask, name: str) -> Reply:
    from chalicelib.web import pages

    body = pages.asset_body(name)
    kind = KINDS.get(name.rpartition(".")[2])
    if body is None or kind is None:
        raise NotFound
    return Reply(body.decode(), kind=kind, headers={"Cache-Control": FOR_EVER})


@doors.file("/robots.txt")
def robots(_ask: Ask) -> Reply:
    """Nothing here is for search engines; pay links least of all."""
    return Reply("User-agent: *\nDisallow: /\n", kind=KINDS["txt"], headers={"Cache-Control": "public, max-age=86400"})


@doors.file("/{nowhere}")
def nothing_there(_ask: Ask, nowhere: str) -> Reply:
    """A page of ours for a mistyped address. What lies deeper and has no route, API Gateway answers by itself."""
    raise NotFound(nowhere)
