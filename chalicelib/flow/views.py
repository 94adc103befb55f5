"""What the pages and the JSON API show, each query reading only what it shows. Nothing here writes.

``cursor`` and ``next`` are opaque texts of the store. How one state reads to a person is in ``rows``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain import billing, comparing, effects, linked_payments, receipts, surplus
from chalicelib.domain.crediting import Credit
from chalicelib.domain.effects import Do
from chalicelib.domain.envelope import Envelope
from chalicelib.domain.firm import Firm
from chalicelib.domain.kernel import Effect, Json, Kind, Neighbour, Ref, Status
from chalicelib.domain.payable import Payable, blocked
from chalicelib.domain.paying import reversal_name
from chalicelib.domain.payment import Payment, Phase
from chalicelib.domain.readings import BillState, Pot
from chalicelib.domain.reminders import SUPPLIED, ReminderSet
from chalicelib.domain.sums import ageing, received_in
from chalicelib.errors import Refused
from chalicelib.flow import states, timeline
from chalicelib.flow.firms import CONNECTIONS, firm_of
from chalicelib.flow.firms import connections as connections_of
from chalicelib.flow.leaving import CREDIT
from chalicelib.flow.ports import World
from chalicelib.flow.rows import (
    Credited,
    Item,
    Link,
    Match,
    Paid,
    Row,
    Said,
    credited,
    item,
    link,
    matches,
    paid,
    payable_of,
    row,
)
from chalicelib.flow.steps import Action
from chalicelib.flow.summing import sums_of
from chalicelib.flow.timeline import Event

__all__ = ["Action", "Event", "Item", "Link", "Match", "Paid", "Row", "Said"]


SIZES = (25, 50, 100)


TABS = ("open", "reminding", "paid", "attention")


PAYMENTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rows:
    """``today``: the firm's local day. ``next``: the cursor of the following page, None on the last."""

    rows: tuple[Row, ...]
    next: str | None
    today: date


