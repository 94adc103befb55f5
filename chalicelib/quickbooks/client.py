"""QuickBooks Online over HTTP: authorization, queries, change data capture, batches (reference/quickbooks.md).

Satisfies ``flow.ports.QuickBooks``. Logs nothing. It never refreshes a token by itself: two refreshers at once can cost
the firm its connection (1.5), so whoever holds the tokens does it, one at a time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests

from chalicelib.domain import readings as r
from chalicelib.domain import trust_readings as t
from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.kernel import Json
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.raw import Raw
from chalicelib.domain.wanted import Wanted
from chalicelib.errors import Declined, Unavailable, Unreadable
from chalicelib.quickbooks import customer_wire, faults, queries, trust_wire, wants, wire
from chalicelib.quickbooks.parts import object_of
from chalicelib.quickbooks.queries import ANY, MAX_ROWS

SCOPE = "com.intuit.quickbooks.accounting"
MINOR_VERSION = "75"  # 2.2
REQUEST_ID_LENGTH = 36  # for a batch (2.3)


class QuickBooksClient:
    """``api_base`` has no slash at the end. ``clock`` gives UTC. A batch may take QuickBooks long: it has a read
    time-out of its own."""

    def __init__(
        self,
        *,
        client_id: str,
        secret: str,
        api_base: str,
        authorize_url: str,
        token_url: str,
        revoke_url: str,
        session: requests.Session,
        clock: Callable[[], datetime],
        connect_seconds: float = 3.0,
        read_seconds: float = 8.0,
        batch_read_seconds: float = 60.0,
    ) -> None:
        self.client_id = client_id
        self._secret = secret
        self.api_base = api_base.rstrip("/")
        self.authorize_at = authorize_url
        self.token_at = token_url
        self.revoke_at = revoke_url
        self.session = session
        self.clock = clock
        self.timeout = (connect_seconds, read_seconds)
        self.batch_timeout = (connect_seconds, batch_read_seconds)

    # --- authorization (reference/quickbooks.md 1) ------------------------------------------------------------------
    def authorize_url(self, state: str, redirect_uri: str) -> str:
        """Where the person goes to say yes; the browser comes back with ``code``, ``state`` and ``realmId``."""
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self.authorize_at}?{urlencode(asked)}"

    def exchange(self, code: str, redirect_uri: str) -> r.Tokens:
        return self._token({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})

    def refresh(self, refresh_token: str) -> r.Tokens:
        """Raises Declined("invalid_grant") when the token is dead: re-read the stored one first, another worker may
        have rotated it. A lost answer is Unavailable(maybe_done=True): the token may have been rotated (1.4)."""
        return self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, refresh_token: str) -> None:
        """Ends the grant; 400 means that it had ended (1.2)."""
        body = json.dumps({"token": refresh_token})
        headers = {**self._basic(), "Content-Type": "application/json"}
        answer = self._send("POST", self.revoke_at, self.timeout, data=body, headers=headers, write=True)
        if answer.status_code != 400:
            self._checked(answer, firm="", write=True, empty_is_fine=True)

    def _token(self, form: dict[str, str]) -> r.Tokens:
        asked_at = self.clock()
        answer = self._send("POST", self.token_at, self.timeout, data=form, headers=self._basic(), write=True)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise faults.error(answer.status_code, None, firm="", write=True, after=_after(answer), tid=_tid(answer))
        told = object_of(answer.content)
        if answer.status_code != 200:
            code = str((told or {}).get("error") or answer.status_code)
            words = str((told or {}).get("error_description") or "")
            raise Declined(code, "QuickBooks refused the sign-in", words, answer.status_code)
        return _tokens(told, asked_at)

    def _basic(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self.client_id}:{self._secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}", "Accept": "application/json"}

    # --- the company ------------------------------------------------------------------------------------------------
    def books(self, access: r.Access, *, whole: bool = False) -> r.Books:
        """One batch of four queries (2.6), with 1000 accounts and 1000 items at most; ``whole``: all of them, by more
        queries where there are more."""
        told = self._queries(
            access,
            {
                "company": "select * from CompanyInfo",
                "prefs": "select * from Preferences",
                "accounts": queries.page("Account", ANY),
                "items": queries.page("Item", "Active = true"),
            },
        )
        company, prefs = wire.rows(told["company"], "CompanyInfo"), wire.rows(told["prefs"], "Preferences")
        if not company or not prefs:
            raise Unreadable("CompanyInfo", f"{len(company)} companies, {len(prefs)} preferences")
        accounts, items = wire.rows(told["accounts"], "Account"), wire.rows(told["items"], "Item")
        if whole:
            accounts = self._all(access, "Account", ANY, accounts)
            items = self._all(access, "Item", "Active = true", items)
        return wire.books(company[0], prefs[0], accounts, items)

    def _all(self, access: r.Access, entity: str, where: str, first: list[Raw]) -> list[Raw]:
        """The rows of the first page and of those after it."""
        found, page = list(first), first
        while len(page) == MAX_ROWS:
            query = queries.page(entity, where, len(found) + 1)
            page = wire.rows(self._read(access, "query", {"query": query}), entity)
            found += page
        return found

    def numbers(
        self, access: r.Access, since: datetime | None, start: int = 1, of: Mapping[str, Sequence[str]] | None = None
    ) -> r.DocNumbers:
        """Numbers of every kind of document that shares them (3.3), a page of 1000 of each, in one batch. With
        ``since`` only of documents changed since; with ``of`` only of these, ids by kind."""
        stamp = wire.quoted(since.astimezone(UTC).isoformat(timespec="seconds")) if since else ""
        changed = dict.fromkeys(wire.NUMBERED, f"where MetaData.LastUpdatedTime >= {stamp}" if since else "")
        where = {entity: f"where Id in {wire.among(ids)}" for entity, ids in of.items()} if of else changed
        place = f"orderby Id startposition {start} maxresults {MAX_ROWS}"
        told, answers = self._asked(access, {e: f"select Id, DocNumber from {e} {where[e]} {place}" for e in where})  # noqa: S608
        return wire.numbers(answers, told, MAX_ROWS)

    def other_numbers(self, access: r.Access, start: int = 1) -> r.DocNumbers:
        """As ``numbers``, of every kind but invoices."""
        place = f"orderby Id startposition {start} maxresults {MAX_ROWS}"
        asked = {e: f"select Id, DocNumber from {e} {place}" for e in wire.NUMBERED if e != "Invoice"}  # noqa: S608
        told, answers = self._asked(access, asked)
        return wire.numbers(answers, told, MAX_ROWS)

    # --- customers --------------------------------------------------------------------------------------------------
    def customers_named(self, access: r.Access, names: Sequence[str]) -> list[r.CustomerReading]:
        """Inactive ones are found under "name (deleted)" too, and given under their own name (4.1)."""
        if not names:
            return []
        where = f"DisplayName in {wire.among(wire.spellings(names))} and {ANY}"
        found = [customer_wire.customer(row) for row in self._query(access, "Customer", where)]
        wanted = {name.casefold() for name in names}
        return [c for c in found if c.name.casefold() in wanted]

    def customers(self, access: r.Access, start: int, size: int) -> list[r.CustomerReading]:
        told = self._read(access, "query", {"query": queries.page("Customer", "Active = true", start, size=size)})
        return [customer_wire.customer(row) for row in wire.rows(told, "Customer")]

    def names_held(self, access: r.Access, start: int = 1) -> tuple[dict[str, str], bool]:
        """A page of 1000 of each list that shares names with active customers (4.1), in one batch."""
        asked = {
            holder: queries.page(*where, start, "Id, DisplayName") for holder, where in customer_wire.HOLDERS.items()
        }
        return customer_wire.names_held(self._queries(access, asked), MAX_ROWS)

    def customers_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.CustomerReading]:
        return [customer_wire.customer(row) for row in self._by_id(access, "Customer", ids, f" and {ANY}")]

    def names_taken(self, access: r.Access, names: Sequence[str]) -> dict[str, str]:
        """A display name is unique over customers, vendors and employees, also inactive ones (4.1)."""
        if not names:
            return {}
        where = f"DisplayName in {wire.among(wire.spellings(names))} and {ANY}"
        kinds = {"vendor": "Vendor", "employee": "Employee"}
        asked = {kind: queries.select(entity, where) for kind, entity in kinds.items()}
        told = self._queries(access, asked)
        holders = {
            customer_wire.customer(row).name.casefold(): kind
            for kind, entity in kinds.items()
            for row in wire.rows(told[kind], entity)
        }
        return {name: holders[name.casefold()] for name in names if name.casefold() in holders}

    # --- invoices and payments --------------------------------------------------------------------------------------
    def invoices_numbered(self, access: r.Access, numbers: Sequence[str]) -> list[r.InvoiceReading]:
        if not numbers:
            return []
        return [wire.invoice(row) for row in self._query(access, "Invoice", f"DocNumber in {wire.among(numbers)}")]

    def invoices_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.InvoiceReading]:
        return [wire.invoice(row) for row in self._by_id(access, "Invoice", ids)]

    def invoices_compared(self, access: r.Access, ids: Sequence[str]) -> list[r.InvoiceReading]:
        asked = queries.by_id("Invoice", ids, what=queries.COMPARED)
        return [wire.invoice(row) for row in self._rows(access, "Invoice", asked)]

    def payments_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.BookedPayment]:
        return [wire.payment(row) for row in self._by_id(access, "Payment", ids)]

    def payments_on(self, access: r.Access, customer: str, on: date) -> list[r.BookedPayment]:
        where = f"CustomerRef = {wire.quoted(customer)} and TxnDate = {wire.quoted(on.isoformat())}"
        return [wire.payment(row) for row in self._query(access, "Payment", where)]

    # --- trust: journal entries and accounts (4.7, 4.2) ---------------------------------------------------------------
    def journals_numbered(self, access: r.Access, numbers: Sequence[str]) -> list[t.JournalReading]:
        if not numbers:
            return []
        where = f"DocNumber in {wire.among(numbers)}"
        return [trust_wire.journal(row) for row in self._query(access, "JournalEntry", where)]

    def journals_by_id(self, access: r.Access, ids: Sequence[str]) -> list[t.JournalReading]:
        return [trust_wire.journal(row) for row in self._by_id(access, "JournalEntry", ids)]

    def accounts_named(self, access: r.Access, names: Sequence[str]) -> list[r.Account]:
        if not names:
            return []
        where = f"Name in {wire.among(wire.spellings(names))} and {ANY}"
        return [trust_wire.account(row) for row in self._query(access, "Account", where)]

    def accounts_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.Account]:
        return [trust_wire.account(row) for row in self._by_id(access, "Account", ids, f" and {ANY}")]

    # --- credits (4.4) ------------------------------------------------------------------------------------------------
    def memos_numbered(self, access: r.Access, numbers: Sequence[str]) -> list[MemoReading]:
        if not numbers:
            return []
        return [wire.memo(row) for row in self._query(access, "CreditMemo", f"DocNumber in {wire.among(numbers)}")]

    def memos_by_id(self, access: r.Access, ids: Sequence[str]) -> list[MemoReading]:
        return [wire.memo(row) for row in self._by_id(access, "CreditMemo", ids)]

    def applies_credits(self, access: r.Access) -> bool | None:
        """The company's ``AutoApplyCredit`` (4.8)."""
        told = self._read(access, "query", {"query": "select * from Preferences"})
        found = wire.rows(told, "Preferences")
        return wire.applies_credits(found[0]) if found else None

    def is_deleted(self, access: r.Access, entity: str, id: str) -> bool:
        """Whether QuickBooks itself says that there is no such transaction any more (610, or its 404: 2.9, 3.6)."""
        try:
            self._read(access, f"{entity.lower()}/{id}", {})
        except Declined as no:
            if no.code == "610" or no.status == 404:
                return True
            raise
        return False

    def changes(self, access: r.Access, since: datetime, entity: str = "") -> BookChanges:
        """Of all kinds or of one. At most 30 days back; older is Declined by QuickBooks (2.7)."""
        asked = {
            "entities": entity or "Invoice,Payment,Customer,JournalEntry,CreditMemo",
            "changedSince": since.astimezone(UTC).isoformat(timespec="seconds"),
        }
        return wire.changes(self._read(access, "cdc", asked))

    def changed(self, access: r.Access, entity: str, since: datetime) -> BookChanges:
        """All living objects of one kind that changed since then, page by page, for when change data capture, which has
        no pages, is cut off. By id (2.5): in the order of their changes, one that changes meanwhile would move another
        from the next page to the one that was read."""
        at = wire.quoted(since.astimezone(UTC).isoformat(timespec="seconds"))
        where = f"MetaData.LastUpdatedTime >= {at}{f' and {ANY}' if entity == 'Customer' else ''}"
        asked_at = self.clock()
        rows: list[Raw] = []
        while True:
            query = (
                f"select * from {entity} where {where} orderby Id "  # noqa: S608 - QuickBooks' own
                f"startposition {len(rows) + 1} maxresults {MAX_ROWS}"
            )
            page = wire.rows(self._read(access, "query", {"query": query}), entity)
            rows += page
            if len(page) < MAX_ROWS:
                return wire.changed(entity, rows, asked_at)

    # --- writes -----------------------------------------------------------------------------------------------------
    def request(self, members: Sequence[tuple[str, Wanted]]) -> Json:
        return {"body": wants.batch(members)}

    def send(self, access: r.Access, request: Json, request_id: str) -> dict[str, r.Wrote]:
        """The stored text goes out byte for byte. A body that cannot be read may have been carried out."""
        if not 0 < len(request_id) <= REQUEST_ID_LENGTH:
            raise ValueError(f"a batch's request id has 1 to {REQUEST_ID_LENGTH} characters")
        told = self._batch(access, str(request["body"]), request_id=request_id, write=True)
        try:
            return wire.outcomes(told, faults.fault_of)
        except Unreadable as bad:
            raise Unavailable("QuickBooks' answer cannot be read", maybe_done=True) from bad

    # --- reading ----------------------------------------------------------------------------------------------------
    def _query(self, access: r.Access, entity: str, where: str) -> list[Raw]:
        return wire.rows(self._read(access, "query", {"query": queries.select(entity, where)}), entity)

    def _by_id(self, access: r.Access, entity: str, ids: Sequence[str], more: str = "") -> list[Raw]:
        return self._rows(access, entity, queries.by_id(entity, ids, more))

    def _rows(self, access: r.Access, entity: str, asked: Sequence[str]) -> list[Raw]:
        """The rows of these queries: of one by itself, of more in one batch, which is one call too (2.6)."""
        if len(asked) < 2:
            return [row for query in asked for row in wire.rows(self._read(access, "query", {"query": query}), entity)]
        told = self._queries(access, {str(n): query for n, query in enumerate(asked)})
        return [row for answer in told.values() for row in wire.rows(answer, entity)]

    def _queries(self, access: r.Access, asked: dict[str, str]) -> dict[str, Raw]:
        """Several queries in one batch; the first that fails is raised."""
        return self._asked(access, asked)[1]

    def _asked(self, access: r.Access, asked: dict[str, str]) -> tuple[Raw, dict[str, Raw]]:
        """The batch's whole answer, and each query's part of it."""
        members = [{"bId": bid, "Query": query} for bid, query in asked.items()]
        told = self._batch(access, wants.text_of({"BatchItemRequest": members}), write=False)
        answers = {str(item.get("bId")): item for item in told.get("BatchItemResponse") or []}
        for bid in asked:
            if bid not in answers:
                raise Unreadable("BatchItemResponse", f"{bid} is missing")
            fault = faults.fault_of(answers[bid])
            if fault:
                raise faults.error(400, fault, firm=access.firm, write=False, after=None, tid="")
        return told, answers

    def _batch(self, access: r.Access, body: str, *, request_id: str = "", write: bool) -> Raw:
        headers = {**self._headers(access), "Content-Type": "application/json"}
        params = {"minorversion": MINOR_VERSION, **({"requestid": request_id} if request_id else {})}
        url, data = self._url(access, "batch"), body.encode()
        answer = self._send("POST", url, self.batch_timeout, params=params, data=data, headers=headers, write=write)
        return self._checked(answer, firm=access.firm, write=write)

    def _read(self, access: r.Access, path: str, params: dict[str, str]) -> Raw:
        asked = {**params, "minorversion": MINOR_VERSION}
        url = self._url(access, path)
        answer = self._send("GET", url, self.timeout, params=asked, headers=self._headers(access), write=False)
        return self._checked(answer, firm=access.firm, write=False)

    # --- HTTP -------------------------------------------------------------------------------------------------------
    def _send(
        self, method: str, url: str, timeout: tuple[float, float], *, write: bool, **what: Any
    ) -> requests.Response:
        try:
            return self.session.request(method, url, timeout=timeout, allow_redirects=False, **what)
        except requests.ConnectTimeout as late:
            raise Unavailable("QuickBooks does not answer") from late
        except requests.RequestException as lost:
            raise Unavailable("QuickBooks' answer was lost", maybe_done=write) from lost

    def _checked(self, answer: requests.Response, *, firm: str, write: bool, empty_is_fine: bool = False) -> Raw:
        """The body, if it is a success: a Fault can come with 200 too (2.9)."""
        told = object_of(answer.content)
        fault = faults.fault_of(told) if told is not None else faults.fault_in(answer.text)
        if fault is not None or not 200 <= answer.status_code < 300:
            status, after = answer.status_code, _after(answer)
            raise faults.error(status, fault, firm=firm, write=write, after=after, tid=_tid(answer))
        if told is None and not empty_is_fine:
            if write:
                raise Unavailable("QuickBooks' answer cannot be read", maybe_done=True)
            raise Unreadable("answer", answer.headers.get("Content-Type", "no content type"))
        return told or {}

    def _headers(self, access: r.Access) -> dict[str, str]:
        return {"Authorization": f"Bearer {access.token}", "Accept": "application/json"}

    def _url(self, access: r.Access, path: str) -> str:
        if not access.account.isdigit():
            raise ValueError("a realm id is a number")
        return f"{self.api_base}/v3/company/{access.account}/{path}"


def _after(answer: requests.Response) -> float | None:
    after = answer.headers.get("Retry-After", "")
    return max(float(after), 1.0) if after.isdigit() else None


def _tid(answer: requests.Response) -> str:
    return str(answer.headers.get("intuit_tid", ""))


def _tokens(told: Raw | None, asked_at: datetime) -> r.Tokens:
    """The newest refresh token counts, whatever its value (1.3)."""
    if not told or not told.get("access_token") or not told.get("refresh_token"):
        # The old refresh token may be dead by now: this counts as a lost answer, not as an unreadable one.
        raise Unavailable("QuickBooks' token answer cannot be read", maybe_done=True)
    return r.Tokens(
        access=str(told["access_token"]),
        refresh=str(told["refresh_token"]),
        expires_at=asked_at + timedelta(seconds=int(told.get("expires_in") or 3600)),
        refresh_expires_at=asked_at + timedelta(seconds=int(told.get("x_refresh_token_expires_in") or 8_640_000)),
    )
