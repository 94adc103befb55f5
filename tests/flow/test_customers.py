"""The clients of bills become QuickBooks customers: linked, parked with choices, or made. Never linked by guess."""

from __future__ import annotations

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Effect, Finish, Kind, Neighbour
from chalicelib.domain.receipts import link_key
from chalicelib.errors import Refused
from chalicelib.flow import attention, customers
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, a_synced_stage, booked, contact, invoice, parked, payable
from tests.world import Stage


def brooks(stage: Stage) -> Effect:
    """The parked step of Brook Jensen, whose name QuickBooks has with another e-mail."""
    [found] = parked(stage, kind="quickbooks.customer")
    return found


def choices(effect: Effect) -> list[str]:
    return [c[0] for c in effect.body["choices"]]


def test_same_name_and_email_is_linked() -> None:
    stage = a_synced_stage()
    [ada] = booked(stage, "Customer", DisplayName="Ada Example")
    assert contact(stage, "Ada Example").customer == ada["Id"]


def test_same_name_with_another_email_parks_with_link_or_suffix() -> None:
    stage = a_synced_stage()
    [there] = booked(stage, "Customer", DisplayName="Brook Jensen")
    assert choices(brooks(stage)) == [f"link:{there['Id']}", "suffix"]
    assert "bjensen@old-mail.example" in brooks(stage).reason
    assert not booked(stage, DocNumber="1044")


def test_names_that_differ_in_capitals_alone_are_one_name() -> None:
    stage = a_stage()
    people = stage.world.clio_box.people
    there = stage.world.quickbooks_box.people.add_customer(stage.realm, "CALDER FREIGHT INC")
    people.change_client("Jonas Weld", name="Two Of A Name")
    people.change_client("Delia Marsh", name="two of a NAME")
    stage.resync()
    asked = {e.reason: e for e in parked(stage, kind="quickbooks.customer")}
    [known] = [e for reason, e in asked.items() if "“CALDER FREIGHT INC”" in reason]
    assert choices(known) == [f"link:{there['Id']}", "suffix"]
    assert sum("two of a name" in reason.lower() for reason in asked) == 1


def test_choosing_link_links_the_customer_and_brings_the_invoices() -> None:
    stage = a_synced_stage()
    effect = brooks(stage)
    attention.retry(stage.world, stage.firm, effect.key, STAFF, choices(effect)[0])
    stage.pass_time(1, minutes=2)
    [there] = booked(stage, "Customer", DisplayName="Brook Jensen")
    assert contact(stage, "Brook Jensen").customer == there["Id"]
    assert invoice(stage, "1044")["CustomerRef"]["value"] == there["Id"]
    assert invoice(stage, "1045")


def test_choosing_a_suffix_makes_another_customer() -> None:
    stage = a_synced_stage()
    attention.retry(stage.world, stage.firm, brooks(stage).key, STAFF, "suffix")
    stage.pass_time(1, minutes=2)
    b = contact(stage, "Brook Jensen")
    [made] = booked(stage, "Customer", DisplayName=f"Brook Jensen (Clio {b.id})")
    assert b.customer == made["Id"]
    assert invoice(stage, "1045")["CustomerRef"]["value"] == made["Id"]


def test_a_name_without_its_colon_that_somebody_has_gets_its_suffix_without_asking_for_the_colon_again() -> None:
    stage = a_stage()
    stage.world.clio_box.people.change_client("Brook Jensen", name="Brook: Jensen")
    stage.resync()
    for choice in ("clean", "suffix"):
        [asked] = [e for e in parked(stage, kind="quickbooks.customer") if choice in choices(e)]
        attention.retry(stage.world, stage.firm, asked.key, STAFF, choice)
        stage.pass_time(1, minutes=2)
    b = contact(stage, "Brook: Jensen")
    [made] = booked(stage, "Customer", DisplayName=f"Brook Jensen (Clio {b.id})")
    assert b.customer == made["Id"]


def test_a_choice_that_was_not_offered_is_refused() -> None:
    stage = a_synced_stage()
    with pytest.raises(Refused):
        attention.retry(stage.world, stage.firm, brooks(stage).key, STAFF, "link:1")


def test_retry_without_a_choice_works_once_the_cause_is_gone() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.change_client("Brook Jensen", email="bjensen@old-mail.example")
    attention.retry(stage.world, stage.firm, brooks(stage).key, STAFF)
    stage.pass_time(1, minutes=2)
    [there] = booked(stage, "Customer", DisplayName="Brook Jensen")
    assert contact(stage, "Brook Jensen").customer == there["Id"]
    assert not parked(stage, kind="quickbooks.customer")
    assert invoice(stage, "1044")


