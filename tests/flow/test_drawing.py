"""How invoices are drawn: chosen by the firm, with a pay link that lasts, and written again only when asked."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Detail, Founded, Invoicing, Member, TaxAs
from chalicelib.domain.kernel import Neighbour, Status, lane_of
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import checkout, drawing, links, signing
from chalicelib.flow.settle import policy_of
from tests.flow import acts, races
from tests.flow.acts import STAFF, a_stage, a_synced_stage, cents, invoice, payable
from tests.world import PUBLIC, MemoryWorld, Stage, connect, seeded, take_cards


def choose(stage: Stage, ids: dict[str, str] | None = None, **how: Any) -> None:
    drawing.save(stage.world, stage.firm, Invoicing(**how), ids or {}, STAFF)


def words(stage: Stage, number: str) -> list[str]:
    return [x["Description"] for x in invoice(stage, number)["Line"] if "Description" in x]


def message(stage: Stage, number: str) -> str:
    return str(invoice(stage, number).get("CustomerMemo", {}).get("value", ""))


def token(stage: Stage, number: str) -> str:
    found = re.fullmatch(rf"Pay online: {PUBLIC}/pay/(\S+)", message(stage, number))
    assert found, message(stage, number)
    return found[1]


def test_entries_stand_one_by_one_or_one_line_for_each_kind() -> None:
    stage = a_stage()
    choose(stage, detail=Detail.KINDS)
    stage.resync()
    assert words(stage, "1048") == ["Services, bill 1048", "Expenses, bill 1048"]
    assert cents(invoice(stage, "1054")["TotalAmt"]) == payable(stage, "1054").asks
    assert len(words(stage, "1054")) == 1


def test_each_odd_bill_adds_up_whichever_way_it_is_drawn() -> None:
    stage = a_stage()
    choose(stage, detail=Detail.KINDS)
    stage.resync()
    for number in ("1050", "1052", "1055", "1056", "1058", "1063", "1066"):
        assert cents(invoice(stage, number)["TotalAmt"]) == payable(stage, number).asks, number


def test_tax_as_quickbooks_tax_is_read_back_and_a_difference_is_shown() -> None:
    stage = a_stage()
    stage.world.quickbooks_box.people.set_preferences(stage.realm, UsingSalesTax=True)
    choose(stage, tax=TaxAs.QUICKBOOKS)
    stage.resync()
    there = invoice(stage, "1052")
    assert cents(there["TotalAmt"]) == payable(stage, "1052").asks
    assert cents(there["TxnTaxDetail"]["TotalTax"]) == payable(stage, "1052").tax > 0
    assert "Tax" not in words(stage, "1052")
    assert not acts.tasks(stage, "total")


def test_tax_that_becomes_a_line_takes_the_place_of_quickbooks_tax() -> None:
    stage = a_stage()
    stage.world.quickbooks_box.people.set_preferences(stage.realm, UsingSalesTax=True)
    choose(stage, tax=TaxAs.QUICKBOOKS)
    stage.resync()
    choose(stage, tax=TaxAs.LINE)
    drawing.start(stage.world, stage.firm, STAFF)
    stage.pass_time(2, minutes=10)
    assert "Tax" in words(stage, "1052")
    assert cents(invoice(stage, "1052")["TotalAmt"]) == payable(stage, "1052").asks, "once"
    assert not acts.tasks(stage, "total")


def test_a_bill_of_many_entries_is_an_invoice_of_one_line_for_each_kind() -> None:
    stage = a_stage()
    choose(stage, detail=Detail.KINDS)
    stage.resync()
    stage.world.clio_box.people.edit_bill("1046", lines=[{"note": f"Call {n}", "price": 100} for n in range(751)])
    acts.poll(stage)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 75100
    choose(stage, detail=Detail.LINES)
    stage.world.clio_box.people.edit_bill("1046", due_at="2027-03-01")
    acts.poll(stage)
    [step] = acts.parked_on(stage, "1046", kind="quickbooks.invoice")
    assert "751 lines" in step.reason and "“One line for services, one for expenses”" in step.remedy


def test_where_quickbooks_leaves_the_tax_out_the_total_differs_and_a_person_is_told() -> None:
    stage = a_stage()
    choose(stage, tax=TaxAs.QUICKBOOKS)
    stage.resync()
    tax = payable(stage, "1052").tax
    assert cents(invoice(stage, "1052")["TotalAmt"]) == payable(stage, "1052").asks - tax
    assert [t.title for t in acts.tasks(stage, "total")] == ["Invoice 1052"]


def test_the_pay_link_in_the_invoice_opens_it_and_is_kept_when_the_invoice_changes() -> None:
    stage = a_synced_stage()
    first = token(stage, "1046")
    opened = links.opened_by(stage.world, first)
    assert opened and opened.payable == payable(stage, "1046").id
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 130000
    assert token(stage, "1046") == first
    answer = checkout.pay(stage.world, first, [(payable(stage, "1046").id, 130000)])
    assert answer.kind == "go"
    assert not [entry for entry in stage.world.logs if first in str(entry)]


def test_a_link_made_useless_is_replaced_in_the_invoice() -> None:
    stage = a_synced_stage()
    first = token(stage, "1046")
    drawing.without_links(stage.world, stage.firm, payable(stage, "1046").id, STAFF)
    stage.pass_time(1, minutes=3)
    second = token(stage, "1046")
    assert second != first
    assert [links.opened_by(stage.world, token) for token in (first, "", "x" * 300)] == [None, None, None]
    assert links.opened_by(stage.world, second)


def test_words_that_somebody_typed_on_an_invoice_are_left_alone() -> None:
    stage = a_synced_stage()
    people = stage.world.quickbooks_box.people
    people.change_invoice(stage.realm, invoice(stage, "1046")["Id"], CustomerMemo={"value": "Thank you!"})
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    assert message(stage, "1046") == "Thank you!"


def test_without_the_setting_no_link_is_written_and_nothing_there_is_touched() -> None:
    stage = a_synced_stage()
    before = message(stage, "1046")
    choose(stage, pay_link=False, detail=Detail.KINDS)
    stage.pass_time(5, minutes=30)
    assert message(stage, "1046") == before
    assert words(stage, "1048") == ["Depot lease", "Courier"]


def test_open_invoices_are_written_again_when_the_firm_asks_and_paid_ones_are_not() -> None:
    stage = a_synced_stage()
    acts.record(stage, {"1061": 39900})
    choose(stage, pay_link=False, detail=Detail.KINDS)
    counted = drawing.count(stage.world, stage.firm)
    assert counted.invoices > 10 and counted.cents > 0 and not counted.more
    paid = invoice(stage, "1061")["SyncToken"]
    run = drawing.start(stage.world, stage.firm, STAFF)
    assert run.finished_at is None
    stage.pass_time(1, minutes=10)
    done = drawing.progress(stage.world, stage.firm)
    assert done and done.finished_at and done.done == counted.invoices
    assert words(stage, "1048") == ["Services, bill 1048", "Expenses, bill 1048"]
    assert message(stage, "1048") == ""
    assert invoice(stage, "1061")["SyncToken"] == paid
    assert acts.about(acts.compare(stage), "1048") == []


def test_lines_that_are_being_read_when_the_run_comes_are_not_lost() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.edit_bill("1046", lines=[{"note": "Other work", "price": 140000}])
    acts.poll(stage)
    drawing.start(stage.world, stage.firm, STAFF)
    stage.pass_time(1, minutes=10)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 140000
    assert words(stage, "1046") == ["Other work"]


def test_items_are_chosen_among_what_quickbooks_offers() -> None:
    stage = a_synced_stage()
    offer = drawing.shown(stage.world, stage.firm).offer
    assert offer
    names = {name: id for id, name in offer.items}
    assert offer.incomes[names["Expenses"]] == "Reimbursed Expenses Income"
    choose(stage, {"services": names["Interest"], "expenses": "nonsense", "discount": ""})
    accounts = drawing.shown(stage.world, stage.firm).accounts
    assert (accounts.services, accounts.discount) == (names["Interest"], "")
    assert accounts.expenses == names["Expenses"]


def test_a_choice_can_be_tried_out_without_being_saved() -> None:
    stage = a_synced_stage()
    tried = drawing.shown(stage.world, stage.firm, Invoicing(detail=Detail.KINDS, pay_link=False))
    assert next(x.text for x in tried.example.lines) == "Services, bill 1042"
    assert tried.example.message == ""
    assert drawing.shown(stage.world, stage.firm).how == Invoicing()


def test_while_quickbooks_cannot_be_asked_the_rest_can_be_chosen() -> None:
    from chalicelib.domain.kernel import Neighbour
    from chalicelib.flow import connecting

    stage = a_synced_stage()
    stage.world.quickbooks_box.people.revoke_grants(stage.realm)
    connecting.lose(stage.world, stage.firm, Neighbour.QUICKBOOKS, stage.realm, "gone")
    stage.world.clock.move(hours=2)
    shown = drawing.shown(stage.world, stage.firm)
    assert shown.offer is None and shown.why_not
    choose(stage, detail=Detail.KINDS)
    with pytest.raises(Refused):
        choose(stage, {"services": "1"})


def test_a_tax_code_too_long_for_quickbooks_is_refused() -> None:
    stage = a_stage()
    with pytest.raises(Refused, match="tax code"):
        choose(stage, tax_code="x" * 31)


# --- many invoices, and what gets in between --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared() -> Stage:
    return a_synced_stage()


def in_pages_of(stage: Stage, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """The store's lists come in pages this small."""
    real = stage.world.store.listed
    monkeypatch.setattr(stage.world.store, "listed", lambda of, **asked: real(of, **{**asked, "limit": rows}))


