"""Connections: one account for each pot and firm, told when lost, never silently exchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import connection
from chalicelib.domain.connection import (
    AccountShown,
    Connected,
    Connection,
    Lost,
    Purged,
    account_guard,
    decide,
    id_of,
)
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Decision, Neighbour
from chalicelib.domain.readings import Pot
from chalicelib.errors import Refused
from tests.builders import NOW
from tests.domain.given import one

OPERATING = Connected(Neighbour.STRIPE, "acct_1", "Hartwell", pot=Pot.OPERATING)
TRUST = replace(OPERATING, account="acct_2", pot=Pot.TRUST, fees_paid_by_platform=True)


def connected(fact: Connected = OPERATING, state: Connection | None = None) -> Decision[Connection]:
    return decide(state, fact, "us-1", NOW)


def test_connecting_takes_the_account_for_this_firm_and_pot() -> None:
    decision = connected()
    c = decision.state
    assert (c.firm, c.id, c.account, c.connected, c.since) == ("us-1", "stripe-operating", "acct_1", True, NOW)
    assert [(g.key, g.holder) for g in decision.guards] == [
        (account_guard(Neighbour.STRIPE, "acct_1"), "us-1/stripe-operating")
    ]


def test_all_that_is_known_of_an_account_is_kept() -> None:
    fact = replace(TRUST, charges_enabled=False, bank_last4="4242")
    c = connected(fact).state
    assert (c.neighbour, c.name, c.pot) == (fact.neighbour, fact.name, fact.pot)
    assert (c.charges_enabled, c.bank_last4, c.fees_paid_by_platform) == (False, "4242", True)


def test_a_firm_is_told_that_stripe_may_take_from_its_trust_bank_account() -> None:
    trust = connected(replace(TRUST, debits_bank=True)).state
    assert "Debit negative balances" in trust.beware
    gone = decide(trust, Lost("revoked"), "us-1", NOW).state
    operating = connected(replace(OPERATING, debits_bank=True)).state
    off = decide(trust, AccountShown("Trust", True, "4242", True, debits_bank=False), "us-1", NOW).state
    assert [c.beware for c in (gone, operating, off)] == ["", "", ""]


def test_the_same_account_lets_nothing_go() -> None:
    trust = connected(replace(TRUST, fees_paid_by_platform=False))
    again = connected(replace(TRUST, fees_paid_by_platform=False), trust.state)
    assert [g.release for g in again.guards] == [False]


def test_ids_name_neighbour_and_pot() -> None:
    assert id_of(Neighbour.CLIO, None) == "clio"
    assert id_of(Neighbour.QUICKBOOKS, None) == "quickbooks"
    assert id_of(Neighbour.STRIPE, Pot.TRUST) == "stripe-trust"


def test_another_account_in_its_place_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="Hartwell"):
        connected(replace(OPERATING, account="acct_9"), connected().state)


def test_the_same_account_connects_again_and_its_task_closes() -> None:
    lost = decide(connected().state, Lost("revoked"), "us-1", NOW)
    task = one(lost.effects, Do.TASK)
    again = connected(state=lost.state)
    assert again.state.connected
    assert again.state.losses == 1
    assert again.closes == (task.key,)


def test_a_trust_account_that_never_could_take_money_gives_way() -> None:
    useless = connected(replace(TRUST, fees_paid_by_platform=False)).state
    decision = connected(replace(TRUST, account="acct_3"), useless)
    assert decision.state.account == "acct_3"
    assert [(g.key, g.release) for g in decision.guards] == [
        (account_guard(Neighbour.STRIPE, "acct_3"), False),
        (account_guard(Neighbour.STRIPE, "acct_2"), True),
    ]
    assert {g.holder for g in decision.guards} == {"us-1/stripe-trust"}
    with pytest.raises(Refused):
        connected(replace(TRUST, account="acct_4"), decision.state)


def test_losing_it_is_told_once() -> None:
    lost = decide(connected().state, Lost("revoked there"), "us-1", NOW + timedelta(hours=1))
    assert (lost.state.connected, lost.state.why, lost.state.losses) == (False, "revoked there", 1)
    assert lost.state.since == NOW + timedelta(hours=1)
    task = one(lost.effects, Do.TASK)
    assert (task.title, task.reason) == (
        "Stripe is disconnected",
        "Stripe no longer lets us in: revoked there",
    )
    assert (task.about, task.body) == ("connection/stripe-operating", {"connection": "stripe-operating"})
    again = decide(lost.state, Lost("still"), "us-1", NOW)
    assert again.state == lost.state
    assert again.effects == ()


def test_each_loss_has_a_task_of_its_own() -> None:
    first = decide(connected().state, Lost("a"), "us-1", NOW)
    second = decide(connected(state=first.state).state, Lost("b"), "us-1", NOW)
    assert one(first.effects, Do.TASK).key != one(second.effects, Do.TASK).key


def test_what_stripe_shows_of_an_account_is_taken_over() -> None:
    shown = AccountShown("New name", False, "4242", False)
    c = decide(connected(TRUST).state, shown, "us-1", NOW).state
    assert (c.name, c.charges_enabled, c.bank_last4, c.fees_paid_by_platform) == ("New name", False, "4242", False)
    assert c.connected
    with pytest.raises(Refused, match="not connected"):
        decide(None, shown, "us-1", NOW)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, ""),
        ({"fees_paid_by_platform": False}, ""),
        ({"connected": False, "why": "revoked"}, "revoked"),
        ({"charges_enabled": False}, "not finished opening"),
        ({"pot": Pot.TRUST, "fees_paid_by_platform": True}, ""),
        ({"pot": Pot.TRUST, "fees_paid_by_platform": False}, "nothing may be taken out of trust"),
    ],
)
def test_a_page_says_why_clients_cannot_pay(fields: dict[str, Any], why: str) -> None:
    c = replace(connected().state, **fields)
    assert (why in c.why_not) if why else c.why_not == ""
    assert c.takes_payments is (why == "")


def test_what_has_no_pot_takes_no_payments() -> None:
    assert not replace(connected().state, pot=None).takes_payments


def test_connections_are_listed_by_firm() -> None:
    assert connection.listing(connected().state).list == ("us-1/connections", "stripe-operating")


# --- purged -----------------------------------------------------------------------------------------------------------


def test_a_purged_connection_lets_its_account_go_and_any_other_may_come() -> None:
    held = decide(None, Connected(Neighbour.QUICKBOOKS, "realm-1", "Hartwell"), "us-1", NOW).state
    later = NOW + timedelta(hours=1)
    told = decide(held, Purged("Olivia purged its links"), "us-1", later)
    assert (told.state.account, told.state.name, told.state.connected) == ("", "", False)
    assert (told.state.why, told.state.since) == ("Olivia purged its links", later)
    assert [(g.key, g.release) for g in told.guards] == [("account/quickbooks/realm-1", True)]
    assert told.closes == (key_of("us-1", Do.TASK, "reconnect/quickbooks/0"),)
    other = decide(told.state, Connected(Neighbour.QUICKBOOKS, "realm-2", "Other"), "us-1", NOW)
    assert (other.state.account, other.state.connected) == ("realm-2", True)
    assert [(g.key, g.release) for g in other.guards] == [("account/quickbooks/realm-2", False)]
    assert decide(told.state, Purged("again"), "us-1", NOW).guards == ()


def test_what_was_never_connected_has_nothing_to_purge() -> None:
    with pytest.raises(Refused):
        decide(None, Purged("x"), "us-1", NOW)


def test_another_quickbooks_company_is_refused_with_both_ways_out() -> None:
    held = decide(None, Connected(Neighbour.QUICKBOOKS, "realm-1", ""), "us-1", NOW).state
    with pytest.raises(Refused) as no:
        decide(held, Connected(Neighbour.QUICKBOOKS, "realm-2", ""), "us-1", NOW)
    assert "realm-2" in no.value.reason
    assert "linked to realm-1" in no.value.reason


def test_a_connection_that_a_person_ended_says_so() -> None:
    [task] = decide(connected().state, Lost("Olivia disconnected it", chosen=True), "us-1", NOW).effects
    assert task.reason == "Olivia disconnected it."
    assert task.body == {"connection": "stripe-operating", "chosen": True}
