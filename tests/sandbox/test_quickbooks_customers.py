"""Customers changed by sparse updates, renamed, made inactive and active again, as reference/quickbooks.md has it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.quickbooks_wire import App, code, good, stamp


def ada(app: App) -> Any:
    return app.people.find(app.realm, "Customer", DisplayName="Ada Example")[0]


def changed(app: App, **changes: Any) -> Any:
    return good(app.post("customer", stamp(ada(app), sparse=True, **changes)))["Customer"]


def test_2_4_a_sparse_update_leaves_what_it_does_not_name() -> None:
    app = App()
    new = changed(app, PrimaryPhone={"FreeFormNumber": "555-0100"})
    assert new["PrimaryPhone"]["FreeFormNumber"] == "555-0100"
    assert new["PrimaryEmailAddr"]["Address"] == "ada@example.com"
    assert int(new["SyncToken"]) == 1


def test_2_4_a_full_update_empties_what_it_leaves_out() -> None:
    app = App()
    new = good(app.post("customer", stamp(ada(app), DisplayName="Ada Example")))["Customer"]
    assert "PrimaryEmailAddr" not in new


def test_2_4_null_in_a_sparse_update_empties_a_property_or_not_as_the_switch_says() -> None:
    app = App()
    assert "PrimaryEmailAddr" not in changed(app, PrimaryEmailAddr=None)
    other = App()
    other.box.switches["null_clears"] = False
    assert changed(other, PrimaryEmailAddr=None)["PrimaryEmailAddr"]["Address"] == "ada@example.com"


def test_4_1_an_address_goes_whole() -> None:
    app = App()
    changed(app, BillAddr={"Line1": "1 A St", "Line2": "Floor 3", "City": "Boston"})
    new = changed(app, BillAddr={"Line1": "2 B St", "Line2": "", "City": "Austin"})
    assert (new["BillAddr"]["Line1"], new["BillAddr"].get("Line2", ""), new["BillAddr"]["City"]) == (
        "2 B St",
        "",
        "Austin",
    )


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"DisplayName": "Zeta Holdings"}, "6240"),
        ({"PrimaryEmailAddr": {"Address": "a@x.example, b@x.example"}}, "2210"),
        ({"PrimaryEmailAddr": {"Address": f"{'a' * 100}@x.example"}}, "2050"),
        ({"PrimaryPhone": {"FreeFormNumber": "5" * 31}}, "2050"),
        ({"BillAddr": {"Line1": "x" * 501}}, "2050"),
        ({"BillAddr": {"PostalCode": "1" * 31}}, "2050"),
        ({"BillAddr": {"Street": "x"}}, "2010"),
    ],
)
def test_4_1_what_a_customer_cannot_be_is_refused(changes: dict[str, Any], refused: str) -> None:
    app = App()
    before = ada(app)
    assert code(app.post("customer", stamp(before, sparse=True, **changes))) == refused
    assert ada(app) == before


def test_4_1_an_inactive_one_keeps_its_name_for_itself_and_gets_it_back() -> None:
    app = App()
    gone = changed(app, Active=False)
    assert gone["DisplayName"] == "Ada Example (deleted)"
    assert code(app.post("customer", {"DisplayName": "Ada Example"})) == "6240"
    back = good(app.post("customer", stamp(gone, sparse=True, Active=True, DisplayName="Ada Example")))["Customer"]
    assert (back["Active"], back["DisplayName"]) == (True, "Ada Example")


def test_2_5_an_inactive_one_is_found_by_id_only_where_it_is_asked_for() -> None:
    app = App()
    id = changed(app, Active=False)["Id"]
    assert app.rows(f"select * from Customer where Id in ('{id}')") == {}
    found = app.rows(f"select * from Customer where Id in ('{id}') and Active in (true, false)")
    assert found["Customer"][0]["Id"] == id
