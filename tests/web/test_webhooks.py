"""Webhooks: what is signed leaves a pointer, what is not leaves nothing, and no neighbour is called."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from chalicelib.flow import clio_hooks
from chalicelib.flow.firms import connections
from chalicelib.web import door
from chalicelib.world import Hooks
from tests.flow.acts import payables
from tests.web.visit import PagesWorld, an_app
from tests.world import HOOK_SECRET, Stage, connect, seeded

VERIFIER = "verify-me"
CLIO_SECRET = "clio-shared-secret"


class HookedWorld(PagesWorld):
    """With the shipped signature checks, over the settings that the sandboxes sign with."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = {
            "STRIPE_WEBHOOK_SECRET": HOOK_SECRET,
            "STRIPE_SECRET_KEY": "sk_test_platform",
            "QUICKBOOKS_VERIFIER_TOKEN": VERIFIER,
        }

    def setting(self, name: str) -> str:
        return self.settings.get(name, "")

    @property
    def hooks(self) -> Any:
        return Hooks(self)  # type: ignore[arg-type]

    @hooks.setter
    def hooks(self, _value: Any) -> None: ...


class Sender:
    """A neighbour that posts to our routes and counts what we ask of the neighbours meanwhile."""

    def __init__(self, stage: Stage, world: HookedWorld) -> None:
        self.stage, self.world = stage, world
        self.client = Client(an_app(world))
        self.neighbour_calls = 0
        send = world.session.request

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.neighbour_calls += 1
            return send(*args, **kwargs)

        world.session.request = counted  # type: ignore[method-assign]

    def post(self, path: str, raw: bytes, **headers: str) -> HTTPResponse:
        door.use(self.world)
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.http.post(path, headers={"Content-Type": "application/json", **sent}, body=raw)

    def owed(self) -> set[str]:
        """Keys of all effects owed on the lanes of the firm's accounts."""
        lanes = [
            f"{self.stage.firm}|{c.neighbour}|{c.account}" for c in connections(self.world, self.stage.firm).values()
        ]
        return {e.key for lane in lanes for e in self.world.store.lane_owed(lane, limit=500)}


@pytest.fixture
def sender() -> Sender:
    world = seeded(HookedWorld())
    return Sender(connect(world, trust=False), world)


def stripe_event(sender: Sender, **changed: Any) -> bytes:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "account": sender.stage.operating,
        "livemode": False,
        "created": int(sender.world.now().timestamp()),
        "data": {"object": {"id": "cs_test_1", "object": "checkout.session"}},
        **changed,
    }
    return json.dumps(event).encode()


def stripe_signature(sender: Sender, raw: bytes, secret: str = HOOK_SECRET) -> str:
    at = int(sender.world.now().timestamp())
    digest = hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def quickbooks_event(realm: str) -> bytes:
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "type": "qbo.invoice.updated.v1",
        "intuitaccountid": realm,
        "intuitentityid": "12",
    }
    return json.dumps([event]).encode()


def quickbooks_signature(raw: bytes, secret: str = VERIFIER) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def clio_event() -> bytes:
    return json.dumps({"data": {"id": 77, "etag": "x"}, "meta": {"event": "updated", "webhook_id": 5}}).encode()


def clio_signature(raw: bytes, secret: str = CLIO_SECRET) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def clio_address(sender: Sender, secret: str = CLIO_SECRET) -> str:
    clio = connections(sender.world, sender.stage.firm)["clio"]
    url = clio_hooks.new_address(sender.world, sender.stage.firm, clio.account, "bill", secret)
    return url.removeprefix(sender.world.public_url)


# --- Stripe -----------------------------------------------------------------------------------------------------------


def test_a_signed_stripe_event_leaves_a_pointer_and_calls_no_neighbour(sender: Sender) -> None:
    before = sender.owed()
    raw = stripe_event(sender)
    answer = sender.post("/webhooks/stripe", raw, Stripe_Signature=stripe_signature(sender, raw))
    assert answer.status_code == 200
    assert len(sender.owed() - before) == 1
    assert sender.neighbour_calls == 0


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense"])
def test_a_wrong_stripe_signature_is_refused_and_nothing_is_stored(sender: Sender, signature: str) -> None:
    before = sender.owed()
    answer = sender.post("/webhooks/stripe", stripe_event(sender), Stripe_Signature=signature)
    assert answer.status_code == 400
    assert sender.owed() == before


def test_a_stripe_signature_over_other_bytes_is_refused(sender: Sender) -> None:
    raw = stripe_event(sender)
    signature = stripe_signature(sender, raw)
    assert sender.post("/webhooks/stripe", raw + b" ", Stripe_Signature=signature).status_code == 400


def test_an_old_stripe_signature_is_refused(sender: Sender) -> None:
    raw = stripe_event(sender)
    signature = stripe_signature(sender, raw)
    sender.world.clock.move(minutes=6)
    assert sender.post("/webhooks/stripe", raw, Stripe_Signature=signature).status_code == 400


def test_without_a_secret_every_stripe_event_is_refused(sender: Sender) -> None:
    sender.world.settings["STRIPE_WEBHOOK_SECRET"] = ""
    raw = stripe_event(sender)
    assert sender.post("/webhooks/stripe", raw, Stripe_Signature=stripe_signature(sender, raw, "")).status_code == 400


