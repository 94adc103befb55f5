"""A credit memo of Clio's, and the same credit in QuickBooks: a memo there, applied to the invoices it falls on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Listing, Neighbour
from chalicelib.domain.left import Left, stays
from chalicelib.domain.money import show
from chalicelib.domain.notes import CreditReading
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import BookedPayment, Pot, Receipt
from chalicelib.domain.receipts import link_guard

BY_ITSELF = timedelta(minutes=2)  # how long QuickBooks gets to apply a new memo by itself, where it may (4.4)
TIE = "tie"  # a payment of nothing that applies a credit, among the links


@dataclass(frozen=True, slots=True)
class Part:
    """What of it falls on one bill."""

    payable: str
    number: str
    cents: int


@dataclass(frozen=True, slots=True)
class Memo:
    """The credit memo in QuickBooks. ``made_at``: when we heard of it."""

    id: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person leaves it as QuickBooks shows it, at this revision. ``lost``: the memo is not there any more."""

    revision: int
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Credit:
    """``id``: Clio's id of the memo. ``parts``: on bills that we hold. ``cents``: what QuickBooks should show: the
    parts, and what is on no bill at all. ``wanted``: the revision that QuickBooks should show; ``shown``: the one
    known to be shown, with ``left`` cents there on no invoice, applied by our payments ``ties``. ``unapplied``: people
    took it off its invoices there; without a person's word it is not applied again. ``accepted``: what a person said
    of a revision that is not shown. ``etag``: of the reading behind it. ``generation``: of its link. ``stood``: the id
    of its memo in an earlier one, while there is none in this one. ``left_behind``: what a person said of a revision
    that QuickBooks refused; ``left_on``: the bills that what stands there of it was told to."""

    firm: str
    id: str
    client_id: str
    client_name: str
    currency: str
    on: date
    text: str
    cents: int
    parts: tuple[Part, ...]
    etag: str
    wanted: int = 1
    gone: bool = False
    memo: Memo | None = None
    shown: int = 0
    left: int = 0
    generation: int = 1
    ties: tuple[str, ...] = ()
    unapplied: bool = False
    accepted: Accepted | None = None
    stood: str = ""
    left_behind: Left | None = None
    left_on: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether a person left it as it is in QuickBooks, where a step was refused, until it changes in Clio."""
        return stays(self.left_behind, self.wanted)

    @property
    def number(self) -> str:
        """Its own in QuickBooks: sales forms share one space of numbers (reference/quickbooks.md 3.3, 4.4)."""
        return f"CN-{self.id}"

    @property
    def current(self) -> bool:
        return self.shown >= self.wanted

    @property
    def left_alone(self) -> bool:
        """Whether a person leaves it as QuickBooks shows it, until it changes in Clio."""
        return not self.current and self.accepted is not None and self.accepted.revision == self.wanted

    @property
    def left_off(self) -> bool:
        """Whether a person leaves it off its invoices, until it changes in Clio."""
        return self.current and self.unapplied and not self.gone

    @property
    def lost(self) -> bool:
        return self.left_alone and self.accepted is not None and self.accepted.lost

    @property
    def by_hand(self) -> bool:
        """Whether a person left it as others entered it there, at this revision or an earlier one: no memo is ours."""
        left = self.accepted is not None and not self.accepted.lost
        return left and self.memo is None and not self.stood and not self.gone

    def on_payable(self, payable: str) -> int:
        """Cents that fall on one bill."""
        return 0 if self.gone else sum(p.cents for p in self.parts if p.payable == payable)


@dataclass(frozen=True, slots=True)
class CreditSeen:
    """A reading of the memo with its allocations."""

    memo: CreditReading
    receipts: tuple[Receipt, ...]


def seen(
    state: Credit | None, fact: CreditSeen, payables: Mapping[str, Payable], policy: Policy, now: datetime
) -> Decision[Credit] | None:
    """None for a memo that falls on no bill that we hold: it is left alone."""
    memo = fact.memo
    valid = [r for r in fact.receipts if not r.voided and r.kind == "credit" and r.group == memo.id]
    parts = () if memo.voided else _parts(valid, payables)
    if state is None and not parts:
        return None
    first = payables[parts[0].payable] if parts else None
    on_no_bill = max(0, memo.cents - sum(r.cents for r in valid))
    cents = sum(p.cents for p in parts) + on_no_bill
    if state is None:
        assert first is not None
        new = Credit(
            firm=first.firm,
            id=memo.id,
            client_id=first.client_id,
            client_name=first.client_name,
            currency=first.currency,
            on=memo.on,
            text=memo.text,
            cents=cents,
            parts=parts,
            etag=memo.etag,
            generation=policy.firm.generation,
        )
        return Decision(new, effects=(_owed(new, policy, now),))
    new = replace(
        state,
        on=memo.on,
        text=memo.text,
        cents=cents if parts else state.cents,
        parts=parts or state.parts,
        gone=not parts,
        etag=memo.etag,
    )
    if replace(new, etag=state.etag) == state:
        return Decision(new)
    new = replace(new, wanted=state.wanted + 1)
    older = effects.key_of(state.firm, Do.CREDIT, f"{state.id}/{state.wanted}")
    return Decision(new, effects=(_owed(new, policy, now),), closes=(older,))


def _parts(valid: Sequence[Receipt], payables: Mapping[str, Payable]) -> tuple[Part, ...]:
    """One for each bill, in the order of their ids. Trust requests are no income, and take no credit."""
    cents: dict[str, int] = {}
    for r in valid:
        held = payables.get(r.bill_id)
        if held is not None and held.pot is Pot.OPERATING:
            cents[r.bill_id] = cents.get(r.bill_id, 0) + r.cents
    return tuple(Part(id, payables[id].number, cents[id]) for id in sorted(cents))


def _owed(state: Credit, policy: Policy, now: datetime) -> Effect:
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    title = f"Credit of {show(state.cents, state.currency)} for {state.client_name}"
    payables = tuple(p.payable for p in state.parts)
    return effects.credit(state.firm, lane, state.id, payables, state.wanted, now, title)


@dataclass(frozen=True, slots=True)
class MemoBooked:
    """The memo stands in QuickBooks; whether it is applied is another step."""

    id: str
    realm: str
    generation: int = 1


def booked(state: Credit, fact: MemoBooked, now: datetime) -> Decision[Credit]:
    if fact.generation < state.generation or (state.memo and state.memo.id == fact.id):
        return Decision(state)
    guard = link_guard(fact.realm, "creditmemo", fact.id, state.firm, f"credit-{state.id}")
    return Decision(replace(state, memo=Memo(fact.id, now), ties=(), unapplied=False, stood=""), guards=(guard,))


def afresh(state: Credit, policy: Policy, now: datetime) -> Decision[Credit]:
    """The link belongs to an earlier generation: it counts no more, and what should stand is owed in this one. Of a
    credit that is gone, what is to be taken back where its memo stood."""
    older = effects.key_of(state.firm, Do.CREDIT, f"{state.id}/{state.wanted}")
    stood = state.memo.id if state.memo else state.stood
    new = replace(_without_memo(state), wanted=state.wanted + 1, stood=stood, generation=policy.firm.generation)
    if new.gone and not stood:
        return Decision(replace(new, shown=new.wanted), closes=(older,))
    return Decision(new, effects=(_owed(new, policy, now),), closes=(older,))


def _without_memo(state: Credit) -> Credit:
    return replace(state, memo=None, left=0, ties=(), unapplied=False, stood="")


@dataclass(frozen=True, slots=True)
class MemoNoticed:
    """What QuickBooks tells of the memo ``id``: it is ``deleted``, or over ``total`` with ``left`` cents on no invoice.
    Or, of a payment ``tie``, that it applies the credit no more."""

    id: str = ""
    total: int = 0
    left: int = 0
    deleted: bool = False
    tie: str = ""


def noticed(state: Credit, fact: MemoNoticed, policy: Policy, now: datetime) -> Decision[Credit]:
    """What people took away there is owed a step, which reads it again and asks a person. Our own echoes are nothing,
    and so is what a person left; a step that is owed finds it by itself. Another amount is only named (comparing)."""
    if state.memo is None or fact.id not in ("", state.memo.id) or state.gone or not state.current:
        return Decision(state)
    off = fact.tie in state.ties if fact.tie else fact.total == state.cents and fact.left > state.left
    if state.generation < policy.firm.generation or not (fact.deleted or off):
        return Decision(state)
    new = replace(state, wanted=state.wanted + 1, unapplied=state.unapplied or not fact.deleted)
    return Decision(new, effects=(_owed(new, policy, now),))


def accepted(state: Credit, fact: Accepted) -> Decision[Credit]:
    """An older revision's word says nothing of the present one."""
    return Decision(replace(state, accepted=fact) if fact.revision == state.wanted else state)


