"""What happened to an invoice, told from its journal, its payments and its mails. It must not decide anything.

The words come from the change that a journal line made, not from the fact's name: a change is what a person would see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chalicelib.domain.crediting import Credit
from chalicelib.domain.dates import day
from chalicelib.domain.envelope import Envelope, Post
from chalicelib.domain.kernel import Held, Json, Line
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Phase, Source
from chalicelib.flow.ports import Store

LINES_SHOWN = 200
PAGE = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``source``: Clio, QuickBooks, Stripe, E-mail, Fee Simple or a person's name."""

    at: datetime
    source: str
    words: str
    more: str = ""
    tone: str = "plain"


def lines_of(store: Store, held: Held) -> list[Line]:
    """The newest journal lines of one aggregate, at most ``LINES_SHOWN``, oldest first."""
    after, lines = max(0, held.version - LINES_SHOWN), list[Line]()
    while len(lines) < LINES_SHOWN:
        page = store.journal(held.ref, after=after, limit=PAGE)
        lines += page
        if len(page) < PAGE:
            break
        after = page[-1].version
    return lines


def payments_in(lines: Iterable[Line]) -> list[str]:
    """Ids of payments and attempts that these lines name."""
    found: list[str] = []
    for line in lines:
        attempt = line.change.get("attempt")
        found += [attempt["payment"]] if attempt else []
        found += [s["payment"] for s in line.change.get("shares") or ()]
    return list(dict.fromkeys(found))


def tell(
    payable: Payable,
    lines: Sequence[Line],
    payments: Sequence[Payment],
    mails: Sequence[Envelope],
    credits: Sequence[Credit] = (),
) -> tuple[Event, ...]:
    """Newest first."""
    events = [*_changes(payable, lines)]
    for payment in payments:
        events += _of_payment(payable, payment)
    for mail in mails:
        events += _of_mail(payable, mail)
    for credit in credits:
        events += _of_credit(payable, credit)
    events.sort(key=lambda e: e.at)
    return tuple(events[::-1])  # of one instant too, what was told later stands first


BY = {"client": "Client", "system": ""}


# --- the payable's own journal ----------------------------------------------------------------------------------------


def _changes(payable: Payable, lines: Sequence[Line]) -> list[Event]:
    events: list[Event] = []
    before: Json = {}
    whole = bool(lines) and lines[0].version == 1
    for line in lines:
        if not before and line.version == 1:
            events.append(_first(payable, line))
        elif whole or before:
            for source, words, more in _moved(payable, before, line.change):
                events.append(Event(line.at, BY.get(line.by, line.by) or source, words, more))
        before = {**before, **line.change}
    return events


def _first(payable: Payable, line: Line) -> Event:
    total = show(line.change.get("asks", payable.asks), payable.currency)
    open_ = show(line.change.get("balance", payable.balance), payable.currency)
    what = "Trust request" if payable.pot == "trust" else "Bill"
    return Event(line.at, "Clio", f"{what} {payable.number} came in over {total}", f"{open_} outstanding in Clio.")


def _moved(p: Payable, before: Json, change: Json) -> list[tuple[str, str, str]]:
    """(source, words, more) for each field that moved and that a person would want to know of."""
    told: list[tuple[str, str, str]] = []

    def cents(amount: int) -> str:
        return show(amount, p.currency)

    if "bill_state" in change and change["bill_state"] != before.get("bill_state"):
        told.append(("Clio", f"The bill is now {change['bill_state'].replace('_', ' ')} in Clio", ""))
    if "asks" in change and change["asks"] != before.get("asks"):
        told.append(
            ("Clio", f"The bill's amount changed from {cents(before.get('asks', 0))} to {cents(change['asks'])}", "")
        )
    elif "balance" in change and change["balance"] != before.get("balance"):
        was = cents(before.get("balance", 0))
        told.append(("Clio", f"Clio's balance changed from {was} to {cents(change['balance'])}", ""))
    if "pending" in change and change["pending"] and not before.get("pending"):
        told.append(("Clio", f"Clio shows {cents(change['pending'])} on its way", "Reminders wait."))
    if "due_on" in change and change["due_on"] != before.get("due_on"):
        due = day(date.fromisoformat(change["due_on"]), p.currency) if change["due_on"] else "none"
        told.append(("Clio", f"Due date changed to {due}", ""))
    if "client_email" in change and change["client_email"] != before.get("client_email"):
        told.append(("Clio", f"The client's e-mail address is now {change['client_email'] or 'missing'}", ""))
    told += _booked_moved(before.get("booked"), change["booked"], cents) if "booked" in change else []
    told += _receipts_moved(before.get("receipts") or [], change["receipts"], cents) if "receipts" in change else []
    told += _collection_moved(before.get("collection"), change["collection"]) if "collection" in change else []
    if "hold" in change and change["hold"] != before.get("hold", ""):
        told.append(("Fee Simple", "Put on hold" if change["hold"] else "No longer on hold", change["hold"]))
    return told


def _booked_moved(old: Any, new: Any, cents: Any) -> list[tuple[str, str, str]]:
    if not new:
        return [("QuickBooks", "No longer linked to a QuickBooks invoice", "")] if old else []
    if not old:
        how = "Linked to the QuickBooks invoice that was there" if new.get("adopted") else "Sent to QuickBooks"
        return [("QuickBooks", f"{how}, over {cents(new['total'])}", f"QuickBooks' id is {new['id']}.")]
    if new.get("voided") and not old.get("voided"):
        return [("QuickBooks", "Voided in QuickBooks", "")]
    if new.get("kept") and not old.get("kept"):
        return [("QuickBooks", "The invoice is kept in QuickBooks, as somebody decided", "")]
    if old.get("waits") and not new.get("waits"):
        return [("Fee Simple", "The payments on the QuickBooks invoice are compared with Clio's", "")]
    if new.get("asked", 0) != old.get("asked", 0):
        return [("Fee Simple", "What was said of the payments on the QuickBooks invoice was taken back", "")]
    if new["revision"] != old["revision"]:
        return [("QuickBooks", f"Brought up to date in QuickBooks, over {cents(new['total'])}", "")]
    return []


