"""What QuickBooks shows of a payment: desired, written, linked. A changed one is taken out first and added after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.effects import Do, broken_name, key_of
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Item, Payment, Phase, Piece, Posted
from chalicelib.domain.readings import BookedPayment
from chalicelib.domain.receipts import link_guard

PAYMENT = re.compile(r"[^\s#]*")  # its id in our marker; a piece's customer follows


@dataclass(frozen=True, slots=True)
class PaymentPosted:
    """QuickBooks shows the payment at one posting revision. ``unapplied``: cents that pay no invoice there. ``cents``:
    what it is over there; less than the whole is one piece of it, and ``payables`` are what that pays."""

    id: str
    realm: str
    revision: int
    cents: int
    unapplied: int = 0
    generation: int = 1
    payables: tuple[str, ...] = ()


def posted(state: Payment, fact: PaymentPosted) -> Decision[Payment]:
    """An answer to an older revision than the one known (a call that was repeated) changes nothing."""
    if fact.generation < state.generation:
        return Decision(state)
    old = state.posted
    if old is not None and fact.id in old.ids and (fact.revision < old.revision or old.pieces):
        return Decision(state)
    shown = _piece(state, fact)
    if shown is None:
        breaks = old.breaks if old and old.id == fact.id else 0
        shown = Posted(fact.id, fact.revision, fact.cents, unapplied=fact.unapplied, breaks=breaks)
    new = replace(state, posted=shown, generation=fact.generation)
    guard = link_guard(fact.realm, "payment", fact.id, state.firm, state.id)
    return Decision(new, guards=(guard,), closes=asked(state))


def asked(state: Payment) -> tuple[str, ...]:
    """The task about what people did to it in QuickBooks: there is nothing to decide once we wrote or removed it."""
    link = state.posted
    if link is None or link.broken is None:
        return ()
    return (key_of(state.firm, Do.TASK, broken_name("payment", state.id, link.id, link.breaks, state.generation)),)


def _piece(state: Payment, fact: PaymentPosted) -> Posted | None:
    """With one piece more; None where it is the whole. The revision is shown once all of them stand."""
    old = state.posted if state.posted and not state.posted.voided and state.posted.adding > 0 else None
    if old is None and not (fact.revision == state.wanted and 0 < fact.cents < state.total):
        return None
    piece = Piece(fact.id, fact.cents, fact.payables)
    if old is None:
        return Posted(fact.id, 0, fact.cents, unapplied=fact.unapplied, pieces=(piece,), adding=fact.revision)
    cents, unapplied = old.cents + fact.cents, old.unapplied + fact.unapplied
    new = replace(old, cents=cents, unapplied=unapplied, pieces=(*old.pieces, piece))
    whole = cents >= state.total and fact.revision == old.adding
    return replace(new, revision=fact.revision, adding=0) if whole else new


@dataclass(frozen=True, slots=True)
class PaymentRemoved:
    """QuickBooks no longer shows the payment (void or deleted there), as posting revision ``revision`` asked."""

    id: str
    revision: int


def removed(state: Payment, fact: PaymentRemoved) -> Decision[Payment]:
    """Where the payment should stand, it is still to be added anew: the revision shown stays behind the one wanted."""
    if state.posted is None or fact.id not in state.posted.ids:
        return Decision(state)
    left = tuple(p for p in state.posted.pieces if p.id != fact.id)
    if left:
        cents = sum(p.cents for p in left)
        fewer = replace(state.posted, id=left[0].id, cents=cents, pieces=left, broken=None)
        return Decision(replace(state, posted=fewer), closes=asked(state))
    shown = state.posted.revision if should_stand(state) else max(state.posted.revision, fact.revision)
    gone = replace(state.posted, voided=True, revision=shown, broken=None, pieces=(), adding=0)
    return Decision(replace(state, posted=gone), closes=asked(state))


def is_current(state: Payment) -> bool:
    """Whether QuickBooks shows what we last wanted."""
    return bool(state.posted and state.posted.revision >= state.wanted)


def should_stand(state: Payment) -> bool:
    """Whether a live payment should be in QuickBooks at all."""
    return state.phase is Phase.SETTLED


def settled(state: Payment) -> bool:
    """Whether nothing is left to be written for it."""
    return (
        is_current(state) or state.stays or (not should_stand(state) and (state.posted is None or state.posted.voided))
    )


def left_behind(state: Payment) -> bool:
    """Whether it should not stand there, and may stand all the same from an earlier generation of links."""
    return state.generation > 1 and state.posted is None and not should_stand(state)


def changed_since(state: Payment) -> bool:
    """Whether it changed in Clio since what may stand of it from an earlier generation of links was written."""
    return state.posted is None and should_stand(state) and bool(state.stood) and state.wanted != state.begun


def met(state: Payment, rows: Sequence[BookedPayment], realm: str) -> Decision[Payment]:
    """What stands of it from an earlier generation is linked as older than what is wanted: it is taken out next."""
    if not (left_behind(state) or changed_since(state)):
        return Decision(state)
    pieces = tuple(Piece(p.id, p.total) for p in rows) if len(rows) > 1 else ()
    cents, unapplied = sum(p.total for p in rows), sum(p.unapplied for p in rows)
    shown = Posted(rows[0].id, state.wanted - 1, cents, unapplied=unapplied, pieces=pieces)
    guards = tuple(link_guard(realm, "payment", p.id, state.firm, state.id) for p in rows)
    return Decision(replace(state, posted=shown), guards=guards)


def stands_nowhere(state: Payment) -> Decision[Payment]:
    """Nothing is there of what stood of it in an earlier generation: another company, or people took it out. What takes
    its place on a bill waits for it no more."""
    return Decision(replace(state, stood=()) if changed_since(state) else state)


def still_leaving(state: Payment, payable: Payable) -> bool:
    """Whether a payment that Clio no longer shows on a bill still stands on its invoice in QuickBooks: what takes its
    place waits for that, so that there are never two."""
    if changed_since(state):
        return True
    if state.posted is None or state.posted.voided or state.stays:
        return False
    if not is_current(state) or not should_stand(state):
        return True
    shown = any(k.group == state.group for k in payable.receipts)
    return not shown and any(i.payable == payable.id for i in state.items)


def has_left(state: Payable, payments: tuple[str, ...]) -> Decision[Payable]:
    """These payments are known to be gone from the invoice."""
    return Decision(replace(state, leaving=tuple(x for x in state.leaving if x not in payments)))


def together(posted: Posted, rows: Mapping[str, BookedPayment]) -> BookedPayment | None:
    """What QuickBooks shows of a payment, its pieces as one; None where one of them is not there."""
    found = [rows[id] for id in posted.ids if id in rows]
    if len(found) < len(posted.ids):
        return None
    total, unapplied = sum(p.total for p in found), sum(p.unapplied for p in found)
    lines = tuple(line for p in found for line in p.lines)
    voided = any(p.voided for p in found)
    return replace(found[0], total=total, unapplied=unapplied, lines=lines, voided=voided)


def rest(state: Payment) -> tuple[tuple[Item, ...], int]:
    """What is still to be added of it: the items that no piece pays, and cents."""
    pieces = state.posted.pieces if state.posted and not state.posted.voided else ()
    paid = {id for p in pieces for id in p.payables}
    return tuple(i for i in state.items if i.payable not in paid), state.total - sum(p.cents for p in pieces)


def marker(firm: str, kind: str, id: str) -> str:
    """Stands in the private note of what we write, so that it is known again after a lost answer."""
    return f"feesimple:{firm}:{kind}:{id}"


def bears(note: str, mark: str) -> bool:
    """Whether a private note has this very marker: not just the beginning of another one's (12 is no 123)."""
    return re.search(rf"{re.escape(mark)}(?![\w-])", note) is not None


def marked(firm: str, note: str) -> str:
    """The payment of ours that a note names, of a piece the whole; empty for none."""
    _, _, told = note.partition(marker(firm, "payment", ""))
    return PAYMENT.match(told)[0]  # type: ignore[index]
