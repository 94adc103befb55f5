"""Webhooks: the signature over the raw bytes, a pointer stored, 200. No neighbour is called, no payload is believed.

A wrong signature is refused and nothing is stored: Stripe and Clio get 400, QuickBooks 403; Clio never gets 410, which
would end its subscription (reference/clio.md 8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.kernel import Neighbour
from chalicelib.errors import Unreadable
from chalicelib.web.answers import Reply, data
from chalicelib.web.door import Ask, Door

if TYPE_CHECKING:
    from chalicelib.domain.readings import EventPointer

doors = Door(__name__, who="anyone", problems="json")


@doors.raw("POST", "/webhooks/stripe")
def stripe(ask: Ask) -> Reply:
    hooks = ask.world.hooks
    if not hooks.stripe_signed(ask.raw, ask.headers.get("stripe-signature", "")):
        return _refused(ask, Neighbour.STRIPE, 400)
    try:
        pointer = hooks.stripe_pointer(ask.raw)
    except Unreadable:
        return _unread(ask, Neighbour.STRIPE)
    return _point(ask, Neighbour.STRIPE, [pointer] if pointer else [])


@doors.raw("POST", "/webhooks/quickbooks")
def quickbooks(ask: Ask) -> Reply:
    """CloudEvents or the older form, whatever content type it is sent under (design section 5)."""
    hooks = ask.world.hooks
    if not hooks.quickbooks_signed(ask.raw, ask.headers.get("intuit-signature", "")):
        return _refused(ask, Neighbour.QUICKBOOKS, 403)
    try:
        pointers = hooks.quickbooks_pointers(ask.raw)
    except Unreadable:
        return _unread(ask, Neighbour.QUICKBOOKS)
    return _point(ask, Neighbour.QUICKBOOKS, pointers)


@doors.raw("POST", "/webhooks/clio/{path_token}")
def clio(ask: Ask, path_token: str) -> Reply:
    """The address says which firm; the handshake is answered by repeating its header."""
    from chalicelib.flow import clio_hooks

    offered = ask.headers.get("x-hook-secret", "")
    if offered:
        known = clio_hooks.shake_hands(ask.world, path_token, offered)
        return _repeated(offered) if known else _refused(ask, Neighbour.CLIO, 400)
    subscription = clio_hooks.find(ask.world, path_token)
    signature = ask.headers.get("x-hook-signature", "")
    if subscription is None or not ask.world.hooks.clio_signed(ask.raw, signature, subscription.secret):
        return _refused(ask, Neighbour.CLIO, 400)
    try:
        pointers = ask.world.hooks.clio_pointers(ask.raw, subscription.account, subscription.kind)
    except Unreadable:
        return _unread(ask, Neighbour.CLIO)
    return _point(ask, Neighbour.CLIO, pointers)


def _repeated(secret: str) -> Reply:
    answer = data({})
    answer.headers["X-Hook-Secret"] = secret
    return answer


def _point(ask: Ask, neighbour: Neighbour, pointers: list[EventPointer]) -> Reply:
    from chalicelib.flow import inbox

    count = inbox.point(ask.world, neighbour, pointers)
    ask.world.log("webhook", neighbour=str(neighbour), pointers=count)
    return data({"pointers": count})


def _refused(ask: Ask, neighbour: Neighbour, status: int) -> Reply:
    ask.world.log("webhook_refused", neighbour=str(neighbour))
    ask.world.count("webhooks_refused", neighbour=str(neighbour))
    return data({"title": "The signature is wrong", "status": status}, status)


def _unread(ask: Ask, neighbour: Neighbour) -> Reply:
    """Signed, but no event that we understand. Sending it again would change nothing, so it is taken; polls will see
    what it was about."""
    ask.world.log("webhook_unread", neighbour=str(neighbour))
    return data({"pointers": 0})
