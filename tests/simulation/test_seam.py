"""The queue as faults leave it: what is lost, doubled and overtaken."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.history import History
from tests.simulation.seam import Messages
from tests.simulation.terms import Script

LANE = "us-1|clio"


def messages(**rates: float) -> Messages:
    history = History(1, script=Script("nothing", lambda _h: None))
    history.faults.rates.update(rates)
    return Messages(history)


def taken(queue: Messages) -> list[str]:
    """All that comes within an hour, in its order."""
    found = []
    while (lane := queue.take(queue.life.now() + timedelta(hours=1))) is not None:
        found.append(lane)
    return found


def test_a_lane_told_of_twice_at_once_is_one_message() -> None:
    queue = messages()
    queue.hint([LANE])
    queue.hint([LANE])
    assert taken(queue) == [LANE]


def test_what_the_queue_doubles_is_delivered_twice() -> None:
    queue = messages(queue_double=1.0)
    queue.hint([LANE])
    assert taken(queue) == [LANE, LANE]


def test_what_the_queue_loses_never_comes() -> None:
    queue = messages(queue_lose=1.0)
    queue.hint([LANE])
    assert taken(queue) == []


def test_what_the_queue_delays_is_overtaken() -> None:
    queue = messages(queue_delay=1.0)
    queue.hint([LANE])
    queue.life.faults.rates.clear()
    queue.hint(["us-2|clio"])
    assert taken(queue) == ["us-2|clio", LANE]
