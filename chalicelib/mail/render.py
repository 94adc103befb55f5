"""Letters to clients and the firm's own digest: a plain dict to (text, html), from the templates beside this file.

What the firm wrote comes in as values: it is escaped and never evaluated as a template. The plain text says everything
that the HTML says. Nothing here names the program: the firm stands first, and a client knows only the firm.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict, cast
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

# What an inbox shows before the mail is opened, by kind of letter: it reveals no matter.
PREHEADERS = {
    "reminder": "A note about your account with us.",
    "receipt": "Thank you: your payment has reached us.",
    "failed": "A payment did not go through.",
}

FOR_THE_FIRM = {"digest": "What needs somebody at your firm today."}


class Item(TypedDict):
    """One line of the table, as people read it. ``what``: "Invoice 1042", never the matter."""

    what: str
    due: str
    amount: str


class Context(TypedDict):
    """All texts as people read them, amounts with their currency, dates as the firm's country writes them.

    ``paragraphs``: what the firm's template says, words already put in. ``items``: what is owed, paid, or failed;
    ``due`` of an item may be empty. ``pay_url`` (reminder, failed) and ``view_url`` (the page; the receipt's copy to
    print) are absolute and lie on our address; either may be empty. ``preheader`` is what an inbox shows before the
    mail is opened: left out, a sentence that reveals no matter. ``reply_hint``: how to ask. ``accent``: the firm's
    colour as #rrggbb; anything else is ignored.
    """

    firm_name: str
    paragraphs: list[str]
    items: list[Item]
    total: str
    pay_url: NotRequired[str]
    view_url: NotRequired[str]
    preheader: NotRequired[str]
    reply_hint: NotRequired[str]
    firm_address: NotRequired[str]
    accent: NotRequired[str]


class Row(TypedDict):
    """One thing that needs somebody. ``url``: of its page, on our address."""

    title: str
    cause: str
    remedy: str
    url: str


class Section(TypedDict):
    """``rest``: a sentence on those that are not shown. ``url`` and ``words``: the page with all of them, or empty."""

    heading: str
    lead: str
    rows: list[Row]
    rest: str
    url: str
    words: str


class Told(TypedDict):
    """The digest. ``settings_url``: where a person changes or stops it."""

    firm_name: str
    paragraphs: list[str]
    sections: list[Section]
    settings_url: str


ACCENT = "#1f4e79"
_LEFT_OUT = {"pay_url": "", "view_url": "", "reply_hint": "", "firm_address": "", "accent": ACCENT}


def render(kind: str, context: Context | Told) -> tuple[str, str]:
    """(text, html) of ``kind``: reminder, receipt, failed; or digest, for the firm itself. Raises ValueError for any
    other kind or an address that is no web address, and jinja2's UndefinedError when the context lacks something."""
    preheader = {**PREHEADERS, **FOR_THE_FIRM}.get(kind)
    if preheader is None:
        raise ValueError(f"no such letter: {kind}")
    filled = cast("dict[str, object]", {**_LEFT_OUT, "preheader": preheader, **context})
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", str(filled["accent"])):
        filled["accent"] = ACCENT
    for name in ("pay_url", "view_url"):
        _web(str(filled[name]))
    text = _templates(html=False).get_template(f"{kind}.txt").render(filled)
    html = _templates(html=True).get_template(f"{kind}.html").render(filled)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html


@cache
def _templates(*, html: bool) -> Environment:
    """Two, because what is right in HTML (escaping) is wrong in text."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=html,  # noqa: S701 - text is no HTML; escaping would show in it
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _web(address: str) -> None:
    """Raises ValueError for what must not stand behind a button."""
    if address and urlsplit(address).scheme not in ("http", "https"):
        raise ValueError("a link in a mail must be a web address")
