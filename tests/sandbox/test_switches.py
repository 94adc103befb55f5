"""Every switch of a sandbox stands in its list: what the reference leaves open can be turned by whoever reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SANDBOX = Path(__file__).parents[2] / "infra" / "sandbox"


@pytest.mark.parametrize("neighbour", ["clio", "quickbooks", "stripe"])
def test_every_switch_stands_in_the_list(neighbour: str) -> None:
    files = {path.name: path.read_text() for path in (SANDBOX / neighbour).glob("*.py")}
    asked = set(re.findall(r'switch\(\s*"(\w+)"', "".join(files.values())))
    listed = set(re.findall(r"^(\w+) {2,}", files["__init__.py"], re.M))
    assert asked and asked <= listed, asked - listed
