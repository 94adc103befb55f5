"""A step for QuickBooks whose time is over: what a newer revision, or a new generation of links, makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do, Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Status
from chalicelib.flow import by_kind
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.world import Stage

KINDS = {Do.INVOICE: Kind.PAYABLE, Do.CREDIT: Kind.CREDIT, Do.JOURNAL: Kind.TRUST}
STEPS = list(KINDS)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Everything is written: each of these steps is done."""
    stage = trust.a_trust_stage()
    stage.pass_time(1, minutes=2)
    return stage


def a_state(stage: Stage, do: Do) -> Any:
    """Something that QuickBooks shows as it should be."""
    match do:
        case Do.INVOICE:
            return acts.payable(stage, "1046")
        case Do.CREDIT:
            return acts.all_states(stage, Kind.CREDIT)[0]
        case _:
            return trust.entries(stage)[0]


def step(stage: Stage, do: Do, revision: int) -> Effect:
    policy, now, x = policy_of(stage.world, stage.firm), stage.world.now(), a_state(stage, do)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    made = {
        Do.INVOICE: lambda: effects.invoice(stage.firm, lane, x.id, x.client_id, revision, x.number, now, x.number),
        Do.CREDIT: lambda: effects.credit(stage.firm, lane, x.id, (), revision, now, x.number),
        Do.JOURNAL: lambda: effects.journal(stage.firm, lane, x.id, revision, x.number, x.move.client_id, now),
    }[do]()
    stage.world.store.arrive(made)
    return made


def prepare(stage: Stage, policy: Policy, owed: Effect) -> Any:
    reach = Reach(stage.world, stage.firm, policy.lanes, Floor.WEBHOOK)
    return by_kind.prepare(stage.world, reach, policy, owed.kind, [owed])


def status(stage: Stage, owed: Effect) -> Status:
    found = stage.world.store.effect(owed.key)
    assert found is not None
    return found.status


@pytest.mark.parametrize("do", STEPS)
def test_a_step_of_an_older_revision_is_done_without_asking_quickbooks(stage: Stage, do: Do) -> None:
    owed, before = step(stage, do, 0), acts.calls(stage)
    prepared = prepare(stage, policy_of(stage.world, stage.firm), owed)
    assert (prepared.write, prepared.blocked, prepared.settled) == ([], [], 1)
    assert status(stage, owed) is Status.DONE
    assert acts.requests_since(stage, before) == []


@pytest.mark.parametrize("do", STEPS)
def test_a_step_met_in_a_later_generation_renews_its_state_and_is_owed_anew_there(stage: Stage, do: Do) -> None:
    old = a_state(stage, do)
    policy = policy_of(stage.world, stage.firm)
    lanes: Lanes = replace(policy.lanes, generation=2)
    later = replace(
        policy, firm=replace(policy.firm, generation=2, trust=replace(policy.firm.trust, generation=2)), lanes=lanes
    )
    owed, before = step(stage, do, old.wanted if do is Do.CREDIT else old.revision), acts.calls(stage)
    assert prepare(stage, later, owed).settled == 1
    assert status(stage, owed) is Status.DONE
    new = a_state(stage, do)
    assert (old.generation, new.generation) == (1, 2)
    anew = [e for e in acts.all_effects(stage) if e.about == owed.about and e.lane.endswith("|~2")]
    assert do in {e.kind for e in anew}
    assert all(e.status is Status.OWED for e in anew)
    assert acts.requests_since(stage, before) == [], "no link of the old company is used"
