"""Taking money: the attempt that locks its payables, what Stripe shows of it, and what that means for each payable.

One decision covers the payment and the up to 10 payables that it locks: they change in one commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain import effects, paylinks, receipts, surplus
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Neighbour
from chalicelib.domain.money import show
from chalicelib.domain.payable import Active, Payable, Share, blocked
from chalicelib.domain.payment import DECIDED, UNDER_WAY, Item, Payment, Phase, Source
from chalicelib.domain.planning import outdated, plan
from chalicelib.domain.posting import asked
from chalicelib.domain.readings import Pot, SessionReading
from chalicelib.errors import Refused

PAYABLES_AT_MOST = 10
SMALLEST_CENTS = 50  # Stripe's card minimum (reference/stripe.md section 6)
SESSION_LASTS = timedelta(minutes=45)  # Stripe allows 30 minutes to 24 hours
ON_ITS_WAY_LOOKS = timedelta(hours=12)  # a bank debit takes days; its events tell earlier (reference/stripe.md)
NOTICE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Together:
    """One decision over a payment and its payables, by payable id."""

    payment: Decision[Payment]
    payables: Mapping[str, Decision[Payable]]


@dataclass(frozen=True, slots=True)
class AttemptAsked:
    """A client pressed Pay. ``shown``: the open amounts that the page showed, by payable id, in cents."""

    payment: str
    code: str
    account: str
    link: str
    shown: tuple[tuple[str, int], ...]


def begin(payables: Sequence[Payable], fact: AttemptAsked, policy: Policy, now: datetime) -> Together:
    """Locks every payable for one attempt over its open amount at this moment.

    Raises Refused when an amount moved since the page was shown, something is under way, or pots would mix.
    """
    if not 1 <= len(payables) <= PAYABLES_AT_MOST:
        raise Refused(f"Choose between one and {PAYABLES_AT_MOST} invoices to pay together.")
    if len({(p.pot, p.currency, p.client_id) for p in payables}) != 1:
        raise Refused("These cannot be paid together. Pay them one after the other.")
    shown = dict(fact.shown)
    for p in payables:
        _may_begin(p, shown.get(p.id))
    first = payables[0]
    items = tuple(Item(p.id, p.number, p.open) for p in payables)
    total = sum(i.cents for i in items)
    if total < SMALLEST_CENTS:
        raise Refused(f"Amounts under {show(SMALLEST_CENTS, first.currency)} cannot be paid by link.")
    payment = Payment(
        firm=first.firm,
        id=fact.payment,
        source=Source.STRIPE,
        pot=first.pot,
        currency=first.currency,
        client_id=first.client_id,
        client_name=first.client_name,
        email=first.client_email,
        items=items,
        total=total,
        phase=Phase.CREATING,
        created_at=now,
        code=fact.code,
        account=fact.account,
        link=fact.link,
        generation=policy.firm.generation,
        expires_at=now + SESSION_LASTS,
    )
    owed = effects.open_session(first.firm, fact.account, fact.payment, 1, now + NOTICE)
    decisions = {}
    for p in payables:
        locked, _ = plan(replace(p, attempt=Active(fact.payment, p.open, fact.account)), policy, now)  # no mail now
        decisions[p.id] = Decision(locked, closes=outdated(p, locked))
    return Together(Decision(payment, effects=(owed,)), decisions)


def _may_begin(p: Payable, shown: int | None) -> None:
    if reason := blocked(p):
        raise Refused(f"{p.number} cannot be paid right now: {reason}")
    if p.attempt:
        raise Refused(f"{p.number} is being paid in another window.")
    if p.open != shown:
        raise Refused(f"The amount of {p.number} has changed. Please look at the new amount and press Pay again.")


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """Stripe made the Checkout Session (or we found it after a lost answer)."""

    session: str
    url: str
    expires_at: datetime


def opened(payment: Payment, payables: Sequence[Payable], fact: SessionOpened, now: datetime) -> Together:
    """An attempt that is over meanwhile has its session expired instead of offered."""
    if payment.phase is not Phase.CREATING:
        expire = effects.expire_session(payment.firm, payment.account, payment.id, fact.session, now)
        known = payment.session == fact.session
        return Together(Decision(payment, effects=() if known else (expire,)), {})
    new = replace(payment, phase=Phase.OPEN, session=fact.session, url=fact.url, expires_at=fact.expires_at)
    look = effects.look_session(
        payment.firm, payment.account, fact.session, payment.id, fact.expires_at + timedelta(minutes=1)
    )
    decisions = {}
    for p in payables:
        if p.attempt and p.attempt.payment == payment.id:
            locked = replace(p, attempt=replace(p.attempt, session=fact.session))
            _, stale = receipts.expire_stale_attempt(locked, now)  # less may be open than when the client pressed Pay
            decisions[p.id] = Decision(locked, effects=tuple(stale))
    return Together(Decision(new, effects=(look,)), decisions)


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """Stripe will never make this session: refused, or known not to exist."""

    why: str


def failed(
    payment: Payment, payables: Sequence[Payable], fact: AttemptFailed, policy: Policy, now: datetime
) -> Together:
    if payment.phase not in UNDER_WAY:
        return Together(Decision(payment), {})
    new = replace(payment, phase=Phase.FAILED, failure=fact.why)
    return Together(Decision(new), _released(payment, payables, policy, now))


def shown(
    payment: Payment, payables: Sequence[Payable], seen: SessionReading, policy: Policy, now: datetime
) -> Together:
    """What Stripe shows of the session decides. Only ever forward: a snapshot that says less changes nothing."""
    if payment.phase is Phase.CREATING:
        together = opened(payment, payables, SessionOpened(seen.id, seen.url, seen.expires_at), now)
        if seen.status == "open":
            return together
        payment = together.payment.state
    if payment.money:
        return _after_settlement(payment, payables, seen, policy, now)
    if seen.paid:
        return _settle(payment, payables, seen, policy, now)
    if seen.status == "expired" and payment.phase in UNDER_WAY:
        new = replace(payment, phase=Phase.EXPIRED)
        return Together(Decision(new), _released(payment, payables, policy, now))
    if seen.status == "complete" and payment.phase in UNDER_WAY:
        return _on_its_way(payment, payables, seen, policy, now)
    return Together(Decision(payment), {})


DEBIT_FAILED = ("requires_payment_method", "canceled")


def _on_its_way(
    payment: Payment, payables: Sequence[Payable], seen: SessionReading, policy: Policy, now: datetime
) -> Together:
    """complete + unpaid: a bank debit. Not money yet; reminders wait; a failed one opens everything again."""
    if seen.intent_status in DEBIT_FAILED:
        new = replace(
            payment, phase=Phase.FAILED, method=seen.method, failure=seen.failure or "The bank refused the debit."
        )
        return Together(Decision(new), _released(payment, payables, policy, now))
    if payment.phase is Phase.ON_ITS_WAY:
        return Together(Decision(payment), {})
    new = replace(
        payment, phase=Phase.ON_ITS_WAY, intent=seen.intent, charge=seen.charge, method=seen.method or "us_bank_account"
    )
    decisions = {}
    for p in payables:
        if p.attempt and p.attempt.payment == payment.id:
            waiting, _ = plan(replace(p, attempt=replace(p.attempt, on_its_way=True)), policy, now)
            decisions[p.id] = Decision(waiting, closes=outdated(p, waiting))
    return Together(Decision(new), decisions)


def next_look(payment: Payment, now: datetime) -> datetime | None:
    """When an attempt must be looked at again though no event comes: every attempt ends. None when it is over."""
    match payment.phase:
        case Phase.CREATING:
            return now + timedelta(minutes=1)
        case Phase.OPEN:
            return max(now + timedelta(minutes=5), (payment.expires_at or now) + timedelta(minutes=1))
        case Phase.ON_ITS_WAY:
            return now + ON_ITS_WAY_LOOKS
        case _:
            return None


def _released(
    payment: Payment, payables: Sequence[Payable], policy: Policy, now: datetime
) -> dict[str, Decision[Payable]]:
    decisions = {}
    for p in payables:
        if p.attempt and p.attempt.payment == payment.id:
            free, sorted_ = receipts.sort(replace(p, attempt=None), policy, now)
            free, more = plan(free, policy, now)
            free, told, closed = surplus.told(free, now)
            free, links = paylinks.reopened(free, policy, now)
            owed = (*sorted_, *more, *told, *links)
            decisions[p.id] = Decision(free, effects=owed, closes=(*closed, *outdated(p, free)))
    return decisions


def _settle(
    payment: Payment, payables: Sequence[Payable], seen: SessionReading, policy: Policy, now: datetime
) -> Together:
    """It is money: each payable counts it, it is posted, a receipt goes out, and staff are told to record it."""
    at = seen.captured_at or now
    on = policy.firm.today(at)
    new = replace(
        payment,
        phase=Phase.SETTLED,
        intent=seen.intent,
        charge=seen.charge,
        method=seen.method or payment.method or "card",
        settled_at=at,
        settled_on=on,
        session=seen.id,
        failure="",
    )
    owed: list[Effect] = []
    if new.email:
        title = f"Receipt for {show(new.total, new.currency)}"
        owed.append(effects.receipt_mail(new.firm, new.id, new.receipts, now, title))
    decisions = {}
    cents = {i.payable: i.cents for i in payment.items}
    for p in payables:
        share = Share(payment.id, cents[p.id], payment.code, on)
        attempt = None if p.attempt and p.attempt.payment == payment.id else p.attempt
        paid = replace(p, attempt=attempt, shares=(*(s for s in p.shares if s.payment != payment.id), share))
        paid, sorted_ = receipts.sort(paid, policy, now)
        paid, stale = receipts.expire_stale_attempt(paid, now)
        paid, more = plan(paid, policy, now)
        paid, told, closed = surplus.told(paid, now)
        owed_here = sorted_ + stale + more + told
        if policy.firm.mark_paid and may_mark_paid(paid, share):
            lane = policy.lanes.of(Neighbour.CLIO)
            owed_here.append(effects.mark_paid(p.firm, lane, payment.id, p.id, now))
        decisions[p.id] = Decision(paid, effects=tuple(owed_here), closes=(*closed, *outdated(p, paid)))
    posted, posting = post(new, policy, now)
    after = _after_settlement(posted, [d.state for d in decisions.values()], seen, policy, now)
    return Together(
        Decision(
            after.payment.state,
            effects=(*owed, *posting, *after.payment.effects),
            closes=after.payment.closes,
        ),
        {
            k: Decision(
                after.payables[k].state if k in after.payables else d.state,
                effects=(*d.effects, *(after.payables[k].effects if k in after.payables else ())),
                closes=(*d.closes, *(after.payables[k].closes if k in after.payables else ())),
            )
            for k, d in decisions.items()
        },
    )


def may_mark_paid(p: Payable, share: Share) -> bool:
    """Our state change at Clio is only for a payment of the whole balance, and only where the bill offers it. Never on
    a trust request: that is done by a transaction on the trust account."""
    return p.pot is Pot.OPERATING and p.balance == share.cents and "paid" in p.transitions and not p.pending


def post(payment: Payment, policy: Policy, now: datetime) -> tuple[Payment, list[Effect]]:
    """QuickBooks should show this payment as it is now. Trust money is no income and is not posted as a payment."""
    if payment.pot is Pot.TRUST:
        return payment, []
    new = replace(payment, wanted=payment.wanted + 1)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    payables = tuple(i.payable for i in new.items)
    title = f"Payment of {show(new.total, new.currency)} from {new.client_name}"
    return new, [effects.posting(new.firm, lane, new.id, payables, new.wanted, new.settled_on, now, title)]


def afresh(payment: Payment, policy: Policy, now: datetime) -> Decision[Payment]:
    """The link belongs to an earlier generation: it counts no more, and money that should stand is posted in this
    one. Of money that is gone the removal is owed, where it stood."""
    posted = payment.posted
    stood = payment.stood if posted is None else () if posted.voided else posted.ids
    new = replace(payment, posted=None, stood=stood, begun=0, left_on=(), generation=policy.firm.generation)
    as_wanted = payment.wanted in (payment.begun if posted is None else posted.revision, posted and posted.adding)
    older = effects.key_of(payment.firm, effects.Do.POSTING, f"{payment.id}/{payment.wanted}")
    closes = (*((older,) if payment.wanted else ()), *asked(payment))
    if not payment.wanted or not (payment.money or stood):
        return Decision(new, closes=closes)
    wanted, owed = post(new, policy, now)
    wanted = replace(wanted, begun=wanted.wanted if as_wanted else 0)
    return Decision(wanted, effects=tuple(owed), closes=closes)


def _after_settlement(
    payment: Payment, payables: Sequence[Payable], seen: SessionReading, policy: Policy, now: datetime
) -> Together:
    """Refunds, disputes and late returns: what went back is taken off each payable, and a person is told."""
    returned = sum(f.cents for f in seen.refunds if f.status in ("succeeded", "pending", "requires_action"))
    lost = sum(d.cents for d in seen.disputes if d.withdrawn)
    disputes = sorted((d.status for d in seen.disputes), key=lambda status: status in DECIDED)
    new = replace(
        payment,
        fee=seen.fee if seen.fee is not None else payment.fee,
        available_at=seen.available_at or payment.available_at,
        returned=returned,
        lost=lost,
        dispute=disputes[0] if disputes else "",
    )
    if new.back == payment.back and new.dispute == payment.dispute:
        return Together(Decision(new), {})
    items = _taken_back(new.items, min(new.back, new.total))
    new = replace(new, items=items, reversals=payment.reversals + 1)
    decisions = {}
    for p in payables:
        item = next(i for i in new.items if i.payable == p.id)
        decisions[p.id] = _reversed(p, new, item, policy, now)
    closes = (effects.key_of(new.firm, effects.Do.TASK, reversal_name(payment)),)
    return Together(Decision(new, effects=(_reversal_task(new, payment, now),), closes=closes), decisions)


def _taken_back(items: tuple[Item, ...], cents: int) -> tuple[Item, ...]:
    """Money that went back is taken off in the opposite order of application (reference/stripe.md section 9)."""
    left = cents
    changed = []
    for item in reversed(items):
        part = min(left, item.cents)
        left -= part
        changed.append(replace(item, back=part))
    return tuple(reversed(changed))


def _reversed(p: Payable, payment: Payment, item: Item, policy: Policy, now: datetime) -> Decision[Payable]:
    """The payable is open again at once, or held until Clio no longer shows the payment; while a dispute is undecided
    its client is asked for nothing. Money that came back to the firm (a dispute won, a refund that failed) counts
    again, though its share was gone."""
    shares = tuple(replace(s, cents=item.net, back=item.back) if s.payment == payment.id else s for s in p.shares)
    if p.share_of(payment.id) is None:
        on = payment.settled_on or policy.firm.today(now)
        shares = (*shares, Share(payment.id, item.net, payment.code, on, back=item.back))
    disputed = (*(x for x in p.disputed if x != payment.id), *((payment.id,) if payment.in_dispute else ()))
    state = receipts.put_away(replace(p, shares=shares, disputed=disputed))
    owed: list[Effect] = []
    if not state.hold and any(s.overstated for s in state.shares):
        state, owed = receipts.hold_until_removed(state, payment.id, payment.code, item.back, now)
    else:
        state = receipts.lift_hold(state)
    new, more = plan(state, policy, now)
    new, told, closed = surplus.told(new, now)
    new, links = paylinks.reopened(new, policy, now)
    return Decision(new, effects=(*owed, *more, *told, *links), closes=(*receipts.settled(p, new), *closed))


def reversal_name(payment: Payment) -> str:
    """The name of the latest task about money that went back or came again."""
    return f"reversal/{payment.id}/{payment.reversals}"


def _reversal_task(new: Payment, old: Payment, now: datetime) -> Effect:
    amount = show(new.back - old.back, new.currency)
    what = "was disputed" if new.dispute != old.dispute else "went back to the client"
    return effects.task(
        new.firm,
        reversal_name(new),
        f"payment/{new.id}",
        now,
        title=f"Payment {new.code}: {amount if new.back != old.back else show(new.total, new.currency)} {what}",
        reason=f"Stripe shows refunds of {show(new.returned, new.currency)} and losses of "
        f"{show(new.lost, new.currency)} on this payment of {show(new.total, new.currency)}.",
        remedy="Correct the payment in QuickBooks, and in Clio if it is recorded there; then press Done.",
        body={"payment": new.id},
    )
