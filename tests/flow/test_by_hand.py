"""What people change in QuickBooks by hand besides amounts, and writes that meet something removed at that moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import capturing, health, renewing, states
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow.acts import a_synced_stage, invoice, payable
from tests.flow.test_purge import begin_anew, purge
from tests.flow.trust_acts import a_trust_stage, entry, journals, move
from tests.world import Stage

OPEN = "1046"


def people(stage: Stage) -> Any:
    return stage.world.quickbooks_box.people


def kinds(stage: Stage, number: str) -> list[str]:
    return [d.kind for d in acts.compare(stage).differences if d.number == number and not d.expected]


# --- the comparison ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"DocNumber": "X-77"}, "number changed in QuickBooks"),
        ({"TxnDate": "2026-01-02"}, "date changed in QuickBooks"),
        ({"DueDate": "2026-12-24"}, "due date changed in QuickBooks"),
    ],
)
def test_a_number_or_date_changed_by_hand_is_named_until_the_bill_changes(change: dict[str, str], kind: str) -> None:
    stage = a_synced_stage()
    id = invoice(stage, OPEN)["Id"]
    people(stage).change_invoice(stage.realm, id, **change)
    assert kinds(stage, OPEN) == [kind]
    stage.world.clio_box.people.edit_bill(OPEN, total=130000)
    acts.poll(stage)
    assert kinds(stage, OPEN) == []


def test_another_customer_by_hand_is_named_and_the_clients_own_is_not() -> None:
    stage = a_synced_stage()
    stranger = people(stage).add_customer(stage.realm, "Somebody Else")
    people(stage).change_invoice(stage.realm, invoice(stage, OPEN)["Id"], CustomerRef={"value": stranger["Id"]})
    assert kinds(stage, OPEN) == ["customer changed in QuickBooks"]
    acts.compare(stage)
    own = acts.contact(stage, payable(stage, OPEN).client_name)
    people(stage).merge_customers(stage.realm, own.customer, stranger["Id"])
    stage.pass_time(5, hours=1)
    assert acts.contact(stage, own.name).customer == stranger["Id"], "the link followed"
    assert kinds(stage, OPEN) == []


def test_after_a_bill_is_renumbered_its_payments_are_named_by_the_new_number() -> None:
    stage = a_synced_stage()
    acts.record(stage, {OPEN: 5000})
    stage.world.clio_box.people.edit_bill(OPEN, number="2046")
    acts.poll(stage)
    [paid] = [x for x in acts.payments(stage) if any(i.payable == payable(stage, "2046").id for i in x.items)]
    assert paid.posted
    people(stage).delete_payment(stage.realm, paid.posted.id)
    assert "payment removed in QuickBooks" in kinds(stage, "2046")
    assert not [d for d in acts.compare(stage).differences if d.number == OPEN]


# --- 610 on a write ---------------------------------------------------------------------------------------------------


def test_an_invoice_that_is_gone_when_it_is_written_leads_to_the_choices() -> None:
    stage = a_synced_stage()
    there = invoice(stage, OPEN)
    people(stage).refuse_members(["610"])
    stage.world.clio_box.people.edit_bill(OPEN, total=130000)
    people(stage).delete_invoice(stage.realm, there["Id"])
    acts.poll(stage)
    stage.pass_time(1, minutes=3)
    assert [t.body["broken"] for t in acts.tasks(stage, "broken")] == ["invoice"]


def test_what_stands_after_all_is_written_when_it_was_looked_at() -> None:
    stage = a_synced_stage()
    people(stage).refuse_members(["610"])
    stage.world.clio_box.people.edit_bill(OPEN, total=130000)
    acts.poll(stage)
    stage.pass_time(1, minutes=3)
    assert acts.cents(invoice(stage, OPEN)["TotalAmt"]) == 130000
    assert not acts.parked_on(stage, OPEN)


def test_a_payment_that_is_gone_when_it_is_taken_out_is_gone() -> None:
    stage = a_synced_stage()
    first = acts.record(stage, {OPEN: 5000})
    [paid] = [x for x in acts.payments_on(stage, OPEN) if x.group == str(first)]
    assert paid.posted
    people(stage).refuse_members(["610"])
    people(stage).delete_payment(stage.realm, paid.posted.id)
    stage.world.clio_box.people.remove_payment(first)
    acts.poll(stage)
    stage.pass_time(1, minutes=5)
    assert acts.posted_on(stage, OPEN) == []
    assert not acts.parked(stage, kind=Do.POSTING)


def test_a_credit_that_is_refused_so_is_looked_at_and_entered() -> None:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=20)
    memo = stage.world.clio_box.people.issue_credit(OPEN, 1000)
    people(stage).refuse_members(["610"])
    acts.poll(stage)
    stage.pass_time(1, minutes=10)
    assert [m["TotalAmt"] for m in acts.booked(stage, "CreditMemo", DocNumber=f"CN-{memo}")] == [10]
    assert not acts.parked(stage, kind=Do.CREDIT)


def test_a_journal_entry_that_is_gone_when_it_is_changed_is_a_broken_link() -> None:
    stage = a_trust_stage()
    made = move(stage, "Ada Example", 50000)
    there = journals(stage)[entry(stage, made).number]
    people(stage).refuse_members(["610"])
    people(stage).delete_journal(stage.realm, there["Id"])
    stage.world.clio_box.people.edit_transaction(made, 60000)
    acts.poll(stage)
    stage.pass_time(1, minutes=5)
    [step] = acts.parked(stage, kind=Do.JOURNAL)
    assert "deleted in QuickBooks" in step.reason and step.body["broken"] == "journal entry"


def test_an_entry_of_the_firms_own_money_that_is_refused_so_is_looked_at_and_written() -> None:
    stage = a_trust_stage()
    people(stage).refuse_members(["610"])
    made = move(stage, None, 1000, firm="Hartwell & Pine LLP")
    stage.pass_time(1, minutes=10)
    assert entry(stage, made).number in journals(stage)
    assert not acts.parked(stage, kind=Do.JOURNAL)


def test_where_quickbooks_says_so_again_and_again_a_person_is_told_what_to_look_for() -> None:
    stage = a_synced_stage()
    people(stage).refuse_members(["610"] * 9)
    stage.world.clio_box.people.edit_bill(OPEN, total=130000)
    acts.poll(stage)
    stage.pass_time(1, minutes=10)
    [step] = acts.parked_on(stage, OPEN, Do.INVOICE)
    assert "deleted, merged or made inactive" in step.reason


# --- small things -----------------------------------------------------------------------------------------------------


def test_the_status_page_names_the_pot_of_each_stripe_account() -> None:
    stage = a_synced_stage()
    assert sorted(f.pot for f in health.health(stage.world, stage.firm).feeds if f.pot) == ["operating", "trust"]


def test_a_customer_changed_during_a_long_silence_is_read_all_the_same() -> None:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=20)
    client = acts.contact(stage, payable(stage, OPEN).client_name)
    policy = policy_of(stage.world, stage.firm)
    people(stage).change_email(stage.realm, client.customer, "new@example.org")
    stage.world.clock.move(days=20)
    long_ago = (stage.world.now() - timedelta(days=45)).isoformat()
    stage.world.store.put_record(f"captured/{stage.firm}", policy.lanes.book, {"since": long_ago})
    stage.world.clock.move(days=25)
    stage.pass_time(5, hours=2)
    books = acts.contact(stage, client.name).books
    assert books and books.email == "new@example.org"
    found = stage.world.store.record(f"captured/{stage.firm}", policy.lanes.book)
    assert found and found[1]["since"] > long_ago
    assert timedelta(days=30) > capturing.LOOKS_BACK


def test_trust_entries_are_renewed_with_everything_else() -> None:
    stage = a_trust_stage()
    move(stage, "Ada Example", 50000)
    stage.pass_time(5, hours=1)
    entries = acts.all_states(stage, Kind.TRUST)
    assert entries
    purge(stage)
    begin_anew(stage, stage.realm)
    policy = policy_of(stage.world, stage.firm)
    assert renewing.finished(stage.world, policy)
    shown = {e.id: e.generation for e in acts.all_states(stage, Kind.TRUST) if not e.gone}
    assert set(shown.values()) == {2}
    held = stage.world.store.load(Ref(stage.firm, Kind.TRUST, entries[0].id))
    assert states.decode(Kind.TRUST, held.body).generation == 2
