"""States to what a list or page shows of each: the words that people read. Pure; it reads nothing and writes nothing.

Amounts are integer cents of the row's currency; instants are UTC; dates are the firm's local days. Every dataclass goes
to JSON as it stands (msgspec).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from chalicelib.domain.connection import NAMES, Connection
from chalicelib.domain.crediting import Credit
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Neighbour
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable, Standing
from chalicelib.domain.payment import Payment, Phase, Source
from chalicelib.domain.readings import BillState, Pot
from chalicelib.domain.reminders import FIELD, ReminderSet
from chalicelib.flow.steps import STEP, UNTITLED, Action, actions


@dataclass(frozen=True, slots=True)
class Said:
    """A status: a word and a quiet tone (plain, due, late, moving, good, wait, bad, gone). Never colour alone."""

    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """One invoice or trust request in a list. ``also``: quieter words beside the status. ``next_at``: the next
    reminder (UTC) with its subject; ``waits``: why none goes out. ``booked``: how it stands in QuickBooks."""

    id: str
    kind: str  # invoice | trust request
    number: str
    client: str
    client_id: str
    matter: str
    currency: str
    issued_on: date | None
    due_on: date | None
    total: int
    open: int
    status: Said
    also: tuple[str, ...]
    next_at: datetime | None
    next_subject: str
    waits: str
    booked: str
    attention: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that needs a person. ``cause``, ``remedy``: sentences; ``detail``: the technical reason. ``about``: as
    the effect says (``payable/<id>`` …); ``payable``: the invoice whose page shows it, if any."""

    key: str
    kind: str
    title: str
    cause: str
    remedy: str
    detail: str
    about: str
    payable: str
    since: datetime
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment in a list. ``items``: (payable id, number, cents net of what went back). ``booked``: how it stands in
    QuickBooks; ``recorded``: how in Clio."""

    id: str
    at: datetime
    on: date | None
    client: str
    pot: Pot
    source: Source
    currency: str
    total: int
    back: int
    fee: int | None
    method: str
    code: str
    status: Said
    items: tuple[tuple[str, str, int], ...]
    booked: str
    recorded: str
    failure: str


@dataclass(frozen=True, slots=True)
class Credited:
    """A credit note on an invoice, with its part of it. ``booked``: how it stands in QuickBooks."""

    number: str
    on: date
    cents: int
    text: str
    booked: str
    gone: bool


def credited(c: Credit, payable: str) -> Credited:
    """A credit note as the page of an invoice shows it: the cents of it that fall on this payable."""
    part = sum(p.cents for p in c.parts if p.payable == payable)
    if c.gone:
        booked = "Taken back" if c.current else "Being taken back"
    elif c.stays:
        booked = "Left as it is there, as you decided"
    elif c.left_alone:
        booked = "Not there any more, as you accepted" if c.lost else "Left as it is there, as you decided"
    elif not c.current:
        booked = "Being applied" if c.memo else "Not there yet"
    else:
        booked = f"Applied, {show(c.left, c.currency)} of it on no invoice" if c.left else "Applied"
    return Credited(c.number, c.on, part, c.text, booked, c.gone)


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt that Clio shows, and what we make of it. ``ours``: codes of the payments that it is."""

    receipt: str
    cents: int
    on: date
    kind: str
    text: str
    standing: Standing
    by: str
    ours: tuple[str, ...]
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A connection, made or not. ``why_not``: why it does not work (for Stripe: why clients cannot pay). ``beware``:
    what to know of one that does."""

    id: str
    neighbour: Neighbour
    title: str
    pot: Pot | None
    account: str
    name: str
    bank_last4: str
    connected: bool
    made: bool
    since: datetime | None
    why_not: str
    beware: str = ""


def row(p: Payable, sets: dict[str, ReminderSet], today: date, attention: str = "") -> Row:
    """One line of the list. ``sets``: by id, for the next reminder's subject; ``today``: the firm's day;
    ``attention``: what waits for a person about it."""
    c = p.collection
    coming = c.next if c else None
    return Row(
        id=p.id,
        kind="trust request" if p.pot is Pot.TRUST else "invoice",
        number=p.number,
        client=p.client_name,
        client_id=p.client_id,
        matter=", ".join(p.matters),
        currency=p.currency,
        issued_on=p.issued_on,
        due_on=p.due_on,
        total=p.asks,
        open=p.open,
        status=status_of(p, today),
        also=_also(p, today),
        next_at=coming.at if coming else None,
        next_subject=_subject(p, sets, coming.step) if c and coming else "",
        waits=c.waits if c else "",
        booked=_booked(p),
        attention=attention,
    )


def status_of(p: Payable, today: date) -> Said:
    """The one word that a person should read first."""
    if p.gone:
        return Said("Void" if p.bill_state is BillState.VOID else "Deleted", "gone")
    if p.hold:
        return Said("On hold", "wait")
    if p.asked:
        return Said("Needs attention", "bad")
    if p.pending or (p.attempt and p.attempt.on_its_way):
        return Said("On its way", "moving")
    if p.unapproved:
        return Said("Draft again in Clio", "wait")
    if p.open == 0:
        return Said("Paid", "good")
    if p.attempt:
        return Said("Paying now", "moving")
    if p.due_on is not None and p.due_on < today:
        days = (today - p.due_on).days
        return Said(f"{days:,} day{'' if days == 1 else 's'} overdue", "late")
    if p.due_on == today:
        return Said("Due today", "due")
    return Said("Reminding", "moving") if p.collection else Said("Open", "plain")


def _also(p: Payable, today: date) -> tuple[str, ...]:
    words = []
    if 0 < p.open < p.asks:
        words.append("Part paid")
    if p.collection and p.open and status_of(p, today).word != "Reminding":
        words.append("Reminding")
    if p.surplus and p.gone:
        words.append(f"{show(p.surplus, p.currency)} received, unapplied")
    elif p.surplus and p.unapproved:
        words.append(f"{show(p.surplus, p.currency)} received")
    elif p.surplus:
        words.append(f"Paid {show(p.surplus, p.currency)} too much")
    return tuple(words)


def _subject(p: Payable, sets: dict[str, ReminderSet], step: int) -> str:
    """The subject of the coming mail, with the invoice's number in place and other fields as dots."""
    chosen_set = sets.get(p.collection.set_id) if p.collection else None
    if chosen_set is None or step >= len(chosen_set.steps):
        return ""
    return subject_for(p, chosen_set.steps[step].subject)


