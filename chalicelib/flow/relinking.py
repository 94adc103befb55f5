"""The pay link that the client reads on an invoice in QuickBooks: which it shall be, and a new one alone where those
sent were made useless. Nothing else of an invoice is written here.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain import invoicing
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish
from chalicelib.domain.noticing import Noticed
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading, Wrote
from chalicelib.domain.wanted import WantedMessage
from chalicelib.flow import leaving, links, noticing
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared, done
from chalicelib.flow.reach import Reach

WRITTEN = "Its invoice is being written."
NOT_SHOWN = "QuickBooks does not show the invoice at this moment."


def message(world: World, policy: Policy, state: Payable, there: InvoiceReading | None) -> str | None:
    """What the client reads on the invoice: a pay link that lasts. None leaves what is there: somebody's own words,
    or a link that still opens the invoice."""
    stands = there.message if there else ""
    if stands and links.OPENS not in stands:
        return None
    if not policy.firm.invoicing.pay_link:
        return "" if stands else None
    if not _can_be_paid(policy, state) or (stands and links.lives(world, state.firm, state.id, stands)):
        return None
    return _new(world, state)


def _can_be_paid(policy: Policy, state: Payable) -> bool:
    return bool(policy.lanes.operating and state.open)


def _new(world: World, state: Payable) -> str:
    token = links.make(world, links.PayLink(state.firm, state.client_id, state.id))
    return invoicing.message(links.address(world, token))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[tuple[Effect, Payable]], out: Prepared) -> None:
    """Links that open nothing any more give way to new ones, or to none where there is nothing to pay or to link."""
    ids = [p.booked.id for _, p in batch if p.booked]
    clients = leaving.clients(world, policy, [p for _, p in batch])
    found = {i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_by_id(a, ids))}
    for e, state in batch:
        assert state.booked is not None
        there = found.get(state.booked.id)
        if state.booked.broken and state.booked.broken.absent:
            done(world, e)  # a person knows that there is nothing to write on
            out.settled += 1
        elif noticing.invoice_stopped(world, reach, policy, e, state, there):
            out.settled += 1
        elif there is None:
            out.blocked.append((e, NOT_SHOWN))
        elif links.OPENS not in there.message or links.lives(world, state.firm, state.id, there.message):
            noticing.passed(world, policy, e, Noticed(there.id, there.total), Finish(e.key))
            out.settled += 1
        elif cause := leaving.lost(clients.get(state.client_id), there.customer_id):
            out.blocked.append((e, cause))
        else:
            words = _new(world, state) if policy.firm.invoicing.pay_link and _can_be_paid(policy, state) else ""
            out.write.append((e, WantedMessage(there.id, there.sync_token, words)))


def take(world: World, policy: Policy, effect: Effect, answer: Wrote, finish: Finish) -> None:
    """QuickBooks wrote the message. What else its answer shows of the invoice is somebody else's doing."""
    noticing.passed(world, policy, effect, Noticed(answer.id, answer.total), finish)
