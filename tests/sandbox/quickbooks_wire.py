"""An app that talks raw HTTP to the QuickBooks sandbox in process; what the sandbox's tests share.

It knows nothing of chalicelib: the wire is the only thing tested.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from infra.sandbox.kit import ManualClock, Wire
from infra.sandbox.quickbooks import REALM_A, QuickBooksSandbox, seed

BASE = "http://sandbox.test/quickbooks"
CLIENT, SECRET, BACK = "app-1", "app-1-secret", "https://app.test/quickbooks/back"
SCOPE = "com.intuit.quickbooks.accounting"
JSON = {"Accept": "application/json"}


class App:
    """Connected to one company. ``clock``, ``box`` and ``people`` are the sandbox's own."""

    def __init__(self, realm: str = REALM_A, **switches: Any) -> None:
        self.clock = ManualClock()
        clients = {CLIENT: (SECRET, [BACK]), "app-2": ("app-2-secret", [BACK])}
        self.box = QuickBooksSandbox(self.clock, clients=clients, verifier_token="verify-me")
        seed(self.box)
        self.box.switches = {"ignore_limits": True, **switches}
        self.people = self.box.people
        self.http = requests.Session()
        self.http.mount(BASE, Wire(self.box, BASE))
        self.realm = realm
        self.tokens = self.connect(realm)

    # --- connecting ------------------------------------------------------------------------------------------------
    def authorize_url(self, **changes: str) -> str:
        args = {"client_id": CLIENT, "redirect_uri": BACK, "response_type": "code", "scope": SCOPE, "state": "s-1"}
        return f"{BASE}/connect/oauth2?" + urlencode({k: v for k, v in {**args, **changes}.items() if v})

    def consent(self, realm: str, **form: str) -> dict[str, str]:
        """What comes back to the app's redirect address."""
        args = parse_qs(urlsplit(self.authorize_url()).query)
        sent = {**{k: v[0] for k, v in args.items()}, "realm": realm, "action": "connect", **form}
        answer = self.http.post(f"{BASE}/connect/oauth2", data=sent, allow_redirects=False)
        assert answer.status_code == 302
        return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def token(self, client: str = CLIENT, secret: str = SECRET, **form: str) -> requests.Response:
        hard = {"x-include-refresh-token-hard-expires-in": "true"}
        url = f"{BASE}/oauth2/v1/tokens/bearer"
        return self.http.post(url, data=form, auth=(client, secret), headers={**JSON, **hard})

    def connect(self, realm: str) -> dict[str, Any]:
        code = self.consent(realm)["code"]
        tokens: dict[str, Any] = self.token(grant_type="authorization_code", code=code, redirect_uri=BACK).json()
        return tokens

    def refresh(self, value: str = "") -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=value or self.tokens["refresh_token"])

    # --- the API ---------------------------------------------------------------------------------------------------
    def call(self, method: str, path: str, *, realm: str = "", body: Any = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}", **JSON, **more.pop("headers", {})}
        data = None
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        params = {"minorversion": "75", **more}
        url = f"{BASE}/v3/company/{realm or self.realm}/{path}"
        return self.http.request(method, url, params=params, data=data, headers=headers)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        return self.call("POST", path, body=body, **more)

    def query(self, statement: str) -> requests.Response:
        return self.get("query", query=statement)

    def rows(self, statement: str) -> dict[str, Any]:
        found: dict[str, Any] = good(self.query(statement))["QueryResponse"]
        return found

    def batch(self, *members: Any, **more: Any) -> requests.Response:
        return self.post("batch", {"BatchItemRequest": list(members)}, **more)

    def made(self, entity: str, body: Any, **more: Any) -> dict[str, Any]:
        """The object that a create or update answered."""
        found: dict[str, Any] = good(self.post(entity.lower(), body, **more))[entity]
        return found

    def read(self, entity: str, ident: str) -> dict[str, Any]:
        found: dict[str, Any] = good(self.get(f"{entity.lower()}/{ident}"))[entity]
        return found

    # --- ready-made ------------------------------------------------------------------------------------------------
    def id_of(self, entity: str, **wanted: str) -> str:
        return str(self.people.find(self.realm, entity, **wanted)[0]["Id"])

    def account(self, name: str) -> str:
        return self.id_of("Account", Name=name)

    def customer(self, name: str = "Ada Example") -> str:
        return self.id_of("Customer", DisplayName=name)

    def item(self, name: str = "Legal services") -> str:
        return self.id_of("Item", Name=name)

    def invoice_body(self, amount: Any = 100, **changes: Any) -> dict[str, Any]:
        """A good invoice for Ada Example; a change of None leaves the property out."""
        line = self.line(amount)
        body = {"CustomerRef": {"value": self.customer()}, "TxnDate": "2026-03-01", "Line": [line], **changes}
        return {k: v for k, v in body.items() if v is not None}

    def line(self, amount: Any = 100, **detail: Any) -> dict[str, Any]:
        kind = {"ItemRef": {"value": self.item()}, **detail}
        return {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": kind}

    def discount(self, **detail: Any) -> dict[str, Any]:
        amount = {"Amount": detail.pop("Amount")} if "Amount" in detail else {}
        return {"DetailType": "DiscountLineDetail", **amount, "DiscountLineDetail": detail}

    def invoice(self, amount: Any = 100, **changes: Any) -> dict[str, Any]:
        return self.made("Invoice", self.invoice_body(amount, **changes))

    def payment_body(self, amount: Any, *lines: tuple[str, str, Any], **changes: Any) -> dict[str, Any]:
        """``lines``: (type, id, amount)."""
        linked = [{"Amount": a, "LinkedTxn": [{"TxnId": i, "TxnType": t}]} for t, i, a in lines]
        body = {"TotalAmt": amount, "Line": linked, **changes}
        if "CustomerRef" not in changes:
            body["CustomerRef"] = {"value": self.customer()}
        return {k: v for k, v in body.items() if v is not None}

    def payment(self, amount: Any, *lines: tuple[str, str, Any], **changes: Any) -> dict[str, Any]:
        return self.made("Payment", self.payment_body(amount, *lines, **changes))


def good(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert "Fault" not in body, answer.text
    return body


def code(answer: requests.Response) -> str:
    """The code of the first error, in either spelling."""
    body = answer.json()
    if "fault" in body:
        return str(body["fault"]["error"][0]["code"])
    return str(body["Fault"]["Error"][0]["code"])


def stamp(obj: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The names of an object's present version, as an update needs them."""
    return {"Id": obj["Id"], "SyncToken": obj["SyncToken"], **changes}
