"""Broken links that a step of ours met: a customer, a credit memo, a journal entry. Each choice says what it would
write before it is made."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Status
from chalicelib.errors import Refused
from chalicelib.flow import attention, broken, contact_views, contacts, health, steps
from chalicelib.flow.prepared import WITHOUT
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, cents, contact, invoice, parked
from tests.flow.test_contacts import ADA, look
from tests.flow.test_credits import _delete_in_quickbooks, _split, a_calm_stage, balance, issue, memos, prefer
from tests.flow.test_journals_changed import a_changed_one, a_written_stage, amount, asked, people, there
from tests.flow.trust_acts import entry, journals, move
from tests.world import Stage


def the_broken(stage: Stage) -> broken.Choices:
    """The one that Sync status shows among the broken links."""
    [item] = health.health(stage.world, stage.firm).broken
    assert [a.do for a in item.actions] == ["decide", "retry"]
    shown = broken.choices(stage.world, stage.firm, item.key)
    assert all(o.effect and all(line.endswith(".") for line in o.effect) for o in shown.options)
    return shown


def offered(stage: Stage) -> list[str]:
    return [o.choice for o in the_broken(stage).options]


def a_new_bill(stage: Stage) -> str:
    """Another approved bill of Ada's."""
    line = {"note": "Advice", "price": 9000}
    stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", ADA, "2001", [line])
    acts.poll(stage)
    stage.pass_time(2, minutes=5)
    return "2001"


def invoices_numbered(stage: Stage, number: str) -> list[dict[str, Any]]:
    return [i for i in acts.booked(stage) if i["DocNumber"] == number]


def decide(stage: Stage, choice: str, to: str = "") -> None:
    broken.decide(stage.world, stage.firm, the_broken(stage).key, choice, to, STAFF)
    stage.pass_time(2, minutes=5)


def a_lost_customer() -> tuple[Stage, str]:
    stage = a_synced_stage()
    customer = contact(stage, ADA).customer
    people(stage).deactivate_customer(stage.realm, customer)
    look(stage)
    return stage, customer


def test_an_inactive_customer_is_a_broken_link_and_is_made_active_on_a_persons_word() -> None:
    stage, customer = a_lost_customer()
    assert ADA in the_broken(stage).title
    assert offered(stage) == ["activate", "anew", "link", "accept"]
    decide(stage, "activate")
    assert (contact(stage, ADA).customer, contact(stage, ADA).lost) == (customer, "")
    assert not health.health(stage.world, stage.firm).broken


def test_another_customer_can_be_linked_in_its_place() -> None:
    stage, _ = a_lost_customer()
    other = people(stage).add_customer(stage.realm, "Example, Ada")
    with pytest.raises(Refused, match="no customer"):
        decide(stage, "link", "Nobody")
    decide(stage, "link", "Example, Ada")
    assert contact(stage, ADA).usable == other["Id"]
    assert not health.health(stage.world, stage.firm).broken


def test_what_is_not_offered_is_refused() -> None:
    stage, _ = a_lost_customer()
    with pytest.raises(Refused, match="offered ways"):
        decide(stage, "write")


def test_a_client_stays_without_a_customer_where_that_is_accepted_and_what_needs_one_waits() -> None:
    stage, customer = a_lost_customer()
    decide(stage, "accept")
    assert (contact(stage, ADA).without, contact(stage, ADA).usable) == (True, "")
    assert not health.health(stage.world, stage.firm).broken
    look(stage)
    assert not [e for e in parked(stage, kind=Do.CUSTOMER) if e.body["broken"]], "nobody is asked again"
    made = a_new_bill(stage)
    assert WITHOUT in causes(stage, Do.INVOICE)
    assert not invoices_numbered(stage, made)
    decided = contact_views.contact(stage.world, stage.firm, contact(stage, ADA).id)
    assert (decided.row.status.word, decided.without) == ("Without a customer", True)
    assert "Stays without a customer in QuickBooks" in [e.words for e in decided.timeline]
    people(stage).reactivate_customer(stage.realm, customer)
    look(stage)
    stage.pass_time(5, minutes=20)
    assert (contact(stage, ADA).without, contact(stage, ADA).usable) == (False, customer)
    assert invoices_numbered(stage, made)


def test_a_client_that_stays_without_a_customer_is_linked_later_on_its_page() -> None:
    stage, _ = a_lost_customer()
    decide(stage, "accept")
    made = a_new_bill(stage)
    other = people(stage).add_customer(stage.realm, "Example, Ada")
    contacts.link_by_name(stage.world, stage.firm, contact(stage, ADA).id, "Example, Ada", STAFF)
    stage.pass_time(5, minutes=20)
    [invoice] = invoices_numbered(stage, made)
    assert invoice["CustomerRef"]["value"] == other["Id"]
    assert not contact(stage, ADA).without


