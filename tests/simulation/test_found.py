"""Each bug that the simulator found is held by a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
PROMISES = TESTS.parent / "docs" / "promises.md"


def test_each_line_of_what_was_found_names_a_test() -> None:
    there = {name for path in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())}
    found = PROMISES.read_text().partition("## Found on the way")[2]
    rows = [line for line in found.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 30
    for row in rows:
        held_by = row.rstrip("| ").rpartition("|")[2]
        names = re.findall(r"`(test_\w+)`", held_by)
        files = re.findall(r"`tests/([\w/]+\.py)`", held_by)
        assert names or files, row
        assert set(names) <= there, row
        assert all((TESTS / file).exists() for file in files), row
