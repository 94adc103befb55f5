"""Checkout in the Stripe sandbox, over raw HTTP and its hosted page (reference/stripe.md 5, 7, 8)."""

from __future__ import annotations

import pytest

from infra.sandbox.stripe import Refusal
from tests.sandbox.stripe_caller import BASE, DAY, FIRM, HALF_HOUR, Caller, a_connected_caller, a_line

HERE = "/v1/checkout/sessions"


@pytest.fixture
def caller() -> Caller:
    return a_connected_caller()


def on_page(caller: Caller, url: str, **fields: str) -> tuple[int, str]:
    """Sends the hosted page's form. Returns the status and where it leads (or the page's text)."""
    answer = caller.http.post(url, data={"email": "ada@example.com", **fields}, allow_redirects=False)
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_a_new_session_is_open_unpaid_and_without_payment_intent(caller: Caller) -> None:
    session = caller.session(line_items=[a_line(10_000), a_line(2_345, "Invoice 1043")])
    assert (session["status"], session["payment_status"], session["payment_intent"]) == ("open", "unpaid", None)
    assert session["amount_total"] == 12_345
    assert session["expires_at"] == caller.now + DAY
    assert session["url"].startswith(BASE)


def test_both_ends_of_the_life_of_a_session_are_taken(caller: Caller) -> None:
    for life in (HALF_HOUR, DAY):
        assert caller.session(expires_at=caller.now + life)["expires_at"] == caller.now + life


def test_the_hosted_page_shows_the_lines_and_both_methods(caller: Caller) -> None:
    page = caller.http.get(caller.session()["url"]).text
    for text in (
        "SANDBOX",
        "Invoice 1042",
        "$123.45",
        "Hartwell &amp; Pine LLP",
        'id="card"',
        'id="bank"',
        "fee.test/back",
    ):
        assert text in page


def test_a_card_pays_on_the_page_and_leads_back(caller: Caller) -> None:
    session = caller.session()
    status, where = on_page(caller, session["url"], method="card", card_number="4242 4242 4242 4242")
    assert (status, where) == (303, f"https://fee.test/done?session={session['id']}")
    now = caller.read(f"{HERE}/{session['id']}", expand=["payment_intent.latest_charge.balance_transaction"])
    assert (now["status"], now["payment_status"], now["url"]) == ("complete", "paid", None)
    assert now["customer_details"]["email"] == "ada@example.com"
    charge = now["payment_intent"]["latest_charge"]
    assert (now["payment_intent"]["status"], charge["status"], charge["amount"]) == ("succeeded", "succeeded", 12_345)
    # 2.9 % of 123.45 is 3.58 and 30 cents
    assert (charge["balance_transaction"]["fee"], charge["balance_transaction"]["net"]) == (388, 12_345 - 388)


def test_session_metadata_is_not_copied_to_the_payment_intent(caller: Caller) -> None:
    session = caller.paid(metadata={"here": "1"}, payment_intent_data={"metadata": {"there": "2"}})
    assert caller.read(f"/v1/payment_intents/{session['payment_intent']}")["metadata"] == {"there": "2"}


def test_a_declined_card_leaves_the_session_open_and_another_card_pays(caller: Caller) -> None:
    session = caller.session()
    status, text = on_page(caller, session["url"], method="card", card_number="4000000000000002")
    assert status == 402
    assert "declined" in text
    held = caller.read(f"{HERE}/{session['id']}", expand=["payment_intent"])
    assert held["status"] == "open"
    assert held["payment_intent"]["status"] == "requires_payment_method"
    assert held["payment_intent"]["last_payment_error"]["code"] == "card_declined"
    assert on_page(caller, session["url"], method="card", card_number="4242424242424242")[0] == 303
    assert caller.read(f"{HERE}/{session['id']}")["payment_intent"] == held["payment_intent"]["id"]


def test_a_session_is_paid_once(caller: Caller) -> None:
    session = caller.paid()
    status, text = on_page(caller, f"{BASE}/c/pay/{session['id']}", method="card", card_number="4242424242424242")
    assert status == 200
    assert "complete" in text
    assert len(caller.read("/v1/charges")["data"]) == 1
    with pytest.raises(Refusal):
        caller.people.pay_bank(session["id"])


def test_a_session_ends_by_the_clock_and_cannot_be_paid_then(caller: Caller) -> None:
    session = caller.session(expires_at=caller.now + HALF_HOUR)
    caller.clock.move(seconds=HALF_HOUR)
    held = caller.read(f"{HERE}/{session['id']}")
    assert (held["status"], held["payment_status"], held["url"]) == ("expired", "unpaid", None)
    assert caller.event_types()[-1] == "checkout.session.expired"
    assert "timed out" in caller.http.get(session["url"]).text
    with pytest.raises(Refusal):
        caller.people.pay_card(session["id"])


def test_an_open_session_is_expired_by_call_with_its_payment_intent(caller: Caller) -> None:
    session = caller.session()
    with pytest.raises(Refusal):
        caller.people.pay_card(session["id"], "4000000000000002")
    answer = caller.post(f"{HERE}/{session['id']}/expire").json()
    assert (answer["status"], answer["url"]) == ("expired", None)
    assert caller.read(f"/v1/payment_intents/{answer['payment_intent']}")["status"] == "canceled"


def test_without_bank_debit_in_the_dashboard_the_filter_silently_gives_cards_only(caller: Caller) -> None:
    caller.people.set_ach(FIRM, False)
    session = caller.session(allowed_payment_method_types=["card", "us_bank_account"])
    assert session["payment_method_types"] == ["card"]
    assert 'id="bank"' not in caller.http.get(session["url"]).text


