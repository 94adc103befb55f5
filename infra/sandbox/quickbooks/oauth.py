"""OAuth 2.0: consent page, code exchange, refresh with rotation, revocation (reference/quickbooks.md 1)."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from infra.sandbox.quickbooks.books import Code, Grant

if TYPE_CHECKING:
    from infra.sandbox.quickbooks.server import QuickBooksSandbox

SCOPE = "com.intuit.quickbooks.accounting"
CODE_SECONDS = 300
ACCESS_SECONDS = 3600
REFRESH_DAYS = 100
HARD_SECONDS = 157_680_000
"""Five years from consent; refreshing does not extend it (1.3)."""
RACE_SECONDS = 60
"""An old refresh token used this soon after its replacement looks like two refreshes at once (1.5)."""


class TokenError(Exception):
    """An answer of the token endpoint (1.4)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description, self.status = error, description, status


class ConsentError(Exception):
    """The authorize URL is wrong: the person sees a page, nothing is sent back to the app."""


class Door:
    """Consent and tokens, as methods; ``routes`` puts them on HTTP."""

    def __init__(self, box: QuickBooksSandbox) -> None:
        self.box = box

    # --- consent ---------------------------------------------------------------------------------------------------
    def asked(self, args: dict[str, str]) -> dict[str, str]:
        """The checked parameters of an authorize URL. Raises ConsentError (1.2)."""
        _, uris = self.box.clients.get(args.get("client_id", ""), ("", []))
        if not uris:
            raise ConsentError("The client_id is not known.")
        if args.get("redirect_uri") not in uris:
            raise ConsentError("The redirect_uri is not one of the registered ones.")
        if args.get("response_type") != "code":
            raise ConsentError("response_type must be code.")
        if SCOPE not in args.get("scope", "").split():
            raise ConsentError(f"The scope {SCOPE} is missing.")
        if not args.get("state"):
            raise ConsentError("state is missing.")
        return {k: args[k] for k in ("client_id", "redirect_uri", "response_type", "scope", "state")}

    def decide(self, args: dict[str, str], realm: str | None) -> str:
        """The address the browser goes back to; ``realm`` None is a refusal. Raises ConsentError."""
        asked = self.asked(args)
        if realm is None:
            return _with(asked["redirect_uri"], {"error": "access_denied", "state": asked["state"]})
        if realm not in self.box.state.companies:
            raise ConsentError("No such company.")
        code = self.box.give("XAB" + secrets.token_urlsafe(36))
        expires_at = self.box.now() + timedelta(seconds=CODE_SECONDS)
        self.box.state.codes[code] = Code(asked["client_id"], asked["redirect_uri"], realm, asked["scope"], expires_at)
        return _with(asked["redirect_uri"], {"code": code, "state": asked["state"], "realmId": realm})

    def decide_url(self, url: str, realm: str | None) -> str:
        """The same for a whole authorize URL, for people who are programs."""
        args = {k: v[-1] for k, v in parse_qs(urlsplit(url).query).items()}
        return self.decide(args, realm)

    # --- tokens ----------------------------------------------------------------------------------------------------
    def exchange(self, client_id: str, code: str, redirect_uri: str) -> Grant:
        held: Code | None = self.box.state.codes.get(code)
        now = self.box.now()
        if held is None or held.client_id != client_id or now >= held.expires_at or held.used:
            raise TokenError("invalid_grant", "Invalid authorization code")
        if held.redirect_uri != redirect_uri:
            raise TokenError("invalid_grant", "Invalid redirect_uri")
        held.used = True
        hard = now + timedelta(seconds=HARD_SECONDS)
        value = self.box.give(new_refresh_token())
        ident = f"grant-{self.box.state.next()}"
        grant = Grant(ident, client_id, held.realm, held.scope, hard, value, now, now)
        self.box.state.grants[ident] = grant
        self.box.state.refresh_tokens[value] = ident
        return grant

    def refresh(self, client_id: str, value: str) -> Grant:
        """The grant after a refresh; its token's value changes at the first refresh after 24 hours (1.3)."""
        wrong = TokenError("invalid_grant", "Incorrect or invalid refresh token")
        grant: Grant | None = self.box.state.grants.get(self.box.state.refresh_tokens.get(value, ""))
        now = self.box.now()
        if grant is None or grant.client_id != client_id or grant.revoked:
            raise wrong
        if value != grant.refresh_token:
            self._reused(grant, value, now)
            raise wrong
        if now - grant.used_at > timedelta(days=REFRESH_DAYS) or now >= grant.hard_expires_at:
            raise wrong
        grant.used_at = now
        if now - grant.issued_at >= timedelta(seconds=float(self.box.switch("rotate_every_seconds", 86_400))):
            grant.died[value] = now
            grant.refresh_token, grant.issued_at = self.box.give(new_refresh_token()), now
            self.box.state.refresh_tokens[grant.refresh_token] = grant.id
            self.box.note("tokens_rotated")
        return grant

    def _reused(self, grant: Grant, value: str, now: datetime) -> None:
        self.box.note("old_refresh_tokens_used")
        rule = self.box.switch("old_token_revokes", "soon")
        soon = now - grant.died[value] <= timedelta(seconds=RACE_SECONDS)
        if rule is True or (rule == "soon" and soon):
            grant.revoked = True
            self.box.note("grants_revoked")

    def tokens(self, grant: Grant, *, hard: bool) -> dict[str, Any]:
        """A new access token beside the present refresh token, as the token endpoint answers."""
        now = self.box.now()
        held = self.box.state.access_tokens
        for old in [t for t, (_, until) in held.items() if until <= now - timedelta(days=1)]:
            del held[old]
        access = self.box.give("eyJ" + secrets.token_urlsafe(500))
        seconds = int(self.box.switch("access_token_seconds", ACCESS_SECONDS))
        held[access] = (grant.id, now + timedelta(seconds=seconds))
        rolling = grant.used_at + timedelta(days=REFRESH_DAYS) - now
        left = min(rolling, grant.hard_expires_at - now)
        answer = {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": seconds,
            "refresh_token": grant.refresh_token,
            "x_refresh_token_expires_in": int(left.total_seconds()),
        }
        if hard:
            answer["x_refresh_token_hard_expires_in"] = int((grant.hard_expires_at - now).total_seconds())
        return answer

    def revoke(self, client_id: str, token: str) -> bool:
        """Ends the whole grant of an access or refresh token; False where there is nothing to end."""
        state = self.box.state
        ident = state.refresh_tokens.get(token) or state.access_tokens.get(token, ("", None))[0]
        grant = state.grants.get(ident)
        if grant is None or grant.client_id != client_id or grant.revoked:
            return False
        grant.revoked = True
        return True

    def bearer(self, header: str) -> Grant | None:
        """The live grant of an ``Authorization: Bearer`` header."""
        ident, until = self.box.state.access_tokens.get(header.removeprefix("Bearer "), ("", None))
        if not header.startswith("Bearer ") or until is None or self.box.now() >= until:
            return None
        grant: Grant = self.box.state.grants[ident]
        return None if grant.revoked else grant

    def client(self) -> str:
        """The client id of the request's Basic authorization. Raises TokenError 401 (1.4)."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        wrong = TokenError("invalid_client", "The client id and secret do not match", 401)
        if kind != "Basic":
            raise wrong
        try:
            ident, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
        except ValueError:
            raise wrong from None
        held = self.box.clients.get(ident)
        if held is None or not secrets.compare_digest(held[0].encode(), secret.encode()):
            raise wrong
        return ident


def new_refresh_token() -> str:
    return "AB11" + secrets.token_urlsafe(60)


def _with(uri: str, args: dict[str, str]) -> str:
    return uri + ("&" if urlsplit(uri).query else "?") + urlencode(args)


def routes(app: Flask, box: QuickBooksSandbox) -> None:
    door = box.door

    @app.errorhandler(ConsentError)
    def refused(error: ConsentError) -> tuple[str, int]:
        return render_template("problem.html", said=str(error)), 400

    @app.get("/connect/oauth2")
    def consent() -> str:
        asked = door.asked(request.args.to_dict())
        return render_template("consent.html", asked=asked, companies=box.state.companies.values())

    @app.post("/connect/oauth2")
    def decided() -> Answer:
        form = request.form.to_dict()
        realm = form.get("realm") if form.get("action") == "connect" else None
        return redirect(door.decide(form, realm), 302)

    @app.post("/oauth2/v1/tokens/bearer")
    def bearer() -> Response:
        try:
            client = door.client()
            if request.mimetype != "application/x-www-form-urlencoded":
                raise TokenError("invalid_request", "The body must be form-encoded")
            form = request.form
            if form.get("grant_type") == "authorization_code":
                grant = door.exchange(client, form.get("code", ""), form.get("redirect_uri", ""))
            elif form.get("grant_type") == "refresh_token":
                grant = door.refresh(client, form.get("refresh_token", ""))
            else:
                raise TokenError("invalid_request", "grant_type must be authorization_code or refresh_token")
        except TokenError as error:
            return _said(error)
        hard = request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true"
        return jsonify(door.tokens(grant, hard=hard))

    @app.post("/v2/oauth2/tokens/revoke")
    def revoke() -> Response:
        try:
            client = door.client()
        except TokenError as error:
            return _said(error)
        body = request.get_json(silent=True) or {}
        done = isinstance(body, dict) and door.revoke(client, str(body.get("token", "")))
        return Response(b"", 200) if done else _said(TokenError("invalid_request", "The token cannot be revoked"))

    @app.get("/.well-known/openid_configuration", strict_slashes=False)
    @app.get("/.well-known/openid_sandbox_configuration", strict_slashes=False)
    def discovery() -> Response:
        """Intuit's own library reads it with a slash at the end, and every name of it (1.1)."""
        base = request.url_root.rstrip("/")
        return jsonify(
            {
                "issuer": "https://oauth.platform.intuit.com/op/v1",
                "authorization_endpoint": f"{base}/connect/oauth2",
                "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
                "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
                "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
                "jwks_uri": f"{base}/op/v1/jwks",
                "scopes_supported": ["openid", "email", "profile"],
            }
        )


def _said(error: TokenError) -> Response:
    answer = jsonify({"error": error.error, "error_description": error.description})
    answer.status_code = error.status
    return answer
