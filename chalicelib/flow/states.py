"""States to JSON and back, each kind with its class and its place in the indexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain import (
    connection,
    contact,
    crediting,
    digest,
    envelope,
    holding,
    ledger,
    matters,
    payable,
    payment,
    statement,
    trust,
)
from chalicelib.domain.firm import Firm
from chalicelib.domain.kernel import Json, Kind, Listing
from chalicelib.domain.reminders import ReminderSet
from chalicelib.domain.sums import Sums


@dataclass(frozen=True, slots=True)
class Shape:
    """What class a kind's states have, and where they are listed."""

    type: type[Any]
    listing: Callable[[Any], Listing]


def _unlisted(_state: Any) -> Listing:
    return Listing()


SHAPES: dict[Kind, Shape] = {
    Kind.FIRM: Shape(Firm, _unlisted),
    Kind.CONNECTION: Shape(connection.Connection, connection.listing),
    Kind.CONTACT: Shape(contact.Contact, contact.listing),
    Kind.PAYABLE: Shape(payable.Payable, payable.listing),
    Kind.PAYMENT: Shape(payment.Payment, payment.listing),
    Kind.CREDIT: Shape(crediting.Credit, crediting.listing),
    Kind.ENVELOPE: Shape(envelope.Envelope, envelope.listing),
    Kind.SET: Shape(ReminderSet, _unlisted),
    Kind.SUMS: Shape(Sums, _unlisted),
    Kind.TRUST: Shape(trust.Entry, trust.listing),
    Kind.MATTER: Shape(matters.Matter, matters.listing),
    Kind.HOLDER: Shape(holding.Holder, _unlisted),
    Kind.LEDGER: Shape(ledger.Ledger, ledger.listing),
    Kind.DIGEST: Shape(digest.Digest, _unlisted),
    Kind.STATEMENT: Shape(statement.Statement, statement.listing),
}


def encode(state: Any) -> Json:
    """A state (or fact) as plain JSON values, exactly as they come back from the store: dates and times as text,
    tuples as lists."""
    built: Json = msgspec.json.decode(msgspec.json.encode(state))
    return built


def decode(kind: Kind, body: Json | None) -> Any:
    """The state of this kind, or None."""
    return None if body is None else msgspec.convert(body, SHAPES[kind].type)


def listing(kind: Kind, firm: str, state: Any) -> Listing:
    if kind is Kind.SET:
        return Listing(list=(f"{firm}/sets", f"{state.name.lower()}#{state.id}"))
    return SHAPES[kind].listing(state)
