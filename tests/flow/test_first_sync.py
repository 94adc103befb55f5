"""The first sync with care: a dry run writes nothing, a person answers, and the real run does exactly that."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.effects import Do
from chalicelib.domain.firm import AccountsChosen, InvoicingChosen, MatchesConfirmed
from chalicelib.domain.first import Row
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.money import show
from chalicelib.errors import Conflict, Refused, Unavailable
from chalicelib.flow import attention, contacts, first_plan, first_sync, renewing, resync, setup, signing
from chalicelib.flow.firms import firm_of
from chalicelib.flow.first_plan import Plan
from chalicelib.flow.prepared import first_links
from chalicelib.flow.settle import policy_of, settle
from tests import world as memory
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import STAFF, booked, payable
from tests.flow.test_purge import begin_anew, purge
from tests.world import Stage, chosen_accounts


def a_new_stage() -> Stage:
    """Set up, nothing read, and the first sync still before it."""
    stage = acts.a_stage()
    unmatch(stage)
    return stage


def unmatch(stage: Stage) -> None:
    from dataclasses import replace

    from chalicelib.domain.kernel import Decision

    ref = Ref(stage.firm, Kind.FIRM, stage.firm)
    settle(stage.world, [ref], lambda b, _n: {ref: Decision(replace(b[ref], matched=0))}, fact="Test")


def prepare(stage: Stage) -> Plan:
    first_sync.start(stage.world, stage.firm, STAFF)
    return settled(stage)


def settled(stage: Stage) -> Plan:
    for _ in range(40):
        stage.pass_time(1, minutes=1)
        plan = first_sync.plan_of(stage.world, stage.firm)
        assert plan
        if not plan.working:
            return plan
    raise AssertionError(plan)


def plan_of(stage: Stage) -> Plan:
    plan = first_sync.plan_of(stage.world, stage.firm)
    assert plan
    return plan


def rows(stage: Stage, what: Any, *, needs: bool = False) -> dict[str, Row]:
    found, at = {}, 0
    while True:
        page = first_sync.rows(stage.world, stage.firm, what, at, needs=needs)
        found.update({r.title: r for r in page.rows})
        if page.next is None:
            return found
        at = page.next


def say(stage: Stage, what: Any, title: str, choice: str) -> None:
    at: int | None = 0
    while at is not None:
        page = first_sync.rows(stage.world, stage.firm, what, at)
        row = next((r for r in page.rows if r.title == title), None)
        if row:
            first_sync.answer(stage.world, stage.firm, what, page.page, row.id, choice)
            return
        at = page.next
    raise AssertionError(title)


def answer_all(stage: Stage) -> None:
    first_sync.confirm_exact(stage.world, stage.firm)
    first_sync.create_rest(stage.world, stage.firm)
    for title in rows(stage, "bills", needs=True):
        say(stage, "bills", title, "leave")


def writes(stage: Stage) -> dict[str, int]:
    return {e: len(booked(stage, e)) for e in ("Customer", "Invoice", "Payment")}


def test_the_dry_run_writes_nothing_and_counts_everything() -> None:
    stage = a_new_stage()
    before = writes(stage)
    plan = prepare(stage)
    assert writes(stage) == before
    assert plan.phase == "ready"
    assert sum(plan.bills.counts.values()) == len(rows(stage, "bills"))
    assert sum(plan.clients.counts.values()) == len(rows(stage, "clients"))
    assert plan.bills.cents["create"] == sum(r.cents for r in rows(stage, "bills").values() if r.fate == "create")
    assert plan.asked
    stage.pass_time(30, hours=3)
    assert writes(stage) == before, "it waits for a person"


def test_a_client_is_linked_to_a_customer_that_nothing_spoke_for() -> None:
    stage = a_new_stage()
    other = stage.world.quickbooks_box.people.add_customer(stage.realm, "Freight account 17", "")
    prepare(stage)
    assert rows(stage, "clients")["Calder Freight Inc"].offers == ()
    before = writes(stage)
    client = acts.contact(stage, "Calder Freight Inc").id
    contacts.link_by_name(stage.world, stage.firm, client, "Freight account 17", STAFF)
    prepare(stage)
    assert writes(stage) == before
    assert "Calder Freight Inc" not in rows(stage, "clients"), "nothing is left to be done about it"
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)
    stage.pass_time(5, hours=2)
    assert acts.contact(stage, "Calder Freight Inc").usable == other["Id"]
    assert not booked(stage, "Customer", DisplayName="Calder Freight Inc")
    assert {
        booked(stage, DocNumber=p.number)[0]["CustomerRef"]["value"]
        for p in acts.payables(stage)
        if p.client_id == client and p.booked
    } == {other["Id"]}


# --- a bill follows what is said about its client ---------------------------------------------------------------------


@pytest.mark.parametrize("again", [True, False])
def test_a_bill_whose_client_gets_a_new_customer_is_not_the_invoice_of_another_one(again: bool) -> None:
    stage = a_new_stage()
    prepare(stage)
    assert (rows(stage, "bills")["1042"].fate, rows(stage, "bills")["1042"].exact) == ("link", True)
    before = acts.invoice(stage, "1042")
    say(stage, "clients", "Ada Example", "link:" + rows(stage, "clients")["Ada Example"].link)
    assert not plan_of(stage).behind
    say(stage, "clients", "Ada Example", "new")
    assert plan_of(stage).behind, "its bills were compared before"
    answer_all(stage)
    if again:
        assert not prepare(stage).behind
    else:
        first_sync.begin(stage.world, stage.firm, STAFF)
        plan = settled(stage)
        assert (plan.phase, plan.begin, plan.behind) == ("ready", False, False) and "changed" in plan.said
    row = rows(stage, "bills", needs=True)["1042"]
    assert (row.fate, row.link, row.exact) == ("wait", "", False)
    with pytest.raises(Refused):
        first_sync.begin(stage.world, stage.firm, STAFF)
    run_as_listed(stage)
    assert acts.invoice(stage, "1042") == before
    assert payable(stage, "1042").booked is None


def test_an_invoice_of_another_customer_is_moved_where_the_list_says_that_it_changes() -> None:
    stage = a_new_stage()
    prepare(stage)
    say(stage, "clients", "Ada Example", "new")
    answer_all(stage)
    prepare(stage)
    say(stage, "bills", "1042", rows(stage, "bills")["1042"].offers[0].choice)
    assert rows(stage, "bills")["1042"].fate == "change"
    run_as_listed(stage)
    held = payable(stage, "1042")
    assert held.booked and held.booked.customer == acts.contact(stage, "Ada Example").customer


def test_a_bill_of_a_client_that_is_only_suggested_says_so_and_follows_the_answer() -> None:
    stage = a_new_stage()
    client = rows_before(stage, "1042", named="Ada M Example")
    row = rows(stage, "bills")["1042"]
    assert (client.fate, client.needs, row.fate, row.exact) == ("link", True, "link", True)
    assert "suggested" in row.why
    say(stage, "clients", "Ada Example", f"link:{client.link}")
    prepare(stage)
    assert rows(stage, "bills")["1042"].why == "Same number, client and amount"


def rows_before(stage: Stage, number: str, *, named: str) -> Row:
    """The row of a bill's client once its customer is called otherwise."""
    customer = acts.invoice(stage, number)["CustomerRef"]["value"]
    stage.world.quickbooks_box.people.rename_customer(stage.realm, customer, named)
    prepare(stage)
    return rows(stage, "clients")["Ada Example"]


