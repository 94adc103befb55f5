"""Preflight on the whole: settings and numbers are read, what has to wait waits, and goes on by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain import preflight as rules
from chalicelib.domain.effects import Do, Lanes
from chalicelib.domain.firm import Accounts, Policy, Preflighted
from chalicelib.domain.kernel import Kind, Neighbour, Status, lane_of
from chalicelib.domain.readings import Access, Account, Books, DocNumber, DocNumbers
from chalicelib.errors import Conflict, Disconnected, Refused
from chalicelib.flow import connecting, preflight, reconciling, setup, signing
from chalicelib.flow.firms import firm_of
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from infra.sandbox.quickbooks import REALM_B
from tests.builders import FIRM, a_firm, put
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import a_stage, a_synced_stage, holds, payable
from tests.flow.alone import near, owe
from tests.flow.test_connections import lose_quickbooks, reconnect_quickbooks
from tests.flow.test_purge import connect
from tests.world import MemoryWorld, Stage


def check(stage: Stage) -> preflight.Report:
    preflight.start(stage.world, stage.firm)
    stage.pass_time(1, minutes=2)  # a Resync may have used up the minute's calls
    return told(stage)


def told(stage: Stage) -> preflight.Report:
    report = preflight.report(stage.world, stage.firm)
    assert report is not None
    return report


def needs(stage: Stage) -> set[str]:
    return {f.key for f in check(stage).needs}


def settings(stage: Stage, **prefs: Any) -> None:
    stage.world.quickbooks_box.people.set_preferences(stage.realm, **prefs)


def test_connecting_checks_by_itself_and_the_seeded_company_is_in_order() -> None:
    stage = a_stage()
    assert preflight.report(stage.world, stage.firm) is None
    stage.pass_time(1, minutes=6)  # the first sync uses up the first minutes' calls
    report = preflight.report(stage.world, stage.firm)
    assert report is not None
    assert [f.key for f in report.needs if f.key != "numbers"] == []


def test_invoices_wait_for_custom_numbers_and_go_on_by_themselves_when_they_are_on() -> None:
    stage = a_synced_stage()
    settings(stage, CustomTxnNumbers=False)
    assert "custom-numbers" in needs(stage)
    stage.world.clio_box.people.approve("1071")
    acts.poll(stage)
    stage.pass_time(10, minutes=20)
    assert holds(stage, "1071")
    assert payable(stage, "1071").booked is None
    waiting = [e for e in acts.all_effects(stage) if e.kind == Do.INVOICE and e.status is Status.OWED]
    assert {e.cause for e in waiting} == {"Custom transaction numbers are off in QuickBooks: see Preflight."}
    settings(stage, CustomTxnNumbers=True)
    stage.pass_time(5, minutes=20)
    assert payable(stage, "1071").booked
    assert not firm_of(stage.world, stage.firm).blocked  # type: ignore[union-attr]


def test_what_was_switched_off_while_quickbooks_was_away_holds_from_the_moment_it_is_connected_again() -> None:
    stage = a_synced_stage()
    connecting.disconnect(stage.world, stage.firm, "quickbooks", acts.STAFF)
    settings(stage, CustomTxnNumbers=False)
    stage.world.clio_box.people.approve("1071")
    stage.pass_time(60, hours=3)
    reconnect_quickbooks(stage)
    assert "custom-numbers" in {f.key for f in told(stage).needs}
    assert payable(stage, "1071").booked is None
    settings(stage, CustomTxnNumbers=True)
    stage.pass_time(5, minutes=20)
    assert payable(stage, "1071").booked


def test_until_the_settings_are_read_nothing_is_written_and_each_says_why() -> None:
    stage = a_synced_stage()
    lose_quickbooks(stage)
    acts.pay_by_card(stage, "1046")
    stage.world.quickbooks_box.faults.append(Fault("status", status=503, path="/batch", skip=1, times=50))
    reconnect_quickbooks(stage)
    [step] = [e for e in acts.all_effects(stage) if e.kind == Do.POSTING and e.status is Status.OWED]
    assert step.cause == "QuickBooks' settings are being read."
    assert acts.posted_on(stage, "1046") == []
    stage.world.quickbooks_box.faults.clear()
    stage.pass_time(1, minutes=5)
    assert acts.posted_on(stage, "1046") == [125000]


def test_what_goes_to_quickbooks_waits_for_its_settings_alone_and_not_for_clio() -> None:
    stage = a_synced_stage()
    lose_quickbooks(stage)
    acts.pay_by_card(stage, "1046")
    stage.world.clio_box.people.revoke()
    reconnect_quickbooks(stage)
    assert acts.posted_on(stage, "1046") == [125000]


def test_settings_read_before_the_company_was_connected_anew_lift_nothing() -> None:
    world, firm = MemoryWorld(), a_firm(accounts=Accounts(), blocked=((str(Do.INVOICE), "Numbers are off."),))
    put(world.store, Kind.FIRM, firm)
    books = Books("Hartwell", "USD", (), (), True, None, False, None)
    again = Preflighted(rules.ALL_UNREAD)

    def connected_anew() -> None:
        signing.settle_firm(world, FIRM, again, by=acts.STAFF)

    policy = Policy(firm, 1, Lanes(FIRM, clio="us/1", realm="9"))
    effect = owe(world, effects.owed(FIRM, Do.PREFLIGHT, "main", "firm", lane_of(FIRM, Neighbour.SELF), world.now()))
    reach = near(quickbooks=SimpleNamespace(books=lambda _a: books), first=connected_anew)
    with pytest.raises(Conflict):
        preflight.run(world, reach, policy, effect)
    state = firm_of(world, FIRM)
    assert state
    assert state.blocked == again.blocked


@pytest.mark.parametrize("goes_down", [False, True])
def test_a_payment_of_more_than_its_invoice_shows_waits_for_the_change_that_is_owed(goes_down: bool) -> None:
    """Entered before, the rest of it would stay unapplied for good, and the invoice open."""
    stage = a_synced_stage()
    settings(stage, CustomTxnNumbers=False)
    assert "custom-numbers" in needs(stage)
    clio, bill = stage.world.clio_box.people, int(payable(stage, "1042").id)
    asks = payable(stage, "1042").asks
    clio.edit_bill(bill, total=asks + 920)
    acts.poll(stage)
    clio.record_payment({bill: asks if goes_down else asks + 920})
    acts.poll(stage)
    stage.pass_time(5, hours=1)
    assert acts.posted_on(stage, "1042") == ([asks] if goes_down else []), "what fits is entered at once"
    settings(stage, CustomTxnNumbers=True)
    stage.pass_time(5, hours=1)
    assert acts.cents(acts.invoice(stage, "1042")["Balance"]) == (920 if goes_down else 0)
    assert sum(acts.posted_on(stage, "1042")) == (asks if goes_down else asks + 920)
    assert [p["UnappliedAmt"] for p in acts.booked(stage, "Payment") if p["UnappliedAmt"]] == []


def test_credits_wait_for_the_account_of_payments_and_go_on_once_it_is_active() -> None:
    stage = a_synced_stage()
    people = stage.world.quickbooks_box.people
    clearing = policy_of(stage.world, stage.firm).firm.accounts.clearing
    people.change_name(stage.realm, "Account", clearing, Active=False)
    assert "clearing" in needs(stage)
    made = stage.world.clio_box.people.issue_credit("1046", 2500)
    acts.poll(stage)
    stage.pass_time(2, minutes=20)
    assert acts.booked(stage, "CreditMemo", DocNumber=f"CN-{made}") == []
    assert acts.parked(stage, kind="quickbooks.credit") == []
    people.change_name(stage.realm, "Account", clearing, Active=True)
    assert "clearing" not in needs(stage)
    stage.pass_time(3, minutes=20)
    assert acts.cents(acts.invoice(stage, "1046")["Balance"]) == 122500


def test_invoices_wait_for_the_account_that_their_item_is_booked_in_and_go_on_once_it_is_active() -> None:
    stage = a_synced_stage()
    people = stage.world.quickbooks_box.people
    item = policy_of(stage.world, stage.firm).firm.accounts.services
    [income] = [i["IncomeAccountRef"]["value"] for i in acts.booked(stage, "Item") if i["Id"] == item]
    people.change_name(stage.realm, "Account", income, Active=False)
    before = len(stage.world.quickbooks_box.log)
    assert "incomes" in needs(stage)
    assert len(stage.world.quickbooks_box.log) - before <= 2, "nothing more is read for it"
    lines = [{"note": "Advice", "price": 40000}]
    stage.world.clio_box.people.add_bill("Hartwell & Pine LLP", "Ada Example", "3001", lines)
    acts.poll(stage)
    assert payable(stage, "3001").booked is None and not acts.parked_on(stage, "3001")
    people.change_name(stage.realm, "Account", income, Active=True)
    assert "incomes" not in needs(stage)
    stage.pass_time(3, minutes=20)
    assert payable(stage, "3001").booked


def test_a_credit_is_applied_in_the_account_of_payments_also_while_quickbooks_own_is_inactive() -> None:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=20)
    chosen = policy_of(stage.world, stage.firm).firm.accounts
    [bank] = [a for a in acts.booked(stage, "Account") if a["AccountSubType"] == "Checking"]
    ids = {"clearing": bank["Id"], "services": chosen.services}
    setup.choose_accounts(stage.world, stage.firm, ids, acts.STAFF)
    people = stage.world.quickbooks_box.people
    [own] = [a for a in acts.booked(stage, "Account") if a["AccountSubType"] == "UndepositedFunds"]
    people.change_name(stage.realm, "Account", own["Id"], Active=False)
    assert "clearing" not in needs(stage)
    stage.world.clio_box.people.issue_credit("1046", 2500)
    acts.poll(stage)
    stage.pass_time(2, minutes=20)
    assert acts.cents(acts.invoice(stage, "1046")["Balance"]) == 122500


def test_journal_entries_wait_for_an_account_that_was_made_inactive_and_go_on_once_it_is_active() -> None:
    stage = trust.a_trust_stage()
    people, bank = stage.world.quickbooks_box.people, trust.book(stage, "TrustAccounts")["Id"]
    people.change_name(stage.realm, "Account", bank, Active=False)
    assert "trust-accounts" in needs(stage)
    moved = trust.entry(stage, trust.move(stage, "Ada Example", 300))
    assert not moved.written
    people.change_name(stage.realm, "Account", bank, Active=True)
    assert "trust-accounts" not in needs(stage)
    stage.pass_time(2, minutes=5)
    assert moved.number in trust.journals(stage)


def test_an_account_that_a_cut_list_does_not_show_is_looked_up_before_it_is_missed() -> None:
    account, world = Account("60", "Undeposited Funds", "Other Current Asset", "UndepositedFunds"), MemoryWorld()
    books = Books("Hartwell", "USD", (), (), True, None, False, None)
    firm = a_firm(accounts=Accounts(clearing="60"))
    put(world.store, Kind.FIRM, firm)
    asked: list[list[str]] = []

    def accounts_by_id(_access: object, ids: list[str]) -> list[Account]:
        asked.append(ids)
        return [account]

    quickbooks = SimpleNamespace(
        books=lambda _a: books,
        numbers=lambda _a, _since, _start: DocNumbers((), False, world.now()),
        accounts_by_id=accounts_by_id,
    )
    clio = SimpleNamespace(newest_numbers=lambda _a: [])
    policy = Policy(firm, 1, Lanes(FIRM, clio="us/1", realm="9"))
    effect = owe(world, effects.owed(FIRM, Do.PREFLIGHT, "main", "firm", lane_of(FIRM, Neighbour.SELF), world.now()))
    preflight.run(world, near(quickbooks=quickbooks, clio=clio), policy, effect)
    assert asked == [["60"]]
    report = preflight.report(world, FIRM)
    assert report is not None
    assert "clearing" not in {f.key for f in report.needs}


def test_a_second_reading_asks_only_for_what_changed_since() -> None:
    stage = a_synced_stage()
    check(stage)
    before = acts.calls(stage)
    check(stage)
    batches = [r for r in acts.requests_since(stage, before) if "/batch" in str(r)]
    assert len(batches) == 2, batches
    owner = stage.world.quickbooks_box.people.find(stage.realm, "Customer")[0]["Id"]
    stage.world.quickbooks_box.people.add_credit_memo(stage.realm, owner, 5, "90210")
    found = next(f for f in check(stage).findings if f.key == "numbers")
    assert found.weight == "warns"
    assert "credit memo 90210" in found.listed


def test_a_document_that_was_deleted_is_listed_as_a_clash_no_more() -> None:
    stage = a_synced_stage()
    people = stage.world.quickbooks_box.people
    owner = people.find(stage.realm, "Customer")[0]["Id"]
    made = [people.add_credit_memo(stage.realm, owner, 5, number) for number in ("999998", "999999")]
    assert {"credit memo 999998", "credit memo 999999"} <= set(clashes(stage))
    people.delete_credit_memo(stage.realm, made[1]["Id"])
    assert "credit memo 999999" not in clashes(stage)
    assert "credit memo 999998" in clashes(stage)
    people.delete_credit_memo(stage.realm, made[0]["Id"])
    assert "credit memo 999998" not in clashes(stage)


def clashes(stage: Stage) -> tuple[str, ...]:
    return next(f.listed for f in check(stage).findings if f.key == "numbers")


def test_numbers_are_compared_series_by_series_and_remembered() -> None:
    world, since = MemoryWorld(), list[Any]()
    shown = [(DocNumber("CreditMemo", "7", "INV-9"), DocNumber("Invoice", "6", "5000")), ()]

    ahead = {"CreditMemo": ["7"]}

    def numbers(_access: object, changed: Any, _start: int, of: Any = None) -> DocNumbers:
        if of:
            assert of == ahead
            return DocNumbers((DocNumber("CreditMemo", "7", "INV-9"),), False, world.now())
        since.append(changed)
        return DocNumbers(shown.pop(0), False, world.now())

    books = Books("Hartwell", "USD", (), (), True, None, False, None)
    quickbooks = SimpleNamespace(books=lambda _a: books, numbers=numbers)
    clio = SimpleNamespace(newest_numbers=lambda _a: ["INV-7", "INV-6"])
    put(world.store, Kind.FIRM, a_firm(accounts=Accounts()))
    policy = Policy(a_firm(accounts=Accounts()), 1, Lanes(FIRM, clio="us/1", realm="9"))
    world.store.put_record(f"numbers/{FIRM}", "9", {"since": world.now().isoformat(), "top": [], "clio": 1042})
    for _ in range(2):
        owed = effects.owed(FIRM, Do.PREFLIGHT, "main", "firm", lane_of(FIRM, Neighbour.SELF), world.now())
        preflight.run(world, near(quickbooks=quickbooks, clio=clio), policy, owe(world, owed))
        report = preflight.report(world, FIRM)
        assert report is not None
        assert [f.listed for f in report.findings if f.key == "numbers"] == [("credit memo INV-9",)]
        world.store.retry(owed.key, world.now())
    assert since == [None, world.now() - preflight.OVERLAP], "what an older reading kept knew no series"


def test_a_first_reading_that_is_interrupted_goes_on_where_it_was() -> None:
    stage = a_stage()
    stage.world.quickbooks_box.faults.append(Fault("status", status=503, path="/batch", times=1))
    stage.work()
    assert preflight.report(stage.world, stage.firm) is None
    assert preflight.running(stage.world, stage.firm) is False
    stage.pass_time(1, minutes=3)
    assert preflight.report(stage.world, stage.firm)


def test_every_page_of_numbers_is_read_the_first_time() -> None:
    stage = a_stage()
    people = stage.world.quickbooks_box.people
    owner = people.find(stage.realm, "Customer")[0]["Id"]
    for n in range(1001):
        people.add_invoice(stage.realm, owner, 1, f"7{n:05d}")
    found = next(f for f in check(stage).findings if f.key == "numbers")
    assert found.listed[0] == "invoice 701000"


def test_an_item_on_a_later_page_of_a_long_list_is_not_missed() -> None:
    stage = a_synced_stage()
    real = stage.world.quickbooks.books

    def cut(access: Access, *, whole: bool = False) -> Books:
        return real(access) if whole else replace(real(access), items=())

    stage.world.quickbooks.books = cut  # type: ignore[method-assign]
    assert "items" not in needs(stage)


def test_what_the_firm_chooses_anew_is_laid_beside_the_books_at_once() -> None:
    stage = a_synced_stage()
    world, firm = stage.world, stage.firm
    settings(stage, BookCloseDate="2026-02-15")
    assert "closed" in needs(stage)
    setup.confirm_writes(world, firm, sync_off=True, reminders_off=True, start_on=date(2026, 2, 16), by="test")
    stage.pass_time(1, minutes=2)
    assert "closed" not in {f.key for f in told(stage).needs}
    trust.choose(stage)
    stage.pass_time(1, minutes=2)
    assert "closed" in {f.key for f in told(stage).needs}
    setup.confirm_place(
        world, firm, name="Hartwell", zone="America/New_York", currency="CAD", reply_to="a@b.example", by="test"
    )
    stage.pass_time(1, minutes=2)
    assert "currency" in {f.key for f in told(stage).needs}


def test_the_night_owes_a_preflight_for_every_firm() -> None:
    stage = a_synced_stage()
    before = preflight.report(stage.world, stage.firm)
    stage.world.clock.move(hours=8)
    assert reconciling.nightly(stage.world) == 1
    assert preflight.running(stage.world, stage.firm)
    stage.work()
    after = preflight.report(stage.world, stage.firm)
    assert before
    assert after
    assert after.at > before.at


def test_without_a_connection_it_waits() -> None:
    stage = a_synced_stage()
    lose_quickbooks(stage)
    preflight.start(stage.world, stage.firm)
    stage.work()
    effect = next(e for e in acts.all_effects(stage) if e.kind == Do.PREFLIGHT)
    assert (effect.status, effect.cause) == (Status.OWED, "QuickBooks is disconnected.")


# --- connecting, and a worker that dies meanwhile ---------------------------------------------------------------------


class Killed(BaseException):
    """The worker's process ends."""


