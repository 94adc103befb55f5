"""The calls of ``/v1`` that this sandbox serves: path, allowed parameters, and what happens."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, request

from . import accounts, checkout, endpoints, events, params, payments, refunds, shapes
from .box import Box
from .door import Call, Handler, Route, answer, serve
from .listing import page, show, within
from .refusals import Refusal, missing
from .state import Thing


def _get(kind: str) -> Handler:
    def handler(call: Call, thing_id: str) -> Thing:
        thing = call.box.find(call.account, kind, thing_id)
        return show(call.box, call.account, thing, call.params.get("expand", []))

    return handler


def _list(kind: str, url: str, *fields: str) -> Handler:
    """A list filtered by ``created`` and by equality of ``fields``."""

    def handler(call: Call) -> Thing:
        asked = call.params

        def keep(thing: Thing) -> bool:
            return within(asked.get("created"), thing["created"]) and all(
                thing.get(name) == asked[name] for name in fields if name in asked
            )

        things = call.account.held[kind].values()
        return page(call.box, call.account, things, asked, url=url, keep=keep, kind=kind)

    return handler


# --- Checkout Sessions ------------------------------------------------------------------------------------------------
def create_session(call: Call) -> Thing:
    session = checkout.create(call.box, call.account, call.params, call.base_url)
    return show(call.box, call.account, session, call.params.get("expand", []))


def list_sessions(call: Call) -> Thing:
    asked = call.params
    email = asked.get("customer_details", {}).get("email")

    def keep(session: Thing) -> bool:
        named = all(session[n] == asked[n] for n in ("customer", "payment_intent", "status") if n in asked)
        written = email is None or (session["customer_details"] or {}).get("email") == email
        return named and written and within(asked.get("created"), session["created"])

    things = call.account.held["checkout.session"].values()
    return page(call.box, call.account, things, asked, url="/v1/checkout/sessions", keep=keep, kind="checkout.session")


def list_lines(call: Call, thing_id: str) -> Thing:
    call.box.find(call.account, "checkout.session", thing_id, "session")
    lines = call.account.lines[thing_id][::-1]  # in the order given, so oldest last for ``page``
    url = f"/v1/checkout/sessions/{thing_id}/line_items"
    return page(call.box, call.account, lines, call.params, url=url, kind="item")


def expire_session(call: Call, thing_id: str) -> Thing:
    session = call.box.find(call.account, "checkout.session", thing_id, "session")
    return show(
        call.box,
        call.account,
        checkout.expire(call.box, call.account, session),
        call.params.get("expand", []),
    )


# --- money ------------------------------------------------------------------------------------------------------------
def cancel_intent(call: Call, thing_id: str) -> Thing:
    payments.cancel_intent(call.box, call.account, thing_id)
    raise AssertionError("always refused")


def create_refund(call: Call) -> Thing:
    made = refunds.create(call.box, call.account, call.params)
    return show(call.box, call.account, made, call.params.get("expand", []))


def list_transactions(call: Call) -> Thing:
    asked, account = call.params, call.account

    def keep(line: Thing) -> bool:
        named = all(line[n] == asked[n] for n in ("currency", "source", "type") if n in asked)
        paid_out = account.hidden.get(line["id"], {}).get("payout")
        return (
            named
            and ("payout" not in asked or paid_out == asked["payout"])
            and within(asked.get("created"), line["created"])
        )

    things = account.held["balance_transaction"].values()
    url = "/v1/balance_transactions"
    return page(call.box, account, things, asked, url=url, keep=keep, kind="balance_transaction")


def list_payouts(call: Call) -> Thing:
    asked = call.params

    def keep(payout: Thing) -> bool:
        named = all(payout[n] == asked[n] for n in ("destination", "status") if n in asked)
        at = within(asked.get("created"), payout["created"])
        return named and at and within(asked.get("arrival_date"), payout["arrival_date"])

    things = call.account.held["payout"].values()
    return page(call.box, call.account, things, asked, url="/v1/payouts", keep=keep, kind="payout")


# --- events (30 days, reference/stripe.md 6) --------------------------------------------------------------------------
def list_events(call: Call) -> Thing:
    box, asked = call.box, call.params
    if "type" in asked and "types" in asked:
        raise Refusal("You may only specify one of these parameters: type, types.", param="types")
    wanted = asked.get("types") or ([asked["type"]] if "type" in asked else [])

    def keep(event: Thing) -> bool:
        named = not wanted or any(_matches(event["type"], w) for w in wanted)
        told = "delivery_success" not in asked or events.delivered(box, event) == asked["delivery_success"]
        return named and told and within(asked.get("created"), event["created"])

    recent = [e for e in call.account.held["event"].values() if _recent(box, e)]
    return page(box, call.account, recent, asked, url="/v1/events", keep=keep, kind="event")


def _matches(type: str, wanted: str) -> bool:
    return type.startswith(wanted[:-1]) if wanted.endswith("*") else type == wanted


def _recent(box: Box, event: Thing) -> bool:
    kept = int(box.switch("events_kept_seconds", events.KEPT_FOR))
    return bool(event["created"] > box.epoch() - kept)


def get_event(call: Call, thing_id: str) -> Thing:
    event = call.box.find(call.account, "event", thing_id)
    if not _recent(call.box, event):
        raise missing("event", thing_id)
    return show(call.box, call.account, event, call.params.get("expand", []))


# --- customers and accounts -------------------------------------------------------------------------------------------
def create_customer(call: Call) -> Thing:
    box = call.box
    made = box.hold(call.account, shapes.customer(box.new_id("cus_", 14), box.epoch(), call.params))
    events.emit(box, call.account, "customer.created", made)
    return show(box, call.account, made, call.params.get("expand", []))


def create_account(call: Call) -> Thing:
    return show(call.box, call.account, accounts.create(call.box, call.params).object)


def get_account(call: Call, thing_id: str) -> Thing:
    if thing_id == call.account.id:
        return show(call.box, call.account, call.account.object)
    found = accounts.reachable(call.box, thing_id)
    if call.account.id != call.box.platform_id:
        raise Refusal("An account can only read itself.", status=403, code="account_invalid")
    return show(call.box, call.account, found.object)


def get_own_account(call: Call) -> Thing:
    return show(call.box, call.account, call.account.object)


def list_accounts(call: Call) -> Thing:
    asked = call.params
    connected = [call.box.state.accounts[a].object for a in call.box.state.connections]
    return page(
        call.box,
        call.account,
        connected,
        asked,
        url="/v1/accounts",
        keep=lambda a: within(asked.get("created"), a["created"]),
        kind="account",
    )


def list_banks(call: Call, thing_id: str) -> Thing:
    shown = get_account(call, thing_id)
    banks = shown["external_accounts"]["data"] if call.params.get("object") != "card" else []
    return page(call.box, call.account, banks, call.params, url=f"/v1/accounts/{thing_id}/external_accounts")


def create_link(call: Call) -> Thing:
    return accounts.make_link(call.box, call.params, call.base_url)


def create_endpoint(call: Call) -> Thing:
    return endpoints.create(call.box, call.params)


P = params
ROUTES = (
    Route("POST", "/v1/checkout/sessions", P.SESSION_CREATE, create_session),
    Route("GET", "/v1/checkout/sessions", P.SESSION_LIST, list_sessions),
    Route("GET", "/v1/checkout/sessions/<thing_id>", P.RETRIEVE, _get("checkout.session")),
    Route("GET", "/v1/checkout/sessions/<thing_id>/line_items", P.PAGE, list_lines),
    Route("POST", "/v1/checkout/sessions/<thing_id>/expire", P.RETRIEVE, expire_session),
    Route(
        "GET", "/v1/payment_intents", P.PAYMENT_INTENT_LIST, _list("payment_intent", "/v1/payment_intents", "customer")
    ),
    Route("GET", "/v1/payment_intents/<thing_id>", P.PAYMENT_INTENT_RETRIEVE, _get("payment_intent")),
    Route("POST", "/v1/payment_intents/<thing_id>/cancel", P.PAYMENT_INTENT_CANCEL, cancel_intent),
    Route("GET", "/v1/charges", P.CHARGE_LIST, _list("charge", "/v1/charges", "customer", "payment_intent")),
    Route("GET", "/v1/charges/<thing_id>", P.RETRIEVE, _get("charge")),
    Route("GET", "/v1/balance_transactions", P.TRANSACTION_LIST, list_transactions),
    Route("GET", "/v1/balance_transactions/<thing_id>", P.RETRIEVE, _get("balance_transaction")),
    Route("POST", "/v1/refunds", P.REFUND_CREATE, create_refund),
    Route("GET", "/v1/refunds", P.BY_PAYMENT, _list("refund", "/v1/refunds", "charge", "payment_intent")),
    Route("GET", "/v1/refunds/<thing_id>", P.RETRIEVE, _get("refund")),
    Route("GET", "/v1/disputes", P.BY_PAYMENT, _list("dispute", "/v1/disputes", "charge", "payment_intent")),
    Route("GET", "/v1/disputes/<thing_id>", P.RETRIEVE, _get("dispute")),
    Route("GET", "/v1/payouts", P.PAYOUT_LIST, list_payouts),
    Route("GET", "/v1/payouts/<thing_id>", P.RETRIEVE, _get("payout")),
    Route("GET", "/v1/events", P.EVENT_LIST, list_events),
    Route("GET", "/v1/events/<thing_id>", P.RETRIEVE, get_event),
    Route("POST", "/v1/customers", P.CUSTOMER_CREATE, create_customer),
    Route("GET", "/v1/customers", P.CUSTOMER_LIST, _list("customer", "/v1/customers", "email")),
    Route("GET", "/v1/customers/<thing_id>", P.RETRIEVE, _get("customer")),
    Route("GET", "/v1/account", P.RETRIEVE, get_own_account),
    Route("POST", "/v1/accounts", P.ACCOUNT_CREATE, create_account, platform_only=True),
    Route("GET", "/v1/accounts", P.ACCOUNT_LIST, list_accounts, platform_only=True),
    Route("GET", "/v1/accounts/<thing_id>", P.RETRIEVE, get_account),
    Route("GET", "/v1/accounts/<thing_id>/external_accounts", P.EXTERNAL_LIST, list_banks),
    Route("POST", "/v1/account_links", P.LINK_CREATE, create_link, platform_only=True),
    Route("POST", "/v1/webhook_endpoints", P.ENDPOINT_CREATE, create_endpoint, platform_only=True),
)


def mount(box: Box, app: Flask) -> None:
    for route in ROUTES:
        app.add_url_rule(
            route.path, f"{route.method} {route.path}", _view(box, route), methods=[route.method],
            provide_automatic_options=False,
        )  # fmt: skip

    @app.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE"])
    def unknown(rest: str) -> Response:
        no = Refusal(
            f"Unrecognized request URL ({request.method}: /v1/{rest}). The sandbox may not serve it.", status=404
        )
        return answer(no.status, no.body(), {"Request-Id": box.new_id("req_", 14)})


def _view(box: Box, route: Route) -> Callable[..., Response]:
    def view(**ids: str) -> Response:
        return serve(box, route, request, ids)

    return view
