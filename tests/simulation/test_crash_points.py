"""A point that goes on from the untouched story comes to what it comes to when it is played from the beginning."""

from __future__ import annotations

import pytest

from tests.simulation.crash import STORIES, alone, broken, played
from tests.simulation.saboteurs import SABOTEURS

STRIDE = 167


@pytest.mark.parametrize("story", range(len(STORIES)), ids=lambda n: STORIES[n].name)
def test_a_point_has_the_same_steps_as_from_the_beginning(story: int) -> None:
    found = played(story, lambda where: max(where[1:]) % STRIDE == 1)
    assert {(story, 1, 0), (story, 0, 1), (story, STRIDE + 1, 0)} <= set(found)
    assert found == {where: alone(where) for where in found}
    assert broken(found) == []


def test_what_is_broken_at_a_point_is_told_in_the_same_words() -> None:
    lost = next(s for s in SABOTEURS if s.name == "lost answer treated as failure")
    with lost.breaks():
        found = played(0, lambda where: where[2] > 200)  # the payment's answer is among the last
        assert broken(found)
        assert broken(found) == [(where, alone(where).broken) for where, _ in broken(found)]
