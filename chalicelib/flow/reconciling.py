"""Reconcile: compares Clio, QuickBooks, Stripe and our journal, payable by payable, and names every difference with its
cause and its remedy. It changes nothing in any book.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import msgspec

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Json, Kind, Neighbour, fold, lane_of
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable, Standing, Tab
from chalicelib.domain.payment import Payment, Phase, Source
from chalicelib.domain.posting import is_current, should_stand
from chalicelib.domain.readings import BillReading, BookedPayment, InvoiceReading, Pot
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

PAGE = 100
NAMED_AT_MOST = 500
SETTLING = timedelta(minutes=2)  # a difference with something owed behind it is not a difference yet


@dataclass(frozen=True)
class Difference:
    """One difference between the books. ``cents``: by how much. ``expected``: it waits for a step that is listed."""

    payable: str
    number: str
    kind: str
    cause: str
    remedy: str
    detail: str = ""
    cents: int = 0
    expected: bool = False


@dataclass
class Report:
    """The books at one time. ``counts``: how many of what were compared."""

    at: datetime
    checked: int = 0
    differences: tuple[Difference, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    running: bool = False

    @property
    def agree(self) -> bool:
        return not self.differences


def start(world: World, firm: str, by: str) -> None:
    """A person asks for a comparison now."""
    lane = lane_of(firm, Neighbour.SELF)
    world.store.arrive(effects.owed(firm, Do.RECONCILE, "main", "firm", lane, world.now(), body={"by": by}))
    world.queue.hint([lane])


def nightly(world: World) -> int:
    """Owes a comparison for every firm that is set up. Firms are listed in one partition of records."""
    firms = [sk for sk, _ in world.store.records("firms", limit=10_000)]
    for firm in firms:
        start(world, firm, "nightly")
    return len(firms)


def report(world: World, firm: str) -> Report | None:
    """The last comparison, or None before the first."""
    found = world.store.record("report", firm)
    return msgspec.convert(found[1], Report) if found else None


def reconcile(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Compares everything that is open, being reminded or paid; stores the report."""
    out = Report(at=world.now())
    found: list[Difference] = []
    for tab in (Tab.OPEN, Tab.REMINDING, Tab.PAID, Tab.CLOSED):
        cursor: str | None = None
        while True:
            page = world.store.listed(f"{policy.firm.id}/payables/{tab}", limit=PAGE, cursor=cursor)
            found += _payables(world, reach, policy, [states.decode(Kind.PAYABLE, h.body) for h in page.items], out)
            cursor = page.next
            if cursor is None:
                break
    found += _payments(world, reach, policy, out)
    out.differences = tuple(found[:NAMED_AT_MOST])
    out.counts["differences"] = len(found)
    body: Json = msgspec.to_builtins(asdict(out))
    world.store.put_record("report", policy.firm.id, body)
    world.count("drift", len(found))
    settle(world, [], lambda _s, _n: {}, fact="Reconciled", finish=[Finish(effect.key, arrivals=effect.arrivals)])


def _payables(world: World, reach: Reach, policy: Policy, payables: Sequence[Payable], out: Report) -> list[Difference]:
    if not payables:
        return []
    out.checked += len(payables)
    ids = [p.id for p in payables]
    shown = {i.id: i for i in reach.clio(lambda c, a: c.bills_by_id(a, ids)).items}
    booked_ids = [p.booked.id for p in payables if p.booked]
    invoices = {i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_by_id(a, booked_ids))} if booked_ids else {}
    found: list[Difference] = []
    for p in payables:
        bill = shown.get(p.id)
        if isinstance(bill, BillReading):
            found += _against_clio(p, bill)
        elif bill is None:
            cause = "Clio no longer shows this bill."
            found.append(_difference(p, "missing in Clio", cause, "Look for it in Clio and press Resync."))
        if p.pot is Pot.OPERATING:
            found += _against_books(world, policy, p, invoices.get(p.booked.id) if p.booked else None)
        found += _journal(world, p)
    return found


def _difference(
    p: Payable, kind: str, cause: str, remedy: str, cents: int = 0, *, expected: bool = False
) -> Difference:
    return Difference(p.id, p.number, kind, cause, remedy, cents=cents, expected=expected)


