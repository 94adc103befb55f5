"""Which invoice with a bill's number in QuickBooks is the bill's, by what the first sync's list said, and what a person
is asked where none is.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain import posting
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Json
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import first_links, park
from chalicelib.flow.subcustomers import Place

AFTER_ALL = "after-all"  # a person says that it is the bill's invoice, which they had left, or which changed since


def listed_of(world: World, policy: Policy, e: Effect, bill: str) -> Json:
    """What the first sync's list said of the bill's number: the ``invoice`` that it is linked to, whether it may
    ``change``, what it was over (``cents``), and those that are ``left`` as another bill's. Empty where nothing was
    said. Who says "after all" has taken back that others are left, and that nothing is written."""
    found = world.store.record(first_links(policy), bill)
    listed: Json = found[1] if found else {}
    return {**listed, "change": True, "left": []} if e.body.get("choice") == AFTER_ALL else listed


def which(state: Payable, there: Sequence[InvoiceReading], place: Place, listed: Json) -> InvoiceReading | None:
    """Which of these the bill is: one of ours, the one that the list linked it to, or the only one that is alike. Where
    the list showed it as linked and no more than that, nobody has agreed that what people did to it since is undone:
    another customer, or an amount that is neither the list's nor Clio's."""
    may, known = there, (listed.get("cents"), state.asks)
    if not listed.get("change", True):
        may = [i for i in there if _theirs(i, place) and i.total in known]
    ours = [i for i in there if posting.bears(i.note, posting.marker(state.firm, "bill", state.id))] + [
        i for i in may if i.id == listed.get("invoice")
    ]
    same = [i for i in there if alike(state, i, place)]
    return next(iter(ours), same[0] if len(same) == 1 else None)


def _theirs(invoice: InvoiceReading, place: Place) -> bool:
    return invoice.customer_id in (place.customer, place.own)


def alike(state: Payable, invoice: InvoiceReading, place: Place) -> bool:
    return _theirs(invoice, place) and invoice.total == state.asks and not invoice.foreign(state.currency)


def park_changed(world: World, e: Effect, state: Payable, invoice: InvoiceReading, cents: int) -> None:
    """The list showed the invoice as linked and not written, and people changed it before it was linked."""
    before, now = show(cents, state.currency), show(invoice.total, state.currency)
    to = f"it is {now} now" if invoice.total not in (cents, state.asks) else "it is another customer's now"
    park(
        world,
        e,
        f"The first sync listed invoice {state.number} of {before} as this bill's, with nothing to write. It was "
        f"changed in QuickBooks since: {to}.",
        "Set it back in QuickBooks, or correct the bill in Clio, then press Retry. Or link it: it gets Clio's figures.",
        detail=f"QuickBooks invoice {invoice.id}",
        choices=((AFTER_ALL, f"Link it: it becomes {show(state.asks, state.currency)} of {state.client_name}"),),
    )


def park_number(
    world: World, e: Effect, state: Payable, other: InvoiceReading, *, left: bool, may: InvoiceReading | None
) -> None:
    """``left``: a person said in the first sync that ``other`` is not this bill's. ``may``: what it is linked to once
    they say that it is."""
    amount = show(other.total, other.currency or state.currency)
    told = f"QuickBooks already has an invoice numbered {state.number}: {amount}, of another customer or amount."
    if left:
        told = f"In the first sync you left invoice {state.number} of {amount} in QuickBooks as another one."
    remedy = "Renumber the bill in Clio or that invoice in QuickBooks, then press Retry."
    choices = ((AFTER_ALL, "It is this bill's invoice: link it"),) if left and may else ()
    park(world, e, told, remedy, detail=f"QuickBooks invoice {other.id}", choices=choices)
