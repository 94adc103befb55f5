"""An invoice that is there is written again: whose it stays, and whether the number that it shall have is free.

QuickBooks takes no paid invoice to another customer (reference/quickbooks.md 6: 620), and its own check of numbers is
no guard (3.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.domain.kernel import Effect
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading
from chalicelib.domain.wanted import WantedInvoice
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared, park
from chalicelib.flow.reach import Reach
from chalicelib.flow.subcustomers import Place

Again = tuple[Effect, Payable, InvoiceReading]

RENUMBER = "Renumber the bill in Clio or that invoice in QuickBooks, then press Retry."
ACTIVATE = "Make that customer active again in QuickBooks, then press Retry."


def writable(
    world: World, reach: Reach, again: Sequence[Again], places: Mapping[str, Place], out: Prepared
) -> list[tuple[Effect, Payable, InvoiceReading, str]]:
    """Those that can be written now, each with the customer that it is written for; the others are parked, or wait. At
    most one reading of customers and one of numbers, and none where nothing moves."""
    whose = {p.id: there.customer_id if there.payments else places[p.id].customer for _, p, there in again}
    stay = [x for x in again if whose[x[1].id] != places[x[1].id].customer]
    usable = _staying(world, reach, stay, out)
    free = _numbered(world, reach, [x for x in again if x not in stay or x in usable], out)
    return [(e, p, there, whose[p.id]) for e, p, there in free]


def _staying(world: World, reach: Reach, stay: Sequence[Again], out: Prepared) -> list[Again]:
    """Paid invoices stay with the customer that they have there, unless that one is inactive."""
    ids = sorted({there.customer_id for _, _, there in stay})
    shown = {c.id: c for c in reach.quickbooks(lambda q, a: q.customers_by_id(a, ids))} if ids else {}
    usable: list[Again] = []
    for e, p, there in stay:
        customer = shown.get(there.customer_id)
        if customer is None or customer.active:
            usable.append((e, p, there))
            continue
        told = (
            f"Invoice {there.number} belongs to “{customer.name}” in QuickBooks, who is inactive there. Money "
            "stands on it, so QuickBooks does not let it go to the customer that its client is linked to now."
        )
        park(world, e, told, ACTIVATE, detail=f"QuickBooks customer {there.customer_id}")
        out.settled += 1
    return usable


def _numbered(world: World, reach: Reach, again: Sequence[Again], out: Prepared) -> list[Again]:
    """Those whose number is theirs already, or free. One whose number is about to be given up in this batch waits."""
    numbers = list(dict.fromkeys(p.number for _, p, there in again if p.number != there.number))
    found = reach.quickbooks(lambda q, a: q.invoices_numbered(a, numbers)) if numbers else []
    holders = {
        p.id: [i for i in found if not i.voided and i.id != there.id and i.number == p.number != there.number]
        for _, p, there in again
    }
    claimed = {w.number for _, w in out.write if isinstance(w, WantedInvoice)}
    free: list[Again] = []
    for x in again:
        _, p, there = x
        if p.number == there.number or not (holders[p.id] or p.number in claimed):
            free.append(x)
            claimed.add(p.number)
    leaving = _given_up(again, free, holders)
    for x in again:
        e, p, there = x
        if x in free:
            continue
        held = holders[p.id]
        if held and there.id in leaving:
            out.blocked.append((e, f"Another invoice has the number {p.number} until it gets its own."))
            continue
        if held:
            told, detail = _taken(p, held[0]), f"QuickBooks invoice {held[0].id}"
        else:
            told, detail = f"Another bill in Clio has the number {p.number} too.", ""
        park(world, e, told, RENUMBER, detail=detail)
        out.settled += 1
    return free


def _taken(p: Payable, other: InvoiceReading) -> str:
    amount = show(other.total, p.currency)
    return f"QuickBooks already has an invoice numbered {p.number}: {amount}. Two invoices would have one number."


def _given_up(
    again: Sequence[Again], free: Sequence[Again], holders: Mapping[str, Sequence[InvoiceReading]]
) -> set[str]:
    """Ids of the invoices that get another number now, or once those that hold it have got theirs."""
    going = {there.id for _, p, there in free if p.number != there.number}
    while more := {
        there.id
        for _, p, there in again
        if there.id not in going and holders[p.id] and all(i.id in going for i in holders[p.id])
    }:
        going |= more
    return going
