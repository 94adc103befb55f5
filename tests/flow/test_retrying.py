"""Trying all again that waits for one cause: every step of it once, nothing else, whatever dies in between."""

from __future__ import annotations

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Neighbour, Status, lane_of
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import attention, drain, health, retrying
from chalicelib.flow.retrying import Group
from tests.flow import acts, races
from tests.flow.acts import STAFF, cents, invoice
from tests.flow.test_staying import close, closed, reopen
from tests.world import Stage

CLOSED = "The books are closed for this date in QuickBooks."
NUMBERS = ("1046", "1047", "1048")


def a_closed_period(*numbers: str) -> tuple[Stage, Group]:
    """Bills changed in Clio while the books are closed: one step of each is parked."""
    stage = acts.a_synced_stage()
    close(stage)
    for n in numbers or NUMBERS:
        stage.world.clio_box.people.edit_bill(n, total=70000 + int(n))
    acts.poll(stage)
    [group] = [g for g in retrying.of(stage.world, stage.firm) if g.cause == CLOSED]
    return stage, group


def written(stage: Stage) -> list[str]:
    return [n for n in NUMBERS if cents(invoice(stage, n)["TotalAmt"]) == 70000 + int(n)]


def press(stage: Stage, group: Group) -> None:
    retrying.start(stage.world, stage.firm, group.id, STAFF)


def the_run(stage: Stage) -> retrying.Tries:
    [run] = retrying.runs(stage.world, stage.firm)
    return run


