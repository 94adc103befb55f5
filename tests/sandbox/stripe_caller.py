"""Raw HTTP to the Stripe sandbox, in process: form bodies made here, nothing of the ``stripe`` package or of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from infra.sandbox.kit import ManualClock, Wire
from infra.sandbox.stripe import StripeSandbox, seed

BASE = "http://stripe.test/stripe"
RETURN = "https://fee.test/connect/stripe/return"
HOOK = "https://fee.test/webhooks/stripe"
KEY = "sk_test_platform"
FIRM = "acct_hartwell_operating"
VERSION = "2026-10-28.endive"
HALF_HOUR, DAY = 1800, 86_400


def flat(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as bracketed form fields."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{at}[{key}]" if at else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from flat(inner, f"{at}[{place}]")
    elif isinstance(value, bool):
        yield at, "true" if value else "false"
    else:
        yield at, str(value)


@dataclass
class Caller:
    """One sandbox with the firm's operating account connected, and a session of requests to it."""

    clock: ManualClock = field(default_factory=ManualClock)
    keys: int = 0

    def __post_init__(self) -> None:
        self.box = StripeSandbox(self.clock, redirect_uris=[RETURN])
        seed(self.box, date(2026, 3, 2))
        self.http = requests.Session()
        self.http.mount(BASE, Wire(self.box, BASE))
        self.people = self.box.people
        self.delivered: list[tuple[str, dict[str, str], bytes]] = []

    # --- calls ------------------------------------------------------------------------------------------------------
    def call(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        *,
        account: str | None = FIRM,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        sent = {"Authorization": f"Bearer {KEY}", "Stripe-Version": VERSION}
        if account:
            sent["Stripe-Account"] = account
        if key:
            sent["Idempotency-Key"] = key
        sent |= headers or {}
        fields = list(flat(params or {}))
        if method == "GET":
            return self.http.get(f"{BASE}{path}", params=fields, headers=sent)
        return self.http.post(f"{BASE}{path}", data=urlencode(fields), headers={
            "Content-Type": "application/x-www-form-urlencoded", **sent})  # fmt: skip

    def get(self, path: str, params: dict[str, Any] | None = None, **more: Any) -> requests.Response:
        return self.call("GET", path, params, **more)

    def post(self, path: str, params: dict[str, Any] | None = None, **more: Any) -> requests.Response:
        return self.call("POST", path, params, **more)

    # --- steps ------------------------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def connect(self, account: str = FIRM, scope: str = "read_write") -> dict[str, Any]:
        code = self.code(account, scope)
        return dict(self.token(code).json())

    def code(self, account: str = FIRM, scope: str = "read_write") -> str:
        location = self.people.authorize(authorize_url(scope=scope), account)["location"]
        return parse_qs(urlsplit(location).query)["code"][0]

    def token(self, code: str, **change: str) -> requests.Response:
        asked = {"grant_type": "authorization_code", "code": code, "client_secret": KEY, **change}
        return self.http.post(f"{BASE}/oauth/token", data={k: v for k, v in asked.items() if v})

    def session(self, cents: int = 12_345, *, account: str | None = FIRM, **change: Any) -> dict[str, Any]:
        answer = self.post("/v1/checkout/sessions", a_session(cents, **change), account=account)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def paid(self, cents: int = 12_345, card: str = "4242424242424242", **change: Any) -> dict[str, Any]:
        """A Session paid by card, as it then is."""
        return self.people.pay_card(self.session(cents, **change)["id"], card)

    def debited(self, cents: int = 12_345, outcome: str = "succeed", **more: Any) -> dict[str, Any]:
        """A Session whose bank debit is on its way."""
        return self.people.pay_bank(self.session(cents)["id"], outcome, **more)

    def read(self, path: str, **params: Any) -> dict[str, Any]:
        answer = self.get(path, params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def event_types(self, account: str = FIRM) -> list[str]:
        """Oldest first."""
        rows = self.get("/v1/events", {"limit": 100}, account=account).json()["data"]
        return [row["type"] for row in rows][::-1]

    def deliver(self, status: int = 200) -> int:
        def send(url: str, headers: Any, body: bytes) -> int:
            self.delivered.append((url, dict(headers), body))
            return status

        return self.box.deliver_due(send)

    def hear(self) -> None:
        self.people.register_endpoint(HOOK)


def a_connected_caller() -> Caller:
    caller = Caller()
    caller.connect()
    return caller


def authorize_url(**change: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": "ca_sandbox",
        "scope": "read_write",
        "state": "s-1",
        "redirect_uri": RETURN,
        **change,
    }
    return f"{BASE}/oauth/authorize?" + urlencode({k: v for k, v in asked.items() if v})


def a_line(cents: int | str = 12_345, name: str = "Invoice 1042", **change: Any) -> dict[str, Any]:
    price = {"currency": "usd", "unit_amount": cents, "product_data": {"name": name}}
    return {"price_data": price, "quantity": 1, **change}


def a_session(cents: int = 12_345, **change: Any) -> dict[str, Any]:
    """The parameters of a good Session; None takes one away."""
    asked: dict[str, Any] = {
        "mode": "payment",
        "line_items": [a_line(cents)],
        "allowed_payment_method_types": ["card", "us_bank_account"],
        "success_url": "https://fee.test/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://fee.test/back",
        "client_reference_id": "attempt-1",
        "metadata": {"attempt": "attempt-1"},
        "payment_intent_data": {"description": "Invoice 1042", "metadata": {"attempt": "attempt-1"}},
        "adaptive_pricing": {"enabled": False},
        "submit_type": "pay",
        **change,
    }
    return {name: value for name, value in asked.items() if value is not None}
