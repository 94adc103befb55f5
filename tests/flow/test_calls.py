"""A stored call to QuickBooks: sent, refused as a whole or in part, left by a dead worker. Nothing is written twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Call, Effect, Neighbour, Status
from chalicelib.flow import booking, looking
from chalicelib.flow.budget import Floor
from chalicelib.flow.drain import drain
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts, races
from tests.flow.acts import cents, invoice, parked
from tests.world import Stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all; each test changes other bills."""
    acts.BUILT.append(synced)
    synced.world.clock.move(seconds=61)
    synced.work()
    synced.world.metrics.clear()
    return synced


def lane(stage: Stage) -> str:
    return policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS)


def change(stage: Stage, **totals: int) -> None:
    """The bills ask for other amounts now, and each invoice is owed (``_1046=130000``)."""
    policy = policy_of(stage.world, stage.firm)
    for number, total in totals.items():
        stage.world.clio_box.people.edit_bill(number[1:], total=total)
        looking.point_at_bill(stage.world, policy, acts.payable(stage, number[1:]).id)
    stage.work()


def lose(stage: Stage, times: int = 1) -> None:
    """The next requests that write never arrive, and nobody hears of it."""
    stage.world.quickbooks_box.faults.append(Fault("drop_request", path="/batch", method="POST", times=times))


def refuse(stage: Stage, *codes: str) -> None:
    stage.world.quickbooks_box.people.refuse_members(list(codes))


def total(stage: Stage, number: str) -> int:
    return cents(invoice(stage, number)["TotalAmt"])


def steps(stage: Stage, number: str) -> list[Effect]:
    """The invoice's steps that are not done."""
    about = f"payable/{acts.payable(stage, number).id}"
    found = [e for e in acts.all_effects(stage) if e.about == about and e.kind == "quickbooks.invoice"]
    return [e for e in found if e.status is not Status.DONE]


# --- refused ----------------------------------------------------------------------------------------------------------


def test_where_quickbooks_refuses_a_batch_as_a_whole_only_the_culprit_parks(stage: Stage) -> None:
    bad = Fault("status", path="/batch", method="POST", status=400, times=2)  # the batch, then its first member
    stage.world.quickbooks_box.faults.append(bad)
    change(stage, _1046=130000, _1047=90000)
    assert sorted([total(stage, "1046") == 130000, total(stage, "1047") == 90000]) == [False, True]
    [left] = [*steps(stage, "1046"), *steps(stage, "1047")]
    assert left.status is Status.PARKED and left.call == "", "no call is left open"
    stage.world.store.retry(left.key, stage.world.now())
    stage.work()
    assert [total(stage, "1046"), total(stage, "1047")] == [130000, 90000]


def test_a_member_that_is_asked_to_slow_down_goes_into_another_call_a_minute_later(stage: Stage) -> None:
    refuse(stage, "3001")
    change(stage, _1048=40000)
    [step] = steps(stage, "1048")
    assert (step.cause, step.call) == ("QuickBooks asks us to slow down.", "")
    assert total(stage, "1048") == 39210
    stage.pass_time(0.5, seconds=61)
    assert total(stage, "1048") == 40000


def test_after_a_repeat_changed_meanwhile_may_be_our_own_first_send_so_it_is_looked_up(stage: Stage) -> None:
    lose(stage)
    change(stage, _1049=6000)
    refuse(stage, "5010")
    stage.pass_time(0.1, seconds=12)
    [step] = steps(stage, "1049")
    assert step.call, "neither refused nor freed: nobody knows yet"
    stage.pass_time(0.5, minutes=3)
    assert total(stage, "1049") == 6000


def test_a_refusal_of_what_a_newer_revision_replaced_is_nobodys_concern(stage: Stage) -> None:
    lose(stage)
    change(stage, _1053=65000)
    refuse(stage, "2010")
    change(stage, _1053=66000)
    stage.pass_time(0.1, minutes=1)
    assert not parked(stage, about=f"payable/{acts.payable(stage, '1053').id}")
    assert total(stage, "1053") == 66000


