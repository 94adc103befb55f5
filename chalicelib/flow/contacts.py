"""Clients and their QuickBooks customers: looks on either side. Writes to QuickBooks are in ``customers``."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle


def look_at_customers(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> None:
    """Looks at customers in QuickBooks; those that no client is linked to are let be."""
    del reach, policy
    for look in looks:
        done = Finish(look.key, arrivals=look.arrivals)
        settle(world, [], lambda _s, _n: {}, fact="CustomerSeen", finish=[done])
