"""What the pages and the API show of clients and their QuickBooks customers. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain import agreeing, effects, linking, matters, profile
from chalicelib.domain.contact import ASKED, LEFT, STANDINGS, WITHOUT, Contact, standing
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Json, Kind, Line, Neighbour, Ref, Status
from chalicelib.domain.matters import Matter
from chalicelib.domain.profile import FIELDS, SHOWN, WHOSE, WORDS, Side, Value
from chalicelib.errors import Refused
from chalicelib.flow import states, timeline
from chalicelib.flow.firms import connections
from chalicelib.flow.ports import World
from chalicelib.flow.rows import Item, Said, item
from chalicelib.flow.timeline import Event

VANISHED = {
    "": "Shows the client again",
    ASKED: "Shows the client no longer",
    LEFT: "The client is no longer there; its customer stays as it is",
}
SIZES = (25, 50, 100)
MATTERS_SHOWN = 20  # of one client, whose sub-customer cannot be used; all that ask somebody need attention too


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A client in a list. ``customer``: the QuickBooks id, empty while there is none; ``differing``: fields that the
    two sides show differently, in words."""

    id: str
    name: str
    email: str
    customer: str
    customer_name: str
    status: Said
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContactRows:
    rows: tuple[ContactRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field, each side's value and the last agreed one on one line each. ``kept``: a value that did not stand, of
    side ``kept_of`` (clio | quickbooks | empty). ``takes``: the sides whose value a person can take."""

    field: str
    words: str
    clio: str
    quickbooks: str
    agreed: str
    differs: bool
    kept: str
    kept_of: str
    moving: str
    takes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Everything about one client. ``timeline``: newest first; ``items``: what waits for a person about it and about
    its matters. ``matters_without``: matters whose sub-customer is gone, as a person accepted. ``more``: whether more
    matters than are shown have a sub-customer that cannot be used."""

    row: ContactRow
    company: bool
    linked: bool
    lost: str
    without: bool  # its customer is gone, and a person accepted that
    fields: tuple[FieldRow, ...]
    clio_url: str
    items: tuple[Item, ...]
    timeline: tuple[Event, ...]
    vanished: str = ""  # Clio shows it no more: asked | left
    matters_without: tuple[str, ...] = ()
    more: bool = False


def contacts(world: World, firm: str, standing: str = "", cursor: str | None = None, size: int = 25) -> ContactRows:
    """One page of clients by name: all, or those that stand so. Raises Refused for an unknown filter or size."""
    if standing not in ("", *STANDINGS):
        raise Refused("There is no such list of clients.")
    if size not in SIZES:
        raise Refused("Show 25, 50 or 100 on a page.")
    if standing:
        page = world.store.listed(f"{firm}/contacts/{standing}", limit=size, cursor=cursor)
    else:
        page = world.store.grouped(f"{firm}/contacts", limit=size, cursor=cursor)
    return ContactRows(tuple(_row(states.decode(Kind.CONTACT, h.body)) for h in page.items), page.next)


def contact(world: World, firm: str, id: str) -> ContactPage:
    """Raises Refused when there is none of that id in this firm."""
    held = world.store.load(Ref(firm, Kind.CONTACT, id))
    if held.body is None:
        raise Refused("There is no such client here.")
    c: Contact = states.decode(Kind.CONTACT, held.body)
    clio = connections(world, firm).get(str(Neighbour.CLIO))
    lost = _lost_matters(world, c)
    return ContactPage(
        row=_row(c),
        company=c.company,
        linked=bool(c.customer),
        lost=c.lost,
        without=c.without,
        vanished=c.vanished,
        fields=tuple(_field(c, f) for f in c.fields),
        clio_url=world.clio.contact_link(clio.account, id) if clio else "",
        items=tuple(item(e) for e in _parked(world, c, lost[:MATTERS_SHOWN])),
        timeline=_told(timeline.lines_of(world.store, held)),
        matters_without=tuple(m.name for m in lost[:MATTERS_SHOWN] if m.without),
        more=len(lost) > MATTERS_SHOWN,
    )


def _row(c: Contact) -> ContactRow:
    return ContactRow(
        id=c.id,
        name=c.name,
        email=c.email,
        customer=c.customer,
        customer_name=c.books.name if c.books else "",
        status=_status(c),
        differing=tuple(WORDS[f] for f in c.differing),
    )


def _status(c: Contact) -> Said:
    if c.without and not c.kept:
        return Said("Without a customer", "gone")
    if c.lost or c.vanished == ASKED:
        return Said("Link broken", "bad")
    if standing(c) == "conflict":
        return Said("Needs attention", "bad")
    if not c.customer:
        return Said("Not linked", "gone")
    if c.vanished:
        return Said("No longer in Clio", "gone")
    if c.to_books or c.to_clio:
        return Said("Being updated", "moving")
    return Said("Linked", "good") if not c.differing else Said("Linked, differs", "plain")


def _field(c: Contact, field: str) -> FieldRow:
    clio, books = profile.value(c.clio, field), profile.value(c.books, field) if c.books else ""
    kept = next((k for k in c.kept if k.field == field), None)
    differs = field in c.differing
    wanted = {Side.QUICKBOOKS: c.to_books, Side.CLIO: c.to_clio}
    moving = [SHOWN[side] for side, changes in wanted.items() if any(x.field == field for x in changes)]
    takes: list[str] = []
    if c.usable and kept is not None:
        takes = [str(kept.side)] if agreeing.can_take(kept) else []
    elif c.usable and differs and not (moving or c.vanished):
        takes = [str(s) for s, v in ((Side.CLIO, clio), (Side.QUICKBOOKS, books)) if not agreeing.unfit(field, v, s)]
    return FieldRow(
        field=field,
        words=WORDS[field],
        clio=profile.show(clio),
        quickbooks=profile.show(books),
        agreed=_agreed(c, field),
        differs=differs,
        kept=profile.show(kept.value) if kept else "",
        kept_of=str(kept.side) if kept else "",
        moving=", ".join(moving),
        takes=tuple(takes),
    )


def _agreed(c: Contact, field: str) -> str:
    """The last value that both sides had; empty where they never had the same."""
    if c.agreed is None:
        return ""
    clio, books = profile.value(c.agreed.clio, field), profile.value(c.agreed.books, field)
    return profile.show(clio) if profile.same(field, clio, books) else ""


def _lost_matters(world: World, c: Contact) -> list[Matter]:
    """The client's matters whose sub-customer cannot be used, one more than are shown."""
    begins = matters.of_client(c.id)
    page = world.store.grouped(f"{c.firm}/{matters.LOST}", limit=MATTERS_SHOWN + 1, begins=begins)
    return [states.decode(Kind.MATTER, h.body) for h in page.items]


def _parked(world: World, c: Contact, lost: Sequence[Matter]) -> list[Effect]:
    """What waits for a person about this client and these matters of it: by the keys that their states can have given,
    never by a search."""
    key = effects.key_of
    keys = [key(c.firm, Do.CUSTOMER, f"{c.id}/{c.revision}"), *(agreeing.task_key(c, k) for k in c.kept)]
    keys += [agreeing.change_key(c)] if c.to_clio else []
    keys += [linking.vanished_key(c)] if c.vanished == ASKED else []
    keys += [key(c.firm, Do.LOOK_CLIENT, name) for name in (c.id, f"{c.id}/first", f"{c.id}/again")]
    keys += [key(c.firm, Do.LOOK_CUSTOMER, effects.linked_name(c.customer, c.generation))] if c.customer else []
    keys += [matters.task_key(m) for m in lost]
    found = [world.store.effect(k) for k in keys]
    return [e for e in found if e is not None and e.status is Status.PARKED]


# --- what happened ----------------------------------------------------------------------------------------------------


def _told(lines: list[Line]) -> tuple[Event, ...]:
    """From the journal, newest first: what changed on either side, and what people decided."""
    events: list[Event] = []
    before: Json = {}
    for line in lines:
        if line.version == 1:
            events.append(Event(line.at, "Clio", f"{line.change.get('name', 'The client')} came in with a bill"))
        elif before:
            for source, words in _moved(before, line.change):
                events.append(Event(line.at, line.by or source, words))
        before = {**before, **line.change}
    return tuple(events[::-1])


def _moved(before: Json, change: Json) -> Iterator[tuple[str, str]]:
    for field in FIELDS:
        if field in change and before.get(field) is not None:
            yield "Clio", _now(field, change[field])
    yield from _customer_moved(before, change)
    old, new = before.get("books") or {}, change.get("books") or {}
    if old and new and "customer" not in change:
        yield from (("QuickBooks", _now(f, new[f])) for f in FIELDS if new.get(f) != old.get(f))
    for kept in change.get("kept") or ():
        if kept["number"] > before.get("asked", 0):
            word, whose = WORDS[kept["field"]], WHOSE[Side(kept["side"])]
            yield "Fee Simple", f"{whose} {word} was set aside: {_shown(kept['value']) or 'none'}"
    if change.get("chosen"):
        yield "Fee Simple", f"{WORDS[change['chosen'][-1]['field']].capitalize()} chosen for both sides"


def _customer_moved(before: Json, change: Json) -> Iterator[tuple[str, str]]:
    if change.get("customer"):
        name = (change.get("books") or {}).get("name") or change["customer"]
        yield "QuickBooks", f"Linked to the customer “{name}”"
    elif "customer" in change and before.get("customer"):
        yield "Fee Simple", "No longer linked to a customer"
    if (vanished := change.get("vanished")) is not None and not {"customer", "answer"} & change.keys():
        yield "Clio", VANISHED[vanished]
    if change.get("lost"):
        yield "QuickBooks", "The link to its customer no longer holds"
    elif "lost" in change and before.get("lost") and "customer" not in change:
        yield "QuickBooks", "Its customer is active again"
    elif change.get("answer") == WITHOUT:
        yield "Fee Simple", "Stays without a customer in QuickBooks"


def _now(field: str, raw: Any) -> str:
    shown = _shown(raw)
    return f"{WORDS[field].capitalize()} is now {shown}" if shown else f"{WORDS[field].capitalize()} removed"


def _shown(raw: Any) -> str:
    value: Value = msgspec.convert(raw, Value)
    return profile.show(value)
