"""Clio's JSON of a contact to our reading of it, and what we change to theirs. Pure; no HTTP. Source: clio.md 7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.clio import wire
from chalicelib.domain.kernel import Json
from chalicelib.domain.profile import Change, empty, in_parts
from chalicelib.domain.raw import Raw, parts, text
from chalicelib.domain.readings import Address, ClientReading

CONTACT = (
    "id,etag,name,type,primary_email_address,email_addresses{id,address,primary},phone_numbers{id,number,name,primary},"
    "addresses{id,name,street,city,province,postal_code,country,primary}"
)
CONTACT_LEAST = "id,etag,name,type,primary_email_address"
MOBILE, BILLING, WORK = "Mobile", "Billing", "Work"
_PLACES: dict[str, tuple[str, Json]] = {  # the list that a field stands in, and what a new member of it is
    "email": ("email_addresses", {"name": "Work", "default_email": True}),
    "phone": ("phone_numbers", {"name": "Work"}),
    "mobile": ("phone_numbers", {"name": MOBILE}),
    "billing": ("addresses", {"name": BILLING}),
    "shipping": ("addresses", {"name": WORK}),
}


def contact(row: Raw) -> ClientReading:
    """A contact as it stands (reference/clio.md 7): the primary e-mail; the first number named Mobile, and the primary
    of the others; the addresses that Clio's own QuickBooks sync takes, Billing and Work. Where the account does not
    show the lists, it is no more than a bill's client."""
    shown = wire.client(row)
    if not all(isinstance(row.get(name), list) for name in ("email_addresses", "phone_numbers", "addresses")):
        return replace(shown, etag=text(row, "etag"))
    numbers = parts(row, "phone_numbers")
    email = _primary(parts(row, "email_addresses"))
    mobile = next((p for p in numbers if p.get("name") == MOBILE), {})
    phone = _primary([p for p in numbers if p is not mobile])
    billing, work = _named(row, BILLING), _named(row, WORK)
    found = {"email": email, "phone": phone, "mobile": mobile, "billing": billing, "shipping": work}
    return replace(
        shown,
        email=text(email, "address"),
        phone=text(phone, "number"),
        mobile=text(mobile, "number"),
        billing=_address(billing),
        shipping=_address(work),
        etag=text(row, "etag"),
        members=tuple((field, text(part, "id")) for field, part in found.items() if part),
        whole=True,
    )


def patch(reading: ClientReading, changes: Sequence[Change]) -> Json:
    """The body that changes these fields and nothing else: a member with its id is changed, without one it is added,
    and removed by ``_destroy`` (7). A person's name goes in its parts; composing it is left to Clio."""
    body: Json = {}
    for change in changes:
        if change.field == "name":
            body.update(_name(str(change.value), company=reading.is_company))
            continue
        where, fresh = _PLACES[change.field]
        body.setdefault(where, []).append(_member(reading, change, fresh))
    return body


def _name(name: str, *, company: bool) -> Json:
    if company:
        return {"name": name}
    first, last = in_parts(name.strip())
    return {"first_name": first, "middle_name": "", "last_name": last}


def _member(reading: ClientReading, change: Change, fresh: Json) -> Json:
    id = dict(reading.members).get(change.field)
    if empty(change.value):
        return {"id": int(id or 0), "_destroy": True}
    named = {"id": int(id)} if id else fresh
    if isinstance(change.value, Address):
        a = change.value
        street = "\n".join(a.lines)
        place = {"street": street, "city": a.city, "province": a.region, "postal_code": a.postal, "country": a.country}
        return {**named, **place}
    return {**named, "address" if change.field == "email" else "number": change.value.strip()}


def _primary(parts: list[Raw]) -> Raw:
    return next((p for p in parts if p.get("primary") is True), parts[0] if parts else {})


def _named(row: Raw, name: str) -> Raw:
    return next((p for p in parts(row, "addresses") if p.get("name") == name), {})


def _address(row: Raw) -> Address:
    return Address(
        lines=tuple(line.strip() for line in text(row, "street").splitlines() if line.strip()),
        city=text(row, "city"),
        region=text(row, "province"),
        postal=text(row, "postal_code"),
        country=text(row, "country"),
    )
