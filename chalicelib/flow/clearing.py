"""Which payments on a linked invoice are clearly Clio's, seen over all invoices that they pay (first_paid.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.domain import comparing, first_paid
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.pairing import Answer
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment, InvoiceReading
from chalicelib.flow import answered, leaving
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

OWED_LOOKED_AT = 500  # steps of Clio's lane; with more it is not known whether one is among them


def paid_with(
    world: World,
    reach: Reach,
    policy: Policy,
    bills: Sequence[Payable],
    invoices: Mapping[str, InvoiceReading],
    booked: Sequence[BookedPayment],
    payments: Sequence[Payment],
) -> first_paid.Paid:
    """These payments with the bills of all invoices that they pay. ``invoices``: those read already, of ``bills``; the
    others are read, where money here pays other bills too. Left out is an invoice of whose payments a person said
    something else."""
    there, mine = {x.id: x for x in booked}, {p.id: p for p in bills}
    many = {i.payable for x in payments if len(x.items) > 1 for i in x.items}
    others = {id for x in booked for id, _ in x.lines} if many else set()
    unread = sorted(others - set(invoices))
    shown = {**invoices, **{i.id: i for i in (leaving.invoices(reach, unread) if unread else [])}}
    mine |= leaving.payables(world, policy, sorted(many - set(mine))) if others else {}
    said = answered.answers(world, policy, sorted(many)) if others else {}
    found = {}
    for id in others & set(shown):
        fits = [p for p in mine.values() if p.id in many and _is_of(p, shown[id])]
        if len(fits) == 1 and not _spoken(fits[0], said.get(fits[0].id), there):
            found[id] = fits[0].id
    return first_paid.Paid(there, payments, found)


def _is_of(p: Payable, invoice: InvoiceReading) -> bool:
    """Whether the bill is, or will be, linked to this invoice."""
    if p.booked is not None:
        return p.booked.id == invoice.id
    return not p.gone and not invoice.voided and p.number == invoice.number


def _spoken(p: Payable, said: Answer | None, there: Mapping[str, BookedPayment]) -> bool:
    """Whether a person said of one of these that it is something else, or that what is here is new."""
    left = {id for id, _ in p.booked.left} if p.booked else set(said.left) if said else set()
    return bool(left & set(there)) or bool(said and said.new)


def coming(world: World, policy: Policy, p: Payable, payments: Sequence[Payment]) -> bool:
    """Whether a payment that Clio shows on this bill is still to be read there."""
    missing = comparing.touching(p) - {x.id for x in payments}
    if not missing:
        return False
    owed = world.store.lane_owed(policy.lanes.of(Neighbour.CLIO), limit=OWED_LOOKED_AT)
    looks = {f"clio-{e.body['group']}" for e in owed if e.kind == Do.LOOK_GROUP}
    return len(owed) == OWED_LOOKED_AT or bool(missing & looks)
