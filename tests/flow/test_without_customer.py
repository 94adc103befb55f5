"""A client whose customer is not to be used in QuickBooks: all that would be booked on it waits with this cause, and
goes on by itself when the customer is active again or another one is linked."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import effects, matters
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.flow import broken, broken_steps, contacts, health
from chalicelib.flow.prepared import FOR_A_PERSON, WITHOUT
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, cents, contact, invoice, payable
from tests.flow.test_broken_steps import causes
from tests.flow.test_by_hand import OPEN, people
from tests.flow.test_contacts import ADA, look
from tests.flow.test_credits import _split, balance, issue
from tests.flow.test_drawing import message, token
from tests.flow.test_relinking import revoke
from tests.flow.test_subcustomers import a_stage_by_matter
from tests.flow.trust_acts import a_trust_stage, entry, journals, move
from tests.world import Stage


def whose(stage: Stage) -> str:
    return payable(stage, OPEN).client_name


def deactivate(stage: Stage, name: str = "") -> str:
    id = contact(stage, name or whose(stage)).customer
    people(stage).deactivate_customer(stage.realm, id)
    return id


def accept(stage: Stage) -> None:
    [step] = [i for i in health.health(stage.world, stage.firm).broken if i.kind == Do.CUSTOMER]
    broken.decide(stage.world, stage.firm, step.key, "accept", "", STAFF)
    stage.pass_time(2, minutes=5)


def without(stage: Stage) -> str:
    """Its customer was made inactive, and the client stays without one."""
    id = deactivate(stage)
    look(stage, whose(stage))
    accept(stage)
    return id


def back(stage: Stage, id: str) -> None:
    people(stage).reactivate_customer(stage.realm, id)
    look(stage, whose(stage))
    stage.pass_time(5, minutes=20)


def steps(stage: Stage, kind: str) -> list[str]:
    return [e.key for e in acts.parked(stage, kind=kind) if e.about.split("/")[1] != contact(stage, "Brook Jensen").id]


def test_a_payment_on_an_invoice_that_is_there_waits_and_goes_on_by_itself() -> None:
    stage = a_synced_stage()
    id = without(stage)
    acts.record(stage, {OPEN: 5000})
    stage.pass_time(6, minutes=30)
    assert causes(stage, Do.POSTING) == [WITHOUT]
    assert not acts.parked(stage, kind=Do.POSTING)
    back(stage, id)
    assert acts.posted_on(stage, OPEN) == [5000]


def test_while_nobody_has_said_anything_yet_it_waits_for_their_word() -> None:
    stage = a_synced_stage()
    deactivate(stage)
    acts.record(stage, {OPEN: 5000})
    stage.pass_time(5, minutes=30)
    assert causes(stage, Do.POSTING) == [FOR_A_PERSON], "the refusal led to the look"
    assert not acts.parked(stage, kind=Do.POSTING)


def test_a_payment_that_changes_is_not_taken_out_while_it_cannot_be_entered_again() -> None:
    stage = a_synced_stage()
    acts.record(stage, {OPEN: 5000})
    [paid] = acts.payments_on(stage, OPEN)
    id = without(stage)
    p, now = payable(stage, OPEN), stage.world.now()
    stage.world.store.arrive(effects.repost(stage.firm, f"payment/{paid.id}", p.id, 9, now))
    stage.pass_time(6, minutes=30)
    assert causes(stage, Do.POSTING) == [WITHOUT]
    assert acts.posted_on(stage, OPEN) == [5000]
    back(stage, id)
    assert acts.posted_on(stage, OPEN) == [5000]
    assert not causes(stage, Do.POSTING)


def test_money_that_is_on_no_invoice_waits_too() -> None:
    stage = a_synced_stage()
    people(stage).delete_invoice(stage.realm, invoice(stage, OPEN)["Id"])
    stage.pass_time(5, minutes=20)
    [asked] = acts.tasks(stage, f"broken/invoice/{payable(stage, OPEN).id}")
    broken.decide(stage.world, stage.firm, asked.key, "accept", "", STAFF)
    without(stage)
    acts.record(stage, {OPEN: 5000})
    assert causes(stage, Do.POSTING) == [WITHOUT]


def test_a_credit_and_its_change_wait_and_go_on() -> None:
    stage = a_synced_stage()
    first = issue(stage, OPEN, 2500)
    assert balance(stage, OPEN) == 122500
    id = without(stage)
    _split(stage, first, 2000)
    issue(stage, OPEN, 1000)
    stage.pass_time(6, minutes=30)
    assert causes(stage, Do.CREDIT) == [WITHOUT, WITHOUT]
    assert balance(stage, OPEN) == 122500, "nothing was taken off"
    assert not acts.parked(stage, kind=Do.CREDIT)
    back(stage, id)
    stage.pass_time(5, minutes=20)
    assert balance(stage, OPEN) == 125000 - 2000 - 1000


def test_a_credit_that_is_refused_leads_to_the_look() -> None:
    stage = a_synced_stage()
    deactivate(stage)
    issue(stage, OPEN, 2500)
    stage.pass_time(5, minutes=30)
    assert causes(stage, Do.CREDIT) == [FOR_A_PERSON]


def test_a_trust_entry_that_is_refused_leads_to_the_look() -> None:
    stage = a_trust_stage()
    id = deactivate(stage, ADA)
    made = move(stage, ADA, 5000)
    stage.pass_time(5, minutes=30)
    assert causes(stage, Do.JOURNAL) == [FOR_A_PERSON]
    people(stage).reactivate_customer(stage.realm, id)
    look(stage)
    stage.pass_time(5, minutes=20)
    assert entry(stage, made).number in journals(stage)


def test_a_new_pay_link_waits_and_a_change_of_the_bill_too() -> None:
    stage = a_synced_stage()
    first, id = token(stage, OPEN), without(stage)
    revoke(stage, OPEN)
    stage.pass_time(5, minutes=30)
    assert causes(stage, Do.INVOICE).count(WITHOUT) == 1
    assert first in message(stage, OPEN)
    back(stage, id)
    assert token(stage, OPEN) != first
    people(stage).deactivate_customer(stage.realm, id)
    look(stage, whose(stage))
    accept(stage)
    stage.world.clio_box.people.edit_bill(OPEN, total=130000)
    acts.poll(stage)
    assert causes(stage, Do.INVOICE).count(WITHOUT) == 1
    back(stage, id)
    assert cents(invoice(stage, OPEN)["TotalAmt"]) == 130000


def test_a_sub_customer_waits_with_the_same_cause() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=10)
    without(stage)
    p = replace(payable(stage, OPEN), matter_ids=("77",), matters=("00077-New",))
    owed: Effect | None = matters.step(p, None, policy_of(stage.world, stage.firm), stage.world.now())
    assert owed
    stage.world.store.arrive(owed)
    stage.work()
    assert causes(stage, Do.SUB_CUSTOMER) == [WITHOUT]


# --- another customer is linked ---------------------------------------------------------------------------------------


def link_another(stage: Stage) -> str:
    other = people(stage).add_customer(stage.realm, "Another One")
    contacts.link_by_name(stage.world, stage.firm, contact(stage, whose(stage)).id, "Another One", STAFF)
    return str(other["Id"])


def test_when_another_customer_is_linked_the_invoice_goes_to_it_and_the_payment_follows() -> None:
    stage = a_synced_stage()
    without(stage)
    acts.record(stage, {OPEN: 5000})
    other = link_another(stage)
    stage.pass_time(5, hours=1)
    assert invoice(stage, OPEN)["CustomerRef"]["value"] == other
    assert acts.posted_on(stage, OPEN) == [5000]
    assert not acts.parked_on(stage, OPEN)
    assert not acts.parked(stage, kind=Do.POSTING)


def test_an_invoice_with_money_on_it_stays_where_it_is_and_a_person_is_told() -> None:
    stage = a_synced_stage()
    acts.record(stage, {OPEN: 4000})
    old = without(stage)
    acts.record(stage, {OPEN: 5000})
    link_another(stage)
    stage.pass_time(5, hours=1)
    assert invoice(stage, OPEN)["CustomerRef"]["value"] == old
    assert acts.posted_on(stage, OPEN) == [4000]
    [step] = acts.parked(stage, kind=Do.POSTING)
    assert "make it active again" in step.remedy


def test_an_invoice_with_a_credit_on_it_stays_too() -> None:
    stage = a_synced_stage()
    issue(stage, OPEN, 2500)
    old = without(stage)
    acts.record(stage, {OPEN: 5000})
    link_another(stage)
    stage.pass_time(5, hours=1)
    assert invoice(stage, OPEN)["CustomerRef"]["value"] == old


def test_a_new_link_on_an_invoice_of_the_old_one_takes_it_over_too() -> None:
    stage = a_synced_stage()
    without(stage)
    other, first = link_another(stage), token(stage, OPEN)
    revoke(stage, OPEN)
    stage.pass_time(5, hours=1)
    assert invoice(stage, OPEN)["CustomerRef"]["value"] == other
    assert token(stage, OPEN) != first


def test_an_invoice_that_is_refused_on_its_way_to_the_other_one_is_shown() -> None:
    stage = a_synced_stage()
    without(stage)
    link_another(stage)
    people(stage).refuse_members(["2500"] * 4)
    stage.world.clio_box.people.edit_bill(OPEN, total=130000)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)
    assert acts.parked_on(stage, OPEN, Do.INVOICE)


def test_what_is_refused_for_another_reason_is_shown_as_before() -> None:
    stage = a_synced_stage()
    people(stage).refuse_members(["2500"] * 4)
    acts.record(stage, {OPEN: 5000})
    stage.pass_time(5, minutes=30)
    assert acts.parked(stage, kind=Do.POSTING)


def test_what_the_state_of_a_lost_client_does_not_explain_waits_too_and_is_tried_again() -> None:
    """QuickBooks refuses the invoice of a matter's sub-customer: nobody has told us that it went with its parent."""
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=10)
    link = payable(stage, OPEN).booked
    assert link and link.matter
    people(stage).deactivate_customer(stage.realm, link.customer)
    id = without(stage)
    acts.record(stage, {OPEN: 5000})
    stage.pass_time(6, minutes=30)
    assert causes(stage, Do.POSTING) == [WITHOUT]
    people(stage).reactivate_customer(stage.realm, id)
    people(stage).reactivate_customer(stage.realm, link.customer)
    back(stage, id)
    assert acts.posted_on(stage, OPEN) == [5000]


def test_the_choice_says_what_waits_and_what_becomes_of_it() -> None:
    said = " ".join(broken_steps.ACCEPTED_CUSTOMER)
    for words in ("payments, credits and trust entries", "go on by themselves", "an invoice that something waits for"):
        assert words in said
