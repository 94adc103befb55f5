"""Pages to look at and change Clio's records by hand, and the JSON door to the same acts (``/_sandbox/people/...``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from . import books
from .refuse import Refusal

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

PAGE = 200


def dollars(cents: int) -> str:
    return f"{cents / 100:,.2f}"


def as_cents(text: str) -> int:
    """Text such as ``1,234.50`` as people type it."""
    whole, _, part = text.replace(",", "").strip().partition(".")
    return int(whole or 0) * 100 + int((part + "00")[:2])


def _act(clio: ClioSandbox, name: str, values: dict[str, Any]) -> Any:
    act = None if name.startswith("_") else getattr(clio.people, name, None)
    if act is None:
        abort(404)
    return act(**values)


def _told(clio: ClioSandbox, act: str) -> tuple[Response, int] | Response:
    """Runs one of People's methods on the JSON sent; 422 with the reason where it is refused."""
    try:
        return jsonify(result=_act(clio, act, request.get_json(silent=True) or {}))
    except Refusal as refused:
        return jsonify(refused.body), refused.status
    except (TypeError, KeyError, ValueError) as wrong:
        return jsonify(error={"type": type(wrong).__name__, "message": str(wrong)}), 400


def _typed(form: dict[str, str]) -> dict[str, Any]:
    """Form fields as People takes them: amounts to cents, ids to numbers, ticks to booleans; empty ones left out."""
    values: dict[str, Any] = {}
    for name, text in form.items():
        if name in ("back", "clear"):
            continue
        if name in ("amount", "total"):
            values[name] = as_cents(text)
        elif name in ("bill", "contact", "payment"):
            values[name] = int(text)
        elif name in ("from_trust", "enabled"):
            values[name] = text == "true"
        elif text or name == form.get("clear"):
            values[name] = text
    return values


def _form_act(clio: ClioSandbox, act: str) -> AnyResponse | tuple[str, int]:
    values, back = _typed(request.form.to_dict()), request.form.get("back") or url_for("firms")
    if act == "record_payment":
        values["amounts"] = {values.pop("bill"): values.pop("amount")}
    try:
        _act(clio, act, values)
    except Refusal as refused:
        return render_template("oops.html", wrong=str(refused), region=clio.region), 422
    return redirect(back)


def _bills_page(clio: ClioSandbox, firm_id: int) -> str:
    held = clio.state.of_firm("bills", firm_id)
    if state := request.args.get("state"):
        held = [b for b in held if b.state == state]
    start = request.args.get("from", 0, int)
    contacts = clio.state.rows["contacts"]
    rows = [(b, contacts.get(b.client_id)) for b in held[start : start + PAGE]]
    return render_template(
        "bills.html",
        firm=clio.state.rows["firms"].get(firm_id) or abort(404),
        rows=rows,
        start=start,
        more=len(held) > start + PAGE,
        count=len(held),
        page=PAGE,
    )


def _bill_page(clio: ClioSandbox, bill_id: int) -> str:
    state = clio.state
    bill = state.rows["bills"].get(bill_id) or abort(404)
    allocations = state.children("allocations", bill_id)
    payments = {a.parent_id for a in allocations if a.parent_type == "Payment" and a.voided_at is None}
    return render_template(
        "bill.html",
        bill=bill,
        firm=state.rows["firms"][bill.firm],
        client=state.rows["contacts"].get(bill.client_id),
        lines=[*state.children("line_items", bill_id)[:100], *state.children("trust_line_items", bill_id)],
        allocations=allocations,
        payments=[state.rows["payments"][p] for p in sorted(payments)],
        moves=state.children("bank_transactions", bill_id),
    )


def _contact_page(clio: ClioSandbox, contact_id: int) -> str:
    contact = clio.state.rows["contacts"].get(contact_id) or abort(404)
    held = [b for b in clio.state.of_firm("bills", contact.firm) if b.client_id == contact_id]
    return render_template("contact.html", contact=contact, bills=held[:PAGE])


def _firms_page(clio: ClioSandbox) -> str:
    told = []
    for firm in clio.state.rows["firms"].values():
        by_state: dict[str, int] = {}
        for bill in clio.state.of_firm("bills", firm.id):
            by_state[bill.state] = by_state.get(bill.state, 0) + 1
        told.append((firm, by_state, clio.state.of_firm("users", firm.id)))
    return render_template("firms.html", firms=told, switches=json.dumps(clio.switches, indent=1), clio=clio)


def routes(clio: ClioSandbox) -> None:
    app = clio.app
    app.jinja_env.globals.update(books=books, dollars=dollars)
    rules: list[tuple[str, str, Any]] = [
        ("/", "firms", lambda: _firms_page(clio)),
        ("/nc/", "nc", lambda: render_template("nc.html")),
        ("/firms/<int:firm_id>/bills", "bills", lambda firm_id: _bills_page(clio, firm_id)),
        ("/bills/<int:bill_id>", "bill", lambda bill_id: _bill_page(clio, bill_id)),
        ("/contacts/<int:contact_id>", "contact", lambda contact_id: _contact_page(clio, contact_id)),
    ]
    for rule, name, act in rules:
        app.add_url_rule(rule, name, act, methods=["GET"])
    app.add_url_rule("/act/<act>", "act", lambda act: _form_act(clio, act), methods=["POST"])
    app.add_url_rule("/_sandbox/people/<act>", "people", lambda act: _told(clio, act), methods=["POST"])
