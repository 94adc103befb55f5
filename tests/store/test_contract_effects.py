"""The contract of effects and of calls, for both stores."""

from __future__ import annotations

import pytest

from chalicelib.domain.kernel import SHARDS, Call, Commit, Finish, Status
from chalicelib.errors import Conflict, Unreadable
from tests.store.conftest import AnyStore
from tests.store.given import LANE, NOON, Clock, a_call, a_change, a_task, an_effect, finish, minutes, owed

KEY = "f1/look/1"
ONE, TWO = "f1/write/1", "f1/write/2"


def due_keys(store: AnyStore, minute: float = 0) -> list[str]:
    """What is due in all shards."""
    return sorted(key for n in range(SHARDS) for key, _ in store.due(n, minutes(minute), limit=99))


def lane_keys(store: AnyStore, minute: float = 0, lane: str = LANE) -> list[str]:
    return [effect.key for effect in store.lane_due(lane, minutes(minute), limit=99)]


# --- pointers ---


def test_the_first_pointer_puts_the_effect(store: AnyStore) -> None:
    store.arrive(an_effect(due=1, body={"id": "7"}))
    assert store.effect(KEY) == an_effect(due=1, body={"id": "7"})
    assert lane_keys(store, 1) == [KEY]


def test_a_further_pointer_counts_and_pulls_the_time_forward_never_back(store: AnyStore) -> None:
    store.arrive(an_effect(due=5))
    store.arrive(an_effect(due=2, body={"why": "webhook"}))
    assert store.effect(KEY) == an_effect(due=2, body={"why": "webhook"}, arrivals=2)
    store.arrive(an_effect(due=9, body={"more": 1}))
    assert store.effect(KEY) == an_effect(due=2, body={"why": "webhook", "more": 1}, arrivals=3)


@pytest.mark.parametrize("status", [Status.DONE, Status.PARKED])
def test_a_pointer_to_what_is_over_makes_it_owed_anew(store: AnyStore, status: Status) -> None:
    store.arrive(an_effect(tries=4))
    store.commit(finish(status=status, reason="r", remedy="m", detail="d"))
    store.arrive(an_effect(due=9))
    assert store.effect(KEY) == an_effect(due=9, arrivals=2)
    assert store.parked("f1", limit=9).items == ()
    assert due_keys(store, 9) == [KEY]


def test_a_pointer_leaves_the_effect_in_its_call(store: AnyStore) -> None:
    store.arrive(an_effect())
    store.begin(a_call())
    store.arrive(an_effect())
    effect = store.effect(KEY)
    assert effect is not None and (effect.call, effect.arrivals) == ("c1", 2)


# --- what is due ---


def test_what_is_due_lies_in_the_shard_of_its_lane_with_its_lane(store: AnyStore) -> None:
    for n in range(20):
        store.arrive(an_effect(f"e{n}", lane=f"f1|clio|{n}"))
    by_shard = [store.due(n, NOON, limit=99) for n in range(SHARDS)]
    assert all(by_shard)
    assert {pair for shard in by_shard for pair in shard} == {(f"e{n}", f"f1|clio|{n}") for n in range(20)}


def test_the_oldest_due_stands_first_and_the_limit_holds(store: AnyStore) -> None:
    for n in (3, 1, 2, 9):
        store.arrive(an_effect(f"e{n}", due=n))
    shard = next(n for n in range(SHARDS) if store.due(n, minutes(9), limit=1))
    assert [key for key, _ in store.due(shard, minutes(3), limit=99)] == ["e1", "e2", "e3"]
    assert [key for key, _ in store.due(shard, minutes(3), limit=2)] == ["e1", "e2"]
    assert [e.key for e in store.lane_due(LANE, minutes(3), limit=2)] == ["e1", "e2"]
    assert [e.key for e in store.lane_owed(LANE, limit=99)] == ["e1", "e2", "e3", "e9"]


def test_what_is_due_in_this_very_microsecond_is_due(store: AnyStore) -> None:
    store.arrive(an_effect("zz", due=1))
    assert due_keys(store, 1) == ["zz"] == lane_keys(store, 1)
    assert due_keys(store, 0.999999) == [] == lane_keys(store, 0.999999)


def test_lanes_do_not_see_each_other(store: AnyStore) -> None:
    store.arrive(an_effect("e1", lane="f1|clio|us/1"))
    store.arrive(an_effect("e2", lane="f1|clio|us/12"))
    assert lane_keys(store, lane="f1|clio|us/1") == ["e1"]


