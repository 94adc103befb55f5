"""A small fixed run of the simulator: some histories, crash points of every story, and that it can fail.

``make simulate`` runs the rest: any seeds, every crash point, every saboteur.
"""

from __future__ import annotations

import pytest

from tests.simulation.crash import STORIES, lengths, point
from tests.simulation.history import History
from tests.simulation.saboteurs import SABOTEURS, caught

SEEDS = range(1, 13)
SABOTEUR_SEEDS = 60
OF_EACH_STORY = 6  # crash points, and as many lost answers
QUICK = (
    "mail sent before the claim",
    "open amount taken from Clio alone",
    "trust payable paid by the operating account",
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_breaks_no_promise(seed: int) -> None:
    assert History(seed).run().violations == []


@pytest.mark.parametrize("story", range(len(STORIES)), ids=[s.name for s in STORIES])
def test_a_story_survives_a_death_and_a_lost_answer_anywhere(story: int) -> None:
    steps, answers = lengths(story)
    broken = [
        (dies, lost, outcome.violations)
        for dies, lost in (
            *((k, 0) for k in range(1, steps + 1, steps // OF_EACH_STORY)),
            *((0, k) for k in range(1, answers + 1, answers // OF_EACH_STORY)),
        )
        if (outcome := point(story, dies, lost)).violations
    ]
    assert broken == []


def test_a_history_is_the_same_each_time() -> None:
    first, again = History(7).run(), History(7).run()
    assert (first.steps, first.calls, first.struck) == (again.steps, again.calls, again.struck)


@pytest.mark.parametrize("name", QUICK)
def test_a_saboteur_is_caught(name: str) -> None:
    number = next(n for n, s in enumerate(SABOTEURS) if s.name == name)
    catch = caught(number, SABOTEUR_SEEDS, 1)
    assert catch.at, "nobody noticed"
    assert not catch.unclean
