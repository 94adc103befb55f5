"""Webhooks: subscriptions, the handshake, signed deliveries and their retries (reference/clio.md 8).

Nothing here sends by itself: ``deliver_due`` is called by the host process or a test, with what carries a POST.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .filters import as_instant
from .refuse import Refusal, invalid
from .select import select
from .shapes import SHAPES
from .state import KIND_OF, Delivery, Row, Webhook

if TYPE_CHECKING:
    from .access import Viewer
    from .sandbox import ClioSandbox

# What carries a POST to the subscriber: its status, or status and headers (the handshake's echo is a header).
Send = Callable[[str, dict[str, str], bytes], int | tuple[int, Mapping[str, str]]]

MODEL_IDS = {
    "2": "activity",
    "3": "bill",
    "4": "calendar_entry",
    "10": "clio_payments_payment",
    "5": "communication",
    "6": "contact",
    "8": "document",
    "9": "folder",
    "1": "matter",
    "7": "task",
}
SHAPE_OF = {"bill": "Bill", "contact": "Contact", "matter": "Matter"}
MODEL_OF = {"bills": "bill", "contacts": "contact", "matters": "matter"}
EVENTS = ("created", "updated", "deleted")
MATTER_EVENTS = ("matter_opened", "matter_pended", "matter_closed")
DAYS_BY_DEFAULT, DAYS_AT_MOST = 3, 31
FIELDS_AT_MOST = 1000
FIRST_RETRY_MINUTES, RETRIES = 2, 5
SUSPEND_AFTER = 3


# --- subscriptions -------------------------------------------------------------------------------------------------
def create(clio: ClioSandbox, viewer: Viewer, data: dict[str, Any]) -> Webhook:
    """A new subscription, pending until its handshake. Raises Refusal(422)."""
    for name in ("model", "url", "fields"):
        if not data.get(name):
            raise invalid(f"{name} is required")
    state, now = clio.state, clio.stamp()
    model = _model(data["model"])
    hook = Webhook(
        id=state.next_id(),
        firm=viewer.user.firm,
        created_at=now,
        updated_at=now,
        user=viewer.user.id,
        client_id=viewer.grant.client_id,
        url=_url(clio, data["url"]),
        model=model,
        fields=_fields(clio, model, data["fields"]),
        events=_events(model, data.get("events") or [e for e in EVENTS if _offered(model, e)]),
        shared_secret=clio.give(secrets.token_hex(24)),
        expires_at=_expiry(now, data.get("expires_at")),
    )
    state.add(hook)
    _shake(clio, hook)
    return hook


def update(clio: ClioSandbox, hook: Webhook, data: dict[str, Any]) -> None:
    """Changes what was sent; a new address needs a new handshake. Raises Refusal(422)."""
    now = clio.stamp()
    model = _model(data["model"]) if "model" in data else hook.model
    fields = _fields(clio, model, data.get("fields", hook.fields))
    events = _events(model, data.get("events", hook.events))
    url = _url(clio, data.get("url", hook.url))
    if "expires_at" in data:
        hook.expires_at = _expiry(now, data["expires_at"])
    moved = url != hook.url
    hook.model, hook.fields, hook.events, hook.url = model, fields, events, url
    hook.updated_at, hook.version = now, hook.version + 1
    if moved:
        hook.status = "pending"
        _shake(clio, hook)


def activate(clio: ClioSandbox, hook: Webhook, secret: str | None) -> None:
    """The delayed half of the handshake. Raises Refusal(422) for a wrong secret."""
    if not secret or not secrets.compare_digest(secret.encode(), hook.shared_secret.encode()):
        raise invalid("X-Hook-Secret does not match")
    _enable(clio, hook)


def _enable(clio: ClioSandbox, hook: Webhook) -> None:
    hook.status, hook.failures = "enabled", 0
    hook.updated_at, hook.version = clio.stamp(), hook.version + 1
    clio.note("hooks_enabled")


def _model(sent: object) -> str:
    model = MODEL_IDS.get(str(sent), str(sent))
    if model not in MODEL_IDS.values():
        raise invalid(f"model {model} is not supported")
    return model


def _url(clio: ClioSandbox, url: object) -> str:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError as wrong:
        raise invalid("url cannot be read") from wrong
    host = parts.hostname or ""
    here = host in ("localhost", "127.0.0.1") or host.endswith(".localhost")
    allowed = parts.scheme == "http" and (here or clio.switch("allow_http_hooks", False))
    if not host or not (parts.scheme == "https" or allowed):
        raise invalid("url must use https")
    return str(url)


def _offered(model: str, event: object) -> bool:
    if event in MATTER_EVENTS:
        return model == "matter"
    return event in EVENTS and not (event == "deleted" and model == "clio_payments_payment")


def _events(model: str, events: object) -> list[str]:
    if not isinstance(events, list) or not all(_offered(model, e) for e in events):
        raise invalid(f"events holds one that {model} does not have")
    return [str(e) for e in events]


def _fields(clio: ClioSandbox, model: str, fields: object) -> str:
    if not isinstance(fields, str) or len(fields) > FIELDS_AT_MOST:
        raise invalid(f"fields must be text of at most {FIELDS_AT_MOST} characters")
    if "{" in fields and not clio.switch("hook_nested_fields", False):
        raise invalid("fields may not be nested")
    if model in SHAPE_OF:
        try:
            select(SHAPES[SHAPE_OF[model]], fields)
        except Refusal as refused:
            raise invalid(str(refused)) from refused
    return fields


def _expiry(now: datetime, sent: object) -> datetime:
    if sent is None:
        return now + timedelta(days=DAYS_BY_DEFAULT)
    at = as_instant("expires_at", str(sent))
    if not now < at <= now + timedelta(days=DAYS_AT_MOST):
        raise invalid(f"expires_at must be within {DAYS_AT_MOST} days")
    return at


# --- what is owed --------------------------------------------------------------------------------------------------
def _shake(clio: ClioSandbox, hook: Webhook) -> None:
    body = {"data": {clio.switch("handshake_key", "webhook_id"): hook.id}}
    clio.state.deliveries.append(Delivery(hook.id, "handshake", json.dumps(body).encode(), clio.now()))
    if clio.switch("handshake_by_itself", False):
        hook.status = "enabled"


def announce(clio: ClioSandbox, event: str, row: Row) -> None:
    """Owes this event to every subscription that wants it; ``updated`` only where a listed field changed."""
    model = MODEL_OF.get(KIND_OF[type(row)])
    if model == "contact" and row.id in clio.switch("hidden_contacts", ()):
        return  # nobody hears of what this user may not see (8)
    now = clio.now()
    for hook in clio.state.of_firm("webhooks", row.firm) if model else ():
        live = hook.status == "enabled" and hook.expires_at > now
        if not live or hook.model != model or event not in hook.events:
            continue
        shape = SHAPES[SHAPE_OF[hook.model]]
        data = clio.teller(clio.state.rows["users"][hook.user]).record(shape, row, select(shape, hook.fields))
        shown = json.dumps(data)
        if event == "updated" and hook.seen.get(row.id) == shown:
            continue
        hook.seen[row.id] = shown
        body = json.dumps({"data": data, "meta": {"event": event, "webhook_id": hook.id}}).encode()
        due = now + timedelta(seconds=float(clio.switch("hook_delay_seconds", 0)))
        for _ in range(int(clio.switch("hook_copies", 1))):
            clio.state.deliveries.append(Delivery(hook.id, event, body, due))


def headers_of(hook: Webhook, delivery: Delivery) -> dict[str, str]:
    """The secret on a handshake; else the signature: lower-case hex HMAC-SHA256 of the raw body."""
    headers = {"Content-Type": "application/json"}
    if delivery.event == "handshake":
        return {**headers, "X-Hook-Secret": hook.shared_secret}
    signature = hmac.new(hook.shared_secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return {**headers, "X-Hook-Signature": signature}


def deliver_due(clio: ClioSandbox, send: Send) -> int:
    """Sends what is due, in order (last first under the switch ``hook_reversed``); returns how many were sent.

    ``send`` runs without the sandbox's lock, so that the subscriber may ask back. An OSError counts as no answer.
    """
    with clio.lock:
        now = clio.now()
        due = [d for d in clio.state.deliveries if d.due_at <= now]
        clio.state.deliveries = [d for d in clio.state.deliveries if d.due_at > now]
    if clio.switch("hook_reversed", False):
        due.reverse()
    for delivery in due:
        hook = clio.state.rows["webhooks"].get(delivery.webhook)
        if hook is None or (delivery.event != "handshake" and hook.status != "enabled"):
            continue
        try:
            answer = send(hook.url, headers_of(hook, delivery), delivery.body)
        except OSError:
            answer = 0
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        with clio.lock:
            _answered(clio, hook, delivery, status, {k.lower(): v for k, v in headers.items()})
    if due:
        with clio.lock:
            clio.save()
    return len(due)


def _answered(clio: ClioSandbox, hook: Webhook, delivery: Delivery, status: int, headers: dict[str, str]) -> None:
    if status == 410:
        hook.status = "suspended"
        clio.note("hooks_suspended")
    elif 200 <= status < 400:
        hook.failures = 0
        clio.note("hooks_delivered")
        if delivery.event == "handshake" and headers.get("x-hook-secret") == hook.shared_secret:
            _enable(clio, hook)
    elif delivery.tries < RETRIES:
        delivery.due_at = clio.now() + timedelta(minutes=FIRST_RETRY_MINUTES * 2**delivery.tries)
        delivery.tries += 1
        clio.state.deliveries.append(delivery)
        clio.note("hooks_retried")
    else:
        hook.failures += 1
        clio.note("hooks_given_up")
        if hook.failures >= int(clio.switch("hook_suspend_after", SUSPEND_AFTER)):
            hook.status = "suspended"
