from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from chalicelib.errors import Unreadable
from chalicelib.quickbooks import webhook
from chalicelib.quickbooks.webhook import Pointer
from infra.sandbox.quickbooks import REALM_A
from tests.quickbooks.stage import VERIFIER, a_stage

CLOUD = {
    "specversion": "1.0",
    "id": "7c0e",
    "source": "intuit.abc=",
    "type": "qbo.customer.updated.v1",
    "time": "2026-09-02T08:15:00.123Z",
    "intuitentityid": "63",
    "intuitaccountid": "9130",
    "data": {},
}
LEGACY = {
    "eventNotifications": [
        {
            "realmId": "9130",
            "dataChangeEvent": {
                "entities": [{"name": "Customer", "id": "63", "operation": "Merge", "deletedId": "64"}]
            },
        }
    ]
}


def signature(raw: bytes, token: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), raw, hashlib.sha256).digest()).decode()


def test_a_body_signed_with_our_token_is_believed() -> None:
    assert webhook.signed(b"[]", signature(b"[]", "v"), "v")


@pytest.mark.parametrize(
    ("raw", "sign", "token"),
    [(b"[] ", signature(b"[]", "v"), "v"), (b"[]", "", "v"), (b"[]", signature(b"[]", ""), ""), (b"[]", "é", "v")],
)
def test_anything_else_is_not(raw: bytes, sign: str, token: str) -> None:
    assert not webhook.signed(raw, sign, token)


def test_cloud_events_become_pointers() -> None:
    assert webhook.pointers(json.dumps([CLOUD]).encode()) == [Pointer("9130", "customer", "63", "7c0e")]


def test_the_old_form_becomes_pointers_also_for_a_swallowed_customer() -> None:
    found = webhook.pointers(json.dumps(LEGACY).encode())
    assert found == [Pointer("9130", "customer", "63"), Pointer("9130", "customer", "64")]


def test_one_bad_event_does_not_lose_the_others() -> None:
    raw = json.dumps([{"type": "mystery"}, 7, {**CLOUD, "intuitentityid": None}, CLOUD, CLOUD]).encode()
    assert [p.id for p in webhook.pointers(raw)] == ["63"]


def test_a_body_that_is_no_json_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        webhook.pointers(b"<xml/>")


@pytest.mark.parametrize("form", ["cloudevents", "legacy"])
def test_what_the_sandbox_sends_is_signed_and_points_at_the_change(form: str) -> None:
    stage = a_stage(webhook_form=form)
    stage.access()
    stage.box.people.register_webhook("https://fee.example/hooks/quickbooks")
    sent: list[tuple[dict[str, str], bytes]] = []
    made = stage.box.people.add_customer(REALM_A, "New One")

    def send(_url: str, headers: dict[str, str], body: bytes) -> int:
        sent.append((dict(headers), body))
        return 200

    stage.box.deliver_due(send)
    headers, body = sent[0]
    told = {k.lower(): v for k, v in headers.items()}
    assert webhook.signed(body, told["intuit-signature"], VERIFIER)
    assert (REALM_A, "customer", made["Id"]) in {(p.realm, p.entity, p.id) for p in webhook.pointers(body)}
