"""Which payments on an invoice in QuickBooks are clearly a bill's own: what we wrote, and what is one to one.

Pure. What is not clear waits for a person (docs/decisions/0018).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.domain import comparing, pairing, posting
from chalicelib.domain.payable import Payable, Standing
from chalicelib.domain.payment import Payment, Source
from chalicelib.domain.readings import BookedPayment, InvoiceReading


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid. ``there``: payments in QuickBooks by id; ``here``: those known here; ``bills``: of invoices in
    QuickBooks that such payments pay besides, the bill that each is, or will be, linked to."""

    there: Mapping[str, BookedPayment]
    here: Sequence[Payment] = ()
    bills: Mapping[str, str] = field(default_factory=dict)

    def on(self, invoice: InvoiceReading) -> list[BookedPayment]:
        return [self.there[id] for id in invoice.payments if id in self.there]


def paired(p: Payable, invoice: InvoiceReading, paid: Paid) -> tuple[list[tuple[BookedPayment, Payment]], list[int]]:
    """The payments on a linked invoice that are Clio's, each with ours, and the cents of those that are not clear. Same
    day, and the same cents on each invoice that either pays, one to one, both ways; otherwise none is clear."""
    mine = standing(p, invoice, paid)
    theirs = [(x, cents) for x, cents in _live(invoice, paid) if not _met(p, x, paid)]
    if not theirs:
        return [], []
    here = [x for x in paid.here if x.money and any(i.payable == p.id for i in x.items)]
    ours = [x for x in here if x.id not in mine]
    whose = {**paid.bills, invoice.id: p.id}
    pairs = [(x, o) for x, _ in theirs for o in ours if _same(x, o, whose)]
    sizes = {len(pairs), len(theirs), len(ours), len({o.id for _, o in pairs}), len({x.id for x, _ in pairs})}
    if len(sizes) > 1 or not _known(p, here):
        return [], [cents for _, cents in theirs]
    return pairs, []


def standing(p: Payable, invoice: InvoiceReading, paid: Paid) -> tuple[str, ...]:
    """The payments of this bill that stand on the invoice as we wrote them: the marker says which each is."""
    marks = [posting.marked(p.firm, x.note) for x, _ in _live(invoice, paid) if _met(p, x, paid)]
    here = {x.id for x in paid.here if x.money}
    return tuple(id for id in dict.fromkeys(marks) if id in here)


def _live(invoice: InvoiceReading, paid: Paid) -> list[tuple[BookedPayment, int]]:
    """The payments on an invoice, each with its cents there."""
    live = [x for x in paid.on(invoice) if not x.voided and not x.of_nothing]
    there = [(x, sum(cents for id, cents in x.lines if id == invoice.id)) for x in live]
    return [(x, cents) for x, cents in there if cents]


def _met(p: Payable, x: BookedPayment, paid: Paid) -> bool:
    return pairing.is_met(posting.marked(p.firm, x.note), x.id, {o.id: o for o in paid.here})


def _same(x: BookedPayment, o: Payment, whose: Mapping[str, str]) -> bool:
    """Whether these are one payment as a whole: linked already, or Clio's alone, and alike on every invoice."""
    if x.id in pairing.linked_ids(o):
        return True
    if pairing.linked_ids(o) or o.source is not Source.CLIO or o.settled_on != x.on or o.total != x.total:
        return False
    lines = sorted((whose.get(id, ""), cents) for id, cents in x.lines)
    return lines == sorted((i.payable, i.cents) for i in o.items)


def _known(p: Payable, ours: Sequence[Payment]) -> bool:
    """Whether each payment that Clio shows on the bill is among these: none waits for a word or a look."""
    ids = {x.id for x in ours}
    waits = any(k.standing in (Standing.NEW, Standing.ASKED) for k in p.receipts)
    return not waits and comparing.touching(p) <= ids


def shared(ids: Sequence[str], payments: Iterable[Payment]) -> tuple[str, ...]:
    """Those of these payments that pay other bills too."""
    many = {x.id for x in payments if len(x.items) > 1}
    return tuple(id for id in ids if id in many)
