# ruff: noqa: ARG002 - every rule's methods take the same arguments
"""Payments: what they apply to, what stays unapplied, and when they cannot be touched (reference 4.3, 4.4, 4.6)."""

from __future__ import annotations

from decimal import Decimal

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Key, Obj
from infra.sandbox.quickbooks.clerk import Clerk, cents
from infra.sandbox.quickbooks.faults import Refusal, missing
from infra.sandbox.quickbooks.links import apply, linked, payment_line, side
from infra.sandbox.quickbooks.sales import check_currency

LINKABLE = ("Invoice", "CreditMemo")
"""Of the types that 4.3 names, those that this sandbox lets a payment link."""


class Payments:
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        if old:
            _not_deposited(clerk, old)
        for name in ("CustomerRef", "TotalAmt"):
            if name not in body:
                raise missing(name)
        if body.get("ProcessPayment"):
            raise Refusal(
                "6000", "ProcessPayment must be false: this company cannot charge cards", element="ProcessPayment"
            )
        customer = clerk.ref("Customer", body["CustomerRef"], "CustomerRef")
        check_currency(clerk, body, customer)
        total = cents(body["TotalAmt"])
        if total < 0:
            raise Refusal("6000", "Transaction amount must be 0 or greater", element="TotalAmt")
        lines = _lines(clerk, body, customer["Id"], old)
        links = linked(lines)
        invoices, credits = side(links, "Invoice"), side(links, "CreditMemo")
        if credits > invoices:
            raise Refusal("6000", "More credit is used than is applied to invoices", element="Line")
        if invoices > total + credits:
            raise Refusal("6000", "The amount applied is more than the payment's total", element="Line")
        account = _deposit_account(clerk, body)
        obj = {k: v for k, v in body.items() if k not in ("sparse", "ProcessPayment")}
        if "PaymentMethodRef" in body:
            method = clerk.ref("PaymentMethod", body["PaymentMethodRef"], "PaymentMethodRef")
            obj["PaymentMethodRef"] = {"value": method["Id"], "name": method["Name"]}
        return {
            **obj,
            "TxnDate": body.get("TxnDate") or clerk.today(),
            "CurrencyRef": body.get("CurrencyRef") or {"value": customer["CurrencyRef"]["value"]},
            "CustomerRef": {"value": customer["Id"], "name": customer["DisplayName"]},
            "DepositToAccountRef": {"value": account["Id"]},
            "TotalAmt": total,
            "UnappliedAmt": total + credits - invoices,
            "ProcessPayment": False,
            "Line": lines,
        }

    def stored(self, clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> None:
        """Every document linked before or now gets its new balance, version and time."""
        now_linked = linked(obj["Line"])
        before = linked(old["Line"]) if old else {}
        for key in {**before, **now_linked}:
            if before.get(key) != now_linked.get(key):
                apply(clerk, key, obj["Id"], now_linked.get(key, books.NONE))

    def before_delete(self, clerk: Clerk, entity: str, old: Obj) -> None:
        _not_deposited(clerk, old)
        for key in linked(old["Line"]):
            apply(clerk, key, old["Id"], books.NONE)

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj:
        _not_deposited(clerk, old)
        for key in linked(old["Line"]):
            apply(clerk, key, old["Id"], books.NONE)
        note = f"Voided - {old['PrivateNote']}" if old.get("PrivateNote") else "Voided"
        zero = {"TotalAmt": books.NONE, "UnappliedAmt": books.NONE}
        return {**old, **zero, "Line": [], "PrivateNote": note[:4000]}


def _lines(clerk: Clerk, body: Obj, customer: str, old: Obj | None) -> list[Obj]:
    lines = []
    left: dict[Key, Decimal] = {}
    for line in body.get("Line", []):
        if "Amount" not in line:
            raise missing("Line.Amount")
        if not line.get("LinkedTxn"):
            raise missing("Line.LinkedTxn")
        amount = cents(line["Amount"])
        if amount < 0:
            raise Refusal("6000", "The amount applied must be 0 or greater", element="Amount")
        for link in line["LinkedTxn"]:
            doc = _document(clerk, link, customer)
            key = (link["TxnType"], doc["Id"])
            if key not in left:
                mine = clerk.company.applied.get(key, {}).get(old["Id"], books.NONE) if old else books.NONE
                left[key] = doc["Balance"] + mine
            amount = _within(clerk, key, amount, left[key])
            left[key] -= amount
        lines += [payment_line(link["TxnType"], link["TxnId"], amount) for link in line["LinkedTxn"] if amount]
    return lines


def _within(clerk: Clerk, key: Key, amount: Decimal, left: Decimal) -> Decimal:
    """More than is open: refused, or cut with the rest unapplied; the reference does not know which (4.3)."""
    if amount <= left:
        return amount
    if key[0] == "Invoice" and clerk.switch("over_apply", "error") == "unapplied":
        return left
    raise Refusal(
        "6000", f"The amount applied to {key[0]} {key[1]} is more than its open balance {left}", element="Amount"
    )


def _document(clerk: Clerk, link: Obj, customer: str) -> Obj:
    kind = link.get("TxnType")
    if kind not in LINKABLE:
        raise Refusal("2170", f"TxnType : {kind} is not one of {', '.join(LINKABLE)}", element="TxnType")
    if not link.get("TxnId"):
        raise missing("TxnId")
    doc = clerk.company.get(kind, link["TxnId"])
    if doc is None or (kind, link["TxnId"]) in clerk.hidden:
        raise Refusal("610", f"Object Not Found : {kind} {link['TxnId']}", element="TxnId")
    if doc["CustomerRef"]["value"] != customer:
        said = f"Transaction cannot be linked : {kind} {link['TxnId']} belongs to another customer"
        raise Refusal("620", said, element="LinkedTxn")
    return doc


def _deposit_account(clerk: Clerk, body: Obj) -> Obj:
    """A Bank or Other Current Asset account; none means Undeposited Funds (4.3)."""
    ref = body.get("DepositToAccountRef") or {"value": clerk.company.account_of("UndepositedFunds")}
    account = clerk.ref("Account", ref, "DepositToAccountRef")
    if account["AccountType"] not in ("Bank", "Other Current Asset"):
        raise Refusal("6430", f"Invalid account type : {account['AccountType']}", element="DepositToAccountRef")
    return account


def _not_deposited(clerk: Clerk, payment: Obj) -> None:
    deposit = clerk.company.deposited.get(payment["Id"])
    if deposit:
        said = f"Payment {payment['Id']} is on deposit {deposit}; remove it from the deposit first"
        raise Refusal("6540", f"Deposited Transaction cannot be changed : {said}")
