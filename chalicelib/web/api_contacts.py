"""The JSON API of clients: each beside its QuickBooks customer, and what a person decides about it."""

from __future__ import annotations

from typing import Any

from chalicelib.web.api_door import Asked, found, get, post, put


@get("/contacts")
def contacts(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import contact_views

    rows = contact_views.contacts(ask.world, ask.firm, ask.query.get("standing", ""), ask.cursor, ask.size)
    return {"items": list(rows.rows), "next": rows.next}


@get("/contacts/{contact}")
def contact(ask: Asked, contact: str) -> Any:
    from chalicelib.flow import contact_views

    return found(lambda: contact_views.contact(ask.world, ask.firm, contact))


@get("/contact-settings")
def contact_settings(ask: Asked) -> Any:
    """Whose value stands where both sides changed one field of a client."""
    from chalicelib.flow.settle import policy_of

    return {"stands": policy_of(ask.world, ask.firm).firm.contacts_stand}


@put("/contact-settings")
def set_contact_settings(ask: Asked) -> Any:
    """``stands``: clio or quickbooks."""
    from chalicelib.domain.firm import ContactsStand
    from chalicelib.flow.signing import settle_firm

    settle_firm(ask.world, ask.firm, ContactsStand(ask.json.text("stands")), by=ask.by)
    return contact_settings(ask)


@post("/contacts/{contact}/take", 202)
def take_value(ask: Asked, contact: str) -> Any:
    """One side's value of a field for both."""
    from chalicelib.flow import contact_views
    from chalicelib.flow import contacts as flow

    found(lambda: contact_views.contact(ask.world, ask.firm, contact))
    flow.take(ask.world, ask.firm, contact, ask.json.text("field"), ask.json.text("side"), ask.by)
    return contact_views.contact(ask.world, ask.firm, contact)


@post("/contacts/{contact}/leave")
def leave_value(ask: Asked, contact: str) -> Any:
    from chalicelib.flow import contact_views
    from chalicelib.flow import contacts as flow

    found(lambda: contact_views.contact(ask.world, ask.firm, contact))
    flow.leave(ask.world, ask.firm, contact, ask.json.text("field"), ask.by)
    return contact_views.contact(ask.world, ask.firm, contact)


@post("/contacts/{contact}/link")
def link_customer(ask: Asked, contact: str) -> Any:
    """Links the QuickBooks customer of exactly this name; ``take_over``: also from one without open bills."""
    from chalicelib.flow import contact_views
    from chalicelib.flow import contacts as flow

    found(lambda: contact_views.contact(ask.world, ask.firm, contact))
    over = ask.json.flag("take_over", absent=False)
    flow.link_by_name(ask.world, ask.firm, contact, ask.json.text("customer"), ask.by, over=over)
    return contact_views.contact(ask.world, ask.firm, contact)
