"""Trust pages by hand, without JavaScript: from choosing the accounts to a month that is signed off."""

from __future__ import annotations

import re
from datetime import date

from chalicelib.domain.statement import Outstanding, months_until
from chalicelib.flow import trust_check, trust_report, trust_setup
from tests.flow import trust_acts as trust
from tests.flow.test_trust_other_accounts import another
from tests.web.visit import Visitor, a_firm_with_pages
from tests.world import Stage


def a_checked_firm() -> tuple[Stage, Visitor]:
    stage, visitor = a_firm_with_pages()
    trust_check.start(stage.world, stage.firm)
    stage.pass_time(1, minutes=5)
    return stage, visitor


def choose(stage: Stage, visitor: Visitor) -> None:
    bank, liability = trust.book(stage, "TrustAccounts")["Id"], trust.book(stage, "TrustAccountsLiabilities")["Id"]
    visitor.get("/desk/trust/settings")
    form = {f"bank-{trust.account(stage)}": bank, "liability": liability, "start_on": ""}
    assert visitor.post("/desk/trust/settings", form).status == 303
    stage.pass_time(1, minutes=8)


def a_month(stage: Stage) -> str:
    return months_until(stage.world.now().date().isoformat()[:7], 2)[1]


def test_before_anything_is_compared_the_page_says_what_will_be_here() -> None:
    _, visitor = a_firm_with_pages()
    assert "Not compared yet" in visitor.get("/desk/trust").text
    assert visitor.post("/desk/trust", {}).status == 303


def test_choosing_the_accounts_leads_to_books_that_agree() -> None:
    stage, visitor = a_checked_firm()
    assert "Choose the accounts" in visitor.get("/desk/trust").text
    shown = visitor.get("/desk/trust/settings")
    assert "IOLTA Trust Account" in shown.text
    assert "Client Trust Liability" in shown.text
    choose(stage, visitor)
    assert "The three agree as of" in visitor.get("/desk/trust").text


def test_accounts_chosen_before_are_counted_until_the_tick_is_taken_away() -> None:
    stage, visitor = a_checked_firm()
    choose(stage, visitor)
    assert "Accounts chosen before" not in visitor.get("/desk/trust/settings").text
    bank = another(stage, "TrustAccounts", "New IOLTA")["Id"]
    liability = another(stage, "TrustAccountsLiabilities", "New Trust Liability")["Id"]
    form = {f"bank-{trust.account(stage)}": bank, "liability": liability, "start_on": ""}
    visitor.post("/desk/trust/settings", form)
    stage.pass_time(1, minutes=8)
    page = visitor.get("/desk/trust/settings")
    assert "Accounts chosen before" in page.text
    assert "Count what “Client Trust Liability” holds" in page.text
    assert "The three agree as of" in visitor.get("/desk/trust").text
    old = trust_setup.choices(stage.world, stage.firm).chosen
    ids = [old.earlier[0].book, old.earlier_liabilities[0][0]]
    visitor.post("/desk/trust/settings", {**form, "earlier": ids, "counted": ids[:1]})
    now = trust_setup.choices(stage.world, stage.firm).chosen
    assert ([b.book for b in now.earlier], now.earlier_liabilities) == (ids[:1], ())


def test_a_choice_that_mixes_accounts_gets_a_sentence() -> None:
    stage, visitor = a_checked_firm()
    liability = trust.book(stage, "TrustAccountsLiabilities")["Id"]
    account = f"bank-{trust.account(stage)}"
    visitor.get("/desk/trust/settings")
    for form, said in (
        ({account: "", "liability": liability}, "at least one trust account"),
        ({account: "999", "liability": liability}, "from the list"),
        ({account: "", "liability": "999"}, "liability account"),
        ({account: "", "liability": liability, "start_on": "soon"}, "year, month and day"),
    ):
        page = visitor.post("/desk/trust/settings", form)
        assert page.status == 422
        assert said in page.text


