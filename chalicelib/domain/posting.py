"""What QuickBooks shows of a payment: desired, written, linked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.kernel import Decision
from chalicelib.domain.payment import Payment, Phase, Posted
from chalicelib.domain.receipts import link_guard


@dataclass(frozen=True, slots=True)
class PaymentPosted:
    """QuickBooks shows the payment (or its void) at one posting revision."""

    id: str
    realm: str
    revision: int
    cents: int
    voided: bool = False
    generation: int = 1


def posted(state: Payment, fact: PaymentPosted) -> Decision[Payment]:
    """An answer to an older revision than the one known (a call that was repeated) changes nothing."""
    if fact.generation < state.generation:
        return Decision(state)
    if state.posted is not None and state.posted.id == fact.id and fact.revision < state.posted.revision:
        return Decision(state)
    shown = Posted(fact.id, fact.revision, fact.cents, fact.voided)
    new = replace(state, posted=shown, generation=fact.generation)
    return Decision(new, guards=(link_guard(fact.realm, "payment", fact.id, state.firm, state.id),))


def is_current(state: Payment) -> bool:
    """Whether QuickBooks shows what we last wanted."""
    return bool(state.posted and state.posted.revision >= state.wanted)


def should_stand(state: Payment) -> bool:
    """Whether a live payment should be in QuickBooks at all."""
    return state.phase is Phase.SETTLED


def marker(firm: str, kind: str, id: str) -> str:
    """Stands in the private note of what we write, so that it is known again after a lost answer."""
    return f"feesimple:{firm}:{kind}:{id}"
