"""Every object that the Stripe sandbox serves, against Stripe's example objects and the installed typed package.

The examples lie outside the repository (reference/stripe-fixtures.json); without them only the typed package is asked.
"""

from __future__ import annotations

import json
import typing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import stripe
import stripe.checkout

from infra.sandbox.stripe import Refusal
from tests.sandbox.stripe_caller import FIRM, Caller, a_connected_caller, a_line

Thing = dict[str, Any]
EXAMPLES = Path(__file__).parents[2].parent / "shared" / "reference" / "stripe-fixtures.json"

TYPED: dict[str, Any] = {
    "account": stripe.Account,
    "account_link": stripe.AccountLink,
    "balance_transaction": stripe.BalanceTransaction,
    "bank_account": stripe.BankAccount,
    "capability": stripe.Capability,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "item": stripe.LineItem,
    "payment_intent": stripe.PaymentIntent,
    "payout": stripe.Payout,
    "refund": stripe.Refund,
    "webhook_endpoint": stripe.WebhookEndpoint,
}

# Served, though the examples (of an older version) lack them; all are fields of the typed package.
NEWER: dict[str, set[str]] = {
    "bank_account": {"account", "available_payout_methods", "default_for_currency"},
    "checkout.session": {"redirect_on_completion", "line_items"},
    "charge": {"refunds"},
    "event": {"account"},
    "refund": {"failure_balance_transaction", "failure_reason", "pending_reason"},
    "webhook_endpoint": {"secret"},
}

# In the examples, and not served: filled in there only because every nullable field is, or shown only on demand.
LEFT_OUT: dict[str, set[str]] = {
    "charge": {"refunds"},
}

# Parts whose content depends on the method or the account, and of which the sandbox shows what is documented.
FREE = {
    "payment_method_details",
    "destination_details",
    "controller",
    "capabilities",
    "settings",
    "business_profile",
    "payment_method_options",
    "outcome",
    "last_payment_error",
    "data",
    "evidence",
    "metadata",
    "amount_details",
    "invoice_creation",
    "customer_details",
    "price",
    "billing_details",
    "wallet_options",
    "address",
}


@cache
def served() -> dict[str, list[Thing]]:
    """One busy day's worth of every object, by kind."""
    caller = a_connected_caller()
    first = caller.read("/v1/events")["data"]
    caller.people.pay_card(caller.session(line_items=[a_line(5_000), a_line(700)], customer_creation="always")["id"])
    caller.session()
    declined = caller.session()
    with pytest.raises(Refusal, match="declined"):
        caller.people.pay_card(declined["id"], "4000000000000002")
    for outcome in ("succeed", "fail", "return"):
        caller.debited(10_000, outcome, after_days=1)
    caller.clock.move(days=30)
    failing = caller.paid(2_000, card="4000000000005126")
    caller.people.refund(failing["payment_intent"])
    caller.people.refund(caller.paid(3_000)["payment_intent"], 1_000)
    caller.people.close_dispute(caller.people.open_dispute(caller.paid(4_000)["payment_intent"])["id"], won=True)
    caller.people.pay_out(FIRM)
    caller.people.set_ach(FIRM, False)
    caller.clock.move(days=5)
    found = _collect(caller)
    found["event"] += first
    found["application"] = [event["data"]["object"] for event in first]
    return found