def test_an_account_shows_each_clients_ledger_and_its_entries() -> None:
    stage, visitor = a_checked_firm()
    page = visitor.get(f"/desk/trust/account/{trust.account(stage)}")
    assert "Delia Marsh" in page.text
    assert "Next: the month end of" in page.text and "Reconcile it" in page.text
    client = trust.ledgers(stage)["Delia Marsh"].client
    ledger = visitor.get(f"/desk/trust/account/{trust.account(stage)}/ledger/{client}")
    assert "Paid from trust" in ledger.text
    assert "Waits" in ledger.text


def test_a_matter_below_zero_is_told_on_each_page_that_shows_its_client() -> None:
    stage, visitor = a_checked_firm()
    account, client = trust.account(stage), trust.ledgers(stage)["Delia Marsh"].client
    other = next(m.id for m in stage.world.clio_box.state.rows["matters"].values() if "Marsh" not in m.display_number)
    trust.move(stage, "Delia Marsh", -100, matter=other)
    here = f"/desk/trust/account/{account}"
    assert "A matter below zero" in visitor.get(here).text
    assert "A matter of this client is below zero" in visitor.get(f"{here}/ledger/{client}").text
    page = visitor.get("/desk/attention")
    assert "A matter of Delia Marsh is below zero in trust" in page.text
    assert f'href="{here}/ledger/{client}"' in page.html
    trust.move(stage, "Delia Marsh", -(10**7), matter=other)
    assert "Below zero on" in visitor.get(here).text


def test_what_is_not_there_is_not_found() -> None:
    stage, visitor = a_checked_firm()
    here = f"/desk/trust/account/{trust.account(stage)}"
    for path in ("/desk/trust/account/1", f"{here}/ledger/1", f"{here}/month/2026-99", f"{here}/month/2026-99/csv"):
        assert visitor.get(path).status == 404


def test_a_month_is_entered_signed_off_printed_and_opened_again() -> None:
    stage, visitor = a_checked_firm()
    choose(stage, visitor)
    account, month = trust.account(stage), a_month(stage)
    here = f"/desk/trust/account/{account}/month/{month}"
    assert "Enter the bank statement below" in visitor.get(here).text
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    entered: dict[str, str | list[str]] = {
        "do": "more",
        "ending": f"{(journal - 1000) // 100}.{(journal - 1000) % 100:02d}",
        "deposit-on": [f"{month}-27", ""],
        "deposit-text": ["Counter deposit", ""],
        "deposit-amount": ["15.00", ""],
        "check-on": ["", ""],
        "check-text": ["101", ""],
        "check-amount": ["5", ""],
        "note": "",
    }
    saved = visitor.post(here, entered)
    assert saved.status == 303
    shown = visitor.get(saved.location)
    assert "The three agree. It is not signed off yet." in shown.text
    assert shown.html.count('name="check-amount"') == 11
    mark = re.search(r'name="mark" value="(\w+)"', shown.html)
    assert mark
    assert visitor.post(here, {"do": "sign", "mark": "of another day"}).status == 422
    signed = visitor.post(here, {"do": "sign", "mark": mark[1]})
    assert "Signed off by" in visitor.get(signed.location).text
    listed = visitor.get(f"/desk/trust/account/{account}").text
    assert "Signed off" in listed and "Next: the month end" not in listed
    sheet = visitor.get(f"{here}/csv")
    assert sheet.html.startswith("\ufeffThree-way trust reconciliation,IOLTA Trust Account")
    assert visitor.post(here, entered).status == 422
    assert visitor.post(here, {"do": "reopen"}).status == 303
    assert "Earlier sign-offs" in visitor.get(here).text
    earlier = visitor.get(f"{here}/signed/1")
    assert "This sign-off was opened again later. It is shown as it was kept." in earlier.text
    assert "Counter deposit" in earlier.text and 'value="reopen"' not in earlier.html
    assert f'href="{here}/signed/1/csv"' in earlier.html
    kept = visitor.get(f"{here}/signed/1/csv")
    assert kept.html == sheet.html
    for gone in ("signed/2", "signed/x", "signed/2/csv"):
        assert visitor.get(f"{here}/{gone}").status == 404


