"""Payments that Clio shows first: the allocations of one Clio payment are one payment here and one in QuickBooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import effects
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Payable, Standing
from chalicelib.domain.paying import post
from chalicelib.domain.payment import Item, Payment, Phase, Source
from chalicelib.domain.readings import Pot, Receipt


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """All allocations of one Clio payment, read at once."""

    group: str
    receipts: tuple[Receipt, ...]
    at: datetime


def seen(
    state: Payment | None, fact: GroupSeen, payables: Mapping[str, Payable], policy: Policy, now: datetime
) -> Decision[Payment] | None:
    """None when nothing of it is ours to post: every part is matched, asked about, or on bills that we do not hold.

    While any part waits for a person's word, nothing new is posted.
    """
    items: list[Item] = []
    valid = [r for r in fact.receipts if not r.voided and r.kind == "payment" and r.cents]  # nothing is no part of it
    for r in valid:
        payable = payables.get(r.bill_id)
        known = next((k for k in payable.receipts if k.id == r.id), None) if payable else None
        if payable is None or payable.pot is Pot.TRUST:
            continue
        if known is None or known.standing in (Standing.NEW, Standing.ASKED):
            return None  # its payable is looked at, or a person is asked, first; that look owes this one again
        if known.standing is Standing.OWN:
            items.append(Item(payable.id, payable.number, r.cents, shown=r.cents))
    if state is None and not items:
        return None
    if state is not None and not items:
        return _removed(state, policy, now)
    merged = _merged(items)
    first = payables[merged[0].payable]
    total = sum(i.cents for i in merged)
    on = min(r.on for r in valid)
    base = state or Payment(
        firm=first.firm,
        id=f"clio-{fact.group}",
        source=Source.CLIO,
        pot=Pot.OPERATING,
        currency=first.currency,
        client_id=first.client_id,
        client_name=first.client_name,
        email=first.client_email,
        items=(),
        total=0,
        phase=Phase.SETTLED,
        created_at=now,
        group=fact.group,
        generation=policy.firm.generation,
        method="trust" if any(r.from_trust for r in valid) else "recorded in Clio",
    )
    if base.items == merged and base.settled_on == on and base.phase is Phase.SETTLED:
        return Decision(base)
    new = replace(
        base, items=merged, total=total, settled_at=base.settled_at or now, settled_on=on, phase=Phase.SETTLED
    )
    posted, owed = post(new, policy, now)
    return Decision(posted, effects=tuple(owed), closes=_older(base))


def _older(state: Payment) -> tuple[str, ...]:
    """The posting that a newer one takes the place of: it may be parked."""
    return (effects.key_of(state.firm, effects.Do.POSTING, f"{state.id}/{state.wanted}"),) if state.wanted else ()


def _merged(items: list[Item]) -> tuple[Item, ...]:
    """Two allocations of one payment on one bill (fees and interest) are one part."""
    cents: dict[str, Item] = {}
    for i in items:
        old = cents.get(i.payable)
        cents[i.payable] = replace(i, cents=i.cents + old.cents, shown=i.cents + old.cents) if old else i
    return tuple(cents[k] for k in sorted(cents))


def _removed(state: Payment, policy: Policy, now: datetime) -> Decision[Payment]:
    if state.phase is Phase.REMOVED:
        return Decision(state)
    posted, owed = post(replace(state, phase=Phase.REMOVED), policy, now)
    return Decision(posted, effects=tuple(owed), closes=_older(state))


@dataclass(frozen=True, slots=True)
class ItemShown:
    """What Clio shows of one of our payments on one payable now."""

    payable: str
    cents: int
    patched: bool


def item_shown(state: Payment, fact: ItemShown) -> Decision[Payment]:
    items = tuple(
        replace(i, shown=fact.cents, patched=fact.patched) if i.payable == fact.payable else i for i in state.items
    )
    return Decision(replace(state, items=items))
