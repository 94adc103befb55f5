"""An invoice that is there is written again: a paid one stays its customer's, and a number is given once."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import pairing
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.flow import attention, contacts, first_sync, pairing_views
from chalicelib.flow import pairing as pairing_flow
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, booked, cents, contact, invoice, parked, payable, posted_on
from tests.flow.test_adoption import pay_in_quickbooks
from tests.flow.test_contacts import ADA, look
from tests.flow.test_first_sync import a_new_stage, answer_all, prepare, rows, say, settled
from tests.world import Stage

BILL = "1046"
DUE = "2026-04-30"


def a_calm_stage() -> Stage:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=5)
    return stage


def people(stage: Stage) -> Any:
    return stage.world.quickbooks_box.people


def whose(stage: Stage, number: str = BILL) -> str:
    id: str = invoice(stage, number)["CustomerRef"]["value"]
    return id


def edit(stage: Stage, bill: str = BILL, **changes: Any) -> None:
    stage.world.clio_box.people.edit_bill(bill, **changes)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)


def pay(stage: Stage, amount: int) -> None:
    acts.record(stage, {BILL: amount})
    stage.pass_time(5, minutes=20)


def link_another(stage: Stage) -> None:
    people(stage).add_customer(stage.realm, "Calder Freight (new)", "")
    contacts.link_by_name(stage.world, stage.firm, payable(stage, BILL).client_id, "Calder Freight (new)", STAFF)
    stage.pass_time(5, minutes=10)


def choose_anew(stage: Stage, name: str) -> None:
    look(stage, name)
    [asked] = [e for e in parked(stage, kind=Do.CUSTOMER) if name in e.title]
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "anew")
    stage.pass_time(5, minutes=20)


def on(stage: Stage, number: str = BILL) -> list[Effect]:
    return [e for e in acts.parked_on(stage, number) if e.kind == Do.INVOICE]


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_a_paid_invoice_goes_on_under_its_own_customer_when_its_client_is_linked_to_another() -> None:
    stage = a_calm_stage()
    pay(stage, 10000)
    before = whose(stage)
    link_another(stage)
    pay(stage, 5000)
    edit(stage, due_at=DUE, total=130000)
    there = invoice(stage, BILL)
    assert (there["DueDate"], cents(there["TotalAmt"]), whose(stage)) == (DUE, 130000, before)
    assert posted_on(stage, BILL) == [10000, 5000]
    assert not on(stage)
    assert not [d for d in acts.compare(stage).differences if d.number == BILL]


def test_an_invoice_without_money_goes_to_the_customer_that_its_client_is_linked_to_now() -> None:
    stage = a_calm_stage()
    link_another(stage)
    edit(stage, due_at=DUE)
    assert whose(stage) == contact(stage, payable(stage, BILL).client_name).customer
    assert invoice(stage, BILL)["DueDate"] == DUE


def test_a_paid_invoice_of_an_inactive_customer_says_that_it_has_to_be_active_and_goes_on_then() -> None:
    stage = a_calm_stage()
    pay(stage, 10000)
    name, before = payable(stage, BILL).client_name, whose(stage)
    people(stage).deactivate_customer(stage.realm, before)
    choose_anew(stage, name)
    pay(stage, 5000)
    edit(stage, due_at=DUE)
    [asked] = on(stage)
    assert asked.reason.startswith(f"Invoice {BILL} belongs to “{name}” in QuickBooks, who is inactive there.")
    assert asked.remedy == "Make that customer active again in QuickBooks, then press Retry."
    [payment] = parked(stage, kind=Do.POSTING)
    assert "make it active again" in payment.remedy
    people(stage).reactivate_customer(stage.realm, before)
    for step in (asked, payment):
        attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(5, minutes=20)
    assert (invoice(stage, BILL)["DueDate"], whose(stage)) == (DUE, before)
    assert posted_on(stage, BILL) == [10000, 5000]


def test_a_paid_invoice_that_was_merged_into_another_clients_customer_stays_there() -> None:
    stage = a_calm_stage()
    pay(stage, 10000)
    name, adas = payable(stage, BILL).client_name, contact(stage, ADA).customer
    people(stage).merge_customers(stage.realm, contact(stage, name).customer, adas)
    choose_anew(stage, name)
    pay(stage, 5000)
    edit(stage, total=130000)
    assert (cents(invoice(stage, BILL)["TotalAmt"]), whose(stage)) == (130000, adas)
    assert posted_on(stage, BILL) == [10000, 5000]


def test_a_paid_invoice_of_another_customer_that_the_list_linked_gets_clios_figures_where_it_is() -> None:
    stage = a_new_stage()
    pay_in_quickbooks(stage, "1043", "99.00", "2026-02-20")
    theirs = whose(stage, "1043")
    prepare(stage)
    answer_all(stage)
    say(stage, "bills", "1043", rows(stage, "bills")["1043"].offers[0].choice)
    prepare(stage)
    assert rows(stage, "bills")["1043"].there.endswith("for Zeta Holdings, whose it stays: there is money on it")
    beside = pairing_views.one(stage.world, stage.firm, payable(stage, "1043").id)
    said = pairing.Answer(beside.invoice, (), tuple(t.payment.id for t in beside.theirs), ())
    pairing_flow.answer(stage.world, stage.firm, beside.payable, said, STAFF)
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert settled(stage).phase == "begun"
    stage.pass_time(5, hours=1)
    assert cents(invoice(stage, "1043")["TotalAmt"]) == payable(stage, "1043").asks
    assert whose(stage, "1043") == theirs
    assert not on(stage, "1043")


def test_money_by_hand_on_an_invoice_that_stays_does_not_make_it_be_written_again_and_again() -> None:
    """A payment of ours is refused for another reason: the invoice, written once more, is still its old customer's."""
    stage = a_calm_stage()
    people(stage).add_payment(stage.realm, whose(stage), "20.00", invoice(stage, BILL)["Id"])
    link_another(stage)
    [account] = [a for a in people(stage).find(stage.realm, "Account") if a.get("AccountSubType") == "UndepositedFunds"]
    people(stage).change_name(stage.realm, "Account", account["Id"], Active=False)
    pay(stage, 5000)
    stage.pass_time(10, hours=2)
    wrote = invoice(stage, BILL)["SyncToken"]
    assert parked(stage, kind=Do.POSTING)
    stage.pass_time(10, hours=2)
    assert invoice(stage, BILL)["SyncToken"] == wrote


