"""Receipts that Clio shows on a bill, and which of them are payments of ours. Never guessed.

A receipt is ours by itself only where a payment's code is seen in its text, or where it is what our own state change
made; otherwise, while a payment of ours is not shown in full, a person is asked and nothing is posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from chalicelib.domain import dates, effects, paylinks, surplus
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Guard, Neighbour
from chalicelib.domain.money import show
from chalicelib.domain.payable import Known, Payable, Returned, Share, Standing
from chalicelib.domain.planning import outdated, plan
from chalicelib.domain.readings import BillReading, Receipt
from chalicelib.errors import Refused


def match_task(firm: str, payable: str, known: Known) -> str:
    return effects.key_of(firm, Do.TASK, f"match/{payable}/{known.id}/{known.asked}")


REMOVE_IN_CLIO = "The client's money went back, and Clio still shows the payment: remove it in Clio."


def removal_task(firm: str, payable: str, seq: int) -> str:
    return effects.key_of(firm, Do.TASK, f"remove/{payable}/{seq}")


def link_guard(realm: str, entity: str, id: str, firm: str, ours: str) -> Guard:
    """One QuickBooks thing is linked to one thing of ours."""
    return Guard(link_key(realm, entity, id), f"{firm}/{ours}")


def link_key(book: str, entity: str, id: str) -> str:
    """Under which the link of a QuickBooks thing is kept."""
    return f"quickbooks/{book}/{entity}/{id}"


def read(state: Payable, shown: tuple[Receipt, ...], policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """Takes over the receipts that Clio shows now: drops those gone, sorts those new. An amount below zero is no
    payment: the sum of them is kept, and the comparison names it."""
    valid = {r.id: r for r in shown if not r.voided and r.cents > 0}
    back = -sum(r.cents for r in shown if not r.voided and r.cents < 0 and r.kind == "payment")
    before, state = state.shares, replace(state, taken_back=back)
    owed: list[Effect] = []
    kept: list[Known] = []
    for known in state.receipts:
        r = valid.get(known.id)
        if r is not None and (r.cents, r.on, r.group) == (known.cents, known.on, known.group):
            kept.append(replace(known, text=r.text or known.text, loose=r.loose))
            continue
        state = _forget(state, known.id)
        if known.standing is Standing.OWN and known.group:
            left = f"clio-{known.group}"
            state = replace(state, leaving=(*(x for x in state.leaving if x != left), left))
            state, look = _group(state, known, policy, now)
            owed.append(look)
        elif known.kind == "credit" and known.group:
            left = f"credit-{known.group}"
            state = replace(state, leaving=(*(x for x in state.leaving if x != left), left))
            state, look = _credit(state, known, policy, now)
            owed.append(look)
    known_ids = {k.id for k in kept}
    new = tuple(
        Known(r.id, r.cents, r.on, r.group, r.kind, r.text, Standing.NEW, loose=r.loose)
        for r in valid.values()
        if r.id not in known_ids
    )
    state, more = _sorted(put_away(replace(state, receipts=(*kept, *new))), policy, now)
    state, told = tell_payments(state, before, now)
    return lift_hold(state), owed + more + told


def explain(bill: BillReading, shown: Iterable[Receipt]) -> bool:
    """Whether the bill's balance counts these receipts and no others, by its own figures (reference/clio.md 3.1)."""
    return sum(r.cents for r in shown if not r.voided) == bill.asks - bill.balance


def _forget(state: Payable, receipt: str) -> Payable:
    """A receipt vanished: no share is shown by it any more."""
    shares = tuple(replace(s, shown=tuple(x for x in s.shown if x[0] != receipt)) for s in state.shares)
    return replace(state, shares=shares)


def tell_payments(state: Payable, before: tuple[Share, ...], now: datetime) -> tuple[Payable, list[Effect]]:
    """Every payment whose standing in Clio changed, or that is here anew, hears of it; also one that is put away."""
    old, new = ({s.payment: (s.shown, s.patched) for s in shares} for shares in (before, state.shares))
    owed: list[Effect] = []
    for payment in {**new, **old}:
        if old.get(payment) != new.get(payment, ((), False)):
            state = replace(state, seq=state.seq + 1)
            owed.append(effects.item_matched(state.firm, payment, state.id, state.seq, now))
    return state, owed


