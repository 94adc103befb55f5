"""The daily digest on the settings page and in the API: to whom, what it tells, and that it stops."""

from __future__ import annotations

import pytest

from chalicelib.flow import digesting, mailing
from tests.web.test_api import DOCUMENT, a_program
from tests.web.visit import Visitor, a_firm_with_pages

TO = "books@hartwell.example"


def test_an_owner_switches_it_on_and_stops_it() -> None:
    stage, owner = a_firm_with_pages()
    assert "Nobody is told of this by e-mail" in owner.get("/desk/sync").text
    page = owner.get("/desk/settings")
    assert 'value="olivia@hartwell.example"' in page.html, "the owner's address is proposed"
    done = owner.follow(owner.post("/desk/settings/digest", {"on": "yes", "to": TO, "which": "broken"}))
    assert "The daily digest is on." in done.text
    assert f"to {TO}, with broken links and lost connections only" in done.text
    assert f"{TO} gets an e-mail in the morning" in owner.get("/desk/sync").text
    done = owner.follow(owner.post("/desk/settings/digest", {"on": "no", "to": TO, "which": "broken"}))
    assert "The daily digest is off." in done.text
    assert not digesting.shown(stage.world, stage.firm).on
    assert "Nobody is told by e-mail until an owner switches it on here" in owner.get("/desk/settings").text


def test_opening_the_link_in_the_mail_changes_nothing() -> None:
    stage, owner = a_firm_with_pages()
    owner.get("/desk/settings")
    owner.post("/desk/settings/digest", {"on": "yes", "to": TO, "which": "all"})
    before = digesting.shown(stage.world, stage.firm)
    owner.get("/desk/settings?on=no#digest")
    assert digesting.shown(stage.world, stage.firm) == before
    assert Visitor(owner.world).get("/desk/settings").status in (303, 401), "it asks for a sign-in"
    assert owner.post("/desk/settings/digest", {"on": "no"}, csrf="wrong").status == 403


def test_an_address_that_cannot_be_one_is_refused_with_what_to_give() -> None:
    _, owner = a_firm_with_pages()
    owner.get("/desk/settings")
    answer = owner.post("/desk/settings/digest", {"on": "yes", "to": "office", "which": "all"})
    assert answer.status == 422 and "Give the e-mail address" in answer.text


def test_staff_may_stop_it_and_no_more() -> None:
    stage, owner = a_firm_with_pages()
    owner.get("/desk/settings")
    owner.post("/desk/settings/digest", {"on": "yes", "to": TO, "which": "all"})
    staff = Visitor(owner.world).sign_in(stage.firm, owner=False)
    assert "Stop the daily digest" in staff.get("/desk/settings").text
    refused = staff.post("/desk/settings/digest", {"on": "yes", "to": "me@else.example", "which": "all"})
    assert refused.status == 422 and digesting.shown(stage.world, stage.firm).to == TO
    staff.get("/desk/settings")
    staff.post("/desk/settings/digest", {"on": "no", "to": TO, "which": "all"})
    assert not digesting.shown(stage.world, stage.firm).on


def test_one_that_came_back_is_said_on_the_page() -> None:
    stage, visitor = a_firm_with_pages()
    digesting.choose(stage.world, stage.firm, on=True, to=TO, which="all", by="Olivia")
    stage.pass_time(60, hours=30)
    owner = Visitor(visitor.world).sign_in(stage.firm)
    assert "The last one went out" in owner.get("/desk/settings").text
    mailing.event_seen(stage.world, f"{stage.firm}--digest-1", "bounce")
    text = owner.get("/desk/settings").text
    assert f"The daily digest to {TO} came back as undeliverable. So it was switched off." in text
    assert "and came back" in text
    assert "The daily digest is switched off" in owner.get("/desk/attention").text


def test_a_program_reads_and_changes_it() -> None:
    program = a_program()
    told = program.get("/digest").json
    assert set(told) == set(DOCUMENT["components"]["schemas"]["Digest"]["properties"])
    assert (told["on"], told["to"]) == (False, "olivia@hartwell.example")
    told = program.ask("PUT", "/digest", {"on": True, "to": TO}).json
    assert (told["on"], told["to"], told["which"]) == (True, TO, "all") and told["next_at"]
    told = program.ask("PUT", "/digest", {"on": True, "which": "broken"}).json
    assert (told["to"], told["which"]) == (TO, "broken")
    assert program.ask("PUT", "/digest", {"on": False}).json["on"] is False


@pytest.mark.parametrize(
    "body",
    [{"on": True, "to": "office"}, {"on": True, "which": "some"}, {"on": "yes"}, {}, {"on": True, "to": 5}],
)
def test_a_program_hears_what_is_wrong_with_its_request(body: dict[str, object]) -> None:
    answer = a_program().ask("PUT", "/digest", body)
    assert answer.status in (400, 422)
    assert answer.header("Content-Type") == "application/problem+json"