# --- postponing, parking, retrying ---


def test_a_postponed_effect_waits_and_says_why(store: AnyStore) -> None:
    store.arrive(an_effect(tries=1))
    store.postpone(KEY, minutes(5), cause="QuickBooks does not answer", tries=2)
    assert store.effect(KEY) == an_effect(due=5, cause="QuickBooks does not answer", tries=2)
    store.postpone(KEY, minutes(6))
    assert store.effect(KEY) == an_effect(due=6, tries=2)
    assert (due_keys(store, 5), due_keys(store, 6)) == ([], [KEY])


def test_only_what_is_owed_is_postponed(store: AnyStore) -> None:
    store.arrive(an_effect())
    store.commit(finish())
    store.postpone(KEY, minutes(5))
    store.postpone("never/heard/of", minutes(5))
    assert lane_keys(store, 9) == []


def test_a_parked_effect_is_shown_and_no_longer_due(store: AnyStore) -> None:
    store.arrive(an_effect())
    store.park(KEY, reason="Unreadable", remedy="Look at it", detail="{}", arrivals=1)
    (shown,) = store.parked("f1", limit=9).items
    assert (shown.key, shown.status, shown.reason, shown.remedy, shown.detail) == (
        KEY,
        Status.PARKED,
        "Unreadable",
        "Look at it",
        "{}",
    )
    assert due_keys(store) == [] == lane_keys(store)


def test_what_is_laid_over_the_body_when_parking_stays(store: AnyStore) -> None:
    store.arrive(an_effect(body={"a": 1, "b": 1}))
    store.park(KEY, reason="r", remedy="m", detail="d", body={"b": 2})
    effect = store.effect(KEY)
    assert effect is not None and effect.body == {"a": 1, "b": 2}


def test_parking_conflicts_when_a_pointer_came_since(store: AnyStore) -> None:
    store.arrive(an_effect())
    store.arrive(an_effect())
    with pytest.raises(Conflict):
        store.park(KEY, reason="r", remedy="m", detail="d", arrivals=1)
    with pytest.raises(Conflict):
        store.park("never/heard/of", reason="r", remedy="m", detail="d", arrivals=1)
    assert lane_keys(store) == [KEY]


def test_what_is_done_is_never_parked(store: AnyStore) -> None:
    store.arrive(an_effect())
    store.commit(finish())
    store.park(KEY, reason="r", remedy="m", detail="d")
    assert store.parked("f1", limit=9).items == ()


def test_a_person_retries_what_is_parked(store: AnyStore) -> None:
    store.arrive(an_effect(body={"a": 1, "b": 1}, tries=7))
    store.park(KEY, reason="r", remedy="m", detail="d")
    assert store.retry(KEY, minutes(3), body={"b": 2}) is True
    assert store.effect(KEY) == an_effect(due=3, body={"a": 1, "b": 2})
    assert lane_keys(store, 3) == [KEY]
    assert store.parked("f1", limit=9).items == ()


def test_what_was_offered_is_over_with_the_question(store: AnyStore) -> None:
    store.arrive(an_effect(body={"a": 1}))
    store.park(
        KEY, reason="r", remedy="m", detail="d", body={"choices": [["x", "X"]], "may_close": True, "broken": "w"}
    )
    assert store.retry(KEY, NOON, body={"choice": "x"})
    store.park(KEY, reason="another", remedy="m", detail="d")
    [parked] = store.parked("f1", limit=9).items
    assert parked.body == {"a": 1, "choice": "x"}


def test_what_is_not_parked_is_not_retried(store: AnyStore) -> None:
    assert store.retry(KEY, NOON) is False
    store.arrive(an_effect())
    assert store.retry(KEY, NOON) is False


def test_parked_effects_and_tasks_of_a_firm_are_shown_newest_first_in_pages(store: AnyStore, clock: Clock) -> None:
    for n in range(5):
        store.commit(owed(a_task(f"f1/t{n}", due=-n)))
        clock.pass_(minutes=1)
    store.commit(owed(a_task("f2/t", firm="f2")))
    first = store.parked("f1", limit=3)
    second = store.parked("f1", limit=3, cursor=first.next)
    assert [e.key for e in first.items] == ["f1/t4", "f1/t3", "f1/t2"]
    assert [e.key for e in second.items] == ["f1/t1", "f1/t0"]
    assert second.next is None
    with pytest.raises(Unreadable):
        store.parked("f1", limit=3, cursor="?")


