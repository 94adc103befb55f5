"""Keeping a client and its customer in step: what both show is merged, and what has to go over is owed.

It is for linked contacts that Clio shows; how fields are compared and merged is in ``profile``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain import effects, profile
from chalicelib.domain.contact import Contact, Kept, Ours
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Neighbour
from chalicelib.domain.profile import SHOWN, WHOSE, WORDS, Aside, Change, Side, Value
from chalicelib.domain.readings import Address
from chalicelib.errors import Refused

UNLINKED = "Link the client to a QuickBooks customer first."
IN_DOUBT = 4  # values of one field and side that may still be on their way: a live call, and what took its place


def step_key(state: Contact) -> str:
    return effects.key_of(state.firm, Do.CUSTOMER, f"{state.id}/{state.revision}")


def customer_step(state: Contact, policy: Policy, now: datetime) -> Effect:
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    return effects.customer(state.firm, lane, state.id, state.revision, now, state.name, state.customer)


def agree(state: Contact, policy: Policy, now: datetime, side: Side | None = None, wrote: int = 0) -> Decision[Contact]:
    """Merges what both sides show, and owes what has to go over. ``side`` was just read; ``wrote``: after our step."""
    if state.lost or state.vanished:  # nothing goes over; what we brought there before is ours all the same
        return Decision(_own(state, side, wrote) if state.usable and state.agreed and side is not None else state)
    if state.books is None or state.agreed is None:
        lane = policy.lanes.of(Neighbour.QUICKBOOKS)
        return Decision(state, effects=(effects.first_look(state.firm, lane, state.customer, now),))
    if side is not None:
        state = _own(state, side, wrote)
    assert state.books is not None
    assert state.agreed is not None
    stands = Side(policy.firm.contacts_stand)
    merged = profile.merge(state.agreed, state.clio, state.books, stands, state.chosen, state.fields)
    new = replace(state, agreed=merged.agreed, chosen=merged.chosen)
    new, asked, answered = _kept(new, merged.aside, now)
    new, steps, closes = _owe(new, merged, policy, now)
    return Decision(new, effects=(*steps, *asked), closes=(*closes, *answered))


def _own(state: Contact, side: Side, wrote: int) -> Contact:
    """What we brought to ``side`` ourselves is agreed. After our own step that holds whatever the side made of it:
    a neighbour that reformats a value, or does not take it, is not written to again and again. A name that was not
    sent is not there yet."""
    assert state.books is not None
    assert state.agreed is not None
    later = {c.field for c in state.to_books} - {c.field for c in state.sent} if side is Side.QUICKBOOKS else set()
    shown = state.clio if side is Side.CLIO else state.books
    agreed, left = state.agreed, list(state.ours)
    for field in state.fields:
        now = profile.value(shown, field)
        mine = [o for o in left if (o.side, o.field) == (side, field)]
        exact = [o for o in mine if profile.same(field, o.value, now)]
        done = exact or [o for o in mine if o.revision == wrote and field not in later]
        if not done:
            continue
        last = done[-1]
        there = profile.value(agreed.books if side is Side.CLIO else agreed.clio, field) if last.chosen else last.value
        agreed = profile.agree(agreed, field, *((now, there) if side is Side.CLIO else (there, now)))
        left = [o for o in left if o not in mine or o.revision > last.revision]
    return replace(state, agreed=agreed, ours=tuple(left))


def _owe(
    state: Contact, merged: profile.Merged, policy: Policy, now: datetime
) -> tuple[Contact, tuple[Effect, ...], tuple[str, ...]]:
    """A step for each side whose wanted values changed; it takes the place of the older one."""
    owed: list[Effect] = []
    closes: list[str] = []
    if merged.to_books != state.to_books:
        closes += [step_key(state)] if state.to_books else []
        state = replace(state, to_books=merged.to_books)
        if merged.to_books:
            state = replace(state, revision=state.revision + 1)
            state = _remember(state, Side.QUICKBOOKS, merged.to_books, state.revision, merged.chosen)
            owed.append(customer_step(state, policy, now))
    if merged.to_clio != state.to_clio:
        closes += [change_key(state)] if state.to_clio else []
        state = replace(state, to_clio=merged.to_clio)
        if merged.to_clio:
            state = replace(state, clio_revision=state.clio_revision + 1)
            state = _remember(state, Side.CLIO, merged.to_clio, state.clio_revision, merged.chosen)
            lane = policy.lanes.of(Neighbour.CLIO)
            owed.append(effects.change_client(state.firm, lane, state.id, state.clio_revision, now, state.name))
    return state, tuple(owed), tuple(closes)


def change_key(state: Contact) -> str:
    return effects.key_of(state.firm, Do.CHANGE_CLIENT, f"{state.id}/{state.clio_revision}")


def _remember(
    state: Contact, side: Side, changes: tuple[Change, ...], revision: int, chosen: tuple[Change, ...]
) -> Contact:
    mine = tuple(Ours(side, c.field, c.value, revision, c in chosen) for c in changes)
    ours = (*state.ours, *mine)
    newest = [
        o for n, o in enumerate(ours) if sum((o.side, o.field) == (p.side, p.field) for p in ours[n:]) <= IN_DOUBT
    ]
    return replace(state, ours=tuple(newest))


# --- what a person decides --------------------------------------------------------------------------------------------


def task_key(state: Contact, k: Kept) -> str:
    return effects.key_of(state.firm, Do.TASK, f"contact/{state.id}/{k.field}/{k.number}")


def _kept(
    state: Contact, aside: tuple[Aside, ...], now: datetime
) -> tuple[Contact, tuple[Effect, ...], tuple[str, ...]]:
    """Values set aside are kept, each with a task, until a person takes or leaves them, both sides show them, or a
    newer one takes their place. What could not go over is kept only for as long as that holds."""
    stay: list[Kept] = []
    closes: list[str] = []
    for k in state.kept:
        here = any(_is(k, a) for a in aside)
        replaced = any(a.field == k.field for a in aside)
        if here or not (k.why or replaced or _shown_by_both(state, k)):
            stay.append(k)
        else:
            closes.append(task_key(state, k))
    asked: list[Effect] = []
    for a in aside:
        if not any(_is(k, a) for k in stay):
            state = replace(state, asked=state.asked + 1)
            k = Kept(a.field, a.side, a.value, a.why, now, state.asked)
            stay.append(k)
            asked.append(_task(state, k, now))
    return replace(state, kept=tuple(stay)), tuple(asked), tuple(closes)


def _is(k: Kept, a: Aside) -> bool:
    return (k.field, k.side, k.why) == (a.field, a.side, a.why) and profile.same(k.field, k.value, a.value)


def _shown_by_both(state: Contact, k: Kept) -> bool:
    both = [state.clio, *([state.books] if state.books else [])]
    return all(profile.same(k.field, k.value, profile.value(p, k.field)) for p in both)


def _task(state: Contact, k: Kept, now: datetime) -> Effect:
    word, here, other = WORDS[k.field], SHOWN[k.side], SHOWN[k.side.other]
    shown = f"“{profile.show(k.value)}”" if profile.show(k.value) else "nothing"
    if k.why:
        title = f"{state.name}: the {word} cannot go to {other}"
        reason = f"{here} shows {shown}, which {k.why}. {other} keeps what it has."
        remedy = f"Correct it in {here}; it goes over by itself then. Or leave both as they are."
    else:
        title = f"{state.name}: the {word} was changed in Clio and in QuickBooks"
        reason = f"{WHOSE[k.side.other]} value stands on both sides, as your settings say. {here} had {shown}."
        remedy = f"Take {WHOSE[k.side]} value if it is the right one, or leave it as it is."
    return effects.task(
        state.firm,
        f"contact/{state.id}/{k.field}/{k.number}",
        f"contact/{state.id}",
        now,
        title=title,
        reason=reason,
        remedy=remedy,
        body={"contact": state.id, "field": k.field, "side": str(k.side), "can_take": can_take(k)},
    )


def can_take(k: Kept) -> bool:
    """Whether one click can bring the kept value over."""
    return not unfit(k.field, k.value, k.side)


def unfit(field: str, value: Value, side: Side) -> str:
    """Why a person cannot take this value of ``side``. Plain lines go to Clio as they are when a person says so."""
    if isinstance(value, Address) and side is Side.QUICKBOOKS:
        return ""
    return profile.unfit(field, value, side.other)


def _settled(state: Contact, field: str) -> tuple[Contact, tuple[str, ...]]:
    """The field without what was kept or chosen of it, each side's value taken as it is; and the tasks that closes."""
    if state.books is None or state.agreed is None:
        raise Refused(UNLINKED)
    if state.vanished:
        raise Refused("Clio no longer shows this client: nothing of it goes over either way.")
    if field not in state.fields:
        raise Refused("Choose one of the fields shown.")
    agreed = profile.agree(state.agreed, field, profile.value(state.clio, field), profile.value(state.books, field))
    new = replace(
        state,
        agreed=agreed,
        kept=tuple(k for k in state.kept if k.field != field),
        chosen=tuple(c for c in state.chosen if c.field != field),
    )
    return new, tuple(task_key(state, k) for k in state.kept if k.field == field)


