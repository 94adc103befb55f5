"""Tokens: fresh when asked for, refreshed by one worker, kept before use, and lost in the open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import Access, Tokens
from chalicelib.errors import Declined, Disconnected, Expired, Refused, Unavailable
from chalicelib.flow import connecting, reconciling, tokens
from chalicelib.flow.firms import connections
from infra.sandbox.clio import FIRM_A
from tests.world import MemoryWorld, Stage, a_stage

BOOKS = Neighbour.QUICKBOOKS


@dataclass
class Endpoint:
    """A token endpoint that answers as told: a name for a good answer, an error to raise, or something to do first."""

    world: MemoryWorld
    answers: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def refresh(self, refresh_token: str) -> Tokens:
        self.asked.append(refresh_token)
        answer = self.answers.pop(0)
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return Tokens(f"access-{answer}", f"refresh-{answer}", self.world.now() + timedelta(hours=1))

    def revoke(self, _refresh_token: str) -> None:
        raise Unavailable("gone for lunch")


def a_connected_firm(*answers: Any, minutes_left: int = 60) -> tuple[Stage, Endpoint]:
    """A firm whose QuickBooks tokens are access-0 and refresh-0."""
    stage = a_stage(trust=False)
    world = stage.world
    endpoint = Endpoint(world, list(answers))
    world.quickbooks = endpoint  # type: ignore[assignment]
    expires_at = world.now() + timedelta(minutes=minutes_left)
    tokens.keep(world, stage.firm, BOOKS, stage.realm, Tokens("access-0", "refresh-0", expires_at))
    return stage, endpoint


def access(stage: Stage) -> str:
    return tokens.access(stage.world, stage.firm, BOOKS, stage.realm).token


def call(stage: Stage, *refused: str, purse: tokens.Purse | None = None) -> str:
    """A call that refuses these tokens; gives the token that got through."""

    def asked(given: Access) -> str:
        if given.token in refused or "all" in refused:
            raise Expired
        return given.token

    return tokens.with_access(stage.world, stage.firm, BOOKS, stage.realm, asked, purse)


def connected(stage: Stage) -> bool:
    return connections(stage.world, stage.firm)["quickbooks"].connected


def test_a_token_with_time_left_is_given_as_it_is() -> None:
    stage, endpoint = a_connected_firm()
    assert access(stage) == "access-0"
    assert endpoint.asked == []


def test_a_token_near_its_end_is_refreshed_and_kept_before_use() -> None:
    stage, endpoint = a_connected_firm("1", minutes_left=4)
    assert access(stage) == "access-1"
    assert tokens.held(stage.world, stage.firm, BOOKS, stage.realm).refresh == "refresh-1"
    assert access(stage) == "access-1"
    assert endpoint.asked == ["refresh-0"]


def test_the_refresh_token_before_is_kept_beside_the_new_one() -> None:
    stage, _ = a_connected_firm("1", minutes_left=4)
    access(stage)
    assert tokens.held(stage.world, stage.firm, BOOKS, stage.realm).spare == "refresh-0"


def test_a_refused_token_is_refreshed_once_and_the_call_repeated() -> None:
    stage, _ = a_connected_firm("1")
    assert call(stage, "access-0") == "access-1"
    assert connected(stage)


def test_a_call_refused_twice_loses_the_connection_and_the_firm_is_told() -> None:
    stage, _ = a_connected_firm("1")
    with pytest.raises(Disconnected):
        call(stage, "all")
    assert not connected(stage)
    titles = [e.title for e in stage.world.store.parked(stage.firm, limit=50).items]
    assert "QuickBooks is disconnected" in titles


def test_a_dead_refresh_token_loses_the_connection() -> None:
    stage, _ = a_connected_firm(Declined("invalid_grant", "no"), minutes_left=-1)
    with pytest.raises(Disconnected):
        call(stage)
    assert not connected(stage)


def test_a_dead_refresh_token_is_not_asked_for_again_until_somebody_consents() -> None:
    stage, endpoint = a_connected_firm(Declined("invalid_grant", "no"), minutes_left=-1)
    for _ in range(3):
        with pytest.raises(Disconnected, match="refused to renew"):
            call(stage)
    assert endpoint.asked == ["refresh-0"]
    fresh = Tokens("access-new", "refresh-new", stage.world.now() + timedelta(hours=1))
    tokens.keep(stage.world, stage.firm, BOOKS, stage.realm, fresh)
    assert call(stage) == "access-new"


def test_one_piece_of_work_reads_a_token_once_and_again_when_it_is_refused() -> None:
    stage, _ = a_connected_firm("1", minutes_left=60)
    reads: list[str] = []
    stage.world.store.before = lambda verb, _table: reads.append(verb) if verb == "record" else None
    purse: tokens.Purse = {}
    assert [call(stage, purse=purse), call(stage, purse=purse)] == ["access-0", "access-0"]
    assert len(reads) == 1
    assert call(stage, "access-0", purse=purse) == "access-1"
    assert call(stage, purse=purse) == "access-1"


def test_a_refresh_token_refused_because_another_worker_rotated_it_loses_nothing() -> None:
    stage, endpoint = a_connected_firm(minutes_left=-1)

    def another_was_faster() -> Exception:
        fresh = Tokens("access-other", "refresh-other", stage.world.now() + timedelta(hours=1))
        tokens.keep(stage.world, stage.firm, BOOKS, stage.realm, fresh)
        return Declined("invalid_grant", "no")

    endpoint.answers = [another_was_faster]
    assert call(stage) == "access-other"
    assert connected(stage)


def test_after_a_lost_answer_the_same_refresh_token_is_tried_again() -> None:
    stage, endpoint = a_connected_firm(Unavailable("lost", maybe_done=True), "1", minutes_left=-1)
    with pytest.raises(Unavailable):
        call(stage)
    assert call(stage) == "access-1"
    assert endpoint.asked == ["refresh-0", "refresh-0"]
    assert connected(stage)


def test_the_token_before_serves_when_the_newest_is_refused() -> None:
    stage, endpoint = a_connected_firm("1", Declined("invalid_grant", "no"), "2", minutes_left=-1)
    access(stage)
    stage.world.clock.move(hours=2)
    assert access(stage) == "access-2"
    assert endpoint.asked == ["refresh-0", "refresh-1", "refresh-0"]


def test_a_token_with_a_little_time_left_serves_while_the_endpoint_is_down() -> None:
    stage, _ = a_connected_firm(Unavailable("down"), minutes_left=4)
    assert access(stage) == "access-0"


def test_our_own_wrong_id_loses_no_firm() -> None:
    stage, _ = a_connected_firm(Declined("invalid_client", "no"), minutes_left=-1)
    with pytest.raises(Unavailable):
        call(stage)
    assert connected(stage)


def test_two_workers_do_not_refresh_at_once() -> None:
    stage, endpoint = a_connected_firm(minutes_left=-1)
    met: list[Exception] = []

    def while_the_first_waits() -> str:
        with pytest.raises(Unavailable) as told:
            access(stage)
        met.append(told.value)
        return "1"

    endpoint.answers = [while_the_first_waits]
    assert access(stage) == "access-1"
    assert len(met) == 1
    assert endpoint.asked == ["refresh-0"]


def test_a_dead_workers_lease_ends_by_itself() -> None:
    stage, endpoint = a_connected_firm(minutes_left=-1)
    lease = stage.world.now() + tokens.LEASE
    stage.world.store.put_record("lease", f"token/{BOOKS}/{stage.realm}", {"until": lease.isoformat()})
    with pytest.raises(Unavailable):
        access(stage)
    stage.world.clock.move(seconds=31)
    endpoint.answers = ["1"]
    assert access(stage) == "access-1"


def test_stripe_needs_no_token() -> None:
    stage = a_stage(trust=False)
    assert tokens.access(stage.world, stage.firm, Neighbour.STRIPE, "acct_1") == Access(stage.firm, "acct_1")


def test_a_token_is_stored_sealed_and_never_logged() -> None:
    stage, _ = a_connected_firm("1", minutes_left=-1)
    call(stage)
    found = stage.world.store.record(f"token/{stage.firm}", f"{BOOKS}/{stage.realm}")
    assert found is not None
    assert found[1]["sealed"].startswith(f"{stage.firm}|{BOOKS}|")
    assert "access-1" not in str(stage.world.logs)
    assert "access-1" not in repr(tokens.held(stage.world, stage.firm, BOOKS, stage.realm))


# --- disconnecting and coming back ------------------------------------------------------------------------------------


def test_disconnecting_works_though_the_neighbour_does_not_answer() -> None:
    stage, _ = a_connected_firm()
    connecting.disconnect(stage.world, stage.firm, "quickbooks", "Olivia")
    assert not connected(stage)
    with pytest.raises(Disconnected):
        access(stage)


def test_disconnecting_twice_is_refused() -> None:
    stage, _ = a_connected_firm()
    connecting.disconnect(stage.world, stage.firm, "quickbooks", "Olivia")
    with pytest.raises(Refused):
        connecting.disconnect(stage.world, stage.firm, "quickbooks", "Olivia")


def test_an_outage_of_one_account_leaves_the_others_connected() -> None:
    stage, _ = a_connected_firm(Declined("invalid_grant", "no"), minutes_left=-1)
    with pytest.raises(Disconnected):
        call(stage)
    held = connections(stage.world, stage.firm)
    assert [id for id, c in held.items() if not c.connected] == ["quickbooks"]


def test_waking_a_lane_makes_what_it_owes_due_now() -> None:
    stage = a_stage(trust=False)
    lane = f"{stage.firm}|clio|{connections(stage.world, stage.firm)['clio'].account}"
    for effect in stage.world.store.lane_owed(lane, limit=10):
        stage.world.store.postpone(effect.key, stage.world.now() + timedelta(hours=5))
    stage.world.queue.take()
    connecting.wake(stage.world, lane)
    assert stage.world.store.lane_due(lane, stage.world.now(), limit=10)
    assert stage.world.queue.take() == [lane]


def test_a_quiet_firms_quickbooks_connection_outlives_its_hundred_days() -> None:
    """reference/quickbooks.md 1.3: a refresh token dies when it is not used for 100 days; every night uses it."""
    stage = a_stage()
    for bill in stage.world.clio_box.people.bills(FIRM_A):
        stage.world.clio_box.people.edit_bill(bill["id"], number="")  # nothing that could be brought in
    for _ in range(8):
        stage.world.clock.move(days=20)
        reconciling.nightly(stage.world)
        stage.work()
    assert stage.world.quickbooks.books(
        tokens.access(stage.world, stage.firm, Neighbour.QUICKBOOKS, stage.realm)
    ).company


def test_a_worker_keeps_only_so_many_opened_tokens_and_the_oldest_goes_first() -> None:
    world = MemoryWorld()
    for n in range(tokens.KEPT_OPEN + 1):
        assert tokens.opened(world, "f", BOOKS, f"f|{BOOKS}|token-{n}") == f"token-{n}"
    assert len(tokens._opened) == tokens.KEPT_OPEN
    assert ("f", str(BOOKS), f"f|{BOOKS}|token-0") not in tokens._opened


# --- two workers ------------------------------------------------------------------------------------------------------


def another_refreshes(stage: Stage) -> None:
    expires_at = stage.world.now() + timedelta(hours=1)
    tokens.keep(stage.world, stage.firm, BOOKS, stage.realm, Tokens("access-other", "refresh-other", expires_at))


def another_is_refreshing(stage: Stage) -> None:
    until = stage.world.now() + tokens.LEASE
    stage.world.store.put_record("lease", f"token/{BOOKS}/{stage.realm}", {"until": until.isoformat()})


def once_read(stage: Stage, do: Callable[[Stage], None]) -> None:
    """Done right after the next reading of a record."""

    def after(verb: str, _table: str) -> None:
        if verb == "record":
            stage.world.store.after = None
            do(stage)

    stage.world.store.after = after


def test_a_token_refused_because_another_worker_refreshed_gives_way_to_the_newer_one() -> None:
    stage, endpoint = a_connected_firm()

    def asked(given: Access) -> str:
        if given.token == "access-0":
            another_refreshes(stage)
            raise Expired
        return given.token

    assert tokens.with_access(stage.world, stage.firm, BOOKS, stage.realm, asked) == "access-other"
    assert endpoint.asked == []


def test_while_another_refreshes_a_token_with_time_left_serves() -> None:
    stage, endpoint = a_connected_firm(minutes_left=4)
    another_is_refreshing(stage)
    assert access(stage) == "access-0"
    assert endpoint.asked == []


@pytest.mark.parametrize("leased", [True, False])
def test_what_another_worker_refreshed_meanwhile_is_used(leased: bool) -> None:
    stage, endpoint = a_connected_firm(minutes_left=-1)
    if leased:
        another_is_refreshing(stage)
    once_read(stage, another_refreshes)
    assert access(stage) == "access-other"
    assert endpoint.asked == []


def test_a_consent_given_while_a_token_is_refreshed_is_what_counts() -> None:
    stage, endpoint = a_connected_firm(minutes_left=-1)

    def meanwhile() -> str:
        another_refreshes(stage)
        return "1"

    endpoint.answers = [meanwhile]
    assert access(stage) == "access-other"


def busy(stage: Stage, times: int) -> Callable[[], str]:
    """An answer after which the store is too busy to keep it so many times."""
    left = [times]

    def no(verb: str, _table: str) -> None:
        if verb == "put_record" and left[0]:
            left[0] -= 1
            raise Unavailable("the store is busy")

    def answer() -> str:
        stage.world.store.before = no
        return "1"

    return answer


def test_a_rotated_token_is_kept_though_the_store_is_busy() -> None:
    stage, endpoint = a_connected_firm(minutes_left=-1)
    endpoint.answers = [busy(stage, tokens.WRITES_AT_MOST - 1)]
    assert access(stage) == "access-1"
    assert tokens.held(stage.world, stage.firm, BOOKS, stage.realm).refresh == "refresh-1"


def test_while_the_store_keeps_nothing_the_call_waits_and_the_firm_stays_connected() -> None:
    stage, endpoint = a_connected_firm(minutes_left=-1)
    endpoint.answers = [busy(stage, tokens.WRITES_AT_MOST)]
    with pytest.raises(Unavailable):
        call(stage)
    assert connected(stage)
