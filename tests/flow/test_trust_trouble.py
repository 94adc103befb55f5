"""What goes wrong on the way of trust money: rows that cannot be read, ids that moved, books that others touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.kernel import Decision, Kind, Neighbour, Ref
from chalicelib.errors import Refused
from chalicelib.flow import (
    attention,
    compared,
    connecting,
    reconciling,
    trust_check,
    trust_report,
    trust_setup,
    trust_views,
    trusting,
)
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.test_purge import begin_anew
from tests.flow.test_trust_report import last_month
from tests.world import Stage

FIRM = "Hartwell & Pine LLP"


def row(stage: Stage, transaction: int) -> object:
    return stage.world.clio_box.state.rows["bank_transactions"][transaction]


def spoil(stage: Stage, transaction: int, **raw: object) -> None:
    """Clio shows something else for these names, and says that it changed."""
    held = stage.world.clio_box.state.rows["bank_transactions"][transaction]
    held.raw = raw
    stage.world.clio_box.touch(held)


def test_a_row_that_cannot_be_read_parks_alone_and_comes_in_once_it_is_mended() -> None:
    stage = trust.a_trust_stage()
    made = stage.world.clio_box.people.move_trust("Ada Example", 12345)
    spoil(stage, made, amount=1.234, funds_in=1.234)
    acts.poll(stage)
    [parked] = acts.parked(stage, kind="clio.move")
    assert "1.234" in parked.reason
    acts.poll(stage)
    assert len(acts.parked(stage, kind="clio.move")) == 1
    trust.check(stage)  # the sweep knows of it too, and asks nobody a second time
    spoil(stage, made)
    acts.poll(stage)
    assert acts.parked(stage, kind="clio.move") == []
    assert trust.entry(stage, made).move.cents == 12345
    trust.agree(stage)


def test_another_currency_parks_with_its_value() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    spoil(stage, made, currency="GBP")
    acts.poll(stage)
    [parked] = acts.parked(stage, kind="clio.move")
    assert "GBP" in parked.reason
    spoil(stage, made)
    attention.retry(stage.world, stage.firm, parked.key, acts.STAFF)
    stage.work()
    assert acts.parked(stage, kind="clio.move") == []


def test_new_money_in_another_currency_parks_and_is_in_no_ledger() -> None:
    stage = trust.a_trust_stage()
    before = trust.agree(stage)
    made = stage.world.clio_box.people.move_trust("Ada Example", 12345)
    spoil(stage, made, currency="GBP")
    acts.poll(stage)
    [parked] = acts.parked(stage, kind="clio.move")
    assert "GBP" in parked.reason
    assert trust.totals(stage)["entries"] == trust.totals(stage)["clients"] == before
    assert f"T-{made}" not in trust.journals(stage)
    spoil(stage, made)
    attention.retry(stage.world, stage.firm, parked.key, acts.STAFF)
    stage.work()
    assert trust.agree(stage) == before + 12345


def test_a_transaction_that_moves_to_an_operating_account_leaves_trust() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    state = stage.world.clio_box.state
    held = state.rows["bank_transactions"][made]
    there = state.rows["bank_accounts"][held.bank_account_id]
    operating = next(a for a in state.of_firm("bank_accounts", held.firm) if a.type == "Operating")
    there.balance -= 12345
    held.bank_account_id, held.type = operating.id, "asset"
    stage.world.clio_box.touch(held)
    acts.poll(stage)
    assert trust.entry(stage, made).gone
    trust.agree(stage)


def test_a_line_that_turns_out_to_be_a_payment_from_trust_becomes_that_entry() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", -500)
    stage.world.clio_box.people.record_payment({"1042": 500})
    held = stage.world.clio_box.state.rows["bank_transactions"][made]
    held.allocation = next(a for a in stage.world.clio_box.people.money("1042")["allocations"] if a["amount"] == 500)[
        "id"
    ]
    stage.world.clio_box.touch(held)
    acts.poll(stage)
    live = [e for e in trust.entries(stage) if e.move.transaction == str(made)]
    assert [e.id for e in live] == [f"a{held.allocation}"]
    trust.agree(stage)


@pytest.mark.parametrize("lines", ["both", "none"])
def test_a_payment_from_trust_that_staff_edit_changes_its_entry_with_a_line_or_without(lines: str) -> None:
    stage = trust.a_trust_stage()
    box = stage.world.clio_box
    box.switches["trust_payment_lines"] = lines
    trust.move(stage, "Ada Example", 50000)
    before = trust.agree(stage)
    payment = box.people.record_payment({"1042": 15000}, from_trust=True)
    acts.poll(stage)
    assert trust.agree(stage) == before - 15000
    _edit_payment(stage, payment, 12000)
    acts.poll(stage)
    assert trust.agree(stage) == before - 12000
    assert not [d for d in acts.compare(stage).differences if "trust" in d.kind or d.number.startswith("T-")]


def _edit_payment(stage: Stage, payment: int, cents: int) -> None:
    """Staff change the amount of a payment from trust over one bill."""
    box = stage.world.clio_box
    rows = box.state.rows
    paid = next(a for a in rows["allocations"].values() if (a.parent_type, a.parent_id) == ("Payment", payment))
    less = paid.amount - cents
    paid.amount = rows["payments"][payment].amount = cents
    bill, source, into = (
        rows["bills"][paid.bill],
        rows["bank_accounts"][paid.source_bank_account],
        rows["bank_accounts"][paid.destination_bank_account],
    )
    bill.paid -= less
    source.balance += less
    into.balance -= less
    lines = [m for m in rows["bank_transactions"].values() if m.allocation == paid.id]
    for m in lines:
        m.amount = cents if m.amount > 0 else -cents
    for changed in (paid, bill, source, into, *lines):
        box.touch(changed)


def test_what_is_gone_is_not_believed_while_its_account_is_not_shown() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    stage.world.clio_box.people.delete_transaction(made)
    entry = trust.entry(stage, made)
    trusting.point_at(stage.world, policy_of(stage.world, stage.firm), str(made), entry.id, "999")
    stage.work()
    [parked] = acts.parked(stage, kind="clio.move")
    assert parked.reason == trusting.NOT_VISIBLE
    assert not trust.entry(stage, made).gone
    trust.check(stage)
    assert trust.entry(stage, made).gone


def test_a_transaction_that_was_never_held_and_is_gone_leaves_nothing() -> None:
    stage = trust.a_trust_stage()
    trusting.point_at(stage.world, policy_of(stage.world, stage.firm), "1", "", trust.account(stage))
    stage.work()
    assert acts.parked(stage, kind="clio.move") == []


def test_a_sweep_over_several_pages_finds_what_is_gone_and_what_was_never_read() -> None:
    stage = trust.a_trust_stage()
    made = [stage.world.clio_box.people.move_trust("Ada Example", 100 + n) for n in range(430)]
    acts.poll(stage)
    stage.pass_time(minutes=60)
    for gone in (made[0], made[210], made[429]):
        stage.world.clio_box.people.delete_transaction(gone)
    hidden = stage.world.clio_box.people.move_trust("Ada Example", 777)
    held = stage.world.clio_box.state.rows["bank_transactions"][hidden]
    held.updated_at = held.updated_at.replace(year=2020)  # no feed will ever show it
    checked = trust.check(stage)
    assert checked.clio_agrees
    assert sum(1 for m in made if trust.entry(stage, m).gone) == 3
    assert trust.entry(stage, hidden).move.cents == 777
    stage.pass_time(minutes=30)
    trust.agree(stage)


def test_two_deletions_that_come_to_nothing_are_found_by_the_number_of_transactions() -> None:
    stage = trust.a_trust_stage()
    trust.move(stage, "Ada Example", 50000)
    moved = [trust.move(stage, "Ada Example", -10000), trust.move(stage, "Felix Ortega", 10000)]
    trust.check(stage)
    for one in moved:  # a transfer between two clients that was a mistake: Clio's balance is the same without it
        stage.world.clio_box.people.delete_transaction(one)
    checked = trust.check(stage)
    assert [f.unlike for f in checked.accounts.values()] == [""]
    assert (trust.ledgers(stage)["Ada Example"].balance, trust.ledgers(stage)["Felix Ortega"].balance) == (50000, 0)
    stage.pass_time(minutes=10)
    assert not {f"T-{one}" for one in moved} & trust.journals(stage).keys()


def test_another_number_of_transactions_that_stays_after_a_sweep_is_not_swept_again() -> None:
    stage = trust.a_trust_stage()
    spoil(stage, stage.world.clio_box.people.move_trust("Ada Example", 0), currency="GBP")  # parks, and is in no ledger
    acts.poll(stage)
    account = trust.account(stage)
    assert trust.check(stage).swept == {account: "#1"}

    def swept() -> int:
        return sum(e.arrivals for e in acts.all_effects(stage) if e.kind == "clio.trust_sweep")

    before = swept()
    trust.move(stage, "Ada Example", 100)
    assert trust.check(stage).accounts[account].beyond == 1
    assert swept() == before


def test_a_trust_account_that_clio_lists_no_more_is_named_and_its_months_stay() -> None:
    stage = trust.a_trust_stage()
    stage.pass_time(60, hours=1)
    assert trust.check(stage).clio_agrees
    account, month = trust.account(stage), last_month(stage)
    row = stage.world.clio_box.state.rows["bank_accounts"][int(account)]
    row.type = "Operating"
    checked = trust.check(stage)
    assert not checked.clio_agrees
    assert checked.accounts[account].clio is None
    [named] = [d for d in acts.compare(stage).differences if d.kind == "trust account not listed in Clio"]
    assert (named.number, named.cents) == (row.name, -12000)
    assert not [e for e in acts.all_effects(stage) if e.kind == "clio.trust_sweep"], "it has no ids to read"
    shown = trust_report.three_way(stage.world, stage.firm, account, month)
    assert (shown.clio, shown.book) == (None, shown.journal)
    assert not trust_views.overview(stage.world, stage.firm).agree
    row.type = "Trust"
    assert trust.check(stage).clio_agrees
    assert not [d for d in acts.compare(stage).differences if "trust" in d.kind]


def test_a_night_that_finds_a_deletion_waits_until_it_is_mended_and_then_names_nothing() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    trust.check(stage)
    stage.world.clio_box.people.delete_transaction(made)
    stage.pass_time(5, hours=1)
    reconciling.nightly(stage.world)
    stage.pass_time(1, minutes=30)
    report = compared.last(stage.world, stage.firm)
    assert report
    assert report.by == "nightly"
    assert trust.entry(stage, made).gone
    assert not [d for d in report.differences if "trust" in d.kind or d.number.startswith("T-")]


def test_a_comparison_waits_for_a_sweep_for_a_while_and_then_says_that_it_is_under_way() -> None:
    stage = trust.a_trust_stage()
    stage.world.clio_box.state.rows["bank_accounts"][int(trust.account(stage))].balance += 500
    stage.world.clio_box.faults.append(Fault("status", path="/bank_transactions", status=503, times=1000))
    began = stage.world.now()
    reconciling.start(stage.world, stage.firm, acts.STAFF)
    stage.pass_time(1, minutes=8)
    report = compared.last(stage.world, stage.firm)
    assert report is None or report.at < began
    stage.pass_time(1, minutes=8)
    report = compared.last(stage.world, stage.firm)
    assert report
    assert report.at >= began
    [named] = [d for d in report.differences if d.kind == "trust account differs in Clio"]
    assert "are being compared one by one" in named.remedy


def test_a_sweep_goes_on_where_a_minute_ended() -> None:
    stage = trust.a_trust_stage()
    made = [stage.world.clio_box.people.move_trust("Ada Example", 100) for _ in range(230)]
    acts.poll(stage)
    stage.pass_time(minutes=30)
    stage.world.clio_box.people.delete_transaction(made[3])
    stage.world.clio_box.people.delete_transaction(made[229])
    stage.world.clio_box.faults.append(Fault("status", path="bank_transactions", status=500, skip=2))
    trust.check(stage)
    assert all(trust.entry(stage, m).gone for m in (made[3], made[229]))


def test_a_number_that_another_journal_entry_has_parks() -> None:
    stage = trust.a_trust_stage()
    bank, liability = trust.book(stage, "TrustAccounts")["Id"], trust.book(stage, "TrustAccountsLiabilities")["Id"]
    made = stage.world.clio_box.people.move_trust("Ada Example", 12345)
    theirs = stage.world.quickbooks_box.people.add_journal(stage.realm, bank, liability, "1.00", f"T-{made}")
    acts.poll(stage)
    [parked] = acts.parked(stage, kind="quickbooks.journal")
    assert "not ours" in parked.reason
    stage.world.quickbooks_box.people.delete_journal(stage.realm, theirs["Id"])
    attention.retry(stage.world, stage.firm, parked.key, acts.STAFF)
    stage.work()
    trust.agree(stage)


def test_a_person_may_accept_that_a_journal_entry_is_gone() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    stage.world.quickbooks_box.people.delete_journal(stage.realm, trust.journals(stage)[f"T-{made}"]["Id"])
    stage.world.clio_box.people.edit_transaction(made, amount=20000)
    acts.poll(stage)
    [parked] = acts.parked(stage, kind="quickbooks.journal")
    attention.done(stage.world, stage.firm, parked.key, acts.STAFF)
    stage.work()
    assert f"T-{made}" not in trust.journals(stage)
    trust.check(stage)
    page = trust_views.ledger(stage.world, stage.firm, trust.account(stage), trust.entry(stage, made).move.client_id)
    assert [e.state for e in page.entries] == ["removed"]
    assert [d.kind for d in acts.compare(stage).differences if d.number == f"T-{made}"] == [
        "journal entry left as it is"
    ]


def test_an_entry_given_to_another_client_in_quickbooks_is_shown_to_a_person_and_named() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    ada, felix = acts.contact(stage, "Ada Example").customer, acts.contact(stage, "Felix Ortega").customer
    number = f"T-{made}"
    people, id = stage.world.quickbooks_box.people, trust.journals(stage)[number]["Id"]
    people.move_journal(stage.realm, id, customers={ada: felix})
    stage.pass_time(5, hours=1)
    [parked] = acts.parked(stage, kind="quickbooks.journal")
    assert parked.reason == f"The journal entry {number} is for another client in QuickBooks than Ada Example."
    attention.done(stage.world, stage.firm, parked.key, acts.STAFF)
    assert [d.kind for d in acts.compare(stage).differences if d.number == number] == ["journal entry left as it is"]
    people.move_journal(stage.realm, id, accounts={trust.book(stage, "TrustAccountsLiabilities")["Id"]: other(stage)})
    stage.pass_time(5, hours=1)
    [parked] = acts.parked(stage, kind="quickbooks.journal")
    assert "stands on other accounts" in parked.reason
    attention.retry(stage.world, stage.firm, parked.key, acts.STAFF, "again")
    stage.pass_time(5, minutes=5)
    details = [line["JournalEntryLineDetail"] for line in trust.journals(stage)[number]["Line"]]
    assert [d["Entity"]["EntityRef"]["value"] for d in details if "Entity" in d] == [ada]
    trust.agree(stage)
    assert not [d for d in acts.compare(stage).differences if d.number == number]


def other(stage: Stage) -> str:
    """Another liability account."""
    held = acts.booked(stage, "Account", AccountType="Other Current Liability")
    return str(next(a["Id"] for a in held if "Trust" not in a["AccountSubType"]))


def test_an_entry_follows_its_client_where_customers_were_merged() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    people = stage.world.quickbooks_box.people
    winner = people.add_customer(stage.realm, "Example Holdings", "office@example.com")["Id"]
    people.merge_customers(stage.realm, acts.contact(stage, "Ada Example").customer, winner)
    stage.pass_time(5, hours=1)
    assert acts.contact(stage, "Ada Example").customer == winner
    assert acts.parked(stage, kind="quickbooks.journal") == []
    assert not [d for d in acts.compare(stage).differences if d.number == f"T-{made}"]
    posted = trust.entry(stage, made).posted
    assert posted
    assert winner in {who for _, _, who in posted.lines}


def test_where_the_merge_is_a_persons_business_its_entry_waits_for_that_word() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    ada, calder = (acts.contact(stage, name).customer for name in ("Ada Example", "Calder Freight Inc"))
    stage.world.quickbooks_box.people.merge_customers(stage.realm, ada, calder)
    stage.pass_time(5, hours=1)
    assert acts.contact(stage, "Ada Example").lost == "merged"
    assert acts.parked(stage, kind="quickbooks.journal") == []
    about = f"trust/{trust.entry(stage, made).id}"
    [step] = [e for e in acts.all_effects(stage) if e.about == about and e.status == "owed"]
    assert "your word on its client" in step.cause


def test_what_was_deleted_on_both_sides_needs_nobody() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    stage.world.quickbooks_box.people.delete_journal(stage.realm, trust.journals(stage)[f"T-{made}"]["Id"])
    stage.world.clio_box.people.delete_transaction(made)
    trust.check(stage)
    assert acts.parked(stage, kind="quickbooks.journal") == []
    trust.agree(stage)


@pytest.mark.parametrize("fate", ["drop_request", "drop_answer"])
def test_a_clients_own_account_is_made_once_however_answers_are_lost(fate: str) -> None:
    stage = trust.a_trust_stage(sub_accounts=True)
    stage.pass_time(minutes=30)
    stage.world.clio_box.people.move_trust("Jonas Weld", 12345)
    stage.world.quickbooks_box.faults.append(Fault(fate, path="/batch", method="POST", times=2))
    stage.pass_time(1, minutes=45)
    client = acts.contact(stage, "Jonas Weld").id
    assert len(acts.booked(stage, "Account", Name=f"Jonas Weld (Clio {client})")) == 1
    trust.agree(stage)


def test_an_account_of_that_name_elsewhere_is_not_used() -> None:
    stage = trust.a_trust_stage(sub_accounts=True)
    client = acts.contact(stage, "Jonas Weld").id
    clerk = stage.world.quickbooks_box.people._clerk(stage.realm)
    clerk.create("Account", {"Name": f"Jonas Weld (Clio {client})", "AccountType": "Other Current Liability"})
    trust.move(stage, "Jonas Weld", 12345)
    [parked] = acts.parked(stage, kind="quickbooks.subaccount")
    assert "not below your trust liability" in parked.reason


def test_while_a_client_waits_for_a_person_their_entries_wait_and_others_go_on() -> None:
    stage = trust.a_trust_stage()
    waits, goes = trust.move(stage, "Brook Jensen", 100), trust.move(stage, "Ada Example", 200)
    assert f"T-{goes}" in trust.journals(stage)
    assert f"T-{waits}" not in trust.journals(stage)
    [effect] = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.journal" and e.status == "owed"]
    assert "your word on its client" in effect.cause


def test_without_quickbooks_clios_side_is_told_all_the_same() -> None:
    stage = trust.a_trust_stage()
    connecting.disconnect(stage.world, stage.firm, str(Neighbour.QUICKBOOKS), acts.STAFF)
    checked = trust.check(stage)
    assert checked.clio_agrees
    assert checked.liability is None


def test_after_a_purge_every_entry_is_written_anew_once_its_accounts_are_chosen_again() -> None:
    stage = trust.a_trust_stage()
    for number in list(trust.journals(stage)):
        stage.world.quickbooks_box.people.delete_journal(stage.realm, trust.journals(stage)[number]["Id"])
    ref = Ref(stage.firm, Kind.FIRM, stage.firm)
    settle(
        stage.world,
        [ref],
        lambda held, _now: {ref: Decision(replace(held[ref], generation=held[ref].generation + 1))},
        fact="Purged",
    )
    assert not trust_views.overview(stage.world, stage.firm).chosen
    trust.choose(stage)
    stage.pass_time(minutes=20)
    owed = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.journal" and e.status == "owed"]
    assert {e.body["revision"] for e in owed} == {2}
    assert all(e.lane.endswith("|~2") for e in owed)  # it waits there for the first sync of the new company
    assert len(owed) == len(trust.entries(stage))
    assert all(e.posted is None for e in trust.entries(stage))


def test_after_a_purge_what_vanished_in_clio_is_found_before_the_next_first_sync() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    trust.check(stage)
    connecting.purge(stage.world, stage.firm, FIRM, acts.STAFF)
    begin_anew(stage, stage.realm, matched=False)
    stage.world.clio_box.people.delete_transaction(made)
    assert trust.check(stage).clio_agrees
    assert trust.entry(stage, made).gone
    assert acts.tasks(stage, "trust-accounts") == [], "where they go is chosen with the next company"


def test_without_clio_and_quickbooks_nothing_can_be_chosen() -> None:
    stage = acts.a_synced_stage()
    with pytest.raises(Refused, match="Connect Clio"):
        trust_setup.choices(stage.world, "us-0")
    assert (
        trust_views.months(stage.world, stage.firm, trust.account(stage))
        if trust_check.last(stage.world, stage.firm)
        else True
    )


def test_money_that_is_read_while_the_accounts_are_chosen_is_written() -> None:
    """The feed's worker began before the choice, and brings the entry in after the look that the choice owed."""
    stage = acts.a_synced_stage()
    world, before = stage.world, policy_of(stage.world, stage.firm)
    made = world.clio_box.people.move_trust("Ada Example", 12_300)
    trust.choose(stage)
    world.clock.move(minutes=1)
    page = Reach(world, stage.firm, before.lanes, Floor.POLL).clio(lambda c, a: c.deposits_by_id(a, [str(made)]))
    trusting.see_page(world, before, page.items)
    stage.pass_time(3, minutes=5)
    assert trust.entry(stage, made).posted


def test_a_comparison_goes_on_with_the_trust_account_that_clio_did_not_show() -> None:
    stage = trust.a_trust_stage()
    stage.world.clio_box.faults.append(Fault("status", path="bank_accounts", status=503, times=1))
    report = acts.compare(stage)
    assert not [d for d in report.differences if "trust" in d.kind.lower()]
    assert stage.world.clio_box.faults == []
