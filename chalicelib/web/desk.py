"""The firm's pages: what is owed, and everything about one invoice. Their other pages lie in desk_*.py, on one door.

Nothing is decided here: a page asks ``flow.views`` what to show, a form asks a flow to do it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from chalicelib.web import (
    desk_attention,
    desk_collect,
    desk_contacts,
    desk_drawing,
    desk_first,
    desk_money,
    desk_pairing,
    desk_settings,
    desk_sync,
    desk_trust,
)
from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, page, turning
from chalicelib.web.door import Ask, whole

__all__ = [
    "blueprint",
    "desk",
    "desk_attention",
    "desk_collect",
    "desk_contacts",
    "desk_drawing",
    "desk_first",
    "desk_money",
    "desk_pairing",
    "desk_settings",
    "desk_sync",
    "desk_trust",
]

TABS = (("open", "Open"), ("reminding", "Active reminders"), ("paid", "Paid"), ("attention", "Needs attention"))
EMPTY = {
    "open": ("Nothing is open", "Approved bills from Clio appear here as soon as they come in."),
    "reminding": (
        "No reminders are running",
        "Tick invoices under Open and press Start collection. They move here and stay until they are paid.",
    ),
    "paid": ("Nothing is paid yet", "Invoices move here when nothing is open on them, whoever showed the money first."),
    "attention": ("No invoice needs you", "What cannot go on by itself will be here, with its cause and remedy."),
}


@desk.get("/desk")
def start(ask: Ask) -> str:
    """Three answers: what is owed, what needs me, do the books agree."""
    from chalicelib.flow import compared, views

    report, needs = compared.last(ask.world, ask.firm), views.attention(ask.world, ask.firm)
    return page(ask, "start.html", "start", report=report, needs=needs)


@desk.get("/desk/invoices")
def invoices(ask: Ask) -> str:
    """One tab of invoices. The address holds tab, size and place, so that a view can be shared."""
    from chalicelib.flow import views

    tab, size = ask.query.get("tab", "open"), ask.query.get("size", "25")
    cursor = ask.query.get("cursor") or None
    rows = views.invoices(ask.world, ask.firm, tab, cursor, whole(size, 25))
    return page(
        ask,
        "invoices.html",
        "invoices",
        tab=tab,
        tabs=TABS,
        size=size,
        sizes=views.SIZES,
        rows=rows,
        empty=EMPTY.get(tab, EMPTY["open"]),
        **turning("/desk/invoices", cursor, rows.next, tab=tab, size=size),
    )


@desk.get("/desk/invoices/{payable}")
def invoice(ask: Ask, payable: str) -> str:
    from chalicelib.flow import views

    return page(ask, "invoice.html", "invoices", i=views.invoice(ask.world, ask.firm, payable), link="")


@desk.post("/desk/invoices/{payable}/links")
def pay_links(ask: Ask, payable: str) -> Reply | str:
    """A new pay link to copy, shown once; or every link of this invoice made useless."""
    from chalicelib.flow import drawing, links, views

    shown = views.invoice(ask.world, ask.firm, payable)
    if ask.one("do") == "revoke":
        drawing.without_links(ask.world, ask.firm, payable, ask.by)
        return back(f"/desk/invoices/{payable}", "links-gone")
    token = links.make(ask.world, links.PayLink(ask.firm, shown.row.client_id, payable))
    return page(ask, "invoice.html", "invoices", i=shown, link=links.address(ask.world, token))


@desk.get("/desk/clients/{client}")
def client(ask: Ask, client: str) -> str:
    """A client's invoices and trust requests, whatever their state."""
    from chalicelib.flow import views

    cursor = ask.query.get("cursor") or None
    rows = views.client_invoices(ask.world, ask.firm, client, cursor)
    following = f"/desk/clients/{client}?{urlencode({'cursor': rows.next})}" if rows.next else ""
    return page(ask, "client.html", "invoices", rows=rows, next_url=following)


@desk.post("/desk/resync")
def resync_now(ask: Ask) -> Reply:
    from chalicelib.flow import resync

    return back(f"/desk/resync/{resync.start(ask.world, ask.firm, ask.by)}")


@desk.get("/desk/resync/{run}")
def resync_run(ask: Ask, run: str) -> str:
    """How far a Resync is. It goes on whether or not anybody looks."""
    from chalicelib.flow import resync

    return page(ask, "resync.html", "invoices", run=resync.progress(ask.world, ask.firm, run))


blueprint = desk.blueprint
