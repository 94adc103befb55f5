"""QuickBooks' JSON of a customer to our reading, and what we want of one to theirs. Pure. Source: quickbooks.md 4.1."""

from __future__ import annotations

from chalicelib.domain.kernel import Json
from chalicelib.domain.readings import Address, CustomerReading, Raw
from chalicelib.domain.wanted import WantedCustomer
from chalicelib.quickbooks.parts import id_of, part, text

INACTIVE = " (deleted)"  # QuickBooks appends it to names of inactive list objects (4.1)


def customer(row: Raw) -> CustomerReading:
    """A customer. An inactive one's name is given without QuickBooks' "(deleted)", so that it can be compared."""
    active = row.get("Active") is not False
    name = text(row, "DisplayName")
    return CustomerReading(
        id=id_of(row),
        sync_token=text(row, "SyncToken"),
        name=name if active else name.removesuffix(INACTIVE),
        email=text(part(row, "PrimaryEmailAddr"), "Address"),
        active=active,
        note=text(row, "Notes"),
        phone=text(part(row, "PrimaryPhone"), "FreeFormNumber"),
        mobile=text(part(row, "Mobile"), "FreeFormNumber"),
        billing=_address(part(row, "BillAddr")),
        shipping=_address(part(row, "ShipAddr")),
    )


def _address(row: Raw) -> Address:
    lines = (text(row, f"Line{n}") for n in range(1, 6))
    return Address(
        lines=tuple(line for line in lines if line),
        city=text(row, "City"),
        region=text(row, "CountrySubDivisionCode"),
        postal=text(row, "PostalCode"),
        country=text(row, "Country"),
    )


def customer_body(wanted: WantedCustomer) -> Json:
    body: Json = {"DisplayName": wanted.name, "Notes": wanted.note}
    if wanted.company:
        body["CompanyName"] = wanted.name[:100]
    if wanted.email:
        body["PrimaryEmailAddr"] = {"Address": wanted.email}
    return body
