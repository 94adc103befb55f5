"""Webhooks: events gathered per company, signed, delivered, tried again (reference/quickbooks.md 5).

Nothing is sent by itself: the host calls ``deliver_due`` with a function that posts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.sandbox.quickbooks.books import Delivery, Event

if TYPE_CHECKING:
    from infra.sandbox.quickbooks.server import QuickBooksSandbox

Send = Callable[[str, dict[str, str], bytes], int]
"""(url, headers, body) -> HTTP status; 0, or any OSError, where nobody answered."""

RETRIES = (10, 20, 30, 5 * 60, 20 * 60, 2 * 3600, 4 * 3600, 6 * 3600)
"""Seconds until the next try; the last one repeats."""
LEGACY = {"created": "Create", "updated": "Update", "deleted": "Delete", "merged": "Merge", "voided": "Void"}


class Post:
    """The outgoing side."""

    def __init__(self, box: QuickBooksSandbox) -> None:
        self.box = box

    def tell(self, realm: str, entity: str, ident: str, what: str, *, deleted_id: str = "") -> None:
        """Remembers a change, if there is anyone to tell: a registered address, and a company that is connected."""
        state = self.box.state
        if not state.webhook_url or not any(g.realm == realm and not g.revoked for g in state.grants.values()):
            return
        number = state.next()
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{realm}/{number}/{self.box.now().isoformat()}")
        state.events.append(Event(str(name), realm, entity, ident, what, self.box.now(), deleted_id))

    def deliver_due(self, send: Send) -> int:
        """Sends what is due now; returns how many requests were made. The lock is not held while sending."""
        with self.box.lock:
            self._gather()
            due = self._due()
            url = self.box.state.webhook_url
        for delivery in due:
            headers = {
                "Content-Type": delivery.content_type,
                "intuit-signature": signature(self.box.verifier_token, delivery.body),
            }
            try:
                status = send(url, headers, delivery.body)
            except OSError:
                status = 0
            with self.box.lock:
                self._settle(delivery, status)
        if due:
            with self.box.lock:
                self.box.save()
        return len(due)

    def _gather(self) -> None:
        """Turns waiting events into one delivery per company; held back while an earlier one is unacknowledged."""
        state, now = self.box.state, self.box.now()
        busy = {d.realm for d in state.deliveries} if self.box.switch("hold_back", True) else set()
        wait = timedelta(seconds=float(self.box.switch("events_late_seconds", 0)))
        ready = [e for e in state.events if e.realm not in busy and e.at + wait <= now]
        if not ready:
            return
        kept = {e.id for e in ready}
        state.events = [e for e in state.events if e.id not in kept]
        if self.box.switch("events_shuffled", False):
            self.box.random.shuffle(ready)
        for realm in dict.fromkeys(e.realm for e in ready):
            for events in self._portions([e for e in ready if e.realm == realm]):
                body, kind = self._body(realm, events)
                state.deliveries.append(
                    Delivery(
                        state.next(),
                        realm,
                        body,
                        kind,
                        now,
                        late=bool(wait),
                        double=bool(self.box.switch("events_doubled")),
                    )
                )

    def _portions(self, events: list[Event]) -> list[list[Event]]:
        most = int(self.box.switch("events_per_delivery", 50))
        return [events[n : n + most] for n in range(0, len(events), most)]

    def _due(self) -> list[Delivery]:
        now = self.box.now()
        found: list[Delivery] = []
        for delivery in sorted(self.box.state.deliveries, key=lambda d: d.id):
            if delivery.next_at <= now:
                found.append(delivery)
        return found

    def _settle(self, delivery: Delivery, status: int) -> None:
        delivery.tries += 1
        if delivery.late and delivery.tries == 1:
            self.box.note("events_late")
        if status != 200:
            self.box.note("webhooks_refused")
            wait = RETRIES[min(delivery.tries, len(RETRIES)) - 1]
            delivery.next_at = self.box.now() + timedelta(seconds=wait)
            return
        if delivery.double:
            delivery.double = False
            delivery.next_at = self.box.now()
            self.box.note("events_doubled")
            return
        self.box.state.deliveries = [d for d in self.box.state.deliveries if d.id != delivery.id]

    def _body(self, realm: str, events: list[Event]) -> tuple[bytes, str]:
        """The bytes and their content type: CloudEvents, or the legacy form by switch ``webhook_form``."""
        if self.box.switch("webhook_form", "cloudevents") == "legacy":
            entities = [_legacy(e) for e in events]
            told: Any = {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": entities}}]}
            return json.dumps(told).encode(), "application/json"
        return json.dumps([_cloud(e) for e in events]).encode(), "application/cloudevents+json"


def signature(verifier_token: str, body: bytes) -> str:
    """``intuit-signature``: base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest()).decode()


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cloud(event: Event) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": "intuit.c2FuZGJveA==",
        "type": f"qbo.{event.entity.lower()}.{event.what}.v1",
        "time": _time(event.at),
        "intuitentityid": event.ident,
        "intuitaccountid": event.realm,
        "data": {},
    }


def _legacy(event: Event) -> dict[str, Any]:
    told = {"name": event.entity, "id": event.ident, "operation": LEGACY[event.what], "lastUpdated": _time(event.at)}
    return {**told, "deletedId": event.deleted_id} if event.deleted_id else told
