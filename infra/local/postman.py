"""Stands between the functions and the emulator's SES, and adds what the emulator lacks.

A request passes through unchanged, so that the emulator checks its signature and the role's policy and gives the
message id. What was accepted is kept whole, with its headers and tags, in the mailbox; and the events that SES would
publish (SEND, then DELIVERY or BOUNCE or COMPLAINT) go to the topics that the configuration set names.

As at SES, mail to ``bounce@simulator.amazonses.com`` and its siblings bounces or is complained about; so does mail to
an address of any domain whose part before the @ ends in ``+bounce`` or ``+complaint``.
"""

from __future__ import annotations

import base64
import http.client
import json
import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default as modern
from email.utils import parseaddr
from typing import Any

from infra.deploy import Account
from infra.local.mailbox import Mail, Mailbox
from infra.local.ports import Ports
from infra.local.proxy import Answer, Asked, Server, hand_on

# Longer than the function needs for one event, a cold start included.
TAKEN_WITHIN_SECONDS = 5.0
_SEND = "/v2/email/outbound-emails"


class Postman(Server):
    """Serves the functions' SES endpoint. ``now`` gives the stage's time in UTC, which the events carry.

    Events are published one after the other: each waits until ``taken`` has grown, so that one worker of the function
    serves them all and the emulator does not start a process for each. Without ``taken`` they are not held back.
    """

    def __init__(
        self,
        ports: Ports,
        account: Account,
        mailbox: Mailbox,
        now: Any = None,
        taken: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(ports.post)
        self.ports, self.account, self.mailbox, self.taken = ports, account, mailbox, taken
        self.now = now or (lambda: datetime.now(UTC))
        self._sns = account.client("sns")
        self._ses = account.client("sesv2")
        self._waiting: queue.Queue[tuple[Mail, list[tuple[str, list[str]]]]] = queue.Queue()
        self.published = 0
        threading.Thread(target=self._publish_all, daemon=True).start()

    def answer(self, asked: Asked) -> Answer:
        try:
            answer = hand_on(asked, self.ports.aws, asked.target, patience_seconds=10)
        except (OSError, http.client.HTTPException):
            return Answer(503, [("Content-Type", "application/json")], b'{"message": "the emulator does not answer"}')
        if asked.method == "POST" and asked.target == _SEND and answer.status == 200:
            self._accept(json.loads(asked.body), json.loads(answer.body)["MessageId"])
        return answer

    def idle(self) -> bool:
        """Whether every event of every accepted mail has been published."""
        return self._waiting.unfinished_tasks == 0

    def _accept(self, request: dict[str, Any], message_id: str) -> None:
        mail = read_request(request, message_id, self.now())
        self.mailbox.put(mail)
        topics = self._topics(mail.configuration_set)
        if topics:
            self._waiting.put((mail, topics))

    def _topics(self, configuration_set: str) -> list[tuple[str, list[str]]]:
        if not configuration_set:
            return []
        found = self._ses.get_configuration_set_event_destinations(ConfigurationSetName=configuration_set)
        return [
            (destination["SnsDestination"]["TopicArn"], destination["MatchingEventTypes"])
            for destination in found["EventDestinations"]
            if destination.get("Enabled") and "SnsDestination" in destination
        ]

    def _publish_all(self) -> None:
        """The post's own thread: ends with the process."""
        while True:
            mail, topics = self._waiting.get()
            try:
                self._publish(mail, topics)
            finally:
                self._waiting.task_done()

    def _publish(self, mail: Mail, topics: list[tuple[str, list[str]]]) -> None:
        for kind in events_of(mail):
            for topic, wanted in topics:
                if kind.upper() in wanted:
                    before = self.taken() if self.taken else 0
                    event = event_about(mail, kind, self.now())
                    self._sns.publish(
                        TopicArn=topic,
                        Message=json.dumps(event),
                        Subject="Amazon SES Email Event",
                        # Without any, the emulator leaves the field out, which Chalice cannot bear.
                        MessageAttributes={"stage": {"DataType": "String", "StringValue": "local"}},
                    )
                    self.published += 1
                    self._wait_until_taken(before)

    def _wait_until_taken(self, before: int) -> None:
        until = time.monotonic() + TAKEN_WITHIN_SECONDS
        while self.taken and self.taken() <= before and time.monotonic() < until:
            time.sleep(0.02)


def read_request(request: dict[str, Any], message_id: str, at: datetime) -> Mail:
    """A SendEmail request of SES v2 (Simple or Raw content) as a Mail. Tags come from the request, as at SES."""
    content = request.get("Content", {})
    tags = {tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])}
    common = {
        "id": message_id,
        "at": at.isoformat(),
        "to": request.get("Destination", {}).get("ToAddresses", []),
        "tags": tags,
        "configuration_set": request.get("ConfigurationSetName", ""),
    }
    if "Raw" in content:
        message = message_from_bytes(base64.b64decode(content["Raw"]["Data"]), policy=modern)
        parts = {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}
        read = {kind: str(part.get_content()) for kind, part in parts.items() if kind.startswith("text/")}
        return Mail(
            **common | ({} if common["to"] else {"to": [str(message.get("To", ""))]}),
            sender=request.get("FromEmailAddress") or str(message.get("From", "")),
            subject=str(message.get("Subject", "")),
            text=read.get("text/plain", ""),
            html=read.get("text/html", ""),
            headers=[(name, str(value)) for name, value in message.items()],
        )
    simple = content.get("Simple", {})
    return Mail(
        **common,
        sender=request.get("FromEmailAddress", ""),
        subject=simple.get("Subject", {}).get("Data", ""),
        text=simple.get("Body", {}).get("Text", {}).get("Data", ""),
        html=simple.get("Body", {}).get("Html", {}).get("Data", ""),
        headers=[(header["Name"], header["Value"]) for header in simple.get("Headers", [])],
    )


