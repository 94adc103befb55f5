"""What webhooks leave behind: a pointer each, owed as a look. No neighbour is called and no payload is believed."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.connection import account_guard
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import EventPointer
from chalicelib.flow.feeds import point_at_stripe
from chalicelib.flow.looking import point_at_bill
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of


def firm_at(world: World, neighbour: Neighbour, account: str) -> str:
    """Which firm is connected to an account there; empty for none."""
    holder = world.store.held_by(account_guard(neighbour, account))
    return holder.split("/", 1)[0] if holder else ""


def point(world: World, neighbour: Neighbour, pointers: Iterable[EventPointer]) -> int:
    """Owes a look for each pointer that concerns one of our firms. Gives how many."""
    lanes: set[str] = set()
    count = 0
    for pointer in pointers:
        firm = firm_at(world, neighbour, pointer.account)
        if not firm:
            continue
        if neighbour is Neighbour.STRIPE:
            if point_at_stripe(world, firm, pointer):
                count += 1
                lanes.add(f"{firm}|{neighbour}|{pointer.account}")
        elif neighbour is Neighbour.CLIO and pointer.kind == "bill":
            policy = policy_of(world, firm)
            point_at_bill(world, policy, pointer.object_id)
            count += 1
            lanes.add(policy.lanes.of(Neighbour.CLIO))
    if lanes:
        world.queue.hint(sorted(lanes))
    world.count("webhook_pointers", count, neighbour=str(neighbour))
    return count
