"""What we read of a neighbour's news: its webhook subscriptions, and what changed of matters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HookReading:
    """A webhook subscription at Clio. ``status``: pending (no handshake yet), enabled or suspended. ``secret``: what
    its messages are signed with; empty where Clio does not show it."""

    id: str
    url: str
    status: str
    events: tuple[str, ...]
    expires_at: datetime | None
    secret: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class MatterReading:
    """A matter at Clio. ``client_id``: empty where Clio shows none; ``number``: its display number."""

    id: str
    client_id: str
    number: str
