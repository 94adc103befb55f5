"""Clients: each beside its QuickBooks customer, what differs, and what a person decides about it."""

from __future__ import annotations

from chalicelib.errors import Refused
from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, page, turning
from chalicelib.web.door import Ask, whole

HERE = "/desk/contacts"
FILTERS = (("", "All"), ("linked", "Linked"), ("conflict", "Conflict"), ("unlinked", "Not linked"))
EMPTY = {
    "": ("No clients yet", "A client of Clio comes here with its first approved bill."),
    "linked": ("No client is linked", "A client is linked once it is a customer in QuickBooks."),
    "conflict": (
        "Clio and QuickBooks agree",
        "A client that was changed on both sides, or whose customer is no longer usable, will be here.",
    ),
    "unlinked": ("Every client is linked", "A client that has no customer in QuickBooks yet will be here."),
}


@desk.get("/desk/contacts")
def contacts(ask: Ask) -> str:
    """One page of clients. The address holds filter, size and place, so that a view can be shared."""
    from chalicelib.flow import contact_views

    chosen, size = ask.query.get("standing", ""), ask.query.get("size", "25")
    cursor = ask.query.get("cursor") or None
    rows = contact_views.contacts(ask.world, ask.firm, chosen, cursor, whole(size, 25))
    return page(
        ask,
        "contacts.html",
        "contacts",
        chosen=chosen,
        filters=FILTERS,
        size=size,
        sizes=contact_views.SIZES,
        rows=rows,
        empty=EMPTY[chosen],
        **turning(HERE, cursor, rows.next, standing=chosen, size=size),
    )


@desk.get("/desk/contacts/{contact}")
def contact(ask: Ask, contact: str) -> str:
    from chalicelib.flow import contact_views

    return page(ask, "contact.html", "contacts", c=contact_views.contact(ask.world, ask.firm, contact))


@desk.post("/desk/contacts/{contact}")
def decide(ask: Ask, contact: str) -> Reply:
    """Take one side's value for both, leave a field as it is, or link another customer."""
    from chalicelib.flow import contacts as flow

    where = f"{HERE}/{contact}"
    match ask.one("do"):
        case "take-clio" | "take-quickbooks" as do:
            flow.take(ask.world, ask.firm, contact, ask.one("field"), do.removeprefix("take-"), ask.by)
            return back(where, "taken")
        case "leave":
            flow.leave(ask.world, ask.firm, contact, ask.one("field"), ask.by)
            return back(where, "left")
        case "link" | "over" as do:
            flow.link_by_name(ask.world, ask.firm, contact, ask.one("customer"), ask.by, over=do == "over")
            return back(where, "linked")
        case _:
            raise Refused("Press one of the buttons.")
