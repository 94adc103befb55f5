"""What changed in QuickBooks, against the sandbox: by query to its end, and whether one thing is deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.errors import Declined
from infra.sandbox.quickbooks import REALM_A
from tests.quickbooks.stage import a_stage


def test_what_changed_is_read_by_kind_and_in_order() -> None:
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