def test_what_was_outstanding_is_offered_on_the_next_month_end_and_answered_there() -> None:
    stage, visitor = a_checked_firm()
    choose(stage, visitor)
    last, month = months_until(stage.world.now().date().isoformat()[:7], 3)[:0:-1]
    account = trust.account(stage)
    items = (Outstanding(None, "Counter", 300),), (Outstanding(None, "101", 500), Outstanding(None, "101", 500))
    ending = trust_report.three_way(stage.world, stage.firm, account, last).journal + 700
    keep = stage.world, stage.firm, account, last, "Ben"
    trust_report.enter(*keep, ending=ending, deposits=items[0], checks=items[1])
    trust_report.sign(*keep)
    here = f"/desk/trust/account/{account}/month/{month}"
    page = visitor.get(here)
    assert page.html.count('type="radio"') == 6
    assert "checked" not in page.html
    offered = re.search(r'name="offered" value="(\w+)"', page.html)
    assert offered
    form: dict[str, str | list[str]] = {"do": "save", "ending": "1", "offered": offered[1], "offer-0": "cleared"}
    other = visitor.post(here, {**form, "offered": "of another day"})
    assert (other.status, other.html.count(" checked")) == (422, 0)
    refused = visitor.post(here, {**form, "ending": "lots"})
    assert (refused.status, refused.html.count(" checked")) == (422, 1)
    saved = visitor.post(here, {**form, "offer-2": "out", "offer-1": "whatever"})
    page = visitor.get(saved.location)
    assert "One item outstanding on" in page.text and "has no answer yet" in page.text
    assert page.html.count(" checked") == 2
    held = trust_report.statement_of(stage.world, stage.firm, account, month)
    assert (held.deposits, held.checks, held.cleared_deposits) == ((), items[1][:1], items[0])
    assert 'value="sign"' not in page.html
    trust_report.reopen(*keep)
    assert "Another month end is the last one signed off now" in visitor.get(here).text
    assert visitor.post(here, {**form, "offer-2": "out"}).status == 422
    trust_report.sign(*keep)
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    ending = journal + 500
    form |= {"ending": f"{ending // 100}.{ending % 100:02d}", "offer-1": "out", "offer-2": "cleared"}
    page = visitor.get(visitor.post(here, form).location)
    assert "The three agree. It is not signed off yet." in page.text
    assert "What to look for" not in page.text
    wrong = visitor.get(visitor.post(here, {**form, "offer-1": "cleared"}).location)
    assert "It is the amount of the check 101 of $5.00: is it still outstanding?" in wrong.text
    assert "Difference of 1 and 2 $5.00" in wrong.text
    page = visitor.get(visitor.post(here, form).location)
    mark = re.search(r'name="mark" value="(\w+)"', page.html)
    assert mark
    visitor.post(here, {"do": "sign", "mark": mark[1]})
    assert "No longer outstanding since" in visitor.get(here).text


def test_what_cannot_be_read_on_the_statement_gets_a_sentence() -> None:
    stage, visitor = a_checked_firm()
    here = f"/desk/trust/account/{trust.account(stage)}/month/{a_month(stage)}"
    visitor.get(here)
    cases: tuple[tuple[dict[str, str | list[str]], str], ...] = (
        ({"ending": "lots"}, "Ending balance “lots”: Type the amount as dollars and cents"),
        ({"ending": "1", "check-on": ["x"], "check-text": [""], "check-amount": ["1"]}, "year, month and day"),
        ({"ending": "1", "check-on": [""], "check-text": ["101"], "check-amount": [""]}, "needs its amount"),
        ({"ending": "1", "check-on": [""], "check-text": [""], "check-amount": ["-1"]}, "above zero"),
    )
    for form, said in cases:
        page = visitor.post(here, {"do": "save", **form})
        assert page.status == 422
        assert said in page.text
    typed: dict[str, str | list[str]] = {"check-on": ["2026-01-02"], "check-text": ["101 to Ada"], "note": "Why"}
    page = visitor.post(here, {"do": "save", "ending": "12.34", "check-amount": ["lots"], **typed})
    assert "Not saved. Check “lots”: Type the amount" in page.text
    for kept in ('value="12.34"', 'value="2026-01-02"', 'value="101 to Ada"', 'value="lots"', ">Why</textarea>"):
        assert kept in page.html
    assert trust_report.statement_of(stage.world, stage.firm, trust.account(stage), a_month(stage)).ending is None
    assert date.fromisoformat(f"{a_month(stage)}-01")