def events_of(mail: Mail) -> list[str]:
    """What becomes of a mail, in order, read off its first recipient."""
    local, _, domain = parseaddr(mail.to[0] if mail.to else "")[1].lower().partition("@")
    word = local.rpartition("+")[2] if domain != "simulator.amazonses.com" else local.partition("+")[0]
    if word in ("bounce", "suppressionlist") and ("+" in local or domain == "simulator.amazonses.com"):
        return ["Send", "Bounce"]
    if word == "complaint" and ("+" in local or domain == "simulator.amazonses.com"):
        return ["Send", "Delivery", "Complaint"]
    return ["Send", "Delivery"]


def event_about(mail: Mail, kind: str, at: datetime) -> dict[str, Any]:
    """One event in the form in which SES publishes it to SNS; tags are lists, as SES writes them."""
    when = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    people = [parseaddr(address)[1] for address in mail.to]
    tags: dict[str, list[str]] = {"ses:configuration-set": [mail.configuration_set]}
    tags |= {name: [value] for name, value in mail.tags.items()}
    details: dict[str, dict[str, Any]] = {
        "Send": {},
        "Delivery": {"timestamp": when, "recipients": people, "processingTimeMillis": 200, "smtpResponse": "250 ok"},
        "Bounce": {
            "timestamp": when,
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {"emailAddress": address, "action": "failed", "status": "5.1.1"} for address in people
            ],
            "feedbackId": f"feedback-{mail.id}",
        },
        "Complaint": {
            "timestamp": when,
            "complaintFeedbackType": "abuse",
            "complainedRecipients": [{"emailAddress": address} for address in people],
            "feedbackId": f"feedback-{mail.id}",
        },
    }
    return {
        "eventType": kind,
        "mail": {
            "timestamp": when,
            "source": parseaddr(mail.sender)[1],
            "sendingAccountId": "000000000000",
            "messageId": mail.id,
            "destination": people,
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in mail.headers],
            "commonHeaders": {"from": [mail.sender], "to": mail.to, "messageId": mail.id, "subject": mail.subject},
            "tags": tags,
        },
        kind.lower(): details[kind],
    }
