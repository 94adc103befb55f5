"""The firm: founded once, confirmed step by step, and no write to another book before all is confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.domain.firm import (
    Accounts,
    AccountsChosen,
    ContactsStand,
    Firm,
    FirmFact,
    Founded,
    Invoicing,
    InvoicingChosen,
    LinksBegun,
    LinksPurged,
    MarkPaidSwitched,
    MatchesConfirmed,
    Member,
    MemberSeen,
    PlaceConfirmed,
    WritesConfirmed,
    decide,
)
from chalicelib.errors import Refused
from tests.builders import a_firm

OLIVIA = Member("1", "Olivia", "olivia@hartwell.example", owner=True)
BEN = Member("2", "Ben", "ben@hartwell.example", owner=False)
FOUNDED = Founded("us-1", "Hartwell", "us", "1", "Europe/London", "GBP", OLIVIA)
PLACE = PlaceConfirmed("America/Chicago", "USD", " Hartwell & Pine ", " office@hartwell.example ")


def after(*facts: FirmFact, state: Firm | None = None) -> Firm:
    for fact in facts:
        state = decide(state, fact).state
    assert state is not None
    return state


def test_a_firm_is_founded_with_what_clio_proposes() -> None:
    firm = after(FOUNDED)
    assert (firm.id, firm.zone, firm.currency, firm.members) == ("us-1", "Europe/London", "GBP", (OLIVIA,))
    assert firm.reply_to == OLIVIA.email
    assert not firm.may_write


def test_a_zone_that_does_not_exist_is_not_taken_over() -> None:
    assert after(replace(FOUNDED, zone="Eastern Time (US & Canada)")).zone == "America/New_York"


def test_it_is_founded_only_once() -> None:
    firm = a_firm()
    assert after(FOUNDED, state=firm) == firm


@pytest.mark.parametrize("fact", [MemberSeen(BEN), PLACE, MarkPaidSwitched(True)])
def test_nothing_can_be_said_of_a_firm_that_is_not_there(fact: FirmFact) -> None:
    with pytest.raises(Refused, match="owner signs in first"):
        decide(None, fact)


def test_people_are_known_by_their_id() -> None:
    firm = after(FOUNDED, MemberSeen(BEN))
    assert firm.members == (OLIVIA, BEN)
    assert after(MemberSeen(BEN), state=firm) == firm
    renamed = replace(OLIVIA, name="Olivia H.")
    assert after(MemberSeen(renamed), state=firm).members == (BEN, renamed)


def test_the_place_is_confirmed_by_the_firm() -> None:
    firm = after(FOUNDED, PLACE)
    assert (firm.zone, firm.currency, firm.name, firm.reply_to, firm.place_confirmed) == (
        "America/Chicago",
        "USD",
        "Hartwell & Pine",
        "office@hartwell.example",
        True,
    )
    assert after(replace(PLACE, name="  "), state=firm).name == "Hartwell & Pine"


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"zone": "Mars/Olympus"}, "time zone"), ({"currency": "BTC"}, "currency"), ({"reply_to": "office"}, "e-mail")],
)
def test_a_place_that_is_none_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        decide(a_firm(), replace(PLACE, **changed))


def test_a_clearing_account_must_be_chosen() -> None:
    with pytest.raises(Refused, match="Choose the account"):
        decide(a_firm(), AccountsChosen(Accounts(services="1")))
    assert after(AccountsChosen(Accounts(clearing="9")), state=a_firm()).accounts.clearing == "9"


def test_a_tax_code_is_at_most_as_long_as_quickbooks_has_them() -> None:
    chosen = InvoicingChosen(Invoicing(tax_code="x" * 30))
    assert after(chosen, state=a_firm()).invoicing.tax_code == "x" * 30
    with pytest.raises(Refused, match="at most 30 characters"):
        decide(a_firm(), InvoicingChosen(Invoicing(tax_code="x" * 31)))


@pytest.mark.parametrize("side", ["clio", "quickbooks", ""])
def test_a_person_says_whose_contacts_stand(side: str) -> None:
    if side:
        assert after(ContactsStand(side), state=a_firm()).contacts_stand == side
    else:
        with pytest.raises(Refused, match="Choose whether"):
            decide(a_firm(), ContactsStand(side))


@pytest.mark.parametrize("ticked", [(True, False), (False, True), (False, False)])
def test_both_boxes_must_be_ticked(ticked: tuple[bool, bool]) -> None:
    with pytest.raises(Refused, match="tick both boxes"):
        decide(a_firm(), WritesConfirmed(*ticked, date(2026, 1, 1)))


def test_a_start_date_must_be_given() -> None:
    with pytest.raises(Refused, match="date from which"):
        decide(a_firm(), WritesConfirmed(True, True, None))


def test_all_steps_together_and_only_they_allow_the_first_write() -> None:
    facts: list[FirmFact] = [
        PLACE,
        AccountsChosen(Accounts(clearing="9")),
        WritesConfirmed(True, True, date(2026, 1, 1)),
        MatchesConfirmed(1),
    ]
    assert after(FOUNDED, *facts).may_write
    assert after(FOUNDED, *facts[:-1]).may_read
    for n in range(len(facts)):
        assert not after(FOUNDED, *facts[:n], *facts[n + 1 :]).may_write
    for missing in ({"native_sync_off": False}, {"native_reminders_off": False}, {"start_on": None}):
        assert not a_firm(**missing).may_write


def test_a_first_sync_counts_for_its_generation_only() -> None:
    assert not a_firm(generation=2, matched=1).may_write
    assert decide(a_firm(matched=2), MatchesConfirmed(1)).state.matched == 2, "an older word changes nothing"


def test_our_change_at_clio_is_switched_by_a_person() -> None:
    on = after(FOUNDED, MarkPaidSwitched(True))
    assert not after(FOUNDED).mark_paid
    assert on.mark_paid
    assert not after(MarkPaidSwitched(False), state=on).mark_paid


def test_today_is_the_firms_day() -> None:
    midnight = datetime(2026, 3, 2, 4, 59, tzinfo=UTC)
    assert a_firm().today(midnight) == date(2026, 3, 1)
    assert a_firm(zone="Australia/Sydney").today(midnight) == date(2026, 3, 2)


def test_links_begin_in_a_later_generation_and_never_in_an_earlier_one() -> None:
    later = decide(a_firm(), LinksBegun(3)).state
    assert later == a_firm(generation=3, matched=1)
    assert not later.may_write, "its first sync comes first"
    assert decide(later, LinksBegun(2)).state == later


def test_a_purge_begins_a_new_generation_without_accounts_once_the_name_is_typed() -> None:
    firm = a_firm(name="Hartwell & Pine LLP", blocked=(("quickbooks.invoice", "x"),))
    new = decide(firm, LinksPurged(" hartwell  & pine llp ")).state
    assert (new.generation, new.accounts, new.blocked, new.may_write) == (2, Accounts(), (), False)
    with pytest.raises(Refused) as no:
        decide(firm, LinksPurged("Hartwell"))
    assert "Hartwell & Pine LLP" in no.value.reason
