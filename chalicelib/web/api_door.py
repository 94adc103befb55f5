"""The way into the JSON API: bearer token, JSON bodies, problem+json, Idempotency-Key. It holds no rule."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Refused, Unreadable
from chalicelib.web.answers import JSON, NotFound, Reply, Unauthorized, WrongType
from chalicelib.web.door import Ask, Door, whole

if TYPE_CHECKING:
    from chalicelib.web.needs import DoorWorld

doors = Door(__name__, who="anyone", problems="json")

ROOT = "/api/v1"
SIZES = (25, 50, 100)
Handler = Callable[..., Any]


class Body:
    """A JSON object, read by name. Every miss raises Unreadable with the field's name."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def text(self, name: str, default: str | None = None) -> str:
        return str(self._of(name, str, default))

    def number(self, name: str) -> int:
        return int(self._of(name, int, None))

    def flag(self, name: str, absent: bool | None = None) -> bool:
        return bool(self._of(name, bool, absent))

    def texts(self, name: str) -> list[str]:
        found: list[Any] = self._of(name, list, None)
        if not all(isinstance(one, str) for one in found):
            raise Unreadable(name, "not all texts", f'"{name}" is a list of texts.')
        return found

    def object(self, name: str) -> Body:
        """An object within; an empty one where there is none."""
        return Body(self._of(name, dict, {}))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._told)

    def objects(self, name: str) -> list[Body]:
        found: list[Any] = self._of(name, list, None)
        if not all(isinstance(one, dict) for one in found):
            raise Unreadable(name, "not all objects", f'"{name}" is a list of objects.')
        return [Body(one) for one in found]

    def _of(self, name: str, kind: type, default: Any) -> Any:
        value = self._told.get(name, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Unreadable(f"field {name}", type(value).__name__, f'Give "{name}" as the documentation says.')
        return value


@dataclass(frozen=True, slots=True)
class Asked:
    """One API request with its firm. ``by``: the key's name, for the journal."""

    world: DoorWorld
    firm: str
    by: str
    query: dict[str, str]
    json: Body

    @property
    def cursor(self) -> str | None:
        return self.query.get("cursor") or None

    @property
    def size(self) -> int:
        asked = whole(self.query.get("limit", "25"))
        if asked not in SIZES:
            raise Refused("A page has 25, 50 or 100 items.")
        return asked

    def item_id(self, key: str) -> str:
        """An effect's key without its firm, as one part of a path."""
        return base64.urlsafe_b64encode(key.removeprefix(f"{self.firm}/").encode()).decode().rstrip("=")

    def item_key(self, id: str) -> str:
        try:
            name = base64.urlsafe_b64decode(id + "=" * (-len(id) % 4)).decode()
        except ValueError as bad:
            raise NotFound from bad
        return f"{self.firm}/{name}"


def get(path: str) -> Callable[[Handler], Handler]:
    return _route("GET", path, 200)


def post(path: str, status: int = 200) -> Callable[[Handler], Handler]:
    return _route("POST", path, status)


def put(path: str) -> Callable[[Handler], Handler]:
    return _route("PUT", path, 200)


def delete(path: str) -> Callable[[Handler], Handler]:
    return _route("DELETE", path, 204)


def _route(method: str, path: str, status: int) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        def view(ask: Ask, **args: str) -> Reply:
            return _answer(ask, handler, args, status)

        view.__name__ = handler.__name__
        doors.raw(method, ROOT + path)(view)
        return handler

    return register


def _answer(ask: Ask, handler: Handler, args: dict[str, str], status: int) -> Reply:
    from chalicelib.flow.once import Answered, once

    asked = _asked(ask)

    def do() -> Answered:
        made = handler(asked, **args)
        return Answered(status, "" if status == 204 else _text(made))

    key = ask.headers.get("idempotency-key", "")
    if ask.method != "POST" or not key:
        return _reply(do())
    parts = [ask.method, ask.path, *(f"{k}={v}" for k, v in sorted(args.items()))]
    return _reply(once(ask.world, asked.firm, key, " ".join(parts).encode() + b"\n" + ask.raw, do))


def _reply(answered: Any) -> Reply:
    reply = Reply(answered.body, answered.status, JSON)
    if answered.again:
        reply.headers["Idempotency-Replayed"] = "true"
    return reply


def _asked(ask: Ask) -> Asked:
    """Raises Unauthorized for a token that we did not make or that was revoked."""
    from chalicelib.flow import keys

    scheme, _, token = ask.headers.get("authorization", "").partition(" ")
    key = keys.find(ask.world, token.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise Unauthorized
    body = _body(ask) if ask.method in ("POST", "PUT") and ask.raw else {}
    return Asked(ask.world, key.firm, f"API key {key.name}", dict(ask.query), Body(body))


def _body(ask: Ask) -> dict[str, Any]:
    if ask.headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
        raise WrongType
    try:
        told = json.loads(ask.raw)
    except ValueError as bad:
        raise Unreadable("body", "no JSON", "Send a JSON object.") from bad
    if not isinstance(told, dict):
        raise Unreadable("body", type(told).__name__, "Send a JSON object.")
    return told


def _text(made: Any) -> str:
    import msgspec

    return msgspec.json.encode(made).decode()


def found(read: Any) -> Any:
    """Another firm's thing and no thing look the same: not found."""
    try:
        return read()
    except Refused as no:
        raise NotFound from no
