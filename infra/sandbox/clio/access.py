"""Who may ask: consent, codes, tokens, roles, API versions and the rate limit (reference/clio.md 1, 2.5, 2.6, 2.7)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Response, g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from .refuse import Refusal, forbidden
from .state import Code, Grant, Token, User

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

CODE_SECONDS = 600
TOKEN_SECONDS = 2_592_000
WINDOW_SECONDS = 60
RATE_LIMIT = 50
VERSIONS = tuple(f"4.0.{n}" for n in range(4, 14))
VERSION = "4.0.13"
# What the app may be given in the developer portal (1); a grant keeps those it had when the user consented.
PERMISSIONS = ("billing", "accounting", "contacts", "matters", "users", "activities", "webhooks")


@dataclass(frozen=True)
class Viewer:
    user: User
    grant: Grant
    token: Token


# --- authorizing ---------------------------------------------------------------------------------------------------
def grant(clio: ClioSandbox, client_id: str, user: int) -> Grant:
    """One user's consent, with the app's permissions of this moment."""
    state = clio.state
    made = Grant(
        id=state.next_id(),
        client_id=client_id,
        user=user,
        permissions=list(clio.switch("app_permissions", PERMISSIONS)),
        refresh_token=clio.give(secrets.token_urlsafe(24)),
    )
    state.grants[made.id] = made
    state.refresh[made.refresh_token] = made.id
    return made


def new_token(clio: ClioSandbox, granted: Grant) -> tuple[str, int]:
    """A new access token and the seconds it lives. Earlier ones live on until they expire."""
    seconds = int(clio.switch("expires_in", TOKEN_SECONDS))
    token = clio.give(secrets.token_urlsafe(24))
    clio.state.tokens[token] = Token(granted.id, clio.now() + timedelta(seconds=seconds))
    return token, seconds


def new_code(clio: ClioSandbox, granted: Grant, redirect_uri: str) -> str:
    code = clio.give(secrets.token_urlsafe(16))
    clio.state.codes[code] = Code(
        granted.id, granted.client_id, redirect_uri, clio.now() + timedelta(seconds=CODE_SECONDS)
    )
    return code


def _with_query(uri: str, **more: str | None) -> str:
    parts = urlsplit(uri)
    query = [*parse_qsl(parts.query), *((k, v) for k, v in more.items() if v is not None)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _asked(clio: ClioSandbox, form: dict[str, str]) -> str | None:
    """What is wrong with an authorization request, or None. Never redirected: the address is not trusted yet."""
    known = clio.clients.get(form.get("client_id", ""))
    if known is None:
        return "invalid_client: no such app in this region"
    if form.get("redirect_uri") not in known[1]:
        return "invalid_redirect_uri: the redirect address must match a registered one exactly"
    if form.get("response_type") != "code":
        return "unsupported_response_type: only code is offered"
    return None


def _consent_page(clio: ClioSandbox) -> str | tuple[str, int]:
    sent = request.args.to_dict()
    if wrong := _asked(clio, sent):
        return render_template("oops.html", wrong=wrong, region=clio.region), 400
    firms = [(firm, clio.state.of_firm("users", firm.id)) for firm in clio.state.rows["firms"].values()]
    return render_template("consent.html", sent=sent, firms=firms, region=clio.region)


def _chosen(clio: ClioSandbox) -> User | None:
    """Who consents: by id, as the page sends it, or by ``email``, which is easier for a demo."""
    users: dict[int, User] = clio.state.rows["users"]
    if email := request.form.get("email"):
        return next((u for u in users.values() if u.email == email), None)
    return users.get(request.form.get("user_id", 0, type=int))


def _consent(clio: ClioSandbox) -> str | tuple[str, int] | AnyResponse:
    form = request.form.to_dict()
    if wrong := _asked(clio, form):
        return render_template("oops.html", wrong=wrong, region=clio.region), 400
    back, state = form["redirect_uri"], form.get("state")
    if form.get("decision") != "approve":
        clio.note("consents_declined")
        if form.get("redirect_on_decline") == "true":
            return redirect(_with_query(back, error="access_denied", state=state))
        return render_template("oops.html", wrong="You declined. The app was not told.", region=clio.region)
    user = _chosen(clio)
    if user is None:
        return render_template("oops.html", wrong="Choose who you are.", region=clio.region), 400
    code = new_code(clio, grant(clio, form["client_id"], user.id), back)
    clio.note("consents_given")
    return redirect(_with_query(back, code=code, state=state))


# --- tokens --------------------------------------------------------------------------------------------------------
def _oauth_error(status: int, error: str, why: str) -> tuple[Response, int]:
    return jsonify({"error": error, "error_description": why}), status


def _token(clio: ClioSandbox) -> Response | tuple[Response, int]:
    if request.mimetype != "application/x-www-form-urlencoded":
        return _oauth_error(400, "invalid_request", "The request must be form-encoded.")
    form = request.form
    known = clio.clients.get(form.get("client_id", ""))
    sent = form.get("client_secret", "").encode()
    if known is None or not secrets.compare_digest(known[0].encode(), sent):
        return _oauth_error(401, "invalid_client", "Client authentication failed due to unknown client.")
    match form.get("grant_type"):
        case "authorization_code":
            return _exchange(clio)
        case "refresh_token":
            return _refresh(clio)
        case _:
            return _oauth_error(400, "unsupported_grant_type", "The grant type is not supported.")


_BAD_GRANT = "The provided authorization grant is invalid, expired, revoked, or was issued to another client."


def _exchange(clio: ClioSandbox) -> Response | tuple[Response, int]:
    form = request.form
    code = clio.state.codes.get(form.get("code", ""))
    good = (
        code is not None
        and not code.used
        and code.expires_at > clio.now()
        and code.client_id == form["client_id"]
        and code.redirect_uri == form.get("redirect_uri")
        and not clio.state.grants[code.grant].revoked
    )
    if not good or code is None:
        return _oauth_error(400, "invalid_grant", _BAD_GRANT)
    code.used = True
    granted = clio.state.grants[code.grant]
    token, seconds = new_token(clio, granted)
    clio.note("tokens_issued")
    return jsonify(token_type="bearer", access_token=token, expires_in=seconds, refresh_token=granted.refresh_token)


def _refresh(clio: ClioSandbox) -> Response | tuple[Response, int]:
    granted = clio.state.grants.get(clio.state.refresh.get(request.form.get("refresh_token", ""), 0))
    if granted is None or granted.revoked or granted.client_id != request.form["client_id"]:
        return _oauth_error(400, "invalid_grant", _BAD_GRANT)
    token, seconds = new_token(clio, granted)
    clio.note("tokens_refreshed")
    answer = {"token_type": "bearer", "access_token": token, "expires_in": seconds}
    if clio.switch("rotate_refresh", False):
        del clio.state.refresh[granted.refresh_token]
        granted.refresh_token = clio.give(secrets.token_urlsafe(24))
        clio.state.refresh[granted.refresh_token] = granted.id
        answer["refresh_token"] = granted.refresh_token
    return jsonify(answer)


def _deauthorize(clio: ClioSandbox) -> Response:
    bearer(clio).grant.revoked = True
    clio.note("grants_revoked")
    return jsonify({})


# --- each request --------------------------------------------------------------------------------------------------
def bearer(clio: ClioSandbox) -> Viewer:
    """Whose token this is. Raises Refusal(401): an object as ``error`` without a token, a string with a bad one."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not sent:
        raise Refusal(401, "UnauthorizedError", "User is not authorized")
    token = clio.state.tokens.get(sent)
    granted = clio.state.grants[token.grant] if token else None
    if token is None or granted is None or granted.revoked or token.expires_at <= clio.now():
        why = "The access token provided is expired, revoked, malformed, or invalid for other reasons."
        clio.note("tokens_refused")
        raise Refusal(
            401,
            "invalid_token",
            why,
            headers={"WWW-Authenticate": f'Bearer realm="Clio", error="invalid_token", error_description="{why}"'},
            body={"error": "invalid_token", "error_description": why},
        )
    return Viewer(clio.state.rows["users"][granted.user], granted, token)


