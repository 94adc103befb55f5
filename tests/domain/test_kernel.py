"""The journal's algebra: a line's change laid over the state before it gives the state after it, whatever they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.kernel import Kind, Neighbour, Ref, changed, fold, lane_of

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
STATES = st.fixed_dictionaries(dict.fromkeys(("id", "cents", "receipts", "attempt"), VALUES))


@given(st.none() | STATES, STATES)
def test_folding_a_change_over_the_old_state_gives_the_new_one(
    old: dict[str, object] | None, new: dict[str, object]
) -> None:
    assert fold(changed(old, new), old) == new


@given(STATES)
def test_nothing_changed_is_an_empty_change(state: dict[str, object]) -> None:
    assert changed(state, dict(state)) == {}


@given(st.lists(STATES, min_size=1, max_size=6))
def test_a_history_replays_to_its_last_state(history: list[dict[str, object]]) -> None:
    body: dict[str, object] | None = None
    replayed: dict[str, object] | None = None
    for state in history:
        replayed = fold(changed(body, state), replayed)
        body = state
    assert replayed == history[-1]


def test_only_what_moved_stands_in_a_change() -> None:
    assert changed({"a": 1, "b": 2}, {"a": 1, "b": 3}) == {"b": 3}


def test_a_field_that_is_none_from_the_beginning_is_told() -> None:
    assert changed(None, {"a": None}) == {"a": None}
    assert changed({"b": 1}, {"a": None, "b": 1}) == {"a": None}


def test_a_field_that_went_away_maps_to_none() -> None:
    assert changed({"a": 1, "b": 2}, {"a": 1}) == {"b": None}


def test_a_lane_is_firm_neighbour_and_account_there() -> None:
    assert lane_of("us-1", Neighbour.QUICKBOOKS, "realm") == "us-1|quickbooks|realm"
    assert lane_of("us-1", Neighbour.SELF) == "us-1|self|"


def test_a_ref_reads_as_kind_and_id() -> None:
    assert str(Ref("us-1", Kind.PAYABLE, "7")) == "payable/7"