def _collect(caller: Caller) -> dict[str, list[Thing]]:
    found: dict[str, list[Thing]] = {}

    def add(things: list[Thing]) -> None:
        for thing in things:
            found.setdefault(thing["object"], []).append(thing)

    for path in (
        "checkout/sessions",
        "payment_intents",
        "charges",
        "refunds",
        "disputes",
        "balance_transactions",
        "payouts",
        "customers",
        "events",
    ):
        add(caller.read(f"/v1/{path}", limit=100)["data"])
    session = found["checkout.session"][-1]["id"]
    add(caller.read(f"/v1/checkout/sessions/{session}/line_items")["data"])
    add([caller.read(f"/v1/checkout/sessions/{session}", expand=["line_items", "payment_intent"])])
    add([caller.read(f"/v1/charges/{found['charge'][0]['id']}", expand=["refunds", "balance_transaction"])])
    add([caller.read("/v1/account")])
    add(caller.read("/v1/account")["external_accounts"]["data"])
    add([event["data"]["object"] for event in found["event"]])
    made = caller.post(
        "/v1/accounts", {"country": "US", "capabilities": {"transfers": {"requested": True}}}, account=None
    )
    add([made.json()])
    link = {
        "account": made.json()["id"],
        "type": "account_onboarding",
        "return_url": "https://fee.test/b",
        "refresh_url": "https://fee.test/r",
    }
    add([caller.post("/v1/account_links", link, account=None).json()])
    endpoint = {"url": "https://fee.test/w", "enabled_events": ["*"]}
    add([caller.post("/v1/webhook_endpoints", endpoint, account=None).json()])
    return found


def hints(cls: Any) -> dict[str, Any]:
    return {n: t for n, t in cls.__annotations__.items() if not n.startswith("_") and n != "OBJECT_NAME"}


def nullable(annotation: Any) -> bool:
    return type(None) in typing.get_args(annotation) or "None" in str(annotation)[-6:] or "Optional" in str(annotation)


def test_every_kind_of_object_was_met() -> None:
    assert set(served()) - {"application"} == set(TYPED)


@pytest.mark.parametrize("kind", TYPED)
def test_it_has_only_fields_that_the_typed_package_knows(kind: str) -> None:
    known = set(hints(TYPED[kind]))
    for thing in served()[kind]:
        assert set(thing) <= known


@pytest.mark.parametrize("kind", TYPED)
def test_what_the_typed_package_says_is_always_there_is_there(kind: str) -> None:
    # ``transfer`` of a charge is documented as "only applicable if the charge was created using destination".
    needed = {n for n, t in hints(TYPED[kind]).items() if not nullable(t)} - {"transfer"}
    for thing in served()[kind]:
        assert {name for name in needed if thing.get(name) is None} == set()


@pytest.mark.parametrize("kind", TYPED)
def test_closed_lists_of_words_are_kept(kind: str) -> None:
    """``status``, ``type``, ``reason`` and the like hold words that the typed package lists."""
    for name, annotation in hints(TYPED[kind]).items():
        words = {w for part in (annotation, *typing.get_args(annotation)) for w in _words(part)}
        met = {thing[name] for thing in served()[kind] if isinstance(thing.get(name), str)}
        assert not words or met <= words, name


def _words(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) if typing.get_origin(annotation) is typing.Literal else ()


# --- Stripe's own examples --------------------------------------------------------------------------------------------
def example(kind: str) -> Thing:
    if not EXAMPLES.exists():
        pytest.skip("Stripe's example objects (reference/stripe-fixtures.json) are not beside this repository")
    return dict(json.loads(EXAMPLES.read_text())["resources"][kind])


@pytest.mark.parametrize("kind", [*TYPED, "application"])
def test_it_has_the_fields_of_stripes_example(kind: str) -> None:
    shown = example(kind)
    for thing in served()[kind]:
        assert set(thing) - set(shown) <= NEWER.get(kind, set())
        assert set(shown) - set(thing) <= LEFT_OUT.get(kind, set())


@pytest.mark.parametrize("kind", [*TYPED, "application"])
def test_its_values_are_of_the_kinds_in_stripes_example(kind: str) -> None:
    shown = example(kind)
    for thing in served()[kind]:
        wrong = list(differences(thing, shown, kind))
        assert wrong == []


def differences(thing: Thing, shown: Thing, at: str) -> typing.Iterator[str]:
    for name, value in thing.items():
        model = shown.get(name)
        if value is None or model is None:
            continue
        if isinstance(value, dict) and isinstance(model, str):
            continue  # expanded
        if type(value) is not type(model):
            yield f"{at}.{name}: {type(value).__name__}, not {type(model).__name__}"
        elif isinstance(value, dict) and name not in FREE:
            yield from (f"{at}.{name}.{extra}: unknown" for extra in set(value) - set(model))
            yield from differences(value, model, f"{at}.{name}")
