"""A person takes back what they said of the payments on a linked invoice (docs/decisions/0018). Nothing changes in
QuickBooks or Clio."""

from __future__ import annotations

from chalicelib.domain.firm import Policy
from chalicelib.domain.payable import Payable
from chalicelib.errors import Refused
from chalicelib.flow import answered, leaving, pairing
from chalicelib.flow.answered import Answered
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of


def take_back(world: World, firm: str, payable: str, by: str) -> None:
    """The pairs for which nothing was written since come apart, and it is asked about again. Raises Refused."""
    policy = policy_of(world, firm)
    told = answered.find(world, policy, payable)
    p = leaving.payables(world, policy, [payable]).get(payable)
    if told is None or p is None:
        raise Refused(answered.NOTHING)
    if p.booked is None:
        _unsay(world, policy, p, told, by)
    else:
        _part(world, policy, p, told, by)


def _part(world: World, policy: Policy, p: Payable, told: Answered, by: str) -> None:
    """Once the invoice is linked."""
    payments = {x.id: x for x in pairing.payments_of(world, policy, [p])}
    pairs = answered.standing(p, payments, told)
    if not answered.holds(p, payments, told):
        raise Refused(answered.NOTHING)
    bills = [p, *answered.beside(world, policy, p, pairs)]
    invoices = {b.id: b.booked.id for b in bills if b.booked}
    fresh = pairing.read_theirs(world, policy, list(invoices.values()))
    answered.part(world, policy, bills, pairs, by)
    answered.unsay(world, policy, p.id)
    for b in bills:
        pairing.note(world, policy, b, invoices[b.id], fresh[invoices[b.id]])
    answered.parted(world, policy, told, pairs)


def _unsay(world: World, policy: Policy, p: Payable, told: Answered, by: str) -> None:
    """Before the first sync has linked the invoice only the answer was kept. Where it was linked meanwhile, the answer
    that went here may have been carried out there: it is taken back as from a linked one."""
    said = answered.answers(world, policy, [p.id]).get(p.id)
    if said is None or p.gone:
        raise Refused(answered.NOTHING)
    fresh = pairing.read_theirs(world, policy, [said.invoice])[said.invoice]
    answered.unsay(world, policy, p.id)
    pairing.note(world, policy, p, said.invoice, fresh)
    answered.forget(world, policy, p.id)
    pairing.count(world, policy, p, said, -1)
    now = leaving.payables(world, policy, [p.id])[p.id]
    if now.booked is None:
        return
    pairing.kept_as_told(world, policy, p.id, told)
    if answered.find(world, policy, p.id):
        _part(world, policy, now, told, by)
