"""What the tables of the Stripe sandbox's rules are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from tests.sandbox.stripe_caller import Caller, a_connected_caller, a_session

Act = Callable[[Caller], requests.Response]
UNKNOWN, MISSING = "parameter_unknown", "parameter_missing"
NO_INTEGER, TOO_LONG = "parameter_invalid_integer", "parameter_invalid_string_length"
NO_SUCH = "resource_missing"


@dataclass(frozen=True)
class Rule:
    """A row: what is done, and the error object that answers it. The name begins with the reference's section."""

    name: str
    act: Act
    status: int
    code: str | None = None
    param: str | None = None
    kind: str = "invalid_request_error"


def check(rule: Rule) -> None:
    answer = rule.act(a_connected_caller())
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (rule.status, rule.kind), answer.text
    assert error.get("code") == rule.code, answer.text
    if rule.param:
        assert error["param"] == rule.param
    assert answer.headers["Request-Id"].startswith("req_")


def sessions(**change: Any) -> Act:
    return lambda c: c.post("/v1/checkout/sessions", a_session(**change))


def plain(method: str, path: str, params: dict[str, Any] | None = None, **more: Any) -> Act:
    return lambda c: c.call(method, path, params, **more)
