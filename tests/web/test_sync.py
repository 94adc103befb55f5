"""The pages about syncing: preflight, and the same by the API."""

from __future__ import annotations

from chalicelib.domain.kernel import Neighbour
from chalicelib.flow import preflight
from chalicelib.flow.firms import connections, firm_of
from chalicelib.flow.settle import policy_of
from tests.flow.acts import pay_by_card
from tests.web.test_api import DOCUMENT, a_program
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


# --- disconnecting QuickBooks -----------------------------------------------------------------------------------------


def test_the_page_shows_both_ways_and_revoking_keeps_the_links() -> None:
    stage, owner = a_firm_with_pages()
    text = owner.get("/desk/settings/quickbooks").text
    assert "every link is kept" in text
    assert "Purge only if" in text
    owner.follow(owner.post("/desk/settings/disconnect", {"connection": "quickbooks"}))
    assert "disconnected already" in owner.get("/desk/settings/quickbooks").text
    assert "choose that company again" in owner.get("/setup").text
    assert connections(stage.world, stage.firm)["quickbooks"].account == stage.realm


def test_purging_needs_the_firms_name_typed_in() -> None:
    stage, owner = a_firm_with_pages()
    owner.get("/desk/settings/quickbooks")
    refused = owner.post("/desk/settings/quickbooks/purge", {"firm_name": "nobody"})
    assert "Type the firm's name" in refused.text
    state = firm_of(stage.world, stage.firm)
    assert state
    done = owner.follow(owner.post("/desk/settings/quickbooks/purge", {"firm_name": state.name}))
    assert "The links to QuickBooks are purged" in done.text
    assert "No company is linked" in owner.get("/desk/settings/quickbooks").text


def test_a_program_can_revoke_and_purge() -> None:
    program = a_program()
    state = firm_of(program.stage.world, program.stage.firm)
    assert state
    assert program.post("/connections/clio/purge", {"firm_name": state.name}).status == 404
    assert program.post("/connections/quickbooks/revoke").status == 200
    assert program.post("/connections/quickbooks/purge", {"firm_name": "nobody"}).status == 422
    assert program.post("/connections/quickbooks/purge", {"firm_name": state.name}).status == 200


# --- sync status ------------------------------------------------------------------------------------------------------


def test_sync_status_tells_queues_feeds_and_what_is_parked() -> None:
    stage, owner = a_firm_with_pages()
    stage.world.quickbooks_box.people.revoke_grants(stage.realm)
    pay_by_card(stage, "1046")
    text = owner.get("/desk/sync").text
    assert "quickbooks is disconnected." in text
    assert "QuickBooks is disconnected" in text
    assert "Last Resync" in text
    lane = policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS)
    assert "being tried again now" in owner.follow(owner.post("/desk/sync", {"lane": lane})).text


def test_a_program_reads_the_status() -> None:
    program = a_program()
    told = program.get("/sync").json
    assert set(told) == set(DOCUMENT["components"]["schemas"]["SyncStatus"]["properties"])
    assert [q["name"] for q in told["queues"]][:2] == ["From Clio", "To QuickBooks"]
    assert all(i["id"] for i in told["parked"])
