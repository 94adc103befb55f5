"""What follows when people change or remove in QuickBooks what is linked to ours. Nothing is written again, and nothing
is created anew, without a person's word: each break is a task with its choices. Pure.

Our own echoes are nothing: what QuickBooks shows is what it told us when we wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.domain import billing, effects, paying, receipts, staying
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect
from chalicelib.domain.money import show
from chalicelib.domain.payable import Booked, Broken, Harm, Payable
from chalicelib.domain.payment import ANEW, Payment, Posted
from chalicelib.domain.posting import should_stand
from chalicelib.errors import Refused

Link = Booked | Posted
S = TypeVar("S", Payable, Payment)

WORDS = {
    Harm.DELETED: "It was deleted in QuickBooks.",
    Harm.VOIDED: "It was voided in QuickBooks.",
    Harm.LEFT_OUT: "It changed in Clio. In QuickBooks it was removed, and you had accepted that.",
}
SETTLED = "This is already settled. Reload the page."


@dataclass(frozen=True, slots=True)
class Noticed:
    """What QuickBooks shows under a linked id. ``harm`` None: it stands, over ``cents``. ``unapplied``: of a payment,
    the cents that pay no invoice; None where that was not read."""

    id: str
    cents: int = 0
    harm: Harm | None = None
    unapplied: int | None = None


def of_piece(link: Posted, fact: Noticed) -> Noticed:
    """What a row of one piece says of the whole payment."""
    piece = next((p for p in link.pieces if p.id == fact.id), None)
    if piece is None:
        return fact
    return Noticed(link.id, link.cents - piece.cents + fact.cents, fact.harm)


def written(link: Link) -> int:
    """Cents that QuickBooks told us when we wrote it."""
    return link.total if isinstance(link, Booked) else link.cents


def break_of(link: Link, fact: Noticed) -> Broken | None:
    """How it differs from what we wrote, if it does."""
    if fact.harm is not None:
        return Broken(fact.harm)
    return None if fact.cents == written(link) else Broken(Harm.CHANGED, fact.cents)


def plainly(broken: Broken) -> Broken:
    """As ``break_of`` gives it, whatever a person said about it."""
    harm = Harm.DELETED if broken.harm is Harm.LEFT_OUT else broken.harm
    return Broken(harm, broken.cents)


def _known(old: Broken | None, new: Broken | None) -> bool:
    """Whether a person was told of this already, or has accepted it."""
    if old is None or new is None:
        return old is new
    if old.harm is Harm.LEFT_OUT and new.absent:
        return True
    return (old.harm, old.cents) == (new.harm, new.cents)


# --- one rule over every link -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Linked:
    """A linked thing as its task speaks of it. ``field``: where its state keeps the link; ``cents``: its amount here;
    ``stands``: whether it should be in QuickBooks at all."""

    field: str
    word: str
    title: str
    cents: int
    stands: bool


def _linked(state: Payable | Payment) -> _Linked:
    if isinstance(state, Payable):
        title = f"Invoice {state.number}, {state.client_name}"
        return _Linked("booked", "invoice", title, state.asks, not state.gone)
    title = f"Payment of {show(state.total, state.currency)} from {state.client_name}"
    return _Linked("posted", "payment", title, state.total, should_stand(state))


def link_of(state: Payable | Payment) -> Link | None:
    return state.booked if isinstance(state, Payable) else state.posted


def _with(state: S, link: Link | None) -> S:
    changed: dict[str, Any] = {_linked(state).field: link}
    return replace(state, **changed)


def looked(state: S, fact: Noticed, now: datetime) -> Decision[S]:
    """A look at what is linked. A write that is owed finds by itself what became of it; of a draft none is."""
    link = link_of(state)
    current = state.revision if isinstance(state, Payable) else state.wanted
    owed = link is not None and link.revision < current and not (isinstance(state, Payable) and state.unapproved)
    if link is None or link.voided or owed:
        return Decision(state)
    return found(state, fact, now)


def found(state: S, fact: Noticed, now: datetime) -> Decision[S]:
    """As ``looked``, found by a write that was owed."""
    link = link_of(state)
    if link is None or link.id != fact.id:
        return Decision(state)
    broken = break_of(link, fact)
    closes = (_key(state, link),) if link.broken else ()
    if not _linked(state).stands:  # what should not stand may be gone
        over = bool(broken and broken.absent)
        return (
            Decision(_with(state, replace(link, voided=True, broken=None)), closes=closes) if over else Decision(state)
        )
    if isinstance(link, Posted) and broken is None and fact.unapplied is not None:
        link = replace(link, unapplied=fact.unapplied)
    if _known(link.broken, broken):
        return Decision(_with(state, link))
    if broken is None:
        return Decision(_with(state, replace(link, broken=None)), closes=closes)
    return _asked(state, link, broken, now, closes)


def again_wanted(state: S, now: datetime) -> Decision[S]:
    """It changed in Clio, and a person had accepted that it is not in QuickBooks: they are asked anew."""
    link = link_of(state)
    if link is None or link.broken is None or not link.broken.accepted:
        return Decision(state)
    return _asked(state, link, Broken(Harm.LEFT_OUT), now)


def _asked(state: S, link: Link, broken: Broken, now: datetime, closes: tuple[str, ...] = ()) -> Decision[S]:
    new = replace(link, broken=broken, breaks=link.breaks + 1)
    return Decision(_with(state, new), effects=(_task(state, new, broken, now),), closes=closes)


def decided(state: S, choice: str, policy: Policy, now: datetime) -> Decision[S]:
    """``again``: another one is created, under a revision and a request of its own; what was posted on an old invoice
    is applied to the new one. ``write``: ours is written over it. ``accept``: it stays as it is. Raises Refused."""
    link = link_of(state)
    if link is None or link.broken is None or link.broken.accepted:
        raise Refused(SETTLED)
    closes = (_key(state, link), _step(state))
    if choice == "accept":
        harm = Harm.LEFT_OUT if link.broken.absent else Harm.CHANGED
        kept = replace(link, broken=replace(link.broken, harm=harm, accepted=True))
        return Decision(_with(state, kept), closes=closes)
    if choice != ("again" if link.broken.absent else "write"):
        raise Refused("Choose one of the offered ways.")
    new, owed = _owed_again(_with(state, _left_of(link)), policy, now)
    return Decision(new, effects=tuple(owed), closes=closes)


def _left_of(link: Link) -> Link | None:
    """What a thing that is written again still has there: of a payment in pieces, those that stand go first."""
    if isinstance(link, Posted) and link.pieces:
        return replace(link, broken=None, adding=ANEW)
    return None if link.broken and link.broken.absent else replace(link, broken=None)


def _owed_again(state: S, policy: Policy, now: datetime) -> tuple[S, list[Effect]]:
    """It is to be written at a revision of its own."""
    return paying.post(state, policy, now) if isinstance(state, Payment) else _invoice_again(state, policy, now)


def _to_link(state: S) -> Link:
    """The link that a person may replace by another. Raises Refused."""
    link = link_of(state)
    if link is None or link.broken is None or not link.broken.absent:
        raise Refused(SETTLED)
    return link


# --- invoices ---------------------------------------------------------------------------------------------------------


def _invoice_again(state: Payable, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """Another one gets what was posted on the old one."""
    new = billing.next_revision(state)
    moved = () if new.booked else staying.reposts(new, now)
    return new, [*billing.written_again(new, policy, now), *moved]


def invoice_linked(state: Payable, fact: billing.InvoiceBooked, now: datetime) -> Decision[Payable]:
    """A person says which invoice in QuickBooks it is. Nothing is written on it; what was posted on the old one is
    applied to it, unless its own payments wait for a person. The payable gets a revision of its own, which this
    invoice shows. Raises Refused."""
    closes = (_key(state, _to_link(state)), _step(state))
    base = billing.next_revision(replace(state, booked=None))
    told = billing.booked(base, replace(fact, revision=base.revision), now)
    moved = () if fact.waits else staying.reposts(base, now)
    return replace(told, effects=(*told.effects, *moved), closes=(*told.closes, *closes))


# --- payments ---------------------------------------------------------------------------------------------------------


def payment_linked(state: Payment, id: str, policy: Policy) -> Decision[Payment]:
    """A person says which payment in QuickBooks it is. Nothing is written. Raises Refused."""
    closes = (_key(state, _to_link(state)),)
    new = replace(state, posted=Posted(id, state.wanted, state.total))
    guard = receipts.link_guard(policy.lanes.book, "payment", id, state.firm, state.id)
    return Decision(new, guards=(guard,), closes=closes)


def reposted(state: Payment, payable: str, policy: Policy, now: datetime) -> Decision[Payment]:
    """An invoice that it pays is another one now: it is written again, so that it is applied there."""
    link = state.posted
    touches = any(i.payable == payable for i in state.items)
    if link is None or link.voided or link.broken or not should_stand(state) or not touches:
        return Decision(state)
    new, owed = paying.post(state, policy, now)
    return Decision(new, effects=tuple(owed))


# --- the task ---------------------------------------------------------------------------------------------------------


def _key(state: Payable | Payment, link: Link) -> str:
    return effects.key_of(state.firm, effects.Do.TASK, _name(state, link))


def _name(state: Payable | Payment, link: Link) -> str:
    return effects.broken_name(_linked(state).word, state.id, link.id, link.breaks, state.generation)


def _step(state: Payable | Payment) -> str:
    """The step of this revision, which a break may have left parked."""
    if isinstance(state, Payable):
        return effects.key_of(state.firm, effects.Do.INVOICE, f"{state.id}/{state.revision}")
    return effects.key_of(state.firm, effects.Do.POSTING, f"{state.id}/{state.wanted}")


def _task(state: Payable | Payment, link: Link, broken: Broken, now: datetime) -> Effect:
    linked = _linked(state)
    about = f"{'payable' if linked.word == 'invoice' else 'payment'}/{state.id}"
    if broken.harm is Harm.CHANGED:
        ours, theirs = show(linked.cents, state.currency), show(broken.cents, state.currency)
        reason = f"In QuickBooks its amount was changed to {theirs}; here it is {ours}."
        remedy = "Decide whether ours is written over it, or whether it may stay as it is in QuickBooks."
    else:
        reason = WORDS[broken.harm]
        remedy = "Nothing is created again by itself. Decide: create it again, link it to another, or accept it."
    body = {"broken": linked.word, "id": state.id, "book": link.id, "harm": str(broken.harm)}
    name = _name(state, link)
    return effects.task(state.firm, name, about, now, title=linked.title, reason=reason, remedy=remedy, body=body)
