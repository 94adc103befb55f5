# ruff: noqa: ARG002 - every rule's methods take the same arguments
"""Invoices, credit memos, receipts and estimates: their lines, sums, numbers, voiding and deleting (reference 3, 4.4).

Amounts are Decimal in the company's currency; sums are rounded half up to cents.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import WIDE, Clerk, cents
from infra.sandbox.quickbooks.faults import Refusal, missing
from infra.sandbox.quickbooks.links import link_fields, trim_payments, unlink_payments
from infra.sandbox.quickbooks.numbers import document_number

MOST_LINES = 750


class Sale:
    """What the sales forms share; an estimate is no more than that."""

    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        if "CustomerRef" not in body:
            raise missing("CustomerRef")
        if not body.get("Line"):
            raise missing("Line")
        customer = clerk.ref("Customer", body["CustomerRef"], "CustomerRef")
        lines, total = settle_lines(clerk, body, old)
        total += _tax(clerk, body)
        if total < 0:
            raise Refusal("6000", "Transaction amount must be 0 or greater", element="TotalAmt")
        check_currency(clerk, body, customer)
        if body.get("EmailStatus") == "NeedToSend" and "BillEmail" not in body:
            raise Refusal("6000", "BillEmail is required if EmailStatus is NeedToSend", element="BillEmail")
        obj = {k: v for k, v in body.items() if k not in ("sparse", "AutoDocNumber", "TxnTaxDetail")}
        obj |= {
            "TxnDate": body.get("TxnDate") or clerk.today(),
            "CurrencyRef": body.get("CurrencyRef") or {"value": customer["CurrencyRef"]["value"]},
            "CustomerRef": {"value": customer["Id"], "name": customer["DisplayName"]},
            "Line": lines,
            "TxnTaxDetail": {"TotalTax": _tax(clerk, body)},
            "TotalAmt": total,
            "EmailStatus": body.get("EmailStatus", "NotSet"),
            "PrintStatus": body.get("PrintStatus", "NeedToPrint"),
            "ApplyTaxAfterDiscount": body.get("ApplyTaxAfterDiscount", False),
        }
        if "BillAddr" not in body and "BillAddr" in customer:
            obj["BillAddr"] = customer["BillAddr"]
        if old:
            obj |= {name: _reflowed(obj[name]) for name in ("BillAddr", "ShipAddr") if name in obj}
        number = document_number(clerk, entity, body, old)
        obj.pop("DocNumber", None)
        return {**obj, "DocNumber": number} if number else obj

    def stored(self, clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> None: ...

    def before_delete(self, clerk: Clerk, entity: str, old: Obj) -> None:
        """Linked transactions must be unlinked first (3.6); which code says so is 800 of the table in 6."""
        if not clerk.company.applied.get((entity, old["Id"])):
            return
        if not clerk.person and clerk.switch("delete_linked", "refuse") == "refuse":
            raise Refusal("800", f"{entity} {old['Id']} has linked transactions; unlink them first")
        unlink_payments(clerk, entity, old)

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj:
        raise Refusal("500", f"{entity} cannot be voided")


class Invoices(Sale):
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        obj = super().build(clerk, entity, body, old)
        due = body.get("DueDate")
        if not due:
            days = 0
            if "SalesTermRef" in body:
                days = int(clerk.ref("Term", body["SalesTermRef"], "SalesTermRef").get("DueDays", 0))
            try:
                due = (date.fromisoformat(obj["TxnDate"]) + timedelta(days=days)).isoformat()
            except OverflowError:
                raise Refusal("2090", f"Invalid number : no date is {days} days after TxnDate") from None
        obj["DueDate"] = due
        online = bool(clerk.company.preferences["SalesFormsPrefs"].get("ETransactionPaymentEnabled"))
        for name in ("AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"):
            obj.setdefault(name, online)  # so a sync whose clients pay elsewhere has to send false (3.2)
        return _with_links(clerk, entity, obj, old)

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj:
        """A payment on it stays, as unapplied credit (3.6)."""
        unlink_payments(clerk, entity, old)
        return {**_voided(old), "LinkedTxn": []}


class CreditMemos(Sale):
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        return _with_links(clerk, entity, super().build(clerk, entity, body, old), old)

    def stored(self, clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> None:
        """With AutoApplyCredit on, QuickBooks itself pays the oldest open invoice with a new memo (4.4)."""
        if old or not clerk.company.preferences["SalesFormsPrefs"].get("AutoApplyCredit"):
            return
        customer = obj["CustomerRef"]["value"]
        ids = clerk.company.of_customer.get(("Invoice", customer), {})
        opened = [i for i in (clerk.company.tables["Invoice"][n] for n in ids) if i["Balance"] > 0]
        if not opened:
            return
        oldest = min(opened, key=lambda i: (i["TxnDate"], int(i["Id"])))
        amount = min(oldest["Balance"], obj["Balance"])
        links = [{"TxnId": oldest["Id"], "TxnType": "Invoice"}, {"TxnId": obj["Id"], "TxnType": "CreditMemo"}]
        lines = [{"Amount": amount, "LinkedTxn": [link]} for link in links]
        note = "Created by QB Online to link credits to charges."
        by_itself = Clerk(clerk.box, clerk.company, person=True)
        body = {"CustomerRef": {"value": customer}, "TotalAmt": 0, "Line": lines, "PrivateNote": note}
        by_itself.create("Payment", body)


class SalesReceipts(Sale):
    """Money taken at once: without an account it goes to Undeposited Funds, as a payment does (4.3, 6)."""

    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        named = body.get("DepositToAccountRef") or {"value": clerk.company.account_of("UndepositedFunds")}
        account = clerk.ref("Account", named, "DepositToAccountRef")
        obj = super().build(clerk, entity, body, old)
        return {**obj, "DepositToAccountRef": {"value": account["Id"], "name": account["Name"]}, "Balance": books.NONE}

    def void(self, clerk: Clerk, entity: str, old: Obj) -> Obj:
        return _voided(old)


class RefundReceipts(Sale):
    def build(self, clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> Obj:
        if "DepositToAccountRef" not in body:
            raise missing("DepositToAccountRef")
        account = clerk.ref("Account", body["DepositToAccountRef"], "DepositToAccountRef")
        obj = super().build(clerk, entity, body, old)
        return {**obj, "DepositToAccountRef": {"value": account["Id"], "name": account["Name"]}, "Balance": books.NONE}


# --- lines ---------------------------------------------------------------------------------------------------------


def settle_lines(clerk: Clerk, body: Obj, old: Obj | None) -> tuple[list[Obj], Decimal]:
    """The lines as QuickBooks keeps them (own SubTotal line, ids), and their total after discount, before tax."""
    sent = [line for line in body["Line"] if line.get("DetailType") != "SubTotalLineDetail"]
    if len(sent) > MOST_LINES:
        raise Refusal(
            "6000", f"A transaction can have at most {MOST_LINES} lines; supplied {len(sent)}", element="Line"
        )
    items = [_checked(clerk, line) for line in sent if line.get("DetailType") != "DiscountLineDetail"]
    if not any(line["DetailType"] == "SalesItemLineDetail" or line.get("Description") == "Subtotal:" for line in items):
        raise Refusal("2020", "Required parameter Line.SalesItemLineDetail is missing in the request", element="Line")
    subtotal = sum((line["Amount"] for line in items if _counts(line)), books.NONE)
    discounts = [_discount(clerk, line, subtotal) for line in sent if line.get("DetailType") == "DiscountLineDetail"]
    if len(discounts) > 1:
        raise Refusal("6000", "A transaction can have only one discount line", element="Line")
    _number_lines(items + discounts, old)
    own: Obj = {"DetailType": "SubTotalLineDetail", "Amount": subtotal, "SubTotalLineDetail": {}}
    return [*items, own, *discounts], subtotal - sum((d["Amount"] for d in discounts), books.NONE)


def _counts(line: Obj) -> bool:
    """A line without an item is documentation only: its amount is ignored (3.4)."""
    return "ItemRef" in line.get("SalesItemLineDetail", {})


def _checked(clerk: Clerk, line: Obj) -> Obj:
    kind = line.get("DetailType")
    if not kind:
        raise missing("Line.DetailType")
    if kind == "DescriptionOnly":
        return {k: v for k, v in line.items() if k != "Amount"}
    if kind != "SalesItemLineDetail":
        raise Refusal("5030", f"Feature Not Supported Error : {kind} is not supported here", element="DetailType")
    detail = line.get("SalesItemLineDetail") or {}
    tax = detail.get("TaxCodeRef", {}).get("value", "NON")
    if tax not in ("TAX", "NON"):
        raise Refusal("6100", f"Invalid Line Tax Code : {tax}", element="TaxCodeRef")
    if "ItemRef" not in detail:
        return {k: v for k, v in {**line, "SalesItemLineDetail": detail}.items() if k != "Amount"}
    if "Amount" not in line:
        raise missing("Line.Amount")
    item = clerk.ref("Item", detail["ItemRef"], "ItemRef")
    if clerk.switch("inactive_income_refused", True):
        clerk.ref("Account", item["IncomeAccountRef"], "IncomeAccountRef of ItemRef")
    amount = _amount(clerk, line["Amount"])
    if "Qty" in detail and "UnitPrice" in detail and cents(WIDE.multiply(detail["Qty"], detail["UnitPrice"])) != amount:
        said = f"Amount is not equal to UnitPrice * Qty. Supplied value:{line['Amount']}"
        raise Refusal("6070", said, element="Amount")
    detail = {**detail, "ItemRef": {"value": item["Id"], "name": item["Name"]}, "TaxCodeRef": {"value": tax}}
    return {**line, "Amount": amount, "SalesItemLineDetail": detail}


def _amount(clerk: Clerk, amount: Decimal) -> Decimal:
    rounded = cents(amount)
    if rounded != amount and clerk.switch("fraction_of_cent", "round") == "refuse":
        raise Refusal("2090", f"Invalid number : {amount} has a fraction of a cent", element="Amount")
    return rounded


def _discount(clerk: Clerk, line: Obj, subtotal: Decimal) -> Obj:
    if not clerk.company.preferences["SalesFormsPrefs"].get("AllowDiscount"):
        raise Refusal("6000", "Discounts are turned off in the company's preferences", element="DiscountLineDetail")
    detail = dict(line.get("DiscountLineDetail") or {})
    if detail.get("PercentBased") and "DiscountPercent" in detail:
        amount = cents(subtotal * detail["DiscountPercent"] / 100)
    elif "Amount" in line and not detail.get("PercentBased"):
        amount = _amount(clerk, line["Amount"])
    else:
        raise Refusal("6090", "Discount line lacks an amount or a percentage", element="Amount")
    if amount < 0 or amount > max(subtotal, books.NONE):
        raise Refusal("6000", "The discount may not exceed the subtotal", element="Amount")
    default = clerk.company.preferences["SalesFormsPrefs"].get("DefaultDiscountAccount")
    ref = detail.get("DiscountAccountRef") or ({"value": default} if default else None)
    if ref:
        account = clerk.ref("Account", ref, "DiscountAccountRef")
        if account["Classification"] not in ("Revenue", "Expense"):
            raise Refusal("6430", f"Invalid account type : {account['AccountType']}", element="DiscountAccountRef")
        detail["DiscountAccountRef"] = {"value": account["Id"], "name": account["Name"]}
    return {**line, "Amount": amount, "DiscountLineDetail": detail}


def _number_lines(lines: list[Obj], old: Obj | None) -> None:
    """Lines with an id that the transaction has keep it; the others are new (2.4)."""
    known = {line["Id"] for line in old["Line"] if "Id" in line} if old else set()
    last = max((int(i) for i in known), default=0)
    used: set[str] = set()
    for at, line in enumerate(lines, 1):
        if line.get("Id") not in known or line["Id"] in used:
            last += 1
            line["Id"] = str(last)
        used.add(line["Id"])
        line["LineNum"] = at


def _voided(old: Obj) -> Obj:
    """It stays with its number; amounts and quantities are 0, and the note gets a prefix (3.6)."""
    note = f"Voided - {old['PrivateNote']}" if old.get("PrivateNote") else "Voided"
    zero = {"TotalAmt": books.NONE, "Balance": books.NONE, "TxnTaxDetail": {"TotalTax": books.NONE}}
    return {**old, **zero, "Line": [_emptied(line) for line in old["Line"]], "PrivateNote": note[:4000]}


def _emptied(line: Obj) -> Obj:
    done = dict(line)
    if "Amount" in done:
        done["Amount"] = books.NONE
    if "SalesItemLineDetail" in done:
        done["SalesItemLineDetail"] = {
            k: books.NONE if k in ("Qty", "UnitPrice") else v for k, v in done["SalesItemLineDetail"].items()
        }
    return done


def _tax(clerk: Clerk, body: Obj) -> Decimal:
    """A sent TotalTax counts only where the company uses sales tax (3.5)."""
    if not clerk.company.preferences["TaxPrefs"].get("UsingSalesTax"):
        return books.NONE
    return cents(body.get("TxnTaxDetail", {}).get("TotalTax", books.NONE))


def _reflowed(address: Obj) -> Obj:
    """An update of a transaction gives an address back as nothing but lines (3.2)."""
    place = " ".join(address[k] for k in ("City", "CountrySubDivisionCode", "PostalCode") if address.get(k))
    texts = [t for t in (*(address.get(f"Line{n}") for n in range(1, 6)), place, address.get("Country")) if t]
    lines = [*texts[:4], ", ".join(texts[4:])]
    return {f"Line{n}": line for n, line in enumerate(lines, 1) if line}


def check_currency(clerk: Clerk, body: Obj, customer: Obj) -> None:
    """Named where the company has several, and the customer's own (3.2, 4.3)."""
    prefs = clerk.company.preferences["CurrencyPrefs"]
    if prefs["MultiCurrencyEnabled"] and "CurrencyRef" not in body:
        raise missing("CurrencyRef")
    if "CurrencyRef" in body and body["CurrencyRef"]["value"] != customer["CurrencyRef"]["value"]:
        raise Refusal("6000", "The transaction's currency is not the customer's", element="CurrencyRef")


# --- what hangs on a document --------------------------------------------------------------------------------------


def _with_links(clerk: Clerk, entity: str, obj: Obj, old: Obj | None) -> Obj:
    """Adds Balance and LinkedTxn. A change that contradicts the payments already applied is refused."""
    links = clerk.company.applied.get((entity, old["Id"]), {}) if old else {}
    paid = sum(links.values(), books.NONE)
    if old and links and obj["CustomerRef"]["value"] != old["CustomerRef"]["value"] and not clerk.person:
        raise Refusal("620", "The customer of a document with linked payments cannot be changed", element="CustomerRef")
    if old and paid > obj["TotalAmt"]:
        if not clerk.person and clerk.switch("shrink_below_paid", "error") == "error":
            raise Refusal("6000", "The total cannot be less than the amount already applied", element="TotalAmt")
        trim_payments(clerk, entity, old, obj["TotalAmt"])
        links = clerk.company.applied.get((entity, old["Id"]), {})
    return {**obj, **link_fields(entity, obj["TotalAmt"], links)}
