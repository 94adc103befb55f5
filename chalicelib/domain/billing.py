"""What follows when Clio shows a bill: the payable's facts from its owner, and what QuickBooks should then show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import effects, linked_payments, paylinks, receipts, staying, surplus
from chalicelib.domain.firm import Firm, Policy
from chalicelib.domain.kernel import Decision, Effect, Neighbour
from chalicelib.domain.payable import Booked, Payable, Standing
from chalicelib.domain.planning import plan
from chalicelib.domain.readings import BillReading, BillState, Pot, Receipt
from chalicelib.errors import Unreadable

PAY_ONLINE = "Pay online: "  # begins the line with the pay link


@dataclass(frozen=True, slots=True)
class BillSeen:
    """A reading of a bill with all its receipts.

    The reader guarantees: every receipt here was first seen before the bill itself was read, so that the balance
    already counts it (docs/decisions/0003-reading-a-bill.md). ``receipts`` None: they were not read (a page of
    a feed, nothing paid on the bill). ``pace``: minutes until its lines may be read, so that a first sync of
    thousands owes no more at once than Clio lets it read.
    """

    bill: BillReading
    receipts: tuple[Receipt, ...] | None
    at: datetime
    pace: int = 0


def left_alone(bill: BillReading, firm: Firm) -> str:
    """Why a bill that we do not hold is not brought in; empty when it is."""
    match bill.state:
        case BillState.DRAFT:
            return "draft"
        case BillState.AWAITING_APPROVAL:
            return "awaiting approval"
        case BillState.VOID:
            return "void before we saw it"
        case BillState.DELETED:
            return "deleted before we saw it"
        case BillState.AWAITING_PAYMENT if bill.balance > 0:
            return ""
        case _:
            early = firm.start_on and bill.issued_on and bill.issued_on < firm.start_on
            return "issued before the start date and paid" if early else ""


def seen(state: Payable | None, fact: BillSeen, policy: Policy, now: datetime) -> Decision[Payable]:
    """Raises Unreadable when a bill that should come in lacks its client or number (the item parks)."""
    bill = fact.bill
    if not bill.client and not (state and bill.state in (BillState.VOID, BillState.DELETED)):
        raise Unreadable("client", None, "Give the bill a client in Clio, then press Retry.")
    if not bill.number.strip():
        raise Unreadable("number", bill.number, "Give the bill a number in Clio.")
    if state is None:
        new = _copy(None, fact, policy)
        owed: list[Effect] = [
            *_write_books(new, policy, now, fact.pace),
            *paylinks.memo_owed(new, policy, now, fact.pace),
        ]
    else:
        new = _copy(state, fact, policy)
        if new.client_id != state.client_id:  # links that were sent open nothing of it to whom it was asked of before
            new = replace(new, link_put_off=True)
        owed = []
        if new.unapproved != state.unapproved or (_differs(state, new) and not new.unapproved):
            new = replace(new, revision=state.revision + 1)
            if lines_stand(state, new):
                new = replace(new, lines_revision=new.revision)
                owed = [owe_invoice(new, policy, now), _check_lines(new, policy, now)]
            else:
                owed = _write_books(new, policy, now)
        elif _known_lines(state) and new.etag != state.etag and not (new.unapproved or new.gone):
            new = replace(new, seq=new.seq + 1)  # what was received explains it; a line may have changed too
            check = _check_lines(new, policy, now)
            owed = [replace(check, key=f"{check.key}/{new.seq}")]
    if fact.receipts is not None:
        new, more = receipts.read(new, fact.receipts, policy, now)
        owed += more
    new, more = receipts.expire_stale_attempt(new, now)
    owed += more
    new, reminders = plan(new, policy, now)
    new, told, closed = surplus.told(new, now)
    new, links = paylinks.reopened(new, policy, now)
    return Decision(new, effects=(*owed, *reminders, *told, *links), closes=(*_closes(state, new), *closed))


def _copy(state: Payable | None, fact: BillSeen, policy: Policy) -> Payable:
    bill = fact.bill
    client = bill.client
    base = state or Payable(
        firm=policy.firm.id,
        id=bill.id,
        pot=bill.pot,
        number=bill.number,
        client_id="",
        client_name="",
        client_email="",
        matters=(),
        currency=bill.currency,
        issued_on=None,
        due_on=None,
        bill_state=bill.state,
        total=0,
        asks=0,
        tax=0,
        interest=0,
        discount=0,
        balance=0,
        pending=0,
        credits=0,
        paid=0,
        etag="",
        updated_at=bill.updated_at,
        read_at=fact.at,
        generation=policy.firm.generation,
    )
    return replace(
        base,
        number=bill.number,
        client_id=client.id if client else base.client_id,
        client_name=client.name if client else base.client_name,
        client_email=client.email if client else base.client_email,
        matters=bill.matters,
        matter_ids=bill.matter_ids,
        words=base.words if bill.words is None else _own_words(bill.words),
        currency=bill.currency,
        issued_on=bill.issued_on,
        due_on=bill.due_on,
        due_was=None if bill.due_on else (base.due_on or base.due_was),
        bill_state=bill.state,
        total=bill.total,
        asks=bill.asks,
        tax=bill.tax,
        interest=bill.interest,
        discount=bill.discount,
        balance=bill.balance,
        pending=bill.pending,
        credits=bill.credits,
        paid=bill.paid,
        etag=bill.etag,
        updated_at=bill.updated_at,
        transitions=bill.transitions,
        read_at=fact.at if _news(base, bill) else base.read_at,
        shares=tuple(replace(s, patched=s.patched and bill.state is BillState.PAID) for s in base.shares),
    )


def _news(state: Payable, bill: BillReading) -> bool:
    return state.etag != bill.etag


WORDS_LENGTH = 2000
WRITTEN = (
    "number",
    "client_id",
    "issued_on",
    "due_on",
    "words",
    "total",
    "asks",
    "tax",
    "interest",
    "discount",
    "gone",
)
PAYING = ("balance", "pending", "credits", "paid", "bill_state", "client_name", "client_email", "transitions")


def _differs(old: Payable, new: Payable) -> bool:
    """Whether what QuickBooks should show may have changed.

    A new ETag that no paying field explains may mean new lines.
    """
    if any(getattr(old, f) != getattr(new, f) for f in WRITTEN) or _moved(old, new):
        return True
    return old.etag != new.etag and all(getattr(old, f) == getattr(new, f) for f in PAYING)


def _moved(old: Payable, new: Payable) -> bool:
    """Whether the bill went to another matter, where its invoice stands under its matter's sub-customer."""
    return bool(old.booked and old.booked.matter) and old.matter_ids != new.matter_ids


