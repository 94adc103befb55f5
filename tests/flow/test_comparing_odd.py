"""A document of ours in QuickBooks with a figure that is no whole cent is named alone as one that could not be
compared, and everything else is compared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.comparing import Difference
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Status
from chalicelib.errors import Unreadable
from chalicelib.flow import legible
from tests.flow import acts
from tests.flow.test_credits import a_calm_stage, credits, issue
from tests.flow.test_journals_changed import a_written_stage
from tests.flow.trust_acts import entry
from tests.world import Stage

KIND = "could not be compared"


def row(stage: Stage, entity: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.world.quickbooks_box.state.companies[stage.realm].tables[entity][id]
    return found


def told(stage: Stage) -> list[Difference]:
    found = acts.compare(stage).differences
    assert not acts.parked(stage, kind=Do.RECONCILE)
    return [d for d in found if d.kind == KIND]


def looks(stage: Stage) -> list[str]:
    return [e.key for e in acts.all_effects(stage) if e.kind == Do.LOOK_BOOKED and e.status is not Status.DONE]


def test_an_invoice_is_named_and_the_others_are_compared() -> None:
    stage = acts.a_synced_stage()
    whole = acts.compare(stage)
    booked = acts.payable(stage, "1046").booked
    assert booked
    row(stage, "Invoice", booked.id)["Balance"] = Decimal("0.123")
    id = acts.invoice(stage, "1047")["Id"]
    stage.world.quickbooks_box.people.change_invoice_amount(stage.realm, id, "401.00")
    report = acts.compare(stage)
    assert report.checked == whole.checked
    [named] = [d for d in report.differences if d.kind == KIND]
    assert (named.number, named.payable) == ("1046", acts.payable(stage, "1046").id)
    assert "Balance" in named.cause and "0.123" in named.cause and "QuickBooks" in named.remedy and not named.expected
    assert acts.about(report, "1047"), "another difference is named still"
    assert not looks(stage) or booked.id not in looks(stage)[0], "nobody takes it for deleted"
    stage.pass_time(5, minutes=30)
    assert not acts.tasks(stage, "broken") or "1046" not in acts.tasks(stage, "broken")[0].title


def test_a_payment_is_named_and_is_not_taken_for_deleted() -> None:
    stage = acts.a_synced_stage()
    paid = acts.pay_by_card(stage, "1046")
    stage.pass_time(5, minutes=20)
    posted = acts.payment(stage, paid.id).posted
    assert posted
    row(stage, "Payment", posted.id)["TotalAmt"] = Decimal("0.123")
    named = told(stage)
    assert [(d.number, "TotalAmt" in d.cause) for d in named] == [("1046", True)]
    assert not looks(stage)


def test_a_credit_is_named_and_is_not_taken_for_deleted() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    stage.pass_time(5, minutes=17)
    [credit] = [c for c in credits(stage) if c.id == str(made)]
    assert credit.memo
    row(stage, "CreditMemo", credit.memo.id)["TotalAmt"] = Decimal("0.123")
    assert [d.detail for d in told(stage)] == [credit.number]
    stage.pass_time(5, minutes=10)
    assert not acts.parked(stage, kind=Do.CREDIT)


def test_a_journal_entry_is_named() -> None:
    stage, made = a_written_stage()
    posted = entry(stage, made).posted
    assert posted
    row(stage, "JournalEntry", posted.id)["Line"][0]["Amount"] = Decimal("0.123")
    [named] = told(stage)
    assert entry(stage, made).number in named.number


@pytest.mark.parametrize("odd", [[], ["3"], ["0", "6"], ["0", "1", "2", "3", "4", "5", "6"]])
def test_those_that_cannot_be_read_are_found_among_the_others(odd: list[str]) -> None:
    asked = []

    def read(ids: list[str]) -> list[str]:
        asked.append(ids)
        for id in ids:
            if id in odd:
                raise Unreadable("TotalAmt", id)
        return ids

    rows, bad = legible.by_id(read, [str(n) for n in range(7)])
    assert sorted([*rows, *bad]) == [str(n) for n in range(7)] and list(bad) == odd
    assert len(asked) <= 1 + 6 * len(odd)