# --- its number -------------------------------------------------------------------------------------------------------


@pytest.fixture
def unchecked() -> Stage:
    stage = a_calm_stage()
    stage.world.quickbooks_box.switches["duplicate_docnumber_unchecked"] = True
    return stage


def test_a_number_that_another_invoice_has_is_not_given_twice(unchecked: Stage) -> None:
    other = people(unchecked).add_invoice(unchecked.realm, whose(unchecked), "77.00", "H-77")
    edit(unchecked, BILL, number="H-77")
    [there] = booked(unchecked, DocNumber="H-77")
    assert there["Id"] == other["Id"]
    [asked] = on(unchecked, "H-77")
    assert (
        asked.reason == "QuickBooks already has an invoice numbered H-77: $77.00. Two invoices would have one number."
    )
    people(unchecked).void_invoice(unchecked.realm, other["Id"])
    attention.retry(unchecked.world, unchecked.firm, asked.key, STAFF)
    unchecked.pass_time(2, minutes=10)
    assert len(booked(unchecked, DocNumber="H-77")) == 2, "one of them is void"
    assert not on(unchecked, "H-77")


def renumber(stage: Stage, numbers: dict[str, str]) -> None:
    """All at once, as a clerk would who moves a series on."""
    for old, new in {old: f"{new}-{old}" for old, new in numbers.items()}.items():
        stage.world.clio_box.people.edit_bill(old, number=new)
    for old, new in numbers.items():
        stage.world.clio_box.people.edit_bill(f"{new}-{old}", number=new)
    acts.poll(stage)
    stage.pass_time(2, minutes=10)


def test_numbers_that_move_on_wait_for_each_other(unchecked: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {n: invoice(unchecked, n)["Id"] for n in ("1046", "1047", "1048")}
    asked: list[list[str]] = []
    real = unchecked.world.quickbooks.invoices_numbered

    def counted(access: Any, numbers: list[str]) -> Any:
        asked.append(sorted(numbers))
        return real(access, numbers)

    monkeypatch.setattr(unchecked.world.quickbooks, "invoices_numbered", counted)
    renumber(unchecked, {"1046": "1047", "1047": "1048", "1048": "9048"})
    assert asked == [["1047", "1048", "9048"], ["1047", "1048"], ["1047"]], "one question for each batch"
    assert [invoice(unchecked, n)["Id"] for n in ("1047", "1048", "9048")] == list(ids.values())


def test_numbers_that_change_places_are_shown_to_a_person(unchecked: Stage) -> None:
    renumber(unchecked, {"1046": "1047", "1047": "1046"})
    assert len(on(unchecked, "1046")) == len(on(unchecked, "1047")) == 1


def test_two_bills_that_get_one_number_are_not_both_written(unchecked: Stage) -> None:
    for number in ("1046", "1047"):
        unchecked.world.clio_box.people.edit_bill(number, number="9000")
    acts.poll(unchecked)
    unchecked.pass_time(2, minutes=10)
    assert len(booked(unchecked, DocNumber="9000")) == 1
    told = [e.reason for e in parked(unchecked, kind=Do.INVOICE)]
    assert told.count("Another bill in Clio has the number 9000 too.") == 1
