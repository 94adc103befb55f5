"""The three-way reconciliation as of a month end: entered, signed off, kept, and what came later named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Kind
from chalicelib.domain.statement import Outstanding, end_of, months_until
from chalicelib.errors import Refused
from chalicelib.flow import ledgers, trust_csv, trust_report, trust_views
from chalicelib.flow.settle import policy_of
from chalicelib.flow.trust_views import MonthRow
from tests.builders import put
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.world import Stage


def last_month(stage: Stage) -> str:
    return months_until(stage.world.now().date().isoformat()[:7], 2)[1]


def a_checked_stage() -> tuple[Stage, str, str]:
    """With money of two clients and the firm's own, the last of it within last month."""
    stage = trust.a_trust_stage()
    on = date.fromisoformat(f"{last_month(stage)}-15")
    trust.move(stage, "Ada Example", 50000, on=on)
    trust.move(stage, "Felix Ortega", 20000, on=on)
    trust.move(stage, None, 1000, on=on, firm="Hartwell & Pine LLP")
    trust.check(stage)
    return stage, trust.account(stage), last_month(stage)


def enter(stage: Stage, account: str, month: str, ending: int, note: str = "", **items: int) -> None:
    deposits = [Outstanding(None, "Deposit", c) for n, c in items.items() if n.startswith("deposit")]
    checks = [Outstanding(None, "Check 101", c) for n, c in items.items() if n.startswith("check")]
    trust_report.enter(
        stage.world, stage.firm, account, month, acts.STAFF, ending=ending, deposits=deposits, checks=checks, note=note
    )


def test_the_three_agree_and_clio_and_quickbooks_stand_beside_them() -> None:
    stage, account, month = a_checked_stage()
    trust.move(stage, "Ada Example", 700)  # this month: it belongs to none of the figures
    trust.check(stage)
    before = trust_report.three_way(stage.world, stage.firm, account, month)
    enter(stage, account, month, before.journal - 300 + 100, deposit_1=300, check_1=100)
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert shown.adjusted == shown.journal == shown.ledgers == shown.clio == shown.book
    assert shown.own == 1000
    assert shown.agree
    assert {line.name: line.cents for line in shown.lines}["Felix Ortega"] == 20000
    assert all(sum(m.cents for m in line.matters) == line.cents for line in shown.lines)


