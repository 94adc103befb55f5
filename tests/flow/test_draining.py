"""A lane is drained by one worker, for a bounded time; what fails concerns itself alone, and nothing is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Neighbour, Status, lane_of
from chalicelib.domain.readings import Broken, ClientReading, Page
from chalicelib.errors import Unreadable
from chalicelib.flow import act, contacts, looking
from chalicelib.flow.budget import Floor
from chalicelib.flow.drain import CRASHES_AT_MOST, PASSES_AT_MOST, Place, crashed, drain
from chalicelib.flow.parking import park
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts, races
from tests.world import Stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all: each test takes a lane, or bills, of its own."""
    acts.BUILT.append(synced)
    synced.world.clock.move(seconds=61)  # a minute's budget of its own
    synced.work()
    synced.world.logs.clear()
    return synced


def a_lane(stage: Stage, name: str) -> str:
    return lane_of(stage.firm, Neighbour.SELF, name)


def owe(stage: Stage, lane: str, name: str, *, tries: int = 0, cause: str = "") -> str:
    """Something that is due in the lane at once: what waits for a person, put off for a year when its turn comes."""
    owed = effects.owed(stage.firm, Do.TASK, name, "firm", lane, stage.world.now())
    stage.world.store.arrive(replace(owed, tries=tries, cause=cause))
    return owed.key


def effect(stage: Stage, key: str) -> Effect:
    found = stage.world.store.effect(key)
    assert found is not None
    return found


def is_due(stage: Stage, key: str) -> bool:
    found = effect(stage, key)
    return found.status is Status.OWED and found.due_at <= stage.world.now()


def logged(stage: Stage, event: str) -> bool:
    return any(name == event for name, _ in stage.world.logs)


# --- one worker, for a bounded time -----------------------------------------------------------------------------------


def test_a_task_that_is_owed_by_mistake_only_waits_for_its_person(stage: Stage) -> None:
    key = owe(stage, a_lane(stage, "task"), "waits")
    assert drain(stage.world, a_lane(stage, "task")) == 1
    assert effect(stage, key).due_at == stage.world.now() + act.TASK_RESTS
    assert effect(stage, key).cause == "It waits for a person."


def test_a_lane_that_another_worker_drains_is_left_to_it(stage: Stage) -> None:
    lane = a_lane(stage, "held")
    key = owe(stage, lane, "held")
    until = stage.world.now() + timedelta(seconds=30)
    stage.world.store.put_record("lane", lane, {"until": until.isoformat()})
    assert drain(stage.world, lane) == 0
    assert is_due(stage, key)
    stage.world.store.put_record("lane", lane, {"until": ""})


def test_of_two_workers_that_begin_together_one_drains(stage: Stage) -> None:
    lane = a_lane(stage, "together")
    key = owe(stage, lane, "together")
    with races.before(stage.world.store, "put_record", races.taken):
        assert drain(stage.world, lane) == 0
    assert is_due(stage, key)


def test_a_worker_whose_lock_was_taken_over_leaves_it_to_the_other(stage: Stage) -> None:
    lane = a_lane(stage, "over")
    key = owe(stage, lane, "over")
    other = {"until": "2100-01-01T00:00:00+00:00"}
    with races.before(stage.world.store, "postpone", lambda: stage.world.store.put_record("lane", lane, other)):
        assert drain(stage.world, lane) == 1
    assert not is_due(stage, key)
    found = stage.world.store.record("lane", lane)
    assert found is not None and found[1] == other
    assert logged(stage, "lane_taken_over")
    stage.world.store.put_record("lane", lane, {"until": ""})


def test_no_call_starts_without_time_left_for_its_own_time_out(stage: Stage) -> None:
    lane = a_lane(stage, "late")
    key = owe(stage, lane, "late")
    assert drain(stage.world, lane, seconds=5) == 0
    assert is_due(stage, key)
    assert lane in stage.world.queue.take(), "handed on"


def test_a_lane_whose_time_runs_out_hands_on_what_is_left(stage: Stage) -> None:
    lane = a_lane(stage, "slow")
    keys = [owe(stage, lane, "slow-1"), owe(stage, lane, "slow-2")]
    with races.after(stage.world.store, "postpone", lambda: stage.world.clock.move(seconds=55)):
        assert drain(stage.world, lane) == 1
    assert sum(is_due(stage, key) for key in keys) == 1
    assert lane in stage.world.queue.take()


