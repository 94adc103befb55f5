"""What QuickBooks refuses of a client, a matter or a trust account offers more than Retry (docs/decisions/0025)."""

from __future__ import annotations

from chalicelib.domain.kernel import Effect, Kind, Neighbour
from chalicelib.flow import attention, contacts
from chalicelib.flow.drain import drain
from chalicelib.flow.settle import policy_of
from tests.flow import acts, trust_acts
from tests.flow.acts import STAFF, a_synced_stage, booked, contact, parked, tasks
from tests.flow.test_contacts import ADA, customer, edit_books, edit_clio, email, held, look
from tests.flow.test_subcustomers import a_new_bill, switch
from tests.world import Stage

COMPANY = "Calder Freight Inc"
ADA_EMAIL = "ada@example.com"


def refuse(stage: Stage, code: str) -> None:
    stage.world.quickbooks_box.people.refuse_members([code])


def step(stage: Stage, name: str) -> Effect:
    [found] = parked(stage, kind="quickbooks.customer", about=f"contact/{contact(stage, name).id}")
    return found


def offered(effect: Effect) -> list[str]:
    return [c[0] for c in effect.body["choices"]]


def test_a_change_that_is_refused_may_be_left_and_the_next_one_goes_over() -> None:
    stage = a_synced_stage()
    edit_clio(stage, **email("new@example.com", stage))
    refuse(stage, "2050")
    acts.poll(stage)
    asked = step(stage, ADA)
    assert offered(asked) == ["stay"] and "(e-mail address)" in asked.remedy
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "stay")
    stage.pass_time(1, minutes=2)
    assert not parked(stage, kind="quickbooks.customer", about=asked.about)
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == ADA_EMAIL
    edit_clio(stage, phone_numbers=[{"name": "Work", "number": "555-0100"}])
    acts.poll(stage)
    there = customer(stage)
    assert (there["PrimaryPhone"]["FreeFormNumber"], there["PrimaryEmailAddr"]["Address"]) == ("555-0100", ADA_EMAIL)


def test_a_name_that_nobody_was_found_to_have_may_get_a_suffix() -> None:
    stage = acts.a_stage()
    refuse(stage, "6240")
    stage.resync()
    asked = step(stage, COMPANY)
    assert offered(asked) == ["suffix"] and "on the client's page" in asked.remedy
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "suffix")
    stage.pass_time(1, minutes=5)
    assert customer(stage, COMPANY)["DisplayName"] == f"{COMPANY} (Clio {contact(stage, COMPANY).id})"


def test_a_customer_that_is_refused_may_be_made_by_hand_and_linked() -> None:
    stage = acts.a_stage()
    refuse(stage, "2210")
    stage.resync()
    assert offered(step(stage, COMPANY)) == []
    stage.world.quickbooks_box.people.add_customer(stage.realm, "Calder, by hand")
    contacts.link_by_name(stage.world, stage.firm, contact(stage, COMPANY).id, "Calder, by hand", STAFF)
    stage.pass_time(1, minutes=5)
    assert not parked(stage, kind="quickbooks.customer", about=f"contact/{contact(stage, COMPANY).id}")
    assert customer(stage, COMPANY)["DisplayName"] == "Calder, by hand"


def test_a_customer_that_cannot_be_made_active_is_asked_about_as_before() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, contact(stage, ADA).customer)
    look(stage)
    refuse(stage, "2050")
    attention.retry(stage.world, stage.firm, step(stage, ADA).key, STAFF, "activate")
    stage.pass_time(1, minutes=2)
    asked = step(stage, ADA)
    assert (offered(asked), asked.body["broken"]) == (["activate", "anew"], "customer")
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "activate")
    stage.pass_time(1, minutes=2)
    assert contact(stage, ADA).usable and customer(stage)["Active"]


def test_a_sub_customer_that_is_refused_may_be_made_by_hand() -> None:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=10)
    switch(stage)
    refuse(stage, "2050")
    a_new_bill(stage, "9001")
    stage.pass_time(2, minutes=6)
    [asked] = parked(stage, kind="quickbooks.subcustomer")
    name, client = str(asked.body["name"]), str(asked.body["client"])
    assert f"below its client's customer and as “{name}”" in asked.remedy
    own = next(c.customer for c in acts.all_states(stage, Kind.CONTACT) if c.id == client)
    clerk = stage.world.quickbooks_box.people._clerk(stage.realm)
    made = clerk.create("Customer", {"DisplayName": name, "Job": True, "ParentRef": {"value": own}})
    attention.retry(stage.world, stage.firm, asked.key, STAFF)
    stage.pass_time(2, minutes=6)
    assert acts.invoice(stage, "9001")["CustomerRef"]["value"] == made["Id"]


def test_a_clients_trust_account_that_is_refused_may_be_made_by_hand() -> None:
    stage = trust_acts.a_trust_stage(sub_accounts=True)
    client = contact(stage, "Jonas Weld").id
    name = f"Jonas Weld (Clio {client})"
    refuse(stage, "2050")
    trust_acts.move(stage, "Jonas Weld", 12345)
    [asked] = parked(stage, kind="quickbooks.subaccount")
    assert f"add the account “{name}” yourself" in asked.remedy
    liability = policy_of(stage.world, stage.firm).firm.trust_books.liability
    like = next(a for a in booked(stage, "Account") if a["Id"] == liability)
    clerk = stage.world.quickbooks_box.people._clerk(stage.realm)
    made = {"Name": name, "AccountType": like["AccountType"], "AccountSubType": like["AccountSubType"]}
    made |= {"SubAccount": True, "ParentRef": {"value": liability}}
    clerk.create("Account", made)
    attention.retry(stage.world, stage.firm, asked.key, STAFF)
    stage.pass_time(1, minutes=3)
    assert not parked(stage, kind="quickbooks.subaccount")
    assert len(booked(stage, "Account", Name=name)) == 1
    trust_acts.agree(stage)


# --- a customer that is gone for a while ------------------------------------------------------------------------------


def test_what_quickbooks_changed_before_the_customer_was_made_inactive_reaches_clio_once_it_is_back() -> None:
    stage = a_synced_stage()
    edit_books(stage, PrimaryPhone={"FreeFormNumber": "555-0100"})
    id = contact(stage, ADA).customer
    policy = policy_of(stage.world, stage.firm)
    contacts.point_at_customers(stage.world, policy, [id])
    drain(stage.world, policy.lanes.of(Neighbour.QUICKBOOKS))
    assert contact(stage, ADA).to_clio
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, id)
    contacts.point_at_customers(stage.world, policy, [id])
    drain(stage.world, policy.lanes.of(Neighbour.QUICKBOOKS))
    stage.pass_time(1, minutes=2)
    assert not held(stage).phones
    edit_books(stage, Active=True)
    look(stage)
    assert [p["number"] for p in held(stage).phones] == ["555-0100"]


def test_a_value_that_was_kept_is_no_question_once_the_client_stays_without_a_customer() -> None:
    stage = a_synced_stage()
    edit_clio(stage, **email("clio@example.com", stage))
    edit_books(stage, PrimaryEmailAddr={"Address": "books@example.com"})
    acts.poll(stage)
    look(stage)
    assert len(tasks(stage, "contact")) == 1
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, contact(stage, ADA).customer)
    look(stage)
    contacts.leave_without(stage.world, stage.firm, contact(stage, ADA).id, STAFF)
    assert not tasks(stage, "contact")
