"""The API of the accounts and items in QuickBooks: as on the setup page, with the same refusals, for owners."""

from __future__ import annotations

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import states
from tests.web.test_api import Program
from tests.web.visit import Visitor, a_firm_with_pages
from tests.world import Stage

HERE = "/accounts"


def chosen(stage: Stage) -> dict[str, str]:
    held = stage.world.store.load(Ref(stage.firm, Kind.FIRM, stage.firm))
    found: dict[str, str] = states.encode(states.decode(Kind.FIRM, held.body).accounts)
    return found


def test_what_is_offered_and_chosen_is_shown() -> None:
    stage, _ = a_firm_with_pages()
    shown = Program(stage).get(HERE)
    assert shown.status == 200
    assert shown.json["chosen"] == chosen(stage)
    assert shown.json["chosen"]["clearing"] in [a["id"] for a in shown.json["clearing"]]
    assert shown.json["chosen"]["services"] in [id for id, _ in shown.json["items"]]
    assert shown.json["discounts"]


def test_accounts_are_chosen_as_on_the_page() -> None:
    stage, _ = a_firm_with_pages()
    program = Program(stage)
    offered = program.get(HERE).json
    item = next(id for id, _ in offered["items"] if id != offered["chosen"]["services"])
    other = next(a for a in offered["clearing"] if a["id"] != offered["chosen"]["clearing"])
    answer = program.ask("PUT", HERE, {"clearing": other["id"], "services": item, "interest": "no such item"})
    assert answer.status == 200
    assert answer.json["chosen"] == chosen(stage)
    now = chosen(stage)
    assert (now["clearing"], now["clearing_name"]) == (other["id"], other["name"])
    assert {now[n] for n in ("services", "expenses", "interest", "tax", "credit")} == {item}
    assert now["discount"] == ""


def test_what_is_not_offered_is_refused_in_the_words_of_the_page() -> None:
    stage, _ = a_firm_with_pages()
    program, before = Program(stage), chosen(stage)
    services = before["services"]
    refused = program.ask("PUT", HERE, {"clearing": "9999", "services": services})
    assert (refused.status, refused.json["detail"]) == (422, "Choose the account that payments are recorded in.")
    refused = program.ask("PUT", HERE, {"clearing": before["clearing"], "services": ""})
    assert refused.status == 422 and "Choose the item" in refused.json["detail"]
    assert program.ask("PUT", HERE, {"clearing": 7}).status in (400, 422)
    assert chosen(stage) == before


def test_a_program_has_this_from_an_owner_only() -> None:
    stage, visitor = a_firm_with_pages()
    staff = Visitor(visitor.world).sign_in(stage.firm, owner=False)
    staff.get("/desk/settings")
    assert staff.post("/desk/settings/keys", {"name": "mine"}).status in (403, 422)
    assert Program(stage, token="made-up").ask("PUT", HERE, {}).status == 401
