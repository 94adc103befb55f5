"""Every strict rule of Clio's webhooks, over raw HTTP and a recording subscriber (reference/clio.md 8)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from infra.sandbox.clio.seed import ASSOCIATE_A
from tests.sandbox.clio_wire import Office, Rule, Table, an_office, refused

rule = Table()
URL = "https://fee.example/webhooks/clio/unguessable"
WANTED = {"model": "bill", "url": URL, "fields": "id,etag,number,state,balance"}


@dataclass
class Subscriber:
    """Answers every POST with ``status``, and the handshake with its secret; keeps what it got."""

    status: int = 200
    shakes: bool = True
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int | tuple[int, Mapping[str, str]]:
        self.got.append((headers, body))
        secret = headers.get("X-Hook-Secret")
        return (self.status, {"X-Hook-Secret": secret}) if secret and self.shakes else self.status

    @property
    def events(self) -> list[Any]:
        return [json.loads(body) for headers, body in self.got if "X-Hook-Signature" in headers]


def create(o: Office, **more: Any) -> Any:
    return o.ask(
        "POST", "webhooks.json", json={"data": WANTED | more}, params={"fields": "id,status,events,expires_at"}
    )


def a_hook(o: Office, **more: Any) -> tuple[int, Subscriber]:
    """An enabled subscription, its handshake done."""
    told = create(o, **more).json()["data"]
    them = Subscriber()
    o.clio.deliver_due(them)
    assert o.data(f"webhooks/{told['id']}.json", fields="status") == {"status": "enabled"}
    return told["id"], them


def status(o: Office, hook: int) -> str:
    return str(o.data(f"webhooks/{hook}.json", fields="status")["status"])


# --- subscribing ---------------------------------------------------------------------------------------------------
@rule("8 creating answers 201, pending, with the secret")
def _(o: Office) -> None:
    answer = o.ask("POST", "webhooks.json", json={"data": WANTED}, params={"fields": "id,status,shared_secret,events"})
    assert answer.status_code == 201
    told = answer.json()["data"]
    assert (told["status"], told["events"]) == ("pending", ["created", "updated", "deleted"])
    assert told["shared_secret"]


@rule("8 model, url and fields are required")
def _(o: Office) -> None:
    for name in ("model", "url", "fields"):
        refused(create(o, **{name: None}), 422)
    refused(create(o, url="https://[not-an-address"), 422)


@rule("8 only https")
def _(o: Office) -> None:
    refused(create(o, url="http://fee.example/webhooks"), 422)
    assert create(o, url="http://localhost:8000/webhooks").status_code == 201
    o.clio.switches["allow_http_hooks"] = True
    assert create(o, url="http://fee.example/webhooks").status_code == 201


@rule("8 models by name or number; allocations are none")
def _(o: Office) -> None:
    assert create(o, model="3").status_code == 201
    for wrong in ("allocation", "payment", "credit_memo", "line_item", "11"):
        refused(create(o, model=wrong), 422)


@rule("8 events must be the model's")
def _(o: Office) -> None:
    refused(create(o, events=["paid"]), 422)
    refused(create(o, events=["matter_opened"]), 422)
    assert create(o, model="matter", fields="id", events=["matter_opened"]).status_code == 201
    refused(create(o, model="clio_payments_payment", fields="id", events=["deleted"]), 422)


@rule("8 fields are at most 1000 characters, and names of the model")
def _(o: Office) -> None:
    refused(create(o, fields="id," * 334), 422)
    refused(create(o, fields="id,nonsense"), 422)


@rule("10.6 nested fields only under the switch")
def _(o: Office) -> None:
    refused(create(o, fields="id,client{id}"), 422)
    o.clio.switches["hook_nested_fields"] = True
    assert create(o, fields="id,client{id}").status_code == 201


@rule("8 three days by default, 31 at most")
def _(o: Office) -> None:
    now = o.clock.now()
    assert create(o).json()["data"]["expires_at"] == "2026-03-05T10:00:00-05:00"
    assert create(o, expires_at=(now + timedelta(days=31)).isoformat()).status_code == 201
    refused(create(o, expires_at=(now + timedelta(days=31, seconds=1)).isoformat()), 422)
    refused(create(o, expires_at=(now - timedelta(days=1)).isoformat()), 422)


@rule("8 a bill webhook needs the Billing role")
def _(o: Office) -> None:
    refused(create(o.as_user(ASSOCIATE_A)), 403, "ForbiddenError")


@rule("2.9 webhooks are listed, changed and deleted")
def _(o: Office) -> None:
    hook, _ = a_hook(o)
    assert [h["id"] for h in o.data("webhooks.json")] == [hook]
    later = (o.clock.now() + timedelta(days=30)).isoformat()
    assert o.patch(f"webhooks/{hook}.json", {"expires_at": later}).status_code == 200
    assert status(o, hook) == "enabled"
    assert o.ask("DELETE", f"webhooks/{hook}.json").status_code == 204
    refused(o.get(f"webhooks/{hook}.json"), 404)


# --- handshake -----------------------------------------------------------------------------------------------------
@rule("8 the handshake carries the secret and the id")
def _(o: Office) -> None:
    hook = create(o).json()["data"]["id"]
    them = Subscriber()
    assert o.clio.deliver_due(them) == 1
    headers, body = them.got[0]
    assert headers["X-Hook-Secret"]
    assert json.loads(body) == {"data": {"webhook_id": hook}}
    assert status(o, hook) == "enabled"


@rule("8 answered without the secret it stays pending, until activated with it")
def _(o: Office) -> None:
    hook = create(o).json()["data"]["id"]
    them = Subscriber(shakes=False)
    o.clio.deliver_due(them)
    assert status(o, hook) == "pending"
    path = f"webhooks/{hook}/activate"
    refused(o.ask("PUT", path, headers={"X-Hook-Secret": "wrong"}), 422)
    secret = them.got[0][0]["X-Hook-Secret"]
    assert o.ask("PUT", path, headers={"X-Hook-Secret": secret}).status_code == 200
    assert status(o, hook) == "enabled"


@rule("8 nothing is sent while pending")
def _(o: Office) -> None:
    create(o)
    them = Subscriber(shakes=False)
    o.clio.deliver_due(them)
    o.clio.people.edit_bill("1042", number="X")
    o.clio.deliver_due(them)
    assert them.events == []


@rule("8 a new url needs a new handshake")
def _(o: Office) -> None:
    hook, them = a_hook(o)
    o.patch(f"webhooks/{hook}.json", {"url": URL + "2"})
    assert status(o, hook) == "pending"
    o.clio.deliver_due(them)
    assert status(o, hook) == "enabled"


# --- events --------------------------------------------------------------------------------------------------------
@rule("8 the signature is lower-case hex HMAC-SHA256 of the raw body")
def _(o: Office) -> None:
    hook, them = a_hook(o)
    o.clio.people.edit_bill("1042", number="X")
    o.clio.deliver_due(them)
    secret = o.data(f"webhooks/{hook}.json", fields="shared_secret")["shared_secret"]
    headers, body = them.got[-1]
    assert headers["X-Hook-Signature"] == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@rule("8 the body holds the chosen fields, the event and the webhook's id")
def _(o: Office) -> None:
    hook, them = a_hook(o, fields="id,state,balance")
    o.clio.people.record_payment({"1042": 40000})
    o.clio.deliver_due(them)
    data = {"id": o.bill("1042")["id"], "state": "paid", "balance": 0.0}
    assert them.events == [{"data": data, "meta": {"event": "updated", "webhook_id": hook}}]


@rule("8 updated fires only where a listed field changed, but for a record's first event")
def _(o: Office) -> None:
    _, them = a_hook(o, fields="id,state")
    for memo in ("a", "b", "c"):
        o.clio.people.edit_bill("1042", subject=memo)
    o.clio.deliver_due(them)
    assert len(them.events) == 1


@rule("8 only the chosen events")
def _(o: Office) -> None:
    _, them = a_hook(o, events=["deleted"])
    o.clio.people.edit_bill("1042", number="X")
    o.clio.people.delete("1067")
    o.clio.deliver_due(them)
    assert [(e["meta"]["event"], e["data"]["number"]) for e in them.events] == [("deleted", "1067")]


@rule("8 a new bill is created; other firms' bills are not told")
def _(o: Office) -> None:
    _, them = a_hook(o)
    line = [{"note": "Fee", "price": 100}]
    o.clio.people.add_bill("Hartwell & Pine LLP", "Ada Example", "2000", line)
    o.clio.people.add_bill("Bexley Corner Law", "Good Client 1", "B-NEW", line)
    o.clio.deliver_due(them)
    assert [(e["meta"]["event"], e["data"]["number"]) for e in them.events] == [("created", "2000")]


@rule("10.2 a payment may not fire the bill's webhook")
def _(o: Office) -> None:
    o.clio.switches["hook_on_allocation"] = False
    _, them = a_hook(o)
    o.clio.people.record_payment({"1042": 40000})
    o.clio.deliver_due(them)
    assert them.events == []


@rule("8 contacts have their own model")
def _(o: Office) -> None:
    _, them = a_hook(o, model="contact", fields="id,name")
    o.clio.people.change_client("Ada Example", name="Ada Example-Smith")
    o.clio.deliver_due(them)
    assert [e["data"]["name"] for e in them.events] == ["Ada Example-Smith"]


@rule("8 nothing is told of a contact that this user may not see")
def _(o: Office) -> None:
    _, them = a_hook(o, model="contact", fields="id,name")
    ada = o.data("contacts.json", query="ada@")[0]["id"]
    o.clio.switches["hidden_contacts"] = [ada]
    refused(o.get(f"contacts/{ada}.json"), 404)
    o.clio.people.change_client(ada, email="ada@other.example")
    o.clio.deliver_due(them)
    assert them.events == []


@rule("8 nothing is sent after it expired")
def _(o: Office) -> None:
    _, them = a_hook(o)
    o.clock.move(days=3, seconds=1)
    o.clio.people.edit_bill("1042", number="X")
    o.clio.deliver_due(them)
    assert them.events == []


# --- delivery ------------------------------------------------------------------------------------------------------
@rule("8 five re-attempts, the first after two minutes, doubling")
def _(o: Office) -> None:
    _, them = a_hook(o)
    them.status = 500
    o.clio.people.edit_bill("1042", number="X")
    assert o.clio.deliver_due(them) == 1
    for minutes in (2, 4, 8, 16, 32):
        o.clock.move(minutes=minutes, seconds=-1)
        assert o.clio.deliver_due(them) == 0
        o.clock.move(seconds=1)
        assert o.clio.deliver_due(them) == 1
    o.clock.move(days=1)
    assert o.clio.deliver_due(them) == 0
    assert len({body for headers, body in them.got if "X-Hook-Signature" in headers}) == 1


@rule("8 3xx counts as handled, 4xx is tried again")
def _(o: Office) -> None:
    _, them = a_hook(o)
    for code, left in ((302, 0), (400, 1)):
        them.status = code
        o.clio.people.edit_bill(o.bill("1042")["id"], due_at=f"2026-05-{code % 28 + 1:02d}")
        o.clio.deliver_due(them)
        assert len(o.clio.state.deliveries) == left


@rule("8 410 disables the subscription")
def _(o: Office) -> None:
    hook, them = a_hook(o)
    them.status = 410
    o.clio.people.edit_bill("1042", number="X")
    o.clio.people.edit_bill("1043", number="Z")
    o.clio.deliver_due(them)
    assert len(them.events) == 1
    assert status(o, hook) == "suspended"
    o.clio.people.edit_bill("X", number="Y")
    assert o.clio.deliver_due(them) == 0


@rule("8 repeated failure suspends")
def _(o: Office) -> None:
    o.clio.switches["hook_suspend_after"] = 1
    hook, them = a_hook(o)
    them.status = 0
    o.clio.people.edit_bill("1042", number="X")
    for _ in range(6):
        o.clio.deliver_due(them)
        o.clock.move(hours=1)
    assert status(o, hook) == "suspended"


@rule("8 no answer is tried again")
def _(o: Office) -> None:
    _, them = a_hook(o)
    o.clio.people.edit_bill("1042", number="X")

    def nobody(url: str, headers: dict[str, str], body: bytes) -> int:
        raise ConnectionRefusedError

    assert o.clio.deliver_due(nobody) == 1
    o.clock.move(minutes=2)
    assert o.clio.deliver_due(them) == 1


@rule("8 deliveries may come late, twice and out of order")
def _(o: Office) -> None:
    _, them = a_hook(o)
    o.clio.switches.update(hook_delay_seconds=90, hook_copies=2, hook_reversed=True)
    o.clio.people.edit_bill("1042", number="X")
    o.clio.people.edit_bill("X", number="Y")
    assert o.clio.deliver_due(them) == 0
    o.clock.move(seconds=90)
    assert o.clio.deliver_due(them) == 4
    assert [e["data"]["number"] for e in them.events] == ["Y", "Y", "X", "X"]


@rule("8 a matter's new display number is told to whoever watches it")
def _(o: Office) -> None:
    hook, them = a_hook(o, model="matter", fields="id,display_number,client")
    matter = o.data("matters.json", fields="id,client{id}")[0]
    o.clio.people.rename_matter(matter["id"], "X-77")
    o.clio.deliver_due(them)
    [event] = them.events
    assert event["meta"] == {"event": "updated", "webhook_id": hook}
    assert (event["data"]["display_number"], event["data"]["client"]["id"]) == ("X-77", matter["client"]["id"])


@pytest.mark.parametrize("row", [r for _, r in rule], ids=[name for name, _ in rule])
def test_clio_webhooks_are_strict(row: Rule) -> None:
    row(an_office())
