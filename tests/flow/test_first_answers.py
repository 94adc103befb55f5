"""What a person answered about a bill's number in the first sync holds in the run, and until they say otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.flow import attention, first_handing, first_sync
from tests.flow import acts
from tests.flow.acts import STAFF, booked, payable
from tests.flow.test_first_sync import a_new_stage, answer_all, prepare, rows, run_as_listed, say, settled
from tests.flow.test_purge import begin_anew, purge
from tests.world import Stage

ALIKE = "1042"  # Ada Example's bill, and an invoice of the same number, client and amount
OURS = "1046"


def a_stage_with(*, ours: bool) -> tuple[Stage, str]:
    """The list is made, and has the bill of the number given as linked: with an invoice that we made before a purge, or
    with one of people's."""
    if not ours:
        stage, number = a_new_stage(), ALIKE
    else:
        stage, number = acts.a_synced_stage(), OURS
        purge(stage)
        begin_anew(stage, stage.realm, matched=False)
    prepare(stage)
    row = rows(stage, "bills")[number]
    assert row.link == acts.invoice(stage, number)["Id"] and (row.why == "It was made by us") is ours
    return stage, number


def left(stage: Stage, number: str) -> Any:
    """The bill is left, the run carried out, and what is shown about it then."""
    say(stage, "bills", number, "leave")
    assert rows(stage, "bills")[number].fate == "wait"
    run_as_listed(stage)
    assert payable(stage, number).booked is None
    [task] = acts.parked_on(stage, number, kind="quickbooks.invoice")
    assert "you left" in task.reason and "Renumber" in task.remedy
    return task


@pytest.mark.parametrize("ours", [True, False])
def test_an_invoice_that_is_left_is_not_touched_also_where_we_made_it(ours: bool) -> None:
    stage, number = a_stage_with(ours=ours)
    before = acts.invoice(stage, number)
    left(stage, number)
    stage.world.clio_box.people.edit_bill(number, subject="Another subject")
    acts.poll(stage)
    assert acts.invoice(stage, number) == before, "a newer revision of the bill waits as well"


@pytest.mark.parametrize("ours", [True, False])
def test_it_is_linked_once_a_person_says_that_it_is_the_bills_after_all(ours: bool) -> None:
    stage, number = a_stage_with(ours=ours)
    before = acts.invoice(stage, number)
    task = left(stage, number)
    attention.retry(stage.world, stage.firm, task.key, STAFF, choice="after-all")
    stage.pass_time(3, hours=1)
    link = payable(stage, number).booked
    assert link and link.id == before["Id"]
    assert not acts.parked_on(stage, number)


def test_a_bill_that_was_left_gets_an_invoice_of_its_own_once_its_number_is_free() -> None:
    stage, _ = a_stage_with(ours=False)
    before = acts.invoice(stage, ALIKE)
    left(stage, ALIKE)
    stage.world.clio_box.people.edit_bill(ALIKE, number="1042-B")
    acts.poll(stage)
    stage.pass_time(3, hours=1)
    link = payable(stage, "1042-B").booked
    assert link and link.id != before["Id"]
    assert acts.invoice(stage, ALIKE) == before


def test_an_invoice_that_was_left_is_not_voided_with_the_bill() -> None:
    stage, number = a_stage_with(ours=True)
    before = acts.invoice(stage, number)
    left(stage, number)
    stage.world.clio_box.people.void(number)
    acts.poll(stage)
    stage.pass_time(3, hours=1)
    assert acts.invoice(stage, number) == before
    assert not acts.parked_on(stage, number)


@pytest.mark.parametrize("ours", [True, False])
def test_so_it_does_once_the_other_invoice_is_renumbered(ours: bool) -> None:
    stage, number = a_stage_with(ours=ours)
    before = acts.invoice(stage, number)
    task = left(stage, number)
    stage.world.quickbooks_box.people.change_invoice(stage.realm, before["Id"], DocNumber="M-1")
    attention.retry(stage.world, stage.firm, task.key, STAFF)
    stage.pass_time(3, hours=1)
    link = payable(stage, number).booked
    assert link and link.id == acts.invoice(stage, number)["Id"] != before["Id"]
    assert acts.cents(acts.invoice(stage, "M-1")["TotalAmt"]) == acts.cents(before["TotalAmt"])
    without_mark(stage, before["Id"])


def without_mark(stage: Stage, invoice: str) -> None:
    """People take our mark off what they say is not the bill's: of those that have it there is one (soundness)."""
    stage.world.quickbooks_box.people.change_invoice(stage.realm, invoice, PrivateNote="")


