"""Clio Manage over HTTP: authorization, reads, the one write (reference/clio.md). Satisfies ``flow.ports.Clio``.

It holds no state but the last rate headers and which accounts refuse the full selection of fields. It never reads the
environment or a clock of its own, and logs nothing: tokens and clients' names pass through here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import requests

from chalicelib.clio import contact_wire, credit_wire, wire
from chalicelib.clio.faults import FAULT_SECONDS, refuse, said
from chalicelib.clio.matters import Matters
from chalicelib.clio.memos import Memos
from chalicelib.clio.pieces import Params
from chalicelib.clio.pieces import digits as _digits
from chalicelib.clio.pieces import ids as _ids
from chalicelib.clio.pieces import json_of as _json
from chalicelib.clio.pieces import seconds as _seconds
from chalicelib.clio.pieces import since as _since
from chalicelib.clio.subscriptions import Subscriptions
from chalicelib.domain import readings as r
from chalicelib.domain import trust_readings as t
from chalicelib.domain.notes import CreditReading
from chalicelib.domain.profile import Change
from chalicelib.domain.raw import Raw
from chalicelib.errors import Declined, Refused, Unavailable, Unreadable

T = TypeVar("T")

API_VERSION = "4.0.13"  # reference/clio.md 2.5
PAGE_ROWS = 200  # 2.2
LINE_PAGES = 100  # 20,000 lines: beyond it, something is broken
IN_ORDER = ("order", "id(asc)")  # gives the unlimited cursor; some lists default to another order (2.2)


@dataclass(frozen=True, slots=True)
class Region:
    """One region's app: an app exists only where it was registered (reference/clio.md 1). ``base`` has no path but a
    sandbox's prefix: authorization at ``{base}/oauth``, the API at ``{base}/api/v4``."""

    client_id: str
    secret: str = field(repr=False)
    base: str


