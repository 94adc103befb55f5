"""Looks at Stripe, one at a time: what is not ours changes nothing, and nothing of ours is taken on a wrong account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.connection import Connection
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.payment import Payment, Phase
from chalicelib.domain.readings import EventPointer, Pot, SessionReading
from chalicelib.errors import Declined
from chalicelib.flow import states, striping
from chalicelib.flow.feeds import point_at_stripe
from tests.builders import FIRM, NOW, a_payable, a_payment, put
from tests.domain.given import ACCOUNT, a_paid_session, a_policy, begun
from tests.flow.alone import is_done, near, owe
from tests.world import MemoryWorld

POLICY = a_policy()


class Stripe:
    """Shows this session under every id."""

    def __init__(self, shown: SessionReading | None) -> None:
        self.shown = shown

    def session(self, _account: str, _id: str) -> SessionReading | None:
        return self.shown

    def session_of_intent(self, _account: str, _intent: str) -> SessionReading | None:
        return self.shown


def connected(world: MemoryWorld, pot: Pot = Pot.OPERATING, account: str = ACCOUNT) -> None:
    put(world.store, Kind.CONNECTION, Connection(FIRM, f"stripe-{pot}", Neighbour.STRIPE, account, pot=pot))


def an_attempt(world: MemoryWorld) -> Payment:
    """A connected firm whose client is at Stripe."""
    put(
        world.store, Kind.CONNECTION, Connection(FIRM, "stripe-operating", Neighbour.STRIPE, ACCOUNT, pot=Pot.OPERATING)
    )
    payment, bills = begun(a_payable())
    put(world.store, Kind.PAYMENT, payment)
    for bill in bills:
        put(world.store, Kind.PAYABLE, bill)
    return payment


def phase(world: MemoryWorld) -> Phase:
    return Phase(states.decode(Kind.PAYMENT, world.store.load(Ref(FIRM, Kind.PAYMENT, "p1")).body).phase)


def a_session_look(world: MemoryWorld, account: str = ACCOUNT, about: str = "p1") -> Effect:
    return owe(world, effects.look_session(FIRM, account, "cs_p1", about, NOW))


def pointed(world: MemoryWorld, kind: str, id: str, account: str = ACCOUNT) -> Effect:
    """Stripe's news of this, as the look that it owes."""
    known = {e.key for e in world.store.lane_owed(lane_of(FIRM, Neighbour.STRIPE, account), limit=9)}
    assert point_at_stripe(world, FIRM, EventPointer("evt_1", account, "x", kind, id))
    found = world.store.lane_owed(lane_of(FIRM, Neighbour.STRIPE, account), limit=9)
    return next(e for e in found if e.key not in known)


def look(world: MemoryWorld, effect: Effect, shown: SessionReading | None, policy: Any = POLICY) -> Any:
    reach = near(stripe=Stripe(shown))
    do = striping.look_at_intent if "intent" in effect.body else striping.look_at_session
    do(world, reach, policy, effect)
    return reach


def test_what_stripe_shows_of_our_session_is_taken_in() -> None:
    world = MemoryWorld()
    look(world, a_session_look(world), a_paid_session(an_attempt(world)))
    assert phase(world) is Phase.SETTLED


def test_an_account_that_is_not_the_firms_is_not_even_asked_about() -> None:
    world = MemoryWorld()
    an_attempt(world)
    effect = a_session_look(world, "acct_other")
    assert look(world, effect, None).asked == 0
    assert is_done(world, effect)


@pytest.mark.parametrize(
    "changed",
    [{"attempt": ""}, {"metadata": {"firm": "us-99"}}, {"attempt": "p-unknown"}],
)
def test_a_session_that_is_not_ours_changes_nothing(changed: dict[str, Any]) -> None:
    world = MemoryWorld()
    shown = replace(a_paid_session(an_attempt(world)), **changed)
    effect = pointed(world, "intent", "pi_1")
    look(world, effect, shown)
    assert is_done(world, effect)
    assert phase(world) is Phase.OPEN


def test_a_payment_shown_on_another_account_than_it_was_begun_on_is_never_taken() -> None:
    """Promise 5: trust money never touches an operating account."""
    world = MemoryWorld()
    payment = an_attempt(world)
    connected(world, Pot.TRUST, "acct_2")
    with pytest.raises(Declined, match="another account"):
        look(world, a_session_look(world, "acct_2"), a_paid_session(payment))
    assert phase(world) is Phase.OPEN
    assert world.metrics == {"pot_mismatch": 1}


def test_an_account_that_is_no_longer_the_firms_is_not_looked_at() -> None:
    world = MemoryWorld()
    effect = pointed(world, "account", "acct_gone", "acct_gone")
    reach = near()
    striping.look_at_account(world, reach, POLICY, effect)
    assert (reach.asked, is_done(world, effect)) == (0, True)


def test_a_session_is_not_made_for_an_attempt_that_has_gone_on() -> None:
    world = MemoryWorld()
    an_attempt(world)
    effect = owe(world, effects.open_session(FIRM, ACCOUNT, "p1", 1, NOW))
    reach = near()
    assert striping.open_session(world, reach, POLICY, effect).phase is Phase.OPEN
    assert (reach.asked, is_done(world, effect)) == (0, True)


def test_a_session_that_stripe_refuses_to_make_ends_the_attempt_with_its_words() -> None:
    class Refusing(Stripe):
        def create_session(self, *_args: object) -> SessionReading:
            raise Declined("amount_too_small", "The amount is too small.")

    world = MemoryWorld()
    payment = replace(an_attempt(world), phase=Phase.CREATING, session="")
    put(world.store, Kind.PAYMENT, payment)
    effect = owe(world, effects.open_session(FIRM, ACCOUNT, "p1", 1, NOW))
    ended = striping.open_session(world, near(stripe=Refusing(None)), POLICY, effect)
    assert (ended.phase, ended.failure) == (Phase.FAILED, "Stripe refused: The amount is too small.")
    assert states.decode(Kind.PAYABLE, world.store.load(Ref(FIRM, Kind.PAYABLE, "b1")).body).attempt is None


def test_a_look_at_a_payment_that_we_do_not_hold_leaves_what_we_hold() -> None:
    world = MemoryWorld()
    put(world.store, Kind.PAYMENT, a_payment(id="p2"))
    put(
        world.store, Kind.CONNECTION, Connection(FIRM, "stripe-operating", Neighbour.STRIPE, ACCOUNT, pot=Pot.OPERATING)
    )
    shown = a_paid_session(a_payment(id="p1"))
    effect = a_session_look(world)
    look(world, effect, shown)
    assert is_done(world, effect)
