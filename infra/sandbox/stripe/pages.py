"""Pages for people: hosted Checkout, hosted onboarding, and a Dashboard to look at and change the sandbox's data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from . import accounts, checkout, due, money, payments
from .box import Box
from .people import People
from .refusals import Refusal


def mount(box: Box, app: Flask) -> None:
    app.add_template_filter(_dollars, "dollars")
    app.add_template_filter(_moment, "moment")
    _checkout(box, app)
    _onboarding(box, app)
    _dashboard(box, app)


def _dollars(cents: int) -> str:
    sign, cents = ("−" if cents < 0 else ""), abs(cents)
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def _moment(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M} UTC"


def _message(title: str, text: str, status: int = 200) -> Response:
    return Response(render_template("message.html", title=title, text=text), status)


# --- Checkout ---------------------------------------------------------------------------------------------------------
def _checkout(box: Box, app: Flask) -> None:
    @app.get("/c/pay/<session_id>")
    def pay_page(session_id: str) -> AnyResponse:
        due.advance(box)
        return _pay_page(box, session_id)

    @app.post("/c/pay/<session_id>")
    def pay(session_id: str) -> AnyResponse:
        due.advance(box)
        given = {name: value.replace(" ", "") for name, value in request.form.items()}
        try:
            session = _pay(box, session_id, given)
        except Refusal as no:
            return _pay_page(box, session_id, error=no.message, status=402)
        return redirect(checkout.success_url(session), 303)


def _pay(box: Box, session_id: str, given: dict[str, str]) -> dict[str, Any]:
    email = given.get("email") or None
    if given.get("method") == "us_bank_account":
        bank = checkout.bank(given.get("account_number", ""), given.get("routing_number", ""))
        return checkout.pay_by_bank(box, session_id, bank, email)
    return checkout.pay_by_card(box, session_id, given.get("card_number", ""), email)


def _pay_page(box: Box, session_id: str, error: str = "", status: int = 200) -> Response:
    try:
        account, session = checkout.by_id(box, session_id)
    except Refusal:
        return _message("Checkout", "Something went wrong: the page you were looking for could not be found.", 404)
    if session["status"] == "expired":
        return _message("Checkout", "You’re all done here: this checkout session has timed out.")
    if session["status"] == "complete":
        return _message("Checkout", "You’re all done here: this checkout session is complete.")
    page = render_template(
        "pay.html",
        firm=account.object["business_profile"]["name"],
        session=session,
        lines=account.lines[session_id],
        error=error,
        cards=payments.CARDS,
        banks=payments.BANKS,
    )
    return Response(page, status)


# --- onboarding -------------------------------------------------------------------------------------------------------
def _onboarding(box: Box, app: Flask) -> None:
    @app.get("/setup/s/<account_id>/<token>")
    def setup(account_id: str, token: str) -> AnyResponse:
        try:
            link, fresh = accounts.open_link(box, token)
        except Refusal as no:
            return _message("Onboarding", no.message, no.status)
        box.note("links_opened")  # so that the visit is kept
        if not fresh:
            return redirect(link.refresh_url, 303)
        account = box.state.accounts[account_id]
        return Response(render_template("setup.html", account=account.object, token=link.finish_token))

    @app.post("/setup/finish/<token>")
    def finish(token: str) -> AnyResponse:
        form = request.form
        digits = "".join(c for c in form.get("bank_number", "") if c.isdigit())
        try:
            if form.get("later"):
                link = accounts.leave_onboarding(box, token)
            elif len(digits) < 4:
                return _message("Onboarding", "The bank account number needs at least four digits. Go back.", 400)
            else:
                link = accounts.finish_onboarding(box, token, name=form.get("name", ""), last4=digits[-4:])
        except Refusal as no:
            return _message("Onboarding", no.message, no.status)
        return redirect(link.return_url, 303)


# --- Dashboard --------------------------------------------------------------------------------------------------------
def _dashboard(box: Box, app: Flask) -> None:
    people = People(box)

    @app.get("/")
    @app.get("/dashboard")
    def dashboard() -> AnyResponse:
        due.advance(box)
        return Response(render_template("dashboard.html", accounts=box.state.accounts.values(), box=box))

    @app.get("/dashboard/<account_id>")
    def account_page(account_id: str) -> AnyResponse:
        due.advance(box)
        return _account_page(box, account_id)

    @app.post("/dashboard/<account_id>")
    def change(account_id: str) -> AnyResponse:
        try:
            _change(people, account_id, request.form.to_dict())
        except Refusal as no:
            return _account_page(box, account_id, no.message)
        except ValueError:
            return _account_page(box, account_id, "That is no amount.")
        return redirect(request.url, 303)


def _account_page(box: Box, account_id: str, error: str = "") -> Response:
    account = box.state.accounts.get(account_id)
    if not account:
        return _message("Dashboard", "No such account.", 404)
    page = render_template(
        "account.html",
        account=account,
        connected=account_id in box.state.connections,
        balance=money.balance(account),
        error=error,
    )
    return Response(page, 400 if error else 200)


def _change(people: People, account: str, form: dict[str, str]) -> None:
    """One press of a Dashboard button. Raises Refusal, or ValueError for an amount that is none."""
    match form.get("do"):
        case "refund":
            people.refund(form["payment"], _cents(form.get("dollars", "")))
        case "dispute":
            people.open_dispute(form["payment"])
        case "return":
            people.return_debit(form["payment"])
        case "clear":
            people.clear_debit(form["payment"])
        case "fail":
            people.fail_debit(form["payment"])
        case "won" | "lost" as how:
            people.close_dispute(form["dispute"], won=how == "won")
        case "ach":
            people.set_ach(account, form.get("on") == "1")
        case "ready":
            people.set_ready(account, form.get("on") == "1")
        case "bank":
            people.change_bank(account, form["last4"])
        case "payout":
            people.pay_out(account)
        case "disconnect":
            people.disconnect(account)
        case _:
            raise Refusal("Unknown button.")


def _cents(dollars: str) -> int | None:
    """``12.34`` to 1234; empty to None, which refunds all that is left. Raises ValueError."""
    text = dollars.strip().replace(",", "").removeprefix("$")
    if not text:
        return None
    whole, _, part = text.partition(".")
    if len(part) > 2:
        raise ValueError(dollars)
    return int(whole or "0") * 100 + int(part.ljust(2, "0"))
