"""Letters: dates as people write them, and no letter where there is nothing to remind of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import cast

import pytest

from chalicelib.domain.billing import BillSeen
from chalicelib.flow import letters
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow.acts import payable
from tests.world import Stage

UNREAD = cast("BillSeen", None)  # without a letter the reading is not looked at


@pytest.fixture(scope="module")
def stage() -> Stage:
    return acts.a_synced_stage()


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


def test_a_bill_that_nobody_collects_gets_no_reminder(stage: Stage) -> None:
    policy = policy_of(stage.world, stage.firm)
    assert letters.reminder(stage.world, policy, payable(stage, "1047"), UNREAD) is None


def test_a_set_that_is_gone_or_has_become_shorter_sends_no_reminder(stage: Stage) -> None:
    acts.collect(stage, "1046")
    policy, p = policy_of(stage.world, stage.firm), payable(stage, "1046")
    assert p.collection is not None and p.collection.next is not None
    shorter = replace(policy.sets[p.collection.set_id], steps=())
    for sets in ({}, {p.collection.set_id: shorter}):
        assert letters.reminder(stage.world, replace(policy, sets=sets), p, UNREAD) is None
