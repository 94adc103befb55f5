"""What the steps of a batch of credits are decided on: their memos in QuickBooks, what applies these, the invoices that
they fall on, and the credit memos of people's own there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain import comparing, crediting, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Kind, Ref
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment, InvoiceReading
from chalicelib.domain.receipts import link_key
from chalicelib.flow import leaving, states
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach


@dataclass(frozen=True, slots=True)
class ByHand:
    """``notes``: of credit memos that are linked to nothing of ours, by id, as far as they could be read; ``payments``:
    those on the invoices that may make use of them."""

    payments: tuple[BookedPayment, ...]
    notes: Mapping[str, str]

    def not_ours(self, state: Credit) -> set[str]:
        """Ids of memos that we did not write; and of what was this very credit's, if people made it another one."""
        ours, its = (posting.marker(state.firm, "credit", id) for id in ("", state.id))
        return {id for id, note in self.notes.items() if ours not in note or posting.bears(note, its)}


@dataclass
class Around:
    """What QuickBooks shows, and what the credits fall on. ``left``: open cents of each invoice, less what the batch
    itself applies. ``by_itself``: whether the company applies credits; None where it does not say."""

    memos: dict[str, MemoReading]
    ties: dict[str, BookedPayment]
    payables: dict[str, Payable]
    payments: dict[str, Payment]
    credits: dict[str, Credit]
    invoices: dict[str, InvoiceReading]
    clients: dict[str, Contact]
    sent: frozenset[str]
    by_itself: bool | None
    by_hand: ByHand
    left: dict[str, int] = field(default_factory=dict)

    def live(self, state: Credit) -> list[Payable]:
        """The bills that it falls on and that still have an invoice."""
        held = [self.payables[p.payable] for p in state.parts]
        return [p for p in held if p.booked and not p.booked.voided and not p.gone and p.booked.id in self.invoices]

    def applying(self, there: MemoReading) -> list[BookedPayment]:
        return [self.ties[id] for id in there.payments if id in self.ties]

    def doubled(self, state: Credit) -> list[Payable]:
        """The bills on whose invoices it may stand already, entered by somebody else."""
        return [p for p in self.live(state) if p.booked and self._stands(p, p.booked.id, state)]

    def _stands(self, p: Payable, invoice: str, state: Credit) -> bool:
        """Theirs stand there, and not just what a person said of other credits; or it is lower by just this. Less than
        that may be another amount of theirs, and this one besides."""
        others = {id: c for id, c in self.credits.items() if id != state.id}
        explained = sum(c.on_payable(p.id) for c in others.values() if c.by_hand)
        if crediting.of_memos(invoice, self.by_hand.payments, self.by_hand.not_ours(state)) not in (0, explained):
            return True
        due = comparing.balance_due(p, self.payments, others) - comparing.of_something_else(p)
        return self.invoices[invoice].balance == due - state.on_payable(p.id)


def read(
    world: World,
    reach: Reach,
    policy: Policy,
    open_: Sequence[tuple[Effect, Credit]],
    payables: dict[str, Payable],
) -> Around:
    """Few reads for a batch, whatever its size: none is for one credit alone."""
    ids = [id for id in (c.memo.id if c.memo else c.stood for _, c in open_) if id]
    new = [c.number for _, c in open_ if not c.memo]
    found = reach.quickbooks(lambda q, a: q.memos_by_id(a, ids)) if ids else []
    found += reach.quickbooks(lambda q, a: q.memos_numbered(a, new)) if new else []
    ties = leaving.booked_payments(reach, sorted({p for m in found for p in m.payments}))
    firm = open_[0][0].firm
    payments = _held(world, firm, Kind.PAYMENT, {id for p in payables.values() for id in comparing.touching(p)})
    credits = _held(world, firm, Kind.CREDIT, {id for p in payables.values() for id in comparing.crediting_ids(p)})
    invoices = leaving.invoices(reach, [p.booked.id for p in payables.values() if p.booked and not p.booked.voided])
    by_itself = reach.quickbooks(lambda q, a: q.applies_credits(a)) if any(not c.gone for _, c in open_) else False
    entered = {part.payable for _, c in open_ if not c.memo and not c.gone for part in c.parts}
    theirs = {p.booked.id for id, p in payables.items() if p.booked and id in entered}
    return Around(
        memos={m.id: m for m in found},
        ties={p.id: p for p in ties},
        payables=payables,
        payments=payments,
        credits=credits,
        invoices={i.id: i for i in invoices},
        clients=leaving.clients(world, policy, payables.values()),
        sent=leaving.sent(world, open_[0][0].lane),
        by_itself=by_itself,
        by_hand=_by_hand(world, reach, policy, [i for i in invoices if i.id in theirs]),
        left={i.id: i.balance for i in invoices},
    )


def _held(world: World, firm: str, kind: Kind, ids: set[str]) -> dict[str, Any]:
    held = world.store.load_many([Ref(firm, kind, id) for id in sorted(ids)])
    return {h.ref.id: states.decode(kind, h.body) for h in held if h.body}


def _by_hand(world: World, reach: Reach, policy: Policy, invoices: Sequence[InvoiceReading]) -> ByHand:
    """The credit memos on these invoices that are linked to none of ours."""
    on_them = leaving.booked_payments(reach, sorted({id for i in invoices for id in i.payments}))
    guards = {id: link_key(policy.lanes.book, "creditmemo", id) for p in on_them for id, _ in p.credits}
    held = world.store.holders(list(guards.values())) if guards else {}
    unknown = sorted(id for id, guard in guards.items() if guard not in held)
    some = unknown[: leaving.IDS_AT_ONCE]
    shown = reach.quickbooks(lambda q, a: q.memos_by_id(a, some)) if some else []
    return ByHand(tuple(on_them), dict.fromkeys(unknown, "") | {m.id: m.note for m in shown})
