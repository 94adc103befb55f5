"""How often a firm in which nothing happens, with working webhooks, is read at QuickBooks in a month."""

from __future__ import annotations

from chalicelib.flow import polling, reconciling
from chalicelib.flow.settle import policy_of
from tests.bench.figures import Figure
from tests.flow import trust_acts
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
    """Calls of QuickBooks, whatever they are, in so many quiet days after a first sync, with each night's preflight and
    comparisons, of trust money too. Left out are those for tokens, which Intuit does not count (reference/quickbooks.md
    2.8), and the comparison in full on the first of a month."""
    stage = a_stage(hooks=True)
    world = stage.world
    stage.resync()
    trust_acts.choose(stage)
    stage.pass_time(minutes=10)  # the webhooks are known to work, and the echoes of our own writes are read
    reconciling.nightly(world)
    stage.pass_time(days=1, step_minutes=30)
    before = len(world.quickbooks_box.log)
    for _ in range(days):
        reconciling.nightly(world)
        stage.pass_time(days=1, step_minutes=30)  # finer steps than an hour: every poll comes when it is due
    told = polling.freshness(world, policy_of(world, stage.firm))
    assert next(f for f in told if f.name == "quickbooks").hooked
    return sum("/v3/company/" in e.path for e in world.quickbooks_box.log[before:])