def reapplied(state: Credit, payable: str, policy: Policy, now: datetime) -> Decision[Credit]:
    """An invoice that it falls on is another one now: it is owed again, so that it is applied there."""
    if state.memo is None or not state.on_payable(payable):
        return Decision(state)
    older = effects.key_of(state.firm, Do.CREDIT, f"{state.id}/{state.wanted}")
    new = replace(state, wanted=state.wanted + 1, ties=(), unapplied=False)
    return Decision(new, effects=(_owed(new, policy, now),), closes=(older,))


@dataclass(frozen=True, slots=True)
class CreditShown:
    """QuickBooks was read back, and shows the credit as this revision wants it; ``left``: cents on no invoice;
    ``ties``: payments of ours that apply it. ``unapplied``: a person leaves it off its invoices."""

    revision: int
    left: int = 0
    ties: tuple[str, ...] = ()
    unapplied: bool = False


def shown(state: Credit, fact: CreditShown, realm: str) -> Decision[Credit]:
    """``realm``: the company in its generation."""
    new = replace(state, left=fact.left, ties=fact.ties, unapplied=fact.unapplied)
    guards = tuple(link_guard(realm, TIE, id, state.firm, f"credit-{state.id}") for id in fact.ties)
    return Decision(replace(new, shown=max(state.shown, fact.revision)), guards=guards)


