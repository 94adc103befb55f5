from __future__ import annotations

import os
import signal

import pytest

from tests.forked import Forked, Lost, in_a_child


def test_a_child_goes_on_from_where_it_was_forked_and_the_parent_too() -> None:
    forked = Forked()

    def job() -> list[str]:
        seen = ["before"]
        seen.append("child" if forked.fork("here") else "parent")
        seen.append("child" if forked.fork("there") else "parent")
        return seen

    assert forked.whole(job) == ["before", "parent", "parent"]
    assert forked.told == {"here": ["before", "child", "parent"], "there": ["before", "parent", "child"]}


@pytest.mark.parametrize("at_once", (1, 3))
def test_every_child_is_heard_however_many_run_at_once_and_however_much_they_tell(at_once: int) -> None:
    forked = Forked(at_once)
    forked.whole(lambda: next((n for n in range(7) if forked.fork(n)), None))
    assert forked.told == {n: n for n in range(7)}

    long = Forked(at_once)
    long.whole(lambda: "x" * 200_000 if any(long.fork(n) for n in range(3)) else None)
    assert [len(long.told[n]) for n in range(3)] == [200_000] * 3


def _ends(how: str) -> None:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exits":
        os._exit(0)
    raise ValueError(how)


@pytest.mark.parametrize(("how", "why"), (("killed", "-9"), ("exits", "told nothing"), ("raises", "ValueError")))
def test_a_child_that_dies_is_lost_and_not_passed_over(how: str, why: str) -> None:
    forked = Forked()
    forked.whole(lambda: _ends(how) if forked.fork(how) else None)
    assert isinstance(forked.told[how], Lost)
    assert why in forked.told[how].why

    with pytest.raises(AssertionError, match=why):
        in_a_child(lambda: _ends(how))


def test_an_error_of_the_parent_is_its_own_and_its_children_are_awaited() -> None:
    forked = Forked(2)

    def job() -> str:
        if forked.fork("one"):
            return "through"
        raise KeyError("the parent's")

    with pytest.raises(KeyError):
        forked.whole(job)
    assert forked.told == {"one": "through"}


def test_a_value_is_brought_from_another_process() -> None:
    process, text = in_a_child(lambda: (os.getpid(), "ü" * 10))
    assert process != os.getpid()
    assert text == "ü" * 10
