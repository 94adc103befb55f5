"""Connect: accounts made by the platform, Account Links with their onboarding, OAuth codes and connections.

Source: reference/stripe.md 3 and 4. Times in epoch seconds.
"""

from __future__ import annotations

import secrets

from . import events, shapes
from .box import Box, snapshot
from .refusals import OAuthRefusal, Refusal, no_access
from .state import Account, Code, Connection, Link, Thing

CODE_LIFE = LINK_LIFE = 5 * 60
ACH = "us_bank_account_ach_payments"
OWN_CONTROLLER: Thing = {"type": "account"}


# --- accounts ---------------------------------------------------------------------------------------------------------
def controller(*, fees: str, losses: str, dashboard: str, collects: str) -> Thing:
    """What the API shows of an account that the platform controls."""
    return {
        "type": "application",
        "fees": {"payer": fees},
        "is_controller": True,
        "losses": {"payments": losses},
        "requirement_collection": collects,
        "stripe_dashboard": {"type": dashboard},
    }


STANDARD: Thing = {
    "type": "account",
    "fees": {"payer": "account"},
    "is_controller": False,
    "losses": {"payments": "stripe"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "full"},
}


def add_standard(
    box: Box,
    account_id: str,
    *,
    name: str,
    email: str,
    last4: str,
    ach: bool,
    controlled_elsewhere: bool = False,
) -> Account:
    """An account that a firm already has: ready, with its bank, connected to nobody. It pays its own fees, always."""
    capabilities = {"card_payments": "active", "transfers": "active"}
    made = shapes.account(
        account_id,
        box.epoch(),
        name=name,
        email=email,
        controller=dict(OWN_CONTROLLER),
        type="standard",
        ready=True,
        capabilities=capabilities | ({ACH: "active"} if ach else {}),
    )
    account = Account(account_id, made, login=email, ach_enabled=ach, controlled_elsewhere=controlled_elsewhere)
    box.state.accounts[account_id] = account
    set_bank(box, account, last4)
    return account


def set_bank(box: Box, account: Account, last4: str) -> None:
    """The payout bank account; another one replaces it (one for each currency)."""
    bank = shapes.bank_account(
        box.new_id("ba_1"), account.id, last4=last4, holder=account.object["business_profile"]["name"] or "Firm"
    )
    account.object["external_accounts"]["data"] = [bank]


def change_bank(box: Box, account: Account, last4: str) -> Thing:
    before = account.bank
    set_bank(box, account, last4)
    bank = account.bank
    assert bank
    if before:
        events.emit(box, account, "account.external_account.deleted", before)
    events.emit(box, account, "account.external_account.created", bank)
    return bank


def create(box: Box, given: Thing) -> Account:
    """Makes a connected account controlled by the platform; not ready before its onboarding is finished.

    Raises Refusal 400 where the controller's parts do not go together.
    """
    wanted = _controller_of(box, given)
    capabilities = {n: "inactive" for n, c in given.get("capabilities", {}).items() if c.get("requested")}
    account_id = box.new_id("acct_1", 16)
    shown = shapes.account(
        account_id,
        box.epoch(),
        name=given.get("business_profile", {}).get("name"),
        email=given.get("email"),
        controller=wanted,
        type=_type_of(wanted),
        country=given.get("country", "US"),
        ready=False,
        capabilities=capabilities,
        metadata=given.get("metadata"),
        profile=given.get("business_profile"),
    )
    account = Account(account_id, shown, login=given.get("email") or account_id, ach_enabled=False)
    account.made_by_platform = True
    box.state.accounts[account_id] = account
    box.state.connections[account_id] = Connection("read_write", box.epoch())
    events.emit(box, account, "account.updated", shown)
    return account


def _controller_of(box: Box, given: Thing) -> Thing:
    if "type" in given and "controller" in given:
        raise Refusal("You may only specify one of these parameters: controller, type.", param="type")
    asked = given.get("controller", {})
    legacy = given.get("type", "standard")
    fees = asked.get("fees", {}).get("payer", "account")
    losses = asked.get("losses", {}).get("payments", "stripe")
    dashboard = asked.get("stripe_dashboard", {}).get("type", "full")
    collects = asked.get("requirement_collection", "stripe")
    if legacy in ("express", "custom"):
        fees, losses = "application", "application"
        dashboard = "express" if legacy == "express" else "none"
        collects = "application" if legacy == "custom" else "stripe"
    if losses == "application" and fees != "application":
        raise Refusal(
            "`controller[losses][payments]=application` requires `controller[fees][payer]=application`.",
            param="controller[losses][payments]",
        )
    if collects == "application" and dashboard != "none":
        raise Refusal(
            "`controller[requirement_collection]=application` requires `controller[stripe_dashboard][type]=none`.",
            param="controller[requirement_collection]",
        )
    if losses == "stripe" and fees == "application" and not box.switch("managed_risk", True):
        raise Refusal(
            "Your platform is not set up for Stripe to bear payment losses on these accounts.",
            param="controller[losses][payments]",
        )
    return controller(fees=fees, losses=losses, dashboard=dashboard, collects=collects)


