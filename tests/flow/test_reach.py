"""Reaching a neighbour while somebody waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.effects import Lanes
from chalicelib.errors import Disconnected, Unavailable
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import ONE_CALL, Reach
from tests.world import MemoryWorld


def test_no_call_starts_without_time_for_its_time_out() -> None:
    world = MemoryWorld()
    reach = Reach(world, "f", Lanes("f"), Floor.PERSON, deadline=world.now() + ONE_CALL)
    assert reach.stripe(lambda _s: "in time") == "in time"
    world.clock.move(seconds=1)
    with pytest.raises(Unavailable):
        reach.stripe(lambda _s: "too late")


def test_without_a_deadline_a_call_may_always_start() -> None:
    world = MemoryWorld()
    reach = Reach(world, "f", Lanes("f"), Floor.POLL)
    world.clock.move(seconds=timedelta(days=1).total_seconds())
    assert reach.stripe(lambda _s: "fine") == "fine"


def test_a_neighbour_that_was_never_connected_is_not_called() -> None:
    world = MemoryWorld()
    reach = Reach(world, "f", Lanes("f"), Floor.POLL)
    with pytest.raises(Disconnected, match="not connected yet"):
        reach.clio(lambda _c, _a: "never")
