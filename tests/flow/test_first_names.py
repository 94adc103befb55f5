"""Names in the first sync: what is made of clients and matters is called as the list says, and what has no name waits
as it says, with all that leans on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import first
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import InvoicingChosen
from chalicelib.domain.first import CLIENT_WAITS, Row
from chalicelib.flow import attention, first_matters, first_sync, signing
from chalicelib.flow.firms import firm_of
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import STAFF, booked, payable
from tests.flow.test_first_money import MONEY, listed
from tests.flow.test_first_sync import (
    FREIGHT,
    MARSH,
    a_new_stage,
    answer_all,
    plan_of,
    prepare,
    rows,
    run_as_listed,
    say,
    settled,
)
from tests.flow.test_purge import begin_anew, purge
from tests.world import Stage

BILL = "1046"  # Calder Freight's first in the list; not in QuickBooks
OTHERS = "1062"  # another client's


def by_matter(stage: Stage) -> None:
    invoicing = replace(firm_of(stage.world, stage.firm).invoicing, sub_customers=True)  # type: ignore[union-attr]
    signing.settle_firm(stage.world, stage.firm, InvoicingChosen(invoicing), by=STAFF)


def a_stage_by_matter() -> Stage:
    stage = a_new_stage()
    by_matter(stage)
    return stage


def people(stage: Stage) -> Any:
    return stage.world.quickbooks_box.people


def matter_of(stage: Stage, number: str) -> int:
    held = next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.number == number)
    return int(held.matters[0])


def call_matter(stage: Stage, number: str, name: str) -> int:
    """The matter of this bill is numbered so."""
    matter = matter_of(stage, number)
    stage.world.clio_box.people.rename_matter(matter, name)
    return matter


def subs(stage: Stage) -> dict[str, str]:
    """The sub-customers in QuickBooks, by name, each with its customer."""
    return {c["DisplayName"]: c["ParentRef"]["value"] for c in booked(stage, "Customer") if c.get("ParentRef")}


def does_as_listed(stage: Stage) -> None:
    """The run makes just the sub-customers that the list says, and nobody is asked anything."""
    before = set(subs(stage))
    answer_all(stage)
    prepare(stage)
    made = {r.matter for r in rows(stage, "bills").values() if r.matter}
    assert len(made) == plan_of(stage).matters
    run_as_listed(stage)
    assert set(subs(stage)) - before == made
    assert not [t for t in acts.parked(stage) if "ustomer" in t.kind]


# --- a matter's name is another's -------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
def test_a_matter_leaves_its_name_to_a_client_who_becomes_a_customer_of_that_name(late: bool) -> None:
    """``late``: the client's turn comes after the matter's."""
    stage = a_stage_by_matter()
    matter = call_matter(stage, OTHERS, FREIGHT.upper())
    prepare(stage)
    assert rows(stage, "bills")[OTHERS].matter == f"{FREIGHT.upper()} (Clio {matter})"
    [step] = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.customer" and FREIGHT in e.title]
    if late:
        stage.world.store.park(step.key, reason="Late", remedy="Retry", detail="", body={})
        run_as_listed(stage)
        assert f"{FREIGHT.upper()} (Clio {matter})" in subs(stage)
        attention.retry(stage.world, stage.firm, step.key, STAFF)
        stage.pass_time(3, hours=1)
    else:
        does_as_listed(stage)
    made = acts.contact(stage, FREIGHT).customer
    assert booked(stage, "Customer", Id=made)[0]["DisplayName"] == FREIGHT


@pytest.mark.parametrize("same", [True, False])
def test_two_matters_of_one_name_are_called_as_listed(same: bool) -> None:
    """``same``: of one client."""
    stage = a_stage_by_matter()
    client = client_of(stage, BILL) if same else MARSH
    add_bill(stage, client, "9050", a_matter(stage, client))
    matters = {number: call_matter(stage, number, "One Name") for number in (BILL, "9050")}
    prepare(stage)
    told = {rows(stage, "bills")[number].matter: number for number in matters}
    [other] = set(told) - {"One Name"}
    assert "One Name" in told and other == f"One Name (Clio {matters[told[other]]})"
    does_as_listed(stage)


def test_a_matter_that_is_renumbered_leaves_its_name_to_a_client_of_the_list_too() -> None:
    stage = a_stage_by_matter()
    matter = call_matter(stage, OTHERS, "Plain")
    prepare(stage)
    [step] = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.customer" and FREIGHT in e.title]
    stage.world.store.park(step.key, reason="Late", remedy="Retry", detail="", body={})
    run_as_listed(stage)
    assert "Plain" in subs(stage)
    call_matter(stage, OTHERS, FREIGHT.upper())
    stage.world.clio_box.changed(
        next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.number == OTHERS)
    )
    acts.poll(stage)
    stage.pass_time(3, hours=1)
    assert f"{FREIGHT.upper()} (Clio {matter})" in subs(stage) and "Plain" not in subs(stage)
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(3, hours=1)
    assert booked(stage, "Customer", Id=acts.contact(stage, FREIGHT).customer)[0]["DisplayName"] == FREIGHT


def client_of(stage: Stage, number: str) -> str:
    rows = stage.world.clio_box.state.rows
    held = next(b for b in rows["bills"].values() if b.number == number)
    return str(rows["contacts"][held.client_id].name)


def add_bill(stage: Stage, client: str, number: str, matter: int) -> None:
    lines = [{"note": "Advice", "price": 9000}]
    stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", client, number, lines, matters=(matter,))


def a_matter(stage: Stage, client: str) -> int:
    """A new matter of the client."""
    state = stage.world.clio_box.state
    contact = next(c for c in state.rows["contacts"].values() if c.name == client)
    like = next(m for m in state.rows["matters"].values() if m.firm == contact.firm)
    return int(state.add(replace(like, id=state.next_id(), client_id=contact.id)).id)


@pytest.mark.parametrize("kind", ["vendor", "employee", "customer"])
def test_a_matter_whose_name_is_used_gets_the_one_that_the_list_says(kind: str) -> None:
    stage = a_stage_by_matter()
    prepare(stage)
    name = rows(stage, "bills")[BILL].matter
    getattr(people(stage), f"add_{kind}")(stage.realm, name)
    prepare(stage)
    assert rows(stage, "bills")[BILL].matter == f"{name} (Clio {matter_of(stage, BILL)})"
    does_as_listed(stage)


def test_a_bill_whose_matter_can_have_no_name_is_listed_as_waiting_and_waits() -> None:
    stage = a_stage_by_matter()
    before = prepare(stage)
    row = rows(stage, "bills")[BILL]
    alike = [p for p in acts.payables(stage) if p.matter_ids == payable(stage, BILL).matter_ids and first.concerns(p)]
    for name in (row.matter, f"{row.matter} (Clio {matter_of(stage, BILL)})"):
        last = people(stage).add_vendor(stage.realm, name)
    plan = prepare(stage)
    held = rows(stage, "bills")[BILL]
    assert (held.fate, held.matter) == ("wait", "") and "both used" in held.waits
    assert plan.bills.counts["wait"] == before.bills.counts["wait"] + len(alike)
    assert plan.matters == before.matters - 1
    run_as_listed(stage)
    assert payable(stage, BILL).booked is None
    [task] = acts.parked(stage, kind=Do.SUB_CUSTOMER)
    people(stage).rename_vendor(stage.realm, last["Id"], "Somebody else")
    attention.retry(stage.world, stage.firm, task.key, STAFF)
    stage.pass_time(3, hours=1)
    assert payable(stage, BILL).booked


def test_a_name_stays_promised_to_whom_it_was_first_whatever_its_capitals() -> None:
    stage = a_stage_by_matter()
    plan, policy = prepare(stage), policy_of(stage.world, stage.firm)
    for to in ("1.2", "1.3"):
        first_matters.promise(stage.world, policy, plan, "One Name", to)
    kept = first_matters.kept_from(stage.world, policy, {"1.2": ["ONE NAME"], "1.3": ["One name", "Free"]})
    assert kept == {"1.2": set(), "1.3": {"one name"}}


# --- a sub-customer that is there -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["by name", "by mark"])
def test_a_sub_customer_that_is_there_is_listed_as_linked(how: str) -> None:
    stage = a_stage_by_matter()
    prepare(stage)
    if how == "by mark":
        run_as_listed(stage)
        purge(stage)
        begin_anew(stage, stage.realm, matched=False)
        by_matter(stage)
        add_bill(stage, client_of(stage, BILL), "9050", matter_of(stage, BILL))
        prepare(stage)
        found = {r.under for r in rows(stage, "bills").values() if r.under}
        assert len(found) == plan_of(stage).matters_there > 1 and plan_of(stage).matters == 0
        does_as_listed(stage)
        return
    clients = rows(stage, "clients")
    row = next(r for r in rows(stage, "bills").values() if r.matter and clients[r.detail].link)
    client = clients[row.detail]
    people(stage).add_customer(
        stage.realm, row.matter, ParentRef={"value": client.link}, Job=True, BillWithParent=False
    )
    count = plan_of(stage).matters
    prepare(stage)
    again = rows(stage, "bills")[row.title]
    assert (again.matter, again.under) == ("", row.matter)
    assert (plan_of(stage).matters, plan_of(stage).matters_there) == (count - 1, 1)
    does_as_listed(stage)


# --- a client for whom no name is free --------------------------------------------------------------------------------


def take_names(stage: Stage, client: str) -> str:
    """Both names that the client could get are vendors'. Gives the id of the second."""
    id = acts.contact(stage, client).id
    for name in (client, f"{client} (Clio {id})"):
        last = people(stage).add_vendor(stage.realm, name)
    return str(last["Id"])


