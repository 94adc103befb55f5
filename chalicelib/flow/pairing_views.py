"""Linked invoices whose payments wait for a person, as pages and programs see them: both sides, what is suggested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.domain import pairing as rules
from chalicelib.domain.firm import Policy
from chalicelib.domain.pairing import Ours, Pair, Theirs
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.errors import Refused
from chalicelib.flow import leaving, pairing
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of

SHOWN = 25  # invoices on a page


@dataclass(frozen=True, slots=True)
class There:
    """A payment in QuickBooks. ``suggested``: the payment here that it may be, with score and reasons; ``certain``:
    nothing else is possible."""

    id: str
    cents: int
    whole: int
    on: date | None
    reference: str
    method: str
    suggested: str = ""
    score: int = 0
    reasons: tuple[str, ...] = ()
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Here:
    """A payment known here that is not in QuickBooks. ``suggested``: the QuickBooks payment that it may be."""

    id: str
    cents: int
    whole: int
    on: date | None
    text: str
    method: str
    suggested: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """The two sides of one linked invoice, read at ``at``. ``linked``: it is, or it will be when the first sync begins.
    ``certain``: it may be confirmed together with others."""

    payable: str
    number: str
    client: str
    currency: str
    asks: int
    invoice: str
    at: datetime
    linked: bool
    certain: bool
    theirs: tuple[There, ...]
    ours: tuple[Here, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The certain ones first. ``certain``: how many of them there are, at most as many as one press confirms; ``more``:
    others come once these are answered."""

    items: tuple[Beside, ...]
    certain: int
    more: bool


def waiting(world: World, firm: str) -> Waiting:
    """The first page of what waits for a person. What Clio shows since may make one certain, or no longer so: it is
    filed where it belongs."""
    policy = policy_of(world, firm)
    certain = pairing.records(world, policy, pairing.CERTAIN, pairing.AT_ONCE)
    others = pairing.records(world, policy, pairing.ASKED, SHOWN + 1)
    kept = [*certain, *others]
    shown = {k.payable: k for k in kept[:SHOWN]}
    found = sorted(_beside(world, policy, list(shown.values())), key=lambda b: not b.certain)
    for b in found:
        if b.certain != (shown[b.payable] in certain):
            pairing.file(world, policy, shown[b.payable], certain=b.certain)
    count = len(certain[SHOWN:]) + sum(b.certain for b in found)
    return Waiting(tuple(found), count, len(kept) > SHOWN)


def one(world: World, firm: str, payable: str) -> Beside:
    """Raises Refused when nothing waits there."""
    policy = policy_of(world, firm)
    kept = pairing.find(world, policy, payable)
    found = _beside(world, policy, [kept]) if kept else []
    if not found:
        raise Refused(pairing.NOTHING)
    return found[0]


def unread(world: World, firm: str, payable: str) -> bool:
    """Whether an invoice waits whose payments were not read for this page: it was linked before there was one."""
    policy = policy_of(world, firm)
    p = leaving.payables(world, policy, [payable]).get(payable)
    return bool(p and p.booked and p.booked.waits) and pairing.find(world, policy, payable) is None


def _beside(world: World, policy: Policy, kept: Sequence[pairing.Kept]) -> list[Beside]:
    """What nobody waits for any more is forgotten on the way."""
    bills = leaving.payables(world, policy, [k.payable for k in kept])
    payments = pairing.payments_of(world, policy, list(bills.values()))
    found = []
    for k in kept:
        p = bills[k.payable]
        if pairing.waits(p, k):
            found.append(_one(world, policy, p, k, payments))
        else:
            pairing.forget(world, policy, p.id)
    return found


def _one(world: World, policy: Policy, p: Payable, k: pairing.Kept, payments: Sequence[Payment]) -> Beside:
    theirs, ours = pairing.sides(world, policy, p, k, payments)
    pairs = rules.suggest(theirs, ours)
    back = {pair.ours: pair.theirs for pair in pairs.values()}
    return Beside(
        payable=p.id,
        number=p.number,
        client=p.client_name,
        currency=p.currency,
        asks=p.asks,
        invoice=k.invoice,
        at=k.at,
        linked=p.booked is not None,
        certain=rules.certainly(k.invoice, theirs, ours) is not None,
        theirs=tuple(_there(t, pairs.get(t.id)) for t in theirs),
        ours=tuple(_here(o, back.get(o.id, "")) for o in ours),
    )


def _there(t: Theirs, pair: Pair | None) -> There:
    told = There(t.id, t.cents, t.whole, t.on, t.reference, t.method)
    if pair is None:
        return told
    return replace(told, suggested=pair.ours, score=pair.score, reasons=pair.reasons, certain=pair.certain)


def _here(o: Ours, suggested: str) -> Here:
    return Here(o.id, o.cents, o.whole, o.on, o.text, o.method, suggested)