def test_a_lane_in_which_something_is_always_due_is_let_go(stage: Stage) -> None:
    lane = a_lane(stage, "endless")
    key = owe(stage, lane, "endless")
    again = effect(stage, key)
    with races.after(stage.world.store, "postpone", lambda: stage.world.store.arrive(again), times=PASSES_AT_MOST):
        assert drain(stage.world, lane) == PASSES_AT_MOST
    found = stage.world.store.record("lane", lane)
    assert found is not None and found[1] == {"until": ""}, "the next worker may have it"


# --- what stopped a worker --------------------------------------------------------------------------------------------


def a_dead_worker(stage: Stage, lane: str) -> None:
    gone = stage.world.now() - timedelta(seconds=1)
    stage.world.store.put_record("lane", lane, {"until": gone.isoformat()})


def test_after_a_worker_died_each_try_is_counted_and_what_dies_again_and_again_is_parked(stage: Stage) -> None:
    lane = a_lane(stage, "died")
    first = owe(stage, lane, "first")
    deadly = owe(stage, lane, "deadly", tries=CRASHES_AT_MOST, cause="The worker stopped.")
    a_dead_worker(stage, lane)
    assert drain(stage.world, lane) == 1
    assert effect(stage, first).tries == 1, "counted before it began"
    assert not is_due(stage, first)
    assert effect(stage, deadly).status is Status.PARKED
    assert effect(stage, deadly).reason == "Working on this stopped the program several times."


def test_a_bug_makes_its_step_wait_longer_each_time_and_parks_it_in_the_end(stage: Stage) -> None:
    key = owe(stage, a_lane(stage, "bug"), "bug")
    waits = []
    for _ in range(CRASHES_AT_MOST - 1):
        crashed(stage.world, Place(key), KeyError("bug"))
        waits.append((effect(stage, key).due_at - stage.world.now()).total_seconds())
    assert waits == [30, 60, 120, 240]
    crashed(stage.world, Place(key), KeyError("bug"))
    assert effect(stage, key).status is Status.PARKED
    assert effect(stage, key).detail == "KeyError"
    crashed(stage.world, Place(key), KeyError("bug"))
    assert effect(stage, key).status is Status.PARKED, "what is not owed any more is let be"


def test_a_bug_outside_any_step_touches_none(stage: Stage) -> None:
    owed = acts.all_effects(stage)
    crashed(stage.world, Place(), KeyError("bug"))
    assert acts.all_effects(stage) == owed


@pytest.mark.parametrize("kind", [Do.POSTING, Do.LOOK_BOOKED])
def test_what_belongs_into_a_batch_for_quickbooks_is_never_performed_alone(stage: Stage, kind: Do) -> None:
    policy = policy_of(stage.world, stage.firm)
    owed = effects.owed(stage.firm, kind, "stray", "firm", a_lane(stage, "stray"), stage.world.now())
    with pytest.raises(AssertionError, match=r"flow/booking\.py"):
        act.perform(stage.world, Reach(stage.world, stage.firm, policy.lanes, Floor.WEBHOOK), policy, owed)


# --- what moved meanwhile ---------------------------------------------------------------------------------------------


def test_sums_that_another_worker_folds_at_this_moment_are_folded_one_by_one(stage: Stage) -> None:
    lane = lane_of(stage.firm, Neighbour.SELF)
    body: dict[str, object] = {"open": {}}
    for n in (1, 2):
        stage.world.store.arrive(effects.fold(stage.firm, "payable/none", n, stage.world.now(), body))
    with races.before(stage.world.store, "commit", races.taken, times=5):
        assert drain(stage.world, lane) >= 2
    assert logged(stage, "folded_elsewhere")
    for n in (1, 2):
        assert effect(stage, f"{stage.firm}/{Do.FOLD}/payable/none/{n}").status is Status.DONE


def test_a_quickbooks_step_that_moves_all_the_time_waits_five_seconds(stage: Stage) -> None:
    policy = policy_of(stage.world, stage.firm)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    client = acts.contact(stage, acts.payable(stage, "1046").client_name).id
    old = effects.customer(stage.firm, lane, client, 0, stage.world.now(), "an old revision")
    stage.world.store.arrive(old)
    with races.before(stage.world.store, "commit", races.taken, times=5):
        drain(stage.world, lane)
    assert effect(stage, old.key).due_at == stage.world.now() + timedelta(seconds=5)
    assert effect(stage, old.key).cause == "It moved meanwhile."
    stage.pass_time(0.1, seconds=6)
    assert effect(stage, old.key).status is Status.DONE


