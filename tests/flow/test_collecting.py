"""Reminder sets and collections: what a person may not do."""

from __future__ import annotations

import pytest

from chalicelib.domain.reminders import SUPPLIED
from chalicelib.errors import Refused
from chalicelib.flow import collecting
from chalicelib.flow.collecting import AT_ONCE
from tests.world import MemoryWorld


def test_a_supplied_set_is_never_changed() -> None:
    with pytest.raises(Refused, match="supplied sets cannot be changed"):
        collecting.save_set(MemoryWorld(), "us-1", id=SUPPLIED[0].id, name="Mine", steps=SUPPLIED[0].steps, by="test")


def test_one_press_starts_a_bounded_number_of_collections() -> None:
    with pytest.raises(Refused, match=f"at most {AT_ONCE} invoices"):
        collecting.start(MemoryWorld(), "us-1", [str(n) for n in range(AT_ONCE + 1)], "friendly", "test")
