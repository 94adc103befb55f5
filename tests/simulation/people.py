"""What people do in a history: staff in Clio, the bookkeeper in QuickBooks, the firm at Stripe, and whoever sits at
our own pages (desk.py). ``ACTS`` names each act with its weight. What cannot be done just now is simply not done.
"""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infra.sandbox.clio import books as clio_books
from infra.sandbox.clio.refuse import Refusal as ClioRefusal
from infra.sandbox.quickbooks.faults import Refusal as BooksRefusal
from infra.sandbox.stripe import Refusal as StripeRefusal
from tests.simulation import books_people
from tests.simulation.base import FirmFacts
from tests.simulation.books_people import Books
from tests.simulation.desk import Desk

if TYPE_CHECKING:
    from tests.simulation.history import History

ACTS: dict[str, int] = {
    "client_pays": 30,
    "client_pays_two_tabs": 6,
    "cheque_while_paying": 6,
    "approve_bill": 6,
    "new_bill": 6,
    "edit_bill": 8,
    "void_bill": 5,
    "delete_draft": 1,
    "cheque": 12,
    "cheque_over_two": 4,
    "flurry": 3,
    "flurry_while_paying": 2,
    "compare_pressed": 2,
    "record_ours": 20,
    "record_ours_as_sum": 4,
    "remove_payment": 6,
    "credit": 4,
    "interest": 4,
    "pending": 3,
    "change_client": 4,
    "trust_deposit": 4,
    "edit_invoice": 2,
    "delete_invoice": 1,
    "delete_booked_payment": 1,
    "deposit_booked_payment": 2,
    "strange_payment": 1,
    "refund": 6,
    "dispute": 4,
    "return_debit": 4,
    "revoke": 3,
    "start_collection": 16,
    "stop_collection": 3,
    "save_set": 3,
    "answer_matches": 14,
    "retry_parked": 8,
    "resync_pressed": 6,
    "disconnect": 3,
    "reconnect": 6,
    "mark_paid_switch": 4,
    "undo_match": 2,
    **books_people.ACTS,
}