# --- calls ---


def two_owed(store: AnyStore) -> None:
    store.commit(owed(an_effect(ONE), an_effect(TWO)))


def test_a_call_is_stored_and_its_members_are_in_it(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE, TWO))
    assert store.call("c1") == a_call("c1", ONE, TWO)
    assert store.live_calls(LANE) == [a_call("c1", ONE, TWO)]
    assert [e.call for e in store.lane_owed(LANE, limit=9)] == ["c1", "c1"]


def test_no_effect_is_in_two_live_calls(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE))
    with pytest.raises(Conflict):
        store.begin(a_call("c2", TWO, ONE))
    assert store.call("c2") is None
    two = store.effect(TWO)
    assert two is not None and two.call == ""


def test_only_what_is_owed_goes_into_a_call(store: AnyStore) -> None:
    store.commit(owed(an_effect(ONE), a_task(TWO)))
    store.commit(finish(ONE))
    for key in (ONE, TWO, "never/heard/of"):
        with pytest.raises(Conflict):
            store.begin(a_call("c1", key))


def test_a_call_id_is_used_once(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE))
    with pytest.raises(Conflict):
        store.begin(a_call("c1", TWO))


def test_each_send_counts_a_try_and_the_time(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE))
    assert store.sending("c1", minutes(1)).tries == 1
    sent = store.sending("c1", minutes(2))
    assert (sent.tries, sent.sent_at, sent.members, sent.request) == (2, minutes(2), (ONE,), {"body": "{}"})
    assert store.call("c1") == sent
    assert store.live_calls(LANE) == [sent]


def test_a_call_that_is_over_is_not_sent(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE))
    store.end("c1")
    with pytest.raises(Conflict):
        store.sending("c1", NOON)
    with pytest.raises(Conflict):
        store.sending("never", NOON)


def test_the_members_of_a_call_that_is_over_are_free(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE, TWO))
    store.end("c1")
    store.end("c1")
    over = store.call("c1")
    assert over is not None and over.done
    assert store.live_calls(LANE) == []
    store.begin(a_call("c2", ONE, TWO))


def test_ending_a_call_leaves_members_of_another_alone(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE, TWO))
    store.free("c1", ONE)
    store.begin(a_call("c2", ONE))
    store.end("c1")
    store.free("c1", ONE)
    assert [e.call for e in store.lane_owed(LANE, limit=9)] == ["c2", ""]


def test_ending_a_call_whose_members_are_done_frees_nothing(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE, TWO))
    store.commit(Commit(finish=(Finish(ONE, call="c1"),)))
    store.end("c1")
    one = store.effect(ONE)
    assert one is not None and one.status is Status.DONE


def test_ending_an_unknown_call_is_nothing(store: AnyStore) -> None:
    store.end("never")
    assert store.call("never") is None


def test_an_answer_commits_member_by_member_only_while_in_the_call(store: AnyStore) -> None:
    two_owed(store)
    store.begin(a_call("c1", ONE, TWO))
    store.free("c1", TWO)
    store.commit(Commit((a_change(),), finish=(Finish(ONE, call="c1"),)))
    with pytest.raises(Conflict):
        store.commit(Commit((a_change(expected=1),), finish=(Finish(TWO, call="c1"),)))


def test_live_calls_are_shown_by_lane_in_the_order_in_which_they_were_stored(store: AnyStore) -> None:
    two_owed(store)
    later = Call("a", LANE, "batch", (ONE,), {}, minutes(1))
    store.begin(later)
    store.begin(a_call("b", TWO))
    assert [call.id for call in store.live_calls(LANE)] == ["b", "a"]
    assert store.live_calls("another") == []


def test_the_largest_call_is_begun_and_ended(store: AnyStore) -> None:
    keys = [f"f1/w{n}" for n in range(80)]
    store.commit(owed(*[an_effect(key) for key in keys]))
    store.begin(a_call("c1", *keys))
    store.end("c1")
    assert {e.call for e in store.lane_owed(LANE, limit=99)} == {""}
    with pytest.raises(ValueError, match="81 members"):
        store.begin(a_call("c2", *keys, "f1/w80"))