def test_an_event_of_an_account_that_nobody_connected_leaves_nothing(sender: Sender) -> None:
    before = sender.owed()
    raw = stripe_event(sender, account="acct_stranger")
    assert sender.post("/webhooks/stripe", raw, Stripe_Signature=stripe_signature(sender, raw)).status_code == 200
    assert sender.owed() == before


def test_a_doubled_event_is_one_look(sender: Sender) -> None:
    raw = stripe_event(sender)
    signature = stripe_signature(sender, raw)
    sender.post("/webhooks/stripe", raw, Stripe_Signature=signature)
    once = sender.owed()
    sender.post("/webhooks/stripe", raw, Stripe_Signature=signature)
    assert sender.owed() == once


# --- QuickBooks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["application/cloudevents+json", "application/json", "application/cloudevents-batch+json"]
)
def test_quickbooks_is_understood_under_every_content_type(sender: Sender, kind: str) -> None:
    raw = quickbooks_event(sender.stage.realm)
    answer = sender.post("/webhooks/quickbooks", raw, intuit_signature=quickbooks_signature(raw), Content_Type=kind)
    assert answer.status_code == 200
    assert sender.neighbour_calls == 0


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_wrong_quickbooks_signature_is_forbidden(sender: Sender, secret: str) -> None:
    raw = quickbooks_event(sender.stage.realm)
    answer = sender.post("/webhooks/quickbooks", raw, intuit_signature=quickbooks_signature(raw, secret))
    assert answer.status_code == 403


def test_without_a_verifier_token_quickbooks_is_shut_out(sender: Sender) -> None:
    sender.world.settings["QUICKBOOKS_VERIFIER_TOKEN"] = ""
    raw = quickbooks_event(sender.stage.realm)
    answer = sender.post("/webhooks/quickbooks", raw, intuit_signature=quickbooks_signature(raw, ""))
    assert answer.status_code == 403


def test_signed_nonsense_is_taken_so_that_it_does_not_come_again(sender: Sender) -> None:
    raw = b"not json"
    answer = sender.post("/webhooks/quickbooks", raw, intuit_signature=quickbooks_signature(raw))
    assert answer.status_code == 200


# --- Clio -------------------------------------------------------------------------------------------------------------


def test_a_signed_clio_event_leaves_a_look_at_the_bill(sender: Sender) -> None:
    raw, before = clio_event(), sender.owed()
    answer = sender.post(clio_address(sender), raw, X_Hook_Signature=clio_signature(raw))
    assert answer.status_code == 200
    assert {key.rpartition("/")[2] for key in sender.owed() - before} == {"77"}
    assert sender.neighbour_calls == 0


def test_news_of_a_matter_is_looked_at_as_its_client_if_we_hold_it(sender: Sender) -> None:
    bill = next(b for b in sender.world.clio_box.people.bills() if b["state"] == "awaiting_payment")
    clio = connections(sender.world, sender.stage.firm)["clio"]
    sender.stage.resync()
    held = next(p.client_id for p in payables(sender.stage) if p.id == str(bill["id"]))
    url = clio_hooks.new_address(sender.world, sender.stage.firm, clio.account, "matter", CLIO_SECRET)
    path = url.removeprefix(sender.world.public_url)
    raw = json.dumps({"data": {"id": 5, "client": {"id": int(held)}}, "meta": {"event": "updated"}}).encode()
    assert sender.post(path, raw, X_Hook_Signature=clio_signature(raw)).status_code == 200
    assert f"{sender.stage.firm}/clio.client/{held}" in sender.owed()


def test_a_wrong_clio_signature_is_refused_and_never_gone(sender: Sender) -> None:
    raw, before = clio_event(), sender.owed()
    answer = sender.post(clio_address(sender), raw, X_Hook_Signature=clio_signature(raw, "wrong"))
    assert answer.status_code == 400
    assert sender.owed() == before


def test_an_unknown_clio_address_is_refused_and_never_gone(sender: Sender) -> None:
    raw = clio_event()
    answer = sender.post("/webhooks/clio/made-up", raw, X_Hook_Signature=clio_signature(raw))
    assert answer.status_code == 400


def test_clios_handshake_is_repeated_and_its_secret_kept(sender: Sender) -> None:
    address, raw = clio_address(sender, secret=""), clio_event()
    shaken = sender.post(address, b'{"data":{"webhook_id":5}}', X_Hook_Secret=CLIO_SECRET)
    assert shaken.status_code == 200
    assert {k.lower(): v for k, v in shaken.headers.items()}["x-hook-secret"] == CLIO_SECRET
    assert sender.post(address, raw, X_Hook_Signature=clio_signature(raw)).status_code == 200


def test_a_second_handshake_cannot_put_another_secret(sender: Sender) -> None:
    address, raw = clio_address(sender), clio_event()
    assert sender.post(address, b"{}", X_Hook_Secret="attacker").status_code == 400
    assert sender.post(address, raw, X_Hook_Signature=clio_signature(raw, "attacker")).status_code == 400


def test_an_address_without_a_secret_is_closed(sender: Sender) -> None:
    raw = clio_event()
    answer = sender.post(clio_address(sender, secret=""), raw, X_Hook_Signature=clio_signature(raw, ""))
    assert answer.status_code == 400


def test_a_body_over_the_limit_is_turned_away(sender: Sender) -> None:
    assert sender.post("/webhooks/stripe", b"x" * (door.BODY_AT_MOST + 1)).status_code == 413
