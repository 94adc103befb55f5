"""What the sandbox remembers: companies with their objects and the indexes over them. Plain, picklable, no rules.

An object that is stored is never changed in place: a change stores a new dict. So an answer, a replay or a query taken
before a batch keeps showing what it showed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

Obj = dict[str, Any]
Key = tuple[str, str]
"""An entity's name and an id: ids are unique only within a family of entities, as in QuickBooks."""

PACIFIC = timezone(timedelta(hours=-7))
"""The server's zone in stamps (no daylight saving here); the server date decides a missing TxnDate (3.2)."""

NAMES = ("Customer", "Vendor", "Employee")
SALES = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Estimate")
TRANSACTIONS = (*SALES, "Payment", "JournalEntry", "Deposit")
ENTITIES = (*NAMES, "Item", "Account", "PaymentMethod", "Term", *TRANSACTIONS)
LISTS = tuple(e for e in ENTITIES if e not in TRANSACTIONS)
NUMBERED = (*SALES, "JournalEntry")
FAMILY = {**dict.fromkeys(NAMES, "name"), **dict.fromkeys(TRANSACTIONS, "transaction")}
FIRST_ID = {"name": 57, "transaction": 145, "Item": 1, "Account": 1}
SUFFIX = " (deleted)"
NONE = Decimal("0.00")


def stamp(at: datetime) -> str:
    """``MetaData`` times: whole seconds with an offset."""
    return at.astimezone(PACIFIC).isoformat(timespec="seconds")


def server_day(at: datetime) -> date:
    return at.astimezone(PACIFIC).date()


@dataclass
class Kept:
    """The first answer to a ``requestid``: HTTP status, payload, the body that was sent, when (UTC)."""

    status: int
    payload: Obj
    body: bytes
    at: datetime


@dataclass
class Company:
    """One company file (realm)."""

    realm: str
    name: str
    legal_name: str = ""
    email: str = ""
    zone: str = "America/New_York"
    preferences: Obj = field(default_factory=dict)
    tables: dict[str, dict[str, Obj]] = field(default_factory=lambda: {e: {} for e in ENTITIES})
    last_id: dict[str, int] = field(default_factory=dict)
    names: dict[str, dict[str, Key]] = field(default_factory=dict)
    """A name without regard to case -> as it is written -> whose it is; inactive ones by their own name."""
    numbers: dict[str, list[Key]] = field(default_factory=dict)
    of_customer: dict[Key, dict[str, None]] = field(default_factory=dict)
    """(entity, customer id) -> ids, for look-ups by customer."""
    applied: dict[Key, dict[str, Decimal]] = field(default_factory=dict)
    """Invoice or credit memo -> payment id -> amount applied."""
    deposited: dict[str, str] = field(default_factory=dict)
    """Payment id -> deposit id."""
    changed: dict[Key, datetime] = field(default_factory=dict)
    """Last change of each object, in the order of the changes; deleted ones stay."""
    account_sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Account id -> debits less credits."""
    owed: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Customer id -> open balance."""
    answers: dict[str, Kept] = field(default_factory=dict)
    lapsed: bool = False
    """The subscription ended: writes are refused with 6190."""

    def new_id(self, entity: str) -> str:
        family = FAMILY.get(entity, entity)
        self.last_id[family] = self.last_id.get(family, FIRST_ID.get(family, 1) - 1) + 1
        return str(self.last_id[family])

    def get(self, entity: str, ident: str) -> Obj | None:
        return self.tables[entity].get(ident)

    def all(self, entity: str) -> Iterable[Obj]:
        return self.tables[entity].values()

    def put(self, entity: str, obj: Obj, at: datetime) -> None:
        """Stores ``obj`` in place of the one with its id and moves every index along."""
        old = self.tables[entity].get(obj["Id"])
        if old is not None:
            self._unindex(entity, old)
        self.tables[entity][obj["Id"]] = obj
        self._index(entity, obj)
        self._touch((entity, obj["Id"]), at)

    def remove(self, entity: str, ident: str, at: datetime) -> None:
        self._unindex(entity, self.tables[entity].pop(ident))
        self._touch((entity, ident), at)

    def _touch(self, key: Key, at: datetime) -> None:
        self.changed.pop(key, None)
        self.changed[key] = at

    def changed_since(self, since: datetime) -> Iterator[tuple[Key, datetime]]:
        """Newest first."""
        for key in reversed(self.changed):
            at = self.changed[key]
            if at < since:
                return
            yield key, at

    def _index(self, entity: str, obj: Obj) -> None:
        key = (entity, obj["Id"])
        if entity in NAMES:
            self.names.setdefault(own_name(obj).casefold(), {})[own_name(obj)] = key
        if entity in NUMBERED and obj.get("DocNumber"):
            self.numbers.setdefault(obj["DocNumber"], []).append(key)
        if "CustomerRef" in obj:
            self.of_customer.setdefault((entity, obj["CustomerRef"]["value"]), {})[obj["Id"]] = None
        self._post(entity, obj, 1)

    def _unindex(self, entity: str, obj: Obj) -> None:
        key = (entity, obj["Id"])
        if entity in NAMES:
            self.names[own_name(obj).casefold()].pop(own_name(obj), None)
        if entity in NUMBERED and obj.get("DocNumber"):
            self.numbers[obj["DocNumber"]].remove(key)
        if "CustomerRef" in obj:
            self.of_customer[(entity, obj["CustomerRef"]["value"])].pop(obj["Id"], None)
        self._post(entity, obj, -1)

    def _post(self, entity: str, obj: Obj, sign: int) -> None:
        for account, amount in postings(self, entity, obj):
            self.account_sums[account] += sign * amount
        change = owed_change(entity, obj)
        if change:
            self.owed[obj["CustomerRef"]["value"]] += sign * change

    def account_of(self, subtype: str) -> str:
        """The id of the first account with that AccountSubType, or ''."""
        return next((a["Id"] for a in self.all("Account") if a.get("AccountSubType") == subtype), "")

    def accounts_below(self, ident: str) -> list[str]:
        """Ids of an account's sub-accounts, at any depth."""
        direct = [a["Id"] for a in self.all("Account") if a.get("ParentRef", {}).get("value") == ident]
        return [*direct, *(deep for a in direct for deep in self.accounts_below(a))]


