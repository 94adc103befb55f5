"""Mails: read the balance at its owner, claim in one commit, send once, and never blindly again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import billing, effects, envelope
from chalicelib.domain.envelope import CLAIM_LASTS, Envelope, Outcome, Post
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Ref, Status
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.planning import ADD_ADDRESS, BOUNCED, LOOKS_AGAIN, NO_ADDRESS, waits
from chalicelib.domain.reminders import sending_time
from chalicelib.errors import Conflict, Declined, Unavailable
from chalicelib.flow import letters, states
from chalicelib.flow.looking import brief, bring_in, payable_ref, read_bill
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle


def remind(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """The next reminder of a payable, if it is still due by a balance read this minute at its owner."""
    firm, id = policy.firm.id, str(effect.body["payable"])
    held = world.store.load(payable_ref(firm, id))
    payable: Payable = states.decode(Kind.PAYABLE, held.body)
    c = payable.collection
    if c and c.round == int(effect.body["round"]) and c.waits in (NO_ADDRESS, BOUNCED):
        _look_for_address(world, reach, policy, effect, held)
        return
    if c is None or c.next is None or c.round != int(effect.body["round"]):
        settle(world, [], lambda _s, _n: {}, fact="ReminderMoved", finish=[Finish(effect.key)])
        return
    now = world.now()
    opens = max(c.next.at, sending_time(now, policy.firm.zone, policy.firm.send_hour))
    if opens > now:
        world.store.postpone(effect.key, opens, cause="It waits for the firm's sending hours.")
        return
    seen = read_bill(reach, id, payable)
    read = billing.seen(payable, seen, policy, world.now())
    fresh = read.state
    due = fresh.collection and fresh.collection.next and not waits(fresh)
    wanted = letters.reminder(world, policy, fresh, seen) if due else None
    mail: list[Envelope] = []

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        if now - seen.at > envelope.READING_LASTS:
            raise Conflict("the reading grew old before the claim")  # it is read again
        again = billing.seen(before[held.ref], seen, policy, now)
        decisions: dict[Ref, Decision[Any]] = {held.ref: again}
        claimed = envelope.claim(again.state, wanted, now) if wanted else None
        mail.clear()
        if claimed and wanted:
            mine, its = claimed
            decisions[held.ref] = Decision(
                mine.state, effects=(*again.effects, *mine.effects), closes=again.closes, names=again.names
            )
            decisions[Ref(firm, Kind.ENVELOPE, wanted.id)] = its
            mail.append(its.state)
        return decisions

    loaded = {held.ref: held}
    if wanted:
        ref = Ref(firm, Kind.ENVELOPE, wanted.id)
        loaded[ref] = world.store.load(ref)
    settle(
        world,
        list(loaded),
        decide,
        fact="MailClaimed",
        body=brief(seen),
        policy=policy.version,
        finish=[Finish(effect.key)],
        held=loaded,
    )
    if mail:
        _send(world, reach, policy, mail[0])


def _look_for_address(world: World, reach: Reach, policy: Policy, effect: Effect, held: Held) -> None:
    """The reminder waits for an address: the bill is read, and with it the client's address in Clio."""
    payable: Payable = states.decode(Kind.PAYABLE, held.body)
    seen = read_bill(reach, payable.id, payable)
    now = world.now()
    c = billing.seen(payable, seen, policy, now).state.collection
    done = Finish(effect.key)
    if c and payable.collection and c.round == payable.collection.round:
        if c.waits == NO_ADDRESS:
            done = Finish(effect.key, status=Status.PARKED, reason=NO_ADDRESS, remedy=ADD_ADDRESS)
        else:
            done = Finish(effect.key, status=Status.OWED, due_at=now + LOOKS_AGAIN)
    bring_in(world, policy, held, seen, [done])


def _send(world: World, reach: Reach, policy: Policy, mail: Envelope) -> None:
    """Sends a claimed mail, or releases the claim when it took too long to get here."""
    raw = world.store.document(mail.raw)
    said = deliver(world, reach, raw, to=mail.to, tag=tag_of(mail.firm, mail.id), claimed_at=mail.claimed_at)
    if said.post is Post.SENT:
        world.count("mail_sent", kind=mail.kind)
    say(world, policy, mail, said)


def deliver(world: World, reach: Reach, raw: bytes | None, *, to: str, tag: str, claimed_at: datetime) -> Outcome:
    """Sends a mail that was claimed then, once, if that is not too long ago; gives what became of it."""
    if raw is None or world.now() > claimed_at + CLAIM_LASTS:
        return Outcome(Post.RELEASED)
    try:
        return Outcome(Post.SENT, message=reach.mail(lambda m: m.send(raw, to=to, tag=tag)))
    except Unavailable as problem:
        return Outcome(Post.UNCERTAIN if problem.maybe_done else Post.RELEASED)
    except Declined as no:
        return Outcome(Post.REFUSED, detail=no.message)


