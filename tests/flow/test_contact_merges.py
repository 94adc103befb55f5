"""Two contacts that a clerk merged in Clio: the one that stays takes over the other's customer, on a person's word."""

from __future__ import annotations

import copy

import pytest

from chalicelib.domain.contact import Contact
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Invoicing
from chalicelib.domain.kernel import Effect, Kind
from chalicelib.domain.matters import Matter
from chalicelib.errors import Refused
from chalicelib.flow import attention, checkout, contact_views, contacts, drawing, links
from chalicelib.flow.prepared import WITHOUT
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, booked, invoice, parked, posted_on
from tests.flow.test_broken_steps import causes
from tests.flow.test_subcustomers import a_new_bill, a_stage_by_matter, customer, matters, people
from tests.world import Stage

BILL = "1046"


def merge(stage: Stage, *, but: str = "", gone: bool = True) -> tuple[str, str]:
    """A clerk merges the bill's client into another contact of the same name: its matters, bills (``but`` for one) and
    payments are that one's then. ``gone``: Clio shows it no longer. Gives the ids of both."""
    clio, rows = stage.world.clio_box, stage.world.clio_box.state.rows
    bill = next(b for b in rows["bills"].values() if b.number == BILL)
    loser = rows["contacts"][bill.client_id]
    winner = copy.deepcopy(loser)
    winner.id = clio.state.next_id()
    clio.state.add(winner)
    for m in rows["matters"].values():
        m.client_id = winner.id if m.client_id == loser.id else m.client_id
    for b in [b for b in rows["bills"].values() if b.client_id == loser.id and b.number != but]:
        b.client_id = winner.id
        clio.changed(b)
    for a in rows["allocations"].values():
        a.contact = winner.id if a.contact == loser.id else a.contact
    if gone and not but:
        clio.people.delete_client(loser.id)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)
    return str(loser.id), str(winner.id)


def of(stage: Stage, id: str) -> Contact:
    found: Contact = next(c for c in acts.all_states(stage, Kind.CONTACT) if c.id == id)
    return found


def asked(stage: Stage, id: str) -> Effect:
    [found] = parked(stage, kind=Do.CUSTOMER, about=f"contact/{id}")
    return found


def give_back(stage: Stage, id: str) -> None:
    """A bill turns out to be the other one's after all."""
    bill = next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.number == "1047")
    bill.client_id = int(id)
    stage.world.clio_box.changed(bill)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)


def a_paid_stage() -> Stage:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=5)
    acts.record(stage, {BILL: 10000})
    stage.pass_time(5, minutes=10)
    return stage


def test_the_one_that_stays_takes_the_customer_over_and_its_bills_go_on() -> None:
    stage = a_paid_stage()
    customers = len(booked(stage, "Customer"))
    old, new = merge(stage)
    before, there = invoice(stage, BILL)["CustomerRef"], of(stage, old).customer
    step = asked(stage, new)
    assert "which has no open bills" in step.reason
    assert "Nothing that is in QuickBooks changes" in step.remedy and "stays without a customer" in step.remedy
    assert [c[0] for c in step.body["choices"]] == [f"over:{there}", "suffix"]
    attention.retry(stage.world, stage.firm, step.key, STAFF, f"over:{there}")
    stage.pass_time(5, minutes=30)
    assert (of(stage, new).customer, of(stage, old).customer) == (there, "")
    assert of(stage, old).without and contacts.holder(stage.world, policy_of(stage.world, stage.firm), there) == new
    assert not acts.parked_on(stage, BILL) and len(booked(stage, "Customer")) == customers
    stage.world.clio_box.people.edit_bill(BILL, total=130000)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)
    assert (invoice(stage, BILL)["TotalAmt"], invoice(stage, BILL)["CustomerRef"]) == (1300, before)
    assert posted_on(stage, BILL) == [10000]


