"""The pay link that the client reads on an invoice in QuickBooks: which it shall be, and a new one alone where those
sent were made useless. Nothing else of an invoice is written here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import paylinks
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Ref
from chalicelib.domain.noticing import Noticed
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading, Wrote
from chalicelib.domain.wanted import WantedMessage
from chalicelib.flow import leaving, links, noticing
from chalicelib.flow.invoice_links import ref_of
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared, done
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

WRITTEN = "Its invoice is being written."
NOT_SHOWN = "QuickBooks does not show the invoice at this moment."


def message(world: World, policy: Policy, state: Payable, there: InvoiceReading | None) -> str | None:
    """What the client reads on the invoice: a pay link that lasts, and somebody's own words beside it. None leaves what
    is there: such words alone, or a link that still opens the invoice."""
    stands = there.message if there else ""
    if stands and not links.stands_in(world, stands):
        return None
    if not policy.firm.invoicing.pay_link:
        return links.without(world, stands) if stands else None
    if not _can_be_paid(policy, state) or (stands and links.lives(world, _link(state), stands)):
        return None
    return _new(world, state, stands)


def _can_be_paid(policy: Policy, state: Payable) -> bool:
    return bool(policy.lanes.operating and state.open)


def _link(state: Payable) -> links.PayLink:
    return links.PayLink(state.firm, state.client_id, state.id)


def _new(world: World, state: Payable, stands: str) -> str:
    return links.replaced(world, stands, links.make(world, _link(state)))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[tuple[Effect, Payable]], out: Prepared) -> None:
    """Links that open nothing any more give way to new ones, or to none where the firm takes no payments by link. What
    was paid meanwhile waits until something is open again."""
    for e in [e for e, p in batch if not p.open]:
        put_off(world, policy, ref_of(e), e)
        out.settled += 1
    batch = [(e, p) for e, p in batch if p.open]
    if not batch:
        return
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
        elif not links.stands_in(world, there.message) or links.lives(world, _link(state), there.message):
            noticing.passed(world, policy, e, Noticed(there.id, there.total), Finish(e.key))
            out.settled += 1
        elif cause := leaving.lost(clients.get(state.client_id), there.customer_id):
            out.blocked.append((e, cause))
        else:
            wished = policy.firm.invoicing.pay_link and _can_be_paid(policy, state)
            words = _new(world, state, there.message) if wished else links.without(world, there.message)
            out.write.append((e, WantedMessage(there.id, there.sync_token, words)))


def put_off(world: World, policy: Policy, ref: Ref, effect: Effect, *, refused: bool = False) -> None:
    """Nothing is open any more, or Clio refused the change: this step is done, and is owed again when something is."""

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: paylinks.put_off(before[ref], policy, now, refused=refused)}

    settle(world, [ref], decide, fact="LinkPutOff", policy=policy.version, finish=[Finish(effect.key)])


def take(world: World, policy: Policy, effect: Effect, answer: Wrote, finish: Finish) -> None:
    """QuickBooks wrote the message. What else its answer shows of the invoice is somebody else's doing."""
    noticing.passed(world, policy, effect, Noticed(answer.id, answer.total), finish)
