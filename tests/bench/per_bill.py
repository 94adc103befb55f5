"""What bringing in a bill costs the store, and what a webhook asks of neighbours (nothing)."""

from __future__ import annotations

from infra.sandbox.clio import seed as seed_clio
from infra.sandbox.quickbooks import seed as seed_quickbooks
from infra.sandbox.stripe.seed import seed as seed_stripe
from tests.bench.figures import Figure
from tests.flow.acts import payables
from tests.web import test_webhooks as hooks
from tests.world import a_stage, connect


def figures() -> list[Figure]:
    return [*_first_sync(), _webhooks()]


def _first_sync() -> list[Figure]:
    """The seeded firm from its first Resync until all that can be is in QuickBooks, sweeps and locks included."""
    stage = a_stage()
    world, store = stage.world, stage.world.store
    world.clio_box.log.clear()
    world.quickbooks_box.log.clear()
    store.reset_counts()
    run = stage.resync()
    counts = dict(store.counts)
    booked = [p for p in payables(stage) if p.booked]
    bills = max(1, run.new)
    reads = sum(n for (way, _), n in counts.items() if way == "read")
    writes = sum(n for (way, _), n in counts.items() if way == "write")
    return [
        Figure("import_bills", run.new, what="bills and requests that the seeded firm's first sync brings in"),
        Figure("import_bills_booked", len(booked), what="of them with an invoice in QuickBooks at the end"),
        Figure("import_writes_per_bill", round(writes / bills, 1), what="items written per bill, all in all"),
        Figure("import_reads_per_bill", round(reads / bills, 1), what="items read per bill, sweeps and polls included"),
        Figure("import_clio_calls_per_bill", round(len(world.clio_box.log) / bills, 2), what="calls of Clio per bill"),
        Figure(
            "import_quickbooks_calls_per_bill",
            round(len(world.quickbooks_box.log) / bills, 2),
            what="calls of QuickBooks per bill (customers, numbers, batches)",
        ),
    ]


def _webhooks() -> Figure:
    """One signed event of each neighbour through the shipped routes and signature checks."""
    world = hooks.HookedWorld()
    today = world.now().date()
    seed_clio(world.clio_box, today)
    seed_quickbooks(world.quickbooks_box, today)
    seed_stripe(world.stripe_box, today)
    sender = hooks.Sender(connect(world, trust=False), world)
    sender.neighbour_calls = 0
    address = hooks.clio_address(sender)
    stripe, books, clio = hooks.stripe_event(sender), hooks.quickbooks_event(sender.stage.realm), hooks.clio_event()
    answers = [
        sender.post("/webhooks/stripe", stripe, Stripe_Signature=hooks.stripe_signature(sender, stripe)),
        sender.post("/webhooks/quickbooks", books, Intuit_Signature=hooks.quickbooks_signature(books)),
        sender.post(address, clio, X_Hook_Signature=hooks.clio_signature(clio)),
    ]
    assert [a.status_code for a in answers] == [200] * len(answers), answers
    return Figure("webhook_neighbour_calls", sender.neighbour_calls, 0, what="one event of each neighbour, signed")
