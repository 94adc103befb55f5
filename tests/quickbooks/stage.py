"""A QuickBooks in process and our client to it, for the tests beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from chalicelib.domain.readings import Access
from chalicelib.domain.wanted import WantedCustomer, WantedInvoice, WantedLine, WantedPayment
from chalicelib.quickbooks.client import QuickBooksClient
from infra.sandbox.kit import Fault, ManualClock, Wire
from infra.sandbox.quickbooks import REALM_A, QuickBooksSandbox, seed

BASE = "https://quickbooks.example/qb"
CALLBACK = "https://fee.example/connect/quickbooks/callback"
VERIFIER = "verify-me"


@dataclass
class Stage:
    clock: ManualClock
    box: QuickBooksSandbox
    client: QuickBooksClient
    session: requests.Session

    def code(self, realm: str = REALM_A) -> str:
        """A person says yes for one company."""
        url = self.client.authorize_url("s", CALLBACK)
        form = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        form |= {"realm": realm, "action": "connect"}
        answer = self.session.post(f"{BASE}/connect/oauth2", data=form, allow_redirects=False)
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert back["realmId"] == [realm]
        return back["code"][0]

    def access(self, realm: str = REALM_A) -> Access:
        tokens = self.client.exchange(self.code(realm), CALLBACK)
        return Access(firm="f1", account=realm, token=tokens.access)

    def fault(self, **plan: Any) -> None:
        self.box.faults.append(Fault(**plan))

    def item(self, name: str = "Legal services") -> str:
        return str(self.box.people.find(REALM_A, "Item", Name=name)[0]["Id"])

    def account(self, name: str) -> str:
        return str(self.box.people.find(REALM_A, "Account", Name=name)[0]["Id"])


def a_stage(**switches: Any) -> Stage:
    clock = ManualClock()
    box = QuickBooksSandbox(clock, clients={"app": ("secret", [CALLBACK])}, verifier_token=VERIFIER)
    seed(box)
    box.switches.update({"ignore_limits": True, **switches})
    session = requests.Session()
    session.mount(BASE, Wire(box, BASE))
    client = QuickBooksClient(
        client_id="app",
        secret="secret",
        api_base=BASE,
        authorize_url=f"{BASE}/connect/oauth2",
        token_url=f"{BASE}/oauth2/v1/tokens/bearer",
        revoke_url=f"{BASE}/v2/oauth2/tokens/revoke",
        session=session,
        clock=clock.now,
    )
    return Stage(clock, box, client, session)


def a_customer(**other: Any) -> WantedCustomer:
    return WantedCustomer(**{"name": "Orr, Dana", "email": "dana@example.com", "note": "fee-simple:contact:1", **other})


def an_invoice(stage: Stage, customer: str, **other: Any) -> WantedInvoice:
    wanted: dict[str, Any] = {
        "number": "2001",
        "customer": customer,
        "on": date(2026, 3, 1),
        "due_on": date(2026, 3, 31),
        "lines": (WantedLine("Legal services", 1010, stage.item()), WantedLine("Copies", 20, stage.item("Expenses"))),
        "discount": 0,
        "discount_account": stage.account("Discounts Given"),
        "note": "fee-simple:bill:1",
        "currency": "USD",
    }
    return WantedInvoice(**{**wanted, **other})


def a_payment(stage: Stage, customer: str, invoice: str, cents: int, **other: Any) -> WantedPayment:
    wanted: dict[str, Any] = {
        "customer": customer,
        "on": date(2026, 3, 2),
        "cents": cents,
        "lines": ((invoice, cents),),
        "account": stage.account("Stripe Clearing"),
        "reference": "FS-1",
        "note": "fee-simple:payment:1",
        "currency": "USD",
    }
    return WantedPayment(**{**wanted, **other})
