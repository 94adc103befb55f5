"""Sessions and the trips to a neighbour's consent page: bound to a browser, good once, and not for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.errors import Refused
from chalicelib.flow import sessions
from chalicelib.flow.sessions import AT_MOST, IDLE, TOUCH, Session, Trip
from tests.builders import FIRM
from tests.world import MemoryWorld

BROWSER = "browser-cookie"
TRIP = Trip("connect", region="us", firm=FIRM, user="1")


def signed_in(world: MemoryWorld, user: str = "1") -> tuple[str, Session]:
    cookie = sessions.begin(world, firm=FIRM, user=user, name="Olivia", owner=True)
    found = sessions.find(world, cookie)
    assert found is not None
    return cookie, found


def test_a_session_moves_on_while_it_is_used_and_ends_when_it_is_not() -> None:
    world = MemoryWorld()
    cookie, first = signed_in(world)
    world.clock.move(seconds=TOUCH.total_seconds())
    moved = sessions.find(world, cookie)
    assert moved == replace(first, seen_at=world.now())
    world.clock.move(seconds=IDLE.total_seconds() + 1)
    assert sessions.find(world, cookie) is None


def test_a_session_ends_after_its_longest_time_however_often_it_is_used() -> None:
    world = MemoryWorld()
    cookie, first = signed_in(world)
    while world.now() - first.began_at <= AT_MOST:
        assert sessions.find(world, cookie) is not None
        world.clock.move(seconds=IDLE.total_seconds() - 1)
    assert sessions.find(world, cookie) is None


def test_a_session_that_ended_and_a_cookie_that_is_none_open_nothing() -> None:
    world = MemoryWorld()
    cookie, session = signed_in(world)
    sessions.end(world, session)
    assert sessions.find(world, cookie) is None
    assert sessions.find(world, "") is None


def test_without_a_cookie_no_trip_begins() -> None:
    with pytest.raises(Refused, match="Allow cookies"):
        sessions.depart(MemoryWorld(), TRIP, "")


def test_a_trip_is_over_once_it_arrived() -> None:
    world = MemoryWorld()
    _, session = signed_in(world)
    state = sessions.depart(world, TRIP, BROWSER)
    assert sessions.arrive(world, state, BROWSER, session=session) == TRIP
    with pytest.raises(Refused):
        sessions.arrive(world, state, BROWSER, session=session)


@pytest.mark.parametrize(
    ("state", "browser", "minutes"), [("made-up", BROWSER, 0), ("", "other", 0), ("", BROWSER, 11)]
)
def test_a_trip_that_is_unknown_of_another_browser_or_too_old_is_lost(state: str, browser: str, minutes: int) -> None:
    world = MemoryWorld()
    _, session = signed_in(world)
    made = sessions.depart(world, TRIP, BROWSER)
    world.clock.move(minutes=minutes)
    with pytest.raises(Refused) as told:
        sessions.arrive(world, state or made, browser, session=session)
    assert told.value.reason == sessions.LOST_STATE


def test_of_two_arrivals_at_the_same_instant_one_is_lost() -> None:
    world = MemoryWorld()
    _, session = signed_in(world)
    state = sessions.depart(world, TRIP, BROWSER)

    def another_arrives_first(verb: str, _table: str) -> None:
        if verb == "put_record":
            world.store.before = None
            sessions.arrive(world, state, BROWSER, session=session)

    world.store.before = another_arrives_first
    with pytest.raises(Refused) as told:
        sessions.arrive(world, state, BROWSER, session=session)
    assert told.value.reason == sessions.LOST_STATE


@pytest.mark.parametrize("who", ["nobody", "another"])
def test_a_trip_of_a_firm_ends_for_the_person_who_began_it(who: str) -> None:
    world = MemoryWorld()
    session = None if who == "nobody" else signed_in(world, "2")[1]
    state = sessions.depart(world, TRIP, BROWSER)
    with pytest.raises(Refused, match="signed out in between"):
        sessions.arrive(world, state, BROWSER, session=session)
