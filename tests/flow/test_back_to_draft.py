"""A bill that staff take back to a draft in Clio: nothing of it is written or asked for until it is approved again."""

from __future__ import annotations

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Status
from chalicelib.domain.payable import Tab
from chalicelib.errors import Refused
from chalicelib.flow import broken, checkout, health, views
from infra.sandbox.quickbooks import REALM_B
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, booked, cents, invoice, payable, posted_on
from tests.flow.test_purge import begin_anew, purge
from tests.world import Stage


def taken_back(stage: Stage, number: str, state: str = "draft") -> None:
    rows = stage.world.clio_box.state.rows["bills"]
    held = next(b for b in rows.values() if b.number == number)
    held.state = state
    stage.world.clio_box.changed(held)
    acts.poll(stage)


def test_a_draft_is_neither_paid_nor_written() -> None:
    stage = a_synced_stage()
    taken_back(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", total=777700)
    acts.poll(stage)
    stage.pass_time(5, minutes=20)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 125000
    p = payable(stage, "1046")
    assert (p.open, acts.tab(stage, "1046")) == (0, Tab.OPEN)
    assert views.invoice(stage.world, stage.firm, p.id).row.status.word == "Draft again in Clio"
    assert acts.about(acts.compare(stage), "1046"), "the books differ, and that is named"


def test_what_was_owed_when_it_was_taken_back_is_not_written() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.set_preferences(stage.realm, CustomTxnNumbers=True)
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    taken_back(stage, "1046", "awaiting_approval")
    stage.pass_time(5, minutes=20)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 125000


def test_approved_again_it_is_written_as_it_is_then() -> None:
    stage = a_synced_stage()
    taken_back(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    taken_back(stage, "1046", "awaiting_payment")
    stage.pass_time(5, minutes=20)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 130000
    assert payable(stage, "1046").open == 130000
    assert acts.about(acts.compare(stage), "1046") == []


def test_nobody_is_reminded_of_a_draft() -> None:
    stage = a_synced_stage()
    acts.collect(stage, "1046")
    taken_back(stage, "1046")
    before = len(stage.world.mail.outbox)
    stage.pass_time(60, days=30)
    told = [m for m in stage.world.mail.outbox[before:] if "1046" in m.subject]
    assert not told


def test_a_client_is_shown_nothing_of_a_draft_and_is_not_told_that_it_is_paid() -> None:
    stage = a_synced_stage()
    token = acts.pay_link(stage, "1046")
    taken_back(stage, "1046")
    stage.pass_time(2, minutes=5)
    row = next(r for r in checkout.page(stage.world, token).payables if r.number == "1046")
    assert (row.status, row.open, row.total, row.can_pay) == ("draft", 0, 0, False)
    assert "being revised" in row.why_not
    with pytest.raises(Refused, match="does not open"):
        checkout.invoice_lines(stage.world, token, row.id)
    taken_back(stage, "1046", "awaiting_payment")
    stage.pass_time(2, minutes=5)
    assert checkout.invoice_lines(stage.world, token, row.id).asks == 125000


def test_the_comparison_names_a_draft_as_such_and_blames_nobody_in_quickbooks() -> None:
    stage = a_synced_stage()
    taken_back(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", total=777700, due_at="2026-07-01")
    acts.poll(stage)
    stage.pass_time(5, minutes=20)
    [named] = [d for d in acts.compare(stage).differences if d.number == "1046"]
    assert (named.kind, named.expected) == ("draft again in Clio", True)
    assert "Approve the bill in Clio" in named.remedy


def test_what_was_paid_on_a_draft_that_another_company_does_not_have_waits_for_its_approval_and_is_named() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.record_payment({"1046": 50000})
    taken_back(stage, "1046")
    purge(stage)
    begin_anew(stage, REALM_B)
    stage.resync()
    stage.pass_time(5, hours=1)
    waits = [e.cause for e in acts.all_effects(stage) if e.kind == Do.POSTING and e.status is Status.OWED]
    assert waits == ["It waits for bill 1046, which is a draft again in Clio, to be approved there."]
    [named] = [d for d in acts.compare(stage).differences if d.number == "1046"]
    assert (named.kind, named.cents) == ("not yet in QuickBooks", 50000)
    assert "Sync status says what it waits for" in named.remedy
    taken_back(stage, "1046", "awaiting_payment")
    stage.pass_time(5, hours=1)
    assert posted_on(stage, "1046") == [50000]
    assert acts.about(acts.compare(stage), "1046") == []


@pytest.mark.parametrize("choice", ["again", "accept"])
def test_what_is_removed_in_quickbooks_while_its_bill_is_a_draft_is_asked_about_then(choice: str) -> None:
    stage = a_synced_stage()
    taken_back(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, invoice(stage, "1046")["Id"])
    stage.pass_time(5, hours=2)
    [item] = health.health(stage.world, stage.firm).broken
    broken.decide(stage.world, stage.firm, item.key, choice, "", STAFF)
    stage.pass_time(5, hours=2)
    assert not booked(stage, DocNumber="1046"), "nothing is written of a draft"
    taken_back(stage, "1046", "awaiting_payment")
    stage.pass_time(5, hours=2)
    there = [cents(i["TotalAmt"]) for i in booked(stage, DocNumber="1046")]
    asked = [e.title for e in acts.tasks(stage, "broken")]
    assert (there, len(asked)) == (([130000], 0) if choice == "again" else ([], 1))
