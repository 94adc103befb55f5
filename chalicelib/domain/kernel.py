"""The kernel's values (design section 2): references, effects, journal lines, decisions and commits. No rule here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

Json = dict[str, Any]
SHARDS = 4  # of the index of owed effects by due time: the sweep reads each
S = TypeVar("S")


class Kind(StrEnum):
    """The things that have a life of their own."""

    FIRM = "firm"
    CONNECTION = "connection"
    CONTACT = "contact"
    PAYABLE = "payable"
    PAYMENT = "payment"
    CREDIT = "credit"
    ENVELOPE = "envelope"
    SET = "set"
    SUMS = "sums"
    TRUST = "trust"  # one entry of a trust bank account
    LEDGER = "ledger"  # what a trust account holds, in all and for each client and matter
    MATTER = "matter"  # a matter's sub-customer in QuickBooks
    HOLDER = "holder"  # a client's own account below the trust liability in QuickBooks
    DIGEST = "digest"  # the firm's daily mail to itself
    STATEMENT = "statement"  # a trust account's reconciliation as of a month end


class Neighbour(StrEnum):
    CLIO = "clio"
    QUICKBOOKS = "quickbooks"
    STRIPE = "stripe"
    MAIL = "mail"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Ref:
    """Names one aggregate of one firm."""

    firm: str
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


def lane_of(firm: str, neighbour: Neighbour, account: str = "") -> str:
    """firm x neighbour x account there: what an outage of one account may stop, and nothing more."""
    return f"{firm}|{neighbour}|{account}"


class Status(StrEnum):
    """An effect is owed until it is done, or parked with a reason that a person sees and can retry."""

    OWED = "owed"
    DONE = "done"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Effect:
    """Something owed. ``key`` never changes and begins with the firm. ``about`` is the aggregate whose page shows it.

    ``due_at`` UTC. ``after``: names of links that must exist first (``customer/<contact>``, ``invoice/<payable>``).
    ``body``: small JSON arguments. ``arrivals`` counts pointers to a look: it is done only if the count has not moved.
    A task for a person is an effect that is born parked: then ``status`` is PARKED with ``reason`` and ``remedy``.
    """

    key: str
    kind: str
    firm: str
    about: str
    lane: str
    due_at: datetime
    after: tuple[str, ...] = ()
    body: Json = field(default_factory=dict)
    status: Status = Status.OWED
    reason: str = ""
    remedy: str = ""
    detail: str = ""
    title: str = ""
    arrivals: int = 1
    tries: int = 0
    call: str = ""
    cause: str = ""


OFFERED = ("choices", "may_close", "broken", "shared")  # in a parked effect's body: of the question, and over with it


@dataclass(frozen=True, slots=True)
class Line:
    """One journal line: the fact, when it was decided, under which policy version, and the change that came of it.

    ``change`` maps each top-level field of the state that moved to its new value; replay folds these and never decides.
    """

    ref: Ref
    version: int
    fact: str
    body: Json
    at: datetime
    policy: int
    change: Json
    by: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a state stands in the two indexes: (partition, sort) or None for not listed."""

    list: tuple[str, str] | None = None
    group: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One state to write. ``expected``: the version seen; 0 = it must not exist. The new version is expected + 1."""

    ref: Ref
    expected: int
    body: Json
    line: Line
    listing: Listing = Listing()


@dataclass(frozen=True, slots=True)
class Finish:
    """Marks an effect done (or parked, or moved to a later time) in the same commit.

    ``arrivals``: done only if no pointer came since; ``call``: only while the effect is a member of that call.
    None means the condition is not asked. ``unless_missing``: nothing happens if there is no such effect (closing a
    task that may never have been opened). ``once``: only while it is not done; what the commit adds to a sum would be
    added again where an index that lags shows a done effect as owed.
    """

    key: str
    arrivals: int | None = None
    call: str | None = None
    once: bool = False
    status: Status = Status.DONE
    reason: str = ""
    remedy: str = ""
    detail: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Uniqueness across aggregates: ``key`` may be held by one ``holder`` only. Put if absent or already ours."""

    key: str
    holder: str
    release: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """All that changes together: one DynamoDB transaction (at most 90 actions)."""

    changes: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    finish: tuple[Finish, ...] = ()
    guards: tuple[Guard, ...] = ()
    names: tuple[str, ...] = ()  # documents that this commit refers to: they stop being swept


@dataclass(frozen=True, slots=True)
class Call:
    """The record of one request to a neighbour, stored before anything is sent.

    ``id`` is the request id sent; ``request`` the exact bytes and address as JSON; ``tries`` is counted before sending;
    ``sent_at`` is when the last send began. ``members``: effect keys in order.
    """

    id: str
    lane: str
    kind: str
    members: tuple[str, ...]
    request: Json
    stored_at: datetime
    tries: int = 0
    sent_at: datetime | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A state as loaded. ``version`` 0 and ``body`` None: it does not exist."""

    ref: Ref
    version: int
    body: Json | None


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of an index: the items and the cursor for the next page (opaque text), None when there is no more."""

    items: tuple[Held, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class EffectSlice:
    items: tuple[Effect, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """What ``decide`` gives: the new state, what is owed now, tasks closed, uniqueness taken, documents named."""

    state: S
    effects: tuple[Effect, ...] = ()
    closes: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    names: tuple[str, ...] = ()


def changed(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Json:
    """The top-level fields of ``new`` that differ from ``old``; a field that went away maps to None."""
    before = old or {}
    change = {k: v for k, v in new.items() if before.get(k) != v or k not in before}
    change.update({k: None for k in before if k not in new})
    return change


def fold(change: Mapping[str, Any], body: Mapping[str, Any] | None) -> Json:
    """Replay: one journal line's change laid over the state before it."""
    return {**(body or {}), **change}
