"""The client against the Stripe sandbox, in process."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain.readings import SessionReading
from chalicelib.errors import Declined, Disconnected, Unavailable
from tests.stripe.stage import BASE, CALLBACK, OPERATING, Stage, a_session, a_stage


def made(stage: Stage, key: str = "att-1-1", **other: object) -> SessionReading:
    request = stage.client.session_request(a_session(stage, **other))
    return stage.client.create_session(stage.account, request, key)


# --- Connect --------------------------------------------------------------------------------------------------------


def test_the_authorize_address_asks_to_read_and_write() -> None:
    url = a_stage(joined=False).client.authorize_url("s 1", CALLBACK)
    asked = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{BASE}/oauth/authorize?")
    assert (asked["scope"], asked["state"], asked["redirect_uri"]) == (["read_write"], ["s 1"], [CALLBACK])


def test_joining_gives_the_accounts_id() -> None:
    assert a_stage(joined=False).join() == OPERATING


def test_a_used_code_is_declined() -> None:
    stage = a_stage(joined=False)
    back = stage.box.people.authorize(stage.client.authorize_url("s", CALLBACK), OPERATING)["location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    stage.client.exchange(code)
    with pytest.raises(Declined) as no:
        stage.client.exchange(code)
    assert no.value.code == "invalid_grant"


def test_an_account_joined_for_reading_only_is_declined() -> None:
    stage = a_stage(joined=False)
    url = stage.client.authorize_url("s", CALLBACK).replace("read_write", "read_only")
    code = parse_qs(urlsplit(stage.box.people.authorize(url, OPERATING)["location"]).query)["code"][0]
    with pytest.raises(Declined) as no:
        stage.client.exchange(code)
    assert no.value.code == "scope"


def test_an_account_tells_its_bank_and_who_pays_the_fees() -> None:
    stage = a_stage()
    account = stage.client.account(OPERATING)
    assert (account.bank_last4, account.charges_enabled, account.fees_paid_by_platform) == ("6789", True, False)
    assert (account.livemode, account.debits_negative_balance) == (False, True)


def test_a_trust_account_is_made_once_onboarded_and_has_its_fees_paid() -> None:
    stage = a_stage()
    ask = {"firm": "f1", "name": "Hartwell & Pine trust", "email": "trust@hartwellpine.example", "key": "trust-f1"}
    id = stage.client.create_trust_account(**ask)
    assert stage.client.create_trust_account(**ask) == id
    assert not stage.client.account(id).charges_enabled
    url = stage.client.onboarding_url(id, "https://fee.example/back", "https://fee.example/again")
    stage.box.people.onboard(url, last4="4321")
    account = stage.client.account(id)
    assert (account.charges_enabled, account.fees_paid_by_platform, account.bank_last4) == (True, True, "4321")


def test_leaving_twice_is_no_error_and_ends_all_calls() -> None:
    stage = a_stage()
    stage.client.deauthorize(OPERATING)
    stage.client.deauthorize(OPERATING)
    with pytest.raises(Disconnected) as lost:
        stage.client.sessions_since(OPERATING, stage.clock.now())
    assert lost.value.neighbour == "stripe"


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_session_is_made_open_with_its_address_and_methods() -> None:
    stage = a_stage()
    session = made(stage)
    assert (session.status, session.paid, session.total, session.currency) == ("open", False, 40100, "USD")
    assert session.url.startswith(BASE)
    assert set(session.methods) == {"card", "us_bank_account"}
    assert (session.attempt, session.metadata["i01"]) == ("att-1", "bill:1:40000")
    assert session.expires_at == stage.clock.now() + timedelta(hours=1)


def test_an_account_without_bank_debits_says_so() -> None:
    stage = a_stage()
    stage.box.people.set_ach(OPERATING, False)
    assert made(stage).methods == ("card",)


def test_the_same_key_gives_the_same_session() -> None:
    stage = a_stage()
    request = stage.client.session_request(a_session(stage))
    first, second = (stage.client.create_session(OPERATING, request, "k") for _ in range(2))
    assert first == second


def test_a_key_with_another_request_is_declined() -> None:
    stage = a_stage()
    made(stage, "k")
    with pytest.raises(Declined) as no:
        made(stage, "k", attempt="att-2")
    assert no.value.code == "idempotency_error"


def test_a_key_still_in_progress_is_in_doubt() -> None:
    stage = a_stage()
    stage.box.people.hold_key(OPERATING, "k")
    with pytest.raises(Unavailable) as later:
        made(stage, "k")
    assert later.value.maybe_done


def test_a_card_payment_is_money_with_its_fee() -> None:
    stage = a_stage()
    session = made(stage)
    stage.box.people.pay_card(session.id)
    read = stage.client.session(OPERATING, session.id)
    assert (read.status, read.paid, read.method, read.intent_status) == ("complete", True, "card", "succeeded")
    assert read.fee == 1193  # 2.9 % and 30 cents of $401.00
    assert read.captured_at == stage.clock.now()
    assert read.available_at
    assert (read.refunds, read.disputes) == ((), ())


def test_a_bank_debit_is_complete_long_before_it_is_paid() -> None:
    stage = a_stage()
    session = made(stage)
    stage.box.people.pay_bank(session.id)
    read = stage.client.session(OPERATING, session.id)
    assert (read.status, read.paid, read.method, read.captured_at) == ("complete", False, "us_bank_account", None)
    stage.clock.move(days=8)
    settled = stage.client.session(OPERATING, session.id)
    assert (settled.paid, settled.fee) == (True, 321)


def test_a_failed_debit_tells_why() -> None:
    stage = a_stage()
    session = made(stage)
    stage.box.people.pay_bank(session.id, outcome="fail")
    stage.clock.move(days=8)
    read = stage.client.session(OPERATING, session.id)
    assert not read.paid
    assert read.failure


def test_a_declined_card_leaves_the_session_open_with_its_reason() -> None:
    from infra.sandbox.stripe import Refusal

    stage = a_stage()
    session = made(stage)
    with pytest.raises(Refusal):
        stage.box.people.pay_card(session.id, card="4000000000000002")
    read = stage.client.session(OPERATING, session.id)
    assert (read.status, read.paid) == ("open", False)
    assert "declined" in read.failure


def test_refunds_and_disputes_are_read_with_the_session() -> None:
    stage = a_stage()
    session = made(stage)
    stage.box.people.pay_card(session.id)
    intent = stage.client.session(OPERATING, session.id).intent
    stage.box.people.refund(intent, amount=100)
    dispute = stage.box.people.open_dispute(intent)
    read = stage.client.session(OPERATING, session.id)
    assert [(r.cents, r.status) for r in read.refunds] == [(100, "succeeded")]
    assert [d.withdrawn for d in read.disputes] == [True]
    stage.box.people.close_dispute(dispute["id"], True)
    (won,) = stage.client.session(OPERATING, session.id).disputes
    assert (won.status, won.withdrawn) == ("won", False)


def test_an_inquiry_has_withdrawn_nothing() -> None:
    stage = a_stage()
    session = made(stage)
    stage.box.people.pay_card(session.id)
    stage.box.people.open_dispute(stage.client.session(OPERATING, session.id).intent, inquiry=True)
    assert [d.withdrawn for d in stage.client.session(OPERATING, session.id).disputes] == [False]


def test_a_session_is_found_by_its_intent() -> None:
    stage = a_stage()
    session = made(stage)
    stage.box.people.pay_card(session.id)
    intent = stage.client.session(OPERATING, session.id).intent
    found = stage.client.session_of_intent(OPERATING, intent)
    assert found
    assert found.id == session.id
    assert stage.client.session_of_intent(OPERATING, "pi_unknown") is None


def test_every_session_since_is_listed_over_all_pages() -> None:
    stage = a_stage()
    made(stage, "old")
    stage.clock.move(hours=1)
    since = stage.clock.now()
    ids = {made(stage, f"k{n}", attempt=f"att-{n}").id for n in range(105)}
    assert {s.id for s in stage.client.sessions_since(OPERATING, since)} == ids


def test_an_open_session_is_expired_and_a_closed_one_is_shown() -> None:
    stage = a_stage()
    session = made(stage, "k1")
    assert stage.client.expire(OPERATING, session.id).status == "expired"
    assert stage.client.expire(OPERATING, session.id).status == "expired"
    paid = made(stage, "k2")
    stage.box.people.pay_card(paid.id)
    assert stage.client.expire(OPERATING, paid.id).paid


def test_events_come_oldest_first_with_where_to_look() -> None:
    stage = a_stage()
    session = made(stage)
    since = stage.clock.now()
    stage.box.people.pay_card(session.id)
    stage.clock.move(minutes=1)
    stage.box.people.refund(stage.client.session(OPERATING, session.id).intent)
    events = stage.client.events(OPERATING, since=since)
    assert [e.at for e in events] == sorted(e.at for e in events if e.at)
    types = [e.type for e in events]
    assert types.index("checkout.session.completed") < types.index("refund.created")
    assert {e.account for e in events} == {OPERATING}


def test_what_was_refunded_or_disputed_is_listed_after_its_events_are_forgotten() -> None:
    stage = a_stage()
    since = stage.clock.now()
    sessions = [made(stage, f"att-{n}-1") for n in range(3)]
    for session in sessions:
        stage.box.people.pay_card(session.id)
    refunded, disputed, _ = (stage.client.session(OPERATING, s.id).intent for s in sessions)
    stage.box.people.refund(refunded, 100)
    stage.box.people.refund(refunded, 100)
    stage.box.people.open_dispute(disputed)
    stage.clock.move(days=60)
    assert sorted(stage.client.reversed_since(OPERATING, since=since)) == sorted([refunded, disputed])
    assert stage.client.reversed_since(OPERATING, since=stage.clock.now()) == []


# --- refusals -------------------------------------------------------------------------------------------------------


def test_a_lost_creation_may_have_happened_and_is_found_again() -> None:
    stage = a_stage()
    stage.fault(do="drop_answer", path="/v1/checkout/sessions")
    with pytest.raises(Unavailable) as later:
        made(stage)
    assert later.value.maybe_done
    (found,) = stage.client.sessions_since(OPERATING, stage.clock.now())
    assert found.attempt == "att-1"


@pytest.mark.parametrize("do", ["drop_request", "drop_answer", "slow"])
def test_a_lost_read_is_for_later_and_did_nothing(do: str) -> None:
    stage = a_stage()
    session = made(stage)
    stage.fault(do=do)
    with pytest.raises(Unavailable) as later:
        stage.client.session(OPERATING, session.id)
    assert not later.value.maybe_done


def test_the_library_repeats_nothing_by_itself() -> None:
    stage = a_stage()
    stage.fault(do="status", status=500, times=1)
    with pytest.raises(Unavailable) as later:
        made(stage)
    assert later.value.maybe_done


def test_the_rate_limit_waits_as_told() -> None:
    stage = a_stage()
    stage.fault(
        do="status", status=429, headers={"Retry-After": "7"}, body='{"error": {"type": "invalid_request_error"}}'
    )
    with pytest.raises(Unavailable) as later:
        made(stage)
    assert (later.value.after, later.value.maybe_done) == (7.0, False)


def test_an_answer_that_is_no_json_leaves_a_write_in_doubt() -> None:
    stage = a_stage()
    stage.fault(do="status", status=200, body="<html>")
    with pytest.raises(Unavailable) as later:
        made(stage)
    assert later.value.maybe_done


def test_an_account_that_left_is_disconnected() -> None:
    stage = a_stage()
    stage.box.people.disconnect(OPERATING)
    with pytest.raises(Disconnected):
        made(stage)


def test_a_missing_session_is_declined_with_404() -> None:
    stage = a_stage()
    with pytest.raises(Declined) as no:
        stage.client.session(OPERATING, "cs_unknown")
    assert (no.value.code, no.value.status) == ("resource_missing", 404)


def test_a_request_that_breaks_a_rule_is_declined_with_its_code() -> None:
    stage = a_stage()
    with pytest.raises(Declined) as no:
        made(stage, expires_at=stage.clock.now() + timedelta(days=2))
    assert no.value.status == 400


def test_our_own_wrong_key_parks_nobody() -> None:
    stage = a_stage()
    stage.client._key = "sk_test_other"
    del stage.client.__dict__["_stripe"]
    with pytest.raises(Unavailable):
        made(stage)


def test_the_client_has_the_shape_that_the_flows_ask_for() -> None:
    from chalicelib.flow.ports import Stripe

    client: Stripe = a_stage(joined=False).client
    assert client
