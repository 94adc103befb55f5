"""The Stripe sandbox itself: its state, its routes, its clock-driven life and the sending of webhooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from infra.sandbox.kit import Clock

from . import api, connect, control, due, events, pages, shapes
from .accounts import OWN_CONTROLLER
from .box import Box
from .people import People
from .state import Account, State


def new_state() -> State:
    """The platform's own account and nothing else."""
    platform = shapes.account(
        Box.platform_id,
        0,
        name="Fee Simple",
        email="platform@example.com",
        controller=dict(OWN_CONTROLLER),
        type="standard",
        ready=True,
        capabilities={"card_payments": "active", "transfers": "active"},
    )
    state = State(salt="fee-simple")
    state.accounts[Box.platform_id] = Account(Box.platform_id, platform, login="platform", ach_enabled=False)
    return state


class StripeSandbox(Box):
    """Stripe, as far as reference/stripe.md describes it. API, OAuth (connect.*) and hosted pages share one base."""

    def __init__(
        self,
        clock: Clock,
        *,
        platform_key: str = "sk_test_platform",
        client_id: str = "ca_sandbox",
        redirect_uris: list[str] | None = None,
        webhook_secret: str = "whsec_connect",  # noqa: S107
        keep: Path | None = None,
    ) -> None:
        super().__init__(
            clock,
            new_state,
            platform_key=platform_key,
            client_id=client_id,
            redirect_uris=redirect_uris or ["http://localhost/connect/stripe/return"],
            webhook_secret=webhook_secret,
            keep=keep,
        )
        self.people = People(self)
        api.mount(self, self.app)
        connect.mount(self, self.app)
        pages.mount(self, self.app)
        control.mount(self, self.app)

    def advance(self) -> int:
        """Lets everything happen that is due by the clock. Returns how many things did."""
        with self.lock:
            return due.advance(self)

    def deliver_due(self, send: events.Send = events.http_send) -> int:
        """Sends the webhooks that are due, once each, outside the lock. Returns how many were tried.

        ``send`` gets address, headers and raw body and returns the status; 0 or a broken connection is a failure.
        """
        with self.lock:
            happened = due.advance(self)
            batch = events.next_batch(self)
        for delivery in batch:
            with self.lock:
                endpoint = self.state.endpoints.get(delivery.endpoint)
                headers = events.headers_for(self, delivery, endpoint) if endpoint else {}
            try:
                status = send(endpoint.url, headers, delivery.body) if endpoint else 0
            except (OSError, requests.RequestException):
                status = 0
            with self.lock:
                events.settle(self, delivery, status)
        if happened or batch:
            with self.lock:
                self.save()
        return len(batch)

    def next_due_at(self) -> int | None:
        """Epoch second of the next thing that will happen or be sent by itself, None for nothing."""
        first = self.state.due[0].at if self.state.due else None
        if not self.state.waiting:
            return first
        sent = min(d.due_at for d in self.state.waiting)
        return sent if first is None else min(first, sent)

    def books(self) -> dict[str, Any]:
        """Everything that Stripe's own books hold, by account, for the demo and for checkers. Cents."""
        kinds = {
            "charges": "charge",
            "payment_intents": "payment_intent",
            "refunds": "refund",
            "disputes": "dispute",
            "balance_transactions": "balance_transaction",
            "payouts": "payout",
            "checkout_sessions": "checkout.session",
        }
        with self.lock:
            due.advance(self)
            return {
                account.id: {
                    "name": account.object["business_profile"]["name"],
                    "connected": account.id in self.state.connections,
                    "fees_payer": account.object["controller"].get("fees", {}).get("payer", "account"),
                    **{name: list(account.held[kind].values()) for name, kind in kinds.items()},
                }
                for account in self.state.accounts.values()
            }
