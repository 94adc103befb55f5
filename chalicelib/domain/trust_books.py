"""Which accounts trust money stands in, in Clio and in QuickBooks: each is used for one thing, and what was chosen
before is remembered while entries stand in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from chalicelib.errors import Refused


@dataclass(frozen=True, slots=True)
class TrustBank:
    """One trust bank account: Clio's id and name of it, and the QuickBooks account that is the same."""

    clio: str
    name: str
    book: str
    book_name: str


@dataclass(frozen=True, slots=True)
class TrustBooks:
    """How trust money travels to QuickBooks; nothing is written there until banks and liability are chosen.

    ``sub_accounts``: each client gets an account of their own below the liability. ``start_on``: entries dated before
    it are in QuickBooks already. ``words``: kinds of Clio's bank transactions that a person told us to take.
    ``choices``: how often any of this was chosen; ``generation``: of links to QuickBooks, in which these accounts are.
    ``earlier``, ``earlier_liabilities`` (id and name): accounts chosen before, in which entries stand still: what they
    hold counts with the present ones.
    """

    banks: tuple[TrustBank, ...] = ()
    liability: str = ""
    liability_name: str = ""
    liability_type: str = ""
    liability_subtype: str = ""
    sub_accounts: bool = False
    start_on: date | None = None
    words: tuple[str, ...] = ()
    choices: int = 0
    generation: int = 1
    earlier: tuple[TrustBank, ...] = ()
    earlier_liabilities: tuple[tuple[str, str], ...] = ()

    @property
    def standing(self) -> tuple[TrustBank, ...]:
        """Every QuickBooks account that entries stand in."""
        return (*self.banks, *self.earlier)

    def book_of(self, account: str) -> str:
        """The QuickBooks bank account of a trust account at Clio; empty until chosen."""
        return next((b.book for b in self.banks if b.clio == account), "") if self.liability else ""


NONE = TrustBooks()


def anew(was: TrustBooks, chosen: TrustBooks, apart: Collection[str]) -> TrustBooks:
    """What a person chose instead of ``was``, whose words are kept. What stands stays where it is, so accounts that are
    not chosen any more are remembered; not those ``apart``, which hold nothing of it. Raises Refused."""
    if not chosen.liability:
        raise Refused("Choose the liability account that shows what you hold for clients.")
    if not chosen.banks:
        raise Refused("Choose the QuickBooks bank account of at least one trust account.")
    used = [b.book for b in chosen.banks]
    if len({*used, chosen.liability}) < len(used) + 1:
        raise Refused("Each trust account needs a QuickBooks account of its own. You chose one of them twice.")
    taken = {*used, chosen.liability, *apart}
    liabilities = (*was.earlier_liabilities, (was.liability, was.liability_name))
    return replace(
        chosen,
        words=was.words,
        choices=was.choices + 1,
        earlier=tuple(b for b in (*was.earlier, *was.banks) if b.book not in taken),
        earlier_liabilities=tuple(x for x in liabilities if x[0] and x[0] not in taken),
    )
