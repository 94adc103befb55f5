"""A Stripe account disconnected for longer than Stripe keeps events: what went back meanwhile is still read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.domain.readings import Pot
from chalicelib.flow import connecting, polling
from chalicelib.flow.connecting import Callback
from chalicelib.flow.polling import Freshness
from chalicelib.flow.settle import policy_of
from tests import world as memory
from tests.flow import acts
from tests.flow.acts import a_synced_stage, pay_by_card, payable
from tests.flow.alone import is_done
from tests.world import CALLBACK, Stage


def be_silent(stage: Stage, days: int) -> None:
    """The account is disconnected, and the time passes."""
    stage.world.stripe_box.people.disconnect(stage.operating)
    stage.work()
    stage.world.clock.move(seconds=timedelta(days=days).total_seconds())


def reconnect(stage: Stage) -> None:
    url = stage.world.stripe.authorize_url("state", f"{CALLBACK}/stripe")
    told = stage.world.stripe_box.people.authorize(url, stage.operating)
    code = parse_qs(urlsplit(told["location"]).query)["code"][0]
    connecting.connect_stripe(stage.world, stage.firm, Pot.OPERATING, Callback(code), "test")
    stage.world.stripe_box.deliver_due(lambda *_: 500)  # no webhook tells of it
    stage.pass_time(1, minutes=2)
    acts.poll(stage)


def test_a_refund_and_a_dispute_of_the_silence_are_found_on_reconnecting() -> None:
    stage = a_synced_stage()
    refunded, disputed = pay_by_card(stage, "1046"), pay_by_card(stage, "1047")
    be_silent(stage, 20)
    stage.world.stripe_box.people.refund(refunded.intent)
    stage.world.stripe_box.people.open_dispute(disputed.intent)
    stage.world.clock.move(seconds=timedelta(days=40).total_seconds())
    reconnect(stage)
    assert (acts.payment(stage, refunded.id).returned, acts.payment(stage, disputed.id).lost) == (125000, 87550)
    assert payable(stage, "1046").open == 125000


class Spied:
    """Stripe's client, and how often what went back was listed."""

    def __init__(self, real: Any) -> None:
        self.real, self.listed = real, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def reversed_since(self, account: str, *, since: datetime) -> Any:
        self.listed += 1
        return self.real.reversed_since(account, since=since)


def test_a_short_silence_is_read_from_the_events_alone() -> None:
    stage = a_synced_stage()
    refunded = pay_by_card(stage, "1046")
    be_silent(stage, 20)
    stage.world.stripe_box.people.refund(refunded.intent)
    spied = stage.world.stripe = Spied(stage.world.stripe)  # type: ignore[assignment]
    reconnect(stage)
    assert acts.payment(stage, refunded.id).returned == 125000
    assert spied.listed == 0


def test_a_silence_in_which_nothing_went_back_points_at_nothing() -> None:
    stage = a_synced_stage(trust=False)
    paid = pay_by_card(stage, "1046")
    be_silent(stage, 60)
    spied = stage.world.stripe = Spied(stage.world.stripe)  # type: ignore[assignment]
    reconnect(stage)
    acts.poll(stage)
    assert acts.payment(stage, paid.id).returned == 0
    assert spied.listed == 1, "once for the silence"


def account_read(stage: Stage) -> Freshness | None:
    told = polling.freshness(stage.world, policy_of(stage.world, stage.firm))
    return next((f for f in told if f.name == "stripe-operating"), None)


def test_an_account_that_is_connected_after_the_set_up_is_polled_too() -> None:
    """Nothing else tells of what went back there where a webhook is lost."""
    stage = memory.connect(memory.seeded(memory.MemoryWorld()), trust=False, cards=False)
    assert account_read(stage) is None
    memory.take_cards(stage, "acct_hartwell_operating")
    stage.pass_time(2, minutes=2)
    read = account_read(stage)
    assert read and read.read_at and read.next_at


def test_the_poll_of_an_account_whose_connection_was_not_made_after_all_ends() -> None:
    stage = memory.connect(memory.seeded(memory.MemoryWorld()), trust=False, cards=False)
    told = polling.of_stripe(stage.firm, "stripe-operating", "acct_hartwell_operating", stage.world.now())
    stage.world.store.arrive(told)
    stage.pass_time(1, minutes=1)
    assert is_done(stage.world, told)
    memory.take_cards(stage, "acct_hartwell_operating")
    stage.pass_time(2, minutes=2)
    read = account_read(stage)
    assert read and read.read_at