def _against_clio(p: Payable, bill: BillReading) -> list[Difference]:
    found = []
    if (bill.balance, bill.state, bill.asks) != (p.balance, p.bill_state, p.asks):
        cause = f"Clio shows {show(bill.balance, p.currency)} open; we last read {show(p.balance, p.currency)}."
        found.append(_difference(p, "not read yet", cause, "Press Resync.", bill.balance - p.balance))
    for share in p.shares:
        if share.unseen:
            cause = f"The payment {share.code} of {show(share.cents, p.currency)} is not yet in Clio."
            remedy = "Record it in Clio with its code; the list “Record in Clio” has the link."
            found.append(_difference(p, "not yet in Clio", cause, remedy, share.unseen, expected=True))
    for known in p.asked:
        cause = f"Clio shows a payment of {show(known.cents, p.currency)} that may be one of ours."
        found.append(_difference(p, "waits for your word", cause, "Answer it under Needs attention.", known.cents))
    return found


def _against_books(world: World, policy: Policy, p: Payable, invoice: InvoiceReading | None) -> list[Difference]:
    del policy
    if p.booked is None:
        if p.gone or p.total == 0:
            return []
        cause = "The bill has no invoice in QuickBooks yet."
        return [_difference(p, "missing in QuickBooks", cause, "See Needs attention for what holds it.", p.asks)]
    if invoice is None:
        cause = "The invoice was deleted in QuickBooks."
        return [_difference(p, "deleted in QuickBooks", cause, "Restore it there, or press Retry.", p.asks)]
    if p.gone:
        if invoice.voided:
            return []
        cause = "The bill was removed in Clio, but the invoice still stands in QuickBooks."
        return [
            _difference(p, "not void in QuickBooks", cause, "See Needs attention for what holds it.", invoice.total)
        ]
    found = []
    if invoice.total != p.asks:
        cause = (
            f"The invoice in QuickBooks was changed to {show(invoice.total, p.currency)}; "
            f"Clio's bill asks for {show(p.asks, p.currency)}."
        )
        remedy = "Set the invoice in QuickBooks back, or correct the bill in Clio; then compare again."
        found.append(_difference(p, "amount changed in QuickBooks", cause, remedy, invoice.total - p.asks))
    expected = _balance_due(world, p)
    actual = invoice.balance + (p.asks - invoice.total)
    if p.credits and actual == expected:
        cause = f"Clio shows a credit of {show(p.credits, p.currency)} on this bill that QuickBooks does not show."
        remedy = "Enter the credit in QuickBooks, as a credit memo on this invoice."
        found.append(_difference(p, "credit not in QuickBooks", cause, remedy, p.credits))
    elif actual != expected - p.credits:
        cause = (
            f"QuickBooks shows {show(invoice.balance, p.currency)} open on this invoice; the payments that we know "
            f"leave {show(expected, p.currency)}."
        )
        remedy = "Look for a payment or credit on this invoice that was added, changed or removed in QuickBooks."
        found.append(_difference(p, "balance differs in QuickBooks", cause, remedy, actual - expected))
    return found


def _balance_due(world: World, p: Payable) -> int:
    """What the invoice's balance in QuickBooks should be: what it asks for less what was posted on it."""
    paid = sum(s.cents for s in p.shares if _is_posted(world, p.firm, s.payment))
    groups = {k.group for k in p.receipts if k.standing is Standing.OWN}
    for group in groups:
        if _is_posted(world, p.firm, f"clio-{group}"):
            paid += sum(k.cents for k in p.receipts if k.standing is Standing.OWN and k.group == group)
    return p.asks - paid


def _is_posted(world: World, firm: str, id: str) -> bool:
    from chalicelib.flow.striping import payment_ref

    payment: Payment | None = states.decode(Kind.PAYMENT, world.store.load(payment_ref(firm, id)).body)
    return bool(payment and payment.posted and not payment.posted.voided)


