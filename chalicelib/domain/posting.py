"""What QuickBooks shows of a payment: desired, written, linked. A changed one is taken out first and added after."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.effects import Do, broken_name, key_of
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Phase, Posted
from chalicelib.domain.receipts import link_guard


@dataclass(frozen=True, slots=True)
class PaymentPosted:
    """QuickBooks shows the payment at one posting revision. ``unapplied``: cents that pay no invoice there."""

    id: str
    realm: str
    revision: int
    cents: int
    unapplied: int = 0
    generation: int = 1


def posted(state: Payment, fact: PaymentPosted) -> Decision[Payment]:
    """An answer to an older revision than the one known (a call that was repeated) changes nothing."""
    if fact.generation < state.generation:
        return Decision(state)
    if state.posted is not None and state.posted.id == fact.id and fact.revision < state.posted.revision:
        return Decision(state)
    breaks = state.posted.breaks if state.posted and state.posted.id == fact.id else 0
    shown = Posted(fact.id, fact.revision, fact.cents, unapplied=fact.unapplied, breaks=breaks)
    new = replace(state, posted=shown, generation=fact.generation)
    guard = link_guard(fact.realm, "payment", fact.id, state.firm, state.id)
    return Decision(new, guards=(guard,), closes=asked(state))


def asked(state: Payment) -> tuple[str, ...]:
    """The task about what people did to it in QuickBooks: there is nothing to decide once we wrote or removed it."""
    link = state.posted
    if link is None or link.broken is None:
        return ()
    return (key_of(state.firm, Do.TASK, broken_name("payment", state.id, link.id, link.breaks)),)


@dataclass(frozen=True, slots=True)
class PaymentRemoved:
    """QuickBooks no longer shows the payment (void or deleted there), as posting revision ``revision`` asked."""

    id: str
    revision: int


def removed(state: Payment, fact: PaymentRemoved) -> Decision[Payment]:
    """Where the payment should stand, it is still to be added anew: the revision shown stays behind the one wanted."""
    if state.posted is None or state.posted.id != fact.id:
        return Decision(state)
    shown = state.posted.revision if should_stand(state) else max(state.posted.revision, fact.revision)
    gone = replace(state.posted, voided=True, revision=shown, broken=None)
    return Decision(replace(state, posted=gone), closes=asked(state))


def is_current(state: Payment) -> bool:
    """Whether QuickBooks shows what we last wanted."""
    return bool(state.posted and state.posted.revision >= state.wanted)


def should_stand(state: Payment) -> bool:
    """Whether a live payment should be in QuickBooks at all."""
    return state.phase is Phase.SETTLED


def settled(state: Payment) -> bool:
    """Whether nothing is left to be written for it."""
    return is_current(state) or (not should_stand(state) and (state.posted is None or state.posted.voided))


def still_leaving(state: Payment, payable: Payable) -> bool:
    """Whether a payment that Clio no longer shows on a bill still stands on its invoice in QuickBooks: what takes its
    place waits for that, so that there are never two."""
    if state.posted is None or state.posted.voided:
        return False
    if not is_current(state) or not should_stand(state):
        return True
    shown = any(k.group == state.group for k in payable.receipts)
    return not shown and any(i.payable == payable.id for i in state.items)


def has_left(state: Payable, payments: tuple[str, ...]) -> Decision[Payable]:
    """These payments are known to be gone from the invoice."""
    return Decision(replace(state, leaving=tuple(x for x in state.leaving if x not in payments)))


def marker(firm: str, kind: str, id: str) -> str:
    """Stands in the private note of what we write, so that it is known again after a lost answer."""
    return f"feesimple:{firm}:{kind}:{id}"
