"""How Stripe says no: one exception that carries the status and the error object of the answer."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer that is an error.

    ``kept`` tells whether an idempotency key stores it: validation failures and conflicts are not stored, errors met
    once execution began are (reference/stripe.md 6, "Idempotency").
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.kind, self.code, self.param = message, status, kind, code, param
        self.kept, self.extra = kept, extra or {}

    def body(self) -> dict[str, Any]:
        """The JSON of the answer, as Stripe's error object."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = "https://stripe.com/docs/error-codes/" + self.code.replace("_", "-")
        if self.param:
            error["param"] = self.param
        return {"error": {**error, **self.extra}}


class OAuthRefusal(Exception):
    """An error of the token and deauthorize calls: RFC 6749's shape, not Stripe's error object."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


def missing(kind: str, thing_id: str, param: str = "id") -> Refusal:
    """404 ``resource_missing``: no such object on this account."""
    return Refusal(f"No such {kind}: '{thing_id}'", status=404, code="resource_missing", param=param, kept=True)


def no_access(account: str, key: str) -> Refusal:
    """403 ``account_invalid``: never connected, or disconnected (reference/stripe.md 3, "Firm disconnects")."""
    return Refusal(
        f"The provided key '{key[:8]}***' does not have access to account '{account}' (or that account does not "
        "exist). Application access may have been revoked.",
        status=403,
        code="account_invalid",
    )
