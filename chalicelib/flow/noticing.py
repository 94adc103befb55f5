"""Looks at what is linked in QuickBooks: whether it still stands, and over which amount. Load the state, then ask; what
people did there becomes a task with choices (domain/noticing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import crediting, effects, noticing, posting
from chalicelib.domain.effects import Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Neighbour, Ref
from chalicelib.domain.noticing import Noticed
from chalicelib.domain.payable import Broken, Harm, Payable
from chalicelib.domain.payment import Payment, Posted
from chalicelib.domain.readings import BookedPayment, InvoiceReading
from chalicelib.errors import Conflict
from chalicelib.flow import leaving, states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import done
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

INVOICE, PAYMENT = "Invoice", "Payment"
IN_A_QUERY = 100
KINDS = {INVOICE: Kind.PAYABLE, PAYMENT: Kind.PAYMENT}
Reading = InvoiceReading | BookedPayment


def ref_of(effect: Effect) -> Ref:
    return Ref(effect.firm, KINDS[str(effect.body["entity"])], effect.about.partition("/")[2])


def look(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> None:
    """One query for each kind. What QuickBooks does not show is asked for by itself: only its own word is believed."""
    for start in range(0, len(looks), IN_A_QUERY):
        _look(world, reach, policy, looks[start : start + IN_A_QUERY])


def _look(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> None:
    held = {h.ref: h for h in world.store.load_many(list(dict.fromkeys(ref_of(e) for e in looks)))}
    invoices = [str(e.body["id"]) for e in looks if e.body["entity"] == INVOICE]
    links = {e.key: _posted(held[ref_of(e)]) for e in looks if e.body["entity"] == PAYMENT}
    payments = list(dict.fromkeys(id for posted in links.values() if posted for id in posted.ids))
    there: dict[tuple[str, str], Reading] = {}
    there.update({(INVOICE, i.id): i for i in leaving.invoices(reach, invoices)})
    there.update({(PAYMENT, p.id): p for p in leaving.booked_payments(reach, payments)})
    for effect in looks:
        entity, id = str(effect.body["entity"]), str(effect.body["id"])
        if posted := links.get(effect.key):
            fact = _payment(reach, posted, {p.id: p for p in there.values() if isinstance(p, BookedPayment)})
        else:
            fact = noticed(reach, entity, id, there.get((entity, id)))
        _take(world, policy, held[ref_of(effect)], fact, effect)


def _posted(held: Held) -> Posted | None:
    state: Payment | None = states.decode(Kind.PAYMENT, held.body)
    return state.posted if state else None


def _payment(reach: Reach, posted: Posted, rows: Mapping[str, BookedPayment]) -> Noticed | None:
    missing = next((id for id in posted.ids if id not in rows), "")
    whole = noticed(reach, PAYMENT, missing or posted.id, posting.together(posted, rows))
    return replace(whole, id=posted.id) if whole else None


def noticed(reach: Reach, entity: str, id: str, there: Reading | None) -> Noticed | None:
    """What QuickBooks shows under an id; None where it neither shows it nor says that it is deleted."""
    if there is not None:
        unapplied = there.unapplied if isinstance(there, BookedPayment) else None
        return Noticed(id, there.total, Harm.VOIDED if there.voided else None, unapplied)
    gone = reach.quickbooks(lambda q, a: q.is_deleted(a, entity, id))
    return Noticed(id, harm=Harm.DELETED) if gone else None


def _take(world: World, policy: Policy, held: Held, fact: Noticed | None, effect: Effect) -> None:
    finish = Finish(effect.key, arrivals=effect.arrivals)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        state = before[held.ref]
        if fact is None or state is None or state.generation < policy.firm.generation:
            return {}
        return {held.ref: noticing.looked(state, fact, now)}

    try:
        settle(
            world,
            [held.ref],
            decide,
            fact="Noticed",
            body=fact,
            finish=[finish],
            held={held.ref: held},
            policy=policy.version,
        )
    except Conflict:  # it moved, or a pointer came: looked at again, soon
        world.store.postpone(effect.key, world.now(), cause="It moved meanwhile.", tries=effect.tries + 1)


def shown(id: str, rows: Mapping[str, Reading]) -> Noticed:
    """What a list that was asked for by id says of one; what it lacks may be deleted."""
    there = rows.get(id)
    return Noticed(id, there.total, Harm.VOIDED if there.voided else None) if there else Noticed(id, harm=Harm.DELETED)


def shown_payment(posted: Posted, rows: Mapping[str, BookedPayment]) -> Noticed:
    """As ``shown``, its pieces as one."""
    whole = posting.together(posted, rows)
    return shown(posted.id, {posted.id: whole} if whole else {})


def point(world: World, lanes: Lanes, entity: str, state: Payable | Payment, fact: Noticed) -> bool:
    """Owes a look where a page shows something other than what we wrote and told a person of. Our own echoes are
    nothing."""
    link = noticing.link_of(state)
    if link is None or link.id != fact.id or (link.voided and fact.harm):
        return False
    if noticing.break_of(link, fact) == (link.broken and noticing.plainly(link.broken)):
        return False
    about = f"{KINDS[entity]}/{state.id}"
    lane = lanes.of(Neighbour.QUICKBOOKS)
    world.store.arrive(effects.look_booked(state.firm, lane, entity, link.id, about, world.now()))
    return True


# --- found by a write that was owed -----------------------------------------------------------------------------------


def invoice_stopped(
    world: World, reach: Reach, policy: Policy, e: Effect, state: Payable, there: InvoiceReading | None
) -> bool:
    """Whether an owed invoice must not be written: what it would change was removed in QuickBooks. Settled then."""
    assert state.booked is not None
    broken = state.booked.broken
    if broken and broken.absent and not state.gone:
        return _told(world, policy, e, broken)
    if there is not None and (state.gone or not there.voided):
        return False
    return _removed(world, reach, policy, e, INVOICE, state.booked.id, there)


def payment_stopped(
    world: World, reach: Reach, policy: Policy, e: Effect, state: Payment, id: str, there: BookedPayment | None
) -> bool:
    """As ``invoice_stopped``, of a payment that should stand. ``id``: its own, or that of the piece in question."""
    assert state.posted is not None
    broken = state.posted.broken
    if broken and broken.absent:
        return _told(world, policy, e, broken)
    return _removed(world, reach, policy, e, PAYMENT, id, there, of=state.posted.id)


def _told(world: World, policy: Policy, e: Effect, broken: Broken) -> bool:
    """A person was told of it. Where they accepted it, they are asked anew."""
    if broken.accepted:
        _settle(world, policy, e, noticing.again_wanted)
    else:
        done(world, e, "WaitsForAPerson")
    return True


def _removed(
    world: World, reach: Reach, policy: Policy, e: Effect, entity: str, id: str, there: Reading | None, *, of: str = ""
) -> bool:
    """``of``: the link's own id, where ``id`` is one piece of it."""
    seen = noticed(reach, entity, id, there)
    if seen is None:
        return False
    fact = replace(seen, id=of or id)
    _settle(world, policy, e, lambda s, now: noticing.found(s, fact, now))
    return True