def test_a_certain_match_that_was_not_on_the_list_is_asked_about_before_it_is_linked() -> None:
    stage = a_new_stage()
    lines = [{"note": "Advice", "price": 40000}]
    stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", "Ada Example", "9042", lines)
    prepare(stage)
    answer_all(stage)
    box, clients, bill = stage.world.quickbooks_box.people, rows(stage, "clients"), rows(stage, "bills")["9042"]
    made = box.add_invoice(stage.realm, clients["Ada Example"].link, "400.00", "9042")
    client = next(r for r in clients.values() if r.fate == "create" and r.detail and not r.offers)
    customer = box.add_customer(stage.realm, client.title, client.detail)
    before = writes(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert (settled(stage).phase, writes(stage)) == ("ready", before)
    asked = rows(stage, "bills", needs=True) | rows(stage, "clients", needs=True)
    assert {title: r.link for title, r in asked.items()} == {bill.title: made["Id"], client.title: customer["Id"]}
    say(stage, "bills", bill.title, f"link:{made['Id']}")
    say(stage, "clients", client.title, f"link:{customer['Id']}")
    run_as_listed(stage)
    held = payable(stage, bill.title)
    assert held.booked and held.booked.id == made["Id"]
    assert "feesimple:" not in acts.invoice(stage, bill.title).get("PrivateNote", "")


def test_a_client_that_was_linked_elsewhere_after_the_list_takes_no_invoice_along() -> None:
    stage = a_new_stage()
    prepare(stage)
    box, before = stage.world.quickbooks_box.people, acts.invoice(stage, "1042")
    box.add_customer(stage.realm, "Ada's other account")
    answer_all(stage)
    row = rows(stage, "bills")["1042"]
    links = first_links(policy_of(stage.world, stage.firm))
    stage.world.store.put_record(links, row.id, {"invoice": row.link, "change": False})
    contacts.link_by_name(stage.world, stage.firm, acts.contact(stage, "Ada Example").id, "Ada's other account", STAFF)
    settle_matched(stage)
    assert acts.invoice(stage, "1042") == before
    assert any("1042" in t.reason for t in acts.parked(stage))


def settle_matched(stage: Stage) -> None:
    """The list is carried out without being made anew."""
    signing.settle_firm(stage.world, stage.firm, MatchesConfirmed(1), by=STAFF)
    stage.pass_time(8, hours=2)


# --- one customer is one client's, one invoice one bill's -------------------------------------------------------------


def a_stage_of_two_for_one() -> tuple[Stage, str]:
    """Ada Example is a customer for certain, and Delia Marsh may be the same one, or another. Gives the choice that
    both are offered."""
    stage = a_new_stage()
    box = stage.world.quickbooks_box.people
    box.add_customer(stage.realm, "Delia M Marsh")
    stage.world.clio_box.people.change_client("Delia Marsh", email="ada@example.com")
    prepare(stage)
    found = rows(stage, "clients")
    return stage, f"link:{found['Ada Example'].link}"


def test_a_customer_that_one_client_has_is_refused_to_another_until_that_answer_is_changed() -> None:
    stage, ada = a_stage_of_two_for_one()
    mine = rows(stage, "clients")["Delia Marsh"]
    assert mine.needs and ada in {o.choice for o in mine.offers}
    before = first_sync.plan_of(stage.world, stage.firm)
    with pytest.raises(Refused, match="matched with the client Ada Example already"):
        say(stage, "clients", "Delia Marsh", ada)
    assert first_sync.plan_of(stage.world, stage.firm) == before
    assert rows(stage, "clients")["Delia Marsh"] == mine
    say(stage, "clients", "Ada Example", "new")
    say(stage, "clients", "Delia Marsh", ada)
    say(stage, "clients", "Delia Marsh", ada)
    with pytest.raises(Refused, match="matched with the client Delia Marsh already"):
        say(stage, "clients", "Ada Example", ada)
    say(stage, "clients", "Delia Marsh", mine.offers[0].choice)
    say(stage, "clients", "Ada Example", ada)
    first_sync.confirm_exact(stage.world, stage.firm)
    with pytest.raises(Refused, match="matched with the client Ada Example already"):
        say(stage, "clients", "Delia Marsh", ada)


@pytest.mark.parametrize("by", ["exact", "rest"])
def test_what_is_confirmed_or_created_with_the_others_counts_as_an_answer(by: str) -> None:
    stage, ada = a_stage_of_two_for_one()
    if by == "exact":
        first_sync.confirm_exact(stage.world, stage.firm)
        with pytest.raises(Refused, match="Ada Example"):
            say(stage, "clients", "Delia Marsh", ada)
        return
    say(stage, "clients", "Ada Example", "new")
    first_sync.create_rest(stage.world, stage.firm)
    say(stage, "clients", "Delia Marsh", ada)
    assert rows(stage, "clients")["Delia Marsh"].link == ada.removeprefix("link:")


def test_creating_the_rest_writes_each_page_once_and_ends_within_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, _ = a_stage_of_two_for_one()
    old, store = plan_of(stage), stage.world.store
    with monkeypatch.context() as m:
        m.setattr(first_sync, "PRESSED_AT_MOST", timedelta(0))
        first_sync.create_rest(stage.world, stage.firm)
    assert plan_of(stage) == old, "the others are created by the next press"
    asked = old.clients.needs
    assert asked > 1
    put, pages = store.put_record, list[str]()

    def slow(pk: str, sk: str, body: Any, **more: Any) -> int:
        pages.append(sk)
        return put(pk, sk, body, **more)

    store.put_record = slow  # type: ignore[method-assign]
    first_sync.create_rest(stage.world, stage.firm)
    store.put_record = put  # type: ignore[method-assign]
    assert (pages.count("clients/00000"), pages.count("state"), len(pages)) == (1, 1, asked + 2)
    new = plan_of(stage)
    assert (new.clients.needs, new.needs["clients"]) == (0, [])
    assert new.clients.counts["create"] == old.clients.counts["create"] + asked and new.behind
    assert prepare(stage).clients.mark == new.clients.mark, "the answers are kept"


def test_an_answer_holds_when_another_client_comes_whom_more_speaks_for() -> None:
    stage, ada = a_stage_of_two_for_one()
    say(stage, "clients", "Ada Example", "new")
    say(stage, "clients", "Delia Marsh", ada)
    prepare(stage)
    assert rows(stage, "clients")["Delia Marsh"].link == ada.removeprefix("link:")
    with pytest.raises(Refused, match="Delia Marsh"):
        say(stage, "clients", "Ada Example", ada)
    run_as_listed(stage)
    assert acts.contact(stage, "Delia Marsh").customer == ada.removeprefix("link:")


def test_a_customer_that_a_person_linked_on_a_clients_page_meanwhile_is_refused_to_another() -> None:
    stage = a_new_stage()
    prepare(stage)
    brook = rows(stage, "clients")["Brook Jensen"]
    client = acts.contact(stage, "Calder Freight Inc").id
    contacts.link_by_name(stage.world, stage.firm, client, "Brook Jensen", STAFF)
    with pytest.raises(Refused, match="Calder Freight Inc"):
        say(stage, "clients", "Brook Jensen", f"link:{brook.link}")
    prepare(stage)
    again = rows(stage, "clients")["Brook Jensen"]
    assert brook.link not in {o.choice.removeprefix("link:") for o in again.offers}


def test_a_namesake_of_a_matched_client_is_asked_about_and_gets_a_name_of_its_own() -> None:
    stage = a_new_stage()
    stage.world.clio_box.people.change_client("Jonas Weld", name="Ada Example")
    prepare(stage)
    run_as_listed(stage)
    named = {c["DisplayName"] for c in booked(stage, "Customer")}
    [twin] = [n for n in named if n.startswith("Ada Example (Clio ")]
    assert acts.parked(stage, kind="quickbooks.customer") == []
    assert twin


def two_new_namesakes(stage: Stage) -> list[Row]:
    """Two clients of one name that nothing in QuickBooks speaks for; their rows in the order listed."""
    for name in ("Jonas Weld", "Delia Marsh"):
        stage.world.clio_box.people.change_client(name, name="Two Of A Name")
    prepare(stage)
    page = first_sync.rows(stage.world, stage.firm, "clients", 0)
    return [r for r in page.rows if r.title == "Two Of A Name"]


def test_of_two_new_clients_of_one_name_the_second_is_asked_about_and_gets_a_name_of_its_own() -> None:
    stage = a_new_stage()
    plain, asked = two_new_namesakes(stage)
    assert (plain.fate, plain.needs, asked.fate, asked.needs) == ("create", False, "create", True)
    assert [o.words for o in asked.offers] == [f"Create as “Two Of A Name (Clio {asked.id})”"]
    run_as_listed(stage)
    named = {c["DisplayName"] for c in booked(stage, "Customer")}
    assert {"Two Of A Name", f"Two Of A Name (Clio {asked.id})"} <= named
    assert acts.parked(stage, kind="quickbooks.customer") == []


def test_a_namesake_that_is_asked_about_anyway_leaves_the_name_to_the_other() -> None:
    stage = a_new_stage()
    stage.world.quickbooks_box.people.add_customer(stage.realm, "Quite Another", "jw@example.com")
    stage.world.clio_box.people.change_client("Jonas Weld", email="jw@example.com")
    plain, asked = sorted(two_new_namesakes(stage), key=lambda r: r.needs)
    assert (plain.needs, plain.offers, asked.needs) == (False, (), True)
    assert asked.offers[-1].choice == "new:suffix" and len(asked.offers) > 1
    run_as_listed(stage)
    named = {c["DisplayName"] for c in booked(stage, "Customer")}
    assert {"Two Of A Name", f"Two Of A Name (Clio {asked.id})"} <= named


def test_an_answer_about_a_namesake_is_kept_when_it_is_read_again() -> None:
    stage = a_new_stage()
    _, asked = two_new_namesakes(stage)
    first_sync.answer(stage.world, stage.firm, "clients", 0, asked.id, "new")
    plan = prepare(stage)
    page = first_sync.rows(stage.world, stage.firm, "clients", 0)
    [again] = [r for r in page.rows if r.id == asked.id]
    assert (again.needs, again.choice) == (False, "new:suffix")
    assert not any(r.needs for r in page.rows if r.title == "Two Of A Name")
    assert plan.phase == "ready"


# --- a name is used once over customers, vendors and employees --------------------------------------------------------

FREIGHT, MARSH = "Calder Freight Inc", "Delia Marsh"


@pytest.mark.parametrize("holder", ["vendor", "employee", "inactive", "capitals", "linked by hand"])
def test_a_client_whose_name_is_used_is_asked_about_and_created_as_its_row_says(holder: str) -> None:
    stage = a_new_stage()
    box = stage.world.quickbooks_box.people
    match holder:
        case "vendor":
            box.add_vendor(stage.realm, FREIGHT.upper())
        case "employee":
            box.add_employee(stage.realm, FREIGHT)
        case "inactive":
            box.deactivate_customer(stage.realm, box.add_customer(stage.realm, FREIGHT)["Id"])
        case "capitals":
            box.add_customer(stage.realm, FREIGHT.upper())
        case _:
            box.add_customer(stage.realm, FREIGHT)
            prepare(stage)
            contacts.link_by_name(stage.world, stage.firm, acts.contact(stage, MARSH).id, FREIGHT, STAFF)
    prepare(stage)
    row = rows(stage, "clients", needs=True)[FREIGHT]
    name = f"{FREIGHT} (Clio {row.id})"
    assert [o.words for o in row.offers if o.choice.startswith("new")] == [f"Create as “{name}”"]
    if holder != "capitals":
        told = f"the {holder} " if holder in ("vendor", "employee") else "customer "
        assert (row.fate, row.link) == ("create", "") and told in row.why
    run_as_listed(stage)
    assert rows(stage, "clients")[FREIGHT].why == f"Your choice: create as “{name}”"
    made = acts.contact(stage, FREIGHT)
    assert booked(stage, "Customer", DisplayName=name)[0]["Id"] == made.customer
    assert acts.parked(stage, kind="quickbooks.customer") == []


def test_a_customer_that_has_brackets_in_its_name_is_a_namesake_as_any_other() -> None:
    stage = a_new_stage()
    stage.world.clio_box.people.change_client(FREIGHT, name="Calder (Freight) Inc")
    stage.world.quickbooks_box.people.add_customer(stage.realm, "Calder (Freight) Inc")
    prepare(stage)
    run_as_listed(stage)
    assert acts.parked(stage, kind="quickbooks.customer") == []
    assert acts.contact(stage, "Calder (Freight) Inc").customer


def test_a_client_whose_name_quickbooks_refuses_is_created_without_what_it_refuses() -> None:
    stage = a_new_stage()
    stage.world.clio_box.people.change_client(FREIGHT, name="Calder: Freight")
    prepare(stage)
    assert "does not accept the characters" in rows(stage, "clients", needs=True)["Calder: Freight"].why
    run_as_listed(stage)
    assert acts.parked(stage, kind="quickbooks.customer") == []
    assert booked(stage, "Customer", DisplayName="Calder Freight")


def test_a_client_for_whom_no_name_is_free_waits_until_one_is() -> None:
    stage = a_new_stage()
    prepare(stage)
    box, id = stage.world.quickbooks_box.people, acts.contact(stage, FREIGHT).id
    for name in (FREIGHT, f"{FREIGHT} (Clio {id})"):
        last = box.add_vendor(stage.realm, name)
    prepare(stage)
    assert [o.choice for o in rows(stage, "clients", needs=True)[FREIGHT].offers] == ["new:wait"]
    run_as_listed(stage)
    assert rows(stage, "clients")[FREIGHT].fate == "wait"
    [asked] = acts.parked(stage, kind="quickbooks.customer")
    assert f"the vendor “{last['DisplayName']}” has it already" in asked.reason
    box.rename_vendor(stage.realm, last["Id"], "Somebody else")
    attention.retry(stage.world, stage.firm, asked.key, STAFF)
    stage.pass_time(3, hours=1)
    assert acts.contact(stage, FREIGHT).customer


@pytest.mark.parametrize("said", [True, False])
def test_a_name_that_is_taken_after_the_list_was_made_is_asked_about_before_it_begins(said: bool) -> None:
    stage = a_new_stage()
    customer = stage.world.quickbooks_box.people.add_customer(stage.realm, f"{FREIGHT} & Sons Haulage")["Id"]
    if not said:
        stage.world.quickbooks_box.people.deactivate_customer(stage.realm, customer)
    prepare(stage)
    row = rows(stage, "clients")[FREIGHT]
    assert row.needs == said
    answer_all(stage)
    stage.world.quickbooks_box.people.add_vendor(stage.realm, FREIGHT)
    before = writes(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert (settled(stage).phase, writes(stage)) == ("ready", before)
    assert rows(stage, "clients", needs=True)[FREIGHT].offers[-1].choice == "new:suffix"
    run_as_listed(stage)
    assert acts.parked(stage, kind="quickbooks.customer") == []


def test_a_customer_that_we_made_before_a_purge_is_its_client_for_certain_whatever_it_is_called() -> None:
    stage = a_new_stage()
    stage.world.quickbooks_box.people.add_customer(stage.realm, FREIGHT, "other@example.com")
    prepare(stage)
    run_as_listed(stage)
    before = acts.contact(stage, FREIGHT).customer
    assert booked(stage, "Customer", Id=before)[0]["DisplayName"].startswith(f"{FREIGHT} (Clio ")
    purge(stage)
    stage.world.quickbooks_box.people.rename_customer(stage.realm, before, "Account 4")
    begin_anew(stage, stage.realm, matched=False)
    signing.settle_firm(stage.world, stage.firm, AccountsChosen(chosen_accounts(stage.world, stage.realm)), by=STAFF)
    prepare(stage)
    [row] = [r for r in rows(stage, "clients").values() if r.link == before]
    assert (row.fate, row.link, row.exact, row.why) == ("link", before, True, "It was made by us for this client")


def test_customers_and_invoices_of_another_currency_are_nobodys() -> None:
    stage = a_new_stage()
    box, lines = stage.world.quickbooks_box.people, [{"note": "Advice", "price": 1000}]
    euro = box.add_customer(stage.realm, FREIGHT, CurrencyRef={"value": "EUR"})
    box.add_invoice(stage.realm, euro["Id"], "10.00", "9042")
    stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", FREIGHT, "9042", lines)
    prepare(stage)
    row = rows(stage, "clients", needs=True)[FREIGHT]
    assert row.link == "" and [o.choice for o in row.offers] == ["new:suffix"]
    assert [o.choice for o in rows(stage, "bills", needs=True)["9042"].offers] == ["leave"]
    run_as_listed(stage)
    assert booked(stage, "Customer", DisplayName=f"{FREIGHT} (Clio {row.id})")
    assert acts.parked(stage, kind="quickbooks.customer") == [] and payable(stage, "9042").booked is None
    assert payable(stage, "1046").booked


def test_every_page_of_names_is_read() -> None:
    stage = a_new_stage()
    box = stage.world.quickbooks_box.people
    for n in range(1001):
        box.add_vendor(stage.realm, f"Vendor {n:04}")
    box.add_vendor(stage.realm, FREIGHT)
    assert prepare(stage).pages["names"] == 2
    assert rows(stage, "clients")[FREIGHT].needs


def test_what_is_read_of_a_large_company_is_kept_whatever_its_size() -> None:
    """A record holds 64 KB; 200 customers or vendors of long names are more, and so are two kinds of numbers."""
    stage = a_new_stage()
    box, long = stage.world.quickbooks_box.people, "of Somewhere Far Away " * 18
    for n in range(200):
        box.add_customer(stage.realm, f"Customer {n:04} {long}".strip(), f"{n}@example.com")
        box.add_vendor(stage.realm, f"Vendor {n:04} {long}".strip())
    box.add_vendor(stage.realm, FREIGHT)
    owner, *_ = [c["Id"] for c in box.find(stage.realm, "Customer")]
    one, other = (box.add_account(stage.realm, name)["Id"] for name in ("From", "To"))
    for n in range(1000):
        box.add_credit_memo(stage.realm, owner, 1, f"CREDIT-MEMO-{n:09}")
        box.add_journal(stage.realm, one, other, 1, f"JOURNAL-NO-{n:010}")
    plan, policy = prepare(stage), policy_of(stage.world, stage.firm)
    assert len(list(first_plan.kept_customers(stage.world, policy, plan))) > 200
    assert len(dict(first_plan.kept_names(stage.world, policy, plan))) > 200
    assert len(first_plan.kept_numbers(stage.world, policy, plan)) >= 2000
    assert rows(stage, "clients")[FREIGHT].needs


def test_two_bills_of_one_number_are_not_one_invoice() -> None:
    stage = a_new_stage()
    stage.world.clio_box.people.add_bill(
        "Hartwell & Pine LLP", "Ada Example", "1042", [{"note": "Advice", "price": 40000}]
    )
    plan = prepare(stage)
    page = first_sync.rows(stage.world, stage.firm, "bills", 0)
    mine = [r for r in page.rows if r.title == "1042"]
    [linked] = [r for r in mine if r.fate == "link"]
    [asked] = [r for r in mine if r.needs]
    assert "matched with the bill 1042 of Ada Example already" in asked.why
    assert plan.needs["bills"] == [0]
    with pytest.raises(Refused, match="matched with the bill 1042 of Ada Example already"):
        first_sync.answer(stage.world, stage.firm, "bills", 0, asked.id, f"link:{linked.link}")
    first_sync.answer(stage.world, stage.firm, "bills", 0, linked.id, "leave")
    first_sync.answer(stage.world, stage.firm, "bills", 0, asked.id, f"link:{linked.link}")


def run_as_listed(stage: Stage) -> None:
    """All that is still asked is answered, and the run carries it out."""
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert settled(stage).phase == "begun"
    stage.pass_time(5, hours=2)


def kinds(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    return {e: booked(stage, e) for e in ("CreditMemo", "JournalEntry", "Customer")}


def test_credit_notes_trust_entries_and_sub_customers_are_counted_and_then_made() -> None:
    stage = a_new_stage()
    trust.choose(stage)
    invoicing = replace(firm_of(stage.world, stage.firm).invoicing, sub_customers=True)  # type: ignore[union-attr]
    signing.settle_firm(stage.world, stage.firm, InvoicingChosen(invoicing), by=STAFF)
    stage.world.clio_box.people.issue_credit("1046", 2500)
    stage.world.clio_box.people.move_trust("Ada Example", 50000)
    before = kinds(stage)
    prepare(stage)
    answer_all(stage)
    first_sync.start(stage.world, stage.firm, STAFF)
    plan = settled(stage)
    assert plan.credits[0] >= 1 and plan.entries[0] >= 2 and plan.matters >= 2
    assert kinds(stage) == before
    first_sync.begin(stage.world, stage.firm, STAFF)
    again = settled(stage)
    assert (again.credits, again.entries, again.matters) == (plan.credits, plan.entries, plan.matters)
    stage.pass_time(8, hours=2)
    made = {e: [o for o in found if o not in before[e]] for e, found in kinds(stage).items()}
    memos, entries = made["CreditMemo"], made["JournalEntry"]
    assert [len(memos), sum(acts.cents(m["TotalAmt"]) for m in memos)] == plan.credits
    assert [len(entries), sum(acts.cents(e["Line"][0]["Amount"]) for e in entries)] == plan.entries
    assert sum(bool(c.get("ParentRef")) for c in made["Customer"]) == plan.matters


def test_the_real_run_does_exactly_that() -> None:
    stage = a_new_stage()
    prepare(stage)
    answer_all(stage)
    plan = first_sync.plan_of(stage.world, stage.firm)
    assert plan
    listed = rows(stage, "bills")
    before = writes(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert settled(stage).phase == "begun"
    stage.pass_time(5, hours=2)
    made = {o["DocNumber"] for o in booked(stage) if "feesimple:" in o.get("PrivateNote", "")}
    assert made == {r.title for r in listed.values() if r.fate in ("create", "change")}
    assert writes(stage)["Invoice"] - before["Invoice"] == sum(r.fate == "create" for r in listed.values())
    for row in listed.values():
        link = payable(stage, row.title).booked
        if row.fate == "link":
            assert link
            assert link.id == row.link
        if row.fate == "wait":
            assert link is None
    clients = {c.name: c for c in acts.all_states(stage, Kind.CONTACT)}
    assert all(clients[r.title].customer == r.link for r in rows(stage, "clients").values() if r.fate == "link")


def test_it_cannot_begin_while_an_answer_is_missing() -> None:
    stage = a_new_stage()
    with pytest.raises(Refused):
        first_sync.begin(stage.world, stage.firm, STAFF)
    prepare(stage)
    with pytest.raises(Refused):
        first_sync.begin(stage.world, stage.firm, STAFF)


def test_a_linked_invoice_of_another_amount_gets_clios_figures() -> None:
    stage = a_new_stage()
    prepare(stage)
    asked = rows(stage, "bills", needs=True)
    title, row = next(iter(asked.items()))
    answer_all(stage)
    link = row.offers[0].choice
    say(stage, "bills", title, link)
    assert rows(stage, "bills")[title].fate == "change"
    first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)
    stage.pass_time(5, hours=2)
    held = payable(stage, title)
    assert held.booked
    assert held.booked.id == link.removeprefix("link:")
    assert acts.cents(acts.invoice(stage, title)["TotalAmt"]) == held.asks


def test_what_changed_meanwhile_is_listed_again_before_it_is_written() -> None:
    stage = a_new_stage()
    prepare(stage)
    answer_all(stage)
    owner = stage.world.quickbooks_box.people.find(stage.realm, "Customer")[0]["Id"]
    title = next(r.title for r in rows(stage, "bills").values() if r.fate == "create")
    stage.world.quickbooks_box.people.add_invoice(stage.realm, owner, 1, title)
    before = writes(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    plan = settled(stage)
    assert (plan.phase, plan.begin) == ("ready", False)
    assert "changed" in plan.said
    assert set(rows(stage, "bills", needs=True)) == {title}
    assert writes(stage) == before
    say(stage, "bills", title, "leave")
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert settled(stage).phase == "begun"


def begin_anew_told(stage: Stage) -> str:
    """Beginning lists anew, finds another list and writes nothing; gives what is said of it."""
    before = writes(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    plan = settled(stage)
    stage.pass_time(30, hours=2)
    assert (plan.phase, plan.begin, plan.asked, writes(stage)) == ("ready", False, 0, before)
    return plan.said


def test_what_came_since_the_list_was_seen_is_shown_before_it_is_written_too() -> None:
    stage = a_new_stage()
    prepare(stage)
    answer_all(stage)
    old = plan_of(stage).bills
    lines = [{"note": "Advice", "price": 40000}]
    stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", "Ada Example", "9042", lines)
    acts.poll(stage)
    said = begin_anew_told(stage)
    cents = old.cents["create"]
    assert f"bills created: {old.counts['create'] + 1} of {show(cents + 40000, 'USD')}" in said
    assert f"before {old.counts['create']} of {show(cents, 'USD')}" in said and "clients created" not in said
    listed = {r.title for r in rows(stage, "bills").values() if r.fate == "create"}
    before = {o["Id"] for o in booked(stage)}
    run_as_listed(stage)
    assert {o["DocNumber"] for o in booked(stage) if o["Id"] not in before} == listed


def test_an_invoice_that_was_changed_since_it_was_listed_as_linked_is_not_written_over_unseen() -> None:
    stage = a_new_stage()
    prepare(stage)
    row = rows(stage, "bills")["1042"]
    say(stage, "bills", "1042", f"link:{row.link}")
    answer_all(stage)
    stage.world.quickbooks_box.people.change_invoice_amount(stage.realm, row.link, "410.00")
    said = begin_anew_told(stage)
    assert "bills linked: " in said and "bills changed: 1 of $400.00, before 0 of $0.00" in said
    assert acts.cents(acts.invoice(stage, "1042")["TotalAmt"]) == 41000


def test_a_client_that_is_called_otherwise_since_is_shown_before_it_is_made() -> None:
    stage = a_new_stage()
    prepare(stage)
    answer_all(stage)
    client = next(r for r in rows(stage, "clients").values() if r.fate == "create" and not r.offers)
    stage.world.clio_box.people.change_client(client.title, name="Quite Another Name")
    acts.poll(stage)
    assert "some rows are others" in begin_anew_told(stage)
    assert "Quite Another Name" in rows(stage, "clients")


def test_answers_are_refused_where_they_do_not_belong() -> None:
    stage = a_new_stage()
    first_sync.start(stage.world, stage.firm, STAFF)
    with pytest.raises(Refused):
        first_sync.answer(stage.world, stage.firm, "bills", 0, "x", "leave")
    with pytest.raises(Refused, match="being read"):
        first_sync.create_rest(stage.world, stage.firm)
    plan = settled(stage)
    for page in (0, 99, -1):
        with pytest.raises(Refused):
            first_sync.answer(stage.world, stage.firm, "bills", page, "no such bill", "leave")
    assert first_sync.rows(stage.world, stage.firm, "bills", 99).rows == ()
    assert plan.pages["bills"] >= 1


def test_reading_again_keeps_the_answers_and_after_beginning_it_is_over() -> None:
    stage = a_new_stage()
    prepare(stage)
    answer_all(stage)
    assert prepare(stage).asked == 0
    first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)
    first_sync.start(stage.world, stage.firm, STAFF)
    plan = first_sync.plan_of(stage.world, stage.firm)
    assert plan
    assert plan.phase == "begun"


def test_before_the_set_up_is_confirmed_it_does_not_start() -> None:
    stage = acts.a_synced_stage()
    purge(stage)
    with pytest.raises(Refused):
        first_sync.start(stage.world, stage.firm, STAFF)
    assert first_sync.plan_of(stage.world, stage.firm) is None


def test_a_run_that_nobody_needs_ends() -> None:
    stage = a_new_stage()
    first_sync.start(stage.world, stage.firm, STAFF)
    ref = Ref(stage.firm, Kind.FIRM, stage.firm)
    from chalicelib.domain.firm import decide

    settle(stage.world, [ref], lambda b, _n: {ref: decide(b[ref], MatchesConfirmed(1))}, fact="Test")
    stage.pass_time(1, minutes=5)
    firm = firm_of(stage.world, stage.firm)
    assert firm
    assert firm.may_write


def test_after_a_purge_the_new_generation_goes_through_it_again() -> None:
    stage = acts.a_synced_stage()
    before = {o["DocNumber"] for o in booked(stage) if o.get("DocNumber")}
    waited = {p.number for p in acts.payables(stage) if p.booked is None}
    purge(stage)
    begin_anew(stage, stage.realm, matched=False)
    steps = {s.key: s for s in setup.setup(stage.world, stage.firm).steps}
    assert steps["match"].state == "now"
    assert re.fullmatch(r"Bills from \w{3} \d+, \d{4} on", steps["confirm"].said)
    prepare(stage)
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    settled(stage)
    stage.pass_time(5, hours=2)
    assert payable(stage, "1046").booked
    assert {o["DocNumber"] for o in booked(stage) if o.get("DocNumber")} - before <= waited


def test_whoever_connects_starts_and_begins_may_die_before_the_next_step_is_owed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = acts.a_synced_stage()
    purge(stage)
    with monkeypatch.context() as m:
        m.setattr(renewing, "start", _dies)
        with pytest.raises(Unavailable):
            begin_anew(stage, stage.realm, matched=False)
    accounts = AccountsChosen(chosen_accounts(stage.world, stage.realm))
    signing.settle_firm(stage.world, stage.firm, accounts, by=STAFF)
    for step in (first_sync.start, first_sync.begin):
        with monkeypatch.context() as m:
            m.setattr(first_sync, "save", _dies_after(first_plan.save))
            m.setattr(first_sync, "change", _dies_after(first_plan.change))
            with pytest.raises(Unavailable):
                step(stage.world, stage.firm, STAFF)
        settled(stage)
        if step is first_sync.start:
            answer_all(stage)
    assert settled(stage).phase == "begun"


@pytest.mark.parametrize("kept", [True, False])
def test_the_polls_begin_with_the_first_sync_once_whoever_dies(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """``kept``: the plan is kept before the worker dies."""
    with monkeypatch.context() as m:
        m.setattr(resync, "begin_polls", lambda *_a: None)  # as it is until somebody begins
        stage = memory.a_stage()
    unmatch(stage)
    with monkeypatch.context() as m:
        m.setattr(first_sync, "save", _dies_after(first_plan.save) if kept else _dies)
        with pytest.raises(Unavailable):
            first_sync.start(stage.world, stage.firm, STAFF)
    first_sync.start(stage.world, stage.firm, STAFF)
    polls = [e for e in acts.all_effects(stage) if e.kind in (Do.POLL_CLIO, Do.POLL_BOOKS, Do.POLL_STRIPE)]
    assert {e.kind for e in polls} == {Do.POLL_CLIO, Do.POLL_BOOKS, Do.POLL_STRIPE}
    assert {e.arrivals for e in polls} == {1 if kept else 2}
    assert [sk for sk, _ in stage.world.store.records("firms", limit=10)] == [stage.firm]


def test_whoever_answers_may_die_before_it_is_counted_and_no_answer_is_missing_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = a_new_stage()
    prepare(stage)
    first_sync.confirm_exact(stage.world, stage.firm)
    first_sync.create_rest(stage.world, stage.firm)
    asked = rows(stage, "bills", needs=True)
    with monkeypatch.context() as m:
        m.setattr(first_sync, "change", _dies)
        for title in asked:
            with pytest.raises(Unavailable):
                say(stage, "bills", title, "leave")
    assert plan_of(stage).asked == len(asked) > 0, "counted still"
    assert rows(stage, "bills", needs=True) == {}
    assert plan_of(stage).asked == 0
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert settled(stage).phase == "begun"


def test_as_long_as_another_page_asks_its_answers_are_missing() -> None:
    plan = Plan(1, needs={"bills": [0, 2]})
    plan.bills.needs = 3
    first_plan.nobody_asked(plan, "bills", 0)
    assert (plan.needs["bills"], plan.bills.needs) == ([2], 3)
    first_plan.nobody_asked(plan, "bills", 2)
    assert (plan.needs["bills"], plan.bills.needs) == ([], 0)


def _dies(*_: Any) -> None:
    raise Unavailable("the worker is gone")


def _dies_after(step: Any) -> Any:
    def dies(*args: Any) -> None:
        step(*args)
        _dies()

    return dies


def test_two_who_answer_at_once_are_both_counted() -> None:
    stage = a_new_stage()
    prepare(stage)
    store = stage.world.store
    kept = store.put_record
    failed: list[str] = []

    def busy(pk: str, sk: str, body: Any, **more: Any) -> int:
        if sk == "state" and len(failed) < 2:
            failed.append(sk)
            raise Conflict("somebody else")
        return kept(pk, sk, body, **more)

    store.put_record = busy  # type: ignore[method-assign]
    first_sync.confirm_exact(stage.world, stage.firm)
    plan = first_sync.plan_of(stage.world, stage.firm)
    assert plan
    assert plan.exact
