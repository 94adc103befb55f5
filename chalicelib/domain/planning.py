"""When the next reminder of a payable goes out, recomputed with every change: a payment has nothing to cancel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from chalicelib.domain import effects
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Status
from chalicelib.domain.payable import Collection, Payable, blocked
from chalicelib.domain.reminders import Next, next_step
from chalicelib.errors import Refused

NO_ADDRESS = "The client has no e-mail address in Clio."
ADD_ADDRESS = "Add an e-mail address to the client in Clio, then press Retry."
BOUNCED = "The last e-mail to this address came back."
LOOKS_AGAIN = timedelta(days=1)  # after a bounce: whether Clio has another address by then


def waits(state: Payable) -> str:
    """Why this collection sends nothing at present; empty when it may."""
    c = state.collection
    if c is None:
        return ""
    if reason := blocked(state):
        return reason
    if state.attempt:
        return "The client is paying at this moment."
    if state.due_on is None:
        return "The bill has no due date in Clio."
    if not state.client_email:
        return NO_ADDRESS
    if c.bounced and c.bounced == state.client_email:
        return BOUNCED
    return ""


def plan(state: Payable, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """The state with its next reminder, and the effect that wakes it when that changed."""
    c = state.collection
    if c is None or state.sending:
        return state, []
    reason = waits(state)
    coming = None if reason else _coming(state, c, policy, now)
    if reason == c.waits and _same(c.next, coming, now):
        return state, []
    if reason in (NO_ADDRESS, BOUNCED):
        c = replace(c, next=None, waits=reason, round=c.round + 1)
        return replace(state, collection=c), [_address_wanted(state, c.round, reason, now)]
    if coming is None:
        return replace(state, collection=replace(c, next=None, waits=reason)), []
    c = replace(c, next=coming, waits=reason, round=c.round + 1)
    title = f"Reminder for {state.number}"
    return replace(state, collection=c), [effects.remind(state.firm, state.id, c.round, coming.at, title)]


def _address_wanted(state: Payable, round_: int, reason: str, now: datetime) -> Effect:
    """No event tells of a new address: a person says that it is there, or after a bounce the bill is read daily."""
    wanted = effects.remind(state.firm, state.id, round_, now + LOOKS_AGAIN, f"Reminder for {state.number}")
    if reason == BOUNCED:
        return replace(wanted, cause=reason)
    return replace(wanted, status=Status.PARKED, reason=reason, remedy=ADD_ADDRESS)


def outdated(old: Payable | None, new: Payable) -> tuple[str, ...]:
    """The parked reminder that waited for an address, once it waits for that no more."""
    before = old.collection if old else None
    if before is None or before.waits != NO_ADDRESS:
        return ()
    c = new.collection
    if c and c.waits == NO_ADDRESS and c.round == before.round:
        return ()
    return (effects.key_of(new.firm, effects.Do.REMIND, f"{new.id}/{before.round}"),)


def _coming(state: Payable, c: Collection, policy: Policy, now: datetime) -> Next | None:
    chosen = policy.sets.get(c.set_id)
    if chosen is None or state.due_on is None:
        return None
    coming = next_step(
        chosen.steps,
        due_on=state.due_on,
        last=c.last,
        started_at=c.started_at,
        zone=policy.firm.zone,
        hour=policy.firm.send_hour,
        now=now,
    )
    return replace(coming, at=max(coming.at, c.not_before)) if coming and c.not_before else coming


def _same(old: Next | None, new: Next | None, now: datetime) -> bool:
    """Whether the plan stands: an overdue step keeps the time it was first given."""
    if old is None or new is None:
        return old is new
    return old.step == new.step and (old.at == new.at or max(old.at, new.at) <= now)


@dataclass(frozen=True, slots=True)
class CollectionStarted:
    set_id: str


@dataclass(frozen=True, slots=True)
class CollectionStopped:
    pass


CollectionFact = CollectionStarted | CollectionStopped


def collect(state: Payable, fact: CollectionFact, policy: Policy, now: datetime) -> Decision[Payable]:
    """A person starts or stops a collection. Raises Refused when there is nothing to collect or no such set."""
    match fact:
        case CollectionStarted():
            chosen = policy.sets.get(fact.set_id)
            if chosen is None or chosen.archived:
                raise Refused("Choose a reminder set.")
            if state.gone:
                raise Refused(f"{state.number} was removed in Clio: there is nothing to collect.")
            if state.open == 0:
                raise Refused(f"{state.number} is paid: there is nothing to collect.")
            if state.collection and state.collection.set_id == fact.set_id:
                return Decision(state)
            round_ = state.collection.round if state.collection else state.seq * 1000
            started = replace(
                state, seq=state.seq + 1, collection=Collection(fact.set_id, started_at=now, round=round_ + 1)
            )
            new, owed = plan(started, policy, now)
            return Decision(new, effects=tuple(owed), closes=outdated(state, new))
        case CollectionStopped():
            stopped = replace(state, collection=None, seq=state.seq + 1)
            return Decision(stopped, closes=outdated(state, stopped))
        case _:
            assert_never(fact)
