"""One step of a flow by itself: a store, a policy, and neighbours that answer as told. No sandbox is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.domain.kernel import Commit, Effect, Status
from tests.builders import FIRM
from tests.world import MemoryWorld


class Near:
    """A way out. Each neighbour is an object with the verbs that may be called; ``first`` is done before the first
    call: what another worker does meanwhile."""

    firm = FIRM
    left: float | None = None

    def __init__(self, *, first: Callable[[], object] | None = None, **neighbours: Any) -> None:
        self.neighbours = neighbours
        self.first = first
        self.asked = 0

    def _call(self, name: str, call: Callable[..., Any], *access: object) -> Any:
        self.asked += 1
        meanwhile, self.first = self.first, None
        if meanwhile is not None:
            meanwhile()
        return call(self.neighbours[name], *access)

    def seconds_left(self) -> float | None:
        return self.left

    def spend_batch(self) -> None:
        """There is room."""

    def clio(self, call: Callable[..., Any]) -> Any:
        return self._call("clio", call, None)

    def quickbooks(self, call: Callable[..., Any]) -> Any:
        return self._call("quickbooks", call, None)

    def stripe(self, call: Callable[..., Any]) -> Any:
        return self._call("stripe", call)

    def mail(self, call: Callable[..., Any]) -> Any:
        return self._call("mail", call)


def near(*, first: Callable[[], object] | None = None, **neighbours: Any) -> Any:
    """It stands in for flow.reach.Reach."""
    return Near(first=first, **neighbours)


def owe(world: MemoryWorld, effect: Effect) -> Effect:
    """The effect as the store holds it."""
    world.store.commit(Commit(effects=(effect,)))
    return held(world, effect)


def held(world: MemoryWorld, effect: Effect) -> Effect:
    found = world.store.effect(effect.key)
    assert found is not None
    return found


def is_done(world: MemoryWorld, effect: Effect) -> bool:
    return held(world, effect).status is Status.DONE
