"""Deciding about a broken link: the page with every choice and what it would write, and the same by the API."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from chalicelib.domain import effects
from chalicelib.domain.firm import Invoicing
from chalicelib.domain.kernel import Neighbour
from chalicelib.flow import contacts, drawing, health, views
from chalicelib.flow.rows import Item
from chalicelib.flow.settle import policy_of
from chalicelib.web.desk_shell import own_path
from tests.flow import acts
from tests.flow.test_credits import _delete_in_quickbooks, issue
from tests.flow.test_subcustomers import a_new_bill, customer
from tests.web.test_api import Program, a_program
from tests.web.visit import PagesWorld, Visitor, a_firm_with_pages
from tests.world import Stage

NUMBER = "1042"


def a_break(stage: Stage, *, changed: bool = False) -> Item:
    """Somebody deleted (or changed) an invoice in QuickBooks, and the next poll found it."""
    if not acts.payables(stage):
        stage.resync()
    id = acts.invoice(stage, NUMBER)["Id"]
    people = stage.world.quickbooks_box.people
    if changed:
        people.change_invoice_amount(stage.realm, id, "401.00")
    else:
        people.delete_invoice(stage.realm, id)
    stage.pass_time(5, minutes=17)
    return next(i for i in views.attention(stage.world, stage.firm).items if "/task/broken/" in i.key)


def test_the_page_says_what_each_choice_would_write_before_it_is_made() -> None:
    stage, owner = a_firm_with_pages()
    item = a_break(stage)
    assert "See the choices" in owner.get("/desk/attention").text
    text = owner.get(f"/desk/attention/broken?key={item.key}").text
    assert "It was deleted in QuickBooks." in text
    assert f"A new invoice {NUMBER} for" in text
    assert "Nothing is written. Bill" in text
    assert "Number of the invoice in QuickBooks" in text


def test_a_choice_is_made_and_the_list_is_shorter() -> None:
    stage, owner = a_firm_with_pages()
    item = a_break(stage)
    owner.get(f"/desk/attention/broken?key={item.key}")
    page = owner.follow(owner.post("/desk/attention/broken", {"key": item.key, "choice": "again"}))
    assert "on its way" in page.text
    stage.pass_time(1, minutes=2)
    assert acts.invoice(stage, NUMBER)


def test_what_does_not_fit_is_said_on_the_same_page() -> None:
    stage, owner = a_firm_with_pages()
    item = a_break(stage)
    owner.get(f"/desk/attention/broken?key={item.key}")
    page = owner.post("/desk/attention/broken", {"key": item.key, "choice": "link", "to": "NONE"})
    assert "QuickBooks shows no invoice numbered NONE" in page.text
    assert "A new invoice" in page.text


def test_a_customer_that_is_gone_has_its_choices_on_the_page_and_by_the_api() -> None:
    program: Program = a_program()
    stage = program.stage
    customer = acts.contact(stage, "Ada Example").customer
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, customer)
    contacts.point_at_customers(stage.world, policy_of(stage.world, stage.firm), [customer])
    stage.work()
    [item] = health.health(stage.world, stage.firm).broken
    id = next(i["id"] for i in program.get("/sync").json["broken"] if i["key"] == item.key)
    told = program.get(f"/attention/{id}/choices").json
    assert [o["choice"] for o in told["options"]] == ["activate", "anew", "link", "accept"]
    assert isinstance(stage.world, PagesWorld)
    owner = Visitor(stage.world).sign_in(stage.firm)
    assert "See the choices" in owner.get("/desk/sync").text
    text = owner.get(f"/desk/attention/broken?key={item.key}").text
    assert "The customer is made active again in QuickBooks" in text
    assert "Name of the customer" in text
    page = owner.follow(owner.post("/desk/attention/broken", {"key": item.key, "choice": "activate"}))
    assert "on its way" in page.text
    assert program.post(f"/attention/{id}/done").status == 422


def test_a_sub_customer_that_is_gone_has_its_choices_on_the_page_and_by_the_api() -> None:
    program: Program = a_program()
    stage = program.stage
    drawing.save(stage.world, stage.firm, Invoicing(sub_customers=True), {}, acts.STAFF)
    a_new_bill(stage, "9001")
    stage.pass_time(2, minutes=5)
    sub = customer(stage, "9001")
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, sub["Id"])
    stage.pass_time(5, minutes=17)
    [item] = health.health(stage.world, stage.firm).broken
    id = next(i["id"] for i in program.get("/sync").json["broken"] if i["key"] == item.key)
    told = program.get(f"/attention/{id}/choices").json
    assert [(o["choice"], bool(o["effect"])) for o in told["options"]] == [
        ("anew", True), ("link", True), ("accept", True)
    ]  # fmt: skip
    assert isinstance(stage.world, PagesWorld)
    owner = Visitor(stage.world).sign_in(stage.firm)
    assert f"Sub-customer of matter {sub['DisplayName']}" in owner.get("/desk/sync").text
    text = owner.get(f"/desk/attention/broken?key={item.key}").text
    assert "It was made inactive or merged in QuickBooks." in text
    assert "A new sub-customer is created in QuickBooks below the client" in text
    assert "Name of the sub-customer" in text
    asked = {"key": item.key, "choice": "link", "to": "NONE"}
    assert "There is no customer “NONE” in QuickBooks" in owner.post("/desk/attention/broken", asked).text
    assert program.post(f"/attention/{id}/done").status == 422
    client, other = acts.payable(stage, "9001").client_id, acts.contact(stage, "Ada Example").id
    shown = owner.get(f"/desk/contacts/{client}")
    assert f"Sub-customer of matter {sub['DisplayName']}" in shown.text
    assert f'href="/desk/attention/broken?key={quote(item.key)}&amp;back=/desk/contacts/{client}"' in shown.html
    assert "Sub-customer of matter" not in owner.get(f"/desk/contacts/{other}").text
    assert [i["key"] for i in program.get(f"/contacts/{client}").json["items"]] == [item.key]
    assert program.post(f"/attention/{id}/choices", {"choice": "accept"}).status == 202
    assert health.health(stage.world, stage.firm).broken == ()
    text = owner.get(f"/desk/contacts/{client}").text
    assert f"The sub-customer of matter {sub['DisplayName']} is gone in QuickBooks, and you decided" in text
    told = program.get(f"/contacts/{client}").json
    assert (told["items"], told["matters_without"], told["more"]) == ([], [sub["DisplayName"]], False)


def test_a_client_that_stays_without_a_customer_says_so_on_its_page_and_by_the_api() -> None:
    program: Program = a_program()
    stage = program.stage
    ada = acts.contact(stage, "Ada Example")
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, ada.customer)
    contacts.point_at_customers(stage.world, policy_of(stage.world, stage.firm), [ada.customer])
    stage.work()
    [item] = health.health(stage.world, stage.firm).broken
    assert isinstance(stage.world, PagesWorld)
    owner = Visitor(stage.world).sign_in(stage.firm)
    text = owner.get(f"/desk/attention/broken?key={item.key}").text
    assert "waits, with this cause under Sync status" in text
    id = next(i["id"] for i in program.get("/sync").json["broken"] if i["key"] == item.key)
    assert program.post(f"/attention/{id}/choices", {"choice": "accept"}).status == 202
    told = program.get(f"/contacts/{ada.id}").json
    assert (told["without"], told["row"]["status"]["word"]) == (True, "Without a customer")
    assert "stays without one, as you decided" in owner.get(f"/desk/contacts/{ada.id}").text


def test_a_credit_memo_that_is_gone_is_linked_by_its_number_on_the_page() -> None:
    stage, owner = a_firm_with_pages()
    stage.resync()
    stage.pass_time(1, minutes=1)
    made = issue(stage, NUMBER, 2500)
    _delete_in_quickbooks(stage, made)
    stage.pass_time(5, minutes=17)
    [item] = health.health(stage.world, stage.firm).broken
    text = owner.get(f"/desk/attention/broken?key={item.key}").text
    assert "Number of the credit memo in QuickBooks" in text
    asked = {"key": item.key, "choice": "link", "to": "NONE"}
    assert "no credit memo numbered NONE" in owner.post("/desk/attention/broken", asked).text
    customer = acts.invoice(stage, NUMBER)["CustomerRef"]["value"]
    stage.world.quickbooks_box.people.add_credit_memo(stage.realm, customer, "25.00", "C-7")
    page = owner.follow(owner.post("/desk/attention/broken", {**asked, "to": "C-7"}))
    assert "on its way" in page.text


def test_what_is_settled_says_so() -> None:
    _stage, owner = a_firm_with_pages()
    assert "already settled" in owner.get("/desk/attention/broken?key=nothing").text


def test_a_program_reads_the_choices_and_makes_one() -> None:
    program: Program = a_program()
    item = a_break(program.stage, changed=True)
    listed = program.get("/attention").json["items"]
    id = next(i["id"] for i in listed if i["key"] == item.key)
    told = program.get(f"/attention/{id}/choices").json
    assert [o["choice"] for o in told["options"]] == ["write", "accept"]
    assert program.post(f"/attention/{id}/choices", {"choice": "accept"}).status == 202
    assert program.get(f"/attention/{id}/choices").status == 404
    assert program.post(f"/attention/{id}/choices", {"choice": "accept"}).status == 404


# --- where a choice leads back to -------------------------------------------------------------------------------------


def a_deleted_client(stage: Stage) -> tuple[str, str]:
    """Ada was deleted in Clio, and its webhook told so. Gives her id and the question's key."""
    if not acts.payables(stage):
        stage.resync()
    id = acts.contact(stage, "Ada Example").id
    stage.world.clio_box.people.delete_client("Ada Example")
    lane = policy_of(stage.world, stage.firm).lanes.of(Neighbour.CLIO)
    stage.world.store.arrive(effects.look_client(stage.firm, lane, id, stage.world.now(), "deleted"))
    stage.world.queue.hint([lane])
    stage.work()
    return id, next(i.key for i in health.health(stage.world, stage.firm).broken)


