"""Reads of a firm: its state, connections and reminder sets. A handful of items each, never more."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.connection import Connection
from chalicelib.domain.firm import Firm
from chalicelib.domain.kernel import Held, Kind, Ref
from chalicelib.domain.reminders import SUPPLIED, ReminderSet
from chalicelib.flow import states
from chalicelib.flow.ports import World

CONNECTIONS = ("clio", "quickbooks", "stripe-operating", "stripe-trust")
SETS_AT_MOST = 50


def firm_of(world: World, firm: str) -> Firm | None:
    state: Firm | None = states.decode(Kind.FIRM, world.store.load(Ref(firm, Kind.FIRM, firm)).body)
    return state


def connections(world: World, firm: str) -> dict[str, Connection]:
    """By connection id; those never made are absent."""
    return connected(world.store.load_many(connection_refs(firm)))


def connection_refs(firm: str) -> list[Ref]:
    """What to load for ``connected``."""
    return [Ref(firm, Kind.CONNECTION, id) for id in CONNECTIONS]


def connected(held: Iterable[Held]) -> dict[str, Connection]:
    """The connections that were loaded, by id; those never made are absent."""
    return {h.ref.id: states.decode(Kind.CONNECTION, h.body) for h in held if h.body is not None}


def sets(world: World, firm: str) -> dict[str, ReminderSet]:
    """The firm's own reminder sets, archived ones too, and the supplied ones, by id."""
    own = world.store.listed(f"{firm}/sets", limit=SETS_AT_MOST)
    found: dict[str, ReminderSet] = {s.id: s for s in SUPPLIED}
    found.update({h.ref.id: states.decode(Kind.SET, h.body) for h in own.items})
    return found
