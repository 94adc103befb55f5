"""Suggestions of which QuickBooks customer a client is: scored, with reasons, never two to one."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.matching import CERTAIN, COMMON, OTHERS_SHOWN, WORTH_SHOWING, emails, score, suggest, words
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
    assert score(client(phone="555 010 2030", email=""), customer(email="")) == (55, ("Same name",))


def test_no_more_than_a_hundred_points_are_given() -> None:
    told = score(client(phone="555 010 2030"), customer(phone="555 010 2030"))
    assert told == (100, ("Same name", "Same e-mail address", "Same phone number"))


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
    ("a", "b", "points"),
    [
        ("Ada Example", "Brook Jensen", 0),
        ("Ada", "Ada Example", 25),
        ("Ada Mae Example", "Ada Kay Example Jensen", 0),
        ("", "?", 0),
        ("?!", "Ada", 0),
        ("Ada", "?!", 0),
    ],
)
def test_names_that_share_less_than_half_their_words_count_nothing(a: str, b: str, points: int) -> None:
    assert score(client(name=a, email=""), customer(name=b, email=""))[0] == points


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
    assert [(s.client_id, s.customer_id) for s in found] == [("1", "71"), ("2", "")]


def test_pairs_that_are_as_good_stand_in_the_order_of_the_clients() -> None:
    clients = [client("2", "Brook Jensen", ""), client("1", "Ada Example", "")]
    found = suggest(clients, [customer("71", "Brook Jensen", ""), customer("72", "Ada Example", "")])
    assert [(s.client_id, s.score) for s in found] == [("1", 55), ("2", 55)]


def test_a_phone_number_alone_is_just_worth_showing() -> None:
    [found] = suggest([client(name="Ada", email="", phone="555-2030")], [customer("7", "Bo", "", mobile="5552030")])
    assert (found.customer_id, found.score) == ("7", WORTH_SHOWING)
    assert suggest([client(name="Ada", email="", phone="55-2030")], [customer("7", "Bo", "", mobile="552030")]) == ()


def test_inactive_customers_and_clients_nothing_speaks_for_are_left_out() -> None:
    assert suggest([client()], [customer(active=False)]) == ()
    assert suggest([client(name="Ada Example", email="")], [customer(name="Ada Other", email="")]) == ()


def test_only_so_many_others_are_shown() -> None:
    found = suggest([client()], [customer(str(70 + n), email="") for n in range(OTHERS_SHOWN + 3)])
    assert len(found[0].others) == OTHERS_SHOWN


def of_that_word(count: int, **more: Any) -> list[CustomerReading]:
    return [customer(str(n), f"Ada P{n} Smith", **{"email": "", **more}) for n in range(count)]


def test_words_in_too_many_names_pair_nobody_but_the_whole_name_does() -> None:
    smith = [client(name="Ada Smith", email="")]
    assert [s.score for s in suggest(smith, of_that_word(COMMON))] == [35]
    assert suggest(smith, of_that_word(COMMON + 1)) == ()
    [found] = suggest([client(name="Smith, Ada P7", email="")], of_that_word(COMMON + 1))
    assert (found.customer_id, found.score) == ("7", 45)


def test_an_address_pairs_however_many_have_it() -> None:
    [found] = suggest([client(name="Zed Q")], of_that_word(COMMON + 1, email="ada@example.com"))
    assert (found.score, found.reasons) == (40, ("Same e-mail address",))


@pytest.mark.parametrize(("name", "found"), [("Li Wu", [35]), ("A B", [])])
def test_a_word_leads_somewhere_and_an_initial_does_not(name: str, found: list[int]) -> None:
    assert [
        s.score for s in suggest([client(name=name, email="")], [customer(name=f"{name} Holdings", email="")])
    ] == found


def test_short_numbers_prove_nothing() -> None:
    assert score(client(name="A B", email="", phone="123"), customer(name="C D", email="", phone="123"))[0] == 0


def test_a_name_of_legal_forms_only_keeps_its_words() -> None:
    assert words("The Co.") == ("the", "co")
    assert words("") == ()
    assert words("Ada Example (Clio 12)") == ("ada", "example"), "our own suffix is no part of a name"


def test_what_a_person_chose_is_its_clients_whatever_speaks_for_another() -> None:
    clients = [client("1"), client("2", name="Brook Jensen", email="b@example.com")]
    found = {s.client_id: s for s in suggest(clients, [customer()], {"2": "71", "3": "71"})}
    assert found["2"].customer_id == "71"
    assert (found["1"].customer_id, [o.customer_id for o in found["1"].others]) == ("", ["71"]), "its name is taken"
    assert {s.client_id for s in suggest(clients, [customer()], {"2": "99"})} == {"1"}, "it is not there any more"


def test_a_client_whose_own_name_is_another_clients_customer_is_told_apart() -> None:
    namesake = client("2", email="")
    found = {s.client_id: s for s in suggest([client("1"), namesake], [customer()])}
    assert (found["1"].customer_id, found["2"].customer_id) == ("71", "")
    assert [o.customer_id for o in found["2"].others] == ["71"]
    elsewhere = client("2", email="other@example.org")  # the least that the same name comes to
    found = {s.client_id: s for s in suggest([client("1"), elsewhere], [customer()])}
    assert (found["2"].customer_id, found["2"].score) == ("", 0)
    by_mail_only = client("2", name="Brook Jensen")
    assert {s.client_id for s in suggest([client("1"), by_mail_only], [customer()])} == {"1"}