STANDINGS = {
    "new": ("Clio shows a payment of {}", "It waits until the payment under way is over."),
    "asked": ("Clio shows a payment of {} that may be one of ours", "Nothing is posted until somebody decides."),
    "matched": ("The payment of {} recorded in Clio is matched to ours", ""),
    "own": ("Clio shows a payment of {} recorded by staff", ""),
    "other": ("Clio shows a credit or trust deposit of {}", ""),
}


def _receipts_moved(old: list[Any], new: list[Any], cents: Any) -> list[tuple[str, str, str]]:
    was = {r["id"]: r for r in old}
    told = []
    for r in new:
        if r["id"] not in was or was[r["id"]]["standing"] != r["standing"]:
            words, more = STANDINGS.get(r["standing"], ("Clio shows {}", ""))
            words = "Clio shows a credit note of {}" if r.get("kind") == "credit" else words
            told.append(("Clio", words.format(cents(r["cents"])), more))
    gone = [r for r in old if r["id"] not in {n["id"] for n in new}]
    for r in gone:
        what = "credit note" if r.get("kind") == "credit" else "payment"
        told.append(("Clio", f"Clio no longer shows a {what} of {cents(r['cents'])}", ""))
    return told


def _collection_moved(old: Any, new: Any) -> list[tuple[str, str, str]]:
    if new and (not old or old.get("set_id") != new["set_id"]):
        return [("Fee Simple", "Reminders started", "")]
    if old and not new:
        return [("Fee Simple", "Reminders stopped", "")]
    if new and old and new.get("waits") != old.get("waits"):
        words = "Reminders wait" if new.get("waits") else "Reminders go on"
        return [("Fee Simple", words, new.get("waits", ""))]
    return []


# --- payments and mails -----------------------------------------------------------------------------------------------


def _of_payment(payable: Payable, x: Payment) -> list[Event]:
    part = next((i for i in x.items if i.payable == payable.id), None)
    amount = show(part.cents if part else x.total, x.currency)
    if part and part.cents != x.total:
        amount += f" (part of {show(x.total, x.currency)})"
    if x.source is Source.CLIO:
        return []  # the payable's own lines tell it
    method = {"card": "by card", "us_bank_account": "by bank debit"}.get(x.method, "")
    events = [Event(x.created_at, "Stripe", f"The client began to pay {amount}")]
    match x.phase:
        case Phase.SETTLED:
            fee = "" if x.fee is None else f" Stripe's fee: {show(x.fee, x.currency)}."
            words = f"Payment {x.code} of {amount} received {method}".strip()
            events.append(Event(x.settled_at or x.created_at, "Stripe", words, fee.strip(), "good"))
        case Phase.ON_ITS_WAY:
            events = [
                Event(x.created_at, "Stripe", f"Bank debit of {amount} is on its way", "Reminders wait.", "moving")
            ]
        case Phase.FAILED:
            events = [Event(x.created_at, "Stripe", f"Payment of {amount} failed", x.failure, "bad")]
        case Phase.EXPIRED:
            events = [Event(x.created_at, "Stripe", f"The client opened the payment page for {amount} and left it")]
        case _:
            pass
    if x.back and x.settled_at:
        gone = f"Refunded: {show(x.returned, x.currency)}; lost in disputes: {show(x.lost, x.currency)}."
        events.append(Event(x.settled_at, "Stripe", f"Money of payment {x.code} went back to the client", gone, "bad"))
    return events


def _of_credit(payable: Payable, c: Credit) -> list[Event]:
    if c.memo is None:
        return []
    amount = show(c.on_payable(payable.id), c.currency)
    more = "It is taken off the invoice by a payment of nothing." if c.current else "It is not applied there yet."
    if c.left_alone:
        more = "You accepted that it is not there any more." if c.lost else "You left it as it is there."
    return [Event(c.memo.made_at, "QuickBooks", f"Credit {c.number} of {amount} entered in QuickBooks", more)]


POSTS = {
    Post.CLAIMED: ("is being sent", "plain"),
    Post.SENT: ("was sent", "plain"),
    Post.DELIVERED: ("was delivered", "good"),
    Post.UNCERTAIN: ("may or may not have gone out", "bad"),
    Post.RELEASED: ("was held back", "gone"),
    Post.REFUSED: ("was refused by the mail service", "bad"),
    Post.BOUNCED: ("came back as undeliverable", "bad"),
    Post.COMPLAINED: ("was marked as unwanted by the client", "bad"),
}


def _of_mail(payable: Payable, mail: Envelope) -> list[Event]:
    became, tone = POSTS[mail.post]
    name = "Receipt" if mail.kind == "receipt" else "Reminder"
    more = ""
    if mail.kind != "receipt":
        more = (
            f"Balance read in Clio just before: {show(mail.balance, payable.currency)}; "
            f"asked for: {show(mail.open, payable.currency)}."
        )
    words = f"{name} “{mail.subject}” to {mail.to} {became}"
    return [Event(mail.sent_at or mail.claimed_at, "E-mail", words, more, tone)]
