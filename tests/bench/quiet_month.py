"""How often a firm in which nothing happens, with working webhooks, is read at QuickBooks in a month."""

from __future__ import annotations

from chalicelib.flow import polling
from chalicelib.flow.settle import policy_of
from tests.bench.figures import Figure
from tests.world import a_stage

DAYS, MONTH = 10, 30
AT_MOST = 400


def figures() -> list[Figure]:
    month = reads_in(DAYS) * MONTH // DAYS
    return [
        Figure(
            "quickbooks_reads_per_firm_month", month, AT_MOST, what=f"a quiet firm's {DAYS} days, for {MONTH} of them"
        )
    ]


def reads_in(days: int) -> int:
    """Calls of QuickBooks, whatever they are, in so many quiet days after a first sync."""
    stage = a_stage(hooks=True)
    world = stage.world
    stage.resync()
    stage.pass_time(minutes=10)  # the webhooks are known to work, and the echoes of our own writes are read
    before = len(world.quickbooks_box.log)
    stage.pass_time(30, days=days)  # finer steps than an hour: every poll comes when it is due
    told = polling.freshness(world, policy_of(world, stage.firm))
    assert next(f for f in told if f.name == "quickbooks").hooked
    return len(world.quickbooks_box.log) - before
