"""Events: made at each change with the state of that moment, delivered signed, at least once and unordered.

Source: reference/stripe.md 7. Retries: exponential back-off up to 3 days of stage time; the single intervals are not
published, so the first is a minute and each next one twice as long, at most 12 hours.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping

import requests

from . import shapes
from .box import DAY, VERSION, Box, snapshot
from .state import Account, Delivery, Endpoint, Plan, Thing

Send = Callable[[str, Mapping[str, str], bytes], int]

GIVE_UP_AFTER = 3 * DAY
KEPT_FOR = 30 * DAY
FIRST_WAIT, LONGEST_WAIT = 60, DAY // 2


def emit(box: Box, account: Account, type: str, thing: Thing, previous: Thing | None = None) -> Thing:
    """Records an event about ``thing`` as it is now and queues its deliveries. Returns the kept event."""
    own = account.id == box.platform_id
    data: Thing = {"object": snapshot(thing)}
    if previous is not None:
        data["previous_attributes"] = previous
    made = shapes.event(
        box.new_id("evt_1"),
        box.epoch(),
        type=type,
        version=VERSION,
        data=data,
        account=None if own else account.id,
    )
    made["request"] = dict(box.cause)
    box.hold(account, made)
    endpoints = [e for e in box.state.endpoints.values() if _hears(box, e, account, type)]
    made["pending_webhooks"] = len(endpoints)
    for endpoint in endpoints:
        _queue(box, account, made, endpoint)
    return made


def _hears(box: Box, endpoint: Endpoint, account: Account, type: str) -> bool:
    if account.id == box.platform_id:
        return not endpoint.connect and _wanted(endpoint, type)
    return endpoint.connect and account.id in box.state.connections and _wanted(endpoint, type)


def _wanted(endpoint: Endpoint, type: str) -> bool:
    return "*" in endpoint.enabled_events or type in endpoint.enabled_events


def _queue(box: Box, account: Account, event: Thing, endpoint: Endpoint) -> None:
    plan = _plan_for(box, event["type"])
    first = _delivery(box, account, event, endpoint)
    if plan.drop:
        box.note("events_dropped")
        return
    if plan.late_seconds:
        box.note("events_late")
        first.due_at += plan.late_seconds
    first.held_back = plan.reorder
    box.state.waiting.append(first)
    if plan.double:
        box.note("events_doubled")
        box.state.waiting.append(_delivery(box, account, event, endpoint, like=first))
    if plan.twin:
        box.note("events_twinned")
        twin = box.hold(account, {**snapshot(event), "id": box.new_id("evt_1")})
        box.state.waiting.append(_delivery(box, account, twin, endpoint, like=first))


def _delivery(box: Box, account: Account, event: Thing, endpoint: Endpoint, like: Delivery | None = None) -> Delivery:
    """A new chain of tries, due now or when ``like`` is."""
    # The real now, not the second at which the thing was due: tries count from when the event can go out.
    now = int(box.now().timestamp())
    box.state.undelivered[event["id"]] = box.state.undelivered.get(event["id"], 0) + 1
    box.state.made += 1
    return Delivery(
        event=event["id"],
        account=account.id,
        endpoint=endpoint.id,
        first_at=now,
        due_at=like.due_at if like else now,
        number=box.state.made,
        body=json.dumps(event, separators=(",", ":")).encode(),
        held_back=bool(like and like.held_back),
    )


def _plan_for(box: Box, type: str) -> Plan:
    for plan in box.state.plans:
        if re.search(plan.types, type):
            plan.next -= 1
            if plan.next <= 0:
                box.state.plans.remove(plan)
            return plan
    return Plan()


def signature(secret: str, body: bytes, at: int) -> str:
    """The ``Stripe-Signature`` header: HMAC-SHA256 over ``"{t}." + raw body``."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def next_batch(box: Box) -> list[Delivery]:
    """The deliveries due now, in the order in which they go out; held-back ones go last and the wrong way round."""
    now = box.epoch()
    due = [d for d in box.state.waiting if d.due_at <= now]
    straight = sorted((d for d in due if not d.held_back), key=lambda d: (d.due_at, d.number))
    held = [d for d in due if d.held_back]
    if straight or len(held) > 1:
        for late in held:
            late.held_back = False
            box.note("events_reordered")
        return straight + sorted(held, key=lambda d: -d.number)
    # Alone: it waits for something to overtake it, but not for ever.
    return [d for d in held if now - d.first_at >= FIRST_WAIT]


def settle(box: Box, delivery: Delivery, status: int) -> None:
    """Books the answer to one try: 2xx ends the chain, everything else (3xx too) is tried again or given up."""
    delivery.tries += 1
    if delivery not in box.state.waiting:
        return
    if 200 <= status < 300:
        box.state.waiting.remove(delivery)
        _answered(box, delivery)
        return
    box.note("events_refused")
    wait = min(FIRST_WAIT * 2 ** (delivery.tries - 1), LONGEST_WAIT)
    delivery.due_at = box.epoch() + wait
    if delivery.due_at > delivery.first_at + GIVE_UP_AFTER:
        box.state.waiting.remove(delivery)
        box.note("events_given_up")


def _answered(box: Box, delivery: Delivery) -> None:
    left = box.state.undelivered.get(delivery.event, 1) - 1
    if left > 0:
        box.state.undelivered[delivery.event] = left
    else:
        box.state.undelivered.pop(delivery.event, None)
    event = box.state.accounts[delivery.account].held["event"].get(delivery.event)
    if event:
        event["pending_webhooks"] = max(left, 0)


def headers_for(box: Box, delivery: Delivery, endpoint: Endpoint) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": signature(endpoint.secret, delivery.body, int(box.now().timestamp())),
    }


def http_send(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Delivers over a socket. Returns the status, 0 where nobody answered."""
    try:
        answer = requests.post(url, data=body, headers=dict(headers), timeout=10, allow_redirects=False)
    except requests.RequestException:
        return 0
    return answer.status_code


def delivered(box: Box, event: Thing) -> bool:
    """What ``delivery_success`` filters by: false while pending and where every try has failed."""
    return event["id"] not in box.state.undelivered
