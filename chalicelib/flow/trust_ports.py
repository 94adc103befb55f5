"""What the flows of trust money ask of Clio and QuickBooks: parts of ``flow.ports``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # shapes only: a cold start must not build the classes that they name
    from chalicelib.domain import readings as r
    from chalicelib.domain import trust_readings as t


class ClioTrust(Protocol):
    """Bank accounts and bank transactions (reference/clio.md 6)."""

    def deposits(
        self, access: r.Access, *, client_id: str = "", updated_since: datetime | None = None, next: str | None = None
    ) -> r.Page[t.Deposit]: ...
    def deposits_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[t.Deposit]:
        """Up to 200 bank transactions by id in one call; those that are gone are absent."""
        ...

    def deposit(self, access: r.Access, id: str) -> t.Deposit:
        """One bank transaction; Declined("404") when it is gone or not visible."""
        ...

    def transaction_ids(
        self, access: r.Access, account: str, *, next: str | None = None
    ) -> tuple[tuple[tuple[str, str], ...], str | None]:
        """A page of (id, etag) of one bank account's transactions in id order, and what to pass for the next page."""
        ...

    def trust_accounts(self, access: r.Access) -> tuple[t.TrustAccount, ...]:
        """The firm's trust bank accounts with their balances; one call."""
        ...


class QuickBooksTrust(Protocol):
    """Journal entries and accounts (reference/quickbooks.md 4.2, 4.7)."""

    def journals_numbered(self, access: r.Access, numbers: Sequence[str]) -> list[t.JournalReading]: ...
    def journals_by_id(self, access: r.Access, ids: Sequence[str]) -> list[t.JournalReading]:
        """Up to 200 ids in one query; deleted ones are absent."""
        ...

    def accounts_named(self, access: r.Access, names: Sequence[str]) -> list[r.Account]:
        """Active and inactive accounts of exactly these names (one query)."""
        ...

    def accounts_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.Account]:
        """With their balances, sub-accounts counted in (one query)."""
        ...
