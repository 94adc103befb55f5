"""Clio's ways to say no, read into our errors (reference/clio.md 1, 2.6, 2.7)."""

from __future__ import annotations

from datetime import datetime

import requests

from chalicelib.errors import Declined, Expired, Unavailable

BUSY_SECONDS = 60.0  # a rate window (2.6), where Clio does not say how long
FAULT_SECONDS = 30.0


def refuse(answer: requests.Response, *, write: bool, now: datetime) -> None:
    """Raises what an answer that is no success means (reference/clio.md 2.7)."""
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status == 401:
        raise Expired("Clio refused the access token")
    if status == 429:
        raise Unavailable("Clio's rate limit", after=_wait(answer, now))
    if status >= 500:
        raise Unavailable(f"Clio answered {status}", after=FAULT_SECONDS, maybe_done=write)
    kind, words = said(answer)
    raise Declined(str(status), words or f"Clio answered {status}", kind, status)


def _wait(answer: requests.Response, now: datetime) -> float:
    """Seconds until Clio takes requests again: Retry-After, else X-RateLimit-Reset (unix seconds), else a window."""
    after = answer.headers.get("Retry-After", "")
    if after.isdigit():
        return max(float(after), 1.0)
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if reset.isdigit():
        return min(max(float(reset) - now.timestamp(), 1.0), BUSY_SECONDS)
    return BUSY_SECONDS


def said(answer: requests.Response) -> tuple[str, str]:
    """(type, words) of an error; ``error`` may be an object or a text (reference/clio.md 1, 9.1)."""
    try:
        told = answer.json()
    except ValueError:
        return "", ""
    error = told.get("error") if isinstance(told, dict) else None
    if isinstance(error, dict):
        return str(error.get("type") or ""), str(error.get("message") or "")
    if isinstance(error, str):
        return error, str(told.get("error_description") or "")
    return "", ""
