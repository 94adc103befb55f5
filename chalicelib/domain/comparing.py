"""The books laid side by side: what Clio, QuickBooks and our journal show of one payable, and every difference with its
cause and its remedy; payments and credits are in ``comparing_money``. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.crediting import Credit
from chalicelib.domain.dates import day
from chalicelib.domain.left import UNTIL_CHANGED
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable, Standing
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BillReading, InvoiceReading, Pot
from chalicelib.errors import Unreadable

WHAT_HOLDS_IT = "If you are asked about it, it stands under Needs attention. Else Sync status says what it waits for."
WRITTEN_OVER = "Nothing is needed. The next change in Clio writes over it."


def nothing_needed(what: str) -> str:
    """The remedy of what a person accepted. ``what``: the thing in Clio whose change takes their word back."""
    return f"Nothing is needed. You are asked again when the {what} changes in Clio."


CREDIT_NEEDS_NOTHING = nothing_needed("credit")
APPLY_IT = f"{CREDIT_NEEDS_NOTHING} To apply it after all, apply it in QuickBooks."


@dataclass(frozen=True)
class Difference:
    """One difference between the books. ``cents``: by how much. ``expected``: it waits for a step that is listed, or
    a person accepted it."""

    payable: str
    number: str
    kind: str
    cause: str
    remedy: str
    detail: str = ""
    cents: int = 0
    expected: bool = False


def _of_payable(
    p: Payable, kind: str, cause: str, remedy: str, cents: int = 0, *, expected: bool = False
) -> Difference:
    return Difference(p.id, p.number, kind, cause, remedy, cents=cents, expected=expected)


def unusable(payable: str, number: str, thing: str, bad: Unreadable, detail: str = "") -> Difference:
    """A document of ours that QuickBooks shows with a figure that we cannot use: all that is known is that it may
    differ."""
    cause = f"QuickBooks shows a {bad.what} of its {thing} that we cannot use: {bad.raw}."
    remedy = f"Open the {thing} in QuickBooks and correct that figure to whole cents, then compare once more."
    return Difference(payable, number, "could not be compared", cause, remedy, detail=detail)


def clients_hidden(missing: int, asked: int) -> Difference:
    """Clio shows us few of our clients: nobody believes that they were deleted."""
    cause = f"Clio does not show {missing} of {asked} clients to the user who connected us."
    return Difference(
        "", "", "clients not shown in Clio", cause, "Connect Clio again as a user who may see all contacts."
    )


def against_clio(p: Payable, bill: BillReading | None) -> list[Difference]:
    """``bill`` None: Clio did not show it in a list asked for by id."""
    if bill is None:
        cause = "Clio no longer shows this bill."
        return [_of_payable(p, "missing in Clio", cause, "Look for it in Clio and press Resync.")]
    found = []
    if (bill.balance, bill.state, bill.asks) != (p.balance, p.bill_state, p.asks):
        cause = f"Clio shows {show(bill.balance, p.currency)} open; we last read {show(p.balance, p.currency)}."
        found.append(_of_payable(p, "not read yet", cause, "Press Resync.", bill.balance - p.balance))
    for share in p.shares:
        if share.unseen and p.pot is not Pot.TRUST:  # a trust payment is named as a whole: it is in no book yet
            cause = f"The payment {share.code} of {show(share.cents, p.currency)} is not yet in Clio."
            remedy = "Record it in Clio with its code; the list “Record in Clio” has the link."
            found.append(_of_payable(p, "not yet in Clio", cause, remedy, share.unseen, expected=True))
    for known in p.asked:
        cause = f"Clio shows a payment of {show(known.cents, p.currency)} that may be one of ours."
        found.append(_of_payable(p, "waits for your word", cause, "Answer it under Needs attention.", known.cents))
    return found


def against_books(
    p: Payable,
    invoice: InvoiceReading | None,
    payments: Mapping[str, Payment],
    credits: Mapping[str, Credit],
    customer: str,
) -> list[Difference]:
    """``payments`` and ``credits``: those that touch this payable, by id. ``customer``: the client's in QuickBooks now,
    where the invoice's is another than we wrote. Trust requests are no invoices and are not compared."""
    if p.pot is Pot.TRUST:
        return []
    if p.booked is None:
        if p.gone or p.unapproved or p.total == 0:
            return []
        if p.stays and p.left:
            cause = p.left.of("The bill has no invoice in QuickBooks.", p.currency)
            return [_of_payable(p, "left out of QuickBooks", cause, UNTIL_CHANGED, p.asks, expected=True)]
        cause = "The bill has no invoice in QuickBooks yet."
        return [_of_payable(p, "missing in QuickBooks", cause, WHAT_HOLDS_IT, p.asks)]
    if p.booked.broken and p.booked.broken.left_out:
        cause = "You accepted that the invoice is not in QuickBooks any more."
        return [_of_payable(p, "left out of QuickBooks", cause, nothing_needed("bill"), p.asks, expected=True)]
    if invoice is None:
        cause, remedy = "The invoice was deleted in QuickBooks.", "Decide under Needs attention what becomes of it."
        return [_of_payable(p, "deleted in QuickBooks", cause, remedy, p.asks)]
    if p.gone:
        if invoice.voided:
            return []
        if p.booked.kept:
            cause = "The bill was removed in Clio, and you left its invoice in QuickBooks."
            if p.left:
                what = "The bill was removed in Clio, and its invoice stays in QuickBooks."
                cause = p.left.of(what, p.currency)
            remedy = "Nothing is needed. To take it out after all, void it in QuickBooks."
            return [_of_payable(p, "left in QuickBooks", cause, remedy, invoice.total, expected=True)]
        cause = "The bill was removed in Clio, but the invoice still stands in QuickBooks."
        remedy = WHAT_HOLDS_IT
        return [_of_payable(p, "not void in QuickBooks", cause, remedy, invoice.total)]
    if p.unapproved:
        cause = "The bill was taken back to a draft in Clio; its invoice stands in QuickBooks as it was approved."
        remedy = "Approve the bill in Clio or delete it there: its invoice follows."
        return [_of_payable(p, "draft again in Clio", cause, remedy, invoice.total, expected=True)]
    found = _not_begun(p, payments)
    found += _taken_back(p, invoice, balance_due(p, payments, credits))
    found += [_stays(p, invoice)] if p.stays else _particulars(p, invoice, customer) + _total(p, invoice)
    return found + _amounts(p, invoice, payments, credits)


