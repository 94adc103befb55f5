"""What follows when people change or remove in QuickBooks what is linked to ours. Nothing is written again, and nothing
is created anew, without a person's word: each break is a task with its choices. Pure.

Our own echoes are nothing: what QuickBooks shows is what it told us when we wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import billing, comparing, effects, paying, receipts
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect
from chalicelib.domain.money import show
from chalicelib.domain.payable import Booked, Broken, Harm, Payable
from chalicelib.domain.payment import Payment, Posted
from chalicelib.domain.posting import is_current, should_stand
from chalicelib.errors import Refused

Link = Booked | Posted

WORDS = {
    Harm.DELETED: "It was deleted in QuickBooks.",
    Harm.VOIDED: "It was voided in QuickBooks.",
    Harm.LEFT_OUT: "It changed in Clio. In QuickBooks it was removed, and you had accepted that.",
}


@dataclass(frozen=True, slots=True)
class Noticed:
    """What QuickBooks shows under a linked id. ``harm`` None: it stands, over ``cents``."""

    id: str
    cents: int = 0
    harm: Harm | None = None


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


# --- invoices ---------------------------------------------------------------------------------------------------------


def invoice(state: Payable, fact: Noticed, now: datetime) -> Decision[Payable]:
    """A write that is owed finds by itself what became of the invoice."""
    link = state.booked
    if link is None or link.id != fact.id or link.voided or link.revision < state.revision:
        return Decision(state)
    return invoice_broken(state, fact, now)


def invoice_broken(state: Payable, fact: Noticed, now: datetime) -> Decision[Payable]:
    """As ``invoice``, found by a write that was owed."""
    link = state.booked
    if link is None or link.id != fact.id:
        return Decision(state)
    found = break_of(link, fact)
    if state.gone:  # the bill is gone too: there is nothing that should stand
        over = bool(found and found.absent)
        return Decision(replace(state, booked=replace(link, voided=True)) if over else state)
    if _known(link.broken, found):
        return Decision(state)
    closes = (_key(state.firm, "invoice", state.id, link),) if link.broken else ()
    if found is None:
        return Decision(replace(state, booked=replace(link, broken=None)), closes=closes)
    new = replace(link, broken=found, breaks=link.breaks + 1)
    title = f"Invoice {state.number}, {state.client_name}"
    owed = _task(state.firm, "invoice", state.id, new, now, title, state.asks, state.currency)
    return Decision(replace(state, booked=new), effects=(owed,), closes=closes)


def invoice_again_wanted(state: Payable, now: datetime) -> Decision[Payable]:
    """The bill changed, and a person had accepted that its invoice is not in QuickBooks: they are asked anew."""
    link = state.booked
    if link is None or link.broken is None or not link.broken.accepted:
        return Decision(state)
    new = replace(link, broken=Broken(Harm.LEFT_OUT), breaks=link.breaks + 1)
    title = f"Invoice {state.number}, {state.client_name}"
    owed = _task(state.firm, "invoice", state.id, new, now, title, state.asks, state.currency)
    return Decision(replace(state, booked=new), effects=(owed,))


def invoice_decided(state: Payable, choice: str, policy: Policy, now: datetime) -> Decision[Payable]:
    """``again``: another invoice is created, under a revision and a request of its own; what was posted on the old one
    is applied to it. ``write``: Clio's figures are written over it. ``accept``: it stays as it is. Raises Refused."""
    link = state.booked
    if link is None or link.broken is None or (link.broken.accepted and choice != "again"):
        raise Refused("This is already settled. Reload the page.")
    closes = (_key(state.firm, "invoice", state.id, link), *_steps(state))
    match choice:
        case "accept":
            harm = Harm.LEFT_OUT if link.broken.absent else Harm.CHANGED
            kept = replace(link, broken=replace(link.broken, harm=harm, accepted=True))
            return Decision(replace(state, booked=kept), closes=closes)
        case "again" if link.broken.absent:
            new, owed = _owed_again(replace(state, booked=None), policy, now)
            moved = [effects.repost(state.firm, id, state.id, new.revision, now) for id in sorted(_posted_on(state))]
            return Decision(new, effects=(*owed, *moved), closes=closes)
        case "write" if not link.broken.absent:
            new, owed = _owed_again(replace(state, booked=replace(link, broken=None)), policy, now)
            return Decision(new, effects=tuple(owed), closes=closes)
    raise Refused("Choose one of the offered ways.")


def invoice_linked(state: Payable, fact: billing.InvoiceBooked, now: datetime) -> Decision[Payable]:
    """A person says which invoice in QuickBooks it is. Nothing is written on it; what was posted on the old one is
    applied to it, unless its own payments wait for a person. The payable gets a revision of its own, which this
    invoice shows. Raises Refused."""
    link = state.booked
    if link is None or link.broken is None or not link.broken.absent:
        raise Refused("This is already settled. Reload the page.")
    closes = (_key(state.firm, "invoice", state.id, link), *_steps(state))
    base = _next_revision(replace(state, booked=None))
    told = billing.booked(base, replace(fact, revision=base.revision), now)
    moved: Sequence[Effect] = ()
    if not fact.waits:
        moved = [effects.repost(state.firm, id, state.id, base.revision, now) for id in sorted(_posted_on(state))]
    return replace(told, effects=(*told.effects, *moved), closes=(*told.closes, *closes))


