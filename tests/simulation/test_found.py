"""Each bug that the simulator found is held by a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent


def test_each_line_of_what_was_found_names_a_test() -> None:
    there = {name for path in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())}
    rows = [line for line in (HERE / "FOUND.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 30
    for row in rows:
        held_by = row.rstrip("| ").rpartition("|")[2]
        names = re.findall(r"`(test_\w+)`", held_by)
        files = re.findall(r"`tests/([\w/]+\.py)`", held_by)
        assert names or files, row
        assert set(names) <= there, row
        assert all((TESTS / file).exists() for file in files), row
