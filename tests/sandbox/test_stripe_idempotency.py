"""Idempotency keys, pages and faults of the Stripe sandbox (reference/stripe.md 1, 5, 6)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import requests

from infra.sandbox.kit import Fault, ManualClock
from infra.sandbox.stripe import StripeSandbox
from tests.sandbox.stripe_caller import FIRM, Caller, a_connected_caller, a_session

HERE = "/v1/checkout/sessions"


@pytest.fixture
def caller() -> Caller:
    return a_connected_caller()


def test_the_same_key_replays_the_first_answer_even_after_the_session_has_ended(caller: Caller) -> None:
    first = caller.post(HERE, a_session(), key="a-1")
    caller.post(f"{HERE}/{first.json()['id']}/expire")
    again = caller.post(HERE, a_session(), key="a-1")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert len(caller.read(HERE)["data"]) == 1


def test_a_key_is_forgotten_after_a_day(caller: Caller) -> None:
    first = caller.post(HERE, a_session(), key="a-1").json()
    caller.clock.move(hours=24)
    assert caller.post(HERE, a_session(), key="a-1").json()["id"] != first["id"]


def test_a_key_belongs_to_one_account(caller: Caller) -> None:
    caller.connect("acct_bexley")
    first = caller.post(HERE, a_session(), key="a-1").json()
    other = caller.post(HERE, a_session(), key="a-1", account="acct_bexley").json()
    assert first["id"] != other["id"]


def test_a_validation_failure_is_not_stored_under_the_key(caller: Caller) -> None:
    assert caller.post(HERE, a_session(49), key="a-1").status_code == 400
    assert caller.post(HERE, a_session(50), key="a-1").status_code == 200


def test_a_conflict_is_not_stored_under_the_key(caller: Caller) -> None:
    caller.people.hold_key(FIRM, "a-1")
    assert caller.post(HERE, a_session(), key="a-1").status_code == 409
    assert caller.post(HERE, a_session(), key="a-1").status_code == 200


def test_an_error_during_execution_is_stored_under_the_key(caller: Caller) -> None:
    session = caller.paid(1000)
    asked = {"payment_intent": session["payment_intent"], "amount": 2000}
    first = caller.post("/v1/refunds", asked, key="r-1")
    again = caller.post("/v1/refunds", asked, key="r-1")
    assert (again.status_code, again.content) == (400, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_an_execution_that_breaks_is_carried_out_and_stored_as_500(caller: Caller) -> None:
    caller.box.switches["executions_to_break"] = 1
    assert caller.post(HERE, a_session(), key="a-1").status_code == 500
    assert caller.post(HERE, a_session(), key="a-1").status_code == 500
    assert len(caller.read(HERE)["data"]) == 1


def test_a_lost_answer_leaves_the_session_made_and_the_same_key_finds_it(caller: Caller) -> None:
    caller.box.faults.append(Fault("drop_answer", path="^/v1/checkout/sessions$", method="POST"))
    with pytest.raises(requests.ReadTimeout):
        caller.post(HERE, a_session(), key="a-1")
    found = caller.post(HERE, a_session(), key="a-1").json()
    assert [s["id"] for s in caller.read(HERE)["data"]] == [found["id"]]


def test_a_key_on_a_get_means_nothing(caller: Caller) -> None:
    caller.get("/v1/account", key="a-1")
    assert caller.post(HERE, a_session(), key="a-1").status_code == 200


def test_pages_go_both_ways_and_say_whether_there_is_more(caller: Caller) -> None:
    ids = [caller.session()["id"] for _ in range(5)][::-1]
    first = caller.read(HERE, limit=2)
    assert ([s["id"] for s in first["data"]], first["has_more"]) == (ids[:2], True)
    second = caller.read(HERE, limit=3, starting_after=ids[1])
    assert ([s["id"] for s in second["data"]], second["has_more"]) == (ids[2:], False)
    back = caller.read(HERE, limit=2, ending_before=ids[4])
    assert ([s["id"] for s in back["data"]], back["has_more"]) == (ids[2:4], True)


def test_a_list_expands_below_data(caller: Caller) -> None:
    caller.paid()
    found = caller.read("/v1/payment_intents", expand=["data.latest_charge.balance_transaction"])["data"][0]
    assert found["latest_charge"]["balance_transaction"]["object"] == "balance_transaction"


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    clock, keep = ManualClock(), tmp_path / "stripe.pickle"
    first = StripeSandbox(clock, keep=keep)
    first.people.add_account("acct_x", "X")
    first.save()
    clock.at += timedelta(days=1)
    assert "acct_x" in StripeSandbox(clock, keep=keep).state.accounts


def test_people_are_reached_over_http_as_well(caller: Caller) -> None:
    session = caller.session()
    where = "http://stripe.test/stripe/_sandbox/people"
    paid = caller.http.post(f"{where}/pay_card", json={"session_id": session["id"]})
    assert paid.json()["payment_status"] == "paid"
    again = caller.http.post(f"{where}/pay_card", json={"session_id": session["id"]})
    assert (again.status_code, again.json()["error"]["code"]) == (400, "session_not_open")
    assert caller.http.post(f"{where}/fly", json={}).status_code == 404
    assert caller.http.post(f"{where}/pay_card", json={"wrong": 1}).status_code == 400


def test_the_dashboard_shows_the_account_and_its_buttons_work(caller: Caller) -> None:
    session = caller.paid(10_000)
    page = "http://stripe.test/stripe/dashboard/acct_hartwell_operating"
    assert "$100.00" in caller.http.get(page).text
    [charge] = caller.read("/v1/charges")["data"]
    form = {"do": "refund", "payment": charge["id"], "dollars": "12.34"}
    assert caller.http.post(page, data=form, allow_redirects=False).status_code == 303
    assert caller.read("/v1/refunds", payment_intent=session["payment_intent"])["data"][0]["amount"] == 1234
    assert caller.http.post(page, data=form | {"dollars": "1.234"}).status_code == 400
    assert caller.http.post(page, data={"do": "ach", "on": "0"}).status_code == 200
    assert "us_bank_account" not in caller.session()["payment_method_types"]
    assert caller.http.get("http://stripe.test/stripe/").status_code == 200