def subject_for(p: Payable, subject: str) -> str:
    return FIELD.sub(lambda m: p.number if m[1] == "invoice_number" else "…", subject)


def _booked(p: Payable) -> str:
    """How it stands in QuickBooks, in words."""
    if p.pot is Pot.TRUST:
        return "Not income: kept out of QuickBooks"
    b = p.booked
    if b is None:
        return "Not needed" if p.gone else "Left out, as you decided" if p.stays else "Not there yet"
    if b.voided:
        return f"Voided, {show(p.surplus, p.currency)} stays unapplied" if p.surplus else "Voided"
    if b.kept:
        return "Kept, though the bill is gone"
    if b.waits:
        return "Waits for you"
    if p.stays:
        return "Left as it is, as you decided"
    if b.revision >= p.revision:
        return "In step"
    return "As it was last approved" if p.unapproved else "Being updated"


def item(effect: Effect) -> Item:
    """A parked effect as a person sees it."""
    kind = effect.kind
    step = STEP.get(Do(kind), "{}") if kind in list(Do) else "{}"
    if kind == Do.CUSTOMER and effect.body.get("customer"):
        step = "Client {}: not in step with QuickBooks"
    title = step.format(effect.title) if effect.title else UNTITLED.get(kind, "A step could not be done")  # type: ignore[call-overload]
    return Item(
        key=effect.key,
        kind=kind,
        title=title,
        cause=effect.reason or effect.cause or "It did not go through.",
        remedy=effect.remedy or "Press Retry.",
        detail=effect.detail,
        about=effect.about,
        payable=payable_of(effect),
        since=effect.due_at,
        actions=actions(effect),
    )