def _journal(world: World, p: Payable) -> list[Difference]:
    """Promise 7, in production: the journal replays to the state."""
    from chalicelib.flow.looking import payable_ref

    body: Json | None = None
    after = 0
    while True:
        lines = world.store.journal(payable_ref(p.firm, p.id), after=after, limit=PAGE)
        for line in lines:
            body = fold(line.change, body)
            after = line.version
        if len(lines) < PAGE:
            break
    if body == states.encode(p):
        return []
    cause = "Our journal does not add up to what we show."
    return [_difference(p, "journal", cause, "Tell us at once.")]


def _payments(world: World, reach: Reach, policy: Policy, out: Report) -> list[Difference]:
    """Every payment against QuickBooks, and ours against Stripe."""
    found: list[Difference] = []
    cursor: str | None = None
    while True:
        page = world.store.listed(f"{policy.firm.id}/payments", limit=PAGE, cursor=cursor)
        payments: list[Payment] = [states.decode(Kind.PAYMENT, h.body) for h in page.items]
        ids = [x.posted.id for x in payments if x.posted]
        booked = {b.id: b for b in reach.quickbooks(lambda q, a, i=ids: q.payments_by_id(a, i))} if ids else {}  # type: ignore[misc]
        for x in payments:
            found += _payment(x, booked)
            found += _stripe(reach, x)
        out.counts["payments"] = out.counts.get("payments", 0) + len(payments)
        cursor = page.next
        if cursor is None:
            return found


def _of(x: Payment, kind: str, cause: str, remedy: str, cents: int = 0) -> Difference:
    number = ", ".join(i.number for i in x.items)
    return Difference(x.items[0].payable if x.items else "", number, kind, cause, remedy, detail=x.id, cents=cents)


def _payment(x: Payment, booked: dict[str, BookedPayment]) -> list[Difference]:
    if x.pot is Pot.TRUST or x.phase not in (Phase.SETTLED, Phase.REMOVED):
        return []
    if not is_current(x):
        if not should_stand(x) and x.posted is None:
            return []
        cause = f"The payment of {show(x.total, x.currency)} is not in QuickBooks yet."
        return [_of(x, "not yet in QuickBooks", cause, "See Needs attention for what holds it.", x.total)]
    there = booked.get(x.posted.id) if x.posted else None
    if x.posted and x.posted.voided:
        return []
    kept = x.total - x.back  # what went back and was taken out of QuickBooks too is no difference
    if there is None or there.voided:
        if kept == 0:
            return []
        cause = f"The payment of {show(x.total, x.currency)} was removed in QuickBooks."
        return [_of(x, "payment removed in QuickBooks", cause, "Enter it there again, or remove it in Clio.", x.total)]
    if there.total not in (x.total, kept):
        cause = f"QuickBooks shows this payment as {show(there.total, x.currency)}; it is {show(x.total, x.currency)}."
        return [_of(x, "payment changed in QuickBooks", cause, "Set it back in QuickBooks.", there.total - x.total)]
    if x.back and there.total != kept and x.source is Source.STRIPE:
        cause = f"{show(x.back, x.currency)} of the payment {x.code} went back to the client."
        remedy = "Enter the refund in QuickBooks, and correct the payment in Clio."
        return [_of(x, "refund not in the books", cause, remedy, x.back)]
    return []


def _stripe(reach: Reach, x: Payment) -> list[Difference]:
    """Our own payments against Stripe's record of them."""
    if x.source is not Source.STRIPE or not x.money:
        return []
    seen = reach.stripe(lambda s: s.session(x.account, x.session))
    if not seen.paid or seen.total != x.total:
        cause = f"Stripe shows {show(seen.total, x.currency)}, {'paid' if seen.paid else 'not paid'}."
        return [_of(x, "differs at Stripe", cause, "Tell us at once.", seen.total - x.total)]
    back = sum(f.cents for f in seen.refunds if f.status != "failed") + sum(
        d.cents for d in seen.disputes if d.withdrawn
    )
    if back != x.back:
        cause = f"Stripe shows {show(back, x.currency)} returned; we know of {show(x.back, x.currency)}."
        return [_of(x, "return not read yet", cause, "Press Resync.", back - x.back)]
    return []
