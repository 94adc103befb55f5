from __future__ import annotations

import hashlib
import hmac

import pytest

from chalicelib.clio import webhook
from chalicelib.errors import Unreadable

RAW = (
    b'{"data": {"id": 1409112, "etag": "\\"5f0c\\"", "state": "paid"},  "meta": {"event": "updated", "webhook_id": 1}}'
)
SECRET = "shared"


def signature(raw: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def test_a_body_signed_with_our_secret_is_believed() -> None:
    assert webhook.signed(RAW, signature(RAW), SECRET)


@pytest.mark.parametrize(
    ("raw", "sign", "secret"),
    [
        (RAW + b" ", signature(RAW), SECRET),
        (RAW, signature(RAW, "other"), SECRET),
        (RAW, "", SECRET),
        (RAW, "é", SECRET),
        (RAW, signature(RAW, ""), ""),
    ],
)
def test_anything_else_is_not(raw: bytes, sign: str, secret: str) -> None:
    assert not webhook.signed(raw, sign, secret)


def test_the_pointer_names_the_webhook_and_the_record() -> None:
    assert webhook.pointer(RAW) == webhook.Pointer("1", "updated", "1409112", '"5f0c"')


def test_a_matter_is_named_with_its_client_and_points_at_it_too() -> None:
    raw = b'{"data": {"id": 5, "client": {"id": 3}}, "meta": {"event": "updated", "webhook_id": 1}}'
    told = [(p.kind, p.object_id, p.account, p.type) for p in webhook.pointers(raw, "us/1", "matter")]
    assert told == [("contact", "3", "us/1", "updated"), ("matter", "3.5", "us/1", "updated")]
    [bill] = webhook.pointers(raw, "us/1", "bill")
    assert (bill.kind, bill.object_id) == ("bill", "5")


def test_a_matter_that_was_deleted_does_not_tell_that_its_client_was() -> None:
    raw = b'{"data": {"id": 5, "client": {"id": 3}}, "meta": {"event": "deleted", "webhook_id": 1}}'
    told = [(p.kind, p.type) for p in webhook.pointers(raw, "us/1", "matter")]
    assert told == [("contact", "updated"), ("matter", "deleted")]
    assert [p.type for p in webhook.pointers(raw, "us/1", "contact")] == ["deleted"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"data": {}}'])
def test_a_body_that_names_nothing_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        webhook.pointer(raw)
