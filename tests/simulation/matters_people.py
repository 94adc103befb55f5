"""What people do with matters: sub-customers wished or not, bills by matter and one cheque for them, subject and memo,
other numbers; and the bookkeeper who changes what an invoice tells besides its amount."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.clio import webhook
from chalicelib.domain.kernel import Neighbour
from chalicelib.flow import drawing, setup
from infra.sandbox.clio import books as clio_books
from infra.sandbox.clio.state import Matter
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {
    "sub_customers": 2,
    "bills_by_matter": 2,
    "move_bill": 1,
    "edit_words": 1,
    "deactivate_sub": 1,
    "rename_matter": 2,
    "rename_sub": 1,
    "edit_particulars": 1,
    "void_paid_bill": 1,
}
ELSEWHERE = "Somewhere else"  # whom a sub-customer is moved to


class Matters(Acting):
    """What people wish, bill and change where matters are sub-customers."""

    def sub_customers(self, rng: random.Random) -> None:
        """The firm wishes them, or no longer; bills by matter come soon."""
        firm, on = self.firm(rng), rng.random() < 0.8
        self._at_desk(firm, f"sub-customers {on}", lambda: self._wish(firm, on))
        at = self.h.clock.at + timedelta(days=rng.choice((0.0001, 0.05, 2)))
        draw = random.Random(rng.random())
        self.h.later(at, "bills by matter", lambda: self._bills_by_matter(firm, draw))

    def _wish(self, firm: FirmFacts, on: bool) -> None:
        how = setup.setup(self.h.world, firm.firm).firm.invoicing
        drawing.save(self.h.world, firm.firm, replace(how, sub_customers=on), {}, "staff")

    def bills_by_matter(self, rng: random.Random) -> None:
        self._bills_by_matter(self.firm(rng), rng)

    def _bills_by_matter(self, firm: FirmFacts, rng: random.Random) -> None:
        """Two bills of one client, of one matter each or over both; a cheque for both comes with them, or later."""
        if self.h.people.resting:
            return
        clio = self.h.world.clio_box
        client = rng.choice(clio.state.of_firm("contacts", firm.clio))
        matters = [m.id for m in clio.state.of_firm("matters", firm.clio) if m.client_id == client.id]
        if len(matters) < 2 or rng.random() < 0.2:
            matters.append(self._open_matter(firm, client))
        today, bills = clio.firm_today(firm.clio), []
        for n, of in enumerate((matters[:1], matters[-1:] if rng.random() < 0.7 else matters[-2:])):
            number = f"{firm.name[0]}M{rng.randint(100, 999)}{len(clio.state.rows['bills'])}"
            lines = [{"note": f"Work {n}", "price": rng.randint(9_000, 60_000), "matter": m} for m in of]
            bills.append(clio.people.add_bill(firm.clio, client.id, number, lines, due_at=today, matters=of))
        self._did(firm, *bills)
        at = self.h.clock.at + timedelta(days=rng.choice((0, 0.01, 3)))
        if rng.random() < 0.7:
            self.h.later(at, "a cheque over matters", lambda: self._pay_all(firm, bills, rng))

    def _open_matter(self, firm: FirmFacts, client: Any) -> int:
        clio = self.h.world.clio_box
        number = len(clio.state.of_firm("matters", firm.clio)) + 1
        made = clio.new(
            Matter,
            firm.clio,
            number=number,
            display_number=f"{number:05d}-{client.name.split()[-1]}",
            description="Another matter",
            client_id=client.id,
            open_date=clio.firm_today(firm.clio),
        )
        return made.id

    def _pay_all(self, firm: FirmFacts, bills: list[int], rng: random.Random) -> None:
        rows = self.h.world.clio_box.state.rows["bills"]
        owed = {b: clio_books.balance(rows[b]) for b in bills if rows[b].state == "awaiting_payment"}
        if owed and all(owed.values()) and not self.h.people.resting:
            paid: dict[str | int, int] = {
                b: cents if rng.random() < 0.6 else rng.randint(1, cents) for b, cents in owed.items()
            }
            self.h.world.clio_box.people.record_payment(paid)
            self._did(firm, *owed)

    def _billed(self, rng: random.Random, firm: FirmFacts) -> Any | None:
        rows = self.h.world.clio_box.state.of_firm("bills", firm.clio)
        bills = [b for b in rows if b.state == "awaiting_payment" and b.kind == "revenue_kind"]
        return rng.choice(bills[-6:]) if bills else None

    def move_bill(self, rng: random.Random) -> None:
        """A bill was on the wrong matter."""
        firm = self.firm(rng)
        bill = self._billed(rng, firm)
        matters = self.h.world.clio_box.state.of_firm("matters", firm.clio)
        if bill is not None:
            mine = [m.id for m in matters if m.client_id == bill.client_id]
            self.h.world.clio_box.people.edit_bill(bill.id, matters=[rng.choice(mine)])
            self._did(firm, bill.id)

    def edit_words(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._billed(rng, firm):
            word = rng.randint(10, 99)
            subject = f"Subject {word}" if rng.random() < 0.5 else None
            self.h.world.clio_box.people.edit_bill(bill.id, subject=subject, memo=f"Memo {word}")
            self._did(firm, bill.id)

    def deactivate_sub(self, rng: random.Random) -> None:
        """The bookkeeper makes a sub-customer inactive, or moves it below another; now and then it is set back. Where
        there is none yet the firm wishes them first, and bills by matter."""
        firm = self.firm(rng)
        if not self._subs(firm):
            self._at_desk(firm, "sub-customers True", lambda: self._wish(firm, True))
            self._bills_by_matter(firm, rng)
        draw = random.Random(rng.random())
        at = self.h.clock.at + timedelta(days=rng.choice((0.05, 0.2, 1)))
        self.h.later(at, "takes a sub-customer away", lambda: self._take_away(firm, draw))

    def _subs(self, firm: FirmFacts) -> list[dict[str, Any]]:
        rows = self.h.world.quickbooks_box.company(firm.realm).all("Customer")
        return [r for r in rows if "ParentRef" in r and r["Active"]]

    def _take_away(self, firm: FirmFacts, rng: random.Random) -> None:
        people, company = self.h.world.quickbooks_box.people, self.h.world.quickbooks_box.company(firm.realm)
        if self.h.people.resting or not (subs := self._subs(firm)):
            return
        sub, parent = rng.choice(subs), ""
        if rng.random() < 0.4:
            parent = people.add_customer(firm.realm, f"{ELSEWHERE} {len(list(company.all('Customer')))}")["Id"]
        changes: dict[str, Any] = {"ParentRef": {"value": parent}} if parent else {"Active": False}
        back = {"ParentRef": sub["ParentRef"]} if parent else {"Active": True}
        people.change_name(firm.realm, "Customer", sub["Id"], **changes)
        self._touch(firm, "Customer", sub["Id"])
        self.h.people._answered_soon(firm, rng)
        if rng.random() < 0.3:
            at = self.h.clock.at + timedelta(days=rng.choice((0.0005, 0.1, 2)))
            self.h.later(at, "a sub-customer is set back", lambda: self._set_back(firm, sub["Id"], back))

    def _set_back(self, firm: FirmFacts, id: str, changes: dict[str, Any]) -> None:
        if not self.h.people.resting:
            people = self.h.world.quickbooks_box.people
            self.h.people.refusable(lambda: people.change_name(firm.realm, "Customer", id, **changes))
            self._touch(firm, "Customer", id)

    def rename_matter(self, rng: random.Random) -> None:
        """A matter that is billed gets another number, now and then one that another matter has or had; some days later
        maybe one more."""
        firm, clio = self.firm(rng), self.h.world.clio_box
        bills = [b for b in clio.state.of_firm("bills", firm.clio) if b.matters]
        if bills:
            id = rng.choice(bills[-6:]).matters[0]
            self._renumber(firm, id, rng)
            if rng.random() < 0.5:
                at = self.h.clock.at + timedelta(days=rng.choice((0, 0.001, 3)))
                self.h.later(at, "another number", lambda: self._renumber(firm, id, rng))

    def _renumber(self, firm: FirmFacts, id: int, rng: random.Random) -> None:
        if self.h.people.resting:
            return
        clio, moves = self.h.world.clio_box, rng.random() < 0.5
        matters = clio.state.of_firm("matters", firm.clio)
        other = rng.choice(matters).display_number
        clio.switches["matter_moves_bills"] = moves
        clio.people.rename_matter(id, other if rng.random() < 0.2 else f"{rng.randint(70_000, 79_999)}-N")
        bills = [b.id for b in clio.state.of_firm("bills", firm.clio) if moves and id in b.matters]
        self._did(firm, *bills)
        client = next(m.client_id for m in matters if m.id == id)
        pointers = webhook.pointers(
            b'{"data": {"id": %d, "client": {"id": %d}}}' % (id, client), f"us/{firm.clio}", "matter"
        )
        self.h.news.tell(Neighbour.CLIO, pointers, firm.firm)

    def rename_sub(self, rng: random.Random) -> None:
        """The bookkeeper gives a sub-customer a name of their own."""
        firm = self.firm(rng)
        box = self.h.world.quickbooks_box
        subs = [c["Id"] for c in box.company(firm.realm).all("Customer") if "ParentRef" in c and c["Active"]]
        if subs:
            id, name = rng.choice(subs), f"By hand {rng.randint(10_000, 99_999)}"
            self.h.truth.said.add((firm.realm, id, name))
            box.people.rename_customer(firm.realm, id, name)
            self._touch(firm, "Customer", id)

    def void_paid_bill(self, rng: random.Random) -> None:
        """A client pays online; some days later staff, who have not recorded it, void a bill of the kind, or take it
        back to a draft and delete that."""
        people, firm = self.h.people, self.firm(rng)
        people.client_pays(rng)
        at = self.h.clock.at + timedelta(days=rng.uniform(1, 6))
        deletes = rng.random() < 0.4
        what = f"{'deletes' if deletes else 'voids'} what was paid"
        self.h.later(at, what, lambda: self._void_paid(firm, deletes=deletes))

    def _void_paid(self, firm: FirmFacts, *, deletes: bool) -> None:
        clio = self.h.world.clio_box.people
        for _, bill, _ in [] if self.h.people.resting else self.h.people._unrecorded(firm):
            if bill.state == "awaiting_payment" and not bill.paid and not bill.credits:
                if deletes:
                    clio.take_back(bill.id, "draft")
                    clio.delete(bill.id)
                else:
                    clio.void(bill.id)
                self._did(firm, bill.id)
                return

    def edit_particulars(self, rng: random.Random) -> None:
        """The bookkeeper gives an invoice another due date, day or number."""
        firm = self.firm(rng)
        rows = list(self.h.world.quickbooks_box.company(firm.realm).all("Invoice"))
        if rows:
            id = rng.choice(rows)["Id"]
            day = (self.h.clock.at + timedelta(days=rng.randint(3, 40))).date().isoformat()
            changes = rng.choice(({"DueDate": day}, {"DueDate": day}, {"TxnDate": day}, {"DocNumber": f"X{id}"}))
            self.h.world.quickbooks_box.people.change_invoice(firm.realm, id, **changes)
            self._touch(firm, "Invoice", id)
