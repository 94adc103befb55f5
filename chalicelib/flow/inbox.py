"""What webhooks leave behind: a pointer each, owed as a look. No neighbour is called and no payload is believed."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain import effects
from chalicelib.domain.connection import account_guard
from chalicelib.domain.kernel import Kind, Neighbour, Ref, lane_of
from chalicelib.domain.readings import EventPointer
from chalicelib.flow import capturing, renaming
from chalicelib.flow.feeds import point_at_stripe
from chalicelib.flow.ports import World

BOOKED = ("invoice", "payment", "customer", "creditmemo", "journalentry")  # what is linked there
DELETED = "deleted"  # Clio's word for it (reference/clio.md 8)


def firm_at(world: World, neighbour: Neighbour, account: str) -> str:
    """Which firm is connected to an account there; empty for none."""
    holder = world.store.held_by(account_guard(neighbour, account))
    return holder.split("/", 1)[0] if holder else ""


def point(world: World, neighbour: Neighbour, pointers: Iterable[EventPointer]) -> int:
    """Owes a look for each pointer that concerns one of our firms. Gives how many."""
    lanes: set[str] = set()
    count = 0
    heard: set[str] = set()
    firms: dict[str, str] = {}
    for pointer in pointers:
        if pointer.account not in firms:
            firms[pointer.account] = firm_at(world, neighbour, pointer.account)
        firm = firms[pointer.account]
        if firm and neighbour is Neighbour.QUICKBOOKS:
            count += pointer.kind in BOOKED
            heard |= {firm} if pointer.kind in BOOKED else set()
        elif firm and _owed(world, neighbour, firm, pointer):
            count += 1
            lanes.add(lane_of(firm, neighbour, pointer.account))
    for firm in sorted(heard):  # one look at the feed for all that this message points at
        capturing.hear(world, firm)
    if lanes:
        world.queue.hint(sorted(lanes))
    world.count("webhook_pointers", count, neighbour=str(neighbour))
    return count


def _owed(world: World, neighbour: Neighbour, firm: str, pointer: EventPointer) -> bool:
    """Whether it concerns us; then its look is owed now."""
    if neighbour is Neighbour.STRIPE:
        return point_at_stripe(world, firm, pointer)
    return _at_clio(world, firm, pointer)


def _at_clio(world: World, firm: str, pointer: EventPointer) -> bool:
    """A bill, or a client or matter that we hold: most contacts of a firm owe nothing and are not ours to read."""
    lane = lane_of(firm, Neighbour.CLIO, pointer.account)
    match pointer.kind:
        case "bill":
            world.store.arrive(effects.look_bill(firm, lane, pointer.object_id, world.now(), receipts=False))
        case "contact" if world.store.load(Ref(firm, Kind.CONTACT, pointer.object_id or "-")).version:
            why = DELETED if pointer.type == DELETED else ""
            world.store.arrive(effects.look_client(firm, lane, pointer.object_id, world.now(), why))
        case "matter":
            return renaming.point(world, firm, lane, pointer.object_id)
        case _:
            return False
    return True