@dataclass(frozen=True, slots=True)
class Untied:
    """We are about to take this payment off ourselves: that it is gone then was nobody else."""

    tie: str


def untied(state: Credit, fact: Untied) -> Decision[Credit]:
    return Decision(replace(state, ties=tuple(t for t in state.ties if t != fact.tie)))


def taken_off(state: Credit, payments: Sequence[BookedPayment]) -> bool:
    """Whether people took it off its invoices: they were seen to, or what applied it does so no more. ``payments``:
    those that the memo names."""
    standing = {p.id for p in payments if p.credits}
    return state.unapplied or not standing.issuperset(state.ties)


@dataclass(frozen=True, slots=True)
class CreditGone:
    """QuickBooks no longer has the memo, as this revision wants it."""

    revision: int


def taken_back(state: Credit, fact: CreditGone) -> Decision[Credit]:
    return Decision(replace(_without_memo(state), shown=max(state.shown, fact.revision)))


def applied(memo: str, payments: Sequence[BookedPayment]) -> dict[str, int]:
    """Cents of this memo on each invoice, as the payments that apply it say."""
    found: dict[str, int] = {}
    for p in payments:
        if any(id == memo for id, _ in p.credits):
            for invoice, cents in p.lines:
                found[invoice] = found.get(invoice, 0) + cents
    return found


def of_memos(invoice: str, payments: Iterable[BookedPayment], memos: Collection[str]) -> int:
    """Cents on an invoice that come of these credit memos: at most, where a payment of money makes use of one too."""
    found = 0
    for p in payments:
        used = sum(cents for id, cents in p.credits if id in memos)
        found += min(used, sum(cents for id, cents in p.lines if id == invoice))
    return found


def listing(state: Credit) -> Listing:
    return Listing(list=(f"{state.firm}/credits", f"{state.on.isoformat()}#{state.id}"))
