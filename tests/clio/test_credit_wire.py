"""Clio's credit memos to our readings (reference/clio.md 6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.clio import credit_wire
from chalicelib.errors import Unreadable

ROW: dict[str, Any] = {
    "id": 7,
    "etag": '"e"',
    "date": "2026-03-02",
    "amount": Decimal("50.00"),
    "description": "Courtesy",
    "voided_at": None,
    "contact": {"id": 3, "name": "Ada"},
    "allocations": [{"id": 11}, {"id": 12}],
}


def test_a_memo_is_read_with_the_ids_of_its_allocations() -> None:
    memo = credit_wire.credit(ROW)
    assert (memo.id, memo.etag, memo.on, memo.cents, memo.voided) == ("7", '"e"', date(2026, 3, 2), 5000, False)
    assert (memo.text, memo.client_id, memo.receipts) == ("Courtesy", "3", ("11", "12"))
    assert credit_wire.credit({**ROW, "voided_at": "2026-03-03T10:00:00Z", "allocations": None}).voided


@pytest.mark.parametrize("wrong", [{"date": None}, {"amount": Decimal("1.005")}, {"allocations": [{"id": None}]}])
def test_a_memo_that_cannot_be_understood_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        credit_wire.credit({**ROW, **wrong})
