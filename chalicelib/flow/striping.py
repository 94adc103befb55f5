"""What Stripe shows of attempts and payments: sessions made, looked at, expired. Every attempt ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import connection as connections_
from chalicelib.domain import paying
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Call, Decision, Effect, Finish, Held, Kind, Ref, Status
from chalicelib.domain.payment import Payment, Phase
from chalicelib.domain.readings import SessionReading
from chalicelib.domain.wanted import SessionLine, WantedSession
from chalicelib.errors import Declined, Disconnected
from chalicelib.flow import states
from chalicelib.flow.firms import connections
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

REPEATS = 3  # identical repeats of a session's creation before it is looked for instead


def payment_ref(firm: str, id: str) -> Ref:
    return Ref(firm, Kind.PAYMENT, id)


def with_payables(world: World, firm: str, id: str) -> dict[Ref, Held]:
    """The payment and every payable it covers, as they stand now, payment first."""
    ref = payment_ref(firm, id)
    held = world.store.load(ref)
    payment: Payment | None = states.decode(Kind.PAYMENT, held.body)
    refs = [Ref(firm, Kind.PAYABLE, i.payable) for i in payment.items] if payment else []
    return {ref: held, **{h.ref: h for h in world.store.load_many(refs)}}


def _parts(before: Mapping[Ref, Any]) -> tuple[Ref, Payment, list[Any]]:
    ref = next(r for r in before if r.kind is Kind.PAYMENT)
    return ref, before[ref], [s for r, s in before.items() if r.kind is Kind.PAYABLE and s is not None]


def together(before: Mapping[Ref, Any], decide: Any) -> dict[Ref, Decision[Any]]:
    """Lays a decision over payment and payables out by ref."""
    ref, payment, payables = _parts(before)
    both: paying.Together = decide(payment, payables)
    by_ref: dict[Ref, Decision[Any]] = {ref: both.payment}
    by_ref.update({Ref(ref.firm, Kind.PAYABLE, id): d for id, d in both.payables.items()})
    return by_ref


def open_session(world: World, reach: Reach, policy: Policy, effect: Effect) -> Payment:
    """Makes the Checkout Session of an attempt, once: the same stored request under the same key, however often.

    After several lost answers the session is looked for by its attempt; only when it is known not to exist does the
    attempt end. Raises Unavailable when Stripe did not answer.
    """
    firm, id = policy.firm.id, str(effect.body["payment"])
    held = with_payables(world, firm, id)
    ref, payment, _ = _parts({r: states.decode(r.kind, h.body) for r, h in held.items()})
    if payment.phase is not Phase.CREATING:
        settle(world, [], lambda _s, _n: {}, fact="AttemptMoved", finish=[Finish(effect.key)])
        return payment
    call = world.store.call(effect.call) if effect.call else None
    if call is None:
        request = world.stripe.session_request(_wanted(world, policy, payment))
        call = Call(f"{ref.id}-{payment.attempt}", effect.lane, "session", (effect.key,), request, world.now())
        world.store.begin(call)
    if call.tries >= REPEATS:
        return _look_for(world, reach, policy, effect, payment)
    sent = world.store.sending(call.id, world.now())
    try:
        session = reach.stripe(lambda s: s.create_session(payment.account, sent.request, f"{firm}-{call.id}"))
    except Declined as no:
        return _no_session(world, policy, effect, payment, f"Stripe refused: {no.message}")
    except Disconnected:
        return _no_session(world, policy, effect, payment, "The firm's Stripe account is not connected.")
    return _opened(world, policy, effect, payment, session)


def _wanted(world: World, policy: Policy, payment: Payment) -> WantedSession:
    word = "Trust deposit" if payment.pot == "trust" else "Invoice"
    base = f"{world.public_url}/pay/{payment.link}/done"
    return WantedSession(
        attempt=payment.id,
        currency=payment.currency,
        lines=tuple(SessionLine(f"{word} {i.number}", i.cents) for i in payment.items),
        email=payment.email,
        description=f"{policy.firm.name}: {', '.join(i.number for i in payment.items)}",
        success_url=f"{base}?session={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{base}?cancelled=1",
        expires_at=payment.expires_at or payment.created_at + paying.SESSION_LASTS,
        metadata={"attempt": payment.id, "firm": payment.firm, "code": payment.code, "pot": str(payment.pot)},
    )


def _opened(world: World, policy: Policy, effect: Effect, payment: Payment, session: SessionReading) -> Payment:
    fact = paying.SessionOpened(session.id, session.url, session.expires_at)
    refs = [payment_ref(payment.firm, payment.id), *(Ref(payment.firm, Kind.PAYABLE, i.payable) for i in payment.items)]

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return together(before, lambda p, ps: paying.opened(p, ps, fact, now))

    settled = settle(
        world,
        refs,
        decide,
        fact="SessionOpened",
        body={"session": session.id},
        policy=policy.version,
        finish=[Finish(effect.key)],
    )
    world.store.end(f"{payment.id}-{payment.attempt}")
    state: Payment = settled.states[refs[0]]
    return state


def _no_session(world: World, policy: Policy, effect: Effect, payment: Payment, why: str) -> Payment:
    fact = paying.AttemptFailed(why)
    refs = [payment_ref(payment.firm, payment.id), *(Ref(payment.firm, Kind.PAYABLE, i.payable) for i in payment.items)]

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return together(before, lambda p, ps: paying.failed(p, ps, fact, policy, now))

    settled = settle(
        world, refs, decide, fact="AttemptFailed", body=fact, policy=policy.version, finish=[Finish(effect.key)]
    )
    world.store.end(f"{payment.id}-{payment.attempt}")
    state: Payment = settled.states[refs[0]]
    return state


def _look_for(world: World, reach: Reach, policy: Policy, effect: Effect, payment: Payment) -> Payment:
    since = payment.created_at - timedelta(minutes=5)
    found = reach.stripe(lambda s: s.sessions_since(payment.account, since))
    mine = next((s for s in found if s.attempt == payment.id), None)
    if mine is not None:
        return _opened(world, policy, effect, payment, mine)
    return _no_session(world, policy, effect, payment, "Stripe did not open a payment page.")


def look_at_session(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Asks Stripe for the session that a pointer names. One on an account that is not the firm's is nobody's."""
    account, id = str(effect.body["account"]), str(effect.body["session"])
    if not _ours(world, policy.firm.id, account):
        settle(world, [], lambda _s, _n: {}, fact="NotOurs", finish=[Finish(effect.key, arrivals=effect.arrivals)])
        return
    payment = _payment_of(effect)
    before = with_payables(world, policy.firm.id, payment) if payment else None
    reading = reach.stripe(lambda s: s.session(account, id))
    take_session(world, reach, policy, effect, account, reading, before)