@dataclass(frozen=True, slots=True)
class Items:
    """``steps``: the parked steps and tasks that the items tell of."""

    items: tuple[Item, ...]
    next: str | None
    steps: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Payments:
    payments: tuple[Paid, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class ToRecord:
    """One line of the list "Record in Clio": type ``code`` into Clio's description, so that it is matched by itself."""

    payment: str
    payable: str
    number: str
    client: str
    kind: str
    cents: int
    currency: str
    on: date | None
    method: str
    code: str
    bill_url: str


@dataclass(frozen=True, slots=True)
class ToRecords:
    rows: tuple[ToRecord, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """Everything about one payable. ``cannot``: why no mail may go and no payment begin, empty when both may.
    ``set_name``: of the reminder set it goes through. ``timeline``: newest first."""

    row: Row
    asks: int
    balance: int
    paid: int
    credits: int
    tax: int
    interest: int
    discount: int
    surplus: int
    pending: int
    bill_state: BillState
    client_email: str
    matters: tuple[str, ...]
    read_at: datetime
    cannot: str
    set_id: str
    set_name: str
    reminders_sent: int
    booked_id: str
    bill_url: str
    payments: tuple[Paid, ...]
    matches: tuple[Match, ...]
    credit_notes: tuple[Credited, ...]
    items: tuple[Item, ...]
    timeline: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """The start page's sums, folded in batches; ``at`` None means that they are being counted."""

    at: datetime | None
    open_cents: int = 0
    overdue_cents: int = 0
    on_its_way_cents: int = 0
    paid_this_month_cents: int = 0
    ageing: tuple[tuple[str, int], ...] = ()
    attention: int = 0


def invoices(world: World, firm: str, tab: str, cursor: str | None = None, size: int = 25) -> Rows:
    """One page of a tab. Reads ``size`` payables, the firm, and the reminder sets they name. Raises Refused for an
    unknown tab or size, Unreadable for a broken cursor."""
    if tab not in (*TABS, "closed"):
        raise Refused("There is no such list of invoices.")
    if size not in SIZES:
        raise Refused("Show 25, 50 or 100 on a page.")
    today = _today(world, firm)
    if tab == "attention":
        return _with_attention(world, firm, cursor, size, today)
    newest_first = tab in ("paid", "closed")
    page = world.store.listed(f"{firm}/payables/{tab}", limit=size, cursor=cursor, descending=newest_first)
    return Rows(_rows(world, firm, [h.body for h in page.items], today), page.next, today)


def client_invoices(world: World, firm: str, client: str, cursor: str | None = None, size: int = 100) -> Rows:
    """A client's invoices and trust requests, whatever their state, by pot and due date."""
    today = _today(world, firm)
    page = world.store.grouped(f"{firm}/client/{client}", limit=size, cursor=cursor)
    return Rows(_rows(world, firm, [h.body for h in page.items], today), page.next, today)


def chosen(world: World, firm: str, ids: Sequence[str]) -> Rows:
    """The invoices of these ids, in that order; those that do not exist are left out."""
    today = _today(world, firm)
    held = world.store.load_many([Ref(firm, Kind.PAYABLE, id) for id in ids])
    return Rows(_rows(world, firm, [h.body for h in held if h.body is not None], today), None, today)


def _with_attention(world: World, firm: str, cursor: str | None, size: int, today: date) -> Rows:
    """Invoices that something parked is about: as many as one page of parked effects names."""
    page = world.store.parked(firm, limit=size, cursor=cursor)
    titles: dict[str, str] = {}
    for effect in page.items:
        if payable := payable_of(effect):
            titles.setdefault(payable, effect.reason or effect.title)
    held = world.store.load_many([Ref(firm, Kind.PAYABLE, id) for id in titles])
    return Rows(_rows(world, firm, [h.body for h in held if h.body is not None], today, titles), page.next, today)


def _rows(
    world: World, firm: str, bodies: Iterable[Json | None], today: date, titles: dict[str, str] | None = None
) -> tuple[Row, ...]:
    payables: list[Payable] = [states.decode(Kind.PAYABLE, body) for body in bodies]
    sets = _sets_of(world, firm, payables)
    return tuple(row(p, sets, today, (titles or {}).get(p.id, "")) for p in payables)


def _sets_of(world: World, firm: str, payables: Iterable[Payable]) -> dict[str, ReminderSet]:
    """The reminder sets that these payables go through, and no others."""
    found = {s.id: s for s in SUPPLIED}
    own = {p.collection.set_id for p in payables if p.collection} - set(found)
    held = world.store.load_many([Ref(firm, Kind.SET, id) for id in sorted(own)]) if own else []
    found.update({h.ref.id: states.decode(Kind.SET, h.body) for h in held if h.body is not None})
    return found


def invoice(world: World, firm: str, id: str) -> Invoice:
    """Everything about one payable. Raises Refused when there is none of that id in this firm."""
    held = world.store.load(Ref(firm, Kind.PAYABLE, id))
    if held.body is None:
        raise Refused("There is no such invoice here.")
    p: Payable = states.decode(Kind.PAYABLE, held.body)
    lines = timeline.lines_of(world.store, held)
    known = _payments_of(world, firm, p, timeline.payments_in(lines))
    mails = _mails_of(world, firm, id)
    sets = _sets_of(world, firm, [p])
    notes = _credits_of(world, firm, p)
    posted = _payments_of(world, firm, p, comparing.touching(p))
    parked = _parked_about(world, firm, p, posted, mails, notes)
    shown = row(p, sets, _today(world, firm), next((e.reason or e.title for e in parked), ""))
    chosen_set = sets.get(p.collection.set_id) if p.collection else None
    connected = connections_of(world, firm).get(str(Neighbour.CLIO))
    return Invoice(
        row=shown,
        asks=p.asks,
        balance=p.balance,
        paid=p.paid,
        credits=p.credits,
        tax=p.tax,
        interest=p.interest,
        discount=p.discount,
        surplus=p.surplus,
        pending=p.pending,
        bill_state=p.bill_state,
        client_email=p.client_email,
        matters=p.matters,
        read_at=p.read_at,
        cannot=blocked(p),
        set_id=p.collection.set_id if p.collection else "",
        set_name=chosen_set.name if chosen_set else "",
        reminders_sent=p.collection.sent if p.collection else 0,
        booked_id=p.booked.id if p.booked else "",
        bill_url=world.clio.bill_link(connected.account, id) if connected else "",
        payments=tuple(paid(x) for x in known if x.phase not in (Phase.CREATING, Phase.OPEN, Phase.EXPIRED)),
        matches=matches(p, {x.id: x.code for x in known}),
        credit_notes=tuple(credited(c, id) for c in notes),
        items=tuple(item(e) for e in parked),
        timeline=timeline.tell(p, lines, known, mails, notes),
    )


def _payments_of(world: World, firm: str, p: Payable, named: Iterable[str]) -> list[Payment]:
    ids = [s.payment for s in p.shares] + ([p.attempt.payment] if p.attempt else []) + list(named)
    refs = [Ref(firm, Kind.PAYMENT, id) for id in list(dict.fromkeys(ids))[:PAYMENTS_SHOWN]]
    held = world.store.load_many(refs) if refs else []
    return [states.decode(Kind.PAYMENT, h.body) for h in held if h.body is not None]


def _credits_of(world: World, firm: str, p: Payable) -> list[Credit]:
    """Credits that Clio shows on it, and those that are being taken back."""
    ids = comparing.crediting_ids(p) | {x.removeprefix(CREDIT) for x in p.leaving if x.startswith(CREDIT)}
    held = world.store.load_many([Ref(firm, Kind.CREDIT, id) for id in sorted(ids)[:PAYMENTS_SHOWN]]) if ids else []
    return [states.decode(Kind.CREDIT, h.body) for h in held if h.body is not None]


def _mails_of(world: World, firm: str, payable: str) -> list[Envelope]:
    page = world.store.grouped(f"{firm}/mails/{payable}", limit=50, descending=True)
    return [states.decode(Kind.ENVELOPE, h.body) for h in page.items]


def _parked_about(
    world: World,
    firm: str,
    p: Payable,
    paid: Sequence[Payment],
    mails: Sequence[Envelope],
    credits: Sequence[Credit],
) -> list[Effect]:
    """What waits for a person about this invoice: read by the keys that its state can have given, never by a search."""
    key = effects.key_of
    keys = [receipts.match_task(firm, p.id, k) for k in p.asked]
    keys += [*billing.invoice_steps(p), key(firm, Do.LOOK_BILL, p.id)]
    if p.booked and p.booked.waits:
        keys += [key(firm, Do.TASK, linked_payments.name(p, p.booked.id, p.generation))]
    keys += [receipts.removal_task(firm, p.id, p.hold_seq)] if p.hold else []
    keys += surplus.keys(p)
    keys += [key(firm, Do.REMIND, f"{p.id}/{p.collection.round}")] if p.collection else []
    for x in paid:
        keys += [key(firm, Do.POSTING, f"{x.id}/{x.wanted}")] if x.wanted else []
        keys += [key(firm, Do.MARK_PAID, f"{x.id}/{p.id}")] if x.unrecorded else []
        keys += [key(firm, Do.TASK, reversal_name(x))] if x.reversals else []
    keys += [key(firm, Do.CREDIT, f"{c.id}/{c.wanted}") for c in credits]
    keys += [key(firm, Do.TASK, f"mail/{m.id}/{m.post}") for m in mails[:3]]
    found = [world.store.effect(k) for k in keys]
    return [e for e in found if e is not None and e.status is Status.PARKED]


def attention(world: World, firm: str, cursor: str | None = None, size: int = 25) -> Items:
    """One page of what is parked, newest first."""
    page = world.store.parked(firm, limit=size, cursor=cursor)
    return Items(tuple(item(e) for e in page.items), page.next, tuple(page.items))


def payments(world: World, firm: str, cursor: str | None = None, size: int = 25) -> Payments:
    """One page of payments and attempts, newest first."""
    page = world.store.listed(f"{firm}/payments", limit=size, cursor=cursor, descending=True)
    return Payments(tuple(paid(states.decode(Kind.PAYMENT, h.body)) for h in page.items), page.next)


def unrecorded(world: World, firm: str, cursor: str | None = None, size: int = 25) -> ToRecords:
    """The list "Record in Clio", oldest first: one line for each bill that a payment falls on."""
    page = world.store.grouped(f"{firm}/unrecorded", limit=size, cursor=cursor)
    clio = connections_of(world, firm).get(str(Neighbour.CLIO))
    rows = [
        ToRecord(
            payment=x.id,
            payable=i.payable,
            number=i.number,
            client=x.client_name,
            kind="trust request" if x.pot is Pot.TRUST else "invoice",
            cents=x.to_record(i),
            currency=x.currency,
            on=x.settled_on,
            method=x.method,
            code=x.code,
            bill_url=world.clio.bill_link(clio.account, i.payable) if clio else "",
        )
        for x in (states.decode(Kind.PAYMENT, h.body) for h in page.items)
        for i in x.items
        if x.to_record(i)
    ]
    return ToRecords(tuple(rows), page.next)


def start(world: World, firm: str) -> Start:
    """The firm's sums as last folded: one item, never a count over invoices."""
    found = sums_of(world, firm)
    if found is None:
        return Start(None)
    today = _today(world, firm)
    ages = ageing(found, today)
    return Start(
        at=found.at,
        open_cents=sum(ages.values()),
        overdue_cents=sum(cents for age, cents in ages.items() if age != "current"),
        on_its_way_cents=found.on_its_way,
        paid_this_month_cents=received_in(found, today),
        ageing=tuple(ages.items()),
    )


def connections(world: World, firm: str) -> tuple[Link, ...]:
    """The four connections a firm can have, in order, whether made or not."""
    made = connections_of(world, firm)
    return tuple(link(id, made.get(id)) for id in CONNECTIONS)


def _today(world: World, firm: str) -> date:
    state: Firm | None = firm_of(world, firm)
    return (state or Firm(firm, "", "", "")).today(world.now())
