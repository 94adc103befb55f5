"""The figures that must hold with every change, at sizes that take seconds; ``make bench`` measures them all."""

from __future__ import annotations

import json

from tests.bench import first_reads, first_sync, per_bill, pushing, quiet_month, quiet_resync, store_units
from tests.bench.figures import Figure, line, met, table


def test_a_resync_with_nothing_changed_writes_nothing_of_the_books() -> None:
    few, more = (
        quiet_resync.quiet_costs(quiet_resync.a_small_firm()),
        quiet_resync.quiet_costs(quiet_resync.a_large_firm(300)),
    )
    assert (few.writes, more.writes) == (0, 0)
    assert few.bookkeeping == more.bookkeeping <= 12
    assert few.calls == more.calls <= 12
    assert few.reads == more.reads


def test_pages_and_the_sweep_read_the_same_in_a_small_and_a_larger_firm() -> None:
    assert first_reads.reads_at(100) == first_reads.reads_at(1000)


def test_a_signed_webhook_calls_no_neighbour() -> None:
    assert next(f for f in per_bill.figures() if f.name == "webhook_neighbour_calls").value == 0


def test_a_quiet_firm_with_working_webhooks_reads_quickbooks_rarely() -> None:
    few = quiet_month.reads_in(1)
    assert few <= quiet_month.AT_MOST // quiet_month.MONTH
    assert quiet_month.reads_in(1, more=250) == few, "not one reading more for each hundred open bills"


def test_invoices_are_pushed_faster_than_by_a_plain_loop_and_none_too_fast() -> None:
    ours, theirs = pushing.push(120), pushing.peer(60)
    assert (ours.refused, theirs.refused) == (0, 0)
    assert ours.a_minute >= 2.8 * theirs.a_minute


def test_a_first_sync_reads_each_page_once_and_no_bill_or_payment_by_itself() -> None:
    read = first_sync.first_reading(1200)
    by_id = sum(n for what, n in read.calls.items() if what.endswith("by id"))
    assert [what for what in read.calls if what.endswith(("one by one", "of one payment", "of one client"))] == []
    assert "allocations of one bill" not in read.calls
    assert read.without_lines - by_id <= read.pages
    assert by_id <= 6, "clients, bills that waited for their receipts, what credit notes lie on"
    assert read.peak_mb <= first_sync.MEMORY_MB


def test_matters_that_become_sub_customers_are_read_together() -> None:
    read = first_sync.first_reading(400, by_matter=True)
    assert read.calls["matters by id"] == 1


def test_a_changed_bill_costs_the_store_no_more_than_its_target() -> None:
    told = store_units.figures()[0]
    assert met(told, [told]), told


def test_a_figure_over_its_target_is_named_as_missed() -> None:
    figures = [Figure("a", 3, 2), Figure("b", 1, 2), Figure("c", 5), Figure("d", 5, None, "c"), Figure("e", 4, 9, "c")]
    assert [met(f, figures) for f in figures] == [False, True, None, True, False]
    told = json.loads(line(figures))
    assert told["missed"] == ["a", "e"]
    assert told["d"] == 5
    assert "MISSED" in table(figures)
    assert [met(Figure("f", n, at_least=2), []) for n in (1, 2)] == [False, True]