def _stays(p: Payable, invoice: InvoiceReading) -> Difference:
    """A change of the bill was refused in QuickBooks, and a person left the invoice as it is."""
    theirs, asks = show(invoice.total, p.currency), show(p.asks, p.currency)
    what = f"The invoice shows {theirs} in QuickBooks, and Clio's bill asks for {asks}."
    if invoice.total == p.asks:
        what = "The bill's last change in Clio is not on its invoice in QuickBooks."
    cause = p.left.of(what, p.currency) if p.left else what
    return _of_payable(p, "left as it is in QuickBooks", cause, UNTIL_CHANGED, invoice.total - p.asks, expected=True)


def _particulars(p: Payable, invoice: InvoiceReading, customer: str) -> list[Difference]:
    """What people changed of it by hand besides its amount. A date that Clio does not tell is QuickBooks' own,
    and so are those of an invoice that was linked as it is."""
    if p.booked is None or p.booked.revision < p.revision:  # it is being written
        return [_misnumbered(p, invoice)] if p.booked and p.booked.misnumbered and invoice.number != p.number else []
    back = "Set it back in QuickBooks, or leave it: the next change of the bill in Clio writes over it."
    found = []
    if invoice.number != p.number:
        cause = f"The invoice is numbered {invoice.number or 'nothing'} in QuickBooks; Clio's bill is {p.number}."
        found.append(_of_payable(p, "number changed in QuickBooks", cause, back))
    for word, theirs, ours in (("date", invoice.on, p.issued_on), ("due date", invoice.due_on, p.due_on)):
        if ours is not None and theirs != ours and not p.booked.untouched:
            there = day(theirs, p.currency) if theirs else "empty"
            cause = f"The invoice's {word} is {there} in QuickBooks; in Clio it is {day(ours, p.currency)}."
            found.append(_of_payable(p, f"{word} changed in QuickBooks", cause, back))
    if p.due_was not in (None, p.issued_on) and invoice.due_on == p.due_was and not p.booked.untouched:
        was = day(p.due_was, p.currency)
        cause = f"The bill has no due date in Clio any more; its invoice is still due on {was} in QuickBooks."
        remedy = "Change the due date of the invoice in QuickBooks, or give the bill one in Clio."
        found.append(_of_payable(p, "due date emptied in Clio", cause, remedy))
    if moved_by_hand(p, invoice) and invoice.customer_id != customer:
        cause = "The invoice belongs to another customer in QuickBooks than the one it was written for."
        remedy = "Set its customer back in QuickBooks. If the client's customer was merged, link the client anew."
        found.append(_of_payable(p, "customer changed in QuickBooks", cause, remedy))
    return found


