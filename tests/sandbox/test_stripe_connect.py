"""Connect in the Stripe sandbox: OAuth, accounts made by the platform, onboarding (reference/stripe.md 3, 4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from tests.sandbox.stripe_caller import BASE, FIRM, KEY, Caller, a_connected_caller, a_session, authorize_url

TRUST = {
    "country": "US",
    "email": "trust@hartwellpine.example",
    "controller": {
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
        "stripe_dashboard": {"type": "full"},
        "requirement_collection": "stripe",
    },
    "capabilities": {
        "card_payments": {"requested": True},
        "transfers": {"requested": True},
        "us_bank_account_ach_payments": {"requested": True},
    },
    "business_profile": {"name": "Hartwell & Pine LLP trust"},
    "metadata": {"pot": "trust"},
}


@pytest.fixture
def caller() -> Caller:
    return a_connected_caller()


def decide(caller: Caller, account: str) -> dict[str, list[str]]:
    """Presses a button of the authorize page; returns what the redirect carries."""
    asked = dict(parse_qsl(urlsplit(authorize_url()).query)) | {"account": account}
    answer = caller.http.post(f"{BASE}/oauth/authorize", data=asked, allow_redirects=False)
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def trust_account(caller: Caller) -> dict[str, Any]:
    return dict(caller.post("/v1/accounts", TRUST, account=None).json())


def link_for(caller: Caller, account: str) -> str:
    asked = {
        "account": account,
        "type": "account_onboarding",
        "refresh_url": "https://fee.test/again",
        "return_url": "https://fee.test/back",
    }
    return str(caller.post("/v1/account_links", asked, account=None).json()["url"])


def finish(caller: Caller, page: requests.Response, **fields: str) -> requests.Response:
    action = page.text.split('action="')[1].split('"')[0]
    return caller.http.post(f"http://stripe.test{action}", data=fields, allow_redirects=False)


def ready_trust_account(caller: Caller) -> str:
    account = trust_account(caller)["id"]
    caller.people.onboard(link_for(caller, account), name="Hartwell & Pine LLP trust")
    return str(account)


def test_the_authorize_page_offers_the_accounts_that_exist() -> None:
    page = Caller().http.get(authorize_url()).text
    for text in ("acct_hartwell_operating", "acct_hartwell_old", "acct_bexley", "••6789", "Refuse", "SANDBOX"):
        assert text in page


def test_agreeing_leads_back_with_code_state_and_scope() -> None:
    caller = Caller()
    found = decide(caller, FIRM)
    assert (found["state"], found["scope"]) == (["s-1"], ["read_write"])
    token = caller.token(found["code"][0]).json()
    assert (token["stripe_user_id"], token["scope"], token["livemode"]) == (FIRM, "read_write", False)
    assert caller.get("/v1/account").json()["id"] == FIRM


def test_refusing_leads_back_with_access_denied() -> None:
    found = decide(Caller(), "")
    assert (found["error"], found["state"]) == (["access_denied"], ["s-1"])
    assert "code" not in found


def test_the_default_scope_is_read_only() -> None:
    assert "read_only" in Caller().http.get(authorize_url(scope="")).text


def test_nothing_is_connected_before_the_code_is_exchanged() -> None:
    caller = Caller()
    caller.code()
    assert caller.get("/v1/account").status_code == 403


def test_an_account_connected_by_oauth_pays_its_own_fees(caller: Caller) -> None:
    account = caller.read("/v1/account")
    assert (account["controller"]["fees"]["payer"], account["type"]) == ("account", "standard")
    assert account["external_accounts"]["data"][0]["last4"] == "6789"
    assert account["settings"]["payouts"]["debit_negative_balances"] is True


def test_the_account_is_read_by_id_with_the_platforms_key(caller: Caller) -> None:
    assert caller.get(f"/v1/accounts/{FIRM}", account=None).json()["id"] == FIRM
    banks = caller.get(f"/v1/accounts/{FIRM}/external_accounts", account=None).json()["data"]
    assert [b["last4"] for b in banks] == ["6789"]


def test_the_access_token_is_a_key_of_the_account_until_it_leaves(caller: Caller) -> None:
    token = caller.connect()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert caller.get("/v1/account", account=None, headers=headers).json()["id"] == FIRM
    caller.people.disconnect(FIRM)
    assert caller.get("/v1/account", account=None, headers=headers).status_code == 401


def test_basic_auth_is_taken_as_well(caller: Caller) -> None:
    assert caller.http.get(f"{BASE}/v1/account", auth=(KEY, "")).json()["id"] == "acct_platform"


def test_deauthorizing_sends_an_event_about_the_application_and_closes_the_account(caller: Caller) -> None:
    caller.hear()
    data = {"client_id": "ca_sandbox", "stripe_user_id": FIRM, "client_secret": KEY}
    assert caller.http.post(f"{BASE}/oauth/deauthorize", data=data).json() == {"stripe_user_id": FIRM}
    assert caller.get("/v1/account").status_code == 403
    caller.deliver()
    assert b'"type":"account.application.deauthorized"' in caller.delivered[-1][2]
    assert b'"object":"application"' in caller.delivered[-1][2]


def test_a_disconnected_account_can_connect_again(caller: Caller) -> None:
    caller.people.disconnect(FIRM)
    caller.connect()
    assert caller.get("/v1/account").status_code == 200


def test_a_new_trust_account_is_not_ready_and_its_fees_are_the_platforms(caller: Caller) -> None:
    account = trust_account(caller)
    assert account["controller"]["fees"]["payer"] == "application"
    assert (account["charges_enabled"], account["details_submitted"]) == (False, False)
    assert account["requirements"]["currently_due"]
    assert account["metadata"] == {"pot": "trust"}
    assert caller.post("/v1/checkout/sessions", a_session(), account=account["id"]).status_code == 400


def test_onboarding_makes_the_account_ready_and_leads_back(caller: Caller) -> None:
    account = trust_account(caller)["id"]
    page = caller.http.get(link_for(caller, account))
    answer = finish(caller, page, name="Hartwell & Pine LLP trust", bank_number="000 123 454 321")
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://fee.test/back")
    shown = caller.get(f"/v1/accounts/{account}", account=None).json()
    assert (shown["charges_enabled"], shown["details_submitted"], shown["payouts_enabled"]) == (True, True, True)
    assert shown["external_accounts"]["data"][0]["last4"] == "4321"
    assert shown["capabilities"]["us_bank_account_ach_payments"] == "active"
    assert "account.updated" in caller.event_types(account)


def test_leaving_onboarding_half_way_leads_back_with_nothing_submitted(caller: Caller) -> None:
    account = trust_account(caller)["id"]
    answer = finish(caller, caller.http.get(link_for(caller, account)), later="1")
    assert answer.headers["Location"] == "https://fee.test/back"
    assert caller.get(f"/v1/accounts/{account}", account=None).json()["details_submitted"] is False


def test_an_account_link_opens_once_and_then_leads_to_refresh(caller: Caller) -> None:
    url = link_for(caller, trust_account(caller)["id"])
    caller.http.get(url)
    assert caller.http.get(url, allow_redirects=False).headers["Location"] == "https://fee.test/again"


def test_an_account_link_that_is_too_old_leads_to_refresh(caller: Caller) -> None:
    url = link_for(caller, trust_account(caller)["id"])
    caller.clock.move(minutes=6)
    assert caller.http.get(url, allow_redirects=False).headers["Location"] == "https://fee.test/again"


def test_on_an_account_whose_fees_the_platform_pays_the_whole_amount_arrives(caller: Caller) -> None:
    account = ready_trust_account(caller)
    session = caller.session(10_000, account=account)
    caller.people.pay_card(session["id"])
    [line] = caller.get("/v1/balance_transactions", account=account).json()["data"]
    assert (line["amount"], line["fee"], line["fee_details"], line["net"]) == (10_000, 0, [], 10_000)
    [bill] = caller.get("/v1/balance_transactions", account=None).json()["data"]
    assert (bill["type"], bill["amount"]) == ("stripe_fee", -320)


def test_connected_accounts_are_listed(caller: Caller) -> None:
    made = trust_account(caller)["id"]
    ids = [a["id"] for a in caller.get("/v1/accounts", account=None).json()["data"]]
    assert ids == [made, FIRM]


def test_a_changed_bank_account_sends_an_event(caller: Caller) -> None:
    caller.people.change_bank(FIRM, "9999")
    assert caller.event_types()[-1] == "account.external_account.created"
    assert caller.read("/v1/account")["external_accounts"]["data"][0]["last4"] == "9999"


def test_a_code_used_twice_disconnects_where_the_switch_says_so(caller: Caller) -> None:
    caller.box.switches["reused_code_revokes"] = True
    code = caller.code()
    caller.token(code)
    caller.token(code)
    assert caller.get("/v1/account").status_code == 403


def test_the_controller_can_be_shown_without_its_parts(caller: Caller) -> None:
    caller.box.switches["oauth_controller_bare"] = True
    caller.connect("acct_bexley")
    shown = caller.get("/v1/account", account="acct_bexley").json()
    assert shown["controller"] == {"type": "account"}


def test_the_story_s_accounts_can_be_sown_again_after_a_reset(caller: Caller) -> None:
    caller.http.post(f"{BASE}/_sandbox/reset")
    accounts = caller.http.post(f"{BASE}/_sandbox/seed", json={"today": "2026-03-02"}).json()["accounts"]
    assert accounts == ["acct_platform", "acct_hartwell_operating", "acct_hartwell_old", "acct_bexley"]
