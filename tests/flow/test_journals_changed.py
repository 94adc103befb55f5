"""A trust journal entry that people change or delete in QuickBooks is asked about, and never rewritten unasked."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.errors import Refused
from chalicelib.flow import attention, broken, health
from infra.sandbox.quickbooks.people import People
from tests.flow import acts
from tests.flow.acts import STAFF
from tests.flow.test_purge import begin_anew, purge
from tests.flow.trust_acts import a_trust_stage, choose, entry, journals, move
from tests.world import Stage


def a_written_stage() -> tuple[Stage, int]:
    stage = a_trust_stage()
    made = move(stage, "Ada Example", 50000)
    stage.pass_time(5, hours=1)
    assert not asked(stage), "our own echoes are nothing"
    return stage, made


def asked(stage: Stage) -> list[Effect]:
    return acts.parked(stage, kind=Do.JOURNAL)


def people(stage: Stage) -> People:
    found: People = stage.world.quickbooks_box.people
    return found


def there(stage: Stage, made: int) -> dict[str, Any]:
    return journals(stage)[entry(stage, made).number]


def amount(stage: Stage, made: int) -> int:
    return acts.cents(there(stage, made)["Line"][0]["Amount"])


def test_a_deleted_one_is_a_broken_link_and_is_written_again_when_asked() -> None:
    stage, made = a_written_stage()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.pass_time(5, minutes=30)
    [step] = asked(stage)
    assert "was deleted in QuickBooks" in step.reason
    assert [i.key for i in health.health(stage.world, stage.firm).broken] == [step.key]
    assert entry(stage, made).number not in journals(stage)
    attention.retry(stage.world, stage.firm, step.key, STAFF, "again")
    stage.pass_time(5, minutes=30)
    assert amount(stage, made) == 50000
    assert not asked(stage)


def test_a_deletion_that_the_feed_of_changes_does_not_tell_of_any_more_is_found_by_the_comparison() -> None:
    stage, made = a_written_stage()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.world.clock.move(days=45)  # QuickBooks tells of thirty
    acts.compare(stage)
    stage.pass_time(5, minutes=30)
    [step] = asked(stage)
    assert "was deleted in QuickBooks" in step.reason
    acts.compare(stage)
    stage.pass_time(5, minutes=30)
    assert [s.key for s in asked(stage)] == [step.key]


def test_a_deletion_that_is_accepted_is_not_asked_about_again() -> None:
    stage, made = a_written_stage()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.pass_time(5, minutes=30)
    [step] = asked(stage)
    attention.done(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(5, hours=1)
    assert not asked(stage)
    assert entry(stage, made).number not in journals(stage)


@pytest.mark.parametrize("choice", ["again", "accept"])
def test_a_deletion_that_is_accepted_is_asked_about_when_the_money_changes_in_clio(choice: str) -> None:
    stage, made = a_written_stage()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.pass_time(5, minutes=30)
    [step] = asked(stage)
    broken.decide(stage.world, stage.firm, step.key, "accept", "", STAFF)
    stage.world.clio_box.people.edit_transaction(made, amount=40000)
    acts.poll(stage)
    assert entry(stage, made).number not in journals(stage), "nothing is written unasked"
    [step] = asked(stage)
    broken.decide(stage.world, stage.firm, step.key, choice, "", STAFF)
    stage.pass_time(5, hours=1)
    assert not asked(stage)
    assert (entry(stage, made).number in journals(stage)) == (choice == "again")


def test_what_comes_to_nothing_in_clio_after_its_deletion_was_accepted_is_no_difference() -> None:
    stage, made = a_written_stage()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    stage.pass_time(5, minutes=30)
    [step] = asked(stage)
    attention.done(stage.world, stage.firm, step.key, STAFF)
    stage.world.clio_box.people.edit_transaction(made, amount=0)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)
    assert not [d for d in acts.compare(stage).differences if "trust" in d.kind or d.number.startswith("T-")]
    assert not asked(stage)
    stage.world.clio_box.people.edit_transaction(made, amount=40000)
    acts.poll(stage)
    assert len(asked(stage)) == 1, "it is money again: a person is asked"


def test_what_we_took_out_ourselves_is_written_unasked_when_it_stands_again() -> None:
    stage, made = a_written_stage()
    stage.world.clio_box.people.edit_transaction(made, amount=0)
    acts.poll(stage)
    assert entry(stage, made).number not in journals(stage)
    stage.world.clio_box.people.edit_transaction(made, amount=40000)
    acts.poll(stage)
    stage.pass_time(3, minutes=20)
    assert amount(stage, made) == 40000
    assert not asked(stage)


def a_changed_one() -> tuple[Stage, int, Effect]:
    stage, made = a_written_stage()
    people(stage).change_journal_amount(stage.realm, there(stage, made)["Id"], "400.00")
    stage.pass_time(5, minutes=30)
    [step] = asked(stage)
    return stage, made, step


def test_a_matters_new_number_in_clio_is_no_reason_to_write_over_what_people_are_asked_about() -> None:
    stage, made, step = a_changed_one()
    held = stage.world.clio_box.state.rows["bank_transactions"][made]
    assert held.matter
    stage.world.clio_box.people.rename_matter(held.matter, "00099-Renamed")
    stage.world.clio_box.changed(held)
    acts.poll(stage)
    stage.pass_time(5, hours=2)
    assert entry(stage, made).move.matter == "00099-Renamed"
    assert (amount(stage, made), [s.key for s in asked(stage)]) == (40000, [step.key])
    attention.retry(stage.world, stage.firm, step.key, STAFF, "again")
    stage.pass_time(5, minutes=30)
    assert amount(stage, made) == 50000


def test_a_changed_one_says_both_amounts_and_is_not_written_over() -> None:
    stage, made, step = a_changed_one()
    assert "$400.00" in step.reason and "$500.00" in step.reason
    assert [i.key for i in health.health(stage.world, stage.firm).broken] == [step.key]
    stage.pass_time(5, hours=2)
    assert amount(stage, made) == 40000
    assert len(asked(stage)) == 1


def test_ours_is_written_over_it_when_a_person_says_so() -> None:
    stage, made, step = a_changed_one()
    attention.retry(stage.world, stage.firm, step.key, STAFF, "again")
    stage.pass_time(5, hours=1)
    assert amount(stage, made) == 50000
    assert not asked(stage)
    assert len([j for j in journals(stage) if j == entry(stage, made).number]) == 1


def test_what_is_left_as_it_is_there_is_not_asked_about_again() -> None:
    stage, made, step = a_changed_one()
    attention.done(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(5, hours=2)
    assert not asked(stage)
    assert amount(stage, made) == 40000
    people(stage).change_journal_amount(stage.realm, there(stage, made)["Id"], "300.00")
    stage.pass_time(5, minutes=30)
    assert len(asked(stage)) == 1, "another change is another question"


def test_a_change_is_not_kept_of_one_that_was_deleted_meanwhile() -> None:
    stage, made, step = a_changed_one()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    with pytest.raises(Refused, match="deleted in QuickBooks meanwhile"):
        broken.decide(stage.world, stage.firm, step.key, "accept", "", STAFF)
    [now] = asked(stage)
    assert (now.key, now.body["broken"]) == (step.key, "journal entry")
    shown = broken.choices(stage.world, stage.firm, now.key)
    assert [o.choice for o in shown.options] == ["again", "link", "accept"]
    assert "was deleted in QuickBooks" in shown.cause
    stage.pass_time(5, hours=2)
    assert [e.key for e in asked(stage)] == [step.key], "asked once"
    broken.decide(stage.world, stage.firm, step.key, "again", "", STAFF)
    stage.pass_time(5, minutes=30)
    assert (amount(stage, made), asked(stage)) == (50000, [])


def test_a_deletion_met_on_keeping_a_change_can_be_accepted_as_such() -> None:
    stage, made, step = a_changed_one()
    people(stage).delete_journal(stage.realm, there(stage, made)["Id"])
    with pytest.raises(Refused):
        attention.done(stage.world, stage.firm, step.key, STAFF)
    broken.decide(stage.world, stage.firm, step.key, "accept", "", STAFF)
    stage.pass_time(5, hours=2)
    found = entry(stage, made).posted
    assert found is not None
    assert (found.removed, asked(stage)) == (True, [])


def test_one_that_was_set_back_is_settled_by_retry() -> None:
    stage, made, step = a_changed_one()
    people(stage).change_journal_amount(stage.realm, there(stage, made)["Id"], "500.00")
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(5, minutes=30)
    assert not asked(stage)
    assert entry(stage, made).written


def test_a_journal_entry_of_others_is_nothing() -> None:
    stage, _made = a_written_stage()
    bank = next(a["Id"] for a in acts.booked(stage, "Account") if a["AccountType"] == "Bank")
    income = next(a["Id"] for a in acts.booked(stage, "Account") if a["AccountType"] == "Income")
    people(stage).add_journal(stage.realm, bank, income, "12.00")
    stage.pass_time(5, minutes=30)
    assert not asked(stage)


def linked_to_anothers(stage: Stage, made: int) -> str:
    """Somebody deletes it and enters it by hand; a person links that one. Gives its id."""
    old = there(stage, made)
    people(stage).delete_journal(stage.realm, old["Id"])
    stage.pass_time(5, minutes=30)
    lines = [{k: v for k, v in line.items() if k != "Id"} for line in old["Line"]]
    body = {"Line": lines, "DocNumber": "JE-77", "TxnDate": old["TxnDate"]}
    hand = people(stage)._clerk(stage.realm).create("JournalEntry", body)
    [step] = asked(stage)
    broken.decide(stage.world, stage.firm, step.key, "link", "JE-77", STAFF)
    stage.pass_time(5, minutes=30)
    assert not asked(stage)
    return str(hand["Id"])


def written_over(stage: Stage) -> None:
    [step] = asked(stage)
    broken.decide(stage.world, stage.firm, step.key, "again", "", STAFF)
    stage.pass_time(5, minutes=30)


def test_ours_over_a_linked_one_that_was_changed_stands_once() -> None:
    stage, made = a_written_stage()
    hand = linked_to_anothers(stage, made)
    before = len(journals(stage))
    people(stage).change_journal_amount(stage.realm, hand, "400.00")
    stage.pass_time(5, minutes=30)
    written_over(stage)
    assert len(journals(stage)) == before
    assert (there(stage, made)["Id"], amount(stage, made)) == (hand, 50000)


def test_ours_over_one_with_another_number_and_amount_stands_once() -> None:
    stage, made = a_written_stage()
    id, before = there(stage, made)["Id"], len(journals(stage))
    people(stage).change_journal_amount(stage.realm, id, "400.00")
    people(stage).change(stage.realm, "JournalEntry", id, DocNumber="900")
    stage.pass_time(5, minutes=30)
    written_over(stage)
    assert len(journals(stage)) == before
    assert (there(stage, made)["Id"], amount(stage, made)) == (id, 50000)


def test_a_linked_one_is_met_again_after_a_purge() -> None:
    stage, made = a_written_stage()
    hand = linked_to_anothers(stage, made)
    before = len(journals(stage))
    purge(stage)
    begin_anew(stage, stage.realm)
    choose(stage)
    stage.pass_time(5, hours=1)
    assert len(journals(stage)) == before
    found = entry(stage, made).posted
    assert found
    assert found.id == hand
