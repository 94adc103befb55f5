"""Reminder sets and collections, as a person starts, changes and stops them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import planning, reminders
from chalicelib.domain.kernel import Decision, Kind, Ref
from chalicelib.domain.reminders import SUPPLIED, ReminderSet, SetArchived, SetSaved, Step
from chalicelib.errors import Refused
from chalicelib.flow.looking import payable_ref
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of, settle

AT_ONCE = 200  # invoices started with one press


def save_set(world: World, firm: str, *, id: str | None, name: str, steps: Sequence[Step], by: str) -> ReminderSet:
    """Makes or changes a reminder set. Raises Refused when it would not work."""
    if id in {s.id for s in SUPPLIED}:
        raise Refused("The supplied sets cannot be changed. Save it under a new name instead.")
    ref = Ref(firm, Kind.SET, id or f"set-{world.secret(6)}")
    fact = SetSaved(ref.id, name, tuple(steps))
    state: ReminderSet = _settle_set(world, ref, fact, by)
    return state


def archive_set(world: World, firm: str, id: str, by: str) -> None:
    """Takes a set out of the choices; collections that use it go on."""
    _settle_set(world, Ref(firm, Kind.SET, id), SetArchived(), by)


def _settle_set(world: World, ref: Ref, fact: reminders.SetFact, by: str) -> Any:
    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: reminders.decide(before[ref], fact)}

    settled = settle(world, [ref], decide, fact=type(fact).__name__, body=fact, by=by)
    return settled.states[ref]


def start(world: World, firm: str, payable_ids: Sequence[str], set_id: str, by: str) -> list[tuple[str, str]]:
    """Starts the set on each payable. Gives (id, why not) for each; an empty reason means it started. Raises
    Refused for too many at once."""
    if len(payable_ids) > AT_ONCE:
        raise Refused(f"Choose at most {AT_ONCE} invoices at once.")
    policy = policy_of(world, firm)
    outcome: list[tuple[str, str]] = []
    fact = planning.CollectionStarted(set_id)
    for id in dict.fromkeys(payable_ids):
        try:
            _collect(world, firm, id, fact, policy, by)
            outcome.append((id, ""))
        except Refused as no:
            outcome.append((id, no.reason))
    return outcome


def stop(world: World, firm: str, payable_id: str, by: str) -> None:
    """Stops a collection; nothing has to be cancelled."""
    _collect(world, firm, payable_id, planning.CollectionStopped(), policy_of(world, firm), by)


def _collect(world: World, firm: str, id: str, fact: planning.CollectionFact, policy: Any, by: str) -> None:
    ref = payable_ref(firm, id)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        if before[ref] is None:
            raise Refused("There is no such invoice.")
        return {ref: planning.collect(before[ref], fact, policy, now)}

    settle(world, [ref], decide, fact=type(fact).__name__, body=fact, policy=policy.version, by=by)
