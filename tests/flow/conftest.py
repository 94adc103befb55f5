"""At the end of every test, every stage that it built is sound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flow import acts, soundness
from tests.world import Stage


@pytest.fixture(autouse=True)
def every_stage_is_sound() -> Iterator[None]:
    acts.BUILT.clear()
    yield
    for stage in acts.BUILT:
        soundness.check(stage)


@pytest.fixture(scope="module")
def synced() -> Stage:
    """One synced firm for all tests of a file, where each of them touches other bills."""
    return acts.a_synced_stage()
