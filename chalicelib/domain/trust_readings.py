"""What we read of bank accounts and trust money at the neighbours, in our words (see readings.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chalicelib.domain.readings import ClientReading


@dataclass(frozen=True, slots=True)
class Deposit:
    """A bank transaction at Clio. ``cents`` is signed: money in is positive. ``trust``: on a trust account. ``word``:
    what Clio calls its kind (not enumerated: reference/clio.md 6), in lower case with underscores."""

    id: str
    on: date
    cents: int
    trust: bool
    text: str
    client_id: str = ""
    bill_id: str = ""
    receipt_id: str = ""  # the allocation it mirrors
    etag: str = ""
    account: str = ""
    client: ClientReading | None = None
    matter_id: str = ""
    matter: str = ""
    bill_number: str = ""
    word: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class TrustAccount:
    """A trust bank account at Clio with its balance as Clio shows it. ``count``: of its transactions (None: not
    shown)."""

    id: str
    name: str
    balance: int
    currency: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class JournalReading:
    """A journal entry in QuickBooks. ``lines``: (account, cents, customer); debits are positive."""

    id: str
    sync_token: str
    number: str
    on: date | None
    note: str
    lines: tuple[tuple[str, int, str], ...]

    @property
    def debits(self) -> int:
        """What it moves, in cents."""
        return sum(cents for _, cents, _ in self.lines if cents > 0)
