"""Broken links that a step of ours met: a customer, a credit memo, a journal entry. Each choice says what it would
write before it is made."""

from __future__ import annotations

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.errors import Refused
from chalicelib.flow import attention, broken, health
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, contact, parked
from tests.flow.test_contacts import ADA, look
from tests.flow.test_credits import _delete_in_quickbooks, _split, a_calm_stage, balance, issue
from tests.flow.test_journals_changed import a_changed_one, a_written_stage, amount, asked, people, there
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
    assert offered(stage) == ["activate", "anew", "link"]
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
        decide(stage, "accept")


def a_deleted_memo() -> tuple[Stage, int]:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    _delete_in_quickbooks(stage, made)
    _split(stage, made, 2000)
    acts.poll(stage)
    return stage, made


def test_a_deleted_credit_memo_is_entered_again_or_its_loss_accepted() -> None:
    stage, _ = a_deleted_memo()
    assert offered(stage) == ["again", "accept"]
    decide(stage, "again")
    assert balance(stage, "1046") == 125000 - 2000


def test_a_credit_memo_that_the_comparison_misses_is_asked_about_once() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    _delete_in_quickbooks(stage, made)
    assert "credit removed in QuickBooks" in [d.kind for d in acts.compare(stage).differences]
    stage.pass_time(1, minutes=3)
    assert offered(stage) == ["again", "accept"]
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
    assert "credit not in step" in [d.kind for d in acts.compare(stage).differences]


def test_a_deleted_journal_entry_is_written_again_after_its_effect_was_shown() -> None:
    stage, made = a_written_stage()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.pass_time(5, minutes=30)
    assert offered(stage) == ["again", "accept"]
    decide(stage, "again")
    assert amount(stage, made) == 50000


def test_a_changed_journal_entry_that_is_kept_is_not_asked_about_again() -> None:
    stage, made, _ = a_changed_one()
    shown = {o.choice: o for o in the_broken(stage).options}
    assert "written over" in shown["again"].effect[0]
    assert shown["accept"].words == "Keep the change"
    decide(stage, "accept")
    assert not asked(stage)
    assert amount(stage, made) == 40000


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
