"""Everything the Stripe sandbox remembers: plain picklable dataclasses and dicts, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Thing = dict[str, Any]  # an object as Stripe's JSON shows it

KINDS = (
    "checkout.session",
    "payment_intent",
    "charge",
    "refund",
    "dispute",
    "balance_transaction",
    "payout",
    "customer",
    "event",
)


@dataclass
class Account:
    """One Stripe account. ``object`` is what the API shows; the rest is what only Stripe's own machines know."""

    id: str
    object: Thing
    login: str
    ach_enabled: bool
    made_by_platform: bool = False
    # Controlled by some other platform: OAuth with read_write cannot connect it (reference/stripe.md 3).
    controlled_elsewhere: bool = False
    held: dict[str, dict[str, Thing]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    lines: dict[str, list[Thing]] = field(default_factory=dict)  # by session
    hidden: dict[str, Thing] = field(default_factory=dict)  # by object id: what the API never shows

    @property
    def bank(self) -> Thing | None:
        banks = self.object["external_accounts"]["data"]
        return banks[0] if banks else None


@dataclass
class Connection:
    """An account that lets the platform act for it. ``tokens`` are full keys of that account."""

    scope: str
    since: int
    tokens: list[str] = field(default_factory=list)
    refresh: str = ""


@dataclass
class Code:
    """An OAuth authorization code: single use, five minutes (epoch seconds)."""

    account: str
    scope: str
    expires_at: int
    redirect_uri: str
    used: bool = False


@dataclass
class Link:
    """An Account Link; ``visited`` because each opens once."""

    account: str
    refresh_url: str
    return_url: str
    expires_at: int
    visited: bool = False
    finish_token: str = ""


@dataclass
class Remembered:
    """The stored answer of an idempotency key, for 24 hours after ``at`` (epoch seconds)."""

    at: int
    request: str
    status: int
    body: bytes
    request_id: str


@dataclass(order=True)
class Due:
    """Something that happens by itself at ``at`` (epoch seconds); ``number`` keeps the order of making."""

    at: int
    number: int
    what: str = field(compare=False)
    account: str = field(compare=False)
    thing: str = field(compare=False)
    detail: Thing = field(compare=False, default_factory=dict)


@dataclass
class Endpoint:
    """A registered webhook endpoint. ``connect`` ones hear connected accounts, the others the platform's own."""

    id: str
    url: str
    secret: str
    enabled_events: list[str]
    connect: bool = True


@dataclass
class Delivery:
    """One attempt chain of one event to one endpoint; times are epoch seconds."""

    event: str
    account: str
    endpoint: str
    first_at: int
    due_at: int
    number: int
    body: bytes
    tries: int = 0
    held_back: bool = False


@dataclass
class Plan:
    """What happens to the next ``next`` deliveries whose event type matches ``types`` (a regular expression).

    ``double``: the same event goes out twice. ``twin``: another event object, with an id of its own, describes the same
    change. ``reorder``: what comes after it overtakes it. ``drop``: it is never sent, and listed as undelivered.
    """

    next: int = 1
    late_seconds: int = 0
    double: bool = False
    twin: bool = False
    reorder: bool = False
    drop: bool = False
    types: str = ".*"


@dataclass
class State:
    salt: str
    made: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    remembered: dict[tuple[str, str], Remembered] = field(default_factory=dict)
    busy_keys: dict[tuple[str, str], int] = field(default_factory=dict)
    due: list[Due] = field(default_factory=list)
    waiting: list[Delivery] = field(default_factory=list)
    undelivered: dict[str, int] = field(default_factory=dict)  # event id -> chains not (yet) answered with 2xx
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    homes: dict[str, str] = field(default_factory=dict)  # session id -> account id
    seconds: dict[tuple[str, int], int] = field(default_factory=dict)  # rate window -> requests
