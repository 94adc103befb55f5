"""What the flows ask of Clio and of QuickBooks about credit memos: shapes only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.notes import CreditReading, MemoOfBill, MemoReading
    from chalicelib.domain.readings import Access, Page, Receipt


class ClioMemos(Protocol):
    """Memos of bills."""

    def read(self, access: Access, bill: str) -> MemoOfBill: ...
    def write(self, access: Access, bill: str, memo: str, etag: str) -> None:
        """PATCH with If-Match. Declined("412") when the bill moved."""
        ...


class ClioCredits(Protocol):
    """Reads of ``flow.ports.Clio``."""

    @property
    def memos(self) -> ClioMemos: ...

    def receipts_by_id(self, access: Access, ids: Sequence[str]) -> Page[Receipt]:
        """Up to 200 allocations by id in one call."""
        ...

    def credits(
        self, access: Access, *, updated_since: datetime | None = None, next: str | None = None
    ) -> Page[CreditReading]:
        """A page of up to 200 credit memos in id order; voided ones are included."""
        ...

    def credits_by_id(self, access: Access, ids: Sequence[str]) -> Page[CreditReading]:
        """Up to 200 credit memos by id in one call."""
        ...


class BookedCredits(Protocol):
    """Reads of ``flow.ports.QuickBooks``."""

    def memos_numbered(self, access: Access, numbers: Sequence[str]) -> list[MemoReading]: ...
    def memos_by_id(self, access: Access, ids: Sequence[str]) -> list[MemoReading]:
        """Credit memos, up to 200 ids in one query; deleted ones are absent."""
        ...

    def applies_credits(self, access: Access) -> bool | None:
        """Whether QuickBooks applies new credits by itself; None: it does not say."""
        ...
