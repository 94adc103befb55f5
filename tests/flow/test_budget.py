"""Budgets are economy: several workers share a minute's calls, and none stands still because the others take some."""

from __future__ import annotations

import pytest

from chalicelib.domain.kernel import Neighbour
from chalicelib.errors import Unavailable
from chalicelib.flow.budget import A_MINUTE, BATCHES, BATCHES_WITHIN, BLOCK, TRIES, Floor, Meter
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


def test_batches_have_a_limit_of_their_own_in_any_minute(world: MemoryWorld) -> None:
    meter, began = Meter(world, Floor.WEBHOOK), world.now()
    for _ in range(BATCHES):
        meter.batch_room("r1")
        meter.spend_batch("r1")
        world.clock.move(seconds=1)
    for ask in (meter.batch_room, meter.spend_batch):
        with pytest.raises(Unavailable) as no:
            ask("r1")
    assert no.value.ours
    assert no.value.after == BATCHES_WITHIN.total_seconds() - (world.now() - began).total_seconds()
    world.clock.move(seconds=no.value.after)
    meter.spend_batch("r1")
    with pytest.raises(Unavailable) as again:
        meter.spend_batch("r1")
    assert again.value.after == 1, "the second batch went out a second after the first"
    meter.spend_batch("another")


def test_a_batch_that_another_worker_sends_at_this_moment_counts(world: MemoryWorld) -> None:
    other = Meter(world, Floor.WEBHOOK)
    with races.before(world.store, "put_record", lambda: other.spend_batch("r2")):
        Meter(world, Floor.WEBHOOK).spend_batch("r2")
    found = world.store.record("budget", "batches|r2")
    assert found
    assert len(found[1]["sent"]) == 2
    with races.before(world.store, "put_record", races.taken, times=TRIES):
        other.spend_batch("r2")
