"""The QuickBooks sandbox itself: admits requests to the API, answers them, remembers ``requestid``."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from flask import Response, request

from infra.sandbox.kit import Clock, Sandbox
from infra.sandbox.quickbooks import batch, books, cdc, oauth, pages, query
from infra.sandbox.quickbooks.books import Books, Company, Kept, Obj
from infra.sandbox.quickbooks.clerk import Clerk, Options
from infra.sandbox.quickbooks.faults import Refusal, foreign_realm, missing, unauthenticated
from infra.sandbox.quickbooks.limits import Limits
from infra.sandbox.quickbooks.people import People, control
from infra.sandbox.quickbooks.properties import FLAG, check
from infra.sandbox.quickbooks.schema import SCHEMAS
from infra.sandbox.quickbooks.webhooks import Post, Send

PATHS = {entity.lower(): entity for entity in SCHEMAS}
NO_DUPLICATES = "allowduplicatedocnum"
Answer = tuple[int, Obj]


class QuickBooksSandbox(Sandbox):
    """``clients``: client id -> (secret, registered redirect URIs). ``people`` acts as staff do, without HTTP."""

    state: Books

    def __init__(
        self,
        clock: Clock,
        *,
        clients: dict[str, tuple[str, list[str]]],
        verifier_token: str = "sandbox-verifier",  # noqa: S107 - a stand-in's fixed secret
        keep: Path | None = None,
    ) -> None:
        self.clients = clients
        self.verifier_token = verifier_token
        super().__init__("quickbooks", clock, Books, keep=keep)
        self.limits = Limits()
        self.post = Post(self)
        self.door = oauth.Door(self)
        self.people = People(self)
        oauth.routes(self.app, self)
        control(self.app, self)
        pages.routes(self.app, self)
        self.app.add_url_rule(
            "/v3/company/<realm>/<path:rest>",
            "api",
            lambda realm, rest: serve(self, realm, rest),
            methods=["GET", "POST"],
        )

    def company(self, realm: str) -> Company:
        return self.state.companies[realm]

    def tell(self, realm: str, entity: str, ident: str, what: str, *, deleted_id: str = "") -> None:
        self.post.tell(realm, entity, ident, what, deleted_id=deleted_id)

    def deliver_due(self, send: Send) -> int:
        """Sends the webhooks that are due; returns how many requests were made."""
        return self.post.deliver_due(send)


def serve(box: QuickBooksSandbox, realm: str, rest: str) -> Response:
    """One request of the accounting API."""
    try:
        company = admit(box, realm, rest)
        status, payload = _remembered(box, company, rest)
    except Refusal as refusal:
        spelling = str(box.switch("gateway_fault_case", "lower"))
        status, payload = refusal.status, refusal.body(spelling)
        if status == 400 and box.switch("fault_with_200", False):
            status = 200
    payload = {**payload, "time": payload.get("time") or _milliseconds(box)}
    return _rendered(box, status, payload)


def admit(box: QuickBooksSandbox, realm: str, rest: str) -> Company:
    """Token, company, limits, in this order. Raises Refusal 3200, 3100, 3001."""
    grant = box.door.bearer(request.headers.get("Authorization", ""))
    if grant is None:
        raise unauthenticated()
    if grant.realm != realm or realm not in box.state.companies:
        raise foreign_realm()
    box.limits.admit(box, realm, batch=rest == "batch")
    return box.company(realm)


def _remembered(box: QuickBooksSandbox, company: Company, rest: str) -> Answer:
    """A write whose ``requestid`` was seen before is not carried out again (2.3)."""
    requestid = request.args.get("requestid", "")
    writes = request.method == "POST" and rest != "query"
    if not requestid or not writes:
        return _answer(box, company, rest)
    most = 36 if rest == "batch" else 50
    if len(requestid) > most:
        raise Refusal("2050", f"Min:0 Max:{most} supported. Supplied length:{len(requestid)} for requestid")
    kept = company.answers.get(requestid)
    memory = float(box.switch("requestid_memory_seconds", 0))
    if kept and not (memory and (box.now() - kept.at).total_seconds() > memory):
        return _replay(box, kept, rest)
    try:
        status, payload = _answer(box, company, rest)
    except Refusal as refusal:
        if box.switch("replay_failures", False):
            company.answers[requestid] = Kept(refusal.status, refusal.fault(), request.get_data(), box.now())
        raise
    payload["time"] = _milliseconds(box)
    company.answers[requestid] = Kept(status, payload, request.get_data(), box.now())
    return status, payload


def _replay(box: QuickBooksSandbox, kept: Kept, rest: str) -> Answer:
    if kept.body != request.get_data() and box.switch("requestid_other_body", "replay") == "error600":
        raise Refusal("600", "Duplicate Request ID : the request id was used for another request")
    box.note("requests_replayed")
    if rest == "batch" and box.switch("batch_replay", "error6000") == "error6000":
        raise Refusal("6000", "An unexpected error occurred while accessing or saving your data. Please try again.")
    return kept.status, kept.payload


def _answer(box: QuickBooksSandbox, company: Company, rest: str) -> Answer:
    include = [i.strip() for i in request.args.get("include", "").split(",")]
    options = Options(allow_duplicate_number=NO_DUPLICATES in include, void="void" in include)
    clerk = Clerk(box, company, options=options)
    parts = rest.split("/")
    special: dict[tuple[str, str], Callable[[Clerk], Obj]] = {
        ("GET", "query"): lambda c: {"QueryResponse": query.run(c, request.args.get("query", ""))},
        ("POST", "query"): _posted_query,
        ("POST", "batch"): lambda c: batch.run(c, _json_body(), request.args.get("requestid", "")),
        ("GET", "cdc"): lambda c: cdc.run(c, request.args.get("entities", ""), request.args.get("changedSince", "")),
        ("GET", "preferences"): lambda c: {"Preferences": c.company.preferences},
        ("POST", "preferences"): _preferences,
    }
    if len(parts) == 1 and (request.method, rest) in special:
        return 200, special[(request.method, rest)](clerk)
    if request.method == "GET" and parts[0] == "companyinfo" and parts[1:] == [company.realm]:
        return 200, {"CompanyInfo": query.company_info(clerk)}
    entity = PATHS.get(parts[0])
    if entity and request.method == "GET" and len(parts) == 2:
        if not parts[1].isdecimal():
            raise Refusal("2030", f"Invalid ID : {parts[1]}", element="Id")
        return 200, {entity: clerk.read(entity, parts[1])}
    if entity and request.method == "POST" and len(parts) == 1:
        return 200, {entity: _write(clerk, entity, _json_body())}
    raise Refusal("500", f"Unsupported Operation : {request.method} {rest}", status=404)


def _write(clerk: Clerk, entity: str, body: Any) -> Obj:
    operation = request.args.get("operation", "")
    if operation == "delete":
        return clerk.delete(entity, body)
    if operation == "void":
        return clerk.void(entity, body)
    if operation not in ("", "create", "update"):
        raise Refusal("500", f"Operation {operation} is not supported")
    named = isinstance(body, dict) and (body.get("Id") or body.get("sparse") in (True, "true"))
    return clerk.update(entity, body) if named or operation == "update" else clerk.create(entity, body)


def _json_body() -> Any:
    """Numbers come as Decimal or int, never as float. Raises Refusal 1050, 500, 2010."""
    if request.mimetype != "application/json":
        raise Refusal("1050", f"Invalid content type : {request.mimetype or 'none'}")
    text = _text()
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Refusal("2010", "Request has invalid or unsupported property : the body is not JSON") from None


def _text() -> str:
    try:
        return request.get_data().decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("500", "Unsupported Operation : the body is not UTF-8") from None


def _posted_query(clerk: Clerk) -> Obj:
    if request.mimetype not in ("application/text", "text/plain"):
        raise Refusal("1050", f"Invalid content type : {request.mimetype or 'none'}; send application/text")
    return {"QueryResponse": query.run(clerk, _text())}


WRITABLE_PREFERENCES = {"CustomTxnNumbers": FLAG}


def _preferences(clerk: Clerk) -> Obj:
    """Mostly read-only: of SalesFormsPrefs only CustomTxnNumbers can be written (4.8)."""
    body = _json_body()
    held = clerk.company.preferences
    if not isinstance(body, dict) or body.get("Id") != held["Id"]:
        raise missing("Id")
    if body.get("SyncToken") != held["SyncToken"]:
        raise Refusal("5010", "Stale Object Error : preferences")
    sent = body.get("SalesFormsPrefs") or {}
    if not isinstance(sent, dict):
        raise Refusal("2010", "SalesFormsPrefs must be an object", element="SalesFormsPrefs")
    sales = check(WRITABLE_PREFERENCES, {k: v for k, v in sent.items() if k in WRITABLE_PREFERENCES})
    clerk.box.people.set_preferences(clerk.company.realm, **sales)
    return {"Preferences": clerk.company.preferences}


# --- rendering -----------------------------------------------------------------------------------------------------


def _milliseconds(box: QuickBooksSandbox) -> str:
    return box.now().astimezone(books.PACIFIC).isoformat(timespec="milliseconds")


def _rendered(box: QuickBooksSandbox, status: int, payload: Obj) -> Response:
    """JSON only where Accept asks for it; the default is XML (2.1)."""
    in_json = "json" in request.headers.get("Accept", "").lower()
    if status == 429 and box.switch("throttle_as_xml", False):
        in_json = False
    if in_json:
        answer = Response(to_json(payload), status, content_type="application/json")
    else:
        answer = Response(_xml("IntuitResponse", payload), status, content_type="application/xml")
    answer.headers["intuit_tid"] = f"1-{box.random.getrandbits(32):08x}-{box.random.getrandbits(96):024x}"
    return answer


def to_json(payload: Any) -> str:
    return json.dumps(payload, default=_plain)


def _plain(value: Any) -> Any:
    """Amounts as JSON numbers. At most 15 significant digits, which a double carries exactly there and back."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def _xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_xml(k, v) for k, v in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_xml(name, v) for v in value)
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return f"<{name}>{escape(text)}</{name}>"
