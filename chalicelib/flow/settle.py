"""``settle`` is the only way anything changes: load, decide, commit; on conflict load and decide again.

It must not talk to any neighbour. A decision that changes nothing writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain import sums
from chalicelib.domain.effects import Lanes, fold
from chalicelib.domain.firm import Firm, Policy
from chalicelib.domain.kernel import (
    Change,
    Commit,
    Decision,
    Effect,
    Finish,
    Held,
    Json,
    Kind,
    Line,
    Neighbour,
    Ref,
    changed,
)
from chalicelib.domain.readings import Pot
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import states
from chalicelib.flow.firms import connected, connection_refs, sets
from chalicelib.flow.ports import World

ATTEMPTS = 5
OPERATING, TRUST = f"{Neighbour.STRIPE}-{Pot.OPERATING}", f"{Neighbour.STRIPE}-{Pot.TRUST}"

Decisions = Mapping[Ref, "Decision[Any] | None"]
Decide = Callable[[Mapping[Ref, Any], datetime], Decisions]


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it: the states after, by ref, and whether anything was written."""

    states: dict[Ref, Any]
    wrote: bool


def settle(
    world: World,
    refs: Sequence[Ref],
    decide: Decide,
    *,
    fact: str,
    body: Any = None,
    policy: int = 0,
    by: str = "",
    finish: Sequence[Finish] = (),
    held: Mapping[Ref, Held] | None = None,
    first: Mapping[Ref, Held] | None = None,
) -> Settled:
    """Loads ``refs``, decides, commits all that changed in one transaction.

    ``decide`` gets the states by ref (None where there is none) and ``now``; it gives a Decision for each ref that has
    one. ``finish``: effects this settles. ``held``: states as loaded before a look; then there is only one attempt, and
    Conflict means: look again. ``first``: states as loaded just now; the first attempt goes by them, and a further one
    loads. Raises Conflict after a bounded number of attempts, and whatever ``decide`` raises.
    """
    attempt = 1
    while True:
        now = world.now()
        known = held if held is not None or attempt > 1 else first
        loaded = dict(known) if known is not None else {h.ref: h for h in world.store.load_many(list(refs))}
        before = {ref: states.decode(ref.kind, h.body) for ref, h in loaded.items()}
        decisions = decide(before, now)
        commit = _commit(loaded, before, decisions, now, fact, body, policy, by, finish)
        after = {**before, **{ref: d.state for ref, d in decisions.items() if d is not None}}
        if commit is None:
            return Settled(after, wrote=False)
        try:
            world.store.commit(commit)
        except Conflict:
            if held is not None or attempt == ATTEMPTS:
                raise
            attempt += 1
        else:
            hint(world, commit.effects, now)
            return Settled(after, wrote=True)


def _commit(
    loaded: Mapping[Ref, Held],
    before: Mapping[Ref, Any],
    decisions: Decisions,
    now: datetime,
    fact: str,
    body: Any,
    policy: int,
    by: str,
    finish: Sequence[Finish],
) -> Commit | None:
    changes: list[Change] = []
    effects: list[Effect] = []
    done: list[Finish] = list(finish)
    guards = []
    names: list[str] = []
    for ref, decision in decisions.items():
        if decision is None:
            continue
        held = loaded[ref]
        new = None if decision.state is None else states.encode(decision.state)
        if new is not None and new != held.body:
            line = Line(
                ref=ref,
                version=held.version + 1,
                fact=fact,
                body=_plain(body),
                at=now,
                policy=policy,
                change=changed(held.body, new),
                by=by,
            )
            listing = states.listing(ref.kind, ref.firm, decision.state)
            changes.append(Change(ref, held.version, new, line, listing))
            guards += list(decision.guards)
            if moved := sums.difference(before[ref], decision.state):
                effects.append(fold(ref.firm, str(ref), held.version + 1, now, dict(moved)))
        effects += decision.effects
        done += [Finish(key) for key in decision.closes]
        names += list(decision.names)
    if not changes and not effects and not done:
        return None
    return Commit(tuple(changes), _once(effects), tuple(done), tuple(guards), tuple(dict.fromkeys(names)))


def _once(effects: list[Effect]) -> tuple[Effect, ...]:
    return tuple({e.key: e for e in effects}.values())


def _plain(body: Any) -> Json:
    if body is None:
        return {}
    plain = states.encode(body)
    return plain if isinstance(plain, dict) else {"value": plain}


def hint(world: World, effects: Sequence[Effect], now: datetime) -> None:
    """Tells workers about lanes with something due now. Lost hints do no harm: the sweep gets there."""
    lanes = {e.lane for e in effects if e.status == "owed" and e.due_at <= now}
    if lanes:
        world.queue.hint(sorted(lanes))


def policy_of(world: World, firm: str) -> Policy:
    """The firm's rules with its lanes and reminder sets, as of now. Raises Refused for an unknown firm."""
    held, *connections = world.store.load_many([Ref(firm, Kind.FIRM, firm), *connection_refs(firm)])
    state: Firm | None = states.decode(Kind.FIRM, held.body)
    if state is None:
        raise Refused("This firm is not set up yet.")
    by_id = connected(connections)
    account = {id: c.account for id, c in by_id.items()}
    lanes = Lanes(
        firm,
        clio=account.get(Neighbour.CLIO, ""),
        realm=account.get(Neighbour.QUICKBOOKS, ""),
        operating=account.get(OPERATING, ""),
        trust=account.get(TRUST, ""),
        generation=state.generation,
    )
    return Policy(state, held.version, lanes, sets(world, firm))
