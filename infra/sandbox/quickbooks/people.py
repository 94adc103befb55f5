"""What people do in QuickBooks itself: staff, the bookkeeper, the firm's owner. Used by tests, pages and the demo.

``control`` puts every public method of ``People`` at ``POST /_sandbox/people/<method>`` with a JSON body of its
arguments. Amounts are given as text or numbers of the currency's whole unit ("400.00"); dates as YYYY-MM-DD.
"""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk, cents
from infra.sandbox.quickbooks.faults import Refusal
from infra.sandbox.quickbooks.payments import Payments

if TYPE_CHECKING:
    from infra.sandbox.quickbooks.server import QuickBooksSandbox


class People:
    """Each method acts at once and returns the object as it now is. Raises Refusal as the API would."""

    def __init__(self, box: QuickBooksSandbox) -> None:
        self.box = box

    def _clerk(self, realm: str) -> Clerk:
        return Clerk(self.box, self.box.company(realm), person=True)

    def _at(self, realm: str, entity: str, id: str) -> tuple[Clerk, Obj]:
        clerk = self._clerk(realm)
        found = clerk.company.get(entity, str(id))
        if found is None:
            raise Refusal("610", f"Object Not Found : {entity} {id}")
        return clerk, found

    # --- looking ---------------------------------------------------------------------------------------------------
    def find(self, realm: str, entity: str, **wanted: str) -> list[Obj]:
        """Objects whose properties equal ``wanted``; a reference or e-mail is compared by its value."""
        clerk = self._clerk(realm)
        shown = (clerk.shown(entity, o) for o in list(clerk.company.all(entity)))
        return [o for o in shown if all(_plain(o.get(k)) == v for k, v in wanted.items())]

    def books(self, realm: str) -> dict[str, list[Obj]]:
        """Every object of every kind, for checkers and the demo."""
        clerk = self._clerk(realm)
        return {e: [clerk.shown(e, o) for o in clerk.company.all(e)] for e in books.ENTITIES}

    # --- names -----------------------------------------------------------------------------------------------------
    def add_customer(self, realm: str, name: str, email: str = "", **more: Any) -> Obj:
        return self._add_name(realm, "Customer", name, email, more)

    def add_vendor(self, realm: str, name: str, email: str = "", **more: Any) -> Obj:
        return self._add_name(realm, "Vendor", name, email, more)

    def add_employee(self, realm: str, name: str, email: str = "", **more: Any) -> Obj:
        return self._add_name(realm, "Employee", name, email, more)

    def _add_name(self, realm: str, entity: str, name: str, email: str, more: Obj) -> Obj:
        mail = {"PrimaryEmailAddr": {"Address": email}} if email else {}
        return self._clerk(realm).create(entity, {"DisplayName": name, **mail, **more})

    def change_name(self, realm: str, entity: str, id: str, **changes: Any) -> Obj:
        """``entity``: Customer, Vendor, Employee, Account or Item. ``changes`` are properties as in the API; one not
        ``Active`` cannot be used by what is entered from now on (4.2, 6)."""
        clerk, old = self._at(realm, entity, id)
        return clerk.update(entity, {"Id": old["Id"], "SyncToken": old["SyncToken"], "sparse": True, **changes})

    def rename_customer(self, realm: str, id: str, name: str) -> Obj:
        return self.change_name(realm, "Customer", id, DisplayName=name)

    def rename_vendor(self, realm: str, id: str, name: str) -> Obj:
        return self.change_name(realm, "Vendor", id, DisplayName=name)

    def rename_employee(self, realm: str, id: str, name: str) -> Obj:
        return self.change_name(realm, "Employee", id, DisplayName=name)

    def change_email(self, realm: str, id: str, email: str) -> Obj:
        return self.change_name(realm, "Customer", id, PrimaryEmailAddr={"Address": email})

    def deactivate_customer(self, realm: str, id: str) -> Obj:
        """With a balance left, QuickBooks' pages make a balancing credit memo: switch ``deactivate_makes_credit``."""
        clerk = self._clerk(realm)
        owed = clerk.company.owed.get(str(id), books.NONE)
        if owed > 0 and self.box.switch("deactivate_makes_credit", False):
            self.add_credit_memo(realm, id, owed)
        return self.change_name(realm, "Customer", id, Active=False)

    def reactivate_customer(self, realm: str, id: str) -> Obj:
        return self.change_name(realm, "Customer", id, Active=True)

    def merge_customers(self, realm: str, loser: str, winner: str) -> Obj:
        """The loser's transactions move to the winner; the loser becomes inactive (4.1)."""
        clerk, gone = self._at(realm, "Customer", loser)
        _, stays = self._at(realm, "Customer", winner)
        for entity in (*books.SALES, "Payment"):
            for ident in list(clerk.company.of_customer.get((entity, gone["Id"]), {})):
                obj = clerk.company.tables[entity][ident]
                clerk.replace(entity, obj, {**obj, "CustomerRef": {"value": stays["Id"], "name": stays["DisplayName"]}})
        for obj in list(clerk.company.tables["JournalEntry"].values()):
            if gone["Id"] in _customers_of(obj):
                clerk.replace("JournalEntry", obj, {**obj, "Line": _instead(obj, {gone["Id"]: stays["Id"]}, {})})
        self.deactivate_customer(realm, gone["Id"])
        self.box.tell(realm, "Customer", stays["Id"], "merged", deleted_id=gone["Id"])
        return clerk.read("Customer", stays["Id"])

    def add_account(self, realm: str, name: str, type: str = "Bank") -> Obj:
        return self._clerk(realm).create("Account", {"Name": name, "AccountType": type})

    def add_invoice(
        self, realm: str, customer: str, amount: Any, number: str = "", date: str = "", due: str = ""
    ) -> Obj:
        return self._clerk(realm).create("Invoice", self._sale(realm, customer, amount, number, date, due))

    def add_credit_memo(self, realm: str, customer: str, amount: Any, number: str = "", date: str = "") -> Obj:
        return self._clerk(realm).create("CreditMemo", self._sale(realm, customer, amount, number, date))

    def delete_credit_memo(self, realm: str, id: str) -> Obj:
        clerk, old = self._at(realm, "CreditMemo", id)
        return clerk.delete("CreditMemo", old)

    def enter_credit(self, realm: str, invoice: str, amount: Any) -> Obj:
        """A credit memo for the invoice's customer, applied to it by a payment of nothing, as the pages do it (4.4)."""
        _, owed = self._at(realm, "Invoice", invoice)
        customer = owed["CustomerRef"]["value"]
        memo = self.add_credit_memo(realm, customer, amount)
        links = [{"TxnId": owed["Id"], "TxnType": "Invoice"}, {"TxnId": memo["Id"], "TxnType": "CreditMemo"}]
        lines = [{"Amount": Decimal(str(amount)), "LinkedTxn": [link]} for link in links]
        return self._clerk(realm).create(
            "Payment", {"CustomerRef": {"value": customer}, "TotalAmt": Decimal(0), "Line": lines}
        )

    def _sale(self, realm: str, customer: str, amount: Any, number: str, date: str, due: str = "") -> Obj:
        item = next(iter(self.box.company(realm).all("Item")))["Id"]
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": Decimal(str(amount)),
            "Description": "Entered by hand",
            "SalesItemLineDetail": {"ItemRef": {"value": item}},
        }
        optional = {"DocNumber": number, "TxnDate": date, "DueDate": due}
        return {"CustomerRef": {"value": str(customer)}, "Line": [line], **{k: v for k, v in optional.items() if v}}

    def change_invoice_amount(self, realm: str, id: str, amount: Any) -> Obj:
        """Makes the invoice's total ``amount`` by changing its first item line: an edit behind our back."""
        clerk, old = self._at(realm, "Invoice", id)
        difference = cents(Decimal(str(amount))) - old["TotalAmt"]
        lines = [dict(line) for line in old["Line"]]
        first = next(line for line in lines if "ItemRef" in line.get("SalesItemLineDetail", {}))
        first["Amount"] += difference
        kept = {k: v for k, v in first["SalesItemLineDetail"].items() if k not in ("Qty", "UnitPrice")}
        first["SalesItemLineDetail"] = kept
        named = {"Id": old["Id"], "SyncToken": old["SyncToken"], "sparse": True}
        return clerk.update("Invoice", {**named, "Line": lines})

    def change_invoice(self, realm: str, id: str, **changes: Any) -> Obj:
        return self.change(realm, "Invoice", id, **changes)

    def change(self, realm: str, entity: str, id: str, **changes: Any) -> Obj:
        """Any kind of transaction; ``changes`` are properties as in the API (DocNumber, TxnDate, PrivateNote ...)."""
        clerk, old = self._at(realm, entity, id)
        return clerk.update(entity, {"Id": old["Id"], "SyncToken": old["SyncToken"], "sparse": True, **changes})

    def void_invoice(self, realm: str, id: str) -> Obj:
        clerk, old = self._at(realm, "Invoice", id)
        return clerk.void("Invoice", old)

    def delete_invoice(self, realm: str, id: str) -> Obj:
        """Payments on it stay, as unapplied credit."""
        clerk, old = self._at(realm, "Invoice", id)
        return clerk.delete("Invoice", old)

    # --- payments --------------------------------------------------------------------------------------------------
    def add_payment(self, realm: str, customer: str, amount: Any, invoice: str = "", date: str = "") -> Obj:
        total = Decimal(str(amount))
        body: Obj = {"CustomerRef": {"value": str(customer)}, "TotalAmt": total}
        if invoice:
            body["Line"] = [{"Amount": total, "LinkedTxn": [{"TxnId": str(invoice), "TxnType": "Invoice"}]}]
        if date:
            body["TxnDate"] = date
        return self._clerk(realm).create("Payment", body)

    def change_payment(self, realm: str, id: str, **changes: Any) -> Obj:
        return self.change(realm, "Payment", id, **changes)

    def delete_payment(self, realm: str, id: str) -> Obj:
        clerk, old = self._at(realm, "Payment", id)
        return clerk.delete("Payment", old)

    def void_payment(self, realm: str, id: str) -> Obj:
        clerk, old = self._at(realm, "Payment", id)
        clerk.replace("Payment", old, Payments().void(clerk, "Payment", old), "voided")
        return clerk.read("Payment", old["Id"])

    def deposit_payment(self, realm: str, id: str, account: str = "") -> Obj:
        """Puts a payment from Undeposited Funds on a bank deposit: from then on it cannot be changed (6540)."""
        clerk, old = self._at(realm, "Payment", id)
        bank = account or clerk.company.account_of("Checking")
        link = {"TxnId": old["Id"], "TxnType": "Payment", "TxnLineId": "0"}
        line = {"Amount": old["TotalAmt"], "LinkedTxn": [link]}
        return clerk.create("Deposit", {"DepositToAccountRef": {"value": bank}, "Line": [line]})

    def delete_deposit(self, realm: str, id: str) -> Obj:
        clerk, old = self._at(realm, "Deposit", id)
        return clerk.delete("Deposit", old)

    # --- journal entries -------------------------------------------------------------------------------------------
    def add_journal(
        self, realm: str, debit: str, credit: str, amount: Any, number: str = "", date: str = "", customer: str = ""
    ) -> Obj:
        """Moves ``amount`` from the account ``credit`` to the account ``debit``, by hand."""
        named = {"Entity": {"Type": "Customer", "EntityRef": {"value": customer}}} if customer else {}
        lines = [
            {
                "DetailType": "JournalEntryLineDetail",
                "Amount": Decimal(str(amount)),
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": str(account)}, **named},
            }
            for side, account in (("Debit", debit), ("Credit", credit))
        ]
        optional = {"DocNumber": number, "TxnDate": date}
        return self._clerk(realm).create("JournalEntry", {"Line": lines, **{k: v for k, v in optional.items() if v}})

    def change_journal_amount(self, realm: str, id: str, amount: Any) -> Obj:
        """Every line gets this amount: an edit behind our back of an entry with one debit and one credit."""
        clerk, old = self._at(realm, "JournalEntry", id)
        lines = [{**line, "Amount": Decimal(str(amount))} for line in old["Line"]]
        named = {"Id": old["Id"], "SyncToken": old["SyncToken"], "sparse": True}
        return clerk.update("JournalEntry", {**named, "Line": lines})

    def move_journal(
        self, realm: str, id: str, *, customers: dict[str, str] | None = None, accounts: dict[str, str] | None = None
    ) -> Obj:
        """Its lines are given to other customers, or stand on other accounts: each old id with the new one."""
        clerk, old = self._at(realm, "JournalEntry", id)
        named = {"Id": old["Id"], "SyncToken": old["SyncToken"], "sparse": True}
        return clerk.update("JournalEntry", {**named, "Line": _instead(old, customers or {}, accounts or {})})

    def delete_journal(self, realm: str, id: str) -> Obj:
        clerk, old = self._at(realm, "JournalEntry", id)
        return clerk.delete("JournalEntry", old)

    # --- the company and the connection ----------------------------------------------------------------------------
    def set_preferences(
        self,
        realm: str,
        *,
        BookCloseDate: str | None = None,
        Duplicates: dict[str, str | None] | None = None,
        UsingSalesTax: bool | None = None,
        HomeCurrency: str | None = None,
        **sales: Any,
    ) -> Obj:
        """``sales``: CustomTxnNumbers, AllowDiscount, AutoApplyCredit ... of SalesFormsPrefs. ``BookCloseDate``: '' is
        none. ``Duplicates``: a name such as WarnDuplicateBillNumber -> "true", "false", or null for not returned.
        ``HomeCurrency``: '' is not returned, as in Simple Start (4.8)."""
        company = self.box.company(realm)
        new = json.loads(json.dumps(company.preferences))
        new["SalesFormsPrefs"].update(sales)
        if BookCloseDate is not None:
            new["AccountingInfoPrefs"].pop("BookCloseDate", None)
            if BookCloseDate:
                new["AccountingInfoPrefs"]["BookCloseDate"] = BookCloseDate
        if UsingSalesTax is not None:
            new["TaxPrefs"]["UsingSalesTax"] = UsingSalesTax
        if HomeCurrency is not None:
            new["CurrencyPrefs"].pop("HomeCurrency", None)
            if HomeCurrency:
                new["CurrencyPrefs"]["HomeCurrency"] = {"value": HomeCurrency}
        for name, value in (Duplicates or {}).items():
            others = [v for v in new["OtherPrefs"]["NameValue"] if v["Name"] != name]
            new["OtherPrefs"]["NameValue"] = others + ([{"Name": name, "Value": value}] if value is not None else [])
        new["SyncToken"] = str(int(new["SyncToken"]) + 1)
        new["MetaData"]["LastUpdatedTime"] = books.stamp(self.box.now())
        company.preferences = new
        self.box.tell(realm, "Preferences", new["Id"], "updated")
        return company.preferences

    def lapse(self, realm: str, lapsed: bool = True) -> Obj:
        """The subscription ended: writes get 6190."""
        self.box.company(realm).lapsed = lapsed
        return {"lapsed": lapsed}

    def revoke_grants(self, realm: str) -> Obj:
        """The firm disconnects the app inside QuickBooks: every token of it is dead."""
        found = [g for g in self.box.state.grants.values() if g.realm == realm and not g.revoked]
        for grant in found:
            grant.revoked = True
        return {"revoked": len(found)}

    def consent(self, url: str, realm: str = "") -> Obj:
        """Answers an authorize URL as a person on the consent page would; an empty realm cancels."""
        return {"location": self.box.door.decide_url(url, realm or None)}

    def use_up_limits(self, realm: str) -> Obj:
        """Another app of the firm spends the whole minute's requests."""
        self.box.limits.use_up(self.box, realm)
        return {}

    def refuse_members(self, codes: list[str]) -> Obj:
        """The next batch members that write are refused with these codes, one each."""
        self.box.state.refuse_members += [str(c) for c in codes]
        return {"waiting": len(self.box.state.refuse_members)}

    def register_webhook(self, url: str) -> Obj:
        self.box.state.webhook_url = url
        return {"url": url}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return str(value) if isinstance(value, Decimal) else value


