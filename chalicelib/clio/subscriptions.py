"""Clio's webhook subscriptions over HTTP: list, make, extend, end (reference/clio.md 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.domain import readings as r
from chalicelib.domain.kernel import Json
from chalicelib.domain.news import HookReading
from chalicelib.domain.raw import Raw
from chalicelib.errors import Declined, Unreadable

if TYPE_CHECKING:
    from chalicelib.clio.client import ClioClient

HOOK = "id,etag,url,status,events,expires_at,shared_secret"
HOOK_LEAST = "id,url,status,events,expires_at"
PAGES_AT_MOST = 20  # 4,000 subscriptions of one account: beyond it, something is broken


class Subscriptions:
    """What the program subscribed to at Clio. Satisfies ``flow.ports.ClioHooks``."""

    def __init__(self, client: ClioClient) -> None:
        self.client = client

    def all(self, access: r.Access) -> tuple[HookReading, ...]:
        """Every subscription of this token's account, those of other programs too. One that cannot be understood is
        left out: it cannot be ours, or it is made anew."""
        found: list[HookReading] = []
        next: str | None = None
        for _ in range(PAGES_AT_MOST):
            page = self.client._page(access, "webhooks", [("order", "id(asc)")], HOOK, HOOK_LEAST, hook, next)
            found += [row for row in page.items if not isinstance(row, r.Broken)]
            next = page.next
            if next is None:
                break
        return tuple(found)

    def create(
        self, access: r.Access, *, model: str, url: str, fields: str, events: Sequence[str], until: datetime
    ) -> HookReading:
        """Pending until its handshake. ``until``: at most 31 days ahead."""
        body: Json = {
            "model": model,
            "url": url,
            "fields": fields,
            "events": list(events),
            "expires_at": _instant(until),
        }
        return hook(self.client.write(access, "POST", "webhooks", body, HOOK))

    def extend(self, access: r.Access, id: str, *, events: Sequence[str], until: datetime) -> HookReading:
        """Also names the events again: one created with several once came back with one (9.19)."""
        body: Json = {"events": list(events), "expires_at": _instant(until)}
        return hook(self.client.write(access, "PATCH", f"webhooks/{id}", body, HOOK))

    def activate(self, access: r.Access, id: str, secret: str) -> HookReading:
        """The delayed half of the handshake. Raises Declined for a wrong secret."""
        there = f"webhooks/{id}/activate"
        return hook(self.client.write(access, "PUT", there, None, HOOK, {"X-Hook-Secret": secret}))

    def delete(self, access: r.Access, id: str) -> None:
        """One that is not there any more is deleted: no error."""
        try:
            self.client.write(access, "DELETE", f"webhooks/{id}", None, "")
        except Declined as no:
            if no.status != 404:
                raise


def hook(row: Raw) -> HookReading:
    """Raises Unreadable without an id, and for an end that is no time."""
    if not row.get("id"):
        raise Unreadable("id", row.get("id"))
    events, ends = row.get("events"), row.get("expires_at")
    try:
        until = datetime.fromisoformat(str(ends)).astimezone(UTC) if ends else None
    except ValueError as bad:
        raise Unreadable("expires_at", ends) from bad
    return HookReading(
        id=str(row["id"]),
        url=str(row.get("url") or ""),
        status=str(row.get("status") or ""),
        events=tuple(str(e) for e in events) if isinstance(events, list) else (),
        expires_at=until,
        secret=str(row.get("shared_secret") or ""),
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
