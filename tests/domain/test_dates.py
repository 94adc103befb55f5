"""Days in words: one order for pages, letters and causes."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.domain import dates
from chalicelib.domain.firm import CURRENCIES

ON = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("currency", "short", "full"),
    [("USD", "Nov 2, 2026", "November 2, 2026"), ("CAD", "Nov 2, 2026", "November 2, 2026")]
    + [(c, "2 Nov 2026", "2 November 2026") for c in ("GBP", "EUR", "AUD")],
)
def test_the_day_stands_first_where_people_write_it_so(currency: str, short: str, full: str) -> None:
    assert currency in CURRENCIES
    assert (dates.day(ON, currency), dates.in_full(ON, currency)) == (short, full)


def test_no_day_is_a_dash() -> None:
    assert dates.day(None, "USD") == "—"