def _misnumbered(p: Payable, invoice: InvoiceReading) -> Difference:
    cause = f"QuickBooks gave the invoice the number {invoice.number or 'nothing'}, as custom transaction numbers were "
    cause += f"off; Clio's bill is {p.number}."
    remedy = "Switch them on: Preflight says how. The number is written again by itself then."
    return _of_payable(p, "numbered by QuickBooks", cause, remedy, expected=True)


def moved_by_hand(p: Payable, invoice: InvoiceReading) -> bool:
    """Whether the invoice is another customer's than when we last wrote it."""
    return bool(p.booked and p.booked.customer and invoice.customer_id != p.booked.customer)


def renumbered(
    found: Sequence[Difference], items: Mapping[str, Sequence[str]], numbers: Mapping[str, str]
) -> list[Difference]:
    """Differences about money, under the numbers that its bills have now. ``items``: the bills by the difference's
    ``detail``; ``numbers``: by bill."""
    told = []
    for d in found:
        known = [numbers[id] for id in items.get(d.detail, ()) if id in numbers]
        told.append(replace(d, number=", ".join(known)) if known else d)
    return told


def _not_begun(p: Payable, payments: Mapping[str, Payment]) -> list[Difference]:
    """Payments that Clio shows here and that are not posted because another part of them waits for a person's word."""
    found = []
    for k in p.receipts:
        if k.standing is Standing.OWN and k.group and f"clio-{k.group}" not in payments:
            cause = f"Clio's payment of {show(k.cents, p.currency)} is not in QuickBooks yet."
            remedy = "A part of it on another bill waits: see Needs attention. If nothing waits there, a part of it is "
            remedy += "below zero in Clio, which QuickBooks cannot take: record it there as two payments."
            if p.taken_back:
                remedy = "It may be the payment with an amount below zero on this bill, which QuickBooks cannot take: "
                remedy += "record it in Clio as two payments."
            found.append(_of_payable(p, "not yet in QuickBooks", cause, remedy, k.cents))
    return found


def _taken_back(p: Payable, invoice: InvoiceReading, due: int) -> list[Difference]:
    """Money that Clio shows as gone back by an amount below zero. QuickBooks takes no payment below zero, so it is in
    no way there, unless people lowered a payment."""
    if not p.taken_back or _open_on(p, invoice) == due + p.taken_back:
        return []
    cause = f"Clio shows {show(-p.taken_back, p.currency)} among the payments on this bill: money that went back. "
    cause += "QuickBooks takes no amount below zero; its invoice shows the payments without it."
    remedy = "In Clio, remove that entry and record the payment anew with what is left of it: QuickBooks follows."
    return [_of_payable(p, "taken back in Clio", cause, remedy, p.taken_back)]


