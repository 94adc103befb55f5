from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from chalicelib.domain.wanted import Letter
from chalicelib.errors import Declined
from chalicelib.mail.letter import compose

SENDER = "bills@fee.example"


def a_letter(**other: Any) -> Letter:
    wanted: dict[str, Any] = {
        "sender_name": "Hartwell & Pine, LLP",
        "reply_to": "office@hartwellpine.example",
        "to": "ada@example.com",
        "subject": "Your invoice 1042",
        "text": "Hello — é\n" + "a long line " * 100,
        "html": "<p>Hello — é</p>",
        "tag": "tag-1",
        "message_id": "<abc@fee.example>",
    }
    return Letter(**{**wanted, **other})


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def test_the_firm_is_the_sender_and_gets_the_answers() -> None:
    mail = read(compose(a_letter(), SENDER))
    assert str(mail["From"]) == '"Hartwell & Pine, LLP" <bills@fee.example>'
    assert "office@hartwellpine.example" in str(mail["Reply-To"])
    assert (mail["To"], mail["Message-ID"]) == ("ada@example.com", "<abc@fee.example>")
    assert mail["Auto-Submitted"] == "auto-generated"


def test_text_comes_before_html_and_both_survive_the_way() -> None:
    mail = read(compose(a_letter(), SENDER))
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    text = mail.get_body(("plain",))
    assert text
    assert text.get_content().startswith("Hello — é")


def test_a_letter_is_ascii_with_short_lines_whatever_it_says() -> None:
    raw = compose(a_letter(subject="Rappel — facture n° 1042 " + "é" * 80), SENDER)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert str(read(raw)["Subject"]) == "Rappel — facture n° 1042 " + "é" * 80


def test_the_same_letter_is_the_same_bytes() -> None:
    assert compose(a_letter(), SENDER) == compose(a_letter(), SENDER)


@pytest.mark.parametrize("name", ["subject", "sender_name"])
def test_a_line_break_begins_no_header(name: str) -> None:
    mail = read(compose(a_letter(**{name: "Hello\r\nBcc: all@example.com"}), SENDER))
    assert mail["Bcc"] is None


@pytest.mark.parametrize("address", ["", "ada", "ada@", "a b@example.com", "a@x.example, b@x.example", "é@example.com"])
def test_an_address_that_cannot_be_one_is_declined(address: str) -> None:
    with pytest.raises(Declined):
        compose(a_letter(to=address), SENDER)


def test_without_an_address_for_answers_there_is_no_such_header() -> None:
    assert read(compose(a_letter(reply_to=""), SENDER))["Reply-To"] is None
