"""Who may call the Stripe sandbox, how, and how much: one row for each strict rule, over raw HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.sandbox.stripe_caller import (
    BASE,
    FIRM,
    KEY,
    RETURN,
    Caller,
    a_connected_caller,
    a_line,
    a_session,
    authorize_url,
)
from tests.sandbox.stripe_rules import (
    MISSING,
    NO_INTEGER,
    NO_SUCH,
    TOO_LONG,
    UNKNOWN,
    Act,
    Rule,
    check,
    plain,
    sessions,
)


def after_disconnect(caller: Caller) -> requests.Response:
    caller.people.disconnect(FIRM)
    return caller.get("/v1/account")


def read_only(caller: Caller) -> requests.Response:
    caller.connect("acct_bexley", "read_only")
    return caller.post("/v1/checkout/sessions", a_session(), account="acct_bexley")


def other_parameters(caller: Caller) -> requests.Response:
    caller.post("/v1/checkout/sessions", a_session(1000), key="k")
    return caller.post("/v1/checkout/sessions", a_session(1001), key="k")


def other_call(caller: Caller) -> requests.Response:
    caller.post("/v1/customers", {"name": "x"}, key="k")
    return caller.post("/v1/checkout/sessions", a_session(), key="k")


def in_progress(caller: Caller) -> requests.Response:
    caller.people.hold_key(FIRM, "k")
    return caller.post("/v1/checkout/sessions", a_session(), key="k")


def rate_limited(caller: Caller) -> requests.Response:
    caller.box.switches["rate_per_second"] = 25
    for _ in range(25):
        assert caller.get("/v1/events").status_code == 200
    return caller.get("/v1/events")


def old_event(caller: Caller) -> requests.Response:
    caller.paid()
    event = caller.read("/v1/events")["data"][0]["id"]
    caller.clock.move(days=30)
    return caller.get(f"/v1/events/{event}")


def links(**change: Any) -> Act:
    def act(caller: Caller) -> requests.Response:
        made = caller.post("/v1/accounts", {"country": "US"}, account=None).json()["id"]
        asked = {
            "account": made,
            "type": "account_onboarding",
            "refresh_url": "https://fee.test/again",
            "return_url": "https://fee.test/done",
            **change,
        }
        return caller.post("/v1/account_links", {k: v for k, v in asked.items() if v}, account=None)

    return act


def accounts(**asked: Any) -> Act:
    return lambda c: c.post("/v1/accounts", asked, account=None)


def json_body(caller: Caller) -> requests.Response:
    return caller.http.post(
        f"{BASE}/v1/customers", json={"name": "x"}, headers={"Authorization": f"Bearer {KEY}", "Stripe-Account": FIRM}
    )


def no_key(caller: Caller) -> requests.Response:
    return caller.http.get(f"{BASE}/v1/account")


def many_labels(count: int = 1, key: int = 1, value: int = 1) -> dict[str, str]:
    return {f"{place}".rjust(key, "k"): "v" * value for place in range(count)}


RULES = [
    # 1 and 3: who calls, for whom, in which version, how
    Rule("1 a key is needed", no_key, 401),
    Rule(
        "1 a wrong key",
        plain("GET", "/v1/account", headers={"Authorization": "Bearer sk_wrong"}),
        401,
        "api_key_invalid",
    ),
    Rule(
        "1 another API version",
        plain("GET", "/v1/account", headers={"Stripe-Version": "2024-06-20"}),
        400,
        None,
        "Stripe-Version",
    ),
    Rule("1 bodies are form encoded", json_body, 400),
    Rule("1 an unknown address", plain("GET", "/v1/payment_links"), 404),
    Rule("3 an account never connected", plain("GET", "/v1/account", account="acct_bexley"), 403, "account_invalid"),
    Rule(
        "3 an account that does not exist", plain("GET", "/v1/account", account="acct_nobody"), 403, "account_invalid"
    ),
    Rule("3 an account that disconnected", after_disconnect, 403, "account_invalid"),
    Rule("3 another account's record", plain("GET", "/v1/accounts/acct_bexley"), 403, "account_invalid"),
    Rule("3 read_only may not write", read_only, 403),
    Rule("3 only the platform makes accounts", plain("POST", "/v1/accounts", {"country": "US"}), 403),
    # 2 and 11: unknown parameters
    Rule(
        "2 payment_method_types on a Session",
        sessions(payment_method_types=["card"]),
        400,
        UNKNOWN,
        "payment_method_types",
    ),
    Rule("1 stripe_account among the parameters", sessions(stripe_account=FIRM), 400, UNKNOWN, "stripe_account"),
    Rule("1 idempotency_key among the parameters", sessions(idempotency_key="k"), 400, UNKNOWN, "idempotency_key"),
    Rule(
        "11 an unknown nested parameter",
        sessions(line_items=[a_line(colour="red")]),
        400,
        UNKNOWN,
        "line_items[0][colour]",
    ),
    Rule("11 an unknown list filter", plain("GET", "/v1/charges", {"status": "paid"}), 400, UNKNOWN, "status"),
    Rule(
        "11 what the sandbox does not act out",
        sessions(after_expiration={"recovery": {"enabled": True}}),
        400,
        "sandbox_not_modelled",
        "after_expiration",
    ),
    # 6: limits
    Rule("6 at most 50 metadata keys", sessions(metadata=many_labels(51)), 400, None, "metadata"),
    Rule(
        "6 a metadata key of at most 40",
        sessions(metadata=many_labels(key=41)),
        400,
        None,
        "metadata[" + "k" * 40 + "0]",
    ),
    Rule("6 a metadata value of at most 500", sessions(metadata=many_labels(value=501)), 400, None, "metadata[0]"),
    Rule(
        "6 client_reference_id of at most 200",
        sessions(client_reference_id="x" * 201),
        400,
        TOO_LONG,
        "client_reference_id",
    ),
    Rule(
        "6 custom text of at most 1,200",
        sessions(custom_text={"submit": {"message": "x" * 1201}}),
        400,
        TOO_LONG,
        "custom_text[submit][message]",
    ),
    Rule(
        "6 an idempotency key of at most 255",
        plain("POST", "/v1/customers", {"name": "x"}, key="k" * 256),
        400,
        kind="idempotency_error",
    ),
    Rule("6 a key with other parameters", other_parameters, 400, kind="idempotency_error"),
    Rule("6 a key at another address", other_call, 400, kind="idempotency_error"),
    Rule("6 a key in progress", in_progress, 409, "idempotency_key_in_use", kind="idempotency_error"),
    Rule("6 25 requests a second per endpoint", rate_limited, 429, "rate_limit"),
    Rule("6 a page of at most 100", plain("GET", "/v1/events", {"limit": 101}), 400, NO_INTEGER, "limit"),
    Rule("6 a page of at least 1", plain("GET", "/v1/events", {"limit": 0}), 400, NO_INTEGER, "limit"),
    Rule(
        "6 at most 20 event types", plain("GET", "/v1/events", {"types": ["charge.succeeded"] * 21}), 400, None, "types"
    ),
    Rule("7 type or types", plain("GET", "/v1/events", {"type": "a", "types": ["b"]}), 400, None, "types"),
    Rule("6 events for 30 days", old_event, 404, NO_SUCH, "id"),
    Rule(
        "1 one cursor",
        plain("GET", "/v1/events", {"starting_after": "a", "ending_before": "b"}),
        400,
        None,
        "starting_after",
    ),
    Rule(
        "1 a cursor names something",
        plain("GET", "/v1/charges", {"starting_after": "ch_none"}),
        404,
        NO_SUCH,
        "starting_after",
    ),
    Rule(
        "1 expand what can be expanded",
        lambda c: c.get(f"/v1/checkout/sessions/{c.session()['id']}", {"expand": ["lines"]}),
        400,
        None,
        "expand",
    ),
    Rule(
        "1 expand below data in lists",
        plain("GET", "/v1/charges", {"expand": ["balance_transaction"]}),
        400,
        None,
        "expand",
    ),
    # 3 and 4: accounts and links
    Rule(
        "3 controller or type", accounts(type="standard", controller={"fees": {"payer": "account"}}), 400, None, "type"
    ),
    Rule(
        "3 losses=application needs fees=application",
        accounts(controller={"losses": {"payments": "application"}}),
        400,
        None,
        "controller[losses][payments]",
    ),
    Rule(
        "3 the platform collects only without dashboard",
        accounts(controller={"requirement_collection": "application", "stripe_dashboard": {"type": "full"}}),
        400,
        None,
        "controller[requirement_collection]",
    ),
    Rule(
        "3 a payer of the list",
        accounts(controller={"fees": {"payer": "nobody"}}),
        400,
        None,
        "controller[fees][payer]",
    ),
    Rule("3 a link needs return_url", links(return_url=None), 400, MISSING, "return_url"),
    Rule("3 a link needs refresh_url", links(refresh_url=None), 400, MISSING, "refresh_url"),
    Rule("3 a link has a type of the list", links(type="account_payment"), 400, None, "type"),
    Rule("3 no link for OAuth accounts", links(account=FIRM), 400, None, "account"),
    Rule("3 no link for strangers", links(account="acct_bexley"), 403, "account_invalid"),
    Rule(
        "1 the endpoint's version",
        plain(
            "POST",
            "/v1/webhook_endpoints",
            {"url": "https://fee.test/w", "enabled_events": ["*"], "api_version": "2020-08-27"},
            account=None,
        ),
        400,
        None,
        "api_version",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_is_refused(rule: Rule) -> None:
    check(rule)


# --- OAuth has an error shape of its own (reference/stripe.md 3) -----------------------------------------------------
def used_twice(caller: Caller) -> requests.Response:
    code = caller.code()
    caller.token(code)
    return caller.token(code)


def too_late(caller: Caller) -> requests.Response:
    code = caller.code()
    caller.clock.move(seconds=301)
    return caller.token(code)


def leave(caller: Caller, account: str, client: str = "ca_sandbox") -> requests.Response:
    return caller.http.post(
        f"{BASE}/oauth/deauthorize", data={"client_id": client, "stripe_user_id": account, "client_secret": KEY}
    )


OAUTH_RULES: list[tuple[str, Act, int, str]] = [
    ("3 a code is single use", used_twice, 400, "invalid_grant"),
    ("3 a code lasts five minutes", too_late, 400, "invalid_grant"),
    ("3 a made-up code", lambda c: c.token("ac_made_up"), 400, "invalid_grant"),
    ("3 another grant type", lambda c: c.token("x", grant_type="password"), 400, "unsupported_grant_type"),
    ("3 no grant type", lambda c: c.token("x", grant_type=""), 400, "invalid_request"),
    ("3 the platform's own key", lambda c: c.token(c.code(), client_secret="sk_wrong"), 401, "invalid_client"),
    ("3 a key is needed", lambda c: c.token(c.code(), client_secret=""), 401, "invalid_client"),
    ("3 leaving an account never connected", lambda c: leave(c, "acct_bexley"), 401, "invalid_client"),
    ("3 leaving as somebody else", lambda c: leave(c, FIRM, "ca_other"), 401, "invalid_client"),
]


@pytest.mark.parametrize(("act", "status", "error"), [r[1:] for r in OAUTH_RULES], ids=[r[0] for r in OAUTH_RULES])
def test_oauth_refuses(act: Act, status: int, error: str) -> None:
    answer = act(a_connected_caller())
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]


AUTHORIZE_RULES = {
    "3 the client id": {"client_id": "ca_other"},
    "3 redirect_uri equals a registered one exactly": {"redirect_uri": RETURN + "/"},
    "3 the response type": {"response_type": "token"},
    "3 the scope": {"scope": "admin"},
}


@pytest.mark.parametrize("change", AUTHORIZE_RULES.values(), ids=AUTHORIZE_RULES.keys())
def test_the_authorize_page_refuses_without_redirecting(change: dict[str, str]) -> None:
    answer = Caller().http.get(authorize_url(**change), allow_redirects=False)
    assert answer.status_code == 400
    assert "SANDBOX" in answer.text


def test_an_account_controlled_by_another_platform_cannot_be_connected_read_write() -> None:
    caller = Caller()
    caller.people.add_account("acct_elsewhere", "Elsewhere", controlled_elsewhere=True)
    asked = dict(parse_qsl(urlsplit(authorize_url()).query)) | {"account": "acct_elsewhere"}
    answer = caller.http.post(f"{BASE}/oauth/authorize", data=asked, allow_redirects=False)
    assert answer.status_code == 400
    assert "another platform" in answer.text
