"""Any history gives the same answers, refusals and contents in both stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.kernel import SHARDS, Commit, Effect, Finish, Guard, Status
from chalicelib.errors import Conflict
from chalicelib.store.memory import MemoryStore
from tests.store.conftest import AnyStore, a_dynamo_store
from tests.store.given import LANE, Clock, a_call, a_change, a_ref, a_task, an_effect, minutes

Step = Callable[[AnyStore], Any]
keys = st.sampled_from(["e1", "e2"])
calls = st.sampled_from(["c1", "c2"])
times = st.integers(0, 3)
maybe = st.none() | st.integers(1, 3)


def commits() -> st.SearchStrategy[Step]:
    changes = st.dictionaries(
        st.sampled_from(["p1", "p2"]), st.tuples(st.integers(0, 2), st.sampled_from("ab")), max_size=2
    )
    effects = st.lists(st.builds(an_effect, keys, times) | st.builds(a_task, keys, times), max_size=2)
    ends = st.builds(
        Finish,
        keys,
        arrivals=maybe,
        call=st.none() | calls | st.just(""),
        status=st.sampled_from(Status),
        reason=st.sampled_from(["", "why"]),
        due_at=st.none() | times.map(minutes),
    )
    guards = st.lists(st.builds(Guard, st.just("g"), st.sampled_from("xy"), st.booleans()), max_size=1)

    def build(
        changes: dict[str, tuple[int, str]], effects: list[Effect], ends: list[Finish], guards: list[Guard]
    ) -> Step:
        states = tuple(
            a_change(a_ref(id), version, list=("l", at), group=(at, "s")) for id, (version, at) in changes.items()
        )
        commit = Commit(states, tuple(effects), tuple(ends), tuple(guards))
        return lambda store: store.commit(commit)

    return st.builds(build, changes, effects, st.lists(ends, max_size=2), guards)


def others() -> st.SearchStrategy[Step]:
    return st.one_of(
        st.builds(lambda k, t: lambda s: s.arrive(an_effect(k, t)), keys, times),
        st.builds(lambda k, t, n: lambda s: s.postpone(k, minutes(t), cause="c", tries=n), keys, times, maybe),
        st.builds(lambda k, n: lambda s: s.park(k, reason="r", remedy="m", detail="d", arrivals=n), keys, maybe),
        st.builds(lambda k, t: lambda s: s.retry(k, minutes(t), body={"t": t}), keys, times),
        st.builds(lambda c, ks: lambda s: s.begin(a_call(c, *ks)), calls, st.sets(keys, min_size=1)),
        st.builds(lambda c, t: lambda s: s.sending(c, minutes(t)), calls, times),
        st.builds(lambda c: lambda s: s.end(c), calls),
        st.builds(lambda c, k: lambda s: s.free(c, k), calls, keys),
        st.builds(
            lambda t, n: lambda s: s.put_record("r", "1", {"t": t}, expected=n, expires=minutes(t)),
            times,
            st.none() | times,
        ),
    )


def outcome(store: AnyStore, step: Step) -> Any:
    try:
        return step(store)
    except Conflict:
        return "conflict"


def contents(store: AnyStore) -> Any:
    """All that can be asked."""
    refs = [a_ref("p1"), a_ref("p2")]
    return (
        store.load_many(refs),
        [store.journal(ref) for ref in refs],
        [store.listed("l", limit=1), store.listed("l", limit=9, descending=True), store.grouped("a", limit=9)],
        [store.effect(key) for key in ("e1", "e2")],
        sorted(pair for n in range(SHARDS) for pair in store.due(n, minutes(2), limit=9)),
        store.lane_due(LANE, minutes(2), limit=9),
        store.lane_owed(LANE, limit=9),
        store.parked("f1", limit=9),
        [store.call(id) for id in ("c1", "c2")],
        store.live_calls(LANE),
        store.held_by("g"),
        store.holders(["g", "h"]),
        store.record("r", "1"),
        store.records("r"),
        {table: n for (way, table), n in store.counts.items() if way == "write"},
    )


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None)
@given(st.lists(commits() | others(), min_size=5, max_size=25))
def test_any_history_gives_the_same_in_both_stores(aws: Any, steps: list[Step]) -> None:
    clock = Clock()
    stores: list[AnyStore] = [MemoryStore(clock.now), a_dynamo_store(clock, aws)]
    for step in steps:
        first, second = (outcome(store, step) for store in stores)
        assert first == second
        clock.pass_(seconds=10)
    first, second = (contents(store) for store in stores)
    assert first == second
