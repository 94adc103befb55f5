"""Raw HTTP to a seeded Clio sandbox in process: requests over Wire, nothing of chalicelib."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import requests

from infra.sandbox.clio import OWNER_A, ClioSandbox, seed
from infra.sandbox.kit import ManualClock, Wire
from tests.sandbox import clio_document

BASE = "https://app.clio.com"
CALLBACK = "https://fee.example/connect/clio/callback"
TODAY = date(2026, 3, 2)
KEY, SECRET = "clio-key", "clio-secret"


@cache
def _seeded() -> bytes:
    clio = ClioSandbox(ManualClock())
    seed(clio, TODAY)
    return pickle.dumps(clio.state)


@dataclass
class Office:
    """A seeded sandbox, its clock, and requests sent with one user's token.

    Each request and answer is held against Clio's own document, where this machine has it.
    """

    clio: ClioSandbox
    clock: ManualClock
    http: requests.Session
    token: str

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """``path`` below /api/v4 unless it begins with a slash; ``token=None`` sends none."""
        token = more.pop("token", self.token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = path if path.startswith("https:") else BASE + (path if path.startswith("/") else f"/api/v4/{path}")
        answer = self.http.request(method, url, headers=headers | more.pop("headers", {}), **more)
        assert clio_document.check(answer) == []
        return answer

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.ask("GET", path, params=params)

    def data(self, path: str, **params: Any) -> Any:
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def patch(self, path: str, data: dict[str, Any], **more: Any) -> requests.Response:
        return self.ask("PATCH", path, json={"data": data}, **more)

    def bill(self, number: str, fields: str = "id,etag,number,state,total,due,paid,balance,updated_at") -> Any:
        found = self.clio.people.find_bill(number)["id"]
        return self.data(f"bills/{found}.json", fields=fields)

    def path(self, number: str) -> str:
        return f"bills/{self.clio.people.find_bill(number)['id']}.json"

    def as_user(self, email: str) -> Office:
        return Office(self.clio, self.clock, self.http, self.clio.people.give_token(email)["access_token"])


def an_office(email: str = OWNER_A, **switches: Any) -> Office:
    """A fresh seeded sandbox at 2 March 2026, 15:00 UTC, with a token of ``email``."""
    clock = ManualClock()
    clio = ClioSandbox(clock, clients={KEY: (SECRET, [CALLBACK])})
    clio.state = pickle.loads(_seeded())
    clio.switches.update(switches)
    http = requests.Session()
    http.mount(BASE, Wire(clio, BASE))
    return Office(clio, clock, http, clio.people.give_token(email)["access_token"])


def refused(answer: requests.Response, status: int, kind: str | None = None) -> None:
    """The answer is this status with Clio's error body (2.7)."""
    assert answer.status_code == status, answer.text
    told = answer.json()["error"]
    assert set(told) == {"type", "message"}
    assert kind is None or told["type"] == kind


def allocations(o: Office, number: str) -> Any:
    return o.data(
        "allocations.json",
        bill_id=o.clio.people.find_bill(number)["id"],
        order="id(asc)",
        fields="id,date,amount,description,voided_at,parent{id,type},source_bank_account{type},destination_bank_account{type}",
    )


Rule = Callable[[Office], None]


class Table(list[tuple[str, Rule]]):
    """The rules of one file, each with the section of reference/clio.md that it comes from."""

    def __call__(self, section_and_rule: str) -> Callable[[Rule], Rule]:
        def keep(rule: Rule) -> Rule:
            self.append((section_and_rule, rule))
            return rule

        return keep
