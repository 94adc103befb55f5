"""SES through botocore (reference/aws.md 7). Satisfies ``flow.ports.Mail``. Sending has no once-only key: the caller
claims first and tags the mail; a lost answer is never sent again blindly. Logs nothing.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from chalicelib.domain.wanted import Letter
from chalicelib.errors import Declined, Outside, Unavailable
from chalicelib.mail.letter import TAG, compose

TAG_NAME = "effect"
BUSY_SECONDS = 30.0
PAUSED_SECONDS = 900.0  # the whole account is paused or over its day's quota: a person acts, or the day ends

_NEVER = {"MessageRejected", "BadRequestException", "InvalidParameterValue", "ValidationException"}
_PAUSED = {
    "AccountSuspendedException",
    "SendingPausedException",
    "MailFromDomainNotVerifiedException",
    "NotFoundException",
    "LimitExceededException",
    "AccessDeniedException",
}


class SesMail:
    """``sender``: our verified address. ``client``: a sesv2 client, else one is made on first use, with the region and
    endpoint of the environment as botocore reads them."""

    def __init__(
        self,
        *,
        sender: str,
        configuration_set: str = "",
        client: Any = None,
        connect_seconds: float = 3.0,
        read_seconds: float = 8.0,
    ) -> None:
        self.sender = sender
        self.configuration_set = configuration_set
        self.timeouts = (connect_seconds, read_seconds)
        self._given = client

    @cached_property
    def _ses(self) -> Any:
        if self._given is not None:
            return self._given
        from botocore.config import Config
        from botocore.session import get_session

        connect, read = self.timeouts
        # No retry of botocore's: after a lost answer it would send twice.
        config = Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": 1})
        return get_session().create_client("sesv2", config=config)

    def compose(self, letter: Letter) -> bytes:
        return compose(letter, self.sender)

    def render(self, kind: str, context: dict[str, Any]) -> tuple[str, str]:
        from chalicelib.mail.render import Context, render

        return render(kind, cast("Context", context))

    def send(self, raw: bytes, *, to: str, tag: str) -> str:
        """``tag`` comes back with every event of this mail. Raises ValueError for one that SES would not take."""
        if not TAG.fullmatch(tag):
            raise ValueError("a tag has 1 to 256 letters, digits, _ or -")
        from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

        asked = {
            "FromEmailAddress": self.sender,
            "Destination": {"ToAddresses": [to]},
            "Content": {"Raw": {"Data": raw}},
            "EmailTags": [{"Name": TAG_NAME, "Value": tag}],
        }
        if self.configuration_set:
            asked["ConfigurationSetName"] = self.configuration_set
        try:
            return str(self._ses.send_email(**asked)["MessageId"])
        except ClientError as no:
            raise error(no.response) from no
        except (ConnectTimeoutError, EndpointConnectionError) as late:
            raise Unavailable("SES does not answer", after=BUSY_SECONDS) from late
        except BotoCoreError as lost:
            raise Unavailable("SES' answer was lost", after=BUSY_SECONDS, maybe_done=True) from lost


def error(response: dict[str, Any]) -> Outside:
    """SES' refusal in ours. Over the rate, and with the account paused, nothing was sent (reference/aws.md 7)."""
    told = response.get("Error") or {}
    code, words = str(told.get("Code", "")), str(told.get("Message", ""))
    status = int((response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0)
    if "Daily message quota" in words or code in _PAUSED:
        return Unavailable(f"SES: {code}", after=PAUSED_SECONDS)
    if code in _NEVER:
        # An identity that is not verified yet is ours to mend, not the mail's fault.
        if "not verified" in words:
            return Unavailable("SES: the sender is not verified", after=PAUSED_SECONDS)
        return Declined(code, "The mail was refused.", words, status)
    if status >= 500:
        return Unavailable(f"SES answered {status}", after=BUSY_SECONDS, maybe_done=True)
    return Unavailable(f"SES: {code}", after=BUSY_SECONDS)