def look_at(stage: Stage, *numbers: str) -> list[str]:
    policy = policy_of(stage.world, stage.firm)
    ids = [acts.payable(stage, n).id for n in numbers]
    for id in ids:
        looking.point_at_bill(stage.world, policy, id)
    return [effects.key_of(stage.firm, Do.LOOK_BILL, id) for id in ids]


def clio_lane(stage: Stage) -> str:
    return policy_of(stage.world, stage.firm).lanes.of(Neighbour.CLIO)


def test_bills_that_move_while_a_batch_is_looked_at_are_looked_at_one_by_one(stage: Stage) -> None:
    keys = look_at(stage, "1046", "1047")
    with races.before(stage.world.store, "commit", races.taken):
        assert drain(stage.world, clio_lane(stage)) >= 2
    assert [effect(stage, key).status for key in keys] == [Status.DONE, Status.DONE]


def test_bills_looked_at_one_by_one_wait_together_when_clio_does_not_answer(stage: Stage) -> None:
    keys = look_at(stage, "1046", "1047")
    down = Fault("status", method="GET", status=503, times=1)

    def moved() -> None:
        stage.world.clio_box.faults.append(down)
        races.taken()

    with races.before(stage.world.store, "commit", moved):
        assert drain(stage.world, clio_lane(stage)) == 0
    assert [effect(stage, key).status for key in keys] == [Status.OWED, Status.OWED]
    assert all(effect(stage, key).cause.startswith("Waiting: ") for key in keys)
    stage.pass_time(1, minutes=1)
    assert [effect(stage, key).status for key in keys] == [Status.DONE, Status.DONE]


def change_bill(stage: Stage, number: str, **fields: object) -> None:
    box = stage.world.clio_box
    bill = next(b for b in box.state.rows["bills"].values() if b.number == number)
    for name, value in fields.items():
        setattr(bill, name, value)
    box.changed(bill)


def test_in_a_batch_a_bill_that_we_do_not_understand_parks_alone(stage: Stage) -> None:
    good, bad = look_at(stage, "1046", "1047")
    change_bill(stage, "1047", state="in_review")
    assert drain(stage.world, clio_lane(stage)) >= 2
    assert effect(stage, good).status is Status.DONE
    assert effect(stage, bad).status is Status.PARKED
    assert "in_review" in effect(stage, bad).reason
    change_bill(stage, "1047", state="awaiting_payment")
    acts.poll(stage)
    assert effect(stage, bad).status is Status.DONE


def test_the_bills_of_one_payment_that_moves_meanwhile_are_looked_at_one_by_one(stage: Stage) -> None:
    lane = clio_lane(stage)
    look = effects.look_group(stage.firm, lane, "4711", stage.world.now())
    looks = [replace(look, key=f"{look.key}/{bill}/1") for bill in ("one", "other")]
    for look in looks:
        stage.world.store.arrive(look)
    with races.before(stage.world.store, "commit", races.taken):
        drain(stage.world, lane)
    assert logged(stage, "looked_at_one_by_one")
    assert [effect(stage, look.key).status for look in looks] == [Status.DONE, Status.DONE]


def test_a_pointer_that_comes_while_its_look_is_parked_is_looked_at_again(stage: Stage) -> None:
    key = look_at(stage, "1046")[0]
    look = effect(stage, key)
    again = Unreadable("state", "lost")
    with races.before(stage.world.store, "park", lambda: stage.world.store.arrive(look)):
        park(stage.world, look, again)
    assert is_due(stage, key)
    assert logged(stage, "arrived_while_parking")
    stage.work()
    assert effect(stage, key).status is Status.DONE


def test_in_a_batch_a_client_that_we_do_not_understand_parks_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = policy_of(stage.world, stage.firm)
    good, bad = sorted({p.client_id for p in acts.payables(stage)})[:2]
    for id in (good, bad):
        contacts.point_at_client(stage.world, policy, id)
    shown: Page[ClientReading] = Page((Broken(bad, "", "name", "7", "Correct it."),))
    monkeypatch.setattr(stage.world.clio, "clients_by_id", lambda _a, _ids: shown)
    drain(stage.world, clio_lane(stage))
    monkeypatch.undo()
    looks = [effect(stage, effects.key_of(stage.firm, Do.LOOK_CLIENT, id)) for id in (good, bad)]
    assert [e.status for e in looks] == [Status.DONE, Status.PARKED]
    assert looks[1].reason == "It shows a name that we cannot use: 7"
    assert looks[1].remedy == "Correct it."
    contacts.point_at_client(stage.world, policy, bad)
    stage.work()
    assert effect(stage, looks[1].key).status is Status.DONE