def test_money_that_came_after_the_check_changes_no_figure_of_a_month_before() -> None:
    stage, account, month = a_checked_stage()
    before = trust_report.three_way(stage.world, stage.firm, account, month)
    trust.move(stage, "Ada Example", 700)
    now = trust_report.three_way(stage.world, stage.firm, account, month)
    assert (now.journal, now.clio, now.book) == (before.journal, before.clio, before.book)
    enter(stage, account, month, now.journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    signed = trust_report.statement_of(stage.world, stage.firm, account, month).signed
    assert signed
    assert signed.figures.clio == signed.figures.book == signed.figures.journal


def test_what_clio_and_quickbooks_differ_by_stands_in_their_figures() -> None:
    stage, account, month = a_checked_stage()
    stage.world.clio_box.state.rows["bank_accounts"][int(account)].balance += 500
    people = stage.world.quickbooks_box.people
    bank, liability = trust.book(stage, "TrustAccounts")["Id"], trust.book(stage, "TrustAccountsLiabilities")["Id"]
    people.add_journal(stage.realm, bank, liability, "3.00")
    trust.check(stage)
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert (shown.clio, shown.book) == (shown.journal + 500, shown.journal + 300)


def test_signed_off_it_is_kept_and_cannot_be_changed_until_it_is_opened_again() -> None:
    stage, account, month = a_checked_stage()
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    with pytest.raises(Refused, match="ending balance"):
        trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    enter(stage, account, month, journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    kept = trust_report.statement_of(stage.world, stage.firm, account, month)
    assert kept.signed is not None
    assert kept.signed.by == "Olivia"
    assert sum(x.cents for x in trust_report.signed_lines(stage.world, kept)) == journal
    with pytest.raises(Refused, match="signed off"):
        enter(stage, account, month, 1)
    with pytest.raises(Refused, match="already"):
        trust_report.sign(stage.world, stage.firm, account, month, "Ben")
    trust_report.reopen(stage.world, stage.firm, account, month, "Olivia")
    with pytest.raises(Refused, match="not signed"):
        trust_report.reopen(stage.world, stage.firm, account, month, "Olivia")
    enter(stage, account, month, journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Ben")
    assert len(trust_report.statement_of(stage.world, stage.firm, account, month).earlier) == 1


def test_an_earlier_sign_off_is_opened_as_it_was_kept() -> None:
    stage, account, month = a_checked_stage()

    def before(number: str) -> trust_report.ThreeWay:
        return trust_report.signed_before(stage.world, stage.firm, account, month, number)

    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    enter(stage, account, month, journal - 5, note="A bank charge.")
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    first = trust_report.three_way(stage.world, stage.firm, account, month)
    with pytest.raises(Refused, match="no such earlier"):
        before("1")
    trust_report.reopen(stage.world, stage.firm, account, month, "Olivia")
    stage.world.clock.move(minutes=1)
    trust.move(stage, "Felix Ortega", 400, on=date.fromisoformat(f"{month}-20"))
    enter(stage, account, month, journal + 400)
    trust_report.sign(stage.world, stage.firm, account, month, "Ben")
    kept = before("1")
    assert replace(kept, checked_at=None) == replace(first, checked_at=None)
    assert trust_csv.as_csv(kept) == trust_csv.as_csv(first)
    assert (kept.adjusted, kept.journal) == (journal - 5, journal)
    assert not kept.may_sign
    for wrong in ("0", "2", "x", "-1"):
        with pytest.raises(Refused, match="no such earlier"):
            before(wrong)


def test_a_difference_is_signed_off_only_with_its_reason() -> None:
    stage, account, month = a_checked_stage()
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    enter(stage, account, month, journal - 5)
    with pytest.raises(Refused, match="do not agree"):
        trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    enter(stage, account, month, journal - 5, note="A bank charge of five cents, returned on the 3rd.")
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")


def test_what_a_person_did_not_see_is_not_signed_off() -> None:
    stage, account, month = a_checked_stage()
    enter(stage, account, month, 5, note="The bank's own error, put right on the 3rd.")
    seen = trust_report.three_way(stage.world, stage.firm, account, month).mark
    trust.move(stage, "Felix Ortega", 400, on=date.fromisoformat(f"{month}-20"))
    stage.world.clock.move(minutes=2)
    with pytest.raises(Refused, match="Look at the figures again"):
        trust_report.sign(stage.world, stage.firm, account, month, "Olivia", seen)
    now = trust_report.three_way(stage.world, stage.firm, account, month).mark
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia", now)
    assert trust_report.statement_of(stage.world, stage.firm, account, month).signed is not None


def test_what_is_entered_changed_or_deleted_after_the_sign_off_is_shown() -> None:
    stage, account, month = a_checked_stage()
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    enter(stage, account, month, journal)
    assert next(m.state for m in trust_views.months(stage.world, stage.firm, account)) == "entered"
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    assert next(m.state for m in trust_views.months(stage.world, stage.firm, account)) == "signed"
    stage.world.clock.move(minutes=1)
    on = date.fromisoformat(f"{month}-20")
    trust.move(stage, "Felix Ortega", 400, on=on)
    trust.move(stage, "Ada Example", -400, on=on)
    assert next(m.state for m in trust_views.months(stage.world, stage.firm, account)) == "changed"
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert {(x.name, x.now - x.signed) for x in shown.late} == {("Felix Ortega", 400), ("Ada Example", -400)}
    felix = acts.contact(stage, "Felix Ortega").id
    page = trust_views.ledger(stage.world, stage.firm, account, felix)
    assert [(e.cents, e.late) for e in page.entries] == [(400, month), (20000, "")]
    assert "Changed since sign-off" in trust_csv.as_csv(shown)


def test_a_ledger_tells_what_was_held_at_the_end_of_each_day() -> None:
    stage, account, month = a_checked_stage()
    on = date.fromisoformat(f"{month}-20")
    trust.move(stage, "Felix Ortega", 400, on=on)
    trust.move(stage, "Felix Ortega", -100, on=on)
    page = trust_views.ledger(stage.world, stage.firm, account, acts.contact(stage, "Felix Ortega").id)
    assert [(e.cents, e.held) for e in page.entries] == [(-100, 20300), (400, None), (20000, 20000)]


def test_an_entry_that_leaves_a_signed_month_is_marked_in_its_ledger() -> None:
    stage, account, month = a_checked_stage()
    made = trust.move(stage, "Felix Ortega", 400, on=date.fromisoformat(f"{month}-20"))
    stage.world.clock.move(minutes=2)
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    stage.world.clock.move(minutes=1)
    stage.world.clio_box.people.edit_transaction(made, on=stage.world.now().date())
    acts.poll(stage)
    felix = acts.contact(stage, "Felix Ortega").id
    page = trust_views.ledger(stage.world, stage.firm, account, felix)
    assert [(e.cents, e.late) for e in page.entries] == [(400, month), (20000, "")]


def a_row(month: str, state: str) -> MonthRow:
    return MonthRow(month, end_of(month), state, 1)


@pytest.mark.parametrize(
    ("states", "following"),
    [
        ((), None),
        (("missing", "missing"), "2026-05"),
        (("missing", "entered", "signed", "missing"), "2026-04"),
        (("entered", "changed"), "2026-05"),
        (("signed", "missing"), None),
    ],
)
def test_the_next_month_end_is_the_earliest_after_the_last_sign_off(
    states: tuple[str, ...], following: str | None
) -> None:
    found = tuple(a_row(f"2026-{5 - n:02d}", state) for n, state in enumerate(states))
    told = trust_views.next_month(found)
    assert (told.month if told else None) == following


def test_a_month_that_was_signed_off_is_found_after_years() -> None:
    stage, account, month = a_checked_stage()
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    stage.world.clock.move(days=3 * 365)
    found = [m.month for m in trust_views.months(stage.world, stage.firm, account)]
    assert found[-1] == month
    assert len(found) == trust_views.MONTHS + 1


def test_what_was_signed_off_is_shown_and_printed_as_it_was_and_the_present_stands_beside_it() -> None:
    stage, account, month = a_checked_stage()
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    before = trust_report.three_way(stage.world, stage.firm, account, month)
    stage.world.clock.move(minutes=1)
    trust.move(stage, "Felix Ortega", 400, on=date.fromisoformat(f"{month}-20"))
    trust.move(stage, "Hana Kobayashi", 50, on=date.fromisoformat(f"{month}-20"))
    after = trust_report.three_way(stage.world, stage.firm, account, month)
    assert after.moved
    assert replace(after, late=(), moved=False) == before
    assert [(x.name, x.signed, x.now) for x in after.late if not x.matter] == [
        ("Felix Ortega", 20000, 20400),
        ("Hana Kobayashi", 0, 50),
    ]
    assert after.agree
    trust_report.reopen(stage.world, stage.firm, account, month, "Olivia")
    assert trust_report.three_way(stage.world, stage.firm, account, month).journal == before.journal + 450


def at_the_first(stage: Stage, verb: str, do: Callable[[], None]) -> None:
    """Something happens in another worker while a report is read or signed: just before the first of these verbs."""

    def before(asked: str, _table: str) -> None:
        if asked == verb:
            stage.world.store.before = None
            do()

    stage.world.store.before = before


def fold(stage: Stage, account: str, month: str, *parts: tuple[str, int], matters: tuple[str, ...] = ()) -> None:
    """Another worker lays these movements of clients, each on its matter, over the ledgers."""
    stage.world.clock.move(seconds=1)
    on = f"{month}-20"
    moves = [
        {"account": account, "client": c, "matter": m, "on": on, "cents": cents, "name": c, "label": m and f"M-{m}"}
        for (c, cents), m in zip(parts, matters or len(parts) * ("",), strict=True)
    ]
    owed = effects.ledger(stage.firm, f"{parts[0][0]}{stage.world.now()}", 1, stage.world.now(), {"moves": moves})
    stage.world.store.arrive(owed)
    ledgers.fold(stage.world, policy_of(stage.world, stage.firm), [owed])
    stage.world.clock.move(seconds=1)


def test_what_is_added_up_between_reading_and_signing_is_shown_as_later() -> None:
    stage, account, month = a_checked_stage()
    ada, felix = (str(acts.contact(stage, name).id) for name in ("Ada Example", "Felix Ortega"))
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    enter(stage, account, month, journal)
    at_the_first(stage, "put_document", lambda: fold(stage, account, month, (ada, -400), (felix, 400)))
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert {(x.client, x.now - x.signed) for x in shown.late} == {(ada, -400), (felix, 400)}


def test_what_moves_between_matters_of_one_client_after_the_sign_off_is_named_too() -> None:
    stage, account, month = a_checked_stage()
    felix = str(acts.contact(stage, "Felix Ortega").id)
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    fold(stage, account, month, (felix, -700), (felix, 700), matters=("", "2"))
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert {(x.client, x.matter, x.label, x.signed, x.now) for x in shown.late} == {
        (felix, True, "", 0, -700),
        (felix, True, "M-2", 0, 700),
    }
    assert f"Changed since sign-off,{shown.late[0].name}, no matter" in trust_csv.as_csv(shown).replace('"', "")


def test_what_cancels_out_after_the_sign_off_is_told_though_every_balance_is_the_same() -> None:
    stage, account, month = a_checked_stage()
    felix = str(acts.contact(stage, "Felix Ortega").id)
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    assert not trust_report.three_way(stage.world, stage.firm, account, month).moved
    fold(stage, account, month, (felix, -700), (felix, 700))
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert (shown.moved, shown.late) == (True, ())
    assert "Changed since sign-off,Every balance is the same" in trust_csv.as_csv(shown)


def test_a_sign_off_of_before_marks_were_kept_goes_by_its_time() -> None:
    stage, account, month = a_checked_stage()
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    kept = trust_report.statement_of(stage.world, stage.firm, account, month)
    assert kept.signed is not None
    old = replace(kept, signed=replace(kept.signed, touched=None))
    assert not trust_report.changed_since(old, ledgers.ledger_of(stage.world, stage.firm, account))
    fold(stage, account, month, ("77", 5), ("78", -5))
    assert trust_report.changed_since(old, ledgers.ledger_of(stage.world, stage.firm, account))


def test_what_is_added_up_while_the_ledgers_are_read_is_not_signed() -> None:
    stage, account, month = a_checked_stage()
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    enter(stage, account, month, journal, note="Whatever")
    at_the_first(stage, "listed", lambda: fold(stage, account, month, ("77", 500), ("78", -500)))
    with pytest.raises(Refused, match="added up"):
        trust_report.sign(stage.world, stage.firm, account, month, "Olivia")


def test_ledgers_are_signed_as_they_are_though_the_index_still_shows_them_as_they_were() -> None:
    stage, account, month = a_checked_stage()
    ada, felix = (str(acts.contact(stage, name).id) for name in ("Ada Example", "Felix Ortega"))
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    stage.world.store.lag = 50
    fold(stage, account, month, (ada, -400), (felix, 400))
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    kept = trust_report.statement_of(stage.world, stage.firm, account, month)
    signed = {line.client: line.cents for line in trust_report.signed_lines(stage.world, kept)}
    assert (signed[ada], signed[felix]) == (49600, 20400)


def test_a_ledger_that_the_index_does_not_show_yet_is_waited_for_and_a_difference_that_stays_needs_its_reason() -> None:
    stage, account, month = a_checked_stage()
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    ada = str(acts.contact(stage, "Ada Example").id)
    enter(stage, account, month, journal, note="Whatever")
    stage.world.store.lag = 50
    fold(stage, account, month, ("77", 500), (ada, -500))
    with pytest.raises(Refused, match="added up"):
        trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    stage.world.store.lag = 0
    total = ledgers.ledger_of(stage.world, stage.firm, account)
    put(stage.world.store, Kind.LEDGER, replace(total, months={**total.months, month: 1}))
    stage.world.clock.move(minutes=2)
    enter(stage, account, month, journal)
    with pytest.raises(Refused, match="do not agree"):
        trust_report.sign(stage.world, stage.firm, account, month, "Olivia")


def test_a_trial_balance_of_more_than_a_document_is_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, account, month = a_checked_stage()
    fold(stage, account, month, ("ada", 100), ("ada", 50), ("ada", -150), matters=("m1", "m2", "m3"))
    stage.world.clock.move(minutes=5)
    monkeypatch.setattr(trust_report, "LINES_BYTES", 300)
    monkeypatch.setattr(trust_report, "MATTERS_AT_ONCE", 2)
    before = trust_report.three_way(stage.world, stage.firm, account, month)
    enter(stage, account, month, before.journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    kept = trust_report.statement_of(stage.world, stage.firm, account, month)
    assert kept.signed
    assert len(kept.signed.documents) > 2
    assert tuple(trust_report.signed_lines(stage.world, kept)) == before.lines


def test_a_ledger_below_zero_at_the_month_end_is_named_though_the_three_agree() -> None:
    stage, account, month = a_checked_stage()
    fold(stage, account, month, ("ada", 100), ("ada", -20), ("ben", -80), matters=("m1", "m2", ""))
    stage.world.clock.move(minutes=5)
    enter(stage, account, month, trust_report.three_way(stage.world, stage.firm, account, month).journal)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert shown.agree
    assert [(x.name, x.label, x.cents, x.matter) for x in shown.overdrawn] == [
        ("ada", "M-m2", -20, True),
        ("ben", "", -80, False),
    ]
    told = [row.split(",", 1)[1] for row in trust_csv.as_csv(shown).splitlines() if row.startswith("Below zero")]
    assert told == ['"ada, M-m2",,-0.20', "ben,,-0.80"]


def test_a_month_that_is_not_over_is_not_reconciled() -> None:
    stage, account, _ = a_checked_stage()
    with pytest.raises(Refused, match="not over"):
        enter(stage, account, stage.world.now().date().isoformat()[:7], 100)


@pytest.mark.parametrize("month", ["2026", "2026-13", "abcdefg", "0000-01", "2026-1x"])
def test_a_month_that_is_none_is_refused(month: str) -> None:
    stage, account, _ = a_checked_stage()
    with pytest.raises(Refused, match="Choose a month"):
        trust_report.three_way(stage.world, stage.firm, account, month)


def test_another_firms_account_is_not_shown() -> None:
    stage, account, month = a_checked_stage()
    with pytest.raises(Refused, match="no such trust account"):
        trust_report.three_way(stage.world, "us-0", account, month)
    with pytest.raises(Refused, match="no such trust ledger"):
        trust_views.ledger(stage.world, stage.firm, account, "12345")


def test_csv_holds_every_ledger_and_nothing_that_a_spreadsheet_would_run() -> None:
    stage, account, month = a_checked_stage()
    stage.world.clio_box.people.change_client("Ada Example", name="=Ada Example")
    trust.move(stage, "=Ada Example", 100, on=date.fromisoformat(f"{month}-16"))
    journal = trust_report.three_way(stage.world, stage.firm, account, month).journal
    enter(stage, account, month, journal, note="-checked", check_1=10, deposit_1=10)
    trust_report.sign(stage.world, stage.firm, account, month, "Olivia")
    text = trust_csv.as_csv(trust_report.three_way(stage.world, stage.firm, account, month))
    assert "Client ledger,'=Ada Example" in text
    assert "Note,'-checked" in text
    for runs in (" =1", "\t1", "\n=1", "\uff0b1", "@1"):
        assert trust_csv._safe(runs) == f"'{runs}"
    assert trust_csv._safe("") == ""
    assert f"Trust journal,,,{journal // 100}.{journal % 100:02d}" in text
    assert "Signed off,Olivia" in text


def test_the_overview_says_whether_everything_agrees() -> None:
    stage = acts.a_synced_stage()
    assert trust_views.overview(stage.world, stage.firm).at is None
    trust.check(stage)
    shown = trust_views.overview(stage.world, stage.firm)
    assert (shown.chosen, shown.agree, shown.accounts[0].agrees) == (False, False, True)
    trust.choose(stage)
    stage.pass_time(minutes=5)
    trust.check(stage)
    shown = trust_views.overview(stage.world, stage.firm)
    assert (shown.chosen, shown.agree, shown.adding_up) == (True, True, False)
    assert shown.liability == shown.held
    found = trust_views.clients(stage.world, stage.firm, trust.account(stage))
    assert sum(r.cents for r in found.rows) == shown.held
    assert stage.world.now() - shown.at < timedelta(hours=1)  # type: ignore[operator]