def payable_of(effect: Effect) -> str:
    if effect.about.startswith("payable/"):
        return effect.about.removeprefix("payable/")
    return str(effect.body.get("payable") or "")


def paid(x: Payment) -> Paid:
    """One line of the payments. Amounts in cents."""
    return Paid(
        id=x.id,
        at=x.settled_at or x.created_at,
        on=x.settled_on,
        client=x.client_name,
        pot=x.pot,
        source=x.source,
        currency=x.currency,
        total=x.total,
        back=x.back,
        fee=x.fee,
        method=x.method,
        code=x.code,
        status=payment_status(x),
        items=tuple((i.payable, i.number, i.net) for i in x.items),
        booked=_posting(x),
        recorded=_recorded(x),
        failure=x.failure,
    )


def payment_status(x: Payment) -> Said:
    """One word, and its colour."""
    match x.phase:
        case Phase.CREATING | Phase.OPEN:
            return Said("Paying now", "moving")
        case Phase.ON_ITS_WAY:
            return Said("On its way", "moving")
        case Phase.FAILED:
            return Said("Failed", "bad")
        case Phase.EXPIRED:
            return Said("Not finished", "gone")
        case Phase.REMOVED:
            return Said("Removed in Clio", "gone")
        case Phase.SETTLED:
            if x.dispute and x.dispute != "won":
                return Said("Disputed", "bad")
            if x.back >= x.total:
                return Said("Returned", "gone")
            return Said("Part returned", "wait") if x.back else Said("Received", "good")
        case _:
            assert_never(x.phase)


def _posting(x: Payment) -> str:
    if x.pot is Pot.TRUST:
        return "Trust money: not posted as income"
    if not x.money:
        return "—" if x.posted is None else "Voided"
    if x.stays:
        return f"Left {'as it is' if x.posted and not x.posted.voided else 'out'}, as you decided"
    if x.posted is None:
        return "Waiting to be posted"
    if x.posted.revision < x.wanted:
        return "Being updated"
    return f"Posted, {show(x.posted.unapplied, x.currency)} of it unapplied" if x.posted.unapplied else "Posted"


def _recorded(x: Payment) -> str:
    if x.source is Source.CLIO:
        return "Came from Clio"
    if not x.money:
        return "—"
    return "To be recorded" if x.unrecorded else "Recorded"


def matches(p: Payable, codes: dict[str, str]) -> tuple[Match, ...]:
    """Each receipt that Clio shows on the bill, with the payments of ours that it is. ``codes``: of those, by id."""

    def ours(receipt: str) -> tuple[str, ...]:
        named = [s.payment for s in p.shares if any(r == receipt for r, _ in s.shown)]
        return tuple(codes.get(id) or id for id in named)

    return tuple(
        Match(k.id, k.cents, k.on, k.kind, k.text, k.standing, k.by, ours(k.id), k.standing is Standing.MATCHED)
        for k in p.receipts
    )


TITLES = {
    "clio": "Clio",
    "quickbooks": "QuickBooks Online",
    "stripe-operating": "Stripe, operating account",
    "stripe-trust": "Stripe, trust account",
}


def link(id: str, c: Connection | None) -> Link:
    """A connection as the pages show it. ``c`` None: it was never made."""
    if c is None:
        neighbour, _, pot = id.partition("-")
        return Link(
            id,
            Neighbour(neighbour),
            TITLES[id],
            Pot(pot) if pot else None,
            "",
            "",
            "",
            False,
            False,
            None,
            "Not connected.",
        )
    why = c.why_not if c.neighbour is Neighbour.STRIPE else ""
    if not c.connected:
        why = f"{c.why}." if c.chosen else f"{NAMES[c.neighbour]} no longer lets us in: {c.why or 'connect it again'}."
    return Link(
        id, c.neighbour, TITLES[id], c.pot, c.account, c.name, c.bank_last4, c.connected, True, c.since, why, c.beware
    )
