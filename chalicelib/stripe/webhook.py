"""Stripe's webhook: raw bytes and a signature to a pointer (reference/stripe.md 7). The snapshot is not believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.readings import EventPointer
from chalicelib.errors import Unreadable
from chalicelib.stripe import wire

TOLERANCE_SECONDS = 300


class Webhook:
    """``secret`` is the Connect endpoint's. ``livemode``: whose events count, for a live endpoint also hears the test
    events of accounts that were connected live."""

    def __init__(self, secret: str, *, livemode: bool, clock: Callable[[], datetime]) -> None:
        self._secret = secret
        self.livemode = livemode
        self.clock = clock

    def signed(self, raw: bytes, signature: str) -> bool:
        """Stripe's own check on the exact bytes; the age by our clock, which on a test stage is not the machine's."""
        import stripe

        try:
            stripe.WebhookSignature.verify_header(raw, signature, self._secret, None)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            return False
        return self.clock().timestamp() - _signed_at(signature) <= TOLERANCE_SECONDS

    def pointer(self, raw: bytes) -> EventPointer | None:
        """Where to look; None for an event of the other mode. Raises Unreadable for what is no event."""
        try:
            event = json.loads(raw)
        except ValueError as bad:
            raise Unreadable("webhook", "not JSON") from bad
        if not isinstance(event, dict) or event.get("object") != "event":
            raise Unreadable("webhook", "no event")
        return wire.pointer(event) if event.get("livemode") is self.livemode else None


def _signed_at(signature: str) -> float:
    """The ``t`` of a header whose signature holds."""
    parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
    return float(parts["t"])
