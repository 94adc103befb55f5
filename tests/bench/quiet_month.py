"""How often a firm in which nothing happens, with working webhooks, is read at QuickBooks in a month."""

from __future__ import annotations

from chalicelib.flow import polling, reconciling
from chalicelib.flow.settle import policy_of
from infra.sandbox.clio import make_many
from tests.bench.figures import Figure
from tests.flow import acts, trust_acts
from tests.world import a_stage

DAYS, MONTH = 10, 30
AT_MOST = 400
OPEN = 1000  # bills, with those of the seeded firm
SEEDED = 35
CLIENTS = 50
LARGE_DAYS = 3
LINES_A_MINUTE = 10  # bills whose lines are read, and more


def figures() -> list[Figure]:
    name = "quickbooks_reads_per_firm_month"
    few, many = reads_in(DAYS) * MONTH // DAYS, reads_in(LARGE_DAYS, more=OPEN - SEEDED) * MONTH // LARGE_DAYS
    return [
        Figure(name, few, AT_MOST, what=f"a quiet firm's {DAYS} days, for {MONTH} of them"),
        Figure(f"{name}_1000", many, AT_MOST, what=f"the same with {OPEN} open bills, from {LARGE_DAYS} days"),
    ]


def reads_in(days: int, *, more: int = 0) -> int:
    """Calls of QuickBooks, whatever they are, in so many quiet days after a first sync, with each night's preflight and
    comparisons, of trust money too. Left out are those for tokens, which Intuit does not count (reference/quickbooks.md
    2.8), and the comparison in full on the first of a month. ``more``: open bills beside those of the seeded firm."""
    stage = a_stage(hooks=True)
    world = stage.world
    if more:
        firm, today = int(stage.firm.partition("-")[2]), world.now().date()
        make_many(world.clio_box, more, firm=firm, today=today, paid_share=0.0, clients=CLIENTS)
    stage.resync()
    stage.pass_time(1, minutes=more // LINES_A_MINUTE)
    trust_acts.choose(stage)
    stage.pass_time(minutes=10)  # the webhooks are known to work, and the echoes of our own writes are read
    reconciling.nightly(world)
    stage.pass_time(days=1, step_minutes=30)
    assert len(acts.booked(stage, "Invoice")) >= more
    before = len(world.quickbooks_box.log)
    for _ in range(days):
        reconciling.nightly(world)
        stage.pass_time(days=1, step_minutes=30)  # finer steps than an hour: every poll comes when it is due
    told = polling.freshness(world, policy_of(world, stage.firm))
    assert next(f for f in told if f.name == "quickbooks").hooked
    return sum("/v3/company/" in e.path for e in world.quickbooks_box.log[before:])
