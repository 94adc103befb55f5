"""The local stage's clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import clock
from infra.sandbox.kit import FileClock


@pytest.mark.parametrize(("span", "seconds"), [("+3d", 259200), ("90m", 5400), ("1d12h", 129600), ("2w", 1209600)])
def test_a_span_is_read(span: str, seconds: int) -> None:
    assert clock.seconds_in(span) == seconds


@pytest.mark.parametrize("span", ["", "3", "-1d", "1d!", "d"])
def test_what_is_no_span_is_refused(span: str) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        clock.seconds_in(span)


def test_moving_adds_up_and_the_sandboxes_see_it(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.move(file, 60)
    assert clock.move(file, 60) == 120
    assert FileClock(file).offset() == 120


def test_time_does_not_go_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not go back"):
        clock.move(tmp_path / "clock", -1)
