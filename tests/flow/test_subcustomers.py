"""Matters as sub-customers: made once below the client's customer, used by new invoices, asked about when broken."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import matters as rules
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Invoicing
from chalicelib.domain.kernel import Kind, Neighbour, Status
from chalicelib.domain.matters import Matter
from chalicelib.flow import attention, broken, drawing
from chalicelib.flow.prepared import FOR_A_PERSON
from infra.sandbox.clio.state import Matter as ClioMatter
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, a_synced_stage, booked, cents, invoice, payable
from tests.world import Stage

ONE, TWO_MATTERS, THERE = "1046", "1066", "1042"


def switch(stage: Stage, *, on: bool = True) -> None:
    drawing.save(stage.world, stage.firm, Invoicing(sub_customers=on), {}, STAFF)


def a_stage_by_matter(**more: Any) -> Stage:
    stage = a_stage(**more)
    switch(stage)
    return stage


def customer(stage: Stage, number: str) -> dict[str, Any]:
    return booked(stage, "Customer", Id=invoice(stage, number)["CustomerRef"]["value"])[0]


def matters(stage: Stage) -> list[Matter]:
    return acts.all_states(stage, Kind.MATTER)


def a_new_bill(stage: Stage, number: str, like: str = ONE, price: int = 9000, matters: tuple[int, ...] = ()) -> None:
    held = next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.number == like)
    stage.world.clio_box.people.add_bill(
        held.firm, held.client_id, number, [{"note": "More work", "price": price}], matters=matters or held.matters
    )
    acts.poll(stage)


def people(stage: Stage) -> Any:
    return stage.world.quickbooks_box.people


# --- made and used ----------------------------------------------------------------------------------------------------


def test_a_new_invoice_belongs_to_its_matters_sub_customer() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    sub, p = customer(stage, ONE), payable(stage, ONE)
    own = acts.contact(stage, p.client_name).customer
    assert (sub["DisplayName"], sub["Job"], sub["ParentRef"]["value"]) == (p.matters[0], True, own)
    assert p.booked and (p.booked.customer, p.booked.matter) == (sub["Id"], p.matter_ids[0])
    held = [m for m in matters(stage) if m.matter == p.matter_ids[0]]
    assert [m.customer for m in held] == [sub["Id"]]
    assert not acts.parked(stage, kind=Do.SUB_CUSTOMER)
    assert acts.about(acts.compare(stage), ONE) == []


def test_a_matter_gets_one_sub_customer_however_many_bills_it_has() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    a_new_bill(stage, "9001")
    a_new_bill(stage, "9002")
    assert customer(stage, "9001")["Id"] == customer(stage, "9002")["Id"] == customer(stage, ONE)["Id"]
    names = [c["DisplayName"] for c in booked(stage, "Customer") if c["Job"]]
    assert len(names) == len(set(names)) == len(matters(stage))


def test_a_bill_over_several_matters_stays_with_the_client_and_its_lines_name_them() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    p = payable(stage, TWO_MATTERS)
    assert len(p.matter_ids) == 2
    assert customer(stage, TWO_MATTERS)["Id"] == acts.contact(stage, p.client_name).customer
    texts = [x["Description"] for x in invoice(stage, TWO_MATTERS)["Line"] if "Description" in x]
    assert texts == [f"{p.matters[0]}: Merger filing", f"{p.matters[1]}: Lease review"]


def test_switching_it_concerns_new_invoices_only() -> None:
    stage = a_synced_stage()
    own = customer(stage, ONE)["Id"]
    switch(stage)
    drawing.start(stage.world, stage.firm, STAFF)
    stage.pass_time(2, minutes=5)
    assert customer(stage, ONE)["Id"] == own, "written again, and where it was"
    a_new_bill(stage, "9001")
    sub = customer(stage, "9001")["Id"]
    assert sub != own
    switch(stage, on=False)
    stage.world.clio_box.people.edit_bill("9001", total=12000)
    acts.poll(stage)
    assert cents(invoice(stage, "9001")["TotalAmt"]) == 12000
    assert customer(stage, "9001")["Id"] == sub, "it stays there"
    a_new_bill(stage, "9002")
    assert customer(stage, "9002")["Id"] == own


def test_a_bill_that_goes_to_another_matter_takes_its_invoice_along() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    one, two = (int(m) for m in payable(stage, TWO_MATTERS).matter_ids)
    a_new_bill(stage, "9001", like=TWO_MATTERS, matters=(one,))
    first = customer(stage, "9001")
    stage.world.clio_box.people.edit_bill("9001", matters=[two])
    acts.poll(stage)
    second = customer(stage, "9001")
    assert second["Id"] != first["Id"] and second["ParentRef"] == first["ParentRef"]


def test_the_payment_of_such_an_invoice_is_the_sub_customers() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    acts.record(stage, {ONE: payable(stage, ONE).balance})
    [paid] = [x for x in acts.payments_on(stage, ONE) if x.posted]
    there = booked(stage, "Payment", Id=paid.posted.id if paid.posted else "")[0]
    assert there["CustomerRef"]["value"] == customer(stage, ONE)["Id"]
    assert not acts.parked(stage, kind=Do.POSTING)


def test_a_credit_of_such_an_invoice_is_the_sub_customers() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    stage.world.clio_box.people.issue_credit(ONE, 1000)
    acts.poll(stage)
    stage.pass_time(2, minutes=5)
    [memo] = [m for m in booked(stage, "CreditMemo") if m["TotalAmt"] == 10]
    assert memo["CustomerRef"]["value"] == customer(stage, ONE)["Id"]
    assert not acts.parked(stage, kind=Do.CREDIT)


# --- what is there already --------------------------------------------------------------------------------------------


def test_a_sub_customer_of_the_matters_name_below_the_client_is_taken() -> None:
    stage = a_synced_stage()
    p = payable(stage, ONE)
    own = acts.contact(stage, p.client_name).customer
    there = people(stage).add_customer(stage.realm, p.matters[0], ParentRef={"value": own}, Job=True)
    switch(stage)
    a_new_bill(stage, "9001")
    assert customer(stage, "9001")["Id"] == there["Id"]


@pytest.mark.parametrize("kind", ["customer", "vendor"])
def test_a_name_that_is_anothers_gets_clios_id_with_it(kind: str) -> None:
    stage = a_synced_stage()
    p = payable(stage, ONE)
    getattr(people(stage), f"add_{kind}")(stage.realm, p.matters[0])
    switch(stage)
    a_new_bill(stage, "9001")
    assert customer(stage, "9001")["DisplayName"] == f"{p.matters[0]} (Clio {p.matter_ids[0]})"


def test_where_both_names_are_used_a_person_is_told() -> None:
    stage = a_synced_stage()
    p = payable(stage, ONE)
    names = (p.matters[0], f"{p.matters[0]} (Clio {p.matter_ids[0]})")
    held = [people(stage).add_vendor(stage.realm, name) for name in names]
    switch(stage)
    a_new_bill(stage, "9001")
    [step] = acts.parked(stage, kind=Do.SUB_CUSTOMER)
    assert "both used in QuickBooks" in step.reason
    stage.pass_time(1, minutes=20)
    waits = [e.cause for e in acts.all_effects(stage) if e.key.endswith(f"{Do.INVOICE}/{payable(stage, '9001').id}/1")]
    assert waits == [FOR_A_PERSON]
    people(stage).rename_vendor(stage.realm, held[0]["Id"], "Somebody")
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(2, minutes=15)
    assert customer(stage, "9001")["DisplayName"] == p.matters[0]


def test_an_existing_invoice_of_the_clients_own_customer_is_linked_and_stays_there() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    p = payable(stage, THERE)
    assert customer(stage, THERE)["Id"] == acts.contact(stage, p.client_name).customer
    assert p.booked and p.booked.adopted and not p.booked.matter


def test_an_existing_invoice_of_the_sub_customer_is_linked_as_the_matters() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    sub = customer(stage, ONE)["Id"]
    people(stage).add_invoice(stage.realm, sub, "90.00", "9001")
    a_new_bill(stage, "9001")
    link = payable(stage, "9001").booked
    assert link and link.adopted and (link.customer, bool(link.matter)) == (sub, True)


def test_a_sub_customer_that_is_linked_to_another_matter_is_not_shared() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    sub = customer(stage, ONE)
    p = payable(stage, ONE)
    box = stage.world.clio_box
    twin = box.state.rows["matters"][int(p.matter_ids[0])]
    other = box.new(
        ClioMatter,
        twin.firm,
        display_number=sub["DisplayName"],
        client_id=twin.client_id,
        number=99,
        description="x",
        open_date=twin.open_date,
    )
    a_new_bill(stage, "9001", matters=(other.id,))
    [step] = acts.parked(stage, kind=Do.SUB_CUSTOMER)
    assert "linked to another matter" in step.reason


# --- lost answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
def test_after_a_lost_answer_the_sub_customer_is_looked_up_and_there_is_one(do: str) -> None:
    stage = a_synced_stage()
    switch(stage)
    stage.pass_time(2, minutes=20)  # so that the calls that are lost are the step's own
    stage.world.quickbooks_box.faults.append(Fault(do, "/batch", times=2, skip=1))
    a_new_bill(stage, "9001")
    stage.pass_time(2, minutes=14)
    p = payable(stage, ONE)
    assert [c["DisplayName"] for c in booked(stage, "Customer") if c["Job"]] == [p.matters[0]]
    assert customer(stage, "9001")["Job"]


def test_a_step_with_nothing_to_do_is_done_and_one_without_its_customer_waits() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=5)
    p, lane = payable(stage, ONE), acts.lane(stage, Neighbour.QUICKBOOKS)
    before = len(booked(stage, "Customer"))
    for client, matter in ((p.client_id, p.matter_ids[0]), ("nobody", "1")):
        stage.world.store.arrive(rules.owed(stage.firm, lane, client, matter, "X-1", "1.7", stage.world.now()))
    stage.pass_time(1, minutes=1)
    found = {e.key.rpartition("/")[0]: e for e in acts.all_effects(stage) if e.key.endswith("/1.7")}
    told = {e.body["client"]: (e.status, bool(e.cause)) for e in found.values()}
    assert told == {p.client_id: (Status.DONE, False), "nobody": (Status.OWED, True)}
    assert len(booked(stage, "Customer")) == before


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_an_invoice_made_again_by_hand_below_the_matter_can_be_linked() -> None:
    stage = a_stage_by_matter(hooks=True)
    stage.resync()
    stage.pass_time(2, minutes=5)
    old, p = invoice(stage, ONE), payable(stage, ONE)
    people(stage).delete_invoice(stage.realm, old["Id"])
    stage.pass_time(1, minutes=4)
    [task] = acts.tasks(stage, "broken")
    amount = f"{p.asks // 100}.{p.asks % 100:02d}"
    people(stage).add_invoice(stage.realm, old["CustomerRef"]["value"], amount, "H-1")
    broken.decide(stage.world, stage.firm, task.key, "link", "H-1", STAFF)
    link = payable(stage, ONE).booked
    assert link and link.matter == p.matter_ids[0]
