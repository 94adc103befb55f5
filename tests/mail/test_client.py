from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from chalicelib.errors import Declined, Unavailable
from chalicelib.mail.client import SesMail


class Ses:
    """Stands for botocore's client: answers, or fails as told."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.fails = fails
        self.asked: list[dict[str, Any]] = []

    def send_email(self, **asked: Any) -> dict[str, str]:
        self.asked.append(asked)
        if self.fails:
            raise self.fails
        return {"MessageId": "ses-1"}


def refusal(code: str, words: str = "", status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendEmail")


def send(fails: Exception | None = None, tag: str = "tag-1") -> tuple[str, Ses]:
    ses = Ses(fails)
    mail = SesMail(sender="bills@fee.example", configuration_set="set-1", client=ses)
    return mail.send(b"raw", to="ada@example.com", tag=tag), ses


def test_a_mail_is_given_raw_with_its_tag_and_its_set() -> None:
    id, ses = send()
    assert id == "ses-1"
    assert ses.asked == [
        {
            "FromEmailAddress": "bills@fee.example",
            "Destination": {"ToAddresses": ["ada@example.com"]},
            "Content": {"Raw": {"Data": b"raw"}},
            "EmailTags": [{"Name": "effect", "Value": "tag-1"}],
            "ConfigurationSetName": "set-1",
        }
    ]


@pytest.mark.parametrize("tag", ["", "a/b", "x" * 257])
def test_a_tag_that_would_not_come_back_is_not_sent(tag: str) -> None:
    with pytest.raises(ValueError, match="tag"):
        send(tag=tag)


def test_over_the_rate_nothing_was_sent() -> None:
    for code in ("ThrottlingException", "TooManyRequestsException"):
        with pytest.raises(Unavailable) as later:
            send(refusal(code, "Maximum sending rate exceeded", 429))
        assert not later.value.maybe_done


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ThrottlingException", "Daily message quota exceeded"),
        ("SendingPausedException", ""),
        ("AccountSuspendedException", ""),
        ("MailFromDomainNotVerifiedException", ""),
        ("NotFoundException", "Configuration set"),
        ("MessageRejected", "Email address is not verified."),
    ],
)
def test_what_a_person_must_mend_waits_long(code: str, words: str) -> None:
    with pytest.raises(Unavailable) as later:
        send(refusal(code, words))
    assert later.value.after >= 600
    assert not later.value.maybe_done


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_mail_that_will_never_be_taken_is_declined(code: str) -> None:
    with pytest.raises(Declined) as no:
        send(refusal(code, "Illegal address"))
    assert no.value.code == code


def test_a_lost_answer_may_have_been_sent() -> None:
    with pytest.raises(Unavailable) as later:
        send(ReadTimeoutError(endpoint_url="https://ses.example"))
    assert later.value.maybe_done
    with pytest.raises(Unavailable) as later:
        send(refusal("InternalFailure", status=500))
    assert later.value.maybe_done


def test_without_a_connection_nothing_was_sent() -> None:
    with pytest.raises(Unavailable) as later:
        send(ConnectTimeoutError(endpoint_url="https://ses.example"))
    assert not later.value.maybe_done


def test_the_client_has_the_shape_that_the_flows_ask_for() -> None:
    from chalicelib.flow.ports import Mail

    mail: Mail = SesMail(sender="bills@fee.example", client=Ses())
    assert mail
