"""Linked invoices whose payments wait for a person, as pages and programs see them: both sides, what is suggested; and
what was said of others, which can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import pairing as rules
from chalicelib.domain.firm import Policy
from chalicelib.domain.pairing import Ours, Pair, Theirs
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.errors import Refused
from chalicelib.flow import answered, leaving, pairing
from chalicelib.flow.answered import Answered
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of

SHOWN = 25  # invoices on a page


@dataclass(frozen=True, slots=True)
class There:
    """A payment in QuickBooks; ``pair``: what it may be here."""

    payment: Theirs
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Here:
    """A payment known here that is not in QuickBooks; ``pair``: what it may be there."""

    payment: Ours
    pair: Pair | None = None


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
class Same:
    """A pair that somebody said is one payment. ``open``: it can be taken back, nothing was written for it since."""

    theirs: Theirs
    ours: Ours
    open: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What ``by`` said of the payments on one invoice. ``left``: those in QuickBooks that are something else. ``open``:
    there is something to take back. ``others``: numbers of the bills that the same payments pay, which are asked about
    again with it."""

    payable: str
    number: str
    client: str
    currency: str
    invoice: str
    at: datetime
    by: str
    linked: bool
    pairs: tuple[Same, ...]
    left: tuple[Theirs, ...]
    open: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """The certain ones first. ``certain``: how many of them there are, at most as many as one press confirms; ``more``:
    others come once these are answered. ``said``: what was answered last, the newest first."""

    items: tuple[Beside, ...]
    certain: int
    more: bool
    said: tuple[Said, ...] = ()


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
    return Waiting(tuple(found), count, len(kept) > SHOWN, _said(world, policy, answered.newest(world, policy, SHOWN)))


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
    payments = pairing.payments_of(world, policy, list(bills.values()), [t for k in kept for t in k.theirs])
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
    back = {pair.ours: pair for pair in pairs.values()}
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
        theirs=tuple(There(t, pairs.get(t.id)) for t in theirs),
        ours=tuple(Here(o, back.get(o.id)) for o in ours),
    )


# --- what was said ----------------------------------------------------------------------------------------------------


def said(world: World, firm: str, payable: str) -> Said | None:
    """What was said of this invoice's payments; None where it waits for a person, or nobody was asked."""
    policy = policy_of(world, firm)
    told = answered.find(world, policy, payable)
    found = _said(world, policy, [told]) if told else ()
    if told is None or not found:
        return None
    p = leaving.payables(world, policy, [payable])[payable]
    payments = {x.id: x for x in pairing.payments_of(world, policy, [p])}
    others = answered.beside(world, policy, p, answered.standing(p, payments, told))
    return replace(found[0], others=tuple(b.number for b in others))


def _said(world: World, policy: Policy, told: Sequence[Answered]) -> tuple[Said, ...]:
    bills = leaving.payables(world, policy, [a.payable for a in told])
    payments = {x.id: x for x in pairing.payments_of(world, policy, list(bills.values()))}
    waiting = answered.answers(world, policy, [id for id, p in bills.items() if p.booked is None])
    found = []
    for a in told:
        p = bills[a.payable]
        kept = p.id in waiting if p.booked is None else p.booked.id == a.said.invoice and not p.booked.waits
        if kept and not p.gone:
            found.append(_one_said(p, a, payments))
    return tuple(w for w in found if w.pairs or w.left)


def _one_said(p: Payable, a: Answered, payments: Mapping[str, Payment]) -> Said:
    open_ = {t.id for t, _ in answered.standing(p, payments, a)} if p.booked else {t for t, _ in a.said.pairs}
    there = {t.id: t for t in a.theirs}
    pairs = [Same(there[t], rules.our(p, payments[o]), t in open_) for t, o in a.said.pairs if o in payments]
    left = tuple(there[id] for id in a.said.left)
    return Said(
        payable=p.id,
        number=p.number,
        client=p.client_name,
        currency=p.currency,
        invoice=a.said.invoice,
        at=a.at,
        by=a.by,
        linked=p.booked is not None,
        pairs=tuple(pairs),
        left=left,
        open=bool(open_ or left),
    )