# --- another worker ---------------------------------------------------------------------------------------------------


def test_a_member_that_another_worker_took_into_its_call_is_left_to_it(stage: Stage) -> None:
    with races.before(stage.world.store, "begin", races.taken):
        change(stage, _1054=420000)
    assert stage.world.store.live_calls(lane(stage)) == []
    assert total(stage, "1054") == 420000, "the next pass saw what was left"


def test_a_call_whose_member_another_worker_settles_stays_open_until_all_is_known(stage: Stage) -> None:
    store = stage.world.store
    policy = policy_of(stage.world, stage.firm)
    stage.world.clio_box.people.edit_bill("1061", total=41000)
    looking.point_at_bill(stage.world, policy, acts.payable(stage, "1061").id)
    drain(stage.world, policy.lanes.of(Neighbour.CLIO))
    with races.before(store, "commit", races.taken, times=5):
        drain(stage.world, lane(stage))
    [call] = store.live_calls(lane(stage))
    assert total(stage, "1061") == 41000, "it was written"
    assert steps(stage, "1061")[0].call == call.id
    stage.pass_time(0.5, minutes=3)
    assert store.live_calls(lane(stage)) == []
    assert steps(stage, "1061") == []


def test_a_call_that_a_worker_stored_and_never_sent_is_made_anew_after_half_a_minute(stage: Stage) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    policy = policy_of(stage.world, stage.firm)
    stage.world.clio_box.people.edit_bill("1062", total=74000)
    looking.point_at_bill(stage.world, policy, acts.payable(stage, "1062").id)
    drain(stage.world, policy.lanes.of(Neighbour.CLIO))
    with races.before(stage.world.store, "sending", die), pytest.raises(KeyboardInterrupt):
        drain(stage.world, lane(stage))
    stage.world.store.put_record("lane", lane(stage), {"until": ""})
    [call] = stage.world.store.live_calls(lane(stage))
    stage.pass_time(0.1, seconds=20)
    assert [c.id for c in stage.world.store.live_calls(lane(stage))] == [call.id], "its worker may still be at it"
    assert total(stage, "1062") == 73550
    stage.pass_time(0.1, seconds=20)
    assert total(stage, "1062") == 74000


# --- an earlier generation of links -----------------------------------------------------------------------------------


def test_what_an_earlier_generation_has_in_a_call_is_never_sent_again(stage: Stage) -> None:
    world = stage.world
    policy = policy_of(world, stage.firm)
    owed = effects.invoice(stage.firm, lane(stage), "none", "none", 1, "9999", world.now(), "of the old company")
    world.store.arrive(owed)
    call = Call("old", lane(stage), owed.kind, (owed.key,), {"body": ""}, world.now())
    world.store.begin(call)
    before = acts.calls(stage)
    later = replace(policy, firm=replace(policy.firm, generation=policy.firm.generation + 1))
    held = world.store.effect(owed.key)
    assert held is not None
    reach = Reach(world, stage.firm, later.lanes, Floor.WEBHOOK)
    assert booking.work(world, reach, later, [held])
    assert world.store.live_calls(lane(stage)) == []
    told = world.store.effect(owed.key)
    assert told is not None and told.status is Status.DONE
    assert acts.requests_since(stage, before) == []


def test_what_waited_out_an_outage_is_not_parked_at_quickbooks_first_refusal(stage: Stage) -> None:
    outage = Fault("status", path="/query$", status=503, times=1000)
    stage.world.quickbooks_box.faults.append(outage)
    change(stage, _1046=140000)
    stage.pass_time(1, minutes=30)
    [step] = steps(stage, "1046")
    assert step.tries > booking.TROUBLES_AT_MOST
    stage.world.quickbooks_box.faults.remove(outage)
    refuse(stage, "10000")
    stage.pass_time(1, hours=1)
    assert total(stage, "1046") == 140000 and steps(stage, "1046") == []
