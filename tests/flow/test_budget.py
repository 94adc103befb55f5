"""Budgets are economy: several workers share a minute's calls, and none stands still because the others take some."""

from __future__ import annotations

import pytest

from chalicelib.domain.kernel import Neighbour
from chalicelib.errors import Unavailable
from chalicelib.flow.budget import A_MINUTE, BLOCK, TRIES, Floor, Meter
from tests.flow import races
from tests.world import MemoryWorld


@pytest.fixture(scope="module")
def world() -> MemoryWorld:
    return MemoryWorld()


def used(world: MemoryWorld, account: str) -> int:
    found = world.store.record("budget", f"clio|{account}")
    return int(found[1]["used"]) if found else 0


def test_a_block_that_another_worker_takes_at_this_moment_is_counted_too(world: MemoryWorld) -> None:
    other = Meter(world, Floor.WEBHOOK)
    with races.before(world.store, "put_record", lambda: other.spend(Neighbour.CLIO, "us/1")):
        Meter(world, Floor.WEBHOOK).spend(Neighbour.CLIO, "us/1")
    assert used(world, "us/1") == 2 * BLOCK


def test_where_others_take_blocks_all_the_time_one_call_goes_out_and_the_neighbours_limit_is_the_judge(
    world: MemoryWorld,
) -> None:
    meter = Meter(world, Floor.WEBHOOK)
    with races.before(world.store, "put_record", races.taken, times=TRIES):
        meter.spend(Neighbour.CLIO, "us/2")
    assert used(world, "us/2") == 0
    meter.spend(Neighbour.CLIO, "us/2")
    assert used(world, "us/2") == BLOCK, "it was one call, no block"


def test_a_class_stops_at_its_floor_until_the_next_minute(world: MemoryWorld) -> None:
    poll, person = Meter(world, Floor.POLL), Meter(world, Floor.PERSON)
    for _ in range(A_MINUTE[Neighbour.CLIO] * (100 - Floor.POLL) // 100):
        poll.spend(Neighbour.CLIO, "us/3")
    with pytest.raises(Unavailable) as no:
        poll.spend(Neighbour.CLIO, "us/3")
    assert no.value.ours
    person.spend(Neighbour.CLIO, "us/3")
    world.clock.move(seconds=no.value.after)
    poll.spend(Neighbour.CLIO, "us/3")
