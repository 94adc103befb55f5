"""The contract of commit, load, journal, listings and guards, for both stores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.kernel import SHARDS, Commit, Effect, Finish, Guard, Held, Status
from chalicelib.errors import Conflict, Unreadable
from chalicelib.flow.ports import Store
from tests.store.conftest import AnyStore
from tests.store.given import LANE, NOON, a_call, a_change, a_commit, a_ref, a_task, an_effect, finish, minutes, owed

KEY = "f1/look/1"


def ids(*held: Held) -> list[str]:
    return [h.ref.id for h in held]


def test_both_stores_have_the_shape_that_the_flows_ask_for(store: AnyStore) -> None:
    shape: Store = store
    assert shape is store


def test_a_state_never_seen_has_version_0(store: AnyStore) -> None:
    assert store.load(a_ref()) == Held(a_ref(), 0, None)


def test_a_committed_state_is_read_back_with_its_version(store: AnyStore) -> None:
    store.commit(a_commit(a_change(body={"cents": 5, "name": "Müller & Söhne", "lines": [1, {"a": None}]})))
    assert store.load(a_ref()) == Held(a_ref(), 1, {"cents": 5, "name": "Müller & Söhne", "lines": [1, {"a": None}]})


def test_a_state_given_to_the_store_cannot_be_changed_from_outside(store: AnyStore) -> None:
    body = {"lines": [1]}
    store.commit(a_commit(a_change(body=body)))
    body["lines"].append(2)
    read = store.load(a_ref()).body
    assert read is not None
    read["lines"].append(3)
    assert store.load(a_ref()).body == {"lines": [1]}


def test_the_same_id_at_another_firm_or_of_another_kind_is_another_state(store: AnyStore) -> None:
    store.commit(a_commit())
    assert store.load(a_ref(firm="f2")).version == 0


def test_a_commit_on_an_old_version_conflicts_and_changes_nothing(store: AnyStore) -> None:
    store.commit(a_commit())
    with pytest.raises(Conflict):
        store.commit(Commit((a_change(body={"x": 1}),), (an_effect(),)))
    with pytest.raises(Conflict):
        store.commit(a_commit(a_change(expected=2)))
    assert store.load(a_ref()).version == 1
    assert store.effect(KEY) is None


def test_of_two_commits_with_the_same_version_exactly_one_wins(store: AnyStore) -> None:
    store.commit(a_commit())
    twin = a_commit(a_change(expected=1))
    store.commit(twin)
    with pytest.raises(Conflict):
        store.commit(twin)
    assert len(store.journal(a_ref())) == 2


def test_several_states_move_together_or_not_at_all(store: AnyStore) -> None:
    store.commit(a_commit(a_change(a_ref("p2"))))
    with pytest.raises(Conflict):
        store.commit(a_commit(a_change(a_ref("p1")), a_change(a_ref("p2"))))
    assert store.load(a_ref("p1")).version == 0
    store.commit(a_commit(a_change(a_ref("p1")), a_change(a_ref("p2"), expected=1)))
    assert [h.version for h in store.load_many([a_ref("p2"), a_ref("p1")])] == [2, 1]


def test_load_many_keeps_the_order_and_shows_missing_and_repeated_ones(store: AnyStore) -> None:
    store.commit(a_commit(a_change(a_ref("p2"))))
    held = store.load_many([a_ref("p1"), a_ref("p2"), a_ref("p2")])
    assert [(h.ref.id, h.version) for h in held] == [("p1", 0), ("p2", 1), ("p2", 1)]
    assert store.load_many([]) == []


def test_load_many_goes_over_a_hundred(store: AnyStore) -> None:
    store.commit(a_commit(*[a_change(a_ref(f"p{n}")) for n in range(40)]))
    held = store.load_many([a_ref(f"p{n}") for n in range(230)])
    assert sum(h.version for h in held) == 40
    assert ids(*held) == [f"p{n}" for n in range(230)]


def test_the_journal_holds_each_line_in_order(store: AnyStore) -> None:
    for version in range(12):
        store.commit(a_commit(a_change(expected=version)))
    lines = store.journal(a_ref())
    assert [line.version for line in lines] == list(range(1, 13))
    assert lines[3] == a_change(expected=3).line
    assert [line.version for line in store.journal(a_ref(), after=9, limit=2)] == [10, 11]


def test_a_commit_over_90_actions_is_refused(store: AnyStore) -> None:
    with pytest.raises(ValueError, match="91 actions"):
        store.commit(Commit((a_change(),), tuple(an_effect(f"e{n}") for n in range(89))))


def test_the_largest_commit_is_written(store: AnyStore) -> None:
    changes = tuple(a_change(a_ref(f"p{n}"), body={"text": "x" * 60_000}) for n in range(11))
    store.put_document("d1", b"lines", now=NOON)
    store.commit(
        Commit(
            changes,
            tuple(an_effect(f"f1/e{n}") for n in range(66)),
            (Finish("f1/e0"),),
            (Guard("number/1", "p1"),),
            ("d1",),
        )
    )
    assert store.load(a_ref("p10")).version == 1
    assert len(store.lane_owed(LANE, limit=100)) == 65


def test_a_state_over_64_kb_is_refused(store: AnyStore) -> None:
    with pytest.raises(ValueError, match="65"):
        store.commit(a_commit(a_change(body={"text": "ä" * 32_800})))


def test_a_line_of_another_version_than_its_state_is_refused(store: AnyStore) -> None:
    change = a_change()
    with pytest.raises(ValueError, match="journal line"):
        store.commit(a_commit(replace(change, line=replace(change.line, version=2))))


def test_the_same_state_twice_in_a_commit_is_refused(store: AnyStore) -> None:
    with pytest.raises(ValueError, match="twice"):
        store.commit(a_commit(a_change(), a_change()))


def test_an_empty_commit_is_nothing(store: AnyStore) -> None:
    store.commit(Commit())
    assert store.writes == 0


# --- effects in a commit ---


def test_effects_are_put_if_absent_and_an_existing_one_stays_as_it_is(store: AnyStore) -> None:
    for status in (Status.OWED, Status.DONE, Status.PARKED):
        key = f"f1/e/{status}"
        store.commit(owed(an_effect(key, due=5)))
        store.commit(finish(key, status=status, reason="first"))
        before = store.effect(key)
        store.commit(Commit((a_change(a_ref(str(status))),), (an_effect(key, due=1), an_effect(f"{key}/new"))))
        assert store.effect(key) == before
        assert store.effect(f"{key}/new") is not None
        assert store.load(a_ref(str(status))).version == 1


def test_an_effect_is_read_back_whole(store: AnyStore) -> None:
    effect = an_effect(after=("customer/1", "invoice/2"), body={"n": [1]}, title="t", tries=3, cause="c", detail="d")
    store.commit(owed(effect))
    assert store.effect(KEY) == effect


def test_the_first_of_two_effects_with_one_key_in_a_commit_counts(store: AnyStore) -> None:
    store.commit(owed(an_effect(due=1), an_effect(due=2)))
    assert store.effect(KEY) == an_effect(due=1)


def test_a_finished_effect_is_done_and_in_no_index(store: AnyStore) -> None:
    store.commit(owed())
    store.commit(finish(arrivals=1))
    effect = store.effect(KEY)
    assert effect is not None and effect.status is Status.DONE
    assert store.lane_owed(LANE, limit=9) == []
    assert [store.due(n, minutes(9), limit=9) for n in range(SHARDS)] == [[]] * SHARDS


def test_a_finish_conflicts_when_a_pointer_came_since(store: AnyStore) -> None:
    store.commit(owed())
    store.arrive(an_effect())
    with pytest.raises(Conflict):
        store.commit(Commit((a_change(),), finish=(Finish(KEY, arrivals=1),)))
    assert store.load(a_ref()).version == 0
    store.commit(finish(arrivals=2))


def test_a_finish_that_counts_something_is_refused_where_it_is_done(store: AnyStore) -> None:
    store.arrive(an_effect())
    store.commit(Commit((a_change(),), finish=(Finish(KEY, arrivals=1, once=True),)))
    with pytest.raises(Conflict):
        store.commit(Commit((a_change(expected=1),), finish=(Finish(KEY, arrivals=1, once=True),)))
    assert store.load(a_ref()).version == 1


def test_a_finish_of_what_is_done_with_the_same_arrivals_is_nothing(store: AnyStore) -> None:
    store.commit(owed())
    store.commit(finish(arrivals=1))
    store.commit(finish(arrivals=1, status=Status.PARKED, reason="no"))
    store.commit(finish(due_at=minutes(1)))
    effect = store.effect(KEY)
    assert effect is not None and effect.status is Status.DONE and effect.reason == ""


def test_a_finish_of_a_missing_effect_is_nothing_unless_it_names_something(store: AnyStore) -> None:
    store.commit(finish())
    assert store.effect(KEY) is None
    with pytest.raises(Conflict):
        store.commit(finish(arrivals=1))
    with pytest.raises(Conflict):
        store.commit(finish(call="c1"))


def test_a_finish_by_a_call_counts_only_while_the_effect_is_in_it(store: AnyStore) -> None:
    store.commit(owed())
    with pytest.raises(Conflict):
        store.commit(finish(call="c1"))
    store.begin(a_call())
    store.commit(finish(call="c1"))
    with pytest.raises(Conflict):
        store.commit(finish(call="c1"))


def test_a_finish_may_park_and_the_effect_leaves_the_call_it_names(store: AnyStore) -> None:
    store.commit(owed())
    store.begin(a_call())
    store.commit(finish(call="c1", status=Status.PARKED, reason="r", remedy="m", detail="d"))
    effect = store.effect(KEY)
    assert effect is not None
    assert (effect.status, effect.reason, effect.remedy, effect.detail, effect.call) == (
        Status.PARKED,
        "r",
        "m",
        "d",
        "",
    )
    assert store.parked("f1", limit=9).items == (effect,)
    assert store.lane_owed(LANE, limit=9) == []


def test_parking_without_naming_the_call_leaves_the_effect_in_it(store: AnyStore) -> None:
    store.commit(owed())
    store.begin(a_call())
    store.commit(finish(status=Status.PARKED, reason="r"))
    store.retry(KEY, NOON)
    with pytest.raises(Conflict):
        store.begin(a_call("c2"))


def test_a_finish_may_move_the_effect_to_a_later_time(store: AnyStore) -> None:
    store.commit(owed())
    store.commit(finish(arrivals=1, due_at=minutes(7)))
    assert store.lane_due(LANE, minutes(6), limit=9) == []
    assert store.lane_due(LANE, minutes(7), limit=9) == [an_effect(due=7)]


def test_a_parked_effect_that_is_moved_is_owed_again(store: AnyStore) -> None:
    store.commit(owed(a_task(KEY)))
    store.commit(finish(due_at=minutes(1)))
    assert store.parked("f1", limit=9).items == ()
    assert [e.key for e in store.lane_due(LANE, minutes(1), limit=9)] == [KEY]


def test_an_effect_put_and_finished_in_one_commit_is_done(store: AnyStore) -> None:
    store.commit(Commit(effects=(a_task(KEY),), finish=(Finish(KEY),)))
    effect = store.effect(KEY)
    assert effect is not None and effect.status is Status.DONE
    assert store.parked("f1", limit=9).items == ()


# --- guards ---


def guard(key: str, holder: str, release: bool = False) -> Commit:
    return Commit(guards=(Guard(key, holder, release),))


def test_a_guard_is_held_by_one_holder_only(store: AnyStore) -> None:
    assert store.held_by("number/1") is None
    store.commit(guard("number/1", "p1"))
    store.commit(guard("number/1", "p1"))
    with pytest.raises(Conflict):
        store.commit(Commit((a_change(),), guards=(Guard("number/1", "p2"),)))
    assert store.held_by("number/1") == "p1"
    assert store.load(a_ref()).version == 0


def test_a_released_guard_is_free(store: AnyStore) -> None:
    store.commit(guard("number/1", "p1"))
    with pytest.raises(Conflict):
        store.commit(guard("number/1", "p2", release=True))
    store.commit(guard("number/1", "p1", release=True))
    store.commit(guard("number/1", "p1", release=True))
    assert store.held_by("number/1") is None
    store.commit(guard("number/1", "p2"))


def test_a_guard_passes_from_one_holder_to_another_in_one_commit(store: AnyStore) -> None:
    store.commit(guard("number/1", "p1"))
    store.commit(Commit(guards=(Guard("number/1", "p1", release=True), Guard("number/1", "p2"))))
    assert store.held_by("number/1") == "p2"


def test_two_holders_of_a_guard_in_one_commit_are_refused(store: AnyStore) -> None:
    with pytest.raises(ValueError, match="two holders"):
        store.commit(Commit(guards=(Guard("number/1", "p1"), Guard("number/1", "p2"))))


def test_the_holders_of_many_guards_are_read_at_once(store: AnyStore) -> None:
    for n in range(120):  # more than one request of DynamoDB takes
        store.commit(guard(f"number/{n}", f"p{n}"))
    store.counts.clear()
    asked = [*(f"number/{n}" for n in range(120)), "number/3", "number/nobody's"]
    assert store.holders(asked) == {f"number/{n}": f"p{n}" for n in range(120)}
    assert dict(store.counts) == {("read", "records"): 121}


def test_of_no_guards_nothing_is_read(store: AnyStore) -> None:
    store.counts.clear()
    assert store.holders([]) == {} and not store.counts


# --- listings ---


def test_a_listing_is_in_order_and_paged(store: AnyStore) -> None:
    for n, sort in enumerate(("c", "a", "e", "b", "d")):
        store.commit(a_commit(a_change(a_ref(f"p{n}"), body={"s": sort}, list=("f1|open", sort))))
    first = store.listed("f1|open", limit=2)
    second = store.listed("f1|open", limit=2, cursor=first.next)
    third = store.listed("f1|open", limit=2, cursor=second.next)
    assert ids(*first.items, *second.items, *third.items) == ["p1", "p3", "p0", "p4", "p2"]
    assert third.next is None
    down = store.listed("f1|open", limit=3, descending=True)
    assert ids(*down.items) == ["p2", "p4", "p0"]
    assert ids(*store.listed("f1|open", limit=3, descending=True, cursor=down.next).items) == ["p3", "p1"]
    assert first.items[0] == store.load(a_ref("p1"))


def test_things_listed_at_the_same_place_are_all_shown_once(store: AnyStore) -> None:
    store.commit(a_commit(*[a_change(a_ref(f"p{n}"), list=("f1|open", "2026-11-22")) for n in range(5)]))
    page, shown = store.listed("f1|open", limit=2), []
    while True:
        shown += ids(*page.items)
        if page.next is None:
            break
        page = store.listed("f1|open", limit=2, cursor=page.next)
    assert shown == ["p0", "p1", "p2", "p3", "p4"]


def test_a_listing_may_be_narrowed_to_what_begins_the_same_way(store: AnyStore) -> None:
    for n, sort in enumerate(("2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01")):
        store.commit(a_commit(a_change(a_ref(f"p{n}"), list=("f1|open", sort))))
    assert ids(*store.listed("f1|open", limit=9, begins="2026-11").items) == ["p1", "p2"]
    page = store.listed("f1|open", limit=1, begins="2026-11", descending=True)
    assert ids(*page.items) == ["p2"]
    page = store.listed("f1|open", limit=1, begins="2026-11", descending=True, cursor=page.next)
    assert ids(*page.items) == ["p1"]


def test_a_state_moves_between_partitions_and_out(store: AnyStore) -> None:
    store.commit(a_commit(a_change(list=("f1|open", "a"), group=("f1|client/1", "a"))))
    store.commit(a_commit(a_change(expected=1, list=("f1|paid", "a"), group=("f1|client/1", "b"))))
    assert store.listed("f1|open", limit=9).items == ()
    assert [h.version for h in store.listed("f1|paid", limit=9).items] == [2]
    assert [h.version for h in store.grouped("f1|client/1", limit=9).items] == [2]
    store.commit(a_commit(a_change(expected=2)))
    assert store.listed("f1|paid", limit=9).items == ()
    assert store.grouped("f1|client/1", limit=9).items == ()


def test_groups_are_paged_like_lists(store: AnyStore) -> None:
    store.commit(a_commit(*[a_change(a_ref(f"p{n}"), group=("g", str(n))) for n in range(3)]))
    page = store.grouped("g", limit=2)
    assert ids(*page.items, *store.grouped("g", limit=2, cursor=page.next).items) == ["p0", "p1", "p2"]
    assert ids(*store.grouped("g", limit=2, begins="1", descending=True).items) == ["p1"]


@pytest.mark.parametrize("cursor", ["?", "W10=", "WyIiLCIiLCIiXQ==", "bm8="])
def test_a_cursor_that_was_never_ours_cannot_be_understood(store: AnyStore, cursor: str) -> None:
    with pytest.raises(Unreadable):
        store.listed("f1|open", limit=2, cursor=cursor)


def test_a_cursor_of_another_partition_never_leads_there(store: AnyStore) -> None:
    store.commit(a_commit(*[a_change(a_ref(f"p{n}", firm="f2"), list=("f2|open", str(n))) for n in range(3)]))
    foreign = store.listed("f2|open", limit=1).next
    assert store.listed("f1|open", limit=2, cursor=foreign).items == ()


def test_a_page_reads_its_items_and_no_more(store: AnyStore) -> None:
    store.commit(a_commit(*[a_change(a_ref(f"p{n}"), list=("f1|open", str(n))) for n in range(9)]))
    store.reset_counts()
    store.listed("f1|open", limit=3)
    assert store.reads == 3


def test_what_is_written_is_counted_and_what_is_refused_is_not(store: AnyStore) -> None:
    effects: tuple[Effect, ...] = (an_effect(), an_effect("f1/look/2"))
    store.commit(Commit((a_change(),), effects, guards=(Guard("g", "p1"),)))
    with pytest.raises(Conflict):
        store.commit(Commit((a_change(),), (an_effect("f1/look/3"),)))
    counted = {table: n for (way, table), n in store.counts.items() if way == "write"}
    assert counted == {"states": 1, "journal": 1, "effects": 2, "records": 1}
    assert store.writes == 5
