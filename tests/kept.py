"""Worlds as they once stood, to begin again from: what many tests begin with is built once in a process, and each test
gets its own copy of it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.store.memory import MemoryStore
from tests.world import Stage

BOXES = ("clio_box", "quickbooks_box", "stripe_box")
OF_A_BOX = ("state", "counts", "switches", "issued", "log", "random")


@dataclass(frozen=True)
class Kept:
    """A stage as it stood; the world's own parts as bytes, the store as a copy that nobody writes to."""

    stage: Stage
    store: MemoryStore
    rest: bytes

    def again(self) -> Stage:
        """The same stage on a world of its own."""
        was = self.stage.world
        world = type(was)()
        boxes, world.clock.at, world.numbers, world.logs, world.metrics, world.mail.outbox = pickle.loads(self.rest)
        for name, parts in boxes.items():
            for part, value in parts.items():
                setattr(getattr(world, name), part, value)
        world.store = self.store.twin(world.now)
        world.hooks_url = was.hooks_url
        return replace(self.stage, world=world)


def keep(stage: Stage) -> Kept:
    """Notes how everything stands; the queue must be empty."""
    world = stage.world
    assert not world.queue.told
    boxes: dict[str, dict[str, Any]] = {
        name: {part: getattr(getattr(world, name), part) for part in OF_A_BOX} for name in BOXES
    }
    rest = (boxes, world.clock.at, world.numbers, world.logs, world.metrics, world.mail.outbox)
    return Kept(stage, world.store.twin(world.now), pickle.dumps(rest))


_kept: dict[Hashable, Kept] = {}


def once(name: Hashable, build: Callable[[], Stage]) -> Stage:
    """What ``build`` makes, built at the first call with this name."""
    if name not in _kept:
        _kept[name] = keep(build())
    return _kept[name].again()
