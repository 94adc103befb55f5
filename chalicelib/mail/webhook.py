"""Mail events: what SES tells through SNS, to (tag, event) (reference/aws.md 7).

There is no signature here: the message comes by Lambda's own subscription, never over the open web.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from chalicelib.domain.raw import part
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
    """``tag``: the mail's, which is the key of its effect. ``event``: send, delivery, bounce, complaint, reject, delay,
    or other. A bounce stops the reminders to that address whether it is for good or not: a person looks at it."""

    tag: str
    event: str


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
    kind = str(told.get("eventType") or told.get("notificationType") or "")
    return MailEvent(str(tags[0]), EVENTS.get(kind, "other"))
