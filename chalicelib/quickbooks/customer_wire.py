"""QuickBooks' JSON of a customer to our reading, and what we want of one to theirs. Pure. Source: quickbooks.md 4.1."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.kernel import Json
from chalicelib.domain.profile import Value, empty
from chalicelib.domain.raw import Raw, part, parts, text
from chalicelib.domain.readings import Address, CustomerReading
from chalicelib.domain.wanted import ChangedCustomer, WantedCustomer, WantedSubCustomer
from chalicelib.quickbooks.parts import id_of

COMPANY_LENGTH = 100
LINES = 5
PROPERTIES = {
    "email": "PrimaryEmailAddr",
    "phone": "PrimaryPhone",
    "mobile": "Mobile",
    "billing": "BillAddr",
    "shipping": "ShipAddr",
}
INACTIVE = " (deleted)"  # QuickBooks appends it to names of inactive list objects (4.1)
HOLDERS = {  # of names, beside active customers: what each is called, and where it is listed
    "inactive customer": ("Customer", "Active = false"),
    "vendor": ("Vendor", "Active in (true, false)"),
    "employee": ("Employee", "Active in (true, false)"),
}


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
        parent=text(part(row, "ParentRef"), "value"),
        currency=text(part(row, "CurrencyRef"), "value"),
    )


def names_held(answers: Mapping[str, Raw], page: int) -> tuple[dict[str, str], bool]:
    """``answers``: by holder, each a query's answer of at most ``page`` rows. Gives the holder of each name, also of
    one that is shown as "(deleted)", and whether another page follows."""
    told = {holder: parts(part(answers[holder], "QueryResponse"), entity) for holder, (entity, _) in HOLDERS.items()}
    names = {text(row, "DisplayName"): holder for holder, found in told.items() for row in found}
    own = {name.removesuffix(INACTIVE): holder for name, holder in names.items()}
    return own, any(len(found) >= page for found in told.values())


def _address(row: Raw) -> Address:
    lines = (text(row, f"Line{n}") for n in range(1, LINES + 1))
    return Address(
        lines=tuple(line for line in lines if line),
        city=text(row, "City"),
        region=text(row, "CountrySubDivisionCode"),
        postal=text(row, "PostalCode"),
        country=text(row, "Country"),
    )


def customer_body(wanted: WantedCustomer) -> Json:
    """A new customer: what is empty is left out."""
    body: Json = {"DisplayName": wanted.name, "Notes": wanted.note}
    if wanted.company:
        body["CompanyName"] = wanted.name[:COMPANY_LENGTH]
    for field in ("email", "phone", "mobile", "billing", "shipping"):
        value: Value = getattr(wanted, field)
        if not empty(value):
            body[PROPERTIES[field]] = {k: v for k, v in _shown(field, value).items() if v}
    return body


def sub_body(wanted: WantedSubCustomer) -> Json:
    """A sub-customer: a job below its parent, billed with it (4.1)."""
    parent: Json = {"ParentRef": {"value": wanted.parent}, "Job": True, "BillWithParent": True}
    return {"DisplayName": wanted.name, "Notes": wanted.note, **parent}


def changed_body(wanted: ChangedCustomer) -> Json:
    """A sparse update (2.4). How a property is emptied is not in the reference: null, and the answer tells what came of
    it. An address goes whole, with empty parts, so that no line of the old one stays."""
    body: Json = {"Id": wanted.id, "SyncToken": wanted.sync_token, "sparse": True}
    if wanted.activate:
        body["Active"] = True
    for change in wanted.changes:
        if change.field == "name":
            body["DisplayName"] = change.value
            if wanted.company:
                body["CompanyName"] = str(change.value)[:COMPANY_LENGTH]
        else:
            body[PROPERTIES[change.field]] = None if empty(change.value) else _shown(change.field, change.value)
    return body


def _shown(field: str, value: Value) -> Json:
    if isinstance(value, Address):
        lines = {f"Line{n}": "".join(value.lines[n - 1 : n]) for n in range(1, LINES + 1)}
        place = {"City": value.city, "CountrySubDivisionCode": value.region, "PostalCode": value.postal}
        return {**lines, **place, "Country": value.country}
    return {"Address" if field == "email" else "FreeFormNumber": value.strip()}
