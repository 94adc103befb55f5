"""A payable: an invoice or a trust request, something a client can pay. Its state and its words; rules in its folder.

The open amount is the only figure that a mail, page, attempt or tab may use (design section 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from chalicelib.domain.kernel import Listing
from chalicelib.domain.left import Left, stays
from chalicelib.domain.readings import BillState, Pot
from chalicelib.domain.reminders import Next


class Standing(StrEnum):
    """What we make of a receipt that Clio shows.

    NEW: not sorted yet (an attempt is under way). ASKED: it may be a payment of ours, a person is asked, and nothing is
    posted until then. MATCHED: it is a payment of ours. OWN: a payment of its own, first shown by Clio. OTHER: a
    credit, or a trust deposit that is nobody's payment here.
    """

    NEW = "new"
    ASKED = "asked"
    MATCHED = "matched"
    OWN = "own"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Known:
    """A receipt as we know it. ``by``: who matched it (code, person, patch). ``loose``: a deposit on no request."""

    id: str
    cents: int
    on: date
    group: str
    kind: str
    text: str
    standing: Standing
    by: str = ""
    asked: int = 0
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one settled payment of ours that falls on this payable.

    ``cents``: net of what was refunded or lost. ``shown``: (receipt id, cents) where Clio shows it. ``patched``: our
    own state change at Clio was read back. ``back``: the cents that were refunded or lost of it.
    """

    payment: str
    cents: int
    code: str
    on: date
    shown: tuple[tuple[str, int], ...] = ()
    patched: bool = False
    back: int = 0

    @property
    def recorded(self) -> int:
        """Cents that Clio shows of it."""
        return sum(c for _, c in self.shown)

    @property
    def overstated(self) -> bool:
        """Whether Clio shows more of it than we still have: a receipt, or our own state change for all of it."""
        return self.recorded > self.cents or (self.patched and self.back > 0)

    @property
    def unseen(self) -> int:
        """Cents that Clio does not show yet: what the owner's balance is too high by."""
        return 0 if self.patched else max(0, self.cents - self.recorded)


@dataclass(frozen=True, slots=True)
class Returned:
    """A payment of ours of which nothing is left, and that Clio does not show: staff may record it there yet.
    ``cents``: what went back."""

    payment: str
    code: str
    on: date
    cents: int = 0


