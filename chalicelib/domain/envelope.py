"""An envelope: one e-mail to one client. Claimed before it is sent, and never sent again once claimed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain import effects
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Listing
from chalicelib.domain.payable import Payable, Sending
from chalicelib.domain.payment import Payment
from chalicelib.domain.planning import outdated, plan, waits

CLAIM_LASTS = timedelta(seconds=30)  # design section 2: who has not begun by then releases and does not send
READING_LASTS = timedelta(seconds=60)
UNCERTAIN_AFTER = timedelta(minutes=10)
TRY_AGAIN = timedelta(minutes=5)  # a mail released unsent is tried again after this


class Post(StrEnum):
    """CLAIMED may or may not have been sent; UNCERTAIN waits for the tagged event, or a person."""

    CLAIMED = "claimed"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    RELEASED = "released"
    REFUSED = "refused"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class Envelope:
    """``balance`` and ``open``: cents, from the reading kept in document ``reading``; ``raw``: the MIME document."""

    firm: str
    id: str
    kind: str  # reminder | receipt
    to: str
    client_id: str
    payables: tuple[str, ...]
    subject: str
    raw: str
    reading: str
    balance: int
    open: int
    step: int
    claimed_at: datetime
    post: Post = Post.CLAIMED
    sent_at: datetime | None = None
    message: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claimed mail. ``message``: SES' id."""

    post: Post
    message: str = ""
    detail: str = ""


def claim(payable: Payable, envelope: Envelope, now: datetime) -> tuple[Decision[Payable], Decision[Envelope]] | None:
    """Claims one reminder on a payable whose reading was just taken in; None when nothing may go out now.

    The caller commits both in one transaction, conditioned on the payable's version.
    """
    c = payable.collection
    if c is None or c.next is None or c.next.at > now or payable.sending or waits(payable):
        return None
    if c.next.step != envelope.step or payable.open != envelope.open or payable.client_email != envelope.to:
        return None
    claimed = replace(
        payable,
        sending=Sending(envelope.id, c.next.step, now),
        collection=replace(c, next=None),
    )
    watch = effects.watch_mail(envelope.firm, envelope.id, f"payable/{payable.id}", now + UNCERTAIN_AFTER)
    new = replace(envelope, claimed_at=now)
    return Decision(claimed), Decision(new, effects=(watch,), names=(envelope.raw, envelope.reading))


ORDER = (Post.CLAIMED, Post.UNCERTAIN, Post.RELEASED, Post.REFUSED, Post.SENT, Post.DELIVERED)


def moves(was: Post, said: Post) -> bool:
    """Only forward: a delivery event after "uncertain" makes it sent; a late "released" never undoes a sending."""
    if was not in ORDER:  # it came back, or was complained of: that is the last word
        return False
    return said not in ORDER or ORDER.index(said) > ORDER.index(was)


def outcome(envelope: Envelope, fact: Outcome, now: datetime) -> Decision[Envelope]:
    """Once it is known what became of it nobody watches it any more, and no doubt of it stands."""
    if not moves(envelope.post, fact.post):
        return Decision(envelope)
    sent_at = now if fact.post is Post.SENT else envelope.sent_at
    owed = (_task(envelope, fact, now),) if fact.post in TASKS else ()
    closes = (
        effects.key_of(envelope.firm, effects.Do.TASK, f"mail/{envelope.id}/{Post.UNCERTAIN}"),
        effects.key_of(envelope.firm, effects.Do.WATCH_MAIL, envelope.id),
    )
    new = replace(envelope, post=fact.post, sent_at=sent_at, message=fact.message or envelope.message)
    return Decision(new, effects=owed, closes=closes if fact.post is not Post.UNCERTAIN else ())


TASKS = {
    Post.UNCERTAIN: (
        "It is not known whether this e-mail went out.",
        "It is not sent again by itself. Ask the client or wait for the delivery notice; then press Done.",
    ),
    Post.REFUSED: ("The mail service refused this e-mail.", "Correct the client's e-mail address in Clio."),
    Post.BOUNCED: (
        "This e-mail came back as undeliverable.",
        "Correct the client's e-mail address in Clio. Reminders to this address wait until then.",
    ),
    Post.COMPLAINED: (
        "The client marked this e-mail as unwanted.",
        "Call the client. Reminders to this address wait until another address stands in Clio.",
    ),
}


def _task(envelope: Envelope, fact: Outcome, now: datetime) -> Effect:
    reason, remedy = TASKS[fact.post]
    return effects.task(
        envelope.firm,
        f"mail/{envelope.id}/{fact.post}",
        envelope.about,
        now,
        title=f"E-mail “{envelope.subject}”",
        reason=reason,
        remedy=remedy,
        body={"envelope": envelope.id},
    )


def after_mail(payable: Payable, envelope: Envelope, fact: Outcome, policy: Policy, now: datetime) -> Decision[Payable]:
    """The payable hears what became of its mail: the step counts unless the claim was released unsent."""
    c = payable.collection
    state = payable
    if state.sending and state.sending.envelope == envelope.id:
        step = state.sending.step
        state = replace(state, sending=None)
        if c and fact.post is Post.RELEASED:
            state = replace(state, collection=replace(c, not_before=now + TRY_AGAIN))
        if c and fact.post is not Post.RELEASED:
            went = fact.post in (Post.SENT, Post.DELIVERED, Post.UNCERTAIN)
            state = replace(state, collection=replace(c, last=max(c.last, step), sent=c.sent + (1 if went else 0)))
    c = state.collection
    if c and fact.post in (Post.BOUNCED, Post.COMPLAINED, Post.REFUSED):
        state = replace(state, collection=replace(c, bounced=envelope.to))
    new, owed = plan(state, policy, now)
    return Decision(new, effects=tuple(owed), closes=outdated(payable, new))


def receipt_heard(payment: Payment, envelope: Envelope, fact: Outcome, now: datetime) -> Decision[Payment]:
    """A receipt that was released unsent is owed again."""
    if fact.post is not Post.RELEASED or payment.receipt != envelope.id:
        return Decision(payment)
    new = replace(payment, receipt="", receipts=payment.receipts + 1)
    again = effects.receipt_mail(payment.firm, payment.id, new.receipts, now + TRY_AGAIN, envelope.subject)
    return Decision(new, effects=(again,))


def listing(state: Envelope) -> Listing:
    """By time, for the firm's mail list; by payable, for the timeline."""
    group = (f"{state.firm}/mails/{state.payables[0]}", f"{state.claimed_at.isoformat()}#{state.id}")
    return Listing(list=(f"{state.firm}/mails", f"{state.claimed_at.isoformat()}#{state.id}"), group=group)
