"""What people enter beside what is ours, or make another's (beside.py): the bookkeeper a credit by hand, and whose
trust money a journal entry is; staff in Clio a trust payment beside its request, or less of it than came."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Kind, Ref, Status
from chalicelib.errors import FeeSimpleError
from chalicelib.flow import attention, collecting, credits, resync
from infra.sandbox.clio import books as clio_books
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts
from tests.simulation.beside import TORN, ByHand, Moved, money_of, sides

ACTS: dict[str, int] = {
    "credit_by_hand": 2,
    "answer_credits": 2,
    "move_journal_there": 2,
    "record_trust": 3,
}


class Besides(Acting):
    """Several visits each: what is entered, what follows in the other book, what somebody then says."""

    def _perhaps_polled(self, firm: FirmFacts, rng: random.Random) -> None:
        """Polls rest for months in a history."""
        if rng.random() < 0.6:
            self.h.spawn("polls", lambda: resync.begin_polls(self.h.world, firm.firm), firm.firm)

    # --- a credit by hand ---------------------------------------------------------------------------------------------
    def credit_by_hand(self, rng: random.Random) -> None:
        """The bookkeeper enters a credit on an invoice, and later its bill gets a credit in Clio: the same one, the
        same with a slip of the pen, or another one. Often Clio's is corrected."""
        firm, box = self.firm(rng), self.h.world.quickbooks_box
        company = box.company(firm.realm)
        if company.preferences["SalesFormsPrefs"].get("AutoApplyCredit") or not (found := self._open_there(firm)):
            return
        bill, invoice = rng.choice(found)
        left = min(clio_books.balance(bill), int(invoice["Balance"] * 100))
        cents = rng.randint(1, max(1, left // 2))
        what = rng.choice(("same", "same", "slip", "another"))
        theirs = cents if what == "same" else rng.randint(1, max(1, left // 2))
        enter = lambda: box.people.enter_credit(firm.realm, invoice["Id"], Decimal(theirs) / 100)  # noqa: E731
        made = self.h.people.refusable(enter)
        if made is None:
            return
        memo = next(x["TxnId"] for line in made["Line"] for x in line["LinkedTxn"] if x["TxnType"] == "CreditMemo")
        self.h.truth.beside.memos[firm.realm, memo] = ByHand(invoice["Id"], 0)
        self.h.point_books(firm, "CreditMemo", memo)
        draw, at = random.Random(rng.random()), (0.0001, 0.1, 2)
        job = lambda: self._same_in_clio(firm, bill.id, (memo, what), cents, draw)  # noqa: E731
        self._soon(rng, at, f"Clio's credit: {what}", job)

    def _open_there(self, firm: FirmFacts) -> list[tuple[Any, Any]]:
        """(bill, its invoice) that are open in both books."""
        rows = [r for r in self.h.world.quickbooks_box.company(firm.realm).all("Invoice") if r["Balance"] > 1]
        by_id = {r["Id"]: r for r in rows}
        bills = self.h.world.clio_box.state.rows["bills"]
        found = [(bills[int(b)], by_id[ids[0]]) for b, ids in self.h.checkers._marked(rows, "bill").items()]
        return [(b, i) for b, i in found if b.state == "awaiting_payment" and clio_books.balance(b) > 1]

    def _same_in_clio(self, firm: FirmFacts, bill: int, hand: tuple[str, str], cents: int, rng: random.Random) -> None:
        clio, (memo, what) = self.h.world.clio_box, hand
        beside, key = self.h.truth.beside, (firm.realm, memo)
        row = clio.state.rows["bills"][bill]
        if row.state != "awaiting_payment" or clio_books.balance(row) < cents or key not in beside.memos:
            return
        made = clio.people.issue_credit(bill, cents)
        if what != "another":
            beside.memos[key] = ByHand(beside.memos[key].invoice, made)
        self._did(firm, bill)
        self._perhaps_polled(firm, rng)
        for _ in range(rng.choice((0, 1, 1, 2))):
            self._soon(rng, (0.05, 0.4, 3), "says what the credit is", lambda: self.answer_credits(rng))
        if rng.random() < 0.4:
            draw = random.Random(rng.random())
            self._soon(rng, (0.001, 1, 5), "Clio's credit changes", lambda: self._correct(firm, made, draw))
            self._soon(rng, (6, 8), "says what the credit is", lambda: self.answer_credits(rng))

    def answer_credits(self, rng: random.Random) -> None:
        """Whether a credit stands in QuickBooks already: as it truly is."""
        for firm in self.h.acting:
            self._at_desk(firm, "answers for credits", lambda f=firm: self._answer_credits(f))

    def _answer_credits(self, firm: FirmFacts) -> None:
        beside = self.h.truth.beside
        for step in self.h.world.store.parked(firm.firm, limit=50).items:
            offered = [str(c[0]) for c in step.body.get("choices", [])]
            if step.kind != Do.CREDIT or credits.ENTER[0] not in offered:
                continue
            credit = int(step.body["credit"])
            if any(realm == firm.realm and of.credit == credit for (realm, _), of in beside.memos.items()):
                self._it_is_there(firm, step, credit)
                continue
            beside.entered.add((firm.firm, credit))
            try:
                attention.retry(self.h.world, firm.firm, step.key, "staff", credits.ENTER[0])
            except FeeSimpleError as no:
                self.h.tell(f"  {no}")

    def _it_is_there(self, firm: FirmFacts, step: Effect, credit: int) -> None:
        there, key = self.h.truth.beside.there, (firm.firm, credit)
        before = there.get(key)
        there[key] = int(self.h.checkers.bodies[Ref(firm.firm, Kind.CREDIT, str(credit))]["cents"])
        try:
            attention.done(self.h.world, firm.firm, step.key, "staff")
        except FeeSimpleError as no:
            self.h.tell(f"  {no}")
            if self.h.world.store._effects[step.key].effect.status is Status.PARKED:
                there.pop(key) if before is None else there.update({key: before})

    # --- a journal entry made another's -------------------------------------------------------------------------------
    def move_journal_there(self, rng: random.Random) -> None:
        """A journal entry of trust money is given to another client, stands on other accounts, or is of another amount.
        Where there is none yet, money moves first, and is read."""
        firm = self.firm(rng)
        if not self._written(firm):
            client = rng.choice(self.h.world.clio_box.state.of_firm("contacts", firm.clio))
            cents = rng.randint(100, 50_000) * rng.choice((1, 1, 1, -1))
            self.h.world.clio_box.people.move_trust(client.id, cents, description="Retainer")
            self.h.spawn("polls", lambda: resync.begin_polls(self.h.world, firm.firm), firm.firm)
        draw = random.Random(rng.random())
        self._soon(rng, (0.2, 3), "makes a journal entry another's", lambda: self._move_journal(firm, draw))

    def _move_journal(self, firm: FirmFacts, rng: random.Random) -> None:
        written = [e for e in self._written(firm) if e["move"]["transaction"]]
        if not written:
            return
        entry = rng.choice(written)
        id = entry["posted"]["id"]
        rows = self.h.world.quickbooks_box.company(firm.realm).tables["JournalEntry"]
        was, lines = sides(rows[id]), copy.deepcopy(rows[id]["Line"])
        what = rng.choice(("client", "client", "account", "amount"))
        known = self.h.truth.beside.journals.get((firm.realm, id))
        job = lambda: self._otherwise(firm, id, was, what, rng)  # noqa: E731
        if self.h.people.refusable(job) is None or sides(rows[id]) == was:
            return
        self.h.tell(f"  {what}: trust/{entry['id']} {was} -> {sides(rows[id])}")
        money = money_of(entry)
        fresh = known is None or known.money != money or known.left != was  # ours was written over theirs
        old = Moved(entry["id"], was, was, money) if fresh or known is None else known
        now = sides(rows[id])
        moved = Moved(entry["id"], old.was, now, money, accepted=old.accepted, asked=(*old.asked, now))
        self.h.truth.beside.journals[firm.realm, id] = moved
        self.h.point_books(firm, "JournalEntry", id)
        if rng.random() < 0.2:
            self._soon(rng, (0.01, 1), "sets it back", lambda: self._journal_set_back(firm, id, lines))
        self._answered_soon(firm, rng)

    def _journal_set_back(self, firm: FirmFacts, id: str, lines: Any) -> None:
        people, beside = self.h.world.quickbooks_box.people, self.h.truth.beside
        rows = self.h.world.quickbooks_box.company(firm.realm).tables["JournalEntry"]
        moved = beside.journals.get((firm.realm, id))
        if moved is None or moved.said in ("again", TORN) or id not in rows:
            return
        self.h.people.refusable(lambda: people.change(firm.realm, "JournalEntry", id, Line=lines))
        beside.journals[firm.realm, id] = replace(moved, left=sides(rows[id]))
        self.h.point_books(firm, "JournalEntry", id)

    def _otherwise(self, firm: FirmFacts, id: str, was: Any, what: str, rng: random.Random) -> Any:
        box = self.h.world.quickbooks_box
        company = box.company(firm.realm)
        if what == "amount":
            return box.people.change_journal_amount(firm.realm, id, Decimal(rng.randint(100, 50_000)) / 100)
        if what == "client":
            whose = {who for _, _, who in was if who}
            others = [r["Id"] for r in company.all("Customer") if r["Active"] and r["Id"] not in whose]
            return box.people.move_journal(firm.realm, id, customers={w: rng.choice(others) for w in whose})
        account = rng.choice([account for account, _, _ in was])
        kind = company.tables["Account"][account]["AccountType"]
        used = {a for a, _, _ in was}
        free = [r["Id"] for r in company.all("Account") if r["AccountType"] == kind and r["Id"] not in used]
        other = rng.choice(free) if free else box.people.add_account(firm.realm, f"Another {len(used)}", kind)["Id"]
        return box.people.move_journal(firm.realm, id, accounts={account: other})

    # --- trust money as staff record it -------------------------------------------------------------------------------
    def record_trust(self, rng: random.Random) -> None:
        """A trust payment by Stripe is recorded beside its request, with less than came, or as it should be. Where none
        waits a client is reminded of a request, and pays."""
        firm, draw = self.firm(rng), random.Random(rng.random())
        if self._trust_waiting(firm):
            self._record_trust(firm, draw)
            return
        rows = self.h.world.clio_box.state.of_firm("bills", firm.clio)
        ids = [str(b.id) for b in rows if b.kind == "trust_kind" and b.state == "awaiting_payment"]
        ids = [id for id in ids if Ref(firm.firm, Kind.PAYABLE, id) in self.h.checkers.bodies]
        if not ids:
            return
        id = rng.choice(ids)
        job = lambda: collecting.start(self.h.world, firm.firm, [id], "brief", "staff")  # noqa: E731
        self._at_desk(firm, "start collection", job)
        for days in (2.0, 6.0, 11.0):
            self._soon(rng, (days,), "pays a trust request", lambda: self._pays_trust(firm, id, draw))
            self._soon(rng, (days + 1, days + 2), "records trust money", lambda: self._record_trust(firm, draw))

    def _pays_trust(self, firm: FirmFacts, id: str, rng: random.Random) -> None:
        found = [m for m in self.h.world.mail.outbox if m.tag.startswith(f"{firm.firm}--{id}-") and "/pay/" in m.text]
        if found:
            token = found[-1].text.partition("/pay/")[2].split()[0].split("/")[0]
            self.h.people.press(found[-1], token, rng, 1)

    def _trust_waiting(self, firm: FirmFacts) -> list[tuple[Any, Any, int]]:
        """(payment, request, cents) not yet recorded, beside the request either."""
        beside = self.h.truth.beside.deposits.values()
        known = {(attempt, bill) for attempt, bill, _ in beside}
        return [w for w in self._unrecorded(firm) if w[1].kind == "trust_kind" and (w[0]["id"], w[1].id) not in known]

    def _record_trust(self, firm: FirmFacts, rng: random.Random) -> None:
        waiting = self._trust_waiting(firm)
        if not waiting:
            return
        payment, bill, left = rng.choice(waiting)
        clio, truth = self.h.world.clio_box.people, self.h.truth
        how, less = rng.choice((("beside", 0), ("beside", 0), ("beside", 1), ("on it", 1), ("on it", 1), ("on it", 0)))
        cents = left - (rng.randint(30, 400) if less and left > 1_000 else 0)
        text = payment["code"] if rng.random() < 0.7 else "Card payment"
        if how == "beside":
            line = clio.move_trust(bill.client_id, cents, description=text)
            truth.beside.deposits[line] = (payment["id"], bill.id, cents)
        elif cents <= clio_books.balance(bill):
            line = clio.record_trust_deposit(bill.id, cents, description=text)
            truth.deposits[line] = (payment["id"], bill.id, cents)
        else:
            return
        self.h.tell(f"  {how}: {cents} of {left}, {text}")
        self._did(firm, bill.id)
        self._perhaps_polled(firm, rng)
        self._soon(rng, (0.1, 1), "answers", lambda: self.h.people.answer_matches(rng))
        if rng.random() < 0.4:
            job = lambda: self.h.people.refusable(lambda: self._put_right(firm, line, payment, rng))  # noqa: E731
            self._soon(rng, (0.3, 2, 6), "puts it right", job)

    def _put_right(self, firm: FirmFacts, line: int, payment: Any, rng: random.Random) -> None:
        """As the task tells: what stands beside the request is deleted and recorded on it; what is missing is added."""
        clio, truth = self.h.world.clio_box, self.h.truth
        attempt, id, cents = truth.beside.deposits.get(line) or truth.deposits.get(line) or ("", 0, 0)
        bill = clio.state.rows["bills"].get(id)
        if line not in clio.state.rows["bank_transactions"] or bill.state != "awaiting_payment":
            return
        now = next(b for b in self.h.checkers.settled(firm.firm) if b["id"] == attempt)
        due = next(i["cents"] - i["back"] for i in now["items"] if i["payable"] == str(id))
        if line in truth.beside.deposits:
            clio.people.delete_transaction(line)
        else:
            due -= cents
        due = min(due, clio_books.balance(bill))
        if due > 0:
            made = clio.people.record_trust_deposit(id, due, description=payment["code"])
            truth.deposits[made] = (attempt, id, due)
        self._did(firm, id)
