"""What a client at Clio and its customer in QuickBooks have in common, field by field, and the three-way merge of it.

Pure values; nothing here knows how a field is read or written. An address is one field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.readings import NO_ADDRESS, Address, ClientReading, CustomerReading

FORBIDDEN = ":\t\n\r"  # in a customer's name (reference/quickbooks.md 4.1)
NAME_AT_MOST = 500
EMAIL_AT_MOST = 100
PHONE_AT_MOST = 30
LINE_AT_MOST = 500
PART_AT_MOST = 255
POSTAL_AT_MOST = 30
LINES_AT_MOST = 5
SUFFIX = re.compile(r" \(Clio [^()\s]+\)$")  # ours: see naming.name_for
ONE_ADDRESS = re.compile(r"[^@\s,;<>\"']+@[^@\s,;<>\"']+\.[^@\s,;<>\"'.]+")

Value = str | Address


class Side(StrEnum):
    CLIO = "clio"
    QUICKBOOKS = "quickbooks"

    @property
    def other(self) -> Side:
        return Side.QUICKBOOKS if self is Side.CLIO else Side.CLIO


SHOWN = {Side.CLIO: "Clio", Side.QUICKBOOKS: "QuickBooks"}


@dataclass(frozen=True, slots=True)
class Profile:
    """One side's values, as that side shows them. ``phone``: Clio's primary number, QuickBooks' phone. ``mobile``:
    Clio's first other number named Mobile. ``billing``, ``shipping``: Clio's addresses named Billing and Work."""

    name: str = ""
    email: str = ""
    phone: str = ""
    mobile: str = ""
    billing: Address = NO_ADDRESS
    shipping: Address = NO_ADDRESS


FIELDS = ("name", "email", "phone", "mobile", "billing", "shipping")
WORDS = {
    "name": "name",
    "email": "e-mail address",
    "phone": "phone number",
    "mobile": "mobile number",
    "billing": "billing address",
    "shipping": "work address",
}


def of(reading: ClientReading | CustomerReading) -> Profile:
    r = reading
    return Profile(r.name, r.email, r.phone, r.mobile, r.billing, r.shipping)


def value(profile: Profile, field: str) -> Value:
    found: Value = getattr(profile, field)
    return found


def put(profile: Profile, field: str, to: Value) -> Profile:
    return replace(profile, **{field: to})  # type: ignore[arg-type]


# --- when two values are the same -------------------------------------------------------------------------------------


def plain(field: str, of_: Value) -> str:
    """What is compared: neighbours reformat numbers, capitals and the parts of addresses (quickbooks.md 3.2, 7)."""
    if isinstance(of_, Address):
        parts = (*of_.lines, of_.city, of_.region, of_.postal, of_.country)
        return " ".join(re.findall(r"\w+", " ".join(parts).casefold()))
    if field == "email":
        return of_.strip().casefold()
    if field in ("phone", "mobile"):
        digits = re.sub(r"\D", "", of_)
        return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits or of_.strip().casefold()
    return SUFFIX.sub("", clean(of_))


def clean(name: str) -> str:
    """A name without the characters that QuickBooks refuses, and without double blanks."""
    return " ".join("".join(" " if c in FORBIDDEN else c for c in name).split())


def same(field: str, a: Value, b: Value) -> bool:
    return plain(field, a) == plain(field, b)


def empty(of_: Value) -> bool:
    return of_ in ("", NO_ADDRESS)


def show(of_: Value) -> str:
    """A value for a person, on one line; empty for none."""
    if isinstance(of_, Address):
        place = " ".join(p for p in (of_.region, of_.postal) if p)
        return ", ".join(p for p in (*of_.lines, of_.city, place, of_.country) if p)
    return of_
