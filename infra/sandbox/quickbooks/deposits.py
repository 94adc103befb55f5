# ruff: noqa: ARG002 - every rule's methods take the same arguments
"""Deposits: they take payments out of Undeposited Funds and lock them (reference 4.5)."""

from __future__ import annotations

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk, cents
from infra.sandbox.quickbooks.faults import Refusal, missing


class Deposits:
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        for name in ("DepositToAccountRef", "Line"):
            if not body.get(name):
                raise missing(name)
        account = clerk.ref("Account", body["DepositToAccountRef"], "DepositToAccountRef")
        if account["AccountType"] not in ("Bank", "Other Current Asset"):
            raise Refusal("6430", f"Invalid account type : {account['AccountType']}", element="DepositToAccountRef")
        lines = [_line(clerk, line, n, old) for n, line in enumerate(body["Line"], 1)]
        obj = {k: v for k, v in body.items() if k != "sparse"}
        return {
            **obj,
            "TxnDate": body.get("TxnDate") or clerk.today(),
            "DepositToAccountRef": {"value": account["Id"], "name": account["Name"]},
            "TotalAmt": sum((line["Amount"] for line in lines), books.NONE),
            "Line": lines,
        }

    def stored(self, clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> None:
        for payment in _payments(old or {"Line": []}):
            clerk.company.deposited.pop(payment, None)
        for payment in _payments(obj):
            clerk.company.deposited[payment] = obj["Id"]

    def before_delete(self, clerk: Clerk, entity: str, old: Obj) -> None:
        for payment in _payments(old):
            clerk.company.deposited.pop(payment, None)

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj:
        raise Refusal("500", "Deposit cannot be voided")


def _payments(deposit: Obj) -> list[str]:
    return [link["TxnId"] for line in deposit["Line"] for link in line.get("LinkedTxn", [])]


def _line(clerk: Clerk, line: Obj, at: int, old: Obj | None) -> Obj:
    if "Amount" not in line:
        raise missing("Line.Amount")
    amount = cents(line["Amount"])
    if not line.get("LinkedTxn"):
        detail = line.get("DepositLineDetail") or {}
        if "AccountRef" not in detail:
            raise missing("DepositLineDetail.AccountRef")
        source = clerk.ref("Account", detail["AccountRef"], "AccountRef")["Id"]
        return {**line, "Id": str(at), "LineNum": at, "Amount": amount, "_from": source}
    link = line["LinkedTxn"][0]
    payment = clerk.company.get("Payment", link.get("TxnId", "")) if link.get("TxnType") == "Payment" else None
    if payment is None:
        raise Refusal("610", f"Object Not Found : {link.get('TxnType')} {link.get('TxnId')}", element="LinkedTxn")
    held = clerk.company.deposited.get(payment["Id"])
    if held and not (old and held == old["Id"]):
        raise Refusal("6000", f"Payment {payment['Id']} is already on deposit {held}", element="LinkedTxn")
    source = payment["DepositToAccountRef"]["value"]
    if source != clerk.company.account_of("UndepositedFunds"):
        raise Refusal("6000", f"Payment {payment['Id']} is not in Undeposited Funds", element="LinkedTxn")
    if amount != payment["TotalAmt"]:
        raise Refusal("6000", "The line's amount is not the payment's", element="Amount")
    return {**line, "Id": str(at), "LineNum": at, "Amount": amount, "_from": source}
