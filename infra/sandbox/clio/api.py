"""``/api/v4``: every operation served, with its permission, role and shape (reference/clio.md 2 to 8).

Operations that are not here do not exist for this app: 404, as for POST on bills or allocations (2.9, 5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from flask import Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from . import access, contacts, hooks, updates
from .lists import Listing, page
from .refuse import Refusal, bad_parameter, forbidden, not_found
from .select import Selection, select
from .shapes import SHAPES
from .show import currency, etag_of
from .standing import outstanding
from .state import Row, User

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

_BILL_ORDERS = (
    "id",
    "due_at",
    "issued_at",
    "paid_at",
    "last_sent_at",
    "client_name",
    "matter_display_number",
    "balance",
    "number",
)


@dataclass(frozen=True)
class Resource:
    """``path`` serves a list, and one record where ``shown``; the permissions suffice one by one."""

    path: str
    listing: Listing
    permissions: tuple[str, ...]
    role: str | None
    shown: bool = True


RESOURCES = (
    Resource("bills", Listing("bills", "Bill", _BILL_ORDERS), ("billing",), "billing"),
    Resource("line_items", Listing("line_items", "LineItem", ()), ("billing",), "billing", shown=False),
    Resource(
        "allocations",
        Listing("allocations", "Allocation", ("id", "date"), "date(asc)"),
        ("billing", "accounting"),
        "billing",
    ),
    Resource(
        "credit_memos",
        Listing("credit_memos", "CreditMemo", ("id", "date"), "date(asc)"),
        ("billing", "accounting"),
        "billing",
    ),
    Resource("contacts", Listing("contacts", "Contact", ("id", "name")), ("contacts",), None),
    Resource(
        "matters",
        Listing("matters", "Matter", ("id", "display_number", "open_date", "updated_at", "created_at")),
        ("matters",),
        None,
    ),
    Resource(
        "bank_accounts",
        Listing("bank_accounts", "BankAccount", ("id", "name", "institution", "account_number", "updated_at", "type")),
        ("accounting",),
        "accounts",
    ),
    Resource("bank_transactions", Listing("bank_transactions", "BankTransaction"), ("accounting",), "accounts"),
    Resource(
        "interest_charges", Listing("interest_charges", "InterestCharge", ()), ("billing",), "billing", shown=False
    ),
    Resource("trust_line_items", Listing("trust_line_items", "TrustLineItem"), ("billing",), "billing", shown=False),
    Resource("bill_themes", Listing("bill_themes", "BillTheme", ()), ("billing",), "billing", shown=False),
    Resource("webhooks", Listing("webhooks", "Webhook"), ("webhooks",), None),
    Resource(
        "users",
        Listing("users", "User", ("id", "name", "first_name", "last_name", "enabled"), limit=2000),
        ("users",),
        None,
    ),
)
_OF = {resource.path: resource for resource in RESOURCES}
# Which switch may replace the permissions of a list whose real ones are unknown (10.4).
_PERMISSION_SWITCH = {"allocations": "allocations_permissions", "credit_memos": "allocations_permissions"}


class Api:
    """The routes, bound to one sandbox."""

    def __init__(self, clio: ClioSandbox) -> None:
        self.clio = clio
        app = clio.app
        for resource in RESOURCES:
            self._list(resource)
            if resource.shown:
                self._show(resource)
        self.route("users/who_am_i", "GET", self.who_am_i)
        self.route("bills/<int:row_id>", "PATCH", self.patch_bill)
        self.route("bills/<int:row_id>", "DELETE", self.delete_bill)
        self.route("bills/<int:row_id>/preview", "GET", self.preview)
        self.route("line_items/<int:row_id>", "PATCH", self.patch_line)
        self.route("line_items/<int:row_id>", "DELETE", self.delete_line)
        self.route("contacts/<int:row_id>", "PATCH", self.patch_contact)
        self.route("settings/billing", "GET", self.settings)
        self.route("currencies", "GET", self.currencies)
        self.route("outstanding_client_balances", "GET", self.balances)
        self.route("webhooks", "POST", self.create_hook)
        self.route("webhooks/<int:row_id>", "PATCH", self.patch_hook)
        self.route("webhooks/<int:row_id>", "DELETE", self.delete_hook)
        self.route("webhooks/<int:row_id>/activate", "PUT", self.activate_hook)
        self.route("payments", "POST", self.undocumented_payment)
        app.register_error_handler(Refusal, self.refused)
        app.register_error_handler(HTTPException, self.lost)
        app.after_request(self.finish)

    # --- plumbing --------------------------------------------------------------------------------------------------
    def route(self, path: str, method: str, act: Callable[..., Any]) -> None:
        """Serves ``path`` with and without the suffix ``.json``, behind the checks of ``access.admit``."""

        def answer(**parts: Any) -> Any:
            g.viewer = access.admit(self.clio)
            return act(**parts)

        for suffix in ("", ".json"):
            self.clio.app.add_url_rule(f"/api/v4/{path}{suffix}", f"{method} {path}{suffix}", answer, methods=[method])

    def _list(self, resource: Resource) -> None:
        def act() -> Response:
            self.need(resource)
            told = page(resource.listing, self.firm, request.args, request.base_url, self.clio.teller(self.user))
            return self.json(told)

        self.route(resource.path, "GET", act)

    def _show(self, resource: Resource) -> None:
        def act(row_id: int) -> Response:
            self.need(resource)
            return self.one(resource, self.row(resource, row_id))

        self.route(f"{resource.path}/<int:row_id>", "GET", act)

    @property
    def user(self) -> User:
        viewer: access.Viewer = g.viewer
        return viewer.user

    @property
    def firm(self) -> int:
        return self.user.firm

    def need(self, resource: Resource) -> None:
        permissions = resource.permissions
        if resource.path in _PERMISSION_SWITCH:
            permissions = tuple(self.clio.switch(_PERMISSION_SWITCH[resource.path], permissions))
        access.need(g.viewer, permissions, resource.role)

    def row(self, resource: Resource, row_id: int) -> Any:
        """The record, or Refusal(404): there is none, or it is another firm's."""
        row = self.clio.state.rows[resource.listing.kind].get(row_id)
        hidden = resource.path == "contacts" and row_id in self.clio.switch("hidden_contacts", ())
        if row is None or row.firm != self.firm or hidden:
            raise not_found()
        return row

    def json(self, told: Any, status: int = 200) -> Response:
        return Response(json.dumps(told), status, content_type="application/json; charset=utf-8")

    def asked(self, resource: Resource) -> Selection:
        """The ``fields`` of this request. A write reads them first, so that a wrong name changes nothing."""
        dropped = tuple(self.clio.switch("drop_fields", ()))
        return select(SHAPES[resource.listing.shape], request.args.get("fields"), dropped)

    def one(self, resource: Resource, row: Row, status: int = 200) -> Response:
        """One record under conditional headers (2.4)."""
        shape, asked = SHAPES[resource.listing.shape], self.asked(resource)
        etag = etag_of(shape.name, row)
        if request.method == "GET" and self._unchanged(row, etag):
            if not self.clio.switch("not_modified_costs", True):
                access.refund(self.clio, g.viewer.token)
            answer = Response(status=304)
        else:
            told = self.clio.teller(self.user).record(shape, row, asked)
            answer = self.json({"data": told}, status)
        answer.headers["ETag"] = etag
        answer.headers["Last-Modified"] = format_datetime(row.updated_at.astimezone(UTC), usegmt=True)
        return answer

    def _unchanged(self, row: Row, etag: str) -> bool:
        if "If-None-Match" in request.headers:
            return request.headers["If-None-Match"] == etag
        if "If-Modified-Since" in request.headers:
            return row.updated_at <= _http_instant(request.headers["If-Modified-Since"])
        return False

    def match(self, resource: Resource, row: Row) -> None:
        """Raises Refusal(412) where If-Match no longer holds."""
        sent = request.headers.get("If-Match")
        if sent is not None and sent != etag_of(resource.listing.shape, row):
            raise Refusal(412, "PreconditionFailedError", "The record has changed since it was read")

    def sent(self) -> dict[str, Any]:
        """The body's ``data``, from JSON or a form (2). Raises Refusal(400)."""
        try:
            body = request.get_json(silent=True) if request.mimetype == "application/json" else _form()
        except (RecursionError, TypeError):
            body = None
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            raise bad_parameter("The body must be an object under data")
        return data

    def refused(self, refused: Refusal) -> Response:
        answer = self.json(refused.body, refused.status)
        answer.headers.update(refused.headers)
        return answer

    def lost(self, wrong: HTTPException) -> Any:
        """Paths and methods that do not exist: 404 with Clio's error body below /api, Flask's own page elsewhere."""
        if request.path.startswith("/api/"):
            status = 400 if wrong.code == 400 else 404
            return self.json({"error": {"type": "RecordNotFoundError", "message": "Not found"}}, status)
        return wrong

    def finish(self, answer: Response) -> Response:
        """Rate headers on every answer to a token; the version on successful ones (2.5, 2.6)."""
        answer.headers.update(getattr(g, "rate", {}))
        if hasattr(g, "version") and answer.status_code < 400:
            answer.headers["X-API-VERSION"] = g.version
        return answer

    # --- bills and lines -------------------------------------------------------------------------------------------
    def patch_bill(self, row_id: int) -> Response:
        self.need(_OF["bills"])
        bill, data = self.row(_OF["bills"], row_id), self.sent()
        self.match(_OF["bills"], bill)
        self.asked(_OF["bills"])
        updates.patch_bill(self.clio, bill, data, self.user)
        return self.one(_OF["bills"], bill)

    def delete_bill(self, row_id: int) -> Response:
        self.need(_OF["bills"])
        updates.delete_bill(self.clio, self.row(_OF["bills"], row_id))
        return Response(status=204)

    def preview(self, row_id: int) -> Response:
        self.need(_OF["bills"])
        bill = self.row(_OF["bills"], row_id)
        if request.headers.get("Accept") and not request.accept_mimetypes.accept_html:
            raise Refusal(406, "InvalidFormatError", "The requested format is not available")
        told = render_template("preview.html", bill=bill, clio=self.clio)
        return Response(told, content_type="text/html; charset=utf-8")

    def patch_line(self, row_id: int) -> Response:
        resource = _OF["line_items"]
        self.need(resource)
        line, data = self.row(resource, row_id), self.sent()
        self.match(resource, line)
        self.asked(resource)
        updates.patch_line(self.clio, line, data)
        return self.one(resource, line)

    def delete_line(self, row_id: int) -> Response:
        self.need(_OF["line_items"])
        updates.delete_line(self.clio, self.row(_OF["line_items"], row_id))
        return Response(status=204)

    def patch_contact(self, row_id: int) -> Response:
        resource = _OF["contacts"]
        self.need(resource)
        contact, data = self.row(resource, row_id), self.sent()
        self.match(resource, contact)
        self.asked(resource)
        contacts.patch_contact(self.clio, contact, data)
        return self.one(resource, contact)

    # --- the rest --------------------------------------------------------------------------------------------------
    def who_am_i(self) -> Response:
        return self.one(_OF["users"], self.user)

    def settings(self) -> Response:
        access.need(g.viewer, ("billing",), "billing")
        firm = self.clio.state.rows["firms"][self.firm]
        return self.one(Resource("", Listing("firms", "BillingSetting"), (), None), firm)

    def currencies(self) -> Response:
        shape = SHAPES["Currency"]
        asked = select(shape, request.args.get("fields"))
        t = self.clio.teller(self.user)
        return self.json(
            {"data": [t.record(shape, currency(t, self.user), asked)], "meta": {"paging": {}, "records": 1}}
        )

    def balances(self) -> Response:
        access.need(g.viewer, ("billing",), "billing")
        shape, t = SHAPES["OutstandingClientBalance"], self.clio.teller(self.user)
        asked = select(shape, request.args.get("fields"))
        rows = outstanding(self.firm, request.args, t)
        return self.json(
            {"data": [t.record(shape, r, asked) for r in rows], "meta": {"paging": {}, "records": len(rows)}}
        )

    def undocumented_payment(self) -> Response:
        """A path that exists and refuses a normal token, as one integrator found (5.2 D)."""
        raise forbidden()

    # --- webhooks --------------------------------------------------------------------------------------------------
    def create_hook(self) -> Response:
        self.need(_OF["webhooks"])
        self.asked(_OF["webhooks"])
        data = self.sent()
        if str(data.get("model")) in ("bill", "3"):
            access.need(g.viewer, ("billing",), "billing")
        hook = hooks.create(self.clio, g.viewer, data)
        return self.one(_OF["webhooks"], hook, 201)

    def patch_hook(self, row_id: int) -> Response:
        self.need(_OF["webhooks"])
        self.asked(_OF["webhooks"])
        hook, data = self.row(_OF["webhooks"], row_id), self.sent()
        self.match(_OF["webhooks"], hook)
        hooks.update(self.clio, hook, data)
        return self.one(_OF["webhooks"], hook)

    def delete_hook(self, row_id: int) -> Response:
        self.need(_OF["webhooks"])
        self.clio.state.drop(self.row(_OF["webhooks"], row_id))
        return Response(status=204)

    def activate_hook(self, row_id: int) -> Response:
        self.need(_OF["webhooks"])
        hook = self.row(_OF["webhooks"], row_id)
        hooks.activate(self.clio, hook, request.headers.get("X-Hook-Secret"))
        return self.one(_OF["webhooks"], hook)


def _http_instant(text: str) -> datetime:
    try:
        at = parsedate_to_datetime(text)
    except ValueError as wrong:
        raise bad_parameter("If-Modified-Since cannot be read") from wrong
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _form() -> dict[str, Any]:
    """``data[name]`` and ``data[name][sub]`` of a form body, as nested objects. Raises TypeError where a name is a text
    and an object at once."""
    body: dict[str, Any] = {}
    for key, value in request.form.items():
        path = [key.partition("[")[0], *re.findall(r"\[([^\]]*)\]", key)]
        at = body
        for step in path[:-1]:
            at = at.setdefault(step, {})
            if not isinstance(at, dict):
                raise TypeError(key)
        at[path[-1]] = value
    return body
