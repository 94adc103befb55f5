"""Firm B: every bad input of the issue parks with its cause and remedy, everything else goes on, a retry works."""

from __future__ import annotations

import pytest

from chalicelib.domain.kernel import Effect
from chalicelib.flow import attention
from infra.sandbox.clio import bad_input
from infra.sandbox.clio.bad_input import BAD, CURES, GOOD, LONG_NUMBER, LONG_NUMBER_CURED
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, booked, cents, mails_to, parked, payables
from tests.world import Stage

SENT_TO_BOOKS = set(BAD) - {"B-NOMAIL"}  # that one lacks only its mail


def b_synced() -> Stage:
    """Firm B after its first Resync, with reminders begun on the bill whose client has no address."""
    stage = a_synced_stage(second=True)
    acts.collect(stage, "B-NOMAIL", set_id="brief")
    stage.pass_time(60, hours=3)
    return stage


def bills_of(stage: Stage, effect: Effect) -> set[str]:
    """The numbers of the bills that a parked step holds up."""
    people = stage.world.clio_box.people
    kind, _, id = effect.about.partition("/")
    if kind == "contact":
        return {p.number for p in payables(stage) if p.client_id == id}
    return {str(people.find_bill(int(id))["number"])}


def parked_bills(stage: Stage) -> list[str]:
    return sorted(n for e in parked(stage) for n in bills_of(stage, e))


def cure(stage: Stage, number: str) -> None:
    stage.world.clio_box.people.cure(number)


def retry_all(stage: Stage) -> None:
    for effect in parked(stage):
        attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(2, minutes=14)


def test_the_parked_list_is_the_list_of_bad_bills_by_name() -> None:
    assert parked_bills(b_synced()) == sorted(BAD)


def test_each_parked_step_says_its_cause_and_its_remedy() -> None:
    stage = b_synced()
    for effect in parked(stage):
        assert effect.reason.endswith((".", "100.005")) or ":" in effect.reason, effect
        assert effect.remedy and effect.title, effect


def test_everything_else_goes_on() -> None:
    stage = b_synced()
    numbers = {i["DocNumber"] for i in booked(stage)}
    assert numbers == {*GOOD, "B-NOMAIL"}


def test_removing_every_cause_and_pressing_retry_brings_exactly_those_bills() -> None:
    stage = b_synced()
    before = {i["DocNumber"] for i in booked(stage)}
    for number in BAD:
        cure(stage, number)
    retry_all(stage)
    after = [i["DocNumber"] for i in booked(stage)]
    cured = {LONG_NUMBER_CURED if n == LONG_NUMBER else n for n in SENT_TO_BOOKS}
    assert set(after) - before == cured
    assert len(after) == len(set(after)), "no number twice"
    assert parked(stage) == []
    for p in payables(stage):
        assert cents(acts.invoice(stage, p.number)["TotalAmt"]) == p.asks


@pytest.mark.parametrize("number", BAD)
def test_each_cause_removed_and_retried_alone_frees_that_bill_and_no_other(number: str) -> None:
    stage = b_synced()
    cure(stage, number)
    mine = [e for e in parked(stage) if number in bills_of(stage, e) or LONG_NUMBER_CURED in bills_of(stage, e)]
    assert len(mine) == 1
    attention.retry(stage.world, stage.firm, mine[0].key, STAFF)
    stage.pass_time(2, minutes=14)
    assert parked_bills(stage) == sorted(set(BAD) - {number})


@pytest.mark.parametrize("number", sorted(SENT_TO_BOOKS))
def test_a_retry_while_the_cause_stands_parks_again_and_books_nothing(number: str) -> None:
    stage = b_synced()
    count = len(booked(stage))
    for effect in parked(stage):
        if number in bills_of(stage, effect):
            attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(2, minutes=6)
    assert parked_bills(stage) == sorted(BAD)
    assert len(booked(stage)) == count


def test_a_cause_that_goes_away_needs_no_retry_where_the_bill_shows_it() -> None:
    stage = b_synced()
    for number in ("B-STATE", "B-KIND", "B-FRACTION", "B-NOCLIENT", LONG_NUMBER, "B-2000LINES"):
        cure(stage, number)
    acts.poll(stage)
    stage.pass_time(4, minutes=40)
    left = sorted(set(BAD) - {"B-STATE", "B-KIND", "B-FRACTION", "B-NOCLIENT", LONG_NUMBER, "B-2000LINES"})
    assert parked_bills(stage) == left


def test_a_name_with_a_forbidden_character_may_be_cleaned_by_choice() -> None:
    stage = b_synced()
    [effect] = [e for e in parked(stage) if bills_of(stage, e) == {"B-COLON"}]
    attention.retry(stage.world, stage.firm, effect.key, STAFF, "clean")
    stage.pass_time(2, minutes=14)
    assert booked(stage, DocNumber="B-COLON")
    assert booked(stage, "Customer", DisplayName="Smith Estate of")


@pytest.mark.parametrize("number", ["B-VENDOR", "B-EMPLOYEE", "B-INACTIVE"])
def test_a_taken_name_may_get_a_suffix_by_choice(number: str) -> None:
    stage = b_synced()
    [effect] = [e for e in parked(stage) if bills_of(stage, e) == {number}]
    attention.retry(stage.world, stage.firm, effect.key, STAFF, "suffix")
    stage.pass_time(2, minutes=14)
    assert booked(stage, DocNumber=number)


def test_a_vendor_renamed_in_quickbooks_frees_the_name() -> None:
    stage = b_synced()
    [vendor] = booked(stage, "Vendor", DisplayName=bad_input.VENDOR)
    stage.world.quickbooks_box.people.rename_vendor(stage.realm, vendor["Id"], "Marlow Reporting")
    [effect] = [e for e in parked(stage) if bills_of(stage, e) == {"B-VENDOR"}]
    attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(2, minutes=14)
    assert booked(stage, DocNumber="B-VENDOR")


def test_a_second_resync_writes_nothing_about_what_is_parked() -> None:
    stage = b_synced()
    stage.world.store.reset_counts()
    stage.resync()
    wrote = {table: n for (verb, table), n in stage.world.store.counts.items() if verb == "write"}
    assert wrote.get("states", 0) == wrote.get("journal", 0) == 0
    assert parked_bills(stage) == sorted(BAD)


def test_a_client_without_an_address_is_paid_and_booked_all_the_same() -> None:
    stage = b_synced()
    paid = acts.pay_by_card(stage, "B-NOMAIL")
    assert paid.money and acts.posted_on(stage, "B-NOMAIL") == [40000]
    assert mails_to(stage, "") == []
    assert not parked(stage, kind="mail"), "nothing is left to remind of"


def test_every_bad_bill_has_a_cure() -> None:
    assert set(CURES) == set(BAD)
