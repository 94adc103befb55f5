"""The pages about syncing: preflight, and the same by the API."""

from __future__ import annotations

from chalicelib.flow import preflight
from tests.web.test_api import a_program
from tests.web.visit import a_firm_with_pages


def test_preflight_says_what_to_click_and_what_waits() -> None:
    stage, owner = a_firm_with_pages()
    stage.world.quickbooks_box.people.set_preferences(stage.realm, CustomTxnNumbers=False)
    owner.get("/desk/preflight")
    page = owner.follow(owner.post("/desk/preflight", {}))
    assert "QuickBooks is being read" in page.text
    stage.pass_time(1, minutes=2)
    text = owner.get("/desk/preflight").text
    assert "Custom transaction numbers are off in QuickBooks" in text
    assert "Switch “Custom transaction numbers” on" in text
    assert "What waits: Invoices wait" in text


def test_preflight_before_the_first_reading_says_what_will_be_here() -> None:
    stage, owner = a_firm_with_pages()
    stage.world.store.delete_record("preflight", stage.firm)
    assert "Not checked yet" in owner.get("/desk/preflight").text


def test_a_program_reads_the_findings_and_can_ask_for_new_ones() -> None:
    program = a_program()
    program.stage.world.store.delete_record("preflight", program.stage.firm)
    assert program.get("/preflight").status == 404
    assert program.post("/preflights", {}).status == 202
    program.stage.pass_time(1, minutes=2)
    told = program.get("/preflight").json
    assert {f["weight"] for f in told["findings"]} <= {"good", "warns"}
    assert preflight.report(program.stage.world, program.stage.firm)
