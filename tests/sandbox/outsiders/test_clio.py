"""The Clio sandbox driven by a client that others generated from Clio's document: clio-manage-api-client.

Its calls go to Clio's own hosts, unchanged. Sections are of reference/clio.md. What it does otherwise than the page:

* it drops a field name that the document lacks instead of sending it, so 400 ``InvalidFields`` (2.1) never comes;
* it takes no ``If-Match`` (2.4) and waits by its own clock for the minute of a rate limit (2.6);
* it takes a time only as a ``datetime``, and of a text sends its own error words, which are refused with 400.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from clio_manage_python_client.client import Client

from tests.sandbox.clio_wire import Office, an_office
from tests.sandbox.outsiders.wired import wire

# Not contacts, matters and users: "all_ids" asks for the names that test_clio_contract.NOT_SERVED lists.
LISTS = (
    "bills",
    "allocations",
    "credit_memos",
    "bank_accounts",
    "bank_transactions",
    "line_items",
    "interest_charges",
    "trust_line_items",
    "outstanding_client_balances",
    "bill_themes",
    "currencies",
)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = an_office()
    wire(monkeypatch, "app.clio.com", made.clio)
    yield made
    assert not any(entry.status >= 500 for entry in made.clio.log)


@pytest.fixture
def client(office: Office, caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.CRITICAL)
    return Client(office.token, region="US")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_answers_every_id_that_it_asks_for(client: Any, name: str) -> None:
    rows = getattr(client.get, name)(fields="all_ids")["data"]
    assert rows
    assert all(row["id"] for row in rows)


def test_it_finds_out_whose_token_it_has(client: Any) -> None:
    told = client.get.users.who_am_i(fields="id,name,account{id,name}")["data"]
    assert told["account"]["name"] == "Hartwell & Pine LLP"


def test_it_follows_every_page(client: Any, office: Office) -> None:
    every = client.all.bills(fields="id", order="id(asc)", limit=7)["data"]
    ids = [row["id"] for row in every]
    assert len(ids) == len(set(ids)) == len(office.data("bills.json"))
    assert ids == sorted(ids)


def test_filters_take_the_requests_words(client: Any) -> None:
    assert {b["state"] for b in client.get.bills(state="void", fields="state")["data"]} == {"void"}
    assert {a["type"] for a in client.get.bank_accounts(type="TrustAccount", fields="type")["data"]} == {"Trust"}
    refused = client.get.bills(state="unpaid", fields="state")
    assert "state" in refused["errors"]["query"]  # it refuses by itself what the document does not list


def test_a_bill_is_read_changed_and_voided(client: Any, office: Office) -> None:
    bill = office.clio.people.find_bill("1042")["id"]
    assert client.get.bills(id=bill, fields="id,client{name},nonsense")["data"] == {
        "id": bill,
        "client": {"name": "Ada Example"},
    }
    assert client.patch.bills(id=bill, memo="Thank you", fields="memo")["data"] == {"memo": "Thank you"}
    assert client.delete.bills(id=bill) is None  # 204 without a body (9.18)
    assert client.get.bills(id=bill, fields="state")["data"] == {"state": "void"}
    with pytest.raises(RuntimeError, match=r"403.*ForbiddenError"):
        client.delete.bills(id=bill)


def test_a_webhook_is_made_extended_and_deleted(client: Any, office: Office) -> None:
    made = client.create.webhooks(
        model="bill", url="https://h.example/clio", fields="id,state", events=["created", "updated"]
    )["data"]
    found = client.get.webhooks(id=made["id"], fields="id,status,events,shared_secret")["data"]
    assert (found["status"], found["events"], bool(found["shared_secret"])) == ("pending", ["created", "updated"], True)
    until = office.clock.now() + timedelta(days=20)
    kept = client.patch.webhooks(id=made["id"], expires_at=until, response_fields="expires_at")["data"]
    assert datetime.fromisoformat(kept["expires_at"]) == until
    client.delete.webhooks(id=made["id"])
    with pytest.raises(RuntimeError, match="404"):
        client.get.webhooks(id=made["id"])


def test_what_is_refused_comes_with_status_and_words(client: Any) -> None:
    with pytest.raises(RuntimeError, match=r"404.*RecordNotFoundError"):
        client.get.bills(id=1)
    with pytest.raises(RuntimeError, match="401"):
        Client("not-a-token", region="US").get.bills(limit=1)
