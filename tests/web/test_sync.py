"""The pages about syncing: preflight, and the same by the API."""

from __future__ import annotations

from chalicelib.domain import effects
from chalicelib.domain.comparing import Difference
from chalicelib.domain.kernel import Neighbour
from chalicelib.flow import compared, first_sync, preflight
from chalicelib.flow.firms import connections, firm_of
from chalicelib.flow.settle import policy_of
from tests.flow import trust_acts as trust
from tests.flow.acts import pay_by_card
from tests.flow.test_first_sync import rows, say, settled, unmatch
from tests.web.test_api import DOCUMENT, Program, a_program
from tests.web.visit import Visitor, a_firm_with_pages, a_seeded_world
from tests.world import Stage, connect


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


# --- the comparison of the books --------------------------------------------------------------------------------------


def test_whoever_asks_for_a_comparison_sees_that_it_is_under_way_and_then_what_came_of_it() -> None:
    stage, owner = a_firm_with_pages()
    assert "Not compared yet" in owner.get("/desk/books").text
    page = owner.follow(owner.post("/desk/books", {}))
    assert "The books are being compared" in page.text and "Not compared yet" not in page.text
    stage.pass_time(1, minutes=2)
    text = owner.get("/desk/books").text
    assert "The books are being compared" not in text and "compared" in text
    owner.post("/desk/books", {})
    assert "The books are being compared" in owner.get("/desk/books").text


def test_differences_beyond_the_first_hundred_are_on_pages_of_their_own() -> None:
    stage, owner = a_firm_with_pages()
    program, world, firm = Program(stage), stage.world, stage.firm
    told = compared.Report(world.now(), by="by itself: after a long silence")
    found = [Difference("", f"N-{n}", "kind", f"cause {n}", "remedy", expected=n < 120) for n in range(130)]
    compared.name(world, firm, told, found)
    compared.keep(world, firm, told)
    first = owner.get("/desk/books")
    assert "120 of them are expected" in first.text and "cause 129" in first.text and "cause 119" not in first.text
    assert "Everything, by itself: after a long silence" in first.text
    assert "N-129 — cause 129" in first.text, "a difference that is none of amounts shows none"
    assert f'/desk/books/{told.id}?page=1"' in first.html
    assert "cause 119" in owner.get(f"/desk/books/{told.id}?page=1").text
    assert "No differences" not in owner.get(f"/desk/books/{told.id}?page=none").text
    assert program.get("/drift").json["pages"] == 1
    rows = program.get(f"/reconciliations/{told.id}?page=1").json["differences"]
    assert [r["number"] for r in rows][-1] == "N-119" and len(rows) == 30
    assert len(program.get(f"/reconciliations/{told.id}?page=x").json["differences"]) == 100


# --- disconnecting QuickBooks -----------------------------------------------------------------------------------------


def test_the_page_shows_both_ways_and_revoking_keeps_the_links() -> None:
    stage, owner = a_firm_with_pages()
    text = owner.get("/desk/settings/quickbooks").text
    assert "every link is kept" in text
    assert "Purge only if" in text
    owner.follow(owner.post("/desk/settings/disconnect", {"connection": "quickbooks"}))
    assert "disconnected already" in owner.get("/desk/settings/quickbooks").text
    text = owner.get("/desk/settings").text
    assert "Olivia Hartwell disconnected it." in text
    assert "no longer lets us in" not in text
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
    assert "no longer lets us in" not in owner.get("/desk/settings").text


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
    assert "QuickBooks is disconnected." in text
    assert "QuickBooks is disconnected" in text
    assert "Last Resync" in text
    lane = policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS)
    assert "being tried again now" in owner.follow(owner.post("/desk/sync", {"lane": lane})).text


def test_twenty_broken_links_are_shown_and_the_others_counted() -> None:
    stage, owner = a_firm_with_pages()
    now, body = stage.world.now(), {"broken": "invoice", "id": "b1", "book": "1"}
    for n in range(23):
        task = effects.task(
            stage.firm, f"broken/x/{n}", "firm", now, title=f"O{n}", reason="R.", remedy="M.", body=body
        )
        stage.world.store.arrive(task)
    text = owner.get("/desk/sync").text
    assert text.count("See the choices") == 20 and "And 3 more." in text


