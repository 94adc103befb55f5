"""The pay link that the client reads on an invoice in QuickBooks: which it shall be, and a new one alone where those
sent were made useless. Nothing else of an invoice is written here.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain import invoicing
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading
from chalicelib.domain.wanted import WantedMessage
from chalicelib.flow import links, noticing
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared
from chalicelib.flow.reach import Reach

NOT_SHOWN = "QuickBooks does not show the invoice at this moment."


def message(world: World, policy: Policy, state: Payable, there: InvoiceReading | None) -> str | None:
    """What the client reads on the invoice: a pay link that lasts. None leaves what is there: somebody's own words,
    or a link that still opens the invoice."""
    if there and there.message and links.OPENS not in there.message:
        return None
    if not policy.firm.invoicing.pay_link:
        return "" if there and there.message else None
    if not policy.lanes.operating or not state.open:
        return None
    if there and there.message and links.lives(world, state.firm, state.id, links.INVOICE):
        return None
    token = links.make(world, links.PayLink(state.firm, state.client_id, state.id, links.INVOICE))
    return invoicing.message(links.address(world, token))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[tuple[Effect, Payable]], out: Prepared) -> None:
    """Links that open nothing any more give way to new ones, or to none where there is nothing to pay or to link."""
    from chalicelib.flow.invoices import link

    ids = [p.booked.id for _, p in batch if p.booked]
    found = {i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_by_id(a, ids))}
    for e, state in batch:
        there = found.get(state.booked.id if state.booked else "")
        if noticing.invoice_stopped(world, reach, policy, e, state, there):
            out.settled += 1
        elif there is None:
            out.blocked.append((e, NOT_SHOWN))
        elif links.OPENS not in there.message or links.lives(world, state.firm, state.id, links.INVOICE):
            link(world, policy, e, there.id, there.total, there.customer_id, Finish(e.key))
            out.settled += 1
        else:
            words = message(world, policy, state, there) or ""
            out.write.append((e, WantedMessage(there.id, there.sync_token, words)))
