"""A bill's number that stands in QuickBooks already: linked if it is the same invoice, parked if it is another."""

from __future__ import annotations

from chalicelib.flow import attention, broken
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, a_synced_stage, booked, cents, invoice, parked_on, payable, posted_on, tasks
from tests.world import Stage


def pay_in_quickbooks(stage: Stage, number: str, dollars: str, day: str = "2026-02-20") -> dict[str, object]:
    """The bookkeeper enters a payment on an invoice."""
    there = invoice(stage, number)
    made: dict[str, object] = stage.world.quickbooks_box.people.add_payment(
        stage.realm, there["CustomerRef"]["value"], dollars, there["Id"], day
    )
    return made


def test_the_same_customer_and_total_is_linked_and_left_as_it_is() -> None:
    stage = a_synced_stage()
    there = invoice(stage, "1042")
    p = payable(stage, "1042")
    assert p.booked and p.booked.adopted and p.booked.id == there["Id"]
    assert there["SyncToken"] == "0", "not written"
    assert there["Line"][0]["Description"] == "Entered by hand"


def test_the_number_on_another_customers_invoice_parks() -> None:
    stage = a_synced_stage()
    [effect] = parked_on(stage, "1043")
    assert "1043" in effect.reason and "$999.00" in effect.reason
    assert payable(stage, "1043").booked is None
    assert cents(invoice(stage, "1043")["TotalAmt"]) == 99900


def test_a_conflict_is_gone_once_the_bill_is_renumbered() -> None:
    stage = a_synced_stage()
    [effect] = parked_on(stage, "1043")
    stage.world.clio_box.people.edit_bill("1043", number="1043-A")
    attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(1, minutes=2)
    assert cents(invoice(stage, "1043-A")["TotalAmt"]) == payable(stage, "1043-A").asks
    assert not parked_on(stage, "1043-A")


def test_a_conflict_is_gone_once_the_other_invoice_is_renumbered() -> None:
    stage = a_synced_stage()
    [effect] = parked_on(stage, "1043")
    stage.world.quickbooks_box.people.change_invoice(stage.realm, invoice(stage, "1043")["Id"], DocNumber="Z-1")
    attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(1, minutes=2)
    assert cents(invoice(stage, "1043")["TotalAmt"]) == payable(stage, "1043").asks


def test_the_same_number_and_customer_with_another_total_parks() -> None:
    stage = a_stage()
    people = stage.world.quickbooks_box.people
    people.change_invoice_amount(stage.realm, invoice(stage, "1042")["Id"], "401.00")
    stage.resync()
    assert payable(stage, "1042").booked is None
    assert parked_on(stage, "1042", "quickbooks.invoice")


def test_payments_on_a_linked_invoice_that_are_clios_own_are_taken_as_posted() -> None:
    stage = a_stage()
    pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    stage.world.clio_box.people.record_payment({"1042": 15000}, on="2026-02-20")
    stage.resync()
    stage.pass_time(5, minutes=20)
    assert posted_on(stage, "1042") == [15000], "not posted a second time"
    p = payable(stage, "1042")
    assert p.booked and not p.booked.waits
    assert not parked_on(stage, "1042")
    assert acts.about(acts.compare(stage), "1042") == []


def test_payments_that_do_not_match_clios_wait_for_a_person_and_nothing_is_posted() -> None:
    stage = a_stage()
    pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    stage.world.clio_box.people.record_payment({"1042": 14000}, on="2026-02-21")
    stage.resync()
    stage.pass_time(5, minutes=30)
    [task] = tasks(stage, "payments")
    assert "$150.00" in task.reason
    assert posted_on(stage, "1042") == [15000]
    attention.done(stage.world, stage.firm, task.key, STAFF)
    stage.pass_time(5, minutes=30)
    assert sorted(posted_on(stage, "1042")) == [14000, 15000]
    assert not tasks(stage, "payments")


def test_a_payment_in_quickbooks_alone_waits_for_a_person_before_anything_is_posted() -> None:
    stage = a_stage()
    pay_in_quickbooks(stage, "1042", "150.00")
    stage.resync()
    acts.pay_by_card(stage, "1042")
    stage.pass_time(5, minutes=30)
    assert posted_on(stage, "1042") == [15000]
    assert len(tasks(stage, "payments")) == 1


def test_an_invoice_is_linked_to_one_bill_only() -> None:
    stage = a_synced_stage()
    people = stage.world.clio_box.people
    people.add_bill("Hartwell & Pine LLP", "Ada Example", "2001", [{"note": "Advice", "price": 40000}])
    people.edit_bill("2001", number="1042")
    acts.poll(stage)
    there = invoice(stage, "1042")["Id"]
    assert len([p for p in acts.payables(stage) if p.booked and p.booked.id == there]) == 1
    [effect] = [e for e in acts.parked(stage, kind="quickbooks.invoice") if "linked to another bill" in e.reason]
    people.edit_bill(int(effect.body["payable"]), number="2001")
    attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(1, minutes=2)
    assert cents(invoice(stage, "2001")["TotalAmt"]) == 40000


def test_an_invoice_deleted_in_quickbooks_is_not_made_again_silently() -> None:
    stage = a_synced_stage()
    people = stage.world.quickbooks_box.people
    people.delete_invoice(stage.realm, invoice(stage, "1046")["Id"])
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    [effect] = parked_on(stage, "1046")
    assert "deleted in QuickBooks" in effect.reason
    assert not booked(stage, DocNumber="1046")
    broken.decide(stage.world, stage.firm, effect.key, "accept", "", STAFF)
    assert not parked_on(stage, "1046")


def test_two_bills_of_one_number_do_not_become_two_invoices() -> None:
    stage = a_stage()
    stage.world.clio_box.people.edit_bill("1047", number="1046")
    stage.resync()
    assert len(booked(stage, DocNumber="1046")) == 1
    told = [e.reason for e in acts.parked(stage, kind="quickbooks.invoice")]
    assert any("number 1046 too" in reason or "numbered 1046" in reason for reason in told)