def own_name(obj: Obj) -> str:
    """A name without the "(deleted)" that an inactive one is shown with; it goes on blocking others (4.1)."""
    return str(obj["DisplayName"] if obj["Active"] else obj["DisplayName"].removesuffix(SUFFIX))


def postings(company: Company, entity: str, obj: Obj) -> list[tuple[str, Decimal]]:
    """Debits (positive) and credits (negative) of a transaction, as far as the sandbox keeps accounts."""
    total: Decimal = obj.get("TotalAmt", NONE)
    if entity == "Invoice":
        return [(company.account_of("AccountsReceivable"), total), *_income(company, obj, -1)]
    if entity == "CreditMemo":
        return [(company.account_of("AccountsReceivable"), -total), *_income(company, obj, 1)]
    if entity == "RefundReceipt":
        return [(obj["DepositToAccountRef"]["value"], -total), *_income(company, obj, 1)]
    if entity == "SalesReceipt":
        return [(obj["DepositToAccountRef"]["value"], total), *_income(company, obj, -1)]
    if entity == "Payment":
        return [(obj["DepositToAccountRef"]["value"], total), (company.account_of("AccountsReceivable"), -total)]
    if entity == "Deposit":
        sources = [(line["_from"], -line["Amount"]) for line in obj["Line"]]
        return [(obj["DepositToAccountRef"]["value"], total), *sources]
    if entity == "JournalEntry":
        found = []
        for line in obj["Line"]:
            detail = line.get("JournalEntryLineDetail")
            if detail:
                sign = 1 if detail["PostingType"] == "Debit" else -1
                found.append((detail["AccountRef"]["value"], sign * line["Amount"]))
        return found
    return []


def _income(company: Company, obj: Obj, sign: int) -> list[tuple[str, Decimal]]:
    found = []
    for line in obj["Line"]:
        if "ItemRef" in line.get("SalesItemLineDetail", {}):
            item = company.get("Item", line["SalesItemLineDetail"]["ItemRef"]["value"])
            found.append(((item or {}).get("IncomeAccountRef", {}).get("value", ""), sign * line["Amount"]))
        elif line["DetailType"] == "DiscountLineDetail":
            account = line["DiscountLineDetail"].get("DiscountAccountRef", {}).get("value", "")
            found.append((account, -sign * line["Amount"]))
    return found


def owed_change(entity: str, obj: Obj) -> Decimal:
    if entity == "Invoice":
        return Decimal(obj["TotalAmt"])
    if entity in ("Payment", "CreditMemo"):
        return -Decimal(obj["TotalAmt"])
    return NONE


@dataclass
class Grant:
    """One consent of one company to one client. Instants are UTC."""

    id: str
    client_id: str
    realm: str
    scope: str
    hard_expires_at: datetime
    refresh_token: str
    issued_at: datetime
    """When the present refresh token's value was first given out."""
    used_at: datetime
    """The last refresh; 100 days of silence end the grant."""
    revoked: bool = False
    died: dict[str, datetime] = field(default_factory=dict)
    """Earlier values of the refresh token -> when they were replaced."""


@dataclass
class Code:
    client_id: str
    redirect_uri: str
    realm: str
    scope: str
    expires_at: datetime
    used: bool = False
    grant: str = ""


@dataclass
class Delivery:
    """One webhook request: tried again, as the very same bytes, until it is acknowledged."""

    id: int
    realm: str
    body: bytes
    content_type: str
    next_at: datetime
    tries: int = 0
    late: bool = False
    double: bool = False


@dataclass
class Event:
    """One change, waiting to be told."""

    id: str
    realm: str
    entity: str
    ident: str
    what: str
    at: datetime
    deleted_id: str = ""


@dataclass
class Books:
    """The sandbox's whole state."""

    companies: dict[str, Company] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    """Every refresh token ever given -> grant id."""
    access_tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    webhook_url: str = ""
    events: list[Event] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    counter: int = 0
    refuse_members: list[str] = field(default_factory=list)
    """Codes with which the next batch members that write will be refused."""

    def next(self) -> int:
        self.counter += 1
        return self.counter
