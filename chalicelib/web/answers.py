"""What goes back to the browser: replies, and our errors as pages or as application/problem+json.

A person gets one calm sentence and what to do; the machine's words stay in the log under the reference.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from chalicelib.errors import Conflict, Declined, Disconnected, Expired, Refused, Unavailable, Unreadable

HTML = "text/html; charset=utf-8"
JSON = "application/json"
PROBLEM = "application/problem+json"
How = Literal["page", "json"]


@dataclass(slots=True)
class Reply:
    """A body with its status and kind. ``cookies``: whole Set-Cookie values."""

    body: str | bytes = ""
    status: int = 200
    kind: str = HTML
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)


class NotFound(Exception):
    """There is no such thing, or not for this person: the two look the same."""


class TooLarge(Exception):
    """The body is over the limit."""


class WrongType(Exception):
    """The content type is not one that this door takes."""


class Stale(Exception):
    """A form without our token, or from another site."""


class Unauthorized(Exception):
    """The API's bearer token is missing, unknown or revoked."""


ANSWERED = (
    Refused,
    Unreadable,
    Conflict,
    Unavailable,
    Disconnected,
    Expired,
    Declined,
    NotFound,
    TooLarge,
    WrongType,
    Stale,
    Unauthorized,
)

BUSY_SECONDS = 5


def go(where: str, *, cookies: list[str] | None = None) -> Reply:
    """See other: the browser asks for ``where`` with GET."""
    return Reply("", 303, headers={"Location": where}, cookies=cookies or [])


def data(value: Any, status: int = 200) -> Reply:
    """JSON."""
    return Reply(json.dumps(value, ensure_ascii=False), status, JSON)


def problem(no: Exception, how: How) -> Reply:
    """Our errors as answers."""
    status, title, sentence = said(no)
    headers = {}
    if status == 503:
        after = no.after if isinstance(no, Unavailable) else BUSY_SECONDS
        headers["Retry-After"] = str(max(1, math.ceil(after)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Fee Simple"'
    return _reply(status, title, sentence, how, headers)


def bug(reference: str, how: How) -> Reply:
    """Something we did not foresee: never without a reference that finds it in the log."""
    sentence = (
        "Something went wrong on our side. What you did may not have been carried out: look before you do it again. "
        f"If it happens again, tell us this reference: {reference}."
    )
    return _reply(500, "Something went wrong", sentence, how, {}, reference)


def signed_out() -> Reply:
    return _reply(401, "You are signed out", "You were signed out in the meantime. Sign in and try again.", "page", {})


def said(no: Exception) -> tuple[int, str, str]:
    """Status, title, and one sentence for the person."""
    match no:
        case Refused():
            return 422, "That is not possible", no.reason
        case Unreadable():
            remedy = no.remedy or "Check it and try again."
            return 400, "We could not read that", f"The {no.what} could not be understood. {remedy}"
        case Conflict():
            return 503, "Someone else was first", "Somebody changed this at the same moment. Try again."
        case Unavailable():
            return (
                503,
                "Not possible right now",
                ("A service that we need does not answer right now. Nothing is lost; try again in a moment."),
            )
        case Disconnected():
            name = no.neighbour.capitalize().replace("Quickbooks", "QuickBooks")
            return 409, f"{name} is disconnected", f"{name} no longer lets us in. Connect it again under Settings."
        case Expired():
            return 409, "Not connected any more", "A connection was lost. Connect it again under Settings."
        case Declined():
            return 422, "The other side said no", f"{no.message.rstrip('.')}."
        case NotFound():
            return 404, "There is no such page", "There is nothing here. Check the address, or go back to the start."
        case TooLarge():
            return 413, "Too much at once", "What was sent is too large."
        case WrongType():
            return 415, "Not readable", "What was sent has a type that this address does not take."
        case Stale():
            return 403, "This page is out of date", "Nothing was changed. Go back, reload the page and try again."
        case Unauthorized():
            return 401, "Not allowed", "The token is missing, unknown or revoked."
    raise no


def _reply(status: int, title: str, sentence: str, how: How, headers: dict[str, str], reference: str = "") -> Reply:
    if how == "json":
        told: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": sentence}
        if reference:
            told["reference"] = reference
        return Reply(json.dumps(told, ensure_ascii=False), status, PROBLEM, headers)
    from chalicelib.web import pages

    html = pages.render("problem.html", title=title, sentence=sentence, status=status, reference=reference)
    return Reply(html, status, HTML, headers)
