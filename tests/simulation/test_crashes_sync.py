"""Every crash point of the stories of the first sync: the worker dies at each I/O step, each answer is lost once."""

from __future__ import annotations

import pytest

from tests.simulation.crash import STORIES, judged, points


@pytest.mark.parametrize("story", (0,), ids=lambda n: STORIES[n].name)
def test_a_story_survives_a_death_and_a_lost_answer_anywhere(story: int) -> None:
    broken = [(where, what) for where, _, what in map(judged, points(story)) if what]
    assert broken == []
