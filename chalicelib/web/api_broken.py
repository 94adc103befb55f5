"""The JSON API of broken links: every choice with what it would write, and the choice made."""

from __future__ import annotations

from typing import Any

from chalicelib.web.api_door import Asked, found, get, post


@get("/attention/{item}/choices")
def choices(ask: Asked, item: str) -> Any:
    from chalicelib.flow import broken

    return found(lambda: broken.choices(ask.world, ask.firm, ask.item_key(item)))


@post("/attention/{item}/choices", 202)
def choose(ask: Asked, item: str) -> dict[str, Any]:
    """again, write, link, accept, activate, anew, apply, leave or look; ``to`` is what the choice asks for."""
    from chalicelib.flow import broken

    key = ask.item_key(item)
    found(lambda: broken.choices(ask.world, ask.firm, key))
    broken.decide(ask.world, ask.firm, key, ask.json.text("choice"), ask.json.text("to", ""), ask.by)
    return {"id": item}