def same_matters(state: Payable, bill: BillReading) -> bool:
    """By id and number. Whether a matter's new number moves its bills' ETag is not in the reference."""
    return (state.matter_ids, state.matters) == (bill.matter_ids, bill.matters)


def _own_words(words: str) -> str:
    """Subject and memo without the pay link that we put there."""
    kept = [line for line in words.splitlines() if not line.startswith(PAY_ONLINE)]
    return "\n".join(kept).strip()[:WORDS_LENGTH]


MONEY = ("total", "asks", "tax", "interest", "discount", "gone")
CHECKED_AFTER_MINUTES, CHECKED_WITHIN_MINUTES = 2, 25  # spread, so that 500 leave Clio's calls to what is fresh


def lines_stand(old: Payable, new: Payable) -> bool:
    """Whether the lines as last read will do for now: the bill changed in fields of its own (a date, its number, its
    client) that say why it changed, and no amount did. They are checked afterwards."""
    own = any(getattr(old, f) != getattr(new, f) for f in WRITTEN if f not in MONEY) or _moved(old, new)
    return _known_lines(old) and own and not new.unapproved and all(getattr(old, f) == getattr(new, f) for f in MONEY)


def _known_lines(state: Payable) -> bool:
    """Whether its lines were read for the present revision."""
    return bool(state.lines) and state.lines_revision == state.revision and state.pot is Pot.OPERATING