def bills_of(stage: Stage, client: str) -> dict[str, Row]:
    return {n: r for n, r in rows(stage, "bills").items() if r.detail == client}


@pytest.mark.parametrize("matter", [True, False])
def test_what_leans_on_a_client_without_a_name_is_listed_as_waiting_and_waits(matter: bool) -> None:
    stage = a_stage_by_matter() if matter else a_new_stage()
    trust.choose(stage)
    before = prepare(stage)
    [number, *_] = mine = bills_of(stage, FREIGHT)
    stage.world.clio_box.people.record_payment({number: 1000}, on="2026-02-21")
    stage.world.clio_box.people.issue_credit(number, 500)
    stage.world.clio_box.people.move_trust(FREIGHT, 50000)
    last = take_names(stage, FREIGHT)
    for _ in range(2):
        plan = prepare(stage)
        held = bills_of(stage, FREIGHT)
        assert set(held) == set(mine)
        assert {(r.fate, r.waits, r.matter) for r in held.values()} == {("wait", CLIENT_WAITS, "")}
        assert plan.bills.counts["wait"] == before.bills.counts["wait"] + len(mine)
        answer_all(stage)
    money = [r for what in MONEY for r in listed(stage, what).values() if r.detail == FREIGHT]
    assert {r.fate for r in money} == {"wait"}
    assert {f"It waits with bill {number}", CLIENT_WAITS} <= {r.why for r in money}
    run_as_listed(stage)
    assert not any(payable(stage, n).booked for n in mine)
    people(stage).rename_vendor(stage.realm, last, "Somebody else")
    [task] = acts.parked(stage, kind="quickbooks.customer")
    attention.retry(stage.world, stage.firm, task.key, STAFF)
    stage.pass_time(5, hours=1)
    assert all(payable(stage, n).booked for n in mine)


