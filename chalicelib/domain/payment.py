"""A payment: money received or being collected, whoever showed it first. One pot, a fixed allocation, its postings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from chalicelib.domain.kernel import Listing
from chalicelib.domain.left import Left, stays
from chalicelib.domain.payable import Broken
from chalicelib.domain.readings import Pot


class Source(StrEnum):
    STRIPE = "stripe"
    CLIO = "clio"


class Phase(StrEnum):
    """CREATING and OPEN are attempts; ON_ITS_WAY is a bank debit; only SETTLED is money; the rest is over."""

    CREATING = "creating"
    OPEN = "open"
    ON_ITS_WAY = "on_its_way"
    SETTLED = "settled"
    FAILED = "failed"
    EXPIRED = "expired"
    REMOVED = "removed"


UNDER_WAY = (Phase.CREATING, Phase.OPEN, Phase.ON_ITS_WAY)


@dataclass(frozen=True, slots=True)
class Item:
    """The part for one payable. ``back``: cents refunded or lost of it. ``shown``: cents Clio shows. ``patched``: our
    own state change at Clio was read back as paid."""

    payable: str
    number: str
    cents: int
    back: int = 0
    shown: int = 0
    patched: bool = False

    @property
    def net(self) -> int:
        return self.cents - self.back

    @property
    def missing(self) -> int:
        """Cents of it that Clio does not show."""
        return 0 if self.patched else max(0, self.net - self.shown)


@dataclass(frozen=True, slots=True)
class Piece:
    """One QuickBooks payment of money that went to invoices of several customers there; ``payables``: what it pays."""

    id: str
    cents: int
    payables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """What QuickBooks shows: the payment there, at which posting revision, over how many cents; ``unapplied``: of them
    on no invoice. ``voided``: taken out there. ``broken``, ``breaks``: as of an invoice (domain/payable.py).

    Money on invoices of several customers is one QuickBooks payment for each (docs/decisions/0017): ``pieces``, this
    one first; empty for one alone. ``cents`` is what they come to. ``adding``: the revision whose pieces are still
    being added; ANEW: a person wants it entered again, so what is gone there is let be."""

    id: str
    revision: int
    cents: int
    voided: bool = False
    unapplied: int = 0
    broken: Broken | None = None
    breaks: int = 0
    pieces: tuple[Piece, ...] = ()
    adding: int = 0

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(p.id for p in self.pieces) or (self.id,)


ANEW = -1
DECIDED = ("won", "lost", "warning_closed", "prevented")  # statuses of a dispute (reference/stripe.md 7)


@dataclass(frozen=True, slots=True)
class Payment:
    """``group``: Clio's id of the payment (source clio). ``settled_on``: the day in the firm's zone. ``wanted``:
    the posting revision that QuickBooks should show. ``returned`` and ``lost``: cents
    refunded, cents withdrawn by disputes. ``receipt``: the envelope of its receipt; ``receipts``: how many were
    released unsent before it. ``reversals`` counts the tasks about money that went back or came again.
    ``generation``: of its link; ``stood``: the ids of what QuickBooks showed of it in an earlier one; ``begun``: the
    posting revision that those show, 0 where they are older than what was wanted.
    ``left``: what a person said of a revision that QuickBooks refused; ``left_on``: the bills that what stands there of
    it was told to; ``let_be``: the ids of what they left standing
    there, which is ours no longer."""

    firm: str
    id: str
    source: Source
    pot: Pot
    currency: str
    client_id: str
    client_name: str
    email: str
    items: tuple[Item, ...]
    total: int
    phase: Phase
    created_at: datetime
    code: str = ""
    account: str = ""
    session: str = ""
    url: str = ""
    expires_at: datetime | None = None
    attempt: int = 1
    intent: str = ""
    charge: str = ""
    method: str = ""
    fee: int | None = None
    available_at: datetime | None = None
    settled_at: datetime | None = None
    settled_on: date | None = None
    returned: int = 0
    lost: int = 0
    dispute: str = ""
    failure: str = ""
    group: str = ""
    wanted: int = 0
    posted: Posted | None = None
    receipt: str = ""
    receipts: int = 0
    reversals: int = 0
    link: str = ""
    generation: int = 1
    stood: tuple[str, ...] = ()
    begun: int = 0
    left: Left | None = None
    let_be: tuple[str, ...] = ()
    left_on: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether a person left it as it is in QuickBooks, or out of it, until it changes in Clio."""
        return stays(self.left, self.wanted)

    @property
    def in_dispute(self) -> bool:
        """Whether the client's bank has not decided yet. A bank debit's late return is decided from the beginning."""
        return bool(self.dispute) and self.dispute not in DECIDED

    @property
    def money(self) -> bool:
        return self.phase is Phase.SETTLED

    @property
    def back(self) -> int:
        return self.returned + self.lost

    @property
    def unrecorded(self) -> bool:
        """Whether staff still have to record it in Clio."""
        return self.source is Source.STRIPE and self.money and any(self.to_record(i) for i in self.items)

    def to_record(self, item: Item) -> int:
        """Cents of it that staff still have to record in Clio. On an invoice, less is all of it by a person's word (net
        of the fee); trust money is never less than it is."""
        return item.missing if self.pot is Pot.TRUST or not item.shown else 0


def listing(state: Payment) -> Listing:
    """All payments by time; those that Clio does not show yet in the list "Record in Clio"."""
    at = (state.settled_at or state.created_at).isoformat()
    if state.source is Source.CLIO and state.settled_on:  # its day is all that Clio tells
        at = f"{state.settled_on.isoformat()}T12:00:00+00:00"
    unrecorded = (f"{state.firm}/unrecorded", f"{at}#{state.id}") if state.unrecorded else None
    return Listing(list=(f"{state.firm}/payments", f"{at}#{state.id}"), group=unrecorded)
