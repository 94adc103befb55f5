"""Mail events: what SES tells through SNS, to (tag, event, recipients) (reference/aws.md 7).

There is no signature here: the message comes by Lambda's own subscription, never over the open web.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.raw import Raw, part
from chalicelib.errors import Unreadable
from chalicelib.mail.client import TAG_NAME

EVENTS = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Reject": "reject",
    "DeliveryDelay": "delay",
}


@dataclass(frozen=True, slots=True)
class MailEvent:
    """``event``: send, delivery, bounce, complaint, reject, delay, or other. ``permanent``: a bounce that will come
    again. ``recipients``: those whom the event is about. ``reason``: SES' words, short. ``at`` UTC."""

    tag: str
    event: str
    message_id: str
    recipients: tuple[str, ...]
    permanent: bool = False
    reason: str = ""
    at: datetime | None = None


def mail_event(message: str) -> MailEvent | None:
    """The JSON text that SNS carries. None for a mail without our tag and for SNS' own test messages."""
    try:
        told = json.loads(message)
    except ValueError:
        return None  # "Successfully validated SNS topic ..."
    if not isinstance(told, dict):
        raise Unreadable("mail event", type(told).__name__)
    mail = part(told, "mail")
    tags = part(mail, "tags").get(TAG_NAME)
    if not isinstance(tags, list) or not tags:
        return None
    return _event(told, mail, str(tags[0]))


def _event(told: Raw, mail: Raw, tag: str) -> MailEvent:
    kind = str(told.get("eventType") or told.get("notificationType") or "")
    body = part(told, kind[:1].lower() + kind[1:])
    return MailEvent(
        tag=tag,
        event=EVENTS.get(kind, "other"),
        message_id=str(mail.get("messageId", "")),
        recipients=_recipients(kind, body, mail),
        permanent=kind == "Bounce" and body.get("bounceType") == "Permanent",
        reason=_reason(kind, body)[:200],
        at=_instant(body.get("timestamp") or mail.get("timestamp")),
    )


def _recipients(kind: str, body: Raw, mail: Raw) -> tuple[str, ...]:
    lists = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients", "DeliveryDelay": "delayedRecipients"}
    held = body.get(lists[kind]) if kind in lists else body.get("recipients")
    named = held if isinstance(held, list) and held else mail.get("destination") or []
    return tuple(str(one.get("emailAddress", "")) if isinstance(one, dict) else str(one) for one in named)


def _reason(kind: str, body: Raw) -> str:
    if kind == "Bounce":
        held = body.get("bouncedRecipients") or [{}]
        return str(held[0].get("diagnosticCode") or body.get("bounceSubType") or "")
    if kind == "Complaint":
        return str(body.get("complaintFeedbackType") or "")
    return str(body.get("reason") or body.get("delayType") or "")


def _instant(raw: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(raw))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None