def control(app: Flask, box: QuickBooksSandbox) -> None:
    """The JSON routes below ``/_sandbox``."""
    from infra.sandbox.quickbooks.server import to_json

    @app.post("/_sandbox/people/<act>")
    def act(act: str) -> Response:
        method = None if act.startswith("_") else getattr(box.people, act, None)
        if method is None:
            return Response(to_json({"error": f"no such act: {act}"}), 404, content_type="application/json")
        try:
            done = method(**(request.get_json(silent=True) or {}))
        except Refusal as refusal:
            return Response(to_json(refusal.fault()), 400, content_type="application/json")
        except (TypeError, KeyError) as error:
            return Response(to_json({"error": str(error)}), 400, content_type="application/json")
        return Response(to_json(done), content_type="application/json")

    @app.get("/_sandbox/books/<realm>")
    def books_of(realm: str) -> Response:
        if realm not in box.state.companies:
            return Response(to_json({"error": f"no company {realm}"}), 404, content_type="application/json")
        return Response(to_json(box.people.books(realm)), content_type="application/json")

    @app.get("/_sandbox/companies")
    def companies() -> Response:
        found = [{"realm": c.realm, "name": c.name} for c in box.state.companies.values()]
        return Response(to_json(found), content_type="application/json")

    @app.post("/_sandbox/seed")
    def seed_again() -> Response:
        from infra.sandbox.quickbooks.seed import seed

        seed(box)
        return Response(to_json({"companies": len(box.state.companies)}), content_type="application/json")


def _customers_of(journal: Obj) -> set[str]:
    details = [line.get("JournalEntryLineDetail", {}) for line in journal["Line"]]
    return {d["Entity"]["EntityRef"]["value"] for d in details if "Entity" in d}


def _instead(journal: Obj, customers: dict[str, str], accounts: dict[str, str]) -> list[Obj]:
    """A journal entry's lines with other customers and accounts."""
    lines: list[Obj] = copy.deepcopy(journal["Line"])
    for line in lines:
        detail = line.get("JournalEntryLineDetail", {})
        for ref, others in (
            (detail.get("AccountRef", {}), accounts),
            (detail.get("Entity", {}).get("EntityRef", {}), customers),
        ):
            if ref.get("value") in others:
                ref["value"] = others[ref["value"]]
                ref.pop("name", None)
    return lines