def test_a_client_with_open_bills_keeps_its_customer() -> None:
    stage = a_paid_stage()
    old, new = merge(stage, but="1047")
    step = asked(stage, new)
    assert step.reason == "This QuickBooks customer is already linked to another client."
    assert [c[0] for c in step.body["choices"]] == ["suffix"]
    with pytest.raises(Refused, match=r"cannot share one\.$"):
        contacts.link_by_name(stage.world, stage.firm, new, of(stage, old).name, STAFF, over=True)


def test_it_is_asked_again_by_itself_once_the_last_open_bill_was_read_under_the_one_that_stays() -> None:
    stage = a_paid_stage()
    old, new = merge(stage, but="1047")
    assert [c[0] for c in asked(stage, new).body["choices"]] == ["suffix"]
    give_back(stage, new)
    assert [c[0] for c in asked(stage, new).body["choices"]] == [f"over:{of(stage, old).customer}", "suffix"]


def test_a_client_whose_bills_went_over_is_read_again_where_the_news_of_its_end_was_lost() -> None:
    stage = a_paid_stage()
    old, _new = merge(stage)
    assert of(stage, old).vanished == "asked"


def test_on_the_clients_page_it_is_taken_over_too_and_a_new_bill_of_the_other_waits() -> None:
    stage = a_paid_stage()
    old, new = merge(stage, gone=False)
    name, there = of(stage, old).name, of(stage, old).customer
    with pytest.raises(Refused, match="Take it over"):
        contacts.link_by_name(stage.world, stage.firm, new, name, STAFF)
    contacts.link_by_name(stage.world, stage.firm, new, name, STAFF, over=True)
    stage.pass_time(5, minutes=30)
    assert of(stage, new).customer == there and not parked(stage, kind=Do.CUSTOMER, about=f"contact/{new}")
    page = contact_views.contact(stage.world, stage.firm, old)
    assert page.without and not page.linked
    give_back(stage, old)
    assert causes(stage, Do.INVOICE).count(WITHOUT) == 1
    assert of(stage, old).customer == ""


def test_one_that_has_an_open_bill_by_then_keeps_its_customer() -> None:
    stage = a_paid_stage()
    old, new = merge(stage, gone=False)
    step, there = asked(stage, new), of(stage, old).customer
    give_back(stage, old)
    attention.retry(stage.world, stage.firm, step.key, STAFF, f"over:{there}")
    stage.pass_time(5, minutes=10)
    assert of(stage, old).customer == there
    assert [c[0] for c in asked(stage, new).body["choices"]] == ["suffix"]


def linked_to(stage: Stage, text: str) -> list[str]:
    """The bills that the pay links in a text open."""
    found = [checkout.page(stage.world, token) for token in links.TOKENS.findall(text)]
    return [r.number for page in found for r in page.payables if r.id == page.highlighted]


def test_the_pay_links_on_an_invoice_and_in_its_bill_open_it_to_the_client_that_stays() -> None:
    stage = a_paid_stage()
    drawing.save(stage.world, stage.firm, Invoicing(clio_memo=True), {}, STAFF)
    stage.pass_time(5, minutes=10)
    sent = acts.pay_link(stage, "1047")
    old, new = merge(stage)
    attention.retry(stage.world, stage.firm, asked(stage, new).key, STAFF, f"over:{of(stage, old).customer}")
    stage.pass_time(8, minutes=30)
    bill = next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.number == "1047")
    assert linked_to(stage, invoice(stage, "1047")["CustomerMemo"]["value"]) == ["1047"]
    assert linked_to(stage, bill.memo or "") == ["1047"]
    with pytest.raises(Refused, match="ask the firm for a new one"):
        checkout.page(stage.world, sent)


def test_links_to_a_paid_bill_that_went_to_another_client_are_made_anew_when_it_is_open_again() -> None:
    stage = a_paid_stage()
    made = acts.record(stage, {"1047": 87550})
    stage.pass_time(5, minutes=10)
    merge(stage)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    stage.pass_time(8, minutes=30)
    assert linked_to(stage, invoice(stage, "1047")["CustomerMemo"]["value"]) == ["1047"]