def _type_of(wanted: Thing) -> str:
    key = (wanted["fees"]["payer"], wanted["stripe_dashboard"]["type"], wanted["requirement_collection"])
    known = {
        ("account", "full", "stripe"): "standard",
        ("application", "express", "stripe"): "express",
        ("application", "none", "application"): "custom",
    }
    return known.get(key, "none")


def set_ach(box: Box, account: Account, on: bool) -> None:
    """The firm turns bank debit on or off in its Dashboard."""
    if account.ach_enabled == on:
        return
    account.ach_enabled = on
    before = account.object["capabilities"].get(ACH)
    account.object["capabilities"][ACH] = "active" if on else "inactive"
    capability = {
        "id": ACH,
        "object": "capability",
        "account": account.id,
        "future_requirements": dict(shapes.NO_REQUIREMENTS),
        "requested": on,
        "requested_at": box.epoch(),
        "requirements": dict(shapes.NO_REQUIREMENTS),
        "status": "active" if on else "inactive",
    }
    events.emit(box, account, "capability.updated", capability, {"status": before})
    events.emit(box, account, "account.updated", account.object, {"capabilities": {ACH: before}})


def set_ready(box: Box, account: Account, ready: bool) -> None:
    """Stripe lets the account take money, or stops it."""
    before = account.object["charges_enabled"]
    account.object |= {"charges_enabled": ready, "payouts_enabled": ready}
    for name in account.object["capabilities"]:
        account.object["capabilities"][name] = "active" if ready else "inactive"
    due = [] if ready else ["business_profile.url"]
    account.object["requirements"] = shapes.requirements(due)
    events.emit(box, account, "account.updated", account.object, {"charges_enabled": before})


# --- onboarding -------------------------------------------------------------------------------------------------------
def make_link(box: Box, given: Thing, base_url: str) -> Thing:
    """An Account Link: opens once, within minutes. Raises Refusal for accounts that the platform does not control."""
    account = reachable(box, given["account"])
    if not account.made_by_platform and not box.switch("links_for_oauth_accounts", False):
        raise Refusal(
            "You cannot create account links for an account connected by OAuth; its owner uses the Dashboard.",
            param="account",
        )
    token = box.give(secrets.token_urlsafe(12))
    now = box.epoch()
    box.state.links[token] = Link(account.id, given["refresh_url"], given["return_url"], now + LINK_LIFE)
    return shapes.account_link(now, now + LINK_LIFE, f"{base_url}/setup/s/{account.id}/{token}")


def open_link(box: Box, token: str) -> tuple[Link, bool]:
    """Opens a link. The second value is False where it was opened before or is too old: go to ``refresh_url``."""
    link = box.state.links.get(token)
    if not link:
        raise Refusal("No such onboarding link.", status=404)
    if link.visited or box.epoch() > link.expires_at:
        return link, False
    link.visited = True
    link.finish_token = secrets.token_urlsafe(12)
    return link, True


def finish_onboarding(box: Box, finish_token: str, *, name: str, last4: str) -> Link:
    """The firm's person hands in the details; the account is ready at once. Returns the link, for its return_url."""
    link = _link_being_used(box, finish_token)
    account = box.state.accounts[link.account]
    account.object["business_profile"]["name"] = name or account.object["business_profile"]["name"]
    account.object["settings"]["dashboard"]["display_name"] = account.object["business_profile"]["name"]
    account.object["settings"]["card_payments"]["statement_descriptor_prefix"] = (name or "FIRM").upper()[:10]
    account.object |= {"business_type": "company", "details_submitted": True}
    account.object["tos_acceptance"]["date"] = box.epoch()
    account.ach_enabled = ACH in account.object["capabilities"]
    set_bank(box, account, last4)
    bank = account.bank
    assert bank
    events.emit(box, account, "account.external_account.created", bank)
    set_ready(box, account, True)
    link.finish_token = ""
    return link


def leave_onboarding(box: Box, finish_token: str) -> Link:
    """The person leaves before the end: they return all the same, and nothing is submitted."""
    link = _link_being_used(box, finish_token)
    link.finish_token = ""
    return link


def _link_being_used(box: Box, finish_token: str) -> Link:
    for link in box.state.links.values():
        if finish_token and link.finish_token == finish_token:
            return link
    raise Refusal("This onboarding page was used before.", status=400)