def pieces_of(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(retrying, "PAGE", size)


def another_parked(stage: Stage) -> Effect:
    """A step of another cause, which nobody asked about."""
    [e] = [e for e in acts.all_effects(stage) if e.kind == Do.POLL_BOOKS and e.status is Status.OWED]
    stage.world.store.park(e.key, reason="Permission denied", remedy="Look.", detail="")
    return e


def test_what_waits_for_one_cause_is_told_together_though_each_says_what_it_is_itself() -> None:
    stage, group = a_closed_period()
    assert len({e.reason for e in closed(stage, Do.INVOICE)}) == 3
    assert (group.count, group.kinds, group.more) == (4, (("invoice", 3), ("credit note", 1)), False)
    assert "“Advanced”" in group.remedy and "Or leave it" not in group.remedy
    assert len(group.titles) == 4
    assert group in health.health(stage.world, stage.firm).groups


def test_once_the_period_is_open_one_press_writes_them_all_and_nothing_else() -> None:
    stage, group = a_closed_period()
    other = another_parked(stage)
    reopen(stage)
    press(stage, group)
    assert the_run(stage).finished_at is None, "nothing is done in the request itself"
    stage.work()
    run = the_run(stage)
    assert (run.by, run.asked, run.tried) == (STAFF, 4, 4)
    assert run.finished_at and health.health(stage.world, stage.firm).tries == (run,)
    stage.pass_time(2, minutes=2)
    assert written(stage) == list(NUMBERS) and not closed(stage, Do.INVOICE)
    found = stage.world.store.effect(other.key)
    assert found and found.status is Status.PARKED
    stage.pass_time(1, minutes=61)
    assert not retrying.runs(stage.world, stage.firm), "an old one is shown no more"


def test_it_goes_through_the_list_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, group = a_closed_period()
    another_parked(stage)
    pieces_of(monkeypatch, 1)
    reopen(stage)
    press(stage, group)
    stage.work()
    assert the_run(stage).tried == 4
    stage.pass_time(2, minutes=2)
    assert written(stage) == list(NUMBERS)


def test_what_is_refused_once_more_is_back_in_the_list_and_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, group = a_closed_period()
    pieces_of(monkeypatch, 1)
    press(stage, group)
    stage.pass_time(3, minutes=2)
    assert len(closed(stage, Do.INVOICE)) == 3
    assert the_run(stage).finished_at and the_run(stage).tried == 4
    press(stage, group)
    assert the_run(stage).finished_at is None, "it can be pressed again"
    stage.work()
    assert the_run(stage).tried == 4


@pytest.mark.parametrize("after", range(6))
def test_whoever_works_on_it_may_die_at_any_step(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    stage, group = a_closed_period()
    pieces_of(monkeypatch, 2)
    reopen(stage)
    press(stage, group)
    effect = next(e for e in acts.all_effects(stage) if e.kind == Do.TRY_ALL)
    verb = "retry" if after % 2 else "put_record"
    with races.before(stage.world.store, verb, died, skip=after // 2), pytest.raises(KeyboardInterrupt):
        while True:
            retrying.run(stage.world, effect)
    stage.work()
    assert the_run(stage).tried == 4 and the_run(stage).finished_at
    stage.pass_time(2, minutes=2)
    assert written(stage) == list(NUMBERS)
    assert acts.about(acts.compare(stage), "1046") == []


def died() -> None:
    raise KeyboardInterrupt


def test_whoever_presses_may_die_before_it_is_owed_and_presses_again() -> None:
    stage, group = a_closed_period()
    reopen(stage)
    with races.before(stage.world.store, "arrive", died), pytest.raises(KeyboardInterrupt):
        press(stage, group)
    began = the_run(stage).started_at
    stage.world.clock.move(seconds=5)
    press(stage, group)
    assert the_run(stage).started_at == began
    stage.pass_time(2, minutes=2)
    assert written(stage) == list(NUMBERS)


def test_pressed_twice_it_is_one_run() -> None:
    stage, group = a_closed_period()
    reopen(stage)
    press(stage, group)
    press(stage, group)
    with races.before(stage.world.store, "put_record", lambda: None):
        stage.work()
    assert the_run(stage).tried == 4
    stage.pass_time(2, minutes=2)
    assert written(stage) == list(NUMBERS)
    with pytest.raises(Refused, match="already settled"):
        press(stage, group)


def test_two_who_press_at_one_moment_begin_one_run() -> None:
    stage, group = a_closed_period()
    reopen(stage)
    with races.before(stage.world.store, "put_record", lambda: press(stage, group)):
        press(stage, group)
    stage.pass_time(2, minutes=2)
    assert (the_run(stage).tried, written(stage)) == (4, list(NUMBERS))


def test_two_workers_on_one_run_count_nothing_twice() -> None:
    stage, group = a_closed_period()
    press(stage, group)
    effect = next(e for e in acts.all_effects(stage) if e.kind == Do.TRY_ALL)
    with (
        races.before(stage.world.store, "put_record", lambda: retrying.run(stage.world, effect), skip=1),
        pytest.raises(Conflict),
    ):
        retrying.run(stage.world, effect)
    assert the_run(stage).tried == 4


def test_what_somebody_settled_meanwhile_is_passed_over() -> None:
    stage, group = a_closed_period()
    reopen(stage)
    press(stage, group)
    effect = next(e for e in acts.all_effects(stage) if e.kind == Do.TRY_ALL)
    first = closed(stage, Do.INVOICE)[0]
    one = lambda: attention.retry(stage.world, stage.firm, first.key, STAFF)  # noqa: E731
    with races.after(stage.world.store, "put_record", one):
        retrying.run(stage.world, effect)
    stage.pass_time(2, minutes=2)
    assert written(stage) == list(NUMBERS)


def test_one_alone_and_tasks_are_no_group() -> None:
    stage, group = a_closed_period("1046")
    step = closed(stage, Do.INVOICE)[0]
    attention.retry(stage.world, stage.firm, step.key, STAFF, "stay")
    stage.pass_time(1, minutes=2)
    assert group.id not in {g.id for g in retrying.of(stage.world, stage.firm)}
    with pytest.raises(Refused):
        retrying.group(stage.world, stage.firm, group.id)


def test_a_run_whose_record_is_gone_ends_without_a_word() -> None:
    stage, group = a_closed_period("1046")
    press(stage, group)
    stage.world.store.delete_record(f"tries/{stage.firm}", group.id)
    drain.drain(stage.world, lane_of(stage.firm, Neighbour.SELF))
    assert not [e for e in acts.all_effects(stage) if e.kind == Do.TRY_ALL and e.status is not Status.DONE]
    assert len(closed(stage, Do.INVOICE)) == 1
