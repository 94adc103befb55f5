"""What a comparison reads in QuickBooks by id: a thousand with one call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.kernel import Neighbour, lane_of
from chalicelib.errors import Declined, Unavailable, Unreadable
from chalicelib.flow import compared, compared_rows, reconciling
from chalicelib.flow.compared_rows import AT_ONCE, IN_A_QUERY
from chalicelib.flow.drain import drain
from tests.flow.acts import STAFF, a_synced_stage, compare
from tests.flow.alone import near


class Books:
    """Notes what is asked. ``columns``: whether it gives lists of columns; ``odd``: an id whose figure is unusable."""

    def __init__(self, *, columns: bool = True, odd: str = "") -> None:
        self.columns, self.odd, self.asked = columns, odd, list[tuple[str, int]]()

    def invoices_by_id(self, _access: object, ids: list[str]) -> list[str]:
        return self._shown("whole", ids)

    def invoices_compared(self, _access: object, ids: list[str]) -> list[str]:
        if not self.columns:
            raise Declined("4000", "Error parsing query", "", 400)
        return self._shown("columns", ids)

    def _shown(self, what: str, ids: list[str]) -> list[str]:
        self.asked.append((what, len(ids)))
        if self.odd in ids:
            raise Unreadable("TotalAmt", "10.005")
        return list(ids)

    def payments_by_id(self, _access: object, ids: list[str]) -> list[str]:
        return self.invoices_by_id(_access, ids)

    def memos_by_id(self, _access: object, ids: list[str]) -> list[str]:
        return self.invoices_by_id(_access, ids)


def numbers(n: int) -> list[str]:
    return [str(i) for i in range(n)]


@pytest.mark.parametrize(
    ("many", "asked"),
    [
        (0, []),
        (IN_A_QUERY, [("whole", IN_A_QUERY)]),
        (IN_A_QUERY + 1, [("columns", IN_A_QUERY + 1)]),
        (AT_ONCE, [("columns", AT_ONCE)]),
    ],
)
def test_a_thousand_invoices_are_read_with_one_call_and_few_of_them_whole(
    many: int, asked: list[tuple[str, int]]
) -> None:
    books = Books()
    found: Any = compared_rows.invoices(near(quickbooks=books), numbers(many))
    assert (found, books.asked) == ((numbers(many), {}), asked)


def test_where_lists_of_columns_are_refused_whole_invoices_are_read() -> None:
    books = Books(columns=False)
    found: Any = compared_rows.invoices(near(quickbooks=books), numbers(IN_A_QUERY + 1))
    assert (found, books.asked) == ((numbers(IN_A_QUERY + 1), {}), [("whole", IN_A_QUERY), ("whole", 1)])


@pytest.mark.parametrize("read", [compared_rows.payments, compared_rows.memos])
def test_payments_and_credits_are_read_a_thousand_at_once(read: Any) -> None:
    books = Books()
    assert read(near(quickbooks=books), numbers(AT_ONCE + 1)) == (numbers(AT_ONCE + 1), {})
    assert books.asked == [("whole", AT_ONCE), ("whole", 1)]
    assert read(near(quickbooks=books), []) == ([], {})


@pytest.mark.parametrize("read", [compared_rows.invoices, compared_rows.payments])
def test_one_of_a_thousand_that_cannot_be_used_is_found_with_a_few_calls(read: Any) -> None:
    books = Books(odd="700")
    found, odd = read(near(quickbooks=books), numbers(AT_ONCE))
    assert (found, list(odd)) == ([id for id in numbers(AT_ONCE) if id != "700"], ["700"])
    assert len(books.asked) == 21


def test_a_batch_of_queries_waits_while_quickbooks_would_refuse_another_batch() -> None:
    way = near(quickbooks=Books())

    def full() -> None:
        raise Unavailable("its batches for this minute are used up", ours=True)

    way.spend_batch = full
    assert compared_rows.payments(way, numbers(IN_A_QUERY))
    with pytest.raises(Unavailable):
        compared_rows.payments(way, numbers(IN_A_QUERY + 1))


def test_a_comparison_that_outlasts_its_drain_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_synced_stage()
    whole = compare(stage).checked
    stage.pass_time(1, minutes=2)
    monkeypatch.setattr(reconciling, "PAGE", 10)
    real = stage.world.clio.bills_by_id

    def slow(access: Any, ids: Any) -> Any:
        stage.world.clock.move(seconds=9)
        return real(access, ids)

    monkeypatch.setattr(stage.world.clio, "bills_by_id", slow)
    reconciling.start(stage.world, stage.firm, STAFF)
    began = stage.world.now()
    drain(stage.world, lane_of(stage.firm, Neighbour.SELF))
    assert stage.world.now() - began <= timedelta(seconds=60)
    under_way = compared.under_way(stage.world, stage.firm)
    assert under_way
    assert 0 < under_way.checked < whole
    stage.pass_time(1, minutes=2)
    report = compared.last(stage.world, stage.firm)
    assert report
    assert (report.at, report.checked, report.running) == (began, whole, False)
