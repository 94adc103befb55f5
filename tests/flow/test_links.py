"""Pay links by themselves: made, opened, and made useless, every one of them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.flow import links
from chalicelib.flow.links import PayLink
from tests.world import MemoryWorld

MANY = 2 * links.PAGE + 1


def made(world: MemoryWorld, count: int, payable: str = "p1") -> list[str]:
    return [links.make(world, PayLink("us-1", "c1", payable)) for _ in range(count)]


def opening(world: MemoryWorld, tokens: list[str]) -> int:
    return sum(links.opened_by(world, token) is not None for token in tokens)


def test_every_link_of_a_payable_is_made_useless_however_many_there_are() -> None:
    world = MemoryWorld()
    tokens, others = made(world, MANY), made(world, 2, "p2")
    assert links.revoke(world, "us-1", "p1") == MANY
    assert (opening(world, tokens), opening(world, others)) == (0, 2)
    assert links.revoke(world, "us-1", "p1") == 0
    assert world.store.records("links/us-1/p1") == []


class Dying:
    """A store whose worker dies at its nth deletion."""

    def __init__(self, real: Any, at: int) -> None:
        self.real = real
        self.left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def delete_record(self, pk: str, sk: str) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        self.real.delete_record(pk, sk)


@pytest.mark.parametrize("at", [1, 2, 3, 2 * links.PAGE + 1, 2 * links.PAGE + 2])
def test_whoever_dies_on_the_way_leaves_nothing_that_the_next_attempt_misses(at: int) -> None:
    world = MemoryWorld()
    tokens, real = made(world, MANY), world.store
    world.store = Dying(real, at)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        links.revoke(world, "us-1", "p1")
    world.store = real
    assert opening(world, tokens) == MANY - at // 2
    links.revoke(world, "us-1", "p1")
    assert opening(world, tokens) == 0
    assert world.store.records("links/us-1/p1") == []