def test_a_program_reads_the_status() -> None:
    program = a_program()
    told = program.get("/sync").json
    assert set(told) == set(DOCUMENT["components"]["schemas"]["SyncStatus"]["properties"])
    assert [q["name"] for q in told["queues"]][:2] == ["From Clio", "To QuickBooks"]
    assert all(i["id"] for i in told["parked"])


def test_a_program_tries_a_queue_again() -> None:
    program = a_program()
    lane = program.get("/sync").json["queues"][1]["lane"]
    assert program.post("/sync/tries", {"lane": lane}).status == 202
    assert program.post("/sync/tries", {"lane": "another firm's"}).status == 422


def test_a_program_says_whose_value_stands() -> None:
    program = a_program()
    assert program.get("/contact-settings").json == {"stands": "clio"}
    assert program.ask("PUT", "/contact-settings", {"stands": "quickbooks"}).json == {"stands": "quickbooks"}
    assert program.ask("PUT", "/contact-settings", {"stands": "nobody"}).status == 422
    assert program.get("/contact-settings").json == {"stands": "quickbooks"}


# --- the first sync ---------------------------------------------------------------------------------------------------


def a_firm_before_its_first_sync() -> tuple[Stage, Visitor]:
    world = a_seeded_world()
    stage = connect(world)
    unmatch(stage)
    return stage, Visitor(world).sign_in(stage.firm)


def test_the_first_sync_is_gone_through_on_its_page() -> None:
    stage, owner = a_firm_before_its_first_sync()
    assert "Not prepared yet" in owner.get("/desk/first").text
    reading = owner.follow(owner.post("/desk/first", {"do": "read"}))
    assert "Bills are read from Clio" in reading.text
    settled(stage)
    page = owner.get("/desk/first?show=clients&only=needs")
    assert "answers are missing" in page.text and "What you can do about it then stands under" in page.text
    assert "Another customer for Brook Jensen" in page.text
    refused = owner.post("/desk/first", {"do": "begin"})
    assert "First answer what is asked" in refused.text
    here = "/desk/first?show=bills&only=needs"
    for do in ("exact", "rest"):
        assert owner.post("/desk/first", {"do": do, "back": here}).location.endswith(here)
    assert "Choose what it is" in owner.get(here).text  # no invoice of another is proposed
    taken = next(iter(rows(stage, "bills", needs=True).values())).id
    nothing = owner.post("/desk/first", {"do": "", "show": "bills", "row": taken, "page": "0"})
    assert "Choose one of the offered ways" in nothing.text
    while (asked := rows(stage, "bills", needs=True)) and owner.get(here):
        row = next(iter(asked.values()))
        place = first_sync.rows(stage.world, stage.firm, "bills", 0, needs=True).page
        form = {"do": "leave", "show": "bills", "row": row.id, "page": str(place), "back": "/desk/first?show=bills"}
        assert owner.post("/desk/first", form).location.endswith("/desk/first?show=bills")
    assert "All is answered" in owner.get("/desk/first").text
    owner.follow(owner.post("/desk/first", {"do": "begin"}))
    settled(stage)
    assert "Writing has begun" in owner.get("/desk/first").text


def test_the_first_syncs_page_lists_payments_credit_notes_and_trust_transactions() -> None:
    stage, owner = a_firm_before_its_first_sync()
    trust.choose(stage)
    stage.world.clio_box.people.record_payment({"1043": 5000}, on="2026-02-21")
    stage.world.clio_box.people.issue_credit("1046", 2500)
    owner.get("/desk/first")
    owner.post("/desk/first", {"do": "read"})
    settled(stage)
    page = owner.get("/desk/first?show=payments&only=needs")
    for words in ("See each payment", "Recorded in Clio", "Bill 1043", "Bill 1043 is still to be answered", "Waits: 1"):
        assert words in page.text
    credits = owner.get("/desk/first?show=credits").text
    assert "Credit note CN-" in credits and "Bill 1046" in credits and "Posted: " in credits
    assert "Journal entry T-" in owner.get("/desk/first?show=trust").text
    assert owner.get("/desk/first?show=other").status == 200
    assert "There is nothing here" in owner.get("/desk/first?show=credits&page=99").text


