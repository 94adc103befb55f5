"""Every strict rule of Clio's OAuth, tokens, roles and rate limit, over raw HTTP (reference/clio.md 1, 2.5, 2.6)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from infra.sandbox.clio import OWNER_A, OWNER_B
from infra.sandbox.clio.seed import ASSOCIATE_A, BOOKKEEPER_A
from tests.sandbox.clio_wire import BASE, CALLBACK, KEY, SECRET, Office, Rule, Table, an_office, refused

rule = Table()
ASKED = {"response_type": "code", "client_id": KEY, "redirect_uri": CALLBACK, "state": "s-1"}


def consent(o: Office, email: str = OWNER_A, decision: str = "approve", **more: str) -> requests.Response:
    user = next(u.id for u in o.clio.state.rows["users"].values() if u.email == email)
    form = {**ASKED, **more, "user_id": str(user), "decision": decision}
    return o.http.post(f"{BASE}/oauth/authorize", data=form, allow_redirects=False)


def a_code(o: Office, email: str = OWNER_A) -> str:
    return parse_qs(urlsplit(consent(o, email).headers["Location"]).query)["code"][0]


def token(o: Office, **form: str) -> requests.Response:
    known = {"client_id": KEY, "client_secret": SECRET}
    return o.http.post(f"{BASE}/oauth/token", data={**known, **form})


def exchange(o: Office, code: str, **more: str) -> requests.Response:
    return token(o, **{"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **more})


def oauth_refused(answer: requests.Response, status: int, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def stays(answer: requests.Response, status: int) -> None:
    assert answer.status_code == status
    assert "Location" not in answer.headers


# --- authorize -----------------------------------------------------------------------------------------------------
@rule("1 the consent page lists the users of every firm")
def _(o: Office) -> None:
    page = o.http.get(f"{BASE}/oauth/authorize", params=ASKED).text
    assert all(email in page for email in (OWNER_A, BOOKKEEPER_A, ASSOCIATE_A, OWNER_B))
    assert "SANDBOX" in page


@rule("1 approving returns a code and the state")
def _(o: Office) -> None:
    back = urlsplit(consent(o).headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK
    assert set(parse_qs(back.query)) == {"code", "state"}
    assert parse_qs(back.query)["state"] == ["s-1"]


@rule("1 nobody chosen, nothing given")
def _(o: Office) -> None:
    for who in ({"user_id": "x"}, {"user_id": "1"}, {"email": "nobody@example.com"}, {}):
        stays(o.http.post(f"{BASE}/oauth/authorize", data={**ASKED, **who, "decision": "approve"}), 400)


@rule("1 an unknown app is not redirected")
def _(o: Office) -> None:
    stays(o.http.get(f"{BASE}/oauth/authorize", params={**ASKED, "client_id": "other"}, allow_redirects=False), 400)


@rule("1 the redirect address must match exactly")
def _(o: Office) -> None:
    for wrong in (f"{CALLBACK}/", f"{CALLBACK}?a=1", CALLBACK.replace("https", "http")):
        stays(o.http.get(f"{BASE}/oauth/authorize", params={**ASKED, "redirect_uri": wrong}), 400)
        stays(consent(o, redirect_uri=wrong), 400)


@rule("1 response_type must be code")
def _(o: Office) -> None:
    stays(o.http.get(f"{BASE}/oauth/authorize", params={**ASKED, "response_type": "token"}), 400)


@rule("1 declining stays at Clio by default")
def _(o: Office) -> None:
    stays(consent(o, decision="decline"), 200)


@rule("1 redirect_on_decline returns access_denied and the state")
def _(o: Office) -> None:
    back = consent(o, decision="decline", redirect_on_decline="true").headers["Location"]
    assert parse_qs(urlsplit(back).query) == {"error": ["access_denied"], "state": ["s-1"]}


# --- token ---------------------------------------------------------------------------------------------------------
@rule("1 exchange gives bearer, 30 days and a refresh token")
def _(o: Office) -> None:
    told = exchange(o, a_code(o)).json()
    assert set(told) == {"token_type", "access_token", "expires_in", "refresh_token"}
    assert (told["token_type"], told["expires_in"]) == ("bearer", 2_592_000)
    assert o.ask("GET", "users/who_am_i.json", token=told["access_token"]).status_code == 200


@rule("1 expires_in is switchable")
def _(o: Office) -> None:
    o.clio.switches["expires_in"] = 604_800
    assert exchange(o, a_code(o)).json()["expires_in"] == 604_800


@rule("1 the token request is form-encoded")
def _(o: Office) -> None:
    form = {"client_id": KEY, "client_secret": SECRET, "grant_type": "authorization_code", "code": a_code(o)}
    oauth_refused(o.http.post(f"{BASE}/oauth/token", json=form), 400, "invalid_request")


@rule("1 a code works once")
def _(o: Office) -> None:
    code = a_code(o)
    exchange(o, code)
    oauth_refused(exchange(o, code), 400, "invalid_grant")


@rule("1 a code lives ten minutes")
def _(o: Office) -> None:
    code, late = a_code(o), a_code(o)
    o.clock.move(seconds=599)
    assert exchange(o, code).status_code == 200
    o.clock.move(seconds=1)
    oauth_refused(exchange(o, late), 400, "invalid_grant")


@rule("1 the exchange repeats the redirect address")
def _(o: Office) -> None:
    oauth_refused(exchange(o, a_code(o), redirect_uri="https://fee.example/other"), 400, "invalid_grant")


@rule("1 a made-up code is refused")
def _(o: Office) -> None:
    oauth_refused(exchange(o, "nonsense"), 400, "invalid_grant")


@rule("1 a wrong secret is invalid_client")
def _(o: Office) -> None:
    oauth_refused(exchange(o, a_code(o), client_secret="wrong"), 401, "invalid_client")


@rule("1 an app of another region is invalid_client")
def _(o: Office) -> None:
    oauth_refused(exchange(o, a_code(o), client_id="eu-key", client_secret="eu-secret"), 401, "invalid_client")


@rule("1 only two grant types are known")
def _(o: Office) -> None:
    oauth_refused(token(o, grant_type="password"), 400, "unsupported_grant_type")


@rule("1 refreshing gives no new refresh token and may be repeated")
def _(o: Office) -> None:
    kept = exchange(o, a_code(o)).json()["refresh_token"]
    o.clock.move(days=200)
    for _ in range(2):
        told = token(o, grant_type="refresh_token", refresh_token=kept).json()
        assert set(told) == {"token_type", "access_token", "expires_in"}
        assert o.ask("GET", "users/who_am_i.json", token=told["access_token"]).status_code == 200


@rule("1 a refresh token may rotate under the switch")
def _(o: Office) -> None:
    o.clio.switches["rotate_refresh"] = True
    old = exchange(o, a_code(o)).json()["refresh_token"]
    new = token(o, grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
    assert new != old
    oauth_refused(token(o, grant_type="refresh_token", refresh_token=old), 400, "invalid_grant")


@rule("1 refreshing a revoked grant is invalid_grant")
def _(o: Office) -> None:
    kept = exchange(o, a_code(o)).json()["refresh_token"]
    o.clio.people.revoke(OWNER_A)
    oauth_refused(token(o, grant_type="refresh_token", refresh_token=kept), 400, "invalid_grant")


@rule("1 deauthorize ends the grant of the token it is sent with")
def _(o: Office) -> None:
    told = exchange(o, a_code(o)).json()
    assert o.ask("POST", "/oauth/deauthorize", token=told["access_token"]).status_code == 200
    assert o.ask("GET", "users/who_am_i.json", token=told["access_token"]).status_code == 401
    oauth_refused(token(o, grant_type="refresh_token", refresh_token=told["refresh_token"]), 400, "invalid_grant")
    assert o.get("users/who_am_i.json").status_code == 200


# --- bearer --------------------------------------------------------------------------------------------------------
@rule("1 without a token error is an object, and there are no rate headers")
def _(o: Office) -> None:
    answer = o.ask("GET", "bills.json", token=None)
    refused(answer, 401, "UnauthorizedError")
    assert "X-RateLimit-Limit" not in answer.headers


@rule("1 another scheme is as no token")
def _(o: Office) -> None:
    refused(o.ask("GET", "bills.json", token=None, headers={"Authorization": "Basic YTpi"}), 401, "UnauthorizedError")


@rule("1 with a bad token error is a string, with WWW-Authenticate")
def _(o: Office) -> None:
    answer = o.ask("GET", "bills.json", token="nonsense")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@rule("1 an access token expires")
def _(o: Office) -> None:
    o.clock.move(seconds=2_592_000)
    assert o.get("bills.json").json()["error"] == "invalid_token"


# --- permissions and roles -----------------------------------------------------------------------------------------
@rule("1 without the Billing role bills are forbidden")
def _(o: Office) -> None:
    ann = o.as_user(ASSOCIATE_A)
    for path in ("bills.json", "allocations.json", "line_items.json", "settings/billing.json"):
        refused(ann.get(path), 403, "ForbiddenError")
    assert ann.get("contacts.json").status_code == 200


@rule("1 without the Accounts role bank data is forbidden")
def _(o: Office) -> None:
    for path in ("bank_accounts.json", "bank_transactions.json"):
        refused(o.as_user(ASSOCIATE_A).get(path), 403, "ForbiddenError")
        assert o.as_user(BOOKKEEPER_A).get(path).status_code == 200


@rule("1 a permission the app lacks is forbidden, and adding it needs a new consent")
def _(o: Office) -> None:
    o.clio.switches["app_permissions"] = ["billing", "users"]
    poor = o.as_user(OWNER_A)
    del o.clio.switches["app_permissions"]
    assert poor.get("bills.json").status_code == 200
    for path in ("contacts.json", "matters.json", "bank_accounts.json", "webhooks.json"):
        refused(poor.get(path), 403, "ForbiddenError")
    assert o.as_user(OWNER_A).get("contacts.json").status_code == 200


@rule("10.4 which permission opens allocations is switchable")
def _(o: Office) -> None:
    o.clio.switches["app_permissions"] = ["billing"]
    poor = o.as_user(OWNER_A)
    assert poor.get("allocations.json").status_code == 200
    o.clio.switches["allocations_permissions"] = ["accounting"]
    refused(poor.get("allocations.json"), 403, "ForbiddenError")


@rule("2.7 another firm's record is not found")
def _(o: Office) -> None:
    refused(o.get(o.path("B-OK-1")), 404)
    assert o.as_user(OWNER_B).get(o.path("B-OK-1")).status_code == 200


# --- versions and rate ---------------------------------------------------------------------------------------------
@rule("2.5 the version is echoed, the default one where none is sent")
def _(o: Office) -> None:
    assert o.get("bills.json").headers["X-API-VERSION"] == "4.0.13"
    older = o.ask("GET", "bills.json", headers={"X-API-VERSION": "4.0.9"})
    assert older.headers["X-API-VERSION"] == "4.0.9"


@rule("2.5 an unknown version is 410")
def _(o: Office) -> None:
    refused(o.ask("GET", "bills.json", headers={"X-API-VERSION": "4.9.9"}), 410)


@rule("2.6 each answer tells limit, remaining and reset")
def _(o: Office) -> None:
    told = [o.get("bills.json").headers for _ in range(2)]
    assert [h["X-RateLimit-Limit"] for h in told] == ["50", "50"]
    assert [h["X-RateLimit-Remaining"] for h in told] == ["49", "48"]
    assert int(told[0]["X-RateLimit-Reset"]) == int(o.clock.now().timestamp()) + 60


@rule("2.6 the 51st request in a minute is 429 with Retry-After, and the window ends")
def _(o: Office) -> None:
    o.clio.people.use_up_rate(left=1)
    assert o.get("bills.json").status_code == 200
    o.clock.move(seconds=20)
    answer = o.get("bills.json")
    refused(answer, 429)
    assert (answer.headers["Retry-After"], answer.headers["X-RateLimit-Remaining"]) == ("40", "0")
    assert o.clio.counts["rate_limited"] == 1
    o.clock.move(seconds=40)
    assert o.get("bills.json").status_code == 200


@rule("2.6 the limit is each token's own")
def _(o: Office) -> None:
    o.clio.people.use_up_rate()
    assert o.get("bills.json").status_code == 429
    assert o.as_user(BOOKKEEPER_A).get("bills.json").status_code == 200


@pytest.mark.parametrize("row", [r for _, r in rule], ids=[name for name, _ in rule])
def test_clio_access_is_strict(row: Rule) -> None:
    row(an_office())


def test_the_consent_form_can_be_sent_as_a_browser_would() -> None:
    o = an_office()
    page = o.http.get(f"{BASE}/oauth/authorize", params=ASKED).text
    hidden: dict[str, Any] = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert hidden == ASKED
    chosen = re.findall(r'name="user_id" value="(\d+)" data-email="[^"]+" checked', page)
    form = {**hidden, "user_id": chosen[0], "decision": "approve"}
    answer = o.http.post(f"{BASE}/oauth/authorize", data=form, allow_redirects=False)
    assert answer.status_code == 302
