"""Clio's JSON to readings, in values (reference/clio.md 3 to 7)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.clio import wire
from chalicelib.domain.readings import Broken, Pot
from chalicelib.errors import Unreadable


def told(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def a_bill(**other: Any) -> dict[str, Any]:
    row = {
        "id": 1409112,
        "etag": '"5f0c"',
        "number": "1042",
        "kind": "revenue_kind",
        "state": "awaiting_payment",
        "available_state_transitions": ["paid", "void"],
        "issued_at": "2026-03-02",
        "due_at": "2026-04-01",
        "updated_at": "2026-03-02T14:11:09-05:00",
        "total": Decimal("1250.00"),
        "sub_total": Decimal("1200.00"),
        "total_tax": Decimal("50.00"),
        "due": Decimal("1200.00"),
        "paid": Decimal("250.0"),
        "pending": 0,
        "credits_issued": None,
        "balance": Decimal("950.0"),
        "client": {"id": 77, "name": "Ada Example", "type": "Person", "primary_email_address": "ada@example.com"},
        "matters": [{"id": 9001, "display_number": "00012-Example"}],
        "currency": {"id": 1, "code": "USD"},
        "interest": {"balance": 0, "total": 0},
    }
    return {**row, **other}


def a_line(**other: Any) -> dict[str, Any]:
    row = {"id": 5, "type": "ActivityLineItem", "kind": "Service", "date": "2026-03-01", "note": "Call", "tax": 0}
    return {**row, "secondary_tax": 0, "sub_total": 100, "total": 100, "discount": None, **other}


def an_allocation(**other: Any) -> dict[str, Any]:
    row = {"id": 9, "etag": "e", "date": "2026-03-05", "amount": Decimal("250.0"), "voided_at": None}
    return {**row, "bill": {"id": 1}, "contact": {"id": 77}, "parent": {"id": 4, "type": "Payment"}, **other}


def a_bank_transaction(**other: Any) -> dict[str, Any]:
    row = {"id": 3, "type": "liability", "date": "2026-03-05", "amount": Decimal("-50.0")}
    return {**row, "bank_account": {"id": 1, "type": "Trust"}, "client": {"id": 77}, **other}


def test_a_bill_is_read_in_cents_and_utc() -> None:
    bill = wire.bill(a_bill())
    assert (bill.id, bill.number, bill.pot, bill.client and bill.client.email) == (
        "1409112",
        "1042",
        Pot.OPERATING,
        "ada@example.com",
    )
    assert (bill.total, bill.asks, bill.discount, bill.tax, bill.paid, bill.balance) == (
        125000,
        120000,
        5000,
        5000,
        25000,
        95000,
    )
    assert bill.updated_at == datetime(2026, 3, 2, 19, 11, 9, tzinfo=UTC)
    assert (bill.issued_on, bill.due_on) == (date(2026, 3, 2), date(2026, 4, 1))
    assert bill.matters == ("00012-Example",)


def test_doubles_that_tempt_floats_are_their_cents() -> None:
    bill = wire.bill(a_bill(**told('{"total": 0.30000000000000004, "due": 0.30000000000000004, "balance": 19.990}')))
    assert (bill.total, bill.asks, bill.balance) == (30, 30, 1999)


def test_a_trust_request_is_of_the_trust_pot() -> None:
    assert wire.bill(a_bill(kind="trust_kind")).pot is Pot.TRUST


def test_a_bill_without_a_client_is_still_a_bill() -> None:
    assert wire.bill(a_bill(client=None)).client is None


def test_the_tax_is_what_is_left_when_clio_does_not_tell_it() -> None:
    bill = wire.bill(a_bill(total_tax=None, interest={"total": Decimal("10.00")}))
    assert (bill.tax, bill.interest) == (4000, 1000)


def test_two_taxes_are_added_when_their_sum_is_not_told() -> None:
    assert wire.bill(a_bill(total_tax=None, tax_sum=Decimal("1.50"), secondary_tax_sum=Decimal("0.25"))).tax == 175


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"state": "in_review"}, "state"),
        ({"state": None}, "state"),
        ({"kind": "mystery_kind"}, "kind"),
        ({"kind": "summary_kind"}, "kind"),
        ({"total": Decimal("100.005")}, "total"),
        ({"due": None}, "due"),
        ({"balance": "much"}, "balance"),
        ({"id": None}, "id"),
        ({"due_at": "soon"}, "due_at"),
        ({"updated_at": None}, "updated_at"),
        ({"updated_at": "2026-03-02T10:00:00"}, "updated_at"),
    ],
)
def test_a_bill_that_cannot_be_understood_parks_alone_with_its_cause(other: dict[str, Any], what: str) -> None:
    rows = wire.rows_or_broken([a_bill(), a_bill(**other)], wire.bill)
    assert not isinstance(rows[0], Broken)
    broken = rows[1]
    assert isinstance(broken, Broken)
    assert (broken.what, broken.number, broken.mark) == (what, "1042", '"5f0c"')


def test_a_row_that_is_no_object_is_unreadable_for_itself_only() -> None:
    with pytest.raises(Unreadable):
        wire.client({})


def test_a_line_reads_note_before_description() -> None:
    assert wire.line(a_line(description="Other")).text == "Call"
    assert wire.line(a_line(note=None, description="Other")).text == "Other"


@pytest.mark.parametrize(
    ("figures", "net"),
    [
        ({"sub_total": 100, "total": 100}, 10000),
        ({"sub_total": 100, "tax": 5, "secondary_tax": 1, "total": 106}, 10000),  # total holds the taxes
        ({"sub_total": 100, "tax": 5, "total": 100}, 10000),  # it does not
        ({"sub_total": 90, "total": 90, "discount": {"rate": 10, "type": "percentage"}}, 9000),  # after the discount
        ({"sub_total": 100, "total": 90, "discount": {"rate": 10, "type": "percentage"}}, 9000),  # before it
        ({"sub_total": 100, "tax": 5, "total": 80, "discount": {"rate": 25, "type": "money"}}, 7500),
        ({"sub_total": 100, "total": 0, "type": "NoChargeLineItem"}, 0),
        ({"sub_total": None, "tax": 5, "total": 105}, 10000),  # the smaller selection of fields
    ],
)
def test_a_lines_net_is_found_whichever_way_clio_means_its_figures(figures: dict[str, Any], net: int) -> None:
    assert wire.line(a_line(**figures)).net == net


def test_a_line_whose_figures_disagree_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="line"):
        wire.line(a_line(sub_total=100, total=93))


def test_allocations_of_one_payment_share_their_group() -> None:
    receipt = wire.receipt(an_allocation())
    assert (receipt.cents, receipt.group, receipt.kind, receipt.bill_id, receipt.from_trust) == (
        25000,
        "4",
        "payment",
        "1",
        False,
    )


def test_a_credit_memos_allocation_is_a_credit() -> None:
    assert wire.receipt(an_allocation(parent={"id": 4, "type": "CreditMemo"})).kind == "credit"


def test_an_allocation_from_a_trust_account_says_so() -> None:
    assert wire.receipt(an_allocation(source_bank_account={"id": 8, "type": "Trust"})).from_trust


def test_a_voided_allocation_is_shown_as_voided() -> None:
    assert wire.receipt(an_allocation(voided_at="2026-03-06T10:00:00-05:00")).voided


def test_an_allocation_of_an_unknown_parent_is_broken() -> None:
    (row,) = wire.rows_or_broken([an_allocation(parent={"id": 4, "type": "Gift"})], wire.receipt)
    assert isinstance(row, Broken)
    assert row.what == "parent"


def test_a_bank_transactions_sign_is_money_in_less_money_out() -> None:
    row = a_bank_transaction(amount=Decimal("50.0"), funds_in=Decimal("0.0"), funds_out=Decimal("50.0"))
    assert wire.deposit(row).cents == -5000
    assert wire.deposit(a_bank_transaction()).cents == -5000


def test_a_transaction_is_trust_by_its_account() -> None:
    assert wire.deposit(a_bank_transaction()).trust
    assert not wire.deposit(a_bank_transaction(bank_account={"id": 2, "type": "Operating"})).trust
    assert wire.deposit(a_bank_transaction(bank_account=None)).trust  # by liability


def test_a_transaction_on_an_unknown_account_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        wire.deposit(a_bank_transaction(bank_account=None, type="other"))


def test_rails_zone_names_become_iana_names() -> None:
    row = {"id": 1, "time_zone": "Eastern Time (US & Canada)", "account": {"id": 2, "name": "Firm"}}
    assert wire.person(row).zone == "America/New_York"
    assert wire.person({**row, "time_zone": "America/Boise"}).zone == "America/Boise"


def test_subject_and_memo_are_told_or_not_told() -> None:
    assert wire.bill(a_bill(subject=" March ", memo="Thank you")).words == "March\nThank you"
    assert wire.bill(a_bill(subject=None, memo=None)).words == ""
    bare = {k: v for k, v in a_bill().items() if k not in ("subject", "memo")}
    assert wire.bill(bare).words is None


def test_a_bill_names_its_matters_by_id_too() -> None:
    told = wire.bill(a_bill(matters=[{"id": 9001, "display_number": "00012-Example"}]))
    assert (told.matters, told.matter_ids) == (("00012-Example",), ("9001",))