def test_retry_while_the_cause_stands_parks_again_with_its_choices() -> None:
    stage = a_synced_stage()
    attention.retry(stage.world, stage.firm, brooks(stage).key, STAFF)
    stage.pass_time(1, minutes=2)
    assert "suffix" in choices(brooks(stage))


def test_an_effect_of_another_firm_cannot_be_retried() -> None:
    stage = a_synced_stage()
    with pytest.raises(Refused):
        attention.retry(stage.world, "us-999", brooks(stage).key, STAFF, "suffix")


def test_a_customer_linked_to_one_client_is_not_linked_to_a_second() -> None:
    stage = a_synced_stage()
    people = stage.world.clio_box.people
    twin = people.change_client("Jonas Weld", name="Ada Example", email="ada@example.com")
    people.add_bill("Hartwell & Pine LLP", twin, "2001", [{"note": "Advice", "price": 10000}])
    acts.poll(stage)
    assert contact(stage, "Ada Example").customer
    ids = [c.customer for c in acts.all_states(stage, Kind.CONTACT) if c.customer]
    assert len(ids) == len(set(ids))


def test_two_clients_of_one_name_are_not_made_one() -> None:
    stage = a_stage()
    people = stage.world.clio_box.people
    people.change_client("Hana Kobayashi", name="Delia Marsh", email="other@example.com")
    stage.resync()
    assert len(booked(stage, "Customer", DisplayName="Delia Marsh")) == 1
    assert any("Delia Marsh" in e.reason for e in parked(stage, kind="quickbooks.customer"))


def test_a_lost_answer_leaves_one_customer() -> None:
    stage = a_stage()
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", path="batch", method="POST"))
    stage.resync()
    stage.pass_time(1, minutes=10)
    names = [c["DisplayName"] for c in booked(stage, "Customer")]
    assert len(names) == len(set(names))
    assert contact(stage, "Calder Freight Inc").customer
    assert payable(stage, "1046").booked


def test_a_bill_moved_to_another_client_waits_for_that_clients_customer() -> None:
    stage = a_synced_stage()
    brook = next(c for c in stage.world.clio_box.state.rows["contacts"].values() if c.name == "Brook Jensen")
    bill = stage.world.clio_box.state.rows["bills"][acts.clio_id(stage, "1061")]
    before = invoice(stage, "1061")["CustomerRef"]["value"]
    bill.client_id = brook.id
    stage.world.clio_box.changed(bill)
    acts.poll(stage)
    p = payable(stage, "1061")
    assert p.client_name == "Brook Jensen"
    assert p.booked and p.booked.revision < p.revision, "it is not written under the old client"
    attention.retry(stage.world, stage.firm, brooks(stage).key, STAFF, "suffix")
    stage.pass_time(1, minutes=2)
    assert invoice(stage, "1061")["CustomerRef"]["value"] not in ("", before)


# --- after a lost answer, and at the same moment ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared() -> Stage:
    return a_synced_stage()


def look_up(stage: Stage, name: str) -> bool:
    """The step that makes this client's customer was sent, and its answer was lost."""
    world, policy = stage.world, policy_of(stage.world, stage.firm)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    sent = effects.customer(stage.firm, lane, contact(stage, name).id, 1, world.now(), name)
    reach = Reach(world, stage.firm, policy.lanes, Floor.WEBHOOK)
    return customers.find(world, reach, policy, sent, Finish(sent.key))


def test_a_client_that_is_linked_by_now_is_not_looked_up_by_name(shared: Stage) -> None:
    before = acts.calls(shared)
    assert not look_up(shared, "Ada Example")
    assert acts.requests_since(shared, before) == []


def test_a_customer_of_the_name_that_we_did_not_make_is_not_taken_for_ours(shared: Stage) -> None:
    assert booked(shared, "Customer", DisplayName="Brook Jensen")
    assert not look_up(shared, "Brook Jensen")
    assert contact(shared, "Brook Jensen").customer == ""


def test_a_chosen_customer_that_another_client_takes_at_this_moment_is_asked_about_again(shared: Stage) -> None:
    chosen = choices(brooks(shared))[0]
    book = policy_of(shared.world, shared.firm).lanes.book
    guard = link_key(book, "customer", chosen.removeprefix("link:"))
    shared.world.store._guards[guard] = f"{shared.firm}/another"
    attention.retry(shared.world, shared.firm, brooks(shared).key, STAFF, chosen)
    shared.pass_time(1, minutes=2)
    asked = brooks(shared)
    assert asked.reason == "This QuickBooks customer is already linked to another client."
    assert choices(asked) == ["suffix"]
    assert contact(shared, "Brook Jensen").customer == ""
    del shared.world.store._guards[guard]
