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
LINES_TOGETHER = 2000
SUFFIX = re.compile(r" \(Clio [^()\s]+\)$")  # ours: see naming.name_for
KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")  # of a telephone
AFTER_A_NAME = frozenset({"jr", "sr", "ii", "iii", "iv", "v", "esq", "md", "phd", "jd", "cpa", "dds"})
ONE_ADDRESS = re.compile(r"[^@\s,;<>\"'][^@\s,;<>\"]*@[^@\s,;<>\"']+\.[^@\s,;<>\"'.]+")  # o'brien@ is one

Value = str | Address


class Side(StrEnum):
    CLIO = "clio"
    QUICKBOOKS = "quickbooks"

    @property
    def other(self) -> Side:
        return Side.QUICKBOOKS if self is Side.CLIO else Side.CLIO


SHOWN = {Side.CLIO: "Clio", Side.QUICKBOOKS: "QuickBooks"}
WHOSE = {Side.CLIO: "Clio's", Side.QUICKBOOKS: "QuickBooks'"}


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
        spelt = of_.strip().casefold()
        return digits(spelt.translate(KEYS)) if digits(spelt) else spelt
    return " ".join(part for part in in_parts(bare(clean(of_))) if part)


def digits(number: str) -> str:
    """A phone number without what parts it, and without the 1 of its country."""
    told = re.sub(r"\D", "", number)
    return told[1:] if len(told) == 11 and told[0] == "1" else told


def bare(name: str) -> str:
    """A name without the suffix that we gave it in QuickBooks: it is no part of what the client is called."""
    return SUFFIX.sub("", name)


def in_parts(name: str) -> tuple[str, str]:
    """First and last name of a person, who in many books stands as "Example, Ada": that is the same name. What follows
    a name ("Smith, Jr.") is no first name."""
    before, comma, after = name.partition(", ")
    if comma and "," not in after and after.replace(".", "").casefold() not in AFTER_A_NAME:
        return after, before
    first, _, last = name.rpartition(" ")
    return first, last


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


# --- what may not go to a side ----------------------------------------------------------------------------------------


def unfit(field: str, of_: Value, side: Side) -> str:
    """Why a value cannot go to ``side``, as the end of a sentence; empty when it can (reference/quickbooks.md 4.1)."""
    if empty(of_):
        return ""
    if isinstance(of_, Address):
        return _unfit_address(of_, side)
    if field == "email" and not (ONE_ADDRESS.fullmatch(of_.strip()) and len(of_.strip()) <= EMAIL_AT_MOST):
        return "is not one e-mail address"
    if field in ("phone", "mobile") and side is Side.QUICKBOOKS and len(of_.strip()) > PHONE_AT_MOST:
        return f"is longer than the {PHONE_AT_MOST} characters QuickBooks allows"
    return ""


def _unfit_address(of_: Address, side: Side) -> str:
    if side is Side.CLIO:
        parted = of_.city or of_.postal
        return "" if parted else "is written in plain lines: street, city and postal code cannot be told apart"
    fits = (
        len(of_.lines) <= LINES_AT_MOST
        and all(len(line) <= LINE_AT_MOST for line in of_.lines)
        and sum(map(len, of_.lines)) <= LINES_TOGETHER
        and all(len(part) <= PART_AT_MOST for part in (of_.city, of_.region, of_.country))
        and len(of_.postal) <= POSTAL_AT_MOST
    )
    return "" if fits else "is longer than QuickBooks allows"


# --- the merge --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agreed:
    """The last state that both sides agreed on, as each shows it: they spell one value differently, and a customer
    that was there before may differ from its client from the start (docs/decisions/0013-contacts.md)."""

    clio: Profile
    books: Profile


@dataclass(frozen=True, slots=True)
class Change:
    """A field and the value that it should have."""

    field: str
    value: Value


@dataclass(frozen=True, slots=True)
class Aside:
    """A value of ``side`` that does not stand, for a person to see. ``why``: empty when both sides changed the field;
    else what keeps it from going over."""

    field: str
    side: Side
    value: Value
    why: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """``chosen``: what a person chose and is not there yet."""

    agreed: Agreed
    to_clio: tuple[Change, ...] = ()
    to_books: tuple[Change, ...] = ()
    aside: tuple[Aside, ...] = ()
    chosen: tuple[Change, ...] = ()


def merge(
    agreed: Agreed,
    clio: Profile,
    books: Profile,
    stands: Side,
    chosen: tuple[Change, ...] = (),
    fields: tuple[str, ...] = FIELDS,
) -> Merged:
    """Field by field, against the last state that both agreed on. A side's change goes to the other; where both changed
    one field, ``stands`` says whose value does, and the other's is set aside. What agrees now is agreed from now on.

    ``chosen``: values that a person took for both sides; a later change on either side is newer than the choice.
    """
    out = Merged(agreed)
    for field in fields:
        picked = next((c for c in chosen if c.field == field), None)
        out = _field(out, field, value(clio, field), value(books, field), stands, picked)
    return out


def _field(out: Merged, field: str, clio: Value, books: Value, stands: Side, picked: Change | None) -> Merged:
    clio_moved = not same(field, clio, value(out.agreed.clio, field))
    books_moved = not same(field, books, value(out.agreed.books, field))
    if picked is not None:
        clio_there, books_there = same(field, clio, picked.value), same(field, books, picked.value)
        if not (clio_there and books_there) and (clio_there or not clio_moved) and (books_there or not books_moved):
            return replace(
                out,
                to_clio=out.to_clio if clio_there else (*out.to_clio, picked),
                to_books=out.to_books if books_there else (*out.to_books, picked),
                chosen=(*out.chosen, picked),
            )
    if same(field, clio, books):
        return replace(out, agreed=agree(out.agreed, field, clio, books))
    if clio_moved and books_moved:
        lost = Aside(field, stands.other, clio if stands is Side.QUICKBOOKS else books)
        return _over(replace(out, aside=(*out.aside, lost)), field, clio if stands is Side.CLIO else books, stands)
    if clio_moved:
        return _over(out, field, clio, Side.CLIO)
    return _over(out, field, books, Side.QUICKBOOKS) if books_moved else out


def _over(out: Merged, field: str, of_: Value, side: Side) -> Merged:
    """``side``'s value goes to the other side, where it fits there."""
    if why := unfit(field, of_, side.other):
        return replace(out, aside=(*(a for a in out.aside if a.field != field), Aside(field, side, of_, why)))
    if side is Side.CLIO:
        return replace(out, to_books=(*out.to_books, Change(field, of_)))
    return replace(out, to_clio=(*out.to_clio, Change(field, own(field, of_))))


def own(field: str, of_: Value) -> Value:
    """QuickBooks' value as the client shall have it."""
    return bare(of_) if field == "name" and isinstance(of_, str) else of_


def agree(agreed: Agreed, field: str, clio: Value, books: Value) -> Agreed:
    """Both sides agree on this field as each shows it; spelt anew, nothing moves."""
    if same(field, clio, value(agreed.clio, field)) and same(field, books, value(agreed.books, field)):
        return agreed
    return Agreed(put(agreed.clio, field, clio), put(agreed.books, field, books))
