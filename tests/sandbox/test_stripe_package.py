"""The sandbox as the installed ``stripe`` package meets it: its errors, its paging, its signatures, its traps.

Source: reference/stripe.md 1.
"""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient
from stripe.oauth_error import InvalidGrantError

from tests.sandbox.stripe_caller import BASE, FIRM, KEY, Caller, a_connected_caller, a_session

HERE: Any = {"stripe_account": FIRM}


@pytest.fixture
def caller() -> Caller:
    return a_connected_caller()


def client_of(caller: Caller) -> StripeClient:
    addresses: Any = {"api": BASE, "connect": BASE, "files": BASE}
    return StripeClient(
        KEY,
        client_id="ca_sandbox",
        base_addresses=addresses,
        http_client=stripe.RequestsClient(session=caller.http),
        max_network_retries=0,
    )


def make(client: StripeClient, options: Any = None, **change: Any) -> Any:
    params: Any = a_session(**change)
    return client.v1.checkout.sessions.create(params=params, options=options or HERE)


def test_the_pinned_version_of_the_package_is_the_one_spoken_here(caller: Caller) -> None:
    assert make(client_of(caller)).object == "checkout.session"


def test_the_account_among_the_parameters_is_refused_and_not_sent_to_the_platform(caller: Caller) -> None:
    with pytest.raises(stripe.InvalidRequestError) as no:
        make(client_of(caller), stripe_account=FIRM)
    assert (no.value.code, no.value.param) == ("parameter_unknown", "stripe_account")


def test_a_disconnected_account_is_a_permission_error(caller: Caller) -> None:
    caller.people.disconnect(FIRM)
    with pytest.raises(stripe.PermissionError) as no:
        make(client_of(caller))
    # The package drops the code of a 403: it is in the body alone.
    body: Any = no.value.json_body
    assert (no.value.code, body["error"]["code"]) == (None, "account_invalid")


def test_a_wrong_key_is_an_authentication_error(caller: Caller) -> None:
    with pytest.raises(stripe.AuthenticationError):
        make(client_of(caller), {"api_key": "sk_test_wrong"})


def test_a_key_used_for_something_else_is_an_idempotency_error(caller: Caller) -> None:
    client = client_of(caller)
    make(client, {**HERE, "idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        make(client, {**HERE, "idempotency_key": "k"}, cents=999)


def test_too_many_requests_are_a_rate_limit_error(caller: Caller) -> None:
    caller.box.switches["rate_per_second"] = 1
    client = client_of(caller)
    make(client)
    with pytest.raises(stripe.RateLimitError):
        make(client)


def test_a_used_code_is_an_invalid_grant(caller: Caller) -> None:
    client, code = client_of(caller), caller.code()
    assert client.oauth.token(params={"grant_type": "authorization_code", "code": code}).stripe_user_id == FIRM
    with pytest.raises(InvalidGrantError):
        client.oauth.token(params={"grant_type": "authorization_code", "code": code})


def test_missed_events_are_paged_in_the_order_of_time(caller: Caller) -> None:
    client = client_of(caller)
    seen = client.v1.events.list(options=HERE).data[0].id
    for _ in range(3):
        caller.paid()
    found = client.v1.events.list(params={"ending_before": seen, "limit": 5}, options=HERE).auto_paging_iter()
    made = [event.created for event in found]
    assert len(made) == 12
    assert made == sorted(made)


def test_the_signature_is_what_the_package_checks(caller: Caller) -> None:
    caller.hear()
    caller.paid()
    caller.deliver()
    for _, headers, body in caller.delivered:
        told = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_connect", tolerance=10**9)
        assert told.account == FIRM
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_other")


def test_a_payment_is_read_with_its_charge_and_fee_in_one_call(caller: Caller) -> None:
    intent = caller.paid(10_000)["payment_intent"]
    params: Any = {"expand": ["latest_charge.balance_transaction"]}
    read: Any = client_of(caller).v1.payment_intents.retrieve(intent, params=params, options=HERE)
    assert read.latest_charge.balance_transaction.fee == 320
