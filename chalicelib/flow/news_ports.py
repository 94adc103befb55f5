"""What the flows ask of the neighbours' news: webhook subscriptions, and what changed. Belongs to flow/ports.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.domain import readings as r
    from chalicelib.domain.book_changes import BookChanges
    from chalicelib.domain.news import HookReading, MatterReading


class ClioHooks(Protocol):
    """Webhook subscriptions at Clio. Declined("403") where the application may not have any."""

    def all(self, access: r.Access) -> tuple[HookReading, ...]:
        """Every subscription of the account, also those of others."""
        ...

    def create(
        self, access: r.Access, *, model: str, url: str, fields: str, events: Sequence[str], until: datetime
    ) -> HookReading: ...
    def extend(self, access: r.Access, id: str, *, events: Sequence[str], until: datetime) -> HookReading: ...
    def activate(self, access: r.Access, id: str, secret: str) -> HookReading: ...
    def delete(self, access: r.Access, id: str) -> None: ...


class ClioMatters(Protocol):
    def numbers(self, access: r.Access, ids: Sequence[str]) -> dict[str, str]:
        """Display numbers of up to 200 matters by id, in one call; what is absent is not shown."""
        ...

    def changed(self, access: r.Access, *, updated_since: datetime | None, next: str | None) -> r.Page[MatterReading]:
        """A page of up to 200 matters that changed, in id order. Declined("403") where they may not be read."""
        ...


class ClioNews(Protocol):
    """Reads of ``flow.ports.Clio``."""

    @property
    def hooks(self) -> ClioHooks: ...
    @property
    def matters(self) -> ClioMatters: ...


class BookNews(Protocol):
    """What changed in QuickBooks (reference/quickbooks.md 2.7)."""

    def is_deleted(self, access: r.Access, entity: str, id: str) -> bool:
        """By QuickBooks' own word on this one transaction."""
        ...

    def numbers(
        self, access: r.Access, since: datetime | None, start: int = 1, of: Mapping[str, Sequence[str]] | None = None
    ) -> r.DocNumbers:
        """A page of numbers of every kind of document that shares them, changed ``since``; ``start``: 1, 1001 ... With
        ``of`` only of these documents, up to 200 ids of each kind; deleted ones are absent."""
        ...

    def other_numbers(self, access: r.Access, start: int = 1) -> r.DocNumbers:
        """A page of numbers of every kind of document but invoices; ``start``: 1, 1001 ..."""
        ...

    def changes(self, access: r.Access, since: datetime, entity: str = "") -> BookChanges: ...
    def changed(self, access: r.Access, entity: str, since: datetime) -> BookChanges:
        """By query, page by page: what change data capture cut off. Deleted ones are not in it."""
        ...