def test_from_the_clients_page_a_choice_leads_back_to_it_and_says_what_was_done() -> None:
    stage, owner = a_firm_with_pages()
    id, key = a_deleted_client(stage)
    where = f"/desk/contacts/{id}"
    page = owner.get(where)
    assert "no longer in Clio" in page.text
    assert f"key={quote(key, safe='/')}&amp;back={where}" in page.html
    choices = owner.get(f"/desk/attention/broken?key={key}&back={where}")
    assert f'<a href="{where}">Decide later</a>' in choices.html
    said = owner.post("/desk/attention/broken", {"key": key, "choice": "link", "to": "Nobody", "back": where})
    assert "no other client" in said.text
    assert f'name="back" value="{where}"' in said.html, "what does not fit forgets nothing"
    answer = owner.post("/desk/attention/broken", {"key": key, "choice": "accept", "back": where})
    assert answer.headers["location"].split("?")[0] == where
    text = owner.follow(answer).text
    assert "Decided. It stays as it is in QuickBooks." in text
    assert "stays in QuickBooks as it is, as you decided" in text


def test_from_sync_status_it_leads_back_there() -> None:
    stage, owner = a_firm_with_pages()
    _, key = a_deleted_client(stage)
    assert "back=/desk/sync" in owner.get("/desk/sync").html
    owner.get(f"/desk/attention/broken?key={key}&back=/desk/sync")
    answer = owner.post("/desk/attention/broken", {"key": key, "choice": "look", "back": "/desk/sync"})
    assert "read again in Clio" in owner.follow(answer).text
    assert answer.headers["location"].split("?")[0] == "/desk/sync"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "",
        "https://evil.example/desk/sync",
        "//evil.example",
        "/desk//evil.example",
        "/desk.evil",
        "/desk/sync?note=purged",
        "/desk/contacts/1/../../x",
        "/desk/contacts/1\n",
        "/desk/sync\r\nSet-Cookie: a=b",
        "/desk/settings/keys",
        "/desk/contacts/",
    ],
)
def test_it_leads_to_no_other_page_than_ours_that_show_what_waits(elsewhere: str) -> None:
    assert own_path(elsewhere, "/desk/attention") == "/desk/attention"


@pytest.mark.parametrize("ours", ["/desk/attention", "/desk/sync", "/desk/contacts/12", "/desk/invoices/7.1"])
def test_it_leads_back_to_these(ours: str) -> None:
    assert own_path(ours, "") == ours