def say(world: World, policy: Policy, mail: Envelope, fact: Outcome, finish: tuple[Finish, ...] = ()) -> None:
    """What became of a mail: the envelope hears it, and the payable whose reminder it was."""
    ref = Ref(mail.firm, Kind.ENVELOPE, mail.id)
    reminder = mail.kind == "reminder"
    about = payable_ref(mail.firm, mail.payables[0]) if reminder else _payment_ref(mail)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        heard = envelope.outcome(before[ref], fact, now)
        decisions: dict[Ref, Decision[Any]] = {ref: heard}
        if reminder and heard.state != before[ref]:
            decisions[about] = envelope.after_mail(before[about], heard.state, fact, policy, now)
        elif heard.state != before[ref]:
            decisions[about] = envelope.receipt_heard(before[about], heard.state, fact, now)
        return decisions

    settle(world, [ref, about], decide, fact="MailOutcome", body=fact, policy=policy.version, finish=finish)


def _payment_ref(mail: Envelope) -> Ref:
    return Ref(mail.firm, Kind.PAYMENT, mail.about.removeprefix("payment/"))


def watch(world: World, policy: Policy, effect: Effect) -> None:
    """A claim that nobody has spoken of since is uncertain: never sent again, shown to a person."""
    mail: Envelope = states.decode(
        Kind.ENVELOPE, world.store.load(Ref(policy.firm.id, Kind.ENVELOPE, str(effect.body["envelope"]))).body
    )
    if mail.post is Post.CLAIMED:
        say(world, policy, mail, Outcome(Post.UNCERTAIN), finish=(Finish(effect.key),))
    else:
        settle(world, [], lambda _s, _n: {}, fact="MailKnown", finish=[Finish(effect.key)])


def tag_of(firm: str, id: str) -> str:
    """SES' tag alphabet is [A-Za-z0-9_-] (reference/aws.md section 7)."""
    return f"{firm}--{id}"


def envelope_of(tag: str) -> tuple[str, str]:
    """(firm, envelope id) of a tag."""
    firm, _, id = tag.partition("--")
    return firm, id


DIGEST = "digest-"  # what the id of a firm's own daily mail begins with: no envelope's does
EVENTS = {
    "send": Post.SENT,
    "delivery": Post.DELIVERED,
    "bounce": Post.BOUNCED,
    "complaint": Post.COMPLAINED,
    "reject": Post.REFUSED,
}


def event_seen(world: World, tag: str, kind: str) -> None:
    """A mail event of SES came: what it says of a claimed mail is the only word on an uncertain one."""
    post = EVENTS.get(kind.lower())
    firm, id = envelope_of(tag)
    if post is None or not id:
        return
    if id.startswith(DIGEST):
        from chalicelib.flow import digesting

        digesting.event_seen(world, firm, id.removeprefix(DIGEST), post)
        return
    mail: Envelope | None = states.decode(Kind.ENVELOPE, world.store.load(Ref(firm, Kind.ENVELOPE, id)).body)
    if mail is None:
        return  # an event can come before our own commit; the claim was committed before sending, so it is not ours
    say(world, policy_of(world, firm), mail, Outcome(post))


def receipt(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """A receipt for settled money: claimed like a reminder; it asks for nothing, so no balance is read."""
    firm, id = policy.firm.id, str(effect.body["payment"])
    ref = Ref(firm, Kind.PAYMENT, id)
    held = world.store.load(ref)
    payment: Payment = states.decode(Kind.PAYMENT, held.body)
    if payment.receipt or not payment.money or not payment.email:
        settle(world, [], lambda _s, _n: {}, fact="ReceiptKnown", finish=[Finish(effect.key)])
        return
    mail = letters.receipt(world, policy, payment)
    its = Ref(firm, Kind.ENVELOPE, mail.id)
    claimed: list[Envelope] = []

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        claimed.clear()
        claimed.append(replace(mail, claimed_at=now))
        watch_ = effects.watch_mail(firm, mail.id, mail.about, now + envelope.UNCERTAIN_AFTER)
        return {
            ref: Decision(replace(before[ref], receipt=mail.id)),
            its: Decision(claimed[0], effects=(watch_,), names=(mail.raw, mail.reading)),
        }

    settle(
        world,
        [ref, its],
        decide,
        fact="MailClaimed",
        policy=policy.version,
        finish=[Finish(effect.key)],
        held={ref: held, its: world.store.load(its)},
    )
    _send(world, reach, policy, claimed[0])