@pytest.mark.parametrize("first", [True, False])
def test_one_of_ours_that_was_renumbered_is_left_and_another_is_created(first: bool) -> None:
    """``first``: it was left before it was renumbered."""
    stage, number = a_stage_with(ours=True)
    before = acts.invoice(stage, number)
    if first:
        say(stage, "bills", number, "leave")
    stage.world.quickbooks_box.people.change_invoice(stage.realm, before["Id"], DocNumber="M-1")
    prepare(stage)
    if not first:
        assert rows(stage, "bills")[number].fate == "change"
        say(stage, "bills", number, "apart")
    row = rows(stage, "bills")[number]
    assert (row.fate, row.choice, row.link) == ("create", "apart", "")
    run_as_listed(stage)
    link = payable(stage, number).booked
    assert link and link.id == acts.invoice(stage, number)["Id"] != before["Id"]
    assert acts.invoice(stage, "M-1")["SyncToken"] == "1"
    without_mark(stage, before["Id"])


def test_where_nothing_would_be_linked_only_the_number_can_be_changed() -> None:
    stage = a_new_stage()
    prepare(stage)
    number = next(t for t, r in rows(stage, "bills", needs=True).items() if len(r.offers) == 2)
    assert not left(stage, number).body["choices"]


@pytest.mark.parametrize("ours", [True, False])
def test_of_two_invoices_of_one_number_the_one_that_was_chosen_is_linked(ours: bool) -> None:
    """The other one may carry our mark: a copy that people made in QuickBooks does."""
    stage, number = a_stage_with(ours=ours)
    before = acts.invoice(stage, number)
    owner = before["CustomerRef"]["value"]
    stage.world.quickbooks_box.switches["duplicate_docnumber_unchecked"] = True
    twin = stage.world.quickbooks_box.people.add_invoice(stage.realm, owner, before["TotalAmt"], number)
    prepare(stage)
    say(stage, "bills", number, f"link:{twin['Id']}")
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    stage.pass_time(8, hours=1)
    link = payable(stage, number).booked
    assert link and link.id == twin["Id"]
    assert booked(stage, Id=before["Id"]) == [before]
    stage.world.quickbooks_box.people.change_invoice(stage.realm, before["Id"], DocNumber=f"{number}-copy")


def changed_before_it_is_linked(monkeypatch: pytest.MonkeyPatch, **change: Any) -> Stage:
    """The list has the invoice as linked, with nothing to write; the bookkeeper changes it before the run meets it.
    The stage once that has come about."""
    stage, number = a_stage_with(ours=False)
    answer_all(stage)
    assert rows(stage, "bills")[number].fate == "link"
    people, id = stage.world.quickbooks_box.people, acts.invoice(stage, number)["Id"]
    begins = first_handing._begin_writing

    def begin(*args: Any) -> None:
        if amount := change.get("amount"):
            people.change_invoice_amount(stage.realm, id, amount)
        else:
            people.change_invoice(stage.realm, id, CustomerRef={"value": change["customer"](stage)})
        begins(*args)

    with monkeypatch.context() as patch:
        patch.setattr(first_handing, "_begin_writing", begin)
        first_sync.begin(stage.world, stage.firm, STAFF)
        settled(stage)
    stage.pass_time(5, hours=1)
    return stage


def test_an_invoice_to_be_linked_whose_amount_changes_before_is_not_written_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = changed_before_it_is_linked(monkeypatch, amount="401.00")
    there = acts.invoice(stage, ALIKE)
    assert (acts.cents(there["TotalAmt"]), there["Line"][0]["Description"]) == (40100, "Entered by hand")
    assert payable(stage, ALIKE).booked is None
    [step] = acts.parked_on(stage, ALIKE)
    assert "$400.00" in step.reason and "it is $401.00 now" in step.reason
    attention.retry(stage.world, stage.firm, step.key, STAFF, choice="after-all")
    stage.pass_time(3, hours=1)
    assert acts.cents(acts.invoice(stage, ALIKE)["TotalAmt"]) == 40000
    assert not acts.parked_on(stage, ALIKE)


@pytest.mark.parametrize("where", ["quickbooks", "clio"])
def test_it_is_linked_once_the_amounts_agree_again(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = changed_before_it_is_linked(monkeypatch, amount="401.00")
    before, people = acts.invoice(stage, ALIKE), stage.world.quickbooks_box.people
    if where == "quickbooks":
        people.change_invoice_amount(stage.realm, before["Id"], "400.00")
    else:
        stage.world.clio_box.people.edit_bill(ALIKE, total=40100)
        acts.poll(stage)
    for step in acts.parked_on(stage, ALIKE):
        attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(3, hours=1)
    link = payable(stage, ALIKE).booked
    assert link and link.id == before["Id"]
    assert acts.invoice(stage, ALIKE)["Line"][0]["Description"] == "Entered by hand", "nothing is written"


def test_an_invoice_to_be_linked_that_goes_to_another_customer_before_is_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stranger(stage: Stage) -> str:
        return str(stage.world.quickbooks_box.people.add_customer(stage.realm, "Somebody Else")["Id"])

    stage = changed_before_it_is_linked(monkeypatch, customer=stranger)
    [step] = acts.parked_on(stage, ALIKE)
    assert "another customer's now" in step.reason
    assert acts.invoice(stage, ALIKE)["CustomerRef"]["name"] == "Somebody Else"
