"""Sync status: freshness, queues with their wait and cause, what is parked, and broken links by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Neighbour, lane_of
from chalicelib.errors import Refused
from chalicelib.flow import attention, digesting, health
from chalicelib.flow.health import Health, Queue
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import a_stage, a_synced_stage, pay_by_card
from tests.flow.test_connections import lose_quickbooks
from tests.flow.test_preflight import check, settings
from tests.world import Stage


def status(stage: Stage) -> Health:
    return health.health(stage.world, stage.firm)


def queue(stage: Stage, neighbour: Neighbour) -> Queue:
    lane = acts.lane(stage, neighbour)
    return next(q for q in status(stage).queues if q.lane == lane)


def test_before_anything_is_read_nothing_is_claimed() -> None:
    told = status(a_stage())
    assert told.run is None
    assert all(f.read_at is None for f in told.feeds)
    assert told.settings == 0


def test_after_a_resync_every_feed_says_when_it_was_read() -> None:
    stage = a_synced_stage()
    stage.pass_time(5, minutes=20)
    told = status(stage)
    assert told.run
    assert told.run.finished_at
    assert all(f.read_at and f.next_at and f.next_at > told.at for f in told.feeds)
    assert queue(stage, Neighbour.CLIO).waiting == 0


def test_a_lost_connection_shows_what_waits_for_it_and_why_and_it_can_be_tried_now() -> None:
    stage = a_synced_stage()
    lose_quickbooks(stage)
    pay_by_card(stage, "1046")
    waits = queue(stage, Neighbour.QUICKBOOKS)
    assert waits.waiting >= 1
    assert ("QuickBooks is disconnected.", 1) in waits.causes
    assert (waits.oldest, waits.more) == (None, False)
    assert waits.next_at
    assert waits.next_at > stage.world.now()
    health.again(stage.world, stage.firm, waits.lane)
    assert queue(stage, Neighbour.QUICKBOOKS).oldest == stage.world.now()
    assert not status(stage).well


def test_a_queue_of_another_firm_is_not_there() -> None:
    stage = a_synced_stage()
    with pytest.raises(Refused):
        health.again(stage.world, stage.firm, "us-1|clio|us/1")


def test_a_setting_that_syncing_waits_for_is_told() -> None:
    stage = a_synced_stage()
    settings(stage, CustomTxnNumbers=False)
    check(stage)
    assert status(stage).blocked
    assert status(stage).settings


def test_a_setting_that_nothing_waits_for_is_told_and_is_no_trouble() -> None:
    stage = a_synced_stage()
    settings(stage, AutoApplyCredit=True)
    check(stage)
    told = replace(status(stage), parked=())
    assert (told.settings, told.blocked, told.well) == (1, False, True)


def test_a_deleted_invoice_is_a_broken_link_and_shown_apart() -> None:
    stage = a_synced_stage()
    people = stage.world.quickbooks_box.people
    people.delete_invoice(stage.realm, acts.invoice(stage, "1046")["Id"])
    stage.world.clio_box.people.add_interest("1046", 100)
    acts.poll(stage)
    stage.pass_time(2, minutes=10)
    told = status(stage)
    assert [i.payable for i in told.broken] == [acts.payable(stage, "1046").id]
    assert not {i.key for i in told.broken} & {i.key for i in told.parked}


def a_deleted_invoice(stage: Stage) -> None:
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, acts.invoice(stage, "1046")["Id"])
    stage.pass_time(5, minutes=30)
    assert status(stage).broken


def park_newer(stage: Stage, count: int) -> None:
    stage.world.clock.move(seconds=5)
    for n in range(count):
        now = stage.world.now()
        stage.world.store.arrive(
            effects.task(stage.firm, f"x/{n}", "firm", now, title="Odd", reason="It is.", remedy="Look")
        )


def test_a_broken_link_behind_a_hundred_newer_things_is_shown_and_told_in_the_morning() -> None:
    stage = a_synced_stage()
    a_deleted_invoice(stage)
    park_newer(stage, 210)
    told = status(stage)
    assert [i.payable for i in told.broken] == [acts.payable(stage, "1046").id]
    assert told.more
    assert len(told.parked) == 100
    news = digesting.read(stage.world, policy_of(stage.world, stage.firm))
    assert len(news.broken) == 1
    assert news.more


def test_what_is_parked_is_read_up_to_a_bound() -> None:
    stage = a_synced_stage()
    a_deleted_invoice(stage)
    park_newer(stage, attention.READ * attention.PAGES)
    told = status(stage)
    assert told.more
    assert not told.broken


def test_every_lane_that_ever_owed_something_is_shown() -> None:
    stage = trust.a_trust_stage()
    owing = {e.lane for e in acts.all_effects(stage)}
    shown = {q.lane: q.name for q in status(stage).queues}
    assert owing <= set(shown)
    assert shown[lane_of(stage.firm, Neighbour.SELF, "trust")] == "Ledgers of trust money"
