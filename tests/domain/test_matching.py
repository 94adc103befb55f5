"""Suggestions of which QuickBooks customer a client is: scored, with reasons, never two to one."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.matching import CERTAIN, COMMON, OTHERS_SHOWN, emails, score, suggest, words
from chalicelib.domain.readings import ClientReading, CustomerReading


def client(id: str = "1", name: str = "Ada Example", email: str = "ada@example.com", **more: Any) -> ClientReading:
    return ClientReading(id, name, email, **more)


def customer(id: str = "71", name: str = "Ada Example", email: str = "ada@example.com", **more: Any) -> CustomerReading:
    return CustomerReading(id, "0", name, email, **{"active": True, **more})


def test_same_name_and_email_is_as_good_as_certain() -> None:
    [found] = suggest([client()], [customer()])
    assert (found.client_id, found.customer_id, found.others) == ("1", "71", ())
    assert found.score >= CERTAIN
    assert found.reasons == ("Same name", "Same e-mail address")


def test_a_phone_number_counts_however_it_is_written() -> None:
    told = score(client(phone="+1 (555) 010-2030"), customer(email="", mobile="555.010.2030"))
    assert told == (85, ("Same name", "Same phone number"))


@pytest.mark.parametrize(
    ("a", "b", "points", "why"),
    [
        ("Ada Example", "ADA  EXAMPLE", 55, "Same name"),
        ("Ada Example", "Ada Example (Clio 12)", 55, "Same name"),
        ("Ada Example", "Example, Ada", 45, "Same name, written differently"),
        ("Calder Freight Inc.", "Calder Freight", 45, "Same name, written differently"),
        ("Zoë O'Neil", "Zoe ONeil", 45, "Same name, written differently"),
        ("Dr. Ada Example", "Ada Example", 45, "Same name, written differently"),
        ("Ada M Example", "Ada Example", 35, "One name is part of the other: “Ada Example”"),
        ("Ada Mae Example", "Ada Kay Example", 25, "Similar name: “Ada Kay Example”"),
    ],
)
def test_names_are_compared_as_people_write_them(a: str, b: str, points: int, why: str) -> None:
    assert score(client(name=a, email=""), customer(name=b, email="")) == (points, (why,))


@pytest.mark.parametrize(
    ("a", "b"), [("Ada Example", "Brook Jensen"), ("Ada", "Ada Example"), ("", "?"), ("?!", "Ada")]
)
def test_other_names_count_nothing(a: str, b: str) -> None:
    assert score(client(name=a, email=""), customer(name=b, email=""))[0] <= 25


def test_another_email_takes_off_and_is_named() -> None:
    told = score(client(), customer(email="old@example.com"))
    assert told == (45, ("Same name", "Another e-mail address: old@example.com"))
    assert score(client(name="X Y"), customer(email="old@example.com"))[0] == 0


def test_one_of_several_addresses_in_the_field_is_enough() -> None:
    assert "Same e-mail address" in score(client(), customer(email="office@x.example, Ada@Example.com"))[1]
    assert emails("a@x.example; B@y.example") == {"a@x.example", "b@y.example"}


def test_the_best_pairs_are_made_first_and_nobody_is_given_twice() -> None:
    clients = [client("1", email=""), client("2")]
    found = suggest(clients, [customer("71"), customer("72", email="")])
    assert [(s.client_id, s.customer_id) for s in found] == [("2", "71"), ("1", "72")]
    assert [[o.customer_id for o in s.others] for s in found] == [["72"], ["71"]]


def test_two_clients_of_one_customer_leave_one_without() -> None:
    found = suggest([client("1"), client("2")], [customer()])
    assert [(s.client_id, s.customer_id) for s in found] == [("1", "71")]


def test_inactive_customers_and_clients_nothing_speaks_for_are_left_out() -> None:
    assert suggest([client()], [customer(active=False)]) == ()
    assert suggest([client(name="Ada Example", email="")], [customer(name="Ada Other", email="")]) == ()


def test_only_so_many_others_are_shown() -> None:
    found = suggest([client()], [customer(str(70 + n), email="") for n in range(OTHERS_SHOWN + 3)])
    assert len(found[0].others) == OTHERS_SHOWN


def test_a_common_word_alone_pairs_nobody_but_the_whole_name_does() -> None:
    smiths = [customer(str(n), f"Person{n} Smith", "") for n in range(COMMON + 1)]
    assert suggest([client(name="Zed Smith Q", email="")], smiths) == ()
    [found] = suggest([client(name="Smith, Person7", email="")], smiths)
    assert found.customer_id == "7"


def test_short_numbers_prove_nothing() -> None:
    assert score(client(name="A B", email="", phone="123"), customer(name="C D", email="", phone="123"))[0] == 0


def test_a_name_of_legal_forms_only_keeps_its_words() -> None:
    assert words("The Co.") == ("the", "co")
    assert words("") == ()
