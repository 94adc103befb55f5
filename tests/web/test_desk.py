"""The firm's pages by hand, without JavaScript: what a bookkeeper reads, and what each button does."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import states, views
from tests.flow import acts
from tests.web.visit import Visitor, a_firm_with_pages, a_seeded_world
from tests.world import Stage, connect

PAGES = [
    "/desk",
    "/desk/invoices",
    "/desk/invoices?tab=reminding",
    "/desk/invoices?tab=paid&size=50",
    "/desk/invoices?tab=attention",
    "/desk/sets",
    "/desk/sets/new",
    "/desk/sets/new?from=friendly",
    "/desk/contacts",
    "/desk/contacts?standing=linked&size=50",
    "/desk/contacts?standing=conflict",
    "/desk/contacts?standing=unlinked",
    "/desk/attention",
    "/desk/record",
    "/desk/payments",
    "/desk/books",
    "/desk/settings",
]


def an_open_invoice(stage: Stage) -> views.Row:
    rows = views.invoices(stage.world, stage.firm, "open", None, 50).rows
    return next(r for r in rows if r.open and r.kind == "invoice" and r.status.tone in ("plain", "late"))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_within_its_size(path: str) -> None:
    _, visitor = a_firm_with_pages()
    page = visitor.get(path)
    assert page.status == 200
    assert len(page.html) < 100_000


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_the_desk_who_is_not_signed_in(path: str) -> None:
    page = Visitor(a_seeded_world()).get(path)
    assert (page.status, page.location) == (303, "/")


def test_a_firm_that_has_nothing_yet_is_told_what_will_be_here() -> None:
    world = a_seeded_world()
    stage = connect(world)
    visitor = Visitor(world).sign_in(stage.firm)
    assert "Approved bills from Clio appear here" in visitor.get("/desk/invoices").text
    assert "Nothing needs you" in visitor.get("/desk/attention").text


def test_the_start_page_never_says_that_nothing_needs_a_person_while_something_does() -> None:
    _, visitor = a_firm_with_pages()
    text = visitor.get("/desk").text
    assert "Nothing needs you" not in text
    assert "cannot go on without you" in text


def test_an_invoice_of_another_firm_is_not_shown() -> None:
    stage, visitor = a_firm_with_pages()
    row = an_open_invoice(stage)
    other = Visitor(visitor.world).sign_in("us-someone-else")
    assert other.get(f"/desk/invoices/{row.id}").status in (404, 422)


def test_a_list_with_an_unknown_tab_gets_a_sentence() -> None:
    _, visitor = a_firm_with_pages()
    page = visitor.get("/desk/invoices?tab=secret")
    assert page.status == 422
    assert "There is no such list" in page.text


def test_resync_leads_to_its_progress_and_from_there_back_to_the_list() -> None:
    stage, visitor = a_firm_with_pages()
    visitor.get("/desk/invoices")
    running = visitor.follow(visitor.post("/desk/resync", {}))
    assert "Resync is running" in running.text
    assert 'http-equiv="refresh"' in running.html
    stage.work()
    stage.world.clock.move(minutes=2)  # a first sync may use up a minute's calls at Clio
    path = visitor.post("/desk/resync", {}).location
    stage.work()
    finished = visitor.get(path)
    assert "Resync finished" in finished.text
    assert "Reload the list of invoices" in finished.text
    assert 'http-equiv="refresh"' not in finished.html


def test_ticking_invoices_and_starting_a_collection_moves_them_to_active_reminders() -> None:
    stage, visitor = a_firm_with_pages()
    row = an_open_invoice(stage)
    visitor.get("/desk/invoices")
    chosen = visitor.follow(visitor.post("/desk/invoices/chosen", {"id": [row.id], "do": "collect"}))
    assert "about 1 invoice over" in chosen.text
    reminding = visitor.follow(visitor.post("/desk/collect", {"ids": row.id, "set": "friendly"}))
    assert "Reminders are started for 1 invoice" in reminding.text
    assert f"/desk/invoices/{row.id}" in reminding.html


def test_stopping_reminders_brings_the_invoice_back_to_open() -> None:
    stage, visitor = a_firm_with_pages()
    row = an_open_invoice(stage)
    visitor.get("/desk/invoices")
    visitor.post("/desk/collect", {"ids": row.id, "set": "friendly"})
    open_ = visitor.follow(visitor.post("/desk/invoices/chosen", {"id": [row.id], "do": "stop"}))
    assert "Reminders are stopped for 1 invoice" in open_.text
    assert f'value="{row.id}"' in open_.html


def test_choosing_nothing_says_what_to_do() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/invoices")
    page = visitor.post("/desk/invoices/chosen", {"do": "collect"})
    assert (page.status, "Tick at least one invoice" in page.text) == (422, True)


def test_a_post_without_the_token_changes_nothing() -> None:
    stage, visitor = a_firm_with_pages()
    row = an_open_invoice(stage)
    visitor.get("/desk/invoices")
    page = visitor.post("/desk/collect", {"ids": row.id, "set": "friendly"}, csrf="wrong")
    assert page.status == 403
    assert an_open_invoice(stage).id == row.id


# --- reminder sets ----------------------------------------------------------------------------------------------------

ONE_MAIL = {"days": ["7"], "when": ["after"], "subject": ["About {{invoice_number}}"], "body": ["Dear {{client_name}}"]}


def test_a_set_is_saved_and_listed() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/sets/new")
    saved = visitor.follow(visitor.post("/desk/sets", {"name": "Ours", "do": "save", "set": "", **ONE_MAIL}))
    assert "The reminder set is saved" in saved.text
    assert "7 days after: About {{invoice_number}}" in saved.text


def test_what_was_typed_is_kept_when_a_set_cannot_be_saved() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/sets/new")
    page = visitor.post("/desk/sets", {"name": "", "do": "save", "set": "", **ONE_MAIL})
    assert "Give the reminder set a name" in page.text
    assert "Dear {{client_name}}" in page.html


def test_the_preview_fills_the_fields() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/sets/new")
    page = visitor.post("/desk/sets", {"name": "Ours", "do": "preview", "set": "", **ONE_MAIL})
    assert "About 1042" in page.text
    assert "Dear Maria Jensen" in page.text


def test_an_e_mail_is_added_and_removed_without_losing_the_others() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/sets/new")
    more = visitor.post("/desk/sets", {"name": "Ours", "do": "add", "set": "", **ONE_MAIL})
    assert more.html.count('name="subject"') == 2
    two = {k: v * 2 for k, v in ONE_MAIL.items()}
    less = visitor.post("/desk/sets", {"name": "Ours", "do": "remove-1", "set": "", **two})
    assert less.html.count('name="subject"') == 1


def test_what_a_firm_writes_is_shown_as_text() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/sets/new")
    evil = {**ONE_MAIL, "body": ["<img src=x onerror=alert(1)>{{client_name}}"]}
    page = visitor.post("/desk/sets", {"name": "<b>", "do": "preview", "set": "", **evil})
    assert "<img" not in page.html


# --- attention, money, settings ---------------------------------------------------------------------------------------


def test_a_choice_about_a_parked_customer_is_carried_out() -> None:
    stage, visitor = a_firm_with_pages()
    items = views.attention(stage.world, stage.firm).items
    item = next(i for i in items if any(a.choice == "suffix" for a in i.actions))
    visitor.get("/desk/attention")
    again = visitor.follow(visitor.post("/desk/attention", {"key": item.key, "do": "retry", "choice": "suffix"}))
    assert "It is being tried again" in again.text
    stage.resync()
    assert item.key not in {i.key for i in views.attention(stage.world, stage.firm).items}


def test_a_key_of_another_firm_is_refused() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/attention")
    page = visitor.post("/desk/attention", {"key": "us-other/task/x", "do": "done"})
    assert page.status == 422


def test_a_form_cannot_send_a_person_to_another_site() -> None:
    stage, visitor = a_firm_with_pages()
    item = next(i for i in views.attention(stage.world, stage.firm).items if any(a.do == "retry" for a in i.actions))
    visitor.get("/desk/attention")
    page = visitor.post("/desk/attention", {"key": item.key, "do": "retry", "back": "//evil.example"})
    assert page.location.startswith("/desk/attention")


def test_comparing_the_books_shows_the_result() -> None:
    stage, visitor = a_firm_with_pages()
    visitor.get("/desk/books")
    visitor.post("/desk/books", {})
    stage.work()
    assert "compared" in visitor.get("/desk/books").text


def test_only_an_owner_switches_how_clio_learns_of_payments() -> None:
    stage, visitor = a_firm_with_pages()
    staff = Visitor(visitor.world).sign_in(stage.firm, owner=False)
    staff.get("/desk/settings")
    assert staff.post("/desk/settings/mark-paid", {"on": "yes"}).status == 422
    visitor.get("/desk/settings")
    visitor.post("/desk/settings/mark-paid", {"on": "yes"})
    firm = states.decode(Kind.FIRM, stage.world.store.load(Ref(stage.firm, Kind.FIRM, stage.firm)).body)
    assert firm.mark_paid is True


def test_a_key_is_shown_once() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/settings")
    made = visitor.post("/desk/settings/keys", {"name": "Report"})
    assert "fs_" in made.text
    again = visitor.get("/desk/settings").text
    assert "Report" in again
    assert "fs_" not in again


def test_the_setup_shows_its_steps_in_order() -> None:
    world = a_seeded_world()
    stage = connect(world)
    text = Visitor(world).sign_in(stage.firm).get("/setup").text
    assert text.index("Confirm your firm") < text.index("Connect QuickBooks") < text.index("Go through the first sync")


def test_a_pay_link_can_be_made_to_copy_and_all_can_be_made_useless() -> None:
    stage, visitor = a_firm_with_pages()
    stage.resync()
    payable = next(iter(stage.world.store.listed(f"{stage.firm}/payables/open", limit=1).items)).ref.id
    visitor.get(f"/desk/invoices/{payable}")
    made = visitor.post(f"/desk/invoices/{payable}/links", {"do": "new"})
    token = re.search(r"/pay/([\w-]+)", made.text)
    assert token is not None
    assert visitor.get(f"/pay/{token[1]}").status == 200
    visitor.get(f"/desk/invoices/{payable}")
    visitor.follow(visitor.post(f"/desk/invoices/{payable}/links", {"do": "revoke"}))
    assert visitor.get(f"/pay/{token[1]}").status == 404


def test_the_page_says_what_becomes_of_links_that_are_made_useless() -> None:
    stage, visitor = a_firm_with_pages()
    stage.resync()
    pages = {n: visitor.get(f"/desk/invoices/{acts.payable(stage, n).id}").text for n in ("1046", "1080")}
    assert "the link on the invoice in QuickBooks is replaced, or taken off" in pages["1046"]
    assert "a new link is written into the bill’s memo if your settings wish one there" in pages["1046"]
    assert "a new link is written into the request’s memo in Clio if your settings wish one there" in pages["1080"]
    assert "the link on the invoice in QuickBooks" not in pages["1080"]


# --- numbers in an address or a form ----------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["²", "9" * 5000, "-1", "x", ""])
@pytest.mark.parametrize("path", ["/desk/invoices?size=", "/desk/contacts?size=", "/desk/invoices?note=started&n="])
def test_a_number_in_the_address_that_is_none_is_left_out(path: str, odd: str) -> None:
    _, visitor = a_firm_with_pages()
    assert visitor.get(path + quote(odd)).status == 200


def test_days_that_are_no_number_are_asked_for_again() -> None:
    _, visitor = a_firm_with_pages()
    visitor.get("/desk/sets/new")
    page = visitor.post("/desk/sets", {"name": "Ours", "do": "save", "set": "", **ONE_MAIL, "days": ["²"]})
    assert "Give the days as a whole number" in page.text
