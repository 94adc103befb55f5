"""Clio's JSON of a contact to our reading of it. Pure; no HTTP. Source: reference/clio.md 7."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.clio import wire
from chalicelib.domain.readings import Address, ClientReading, Raw

CONTACT = (
    "id,etag,name,type,primary_email_address,email_addresses{id,address,primary},phone_numbers{id,number,name,primary},"
    "addresses{id,name,street,city,province,postal_code,country,primary}"
)
CONTACT_LEAST = "id,etag,name,type,primary_email_address"


def contact(row: Raw) -> ClientReading:
    """A contact as it stands (reference/clio.md 7): the primary e-mail and number, the first other number named
    Mobile, and the addresses that Clio's own QuickBooks sync takes: Billing and Work. Where the account does not show
    the lists, it is no more than a bill's client."""
    shown = wire.client(row)
    if not all(isinstance(row.get(name), list) for name in ("email_addresses", "phone_numbers", "addresses")):
        return replace(shown, etag=_text(row, "etag"))
    email, phone = _primary(row, "email_addresses"), _primary(row, "phone_numbers")
    mobile = next((p for p in _parts(row, "phone_numbers") if p.get("name") == "Mobile" and p is not phone), {})
    billing, work = _named(row, "Billing"), _named(row, "Work")
    found = {"email": email, "phone": phone, "mobile": mobile, "billing": billing, "shipping": work}
    return replace(
        shown,
        email=_text(email, "address"),
        phone=_text(phone, "number"),
        mobile=_text(mobile, "number"),
        billing=_address(billing),
        shipping=_address(work),
        etag=_text(row, "etag"),
        members=tuple((field, str(part.get("id", ""))) for field, part in found.items() if part),
        whole=True,
    )


def _primary(row: Raw, name: str) -> Raw:
    parts = _parts(row, name)
    return next((p for p in parts if p.get("primary") is True), parts[0] if parts else {})


def _named(row: Raw, name: str) -> Raw:
    return next((p for p in _parts(row, "addresses") if p.get("name") == name), {})


def _address(row: Raw) -> Address:
    return Address(
        lines=tuple(line.strip() for line in _text(row, "street").splitlines() if line.strip()),
        city=_text(row, "city"),
        region=_text(row, "province"),
        postal=_text(row, "postal_code"),
        country=_text(row, "country"),
    )


def _text(row: Raw, name: str) -> str:
    raw = row.get(name)
    return "" if raw is None else str(raw)


def _parts(row: Raw, name: str) -> list[Raw]:
    parts = row.get(name)
    return [p for p in parts if isinstance(p, dict)] if isinstance(parts, list) else []