def _open_on(p: Payable, invoice: InvoiceReading) -> int:
    """What would be open on the invoice if it asked for what the bill asks for: what is paid beyond that would be
    unapplied."""
    return max(0, invoice.balance + (p.asks - invoice.total))


def _amounts(
    p: Payable, invoice: InvoiceReading, payments: Mapping[str, Payment], credits: Mapping[str, Credit]
) -> list[Difference]:
    expected = balance_due(p, payments, credits)
    actual = _open_on(p, invoice)
    if p.taken_back and actual == expected + p.taken_back:
        actual = expected  # people lowered a payment there
    if p.stays and abs(actual - expected) <= abs(p.asks - invoice.total):
        actual = expected  # the invoice has no room for what the bill asks for since
    found = _as_decided(p, actual - expected, payments, credits)
    if found:
        actual = expected
    missing = p.credits - sum(_applied(c, p) for c in credits.values())
    accepted = sum(c.on_payable(p.id) for c in credits.values() if c.left_alone or c.stays)
    if missing > 0 and actual == expected and missing == accepted:
        cause = f"You accepted that the credit of {show(missing, p.currency)} on this bill is not on its invoice."
        remedy = CREDIT_NEEDS_NOTHING
        found.append(_of_payable(p, "credit left out of QuickBooks", cause, remedy, missing, expected=True))
    elif missing > 0 and actual == expected:
        cause = f"Clio shows a credit of {show(missing, p.currency)} on this bill that QuickBooks does not show yet."
        remedy = "It is entered there by itself; see Needs attention for what holds it."
        found.append(_of_payable(p, "credit not in QuickBooks", cause, remedy, missing))
    elif actual not in (expected, max(0, expected - max(0, missing))):
        if told := _linked_payments(p, actual, expected, max(0, missing)):
            return [*found, told]
        cause = (
            f"QuickBooks shows {show(invoice.balance, p.currency)} open on this invoice; the payments that we know "
            f"leave {show(expected, p.currency)}."
        )
        remedy = "Look for a payment or credit on this invoice that was added, changed or removed in QuickBooks."
        if p.leaving and actual < expected:
            remedy = "A payment or credit that was taken back in Clio may still stand on it: see Needs attention for "
            remedy += "what holds it. Otherwise look for one that was added or changed in QuickBooks."
        found.append(_of_payable(p, "balance differs in QuickBooks", cause, remedy, actual - expected))
    return found


def _total(p: Payable, invoice: InvoiceReading) -> list[Difference]:
    if invoice.total == p.asks:
        return []
    theirs, asks, by = show(invoice.total, p.currency), show(p.asks, p.currency), invoice.total - p.asks
    if p.booked and p.booked.broken and p.booked.broken.left_at(invoice.total):
        cause = f"You accepted that the invoice shows {theirs} in QuickBooks; Clio's bill asks for {asks}."
        return [_of_payable(p, "invoice left as it is", cause, WRITTEN_OVER, by, expected=True)]
    if p.booked and p.booked.revision < p.revision and invoice.total == p.booked.total:
        cause = f"The bill changed in Clio and asks for {asks}; its invoice in QuickBooks still shows {theirs}."
        return [_of_payable(p, "change not in QuickBooks", cause, WHAT_HOLDS_IT, by)]
    cause = f"The invoice in QuickBooks was changed to {theirs}; Clio's bill asks for {asks}."
    remedy = "Set the invoice in QuickBooks back, or correct the bill in Clio; then compare again."
    return [_of_payable(p, "amount changed in QuickBooks", cause, remedy, by)]


