# ruff: noqa: ARG002 - every rule's methods take the same arguments
"""Customers, vendors, employees, and the lists: items, accounts, payment methods, terms (reference 4.1, 4.2)."""

from __future__ import annotations

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk
from infra.sandbox.quickbooks.faults import Refusal, missing
from infra.sandbox.quickbooks.schema import ACCOUNT_TYPES

PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")


class ListRule:
    """What list objects share: they are never deleted or voided, and nothing else moves with them."""

    def stored(self, clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> None: ...

    def before_delete(self, clerk: Clerk, entity: str, old: Obj) -> None: ...

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj:
        raise Refusal("500", f"{entity} cannot be voided")


class Names(ListRule):
    """One name space over customers, vendors and employees, inactive ones included."""

    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        name = _display_name(body, old)
        active = body.get("Active", True)
        _free(clerk, entity, name, old)
        shown = name + books.SUFFIX if not active and clerk.switch("deleted_suffix", True) else name
        obj = {k: v for k, v in body.items() if k not in ("sparse", "Balance", "OpenBalanceDate")}
        obj |= {"DisplayName": shown, "Active": active, "PrintOnCheckName": body.get("PrintOnCheckName", name)}
        if entity == "Customer":
            obj |= _job(clerk, body, name, old)
            obj.setdefault("Taxable", False)
            obj.setdefault("PreferredDeliveryMethod", "None")
            obj.setdefault("CurrencyRef", _home(clerk))
            if old and old["CurrencyRef"]["value"] != obj["CurrencyRef"]["value"]:
                raise Refusal("6000", "A customer's currency cannot be changed", element="CurrencyRef")
        return obj


def _display_name(body: Obj, old: Obj | None) -> str:
    """DisplayName, else built from the parts; 6080 where there is nothing. Sparse updates cannot blank it."""
    name = body.get("DisplayName") or ""
    if old and not old["Active"]:
        name = name.removesuffix(books.SUFFIX)
    if not name.strip() and old and body.get("sparse"):
        name = books.own_name(old)
    if not name.strip():
        name = " ".join(body[p] for p in PARTS if body.get(p))
    if not name.strip():
        raise Refusal("6080", "No name provided : one of DisplayName, Title, GivenName, MiddleName, FamilyName, Suffix")
    return str(name)


def _free(clerk: Clerk, entity: str, name: str, old: Obj | None) -> None:
    any_case = clerk.switch("names_ignore_case", True)
    for written, holder in clerk.company.names.get(name.casefold(), {}).items():
        if (any_case or written == name) and not (old and holder == (entity, old["Id"])):
            break
    else:
        return
    said = "The name supplied already exists. : Another customer, vendor or employee is already using this name"
    raise Refusal("6240", f"{said}. Please use a different name.", element="DisplayName")


def _job(clerk: Clerk, body: Obj, name: str, old: Obj | None) -> Obj:
    """Sub-customers: at most five levels, and a customer is not its own ancestor."""
    parent_ref = body.get("ParentRef")
    if not parent_ref:
        return {"FullyQualifiedName": name, "Job": False, "BillWithParent": False, "Level": 0}
    parent = clerk.ref("Customer", parent_ref, "ParentRef")
    if old and parent["Id"] == old["Id"]:
        raise Refusal("900", "A customer cannot be its own parent", element="ParentRef")
    level = parent.get("Level", 0) + 1
    if level > 4:
        raise Refusal("6000", "A sub-customer can be at most four levels below the top", element="ParentRef")
    return {
        "FullyQualifiedName": f"{parent['FullyQualifiedName']}:{name}",
        "Job": True,
        "BillWithParent": body.get("BillWithParent", False),
        "Level": level,
        "ParentRef": {"value": parent["Id"]},
    }


def _home(clerk: Clerk) -> Obj:
    home: Obj = clerk.company.preferences["CurrencyPrefs"].get("HomeCurrency", {"value": "USD"})  # 4.8: Simple Start
    return {"value": home["value"]}


class PlainList(ListRule):
    """A name, unique among its kind."""

    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        name = body.get("Name") or ""
        if old and not old["Active"]:
            name = name.removesuffix(books.SUFFIX)
        if not name.strip():
            raise missing("Name")
        for other in clerk.company.all(entity):
            same = other["Name"].removesuffix(books.SUFFIX).casefold() == name.casefold()
            if same and not (old and other["Id"] == old["Id"]):
                raise Refusal("6240", f"The name supplied already exists. : {entity} {other['Id']}", element="Name")
        active = body.get("Active", True)
        obj = {k: v for k, v in body.items() if k != "sparse"}
        obj["Name"] = name + books.SUFFIX if not active and clerk.switch("deleted_suffix", True) else name
        return {**obj, "Active": active}


class Items(PlainList):
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        obj = super().build(clerk, entity, body, old)
        if "IncomeAccountRef" not in body:
            raise missing("IncomeAccountRef")
        account = clerk.ref("Account", body["IncomeAccountRef"], "IncomeAccountRef")
        if account["AccountType"] in ("Accounts Receivable", "Accounts Payable"):
            raise Refusal("6430", f"Invalid account type : {account['AccountType']}", element="IncomeAccountRef")
        obj["IncomeAccountRef"] = {"value": account["Id"], "name": account["Name"]}
        obj.setdefault("Type", "Service")
        obj.setdefault("Taxable", False)
        return {**obj, "FullyQualifiedName": obj["Name"]}


class Accounts(PlainList):
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        obj = super().build(clerk, entity, body, old)
        if "AccountType" not in body:
            raise missing("AccountType")
        obj.setdefault("CurrencyRef", _home(clerk))
        below = _below(clerk, body, obj["Name"], old)
        return {**obj, "Classification": ACCOUNT_TYPES[body["AccountType"]], **below}


def _below(clerk: Clerk, body: Obj, name: str, old: Obj | None) -> Obj:
    """A sub-account stands below an account of its own type (4.2; the type rule is from memory, a switch)."""
    parent_ref = body.get("ParentRef")
    if not parent_ref:
        return {"SubAccount": False, "FullyQualifiedName": name}
    parent = clerk.ref("Account", parent_ref, "ParentRef")
    if old and parent["Id"] == old["Id"]:
        raise Refusal("900", "An account cannot be its own parent", element="ParentRef")
    if parent["AccountType"] != body["AccountType"] and clerk.switch("sub_account_same_type", True):
        raise Refusal("700", f"A sub-account of {parent['Name']} must be {parent['AccountType']}", element="ParentRef")
    full = f"{parent['FullyQualifiedName']}:{name}"
    return {"SubAccount": True, "ParentRef": {"value": parent["Id"]}, "FullyQualifiedName": full}
