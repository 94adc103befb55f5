"""Writes the letters: a firm's text filled in, made into a mail, kept as documents before anything is claimed."""

from __future__ import annotations

import json
from datetime import date

from chalicelib.domain.billing import BillSeen
from chalicelib.domain.dates import in_full
from chalicelib.domain.envelope import Envelope
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Json
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import Pot
from chalicelib.domain.reminders import fill
from chalicelib.domain.wanted import Letter
from chalicelib.flow import links, states
from chalicelib.flow.ports import World

REPLY = "Questions? Just reply to this e-mail."


def words_for(day: date | None, currency: str = "USD") -> str:
    """A day as people of the firm's country write it."""
    return "no date" if day is None else in_full(day, currency)


def kind_of(pot: Pot) -> str:
    return "Trust deposit" if pot is Pot.TRUST else "Invoice"


def values(policy: Policy, payable: Payable, today: date) -> dict[str, str]:
    """What a firm's text may name (domain/reminders.py FIELDS)."""
    late = (today - payable.due_on).days if payable.due_on else 0
    return {
        "client_name": payable.client_name,
        "firm_name": policy.firm.name,
        "invoice_number": payable.number,
        "amount_due": show(payable.open, payable.currency),
        "due_date": words_for(payable.due_on, payable.currency),
        "days_overdue": str(max(0, late)),
    }


def reminder(world: World, policy: Policy, payable: Payable, seen: BillSeen) -> Envelope | None:
    """The reminder that is due, stored with the reading it is based on; None when its set is gone."""
    c = payable.collection
    if c is None or c.next is None:
        return None
    chosen = policy.sets.get(c.set_id)
    if chosen is None or c.next.step >= len(chosen.steps):
        return None
    step = chosen.steps[c.next.step]
    named = values(policy, payable, policy.firm.today(world.now()))
    token = links.make(world, links.PayLink(payable.firm, payable.client_id, payable.id))
    pay = links.address(world, token)
    context: Json = {
        "firm_name": policy.firm.name,
        "paragraphs": [p for p in fill(step.body, named).split("\n\n") if p.strip()],
        "items": [_item(payable)],
        "total": show(payable.open, payable.currency),
        "pay_url": pay,
        "view_url": f"{pay}/view/{payable.id}",
        "reply_hint": REPLY,
    }
    reading = json.dumps(states.encode(seen)).encode()
    return _seal(
        world,
        policy,
        context,
        kind="reminder",
        id=f"{payable.id}-{c.round}",
        to=payable.client_email,
        subject=fill(step.subject, named),
        payables=(payable.id,),
        client_id=payable.client_id,
        reading=reading,
        balance=payable.balance,
        open_=payable.open,
        step=c.next.step,
        about=f"payable/{payable.id}",
    )


def _item(payable: Payable) -> Json:
    return {
        "what": f"{kind_of(payable.pot)} {payable.number}",
        "due": words_for(payable.due_on, payable.currency),
        "amount": show(payable.open, payable.currency),
    }


def receipt(world: World, policy: Policy, payment: Payment) -> Envelope:
    """The receipt for a settled payment: what was paid, on what, when."""
    amount = show(payment.total, payment.currency)
    on = words_for(payment.settled_on, payment.currency)
    how = "by bank debit" if payment.method == "us_bank_account" else "by card"
    thanks = f"Thank you for your payment of {amount}, received {how} on {on}."
    items: list[Json] = [
        {"what": f"{kind_of(payment.pot)} {i.number}", "due": "", "amount": show(i.cents, payment.currency)}
        for i in payment.items
    ]
    context: Json = {
        "firm_name": policy.firm.name,
        "paragraphs": [f"Dear {payment.client_name},", thanks, f"Your reference for it is {payment.code}."],
        "items": items,
        "total": amount,
        "reply_hint": REPLY,
    }
    return _seal(
        world,
        policy,
        context,
        kind="receipt",
        id=f"receipt-{payment.id}-{payment.receipts}",
        to=payment.email,
        subject=f"Receipt for your payment to {policy.firm.name}",
        payables=tuple(i.payable for i in payment.items),
        client_id=payment.client_id,
        reading=json.dumps({"payment": payment.id, "total": payment.total}).encode(),
        balance=0,
        open_=0,
        step=-1,
        about=f"payment/{payment.id}",
    )


def _seal(
    world: World,
    policy: Policy,
    context: Json,
    *,
    kind: str,
    id: str,
    to: str,
    subject: str,
    payables: tuple[str, ...],
    client_id: str,
    reading: bytes,
    balance: int,
    open_: int,
    step: int,
    about: str,
) -> Envelope:
    """Makes the mail and writes it and its reading as documents. A fresh name each time: a try that was not claimed
    leaves documents that nobody named, and they are swept."""
    firm = policy.firm
    text, html = world.mail.render(kind, context)
    tag = f"{firm.id}--{id}"
    fresh = world.secret(9)
    letter = Letter(
        sender_name=firm.name,
        reply_to=firm.reply_to,
        to=to,
        subject=subject,
        text=text,
        html=html,
        tag=tag,
        message_id=f"{tag}.{fresh}",
    )
    raw_key, reading_key = f"{firm.id}/mail/{id}/{fresh}", f"{firm.id}/reading/{id}/{fresh}"
    now = world.now()
    world.store.put_document(raw_key, world.mail.compose(letter), now=now)
    world.store.put_document(reading_key, reading, now=now)
    return Envelope(
        firm=firm.id,
        id=id,
        kind=kind,
        to=to,
        client_id=client_id,
        payables=payables,
        subject=subject,
        raw=raw_key,
        reading=reading_key,
        balance=balance,
        open=open_,
        step=step,
        claimed_at=now,
        about=about,
    )
