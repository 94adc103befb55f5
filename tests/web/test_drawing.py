"""Settings, Invoices: the page, its example, the count before anything is written again, and the same by the API."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.firm import Detail, Firm
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import drawing, states
from tests.web.test_api import Program
from tests.web.visit import Visitor, a_firm_with_pages
from tests.world import Stage

HERE = "/desk/settings/invoices"
TICKED = {"detail": "kinds", "tax_as": "line", "pay_link": "yes"}


def firm_of(stage: Stage) -> Firm:
    held = stage.world.store.load(Ref(stage.firm, Kind.FIRM, stage.firm))
    firm: Firm = states.decode(Kind.FIRM, held.body)
    return firm


def test_the_page_shows_an_example_before_anything_is_saved() -> None:
    stage, visitor = a_firm_with_pages()
    assert "Drafting of contract" in visitor.get(HERE).text
    tried = visitor.post(HERE, {**TICKED, "do": "example"}).text
    assert "Services, bill 1042" in tried and "Drafting of contract" not in tried
    assert firm_of(stage).invoicing.detail is Detail.LINES
    visitor.post(HERE, {**TICKED, "do": "save"})
    assert firm_of(stage).invoicing.detail is Detail.KINDS
    assert "Services, bill 1042" in visitor.get(HERE).text


def test_matters_as_sub_customers_are_chosen_there_and_concern_new_invoices() -> None:
    stage, visitor = a_firm_with_pages()
    assert "concerns new invoices only" in visitor.get(HERE).text
    visitor.post(HERE, {**TICKED, "sub_customers": "yes", "do": "save"})
    assert firm_of(stage).invoicing.sub_customers
    visitor.post(HERE, {**TICKED, "sub_customers": "no", "do": "save"})
    assert not firm_of(stage).invoicing.sub_customers and firm_of(stage).sub_customers_used


def test_what_cannot_be_saved_is_said_on_the_form_itself() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get(HERE)
    assert "at most 30 characters" in visitor.post(HERE, {**TICKED, "tax_code": "x" * 40, "do": "save"}).text


def test_only_an_owner_changes_how_invoices_look() -> None:
    stage, visitor = a_firm_with_pages()
    staff = Visitor(visitor.world).sign_in(stage.firm, owner=False)
    assert "Only an owner" in staff.get(HERE).text
    assert staff.post(HERE, {**TICKED, "do": "save"}).status == 422


def test_open_invoices_are_counted_first_and_written_again_when_confirmed() -> None:
    stage, visitor = a_firm_with_pages()
    counted = drawing.count(stage.world, stage.firm)
    asked = visitor.get(f"{HERE}/apply").text
    assert f"{counted.invoices} invoices" in asked
    assert drawing.progress(stage.world, stage.firm) is None, "looking begins nothing"
    visitor.post(f"{HERE}/apply", {})
    assert "being written again" in visitor.get(HERE).text
    stage.pass_time(1, minutes=5)
    assert "written again" in visitor.get(HERE).text


def test_an_invoice_shows_its_credit_notes() -> None:
    stage, visitor = a_firm_with_pages()
    stage.pass_time(1, minutes=1)
    [id] = [h.body["id"] for h in _held(stage) if h.body["number"] == "1059"]
    text = visitor.get(f"/desk/invoices/{id}").text
    assert "Credit notes" in text and "CN-" in text and "applied" in text
    assert "entered in QuickBooks" in text


def _held(stage: Stage) -> Any:
    return stage.world.store.listed(f"{stage.firm}/payables/open", limit=500).items


def test_the_api_has_the_same() -> None:
    stage, _ = a_firm_with_pages()
    program = Program(stage)
    shown = program.get("/invoice-settings").json
    assert shown["how"]["detail"] == "lines"
    names = {name: id for id, name in shown["offer"]["items"]}
    body = {"detail": "kinds", "tax": "line", "pay_link": False, "clio_memo": False}
    saved = program.ask("PUT", "/invoice-settings", {**body, "booked_under": {"interest": names["Expenses"]}})
    assert saved.status == 200
    assert saved.json["accounts"]["interest"] == names["Expenses"]
    assert saved.json["how"]["sub_customers"] is False
    assert program.ask("PUT", "/invoice-settings", {**body, "sub_customers": True}).json["how"]["sub_customers"] is True
    assert program.ask("PUT", "/invoice-settings", {**body, "detail": "pictures"}).status in (400, 422)
    counted = program.get("/open-invoices").json
    assert counted["invoices"] > 0
    started = program.post("/invoice-rewrites", {})
    assert started.status == 202
    stage.pass_time(1, minutes=5)
    assert program.get("/invoice-settings").json["run"]["done"] == counted["invoices"]
