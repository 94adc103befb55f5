"""Webhook endpoints: made over the API or by hand; each has its own secret (reference/stripe.md 7)."""

from __future__ import annotations

from . import shapes
from .box import VERSION, Box
from .refusals import Refusal
from .state import Endpoint, Thing


def register(
    box: Box, url: str, *, secret: str | None = None, events: list[str] | None = None, connect: bool = True
) -> Endpoint:
    """Adds an endpoint, or changes the one with the same side and secret, so that a program that comes up at another
    address is not told twice. Without ``secret`` the configured one is meant.
    """
    for held in box.state.endpoints.values():
        if held.secret == (secret or box.webhook_secret) and held.connect == connect:
            held.url = url
            held.enabled_events = events or held.enabled_events
            return held
    made = Endpoint(box.new_id("we_1"), url, secret or box.webhook_secret, events or ["*"], connect)
    box.state.endpoints[made.id] = made
    return made


def create(box: Box, given: Thing) -> Thing:
    """``POST /v1/webhook_endpoints``. Raises Refusal 400 for a version that the sandbox does not speak."""
    version = given.get("api_version", VERSION)
    if version != VERSION:
        raise Refusal(f"Invalid api_version: {version}", param="api_version")
    secret = box.new_id("whsec_", 32)
    connect = given.get("connect", False)
    made = register(box, given["url"], secret=secret, events=given["enabled_events"], connect=connect)
    return shapes.webhook_endpoint(made, box.epoch(), version, given)
