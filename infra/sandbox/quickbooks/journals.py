# ruff: noqa: ARG002 - every rule's methods take the same arguments
"""Journal entries: trust movements among others (reference 4.7)."""

from __future__ import annotations

from decimal import Decimal

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk, cents
from infra.sandbox.quickbooks.faults import Refusal, missing
from infra.sandbox.quickbooks.numbers import SPOKEN

WARNING = "WarnDuplicateJournalNumber"


class Journals:
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        if not body.get("Line"):
            raise missing("Line")
        lines = [_line(clerk, line, at) for at, line in enumerate(body["Line"], 1)]
        debits, credits = _side(lines, "Debit"), _side(lines, "Credit")
        if not debits or not credits:
            raise Refusal("6000", "A journal entry needs at least one debit and one credit line", element="Line")
        if sum(debits) != sum(credits):
            raise Refusal("6000", "The debits and credits of a journal entry must be equal", element="Line")
        _number_free(clerk, body, old)
        obj = {k: v for k, v in body.items() if k != "sparse"}
        obj.setdefault("Adjustment", False)
        return {**obj, "TxnDate": body.get("TxnDate") or clerk.today(), "TotalAmt": books.NONE, "Line": lines}

    def stored(self, clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> None: ...

    def before_delete(self, clerk: Clerk, entity: str, old: Obj) -> None: ...

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj:
        raise Refusal("500", "JournalEntry cannot be voided")


def _side(lines: list[Obj], side: str) -> list[Decimal]:
    found = [line for line in lines if line.get("JournalEntryLineDetail")]
    return [line["Amount"] for line in found if line["JournalEntryLineDetail"]["PostingType"] == side]


def _line(clerk: Clerk, line: Obj, at: int) -> Obj:
    if line.get("DetailType") == "DescriptionOnly":
        return {**line, "Id": str(at)}
    detail = line.get("JournalEntryLineDetail")
    if not line.get("DetailType") or not detail:
        raise missing("Line.JournalEntryLineDetail")
    for name, where in (("Amount", line), ("PostingType", detail), ("AccountRef", detail)):
        if name not in where:
            raise missing(f"Line.{name}")
    amount = cents(line["Amount"])
    if amount <= 0:
        raise Refusal("6000", "The amount of a journal line must be greater than 0", element="Amount")
    account = clerk.ref("Account", detail["AccountRef"], "AccountRef")
    who = detail.get("Entity")
    if who:
        if "Type" not in who or "EntityRef" not in who:
            raise missing("Entity.EntityRef")
        clerk.ref(who["Type"], who["EntityRef"], "EntityRef")
    needed = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}.get(account["AccountType"])
    if needed and (not who or who["Type"] != needed):
        raise Refusal("6000", f"A line on {account['AccountType']} needs a {needed} as its Entity", element="Entity")
    detail = {**detail, "AccountRef": {"value": account["Id"], "name": account["Name"]}}
    return {**line, "Id": str(at), "Amount": amount, "JournalEntryLineDetail": detail}


def _number_free(clerk: Clerk, body: Obj, old: Obj | None) -> None:
    """A number already used by a journal entry is refused only if the company wants the warning (4.7, 4.8)."""
    number = body.get("DocNumber")
    wanted = any(n == {"Name": WARNING, "Value": "true"} for n in clerk.company.preferences["OtherPrefs"]["NameValue"])
    if not number or not wanted:
        return
    for kind, ident in clerk.company.numbers.get(number, []):
        if kind == "JournalEntry" and not (old and ident == old["Id"]):
            said = f"DocNumber={number} is assigned to TxnType={SPOKEN[kind]} with TxnId={ident}"
            raise Refusal("6140", f"Duplicate Document Number Error : {said}", element="DocNumber")
