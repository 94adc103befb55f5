"""The pay link in the memo of Clio's bill, where the firm wishes it."""

from __future__ import annotations

import pytest

from chalicelib.domain.firm import Invoicing
from chalicelib.domain.kernel import Effect
from chalicelib.flow import attention, drawing, links
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, payable
from tests.world import PUBLIC, Stage


def wish(stage: Stage) -> None:
    drawing.save(stage.world, stage.firm, Invoicing(clio_memo=True), {}, STAFF)


def memo(stage: Stage, number: str) -> str:
    bill = stage.world.clio_box.state.rows["bills"][acts.clio_id(stage, number)]
    return bill.memo or ""


def a_new_bill(stage: Stage, number: str = "3001") -> None:
    lines = [{"note": "Advice", "price": 40000}]
    stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", "Calder Freight Inc", number, lines)
    acts.poll(stage)


def test_a_bill_that_comes_in_gets_a_link_in_its_memo_and_its_invoice_is_not_written_twice() -> None:
    stage = a_synced_stage()
    assert memo(stage, "1046") == ""
    wish(stage)
    a_new_bill(stage)
    stage.pass_time(1, minutes=10)
    token = memo(stage, "3001").removeprefix(f"Pay online: {PUBLIC}/pay/")
    opened = links.opened_by(stage.world, token)
    assert opened and opened.payable == payable(stage, "3001").id
    acts.poll(stage)
    assert payable(stage, "3001").revision == 1
    assert acts.invoice(stage, "3001")["SyncToken"] == "0"
    assert memo(stage, "1046") == "", "older bills are left as they are"


def test_what_stands_in_the_memo_is_kept_and_a_lost_answer_writes_no_second_link() -> None:
    stage = a_synced_stage()
    wish(stage)
    stage.world.clio_box.state.rows["bills"][acts.clio_id(stage, "1046")].memo = "Thank you."
    stage.world.clio_box.faults.append(Fault("drop_answer", path="/bills/", method="PATCH"))
    drawing.start(stage.world, stage.firm, STAFF)
    stage.pass_time(1, minutes=30)
    first, second = memo(stage, "1046").split("\n")
    assert first == "Thank you."
    assert second.startswith(f"Pay online: {PUBLIC}/pay/")
    drawing.start(stage.world, stage.firm, STAFF)
    stage.pass_time(1, minutes=30)
    assert memo(stage, "1046") == f"{first}\n{second}"


def test_a_link_made_useless_is_replaced_in_the_memo() -> None:
    stage = a_synced_stage()
    wish(stage)
    a_new_bill(stage)
    stage.pass_time(1, minutes=10)
    before = memo(stage, "3001")
    drawing.without_links(stage.world, stage.firm, payable(stage, "3001").id, STAFF)
    stage.pass_time(1, minutes=10)
    after = memo(stage, "3001")
    assert after != before and after.count("/pay/") == 1


def test_a_bill_that_moved_is_read_first_and_one_that_is_paid_gets_no_link() -> None:
    stage = a_synced_stage()
    wish(stage)
    a_new_bill(stage)
    stage.world.clio_box.people.edit_bill("3001", due_at="2026-06-01")
    stage.pass_time(1, minutes=15)
    assert "/pay/" in memo(stage, "3001")
    a_new_bill(stage, "3002")
    stage.world.clio_box.people.record_payment({"3002": 40000})
    stage.pass_time(1, minutes=20)
    assert payable(stage, "3002").open == 0


def refused(stage: Stage, status: int) -> Effect:
    """Clio takes no change of any bill for some hours."""
    stage.pass_time(1, minutes=2)
    wish(stage)
    stage.world.clio_box.faults.append(Fault("status", path="/bills/", method="PATCH", status=status, times=1000))
    a_new_bill(stage)
    stage.pass_time(5, hours=3)
    stage.world.clio_box.faults.clear()
    [step] = acts.parked(stage, kind="clio.memo")
    return step


@pytest.mark.parametrize(("status", "words"), [(412, "each time"), (422, "did not take the link")])
def test_a_memo_that_clio_does_not_take_is_shown_and_may_be_left_or_tried_again(status: int, words: str) -> None:
    stage = a_synced_stage()
    step = refused(stage, status)
    assert words in step.reason and "Done" in step.remedy
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(1, minutes=10)
    assert "Pay online" in memo(stage, "3001")
    assert not acts.parked(stage, kind="clio.memo")


def test_a_memo_is_left_as_it_is_on_a_persons_word() -> None:
    stage = a_synced_stage()
    step = refused(stage, 412)
    attention.done(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(5, hours=1)
    assert memo(stage, "3001") == "" and not acts.parked(stage, kind="clio.memo")
