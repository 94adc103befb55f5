"""Journal entries of trust money: what keeps one waiting, and accounts of clients that are there already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain import effects
from chalicelib.domain.holding import Holder
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Status
from chalicelib.domain.trust import journal_key
from chalicelib.flow import journals, trusting
from chalicelib.flow.budget import Floor
from chalicelib.flow.drain import drain
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.world import Stage


@pytest.fixture(scope="module")
def synced() -> Stage:
    return trust.a_trust_stage(sub_accounts=True)


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all, with an account of each client below the trust liability."""
    acts.BUILT.append(synced)
    synced.pass_time(1, minutes=2)
    return synced


def reach(stage: Stage) -> Reach:
    return Reach(stage.world, stage.firm, policy_of(stage.world, stage.firm).lanes, Floor.WEBHOOK)


def holders(stage: Stage) -> dict[str, Holder]:
    return {h.id: h for h in acts.all_states(stage, Kind.HOLDER)}


def effect(stage: Stage, key: str) -> Effect:
    found = stage.world.store.effect(key)
    assert found is not None
    return found


def test_an_entry_waits_while_the_accounts_of_its_trust_money_are_not_chosen(stage: Stage) -> None:
    made = trust.move(stage, "Ada Example", 500)
    stage.world.clio_box.people.edit_transaction(made, amount=600)
    policy = policy_of(stage.world, stage.firm)
    trusting.point_at(stage.world, policy, str(made), trust.entry(stage, made).id, trust.account(stage))
    drain(stage.world, policy.lanes.of(Neighbour.CLIO))
    owed = effect(stage, journal_key(trust.entry(stage, made)))
    nothing = replace(policy, firm=replace(policy.firm, trust=replace(policy.firm.trust, banks=())))
    assert journals.prepare(stage.world, reach(stage), nothing, [owed]).blocked == [(owed, journals.NO_ACCOUNTS)]
    stage.work()
    assert trust.entry(stage, made).written
    trust.agree(stage)


@pytest.mark.parametrize("fate", ["drop_request", "drop_answer"])
def test_a_change_whose_answer_was_lost_is_written_again_without_harm(stage: Stage, fate: str) -> None:
    made = trust.move(stage, "Ada Example", 12345)
    stage.world.clio_box.people.edit_transaction(made, amount=20000 if fate == "drop_answer" else 30000)
    stage.world.quickbooks_box.faults.append(Fault(fate, path="/batch", method="POST", times=2))
    stage.pass_time(1, minutes=25)
    assert trust.entry(stage, made).written
    trust.agree(stage)


def test_an_account_that_a_client_has_already_is_not_made_again(stage: Stage) -> None:
    client, holder = next((c, h) for c, h in holders(stage).items() if h.account)
    lane, before = policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS), acts.calls(stage)
    owed = effects.holder(stage.firm, lane, client, 9, "whatever its name", stage.world.now())
    stage.world.store.arrive(owed)
    stage.work()
    assert effect(stage, owed.key).status is Status.DONE
    assert holders(stage)[client] == holder
    assert [r for r in acts.requests_since(stage, before) if r[0] == "quickbooks"] == []


def test_an_account_of_that_name_below_the_liability_is_used_as_it_is(stage: Stage) -> None:
    client = acts.contact(stage, "Jonas Weld").id
    name, liability = f"Jonas Weld (Clio {client})", trust.book(stage, "TrustAccountsLiabilities")
    theirs = stage.world.quickbooks_box.people._clerk(stage.realm).create(
        "Account",
        {
            "Name": name,
            "AccountType": liability["AccountType"],
            "AccountSubType": liability["AccountSubType"],
            "SubAccount": True,
            "ParentRef": {"value": liability["Id"]},
        },
    )
    made = trust.move(stage, "Jonas Weld", 12345)
    stage.pass_time(1, minutes=5)
    assert holders(stage)[client].account == theirs["Id"]
    assert f"T-{made}" in trust.journals(stage)
    assert len(acts.booked(stage, "Account", Name=name)) == 1
    trust.agree(stage)
