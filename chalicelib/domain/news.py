"""What we read of the news that a neighbour sends us: its webhook subscriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HookReading:
    """A webhook subscription at Clio. ``status``: pending (no handshake yet), enabled or suspended. ``secret``: what
    its messages are signed with; empty where Clio does not show it."""

    id: str
    url: str
    model: str
    status: str
    events: tuple[str, ...]
    expires_at: datetime | None
    secret: str = field(repr=False, default="")
