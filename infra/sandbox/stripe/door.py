"""The door of ``/v1``: who calls, for which account, in which version, for the first time or again.

Order of the checks: key, version, content type, account, idempotency, parameters, then the call itself.
Source: reference/stripe.md 1 (wire format), 3 (Stripe-Account), 6 (idempotency), 11.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Request, Response

from . import due, form, kinds
from .accounts import reachable
from .box import DAY, VERSION, Box
from .kinds import Table
from .refusals import Refusal
from .state import Account, Remembered, Thing

LONGEST_KEY = 255


@dataclass
class Call:
    """One checked call: the account it acts on, its parameters by type, and the root of our own URLs."""

    box: Box
    account: Account
    params: Thing
    base_url: str


Handler = Callable[..., Thing]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    table: Table
    handler: Handler
    platform_only: bool = False


def serve(box: Box, route: Route, request: Request, ids: dict[str, str]) -> Response:
    """Answers one call of the API."""
    due.advance(box)
    request_id = box.new_id("req_", 14)
    headers = {"Request-Id": request_id, "Stripe-Version": VERSION}
    try:
        account = _who(box, request)
        if request.method == "POST":
            _check_post(box, account, request)
        _rate(box, route)
        if route.platform_only and account.id != box.platform_id:
            raise Refusal("Only the platform itself can make this call.", status=403)
        headers["Stripe-Account"] = account.id
        return _once(box, route, request, account, ids, headers)
    except Refusal as refusal:
        return answer(refusal.status, refusal.body(), headers)


def answer(status: int, body: Any, headers: dict[str, str]) -> Response:
    return _bytes(status, json.dumps(body).encode(), headers)


def _bytes(status: int, body: bytes, headers: dict[str, str]) -> Response:
    return Response(body, status=status, headers=headers, content_type="application/json")


# --- who --------------------------------------------------------------------------------------------------------------
def api_key(request: Request) -> str:
    """The secret key, from Bearer or Basic (user name, empty password). Raises Refusal 401."""
    header = request.headers.get("Authorization", "")
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest).decode().split(":")[0]
        except ValueError as broken:
            raise Refusal("Invalid Authorization header.", status=401) from broken
    raise Refusal(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        status=401,
    )


def _who(box: Box, request: Request) -> Account:
    """The account that the call acts on. Raises Refusal 401, 400 (version) or 403."""
    key = api_key(request)
    home = _home_of(box, key)
    version = request.headers.get("Stripe-Version")
    if version is not None and version != VERSION:
        raise Refusal(f"Invalid Stripe API version: {version}. This sandbox knows {VERSION}.", param="Stripe-Version")
    wanted = request.headers.get("Stripe-Account")
    if wanted is None or wanted == home.id:
        return home
    if home.id != box.platform_id:
        raise Refusal("Only a platform's key can act for another account.", status=403, code="account_invalid")
    return reachable(box, wanted)


def _home_of(box: Box, key: str) -> Account:
    if key == box.platform_key:
        return box.state.accounts[box.platform_id]
    for account_id, connection in box.state.connections.items():
        if key in connection.tokens:
            return box.state.accounts[account_id]
    raise Refusal(f"Invalid API Key provided: {key[:8]}****", status=401, code="api_key_invalid")


def _check_post(box: Box, account: Account, request: Request) -> None:
    if request.get_data() and request.mimetype != "application/x-www-form-urlencoded":
        raise Refusal(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have "
            "questions, we can help at https://support.stripe.com/."
        )
    connection = box.state.connections.get(account.id)
    if connection and connection.scope == "read_only":
        raise Refusal("This account was connected with the scope read_only.", status=403)


def _rate(box: Box, route: Route) -> None:
    """Requests per endpoint and second of stage time; off unless the switch ``rate_per_second`` is set."""
    most = int(box.switch("rate_per_second", 0))
    if not most:
        return
    window = (f"{route.method} {route.path}", box.epoch())
    seconds = box.state.seconds
    for old in [w for w in seconds if w[1] < box.epoch()]:
        del seconds[old]
    seconds[window] = seconds.get(window, 0) + 1
    if seconds[window] > most:
        box.note("rate_limited")
        raise Refusal("Request rate limit exceeded.", status=429, code="rate_limit")


# --- once -------------------------------------------------------------------------------------------------------------
def _once(
    box: Box, route: Route, request: Request, account: Account, ids: dict[str, str], headers: dict[str, str]
) -> Response:
    """Carries the call out, or answers as the first time where the idempotency key is known (24 hours)."""
    raw_text = (request.get_data() if request.method == "POST" else request.query_string).decode()
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    if key is None:
        return answer(200, _carry_out(box, route, request, account, ids, raw_text), headers)
    if not 0 < len(key) <= LONGEST_KEY:
        raise Refusal("Idempotency keys must be between 1 and 255 characters.", kind="idempotency_error")
    place = (account.id, key)
    headers["Idempotency-Key"] = key
    mark = hashlib.sha256(
        json.dumps([request.method, request.path, form.parse(raw_text)], sort_keys=True).encode()
    ).hexdigest()
    if replay := _known(box, place, mark, headers):
        return replay
    box.cause = {"id": headers["Request-Id"], "idempotency_key": key}
    try:
        status, body = 200, _carry_out(box, route, request, account, ids, raw_text)
    except Refusal as refusal:
        if not (refusal.kept and box.switch("idempotency_stores_refusals", True)):
            raise
        status, body = refusal.status, refusal.body()
    finally:
        box.cause = {"id": None, "idempotency_key": None}
    if int(box.switch("executions_to_break", 0)) > 0:
        box.switches["executions_to_break"] -= 1
        box.note("executions_broken")
        status, body = 500, {"error": {"type": "api_error", "message": "An unknown error occurred"}}
    content = json.dumps(body).encode()
    box.state.remembered[place] = Remembered(box.epoch(), mark, status, content, headers["Request-Id"])
    return _bytes(status, content, headers)


def _known(box: Box, place: tuple[str, str], mark: str, headers: dict[str, str]) -> Response | None:
    busy = box.state.busy_keys.get(place, 0)
    if busy:
        box.state.busy_keys[place] = busy - 1
        raise Refusal(
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            "submitted twice, and the other request is still going through). Please try again later.",
            status=409,
            kind="idempotency_error",
            code="idempotency_key_in_use",
        )
    held = box.state.remembered.get(place)
    if held and box.epoch() - held.at >= DAY:
        del box.state.remembered[place]
        held = None
    if not held:
        return None
    if held.request != mark:
        raise Refusal(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            f"using a key other than '{place[1]}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    box.note("answers_replayed")
    return _bytes(
        held.status, held.body, {**headers, "Idempotent-Replayed": "true", "Original-Request": held.request_id}
    )


def _carry_out(box: Box, route: Route, request: Request, account: Account, ids: dict[str, str], raw_text: str) -> Thing:
    params = kinds.read(route.table, form.parse(raw_text))
    return route.handler(Call(box, account, params, request.url_root.rstrip("/")), **ids)
