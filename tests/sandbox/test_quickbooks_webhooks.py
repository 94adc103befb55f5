"""Webhooks of the QuickBooks sandbox (reference/quickbooks.md 5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from infra.sandbox.quickbooks import REALM_B
from tests.sandbox.quickbooks_wire import App

URL = "https://app.test/webhooks/quickbooks"


class Receiver:
    """Keeps what it gets and answers ``status``."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.got.append((url, headers, body))
        return self.status

    def events(self) -> list[dict[str, Any]]:
        return [event for _, _, body in self.got for event in json.loads(body)]


def listening(**switches: Any) -> App:
    app = App(**switches)
    app.people.register_webhook(URL)
    return app


def kinds(receiver: Receiver) -> list[str]:
    return [event["type"] for event in receiver.events()]


def test_a_change_is_told_as_a_signed_cloud_event() -> None:
    app, receiver = listening(), Receiver()
    made = app.invoice()
    assert app.box.deliver_due(receiver) == 1
    url, headers, body = receiver.got[0]
    [event] = json.loads(body)
    assert url == URL
    assert headers["Content-Type"] == "application/cloudevents+json"
    wanted = base64.b64encode(hmac.new(b"verify-me", body, hashlib.sha256).digest()).decode()
    assert headers["intuit-signature"] == wanted
    assert event["specversion"] == "1.0" and event["type"] == "qbo.invoice.created.v1"
    assert (event["intuitentityid"], event["intuitaccountid"]) == (made["Id"], app.realm)


def test_each_operation_has_its_own_event() -> None:
    app, receiver = listening(), Receiver()
    first, second = app.invoice(), app.invoice()
    app.people.change_invoice_amount(app.realm, first["Id"], 120)
    app.people.void_invoice(app.realm, first["Id"])
    app.people.delete_invoice(app.realm, second["Id"])
    app.box.deliver_due(receiver)
    told = [kind.split(".")[2] for kind in kinds(receiver)]
    assert told == ["created", "created", "updated", "voided", "deleted"]


def test_a_payment_is_told_with_its_invoice() -> None:
    app, receiver = listening(), Receiver()
    app.payment(5, ("Invoice", app.id_of("Invoice", DocNumber="1042"), 5))
    app.box.deliver_due(receiver)
    assert kinds(receiver) == ["qbo.payment.created.v1", "qbo.invoice.updated.v1"]


def test_a_company_that_is_not_connected_is_silent() -> None:
    app, receiver = listening(), Receiver()
    app.people.add_customer(REALM_B, "Nobody hears")
    app.people.revoke_grants(app.realm)
    app.people.add_customer(app.realm, "Nor of this")
    assert app.box.deliver_due(receiver) == 0


def test_nothing_is_told_without_an_address() -> None:
    app, receiver = App(), Receiver()
    app.invoice()
    assert app.box.deliver_due(receiver) == 0


def test_what_is_not_acknowledged_comes_again_the_same() -> None:
    app, receiver = listening(), Receiver(500)
    app.invoice()
    app.box.deliver_due(receiver)
    assert app.box.deliver_due(receiver) == 0
    for seconds in (10, 20, 30, 300, 1200, 7200, 14400, 21600, 21600):
        app.clock.move(seconds=seconds - 1)
        assert app.box.deliver_due(receiver) == 0
        app.clock.move(seconds=1)
        assert app.box.deliver_due(receiver) == 1
    assert len({body for _, _, body in receiver.got}) == 1


def test_nobody_answering_counts_as_a_refusal() -> None:
    app = listening()
    app.invoice()

    def nobody(url: str, headers: dict[str, str], body: bytes) -> int:
        raise ConnectionError

    assert app.box.deliver_due(nobody) == 1
    assert app.box.counts["webhooks_refused"] == 1


def test_later_events_wait_for_the_first() -> None:
    app, receiver = listening(), Receiver(500)
    app.invoice()
    app.box.deliver_due(receiver)
    app.invoice()
    app.clock.move(seconds=10)
    receiver.status = 200
    assert app.box.deliver_due(receiver) == 1
    assert app.box.deliver_due(receiver) == 1
    assert len(receiver.events()) == 3


def test_events_can_come_twice_late_and_shuffled() -> None:
    app, receiver = listening(events_doubled=True, events_late_seconds=60, events_shuffled=True), Receiver()
    for _ in range(8):
        app.invoice()
    assert app.box.deliver_due(receiver) == 0
    app.clock.move(seconds=60)
    app.box.deliver_due(receiver)
    app.box.deliver_due(receiver)
    assert app.box.deliver_due(receiver) == 0
    ids = [event["intuitentityid"] for event in receiver.events()]
    assert len(ids) == 16 and ids != sorted(ids)
    assert len({event["id"] for event in receiver.events()}) == 8
    assert app.box.counts["events_doubled"] == 1 and app.box.counts["events_late"] == 1


def test_the_legacy_form_is_a_switch() -> None:
    app, receiver = listening(webhook_form="legacy"), Receiver()
    loser, winner = app.customer("Brook Jensen"), app.customer("Zeta Holdings")
    app.people.merge_customers(app.realm, loser, winner)
    app.box.deliver_due(receiver)
    [told] = json.loads(receiver.got[0][2])["eventNotifications"]
    merged = told["dataChangeEvent"]["entities"][-1]
    assert told["realmId"] == app.realm
    assert (merged["operation"], merged["id"], merged["deletedId"]) == ("Merge", winner, loser)
    assert receiver.got[0][1]["Content-Type"] == "application/json"
