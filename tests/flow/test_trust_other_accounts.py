"""Other accounts chosen for trust money: what stands already stays where it is, and both are added up."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.trust_books import TrustBooks
from chalicelib.errors import Refused
from chalicelib.flow import broken, trust_check, trust_report, trust_setup, trust_views
from chalicelib.flow.firms import firm_of
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.world import Stage


def another(stage: Stage, subtype: str, name: str) -> dict[str, Any]:
    """A further account of the same kind in QuickBooks."""
    like = trust.book(stage, subtype)
    kind = {"Name": name, "AccountType": like["AccountType"], "AccountSubType": subtype}
    made: dict[str, Any] = stage.world.quickbooks_box.people._clerk(stage.realm).create("Account", kind)
    return made


def switch(stage: Stage, bank: str, liability: str, **more: Any) -> None:
    trust_setup.choose(stage.world, stage.firm, {trust.account(stage): bank}, liability, acts.STAFF, **more)
    stage.work()
    stage.pass_time(2, minutes=5)


def a_switched_stage(**more: Any) -> tuple[Stage, int, str, str]:
    """An entry stands in the first accounts, then others are chosen. Gives the stage, the entry's transaction, and the
    present bank and liability."""
    stage = trust.a_trust_stage(**more)
    made = trust.move(stage, "Ada Example", 50000)
    stage.pass_time(5, minutes=30)
    trust.check(stage)
    bank = another(stage, "TrustAccounts", "New IOLTA")["Id"]
    liability = another(stage, "TrustAccountsLiabilities", "New Trust Liability")["Id"]
    switch(stage, bank, liability, **more)
    return stage, made, bank, liability


def stands_in(stage: Stage, made: int) -> set[str]:
    lines = trust.journals(stage)[trust.entry(stage, made).number]["Line"]
    return {line["JournalEntryLineDetail"]["AccountRef"]["value"] for line in lines}


def differences(stage: Stage) -> list[str]:
    return [d.kind for d in acts.compare(stage).differences if "trust" in d.kind or "journal" in d.kind]


def test_what_stands_in_the_old_accounts_stays_there_and_is_named_by_nothing() -> None:
    stage, made, bank, liability = a_switched_stage()
    assert not {bank, liability} & stands_in(stage, made)
    assert differences(stage) == []
    assert trust.check(stage).books_agree
    assert not acts.parked(stage, kind="quickbooks.journal")
    new = trust.move(stage, "Ada Example", 12300)
    stage.pass_time(5, minutes=30)
    assert stands_in(stage, new) == {bank, liability}
    assert differences(stage) == []
    checked = trust.check(stage)
    assert checked.books_agree and checked.clio_agrees
    trust.agree(stage)


def test_one_that_was_deleted_there_is_linked_to_another_in_the_accounts_of_before() -> None:
    stage, made, bank, liability = a_switched_stage()
    old = trust.journals(stage)[trust.entry(stage, made).number]
    before = [line["JournalEntryLineDetail"]["AccountRef"]["value"] for line in old["Line"]]
    people, customer = stage.world.quickbooks_box.people, acts.contact(stage, "Ada Example").customer
    people.delete_journal(stage.realm, old["Id"])
    stage.pass_time(5, minutes=30)
    strange = another(stage, "TrustAccounts", "Another bank")["Id"]
    for number, into, out_of in (("J-1", strange, before[1]), ("J-2", *before), ("J-3", bank, liability)):
        people.add_journal(stage.realm, into, out_of, "500.00", number, old["TxnDate"], customer)
    [step] = acts.parked(stage, kind="quickbooks.journal")
    with pytest.raises(Refused, match="other accounts"):
        broken.decide(stage.world, stage.firm, step.key, "link", "J-1", acts.STAFF)
    broken.decide(stage.world, stage.firm, step.key, "link", "J-2", acts.STAFF)
    stage.pass_time(2, minutes=20)
    assert trust.entry(stage, made).written
    people.delete_journal(stage.realm, next(j["Id"] for n, j in trust.journals(stage).items() if n == "J-3"))
    people.delete_journal(stage.realm, next(j["Id"] for n, j in trust.journals(stage).items() if n == "J-1"))
    assert differences(stage) == []


def test_the_page_and_the_reconciliation_add_up_over_both() -> None:
    stage, _made, _bank, _liability = a_switched_stage()
    trust.move(stage, "Felix Ortega", 12300)
    stage.pass_time(5, minutes=30)
    trust.check(stage)
    shown = trust_views.overview(stage.world, stage.firm)
    [row] = [r for r in shown.accounts if r.book_name]
    assert row.book_name.startswith("New IOLTA and ") and row.agrees
    assert shown.liability_name == "New Trust Liability and Client Trust Liability"
    assert shown.agree
    month = stage.world.now().date().isoformat()[:7]
    report = trust_report.three_way(stage.world, stage.firm, trust.account(stage), month)
    assert report.journal == report.ledgers == report.clio == report.book


def test_one_changed_in_clio_goes_to_the_present_accounts() -> None:
    stage, made, bank, liability = a_switched_stage()
    stage.world.clio_box.people.edit_transaction(made, amount=40000)
    acts.poll(stage)
    stage.pass_time(5, minutes=30)
    assert stands_in(stage, made) == {bank, liability}
    assert differences(stage) == []
    assert trust.check(stage).books_agree


def test_a_clients_own_account_is_used_on_where_it_is_and_may_be_moved_below_the_new_liability() -> None:
    stage, made, bank, liability = a_switched_stage(sub_accounts=True)
    own = f"(Clio {acts.contact(stage, 'Ada Example').id})"
    [account] = [a for a in acts.booked(stage, "Account") if a["Name"].endswith(own)]
    assert account["Id"] in stands_in(stage, made)
    new, other = trust.move(stage, "Ada Example", 12300), trust.move(stage, "Felix Ortega", 700)
    stage.pass_time(5, minutes=30)
    assert stands_in(stage, new) == {bank, account["Id"]}
    [felix] = stands_in(stage, other) - {bank}
    assert acts.booked(stage, "Account", Id=felix)[0]["ParentRef"]["value"] == liability
    assert (differences(stage), trust.check(stage).books_agree) == ([], True)
    stage.world.quickbooks_box.people.change(stage.realm, "Account", account["Id"], ParentRef={"value": liability})
    assert trust.move(stage, "Ada Example", 100)
    stage.pass_time(5, minutes=30)
    assert (differences(stage), trust.check(stage).books_agree) == ([], True)
    assert not acts.parked(stage, kind="quickbooks.subaccount")


def chosen(stage: Stage) -> TrustBooks:
    firm = firm_of(stage.world, stage.firm)
    assert firm is not None
    return firm.trust_books


def choose_both(stage: Stage, second: int, bank: str, other: str, liability: str) -> None:
    wanted = {trust.account(stage): bank, str(second): other}
    trust_setup.choose(stage.world, stage.firm, wanted, liability, acts.STAFF)
    stage.pass_time(2, minutes=5)


def test_an_account_in_which_no_money_ever_moved_is_not_remembered() -> None:
    stage = trust.a_trust_stage()
    second = stage.world.clio_box.people.add_trust_account(int(stage.firm.split("-")[1]), "Second trust")
    bank, liability = trust.book(stage, "TrustAccounts")["Id"], trust.book(stage, "TrustAccountsLiabilities")["Id"]
    wrong, right = (another(stage, "TrustAccounts", name)["Id"] for name in ("Wrong", "Right"))
    choose_both(stage, second, bank, wrong, liability)
    choose_both(stage, second, bank, right, liability)
    assert chosen(stage).earlier == ()
    choose_both(stage, second, "", right, liability)
    assert [b.book for b in chosen(stage).earlier] == [bank], "what stood in that one counts"
    assert differences(stage) == []
    assert trust.check(stage).books_agree


def test_nor_is_a_liability_that_nothing_was_ever_held_on() -> None:
    stage = acts.a_synced_stage()
    second = stage.world.clio_box.people.add_trust_account(int(stage.firm.split("-")[1]), "Second trust")
    bank, wrong = another(stage, "TrustAccounts", "Other")["Id"], another(stage, "TrustAccountsLiabilities", "W")["Id"]
    choose_both(stage, second, "", bank, wrong)
    trust.choose(stage)
    assert (chosen(stage).earlier, chosen(stage).earlier_liabilities) == ((), ())
    stage.pass_time(2, minutes=5)
    assert trust.check(stage).books_agree


def test_a_person_says_that_an_old_account_holds_nothing_of_it_any_more() -> None:
    stage, made, bank, liability = a_switched_stage()
    before = trust_setup.choices(stage.world, stage.firm).chosen
    old = {b.book for b in before.earlier} | {id for id, _ in before.earlier_liabilities}
    assert old == stands_in(stage, made)
    switch(stage, bank, liability, apart=old)
    assert (chosen(stage).earlier, chosen(stage).earlier_liabilities) == ((), ())
    assert "trust account differs in QuickBooks" in differences(stage), "it was not so"


def test_an_account_that_quickbooks_does_not_show_leaves_the_figure_open() -> None:
    assert trust_check._held([], {}) is None
    assert trust_check._held(["1"], {}) is None
