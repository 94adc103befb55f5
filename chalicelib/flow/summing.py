"""Folds what changed into the firm's sums, many changes in one commit, each once: its effect is finished with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import sums
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.sums import Sums
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle

AT_ONCE = 60  # with the state and its journal line, well under what one commit takes


def sums_ref(firm: str) -> Ref:
    return Ref(firm, Kind.SUMS, "sums")


def fold(world: World, firm: str, effects: Sequence[Effect]) -> None:
    """Lays up to 60 changes over the sums. Raises Conflict when one of them is folded already, or another worker folds
    it at this moment."""
    ref = sums_ref(firm)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: Decision(sums.fold(before[ref] or Sums(firm), [e.body for e in effects], now))}

    settle(
        world,
        [ref],
        decide,
        fact="Folded",
        body={"changes": len(effects)},
        finish=[Finish(e.key, arrivals=e.arrivals, once=True) for e in effects],
    )


def sums_of(world: World, firm: str) -> Sums | None:
    """The sums as last folded; None before the first change."""
    state: Sums | None = states.decode(Kind.SUMS, world.store.load(sums_ref(firm)).body)
    return state
