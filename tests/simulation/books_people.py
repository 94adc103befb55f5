"""What people do to clients, credits and trust money: staff in Clio, the bookkeeper in QuickBooks and at our desk."""

from __future__ import annotations

import random
from typing import Any

from chalicelib.errors import FeeSimpleError
from chalicelib.flow import contacts
from infra.sandbox.clio import books as clio_books
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {
    "change_customer": 5,
    "change_both_sides": 3,
    "deactivate_customer": 1,
    "merge_customers": 1,
    "remove_credit": 3,
    "move_trust": 4,
    "edit_trust": 2,
    "delete_trust": 2,
    "pay_from_trust": 2,
    "answer_contacts": 4,
}


class Books(Acting):
    """What people change of clients, credits and trust money."""

    # --- clients and customers --------------------------------------------------------------------------------------
    def _linked(self, rng: random.Random, firm: FirmFacts) -> tuple[str, str] | None:
        """(client, customer) of one that is linked."""
        bodies = self.h.checkers.bodies
        found = [
            (ref.id, b["customer"])
            for ref, b in bodies.items()
            if ref.kind == "contact" and ref.firm == firm.firm and b["customer"] and not b["lost"]
        ]
        return rng.choice(found) if found else None

    def change_customer(self, rng: random.Random) -> None:
        """The bookkeeper gives a customer another e-mail address or name."""
        firm = self.firm(rng)
        if linked := self._linked(rng, firm):
            self._change_customer(rng, firm, linked[1])

    def _change_customer(self, rng: random.Random, firm: FirmFacts, customer: str) -> None:
        people = self.h.world.quickbooks_box.people
        if rng.random() < 0.7:
            value = f"there{rng.randint(1, 99)}@mail.example"
            people.change_email(firm.realm, customer, value)
        else:
            value = f"Renamed there {rng.randint(1, 999)}"
            people.rename_customer(firm.realm, customer, value)
        self.h.truth.said.add((firm.realm, customer, value))
        self.h.point_books(firm, "Customer", customer)

    def change_both_sides(self, rng: random.Random) -> None:
        """The same client in Clio and in QuickBooks, within one moment."""
        firm = self.firm(rng)
        if linked := self._linked(rng, firm):
            self.h.world.clio_box.people.change_client(int(linked[0]), email=f"here{rng.randint(1, 99)}@mail.example")
            self.h.point_client(firm, int(linked[0]))
            self._change_customer(rng, firm, linked[1])

    def deactivate_customer(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if linked := self._linked(rng, firm):
            self.h.truth.touched.add((firm.realm, "Customer", linked[1]))
            self.h.world.quickbooks_box.people.deactivate_customer(firm.realm, linked[1])
            self.h.point_books(firm, "Customer", linked[1])

    def merge_customers(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        one, other = self._linked(rng, firm), self._linked(rng, firm)
        if one and other and one[1] != other[1]:
            self.h.truth.touched |= {(firm.realm, "Customer", one[1]), (firm.realm, "Customer", other[1])}
            self.h.world.quickbooks_box.people.merge_customers(firm.realm, one[1], other[1])
            self.h.point_books(firm, "Customer", one[1])

    # --- credits and trust money in Clio ----------------------------------------------------------------------------
    def remove_credit(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        state = self.h.world.clio_box.state
        rows = [m for m in state.of_firm("credit_memos", firm.clio) if m.voided_at is None]
        if rows:
            memo = rng.choice(rows)
            on = sorted({a.bill for a in state.rows["allocations"].values() if a.parent_id == memo.id})
            self.h.world.clio_box.people.remove_credit(memo.id)
            self._did(firm, *on)

    def move_trust(self, rng: random.Random) -> None:
        """Money into trust, or out of it, that no bill asks for."""
        firm = self.firm(rng)
        client = rng.choice(self.h.world.clio_box.state.of_firm("contacts", firm.clio))
        cents = rng.randint(100, 50_000) * rng.choice((1, 1, -1))
        self.h.world.clio_box.people.move_trust(client.id, cents, description="Retainer")

    def _moves(self, firm: FirmFacts) -> list[Any]:
        rows = self.h.world.clio_box.state.of_firm("bank_transactions", firm.clio)
        return [m for m in rows if m.description == "Retainer"]

    def edit_trust(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if moves := self._moves(firm):
            self.h.world.clio_box.people.edit_transaction(rng.choice(moves).id, amount=rng.randint(100, 50_000))

    def delete_trust(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if moves := self._moves(firm):
            self.h.world.clio_box.people.delete_transaction(rng.choice(moves).id)

    def pay_from_trust(self, rng: random.Random) -> None:
        """Staff pay a bill from what is held for its client."""
        firm = self.firm(rng)
        rows = self.h.world.clio_box.state.of_firm("bills", firm.clio)
        bills = [b for b in rows if b.state == "awaiting_payment" and b.kind == "revenue_kind"]
        if bills:
            bill = rng.choice(bills)
            people = self.h.world.clio_box.people
            people.move_trust(bill.client_id, clio_books.balance(bill), description="Retainer for a bill")
            people.record_payment({bill.id: clio_books.balance(bill)}, from_trust=True)
            self._did(firm, bill.id)

    # --- at our desk --------------------------------------------------------------------------------------------------
    def answer_contacts(self, rng: random.Random) -> None:
        for firm in self.h.acting:
            self._at_desk(firm, "answers for clients", lambda f=firm: self._answer_contacts(f, rng))

    def _answer_contacts(self, firm: FirmFacts, rng: random.Random) -> None:
        for ref, body in list(self.h.checkers.bodies.items()):
            if ref.kind != "contact" or ref.firm != firm.firm:
                continue
            for kept in body["kept"]:
                side = rng.choice(("clio", "quickbooks"))
                try:
                    contacts.take(self.h.world, firm.firm, ref.id, kept["field"], side, "staff")
                except FeeSimpleError as no:
                    self.h.tell(f"  {no}")
