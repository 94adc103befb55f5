"""What people take away in QuickBooks of what is linked (a credit memo, the payment of nothing that applies it, a
journal entry, a customer), and what the bookkeeper then says becomes of it: again, another one, or nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain import matters
from chalicelib.domain.contact import CLIENT
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Kind, Ref, Status
from chalicelib.domain.linking import OVER
from chalicelib.errors import FeeSimpleError
from chalicelib.flow import broken, contacts, resync
from infra.sandbox.clio import books as clio_books
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {
    "answer_broken": 4,
    "remove_credit_there": 1,
    "remove_journal_there": 1,
    "lose_customer": 1,
}
FITS, AMOUNT, TAKEN = "fits", "another amount", "already linked"


class Broken(Acting):
    """Broken links: how they come about in QuickBooks, and the answers at our desk."""

    def _held(self, firm: FirmFacts, kind: Kind) -> dict[str, Any]:
        """What is held of this kind in the present generation of links, by id."""
        bodies = self.h.checkers.bodies
        generation = bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"]
        found = {r.id: b for r, b in bodies.items() if (r.firm, r.kind) == (firm.firm, kind)}
        return {id: b for id, b in found.items() if b["generation"] == generation}

    def _soon(self, rng: random.Random, days: tuple[float, ...], what: str, job: Any) -> None:
        """Once, unless everything rests by then."""
        at = self.h.clock.at + timedelta(days=rng.choice(days))
        self.h.later(at, what, lambda: None if self.h.people.resting else self.h.people.refusable(job))

    # --- taken away in QuickBooks -----------------------------------------------------------------------------------
    def remove_credit_there(self, rng: random.Random) -> None:
        """A credit memo, or what applies it. Where there is none yet staff give credits first, often two alike."""
        firm = self.firm(rng)
        if not self._standing(firm):
            self._give_credits(firm, rng)
        draw = random.Random(rng.random())
        self._soon(rng, (0.0001, 0.2, 3), "takes a credit away", lambda: self._remove_credit(firm, draw))

    def _give_credits(self, firm: FirmFacts, rng: random.Random) -> None:
        rows = self.h.world.clio_box.state.of_firm("bills", firm.clio)
        bills = [b for b in rows if b.state == "awaiting_payment" and b.kind == "revenue_kind"]
        if bills:
            bill = rng.choice(bills)
            each = rng.randint(1, max(1, clio_books.balance(bill) // 3))
            for _ in range(rng.choice((1, 2, 2))):
                self.h.world.clio_box.people.issue_credit(bill.id, each)
            self._did(firm, bill.id)

    def _standing(self, firm: FirmFacts) -> list[dict[str, Any]]:
        """Credits that are in QuickBooks as they should be."""
        there = self.h.world.quickbooks_box.company(firm.realm).tables["CreditMemo"]
        held = self._held(firm, Kind.CREDIT).values()
        found = [b for b in held if b["memo"] and not b["gone"] and b["shown"] >= b["wanted"]]
        return [b for b in found if b["memo"]["id"] in there]

    def _remove_credit(self, firm: FirmFacts, rng: random.Random) -> None:
        if not (standing := self._standing(firm)):
            return
        credit, people = rng.choice(standing), self.h.world.quickbooks_box.people
        there = self.h.world.quickbooks_box.company(firm.realm).tables["Payment"]
        ties = [id for id in credit["ties"] if id in there and there[id]["Line"]]
        what = rng.choice(("memo", "deleted", "voided")) if ties else "memo"
        name = f"credit/{credit['id']}" if what == "memo" else f"applied/{credit['id']}"
        self.h.truth.took(firm.realm, name)
        if what == "memo":
            people.delete_credit_memo(firm.realm, credit["memo"]["id"])
            self.h.point_books(firm, "CreditMemo", credit["memo"]["id"])
        else:
            (people.delete_payment if what == "deleted" else people.void_payment)(firm.realm, ties[0])
            self.h.point_books(firm, "Payment", ties[0])
        self.h.tell(f"  {what}: {name}")
        if rng.random() < 0.3:
            draw = random.Random(rng.random())
            self._soon(
                rng, (0.0001, 0.1, 4), "the credit changes", lambda: self._correct(firm, int(credit["id"]), draw)
            )
        self._answered_soon(firm, rng)

    def _correct(self, firm: FirmFacts, memo: int, rng: random.Random) -> None:
        state = self.h.world.clio_box.state
        row = state.rows["credit_memos"][memo]
        if row.voided_at is None and row.amount > 1:
            on = [a.bill for a in state.rows["allocations"].values() if a.parent_id == memo]
            self.h.people.refusable(
                lambda: self.h.world.clio_box.people.correct_credit(memo, rng.randint(1, row.amount))
            )
            self._did(firm, *on)

    def remove_journal_there(self, rng: random.Random) -> None:
        """A journal entry of trust money; where there is none yet, money moves first, and is read."""
        firm = self.firm(rng)
        if not self._written(firm):
            client = rng.choice(self.h.world.clio_box.state.of_firm("contacts", firm.clio))
            cents = rng.randint(100, 50_000)
            for _ in range(rng.choice((1, 2, 2))):
                self.h.world.clio_box.people.move_trust(client.id, cents, description="Retainer")
            self.h.spawn("polls", lambda: resync.begin_polls(self.h.world, firm.firm), firm.firm)
        draw = random.Random(rng.random())
        self._soon(rng, (0.2, 3), "takes a journal entry away", lambda: self._remove_journal(firm, draw))

    def _written(self, firm: FirmFacts) -> list[dict[str, Any]]:
        """Trust entries that are in QuickBooks as they should be."""
        there = self.h.world.quickbooks_box.company(firm.realm).tables["JournalEntry"]
        held = self._held(firm, Kind.TRUST).values()
        found = [b for b in held if b["posted"] and not b["gone"] and b["posted"]["revision"] >= b["revision"]]
        return [b for b in found if b["posted"]["id"] in there and not b["posted"]["removed"]]

    def _remove_journal(self, firm: FirmFacts, rng: random.Random) -> None:
        if not (written := self._written(firm)):
            return
        entry = rng.choice(written)
        self.h.truth.took(firm.realm, f"trust/{entry['id']}")
        self.h.world.quickbooks_box.people.delete_journal(firm.realm, entry["posted"]["id"])
        self.h.point_books(firm, "JournalEntry", entry["posted"]["id"])
        self.h.tell(f"  trust/{entry['id']}")
        if rng.random() < 0.3 and entry["move"]["transaction"]:
            move, cents = int(entry["move"]["transaction"]), rng.randint(100, 50_000)
            self._soon(rng, (0.0001, 0.1, 4), "trust money changes", lambda: self._edit_move(firm, move, cents))
        self._answered_soon(firm, rng)

    def _edit_move(self, firm: FirmFacts, move: int, cents: int) -> None:
        if move in self.h.world.clio_box.state.rows["bank_transactions"]:
            self.h.people.refusable(lambda: self.h.world.clio_box.people.edit_transaction(move, amount=cents))
            self.h.spawn("polls", lambda: resync.begin_polls(self.h.world, firm.firm), firm.firm)

    # --- a client without a customer --------------------------------------------------------------------------------
    def lose_customer(self, rng: random.Random) -> None:
        """A customer is made inactive, and that is accepted; a bill of the client changes or comes meanwhile; days
        later the client is linked to another customer, or the old one is active again."""
        firm = self.firm(rng)
        if not (linked := self._linked(rng, firm)):
            return
        client, customer = linked
        world = self.h.world
        self.h.truth.touched.add((firm.realm, "Customer", customer))
        world.quickbooks_box.people.deactivate_customer(firm.realm, customer)
        self.h.point_books(firm, "Customer", customer)
        draw = random.Random(rng.random())
        accept = lambda: self._at_desk(firm, "accepts", lambda: self._accept_lost(firm, client))  # noqa: E731
        self._soon(rng, (0.05, 1), "accepts that the customer is gone", accept)
        self._soon(rng, (1.2, 2), "its bill changes", lambda: self._bill_of(firm, int(client), draw))
        back = rng.choice(("another", "active"))
        self._soon(rng, (3, 8), f"a customer again: {back}", lambda: self._customer_again(firm, client, customer, back))

    def _accept_lost(self, firm: FirmFacts, client: str) -> None:
        for task in self.h.world.store.parked(firm.firm, limit=50).items:
            if task.kind == Do.CUSTOMER and task.body.get("broken") and task.body["contact"] == client:
                self._decide(firm, task, "accept", "", FITS)

    def _bill_of(self, firm: FirmFacts, client: int, rng: random.Random) -> None:
        clio = self.h.world.clio_box
        rows = [b for b in clio.state.of_firm("bills", firm.clio) if b.client_id == client]
        open_ = [b for b in rows if b.state == "awaiting_payment" and b.kind == "revenue_kind"]
        if open_ and rng.random() < 0.6:
            self.h.people.change_bill(firm, rng.choice(open_).id, rng)
            return
        number = f"{firm.name[0]}L{rng.randint(100, 999)}{len(clio.state.rows['bills'])}"
        lines = [{"note": "Without a customer", "price": rng.randint(9_000, 60_000)}]
        self._did(firm, clio.people.add_bill(firm.clio, client, number, lines, due_at=clio.firm_today(firm.clio)))

    def _customer_again(self, firm: FirmFacts, client: str, customer: str, back: str) -> None:
        people = self.h.world.quickbooks_box.people
        state = self._held(firm, Kind.CONTACT).get(client)
        if state is None or state["customer"] != customer or not state["lost"]:
            return
        if int(client) not in self.h.world.clio_box.state.rows["contacts"]:  # merged into another one
            return
        self.h.truth.without.pop((firm.firm, client), None)
        if back == "active":
            self.h.people.refusable(lambda: people.reactivate_customer(firm.realm, customer))
            self.h.point_books(firm, "Customer", customer)
            return
        name = self._another_customer(firm, client)
        link = lambda: contacts.link_by_name(self.h.world, firm.firm, client, name, "staff")  # noqa: E731
        self._at_desk(firm, "links another customer", link)

    def _another_customer(self, firm: FirmFacts, client: str) -> str:
        """The bookkeeper enters another customer for this client."""
        here = self.h.world.clio_box.state.rows["contacts"][int(client)]
        email = next((e["address"] for e in here.emails if e["primary"]), "")
        name = f"{here.name} ({len(list(self.h.world.quickbooks_box.company(firm.realm).all('Customer')))})"
        self.h.world.quickbooks_box.people.add_customer(firm.realm, name, email)
        return name

    # --- answers ----------------------------------------------------------------------------------------------------
    def _answered_soon(self, firm: FirmFacts, rng: random.Random) -> None:
        for _ in range(rng.choice((0, 1, 1, 2))):
            draw = random.Random(rng.random())
            job = lambda d=draw: self._at_desk(firm, "answers", lambda: self._answer_broken(firm, d))  # noqa: E731
            self._soon(rng, (0.05, 0.3, 2, 5), "says what becomes of it", job)

    def answer_broken(self, rng: random.Random) -> None:
        for firm in self.h.acting:
            self._at_desk(firm, "answers what is broken", lambda f=firm: self._answer_broken(f, rng))

    def _answer_broken(self, firm: FirmFacts, rng: random.Random) -> None:
        for task in self.h.world.store.parked(firm.firm, limit=50).items:
            if "broken" not in task.body:
                continue
            try:
                options = broken.choices(self.h.world, firm.firm, task.key).options
            except FeeSimpleError as no:
                self.h.tell(f"  {no}")
                continue
            asked, how = rng.choice(options), rng.choice((FITS, AMOUNT, TAKEN))
            typed = self._typed(firm, task, how, rng) if asked.asks else ""
            if asked.asks and not typed:  # nothing that could be typed in
                asked = rng.choice([o for o in options if not o.asks])
            self._decide(firm, task, asked.choice, typed, how)

    def _decide(self, firm: FirmFacts, task: Effect, choice: str, typed: str, how: str) -> None:
        """What does not fit must be refused, which a person hears at once. Where QuickBooks did not answer, and the
        question still stands, nothing was said."""
        sub, client = task.body["broken"] == matters.BROKEN, task.body["broken"] == CLIENT
        about = str(task.body["id"]) if task.kind == Do.TASK and not client else task.about
        fits = not typed or how == FITS
        unsaid: Callable[[], None] = lambda: None  # noqa: E731
        if client and fits and typed:
            self._said_into(firm, str(task.body["contact"]))
        elif fits and not sub and not client:
            unsaid = self.h.truth.answered(firm, about, choice, self.h.clock.at)
        self.h.tell(f"  {choice} {typed} ({how}): {task.key}")
        try:
            broken.decide(self.h.world, firm.firm, task.key, choice, typed, "staff")
        except FeeSimpleError as no:
            self.h.tell(f"  {no}")
            if self.h.world.store._effects[task.key].effect.status is Status.PARKED:
                unsaid()
            return
        if sub and fits:
            self.h.truth.said_of_sub(firm, about, choice, self.h.clock.at)
        if not fits:
            self.h.checkers.say("2", f"{task.key}: linked to {typed}, which is of {how}")

    def _typed(self, firm: FirmFacts, task: Effect, how: str, rng: random.Random) -> str:
        """The number or name of another one: entered by hand just now, or one that is linked already."""
        if task.body["broken"] == CLIENT:
            return self._client(firm, str(task.body["contact"]), how, rng)
        if task.kind == Do.CUSTOMER:
            return self._another_customer(firm, str(task.body["contact"])) if how == FITS else ""
        if task.body["broken"] == matters.BROKEN:
            return self._sub(firm, str(task.body["id"]), how, rng)
        if task.kind == Do.CREDIT:
            return self._memo(firm, str(task.body["credit"]), how, rng)
        if task.kind == Do.JOURNAL:
            return self._journal(firm, str(task.body["entry"]), how, rng)
        return ""

    def _client(self, firm: FirmFacts, id: str, how: str, rng: random.Random) -> str:
        """The name of the client that it was merged into, or of one that has a customer of its own."""
        held = self._held(firm, Kind.CONTACT)
        into = str(self.h.truth.now_client(int(id)))
        if how == FITS:
            return str(held[into]["name"]) if into != id and into in held else ""
        names = [b["name"] for b in held.values()]
        others = [b["name"] for b in held.values() if b["customer"] and not b["lost"] and b["id"] != id]
        taken = [name for name in others if names.count(name) == 1]
        return str(rng.choice(taken)) if how == TAKEN and taken else ""

    def _said_into(self, firm: FirmFacts, id: str) -> None:
        """Clio shows it no more, and a person says into which one it was merged: that one takes its customer over."""
        customer = self._held(firm, Kind.CONTACT)[id]["customer"]
        into = str(self.h.truth.now_client(int(id)))
        self.h.truth.said_of_customer(firm, into, f"{OVER}{customer}", self.h.clock.at)

    def _sub(self, firm: FirmFacts, id: str, how: str, rng: random.Random) -> str:
        """The name of one entered by hand below the client's customer, of one elsewhere, or of another matter's."""
        held, box = self._held(firm, Kind.MATTER), self.h.world.quickbooks_box
        rows = {r["Id"]: r for r in box.company(firm.realm).all("Customer")}
        own = self._held(firm, Kind.CONTACT).get(held[id]["client"], {}).get("customer") if id in held else None
        if how == TAKEN:
            taken = [rows[m["customer"]] for m in held.values() if m["customer"] and m["id"] != id]
            return str(rng.choice(taken)["DisplayName"]) if taken else ""
        if how == AMOUNT:
            tops = [r["DisplayName"] for r in rows.values() if "ParentRef" not in r]
            return str(rng.choice(tops))
        if not own or not rows[own]["Active"]:
            return ""
        name = f"Entered by hand {len(rows)}"
        made = box.people.add_customer(firm.realm, name, Job=True, ParentRef={"value": own})
        self.h.truth.said.add((firm.realm, made["Id"], name))
        return name

    def _memo(self, firm: FirmFacts, id: str, how: str, rng: random.Random) -> str:
        box, held = self.h.world.quickbooks_box, self._held(firm, Kind.CREDIT)
        credit, bodies = held[id], self.h.checkers.bodies
        others = [b for b in self._standing(firm) if b["id"] != id]
        alike = [b for b in others if (b["cents"], b["client_id"]) == (credit["cents"], credit["client_id"])]
        if how == TAKEN:
            return f"CN-{rng.choice(alike or others)['id']}" if others else ""
        owner = bodies.get(Ref(firm.firm, Kind.CONTACT, credit["client_id"]))
        invoices = box.company(firm.realm).tables["Invoice"]
        booked = [bodies[Ref(firm.firm, Kind.PAYABLE, p["payable"])]["booked"] for p in credit["parts"]]
        owners = [invoices[b["id"]]["CustomerRef"]["value"] for b in booked if b and b["id"] in invoices]
        customer = owners[0] if owners else (owner or {}).get("customer", "")
        if not customer or box.company(firm.realm).preferences["SalesFormsPrefs"].get("AutoApplyCredit"):
            return ""
        cents, number = credit["cents"] + (how == AMOUNT), f"H{rng.randint(10_000, 99_999)}"
        made = self._entered(lambda: box.people.add_credit_memo(firm.realm, customer, Decimal(cents) / 100, number))
        if made and how == FITS:
            self.h.truth.by_hand[firm.realm, "CreditMemo", made] = f"credit/{id}"
        return number if made else ""

    def _journal(self, firm: FirmFacts, id: str, how: str, rng: random.Random) -> str:
        held, box = self._held(firm, Kind.TRUST), self.h.world.quickbooks_box
        entry, others = held[id], [b for b in self._written(firm) if b["id"] != id]
        move = entry["move"]
        alike = [b for b in others if _figures(b) == _figures(entry)]
        if how == TAKEN:
            other = rng.choice(alike or others) if others else None
            rows = box.company(firm.realm).tables["JournalEntry"]
            return str(rows[other["posted"]["id"]]["DocNumber"]) if other else ""
        trust = self.h.checkers.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["trust"]
        bank = next((b["book"] for b in trust["banks"] if b["clio"] == move["account"]), "")
        owner = self.h.checkers.bodies.get(Ref(firm.firm, Kind.CONTACT, move["client_id"])) or {}
        if not bank or not trust["liability"] or trust["sub_accounts"] or not owner.get("customer"):
            return ""
        debit, credit = (bank, trust["liability"]) if move["cents"] > 0 else (trust["liability"], bank)
        cents, number = abs(move["cents"]) + (how == AMOUNT), f"H{rng.randint(10_000, 99_999)}"
        amount, day = Decimal(cents) / 100, str(move["on"])
        made = self._entered(
            lambda: box.people.add_journal(firm.realm, debit, credit, amount, number, day, owner["customer"])
        )
        if made and how == FITS:
            self.h.truth.by_hand[firm.realm, "JournalEntry", made] = f"trust/{id}"
        return number if made else ""

    def _entered(self, enter: Any) -> str:
        """The id of what is entered in QuickBooks; empty where QuickBooks refuses it."""
        made = self.h.people.refusable(enter)
        return str(made["Id"]) if made else ""


def _figures(entry: dict[str, Any]) -> tuple[Any, ...]:
    move = entry["move"]
    return move["cents"], move["on"], move["account"], move["client_id"]