def _group(state: Payable, known: Known, policy: Policy, now: datetime) -> tuple[Payable, Effect]:
    """The payment that this receipt is part of must be looked at whole: it may cover other bills too."""
    state = replace(state, seq=state.seq + 1)
    effect = effects.look_group(state.firm, policy.lanes.of(Neighbour.CLIO), known.group, now)
    return state, replace(effect, key=f"{effect.key}/{state.id}/{state.seq}")


def _credit(state: Payable, known: Known, policy: Policy, now: datetime) -> tuple[Payable, Effect]:
    """The credit memo that this receipt is part of must be looked at."""
    state = replace(state, seq=state.seq + 1)
    effect = effects.look_credit(state.firm, policy.lanes.of(Neighbour.CLIO), known.group, now)
    return state, replace(effect, key=f"{effect.key}/{state.id}/{state.seq}")


def _rest_of_group(state: Payable, known: Known, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """A receipt has found its match: what else Clio's payment covers may have waited for that, and is posted now."""
    if known.kind != "payment" or not known.group:
        return state, []
    state, look = _group(state, known, policy, now)
    return state, [look]


def _doubt(state: Payable, known: Known) -> tuple[Payable, Known]:
    """A person is asked. ``asked`` names the question, so that it can be asked again after an answer."""
    known = replace(known, standing=Standing.ASKED, by="", asked=state.seq + 1)
    return _put(replace(state, seq=state.seq + 1), known), known


def sort(state: Payable, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """Gives every new receipt its standing, once no attempt is under way: they may have been its. The payments hear."""
    new, owed = _sorted(state, policy, now)
    new, told = tell_payments(new, state.shares, now)
    return new, owed + told


def _sorted(state: Payable, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """Gives every new receipt its standing. While an attempt is under way they wait: it may be theirs."""
    owed: list[Effect] = []
    if state.attempt:
        return state, owed
    for known in state.receipts:
        if known.standing is not Standing.NEW:
            continue
        if known.kind == "credit":
            state, look = _credit(_stand(state, known, Standing.OTHER), known, policy, now)
            owed.append(look)
            continue
        waiting = [s for s in state.shares if s.recorded < s.cents]
        named = [s for s in waiting if s.code and s.code.upper() in known.text.upper()]
        back = [r for r in state.returned if r.code and r.code.upper() in known.text.upper()]
        if named and known.cents <= sum(s.cents - s.recorded for s in named):
            state = _match(state, known, tuple(s.payment for s in named), "code")
            state, looks = _rest_of_group(state, known, policy, now)
            owed += looks
        elif back:
            state, more = _recorded_too_late(state, known, back[0], policy, now)
            owed += more
        elif waiting or _gone_back(state, known):
            state, known = _doubt(state, known)
            owed.append(_ask(state, known, now))
        elif known.kind == "deposit":
            state = _stand(state, known, Standing.OTHER)
        else:
            state, look = _group(_stand(state, known, Standing.OWN), known, policy, now)
            owed.append(look)
    return state, owed


def _gone_back(state: Payable, known: Known) -> list[Returned]:
    """Payments of ours whose money went back, and that this may be nevertheless: by its code or its amount."""
    return [
        r
        for r in state.returned
        if (r.cents == known.cents and r.on <= known.on) or (r.code and r.code.upper() in known.text.upper())
    ]


def _restored(state: Payable, of: Iterable[Returned]) -> Payable:
    """With shares again, of which nothing is left."""
    back = tuple(of)
    shares = tuple(Share(r.payment, 0, r.code, r.on, back=r.cents) for r in back)
    return replace(state, shares=(*state.shares, *shares), returned=tuple(r for r in state.returned if r not in back))


def _recorded_too_late(
    state: Payable, known: Known, of: Returned, policy: Policy, now: datetime
) -> tuple[Payable, list[Effect]]:
    """Staff recorded a payment whose money had gone back: it is ours, and is to be removed in Clio."""
    state = _match(_restored(state, [of]), known, (of.payment,), "code")
    state, owed = _rest_of_group(state, known, policy, now)
    state, task = hold_until_removed(state, of.payment, of.code, known.cents, now)
    return state, [*owed, *task]


def hold_until_removed(
    state: Payable, payment: str, code: str, back: int, now: datetime
) -> tuple[Payable, list[Effect]]:
    """Clio shows more of a payment than we still have. ``back``: cents that went back to the client. Where a hold
    stands already, it covers this too."""
    if state.hold:
        return state, []
    state = replace(state, hold=REMOVE_IN_CLIO, seq=state.seq + 1, hold_seq=state.seq + 1)
    task = effects.task(
        state.firm,
        f"remove/{state.id}/{state.hold_seq}",
        f"payable/{state.id}",
        now,
        title=f"{state.number}: remove the payment {code} in Clio",
        reason=f"{show(back, state.currency)} of it went back to the client.",
        remedy="Open the bill in Clio and delete the payment. The invoice opens again when Clio shows that.",
        body={"payable": state.id, "payment": payment},
    )
    return state, [task]


def put_away(state: Payable) -> Payable:
    """A share of which nothing is left, and that Clio does not show, is known by its code only."""
    kept = tuple(s for s in state.shares if s.cents or s.shown or s.patched)
    gone = tuple(Returned(s.payment, s.code, s.on, s.back) for s in state.shares if s not in kept)
    told = {s.payment for s in state.shares}
    return replace(state, shares=kept, returned=(*(r for r in state.returned if r.payment not in told), *gone))


def _stand(state: Payable, known: Known, standing: Standing, by: str = "") -> Payable:
    return _put(state, replace(known, standing=standing, by=by))


def _put(state: Payable, known: Known) -> Payable:
    return replace(state, receipts=tuple(known if k.id == known.id else k for k in state.receipts))


def _match(state: Payable, known: Known, payments: tuple[str, ...], by: str) -> Payable:
    """Lays the receipt's cents over what these payments' shares miss, in the order of the shares; what none of them
    misses goes on top of the last."""
    chosen = [s for s in state.shares if s.payment in payments]
    left, parts = known.cents, {}
    for share in chosen:
        parts[share.payment] = min(left, max(0, share.cents - share.recorded))
        left -= parts[share.payment]
    parts[chosen[-1].payment] += left
    shares = tuple(
        replace(s, shown=(*s.shown, (known.id, parts[s.payment])), patched=False) if parts.get(s.payment) else s
        for s in state.shares
    )
    return _stand(replace(state, shares=shares), known, Standing.MATCHED, by)


def _ask(state: Payable, known: Known, now: datetime) -> Effect:
    amount = show(known.cents, state.currency)
    waiting = [s for s in state.shares if s.recorded < s.cents]
    back = _gone_back(state, known)
    ours = [f"received here and not yet seen in Clio: {_listed(state, waiting)}"] if waiting else []
    ours += [f"paid here and gone back to the client: {_listed(state, back)}"] if back else []
    return effects.task(
        state.firm,
        f"match/{state.id}/{known.id}/{known.asked}",
        f"payable/{state.id}",
        now,
        title=f"Bill {state.number}: is this payment in Clio one of ours?",
        reason=f"Clio shows {amount} dated {dates.day(known.on, state.currency)}; {'; '.join(ours)}.",
        remedy="Say whether it is the same money. Until then nothing is posted and no reminder goes out.",
        body={
            "payable": state.id,
            "receipt": known.id,
            "payments": [*(s.payment for s in waiting), *(r.payment for r in back)],
        },
    )


def _listed(state: Payable, ours: Iterable[Share | Returned]) -> str:
    return ", ".join(f"{show(s.cents, state.currency)} ({s.code})" for s in ours)


def expire_stale_attempt(state: Payable, now: datetime) -> tuple[Payable, list[Effect]]:
    """An open Checkout Session over more than is open now must not be paid: it is expired."""
    a = state.attempt
    if a and a.session and not a.on_its_way and state.open < a.cents:
        return state, [effects.expire_session(state.firm, a.account, a.payment, a.session, now)]
    return state, []


def lift_hold(state: Payable) -> Payable:
    """The hold "remove it in Clio" ends when Clio shows no more of each payment than we still have."""
    if state.hold == REMOVE_IN_CLIO and not any(s.overstated for s in state.shares):
        return put_away(replace(state, hold=""))
    return state


# --- what a person says ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MatchConfirmed:
    """A person says: this receipt in Clio is this money of ours."""

    receipt: str
    payments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchRefused:
    """A person says: this receipt is a payment of its own."""

    receipt: str


@dataclass(frozen=True, slots=True)
class MatchUndone:
    """A person takes a match back: the receipt is asked about again."""

    receipt: str


MatchFact = MatchConfirmed | MatchRefused | MatchUndone


def answered(state: Payable, fact: MatchFact, policy: Policy, now: datetime) -> Decision[Payable]:
    """Raises Refused when the receipt is no longer there or stands otherwise."""
    known = next((k for k in state.receipts if k.id == fact.receipt), None)
    if known is None:
        raise Refused("Clio no longer shows this payment. Reload the page.")
    old = state
    owed: list[Effect] = []
    match fact:
        case MatchConfirmed():
            if known.standing is not Standing.ASKED:
                raise Refused("This payment is already sorted. Reload the page.")
            back = [r for r in state.returned if r.payment in fact.payments]
            state = _restored(state, back)
            if not fact.payments or any(state.share_of(p) is None for p in fact.payments):
                raise Refused("Choose which of our payments it is.")
            state = _match(state, known, fact.payments, "person")
            state, owed = _rest_of_group(state, known, policy, now)
            if back:
                state, task = hold_until_removed(state, back[0].payment, back[0].code, known.cents, now)
                owed += task
        case MatchRefused():
            if known.standing is not Standing.ASKED:
                raise Refused("This payment is already sorted. Reload the page.")
            standing = Standing.OTHER if known.kind == "deposit" else Standing.OWN
            state = _stand(state, known, standing, "person")
            if standing is Standing.OWN:
                state, look = _group(state, known, policy, now)
                owed.append(look)
        case MatchUndone():
            if known.standing is not Standing.MATCHED:
                raise Refused("This payment is not matched. Reload the page.")
            state, again = _doubt(put_away(_forget(state, known.id)), known)
            owed.append(_ask(state, again, now))
        case _:
            assert_never(fact)
    return _after(old, lift_hold(state), owed, policy, now)


def _after(old: Payable, new: Payable, owed: list[Effect], policy: Policy, now: datetime) -> Decision[Payable]:
    """What follows for payments, reminders and tasks once receipts stand otherwise."""
    new, told = tell_payments(new, old.shares, now)
    new, reminders = plan(new, policy, now)
    new, more, closed = surplus.told(new, now)
    new, links = paylinks.reopened(new, policy, now)
    return Decision(new, effects=(*owed, *told, *reminders, *more, *links), closes=(*settled(old, new), *closed))


def settled(old: Payable, new: Payable) -> tuple[str, ...]:
    """Tasks that this change settled: questions answered or gone, a removal that was done, an address that is there."""
    still = {(k.id, k.asked) for k in new.asked}
    closed = [match_task(new.firm, new.id, k) for k in old.asked if (k.id, k.asked) not in still]
    if old.hold and not new.hold:
        closed.append(removal_task(new.firm, new.id, old.hold_seq))
    return (*closed, *outdated(old, new))


@dataclass(frozen=True, slots=True)
class MarkedPaid:
    """Our own state change at Clio was read back as paid; ``receipts``: what Clio shows then."""

    payment: str
    receipts: tuple[Receipt, ...]


def marked_paid(state: Payable, fact: MarkedPaid, policy: Policy, now: datetime) -> Decision[Payable]:
    """The one new receipt of exactly the missing amount is what our change made; anything else is asked about."""
    share = state.share_of(fact.payment)
    if share is None:
        return Decision(state)
    old = state
    held = {k.id for k in state.receipts}
    new_ones = [r for r in fact.receipts if r.id not in held and not r.voided and r.cents > 0]
    shares = tuple(replace(s, patched=True) if s.payment == fact.payment else s for s in state.shares)
    state = replace(state, shares=shares)
    if len(new_ones) == 1 and new_ones[0].cents == share.cents - share.recorded:
        r = new_ones[0]
        known = Known(r.id, r.cents, r.on, r.group, r.kind, r.text, Standing.NEW)
        state = _match(replace(state, receipts=(*state.receipts, known)), known, (fact.payment,), "patch")
        owed: list[Effect] = []
    else:
        state, owed = read(state, fact.receipts, policy, now)
    return _after(old, state, owed, policy, now)
