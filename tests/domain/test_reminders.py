"""When a reminder goes out: the firm's days and hours, in every zone, across both changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.reminders import (
    EVENING,
    STEPS_AT_MOST,
    SUPPLIED,
    Next,
    ReminderSet,
    SetArchived,
    SetSaved,
    Step,
    decide,
    fill,
    local_instant,
    next_step,
    sending_time,
)
from chalicelib.errors import Refused

NEW_YORK = "America/New_York"
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def steps(*days: int) -> tuple[Step, ...]:
    return tuple(Step(d, f"Subject {d}", "Text") for d in days)


def coming(*days: int, due: date, now: datetime, last: int = -1, zone: str = NEW_YORK, hour: int = 9) -> Next | None:
    started = datetime(2020, 1, 1, tzinfo=UTC)
    return next_step(steps(*days), due_on=due, last=last, started_at=started, zone=zone, hour=hour, now=now)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


# --- local hours ------------------------------------------------------------------------------------------------------


def test_nine_in_the_morning_moves_with_daylight_saving() -> None:
    assert local_instant(date(2026, 3, 7), 9, NEW_YORK) == utc(2026, 3, 7, 14)
    assert local_instant(date(2026, 3, 8), 9, NEW_YORK) == utc(2026, 3, 8, 13)
    assert local_instant(date(2026, 10, 31), 9, NEW_YORK) == utc(2026, 10, 31, 13)
    assert local_instant(date(2026, 11, 1), 9, NEW_YORK) == utc(2026, 11, 1, 14)


def test_an_hour_that_daylight_saving_skips_becomes_the_next_that_exists() -> None:
    skipped = local_instant(date(2026, 3, 8), 2, NEW_YORK)
    assert skipped.astimezone(ZoneInfo(NEW_YORK)).hour == 3


def test_an_hour_that_comes_twice_is_the_first_of_the_two() -> None:
    assert local_instant(date(2026, 11, 1), 1, NEW_YORK) == utc(2026, 11, 1, 5)


@given(DAYS, st.integers(5, 19), ZONES)
def test_a_local_hour_is_that_hour_of_that_day_in_every_zone(day: date, hour: int, zone: str) -> None:
    local = local_instant(day, hour, zone).astimezone(ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == (day, hour, 0)


# --- sending hours ----------------------------------------------------------------------------------------------------


def test_before_the_hour_a_mail_waits_for_it() -> None:
    assert sending_time(utc(2026, 3, 2, 13, 59), NEW_YORK, 9) == utc(2026, 3, 2, 14)


def test_within_the_hours_a_mail_goes_at_once() -> None:
    for now in (utc(2026, 3, 2, 14), utc(2026, 3, 2, 20, 30), utc(2026, 3, 3, 0, 59)):
        assert sending_time(now, NEW_YORK, 9) == now


def test_in_the_evening_a_mail_waits_for_the_morning() -> None:
    assert sending_time(utc(2026, 3, 3, 1), NEW_YORK, 9) == utc(2026, 3, 3, 14)
    assert sending_time(utc(2026, 3, 3, 4, 59), NEW_YORK, 9) == utc(2026, 3, 3, 14)


def test_the_evening_before_the_clock_changes_waits_for_the_new_morning() -> None:
    assert sending_time(utc(2026, 3, 8, 2), NEW_YORK, 9) == utc(2026, 3, 8, 13)


@given(MOMENTS, ZONES)
def test_no_mail_goes_at_night_in_any_zone(now: datetime, zone: str) -> None:
    at = sending_time(now, zone, 9)
    local = at.astimezone(ZoneInfo(zone))
    assert 9 <= local.hour < EVENING
    assert now <= at <= now + timedelta(hours=15)


# --- the next step ----------------------------------------------------------------------------------------------------


def test_the_first_step_is_planned_for_the_firms_hour_of_its_day() -> None:
    assert coming(-3, 7, due=date(2026, 3, 20), now=utc(2026, 3, 2)) == Next(0, utc(2026, 3, 17, 13))


def test_days_before_and_after_the_change_of_the_clock_keep_the_local_hour() -> None:
    due = date(2026, 3, 7)
    assert coming(0, due=due, now=utc(2026, 3, 1)) == Next(0, utc(2026, 3, 7, 14))
    assert coming(1, due=due, now=utc(2026, 3, 1)) == Next(0, utc(2026, 3, 8, 13))
    due = date(2026, 10, 31)
    assert coming(0, due=due, now=utc(2026, 10, 1)) == Next(0, utc(2026, 10, 31, 13))
    assert coming(1, due=due, now=utc(2026, 10, 1)) == Next(0, utc(2026, 11, 1, 14))


def test_of_several_missed_steps_only_the_latest_is_sent() -> None:
    now = utc(2026, 3, 2, 15)
    assert coming(1, 10, 25, due=date(2026, 2, 10), now=now) == Next(1, now)


def test_a_step_already_sent_never_comes_again() -> None:
    now = utc(2026, 3, 2, 15)
    assert coming(1, 10, 25, due=date(2026, 2, 10), now=now, last=1) == Next(2, utc(2026, 3, 7, 14))


def test_a_set_that_is_through_has_no_next() -> None:
    assert coming(1, 10, due=date(2026, 2, 1), now=utc(2026, 3, 2), last=1) is None


def test_a_step_is_due_at_its_very_minute() -> None:
    now = utc(2026, 3, 2, 14)
    assert coming(0, 1, due=date(2026, 3, 2), now=now) == Next(0, now)
    assert coming(0, 1, due=date(2026, 3, 1), now=now) == Next(1, now)


def test_a_missed_step_waits_for_the_sending_hours() -> None:
    assert coming(0, due=date(2026, 2, 20), now=utc(2026, 3, 2, 8)) == Next(0, utc(2026, 3, 2, 14))
    assert coming(0, due=date(2026, 2, 20), now=utc(2026, 3, 3, 2)) == Next(0, utc(2026, 3, 3, 14))


def test_a_collection_that_begins_later_sends_nothing_before() -> None:
    begins = utc(2026, 3, 4, 16)
    found = next_step(
        steps(0), due_on=date(2026, 2, 1), last=-1, started_at=begins, zone=NEW_YORK, hour=9, now=utc(2026, 3, 2)
    )
    assert found == Next(0, begins)


SETS = st.lists(st.integers(-60, 365), min_size=1, max_size=STEPS_AT_MOST, unique=True).map(sorted)


@given(SETS, DAYS, MOMENTS, ZONES, st.integers(-1, STEPS_AT_MOST))
def test_in_every_zone_the_next_mail_is_the_latest_due_or_the_first_to_come(
    days: list[int], due: date, now: datetime, zone: str, last: int
) -> None:
    found = coming(*days, due=due, now=now, last=last, zone=zone)
    times = [local_instant(due + timedelta(days=d), 9, zone) for d in days]
    left = range(last + 1, len(days))
    if not left:
        assert found is None
        return
    assert found is not None
    missed = [i for i in left if times[i] <= now]
    assert found.step == (missed[-1] if missed else left[0])
    assert found.at == (sending_time(now, zone, 9) if missed else times[left[0]])
    assert 9 <= found.at.astimezone(ZoneInfo(zone)).hour < EVENING


@given(SETS, DAYS, MOMENTS, ZONES)
def test_a_collection_played_to_its_end_sends_each_step_once_and_in_order(
    days: list[int], due: date, now: datetime, zone: str
) -> None:
    sent: list[int] = []
    last = -1
    while (found := coming(*days, due=due, now=now, last=last, zone=zone)) is not None:
        assert found.at >= now
        sent.append(found.step)
        last, now = found.step, found.at
    assert sent == sorted(set(sent))
    assert sent[-1] == len(days) - 1


# --- sets -------------------------------------------------------------------------------------------------------------


def saved(*given: Step, name: str = "Mine") -> ReminderSet:
    return decide(None, SetSaved("set-1", name, given)).state


def test_a_set_is_kept_in_order_of_days_and_trimmed() -> None:
    found = saved(Step(10, "  B \n b", " later "), Step(-3, "A", "sooner"), name="  Mine  ")
    assert found == ReminderSet("set-1", "Mine", (Step(-3, "A", "sooner"), Step(10, "B b", "later")))


def test_a_long_name_is_cut() -> None:
    assert len(saved(Step(0, "A", "B"), name="x" * 100).name) == 80


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ((), "at least one"),
        ((Step(1, "", "B"),), "subject and a text"),
        ((Step(1, "A", "  "),), "subject and a text"),
        ((Step(1, "A", "B"), Step(1, "C", "D")), "same day"),
        (tuple(Step(d, "A", "B") for d in range(STEPS_AT_MOST + 1)), "at most 12"),
        ((Step(-61, "A", "B"),), "60 days before"),
        ((Step(366, "A", "B"),), "365 days"),
        ((Step(1, "A" * 151, "B"),), "under 150"),
        ((Step(1, "A", "B" * 5001),), "5,000"),
        ((Step(1, "{{ amount }}", "B"),), "no field named {{amount}}"),
        ((Step(1, "A", "{{}}"),), "no field named"),
    ],
)
def test_a_set_that_would_not_work_is_refused_with_its_reason(given: tuple[Step, ...], why: str) -> None:
    with pytest.raises(Refused) as told:
        saved(*given)
    assert why in told.value.reason


def test_a_set_needs_a_name() -> None:
    with pytest.raises(Refused, match="name"):
        saved(Step(1, "A", "B"), name=" ")


def test_a_set_at_its_limits_is_taken() -> None:
    found = saved(Step(-60, "A" * 150, "B" * 5000), Step(365, "A", "B"), *(Step(d, "A", "B") for d in range(10)))
    assert len(found.steps) == STEPS_AT_MOST


def test_an_archived_set_keeps_its_steps() -> None:
    kept = decide(SUPPLIED[0], SetArchived()).state
    assert kept.archived
    assert kept.steps == SUPPLIED[0].steps


def test_what_is_not_there_cannot_be_archived() -> None:
    with pytest.raises(Refused, match="no such"):
        decide(None, SetArchived())


def test_the_supplied_sets_would_be_taken_as_they_are() -> None:
    for supplied in SUPPLIED:
        assert decide(None, SetSaved(supplied.id, supplied.name, supplied.steps)).state == supplied


def test_fields_are_filled_and_nothing_is_evaluated() -> None:
    told = fill("Dear {{ client_name }}: {{amount_due}} {{unknown}} {client_name} {{ 1+1 }}", {"client_name": "{{x}}"})
    assert told == "Dear {{x}}:   {client_name} {{ 1+1 }}"
