"""Letters: dates as people write them, and no letter where there is nothing to remind of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import cast

import pytest

from chalicelib.domain import planning
from chalicelib.domain.billing import BillSeen
from chalicelib.domain.planning import CollectionStarted
from chalicelib.flow import letters
from tests.builders import NOW, a_payable
from tests.domain.given import a_policy
from tests.world import MemoryWorld

UNREAD = cast("BillSeen", None)  # without a letter the reading is not looked at


@pytest.mark.parametrize(
    ("day", "currency", "words"),
    [
        (date(2026, 3, 9), "USD", "March 9, 2026"),
        (date(2026, 3, 9), "GBP", "9 March 2026"),
        (None, "USD", "no date"),
    ],
)
def test_a_day_is_written_as_people_of_the_country_do(day: date | None, currency: str, words: str) -> None:
    assert letters.words_for(day, currency) == words


def test_a_bill_that_nobody_collects_gets_no_reminder() -> None:
    assert letters.reminder(MemoryWorld(), a_policy(), a_payable(), UNREAD) is None


def test_a_set_that_is_gone_or_has_become_shorter_sends_no_reminder() -> None:
    policy, world = a_policy(), MemoryWorld()
    p = planning.collect(a_payable(), CollectionStarted("friendly"), policy, NOW).state
    assert p.collection is not None and p.collection.next is not None
    shorter = replace(policy.sets["friendly"], steps=())
    for sets in ({}, {"friendly": shorter}):
        assert letters.reminder(world, replace(policy, sets=sets), p, UNREAD) is None
