"""Carries out one request on one company: create, update, delete, void, read; what holds for every entity alike.

The rules of each kind are in ``names``, ``sales``, ``payments`` and ``journals``; a rule builds the whole new object
from the whole new body and refuses before anything is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any, Protocol

from infra.sandbox.quickbooks import books, faults
from infra.sandbox.quickbooks.books import Company, Key, Obj
from infra.sandbox.quickbooks.faults import Refusal
from infra.sandbox.quickbooks.properties import Computed
from infra.sandbox.quickbooks.schema import SCHEMAS, clean

if TYPE_CHECKING:
    from infra.sandbox.quickbooks.server import QuickBooksSandbox


VOIDED_BY_UPDATE = ("Payment", "SalesReceipt")  # by include=void (4.6)


class Rule(Protocol):
    """What one kind of entity adds. ``body`` is complete: a sparse update is already merged with ``old``."""

    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj: ...

    def stored(self, clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> None: ...

    def before_delete(self, clerk: Clerk, entity: str, old: Obj) -> None: ...

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj: ...


@dataclass(frozen=True)
class Options:
    """What the URL (or a batch member's ``optionsData``) asks beside the operation."""

    allow_duplicate_number: bool = False
    void: bool = False


class Clerk:
    """``person``: a human in QuickBooks' own pages, who may pass a closing date and unlink on the way."""

    def __init__(
        self, box: QuickBooksSandbox, company: Company, *, person: bool = False, options: Options | None = None
    ) -> None:
        self.box = box
        self.company = company
        self.person = person
        self.options = options or Options()
        self.now: datetime = box.now()
        self.hidden: set[Key] = set()
        """Made earlier in the same batch: later members cannot see it (2.6)."""

    def switch(self, name: str, default: Any) -> Any:
        return self.box.switch(name, default)

    # --- reading ---------------------------------------------------------------------------------------------------
    def read(self, entity: str, ident: str) -> Obj:
        obj = self.company.get(entity, ident)
        if obj is None or (entity, ident) in self.hidden:
            status = int(self.switch("deleted_read_status", 400))
            raise Refusal(
                "610",
                f"Object Not Found : Something you're trying to use has been made inactive or deleted."
                f" {entity} {ident}",
                status=status,
            )
        return self.shown(entity, obj)

    def shown(self, entity: str, obj: Obj) -> Obj:
        """The object as answered: balances of names and accounts are filled in at the moment of reading."""
        if entity == "Customer":
            owed = self.company.owed.get(obj["Id"], books.NONE)
            return {**obj, **self._path(entity, obj), "Balance": owed, "BalanceWithJobs": owed}
        if entity == "Account":
            sign = 1 if obj["Classification"] in ("Asset", "Expense") else -1
            held = self.company.account_sums
            own = held.get(obj["Id"], books.NONE)
            below = sum((held.get(a, books.NONE) for a in self.company.accounts_below(obj["Id"])), books.NONE)
            path = self._path(entity, obj)
            return {**obj, **path, "CurrentBalance": sign * own, "CurrentBalanceWithSubAccounts": sign * (own + below)}
        if entity == "Deposit":
            return {**obj, "Line": [{k: v for k, v in line.items() if k != "_from"} for line in obj["Line"]]}
        if "CustomerRef" in obj:
            customer = self.company.get("Customer", obj["CustomerRef"]["value"])
            name = customer["DisplayName"] if customer else ""
            if name != obj["CustomerRef"]["name"]:
                return {**obj, "CustomerRef": {**obj["CustomerRef"], "name": name}}
        return obj

    def _path(self, entity: str, obj: Obj) -> Obj:
        """``Parent:Child``, by the names that they have now (4.1)."""
        above = self.company.get(entity, obj["ParentRef"]["value"]) if "ParentRef" in obj else None
        if above is None:
            return {}
        name = "DisplayName" if entity == "Customer" else "Name"
        parent = self._path(entity, above).get("FullyQualifiedName", above[name])
        return {"FullyQualifiedName": f"{parent}:{obj[name]}"}

    def ref(self, entity: str, ref: Obj, where: str) -> Obj:
        """The active object that ``ref`` names. Raises Refusal 2500 (unknown) or 610 (inactive) (4.2, 6)."""
        found = self.company.get(entity, ref["value"])
        if found is None or (entity, ref["value"]) in self.hidden:
            raise Refusal(
                "2500", f"Invalid Reference Id : {entity} {ref['value']} in {where} does not exist", element=where
            )
        if not found.get("Active", True):
            code = str(self.switch("inactive_ref_code", "610"))
            said = f"{faults.MESSAGES[code]} : {entity} {ref['value']} in {where} has been made inactive"
            raise Refusal(code, said, element=where)
        return found

    # --- writing ---------------------------------------------------------------------------------------------------
    def create(self, entity: str, raw: Any) -> Obj:
        body = {k: v for k, v in clean(entity, raw).items() if v is not None and k not in ("Id", "SyncToken")}
        self._may_write()
        rule = self._rule(entity)
        obj = rule.build(self, entity, body, None)
        self._period_open(entity, obj)
        at = books.stamp(self.now)
        obj = {
            "domain": "QBO",
            "sparse": False,
            "Id": self.company.new_id(entity),
            "SyncToken": "0",
            "MetaData": {"CreateTime": at, "LastUpdatedTime": at},
            **obj,
        }
        self.keep(entity, obj, "created")
        rule.stored(self, entity, obj, None)
        return self.read(entity, obj["Id"])

    def update(self, entity: str, raw: Any) -> Obj:
        body = clean(entity, raw)
        self._may_write()
        old = self._present(entity, body)
        if self.options.void:
            if entity not in VOIDED_BY_UPDATE:
                raise Refusal("500", f"{entity} cannot be voided by include=void")
            return self._void(entity, old)
        if body.get("sparse") and not self.switch("null_clears", True):  # how a property is emptied is not told (2.4)
            body = {k: v for k, v in body.items() if v is not None}
        whole = {**_writable(entity, old), **body} if body.get("sparse") else body
        whole = {k: v for k, v in whole.items() if v is not None}
        rule = self._rule(entity)
        self._period_open(entity, old, {"TxnDate": old.get("TxnDate"), **whole})
        obj = rule.build(self, entity, whole, old)
        self._period_open(entity, obj, old)
        self.replace(entity, old, obj)
        rule.stored(self, entity, self.company.tables[entity][old["Id"]], old)
        return self.read(entity, old["Id"])

    def delete(self, entity: str, raw: Any) -> Obj:
        """Only transactions can be deleted (4.6). Returns the small answer of 3.6."""
        old = self._named(entity, raw)
        if entity not in books.TRANSACTIONS:
            raise Refusal("500", f"Operation delete is not supported for {entity}; set Active to false")
        self._period_open(entity, old)
        self._rule(entity).before_delete(self, entity, old)
        self.company.remove(entity, old["Id"], self.now)
        self.box.tell(self.company.realm, entity, old["Id"], "deleted")
        return {"status": "Deleted", "domain": "QBO", "Id": old["Id"]}

    def void(self, entity: str, raw: Any) -> Obj:
        old = self._named(entity, raw)
        if entity != "Invoice":
            raise Refusal("500", f"Operation void is not supported for {entity}")
        return self._void(entity, old)

    def _void(self, entity: str, old: Obj) -> Obj:
        self._period_open(entity, old)
        self.replace(entity, old, self._rule(entity).void(self, entity, old), "voided")
        return self.read(entity, old["Id"])

    def _named(self, entity: str, raw: Any) -> Obj:
        """The object that a delete or void names. Anything beside Id and SyncToken is tolerated."""
        if not isinstance(raw, dict):
            raise Refusal("2010", "The request body must be one JSON object")
        self._may_write()
        return self._present(
            entity, {k: None if v is None else str(v) for k, v in raw.items() if k in ("Id", "SyncToken")}
        )

    def _present(self, entity: str, body: Obj) -> Obj:
        """The stored object, if the body's SyncToken is the present one (2.4)."""
        if not body.get("Id"):
            raise faults.missing("Id")
        if not body["Id"].isdecimal():
            raise Refusal("2030", f"Invalid ID : {body['Id']}", element="Id")
        if not body.get("SyncToken"):
            raise faults.missing("SyncToken")
        old = self.company.get(entity, body["Id"])
        if old is None or (entity, body["Id"]) in self.hidden:
            raise Refusal("610", f"Object Not Found : {entity} {body['Id']}")
        if body["SyncToken"] != old["SyncToken"]:
            raise faults.stale()
        return old

    def _may_write(self) -> None:
        if self.company.lapsed and not self.person:
            raise Refusal(
                "6190", "Invalid Company Status : the subscription period has ended; the company is read-only"
            )

    def _period_open(self, entity: str, *versions: Obj) -> None:
        """Refuses a write dated on or before BookCloseDate, by its old or its new date (6, 7)."""
        closed = self.company.preferences.get("AccountingInfoPrefs", {}).get("BookCloseDate")
        if not closed or self.person or entity not in books.TRANSACTIONS:
            return
        if any(v["TxnDate"] <= closed for v in versions):
            raise Refusal(
                "6210", f"Account Period Closed : the account period has closed and the books date is {closed}"
            )

    def _rule(self, entity: str) -> Rule:
        from infra.sandbox.quickbooks.rules import RULES

        return RULES[entity]

    # --- storing, also used by the rules ---------------------------------------------------------------------------
    def keep(self, entity: str, obj: Obj, what: str) -> None:
        self.company.put(entity, obj, self.now)
        self.box.tell(self.company.realm, entity, obj["Id"], what)

    def replace(self, entity: str, old: Obj, obj: Obj, what: str = "updated") -> Obj:
        """Stores ``obj`` as the next version of ``old``."""
        new = {
            "domain": "QBO",
            "sparse": False,
            "Id": old["Id"],
            "SyncToken": str(int(old["SyncToken"]) + 1),
            "MetaData": {**old["MetaData"], "LastUpdatedTime": books.stamp(self.now)},
            **{k: v for k, v in obj.items() if k not in ("Id", "SyncToken", "MetaData", "sparse", "domain")},
        }
        self.keep(entity, new, what)
        return new

    def today(self) -> str:
        return books.server_day(self.now).isoformat()


def _writable(entity: str, old: Obj) -> Obj:
    spec = SCHEMAS[entity]
    return {k: v for k, v in old.items() if k in spec and not isinstance(spec[k], Computed)}


WIDE = Context(prec=60)
"""Room for a product of two numbers of a body at their longest."""


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to cents (3.5)."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP, context=WIDE)
