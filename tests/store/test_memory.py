"""What only the store in memory can do: hooks, lagging indexes, copies, and being fast."""

from __future__ import annotations

import copy
import pickle
from time import perf_counter

import pytest

from chalicelib.errors import Unavailable
from chalicelib.store.memory import MemoryStore
from tests.store.given import LANE, NOON, Clock, a_change, a_commit, a_ref, an_effect, finish, owed

KEY = "f1/look/1"


def a_store() -> MemoryStore:
    return MemoryStore(Clock().now)


def test_a_hook_before_a_verb_may_keep_it_from_happening() -> None:
    store = a_store()
    seen: list[tuple[str, str]] = []

    def refuse(verb: str, table: str) -> None:
        seen.append((verb, table))
        raise Unavailable("no room")

    store.before = refuse
    with pytest.raises(Unavailable):
        store.commit(owed())
    store.before = None
    assert seen == [("commit", "states")]
    assert store.effect(KEY) is None


def test_a_hook_after_a_verb_loses_its_answer() -> None:
    store = a_store()

    def lose(verb: str, table: str) -> None:
        raise Unavailable("no answer", maybe_done=True)

    store.after = lose
    with pytest.raises(Unavailable):
        store.commit(owed())
    store.after = None
    assert store.lane_owed(LANE, limit=9) == [an_effect()]


def test_lagging_indexes_show_what_was_there_so_many_writes_ago() -> None:
    store = a_store()
    store.commit(a_commit(a_change(list=("l", "a"))))
    store.lag = 2
    store.commit(a_commit(a_change(expected=1, list=("m", "a"))))
    store.arrive(an_effect())
    assert [h.version for h in store.listed("l", limit=9).items] == [1]
    assert store.load(a_ref()).version == 2
    assert store.lane_owed(LANE, limit=9) == []
    store.commit(finish("f1/other"))
    store.arrive(an_effect("f1/look/2"))
    assert [h.version for h in store.listed("m", limit=9).items] == [2]
    assert store.lane_owed(LANE, limit=9) == []
    store.lag = 0
    assert len(store.lane_owed(LANE, limit=9)) == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda store: pickle.loads(pickle.dumps(store))])
def test_a_copy_goes_its_own_way(copied: object) -> None:
    store = a_store()
    store.commit(a_commit(a_change(list=("l", "a"))))
    store.arrive(an_effect())
    store.put_record("p", "s", {})
    twin: MemoryStore = copied(store)  # type: ignore[operator]
    twin.commit(a_commit(a_change(expected=1, list=("m", "a"))))
    twin.commit(finish(KEY))
    twin.delete_record("p", "s")
    assert (store.load(a_ref()).version, twin.load(a_ref()).version) == (1, 2)
    assert len(store.journal(a_ref())) == 1
    assert len(store.listed("l", limit=9).items) == 1
    assert store.lane_owed(LANE, limit=9) == [an_effect()]
    assert store.record("p", "s") is not None


def test_a_page_costs_the_same_among_few_and_among_many() -> None:
    store = a_store()
    for n in range(20_000):
        store.commit(a_commit(a_change(a_ref(f"p{n:05}"), list=("l", f"{n % 977:04}"))))
    store.reset_counts()
    began = perf_counter()
    for _ in range(100):
        page = store.listed("l", limit=25)
        store.listed("l", limit=25, cursor=page.next, descending=True)
    assert store.reads <= 200 * 25
    assert perf_counter() - began < 2  # 200 pages; a scan of all would take minutes
    assert store.lane_due(LANE, NOON, limit=9) == []
