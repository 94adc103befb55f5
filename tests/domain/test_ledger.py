"""Trust ledgers in values: running sums, month ends, and the day on which one is below zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import ledger
from chalicelib.domain.kernel import Decision
from chalicelib.domain.ledger import Below, Ledger, Low, Moved
from chalicelib.domain.trust import OWN
from tests.builders import FIRM, NOW
from tests.domain.given import well_made

CLIENT = "7:c1"


def moved(on: str, cents: int, name: str = "Ada Example", label: str = "") -> Moved:
    return Moved("7", "c1", "m1", date.fromisoformat(on), cents, name, label)


def folded(*moves: Moved, state: Ledger | None = None, id: str = CLIENT) -> Decision[Ledger]:
    return ledger.fold(state or ledger.new(FIRM, id), moves, "USD", NOW)


def test_a_movement_falls_in_three_ledgers() -> None:
    assert ledger.ids_of(moved("2026-03-01", 1)) == ("7", "7:c1", "7:c1:m1")
    assert ledger.ids_of(replace(moved("2026-03-01", 1), matter="")) == ("7", "7:c1", "7:c1:-")


def test_a_month_end_is_found_from_the_months() -> None:
    state = folded(moved("2026-01-31", 500), moved("2026-03-01", 200), moved("2026-02-10", -100)).state
    assert [state.at_end_of(m) for m in ("2025-12", "2026-01", "2026-02", "2026-03")] == [0, 500, 400, 600]
    assert state.balance == 600
    assert folded(moved("2026-03-02", -200), state=state).state.months == {"2026-01": 500, "2026-02": -100}


def test_an_account_notes_when_each_month_last_moved_and_no_days() -> None:
    state = folded(moved("2026-01-31", 500), id="7").state
    assert state.touched == {"2026-01": NOW}
    assert (state.days, state.name, state.client) == ({}, "", "")
    again = ledger.fold(state, [moved("2026-03-01", 5, label="00001-Example")], "USD", NOW + timedelta(days=1)).state
    assert again.touched == {"2026-01": NOW, "2026-03": NOW + timedelta(days=1)}
    assert (again.label, again.at) == ("", NOW + timedelta(days=1))


def test_an_account_counts_the_lines_that_clio_shows_unless_it_was_not_counted_from_its_beginning() -> None:
    move = replace(moved("2026-01-31", 500), rows=1)
    state = folded(move, move, id="7").state
    assert state.rows == 2
    assert folded(replace(move, cents=-500, rows=-1), state=state, id="7").state.rows == 1
    assert folded(move, state=replace(state, rows=None), id="7").state.rows is None
    assert folded(move).state.rows is None


def test_a_matter_keeps_its_label_and_has_no_task_of_its_own() -> None:
    decided = folded(moved("2026-01-31", -500, label="00001-Example"), id="7:c1:m1")
    assert (decided.state.label, decided.state.matter, decided.effects) == ("00001-Example", "m1", ())


def test_the_firms_own_money_has_a_name() -> None:
    assert ledger.new(FIRM, f"7:{OWN}").name == ledger.OWN_NAME
    assert ledger.new(FIRM, "7:c1").name == ""


def test_a_client_is_called_as_it_was_last_called_and_has_no_label_of_one_matter() -> None:
    state = folded(moved("2026-03-01", 500, "Ada Example", "00001-Example")).state
    assert (state.name, state.label) == ("Ada Example", "")
    assert folded(moved("2026-03-02", 500, "Ada New"), state=state).state.name == "Ada New"
    assert folded(moved("2026-03-02", 500, ""), state=state).state.name == "Ada Example"


def test_the_first_day_below_zero_is_named_until_it_is_mended() -> None:
    named = folded(moved("2026-03-05", -700), moved("2026-03-01", 500))
    assert named.state.below == Below(date(2026, 3, 5), -200)
    [asked] = named.effects
    well_made(asked)
    assert asked.key == ledger.task_key(named.state) == f"{FIRM}/task/below-zero/7:c1/1"
    assert named.closes == ()
    assert (asked.about, asked.title) == ("ledger/7:c1", "Trust ledger of Ada Example is below zero")
    assert asked.reason == "On Mar 5, 2026 this ledger falls to −$2.00. It holds −$2.00 now."
    same = folded(moved("2026-03-06", 1), state=named.state)
    assert (same.effects, same.closes) == ((), ())
    other = folded(moved("2026-03-04", -600), state=named.state)
    assert other.closes == (asked.key,)
    assert other.state.below == Below(date(2026, 3, 4), -100)
    assert other.effects[0].key == ledger.task_key(other.state) == f"{FIRM}/task/below-zero/7:c1/2"
    mended = folded(moved("2026-03-01", 900), state=other.state)
    assert mended.closes == (ledger.task_key(other.state),)
    assert (mended.state.below, mended.effects) == (None, ())


def test_a_day_that_is_mended_on_the_same_day_is_not_below_zero() -> None:
    assert folded(moved("2026-03-05", -700), moved("2026-03-05", 700)).state.below is None


def a_matter(cents: int, id: str = "m1", label: str = "00001-Example") -> Ledger:
    return Ledger(FIRM, f"{CLIENT}:{id}", "7", "c1", id, label=label, balance=cents)


def folded_with(*matters: Ledger, state: Ledger | None = None, cents: int = 500) -> Decision[Ledger]:
    before = state or ledger.new(FIRM, CLIENT)
    return ledger.fold(before, [moved("2026-03-01", cents)], "USD", NOW, matters)


def test_a_matter_below_zero_is_named_in_its_clients_task_until_it_is_mended() -> None:
    named = folded_with(a_matter(-200), a_matter(700, "m2", "00002-Example"))
    assert named.state.low == {"m1": Low("00001-Example", -200)}
    [asked] = named.effects
    well_made(asked)
    assert asked.key == ledger.task_key(named.state) == f"{FIRM}/task/below-zero/7:c1/1"
    assert asked.title == "A matter of Ada Example is below zero in trust"
    assert asked.reason == "00001-Example holds −$2.00. In all, the client's ledger holds $5.00."
    assert "from this client's other matters" in asked.remedy
    assert named.state.below is None
    same = folded_with(a_matter(-200), state=named.state)
    assert (same.effects, same.closes, same.state.namings) == ((), (), 1)
    more = folded_with(a_matter(-300), a_matter(-1, "-", ""), state=named.state)
    assert more.closes == (asked.key,)
    assert more.effects[0].title == "2 matters of Ada Example are below zero in trust"
    assert "00001-Example holds −$3.00, money on no matter −$0.01." in more.effects[0].reason
    other = folded_with(a_matter(5, "m3"), state=more.state)
    assert (other.effects, other.state.low) == ((), more.state.low)
    mended = folded_with(a_matter(0), a_matter(1, "-"), state=more.state)
    assert (mended.effects, mended.closes, mended.state.low) == ((), (ledger.task_key(more.state),), {})


def test_where_the_client_is_below_zero_too_one_task_names_both() -> None:
    both = folded_with(a_matter(-700), cents=-700)
    [asked] = both.effects
    assert asked.title == "Trust ledger of Ada Example is below zero"
    told = "On Mar 1, 2026 this ledger falls to −$7.00. It holds −$7.00 now."
    assert asked.reason == told
    two = folded_with(a_matter(-900), a_matter(200, "m2"), cents=-700)
    assert two.effects[0].reason == f"{told} 00001-Example holds −$9.00."
    rest = folded_with(a_matter(-100), a_matter(100, "m2"), state=two.state, cents=700)
    assert (rest.closes, rest.effects[0].title) == (
        (two.effects[0].key,),
        "A matter of Ada Example is below zero in trust",
    )


def test_of_many_matters_below_zero_a_few_are_named_and_so_many_kept_as_a_state_holds() -> None:
    many = [a_matter(-1, f"m{n}", f"0000{n}") for n in range(ledger.LOW_KEPT + 3)]
    found = folded_with(*many)
    assert len(found.state.low) == ledger.LOW_KEPT
    assert found.effects[0].reason.count("−$0.01") == ledger.LOW_NAMED
    assert f"and {ledger.LOW_KEPT - ledger.LOW_NAMED} more" in found.effects[0].reason
    worse = folded_with(a_matter(-2, "m0"), state=found.state)
    assert worse.state.low["m0"].cents == -2


def test_nothing_left_is_not_below_zero_and_a_cent_less_is() -> None:
    assert folded(moved("2026-03-01", 700), moved("2026-03-05", -700)).state.below is None
    lacking = folded(moved("2026-03-01", 700), moved("2026-03-05", -701), moved("2026-03-06", 1)).state
    assert lacking.below == Below(date(2026, 3, 5), -1)


def test_days_that_are_too_old_are_kept_in_the_opening() -> None:
    first = date(2020, 1, 1)
    state = folded(*(moved((first + timedelta(days=n)).isoformat(), 1) for n in range(ledger.DAYS_KEPT + 5))).state
    assert (len(state.days), state.opening) == (ledger.DAYS_KEPT, 5)
    assert state.at_end_of("2020-01") == 31
    late = folded(moved("2020-01-02", -6), state=state)
    assert (late.state.opening, late.state.balance) == (-1, ledger.DAYS_KEPT - 1)
    oldest = min(state.days)
    on_it = folded(moved(oldest, 10), state=state).state
    assert (on_it.opening, on_it.days[oldest], len(on_it.days)) == (5, 11, ledger.DAYS_KEPT)


def test_what_is_older_than_a_day_in_the_opening_goes_there_too_however_few_days_are_left() -> None:
    kept = Ledger(FIRM, CLIENT, "7", "c1", balance=500, opening=600, days={"2026-03-05": -100})
    late = folded(moved("2026-03-01", -550), state=kept).state
    assert (late.opening, late.days, late.below) == (50, {"2026-03-05": -100}, Below(date(2026, 3, 5), -50))
    none = folded(moved("2026-03-05", 100), state=kept).state
    assert (none.opening, none.days) == (600, {})
    assert folded(moved("2026-03-07", 5), state=none).state.days == {"2026-03-07": 5}


def test_what_was_held_at_the_end_of_a_day_is_told_for_the_days_that_are_kept() -> None:
    state = folded(moved("2026-03-05", 500), moved("2026-03-07", -700)).state
    days = [date(2026, 3, n) for n in (4, 5, 6, 7, 8)]
    assert [ledger.held_on(state, day) for day in days] == [0, 500, 500, -200, -200]
    kept = Ledger(FIRM, CLIENT, "7", "c1", balance=500, opening=600, days={"2026-03-05": -100})
    assert [ledger.held_on(kept, day) for day in days[:2]] == [None, 500]
    assert ledger.held_on(replace(kept, days={}), days[0]) == 600


def test_while_all_days_are_kept_an_earlier_one_is_a_day_too() -> None:
    state = folded(moved("2026-03-05", 500)).state
    earlier = folded(moved("2026-03-01", -100), state=state).state
    assert (earlier.opening, earlier.days) == (0, {"2026-03-01": -100, "2026-03-05": 500})
    assert earlier.below == Below(date(2026, 3, 1), -100)


def test_clients_are_listed_by_name_and_matters_by_client_and_label() -> None:
    assert ledger.listing(ledger.new(FIRM, "7")).list is None
    client = replace(ledger.new(FIRM, "7:c1"), name="Ada")
    assert ledger.listing(client).list == (f"{FIRM}/ledgers/7", "ada#7:c1")
    matter = replace(ledger.new(FIRM, "7:c1:m1"), label="00001-X")
    assert ledger.listing(matter).list == (f"{FIRM}/matters/7", "c1#00001-x#m1")


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(-500, 500)), min_size=1, max_size=40), st.integers(1, 40))
def test_however_movements_are_batched_the_ledger_is_the_same(moves: list[tuple[int, int]], at: int) -> None:
    built = [moved((date(2026, 1, 1) + timedelta(days=n)).isoformat(), cents) for n, cents in moves]
    once = folded(*built).state
    first = folded(*built[:at]).state
    twice = folded(*built[at:], state=first).state if built[at:] else first
    assert (once.balance, once.months, once.days, once.below) == (twice.balance, twice.months, twice.days, twice.below)
    assert once.balance == sum(cents for _, cents in moves) == once.at_end_of("2026-12")
