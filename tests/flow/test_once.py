"""A program's POST is done once for its key."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.once import BEGUN, KEY_LENGTH, Answered, once
from tests.builders import FIRM
from tests.world import MemoryWorld

DONE = Answered(201, '{"id": 1}')


def ask(world: MemoryWorld, key: str = "k1") -> Answered:
    return once(world, FIRM, key, b"POST /x {}", lambda: DONE)


@pytest.mark.parametrize("key", ["", "x" * (KEY_LENGTH + 1)])
def test_a_key_has_a_length(key: str) -> None:
    with pytest.raises(Refused, match="1 to 200 characters"):
        ask(MemoryWorld(), key)


def test_the_same_request_waits_while_the_first_is_worked_on_and_a_dead_one_gives_its_key_back() -> None:
    world = MemoryWorld()

    def meanwhile() -> Answered:
        with pytest.raises(Unavailable):
            ask(world)
        world.clock.move(seconds=BEGUN.total_seconds())
        return ask(world)

    assert once(world, FIRM, "k1", b"POST /x {}", meanwhile) == DONE
    assert ask(world) == Answered(201, '{"id": 1}', again=True)


def test_of_two_requests_at_the_same_instant_one_is_done() -> None:
    world = MemoryWorld()

    def another_comes_first(verb: str, _table: str) -> None:
        if verb == "put_record":
            world.store.before = None
            ask(world)

    world.store.before = another_comes_first
    with pytest.raises(Unavailable):
        once(world, FIRM, "k1", b"POST /x {}", lambda: pytest.fail("it is done already"))
