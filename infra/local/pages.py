"""The few pages of the local stage itself: where everything is, and the mailbox. No part of the program."""

from __future__ import annotations

from html import escape

from infra.local.mailbox import Mail
from infra.local.ports import HOST, Ports

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #dde3ea}
.note{background:#fff6d8;padding:.5rem .75rem;border-radius:6px}iframe{width:100%;height:36rem;border:1px solid #dde3ea}
body{overflow-wrap:anywhere}pre{white-space:pre-wrap;background:#f5f7f9;padding:1rem;border-radius:6px}a{color:#0b5cad}
"""


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<p class="note">Local stage. <a href="/_local">Start</a> · <a href="/_local/mail">Mailbox</a> · '
        f'<a href="/">Fee Simple</a></p><h1>{escape(title)}</h1>{body}</html>'
    )


def start(ports: Ports, mails: int) -> str:
    """Where everything of the local stage is."""
    there = f"http://{HOST}:{ports.sandboxes}"
    rows = [
        ("/", "Fee Simple", "the program, as the firm and its clients see it"),
        ("/_local/mail", f"Mailbox ({mails})", "every mail that was delivered; click the links in them"),
        (f"{there}/clio/", "Clio sandbox", "the firm's bills: approve, change, record a payment"),
        (f"{there}/quickbooks/", "QuickBooks sandbox", "the firm's books: look, change behind our back"),
        (f"{there}/stripe/", "Stripe sandbox", "accounts, payments, refunds, disputes"),
    ]
    cells = "".join(
        f'<tr><td><a href="{address}">{escape(name)}</a></td><td>{escape(what)}</td></tr>'
        for address, name, what in rows
    )
    return _page(
        "What is where",
        f"<table>{cells}</table><p>Time passes with <code>.venv/bin/python -m infra.local.clock +3d</code>.</p>",
    )


def mails(delivered: list[Mail]) -> str:
    """All mails, newest first."""
    rows = "".join(
        f"<tr><td>{escape(mail.at[:16].replace('T', ' '))}</td><td>{escape(', '.join(mail.to))}</td>"
        f'<td><a href="/_local/mail/{_number(mail)}">{escape(mail.subject or "(no subject)")}</a></td></tr>'
        for mail in reversed(delivered)
    )
    return _page(
        "Mailbox",
        f"<table><tr><th>Time (UTC)</th><th>To</th><th>Subject</th></tr>{rows}</table>"
        if rows
        else "<p>No mail yet.</p>",
    )


def mail(one: Mail) -> str:
    """One mail: its head, its HTML in a frame of its own, its plain text with clickable links."""
    shown = {"From": one.sender, "To": ", ".join(one.to), "Subject": one.subject, **dict(one.headers)}
    head = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(shown[name])}</td></tr>"
        for name in ("From", "To", "Subject", "Reply-To", "List-Unsubscribe")
        if name in shown
    )
    links = "".join(f'<li><a href="{escape(link)}">{escape(link)}</a></li>' for link in one.links)
    number = _number(one)
    return _page(
        one.subject or "(no subject)",
        f'<table>{head}</table><h2>As HTML</h2><iframe sandbox="allow-popups allow-top-navigation-by-user-activation"'
        f' src="/_local/mail/{number}/html" title="The mail"></iframe>'
        f"<h2>As plain text</h2><pre>{escape(one.text)}</pre><ul>{links}</ul>",
    )


def _number(one: Mail) -> str:
    return escape(one.id.partition("@")[0])


def in_frame(text: str) -> str:
    """A mail's HTML whose links leave the frame, as those of a mail open a browser window."""
    return text.replace("<head>", '<head><base target="_top">', 1)


def no_html() -> str:
    """Stands in the frame where a mail has no HTML part."""
    return "<p>This mail has no HTML part.</p>"