def test_what_is_said_of_a_bills_number_holds_when_its_client_gets_a_name() -> None:
    stage = a_new_stage()
    prepare(stage)
    number = next(iter(bills_of(stage, FREIGHT)))
    owner = rows(stage, "clients")["Ada Example"].link
    there = people(stage).add_invoice(stage.realm, owner, "5.00", number)
    last = take_names(stage, FREIGHT)
    prepare(stage)
    assert rows(stage, "bills", needs=True)[number].waits == CLIENT_WAITS
    say(stage, "bills", number, f"link:{there['Id']}")
    row = rows(stage, "bills")[number]
    assert (row.fate, row.link, row.waits) == ("wait", there["Id"], CLIENT_WAITS)
    run_as_listed(stage)
    people(stage).rename_vendor(stage.realm, last, "Somebody else")
    [task] = acts.parked(stage, kind="quickbooks.customer")
    attention.retry(stage.world, stage.firm, task.key, STAFF)
    stage.pass_time(5, hours=1)
    link = payable(stage, number).booked
    assert link and link.id == there["Id"]


def test_bills_that_wait_by_an_answer_about_their_client_are_shown_before_it_begins() -> None:
    stage = a_new_stage()
    people(stage).add_customer(stage.realm, "Quite Another", "marsh@example.com")
    stage.world.clio_box.people.change_client(MARSH, email="marsh@example.com")
    prepare(stage)
    take_names(stage, MARSH)
    before = prepare(stage)
    assert {r.fate for r in bills_of(stage, MARSH).values()} == {"create"}
    assert len(rows(stage, "clients", needs=True)[MARSH].offers) > 1
    say(stage, "clients", MARSH, "new")
    assert plan_of(stage).behind
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    plan = settled(stage)
    assert (plan.phase, plan.begin, plan.asked) == ("ready", False, 0) and "about clients" in plan.said
    assert {r.fate for r in bills_of(stage, MARSH).values()} == {"wait"}
    assert plan.bills.counts["wait"] > before.bills.counts.get("wait", 0)
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert settled(stage).phase == "begun"
