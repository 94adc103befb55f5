"""Invoices in QuickBooks: what is not as it should be there, or in Clio's own figures."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.kernel import Effect, Status
from chalicelib.flow import looking
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import booked, cents, clio_id, invoice, payable
from tests.world import Stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all; each test has a bill of its own."""
    acts.BUILT.append(synced)
    synced.pass_time(1, minutes=2)
    return synced


def look(stage: Stage, number: str) -> None:
    """What changed in Clio is looked at, and what follows at once is done."""
    looking.point_at_bill(stage.world, policy_of(stage.world, stage.firm), str(clio_id(stage, number)))
    stage.work()


def steps(stage: Stage, number: str) -> list[Effect]:
    about = f"payable/{payable(stage, number).id}"
    found = [e for e in acts.all_effects(stage) if e.about == about and e.kind == "quickbooks.invoice"]
    return [e for e in found if e.status is not Status.DONE]


def test_a_bill_whose_lines_do_not_come_to_what_it_asks_for_is_no_invoice(stage: Stage) -> None:
    stage.world.clio_box.people.approve("1071")
    bill = stage.world.clio_box.state.rows["bills"][clio_id(stage, "1071")]
    bill.raw = dict.fromkeys(("total", "due", "balance", "sub_total"), 999)
    look(stage, "1071")
    [step] = steps(stage, "1071")
    assert step.reason.endswith("but Clio asks for $999.00."), step.reason
    assert booked(stage, DocNumber="1071") == []
    bill.raw = None
    stage.world.clio_box.changed(bill)
    look(stage, "1071")
    stage.pass_time(1, minutes=3)
    assert cents(invoice(stage, "1071")["TotalAmt"]) == payable(stage, "1071").asks


def test_a_new_invoice_that_never_arrived_is_looked_up_by_its_number_and_written_then(stage: Stage) -> None:
    stage.world.clio_box.people.approve("1072")
    stage.world.quickbooks_box.faults.append(Fault("drop_request", path="/batch", method="POST", times=2))
    look(stage, "1072")
    stage.pass_time(0.1, seconds=30)
    assert booked(stage, DocNumber="1072") == []
    assert steps(stage, "1072")[0].call
    stage.pass_time(0.5, minutes=4)
    assert cents(invoice(stage, "1072")["TotalAmt"]) == payable(stage, "1072").asks


def test_an_invoice_that_quickbooks_does_not_show_for_a_moment_waits_and_is_not_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stage.world.quickbooks.invoices_by_id
    answers: list[Any] = [[]]
    monkeypatch.setattr(
        stage.world.quickbooks, "invoices_by_id", lambda a, ids: answers.pop() if answers else real(a, ids)
    )
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    look(stage, "1046")
    [step] = steps(stage, "1046")
    assert step.cause == "QuickBooks does not show the invoice at this moment."
    stage.pass_time(0.5, minutes=2)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 130000


def test_a_bill_and_its_invoice_voided_on_both_sides_need_nothing_more(stage: Stage) -> None:
    id = invoice(stage, "1047")["Id"]
    stage.world.quickbooks_box.people.void_invoice(stage.realm, id)
    stage.world.clio_box.people.void("1047")
    before = acts.calls(stage)
    look(stage, "1047")
    held = payable(stage, "1047")
    assert held.gone and held.booked is not None and held.booked.voided
    assert steps(stage, "1047") == []
    wrote = [r for r in acts.requests_since(stage, before) if r[0] == "quickbooks" and r[2].endswith("/batch")]
    assert wrote == []
