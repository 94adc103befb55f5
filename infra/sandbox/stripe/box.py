"""The core that every rule of this sandbox stands on: its state, its time in epoch seconds, its ids, its accounts."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.sandbox.kit import Clock, Sandbox

from .refusals import missing
from .state import Account, Due, State, Thing

VERSION = "2026-10-28.endive"
DAY = 86_400
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Box(Sandbox):
    """A Sandbox whose state is a ``State``. Rules are functions in the modules beside it that take it first."""

    state: State
    platform_id = "acct_platform"

    def __init__(
        self,
        clock: Clock,
        new_state: Callable[[], State],
        *,
        platform_key: str,
        client_id: str,
        redirect_uris: list[str],
        webhook_secret: str,
        keep: Path | None,
    ) -> None:
        self.platform_key, self.client_id = platform_key, client_id
        self.redirect_uris, self.webhook_secret = redirect_uris, webhook_secret
        self._moment: int | None = None
        self.cause: Thing = {"id": None, "idempotency_key": None}  # the request that events made now come from
        super().__init__("stripe", clock, new_state, keep=keep)

    # --- time -------------------------------------------------------------------------------------------------------
    def epoch(self) -> int:
        """Now in whole seconds; while something due is carried out, the second at which it was due."""
        return self._moment if self._moment is not None else int(self.now().timestamp())

    def later(self, at: int, what: str, account: str, thing: str, **detail: Any) -> None:
        self.state.made += 1
        heapq.heappush(self.state.due, Due(at, self.state.made, what, account, thing, detail))

    def take_due(self) -> Due | None:
        """The next thing due by the clock, off the list, or None."""
        if self.state.due and self.state.due[0].at <= int(self.now().timestamp()):
            return heapq.heappop(self.state.due)
        return None

    def at_moment(self, moment: int | None) -> None:
        self._moment = moment

    # --- ids --------------------------------------------------------------------------------------------------------
    def new_id(self, prefix: str, length: int = 24) -> str:
        """An id that never repeats, also over restarts, and is the same in every run with the same history."""
        self.state.made += 1
        number = int.from_bytes(hashlib.sha512(f"{self.state.salt}:{self.state.made}".encode()).digest(), "big")
        letters = []
        for _ in range(length):
            number, rest = divmod(number, 62)
            letters.append(LETTERS[rest])
        return prefix + "".join(letters)

    # --- accounts and their things ----------------------------------------------------------------------------------
    def account(self, account_id: str) -> Account:
        found = self.state.accounts.get(account_id)
        if not found:
            raise missing("account", account_id, "account")
        return found

    def find(self, account: Account, kind: str, thing_id: str, param: str = "id") -> Thing:
        """The kept object itself, not a copy. Raises Refusal 404."""
        found = account.held[kind].get(thing_id)
        if not found:
            raise missing(kind, thing_id, param)
        return found

    def hold(self, account: Account, thing: Thing) -> Thing:
        account.held[thing["object"]][thing["id"]] = thing
        return thing


def business_days_after(epoch: int, days: int) -> int:
    """The same time of day, ``days`` business days later (Monday to Friday, UTC; bank holidays are not modelled)."""
    at = datetime.fromtimestamp(epoch, UTC)
    while days > 0:
        at += timedelta(days=1)
        if at.weekday() < 5:
            days -= 1
    return int(at.timestamp())


def day_start(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def snapshot(thing: Thing) -> Thing:
    """A copy that shares nothing with ``thing``; far quicker than ``deepcopy``, JSON being all there is to copy."""
    return {name: _copy(value) for name, value in thing.items()}


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return snapshot(value)
    return [_copy(part) for part in value] if isinstance(value, list) else value
