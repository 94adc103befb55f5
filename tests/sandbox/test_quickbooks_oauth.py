"""OAuth of the QuickBooks sandbox over raw HTTP (reference/quickbooks.md 1)."""

from __future__ import annotations

import base64
import json

import pytest
import requests

from infra.sandbox.quickbooks import REALM_A, REALM_B
from tests.sandbox.quickbooks_wire import BACK, BASE, CLIENT, JSON, SCOPE, SECRET, App

DAY = 86_400


def revoke(app: App, token: str, secret: str = SECRET) -> requests.Response:
    url = f"{BASE}/v2/oauth2/tokens/revoke"
    return app.http.post(
        url, data=json.dumps({"token": token}), auth=(CLIENT, secret), headers={"Content-Type": "application/json"}
    )


def error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_the_consent_page_offers_both_companies_and_says_sandbox() -> None:
    app = App()
    page = app.http.get(app.authorize_url())
    assert "Hartwell &amp; Pine LLP" in page.text and "Bexley Corner Law" in page.text and "SANDBOX" in page.text


@pytest.mark.parametrize("name", ["openid_configuration", "openid_sandbox_configuration"])
def test_1_1_the_discovery_document_names_the_addresses(name: str) -> None:
    """With a slash at the end too: so Intuit's own library asks."""
    app = App()
    plain, slashed = (app.http.get(f"{BASE}/.well-known/{name}{end}").json() for end in ("", "/"))
    assert plain == slashed
    assert plain["token_endpoint"] == f"{BASE}/oauth2/v1/tokens/bearer"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": BACK + "/"},
        {"response_type": "token"},
        {"scope": "openid"},
        {"state": ""},
    ],
    ids=lambda w: "1.2 " + next(iter(w)),
)
def test_a_wrong_authorize_address_shows_a_page_and_sends_nobody_back(wrong: dict[str, str]) -> None:
    app = App()
    answer = app.http.get(app.authorize_url(**wrong), allow_redirects=False)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_connecting_brings_code_state_and_realm_back() -> None:
    back = App().consent(REALM_B)
    assert back["state"] == "s-1" and back["realmId"] == REALM_B and back["code"]


def test_cancelling_brings_an_error_and_the_state_back() -> None:
    assert App().consent(REALM_A, action="cancel") == {"error": "access_denied", "state": "s-1"}


def test_tokens_have_the_documented_shape() -> None:
    tokens = App().tokens
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["x_refresh_token_expires_in"] == 100 * DAY
    assert tokens["x_refresh_token_hard_expires_in"] == 157_680_000
    assert len(tokens["access_token"]) <= 4096 and len(tokens["refresh_token"]) <= 512


def test_the_hard_expiry_comes_only_when_asked_for() -> None:
    app = App()
    form = {"grant_type": "refresh_token", "refresh_token": app.tokens["refresh_token"]}
    answer = app.http.post(f"{BASE}/oauth2/v1/tokens/bearer", data=form, auth=(CLIENT, SECRET), headers=JSON)
    assert "x_refresh_token_hard_expires_in" not in answer.json()


def test_a_code_is_good_once() -> None:
    app = App()
    form = {"grant_type": "authorization_code", "code": app.consent(REALM_A)["code"], "redirect_uri": BACK}
    assert app.token(**form).status_code == 200
    assert error(app.token(**form)) == (400, "invalid_grant")


def test_a_code_is_good_for_minutes() -> None:
    app = App()
    form = {"grant_type": "authorization_code", "code": app.consent(REALM_A)["code"], "redirect_uri": BACK}
    app.clock.move(minutes=6)
    assert error(app.token(**form)) == (400, "invalid_grant")


def test_a_code_is_bound_to_the_client_and_the_redirect_address() -> None:
    app = App()
    form = {"grant_type": "authorization_code", "code": app.consent(REALM_A)["code"], "redirect_uri": BACK}
    assert error(app.token("app-2", "app-2-secret", **form)) == (400, "invalid_grant")
    assert error(app.token(**{**form, "redirect_uri": "https://other.test"})) == (400, "invalid_grant")


def test_a_wrong_secret_is_an_invalid_client() -> None:
    app = App()
    assert error(app.token(CLIENT, "wrong", grant_type="refresh_token", refresh_token="x")) == (401, "invalid_client")


def test_credentials_that_are_not_basic_are_an_invalid_client() -> None:
    app = App()
    url = f"{BASE}/oauth2/v1/tokens/bearer"
    sent = (base64.b64encode(text.encode()).decode() for text in ("no colon", f"{CLIENT}:\u00e9"))
    for header in ("", "Basic %%%", *(f"Basic {body}" for body in sent)):
        answer = app.http.post(url, data={"grant_type": "refresh_token"}, headers={"Authorization": header})
        assert error(answer) == (401, "invalid_client")


