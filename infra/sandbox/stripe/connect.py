"""``connect.stripe.com``: the OAuth page, and the token and deauthorize calls (reference/stripe.md 3)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from . import accounts, due
from .box import Box
from .door import answer, api_key
from .people import back, denied
from .refusals import OAuthRefusal, Refusal


def mount(box: Box, app: Flask) -> None:
    @app.get("/oauth/authorize")
    def authorize() -> AnyResponse:
        due.advance(box)
        asked = request.args.to_dict()
        try:
            _, scope = accounts.check_authorize(box, asked)
        except OAuthRefusal as no:
            return Response(render_template("message.html", title="Connect", text=no.body["error_description"]), 400)
        page = render_template("authorize.html", accounts=accounts.on_offer(box), asked=asked, scope=scope)
        return Response(page)

    @app.post("/oauth/authorize")
    def decide() -> AnyResponse:
        asked = request.form.to_dict()
        chosen = asked.pop("account", "")
        try:
            uri, scope = accounts.check_authorize(box, asked)
            if not chosen:
                return redirect(denied(uri, asked), 303)
            code = accounts.grant(box, box.account(chosen), scope, uri)
        except OAuthRefusal as no:
            return Response(render_template("message.html", title="Connect", text=no.body["error_description"]), 400)
        except Refusal as no:
            return Response(render_template("message.html", title="Connect", text=no.message), no.status)
        return redirect(back(uri, asked, code=code, scope=scope), 303)

    @app.post("/oauth/token")
    def token() -> Response:
        return _answer(box, "token")

    @app.post("/oauth/deauthorize")
    def deauthorize() -> Response:
        return _answer(box, "deauthorize")


def _answer(box: Box, what: str) -> Response:
    due.advance(box)
    given = dict(parse_qsl(request.get_data(as_text=True)))
    headers = {"Request-Id": box.new_id("req_", 14)}
    try:
        _check_secret(box, given)
        made = accounts.exchange(box, given) if what == "token" else accounts.deauthorize(box, given)
    except OAuthRefusal as no:
        return answer(no.status, no.body, headers)
    return answer(200, made, headers)


def _check_secret(box: Box, given: dict[str, str]) -> None:
    """The platform's secret key, as ``client_secret`` or as the Bearer key. Raises OAuthRefusal 401."""
    try:
        key = given.get("client_secret") or api_key(request)
    except Refusal as no:
        raise OAuthRefusal("invalid_client", no.message, status=401) from no
    if key != box.platform_key:
        raise OAuthRefusal("invalid_client", "Invalid API key provided", status=401)
