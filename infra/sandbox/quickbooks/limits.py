"""The limits of reference/quickbooks.md 2.8, counted per realm in sliding windows of the stage's clock.

Kept in memory: a restart forgives, as a minute of waiting would.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from infra.sandbox.quickbooks.faults import throttled

if TYPE_CHECKING:
    from infra.sandbox.quickbooks.server import QuickBooksSandbox

LIMITS = (
    ("limit_per_minute", 500, 60.0, False),
    ("limit_per_second", 10, 1.0, False),
    ("limit_batches_per_minute", 40, 60.0, True),
)
"""Switch, default, window in seconds, whether it counts batches only. A limit of 0 is none."""


class Limits:
    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)

    def admit(self, box: QuickBooksSandbox, realm: str, *, batch: bool) -> None:
        """Counts one request, or raises Refusal 3001 and counts nothing."""
        if box.switch("ignore_limits", False):
            return
        now = box.now()
        windows = []
        for name, default, seconds, batches in LIMITS:
            most = int(box.switch(name, default))
            if not most or (batches and not batch):
                continue
            window = self.seen[(realm, name)]
            while window and window[0] <= now - timedelta(seconds=seconds):
                window.popleft()
            if len(window) >= most:
                box.note("rate_limited")
                raise throttled()
            windows.append(window)
        for window in windows:
            window.append(now)

    def use_up(self, box: QuickBooksSandbox, realm: str) -> None:
        """As if another app of the firm had just spent the whole minute's budget."""
        most = int(box.switch("limit_per_minute", 500))
        self.seen[(realm, "limit_per_minute")].extend([box.now()] * most)
