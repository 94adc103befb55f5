"""Trust in the JSON API: what the pages have, for programs."""

from __future__ import annotations

import pytest

from chalicelib.domain.statement import months_until
from chalicelib.flow import trust_check
from tests.flow import trust_acts as trust
from tests.flow.test_trust_other_accounts import another
from tests.web.test_api import DOCUMENT, Program
from tests.web.visit import a_firm_with_pages


@pytest.fixture(scope="module")
def program() -> Program:
    stage, _ = a_firm_with_pages()
    trust_check.start(stage.world, stage.firm)
    stage.pass_time(1, minutes=5)
    return Program(stage)


def test_a_month_from_choosing_the_accounts_to_its_sign_off(program: Program) -> None:
    stage = program.stage
    account, month = trust.account(stage), months_until(stage.world.now().date().isoformat()[:7], 2)[1]
    offered = program.get("/trust/settings").json
    assert [a["id"] for a in offered["accounts"]] == [account]
    chosen = {
        "banks": [{"account": b["clio"], "book": b["book"]} for b in offered["chosen"]["banks"]],
        "liability": offered["chosen"]["liability"],
        "sub_accounts": False,
    }
    assert program.ask("PUT", "/trust/settings", chosen).status == 200
    assert program.post("/trust/checks").status == 202
    stage.pass_time(1, minutes=8)
    shown = program.get("/trust").json
    assert (shown["agree"], shown["accounts"][0]["agrees"]) == (True, True)
    here = f"/trust/accounts/{account}"
    [row] = program.get(f"{here}/ledgers").json["items"]
    assert row["cents"] == shown["held"]
    assert [e["state"] for e in program.get(f"{here}/ledgers/{row['client']}").json["items"]] == ["written"] * 2
    where = f"{here}/reconciliations/{month}"
    told = program.get(where).json
    assert set(told) == set(DOCUMENT["components"]["schemas"]["TrustReconciliation"]["properties"])
    journal = told["journal"]
    statement = {
        "ending": journal - 5,
        "deposits": [{"cents": 5, "text": "Counter", "on": f"{month}-27"}],
        "checks": [],
    }
    entered = program.ask("PUT", where, statement).json
    assert (entered["agree"], entered["may_sign"]) == (True, True)
    assert program.ask("POST", f"{where}/sign", {"mark": "of another day"}).status == 422
    signed = program.ask("POST", f"{where}/sign", {"mark": entered["mark"]}).json
    assert signed["statement"]["signed"]["by"] == "API key test"
    assert program.get(f"{here}/reconciliations").json["items"][0]["state"] == "signed"
    assert program.ask("PUT", where, statement).status == 422
    assert program.post(f"{where}/reopen").json["statement"]["signed"] is None
    before = program.get(f"{where}/signed/1").json
    assert (before["journal"], before["lines"]) == (signed["journal"], signed["lines"])
    assert before["statement"]["signed"] == signed["statement"]["signed"]
    assert program.get(f"{where}/signed/2").status == 404


def test_what_is_not_there_is_not_found_and_what_cannot_be_read_is_said(program: Program) -> None:
    account = trust.account(program.stage)
    for path in ("/trust/accounts/1/ledgers", f"/trust/accounts/{account}/reconciliations/2026-13"):
        assert program.get(path).status == 404
    month = months_until(program.stage.world.now().date().isoformat()[:7], 3)[2]
    where = f"/trust/accounts/{account}/reconciliations/{month}"
    soon = [{"cents": 1, "on": "soon"}]
    for bad in (
        {},
        {"ending": "x"},
        {"ending": 1, "deposits": soon, "checks": []},
        {"ending": 1, "deposits": [], "checks": [], "cleared_checks": soon},
    ):
        assert program.ask("PUT", where, bad).status == 400


def test_what_the_last_sign_off_hands_on_is_told_and_answered() -> None:
    program = program_with_accounts()
    account = trust.account(program.stage)
    last, month = months_until(program.stage.world.now().date().isoformat()[:7], 3)[:0:-1]
    before, where = (f"/trust/accounts/{account}/reconciliations/{m}" for m in (last, month))
    out, cleared = ({"text": text, "cents": 5, "on": f"{last}-03"} for text in ("101", "102"))
    ending = program.get(before).json["journal"] + 10
    assert program.get(before).json["offered"] == {"since": None, "offers": [], "other": False}
    program.ask("PUT", before, {"ending": ending, "deposits": [], "checks": [out, cleared]})
    assert program.post(f"{before}/sign").status == 200
    statement = {"ending": program.get(where).json["journal"] + 5, "deposits": [], "checks": [out]}
    shown = program.ask("PUT", where, statement).json
    assert [(o["item"]["text"], o["answer"]) for o in shown["offered"]["offers"]] == [("101", "out"), ("102", "")]
    assert (shown["agree"], shown["may_sign"]) == (True, False)
    assert program.ask("POST", f"{where}/sign", {}).status == 422
    assert program.ask("PUT", where, {**statement, "cleared_deposits": [cleared]}).status == 422
    shown = program.ask("PUT", where, {**statement, "cleared_checks": [cleared]}).json
    assert shown["may_sign"]
    assert program.ask("POST", f"{where}/sign", {"mark": shown["mark"]}).status == 200


def test_accounts_chosen_before_are_counted_until_a_program_says_otherwise() -> None:
    program = program_with_accounts()
    stage = program.stage
    wanted = {
        "banks": [{"account": trust.account(stage), "book": another(stage, "TrustAccounts", "New IOLTA")["Id"]}],
        "liability": another(stage, "TrustAccountsLiabilities", "New Liability")["Id"],
        "sub_accounts": False,
    }
    chosen = program.ask("PUT", "/trust/settings", wanted).json["chosen"]
    assert (len(chosen["earlier"]), len(chosen["earlier_liabilities"])) == (1, 1)
    stage.pass_time(1, minutes=8)
    assert program.get("/trust").json["agree"]
    apart = [chosen["earlier"][0]["book"], chosen["earlier_liabilities"][0][0]]
    now = program.ask("PUT", "/trust/settings", {**wanted, "apart": apart}).json["chosen"]
    assert (now["earlier"], now["earlier_liabilities"]) == ([], [])
    assert program.ask("PUT", "/trust/settings", {**wanted, "apart": [7]}).status == 400


def program_with_accounts() -> Program:
    stage, _ = a_firm_with_pages()
    trust_check.start(stage.world, stage.firm)
    stage.pass_time(1, minutes=5)
    trust.choose(stage)
    return Program(stage)
