"""The bookkeeper in QuickBooks, the firm and its clients' banks at Stripe, and owners who take access away."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from infra.sandbox.stripe import Refusal as StripeRefusal
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

OURS = ("Invoice", "Payment", "CreditMemo", "JournalEntry")


class Elsewhere(Acting):
    """``h`` is the history. What cannot be done just now is not done."""

    def _booked(self, rng: random.Random, firm: FirmFacts, entity: str) -> Any | None:
        rows = list(self.h.world.quickbooks_box.company(firm.realm).all(entity))
        return rng.choice(rows) if rows else None

    def _touch(self, firm: FirmFacts, entity: str, id: str) -> None:
        self.h.truth.touched.add((firm.realm, entity, id))
        self.h.point_books(firm, entity, id)

    def edit_invoice(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if invoice := self._booked(rng, firm, "Invoice"):
            self._edit_invoice(rng, firm, invoice)

    def _edit_invoice(self, rng: random.Random, firm: FirmFacts, invoice: Any) -> None:
        """One that was voided stands again by this."""
        cents = rng.randint(100, 90_000)
        self.h.world.quickbooks_box.people.change_invoice_amount(firm.realm, invoice["Id"], Decimal(cents) / 100)
        self._touch(firm, "Invoice", invoice["Id"])
        self.h.truth.removed -= {(firm.realm, bill) for bill in self.h.checkers._marked([invoice], "bill")}

    def delete_invoice(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if invoice := self._booked(rng, firm, "Invoice"):
            self._remove_invoice(firm, invoice, delete=True)

    def void_invoice_there(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if invoice := self._booked(rng, firm, "Invoice"):
            self._remove_invoice(firm, invoice, delete=False)

    def _remove_invoice(self, firm: FirmFacts, invoice: Any, *, delete: bool) -> None:
        people = self.h.world.quickbooks_box.people
        marked = self.h.checkers._marked([invoice], "bill") if invoice["TotalAmt"] > 0 else {}
        (people.delete_invoice if delete else people.void_invoice)(firm.realm, invoice["Id"])
        self._touch(firm, "Invoice", invoice["Id"])
        self.h.truth.removed |= {(firm.realm, bill) for bill in marked}

    def remove_then_edit(self, rng: random.Random) -> None:
        """An invoice is removed or changed in QuickBooks; soon afterwards staff change its bill in Clio."""
        firm = self.firm(rng)
        invoice = self._booked(rng, firm, "Invoice")
        if not invoice:
            return
        what = rng.random()
        if what < 0.5:
            self._edit_invoice(rng, firm, invoice)
        else:
            self._remove_invoice(firm, invoice, delete=what < 0.75)
        for bill in self.h.checkers._marked([invoice], "bill"):
            at = self.h.clock.at + timedelta(days=rng.choice((0.0001, 0.01, 2)))
            draw = random.Random(rng.random())
            self.h.later(at, "its bill changes", lambda b=bill, d=draw: self.h.people.change_bill(firm, int(b), d))  # type: ignore[misc]

    def delete_booked_payment(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if payment := self._booked(rng, firm, "Payment"):
            self.h.world.quickbooks_box.people.delete_payment(firm.realm, payment["Id"])
            self._touch(firm, "Payment", payment["Id"])

    def edit_ours(self, rng: random.Random) -> None:
        """The bookkeeper gives something that we wrote another number, or a payment another day."""
        firm = self.firm(rng)
        company = self.h.world.quickbooks_box.company(firm.realm)
        ours = {e: [r for r in company.all(e) if "feesimple:" in r.get("PrivateNote", "")] for e in OURS}
        if not any(ours.values()):
            return
        entity = rng.choice([e for e, rows in ours.items() if rows])
        there = rng.choice(ours[entity])
        day = (self.h.clock.at - timedelta(days=rng.randint(1, 9))).date().isoformat()
        changes = {"TxnDate": day} if entity == "Payment" else {"DocNumber": f"X{there['Id']}"}
        self.h.world.quickbooks_box.people.change(firm.realm, entity, there["Id"], **changes)
        self._touch(firm, entity, there["Id"])

    def deposit_booked_payment(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if payment := self._booked(rng, firm, "Payment"):
            self.h.world.quickbooks_box.people.deposit_payment(firm.realm, payment["Id"])
            self._touch(firm, "Payment", payment["Id"])

    def numbers_off(self, rng: random.Random) -> None:
        """Custom transaction numbers are off for some days. Staff look at the preflight, and a bill comes meanwhile."""
        firm = self.firm(rng)
        self._prefer(firm, CustomTxnNumbers=False)
        draw = random.Random(rng.random())
        at = self.h.clock.at + timedelta(hours=rng.uniform(3, 30))
        self.h.later(at, "a bill meanwhile", lambda: self.h.people.act("new_bill", draw))
        later = at + timedelta(hours=rng.uniform(5, 30))
        self.h.later(later, "numbers are on again", lambda: self._prefer(firm, CustomTxnNumbers=True))

    def auto_apply(self, rng: random.Random) -> None:
        self._prefer(self.firm(rng), AutoApplyCredit=rng.random() < 0.7)

    def _prefer(self, firm: FirmFacts, **settings: Any) -> None:
        self.h.world.quickbooks_box.people.set_preferences(firm.realm, **settings)
        self.h.people.look_at_settings(firm)

    def strange_payment(self, rng: random.Random) -> None:
        """Somebody enters a payment in QuickBooks by hand."""
        firm = self.firm(rng)
        invoice = self._booked(rng, firm, "Invoice")
        if invoice and invoice.get("Balance", 0) > 0:
            self.h.world.quickbooks_box.people.add_payment(
                firm.realm, invoice["CustomerRef"]["value"], invoice["Balance"], invoice=invoice["Id"]
            )
            self._touch(firm, "Invoice", invoice["Id"])

    def _money(self, rng: random.Random, firm: FirmFacts, *, bank: bool | None = None) -> Any | None:
        found = []
        for account in (firm.operating, firm.trust):
            for charge in self.h.world.stripe_box.state.accounts[account].held["charge"].values():
                is_bank = charge["payment_method_details"]["type"] != "card"
                if charge["status"] == "succeeded" and (bank is None or bank is is_bank):
                    found.append(charge)
        return rng.choice(found) if found else None

    def refund(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if charge := self._money(rng, firm):
            left = charge["amount"] - charge["amount_refunded"]
            amount = left if rng.random() < 0.5 else rng.randint(1, max(1, left))
            self.h.world.stripe_box.people.refund(charge["id"], amount)

    def dispute(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if charge := self._money(rng, firm, bank=False):
            made = self.h.world.stripe_box.people.open_dispute(charge["id"])
            if rng.random() < 0.7:
                won = rng.random() < 0.5
                people = self.h.world.stripe_box.people
                at = self.h.clock.at + timedelta(days=rng.uniform(1, 20))
                self.h.later(at, f"dispute closed, won={won}", lambda: self._closed(people, made["id"], won))

    def _closed(self, people: Any, dispute: str, won: bool) -> None:
        try:
            people.close_dispute(dispute, won=won)
        except StripeRefusal:
            return

    def return_debit(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if charge := self._money(rng, firm, bank=True):
            self.h.world.stripe_box.people.return_debit(charge["id"])

    def revoke(self, rng: random.Random) -> None:
        """Access ends at the neighbour's own pages."""
        firm = self.firm(rng)
        which = rng.choice(("clio", "quickbooks", "stripe-operating"))
        self.h.truth.revoked.add((firm.firm, which))
        world = self.h.world
        if which == "clio":
            world.clio_box.people.revoke(firm.owner)
        elif which == "quickbooks":
            world.quickbooks_box.people.revoke_grants(firm.realm)
        else:
            world.stripe_box.people.disconnect(firm.operating)
        self.h.people.reconnect_soon(firm, rng)
