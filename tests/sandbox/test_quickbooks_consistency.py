"""Whatever people and apps do, the QuickBooks sandbox's own books agree with themselves."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from infra.sandbox.quickbooks.books import Company, own_name
from infra.sandbox.quickbooks.clerk import Clerk
from infra.sandbox.quickbooks.faults import Refusal
from tests.sandbox.quickbooks_wire import App

Sums = dict[str, Decimal]


class Crowd:
    """Does one random thing after another, as an app or as a person."""

    def __init__(self, seed: int) -> None:
        self.app = App(over_apply=random.Random(seed).choice(["error", "unapplied"]), deactivate_makes_credit=True)
        self.dice = random.Random(seed)
        self.realm = self.app.realm
        self.done = self.refused = 0

    def pick(self, entity: str) -> str:
        return self.dice.choice(list(self.app.box.company(self.realm).tables[entity]) or ["0"])

    def amount(self) -> Decimal:
        return Decimal(self.dice.randint(1, 50_000)) / 100

    def step(self) -> None:
        people, realm = self.app.people, self.realm
        api = Clerk(self.app.box, self.app.box.company(realm))
        acts: list[Callable[[], Any]] = [
            lambda: people.add_customer(realm, f"Client {self.dice.randint(1, 40)}"),
            lambda: people.add_invoice(realm, self.pick("Customer"), self.amount(), str(self.dice.randint(1, 99))),
            lambda: people.add_credit_memo(realm, self.pick("Customer"), self.amount()),
            lambda: self.pay(api),
            lambda: self.pay(api),
            lambda: people.change_invoice_amount(realm, self.pick("Invoice"), self.amount()),
            lambda: people.change_invoice(realm, self.pick("Invoice"), DocNumber=str(self.dice.randint(1, 99))),
            lambda: self.unpay(api),
            lambda: self.use_credit(api),
            lambda: people.void_invoice(realm, self.pick("Invoice")),
            lambda: people.delete_invoice(realm, self.pick("Invoice")),
            lambda: people.void_payment(realm, self.pick("Payment")),
            lambda: people.delete_payment(realm, self.pick("Payment")),
            lambda: people.deposit_payment(realm, self.pick("Payment")),
            lambda: people.delete_deposit(realm, self.pick("Deposit")),
            lambda: people.rename_customer(realm, self.pick("Customer"), f"Client {self.dice.randint(1, 40)}"),
            lambda: people.deactivate_customer(realm, self.pick("Customer")),
            lambda: people.reactivate_customer(realm, self.pick("Customer")),
            lambda: people.merge_customers(realm, self.pick("Customer"), self.pick("Customer")),
            lambda: people.set_preferences(realm, AutoApplyCredit=self.dice.random() < 0.5),
        ]
        try:
            self.dice.choice(acts)()
            self.done += 1
        except Refusal:
            self.refused += 1

    def pay(self, api: Clerk) -> None:
        ident = self.pick("Invoice")
        invoice = api.read("Invoice", ident)
        amount = self.dice.choice([invoice["Balance"], self.amount()])
        lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": ident, "TxnType": "Invoice"}]}]
        total = amount + self.dice.choice([0, 5])
        api.create("Payment", {"CustomerRef": invoice["CustomerRef"], "TotalAmt": total, "Line": lines})

    def use_credit(self, api: Clerk) -> None:
        """Credit and cash together on one invoice, the links in one line or in two."""
        memo = api.read("CreditMemo", self.pick("CreditMemo"))
        customer = memo["CustomerRef"]["value"]
        ours = list(api.company.of_customer.get(("Invoice", customer), {})) or ["0"]
        invoice = api.read("Invoice", self.dice.choice(ours))
        amount = min(memo["Balance"], invoice["Balance"])
        cash = invoice["Balance"] - amount
        to_invoice = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
        to_memo = {"TxnId": memo["Id"], "TxnType": "CreditMemo"}
        lines = [{"Amount": amount, "LinkedTxn": [to_invoice, to_memo]}]
        if self.dice.random() < 0.5:
            lines = [{"Amount": amount, "LinkedTxn": [to_memo]}, {"Amount": amount + cash, "LinkedTxn": [to_invoice]}]
        api.create("Payment", {"CustomerRef": memo["CustomerRef"], "TotalAmt": cash, "Line": lines})

    def unpay(self, api: Clerk) -> None:
        old = api.read("Payment", self.pick("Payment"))
        named = {"Id": old["Id"], "SyncToken": old["SyncToken"], "sparse": True}
        api.update("Payment", {**named, "Line": old["Line"][: self.dice.randint(0, 1)], "TotalAmt": old["TotalAmt"]})


def applied_by_payments(company: Company) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for payment in company.all("Payment"):
        for line in payment["Line"]:
            for link in line["LinkedTxn"]:
                found[(link["TxnType"], link["TxnId"])] += line["Amount"]
    return found


def check(company: Company) -> None:
    applied = applied_by_payments(company)
    owed: Sums = defaultdict(Decimal)
    numbers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for kind, sign in (("Invoice", 1), ("CreditMemo", -1)):
        for doc in company.all(kind):
            assert doc["Balance"] == doc["TotalAmt"] - applied[(kind, doc["Id"])] >= 0
            assert {link["TxnId"] for link in doc["LinkedTxn"]} == set(company.applied.get((kind, doc["Id"]), {}))
            owed[doc["CustomerRef"]["value"]] += sign * doc["TotalAmt"]
            if doc.get("DocNumber"):
                numbers[doc["DocNumber"]].add((kind, doc["Id"]))
    for payment in company.all("Payment"):
        sides = {"Invoice": Decimal(0), "CreditMemo": Decimal(0)}
        for line in payment["Line"]:
            for link in line["LinkedTxn"]:
                sides[link["TxnType"]] += line["Amount"]
                assert company.get(link["TxnType"], link["TxnId"]) is not None
        assert payment["UnappliedAmt"] == payment["TotalAmt"] + sides["CreditMemo"] - sides["Invoice"] >= 0
        owed[payment["CustomerRef"]["value"]] -= payment["TotalAmt"]
    assert {k: v for k, v in company.owed.items() if v} == {k: v for k, v in owed.items() if v}
    assert {n: set(held) for n, held in company.numbers.items() if held} == dict(numbers)
    assert all(len(held) == 1 for held in numbers.values())
    assert sum(company.account_sums.values()) == 0
    held_names = {own_name(o): (e, o["Id"]) for e in ("Customer", "Vendor", "Employee") for o in company.all(e)}
    assert {n: k for names in company.names.values() for n, k in names.items()} == held_names
    for (kind, customer), idents in company.of_customer.items():
        assert all(company.tables[kind][i]["CustomerRef"]["value"] == customer for i in idents)


@pytest.mark.parametrize("seed", range(8))
def test_balances_links_and_indexes_agree_after_any_history(seed: int) -> None:
    crowd = Crowd(seed)
    for step in range(400):
        crowd.step()
        if step % 20 == 0:
            check(crowd.app.box.company(crowd.realm))
    check(crowd.app.box.company(crowd.realm))
    assert crowd.done > 100 and crowd.refused > 20
