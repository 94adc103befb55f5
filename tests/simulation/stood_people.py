"""Revoke and purge where the company stays as it is: payments that people entered by hand on our invoices, customers of
ours that they gave other names; and what changes between the first sync's list and the button Begin."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import contacts
from infra.sandbox.clio import books as clio_books
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {"purge_over_hands": 1, "purge_over_names": 1, "change_before_begin": 1}


class Stands(Acting):
    """What stands in QuickBooks from before, and is met again."""

    def _pairs(self, rng: random.Random, days: tuple[float, ...]) -> None:
        self._soon(rng, days, "looks at payments", lambda: self.h.people.pair_payments(random.Random(rng.random())))

    # --- payments by hand -------------------------------------------------------------------------------------------
    def purge_over_hands(self, rng: random.Random) -> None:
        """Before the purge an invoice is linked with the payments on it, and written by us since; or the payment is
        entered in both books while nothing is linked."""
        firm, draw = self.firm(rng), random.Random(rng.random())
        if rng.random() < 0.5:
            if not (bill := self._in_both_books(firm, rng)):
                return
            self._pairs(rng, (0.3, 1))
            self._soon(rng, (1.5, 2), "its words change", lambda: self._reword(firm, bill))
            purge = lambda: self._purge_links(firm, draw, empties=False)  # noqa: E731
            self._soon(rng, (3, 4), "purges", purge)
        else:
            self._purge_links(firm, draw, empties=False)
            self._soon(rng, (0.01, 0.06), "enters it in both books", lambda: self._on_ours(firm, draw))
        self._pairs(rng, (7, 9))

    def _reword(self, firm: FirmFacts, bill: int) -> None:
        if self.h.world.clio_box.state.rows["bills"][bill].state == "awaiting_payment":
            self.h.world.clio_box.people.edit_bill(bill, memo="Written since")
            self._did(firm, bill)

    def _on_ours(self, firm: FirmFacts, rng: random.Random) -> None:
        """On an invoice that bears our mark, and on which nothing was received."""
        truth, clio = self.h.truth, self.h.world.clio_box
        if self.h.checkers.bodies[Ref(firm.firm, Kind.CONNECTION, "quickbooks")]["account"]:  # it was not purged
            return
        found = [(b, i) for b, i in self._open_there(firm) if i["Balance"] == i["TotalAmt"] and b.id not in truth.hands]
        if not found:
            return
        bill, invoice = rng.choice(found)
        cents = rng.randint(1, min(clio_books.balance(bill), int(invoice["Balance"] * 100)))
        on = clio.firm_today(firm.clio) - timedelta(days=rng.randint(0, 3))
        later = on + timedelta(days=rng.choice((0, 0, 1, 3)))
        cheque = str(rng.randint(2_100, 9_999)) if rng.random() < 0.5 else ""
        paid = self._enter(firm, invoice, cents, on, cheque)
        made = clio.people.record_payment({bill.id: cents}, on=later, reference=cheque)
        truth.twins[firm.realm, paid] = made, bill.id
        truth.hands[bill.id] = (invoice["Id"], frozenset({paid} if later != on else ()))
        self._did(firm, bill.id)

    # --- other names ------------------------------------------------------------------------------------------------
    def purge_over_names(self, rng: random.Random) -> None:
        """A sub-customer or customer of ours gets another name, and then the links are purged. Where there is none yet
        the firm wishes sub-customers first."""
        firm, draw = self.firm(rng), random.Random(rng.random())
        if rng.random() < 0.4 and (linked := self._linked(rng, firm)):
            self._link_by_hand(firm, *linked, rng)
            return
        if not self._subs(firm):
            self._at_desk(firm, "sub-customers True", lambda: self._wish(firm, True))
            self._soon(rng, (0.001,), "bills by matter", lambda: self._bills_by_matter(firm, draw))
        self._soon(rng, (0.5, 1), "renames a customer of ours", lambda: self._rename_ours(firm, draw))
        self._soon(rng, (1.1, 2), "purges", lambda: self._purge_links(firm, draw, empties=False))

    def _rename_ours(self, firm: FirmFacts, rng: random.Random) -> None:
        box, mark = self.h.world.quickbooks_box, f"feesimple:{firm.firm}:"
        rows = [r for r in box.company(firm.realm).all("Customer") if r["Active"] and mark in r.get("Notes", "")]
        subs = [r for r in rows if "ParentRef" in r]
        if not rows:
            return
        row = rng.choice(subs if subs and rng.random() < 0.8 else rows)
        self.h.truth.renamed.add((firm.realm, row["Id"]))
        self._call(firm, row["Id"], f"By hand {rng.randint(10_000, 99_999)}")

    def _link_by_hand(self, firm: FirmFacts, client: str, customer: str, rng: random.Random) -> None:
        """Its customer is made inactive; somebody links one for which nothing speaks, which gets one more name."""
        world, name = self.h.world, f"Account {rng.randint(10_000, 99_999)}"
        world.quickbooks_box.people.deactivate_customer(firm.realm, customer)
        self._touch(firm, "Customer", customer)
        made = world.quickbooks_box.people.add_customer(firm.realm, name)["Id"]
        self._touch(firm, "Customer", made)
        self.h.truth.by_name.add((firm.realm, made))
        link = lambda: contacts.link_by_name(world, firm.firm, client, name, "staff")  # noqa: E731
        self._soon(rng, (0.1, 0.3), "links one by hand", lambda: self._at_desk(firm, "links by hand", link))
        if rng.random() < 0.5:
            self._soon(rng, (0.5, 1), "it is called otherwise", lambda: self._call(firm, made, f"{name} again"))
        draw = random.Random(rng.random())
        self._soon(rng, (1.1, 2), "purges", lambda: self._purge_linked(firm, client, made, draw))

    def _call(self, firm: FirmFacts, customer: str, name: str) -> None:
        if customer not in self.h.world.quickbooks_box.company(firm.realm).tables["Customer"]:  # emptied meanwhile
            return
        self.h.truth.said.add((firm.realm, customer, name))
        self.h.world.quickbooks_box.people.rename_customer(firm.realm, customer, name)
        self._touch(firm, "Customer", customer)

    def _purge_linked(self, firm: FirmFacts, client: str, customer: str, rng: random.Random) -> None:
        held = self.h.checkers.bodies[Ref(firm.firm, Kind.CONTACT, client)]
        row = self.h.world.quickbooks_box.company(firm.realm).tables["Customer"].get(customer)
        if row and held["customer"] == customer and held["books"] and held["books"]["name"] == row["DisplayName"]:
            self.h.truth.hand_linked[firm.realm, customer] = client, self.h.clock.at
        self._purge_links(firm, rng, empties=False)

    # --- between the list and the button ----------------------------------------------------------------------------
    def change_before_begin(self, rng: random.Random) -> None:
        """Somebody looks at the list and answers, and presses Begin hours later."""
        firm = self.firm(rng)
        self.h.truth.slow.add(firm.firm)
        self._purge_links(firm, rng, empties=rng.random() < 0.5)

    def before_begin(self, firm: FirmFacts) -> None:
        """A bill comes, an invoice is changed in QuickBooks, or a client is called otherwise."""
        rng = random.Random(f"{self.h.seed} before {firm.firm}")
        self.h.truth.slow.discard(firm.firm)
        for _ in range(rng.choice((1, 1, 2))):
            what = rng.choice(("bill", "bill", "invoice", "client"))
            self._soon(rng, (0.01, 0.05), f"changes meanwhile: {what}", lambda w=what: self._meanwhile(firm, w, rng))

    def _meanwhile(self, firm: FirmFacts, what: str, rng: random.Random) -> None:
        box, clio = self.h.world.quickbooks_box, self.h.world.clio_box
        rows = [r for r in box.company(firm.realm).all("Invoice") if r["Balance"] == r["TotalAmt"] > 0]
        client = rng.choice(clio.state.of_firm("contacts", firm.clio))
        if what == "invoice" and rows:
            id = rng.choice(rows)["Id"]
            box.people.change_invoice_amount(firm.realm, id, Decimal(rng.randint(100, 900)))
            self._touch(firm, "Invoice", id)
        elif what == "client":
            self.h.people._change_client(firm, client.id, f"Called {rng.randint(10, 99)} {client.name}", "")
        else:
            number = f"{firm.name[0]}B{rng.randint(100, 999)}{len(clio.state.rows['bills'])}"
            lines = [{"note": "Approved meanwhile", "price": rng.randint(9_000, 60_000)}]
            due = clio.firm_today(firm.clio)
            self._did(firm, clio.people.add_bill(firm.clio, client.id, number, lines, due_at=due))