@dataclass(frozen=True, slots=True)
class Active:
    """The lock of the one attempt under way."""

    payment: str
    cents: int
    account: str
    session: str = ""
    on_its_way: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """This payable going through one reminder set. ``last``: the last step sent or passed over, -1 for none."""

    set_id: str
    started_at: datetime
    last: int = -1
    round: int = 0
    next: Next | None = None
    waits: str = ""
    bounced: str = ""
    sent: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A mail claimed and not yet known to be sent."""

    envelope: str
    step: int
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Excess:
    """The task about what is paid too much: its number, and the cents it tells of. ``draft``: that the bill is a draft
    again, which asks for nothing."""

    seq: int
    cents: int
    draft: bool = False


class Harm(StrEnum):
    """What people did in QuickBooks to something that is linked. LEFT_OUT: it was deleted or voided there, and a person
    accepted that."""

    DELETED = "deleted"
    VOIDED = "voided"
    CHANGED = "changed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Broken:
    """``cents``: the amount that QuickBooks shows. ``accepted``: a person said that it may stay so."""

    harm: Harm
    cents: int = 0
    accepted: bool = False

    @property
    def absent(self) -> bool:
        """Whether nothing stands there any more."""
        return self.harm is not Harm.CHANGED

    @property
    def left_out(self) -> bool:
        """Whether a person accepted that nothing stands there any more."""
        return self.accepted and self.absent

    def left_at(self, cents: int) -> bool:
        """Whether a person accepted that it stands there over this amount."""
        return self.accepted and not self.absent and self.cents == cents


@dataclass(frozen=True, slots=True)
class Booked:
    """The link to its QuickBooks invoice, and what we last wrote there. ``waits``: its payments there wait
    for a person. ``kept``: the bill is gone, and a person decided that the invoice stays. ``broken``: what people did
    to it there; ``breaks`` counts how often (domain/noticing.py). ``customer``: whose it was when we last wrote or
    linked it; ``matter``: Clio's matter, where that is the matter's sub-customer.
    ``untouched``: it was there and is linked, and we have not written it since. ``left``: (payment, cents) on it there
    that a person said are something else; ``asked``: how often their word about its payments was taken back.
    ``misnumbered``: QuickBooks gave it another number than ours, as custom numbers were off: it is written again."""

    id: str
    revision: int
    total: int
    adopted: bool = False
    waits: bool = False
    voided: bool = False
    kept: bool = False
    broken: Broken | None = None
    breaks: int = 0
    customer: str = ""
    matter: str = ""
    untouched: bool = False
    left: tuple[tuple[str, int], ...] = ()
    asked: int = 0
    misnumbered: bool = False


@dataclass(frozen=True, slots=True)
class Payable:
    """``leaving``: payments that Clio no longer shows here, and that may still stand on the invoice in QuickBooks:
    nothing is added there before they are gone. ``seq`` counts what this payable told others, for their effects' keys;
    ``hold_seq``: the task behind the hold; ``excess``: the task about the surplus; ``apart``:
    that about a deposit beside its trust request. ``asks``: what the bill asks for;
    ``balance``: the owner's word. ``revision`` grows when what QuickBooks should show changes; ``lines``: the document
    with the bill's lines at ``lines_revision``. ``generation``: of its link. ``words``: subject and memo of the bill,
    without our pay link. ``relinked``: how often new pay links took the place of useless ones; ``link_put_off``: others
    shall, once something is open. ``stood``: the QuickBooks id of its invoice in an earlier generation, while there is
    none in this one. ``left``: what a person said of a revision that QuickBooks refused. ``disputed``: payments that
    are disputed at the client's bank, while that is undecided. ``taken_back``: cents that Clio shows on it as payments
    below zero. ``due_was``: the due date that Clio showed last, where it shows none now."""

    firm: str
    id: str
    pot: Pot
    number: str
    client_id: str
    client_name: str
    client_email: str
    matters: tuple[str, ...]
    currency: str
    issued_on: date | None
    due_on: date | None
    bill_state: BillState
    total: int
    asks: int
    tax: int
    interest: int
    discount: int
    balance: int
    pending: int
    credits: int
    paid: int
    etag: str
    updated_at: datetime
    read_at: datetime
    transitions: tuple[str, ...] = ()
    revision: int = 1
    lines: str = ""
    lines_revision: int = 0
    booked: Booked | None = None
    receipts: tuple[Known, ...] = ()
    shares: tuple[Share, ...] = ()
    attempt: Active | None = None
    collection: Collection | None = None
    sending: Sending | None = None
    hold: str = ""
    hold_seq: int = 0
    excess: Excess | None = None
    seq: int = 0
    generation: int = 1
    leaving: tuple[str, ...] = ()
    matter_ids: tuple[str, ...] = ()
    words: str = ""
    returned: tuple[Returned, ...] = ()
    relinked: int = 0
    stood: str = ""
    link_put_off: bool = False
    apart: Excess | None = None
    left: Left | None = None
    disputed: tuple[str, ...] = ()
    taken_back: int = 0
    due_was: date | None = None

    @property
    def stays(self) -> bool:
        """Whether a person left it as it is in QuickBooks, until it changes in Clio."""
        return stays(self.left, self.revision)

    @property
    def left_out(self) -> bool:
        """Whether it has no invoice in QuickBooks, and a person wants none: removed there, or refused."""
        if self.booked is None:
            return self.stays
        return bool(self.booked.broken and self.booked.broken.left_out)

    @property
    def open(self) -> int:
        """The open amount in cents: the owner's balance less every payment we know that it does not count yet."""
        if self.bill_state is not BillState.AWAITING_PAYMENT:
            return 0
        return max(0, self.balance - self.uncounted)

    @property
    def received(self) -> int:
        """Cents of the payments on it: ours, and those that Clio showed first."""
        return sum(s.cents for s in self.shares) + sum(k.cents for k in self.receipts if k.standing is Standing.OWN)

    @property
    def uncounted(self) -> int:
        """Cents that we hold and that the owner's balance does not count: not shown there yet, or shown apart."""
        return sum(s.unseen for s in self.shares) + self.shown_apart

    @property
    def shown_apart(self) -> int:
        """Cents of ours that Clio shows as deposits beside their trust request: what the request asks for counts only
        as much of them as its own deposits do not explain."""
        loose = {k.id for k in self.receipts if k.loose}
        ours = sum(min(s.cents, sum(c for id, c in s.shown if id in loose)) for s in self.shares)
        counted = self.asks - self.balance - sum(k.cents for k in self.receipts if not k.loose)
        return max(0, ours - max(0, counted))

    @property
    def surplus(self) -> int:
        """Cents that we hold beyond what the owner asks for: kept visible, returned or moved by a person's decision."""
        balance = self.balance if self.bill_state is BillState.AWAITING_PAYMENT else 0
        return max(0, self.uncounted - balance)

    @property
    def unapproved(self) -> bool:
        """Whether it was taken back to a draft in Clio: nothing is asked for, and nothing is written of it."""
        return self.bill_state in (BillState.DRAFT, BillState.AWAITING_APPROVAL)

    @property
    def gone(self) -> bool:
        return self.bill_state in (BillState.VOID, BillState.DELETED)

    @property
    def asked(self) -> tuple[Known, ...]:
        """Receipts that wait for a person's word."""
        return tuple(k for k in self.receipts if k.standing is Standing.ASKED)

    def share_of(self, payment: str) -> Share | None:
        return next((s for s in self.shares if s.payment == payment), None)


class Tab(StrEnum):
    OPEN = "open"
    REMINDING = "reminding"
    PAID = "paid"
    CLOSED = "closed"


def tab(state: Payable) -> Tab:
    """The list it stands in. Paid means nothing is open, whoever showed the money first."""
    if state.gone:
        return Tab.CLOSED
    if state.open == 0 and not state.hold and not state.unapproved:
        return Tab.PAID
    return Tab.REMINDING if state.collection else Tab.OPEN


def listing(state: Payable) -> Listing:
    """Where it is listed: by tab in order of due date, and by client."""
    due = state.due_on.isoformat() if state.due_on else "9999-12-31"
    return Listing(
        list=(f"{state.firm}/payables/{tab(state)}", f"{due}#{state.id}"),
        group=(f"{state.firm}/client/{state.client_id}", f"{state.pot}#{due}#{state.id}"),
    )


DISPUTED = "A payment on it is disputed at the client's bank."


def blocked(state: Payable) -> str:
    """Why no mail may go and no attempt may begin; empty when both may. Said to the person as it stands."""
    if state.gone:
        return "The bill was removed in Clio."
    if state.hold:
        return state.hold
    if state.pending:
        return "Clio shows a payment on its way."
    if state.attempt and state.attempt.on_its_way:
        return "A bank debit is on its way."
    if state.asked:
        return "A payment recorded in Clio waits for your decision."
    if state.open == 0:
        return "Nothing is open."
    if state.disputed:
        return DISPUTED
    return ""
