"""Refunds, disputes, payouts and their balance transactions in the Stripe sandbox (reference/stripe.md 4, 7, 8, 9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.stripe_caller import Caller, a_connected_caller


@pytest.fixture
def caller() -> Caller:
    return a_connected_caller()


def refund(caller: Caller, session: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = caller.post("/v1/refunds", {"payment_intent": session["payment_intent"], **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def lines(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    return list(caller.read("/v1/balance_transactions", **params)["data"])


def cleared(caller: Caller, cents: int = 10_000) -> dict[str, Any]:
    session = caller.debited(cents)
    caller.people.clear_debit(session["payment_intent"])
    return session


def test_refunds_add_up_on_the_charge_and_return_no_fee(caller: Caller) -> None:
    session = caller.paid(10_000)
    first = refund(caller, session, amount=3_000, metadata={"effect": "e1"})
    second = refund(caller, session)
    assert (first["status"], first["amount"], second["amount"]) == ("succeeded", 3_000, 7_000)
    assert first["metadata"] == {"effect": "e1"}
    [charge] = caller.read("/v1/charges", payment_intent=session["payment_intent"])["data"]
    assert (charge["amount_refunded"], charge["refunded"]) == (10_000, True)
    assert [(t["amount"], t["fee"]) for t in lines(caller, type="refund")] == [(-7_000, 0), (-3_000, 0)]
    assert [r["id"] for r in caller.read("/v1/refunds", charge=charge["id"])["data"]] == [second["id"], first["id"]]


def test_a_refund_of_a_bank_debit_is_pending_for_some_business_days(caller: Caller) -> None:
    made = refund(caller, cleared(caller))
    assert made["status"] == "pending"
    caller.clock.move(days=3)
    assert caller.read(f"/v1/refunds/{made['id']}")["status"] == "succeeded"


def test_a_failed_refund_puts_the_money_back(caller: Caller) -> None:
    session = caller.paid(10_000, card="4000000000005126")
    made = refund(caller, session, amount=4_000)
    caller.clock.move(days=2)
    held = caller.read(f"/v1/refunds/{made['id']}", expand=["failure_balance_transaction", "charge"])
    assert (held["status"], held["failure_balance_transaction"]["amount"]) == ("failed", 4_000)
    assert held["charge"]["amount_refunded"] == 0
    assert caller.event_types()[-2:] == ["refund.updated", "refund.failed"]


def test_a_refund_beyond_the_balance_waits_where_the_switch_says_so(caller: Caller) -> None:
    caller.box.switches["refund_without_funds"] = "pending"
    session = caller.paid(10_000)
    caller.people.pay_out("acct_hartwell_operating")
    made = refund(caller, session)
    assert (made["status"], made["pending_reason"]) == ("pending", "insufficient_funds")
    caller.paid(20_000)
    assert caller.read(f"/v1/refunds/{made['id']}")["status"] == "succeeded"


def test_a_whole_refund_of_a_debit_under_way_waits_for_it_where_allowed(caller: Caller) -> None:
    caller.box.switches["refund_of_pending_debit"] = "allow"
    session = caller.debited(10_000)
    made = refund(caller, session)
    assert (made["status"], made["pending_reason"]) == ("pending", "charge_pending")
    caller.people.clear_debit(session["payment_intent"])
    assert caller.read(f"/v1/refunds/{made['id']}")["status"] == "succeeded"


def test_the_dashboard_refunds_as_the_api_does(caller: Caller) -> None:
    session = caller.paid(10_000)
    caller.people.refund(session["payment_intent"], 2_500)
    [made] = caller.read("/v1/refunds", payment_intent=session["payment_intent"])["data"]
    assert (made["amount"], made["metadata"]) == (2_500, {})


def test_a_dispute_takes_the_amount_and_a_fee_and_winning_gives_back_the_amount(caller: Caller) -> None:
    session = caller.paid(10_000)
    dispute = caller.people.open_dispute(session["payment_intent"])
    assert dispute["status"] == "needs_response"
    assert [(t["amount"], t["fee"], t["net"]) for t in dispute["balance_transactions"]] == [(-10_000, 1_500, -11_500)]
    caller.people.answer_dispute(dispute["id"])
    caller.people.close_dispute(dispute["id"], won=True)
    held = caller.read(f"/v1/disputes/{dispute['id']}")
    assert (held["status"], [t["amount"] for t in held["balance_transactions"]]) == ("won", [-10_000, 10_000])
    assert [t for t in caller.event_types() if "dispute" in t] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


def test_a_lost_dispute_gives_nothing_back(caller: Caller) -> None:
    dispute = caller.people.open_dispute(caller.paid(10_000)["payment_intent"])
    closed = caller.people.close_dispute(dispute["id"], won=False)
    assert (closed["status"], len(closed["balance_transactions"])) == ("lost", 1)


def test_an_inquiry_moves_no_money(caller: Caller) -> None:
    dispute = caller.people.open_dispute(caller.paid(10_000)["payment_intent"], inquiry=True)
    assert (dispute["status"], dispute["balance_transactions"]) == ("warning_needs_response", [])
    assert caller.people.close_dispute(dispute["id"], won=True)["status"] == "warning_closed"


def test_a_refunded_debit_can_be_returned_as_well_and_is_then_paid_out_twice(caller: Caller) -> None:
    session = cleared(caller, 10_000)
    refund(caller, session)
    caller.people.return_debit(session["payment_intent"])
    assert sum(t["amount"] for t in lines(caller)) == -10_000


def test_a_payout_names_the_transactions_it_holds_and_lands_later(caller: Caller) -> None:
    caller.paid(10_000)
    payout = caller.people.pay_out("acct_hartwell_operating")
    assert payout["amount"] == 10_000 - 320
    assert len(lines(caller, payout=payout["id"])) == 2
    caller.clock.move(days=4)
    held = caller.read(f"/v1/payouts/{payout['id']}")
    assert (held["status"], held["reconciliation_status"]) == ("paid", "completed")


def test_the_fee_can_come_after_the_success(caller: Caller) -> None:
    caller.box.switches["fee_arrives_after_seconds"] = 60
    session = caller.paid(10_000)
    [charge] = caller.read("/v1/charges")["data"]
    assert (charge["status"], charge["balance_transaction"]) == ("succeeded", None)
    caller.clock.move(seconds=60)
    [charge] = caller.read("/v1/charges", payment_intent=session["payment_intent"])["data"]
    assert charge["balance_transaction"].startswith("txn_")
    assert caller.event_types()[-1] == "charge.updated"


def test_the_books_of_every_account_are_there_for_checkers(caller: Caller) -> None:
    caller.paid(10_000)
    books = caller.http.get("http://stripe.test/stripe/_sandbox/books").json()
    assert [c["amount"] for c in books["acct_hartwell_operating"]["charges"]] == [10_000]
    assert books["acct_bexley"]["connected"] is False


def test_refunds_and_disputes_are_listed_by_when_they_were_made_however_long_ago(caller: Caller) -> None:
    """reference/stripe.md 5, 9: lists take ``created``; only events are forgotten after 30 days (6)."""
    first, second = caller.paid(10_000), caller.paid(20_000)
    refund(caller, first)
    disputed = caller.people.open_dispute(second["payment_intent"])
    at = int(caller.clock.now().timestamp())
    caller.clock.move(days=100)
    for path, intent in (("/v1/refunds", first["payment_intent"]), ("/v1/disputes", second["payment_intent"])):
        [row] = caller.read(path, **{"created[gte]": at - 60})["data"]
        assert row["payment_intent"] == intent
        assert caller.read(path, **{"created[gte]": at + 60})["data"] == []
    assert disputed["payment_intent"] == second["payment_intent"]