def test_trust_of_a_client_without_a_customer_waits_and_says_why() -> None:
    stage, _ = a_written_stage()
    people(stage).deactivate_customer(stage.realm, contact(stage, ADA).customer)
    look(stage)
    decide(stage, "accept")
    later = move(stage, ADA, 100)
    stage.pass_time(2, minutes=20)
    assert WITHOUT in causes(stage, Do.JOURNAL)
    assert entry(stage, later).number not in journals(stage)


def causes(stage: Stage, kind: str) -> list[str]:
    return [e.cause for e in acts.all_effects(stage) if e.kind == kind and e.status is Status.OWED]


def a_deleted_memo() -> tuple[Stage, int]:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    _delete_in_quickbooks(stage, made)
    _split(stage, made, 2000)
    acts.poll(stage)
    return stage, made


def test_a_deleted_credit_memo_is_entered_again_or_its_loss_accepted() -> None:
    stage, _ = a_deleted_memo()
    assert offered(stage) == ["again", "link", "accept"]
    decide(stage, "again")
    assert balance(stage, "1046") == 125000 - 2000


def test_a_deleted_credit_memo_is_linked_to_another_one_which_is_applied() -> None:
    stage, _ = a_deleted_memo()
    customer = invoice(stage, "1046")["CustomerRef"]["value"]
    box = people(stage)
    box.add_credit_memo(stage.realm, customer, "20.00", "C-7", "2026-01-05")
    box.add_credit_memo(stage.realm, customer, "25.00", "C-8")
    box.add_credit_memo(stage.realm, box.add_customer(stage.realm, "Somebody Else")["Id"], "20.00", "C-9")
    for number, why in (
        ("", "Give its number"),
        ("C-0", "no credit memo"),
        ("C-8", "over .25.00"),
        ("C-9", "another customer"),
    ):
        with pytest.raises(Refused, match=why):
            decide(stage, "link", number)
    decide(stage, "link", "C-7")
    assert balance(stage, "1046") == 125000 - 2000
    [memo] = [m for m in memos(stage) if m["DocNumber"] == "C-7"]
    assert (memo["TxnDate"], cents(memo["RemainingCredit"])) == ("2026-01-05", 0)
    assert not health.health(stage.world, stage.firm).broken
    assert acts.about(acts.compare(stage), "1046") == []


def test_a_credit_memo_that_is_linked_to_another_credit_is_not_linked_twice() -> None:
    stage = a_calm_stage()
    made, other = issue(stage, "1046", 2500), issue(stage, "1046", 2500)
    _delete_in_quickbooks(stage, made)
    stage.pass_time(5, minutes=17)
    with pytest.raises(Refused, match="already linked"):
        decide(stage, "link", f"CN-{other}")


def test_a_credit_memo_that_the_comparison_misses_is_asked_about_once() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    _delete_in_quickbooks(stage, made)
    assert "credit removed in QuickBooks" in [d.kind for d in acts.compare(stage).differences]
    stage.pass_time(1, minutes=3)
    assert offered(stage) == ["again", "link", "accept"]
    key = the_broken(stage).key
    acts.compare(stage)
    stage.pass_time(1, minutes=3)
    assert the_broken(stage).key == key
    decide(stage, "accept")
    acts.compare(stage)
    stage.pass_time(1, minutes=3)
    assert not health.health(stage.world, stage.firm).broken, "it was accepted"


def test_a_credit_memo_whose_loss_is_accepted_stays_away_and_is_named() -> None:
    stage, _ = a_deleted_memo()
    decide(stage, "accept")
    assert balance(stage, "1046") == 125000
    assert not health.health(stage.world, stage.firm).broken
    kind = "credit left out of QuickBooks"
    told = [d for d in acts.compare(stage).differences if d.kind.startswith("credit")]
    assert {(d.kind, d.expected) for d in told} == {(kind, True)}
    assert all("You accepted" in d.cause and "Needs attention" not in d.remedy for d in told)


def test_a_credit_memo_whose_loss_is_accepted_is_asked_about_again_when_it_changes_in_clio() -> None:
    stage, made = a_deleted_memo()
    decide(stage, "accept")
    _split(stage, made, 1500)
    acts.poll(stage)
    assert offered(stage) == ["again", "link", "accept"]
    assert "credit left out of QuickBooks" not in [d.kind for d in acts.compare(stage).differences]


def test_a_deleted_journal_entry_is_written_again_after_its_effect_was_shown() -> None:
    stage, made = a_written_stage()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.pass_time(5, minutes=30)
    assert offered(stage) == ["again", "link", "accept"]
    decide(stage, "again")
    assert amount(stage, made) == 50000


