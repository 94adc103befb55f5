"""At the end of every test, every stage that it built is sound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flow import acts, soundness


@pytest.fixture(autouse=True)
def every_stage_is_sound() -> Iterator[None]:
    acts.BUILT.clear()
    yield
    for stage in acts.BUILT:
        soundness.check(stage)
