"""The name a client gets in QuickBooks, and the customer it is already: Clio's own rule, else a person is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.contact import Contact
from chalicelib.domain.naming import (
    Match,
    NewName,
    anothers,
    broken_link,
    given_up,
    match,
    name_for,
    new_name,
    refused,
    taken_on_rename,
    with_suffix,
)
from chalicelib.domain.profile import Change
from chalicelib.domain.readings import CustomerReading
from tests.domain.given import is_said


def a_contact(**fields: Any) -> Contact:
    return replace(Contact("us-1", "c1", "Ada Example", "ada@example.com", company=False), **fields)


def a_customer(id: str = "7", email: str = "ada@example.com", *, active: bool = True) -> CustomerReading:
    return CustomerReading(id, "0", "Ada Example", email, active)


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


def test_a_customer_of_another_currency_holds_the_name_and_is_nobodys() -> None:
    euro = replace(a_customer(), currency="EUR")
    told = match(a_contact(), [euro], "", "USD")
    assert (told.do, [c for c, _ in told.choices]) == ("park", ["suffix"])
    assert "a customer in EUR" in told.reason
    for same in (euro, replace(euro, currency="USD"), a_customer()):
        assert match(a_contact(), [same], "", same.currency).do == "link"


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
    assert f"“Ada{char}Example”".replace("\t", "⇥") in told.reason


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


def test_a_name_given_takes_the_place_of_the_present_one() -> None:
    assert name_for(a_contact(choice="suffix"), "Ada New") == "Ada New (Clio c1)"


def test_a_suffix_is_offered_on_the_name_without_forbidden_characters_where_it_was_cleaned() -> None:
    told = match(a_contact(name="Ada: Example", choice="clean"), [a_customer(email="")], "")
    assert ("suffix", "Create as “Ada Example (Clio c1)”") in told.choices


@pytest.mark.parametrize("choice", ["", "clean", "suffix"])
@pytest.mark.parametrize("name", ["Ada Example", "Ada: Example", "Ada\tExample"])
def test_the_name_that_was_offered_with_a_suffix_is_the_one_that_is_used(name: str, choice: str) -> None:
    state = a_contact(name=name, choice=choice)
    used = name_for(replace(state, choice="suffix"))
    assert used == "Ada Example (Clio c1)"
    assert with_suffix(state) == ("suffix", f"Create as “{used}”")
    assert match(replace(state, choice="suffix"), [], "") == Match("create", name=used)


def test_a_new_name_that_another_entry_has_is_asked_about() -> None:
    told = taken_on_rename(a_contact(name="Ada New"))
    asked_of_a_person(told)
    assert "“Ada New”" in told.reason
    assert told.remedy.endswith("or leave QuickBooks' name.")
    assert told.choices == (
        ("suffix", "Rename to “Ada New (Clio c1)”"),
        ("keep", "Leave the name in QuickBooks as it is"),
    )


@pytest.mark.parametrize(
    ("lost", "word", "choices"),
    [("inactive", "inactive", ["activate", "anew"]), ("merged", "merged", ["anew"]), ("gone", "no longer", ["anew"])],
)
def test_what_befell_a_linked_customer_is_said_with_what_to_do(lost: str, word: str, choices: list[str]) -> None:
    told = broken_link(a_contact(lost=lost))
    asked_of_a_person(told)
    assert word in told.reason.partition(";")[0]
    assert [c for c, _ in told.choices] == choices
    assert told.choices[-1] == ("anew", "Create a new customer “Ada Example (Clio c1)”")


def test_a_customer_of_another_client_is_not_linked_and_may_be_taken_over_where_that_one_has_no_open_bills() -> None:
    told = anothers(a_contact(), "7", None)
    asked_of_a_person(told)
    assert told.reason == "This QuickBooks customer is already linked to another client."
    assert told.remedy.startswith("If Clio merged the two, wait:")
    assert told.remedy.endswith("Else create another customer with a suffix, or correct the name in Clio.")
    assert told.choices == (("suffix", "Create as “Ada Example (Clio c1)”"),)
    holder = a_contact(id="c9", name="Ada E.")
    told = anothers(a_contact(), "7", holder)
    asked_of_a_person(told)
    assert told.reason == (
        "This QuickBooks customer is already linked to another client, “Ada E.” (Clio c9), which has no open bills."
    )
    assert given_up(holder) in told.remedy
    assert told.choices == (
        ("over:7", "Take over the other client's customer"),
        ("suffix", "Create as “Ada Example (Clio c1)”"),
    )


def test_what_becomes_of_a_client_whose_customer_is_taken_over_is_said_before_it_is_done() -> None:
    told = given_up(a_contact(id="c9", name="Ada E."))
    assert told.startswith("Nothing that is in QuickBooks changes;")
    assert "“Ada E.” (Clio c9) stays without a customer" in told


def asked_of_a_person(told: Match) -> None:
    assert told.do == "park"
    assert is_said(told.reason)
    assert is_said(told.remedy)


def test_a_customer_that_quickbooks_refuses_may_be_made_by_hand_or_get_another_name() -> None:
    by_hand = "Or add the customer in QuickBooks yourself, and link it on the client's page."
    assert refused(a_contact(), False) == (by_hand, ())
    assert refused(a_contact(), True) == (by_hand, (("suffix", "Create as “Ada Example (Clio c1)”"),))
    assert refused(a_contact(choice="suffix"), True) == (by_hand, ())


def test_a_change_of_a_customer_that_quickbooks_refuses_may_be_left() -> None:
    wanted = (Change("email", "b@example.com"), Change("phone", "1"))
    means, choices = refused(a_contact(customer="7", to_books=wanted), False)
    assert is_said(means) and "(e-mail address, phone number)" in means
    assert choices == (("stay", "Leave the customer in QuickBooks as it is"),)


def test_what_befell_a_linked_customer_is_still_asked_where_it_cannot_be_made_active() -> None:
    lost = a_contact(customer="7", lost="inactive")
    assert refused(lost, False) == (broken_link(lost).remedy, broken_link(lost).choices)


# --- as a new customer ------------------------------------------------------------------------------------------------


def test_a_new_customer_has_the_clients_own_name_where_it_is_free() -> None:
    assert new_name(a_contact(), {"ada": "the customer “Ada”"}) == NewName("", "Ada Example")


def test_a_name_that_somebody_has_in_whatever_capitals_gets_a_suffix() -> None:
    told = new_name(a_contact(), {"ada example": "the vendor “ADA EXAMPLE”"})
    assert (told.choice, told.name) == ("suffix", "Ada Example (Clio c1)")
    assert told.why == "A name can be used only once in QuickBooks, and it is that of the vendor “ADA EXAMPLE”"


def test_a_name_with_refused_characters_is_cleaned_and_gets_a_suffix_where_that_is_used() -> None:
    told = new_name(a_contact(name="Ada: Example"), {})
    assert (told.choice, told.name) == ("clean", "Ada Example")
    assert "does not accept the characters" in told.why
    told = new_name(a_contact(name="Ada: Example"), {"ada example": "the customer “Ada Example”"})
    assert (told.choice, told.name) == ("suffix", "Ada Example (Clio c1)")
    assert "does not accept the characters" in told.why


def test_no_name_will_do_where_it_is_too_long_or_all_are_used() -> None:
    assert new_name(a_contact(name="A" * 501), {}) == NewName("", "", "The name is longer than QuickBooks allows.")
    both = {
        "ada example": "the customer “Ada Example”",
        "ada example (clio c1)": "the employee “Ada Example (Clio c1)”",
    }
    told = new_name(a_contact(choice="suffix"), both)
    assert told.name == "" and told.why.endswith("the customer “Ada Example”")
