from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import Unreadable
from chalicelib.mail.webhook import mail_event

TIME = "2026-03-02T16:00:00.000Z"


def an_event(kind: str, **body: Any) -> str:
    mail = {
        "messageId": "ses-1",
        "timestamp": TIME,
        "destination": ["ada@example.com"],
        "tags": {"effect": ["tag-1"], "ses:configuration-set": ["set-1"]},
    }
    return json.dumps({"eventType": kind, "mail": mail, kind[:1].lower() + kind[1:]: body})


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("Send", "send"),
        ("Delivery", "delivery"),
        ("Bounce", "bounce"),
        ("Complaint", "complaint"),
        ("Reject", "reject"),
        ("DeliveryDelay", "delay"),
        ("Open", "other"),
    ],
)
def test_an_event_tells_its_mail_and_its_kind(kind: str, event: str) -> None:
    told = mail_event(an_event(kind))
    assert told
    assert (told.tag, told.event) == ("tag-1", event)


def test_a_mail_that_is_not_ours_and_a_test_message_are_left_alone() -> None:
    assert mail_event("Successfully validated SNS topic for Amazon SES event publishing.") is None
    assert mail_event(json.dumps({"eventType": "Send", "mail": {"tags": {}}})) is None


def test_something_else_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        mail_event("[]")