def admit(clio: ClioSandbox) -> Viewer:
    """The checks every API request meets, in order: token, rate limit, version. Raises Refusal."""
    viewer = bearer(clio)
    spend(clio, viewer.token, clio.now())
    version = request.headers.get("X-API-VERSION", VERSION)
    if version not in VERSIONS:
        raise Refusal(410, "InvalidVersionError", f"API version {version[:20]} is invalid or retired")
    g.version = version
    return viewer


def limit_of(clio: ClioSandbox) -> int:
    """Requests a minute and token. Peak hours' figure at all hours: the other one is not published (2.6)."""
    return int(clio.switch("rate_limit", RATE_LIMIT))


def spend(clio: ClioSandbox, token: Token, now: datetime) -> None:
    """Counts one request in the token's 60-second window. Raises Refusal(429) once it is used up."""
    window = timedelta(seconds=WINDOW_SECONDS)
    if token.window_at is None or now >= token.window_at + window:
        token.window_at, token.used = now, 0
    limit, ends = limit_of(clio), token.window_at + window
    over = token.used >= limit
    token.used += 0 if over else 1
    g.rate = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(limit - token.used if not over else 0),
        "X-RateLimit-Reset": str(int(ends.timestamp())),
    }
    if over:
        clio.note("rate_limited")
        wait = max(1, round((ends - now).total_seconds()))
        raise Refusal(429, "RateLimitedError", "Rate limit exceeded", headers={"Retry-After": str(wait)})


def refund(clio: ClioSandbox, token: Token) -> None:
    """Gives one request back: whether a 304 costs quota is unknown (2.4)."""
    token.used -= 1
    g.rate["X-RateLimit-Remaining"] = str(limit_of(clio) - token.used)


def need(viewer: Viewer, permissions: tuple[str, ...], role: str | None) -> None:
    """Raises Refusal(403) unless the grant holds one of ``permissions`` and the user ``role`` (or is administrator)."""
    if permissions and not set(permissions) & set(viewer.grant.permissions):
        raise forbidden(f"The app lacks the permission: {' or '.join(permissions)}")
    if role and role not in viewer.user.roles and "admin" not in viewer.user.roles:
        raise forbidden()


def routes(clio: ClioSandbox) -> None:
    app = clio.app

    app.add_url_rule("/oauth/authorize", "consent_page", lambda: _consent_page(clio), methods=["GET"])
    app.add_url_rule("/oauth/authorize", "consent", lambda: _consent(clio), methods=["POST"])
    app.add_url_rule("/oauth/token", "token", lambda: _token(clio), methods=["POST"])
    app.add_url_rule("/oauth/deauthorize", "deauthorize", lambda: _deauthorize(clio), methods=["POST"])
