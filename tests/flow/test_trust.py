"""Trust money travels from Clio to QuickBooks: each entry once, as a journal entry, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.kernel import Kind
from chalicelib.flow import attention, trust_check, trust_views
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow import trust_acts as trust


def test_nothing_is_written_until_the_accounts_are_chosen_and_one_task_asks_for_them() -> None:
    stage = acts.a_synced_stage()
    assert trust.entries(stage)
    assert trust.journals(stage) == {}
    trust.check(stage)
    assert len(acts.tasks(stage, "trust-accounts")) == 1
    trust.choose(stage)
    stage.pass_time(minutes=5)
    assert acts.tasks(stage, "trust-accounts") == []
    assert len(trust.journals(stage)) == len(trust.entries(stage))
    trust.agree(stage)


def test_a_deposit_becomes_a_journal_entry_with_the_client_on_the_liability() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345, description="Retainer")
    found = trust.journals(stage)[f"T-{made}"]
    bank, liability = trust.book(stage, "TrustAccounts"), trust.book(stage, "TrustAccountsLiabilities")
    told = {
        (line["JournalEntryLineDetail"]["PostingType"], line["JournalEntryLineDetail"]["AccountRef"]["value"]): line
        for line in found["Line"]
    }
    assert set(told) == {("Debit", bank["Id"]), ("Credit", liability["Id"])}
    entity = told["Credit", liability["Id"]]["JournalEntryLineDetail"]["Entity"]
    assert entity["EntityRef"]["value"] == acts.contact(stage, "Ada Example").customer
    assert "Retainer" in told["Debit", bank["Id"]]["Description"]
    trust.agree(stage)


def test_the_firms_own_money_has_no_client_and_a_ledger_of_its_own() -> None:
    stage = trust.a_trust_stage()
    trust.move(stage, None, 5000, word="deposit", firm="Hartwell & Pine LLP")
    trust.move(stage, None, -700, word="bank_charge", firm="Hartwell & Pine LLP")
    assert trust.ledgers(stage)["The firm's own money"].balance == 4300
    trust.agree(stage)


@pytest.mark.parametrize("lines", ["both", "operating", "none"])
def test_a_bill_paid_from_trust_is_one_trust_entry_and_one_operating_payment(lines: str) -> None:
    stage = trust.a_trust_stage()
    stage.world.clio_box.switches["trust_payment_lines"] = lines
    trust.move(stage, "Ada Example", 50000)
    before = trust.agree(stage)
    payment = stage.world.clio_box.people.record_payment({"1042": 15000}, from_trust=True)
    acts.poll(stage)
    acts.poll(stage)
    assert trust.agree(stage) == before - 15000
    assert len([e for e in trust.entries(stage) if e.move.bill_id == str(acts.clio_id(stage, "1042"))]) == 1
    stage.world.clio_box.people.remove_payment(payment)
    acts.poll(stage)
    trust.check(stage)
    assert trust.agree(stage) == before


def test_a_changed_entry_changes_its_journal_entry() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    id = trust.journals(stage)[f"T-{made}"]["Id"]
    stage.world.clio_box.people.edit_transaction(made, amount=20000)
    acts.poll(stage)
    changed = trust.journals(stage)[f"T-{made}"]
    assert changed["Id"] == id
    assert acts.cents(changed["Line"][0]["Amount"]) == 20000
    trust.agree(stage)


def test_what_vanished_in_clio_is_found_by_the_balance_and_taken_out_of_quickbooks() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    stage.world.clio_box.people.delete_transaction(made)
    acts.poll(stage)
    assert f"T-{made}" in trust.journals(stage)  # nothing told of it
    found = trust.check(stage)
    assert found.clio_agrees
    assert found.books_agree
    assert trust.entry(stage, made).gone
    assert f"T-{made}" not in trust.journals(stage)
    trust.agree(stage)


def test_the_same_difference_that_comes_again_is_swept_again() -> None:
    stage = trust.a_trust_stage()
    for _ in range(2):
        made = trust.move(stage, "Ada Example", 12345)
        trust.check(stage)
        stage.world.clio_box.people.delete_transaction(made)
        assert trust.check(stage).clio_agrees
        assert trust.entry(stage, made).gone
    trust.agree(stage)


def test_a_closed_period_parks_the_deletion_until_it_is_opened() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    people = stage.world.quickbooks_box.people
    people.set_preferences(stage.realm, BookCloseDate=stage.world.now().date().isoformat())
    stage.world.clio_box.people.delete_transaction(made)
    trust.check(stage)
    parked = acts.parked(stage, kind="quickbooks.journal")
    assert ["The books are closed for this date in QuickBooks." in p.reason for p in parked] == [True]
    people.set_preferences(stage.realm, BookCloseDate="")
    attention.retry(stage.world, stage.firm, parked[0].key, acts.STAFF)
    stage.work()
    assert f"T-{made}" not in trust.journals(stage)


@pytest.mark.parametrize("fate", ["drop_request", "drop_answer"])
def test_a_lost_answer_never_writes_a_journal_entry_twice(fate: str) -> None:
    stage = trust.a_trust_stage()
    stage.world.quickbooks_box.faults.append(Fault(fate, path="/batch", method="POST", times=2))
    made = trust.move(stage, "Ada Example", 12345)
    stage.pass_time(hours=1)
    assert len([n for n in trust.journals(stage) if n == f"T-{made}"]) == 1
    trust.agree(stage)


def test_an_unknown_kind_is_counted_and_asked_about_once() -> None:
    stage = trust.a_trust_stage()
    first = trust.move(stage, "Ada Example", 1000, word="Sweep In")
    trust.move(stage, "Ada Example", 2000, word="Sweep In")
    asked = acts.tasks(stage, "trust-word")
    assert len(asked) == 1
    assert "sweep_in" in asked[0].title
    assert f"T-{first}" not in trust.journals(stage)
    attention.done(stage.world, stage.firm, asked[0].key, acts.STAFF)
    stage.work()
    assert f"T-{first}" in trust.journals(stage)
    trust.agree(stage)


def test_a_journal_entry_deleted_in_quickbooks_is_not_written_again_silently() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    stage.world.quickbooks_box.people.delete_journal(stage.realm, trust.journals(stage)[f"T-{made}"]["Id"])
    stage.world.clio_box.people.edit_transaction(made, amount=20000)
    acts.poll(stage)
    parked = acts.parked(stage, kind="quickbooks.journal")
    assert "was deleted in QuickBooks" in parked[0].reason
    attention.retry(stage.world, stage.firm, parked[0].key, acts.STAFF, "again")
    stage.work()
    assert acts.cents(trust.journals(stage)[f"T-{made}"]["Line"][0]["Amount"]) == 20000
    trust.agree(stage)


def test_a_ledger_below_zero_is_named_until_it_is_mended() -> None:
    stage = trust.a_trust_stage()
    trust.move(stage, "Ada Example", 5000)
    out = trust.move(stage, "Ada Example", -6000)
    named = acts.tasks(stage, "below-zero")
    assert len(named) == 1
    assert "Ada Example" in named[0].title
    assert "−$10.00" in named[0].reason
    stage.world.clio_box.people.edit_transaction(out, amount=-5000)
    acts.poll(stage)
    assert acts.tasks(stage, "below-zero") == []


def test_a_matter_below_zero_is_named_though_its_clients_other_money_covers_it() -> None:
    stage = trust.a_trust_stage()
    trust.move(stage, "Ada Example", 5000)
    box = stage.world.clio_box.state
    other = next(m for m in box.rows["matters"].values() if "Example" not in m.display_number)
    trust.move(stage, "Ada Example", -2000, matter=other.id)
    [named] = acts.tasks(stage, "below-zero")
    assert named.title == "A matter of Ada Example is below zero in trust"
    assert named.reason == f"{other.display_number} holds −$20.00. In all, the client's ledger holds $30.00."
    account, client = trust.account(stage), acts.contact(stage, "Ada Example").id
    assert trust_views.ledger(stage.world, stage.firm, account, client).row.low == 1
    [row] = [r for r in trust_views.clients(stage.world, stage.firm, account).rows if r.name == "Ada Example"]
    assert (row.low, row.below) == (1, None)
    trust.move(stage, "Ada Example", 2000, matter=other.id)
    assert acts.tasks(stage, "below-zero") == []


def test_clients_may_have_an_account_each_below_the_liability() -> None:
    stage = trust.a_trust_stage(sub_accounts=True)
    trust.move(stage, "Ada Example", 12345)
    client = acts.contact(stage, "Ada Example").id
    own = acts.booked(stage, "Account", Name=f"Ada Example (Clio {client})")
    assert [acts.cents(a["CurrentBalance"]) for a in own] == [12345]
    trust.agree(stage)


def test_entries_from_before_the_start_are_counted_and_not_written() -> None:
    stage = acts.a_synced_stage()
    trust.choose(stage, start_on=stage.world.now().date() - timedelta(days=1))
    made = trust.move(stage, "Ada Example", 100)
    assert list(trust.journals(stage)) == [f"T-{made}"]
    checked = trust.check(stage)
    assert checked.clio_agrees
    assert not checked.books_agree


def test_a_client_without_a_bill_who_paid_a_retainer_before_the_accounts_were_chosen_gets_a_customer_then() -> None:
    stage = acts.a_synced_stage()
    people, rita = stage.world.clio_box.people, "Rita Retainer"
    people.add_client(int(stage.firm.split("-")[1]), rita, "rita@mail.example", company=False)
    made = trust.move(stage, rita, 5000)
    assert not any(c.name == rita for c in acts.all_states(stage, Kind.CONTACT))
    trust.choose(stage)
    stage.pass_time(5, minutes=20)
    [there] = acts.booked(stage, "Customer", DisplayName=rita)
    assert there["PrimaryEmailAddr"]["Address"] == "rita@mail.example", "read whole before it is made"
    assert f"T-{made}" in trust.journals(stage)
    trust.agree(stage)


def test_a_quiet_trust_account_costs_one_call_each_at_night() -> None:
    stage = trust.a_trust_stage()
    trust.check(stage)
    before = acts.calls(stage)
    trust_check.start(stage.world, stage.firm)
    stage.work()
    asked = [r for r in acts.requests_since(stage, before) if r[0] != "stripe"]
    assert len([r for r in asked if "bank_accounts" in r[2]]) == 1
    assert len([r for r in asked if r[0] == "quickbooks"]) == 1
    assert not any("page_token" in r[2] for r in asked)


def test_the_comparison_names_a_journal_entry_that_was_changed_or_deleted_behind_our_back() -> None:
    stage = trust.a_trust_stage()
    made = [trust.move(stage, "Ada Example", cents) for cents in (1000, 2000, 3000)]
    assert not [d for d in acts.compare(stage).differences if "trust" in d.kind or "journal" in d.kind]
    found = trust.journals(stage)
    people = stage.world.quickbooks_box.people
    people.change_journal_amount(stage.realm, found[f"T-{made[0]}"]["Id"], "11.00")
    people.delete_journal(stage.realm, found[f"T-{made[1]}"]["Id"])
    named = {d.number: d for d in acts.compare(stage).differences}
    assert named[f"T-{made[0]}"].kind == "journal entry changed in QuickBooks"
    assert named[f"T-{made[1]}"].kind == "journal entry deleted in QuickBooks"
    assert named["IOLTA Trust Account"].cents == -1900
    assert named["Trust liability"].cents == -1900
    assert f"T-{made[2]}" not in named


def test_a_trust_payment_by_stripe_is_a_named_difference_until_staff_record_it_and_reaches_quickbooks_once() -> None:
    stage = trust.a_trust_stage()
    payment = acts.pay_by_card(stage, "1080")
    named = [d for d in acts.compare(stage).differences if d.detail == payment.id]
    assert [(d.kind, d.cents, d.expected) for d in named] == [("not yet in Clio", 100000, True)]
    before = trust.agree(stage)
    made = stage.world.clio_box.people.record_trust_deposit("1080", 100000, description=payment.code)
    acts.poll(stage)
    assert trust.agree(stage) == before + 100000
    assert acts.cents(trust.journals(stage)[f"T-{made}"]["Line"][0]["Amount"]) == 100000
    assert not [d for d in acts.compare(stage).differences if d.detail == payment.id]


def test_what_stays_different_after_a_sweep_is_named_and_not_swept_again() -> None:
    stage = trust.a_trust_stage()
    stage.world.clio_box.state.rows["bank_accounts"][int(trust.account(stage))].balance += 500
    trust.check(stage)
    before = acts.calls(stage)
    trust.check(stage)
    assert not [r for r in acts.requests_since(stage, before) if "bank_account_id" in r[2]]
    named = [d for d in acts.compare(stage).differences if d.kind == "trust account differs in Clio"]
    assert [d.cents for d in named] == [500]
