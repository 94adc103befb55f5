"""The client and the QuickBooks customer that is the same: linked where Clio's own rule says so, else asked about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import contact
from chalicelib.domain.contact import ChoiceMade, ClientSeen, Contact, CustomerLinked, Match, match, name_for
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Decision
from chalicelib.domain.readings import ClientReading, CustomerReading
from tests.builders import NOW
from tests.domain.given import a_policy, is_said, kinds, one

POLICY = a_policy()
ADA = ClientReading("c1", "Ada Example", "ada@example.com")


def a_contact(**fields: Any) -> Contact:
    return replace(Contact("us-1", "c1", "Ada Example", "ada@example.com", company=False), **fields)


def a_customer(id: str = "7", email: str = "ada@example.com", *, active: bool = True) -> CustomerReading:
    return CustomerReading(id, "0", "Ada Example", email, active)


def seen(state: Contact | None, client: ClientReading = ADA, *, again: bool = False) -> Decision[Contact]:
    return contact.decide(state, ClientSeen(client, again), POLICY, NOW)


# --- seen in Clio -----------------------------------------------------------------------------------------------------


def test_a_new_client_owes_a_customer() -> None:
    decision = seen(None)
    assert decision.state == a_contact()
    effect = one(decision.effects, Do.CUSTOMER)
    assert effect.key == "us-1/quickbooks.customer/c1/1"
    assert effect.lane == "us-1|quickbooks|realm-1"


def test_the_same_client_again_owes_nothing() -> None:
    assert seen(a_contact()) == Decision(a_contact())


@pytest.mark.parametrize("client", [ClientReading("c1", "Ada E.", ADA.email), ClientReading("c1", ADA.name, "new@x.y")])
def test_another_name_or_address_before_linking_owes_it_anew_in_place_of_the_old(client: ClientReading) -> None:
    decision = seen(a_contact(), client)
    assert decision.state.revision == 2
    assert kinds(decision) == [Do.CUSTOMER]
    assert decision.closes == (key_of("us-1", Do.CUSTOMER, "c1/1"),)
    assert one(decision.effects, Do.CUSTOMER).title == client.name


def test_all_that_clio_shows_of_a_client_is_taken_over() -> None:
    state = seen(a_contact(customer="7"), ClientReading("c1", "Ada Ltd", "office@ada.example", is_company=True)).state
    assert (state.name, state.email, state.company) == ("Ada Ltd", "office@ada.example", True)
    assert seen(None, ClientReading("c1", "Ada Ltd", "", is_company=True)).state.company


def test_a_person_who_retries_owes_it_anew() -> None:
    assert seen(a_contact(), again=True).state.revision == 2


def test_once_linked_another_name_writes_nothing() -> None:
    decision = seen(a_contact(customer="7"), ClientReading("c1", "Ada Newname", ""), again=True)
    assert (decision.state.name, decision.state.revision, decision.effects) == ("Ada Newname", 1, ())


def test_a_customer_belongs_to_one_client() -> None:
    decision = contact.decide(a_contact(), CustomerLinked("7", "realm-1", "Ada Example"), POLICY, NOW)
    assert (decision.state.customer, decision.state.written_name) == ("7", "Ada Example")
    assert [(g.key, g.holder) for g in decision.guards] == [("quickbooks/realm-1/customer/7", "us-1/c1")]


def test_a_choice_is_kept() -> None:
    assert contact.decide(a_contact(), ChoiceMade("suffix"), POLICY, NOW).state.choice == "suffix"


# --- matching ---------------------------------------------------------------------------------------------------------


def test_nobody_of_that_name_is_created() -> None:
    assert match(a_contact(), [], "") == Match("create", name="Ada Example")


def test_the_same_name_and_address_is_the_same_person_whatever_the_case() -> None:
    assert match(a_contact(), [a_customer(email="Ada@Example.com")], "") == Match(
        "link", customer="7", name="Ada Example"
    )


@pytest.mark.parametrize(
    "found",
    [
        [a_customer(email="other@example.com")],
        [a_customer(email="")],
        [a_customer("7"), a_customer("8")],
    ],
)
def test_the_same_name_alone_is_asked_about(found: list[CustomerReading]) -> None:
    told = match(a_contact(), found, "")
    assert told.do == "park"
    assert [c for c, _ in told.choices] == ["link:7", "suffix"]
    assert "Ada Example" in told.reason


def test_two_without_an_address_are_not_the_same_person() -> None:
    told = match(a_contact(email=""), [a_customer(email="")], "")
    assert told.do == "park"
    assert "no e-mail address" in told.reason


def test_an_inactive_customer_is_never_linked_by_itself() -> None:
    told = match(a_contact(), [a_customer(active=False)], "")
    assert (told.do, [c for c, _ in told.choices]) == ("park", ["suffix"])
    assert "inactive" in told.reason


@pytest.mark.parametrize("taken", ["vendor", "employee"])
def test_a_name_held_by_another_kind_is_asked_about(taken: str) -> None:
    told = match(a_contact(), [], taken)
    assert (told.do, [c for c, _ in told.choices]) == ("park", ["suffix"])
    assert taken in told.reason
    assert taken in told.remedy


@pytest.mark.parametrize("char", [":", "\t", "\n", "\r"])
def test_characters_that_quickbooks_refuses_are_asked_about(char: str) -> None:
    told = match(a_contact(name=f"Ada{char}Example"), [], "")
    assert (told.do, [c for c, _ in told.choices]) == ("park", ["clean"])
    assert "\t" not in told.reason


def test_a_name_of_500_characters_fits_and_one_more_does_not() -> None:
    assert match(a_contact(name="x" * 500), [], "").do == "create"
    assert match(a_contact(name="x" * 501), [], "").do == "park"


@pytest.mark.parametrize(
    ("state", "found", "taken"),
    [
        (a_contact(name="Ada:Example"), [], ""),
        (a_contact(name="x" * 501), [], ""),
        (a_contact(), [a_customer(email="")], ""),
        (a_contact(), [a_customer(active=False)], ""),
        (a_contact(), [], "vendor"),
    ],
)
def test_a_parked_customer_says_why_what_to_do_and_what_can_be_chosen(
    state: Contact, found: list[CustomerReading], taken: str
) -> None:
    told = match(state, found, taken)
    assert is_said(told.reason)
    assert is_said(told.remedy)
    for choice, words in told.choices:
        assert choice
        assert is_said(f"{words}.")


def test_what_a_person_chose_is_done() -> None:
    assert match(a_contact(choice="link:9"), [a_customer()], "vendor") == Match("link", "9", "Ada Example")
    assert name_for(a_contact(choice="suffix")) == "Ada Example (Clio c1)"
    assert match(a_contact(choice="suffix"), [], "").name == "Ada Example (Clio c1)"
    cleaned = a_contact(name="Ada:\t Example\n", choice="clean")
    assert match(cleaned, [], "") == Match("create", name="Ada Example")


def test_contacts_are_listed_by_name() -> None:
    assert contact.listing(a_contact()).list == ("us-1/contacts", "ada example#c1")
