"""What the local stage makes of a SendEmail request, and the events it publishes as SES would."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from infra.local.mailbox import Mailbox
from infra.local.postman import event_about, events_of, read_request
from tests.infra.test_front import a_mail

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def a_raw_request(**changed: Any) -> dict[str, Any]:
    message = EmailMessage()
    message["From"] = "Hartwell & Pine <billing@fee-simple.example>"
    message["To"] = "Ada <ada@example.com>"
    message["Subject"] = "Rechnung für März"
    message["List-Unsubscribe"] = "<https://x.example/u/1>"
    message.set_content("Pay here: https://x.example/p/abc.\n")
    message.add_alternative("<a href='https://x.example/p/abc'>Pay</a>", subtype="html")
    return {
        "FromEmailAddress": "billing@fee-simple.example",
        "Destination": {"ToAddresses": ["ada@example.com"]},
        "Content": {"Raw": {"Data": base64.b64encode(message.as_bytes()).decode()}},
        "ConfigurationSetName": "fee-simple-local",
        "EmailTags": [{"Name": "effect", "Value": "mail-1"}],
        **changed,
    }


def test_a_raw_mail_is_read_with_its_parts_headers_and_tags() -> None:
    mail = read_request(a_raw_request(), "id-1", NOW)
    assert (mail.subject, mail.to, mail.tags) == ("Rechnung für März", ["ada@example.com"], {"effect": "mail-1"})
    assert mail.links == ["https://x.example/p/abc"]
    assert "Pay</a>" in mail.html
    assert ("List-Unsubscribe", "<https://x.example/u/1>") in mail.headers


def test_a_raw_mail_without_a_destination_goes_to_its_header() -> None:
    assert read_request(a_raw_request(Destination={}), "id-1", NOW).to == ["Ada <ada@example.com>"]


def test_a_mail_outlives_its_box(tmp_path: Path) -> None:
    mail = read_request(a_raw_request(), "id-1@example", NOW)
    Mailbox(tmp_path).put(mail)
    assert Mailbox(tmp_path).all() == [mail]
    assert Mailbox(tmp_path).to("ADA@example.com") == [mail]


@pytest.mark.parametrize(
    ("to", "kinds"),
    [
        ("ada@example.com", ["Send", "Delivery"]),
        ("bounce@simulator.amazonses.com", ["Send", "Bounce"]),
        ("complaint+3@simulator.amazonses.com", ["Send", "Delivery", "Complaint"]),
        ("ada+bounce@example.com", ["Send", "Bounce"]),
        ("bounce@example.com", ["Send", "Delivery"]),
    ],
)
def test_what_becomes_of_a_mail_depends_on_its_address(to: str, kinds: list[str]) -> None:
    assert events_of(a_mail(to=[to])) == kinds


def test_an_event_has_the_tags_as_lists_as_ses_writes_them() -> None:
    event = event_about(a_mail(tags={"effect": "mail-1"}, configuration_set="fee-simple-local"), "Bounce", NOW)
    assert event["eventType"] == "Bounce"
    assert event["mail"]["tags"] == {"ses:configuration-set": ["fee-simple-local"], "effect": ["mail-1"]}
    assert event["bounce"]["bouncedRecipients"][0]["emailAddress"] == "ada@example.com"
    assert event["bounce"]["timestamp"] == "2026-03-02T15:00:00.000Z"