def test_without_a_filter_buy_now_pay_later_is_offered(caller: Caller) -> None:
    assert "klarna" in caller.session(allowed_payment_method_types=None)["payment_method_types"]


def test_a_bank_debit_completes_the_session_unpaid_and_clears_days_later(caller: Caller) -> None:
    session = caller.session()
    status, _ = on_page(caller, session["url"], method="us_bank_account", routing_number="110000000",
                        account_number="000123456789")  # fmt: skip
    held = caller.read(f"{HERE}/{session['id']}", expand=["payment_intent.latest_charge"])
    assert (status, held["status"], held["payment_status"]) == (303, "complete", "unpaid")
    assert (held["payment_intent"]["status"], held["payment_intent"]["latest_charge"]["status"]) == (
        "processing",
        "pending",
    )
    caller.clock.move(days=3)
    assert caller.read(f"{HERE}/{session['id']}")["payment_status"] == "unpaid"
    caller.clock.move(days=1)
    held = caller.read(f"{HERE}/{session['id']}", expand=["payment_intent.latest_charge.balance_transaction"])
    assert held["payment_status"] == "paid"
    line = held["payment_intent"]["latest_charge"]["balance_transaction"]
    assert (line["fee"], line["type"], line["status"]) == (99, "payment", "pending")
    caller.clock.move(days=6)
    assert caller.read(f"/v1/balance_transactions/{line['id']}")["status"] == "available"


def test_the_fee_of_a_bank_debit_is_at_most_five_dollars(caller: Caller) -> None:
    caller.debited(500_000, after_days=1)
    caller.clock.move(days=2)
    assert caller.read("/v1/balance_transactions")["data"][0]["fee"] == 500


def test_a_failed_bank_debit_leaves_the_session_complete_and_unpaid(caller: Caller) -> None:
    session = caller.debited(outcome="fail")
    caller.clock.move(days=7)
    held = caller.read(f"{HERE}/{session['id']}", expand=["payment_intent.latest_charge"])
    assert (held["status"], held["payment_status"]) == ("complete", "unpaid")
    assert held["payment_intent"]["status"] == "requires_payment_method"
    assert held["payment_intent"]["latest_charge"]["failure_code"] == "no_account"
    assert caller.read("/v1/balance_transactions")["data"] == []


def test_a_late_return_comes_as_a_lost_dispute_weeks_after_clearing(caller: Caller) -> None:
    session = caller.debited(10_000, "return")
    caller.clock.move(days=24)
    assert caller.read("/v1/disputes")["data"] == []
    caller.clock.move(days=2)
    [dispute] = caller.read("/v1/disputes", payment_intent=session["payment_intent"])["data"]
    assert (dispute["status"], dispute["amount"], dispute["reason"]) == ("lost", 10_000, "debit_not_authorized")
    assert [line["amount"] for line in dispute["balance_transactions"]] == [-10_000]


def test_bank_numbers_that_are_no_test_numbers_are_refused(caller: Caller) -> None:
    fields = {"method": "us_bank_account", "routing_number": "110000000", "account_number": "123"}
    assert on_page(caller, caller.session()["url"], **fields)[0] == 402


def test_customer_creation_always_makes_a_customer(caller: Caller) -> None:
    session = caller.session(customer_creation="always")
    caller.people.pay_card(session["id"], email="ada@example.com")
    customer = caller.read(f"{HERE}/{session['id']}", expand=["customer"])["customer"]
    assert customer["email"] == "ada@example.com"


def test_sessions_are_listed_newest_first_and_filtered(caller: Caller) -> None:
    first = caller.paid()
    caller.clock.move(minutes=5)
    second = caller.session()
    ids = [s["id"] for s in caller.read(HERE)["data"]]
    assert ids == [second["id"], first["id"]]
    assert [s["id"] for s in caller.read(HERE, status="open")["data"]] == [second["id"]]
    assert [s["id"] for s in caller.read(HERE, payment_intent=first["payment_intent"])["data"]] == [first["id"]]
    later = caller.read(HERE, created={"gte": second["created"]})["data"]
    assert [s["id"] for s in later] == [second["id"]]


def test_line_items_are_listed_in_the_order_given_and_paged(caller: Caller) -> None:
    session = caller.session(line_items=[a_line(100, f"Invoice {n}") for n in range(12)])
    page = caller.read(f"{HERE}/{session['id']}/line_items")
    assert [line["description"] for line in page["data"]] == [f"Invoice {n}" for n in range(10)]
    assert page["has_more"] is True
    rest = caller.read(f"{HERE}/{session['id']}/line_items", starting_after=page["data"][-1]["id"])
    assert [line["description"] for line in rest["data"]] == ["Invoice 10", "Invoice 11"]


def test_sessions_of_one_account_are_unknown_to_another(caller: Caller) -> None:
    caller.connect("acct_bexley")
    assert caller.get(f"{HERE}/{caller.session()['id']}", account="acct_bexley").status_code == 404


def test_without_the_header_a_call_goes_to_the_platforms_own_account(caller: Caller) -> None:
    session = caller.session(account=None)
    assert caller.get(f"{HERE}/{session['id']}").status_code == 404
    assert caller.get(f"{HERE}/{session['id']}", account=None).status_code == 200


def test_the_switch_for_the_payment_intent_at_creation(caller: Caller) -> None:
    caller.box.switches["payment_intent_at_creation"] = True
    assert caller.session()["payment_intent"].startswith("pi_")