class ClioClient:
    """``regions`` by lower-case name (us, eu, ca, au). ``clock`` gives UTC. ``remaining``: requests left in the window,
    by account, as the last answer said (X-RateLimit-Remaining)."""

    def __init__(
        self,
        regions: Mapping[str, Region],
        *,
        session: requests.Session,
        clock: Callable[[], datetime],
        connect_seconds: float = 3.0,
        read_seconds: float = 8.0,
    ) -> None:
        self.regions = {name.lower(): region for name, region in regions.items()}
        self.session = session
        self.clock = clock
        self.timeout = (connect_seconds, read_seconds)
        self.remaining: dict[str, int] = {}
        self._least: set[tuple[str, str]] = set()

    # --- authorization (reference/clio.md 1) ------------------------------------------------------------------------
    def authorize_url(self, region: str, state: str, redirect_uri: str) -> str:
        """Where the person goes to say yes; on a no the browser comes back with ``error=access_denied``."""
        app = self._region(region)
        asked = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "redirect_on_decline": "true",
        }
        return f"{app.base}/oauth/authorize?{urlencode(asked)}"

    def exchange(self, region: str, code: str, redirect_uri: str) -> r.Tokens:
        """Raises Declined("invalid_grant") for a used or old code, Declined("invalid_client") in the wrong region."""
        return self._token(region, {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})

    def refresh(self, region: str, refresh_token: str) -> r.Tokens:
        """Raises Declined("invalid_grant") when the grant was revoked: the person must connect again."""
        return self._token(region, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, region: str, token: str) -> None:
        """Ends the grant. A token that is already refused is ended: no error."""
        url = f"{self._region(region).base}/oauth/deauthorize"
        answer = self._send("POST", url, headers={"Authorization": f"Bearer {token}"}, write=True)
        if answer.status_code not in (400, 401, 404):
            refuse(answer, write=True, now=self.clock())

    def _token(self, region: str, form: dict[str, str]) -> r.Tokens:
        app = self._region(region)
        body = {"client_id": app.client_id, "client_secret": app.secret, **form}
        asked_at = self.clock()
        answer = self._send("POST", f"{app.base}/oauth/token", data=body, write=True)
        if answer.status_code in (400, 401, 403):
            code, words = said(answer)
            raise Declined(code or str(answer.status_code), "Clio refused the sign-in", words, answer.status_code)
        refuse(answer, write=True, now=asked_at)
        told = _json(answer)
        return wire.tokens(told, asked_at + timedelta(seconds=_seconds(told.get("expires_in"))))

    # --- who and what may be seen -----------------------------------------------------------------------------------
    def who(self, access: r.Access) -> r.Person:
        return wire.person(self._one(access, "users/who_am_i", wire.PERSON, wire.PERSON_LEAST))

    def may_see(self, access: r.Access) -> dict[str, bool]:
        """One small read of each; 403 (and 404, where a list is hidden) means no (reference/clio.md 1, 2.7)."""
        lists = {
            "bills": "bills",
            "contacts": "contacts",
            "allocations": "allocations",
            "accounts": "bank_accounts",
            "transactions": "bank_transactions",
        }
        return {name: self._may_list(access, path) for name, path in lists.items()}

    def _may_list(self, access: r.Access, path: str) -> bool:
        try:
            self._get(access, self._url(access, path), [("fields", "id"), ("limit", "1")])
        except Declined as no:
            if no.status in (403, 404):
                return False
            raise
        return True

    def currency(self, access: r.Access) -> str:
        """The firm's currency as an ISO code."""
        row = self._one(access, "settings/billing", "currency,currency_sign", "currency")
        code = row.get("currency")
        code = code.get("code") if isinstance(code, dict) else code
        if not isinstance(code, str) or len(code) != 3:
            raise Unreadable("currency", code)
        return code

    # --- bills ------------------------------------------------------------------------------------------------------
    def bills(
        self, access: r.Access, *, updated_since: datetime | None = None, state: str = "", next: str | None = None
    ) -> r.Page[r.BillReading]:
        asked = [IN_ORDER, *_since(updated_since), *([("state", state)] if state else [])]
        return self._page(access, "bills", asked, wire.BILL, wire.BILL_LEAST, wire.bill, next)

    def bills_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[r.BillReading]:
        if not ids:
            return r.Page(())
        asked = [IN_ORDER, *_ids(ids)]
        return self._page(access, "bills", asked, wire.BILL, wire.BILL_LEAST, wire.bill, None)

    def bill(self, access: r.Access, id: str) -> r.BillReading:
        return wire.bill(self._one(access, f"bills/{_digits(id)}", wire.BILL, wire.BILL_LEAST, key="bills"))

    def newest_numbers(self, access: r.Access) -> tuple[str, ...]:
        """The numbers of the 200 bills that were made last, newest first, in one call."""
        asked = [("order", "id(desc)")]
        rows, _ = self._rows(access, "bills", asked, "id,number", "id,number", None)
        return tuple(str(row["number"]) for row in rows if row.get("number"))

    def lines(self, access: r.Access, bill_id: str) -> tuple[r.BillLine, ...]:
        """Without ``order``, which this list does not take (2.2); summary items repeat others and are left out (4)."""
        asked = [("bill_id", bill_id), ("display", "true")]
        rows, next = self._rows(access, "line_items", asked, wire.LINE, wire.LINE_LEAST, None)
        for _ in range(LINE_PAGES):
            if next is None:
                return tuple(wire.line(row) for row in rows if row.get("type") != "SummaryLineItem")
            more, next = self._rows(access, "line_items", [], wire.LINE, wire.LINE_LEAST, next)
            rows = [*rows, *more]
        raise Unreadable("lines", f"more than {LINE_PAGES * PAGE_ROWS}", "The bill has too many lines.")

    def mark_paid(self, access: r.Access, bill_id: str, etag: str) -> None:
        """The guarded form of reference/clio.md 5.2 A: the caller reads before and after."""
        self.write(access, "PATCH", f"bills/{_digits(bill_id)}", {"state": "paid"}, "id,etag,state", {"If-Match": etag})

    def bill_link(self, account: str, bill_id: str) -> str:
        return f"{self._region(account.split('/')[0]).base}/nc/#/bills/{_digits(bill_id)}"

    # --- money that Clio shows --------------------------------------------------------------------------------------
    def receipts(
        self,
        access: r.Access,
        *,
        bill_id: str = "",
        group: str = "",
        updated_since: datetime | None = None,
        next: str | None = None,
    ) -> r.Page[r.Receipt]:
        """``group`` filters by parent id alone, since the words of ``parent_type`` are unknown (5.1): a credit memo of
        the same number may come too; tell by ``kind``."""
        asked = [IN_ORDER, *_since(updated_since)]
        asked += [("bill_id", bill_id)] if bill_id else []
        asked += [("parent_id", group)] if group else []
        return self._page(access, "allocations", asked, wire.RECEIPT, wire.RECEIPT_LEAST, wire.receipt, next)

    def receipts_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[r.Receipt]:
        asked = [IN_ORDER, *_ids(ids)]
        return self._page(access, "allocations", asked, wire.RECEIPT, wire.RECEIPT_LEAST, wire.receipt, None)

    def credits(
        self, access: r.Access, *, updated_since: datetime | None = None, next: str | None = None
    ) -> r.Page[CreditReading]:
        return self._credits(access, [IN_ORDER, *_since(updated_since)], next)

    def credits_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[CreditReading]:
        return self._credits(access, [IN_ORDER, *_ids(ids)], None)

    def _credits(self, access: r.Access, asked: Params, next: str | None) -> r.Page[CreditReading]:
        full, least = credit_wire.CREDIT, credit_wire.CREDIT_LEAST
        return self._page(access, "credit_memos", asked, full, least, credit_wire.credit, next)

    def deposits(
        self, access: r.Access, *, client_id: str = "", updated_since: datetime | None = None, next: str | None = None
    ) -> r.Page[t.Deposit]:
        asked = [IN_ORDER, *_since(updated_since), *([("client_id", client_id)] if client_id else [])]
        return self._page(access, "bank_transactions", asked, wire.DEPOSIT, wire.DEPOSIT_LEAST, wire.deposit, next)

    def deposits_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[t.Deposit]:
        """Up to 200 bank transactions by id in one call; those that are gone are absent."""
        asked = [IN_ORDER, *_ids([_digits(id) for id in ids])]
        return self._page(access, "bank_transactions", asked, wire.DEPOSIT, wire.DEPOSIT_LEAST, wire.deposit, None)

    def deposit(self, access: r.Access, id: str) -> t.Deposit:
        """One bank transaction; Declined("404") when it is gone or not visible."""
        path = f"bank_transactions/{_digits(id)}"
        row = self._one(access, path, wire.DEPOSIT, wire.DEPOSIT_LEAST, key="bank_transactions")
        return wire.deposit(row)

    def transaction_ids(
        self, access: r.Access, account: str, *, next: str | None = None
    ) -> tuple[tuple[tuple[str, str], ...], str | None]:
        """A page of (id, etag) of one bank account's transactions in id order, and the address of the next page."""
        asked = [IN_ORDER, ("bank_account_id", _digits(account))]
        rows, more = self._rows(access, "bank_transactions", asked, "id,etag", "id,etag", next)
        return tuple((str(row["id"]), str(row.get("etag") or "")) for row in rows), more

    def trust_accounts(self, access: r.Access) -> tuple[t.TrustAccount, ...]:
        """The firm's trust bank accounts with their balances. The list's filter has other words than the answer (9.4),
        so the answer is looked at too."""
        asked = [IN_ORDER, ("type", "TrustAccount")]
        rows, _ = self._rows(access, "bank_accounts", asked, wire.ACCOUNT, wire.ACCOUNT_LEAST, None)
        return tuple(wire.trust_account(row) for row in rows if row.get("type") == "Trust")

    # --- clients ----------------------------------------------------------------------------------------------------
    def client(self, access: r.Access, id: str) -> r.ClientReading:
        row = self._one(
            access, f"contacts/{_digits(id)}", contact_wire.CONTACT, contact_wire.CONTACT_LEAST, key="contacts"
        )
        return contact_wire.contact(row)

    def clients(
        self, access: r.Access, *, updated_since: datetime | None = None, next: str | None = None
    ) -> r.Page[r.ClientReading]:
        return self._contacts(access, [IN_ORDER, *_since(updated_since)], next)

    def clients_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[r.ClientReading]:
        return self._contacts(access, [IN_ORDER, *_ids(ids)], None) if ids else r.Page(())

    def _contacts(self, access: r.Access, asked: Params, next: str | None) -> r.Page[r.ClientReading]:
        full, least = contact_wire.CONTACT, contact_wire.CONTACT_LEAST
        return self._page(access, "contacts", asked, full, least, contact_wire.contact, next)

    def change_client(self, access: r.Access, reading: r.ClientReading, changes: Sequence[Change]) -> None:
        """PATCH with If-Match: the caller reads before and after. Declined("412") when the contact moved."""
        body, where = contact_wire.patch(reading, changes), f"contacts/{_digits(reading.id)}"
        self.write(access, "PATCH", where, body, "id,etag", {"If-Match": reading.etag})

    def contact_link(self, account: str, id: str) -> str:
        return f"{self._region(account.split('/')[0]).base}/nc/#/contacts/{_digits(id)}"

    @cached_property
    def memos(self) -> Memos:
        return Memos(self)

    @cached_property
    def matters(self) -> Matters:
        return Matters(self)

    # --- webhooks ---------------------------------------------------------------------------------------------------
    @cached_property
    def hooks(self) -> Subscriptions:
        return Subscriptions(self)

    # --- writing ----------------------------------------------------------------------------------------------------
    def write(
        self,
        access: r.Access,
        method: str,
        path: str,
        body: Raw | None,
        fields: str,
        headers: Mapping[str, str] | None = None,
    ) -> Raw:
        """One write; gives the record as it then is, empty where Clio answers without a body. There is no key against
        repeats (2.7): after Unavailable(maybe_done) the caller reads what came of it."""
        sent = {**self._headers(access), "Content-Type": "application/json", **(headers or {})}
        answer = self._send(
            method,
            self._url(access, path),
            params=[("fields", fields)] if fields else [],
            data=None if body is None else json.dumps({"data": body}),
            headers=sent,
            write=True,
        )
        self._note(access, answer)
        refuse(answer, write=True, now=self.clock())
        told = _json(answer).get("data") if answer.content else None
        return told if isinstance(told, dict) else {}

    # --- reading ----------------------------------------------------------------------------------------------------
    def _page(
        self,
        access: r.Access,
        path: str,
        asked: Params,
        fields: str,
        least: str,
        read: Callable[[Raw], T],
        next: str | None,
    ) -> r.Page[T]:
        rows, more = self._rows(access, path, asked, fields, least, next)
        return r.Page(wire.rows_or_broken(rows, read), more)

    def _rows(
        self, access: r.Access, path: str, asked: Params, fields: str, least: str, next: str | None
    ) -> tuple[list[Raw], str | None]:
        """One page's rows and the address of the next; ``next`` is an address that an earlier page gave."""
        if next is not None:
            told = self._get(access, self._own(access, next), [])
        else:
            told = self._selected(access, path, path, [*asked, ("limit", str(PAGE_ROWS))], fields, least)
        rows = told.get("data")
        if not isinstance(rows, list):
            raise Unreadable("data", type(rows).__name__)
        more = ((told.get("meta") or {}).get("paging") or {}).get("next")
        return rows, self._own(access, more) if more else None

    def one(self, access: r.Access, path: str, fields: str) -> Raw:
        return self._one(access, path, fields, fields)

    def _one(self, access: r.Access, path: str, fields: str, least: str, *, key: str = "") -> Raw:
        row = self._selected(access, path, key or path, [], fields, least).get("data")
        if not isinstance(row, dict):
            raise Unreadable("data", type(row).__name__)
        return row

    def _selected(self, access: r.Access, path: str, key: str, asked: Params, fields: str, least: str) -> Raw:
        """With the full selection; where the account refuses one of its names, once more with the least one."""
        url, known = self._url(access, path), (access.account, key)
        if known not in self._least:
            try:
                return self._get(access, url, [*asked, ("fields", fields)])
            except Declined as no:
                if no.status != 400 or "field" not in f"{no.detail} {no.message}".lower() or fields == least:
                    raise
        told = self._get(access, url, [*asked, ("fields", least)])
        self._least.add(known)
        return told

    def _get(self, access: r.Access, url: str, params: Params) -> Raw:
        answer = self._send("GET", url, params=params, headers=self._headers(access))
        self._note(access, answer)
        refuse(answer, write=False, now=self.clock())
        return _json(answer)

    def _own(self, access: r.Access, url: str) -> str:
        """A ``next`` address, if it is Clio's own: a token goes nowhere else (2.2)."""
        base, there = urlsplit(self._api(access)), urlsplit(url)
        if (there.scheme, there.netloc) != (base.scheme, base.netloc) or not there.path.startswith(base.path + "/"):
            raise Unreadable("next", f"{there.scheme}://{there.netloc}", "Clio's next page lies on another host.")
        if "/../" in there.path or there.username:
            raise Unreadable("next", there.path)
        return url

    def _note(self, access: r.Access, answer: requests.Response) -> None:
        left = answer.headers.get("X-RateLimit-Remaining", "")
        if left.isdigit():
            self.remaining[access.account] = int(left)

    # --- HTTP -------------------------------------------------------------------------------------------------------
    def _send(self, method: str, url: str, *, write: bool = False, **what: Any) -> requests.Response:
        try:
            return self.session.request(method, url, timeout=self.timeout, allow_redirects=False, **what)
        except requests.ConnectTimeout as late:
            raise Unavailable("Clio does not answer", after=FAULT_SECONDS) from late
        except requests.RequestException as lost:
            raise Unavailable("Clio's answer was lost", after=FAULT_SECONDS, maybe_done=write) from lost

    def _headers(self, access: r.Access) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {access.token}",
            "Accept": "application/json",
            "X-API-VERSION": API_VERSION,
        }

    def _region(self, region: str) -> Region:
        if region.lower() not in self.regions:
            raise Refused(f"Clio's region {region!r} is not set up here. Choose another one.")
        return self.regions[region.lower()]

    def _api(self, access: r.Access) -> str:
        return f"{self._region(access.account.split('/')[0]).base}/api/v4"

    def _url(self, access: r.Access, path: str) -> str:
        return f"{self._api(access)}/{path}.json"
