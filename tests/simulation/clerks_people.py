"""What clerks do in Clio to contacts and bills as such: two contacts merged into one, a bill taken back to a draft and
approved again, another number for a bill; and the bookkeeper who says whether one client takes another's customer over.
"""

from __future__ import annotations

import random
from typing import Any

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.domain.linking import picked
from chalicelib.errors import FeeSimpleError, Refused
from chalicelib.flow import attention, contacts, resync
from infra.sandbox.clio import books as clio_books
from tests.simulation.acting import AT_ONCE, HOUR, Acting
from tests.simulation.base import FirmFacts
from tests.simulation.desk import LINK

ACTS: dict[str, int] = {
    "merge_clients": 2,
    "answer_take_over": 2,
    "take_bill_back": 3,
    "renumber_bill": 2,
}


class Clerks(Acting):
    """Contacts merged, bills taken back and renumbered."""

    def _of(self, firm: FirmFacts, kind: str) -> list[Any]:
        return list(self.h.world.clio_box.state.of_firm(kind, firm.clio))

    def _unpaid(self, firm: FirmFacts, kind: str = "revenue_kind") -> list[Any]:
        return [b for b in self._of(firm, "bills") if b.state == "awaiting_payment" and b.kind == kind]

    # --- two contacts are one client --------------------------------------------------------------------------------
    def merge_clients(self, rng: random.Random) -> None:
        """One is merged into a contact that was entered twice, or into another client. The bookkeeper may change either
        customer around it; bills and money of the one that stays follow, and somebody answers soon, or nobody does."""
        firm = self.firm(rng)
        linked = self._linked(rng, firm)
        if linked is None or int(linked[0]) not in self.h.world.clio_box.state.rows["contacts"]:
            return
        loser, draw = int(linked[0]), random.Random(rng.random())
        winner = self._into(firm, loser, rng)
        if rng.random() < 0.4:
            change = lambda: self._change_customer(draw, firm, linked[1])  # noqa: E731
            self._soon(rng, (0, AT_ONCE, 2 * AT_ONCE, HOUR), "changes its customer", change)
        if rng.random() < 0.2:  # not the same one after all: both stay, under one name
            self._bill_of(firm, winner, draw)
        else:
            self._soon(rng, (0, AT_ONCE, 1), "merges two contacts", lambda: self._merge(firm, loser, winner, draw))
        self._soon(rng, (AT_ONCE, HOUR, 2), "more for the one that stays", lambda: self._more(firm, winner, draw))
        for _ in range(rng.choice((0, 1, 2, 3))):
            answer = random.Random(rng.random())
            job = lambda d=answer: self._at_desk(firm, "takes over?", lambda: self._take_over(firm, d))  # noqa: E731
            self._soon(rng, (HOUR, 0.5, 3, 6), "says whether it is taken over", job)

    def _into(self, firm: FirmFacts, loser: int, rng: random.Random) -> int:
        """The contact that stays: one of the same name and address, of the same name, of neither; or another client."""
        clio = self.h.world.clio_box
        here = clio.state.rows["contacts"][loser]
        others = [c.id for c in self._of(firm, "contacts") if c.id != loser]
        how = rng.choices(("twin", "namesake", "new", "client"), (4, 2, 1, 3))[0]
        if how == "client" and others:
            return int(rng.choice(others))
        email = next((e["address"] for e in here.emails if e["primary"]), "")
        name = f"{here.name} the second" if how == "new" else here.name
        email = email if how == "twin" else f"second{rng.randint(1, 99)}@mail.example"
        return clio.people.add_client(firm.clio, name, email, company=here.type == "Company")

    def _merge(self, firm: FirmFacts, loser: int, winner: int, rng: random.Random) -> None:
        clio = self.h.world.clio_box
        bills = [b.id for b in self._of(firm, "bills") if b.client_id == loser]
        if self.h.people.refusable(lambda: clio.people.merge_clients(loser, winner)) is None:
            return
        self.h.truth.merged[loser] = winner
        self._did(firm, *bills)
        self.h.point_client(firm, loser, "deleted")
        self.h.point_client(firm, winner)
        if rng.random() < 0.4:
            self.h.spawn("polls", lambda: resync.begin_polls(self.h.world, firm.firm), firm.firm)

    def _more(self, firm: FirmFacts, client: int, rng: random.Random) -> None:
        """A bill, a cheque over its bills, a payment taken out, an address."""
        clio = self.h.world.clio_box
        mine = [b for b in self._unpaid(firm) if b.client_id == client]
        what = rng.choice(("bill", "cheque", "cheque", "taken out", "address"))
        if what == "address":
            email = f"stays{rng.randint(1, 99)}@mail.example"
            self.h.people.refusable(lambda: clio.people.change_client(client, email=email))
            self.h.point_client(firm, client)
        elif what == "taken out":
            parts = [a for a in self._of(firm, "allocations") if a.contact == client and not a.voided_at]
            paid = [a for a in parts if a.parent_type == "Payment"]
            if paid:
                one = rng.choice(paid)
                self.h.people.refusable(lambda: clio.people.remove_payment(one.parent_id))
                self._did(firm, one.bill)
        elif what == "cheque" and mine:
            clio.people.record_payment({b.id: clio_books.balance(b) for b in mine})
            self._did(firm, *(b.id for b in mine))
        elif client in clio.state.rows["contacts"]:
            self._bill_of(firm, client, rng)

    def answer_take_over(self, rng: random.Random) -> None:
        for firm in self.h.acting:
            self._at_desk(firm, "takes over?", lambda f=firm: self._take_over(f, rng))

    def _take_over(self, firm: FirmFacts, rng: random.Random) -> None:
        """Yes, on the step or on the client's page; another customer with a suffix; a look whether it may be by now; or
        not now."""
        for task in self.h.world.store.parked(firm.firm, limit=50).items:
            choices = [str(c[0]) for c in task.body.get("choices", [])]
            over = next((c for c in choices if picked(c)), "")
            if task.kind != Do.CUSTOMER or "suffix" not in choices:
                continue
            how = rng.choices(("over", "page", "suffix", "later"), (6, 2, 1, 1))[0]
            if how == "suffix" or (how in ("over", "page") and over):
                self._say_over(firm, task, over if how != "suffix" else "suffix", page=how == "page")
            elif how != "later":
                self._say_over(firm, task, "", page=False)

    def _say_over(self, firm: FirmFacts, task: Effect, choice: str, *, page: bool) -> None:
        world, client = self.h.world, str(task.body["contact"])
        truth = self.h.truth
        over, apart = dict(truth.over), set(truth.apart)
        if choice:
            truth.said_of_customer(firm, client, choice, self.h.clock.at)
        self.h.tell(f"  {choice} for client {client}")
        try:
            if page:
                rows = world.quickbooks_box.company(firm.realm).tables["Customer"]
                name = rows[picked(choice)]["DisplayName"]
                contacts.link_by_name(world, firm.firm, client, name, "staff", over=True)
            else:
                attention.retry(world, firm.firm, task.key, "staff", choice)
        except Refused as no:  # it was not said, then
            truth.over, truth.apart = over, apart
            self.h.tell(f"  {no}")
        except FeeSimpleError as no:  # nobody knows whether it was
            truth.apart.add((firm.firm, client))
            self.h.tell(f"  {no}")

    # --- back to a draft --------------------------------------------------------------------------------------------
    def take_bill_back(self, rng: random.Random) -> None:
        """A bill of some days, one that was approved a moment ago, or one on which a cheque came; it is changed or not,
        and approved again, maybe with a second thought, or not."""
        firm, clio = self.firm(rng), self.h.world.clio_box
        clio.switches["draft_with_money"] = rng.random() < 0.7
        draw = random.Random(rng.random())
        what = rng.random()
        if what < 0.4:
            self.h.people.new_bill(rng)
        bills = self._unpaid(firm) + (self._unpaid(firm, "trust_kind") if what > 0.8 else [])
        if not bills:
            return
        reminded = [b for b in bills if self._mails(firm, b.id)]
        bill = bills[-1] if what < 0.4 else rng.choice(reminded if reminded and what < 0.9 else bills)
        owed = clio_books.balance(bill)
        if 0.4 < what < 0.7 and bill.kind == "revenue_kind" and owed > 1:
            clio.people.record_payment({bill.id: rng.randint(1, owed - 1)})
            self._did(firm, bill.id)
        later = (0, AT_ONCE, 0.0005, HOUR, 1)
        self._soon(rng, later, f"takes bill {bill.number} back", lambda: self._to_draft(firm, bill.id, draw, 2))

    def _to_draft(self, firm: FirmFacts, bill: int, rng: random.Random, times: int) -> None:
        clio = self.h.world.clio_box
        state = rng.choice(("draft", "draft", "awaiting_approval"))
        if self.h.people.refusable(lambda: clio.people.take_back(bill, state)) is None:
            return
        self._did(firm, bill)
        if rng.random() < 0.6:
            redo = lambda: self._redo(firm, bill, rng)  # noqa: E731
            self._soon(rng, (0, AT_ONCE, HOUR, 1), "the draft is changed", redo)
        if rng.random() < 0.5:
            look = random.Random(rng.random())
            self._soon(rng, (0.0002, 0.02, 0.5), "its client looks", lambda: self._client_looks(firm, bill, look))
        if rng.random() < 0.1:
            self._soon(rng, (HOUR, 1), "the draft is deleted", lambda: self._delete(firm, bill))
        elif rng.random() < 0.85:
            again = lambda: self._approve_again(firm, bill, rng, times)  # noqa: E731
            self._soon(rng, (2 * AT_ONCE, 0.001, 0.1, 1.1, 5), "the draft is approved again", again)

    def _mails(self, firm: FirmFacts, bill: int) -> list[tuple[Any, str]]:
        """The mails about this bill, each with its pay link."""
        about = f"{firm.firm}--{bill}-"
        found = [(m, LINK.search(m.text)) for m in self.h.world.mail.outbox if m.tag.startswith(about)]
        return [(m, link[1]) for m, link in found if link]

    def _client_looks(self, firm: FirmFacts, bill: int, rng: random.Random) -> None:
        if mails := self._mails(firm, bill):
            mail, token = rng.choice(mails)
            self.h.people.press(mail, token, rng, 1)

    def _draft(self, bill: int) -> Any | None:
        row = self.h.world.clio_box.state.rows["bills"][bill]
        return row if row.state in ("draft", "awaiting_approval") else None

    def _redo(self, firm: FirmFacts, id: int, rng: random.Random) -> None:
        bill, people = self._draft(id), self.h.world.clio_box.people
        if bill is None:
            return
        what = rng.choice(("total", "total", "lines", "due", "number"))
        received = bill.paid + bill.credits
        if what == "due":
            people.edit_bill(id, due_at=self.h.world.clio_box.firm_today(firm.clio))
        elif what == "number":
            people.edit_bill(id, number=f"{bill.number[:12]}d{rng.randint(10, 99)}")
        elif what == "total" or received:
            people.edit_bill(id, total=received + rng.randint(0 if received else 500, 60_000))
        else:
            people.edit_bill(id, lines=[{"note": "Drawn again", "price": rng.randint(900, 30_000), "hours": "2"}])
        self._did(firm, id)

    def _approve_again(self, firm: FirmFacts, id: int, rng: random.Random, times: int) -> None:
        if self._draft(id) is None:
            return
        self.h.world.clio_box.people.approve(id)
        self._did(firm, id)
        if times > 1 and rng.random() < 0.25:
            self._soon(rng, (AT_ONCE, HOUR), "takes it back again", lambda: self._to_draft(firm, id, rng, times - 1))

    def _delete(self, firm: FirmFacts, id: int) -> None:
        self.h.people.refusable(lambda: self.h.world.clio_box.people.delete(id))
        self._did(firm, id)

    # --- another number ---------------------------------------------------------------------------------------------
    def renumber_bill(self, rng: random.Random) -> None:
        """Another number; one that another bill has, which may get that of this one; one that is too long for
        QuickBooks. A cheque may come with it. QuickBooks may not look after its numbers (its reference, 3.3)."""
        firm, world = self.firm(rng), self.h.world
        world.quickbooks_box.switches["duplicate_docnumber_unchecked"] = rng.random() < 0.6
        if rng.random() < 0.3:
            self.h.people.new_bill(rng)
        bills = [
            b for b in self._of(firm, "bills") if b.kind == "revenue_kind" and b.state in ("awaiting_payment", "paid")
        ]
        if len(bills) < 2:
            return
        one, other = rng.sample(bills[-6:], 2) if rng.random() < 0.7 else rng.sample(bills, 2)
        free, draw = f"{firm.name[0]}R{rng.randint(1_000, 9_999)}", random.Random(rng.random())
        what = rng.choices(("free", "swapped", "in turn", "taken", "long"), (3, 3, 2, 2, 1))[0]
        mine, theirs = one.number, other.number
        if what == "free":
            self._number(firm, one.id, free)
        elif what == "swapped":
            self._number(firm, one.id, theirs)
            back = lambda: self._number(firm, other.id, mine)  # noqa: E731
            self._soon(rng, (0, AT_ONCE, HOUR, 1), "the other gets its number", back)
        elif what == "in turn":  # the other one moves away first
            self._number(firm, other.id, free)
            self._soon(rng, (0, AT_ONCE, HOUR), "takes the freed number", lambda: self._number(firm, one.id, theirs))
        else:
            self._number(firm, one.id, theirs if what == "taken" else f"{free}-much-too-long-for-it")
            right = lambda: self._number(firm, one.id, rng.choice((free, mine)))  # noqa: E731
            if rng.random() < 0.7:
                self._soon(rng, (AT_ONCE, HOUR, 2), "puts the number right", right)
        if rng.random() < 0.4:
            self._soon(rng, (0, AT_ONCE, HOUR), "money meanwhile", lambda: self.h.people.act("cheque", draw))

    def _number(self, firm: FirmFacts, bill: int, number: str) -> None:
        self.h.world.clio_box.people.edit_bill(bill, number=number)
        self._did(firm, bill)