def test_a_deleted_journal_entry_is_linked_to_another_one_that_is_the_same() -> None:
    stage, made = a_written_stage()
    old = there(stage, made)
    bank, liability = (str(line["JournalEntryLineDetail"]["AccountRef"]["value"]) for line in old["Line"])
    day, customer = old["TxnDate"], contact(stage, ADA).customer
    people(stage).delete_journal(stage.realm, old["Id"])
    stage.pass_time(5, minutes=30)
    other = people(stage).add_customer(stage.realm, "Somebody Else")["Id"]
    for number, debit, credit, cents_, on, who in (
        ("J-1", bank, liability, "499.00", day, customer),
        ("J-2", bank, liability, "500.00", "2026-01-05", customer),
        ("J-3", liability, bank, "500.00", day, customer),
        ("J-4", bank, liability, "500.00", day, other),
        ("J-5", bank, liability, "500.00", day, customer),
    ):
        people(stage).add_journal(stage.realm, debit, credit, cents_, number, on, who)
    for number, why in (
        ("J-0", "no journal entry"),
        ("J-1", "over .499.00"),
        ("J-2", "of Jan 5, 2026"),
        ("J-3", "other accounts"),
        ("J-4", "another client"),
    ):
        with pytest.raises(Refused, match=why):
            decide(stage, "link", number)
    decide(stage, "link", "J-5")
    assert entry(stage, made).posted and entry(stage, made).written
    assert not health.health(stage.world, stage.firm).broken
    stage.pass_time(5, minutes=30)
    assert not asked(stage)


def test_a_journal_entry_of_another_trust_entry_is_not_linked_twice() -> None:
    stage, made = a_written_stage()
    twin = move(stage, ADA, 50000)
    stage.pass_time(2, minutes=20)
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.pass_time(5, minutes=30)
    with pytest.raises(Refused, match="already linked"):
        decide(stage, "link", entry(stage, twin).number)


def test_a_changed_journal_entry_that_is_kept_is_not_asked_about_again() -> None:
    stage, made, _ = a_changed_one()
    shown = {o.choice: o for o in the_broken(stage).options}
    assert "written over" in shown["again"].effect[0]
    assert shown["accept"].words == "Keep the change"
    decide(stage, "accept")
    assert not asked(stage)
    assert amount(stage, made) == 40000
    assert "next change of the transaction in Clio" in shown["accept"].effect[-1]
    stage.world.clio_box.people.edit_transaction(made, amount=30000)
    acts.poll(stage)
    stage.pass_time(3, minutes=20)
    assert amount(stage, made) == 30000
    assert not asked(stage)


def test_what_is_still_needed_is_never_closed_with_done() -> None:
    stage, _ = a_lost_customer()
    step = next(e for e in parked(stage, kind=Do.CUSTOMER) if e.body["broken"])
    with pytest.raises(Refused, match="still needed"):
        attention.done(stage.world, stage.firm, step.key, STAFF)
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, "1046")["Id"])
    stage.pass_time(5, minutes=17)
    task: Effect = acts.tasks(stage, "broken")[0]
    with pytest.raises(Refused, match="Choose what becomes of it"):
        attention.done(stage.world, stage.firm, task.key, STAFF)
    assert {e.key for e in parked(stage)} >= {step.key, task.key}


def test_a_memo_that_was_entered_again_and_is_refused_when_applied_offers_nothing_of_the_old_question() -> None:
    stage, made = a_deleted_memo()
    prefer(stage, None)  # it is looked at for two minutes before it is applied
    [step] = parked(stage, kind=Do.CREDIT)
    broken.decide(stage.world, stage.firm, step.key, "again", "", STAFF)
    stage.work()
    assert [m["DocNumber"] for m in memos(stage)].count(f"CN-{made}") == 1
    people(stage).refuse_members(["6210"])
    stage.pass_time(1, minutes=5)
    [refused] = parked(stage, kind=Do.CREDIT)
    assert "closed" in refused.reason
    assert [(a.do, a.choice) for a in steps.actions(refused)] == [("retry", ""), ("retry", "stay")]
    for choice, to in (("link", f"CN-{made}"), ("accept", ""), ("again", "")):
        with pytest.raises(Refused):
            broken.decide(stage.world, stage.firm, refused.key, choice, to, STAFF)
    with pytest.raises(Refused, match="still needed"):
        attention.done(stage.world, stage.firm, refused.key, STAFF)
    attention.retry(stage.world, stage.firm, refused.key, STAFF)
    stage.pass_time(1, minutes=5)
    assert balance(stage, "1046") == 125000 - 2000
    assert not parked(stage, kind=Do.CREDIT)