def _check_lines(state: Payable, policy: Policy, now: datetime) -> Effect:
    wait = CHECKED_AFTER_MINUTES + sum(state.id.encode()) * 7 % CHECKED_WITHIN_MINUTES
    lane = policy.lanes.of(Neighbour.CLIO)
    return effects.check_lines(state.firm, lane, state.id, state.revision, now, f"Bill {state.number}", wait)


def receipts_moved(state: Payable, bill: BillReading) -> bool:
    """Whether what was received on a bill may be another than we know, by the bill's own word. A trust request's
    deposits may stand nowhere on it."""
    if state.pot is Pot.TRUST or any(s.unseen for s in state.shares):
        return True
    if any(k.standing is Standing.NEW for k in state.receipts):
        return True
    shown = (bill.balance, bill.paid, bill.pending, bill.credits, bill.state)
    return shown != (state.balance, state.paid, state.pending, state.credits, state.bill_state)


def _write_books(state: Payable, policy: Policy, now: datetime, pace: int = 0) -> list[Effect]:
    """Invoices go to QuickBooks with their lines; trust requests are no income and never do, nor do drafts."""
    if state.pot is Pot.TRUST or state.unapproved:
        return []
    if state.gone:
        return [owe_invoice(state, policy, now)]
    lane = policy.lanes.of(Neighbour.CLIO)
    title = f"Bill {state.number}"
    return [effects.read_lines(state.firm, lane, state.id, state.revision, now, title, pace)]


def invoice_steps(state: Payable) -> tuple[str, ...]:
    """The steps toward its invoice at this revision: a newer one takes their place."""
    name = f"{state.id}/{state.revision}"
    links = (effects.key_of(state.firm, effects.Do.INVOICE, paylinks.name(state)),) if state.relinked else ()
    return (*(effects.key_of(state.firm, do, name) for do in (effects.Do.READ_LINES, effects.Do.INVOICE)), *links)


def owe_invoice(state: Payable, policy: Policy, now: datetime) -> Effect:
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    title = f"Bill {state.number}, {state.client_name}"
    return effects.invoice(state.firm, lane, state.id, state.client_id, state.revision, state.number, now, title)


def _closes(old: Payable | None, new: Payable) -> tuple[str, ...]:
    """What this reading settled; a newer revision also replaces what waits for the older one."""
    if old is None:
        return ()
    if new.revision == old.revision:
        return receipts.settled(old, new)
    return (*invoice_steps(old), *receipts.settled(old, new))


@dataclass(frozen=True, slots=True)
class LinesRead:
    """The bill's lines were stored as a document, for one revision."""

    revision: int
    document: str


def lines_read(state: Payable, fact: LinesRead, policy: Policy, now: datetime) -> Decision[Payable]:
    """An answer for an older revision changes nothing: a newer one is owed. Lines that differ from those taken to
    stand make a revision of their own."""
    if fact.revision != state.revision:
        return Decision(state)
    new = replace(state, lines=fact.document, lines_revision=fact.revision)
    closes: tuple[str, ...] = ()
    if state.lines_revision == fact.revision:  # checked after they were taken to stand, and they do not
        closes = (effects.key_of(state.firm, effects.Do.INVOICE, f"{state.id}/{state.revision}"),)
        new = replace(new, revision=state.revision + 1, lines_revision=state.revision + 1)
    return Decision(new, effects=(owe_invoice(new, policy, now),), names=(fact.document,), closes=closes)


def written_again(state: Payable, policy: Policy, now: datetime) -> list[Effect]:
    """The invoice with the lines that were read for this revision, or a reading of them first; nothing of a draft."""
    known = state.pot is Pot.OPERATING and not state.unapproved and state.lines_revision == state.revision
    return [owe_invoice(state, policy, now)] if known else _write_books(state, policy, now)


def next_revision(state: Payable) -> Payable:
    """With the lines as read."""
    new = replace(state, revision=state.revision + 1)
    return replace(new, lines_revision=new.revision) if _known_lines(state) else new


