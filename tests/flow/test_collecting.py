"""Reminder sets and collections: what a person may not do."""

from __future__ import annotations

import pytest

from chalicelib.domain.reminders import SUPPLIED
from chalicelib.errors import Refused
from chalicelib.flow import collecting, forecast
from chalicelib.flow.collecting import AT_ONCE
from tests.flow.acts import a_synced_stage, clio_id
from tests.world import MemoryWorld


def test_a_supplied_set_is_never_changed() -> None:
    with pytest.raises(Refused, match="supplied sets cannot be changed"):
        collecting.save_set(MemoryWorld(), "us-1", id=SUPPLIED[0].id, name="Mine", steps=SUPPLIED[0].steps, by="test")


def test_one_press_starts_a_bounded_number_of_collections() -> None:
    with pytest.raises(Refused, match=f"at most {AT_ONCE} invoices"):
        collecting.start(MemoryWorld(), "us-1", [str(n) for n in range(AT_ONCE + 1)], "friendly", "test")


def test_what_cannot_be_collected_is_shown_with_its_reason_before_anything_begins() -> None:
    stage = a_synced_stage()
    id = str(clio_id(stage, "1046"))
    [shown] = forecast.first_mails(stage.world, stage.firm, [id, "unheard-of"], "no-such-set")
    assert (shown.can, shown.at) == (False, None)
    assert shown.why