def test_a_wrong_answer_is_refused_on_the_page() -> None:
    stage, owner = a_firm_before_its_first_sync()
    owner.get("/desk/first")
    owner.post("/desk/first", {"do": "read"})
    settled(stage)
    answer = owner.post(
        "/desk/first", {"do": "link:1", "show": "clients", "row": "no such", "page": "x", "back": "//evil"}
    )
    assert "not on the list any more" in answer.text
    assert owner.get("/desk/first?page=999").status == 200
    assert owner.get("/desk/first?page=%C2%B2").status == 200
    for where in ("/desk/first.example", "/desk/first?show=bills&note=x", "//evil"):
        assert owner.post("/desk/first", {"do": "exact", "back": where}).location.endswith("/desk/first")
    page = "/desk/first?show=clients&only=needs&page=3"
    assert owner.post("/desk/first", {"do": "exact", "back": page}).location.endswith(page)


def test_whoever_says_otherwise_about_a_client_is_told_when_its_bills_follow() -> None:
    stage, owner = a_firm_before_its_first_sync()
    owner.get("/desk/first")
    owner.post("/desk/first", {"do": "read"})
    settled(stage)
    assert "compared again" not in owner.get("/desk/first?show=bills").text
    say(stage, "clients", "Ada Example", "new")
    assert "compared again" in owner.get("/desk/first?show=bills").text
    listed = owner.get("/desk/first?show=clients").text
    assert "compared again" not in listed and "Your choice: create as “Ada Example (Clio " in listed


def test_a_program_reads_the_plan_and_answers() -> None:
    program = a_program()
    assert program.get("/first-sync").status == 404
    unmatch(program.stage)
    assert program.post("/first-sync").status == 202
    settled(program.stage)
    plan = program.get("/first-sync").json
    assert set(plan) == set(DOCUMENT["components"]["schemas"]["FirstSync"]["properties"])
    listed = program.get("/first-sync/clients?page=0").json
    assert set(listed["rows"][0]) == set(DOCUMENT["components"]["schemas"]["FirstRow"]["properties"])
    assert program.get("/first-sync/clients?page=%C2%B2").json == listed
    assert program.get("/first-sync/other").status == 404
    assert program.post("/first-sync/payments/answer", {"page": 0, "id": "1", "choice": "new"}).status == 404
    money = program.get("/first-sync/payments").json["rows"]
    assert [len(money), sum(r["cents"] for r in money)] == plan["payments"]
    assert program.get("/first-sync/credits").status == program.get("/first-sync/trust").status == 200
    asked = [r for r in listed["rows"] if r["needs"]]
    for r in asked[:1]:
        told = {"page": listed["page"], "id": r["id"], "choice": "new"}
        assert program.post("/first-sync/clients/answer", told).status == 200
    assert program.post("/first-sync/confirm-exact").status == 200
    assert program.post("/first-sync/create-rest").status == 200
    assert program.get("/first-sync").json["clients"]["needs"] == 0
    assert program.post("/first-sync/begin").status in (202, 422)


# --- the comparison of the books --------------------------------------------------------------------------------------


def test_the_books_show_totals_and_earlier_comparisons() -> None:
    stage, owner = a_firm_with_pages()
    owner.get("/desk/books")
    owner.post("/desk/books", {})
    stage.pass_time(1, minutes=4)
    page = owner.get("/desk/books")
    assert "By total" in page.text
    assert "Earlier comparisons" in page.text
    kept = compared.history(stage.world, stage.firm)[0]
    old = owner.get(f"/desk/books/{kept.id}")
    assert "The books as of" in old.text
    assert "Compare now" not in old.text
    assert owner.get("/desk/books/none").status == 404


def test_a_program_reads_the_history() -> None:
    program = a_program()
    program.post("/reconciliations")
    program.stage.pass_time(1, minutes=4)
    line = program.get("/reconciliations").json["items"][0]
    assert set(line) == set(DOCUMENT["components"]["schemas"]["Comparison"]["properties"])
    told = program.get(f"/reconciliations/{line['id']}").json
    assert told["checked"] == line["checked"]
    assert program.get("/reconciliations/none").status == 404
    assert set(told) == set(DOCUMENT["components"]["schemas"]["Drift"]["properties"])
