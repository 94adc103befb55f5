"""The refusals of Clio's API: one exception, and the error body of reference/clio.md 2.7."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """Answered as ``status`` with ``{"error": {"type", "message"}}``, or with ``body`` where the shape differs."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = body or {"error": {"type": kind, "message": message}}


def invalid_fields(message: str) -> Refusal:
    """A name in ``fields`` that the record does not have, or deeper than one level (2.1)."""
    return Refusal(400, "InvalidFields", message)


def bad_parameter(message: str) -> Refusal:
    return Refusal(400, "ArgumentError", message)


def forbidden(message: str = "User is forbidden from taking that action") -> Refusal:
    return Refusal(403, "ForbiddenError", message)


def not_found() -> Refusal:
    return Refusal(404, "RecordNotFoundError", "The record could not be found")


def invalid(message: str) -> Refusal:
    """Validation, a state change that is not offered, a locked record (2.7)."""
    return Refusal(422, "UnprocessableEntityError", message)
