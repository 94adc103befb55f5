from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.errors import Unreadable
from chalicelib.stripe.webhook import Webhook
from tests.stripe.stage import OPERATING, SECRET, Stage, a_session, a_stage


def a_webhook(stage: Stage, **other: Any) -> Webhook:
    return Webhook(other.get("secret", SECRET), livemode=other.get("livemode", False), clock=stage.clock.now)


def delivered(stage: Stage) -> tuple[bytes, str]:
    """One event as the sandbox sends it: raw body and signature."""
    sent: list[tuple[bytes, str]] = []

    def send(_url: str, headers: Mapping[str, str], body: bytes) -> int:
        sent.append((body, headers["Stripe-Signature"]))
        return 200

    stage.box.people.register_endpoint("https://fee.example/hooks/stripe", secret=SECRET)
    session = stage.client.create_session(OPERATING, stage.client.session_request(a_session(stage)), "k-1")
    stage.box.people.pay_card(session.id)
    stage.box.deliver_due(send)
    return next((body, sign) for body, sign in sent if b'"checkout.session.completed"' in body)


def test_what_stripe_sends_is_believed_and_points_at_the_session() -> None:
    stage = a_stage()
    raw, signature = delivered(stage)
    hook = a_webhook(stage)
    assert hook.signed(raw, signature)
    pointer = hook.pointer(raw)
    assert pointer
    assert (pointer.kind, pointer.account, pointer.type) == ("session", OPERATING, "checkout.session.completed")
    assert pointer.object_id.startswith("cs_")


def test_a_changed_body_another_secret_and_no_signature_are_not_believed() -> None:
    stage = a_stage()
    raw, signature = delivered(stage)
    hook = a_webhook(stage)
    assert not hook.signed(raw + b" ", signature)
    assert not hook.signed(raw, "")
    assert not hook.signed(raw, "t=x,v1=y")
    assert not hook.signed(b"\xff", signature)
    assert not a_webhook(stage, secret="other").signed(raw, signature)
    assert not a_webhook(stage, secret="").signed(raw, signature)


def test_an_old_signature_is_not_believed_by_our_own_clock() -> None:
    stage = a_stage()
    raw, signature = delivered(stage)
    stage.clock.move(seconds=301)
    assert not a_webhook(stage).signed(raw, signature)


def test_test_events_do_not_count_on_a_live_endpoint() -> None:
    stage = a_stage()
    raw, _ = delivered(stage)
    assert a_webhook(stage, livemode=True).pointer(raw) is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", json.dumps({"object": "v2.core.event", "id": "e"}).encode()])
def test_what_is_no_event_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        a_webhook(a_stage(joined=False)).pointer(raw)
