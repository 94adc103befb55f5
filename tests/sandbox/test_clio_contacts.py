"""PATCH /contacts as reference/clio.md 7, 2.4 and 2.5 have it: members by id, names by their parts, If-Match."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.clio_wire import Office, an_office

FIELDS = (
    "id,etag,name,first_name,middle_name,last_name,type,primary_email_address,primary_phone_number,"
    "email_addresses{id,address,primary},phone_numbers{id,number,name,primary},"
    "addresses{id,name,street,city,province,postal_code,country}"
)


def contact(office: Office, name: str = "Ada Example") -> Any:
    found = next(c for c in office.clio.state.rows["contacts"].values() if c.name == name)
    return office.data(f"contacts/{found.id}.json", fields=FIELDS)


def patch(office: Office, data: dict[str, Any], name: str = "Ada Example", **more: Any) -> Any:
    path = f"contacts/{contact(office, name)['id']}.json"
    return office.patch(path, data, params={"fields": FIELDS}, **more)


def changed(office: Office, data: dict[str, Any], name: str = "Ada Example") -> Any:
    answer = patch(office, data, name)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_a_member_with_its_id_is_changed_and_the_etag_moves() -> None:
    office = an_office()
    before = contact(office)
    email = before["email_addresses"][0]
    after = changed(office, {"email_addresses": [{"id": email["id"], "address": "new@example.com"}]})
    assert (after["primary_email_address"], len(after["email_addresses"])) == ("new@example.com", 1)
    assert after["email_addresses"][0]["id"] == email["id"]
    assert after["etag"] != before["etag"]
    assert after["name"] == before["name"]


def test_a_member_without_an_id_is_added_and_may_become_the_primary() -> None:
    office = an_office()
    added = changed(office, {"email_addresses": [{"name": "Home", "address": "home@example.com"}]})
    assert (added["primary_email_address"], len(added["email_addresses"])) == ("ada@example.com", 2)
    first = changed(office, {"phone_numbers": [{"number": "555-0100"}]})
    assert first["primary_phone_number"] == "555-0100"
    assert first["phone_numbers"][0]["name"] == "Other"
    primary = changed(office, {"phone_numbers": [{"name": "Mobile", "number": "555-0155", "default_number": True}]})
    assert [(p["number"], p["primary"]) for p in primary["phone_numbers"]] == [("555-0155", True), ("555-0100", False)]


def test_a_member_is_removed_by_destroy_only() -> None:
    office = an_office()
    email = contact(office)["email_addresses"][0]
    assert len(changed(office, {"email_addresses": []})["email_addresses"]) == 1
    gone = changed(office, {"email_addresses": [{"id": email["id"], "_destroy": True}]})
    assert (gone["email_addresses"], gone["primary_email_address"]) == ([], None)


def test_an_address_is_changed_part_by_part() -> None:
    office = an_office()
    new = changed(office, {"addresses": [{"name": "Billing", "street": "4 Market Square", "city": "Boston"}]})
    billing = next(a for a in new["addresses"] if a["street"] == "4 Market Square")
    assert (billing["name"], billing["postal_code"]) == ("Billing", None)
    moved = changed(office, {"addresses": [{"id": billing["id"], "postal_code": "02109"}]})
    again = next(a for a in moved["addresses"] if a["id"] == billing["id"])
    assert (again["street"], again["postal_code"]) == ("4 Market Square", "02109")


def test_a_persons_name_is_made_of_its_parts_and_a_companys_is_its_name() -> None:
    office = an_office()
    named = changed(office, {"first_name": "Ada Mae", "middle_name": "", "last_name": "Newname"})
    assert named["name"] == "Ada Mae Newname"
    composed = changed(office, {"name": "Ada Example"}, "Ada Mae Newname")
    assert (composed["first_name"], composed["last_name"]) == ("Ada", "Example")
    assert changed(office, {"name": "Calder Freight Ltd"}, "Calder Freight Inc")["name"] == "Calder Freight Ltd"


def test_flat_primary_fields_are_dropped() -> None:
    office = an_office()
    assert changed(office, {"primary_email_address": "x@x.example"})["primary_email_address"] == "ada@example.com"


@pytest.mark.parametrize(
    "data",
    [
        {"first_name": "", "last_name": ""},
        {"name": "Ada"},
        {"name": 7},
        {"email_addresses": [{"id": 1, "address": "x@x.example"}]},
        {"email_addresses": [{"_destroy": True}]},
        {"email_addresses": [{"address": "no address"}]},
        {"email_addresses": "x@x.example"},
        {"phone_numbers": [{"name": "Cell", "number": "1"}]},
        {"phone_numbers": [{"number": 5550100}]},
        {"addresses": [{"name": "Postal", "street": "1"}]},
        {"email_addresses": [{"address": f"a{n}@x.example"} for n in range(21)]},
    ],
)
def test_what_does_not_hold_is_refused_and_changes_nothing(data: dict[str, Any]) -> None:
    office = an_office()
    before = contact(office)
    more = {} if {"name", "last_name"} & set(data) else {"last_name": "Changed"}
    assert patch(office, {**data, **more}).status_code == 422
    assert contact(office) == before


def test_a_company_cannot_be_without_a_name() -> None:
    assert patch(an_office(), {"name": " "}, "Calder Freight Inc").status_code == 422


def test_if_match_holds_only_for_the_version_that_was_read() -> None:
    office = an_office()
    etag = contact(office)["etag"]
    assert patch(office, {"last_name": "New"}, headers={"If-Match": etag}).status_code == 200
    answer = patch(office, {"last_name": "Newer"}, "Ada New", headers={"If-Match": etag})
    assert answer.status_code == 412


def test_another_firms_contact_is_not_found_and_a_wrong_field_changes_nothing() -> None:
    office = an_office()
    other = next(c for c in office.clio.state.rows["contacts"].values() if c.firm != office.clio.people._firm(None).id)
    assert office.patch(f"contacts/{other.id}.json", {"last_name": "X"}).status_code == 404
    id = contact(office)["id"]
    assert office.patch(f"contacts/{id}.json", {"last_name": "X"}, params={"fields": "nope"}).status_code == 400
    assert contact(office)["last_name"] == "Example"
