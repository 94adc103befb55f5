"""What must hold once all faults are healed and the schedules have run: everything converged, or waits for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain import sums
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Kind, Ref, Status, fold
from chalicelib.flow import compared, states
from chalicelib.store.memory_rows import json_of
from infra.sandbox.clio import books as clio_books
from tests.simulation import (
    beside,
    broken_links,
    clerks,
    closings,
    gone,
    pairings,
    quiet_links,
    statements,
    stood,
    subcustomers,
    trust_sums,
)
from tests.simulation.base import FirmFacts
from tests.simulation.checkers import MARKER
from tests.simulation.world import RECURRING

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers

WAITING_STEPS = (*RECURRING, Do.REMIND, Do.LOOK_SESSION, Do.WATCH_MAIL, Do.DIGEST)
IN_PRODUCTION = {  # what the comparison names of the other promises -> the promise
    "journal": "7",
    "e-mail without an end": "8",
    "payment without an end": "8",
    "surplus not told": "6",
    "money of two pots": "5",
}
SUMMED = (Kind.PAYABLE, Kind.PAYMENT)
LATEST = timedelta(days=400)


def into_banks(row: dict[str, Any], banks: set[str]) -> int:
    """Cents that a journal entry brings into trust bank accounts: what it debits there, less what it credits."""
    cents = 0
    for line in row["Line"]:
        detail = line["JournalEntryLineDetail"]
        if detail["AccountRef"]["value"] in banks:
            cents += int(line["Amount"] * 100) * (1 if detail["PostingType"] == "Debit" else -1)
    return cents


class Quiet:
    """Judges one history after its end. The world has no life in it any more: reads are plain."""

    def __init__(self, checkers: Checkers) -> None:
        self.c = checkers
        self.h = checkers.h
        self.say = checkers.say
        self.world = checkers.h.world
        self.effects: list[Effect] = [owed.read() for owed in self.world.store._effects.values()]
        self.parked: dict[str, set[str]] = {}
        for e in self.effects:
            if e.status is Status.PARKED:
                self.parked.setdefault(e.firm, set()).add(e.about)
        for ref, b in self.c.bodies.items():
            if ref.kind is Kind.CONTACT and b["lost"] and b["answer"] == "without":  # as a person said; it waits
                self.parked.setdefault(ref.firm, set()).add(f"contact/{ref.id}")
        for ref in closings.left(checkers):  # as a person said, until it changes
            self.parked.setdefault(ref.firm, set()).add(str(ref))

    def judge(self) -> None:
        self._replay()
        self._nothing_forgotten()
        for firm in self.h.firms:
            self.c.digests.at_quiet(firm, self.effects)
        for firm in self.h.healing:
            lost = [
                b["id"]
                for r, b in self.c.bodies.items()
                if r.kind is Kind.CONNECTION and r.firm == firm.firm and not b["connected"]
            ]
            if lost:
                self.h.tell(f"{firm.firm}: still disconnected {lost}")
                continue
            if self.h.people.unfinished(firm):
                self.say("8", f"{firm.firm}: the first sync was gone through and writing has not begun")
                continue
            self._invoices(firm)
            self._stripe_money(firm)
            self._clio_money(firm)
            self._surplus(firm)
            self._trust(firm)
            self._clients(firm)
            self._credits(firm)
            self._entries(firm)
            quiet_links.judge(self, firm)
            broken_links.judge(self, firm)
            beside.judge(self, firm)
            pairings.judge(self, firm)
            stood.judge(self, firm)
            subcustomers.judge(self, firm)
            statements.judge(self, firm)
            trust_sums.judge(self, firm)
            closings.judge(self, firm)
            clerks.judge(self, firm)
            gone.judge(self, firm)
            self._sums(firm)
            self._report(firm)

    def waits(self, firm: FirmFacts, *abouts: str) -> bool:
        """Whether a person sees something parked about one of these."""
        return bool(self.parked.get(firm.firm, set()) & set(abouts))

    def entries_wait(self, firm: FirmFacts) -> bool:
        """Whether a trust entry is not written yet because a person is asked about its client."""
        held = [
            states.decode(r.kind, b) for r, b in self.c.bodies.items() if (r.firm, r.kind) == (firm.firm, Kind.TRUST)
        ]
        return self.waits(firm, *(f"contact/{e.move.client_id}" for e in held if not e.written))

    # --- 7 ------------------------------------------------------------------------------------------------------------
    def _replay(self) -> None:
        for ref, state in self.world.store._states.items():
            lines = self.world.store._journal.get(ref, [])
            began, text = self.h.base.replayed.get(ref, (0, "null"))
            if len(lines) == began and state.body == text:
                continue  # as it was in the beginning, whose lines were replayed then
            body: Any = json_of(text)
            for line in lines[began:]:
                body = fold(line.read().change, body)
            if body != state.held().body:
                self.say("7", f"{ref}: {len(lines)} journal lines do not lead to the state")

    # --- 8 ------------------------------------------------------------------------------------------------------------
    def _nothing_forgotten(self) -> None:
        now = self.h.clock.at
        for e in self.effects:
            if e.status is Status.OWED:
                late = now - e.due_at
                if late > timedelta(minutes=10) or e.due_at - now > LATEST:
                    self.say("8", f"{e.key} is owed since {e.due_at}, cause {e.cause!r}, in call {e.call!r}")
                elif e.kind not in WAITING_STEPS and not self._may_wait(e):
                    self.say("8", f"{e.key} is still owed: due {e.due_at}, {e.tries} tries, cause {e.cause!r}")
            if e.status is Status.PARKED and not e.reason:
                self.say("8", f"{e.key} is parked without a reason")
        for call in self.world.store._calls.values():
            if not call.done and any(self._live_member(call.id, m) for m in call.members):
                self.say("8", f"call {call.id} of {call.members} never ended")
        for ref, b in self.c.bodies.items():
            if ref.kind is Kind.PAYMENT and b["phase"] in ("creating", "open"):
                began = datetime.fromisoformat(b["created_at"])
                if now - began > timedelta(days=1):
                    self.say("8", f"attempt {ref.id} of {began} is still {b['phase']}")
            if ref.kind is Kind.PAYABLE:
                self._free(ref, b)

    def _live_member(self, call: str, key: str) -> bool:
        return any(e.key == key and e.call == call and e.status is Status.OWED for e in self.effects)

    def _may_wait(self, e: Effect) -> bool:
        """Blocked by something that a person sees: its invoice or customer is parked."""
        firm = self.h.truth.firm_of(e.firm)
        if "disconnected" in e.cause and any(about.startswith("connection/") for about in self.parked.get(e.firm, ())):
            return True
        if e.kind == Do.INVOICE:
            b = self.c.bodies[Ref(e.firm, Kind.PAYABLE, e.body["payable"])]
            return self.waits(firm, f"contact/{b['client_id']}", f"payable/{b['id']}")
        if e.kind == Do.JOURNAL:
            b = self.c.bodies[Ref(e.firm, Kind.TRUST, e.body["entry"])]
            return self.waits(firm, f"contact/{b['move']['client_id']}")
        if e.kind == Do.SUB_CUSTOMER:
            return self.waits(firm, f"contact/{e.body['client']}")
        if e.kind == Do.POSTING:
            b = self.c.bodies[Ref(e.firm, Kind.PAYMENT, e.body["payment"])]
            return any(self._about_payable(firm, i["payable"]) for i in b["items"])
        if e.kind == Do.CREDIT:
            b = self.c.bodies[Ref(e.firm, Kind.CREDIT, e.body["credit"])]
            return any(self._about_payable(firm, p["payable"]) for p in b["parts"])
        return False

    def _about_payable(self, firm: FirmFacts, id: str) -> bool:
        b = self.c.bodies[Ref(firm.firm, Kind.PAYABLE, id)]
        gone = b["bill_state"] in ("void", "deleted")
        unapproved = b["bill_state"] in clerks.DRAFTS and not b["booked"]  # what is on it waits, and is named
        return (
            gone
            or unapproved
            or self.waits(firm, f"payable/{id}", f"contact/{b['client_id']}", *self._leaving(firm, id))
        )

    def _leaving(self, firm: FirmFacts, payable: str) -> list[str]:
        """Payments that are to leave this bill's invoice first."""
        bodies = [(r, b) for r, b in self.c.bodies.items() if (r.firm, r.kind) == (firm.firm, Kind.PAYMENT)]
        gone = [(r, b) for r, b in bodies if b["phase"] == "removed"]
        return [str(r) for r, b in gone if any(i["payable"] == payable for i in b["items"])]

    def _free(self, ref: Ref, b: dict[str, Any]) -> None:
        if b["sending"]:
            self.say("8", f"{ref}: a mail is still being sent: {b['sending']}")
        if b["attempt"]:
            payment = self.c.bodies.get(Ref(ref.firm, Kind.PAYMENT, b["attempt"]["payment"]))
            if payment is None or payment["phase"] in ("settled", "failed", "expired", "removed"):
                self.say("8", f"{ref}: locked by the attempt {b['attempt']['payment']}, which is over")

    # --- 1 ------------------------------------------------------------------------------------------------------------
    def _invoices(self, firm: FirmFacts) -> None:
        rows = list(self.world.quickbooks_box.company(firm.realm).all("Invoice"))
        by_bill = self.c._marked([r for r in rows if r["TotalAmt"] > 0], "bill")
        by_id = {r["Id"]: r for r in rows}
        for bill in self.world.clio_box.state.of_firm("bills", firm.clio):
            id = str(bill.id)
            asks = clio_books.due(bill)
            held = self.c.bodies.get(Ref(firm.firm, Kind.PAYABLE, id))
            if bill.state == "awaiting_payment" and clio_books.balance(bill) > 0 and held is None:
                if not self.waits(firm, f"payable/{id}"):
                    self.say("8", f"{firm.firm}: bill {bill.number} awaits payment and was never brought in")
                continue
            if held is None:
                continue
            seen = (held["bill_state"], held["balance"], held["asks"], held["number"])
            if seen != (bill.state, clio_books.balance(bill), asks, bill.number) and not self.waits(
                firm, f"payable/{id}"
            ):
                now = (bill.state, clio_books.balance(bill), asks, bill.number)
                self.say("8", f"{firm.firm}: bill {bill.number} is {now} in Clio, and we still hold {seen}")
            if bill.kind == "trust_kind" or asks == 0:
                if id in by_bill:
                    self.say("5", f"{firm.firm}: trust request {bill.number} is an invoice in QuickBooks")
                continue
            touched = any(
                (firm.realm, "Invoice", i) in self.h.truth.touched for i in self._ids(held, by_bill.get(id, []))
            )
            excused = touched or self._about_payable(firm, id)
            if bill.state in ("awaiting_payment", "paid") and not excused:
                there = [
                    by_id[i] for i in {*by_bill.get(id, []), *pairings.linked(self.c, firm, bill.id)} if i in by_id
                ]
                if len(there) != 1 or there[0].get("DocNumber") != bill.number or there[0]["TotalAmt"] * 100 != asks:
                    shown = [(r.get("DocNumber"), r["TotalAmt"]) for r in there]
                    self.say("1", f"{firm.firm}: bill {bill.number} asks for {asks}; QuickBooks shows {shown}")
            kept = bool(held["left"] and held["stood"])  # a person left it there, before a purge
            if bill.state == "void" and id in by_bill and not (touched or kept or self.waits(firm, f"payable/{id}")):
                self.say("1", f"{firm.firm}: bill {bill.number} is void and its invoice stands")

    def _ids(self, held: dict[str, Any], marked: list[str]) -> list[str]:
        return [*marked, *([held["booked"]["id"]] if held["booked"] else [])]

    # --- 2 ------------------------------------------------------------------------------------------------------------
    def _touched_payment(self, firm: FirmFacts, payment: dict[str, Any] | None) -> bool:
        posted = (payment or {}).get("posted")
        touched = self.h.truth.touched
        if posted and (firm.realm, "Payment", posted["id"]) in touched:
            return True
        for item in (payment or {}).get("items", []):
            booked = self.c.bodies[Ref(firm.firm, Kind.PAYABLE, item["payable"])]["booked"]
            if booked and (firm.realm, "Invoice", booked["id"]) in touched:
                return True
        return False

    def _posted_once(self, firm: FirmFacts, id: str, cents: int, what: str) -> None:
        let_be = closings.let_be(self.c, firm.firm)
        rows = [r for r in self.c._live(firm.realm, "Payment") if r["Id"] not in let_be]
        ids = [*self.c._marked(rows, "payment").get(id, []), *pairings.same_money(self.c, firm, id)]
        totals = [int(r["TotalAmt"] * 100) for r in rows if r["Id"] in ids]
        payment = self.c.bodies.get(Ref(firm.firm, Kind.PAYMENT, id))
        if (totals and sum(totals) == cents) or self._touched_payment(firm, payment):
            return
        abouts = [f"payment/{id}"]
        items = (payment or {}).get("items", [])
        if self.waits(firm, *abouts) or any(self._about_payable(firm, i["payable"]) for i in items):
            return
        self.say("2", f"{firm.firm}: {what} of {cents} is in QuickBooks as {totals}")

    def _stripe_money(self, firm: FirmFacts) -> None:
        for account in (firm.operating, firm.trust):
            for session in self.h.truth.sessions(account):
                charge = self.h.truth.charge_of(account, session)
                if charge is None:
                    continue
                id = str(session["client_reference_id"])
                payment = self.c.bodies.get(Ref(firm.firm, Kind.PAYMENT, id))
                if payment is None or payment["phase"] != "settled" or payment["total"] != charge["amount"]:
                    phase = payment["phase"] if payment else "missing"
                    self.say("2", f"{firm.firm}: Stripe took {charge['amount']} for {id}, which is {phase} here")
                    continue
                back = self.h.truth.lost_of(account, charge)
                if payment["returned"] + payment["lost"] != back:
                    self.say(
                        "2",
                        f"{firm.firm}: {back} of {id} went back; we know of {payment['returned']}+{payment['lost']}",
                    )
                if account == firm.operating:
                    self._posted_once(firm, id, charge["amount"], f"Stripe payment {id}")
                lines = self.world.store._journal[Ref(firm.firm, Kind.PAYMENT, id)]
                times = [x for x in lines if x.read().change.get("phase") == "settled"]
                if len(times) != 1:
                    self.say("2", f"{firm.firm}: {id} was settled {len(times)} times in our journal")

    def _clio_money(self, firm: FirmFacts) -> None:
        """Every payment that staff recorded and that is none of ours is once in QuickBooks."""
        state = self.world.clio_box.state
        groups: dict[int, int] = {}
        unsure: set[int] = set()
        for a in state.of_firm("allocations", firm.clio):
            held = self.c.bodies.get(Ref(firm.firm, Kind.PAYABLE, str(a.bill)))
            if a.voided_at or a.parent_type != "Payment" or held is None or held["pot"] == "trust":
                continue
            known = next((k for k in held["receipts"] if k["id"] == str(a.id)), None)
            if known is None and not self.waits(firm, f"payable/{a.bill}"):
                self.say("2", f"{firm.firm}: receipt {a.id} on bill {held['number']} is not known here")
            if known is None or known["standing"] in ("asked", "new", "other"):
                unsure.add(a.parent_id)
            truly = a.parent_id in self.h.truth.records
            if known and known["standing"] == "own":
                groups[a.parent_id] = groups.get(a.parent_id, 0) + a.amount
                if truly and not any(s["shown"] for s in held["shares"]) and held["shares"]:
                    self.h.tell(f"receipt {a.id} is ours and was taken for another")
            if known and known["standing"] == "matched" and not truly:
                self.say("2", f"{firm.firm}: receipt {a.id} is none of ours and was matched by {known['by']}")
        self._removed(firm)
        for group, cents in groups.items():
            if group not in unsure:
                self._posted_once(firm, f"clio-{group}", cents, f"Clio payment {group}")

    def _removed(self, firm: FirmFacts) -> None:
        """A payment that staff took back in Clio does not stand in QuickBooks."""
        let_be = closings.let_be(self.c, firm.firm)
        rows = [r for r in self.c._live(firm.realm, "Payment") if r["Id"] not in let_be]
        valid = {a.parent_id for a in self.world.clio_box.state.of_firm("allocations", firm.clio) if not a.voided_at}
        for name, ids in self.c._marked(rows, "payment").items():
            gone = name.startswith("clio-") and int(name.removeprefix("clio-")) not in valid
            excused = self.waits(firm, f"payment/{name}") or any(
                (firm.realm, "Payment", i) in self.h.truth.touched for i in ids
            )
            if gone and not excused:
                self.say("2", f"{firm.firm}: {name} was removed in Clio and stands in QuickBooks")

    # --- 6 ------------------------------------------------------------------------------------------------------------
    def _surplus(self, firm: FirmFacts) -> None:
        """Money of ours beyond what Clio still asks for is a task that was opened."""
        ours: dict[str, int] = {}
        for p in self.c.settled(firm.firm):
            for i in p["items"]:
                stood = self.h.truth.bills[int(i["payable"])][-1]
                shown = dict(stood.shown).get(p["id"], 0)
                if stood.state != "awaiting_payment":
                    shown += self._deposited(firm, p)
                ours[i["payable"]] = ours.get(i["payable"], 0) + max(0, i["cents"] - i["back"] - shown)
        for id, cents in ours.items():
            bill = self.h.truth.bill(id)
            open_ = clio_books.balance(bill) if bill.state == "awaiting_payment" else 0
            told = any(e.key.startswith(f"{firm.firm}/task/surplus/{id}/") for e in self.effects)
            if cents > open_ and not told and not self.waits(firm, f"payable/{id}"):
                self.say(
                    "6", f"{firm.firm}: we hold {cents} on bill {bill.number}, which asks for {open_}; nobody is told"
                )

    def _deposited(self, firm: FirmFacts, payment: dict[str, Any]) -> int:
        """Cents of trust money that staff recorded with its code beside the request: they are in the client's ledger,
        and a request that asks no more needs them nowhere else."""
        moves = self.world.clio_box.state.of_firm("bank_transactions", firm.clio)
        apart = [m for m in moves if m.bill is None and m.transaction_type == "deposit"]
        return sum(m.amount for m in apart if payment["code"] and payment["code"] in m.description)

    # --- 5 ------------------------------------------------------------------------------------------------------------
    def _trust(self, firm: FirmFacts) -> None:
        held = self.world.stripe_box.state.accounts[firm.trust].held
        for charge in held["charge"].values():
            line = held["balance_transaction"].get(charge.get("balance_transaction") or "")
            if charge["status"] == "succeeded" and line and line["fee"]:
                self.say("5", f"{firm.trust}: a fee of {line['fee']} was taken from trust money")
            if charge.get("application_fee_amount"):
                self.say("5", f"{firm.trust}: an application fee was taken from trust money")
        for p in self.c.settled(firm.firm):
            pots = {self.h.truth.bill(i["payable"]).kind for i in p["items"]}
            if len(pots) != 1 or (p["account"] == firm.trust) != (pots == {"trust_kind"}):
                self.say("5", f"{firm.firm}: payment {p['id']} on {p['account']} covers {pots}")

    # --- 10: clients and credits --------------------------------------------------------------------------------------
    def _clients(self, firm: FirmFacts) -> None:
        """A linked client shows the same in Clio and QuickBooks, unless a person is asked."""
        rows = {r["Id"]: r for r in self.world.quickbooks_box.company(firm.realm).all("Customer")}
        for ref, b in self.c.bodies.items():
            if ref.kind is not Kind.CONTACT or ref.firm != firm.firm or not b["customer"] or b["lost"] or b["kept"]:
                continue
            there, here = rows.get(b["customer"]), self.world.clio_box.state.rows["contacts"].get(int(ref.id))
            if b["generation"] > max(1, self.h.truth.emptied.get(firm.firm, 0)):
                continue  # linked to a customer that was there: both keep what they have
            if there is None or here is None or gone.hidden(self.c, ref.id) or self.waits(firm, str(ref)):
                continue
            over, by_name = self.h.truth.over, self.h.truth.by_name  # as it was: both keep what they have
            linked = (firm.firm, ref.id, b["customer"]) in over or (firm.realm, b["customer"]) in by_name
            if not there["Active"]:
                self.say("10", f"{firm.firm}: the customer of {here.name} is inactive, and nobody is asked")
                continue
            shown = (there["DisplayName"], (there.get("PrimaryEmailAddr") or {}).get("Address", ""))
            email = next((e["address"] for e in here.emails if e["primary"]), "")
            if not linked and (shown[1].lower() != email.lower() or not shown[0].startswith(here.name)):
                self.say(
                    "10", f"{firm.firm}: client {here.name} <{email}> is {shown} in QuickBooks, and nobody is asked"
                )

    def _credits(self, firm: FirmFacts) -> None:
        """A credit of Clio's is at most once in QuickBooks, and one that was taken back is not there."""
        rows = [r for r in self.world.quickbooks_box.company(firm.realm).all("CreditMemo") if r["TotalAmt"] > 0]
        live = {m.id: m for m in self.world.clio_box.state.of_firm("credit_memos", firm.clio) if m.voided_at is None}
        for name, ids in self.c._marked(rows, "credit").items():
            if len(ids) > 1:
                self.say("2", f"{firm.firm}: Clio's credit {name} is {len(ids)} times in QuickBooks: {ids}")
            if int(name) not in live and not self.waits(firm, f"credit/{name}"):
                self.say("2", f"{firm.firm}: credit {name} was taken back in Clio and stands in QuickBooks")

    # --- 2, 5 and 10: trust entries -----------------------------------------------------------------------------------
    def _entries(self, firm: FirmFacts) -> None:
        """Each trust transaction of Clio's is once a journal entry; one that vanished there is none; both lines are on
        trust accounts; bank, liability and Clio's balance agree. What a person is asked about is excused."""
        company, clio = self.world.quickbooks_box.company(firm.realm), self.world.clio_box.state
        trust = {a["Id"] for a in company.all("Account") if "Trust" in a.get("AccountSubType", "")}
        banks = {a["Id"] for a in company.all("Account") if a["Id"] in trust and a["AccountType"] == "Bank"}
        rows, others = list(company.all("JournalEntry")), beside.changed(self.c, firm)
        asked = any(about.startswith("trust/") for about in self.parked.get(firm.firm, ())) or self.entries_wait(firm)
        held = {a.id for a in clio.of_firm("bank_accounts", firm.clio) if a.type == "Trust"}
        moves = [m for m in clio.of_firm("bank_transactions", firm.clio) if m.bank_account_id in held]
        for name, ids in self.c._marked(rows, "trust").items():
            if len(ids) > 1:
                self.say("2", f"{firm.firm}: trust entry {name} is {len(ids)} times in QuickBooks: {ids}")
        for row in rows:
            on = {line["JournalEntryLineDetail"]["AccountRef"]["value"] for line in row["Line"]}
            if MARKER.search(str(row.get("PrivateNote", ""))) and not on <= trust and row["Id"] not in others:
                self.say("5", f"{firm.firm}: journal entry {row['DocNumber']} touches an account that is not trust")
        lined = {m.allocation for m in moves}
        paid = [a for a in clio.of_firm("allocations", firm.clio) if a.source_bank_account in held and not a.voided_at]
        away, linked = broken_links.stays_away(self.c, firm), broken_links.by_hand(self.c, firm)
        here = sum(m.amount for m in moves if str(m.id) not in away)
        here -= sum(a.amount for a in paid if a.id not in lined and f"a{a.id}" not in away)
        ours = [r for r in rows if MARKER.search(str(r.get("PrivateNote", ""))) or r["Id"] in linked]
        there = sum(into_banks(row, banks) for row in ours if row["Id"] not in others)
        there += sum(cents for m in others.values() for account, cents, _ in m.was if account in banks)
        if here != there and not asked:
            self.say("10", f"{firm.firm}: Clio holds {here} in trust, QuickBooks' entries come to {there}")

    # --- 10 -----------------------------------------------------------------------------------------------------------
    def _sums(self, firm: FirmFacts) -> None:
        """What the firm's page sums up is what its bills and payments come to, each counted once."""
        ref = Ref(firm.firm, Kind.SUMS, "sums")
        bodies = [(r.kind, b) for r, b in self.c.bodies.items() if r.firm == firm.firm and r.kind in SUMMED]
        parts = [sums.difference(None, states.decode(kind, b)) for kind, b in bodies]
        come_to = sums.fold(sums.Sums(firm.firm), parts, self.h.clock.at)
        shown = states.decode(Kind.SUMS, self.c.bodies.get(ref)) or sums.Sums(firm.firm)
        if replace(shown, at=None) != replace(come_to, at=None):
            self.say("10", f"{firm.firm}: the sums show {shown}, and everything comes to {come_to}")

    def _report(self, firm: FirmFacts) -> None:
        self.world.life = None
        report = compared.last(self.world, firm.firm)
        if report is None or self.h.clock.at - report.at > timedelta(hours=10):
            self.say("8", f"{firm.firm}: the comparison did not run: {report and report.at}")
            return
        named = {d.payable for d in report.differences}
        for d in report.differences:  # one about a payment names every bill that it pays
            payment = self.c.bodies.get(Ref(firm.firm, Kind.PAYMENT, d.detail))
            named |= {i["payable"] for i in (payment or {}).get("items", [])}
        numbers = {n for d in report.differences for n in d.number.split(", ")}
        rows = {r["Id"]: r for r in self.world.quickbooks_box.company(firm.realm).all("Invoice")}
        for b in self.c.payables(firm.firm):
            bill = self.h.truth.bill(b["id"])
            if b["pot"] == "trust" or bill.state in ("void", "deleted"):
                continue
            invoice = rows.get(b["booked"]["id"]) if b["booked"] else None
            asks, balance = clio_books.due(bill), clio_books.balance(bill)
            if (asks == 0 or bill.state in clerks.DRAFTS) and invoice is None:
                paid = any(k["standing"] == "own" and k["kind"] == "payment" and k["cents"] for k in b["receipts"])
                told = b["id"] in named or b["number"] in numbers or self.waits(firm, f"payable/{b['id']}")
                if asks and paid and not told:
                    self.say("10", f"{firm.firm}: {b['number']} is a draft again, and what was paid on it is not named")
                continue
            agree = invoice and int(invoice["TotalAmt"] * 100) == asks and int(invoice["Balance"] * 100) == balance
            if (
                not (agree and subcustomers.told_alike(bill, invoice))
                and b["id"] not in named
                and b["number"] not in numbers
                and not self.waits(firm, f"payable/{b['id']}", f"contact/{b['client_id']}")
            ):
                there = (invoice["TotalAmt"], invoice["Balance"]) if invoice else None
                self.say(
                    "10", f"{firm.firm}: bill {bill.number} asks {asks}, open {balance}; QuickBooks {there}; not named"
                )
        for d in report.differences:
            if d.kind in IN_PRODUCTION:
                self.say(IN_PRODUCTION[d.kind], f"{firm.firm}: the comparison names {d.kind}: {d.number}: {d.cause}")
