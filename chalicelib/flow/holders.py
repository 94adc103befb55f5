"""What of ours holds a thing in QuickBooks, by the guards of its links. Reads no neighbour and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.firm import Policy
from chalicelib.domain.payable import Payable
from chalicelib.flow.ports import World


def holders(world: World, policy: Policy, entity: str, ids: Sequence[str]) -> dict[str, str]:
    """By id there, what holds each in this firm, in the order asked; those that nothing of it holds are left out.
    ``entity``: as guards call it (domain/receipts.py, ``link_guard``), in any case."""
    mine = f"{policy.firm.id}/"
    guards = {id: f"quickbooks/{policy.lanes.book}/{entity.lower()}/{id}" for id in ids}
    held = world.store.holders(list(guards.values()))
    found = {id: held.get(guard, "") for id, guard in guards.items()}
    return {id: holder.removeprefix(mine) for id, holder in found.items() if holder.startswith(mine)}


def nobodys(world: World, policy: Policy, p: Payable) -> set[str]:
    """Of what is left on its invoice in QuickBooks, the ids that nothing of ours is linked to: a person said that they
    are something else. What of ours was left there as it is stays linked (domain/staying.py)."""
    ids = [id for id, _ in p.booked.left] if p.booked else []
    ours = [holders(world, policy, entity, ids) for entity in ("Payment", "CreditMemo")] if ids else []
    return set(ids).difference(*ours)
