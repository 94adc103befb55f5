"""What people do inside Clio, QuickBooks and Stripe, and what those show: the sandboxes' control routes."""

from __future__ import annotations

from typing import Any

import requests

from infra.local.browser import PageError
from infra.local.stack import Stack


class Neighbour:
    """One sandbox's people and books."""

    def __init__(self, base: str) -> None:
        self.base = base

    def act(self, verb: str, **how: Any) -> Any:
        """A person does something there. Raises PageError when the sandbox refuses."""
        answer = requests.post(f"{self.base}/_sandbox/people/{verb}", json=how, timeout=30)
        if answer.status_code >= 300:
            raise PageError(f"{verb}: {answer.status_code} {answer.text[:300]}")
        told = answer.json()
        return told.get("result", told) if isinstance(told, dict) else told

    def get(self, path: str) -> Any:
        """Raises PageError where the sandbox has no such page."""
        answer = requests.get(f"{self.base}/_sandbox/{path}", timeout=30)
        if answer.status_code != 200:
            raise PageError(f"{path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def switch(self, **values: Any) -> None:
        requests.post(f"{self.base}/_sandbox/switches", json=values, timeout=30)

    def fault(self, **plan: Any) -> None:
        requests.post(f"{self.base}/_sandbox/faults", json={"faults": [plan]}, timeout=30)


class Town:
    """The three neighbours of one stage."""

    def __init__(self, stack: Stack) -> None:
        self.clio = Neighbour(f"{stack.sandboxes}/clio")
        self.books = Neighbour(f"{stack.sandboxes}/quickbooks")
        self.stripe = Neighbour(f"{stack.sandboxes}/stripe")

    def invoices(self, realm: str) -> list[Any]:
        """QuickBooks' invoices that are not voided."""
        return _live(self.books.get(f"books/{realm}")["Invoice"])

    def payments(self, realm: str) -> list[Any]:
        """QuickBooks' payments of money that are not voided; those of nothing only apply a credit memo."""
        return [p for p in _live(self.books.get(f"books/{realm}")["Payment"]) if p["TotalAmt"] > 0]

    def issued(self) -> set[str]:
        """Every token, refresh token, code and webhook secret that the three have given out so far."""
        return {secret for box in (self.clio, self.books, self.stripe) for secret in box.get("tokens")}


def _live(held: list[Any]) -> list[Any]:
    return [one for one in held if not str(one.get("PrivateNote", "")).startswith("Voided")]