def test_a_run_goes_through_every_page_and_counts_the_same(shared: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = drawing.count(shared.world, shared.firm)
    in_pages_of(shared, monkeypatch, 4)
    assert drawing.count(shared.world, shared.firm) == whole
    drawing.start(shared.world, shared.firm, STAFF)
    shared.work()
    run = drawing.progress(shared.world, shared.firm)
    assert run is not None and run.finished_at is not None
    assert run.done == whole.invoices
    shared.pass_time(1, minutes=5)


def test_beyond_a_bound_it_is_only_said_that_there_are_more(shared: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    page = shared.world.store.listed(f"{shared.firm}/payables/open", limit=drawing.PAGE)
    monkeypatch.setattr(shared.world.store, "listed", lambda _of, **_asked: replace(page, next="more"))
    told = drawing.count(shared.world, shared.firm)
    assert told.more
    assert told.invoices < drawing.COUNTED_AT_MOST + drawing.PAGE


def test_a_run_that_nobody_began_ends_without_a_word(shared: Stage) -> None:
    shared.world.store.delete_record("redraw", shared.firm)
    lane, now = lane_of(shared.firm, Neighbour.SELF), shared.world.now()
    stray = effects.owed(shared.firm, Do.REDRAW, "main", "firm", lane, now, body={"by": STAFF})
    shared.world.store.arrive(stray)
    shared.work()
    found = shared.world.store.effect(stray.key)
    assert found is not None and found.status is Status.DONE
    assert drawing.progress(shared.world, shared.firm) is None


def test_an_invoice_that_moves_all_the_time_is_left_to_what_moves_it(shared: Stage) -> None:
    counted = drawing.count(shared.world, shared.firm).invoices
    drawing.start(shared.world, shared.firm, STAFF)
    key = effects.key_of(shared.firm, Do.REDRAW, "main")
    owed = shared.world.store.effect(key)
    assert owed is not None
    with races.before(shared.world.store, "commit", races.taken, times=5):
        drawing.run(shared.world, policy_of(shared.world, shared.firm), owed)
    shared.work()
    run = drawing.progress(shared.world, shared.firm)
    assert run is not None and run.done == counted - 1


def test_who_makes_links_useless_while_the_invoice_moves_all_the_time_is_told_to_try_again(shared: Stage) -> None:
    before = payable(shared, "1046")
    with races.before(shared.world.store, "commit", races.taken, times=5), pytest.raises(Conflict):
        drawing.without_links(shared.world, shared.firm, before.id, STAFF)
    assert payable(shared, "1046") == before


def test_before_quickbooks_is_connected_the_page_says_why_no_items_can_be_chosen(shared: Stage) -> None:
    owner = Member("1", "Olivia Hartwell", "olivia@hartwell.example", owner=True)
    founded = Founded("us-5", "New & Co", "us", "5", "America/New_York", "USD", owner)
    signing.settle_firm(shared.world, "us-5", founded, by=STAFF)
    shown = drawing.shown(shared.world, "us-5")
    assert (shown.offer, shown.why_not) == (None, "Connect QuickBooks first.")


@pytest.mark.parametrize("wished", [True, False])
def test_whoever_connects_stripe_after_the_first_sync_is_told_how_open_invoices_get_their_links(wished: bool) -> None:
    world = seeded(MemoryWorld())
    stage = connect(world, trust=False, cards=False)
    stage.resync()
    assert message(stage, "1046") == ""
    choose(stage, pay_link=wished)
    take_cards(stage, "acct_hartwell_operating")
    told = acts.tasks(stage, "pay-links")
    assert len(told) == wished
    if wished:
        assert "Write open invoices again" in told[0].remedy
        drawing.start(stage.world, stage.firm, STAFF)
        stage.pass_time(3, minutes=10)
        assert "Pay online" in message(stage, "1046")
    take_cards(stage, "acct_hartwell_operating")
    assert len(acts.tasks(stage, "pay-links")) == wished, "once"
