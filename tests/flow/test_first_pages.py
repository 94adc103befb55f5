"""The first sync's lists, page by page: the same however small the pages are, and whoever else works on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.first import Fate, Row
from chalicelib.domain.kernel import Decision, Kind, Status
from chalicelib.domain.readings import Pot
from chalicelib.errors import Refused, Unavailable
from chalicelib.flow import first_handing, first_plan, first_sync
from chalicelib.flow.contacts import contact_ref
from chalicelib.flow.first_plan import ATTEMPTS, ROWS, Plan
from chalicelib.flow.settle import policy_of, settle
from tests.flow import acts, races
from tests.flow.acts import STAFF
from tests.flow.test_first_sync import a_new_stage, prepare, rows, settled
from tests.world import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    """One firm for all, its first sync listed and waiting for a person."""
    stage = a_new_stage()
    prepare(stage)
    return stage


def plan_of(stage: Stage) -> Plan:
    plan = first_sync.plan_of(stage.world, stage.firm)
    assert plan is not None
    return plan


def listed(stage: Stage) -> dict[str, dict[str, Row]]:
    return {"clients": rows(stage, "clients"), "bills": rows(stage, "bills")}


def in_pages_of(stage: Stage, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """The store's lists come in pages this small."""
    for verb in ("listed", "grouped"):
        real = getattr(stage.world.store, verb)

        def small(of: str, real: Any = real, **asked: Any) -> Any:
            return real(of, **{**asked, "limit": min(rows, asked["limit"])})

        monkeypatch.setattr(stage.world.store, verb, small)


def test_every_payment_that_is_to_be_posted_is_counted(stage: Stage) -> None:
    mine = [x for x in acts.payments(stage) if x.money and x.pot is Pot.OPERATING and x.wanted and x.posted is None]
    assert plan_of(stage).payments == [len(mine), sum(x.total for x in mine)]
    assert mine
    owed = [e for e in acts.all_effects(stage) if e.kind == Do.LOOK_GROUP and e.status is Status.OWED]
    assert owed == [], "none that is to come"


def test_the_list_is_the_same_however_small_the_pages_are_that_it_is_read_in(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, shown = plan_of(stage), listed(stage)
    in_pages_of(stage, monkeypatch, 1)
    first_sync.start(stage.world, stage.firm, STAFF)
    after = settled(stage)
    monkeypatch.undo()
    same = ("clients", "bills", "payments", "phase")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    assert listed(stage) == shown


def test_while_it_is_being_read_nobody_begins(stage: Stage) -> None:
    first_sync.start(stage.world, stage.firm, STAFF)
    with pytest.raises(Refused, match="being read at this moment"):
        first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)


def test_whoever_answers_while_others_do_all_the_time_is_told_to_wait(stage: Stage) -> None:
    with races.before(stage.world.store, "put_record", races.taken, times=ATTEMPTS), pytest.raises(Unavailable):
        first_sync.confirm_exact(stage.world, stage.firm)
    assert not plan_of(stage).exact


@pytest.mark.parametrize(("count", "pages"), [(ROWS - 1, 1), (ROWS, 1), (ROWS + 1, 2)])
def test_rows_are_kept_fifty_to_a_record(stage: Stage, count: int, pages: int) -> None:
    policy, plan = policy_of(stage.world, stage.firm), Plan(99)
    policy = replace(policy, firm=replace(policy.firm, generation=99))
    made = [Row(str(n), f"Bill {n}", "", Fate.CREATE, cents=n) for n in range(count)]
    first_plan.write(stage.world, policy, plan, "bills", iter(made))
    assert plan.pages["bills"] == pages
    assert [r for n in range(pages) for r in first_plan.rows_of(stage.world, policy, "bills", n)] == made
    assert plan.bills.counts == {"create": count}


def test_a_client_that_was_linked_meanwhile_keeps_its_link() -> None:
    stage = a_new_stage()
    prepare(stage)
    ada = acts.contact(stage, "Ada Example")
    linked, ref = replace(ada, customer="7"), contact_ref(stage.firm, ada.id)
    settle(stage.world, [ref], lambda _s, _n: {ref: Decision(linked)}, fact="Test")
    row = Row(ada.id, ada.name, "", Fate.LINK, link="999")
    for told in (row, replace(row, id="999999")):
        first_handing.hand_client(stage.world, policy_of(stage.world, stage.firm), told, STAFF)
    assert acts.contact(stage, "Ada Example") == linked
    assert "999999" not in {c.id for c in acts.all_states(stage, Kind.CONTACT)}