def _owed_again(state: Payable, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """The invoice at a revision of its own, with the lines as read."""
    new = _next_revision(state)
    return new, billing.written_again(new, policy, now)


def _next_revision(state: Payable) -> Payable:
    new = replace(state, revision=state.revision + 1)
    known = bool(state.lines) and state.lines_revision == state.revision
    return replace(new, lines_revision=new.revision) if known else new


def _steps(state: Payable) -> tuple[str, ...]:
    """Steps of this revision that a break may have left parked."""
    return (effects.key_of(state.firm, effects.Do.INVOICE, f"{state.id}/{state.revision}"),)


def _posted_on(state: Payable) -> set[str]:
    return comparing.touching(state)


# --- payments ---------------------------------------------------------------------------------------------------------


def payment(state: Payment, fact: Noticed, now: datetime) -> Decision[Payment]:
    link = state.posted
    if link is None or link.id != fact.id or link.voided or not is_current(state):
        return Decision(state)
    return payment_broken(state, fact, now)


def payment_broken(state: Payment, fact: Noticed, now: datetime) -> Decision[Payment]:
    link = state.posted
    if link is None or link.id != fact.id:
        return Decision(state)
    found = break_of(link, fact)
    if not should_stand(state):
        over = bool(found and found.absent)
        return Decision(replace(state, posted=replace(link, voided=True)) if over else state)
    if _known(link.broken, found):
        return Decision(state)
    closes = (_key(state.firm, "payment", state.id, link),) if link.broken else ()
    if found is None:
        return Decision(replace(state, posted=replace(link, broken=None)), closes=closes)
    new = replace(link, broken=found, breaks=link.breaks + 1)
    title = f"Payment of {show(state.total, state.currency)} from {state.client_name}"
    owed = _task(state.firm, "payment", state.id, new, now, title, state.total, state.currency)
    return Decision(replace(state, posted=new), effects=(owed,), closes=closes)


def payment_again_wanted(state: Payment, now: datetime) -> Decision[Payment]:
    """As ``invoice_again_wanted``."""
    link = state.posted
    if link is None or link.broken is None or not link.broken.accepted:
        return Decision(state)
    new = replace(link, broken=Broken(Harm.LEFT_OUT), breaks=link.breaks + 1)
    title = f"Payment of {show(state.total, state.currency)} from {state.client_name}"
    owed = _task(state.firm, "payment", state.id, new, now, title, state.total, state.currency)
    return Decision(replace(state, posted=new), effects=(owed,))


def payment_decided(state: Payment, choice: str, policy: Policy, now: datetime) -> Decision[Payment]:
    """As ``invoice_decided``."""
    link = state.posted
    if link is None or link.broken is None or link.broken.accepted:
        raise Refused("This is already settled. Reload the page.")
    step = effects.key_of(state.firm, effects.Do.POSTING, f"{state.id}/{state.wanted}")
    closes = (_key(state.firm, "payment", state.id, link), step)
    match choice:
        case "accept":
            harm = Harm.LEFT_OUT if link.broken.absent else Harm.CHANGED
            kept = replace(link, broken=replace(link.broken, harm=harm, accepted=True))
            return Decision(replace(state, posted=kept), closes=closes)
        case "again" if link.broken.absent:
            new, owed = paying.post(replace(state, posted=None), policy, now)
            return Decision(new, effects=tuple(owed), closes=closes)
        case "write" if not link.broken.absent:
            new, owed = paying.post(replace(state, posted=replace(link, broken=None)), policy, now)
            return Decision(new, effects=tuple(owed), closes=closes)
    raise Refused("Choose one of the offered ways.")


def payment_linked(state: Payment, id: str, policy: Policy) -> Decision[Payment]:
    """A person says which payment in QuickBooks it is. Nothing is written."""
    link = state.posted
    if link is None or link.broken is None or not link.broken.absent:
        raise Refused("This is already settled. Reload the page.")
    new = replace(state, posted=Posted(id, state.wanted, state.total))
    guard = receipts.link_guard(policy.lanes.book, "payment", id, state.firm, state.id)
    return Decision(new, guards=(guard,), closes=(_key(state.firm, "payment", state.id, link),))


def reposted(state: Payment, payable: str, policy: Policy, now: datetime) -> Decision[Payment]:
    """An invoice that it pays is another one now: it is written again, so that it is applied there."""
    link = state.posted
    touches = any(i.payable == payable for i in state.items)
    if link is None or link.voided or link.broken or not should_stand(state) or not touches:
        return Decision(state)
    new, owed = paying.post(state, policy, now)
    return Decision(new, effects=tuple(owed))


# --- the task ---------------------------------------------------------------------------------------------------------


def _key(firm: str, entity: str, id: str, link: Link) -> str:
    return effects.key_of(firm, effects.Do.TASK, _name(entity, id, link))


def _name(entity: str, id: str, link: Link) -> str:
    return f"broken/{entity}/{id}/{link.id}/{link.breaks}"


def _task(firm: str, entity: str, id: str, link: Link, now: datetime, title: str, asks: int, currency: str) -> Effect:
    assert link.broken is not None
    about = f"{'payable' if entity == 'invoice' else 'payment'}/{id}"
    if link.broken.harm is Harm.CHANGED:
        ours, theirs = show(asks, currency), show(link.broken.cents, currency)
        reason = f"In QuickBooks its amount was changed to {theirs}; here it is {ours}."
        remedy = "Decide whether ours is written over it, or whether it may stay as it is in QuickBooks."
    else:
        reason = WORDS[link.broken.harm]
        remedy = "Nothing is created again by itself. Decide: create it again, link it to another, or accept it."
    body = {"broken": entity, "id": id, "book": link.id, "harm": str(link.broken.harm)}
    return effects.task(firm, _name(entity, id, link), about, now, title=title, reason=reason, remedy=remedy, body=body)