def _settle(world: World, policy: Policy, e: Effect, decide_: Any) -> None:
    kind = Kind.PAYABLE if e.about.startswith("payable/") else Kind.PAYMENT
    ref = Ref(e.firm, kind, e.about.partition("/")[2])

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: decide_(before[ref], now)}

    settle(world, [ref], decide, fact="Noticed", policy=policy.version, finish=[Finish(e.key)])


def passed(world: World, policy: Policy, e: Effect, fact: Noticed, finish: Finish) -> None:
    """A step of an invoice is over that wrote nothing of what it shows: what QuickBooks told on the way is as good as a
    look."""
    ref = Ref(e.firm, Kind.PAYABLE, str(e.body["payable"]))

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        state: Payable = before[ref]
        stale = state.generation > policy.firm.generation
        return {} if stale else {ref: noticing.looked(state, fact, now)}

    settle(world, [ref], decide, fact="Noticed", body=fact, policy=policy.version, finish=[finish])


def repost(world: World, policy: Policy, effect: Effect) -> None:
    """A payment or credit whose invoice is another one now is written again, so that it is applied there."""
    kind = Kind.CREDIT if "credit" in effect.body else Kind.PAYMENT
    rule: Any = crediting.reapplied if kind is Kind.CREDIT else noticing.reposted
    ref, payable = Ref(effect.firm, kind, str(effect.body[kind])), str(effect.body["payable"])

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any] | None]:
        state = before[ref]
        return {ref: rule(state, payable, policy, now) if state else None}

    settle(world, [ref], decide, fact="Reposted", body=effect.body, policy=policy.version, finish=[Finish(effect.key)])