def blocked(stage: Stage) -> bool:
    firm = firm_of(stage.world, stage.firm)
    assert firm is not None
    return bool(firm.blocked)


def test_a_worker_that_dies_once_it_has_connected_leaves_the_reading_owed(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_synced_stage()
    lose_quickbooks(stage)
    stage.work()
    real = stage.world.store.commit

    def killed(commit: Any) -> None:
        real(commit)
        if any(c.line.fact == "Connected" for c in commit.changes):
            raise Killed

    monkeypatch.setattr(stage.world.store, "commit", killed)
    with pytest.raises(Killed):
        connect(stage, stage.realm)
    monkeypatch.undo()
    assert blocked(stage)
    stage.pass_time(1, minutes=2)
    assert not blocked(stage), "what waits for the settings waits no longer than a sweep"


def test_a_reading_made_before_the_connection_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The firm connects once more while it is connected: a worker is quick, and reads before the commit."""
    stage = a_synced_stage()
    real = stage.world.store.put_record

    def quick(pk: str, sk: str, body: Any, **more: Any) -> int:
        version = real(pk, sk, body, **more)
        if pk == f"token/{stage.firm}":
            monkeypatch.undo()
            stage.work()
            assert not preflight.running(stage.world, stage.firm)
        return version

    monkeypatch.setattr(stage.world.store, "put_record", quick)
    connect(stage, stage.realm)
    assert blocked(stage)
    stage.work()
    assert not blocked(stage)


def test_a_connection_that_is_refused_owes_no_reading() -> None:
    stage = a_synced_stage()
    assert not preflight.running(stage.world, stage.firm)
    with pytest.raises(Refused, match="revoke and purge first"):
        connect(stage, REALM_B)
    assert not preflight.running(stage.world, stage.firm)


def test_without_quickbooks_there_is_nothing_to_read() -> None:
    world = MemoryWorld()
    policy = Policy(a_firm(), 1, Lanes(FIRM, clio="us/1"))
    effect = effects.owed(FIRM, Do.PREFLIGHT, "main", "firm", lane_of(FIRM, Neighbour.SELF), world.now())
    with pytest.raises(Disconnected, match="not connected yet"):
        preflight.run(world, near(), policy, effect)
    assert preflight.report(world, FIRM) is None