def _as_decided(
    p: Payable, off: int, payments: Mapping[str, Payment], credits: Mapping[str, Credit]
) -> list[Difference]:
    """Where what people decided of its payments and credits explains that the invoice is open by ``off`` cents too
    many: what each did. Nothing where that explains only a part."""
    decided = [_left_open(p, x) for x in payments.values()]
    less, more = sum(c for c in decided if c > 0), -sum(c for c in decided if c < 0)
    credited = sum(min(c.on_payable(p.id), c.left) for c in credits.values() if c.left_off)
    if not -more <= off <= less + credited:
        return []
    found, paid = [], min(off, less)
    if paid:
        cause = f"You accepted how a payment stands in QuickBooks: {show(abs(paid), p.currency)} "
        cause += "more is open on this invoice." if paid > 0 else "less is open on this invoice."
        found.append(_of_payable(p, "payment left as it is", cause, nothing_needed("payment"), paid, expected=True))
    if off > paid:
        cause = f"You left {show(off - paid, p.currency)} of a credit off this invoice: it stays open there."
        found.append(_of_payable(p, "credit left off its invoice", cause, APPLY_IT, off - paid, expected=True))
    return found


def _left_open(p: Payable, x: Payment) -> int:
    """Cents that a person leaves open on this invoice by what they accepted of a payment; below zero where QuickBooks
    shows more of it."""
    link = x.posted
    if link is None or link.broken is None or not link.broken.accepted:
        return 0
    cents = _paid_by(p, x.id)
    return cents if link.broken.absent else min(cents, link.cents - link.broken.cents)


def _linked_payments(p: Payable, actual: int, expected: int, missing: int) -> Difference | None:
    """What payments explain that stood on the invoice when it was linked. ``missing``: cents of credits that are not
    known to stand there, and may."""
    if p.booked and p.booked.waits:
        cause = "The payments on the linked invoice are not compared with Clio's yet."
        remedy = "Say under Needs attention what each of them is."
        return _of_payable(p, "waits for your word", cause, remedy, actual - expected)
    left = of_something_else(p)
    if not left or actual not in (max(0, expected - left), max(0, expected - left - missing)):
        return None
    cause = f"QuickBooks shows {show(left, p.currency)} on this invoice that you said is something else, or left there."
    remedy = "Move it in QuickBooks to what it belongs to, or record it in Clio."
    return _of_payable(p, "payment of something else", cause, remedy, actual - expected, expected=True)


def of_something_else(p: Payable) -> int:
    """Cents on its invoice of payments that a person said are something else, and of credits that they left there."""
    return sum(cents for _, cents in p.booked.left) if p.booked else 0


def touching(p: Payable) -> set[str]:
    """Ids of the payments that may be posted on this payable's invoice."""
    own = {f"clio-{k.group}" for k in p.receipts if k.standing is Standing.OWN and k.group}
    return own | {s.payment for s in p.shares}


def crediting_ids(p: Payable) -> set[str]:
    """Ids of the credits that fall on this payable."""
    return {k.group for k in p.receipts if k.kind == "credit" and k.group}


def _applied(credit: Credit, p: Payable) -> int:
    return credit.on_payable(p.id) if credit.current else 0


def _paid_by(p: Payable, payment: str) -> int:
    """Cents that this payment pays of the bill."""
    own = sum(k.cents for k in p.receipts if k.standing is Standing.OWN and f"clio-{k.group}" == payment)
    return own + sum(s.cents for s in p.shares if s.payment == payment)


def balance_due(p: Payable, payments: Mapping[str, Payment], credits: Mapping[str, Credit]) -> int:
    """What the invoice's balance in QuickBooks should be: what it asks for less what was posted and credited on it,
    never below zero."""
    shown = {id for id, x in payments.items() if x.posted and not (x.posted.voided or x.stays)}
    paid = sum(_paid_by(p, id) for id in shown)
    paid += sum(_applied(c, p) for c in credits.values())
    return max(0, p.asks - paid)  # what is too much stays unapplied on the customer


def journal(p: Payable, replayed: bool) -> list[Difference]:
    """Promise 7, in production: the journal replays to the state."""
    if replayed:
        return []
    cause = "Our journal does not add up to what we show."
    return [_of_payable(p, "journal", cause, "Tell us at once.")]