def test_an_unknown_grant_type_is_an_invalid_request() -> None:
    assert error(App().token(grant_type="password")) == (400, "invalid_request")


def test_a_body_that_is_not_a_form_is_an_invalid_request() -> None:
    app = App()
    url = f"{BASE}/oauth2/v1/tokens/bearer"
    answer = app.http.post(url, json={"grant_type": "refresh_token"}, auth=(CLIENT, SECRET))
    assert error(answer) == (400, "invalid_request")


def test_a_refresh_within_the_day_keeps_the_refresh_token() -> None:
    app = App()
    app.clock.move(hours=23)
    again = app.refresh().json()
    assert again["refresh_token"] == app.tokens["refresh_token"]
    assert again["access_token"] != app.tokens["access_token"]


def test_the_first_refresh_after_a_day_changes_the_refresh_token() -> None:
    app = App()
    app.clock.move(hours=24)
    assert app.refresh().json()["refresh_token"] != app.tokens["refresh_token"]
    assert app.box.counts["tokens_rotated"] == 1


def test_the_value_can_be_made_to_change_at_each_refresh() -> None:
    app = App(rotate_every_seconds=0)
    assert app.refresh().json()["refresh_token"] != app.tokens["refresh_token"]


def test_a_replaced_refresh_token_used_at_once_ends_the_whole_grant() -> None:
    app = App(rotate_every_seconds=0)
    new = app.refresh().json()
    assert error(app.refresh()) == (400, "invalid_grant")
    assert error(app.refresh(new["refresh_token"])) == (400, "invalid_grant")
    app.tokens = new
    assert app.get("invoice/145").status_code == 401


def test_a_replaced_refresh_token_used_later_only_fails() -> None:
    app = App(rotate_every_seconds=0)
    new = app.refresh().json()
    app.clock.move(seconds=61)
    assert error(app.refresh()) == (400, "invalid_grant")
    assert app.refresh(new["refresh_token"]).status_code == 200


@pytest.mark.parametrize(("rule", "alive"), [(True, False), (False, True)])
def test_what_a_replaced_refresh_token_does_is_a_switch(rule: bool, alive: bool) -> None:
    app = App(rotate_every_seconds=0, old_token_revokes=rule)
    new = app.refresh().json()
    app.clock.move(days=1)
    app.refresh()
    assert (app.refresh(new["refresh_token"]).status_code == 200) is alive


def test_each_refresh_starts_the_hundred_days_again() -> None:
    app = App()
    for _ in range(2):
        app.clock.move(days=99)
        app.tokens = app.refresh().json()
    assert app.tokens["x_refresh_token_expires_in"] == 100 * DAY


def test_a_hundred_days_of_silence_end_the_grant() -> None:
    app = App()
    app.clock.move(days=100, seconds=1)
    assert error(app.refresh()) == (400, "invalid_grant")


def test_five_years_end_the_grant_whatever_was_refreshed() -> None:
    app = App()
    for _ in range(20):
        app.clock.move(days=90)
        app.tokens = app.refresh().json()
    assert app.tokens["x_refresh_token_hard_expires_in"] == 157_680_000 - 20 * 90 * DAY
    app.clock.move(days=25)
    assert error(app.refresh()) == (400, "invalid_grant")


def test_an_older_access_token_lives_on_after_a_refresh() -> None:
    app = App()
    app.refresh()
    assert app.get("invoice/145").status_code == 200


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_connection(which: str) -> None:
    app = App()
    assert revoke(app, app.tokens[which]).status_code == 200
    assert app.get("invoice/145").status_code == 401
    assert error(app.refresh()) == (400, "invalid_grant")


def test_revoking_what_is_not_alive_is_refused() -> None:
    app = App()
    assert revoke(app, "nonsense").status_code == 400
    assert revoke(app, app.tokens["refresh_token"], secret="wrong").status_code == 401


def test_tokens_outlive_a_restart_with_kept_state(tmp_path: object) -> None:
    from pathlib import Path

    from infra.sandbox.kit import Wire
    from infra.sandbox.quickbooks import QuickBooksSandbox

    keep = Path(str(tmp_path)) / "quickbooks.pickle"
    app = App()
    app.box.keep = keep
    app.refresh()
    again = QuickBooksSandbox(app.clock, clients=app.box.clients, keep=keep)
    app.http.mount(BASE, Wire(again, BASE))
    assert app.get("invoice/145").json()["Invoice"]["DocNumber"] == "1042"


def test_discovery_names_the_addresses() -> None:
    found = App().http.get(f"{BASE}/.well-known/openid_sandbox_configuration").json()
    assert found["token_endpoint"] == f"{BASE}/oauth2/v1/tokens/bearer"
    assert SCOPE not in found["scopes_supported"]
