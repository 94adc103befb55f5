"""Events of the Stripe sandbox: their order, their list, and their signed deliveries (reference/stripe.md 7)."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from tests.sandbox.stripe_caller import FIRM, HOOK, Caller, a_connected_caller


@pytest.fixture
def caller() -> Caller:
    caller = a_connected_caller()
    caller.hear()
    return caller


def types(caller: Caller) -> list[str]:
    return [json.loads(body)["type"] for _, _, body in caller.delivered]


def test_a_card_payment_tells_its_story_in_order(caller: Caller) -> None:
    caller.paid()
    assert caller.event_types()[1:] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_bank_debit_tells_its_story_in_order(caller: Caller) -> None:
    caller.debited(after_days=1)
    caller.clock.move(days=2)
    assert caller.event_types()[1:] == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_a_failed_bank_debit_tells_its_story_in_order(caller: Caller) -> None:
    caller.debited(outcome="fail", after_days=1)
    caller.clock.move(days=2)
    assert caller.event_types()[5:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]


def test_a_refund_sends_refund_created_and_charge_refunded(caller: Caller) -> None:
    session = caller.paid(1000)
    caller.people.refund(session["payment_intent"], 400)
    assert caller.event_types()[-2:] == ["refund.created", "charge.refunded"]


def test_what_was_due_happened_when_it_was_due_however_late_one_looks(caller: Caller) -> None:
    began = caller.now
    caller.debited(after_days=1)
    caller.clock.move(days=10)
    cleared = caller.read("/v1/events", type="checkout.session.async_payment_succeeded")["data"][0]
    assert cleared["created"] == began + 86_400


def test_a_delivery_is_signed_over_the_raw_body_and_names_the_account(caller: Caller) -> None:
    caller.paid()
    caller.deliver()
    url, headers, body = caller.delivered[0]
    at, signed = (part.split("=")[1] for part in headers["Stripe-Signature"].split(","))
    assert url == HOOK
    assert int(at) == caller.now
    assert signed == hmac.new(b"whsec_connect", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert {json.loads(body)["account"] for _, _, body in caller.delivered} == {FIRM}


def test_a_delivery_carries_the_state_of_its_moment(caller: Caller) -> None:
    session = caller.debited(after_days=1)
    caller.clock.move(days=2)
    caller.deliver()
    completed = next(json.loads(b) for _, _, b in caller.delivered if b"session.completed" in b)
    assert completed["data"]["object"]["payment_status"] == "unpaid"
    assert caller.read(f"/v1/checkout/sessions/{session['id']}")["payment_status"] == "paid"


def test_an_event_names_the_request_that_caused_it(caller: Caller) -> None:
    session = caller.paid(1000)
    caller.post("/v1/refunds", {"payment_intent": session["payment_intent"]}, key="effect-7")
    event = caller.read("/v1/events", type="refund.created")["data"][0]
    assert event["request"]["idempotency_key"] == "effect-7"


def test_delivered_events_are_not_sent_again(caller: Caller) -> None:
    caller.paid()
    assert caller.deliver() == 4
    assert caller.deliver() == 0


def test_a_refused_delivery_is_tried_again_later_and_for_three_days(caller: Caller) -> None:
    caller.paid()
    assert caller.deliver(status=500) == 4
    assert caller.deliver() == 0
    assert caller.read("/v1/events", delivery_success=False)["data"]
    caller.clock.move(seconds=60)
    assert caller.deliver(status=302) == 4
    for _ in range(80):
        caller.clock.move(hours=1)
        caller.deliver(status=500)
    caller.delivered.clear()
    caller.clock.move(days=3)
    assert caller.deliver() == 0
    assert caller.box.counts["events_given_up"] == 4
    assert len(caller.read("/v1/events", delivery_success=False)["data"]) == 4


def test_a_delivery_that_nobody_answers_counts_as_failed(caller: Caller) -> None:
    caller.paid()

    def broken(*_: object) -> int:
        raise ConnectionRefusedError

    assert caller.box.deliver_due(broken) == 4
    caller.clock.move(seconds=61)
    assert caller.deliver() == 4


def test_events_can_come_late(caller: Caller) -> None:
    caller.people.plan_deliveries(late_seconds=600, types="session.completed")
    caller.paid()
    caller.deliver()
    assert "checkout.session.completed" not in types(caller)
    caller.clock.move(seconds=600)
    caller.deliver()
    assert types(caller)[-1] == "checkout.session.completed"
    assert caller.box.counts["events_late"] == 1


def test_events_can_come_twice_with_the_same_id(caller: Caller) -> None:
    caller.people.plan_deliveries(double=True, types="session.completed")
    caller.paid()
    caller.deliver()
    ids = [json.loads(b)["id"] for _, _, b in caller.delivered if b"session.completed" in b]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert caller.box.counts["events_doubled"] == 1


def test_two_event_objects_can_describe_one_change(caller: Caller) -> None:
    caller.people.plan_deliveries(twin=True, types="session.completed")
    caller.paid()
    caller.deliver()
    told = [json.loads(b) for _, _, b in caller.delivered if b"session.completed" in b]
    assert told[0]["id"] != told[1]["id"]
    assert told[0]["data"] == told[1]["data"]
    assert caller.event_types()[-2:] == ["checkout.session.completed"] * 2


def test_events_can_come_out_of_order(caller: Caller) -> None:
    caller.people.plan_deliveries(reorder=True, next=2)
    caller.paid()
    caller.deliver()
    assert types(caller) == [
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.created",
    ]


def test_events_can_be_dropped_and_are_found_as_undelivered(caller: Caller) -> None:
    caller.people.plan_deliveries(drop=True, types="session.completed")
    caller.paid()
    caller.deliver()
    assert "checkout.session.completed" not in types(caller)
    missed = caller.read("/v1/events", delivery_success=False)["data"]
    assert [e["type"] for e in missed] == ["checkout.session.completed"]


def test_events_are_paged_forward_from_the_last_one_seen(caller: Caller) -> None:
    first = caller.read("/v1/events")["data"][0]["id"]
    caller.paid()
    page = caller.read("/v1/events", ending_before=first, limit=3)
    assert page["has_more"] is True
    assert [e["type"] for e in page["data"]] == [
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]


def test_events_are_filtered_by_types(caller: Caller) -> None:
    caller.paid()
    found = caller.read("/v1/events", types=["charge.succeeded", "checkout.session.completed"])["data"]
    assert [e["type"] for e in found] == ["checkout.session.completed", "charge.succeeded"]


def test_the_platforms_own_events_do_not_reach_the_connect_endpoint(caller: Caller) -> None:
    caller.session(account=None)
    caller.post("/v1/customers", {"name": "x"}, account=None)
    assert caller.deliver() == 0
    assert caller.event_types("acct_hartwell_operating") == ["account.application.authorized"]


def test_an_endpoint_made_over_the_api_has_its_own_secret_and_hears_what_it_asked_for(caller: Caller) -> None:
    asked = {"url": "https://fee.test/second", "enabled_events": ["charge.succeeded"], "connect": True}
    made = caller.post("/v1/webhook_endpoints", asked, account=None).json()
    caller.paid()
    caller.deliver()
    second = [(h, b) for u, h, b in caller.delivered if u == "https://fee.test/second"]
    assert [json.loads(b)["type"] for _, b in second] == ["charge.succeeded"]
    headers, body = second[0]
    at, signed = (part.split("=")[1] for part in headers["Stripe-Signature"].split(","))
    assert signed == hmac.new(made["secret"].encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