def taken(state: Contact, field: str, side: Side, policy: Policy, now: datetime) -> Decision[Contact]:
    """A person takes the value that ``side`` shows, or that was kept of it: it is what both shall show. Raises Refused
    where the other side cannot hold it, and for a client that is not linked."""
    if not state.usable:
        raise Refused(UNLINKED)
    new, closes = _settled(state, field)
    assert state.books is not None
    shown = state.clio if side is Side.CLIO else state.books
    kept = next((k for k in state.kept if (k.field, k.side) == (field, side)), None)
    wanted = profile.own(field, kept.value if kept else profile.value(shown, field))
    if why := unfit(field, wanted, side):
        raise Refused(f"{SHOWN[side.other]} cannot take “{profile.show(wanted)}”: it {why}.")
    if field == "name" and not profile.plain("name", wanted):
        raise Refused("A client cannot be without a name.")
    decision = agree(replace(new, chosen=(*new.chosen, Change(field, wanted))), policy, now)
    return replace(decision, closes=(*closes, *decision.closes))


def left(state: Contact, fields: Sequence[str], policy: Policy, now: datetime) -> Decision[Contact]:
    """Also of a client whose customer is gone: the question ends, and nothing goes over until it is there again."""
    closes: tuple[str, ...] = ()
    for field in fields:
        state, some = _settled(state, field)
        closes += some
    decision = agree(state, policy, now)
    return replace(decision, closes=(*closes, *decision.closes))