def look_at_intent(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Refunds, disputes and debits point at a payment intent: its session is looked at."""
    account, id = str(effect.body["account"]), str(effect.body["intent"])
    reading = reach.stripe(lambda s: s.session_of_intent(account, id))
    if reading is None:  # a payment that is not ours: made by other means on the same account
        settle(world, [], lambda _s, _n: {}, fact="NotOurs", finish=[Finish(effect.key, arrivals=effect.arrivals)])
        return
    take_session(world, reach, policy, effect, account, reading, None)


def _payment_of(effect: Effect) -> str:
    kind, _, id = effect.about.partition("/")
    return id if kind == "payment" else ""


def _ours(world: World, firm: str, account: str) -> bool:
    return any(c.account == account for c in connections(world, firm).values())


def take_session(
    world: World,
    reach: Reach,
    policy: Policy,
    effect: Effect,
    account: str,
    reading: SessionReading,
    before: dict[Ref, Held] | None,
) -> None:
    """Settles what Stripe shows of a session, with every payable it covers. Raises Conflict when a state moved, and
    Declined for a payment that Stripe shows on another account than it was begun on."""
    firm = policy.firm.id
    done = Finish(effect.key, arrivals=effect.arrivals)
    if not reading.attempt or reading.metadata.get("firm") not in (None, "", firm):
        settle(world, [], lambda _s, _n: {}, fact="NotOurs", finish=[done])
        return
    if before is None:  # a look loads the state, then asks the owner
        before = with_payables(world, firm, reading.attempt)
        reading = reach.stripe(lambda s: s.session(account, reading.id))
    payment: Payment | None = states.decode(Kind.PAYMENT, next(iter(before.values())).body)
    if payment is None:
        settle(world, [], lambda _s, _n: {}, fact="NotOurs", finish=[done])
        return
    if payment.account != account:
        world.count("pot_mismatch")
        raise Declined("pot", "Stripe shows this payment on another account than it was begun on.", reading.id)

    def decide(states_: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return together(states_, lambda p, ps: paying.shown(p, ps, reading, policy, now))

    preview = paying.next_look(_preview(before, reading, policy, world.now()), world.now())
    if preview is not None and effect.kind != Do.LOOK_INTENT:  # the session's own look goes on until it is over
        done = Finish(effect.key, arrivals=effect.arrivals, status=Status.OWED, due_at=preview)
    settle(
        world,
        list(before),
        decide,
        fact="SessionShown",
        body={"session": reading.id, "status": reading.status, "paid": reading.paid, "intent": reading.intent_status},
        policy=policy.version,
        finish=[done],
        held=before,
    )


def _preview(before: Mapping[Ref, Held], reading: SessionReading, policy: Policy, now: datetime) -> Payment:
    _, payment, payables = _parts({r: states.decode(r.kind, h.body) for r, h in before.items()})
    return paying.shown(payment, payables, reading, policy, now).payment.state


def expire_session(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """A session over an amount that is no longer open must not be paid. One already paid is money: it settles."""
    account, session = str(effect.body["account"]), str(effect.body["session"])
    before = with_payables(world, policy.firm.id, str(effect.body["payment"]))
    reach.stripe(lambda s: s.expire(account, session))
    reading = reach.stripe(lambda s: s.session(account, session))
    take_session(world, reach, policy, effect, account, reading, before)


def look_at_account(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Stripe opened, restricted or disconnected an account."""
    account = str(effect.body["account"])
    mine = next((c for c in connections(world, policy.firm.id).values() if c.account == account), None)
    done = Finish(effect.key, arrivals=effect.arrivals)
    if mine is None:
        settle(world, [], lambda _s, _n: {}, fact="NotOurs", finish=[done])
        return
    ref = Ref(policy.firm.id, Kind.CONNECTION, mine.id)
    fact: connections_.ConnectionFact
    try:
        shown = reach.stripe(lambda s: s.account(account))
        fact = connections_.AccountShown(
            shown.name,
            shown.charges_enabled,
            shown.bank_last4,
            shown.fees_paid_by_platform,
            bool(shown.debits_negative_balance),
        )
    except Disconnected as gone:
        fact = connections_.Lost(gone.why or "the firm disconnected it at Stripe")

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: connections_.decide(before[ref], fact, policy.firm.id, now)}

    settle(world, [ref], decide, fact=type(fact).__name__, body=fact, policy=policy.version, finish=[done])
