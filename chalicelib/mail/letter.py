"""A letter to the bytes of a MIME message. Pure: nothing of its own invention, so the same letter is the same bytes."""

from __future__ import annotations

import re
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr

from chalicelib.domain.wanted import Letter
from chalicelib.errors import Declined

TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")  # what SES takes as a tag's value (reference/aws.md 7)
BOUNDARY = "=_fee-simple"  # base64 parts hold neither "=_" nor "-": it cannot occur in them


def compose(letter: Letter, sender: str) -> bytes:
    """``sender`` is our verified address, perhaps with a name of ours, which is left out: the firm's name stands before
    it, and answers go to the firm.

    SES sets Date and its own Message-ID; ours is kept in the message for the local stage. Raises Declined when an
    address cannot be one: such a mail will never be accepted.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = _mailbox(parseaddr(sender)[1], letter.sender_name)
    message["To"] = _mailbox(letter.to)
    if letter.reply_to:
        message["Reply-To"] = _mailbox(letter.reply_to, letter.sender_name)
    message["Subject"] = _line(letter.subject)
    message["Message-ID"] = _line(letter.message_id)
    message["Auto-Submitted"] = "auto-generated"  # vacation programs do not answer it
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message.set_content(letter.text, cte="base64")
    message.add_alternative(letter.html, subtype="html", cte="base64")
    message.set_boundary(BOUNDARY)
    return message.as_bytes()


def _mailbox(address: str, name: str = "") -> Address:
    if not address.isascii():
        raise Declined("address", "The address has letters that mail cannot carry.", address)
    try:
        return Address(display_name=_line(name), addr_spec=address.strip())
    except (ValueError, IndexError) as bad:
        raise Declined("address", "This is not an e-mail address.", address) from bad


def _line(text: str) -> str:
    """A header's text on one line: a line break in a name must not begin a header of its own."""
    return " ".join(text.split())
