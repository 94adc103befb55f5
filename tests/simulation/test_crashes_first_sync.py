"""Every crash point of the story of the first sync: the worker dies at each I/O step, each answer is lost once."""

from __future__ import annotations

from tests.simulation.crash import broken, played_elsewhere


def test_the_story_survives_a_death_and_a_lost_answer_anywhere() -> None:
    assert broken(played_elsewhere(0)) == []
