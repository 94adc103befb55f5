"""Trust ledgers: as many changes as one commit takes at once, and lists that are read to their end."""

from __future__ import annotations

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Effect
from chalicelib.errors import Conflict
from chalicelib.flow import ledgers, summing
from chalicelib.flow.settle import policy_of
from chalicelib.store.bounds import ACTIONS as STORE_TAKES
from tests.flow import acts
from tests.world import Stage

CLIENTS = ledgers.PAGE + 1


@pytest.fixture(scope="module")
def stage() -> Stage:
    return acts.a_stage(trust=False)


def deposits(stage: Stage) -> list[Effect]:
    """One deposit for each of many clients, on an account of its own."""
    return [
        effects.ledger(stage.firm, f"e{n}", 1, stage.world.now(), {"moves": [a_move(f"{n:03d}", 100 + n)]})
        for n in range(CLIENTS)
    ]


def a_move(client: str, cents: int, account: str = "77") -> dict[str, object]:
    name = f"Client {client}"
    return {
        "account": account,
        "client": client,
        "matter": f"m{client}",
        "on": "2026-03-01",
        "cents": cents,
        "name": name,
        "label": name,
    }


def test_many_changes_are_folded_in_as_few_commits_as_the_store_allows_and_every_client_is_listed(
    stage: Stage,
) -> None:
    owed, commits = deposits(stage), 0
    for e in owed:
        stage.world.store.arrive(e)
    while owed:
        taken = ledgers.together(owed)
        assert 1 < len(taken) <= STORE_TAKES
        ledgers.fold(stage.world, policy_of(stage.world, stage.firm), taken)
        owed, commits = owed[len(taken) :], commits + 1
    assert commits < CLIENTS / 5
    listed = ledgers.clients_of(stage.world, stage.firm, "77")
    assert [(x.client, x.balance) for x in listed] == [(f"{n:03d}", 100 + n) for n in range(CLIENTS)]
    assert ledgers.ledger_of(stage.world, stage.firm, "77").balance == sum(x.balance for x in listed)


def test_a_change_that_a_lagging_index_still_shows_as_owed_is_not_counted_again(stage: Stage) -> None:
    world, policy, move = stage.world, policy_of(stage.world, stage.firm), a_move("late", 500, "88")
    owed = [effects.ledger(stage.firm, f"late{n}", 1, world.now(), {"moves": [move]}) for n in range(2)]
    for e in owed:
        world.store.arrive(e)
    ledgers.fold(world, policy, owed[:1])
    for shown in (owed, owed[:1]):
        with pytest.raises(Conflict, match="done already"):
            ledgers.fold(world, policy, shown)
    assert ledgers.ledger_of(world, stage.firm, "88:late").balance == 500
    ledgers.fold(world, policy, owed[1:])
    assert ledgers.ledger_of(world, stage.firm, "88:late").balance == 1000


def test_nor_is_it_counted_again_in_the_firms_sums(stage: Stage) -> None:
    world = stage.world
    change = effects.fold(stage.firm, "payable/late", 1, world.now(), {"late": 500})
    world.store.arrive(change)
    summing.fold(world, stage.firm, [change])
    once = summing.sums_of(world, stage.firm)
    with pytest.raises(Conflict, match="done already"):
        summing.fold(world, stage.firm, [change])
    assert summing.sums_of(world, stage.firm) == once
