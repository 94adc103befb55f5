"""What people do in a history: staff in Clio; the bookkeeper in QuickBooks and the firm at Stripe (elsewhere.py,
books_people.py); whoever sits at our own pages (desk.py). ``ACTS`` names each act with its weight. What cannot be done
just now is simply not done.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from infra.sandbox.clio import books as clio_books
from infra.sandbox.clio.refuse import Refusal as ClioRefusal
from infra.sandbox.quickbooks.faults import Refusal as BooksRefusal
from infra.sandbox.stripe import Refusal as StripeRefusal
from tests.simulation import (
    absent_people,
    anew,
    beside_people,
    books_people,
    broken_people,
    clerks_people,
    closing_people,
    companies_people,
    gone_people,
    matters_people,
    parts_people,
    statements_people,
    stood_people,
    trust_people,
)
from tests.simulation.absent_people import Absent
from tests.simulation.acting import Acting
from tests.simulation.anew import Anew
from tests.simulation.base import FirmFacts
from tests.simulation.beside_people import Besides
from tests.simulation.books_people import Books
from tests.simulation.broken_people import Broken
from tests.simulation.clerks_people import Clerks
from tests.simulation.closing_people import Closing
from tests.simulation.companies_people import Companies
from tests.simulation.desk import Desk
from tests.simulation.elsewhere import Elsewhere
from tests.simulation.gone_people import Gone
from tests.simulation.matters_people import Matters
from tests.simulation.parts_people import Parts
from tests.simulation.statements_people import Statements
from tests.simulation.stood_people import Stands
from tests.simulation.trust_people import TrustAccounts

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
    "paid_twice_recorded_once": 3,
    "remove_payment": 6,
    "replace_payment": 4,
    "credit": 4,
    "interest": 4,
    "pending": 3,
    "change_client": 4,
    "trust_deposit": 4,
    "edit_invoice": 2,
    "delete_invoice": 1,
    "void_invoice_there": 1,
    "remove_then_edit": 2,
    "numbers_off": 1,
    "auto_apply": 1,
    "delete_booked_payment": 1,
    "deposit_booked_payment": 2,
    "edit_ours": 2,
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
    **anew.ACTS,
    **parts_people.ACTS,
    **matters_people.ACTS,
    **statements_people.ACTS,
    **companies_people.ACTS,
    **broken_people.ACTS,
    **absent_people.ACTS,
    **beside_people.ACTS,
    **closing_people.ACTS,
    **clerks_people.ACTS,
    **gone_people.ACTS,
    **trust_people.ACTS,
    **stood_people.ACTS,
}


class Staff(Acting):
    """Staff of both firms in Clio."""

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

    def change_bill(self, firm: FirmFacts, id: int, rng: random.Random) -> None:
        """This one: its lines where nothing is paid, else its due date."""
        bill = self.h.world.clio_box.state.rows["bills"][id]
        if self.h.people.resting or bill.state != "awaiting_payment":
            return
        people = self.h.world.clio_box.people
        if bill.paid or bill.credits or rng.random() < 0.3:
            day = self.h.world.clio_box.firm_today(firm.clio) + timedelta(days=rng.randint(2, 40))
            people.edit_bill(id, due_at=day)
        else:
            people.edit_bill(id, lines=[{"note": "Once more", "price": rng.randint(100, 9_999), "hours": "2"}])
        self._did(firm, id)

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
        """One of ours over several bills in one record, or several of ours as one sum: on one bill, or over the bills
        of one client."""
        firm = self.firm(rng)
        waiting = [w for w in self._unrecorded(firm) if w[1].kind == "revenue_kind"]
        if not waiting:
            return
        payment, bill, _ = rng.choice(waiting)
        if rng.random() < 0.5:
            self._record_sum(firm, rng, [w for w in waiting if w[0]["id"] == payment["id"]])
        else:
            theirs = [w for w in waiting if w[1].client_id == bill.client_id]
            self._record_sum(firm, rng, [w for w in theirs if len(w[0]["items"]) == 1] or theirs[:1])

    def _record_sum(self, firm: FirmFacts, rng: random.Random, waiting: list[tuple[Any, Any, int]]) -> None:
        """``waiting``: of several payments each on one bill. With their codes or without."""
        parts: dict[str | int, int] = {}
        ours: dict[str, int] = {}
        for payment, bill, left in waiting:
            cents = min(left, clio_books.balance(bill) - parts.get(bill.id, 0))
            if cents > 0:
                parts[bill.id] = parts.get(bill.id, 0) + cents
                ours[payment["id"]] = ours.get(payment["id"], 0) + cents
        if not parts:
            return
        codes = " ".join(dict.fromkeys(p["code"] for p, _, _ in waiting)) if rng.random() < 0.5 else ""
        made = self.h.world.clio_box.people.record_payment(parts, method="credit_card", description=codes)
        self.h.truth.records[made] = tuple(ours.items())
        self._did(firm, *parts)  # type: ignore[arg-type]

    def paid_twice_recorded_once(self, rng: random.Random) -> None:
        """A client pays, interest comes, and they pay that too; staff record both payments as one sum on the bill."""
        if not (found := self.h.people.mail(rng)):
            return
        mail, token = found
        firm_id, _, id = mail.tag.partition("--")
        firm, bill = self.h.truth.firm_of(firm_id), self.h.truth.bill(id.rsplit("-", 1)[0])
        if bill.kind != "revenue_kind":
            return
        draw, interest = random.Random(rng.random()), rng.randint(251, 900)
        self.h.people.press(mail, token, draw, 1)
        for days, what, do in (
            (1.0, "interest after it was paid", lambda: self._one_of_flurry(firm, bill, interest)),
            (1.2, "pays the interest", lambda: self.h.people.press(mail, token, draw, 1)),
            (3.0, "both as one sum", lambda: self._both_as_one(firm, bill, draw)),
        ):
            self.h.later(self.h.clock.at + timedelta(days=days), what, do)

    def _both_as_one(self, firm: FirmFacts, bill: Any, rng: random.Random) -> None:
        waiting = [w for w in self._unrecorded(firm) if w[1].id == bill.id and len(w[0]["items"]) == 1]
        if not self.h.people.resting:
            self.h.people.refusable(lambda: self._record_sum(firm, rng, waiting))

    def remove_payment(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        rows = [p for p in self.h.world.clio_box.state.of_firm("payments", firm.clio) if p.voided_at is None]
        if rows:
            payment = rng.choice(rows)
            state = self.h.world.clio_box.state
            on = sorted({a.bill for a in state.rows["allocations"].values() if a.parent_id == payment.id})
            self.h.world.clio_box.people.remove_payment(payment.id)
            self._did(firm, *on)

    def replace_payment(self, rng: random.Random) -> None:
        """Staff edit a payment: for Clio that is a removal and a new one (reference/quickbooks.md 7)."""
        firm = self.firm(rng)
        state = self.h.world.clio_box.state
        rows = [p for p in state.of_firm("payments", firm.clio) if p.voided_at is None and not p.from_trust]
        if not rows:
            return
        payment = rng.choice(rows)
        on = {a.bill: a.amount for a in state.rows["allocations"].values() if a.parent_id == payment.id}
        people = self.h.world.clio_box.people
        people.remove_payment(payment.id)
        owed = {id: clio_books.balance(state.rows["bills"][id]) for id in on}
        if owed and all(owed.values()):
            made = people.record_payment({id: rng.choice((cents, rng.randint(1, cents))) for id, cents in owed.items()})
            if payment.id in self.h.truth.records:  # it still records the same money of ours
                self.h.truth.records[made] = self.h.truth.records[payment.id]
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
        self._change_client(firm, client.id, name, email)
        if rng.random() < 0.4:  # mistyped, and put right at once
            at = self.h.clock.at + timedelta(seconds=rng.uniform(1, 12))
            right = f"right{rng.randint(1, 99)}@mail.example"
            self.h.later(at, "puts it right", lambda: self._change_client(firm, client.id, None, right))

    def _change_client(self, firm: FirmFacts, client: int, name: str | None, email: str) -> None:
        if not self.h.people.resting:
            self.h.world.clio_box.people.change_client(client, name=name, email=email)
            self.h.point_client(firm, client)

    def trust_deposit(self, rng: random.Random) -> None:
        firm = self.firm(rng)
        if bill := self._pick(rng, firm, "awaiting_payment", kind="trust_kind"):
            self.h.world.clio_box.people.record_trust_deposit(bill.id, clio_books.balance(bill), method="check")
            self._did(firm, bill.id)


class People(
    Staff,
    Elsewhere,
    Desk,
    Books,
    Anew,
    Parts,
    Matters,
    Statements,
    Companies,
    Broken,
    Absent,
    Besides,
    Closing,
    Clerks,
    Gone,
    TrustAccounts,
    Stands,
):
    """Everybody. ``act`` does one thing by name; what the place refuses is not done."""

    def __init__(self, history: History) -> None:
        self.h = history
        self.resting = False

    def act(self, name: str, rng: random.Random) -> None:
        if self.resting:
            return
        self.refusable(lambda: getattr(self, name)(rng))

    def refusable(self, job: Callable[[], Any]) -> Any:
        """Does it, and gives what came of it; None where the place refuses."""
        try:
            return job()
        except (ClioRefusal, BooksRefusal, StripeRefusal) as no:
            self.h.tell(f"  refused there: {no}")
            return None
