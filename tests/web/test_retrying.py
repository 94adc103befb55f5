"""Trying all of one cause again: the page that says what happens, the press, how far it is, and the same by the API."""

from __future__ import annotations

import pytest

from chalicelib.flow import attention, retrying
from tests.flow import acts
from tests.flow.test_staying import close, reopen
from tests.web.test_api import Program
from tests.web.visit import Visitor, a_firm_with_pages
from tests.world import Stage

NUMBERS = ("1046", "1047")
HERE = "/desk/attention/again"


def a_closed_period() -> tuple[Stage, Visitor, str]:
    stage, owner = a_firm_with_pages()
    if not acts.payables(stage):
        stage.resync()
    close(stage)
    for n in NUMBERS:
        stage.world.clio_box.people.edit_bill(n, total=70000 + int(n))
    acts.poll(stage)
    reopen(stage)
    [group] = [g for g in retrying.of(stage.world, stage.firm) if "closed for this date" in g.cause]
    return stage, owner, group.id


def written(stage: Stage) -> bool:
    return all(acts.cents(acts.invoice(stage, n)["TotalAmt"]) == 70000 + int(n) for n in NUMBERS)


def test_the_lists_offer_it_and_the_page_says_how_many_and_what_happens() -> None:
    stage, owner, cause = a_closed_period()
    for path in ("/desk/attention", "/desk/sync"):
        page = owner.get(path)
        assert "Try all 3 again" in page.text and f"{HERE}?cause={cause}" in page.html
    text = owner.get(f"{HERE}?cause={cause}").text
    assert "Try all 3 steps again" in text and "2 invoices, 1 credit note wait for this" in text
    assert "Nothing is written or sent twice" in text and "set an earlier closing date" in text
    stage.pass_time(1, minutes=5)
    assert not written(stage), "a link changes nothing"


def test_where_more_may_wait_than_were_counted_the_button_names_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    _, owner, cause = a_closed_period()
    monkeypatch.setattr(attention, "PAGES", 0)
    text = owner.get(f"{HERE}?cause={cause}").text
    assert "Try at least 3 steps again" in text and "Try all again" in text and "Try all 3" not in text


def test_a_cause_that_is_none_is_answered_in_words() -> None:
    _, owner, cause = a_closed_period()
    owner.get(f"{HERE}?cause={cause}")
    for odd in ("", "x" * 3000):
        assert "already settled" in owner.post(HERE, {"cause": odd}).text


def test_pressed_it_shows_how_far_it_is_and_is_done() -> None:
    stage, owner, cause = a_closed_period()
    owner.get(f"{HERE}?cause={cause}")
    page = owner.follow(owner.post(HERE, {"cause": cause, "back": "/desk/sync"}))
    assert "They are being tried again" in page.text and "0 of 3" in page.text
    assert "Try all 3 again" not in page.text, "what is under way is not offered"
    assert "0 of 3" in owner.get("/desk/attention").text
    stage.pass_time(2, minutes=2)
    assert written(stage)
    assert "3 steps tried again" in owner.get("/desk/sync").text
    assert "already settled" in owner.get(f"{HERE}?cause={cause}").text
    assert "already settled" in owner.post(HERE, {"cause": cause}).text


def test_a_program_does_so_too() -> None:
    stage, _, cause = a_closed_period()
    program = Program(stage)
    told = program.get("/attention/causes").json
    [group] = [g for g in told["items"] if g["id"] == cause]
    assert (group["count"], group["kinds"], told["tries"]) == (3, [["invoice", 2], ["credit note", 1]], [])
    begun = program.post(f"/attention/causes/{cause}/retry")
    assert (begun.status, begun.json["asked"], begun.json["tried"]) == (202, 3, 0)
    assert program.post(f"/attention/causes/{cause}/retry").json["started_at"] == begun.json["started_at"]
    stage.pass_time(2, minutes=2)
    assert written(stage)
    [run] = program.get("/attention/causes").json["tries"]
    assert (run["tried"], bool(run["finished_at"])) == (3, True)
    assert program.get("/sync").json["tries"] == [run]
    assert program.post(f"/attention/causes/{cause}/retry").status == 422


def test_nobody_tries_again_what_is_another_firms() -> None:
    stage, _, cause = a_closed_period()
    other = Program(stage, token="nobody")
    assert other.post(f"/attention/causes/{cause}/retry").status == 401