def test_a_customer_that_nobody_holds_is_nobodys_to_give_up() -> None:
    stage = a_synced_stage()
    policy = policy_of(stage.world, stage.firm)
    assert contacts.may_give_up(stage.world, policy, "no such customer") is None
    contacts.give_up(stage.world, policy, "no such customer")


# --- with matters as sub-customers ------------------------------------------------------------------------------------


def taken_over_by_matter(stage: Stage) -> tuple[str, str]:
    """The one that stays has the customer; its bills' invoices stand below it, at the matters' sub-customers."""
    stage.resync()
    stage.pass_time(3, minutes=20)
    old, new = merge(stage)
    attention.retry(stage.world, stage.firm, asked(stage, new).key, STAFF, f"over:{of(stage, old).customer}")
    stage.pass_time(5, minutes=30)
    return old, new


def matter_of(stage: Stage, client: str) -> Matter:
    bill = acts.payable(stage, BILL)
    return next(m for m in matters(stage) if m.id == f"{client}.{bill.matter_ids[0]}")


def test_the_sub_customers_of_the_customer_that_is_taken_over_are_its_matters_still() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    before = invoice(stage, BILL)["CustomerRef"]
    count = len(booked(stage, "Customer"))
    old, new = taken_over_by_matter(stage)
    stage.world.clio_box.people.edit_bill(BILL, total=130000)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)
    a_new_bill(stage, "9001", like=BILL)
    stage.pass_time(3, minutes=30)
    assert not parked(stage, kind=Do.SUB_CUSTOMER)
    assert (invoice(stage, BILL)["TotalAmt"], invoice(stage, BILL)["CustomerRef"]) == (1300, before)
    assert invoice(stage, "9001")["CustomerRef"] == before
    assert len(booked(stage, "Customer")) == count, "none is made again"
    mine = matter_of(stage, new)
    assert (mine.customer, matter_of(stage, old).customer) == (before["value"], "")
    assert acts.payable(stage, BILL).booked.matter == mine.matter  # type: ignore[union-attr]


def test_one_under_its_second_name_is_met_too() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=20)
    sub = customer(stage, BILL)
    matter = acts.payable(stage, BILL).matter_ids[0]
    people(stage).rename_customer(stage.realm, sub["Id"], f"{sub['DisplayName']} (Clio {matter})")
    _, new = taken_over_by_matter(stage)
    a_new_bill(stage, "9001", like=BILL)
    stage.pass_time(3, minutes=30)
    assert invoice(stage, "9001")["CustomerRef"]["value"] == sub["Id"] == matter_of(stage, new).customer


def test_one_that_a_person_gave_another_name_is_met_and_keeps_it() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=20)
    sub = customer(stage, BILL)
    people(stage).rename_customer(stage.realm, sub["Id"], "The long dispute")
    count = len(booked(stage, "Customer"))
    old, new = taken_over_by_matter(stage)
    a_new_bill(stage, "9001", like=BILL)
    stage.pass_time(3, minutes=30)
    assert invoice(stage, "9001")["CustomerRef"]["value"] == sub["Id"] == matter_of(stage, new).customer
    assert (customer(stage, BILL)["DisplayName"], matter_of(stage, old).customer) == ("The long dispute", "")
    assert len(booked(stage, "Customer")) == count, "none is made again"


def test_one_that_was_made_inactive_before_the_take_over_is_not_used() -> None:
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=20)
    sub = customer(stage, BILL)
    people(stage).rename_customer(stage.realm, sub["Id"], "The long dispute")
    people(stage).deactivate_customer(stage.realm, sub["Id"])
    _, new = taken_over_by_matter(stage)
    a_new_bill(stage, "9001", like=BILL)
    stage.pass_time(3, minutes=30)
    assert invoice(stage, "9001")["CustomerRef"]["value"] == matter_of(stage, new).customer != sub["Id"]
