"""Credit memos as they are read, Clio's and QuickBooks', and the memo of a bill. Amounts are integer cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class CreditReading:
    """A credit memo at Clio (a credit note, a write-off, a discount taken). ``receipts``: ids of its allocations, which
    say on which bills it falls. ``client_id``: empty where Clio shows none."""

    id: str
    etag: str
    on: date
    cents: int
    voided: bool = False
    text: str = ""
    client_id: str = ""
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemoReading:
    """A credit memo in QuickBooks. ``left``: cents not yet applied; ``payments``: ids of payments that apply it."""

    id: str
    sync_token: str
    number: str
    customer_id: str
    total: int
    left: int
    on: date | None
    note: str
    payments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemoOfBill:
    """What stands in the memo of a bill at Clio, and whether it may be changed."""

    etag: str
    memo: str
    can_update: bool
