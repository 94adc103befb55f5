"""A Stripe in process and our client to it, for the tests beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from chalicelib.domain.wanted import SessionLine, WantedSession
from chalicelib.stripe.client import StripeClient
from infra.sandbox.kit import Fault, ManualClock, Wire
from infra.sandbox.stripe import StripeSandbox, seed

BASE = "https://stripe.example/stripe"
CALLBACK = "https://fee.example/connect/stripe/callback"
OPERATING = "acct_hartwell_operating"
SECRET = "whsec_connect"


@dataclass
class Stage:
    clock: ManualClock
    box: StripeSandbox
    client: StripeClient
    account: str = OPERATING

    def join(self, account: str = OPERATING) -> str:
        """The account's owner says yes; the account's id as our client learns it."""
        url = self.client.authorize_url("s", CALLBACK)
        back = self.box.people.authorize(url, account)["location"]
        return self.client.exchange(parse_qs(urlsplit(back).query)["code"][0])

    def fault(self, **plan: Any) -> None:
        self.box.faults.append(Fault(**plan))


def a_stage(*, joined: bool = True, **switches: Any) -> Stage:
    clock = ManualClock()
    box = StripeSandbox(clock, redirect_uris=[CALLBACK], webhook_secret=SECRET)
    seed(box, clock.now().date())
    box.switches.update(switches)
    session = requests.Session()
    session.mount(BASE, Wire(box, BASE))
    client = StripeClient(
        secret_key="sk_test_platform",
        client_id="ca_sandbox",
        api_base=BASE,
        connect_base=BASE,
        session=session,
    )
    stage = Stage(clock, box, client)
    if joined:
        stage.join()
    return stage


def a_session(stage: Stage, **other: Any) -> WantedSession:
    wanted: dict[str, Any] = {
        "attempt": "att-1",
        "currency": "USD",
        "lines": (SessionLine("Invoice 1042", 40000), SessionLine("Invoice 1043", 100)),
        "email": "ada@example.com",
        "description": "Hartwell & Pine LLP",
        "success_url": "https://fee.example/pay/x/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://fee.example/pay/x",
        "expires_at": stage.clock.now() + timedelta(hours=1),
        "metadata": {"attempt": "att-1", "i01": "bill:1:40000"},
    }
    return WantedSession(**{**wanted, **other})