# --- OAuth ------------------------------------------------------------------------------------------------------------
def check_authorize(box: Box, asked: dict[str, str]) -> tuple[str, str]:
    """Checks an authorize request. Returns (redirect_uri, scope); raises OAuthRefusal, shown on Stripe's own page."""
    if asked.get("client_id") != box.client_id:
        raise OAuthRefusal("invalid_client", "No application matches the supplied client identifier")
    if asked.get("response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "response_type must be 'code'")
    uri = asked.get("redirect_uri") or box.redirect_uris[0]
    if uri not in box.redirect_uris:
        raise OAuthRefusal("invalid_request", f"Invalid redirect URI '{uri}'. It must match a registered one exactly.")
    scope = asked.get("scope") or "read_only"
    if scope not in ("read_only", "read_write"):
        raise OAuthRefusal("invalid_scope", f"Invalid scope provided: {scope}")
    return uri, scope


def on_offer(box: Box) -> list[Account]:
    """The accounts with which a person can sign in on the authorize page."""
    own = bool(box.switch("oauth_offers_own_accounts", False))
    known = (a for a in box.state.accounts.values() if a.id != box.platform_id)
    return [a for a in known if own or not a.made_by_platform]


def grant(box: Box, account: Account, scope: str, redirect_uri: str) -> str:
    """The account's owner agrees. Returns the code. Raises Refusal where another platform controls the account."""
    if account.controlled_elsewhere and scope == "read_write":
        raise Refusal(
            "This account is controlled by another platform and cannot be connected. Create a separate account.",
            code="account_controlled_elsewhere",
        )
    code = box.give("ac_" + secrets.token_urlsafe(18))
    box.state.codes[code] = Code(account.id, scope, box.epoch() + CODE_LIFE, redirect_uri)
    return code


def exchange(box: Box, given: dict[str, str]) -> Thing:
    """The token call. Raises OAuthRefusal: ``invalid_grant`` for used, unknown and expired codes."""
    match given.get("grant_type"):
        case "authorization_code":
            return _exchange_code(box, given.get("code", ""))
        case "refresh_token":
            return _refresh(box, given.get("refresh_token", ""))
        case None:
            raise OAuthRefusal("invalid_request", "No grant type specified")
        case other:
            raise OAuthRefusal("unsupported_grant_type", f"Unsupported grant type: {other}")


def _exchange_code(box: Box, given: str) -> Thing:
    code = box.state.codes.get(given)
    if not code:
        raise OAuthRefusal("invalid_grant", f"Authorization code does not exist: {given[:6]}...")
    if code.used:
        if box.switch("reused_code_revokes", False):
            disconnect(box, box.state.accounts[code.account])
        raise OAuthRefusal("invalid_grant", "This authorization code has already been used.")
    if box.epoch() > code.expires_at:
        raise OAuthRefusal("invalid_grant", "This authorization code has expired.")
    code.used = True
    account = box.state.accounts[code.account]
    fresh = account.id not in box.state.connections
    connection = box.state.connections.setdefault(account.id, Connection(code.scope, box.epoch()))
    connection.scope = code.scope
    if not account.made_by_platform:
        bare = box.switch("oauth_controller_bare", False)
        account.object["controller"] = dict(OWN_CONTROLLER) if bare else snapshot(STANDARD)
    if fresh:
        events.emit(box, account, "account.application.authorized", _application(box))
    return _tokens(box, account, connection)


def _refresh(box: Box, given: str) -> Thing:
    for account_id, connection in box.state.connections.items():
        if given and connection.refresh == given:
            return _tokens(box, box.state.accounts[account_id], connection)
    raise OAuthRefusal("invalid_grant", "Refresh token does not exist or was revoked.")


def _tokens(box: Box, account: Account, connection: Connection) -> Thing:
    token = box.give("sk_test_" + secrets.token_urlsafe(24))
    connection.tokens.append(token)
    connection.refresh = connection.refresh or box.give("rt_" + secrets.token_urlsafe(24))
    return {
        "access_token": token,
        "livemode": False,
        "refresh_token": connection.refresh,
        "token_type": "bearer",
        "stripe_publishable_key": "pk_test_" + account.id,
        "stripe_user_id": account.id,
        "scope": connection.scope,
    }


def deauthorize(box: Box, given: dict[str, str]) -> Thing:
    if given.get("client_id") != box.client_id:
        raise OAuthRefusal("invalid_client", "No such application", status=401)
    account_id = given.get("stripe_user_id", "")
    if account_id not in box.state.connections:
        raise OAuthRefusal(
            "invalid_client",
            f"This application is not connected to stripe account {account_id}, or that account does not exist.",
            status=401,
        )
    disconnect(box, box.state.accounts[account_id])
    return {"stripe_user_id": account_id}


def _application(box: Box) -> Thing:
    return {"id": box.client_id, "object": "application", "name": "Fee Simple (sandbox)"}


def disconnect(box: Box, account: Account) -> None:
    """The firm, or the platform, ends the connection; calls for the account are answered 403 from now on."""
    if account.id not in box.state.connections:
        return
    # While still connected, so that the endpoint hears of it.
    events.emit(box, account, "account.application.deauthorized", _application(box))
    del box.state.connections[account.id]
    box.note("accounts_disconnected")


def reachable(box: Box, account_id: str) -> Account:
    """An account that the platform may act for. Raises Refusal 403 ``account_invalid``."""
    if account_id not in box.state.connections:
        raise no_access(account_id, box.platform_key)
    return box.state.accounts[account_id]
