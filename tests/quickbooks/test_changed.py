"""What changed in QuickBooks, against the sandbox: by query to its end, and whether one thing is deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import Declined
from chalicelib.quickbooks import client
from infra.sandbox.quickbooks import REALM_A
from tests.quickbooks.stage import a_stage


def test_what_changed_is_read_by_kind() -> None:
    stage = a_stage()
    since = stage.clock.now() - timedelta(seconds=1)
    people = stage.box.people
    customer = people.add_customer(REALM_A, "New Client")["Id"]
    ids = [people.add_invoice(REALM_A, customer, "10.00", f"Q-{n}")["Id"] for n in range(3)]
    people.add_payment(REALM_A, customer, "5.00")
    access = stage.access()
    assert {i.id for i in stage.client.changed(access, "Invoice", since).invoices} >= set(ids)
    assert stage.client.changed(access, "Payment", since).payments
    assert customer in {c.id for c in stage.client.changed(access, "Customer", since).customers}


def test_what_changes_between_two_pages_moves_nobody_out_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_stage()
    since, people = stage.clock.now() - timedelta(seconds=1), stage.box.people
    ids = []
    for n in range(5):
        stage.clock.move(seconds=1)
        ids.append(people.add_customer(REALM_A, f"New Client {n}")["Id"])
    monkeypatch.setattr(client, "MAX_ROWS", 2)
    access, read = stage.access(), stage.client._read

    def read_then_somebody_edits(*asked: Any) -> Any:
        page = read(*asked)
        told = page["QueryResponse"].get("Customer", [{"Id": ids[0]}])[0]["Id"]
        people.change_name(REALM_A, "Customer", told, PrimaryPhone={"FreeFormNumber": "555-0100"})
        return page

    monkeypatch.setattr(stage.client, "_read", read_then_somebody_edits)
    assert {c.id for c in stage.client.changed(access, "Customer", since).customers} >= set(ids)


def test_deleted_is_quickbooks_own_word() -> None:
    stage = a_stage()
    people = stage.box.people
    customer = people.add_customer(REALM_A, "New Client")["Id"]
    id = people.add_invoice(REALM_A, customer, "10.00", "Q-1")["Id"]
    access = stage.access()
    assert not stage.client.is_deleted(access, "Invoice", id)
    people.delete_invoice(REALM_A, id)
    assert stage.client.is_deleted(access, "Invoice", id)
    with pytest.raises(Declined):
        stage.client.is_deleted(access, "Invoice", "none")
