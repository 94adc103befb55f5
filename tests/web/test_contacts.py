"""Clients at the desk and over the API: side by side, conflicts and their buttons, linking, whose value stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Kind, Line, Neighbour, Ref
from chalicelib.flow import contact_views, states
from chalicelib.flow.drain import drain
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.web.test_api import Program
from tests.web.visit import Visitor, a_firm_with_pages
from tests.world import Stage

ADA = "Ada Example"


def ada(stage: Stage) -> Any:
    held = [s.held() for ref, s in stage.world.store._states.items() if ref.kind is Kind.CONTACT]
    return next(c for c in (states.decode(Kind.CONTACT, h.body) for h in held) if c.email and c.name.startswith("Ada"))


def change_both(stage: Stage) -> None:
    box, clio = stage.world.quickbooks_box.people, stage.world.clio_box
    held = next(c for c in clio.state.rows["contacts"].values() if c.name == ADA)
    clio.people.edit_client(ADA, email_addresses=[{"id": held.emails[0]["id"], "address": "clio@example.com"}])
    box.change_name(
        stage.realm,
        "Customer",
        ada(stage).customer,
        PrimaryEmailAddr={"Address": "books@example.com"},
        PrimaryPhone={"FreeFormNumber": "555-0100"},
    )
    look(stage)
    stage.pass_time(8, minutes=16)
    look(stage)


def look(stage: Stage) -> None:
    lane = policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS)
    stage.world.store.arrive(effects.look_customer(stage.firm, lane, ada(stage).customer, stage.world.now()))
    stage.world.queue.hint([lane])
    stage.pass_time(1, minutes=2)


def a_conflict() -> tuple[Stage, Visitor]:
    stage, visitor = a_firm_with_pages()
    change_both(stage)
    return stage, visitor


def test_a_list_of_clients_by_how_they_stand() -> None:
    stage, visitor = a_conflict()
    assert ADA in visitor.get("/desk/contacts").text
    assert ADA in visitor.get("/desk/contacts?standing=conflict").text
    assert ADA not in visitor.get("/desk/contacts?standing=linked").text
    assert "Brook Jensen" in visitor.get("/desk/contacts?standing=unlinked").text
    assert visitor.get("/desk/contacts?standing=nope").status == 422
    assert visitor.get("/desk/contacts?size=7").status == 422
    assert f"/desk/contacts/{ada(stage).id}" in visitor.get(f"/desk/clients/{ada(stage).id}").html


def test_a_client_is_shown_beside_its_customer_with_what_happened() -> None:
    stage, visitor = a_conflict()
    page = visitor.get(f"/desk/contacts/{ada(stage).id}")
    assert "clio@example.com" in page.text
    assert "QuickBooks had: books@example.com" in page.text
    assert "E-mail address is now clio@example.com" in page.text
    assert "Phone number is now 555-0100" in page.text
    assert "was set aside: books@example.com" in page.text
    assert "Linked to the customer" in page.text
    assert visitor.get("/desk/contacts/999").status == 422


def test_one_click_on_the_page_takes_quickbooks_value() -> None:
    stage, visitor = a_conflict()
    where = f"/desk/contacts/{ada(stage).id}"
    visitor.get(where)
    answer = visitor.post(where, {"do": "take-quickbooks", "field": "email"})
    assert "That value goes to both sides now" in visitor.follow(answer).text
    stage.pass_time(1, minutes=2)
    assert ada(stage).email == "books@example.com"
    assert "chosen for both sides" in visitor.get(where).text
    assert ada(stage).kept == ()


def test_one_click_under_needs_attention_does_so_too() -> None:
    stage, visitor = a_conflict()
    page = visitor.get("/desk/attention")
    assert "Take QuickBooks' value" in page.text
    assert f"/desk/contacts/{ada(stage).id}" in page.html
    key = f"{stage.firm}/task/contact/{ada(stage).id}/email/1"
    visitor.post("/desk/attention", {"key": key, "do": "take", "back": "/desk/attention"})
    stage.pass_time(1, minutes=2)
    assert ada(stage).email == "books@example.com"
    assert visitor.post("/desk/attention", {"key": f"{stage.firm}/task/none", "do": "take"}).status == 422


def test_a_conflict_can_be_left() -> None:
    stage, visitor = a_conflict()
    where = f"/desk/contacts/{ada(stage).id}"
    visitor.get(where)
    assert visitor.post(where, {"do": "leave", "field": "email"}).status == 303
    assert (ada(stage).kept, ada(stage).email) == ((), "clio@example.com")
    assert visitor.post(where, {"do": "dance"}).status == 422


def test_a_customer_is_linked_by_its_name() -> None:
    stage, visitor = a_firm_with_pages()
    stage.world.quickbooks_box.people.add_customer(stage.realm, "Example, Ada", "old@example.com")
    where = f"/desk/contacts/{ada(stage).id}"
    visitor.get(where)
    assert "no customer" in visitor.post(where, {"do": "link", "customer": "Nobody"}).text
    visitor.post(where, {"do": "link", "customer": "Example, Ada"})
    text = visitor.get(where).text
    assert "Customer “Example, Ada” in QuickBooks" in text
    assert "Take Clio's value" in text


def test_a_customer_is_taken_over_from_a_client_without_open_bills() -> None:
    stage, visitor = a_firm_with_pages()
    brook, page = acts.contact(stage, "Brook Jensen"), f"/desk/contacts/{ada(stage).id}"
    for bill in [p.number for p in acts.payables(stage) if p.client_id == ada(stage).id and not p.gone]:
        stage.world.clio_box.people.void(bill)
    acts.poll(stage)
    visitor.get(f"/desk/contacts/{brook.id}")
    told = visitor.post(f"/desk/contacts/{brook.id}", {"do": "link", "customer": "Ada Example"}).text
    assert "without open bills: if it is the same client" in told
    visitor.post(f"/desk/contacts/{brook.id}", {"do": "over", "customer": "Ada Example"})
    assert "Customer “Ada Example” in QuickBooks" in visitor.get(f"/desk/contacts/{brook.id}").text
    assert "Another client took over its customer, as you decided." in visitor.get(page).text


def test_a_broken_link_is_said_on_the_page_with_its_choices() -> None:
    stage, visitor = a_firm_with_pages()
    box = stage.world.quickbooks_box.people
    box.deactivate_customer(stage.realm, ada(stage).customer)
    look(stage)
    text = visitor.get(f"/desk/contacts/{ada(stage).id}").text
    assert "Link broken" in text
    assert "See the choices" in text
    assert "no longer holds" in text
    box.reactivate_customer(stage.realm, ada(stage).customer)
    look(stage)
    assert "active again" in visitor.get(f"/desk/contacts/{ada(stage).id}").text


def test_what_is_on_its_way_and_what_was_unlinked_is_told() -> None:
    stage, visitor = a_firm_with_pages()
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, ada(stage).customer)
    look(stage)
    c = ada(stage)
    key = f"{stage.firm}/quickbooks.customer/{c.id}/{c.revision}"
    visitor.get("/desk/attention")
    visitor.post("/desk/attention", {"key": key, "do": "retry", "choice": "anew", "back": "/desk/attention"})
    assert "No longer linked to a customer" in visitor.get(f"/desk/contacts/{c.id}").text
    stage.pass_time(1, minutes=2)
    stage.world.clio_box.people.change_client(ADA, email="")
    stage.world.store.arrive(
        effects.look_client(
            stage.firm, policy_of(stage.world, stage.firm).lanes.of(Neighbour.CLIO), c.id, stage.world.now()
        )
    )
    drain(stage.world, policy_of(stage.world, stage.firm).lanes.of(Neighbour.CLIO))
    page = visitor.get(f"/desk/contacts/{c.id}").text
    assert "E-mail address removed" in page
    assert "On its way to QuickBooks" in page
    assert "Being updated" in page


def test_only_an_owner_says_whose_value_stands() -> None:
    stage, visitor = a_firm_with_pages()
    assert "Clio's value stands" in visitor.get("/desk/settings").text
    visitor.post("/desk/settings/contacts", {"side": "quickbooks"})
    assert "QuickBooks' value stands" in visitor.get("/desk/settings").text
    assert visitor.post("/desk/settings/contacts", {"side": "neither"}).status == 422
    del stage


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def program() -> Program:
    stage, _ = a_conflict()
    return Program(stage)


def test_clients_are_listed_by_standing_and_shown(program: Program) -> None:
    rows = program.get("/contacts?standing=conflict").json
    assert [r["name"] for r in rows["items"]] == [ADA]
    one = program.get(f"/contacts/{rows['items'][0]['id']}").json
    email = next(f for f in one["fields"] if f["field"] == "email")
    assert (email["kept"], email["kept_of"], email["takes"]) == ("books@example.com", "quickbooks", ["quickbooks"])
    assert program.get("/contacts/999").status == 404
    assert program.get("/contacts?standing=x").status == 422


def test_values_are_taken_and_left_and_customers_linked(program: Program) -> None:
    id = ada(program.stage).id
    assert program.post(f"/contacts/{id}/take", {"field": "email", "side": "both"}).status == 422
    taken = program.post(f"/contacts/{id}/take", {"field": "email", "side": "quickbooks"})
    assert taken.status == 202
    assert next(f for f in taken.json["fields"] if f["field"] == "email")["moving"].endswith("Clio")
    assert program.post(f"/contacts/{id}/leave", {"field": "email"}).status == 200
    program.stage.world.quickbooks_box.people.add_customer(program.stage.realm, "Another Ada")
    linked = program.post(f"/contacts/{id}/link", {"customer": "Another Ada"})
    assert (linked.status, linked.json["row"]["customer_name"]) == (200, "Another Ada")
    assert program.post("/contacts/999/leave", {"field": "email"}).status == 404


def test_the_api_takes_a_customer_over_only_when_asked() -> None:
    stage, _ = a_firm_with_pages()
    program, id = Program(stage), ada(stage).id
    brook = acts.contact(stage, "Brook Jensen")
    for bill in [p.number for p in acts.payables(stage) if p.client_id == id and not p.gone]:
        stage.world.clio_box.people.void(bill)
    acts.poll(stage)
    refused = program.post(f"/contacts/{brook.id}/link", {"customer": ADA})
    assert (refused.status, "without open bills" in refused.json["detail"]) == (422, True)
    assert program.get(f"/contacts/{id}").json["row"]["customer_name"] == ADA
    over = program.post(f"/contacts/{brook.id}/link", {"customer": ADA, "take_over": True})
    assert (over.status, over.json["row"]["customer_name"]) == (200, ADA)
    assert program.get(f"/contacts/{id}").json["row"]["customer_name"] != ADA


def test_a_client_that_is_not_linked_shows_one_side(program: Program) -> None:
    stage = program.stage
    rows = contact_views.contacts(stage.world, stage.firm, "unlinked").rows
    shown = contact_views.contact(stage.world, stage.firm, rows[0].id)
    assert not shown.linked
    assert all(f.agreed == "" and not f.takes for f in shown.fields)


def test_a_long_history_begins_where_it_was_cut() -> None:
    ref = Ref("f", Kind.CONTACT, "1")

    def line(version: int, **change: object) -> Line:
        return Line(ref, version, "CustomerSeen", {}, datetime(2026, 3, 2, 15, 0, tzinfo=UTC), 1, change)

    old = {"field": "email", "side": "clio", "value": "x", "why": "", "at": "2026-03-02T15:00:00Z", "number": 1}
    told = contact_views._told([line(5, name="Ada", asked=1), line(6, name="Ada B."), line(7, kept=[old])])
    assert [e.words for e in told] == ["Name is now Ada B."]