class Staff:
    """Staff of both firms in Clio."""

    h: History

    def firm(self, rng: random.Random) -> FirmFacts:
        return rng.choice(self.h.acting)

    def _bills(self, firm: FirmFacts, *states: str, kind: str = "") -> list[Any]:
        rows = self.h.world.clio_box.state.of_firm("bills", firm.clio)
        return [b for b in rows if b.state in states and (not kind or b.kind == kind)]

    def _pick(self, rng: random.Random, firm: FirmFacts, *states: str, kind: str = "") -> Any | None:
        found = self._bills(firm, *states, kind=kind)
        return rng.choice(found) if found else None

    def _did(self, firm: FirmFacts, *bills: int) -> None:
        self.h.truth.note(self.h.clock.at)
        self.h.point_clio(firm, list(bills))

    def approve_bill(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "draft", "awaiting_approval"):
            self.h.world.clio_box.people.approve(bill.id)
            self._did(firm, bill.id)

    def new_bill(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        clients = [c.id for c in self.h.world.clio_box.state.of_firm("contacts", firm.clio)]
        number = f"{firm.name[0]}{rng.randint(100, 999)}{len(self.h.world.clio_box.state.rows['bills'])}"
        lines = [
            {"note": f"Work {n}", "price": rng.randint(1, 99_999), "hours": rng.choice(("1", "0.7", "2.3"))}
            for n in range(rng.randint(1, 4))
        ]
        kind = "trust_kind" if rng.random() < 0.25 else "revenue_kind"
        today = self.h.world.clio_box.firm_today(firm.clio)
        bill = self.h.world.clio_box.people.add_bill(
            firm.clio, rng.choice(clients), number, lines, due_at=today + timedelta(days=rng.randint(-5, 20)), kind=kind
        )
        self._did(firm, bill)

    def edit_bill(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        bill = self._pick(rng, firm, "awaiting_payment")
        if bill is None:
            return
        what = rng.choice(("total", "due", "number", "lines"))
        people = self.h.world.clio_box.people
        if what == "total" and not bill.paid and not bill.credits:
            people.edit_bill(bill.id, total=rng.randint(1_000, 90_000))
        elif what == "due":
            people.edit_bill(
                bill.id, due_at=self.h.world.clio_box.firm_today(firm.clio) + timedelta(days=rng.randint(-3, 30))
            )
        elif what == "number":
            people.edit_bill(bill.id, number=f"{bill.number[:12]}-{rng.randint(1, 99)}")
        elif not bill.paid and not bill.credits:
            people.edit_bill(bill.id, lines=[{"note": "Redone", "price": rng.randint(100, 9_999), "hours": "3"}])
        self._did(firm, bill.id)

    def void_bill(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "awaiting_payment"):
            self.h.world.clio_box.people.void(bill.id)
            self._did(firm, bill.id)

    def delete_draft(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "draft"):
            self.h.world.clio_box.people.delete(bill.id)
            self._did(firm, bill.id)

    def cheque(self, rng: random.Random) -> None:
        """Another payment, which is none of ours; sometimes of the very same amount."""
        firm = self.firm(rng)
        bill = self._pick(rng, firm, "awaiting_payment", kind="revenue_kind")
        if bill is None:
            return
        owed = clio_books.balance(bill)
        cents = owed if rng.random() < 0.6 else rng.randint(1, owed)
        self.h.world.clio_box.people.record_payment({bill.id: cents}, reference=str(rng.randint(100, 999)))
        self._did(firm, bill.id)

    def flurry(self, rng: random.Random) -> None:
        """Several small payments and charges on one bill within seconds: pointers come while it is being looked at."""
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "awaiting_payment", kind="revenue_kind"):
            self._flurry(rng, firm, bill)

    def flurry_while_paying(self, rng: random.Random) -> None:
        """... while its client presses Pay, again and again."""
        if found := self.h.people.mail(rng):
            mail, token = found
            firm_id, _, id = mail.tag.partition("--")
            bill = self.h.truth.bill(id.rsplit("-", 1)[0])
            if bill.kind == "revenue_kind":
                self._flurry(rng, self.h.truth.firm_of(firm_id), bill)
            for n in range(4):
                at = self.h.clock.at + timedelta(seconds=n * rng.uniform(0.5, 3))
                draw = random.Random(rng.random())
                self.h.later(at, "presses Pay", lambda d=draw: self.h.people.press(mail, token, d, 9))  # type: ignore[misc]

    def _flurry(self, rng: random.Random, firm: FirmFacts, bill: Any) -> None:
        at = self.h.clock.at
        for cents in rng.sample((101, 203, 307, 409, 511), rng.randint(2, 5)):
            self.h.later(at, "one of a flurry", lambda c=cents: self._one_of_flurry(firm, bill, c))  # type: ignore[misc]
            at += timedelta(seconds=rng.uniform(0.3, 3))

    def _one_of_flurry(self, firm: FirmFacts, bill: Any, cents: int) -> None:
        if bill.state != "awaiting_payment" or self.h.people.resting:
            return
        if cents > 250:
            self.h.world.clio_box.people.add_interest(bill.id, cents)
        elif clio_books.balance(bill) > cents:
            self.h.world.clio_box.people.record_payment({bill.id: cents})
        self._did(firm, bill.id)

    def cheque_over_two(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        bills = self._bills(firm, "awaiting_payment", kind="revenue_kind")
        if len(bills) > 1:
            two = rng.sample(bills, 2)
            self.h.world.clio_box.people.record_payment({b.id: rng.randint(1, clio_books.balance(b)) for b in two})
            self._did(firm, *(b.id for b in two))

    def _unrecorded(self, firm: FirmFacts) -> list[tuple[Any, Any, int]]:
        """(payment of ours, bill, cents of it not yet recorded in Clio): what the list "Record in Clio" shows."""
        found = []
        for payment in self.h.checkers.settled(firm.firm):
            for item in payment["items"]:
                bill = self.h.truth.bill(item["payable"])
                shown = dict(self.h.truth.bills[bill.id][-1].shown).get(payment["id"], 0)
                left = item["cents"] - item["back"] - shown
                if left > 0 and bill.state == "awaiting_payment":
                    found.append((payment, bill, left))
        return found

    def record_ours(self, rng: random.Random) -> None:
        """Staff record in Clio what the list says; with its code or without, whole or net of the fee."""
        firm = self.firm(rng)
        waiting = self._unrecorded(firm)
        if not waiting:
            return
        payment, bill, left = rng.choice(waiting)
        cents = min(left, clio_books.balance(bill))
        if rng.random() < 0.15 and payment["fee"] and cents > payment["fee"]:
            cents -= payment["fee"]
        if cents <= 0:
            return
        text = f"{payment['code']} card" if rng.random() < 0.6 else "Card payment"
        clio = self.h.world.clio_box.people
        if bill.kind == "trust_kind":
            moved = clio.record_trust_deposit(bill.id, cents, description=text)
            self.h.truth.deposits[moved] = (payment["id"], bill.id, cents)
        else:
            made = clio.record_payment({bill.id: cents}, method="credit_card", description=text)
            self.h.truth.records[made] = ((payment["id"], cents),)
        self._did(firm, bill.id)

    def record_ours_as_sum(self, rng: random.Random) -> None:
        """Several of our payments as one sum on one bill, or one of ours over several bills in one record."""
        firm = self.firm(rng)
        waiting = [w for w in self._unrecorded(firm) if w[1].kind == "revenue_kind"]
        if not waiting:
            return
        payment = rng.choice(waiting)[0]
        parts = {b.id: min(left, clio_books.balance(b)) for p, b, left in waiting if p["id"] == payment["id"]}
        made = self.h.world.clio_box.people.record_payment(
            parts, method="credit_card", description=payment["code"] if rng.random() < 0.5 else ""
        )
        self.h.truth.records[made] = ((payment["id"], sum(parts.values())),)
        self._did(firm, *parts)

    def remove_payment(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        rows = [p for p in self.h.world.clio_box.state.of_firm("payments", firm.clio) if p.voided_at is None]
        if rows:
            payment = rng.choice(rows)
            state = self.h.world.clio_box.state
            on = sorted({a.bill for a in state.rows["allocations"].values() if a.parent_id == payment.id})
            self.h.world.clio_box.people.remove_payment(payment.id)
            self._did(firm, *on)

    def credit(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "awaiting_payment", kind="revenue_kind"):
            self.h.world.clio_box.people.issue_credit(bill.id, rng.randint(1, clio_books.balance(bill)))
            self._did(firm, bill.id)

    def interest(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "awaiting_payment", kind="revenue_kind"):
            self.h.world.clio_box.people.add_interest(bill.id, rng.randint(1, 900))
            self._did(firm, bill.id)

    def pending(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "awaiting_payment"):
            self.h.world.clio_box.people.set_pending(bill.id, 0 if bill.pending else clio_books.balance(bill))
            self._did(firm, bill.id)

    def change_client(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        client = rng.choice(self.h.world.clio_box.state.of_firm("contacts", firm.clio))
        email = rng.choice((f"new{rng.randint(1, 99)}@mail.example", "", "again@mail.example"))
        name = f"{client.name} {rng.randint(1, 9)}" if rng.random() < 0.3 else None
        self.h.world.clio_box.people.change_client(client.id, name=name, email=email)

    def trust_deposit(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "awaiting_payment", kind="trust_kind"):
            self.h.world.clio_box.people.record_trust_deposit(bill.id, clio_books.balance(bill), method="check")
            self._did(firm, bill.id)


class Elsewhere:
    """The bookkeeper in QuickBooks, the firm and its clients' banks at Stripe, and owners who take access away."""

    h: History

    def firm(self, rng: random.Random) -> FirmFacts:
        return rng.choice(self.h.acting)

    def _booked(self, rng: random.Random, firm: FirmFacts, entity: str) -> Any | None:
        rows = list(self.h.world.quickbooks_box.company(firm.realm).all(entity))
        return rng.choice(rows) if rows else None

    def _touch(self, firm: FirmFacts, entity: str, id: str) -> None:
        self.h.truth.touched.add((firm.realm, entity, id))

    def edit_invoice(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if invoice := self._booked(rng, firm, "Invoice"):
            self._touch(firm, "Invoice", invoice["Id"])
            cents = rng.randint(100, 90_000)
            self.h.world.quickbooks_box.people.change_invoice_amount(firm.realm, invoice["Id"], Decimal(cents) / 100)

    def delete_invoice(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if invoice := self._booked(rng, firm, "Invoice"):
            self._touch(firm, "Invoice", invoice["Id"])
            self.h.world.quickbooks_box.people.delete_invoice(firm.realm, invoice["Id"])
            for bill in self.h.checkers._marked([invoice], "bill"):
                self.h.truth.removed.add((firm.realm, bill))

    def delete_booked_payment(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if payment := self._booked(rng, firm, "Payment"):
            self._touch(firm, "Payment", payment["Id"])
            self.h.world.quickbooks_box.people.delete_payment(firm.realm, payment["Id"])

    def deposit_booked_payment(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if payment := self._booked(rng, firm, "Payment"):
            self._touch(firm, "Payment", payment["Id"])
            self.h.world.quickbooks_box.people.deposit_payment(firm.realm, payment["Id"])

    def strange_payment(self, rng: random.Random) -> None:
        """Somebody enters a payment in QuickBooks by hand."""
        firm = self.firm(rng)
        invoice = self._booked(rng, firm, "Invoice")
        if invoice and invoice.get("Balance", 0) > 0:
            self._touch(firm, "Invoice", invoice["Id"])
            self.h.world.quickbooks_box.people.add_payment(
                firm.realm, invoice["CustomerRef"]["value"], invoice["Balance"], invoice=invoice["Id"]
            )

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


class People(Staff, Elsewhere, Desk, Books):
    """Everybody. ``act`` does one thing by name; what the place refuses is not done."""

    def __init__(self, history: History) -> None:
        self.h = history
        self.resting = False

    def firm(self, rng: random.Random) -> FirmFacts:
        return rng.choice(self.h.acting)

    def act(self, name: str, rng: random.Random) -> None:
        if self.resting:
            return
        try:
            getattr(self, name)(rng)
        except (ClioRefusal, BooksRefusal, StripeRefusal) as no:
            self.h.tell(f"  refused there: {no}")