def afresh(state: Payable, policy: Policy, now: datetime) -> Decision[Payable]:
    """The link belongs to an earlier generation: it counts no more, and the invoice is owed in this one, with the lines
    that were read already. Of a bill that is gone the void is owed, where it stood. Where it stood is remembered:
    people may have given the invoice, or the bill, another number since."""
    stood = state.stood if state.booked is None else "" if state.booked.voided else state.booked.id
    new = replace(next_revision(state), booked=None, stood=stood, generation=policy.firm.generation)
    closes = list(invoice_steps(state))
    if state.booked:
        name = linked_payments.name(state, state.booked.id, state.generation)
        closes.append(effects.key_of(state.firm, effects.Do.TASK, name))
    stands = state.booked is not None and not state.booked.voided and not state.booked.kept
    owed = written_again(new, policy, now) if stands or not new.gone else []
    return Decision(new, effects=tuple(owed), closes=(*closes, *asked(state)))


@dataclass(frozen=True, slots=True)
class InvoiceBooked:
    """QuickBooks shows the invoice: written by us, or one that was there and is linked (``adopted``).

    ``waits``: its payments there (``unmatched``, in words) are not Clio's one to one, and a person compares them.
    ``left``: those that a person said are something else. ``revision`` 0: it is there, but not known to show what it
    should. ``customer``: whose it is there; ``matter``: of whose sub-customer that is, if any.
    """

    id: str
    realm: str
    revision: int
    total: int
    adopted: bool = False
    waits: bool = False
    voided: bool = False
    unmatched: str = ""
    generation: int = 1
    customer: str = ""
    matter: str = ""
    left: tuple[tuple[str, int], ...] = ()
    misnumbered: bool = False


def booked(state: Payable, fact: InvoiceBooked, now: datetime) -> Decision[Payable]:
    """Takes the QuickBooks invoice for this payable alone: two bills never share one.

    An answer to an older revision than the one known (a call that was repeated) changes nothing.
    """
    if fact.generation < state.generation:
        return Decision(state)
    old = state.booked
    if old is not None and old.id == fact.id and fact.revision < old.revision:
        return Decision(state)
    new = replace(
        state,
        booked=Booked(
            fact.id,
            max(fact.revision, old.revision if old else 0),
            fact.total,
            adopted=fact.adopted or bool(old and old.adopted),
            waits=fact.waits or bool(old and old.id == fact.id and old.waits),
            voided=fact.voided,
            breaks=old.breaks if old and old.id == fact.id else 0,
            customer=fact.customer or (old.customer if old and old.id == fact.id else ""),
            matter=fact.matter,
            untouched=fact.adopted,
            left=fact.left or (old.left if old and old.id == fact.id else ()),
            asked=old.asked if old and old.id == fact.id else 0,
            misnumbered=fact.misnumbered,
        ),
        generation=fact.generation,
        stood="",
    )
    ours = old is not None and old.id == fact.id and fact.generation == state.generation  # taken when it was linked
    guards = () if ours else (receipts.link_guard(fact.realm, "invoice", fact.id, state.firm, state.id),)
    owed: list[Effect] = []
    if not fact.voided and fact.total != state.asks and fact.revision == state.revision:
        owed.append(
            effects.task(
                state.firm,
                f"total/{state.id}/{state.revision}",
                f"payable/{state.id}",
                now,
                title=f"Invoice {state.number}",
                reason="QuickBooks shows another total than Clio's bill asks for.",
                remedy="Open the invoice in QuickBooks and compare its lines with the bill, then press Resync.",
                body={"clio": state.asks, "quickbooks": fact.total},
            )
        )
    if old is None and state.left and not (fact.waits or fact.voided):  # it was left out, and is there after all
        owed += staying.reposts(new, now)
    if fact.waits:
        why = f"The linked invoice has payments in QuickBooks ({fact.unmatched}) that do not match Clio's one to one."
        owed.append(linked_payments.task(state, linked_payments.name(state, fact.id, fact.generation), why, now))
    return Decision(new, effects=tuple(owed), guards=guards, closes=asked(state))


def asked(state: Payable) -> tuple[str, ...]:
    """The task about what people did to its invoice in QuickBooks: there is nothing to decide once we wrote it."""
    link = state.booked
    if link is None or link.broken is None:
        return ()
    name = effects.broken_name("invoice", state.id, link.id, link.breaks, state.generation)
    return (effects.key_of(state.firm, effects.Do.TASK, name),)
