"""The first sync's rows of money: payments, credit notes and transactions of trust money, and what becomes of each.

Pure. What a bill's row means for what falls on the bill is told first; a row of money is what that comes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

from chalicelib.domain import comparing, posting, trust, trust_comparing
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Firm
from chalicelib.domain.first import CLIENT_WAITS, Fate, Row
from chalicelib.domain.first_waits import closed_words
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Source
from chalicelib.domain.readings import Pot
from chalicelib.domain.trust import Entry
from chalicelib.domain.trust_readings import JournalReading

NAMED = 5  # bills in one row; the others are counted


class Met(StrEnum):
    """LINKED: it stands on the invoice that its bill is linked to. ASKED: its bill is still to be answered. LEFT: its
    bill waits until the number is free. HELD: its bill waits for its client or matter. DIFFERS: the payments on its
    invoice are still to be compared."""

    LINKED = "linked"
    ASKED = "asked"
    LEFT = "left"
    HELD = "held"
    DIFFERS = "differs"


STANDS = "It stands in QuickBooks from before"
USED = "QuickBooks has {} already, which we did not write: give that one another number"
WAITS = {
    Met.ASKED: "Bill {} is still to be answered",
    Met.LEFT: "It waits with bill {} until the number is free",
    Met.HELD: "It waits with bill {}",
    Met.DIFFERS: "The payments on invoice {} are still to be compared",
}


def met(row: Row, p: Payable) -> dict[str, Met]:
    """By payment or credit (as ``credit_key``) on the bill, what its row means for it; what is simply posted is left
    out."""
    here = comparing.touching(p) | {credit_key(id) for id in comparing.crediting_ids(p)}
    if row.needs:
        return dict.fromkeys(sorted(here), Met.ASKED)
    if row.fate is Fate.WAIT:
        return dict.fromkeys(sorted(here), Met.HELD if row.waits else Met.LEFT)
    if row.unmatched:
        return dict.fromkeys(sorted(here), Met.DIFFERS)
    return dict.fromkeys(row.paired, Met.LINKED)


def credit_key(id: str) -> str:
    return f"credit-{id}"


def payment_row(x: Payment, known: Mapping[str, Met]) -> Row | None:
    """``known``: by the number of a bill that it pays. None where it is not posted at all, or stands there already."""
    if not (x.money and x.pot is Pot.OPERATING and x.wanted) or x.posted is not None:
        return None
    title = "Paid online" if x.source is Source.STRIPE else "Recorded in Clio"
    fate, why = _becomes(known)
    about = bills([i.number for i in x.items])
    return Row(x.id, title, x.client_name, fate, x.total, why=why, on=x.settled_on, about=about)


def credit_row(c: Credit, known: Mapping[str, Met]) -> Row | None:
    """As a payment's."""
    if c.gone or c.memo is not None:
        return None
    fate, why = _becomes(known)
    about = bills([p.number for p in c.parts])
    return Row(c.id, f"Credit note {c.number}", c.client_name, fate, c.cents, why=why, on=c.on, about=about)


def entry_row(e: Entry, firm: Firm) -> Row | None:
    """None where QuickBooks is not to show it, or shows it already."""
    asked = not e.begun and trust.waits(e, firm) == "word"
    if not e.stands or (e.written and not asked):
        return None
    m = e.move
    title = "Into trust" if m.cents > 0 else "Out of trust"
    why = f"Clio calls it “{m.word}”: say under Needs attention whether it is written" if asked else ""
    fate = Fate.WAIT if asked else Fate.CREATE
    about = bills([m.bill_number] if m.bill_number else []) or m.matter
    whose = m.client_name or "The firm's own money"
    return Row(e.id, title, whose, fate, abs(m.cents), there=f"Journal entry {e.number}", why=why, on=m.on, about=about)


def credit_there(row: Row, c: Credit, memos: Sequence[MemoReading], used: str = "") -> Row:
    """What would be made, beside QuickBooks' ``memos`` of its number, or ours of an earlier generation of links.
    ``used``: what else has its number there, in words."""
    mark = posting.marker(c.firm, "credit", c.id)
    if row.fate is not Fate.CREATE:
        return row
    mine = next((m for m in memos if posting.bears(m.note, mark) and (m.number == c.number or m.id == c.stood)), None)
    if mine:
        why = STANDS if mine.total == c.cents else f"{STANDS}, and gets Clio's figures"
        return replace(row, fate=Fate.LINK, why=why)
    taken = f"a credit memo numbered {c.number}" if any(m.number == c.number for m in memos) else ""
    taken = taken or (f"{used} numbered {c.number}" if used else "")
    return replace(row, fate=Fate.WAIT, why=USED.format(taken)) if taken else row


def entry_there(row: Row, e: Entry, journals: Sequence[JournalReading]) -> Row:
    """As a credit's."""
    if row.fate is not Fate.CREATE:
        return row
    may = [j for j in journals if j.number == e.number or j.id == e.stood]
    if any(trust_comparing.is_ours(e, j) for j in may):
        return replace(row, fate=Fate.LINK, why=STANDS)
    taken = any(j.number == e.number for j in may)
    return replace(row, fate=Fate.WAIT, why=USED.format(f"a journal entry numbered {e.number}")) if taken else row


def in_time(row: Row | None, closed: date | None, currency: str) -> Row | None:
    """Nothing is booked on a day that is ``closed``, or before it. ``currency``: the firm's."""
    if row is None or row.fate is not Fate.CREATE or not (closed and row.on and row.on <= closed):
        return row
    return replace(row, fate=Fate.WAIT, why=closed_words(closed, currency))


def of_client(row: Row | None, *, waits: bool) -> Row | None:
    """Nothing is booked on a client who ``waits`` for a name."""
    if row is None or not waits or row.fate is not Fate.CREATE:
        return row
    return replace(row, fate=Fate.WAIT, why=CLIENT_WAITS)


def _becomes(known: Mapping[str, Met]) -> tuple[Fate, str]:
    for number, what in known.items():
        if what is not Met.LINKED:
            return Fate.WAIT, WAITS[what].format(number)
    return (Fate.LINK, "It stands on the linked invoice") if known else (Fate.CREATE, "")


def bills(numbers: Sequence[str]) -> str:
    """Few of them by their numbers, and how many more."""
    if not numbers:
        return ""
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return f"{'Bill' if len(numbers) == 1 else 'Bills'} {', '.join(numbers[:NAMED])}{more}"
