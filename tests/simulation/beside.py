"""What people enter beside what is ours, or make another's: a credit by hand in QuickBooks, a journal entry given to
somebody else there, trust money in Clio beside the request that it pays. What is true of it, and its checkers.

Promise 2: a credit is once in each book, or a person is asked. Promises 8 and 10: what people did to a journal entry is
asked about, stays until they say otherwise, and is named while it stands. Promises 3, 6 and 10: money recorded beside
its request is not asked for again and is told; what Clio shows less of is listed with just the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import compared, states, views
from infra.sandbox.clio import books as clio_books
from tests.simulation.base import FirmFacts
from tests.simulation.quiet_links import applied_lines, on_invoices

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet

Sides = tuple[tuple[str, int, str], ...]  # account, cents (debits are positive), customer
TORN = "torn"
Money = tuple[int, str]  # of a trust transaction as we last saw it in Clio: a change there is written over theirs


@dataclass(frozen=True)
class ByHand:
    """A credit memo that people entered on an invoice. ``credit``: the one of Clio's that it is, 0 for none."""

    invoice: str
    credit: int


@dataclass
class Moved:
    """A journal entry of ours that people changed: its lines before and after, and the money then.
    ``said``: what a person chose since, and when; two who chose at once: TORN. ``accepted``: lines that may stay so, of
    those that somebody may have been ``asked`` about."""

    entry: str
    was: Sides
    left: Sides
    money: Money
    said: str = ""
    said_at: datetime | None = None
    accepted: tuple[Sides, ...] = ()
    asked: tuple[Sides, ...] = ()


@dataclass
class Beside:
    memos: dict[tuple[str, str], ByHand] = field(default_factory=dict)  # (realm, memo)
    there: dict[tuple[str, int], int] = field(default_factory=dict)  # (firm, credit) -> of how many cents people said
    # that it stands in QuickBooks without us
    entered: set[tuple[str, int]] = field(default_factory=set)  # (firm, credit) that they had entered all the same
    journals: dict[tuple[str, str], Moved] = field(default_factory=dict)  # (realm, journal entry)
    deposits: dict[int, tuple[str, int, int]] = field(default_factory=dict)  # bank line -> (attempt, bill, cents)

    def emptied(self, firm: FirmFacts) -> None:
        self.memos = {k: m for k, m in self.memos.items() if k[0] != firm.realm}

    def forget(self, firm: FirmFacts) -> None:
        """The company is gone through anew: what people did to our journal entries is met as it stands."""
        self.journals = {k: m for k, m in self.journals.items() if k[0] != firm.realm}

    def answered(self, firm: FirmFacts, about: str, choice: str, at: datetime) -> Callable[[], None]:
        """Gives how it is unsaid."""
        kind, _, id = about.partition("/")
        if kind == "credit" and choice == "enter":
            self.entered.add((firm.firm, int(id)))
        if kind != "trust":
            return lambda: None
        theirs = [m for (realm, _), m in self.journals.items() if realm == firm.realm and m.entry == id]
        before = [(m, m.said, m.accepted) for m in theirs]
        for m in theirs:
            at_once = m.said_at and at - m.said_at < timedelta(minutes=1)
            m.said, m.said_at = TORN if at_once else choice, at
            m.accepted = (*m.accepted, *m.asked) if choice == "accept" else ()

        def unsaid() -> None:
            for m, said, accepted in before:
                if m.said == choice:
                    m.said, m.accepted = said, accepted

        return unsaid


def sides(row: dict[str, Any]) -> Sides:
    """Of a journal entry as QuickBooks has it."""
    found: dict[tuple[str, str], int] = {}
    for line in row["Line"]:
        detail = line["JournalEntryLineDetail"]
        who = detail.get("Entity", {}).get("EntityRef", {}).get("value", "")
        key = (detail["AccountRef"]["value"], who)
        found[key] = found.get(key, 0) + int(line["Amount"] * 100) * (1 if detail["PostingType"] == "Debit" else -1)
    return tuple(sorted((account, cents, who) for (account, who), cents in found.items() if cents))


def money_of(entry: dict[str, Any]) -> Money:
    return entry["move"]["cents"], entry["move"]["on"]


def stands_by_hand(c: Checkers, realm: str, memo: str, of: ByHand) -> bool:
    """Whether it still is on its invoice."""
    company = c.h.world.quickbooks_box.company(realm)
    ties = [p for p in company.all("Payment") if memo in applied_lines(p) and of.invoice in on_invoices(p)]
    return memo in company.tables["CreditMemo"] and bool(ties)


def _followed(c: Checkers, realm: str, moved: Moved) -> bool:
    """Whether its customers are others by what people did to them, or the money changed in Clio."""
    state = c.bodies.get(Ref(_firm(c, realm).firm, Kind.TRUST, moved.entry))
    who = {w for side in (moved.was, moved.left) for _, _, w in side if w}
    touched = any((realm, "Customer", w) in c.h.truth.touched for w in who)
    return touched or state is None or state["gone"] or money_of(state) != moved.money


def _firm(c: Checkers, realm: str) -> FirmFacts:
    return next(f for f in c.h.firms if f.realm == realm)


def changed(c: Checkers, firm: FirmFacts) -> dict[str, Moved]:
    """Journal entries, by id, that stand as people left them, and otherwise than we wrote them."""
    rows = c.h.world.quickbooks_box.company(firm.realm).tables["JournalEntry"]
    found = {id: m for (realm, id), m in c.h.truth.beside.journals.items() if realm == firm.realm and id in rows}
    return {id: m for id, m in found.items() if sides(rows[id]) == m.left != m.was}


# --- after each batch of ours -----------------------------------------------------------------------------------------


def made(c: Checkers, firm: FirmFacts) -> None:
    beside, company = c.h.truth.beside, c.h.world.quickbooks_box.company(firm.realm)
    ours = c._marked(c._live(firm.realm, "CreditMemo"), "credit") if beside.memos else {}
    for (realm, memo), of in beside.memos.items():
        if realm != firm.realm or str(of.credit) not in ours or (firm.firm, of.credit) in beside.entered:
            continue
        if stands_by_hand(c, realm, memo, of):
            c.say(
                "2",
                f"{firm.firm}: Clio's credit {of.credit} is in QuickBooks as {memo}, and {ours[str(of.credit)]} too",
            )
    for (realm, id), moved in beside.journals.items():
        row = company.tables["JournalEntry"].get(id) if realm == firm.realm else None
        if row is None or moved.said in ("again", TORN) or _followed(c, realm, moved):
            continue
        if sides(row) != moved.left:
            c.say(
                "10",
                f"{firm.firm}: people changed trust/{moved.entry} to {moved.left}; {sides(row)} was written over it",
            )


# --- at quiet ---------------------------------------------------------------------------------------------------------


def judge(q: Quiet, firm: FirmFacts) -> None:
    _credits(q, firm)
    _journals(q, firm)
    _to_record(q, firm)


def _credits(q: Quiet, firm: FirmFacts) -> None:
    """A credit that people entered themselves: they said so of the amount that it has, or are asked."""
    ours = q.c._marked(q.c._live(firm.realm, "CreditMemo"), "credit")
    for (realm, memo), of in q.h.truth.beside.memos.items():
        state = q.c.bodies.get(Ref(firm.firm, Kind.CREDIT, str(of.credit))) if realm == firm.realm else None
        if state is None or state["gone"] or str(of.credit) in ours or not stands_by_hand(q.c, realm, memo, of):
            continue
        told = q.h.truth.beside.there.get((firm.firm, of.credit))
        parts = [f"payable/{p['payable']}" for p in state["parts"]]
        waits = q.waits(firm, f"credit/{of.credit}", f"contact/{state['client_id']}", *parts)
        waits = waits or any(e.about == f"credit/{of.credit}" and e.status == "owed" for e in q.effects)
        if told != state["cents"] and not waits:
            q.say("2", f"{firm.firm}: credit {of.credit} of {state['cents']} may be {memo}; people said so of {told}")


def _journals(q: Quiet, firm: FirmFacts) -> None:
    report = compared.last(q.world, firm.firm)
    named = {d.number for d in report.differences} if report else set()
    rows = q.world.quickbooks_box.company(firm.realm).tables["JournalEntry"]
    for (realm, id), moved in q.h.truth.beside.journals.items():
        if realm != firm.realm or id not in rows or _followed(q.c, realm, moved):
            continue
        state, now = q.c.bodies[Ref(firm.firm, Kind.TRUST, moved.entry)], sides(rows[id])
        if q.waits(firm, f"trust/{moved.entry}", f"contact/{state['move']['client_id']}"):
            continue
        if moved.said == TORN:
            continue
        number, accepted = f"T-{moved.entry}", moved.said == "accept" or now in moved.accepted
        if now == moved.left != moved.was and not moved.said and not accepted:
            q.say("8", f"{firm.firm}: {number} was changed in QuickBooks to {now}, and nobody is asked")
        if accepted and (now != moved.left or (now != moved.was and number not in named)):
            q.say("10", f"{firm.firm}: {number} was to stay as {moved.left}; it is {now}, named: {sorted(named)}")
        if moved.said == "again" and now != moved.was and not _in_others(q, firm, now, moved.was):
            q.say("10", f"{firm.firm}: ours was to be written over {number}; it is {now}, ours was {moved.was}")


def _in_others(q: Quiet, firm: FirmFacts, now: Sides, was: Sides) -> bool:
    """Whether only its accounts are others, since others were chosen: what is written now goes into them."""
    trust = q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["trust"]
    one, other = (sorted((cents, who) for _, cents, who in sides_) for sides_ in (now, was))
    return one == other and bool(trust["earlier"] or trust["earlier_liabilities"])


def _moved_since(q: Quiet, firm: FirmFacts, payment: str, at: datetime) -> bool:
    return any(x.read().at > at for x in q.world.store._journal[Ref(firm.firm, Kind.PAYMENT, payment)])


def _to_record(q: Quiet, firm: FirmFacts) -> None:
    """What came through Stripe, against what Clio shows of it: of trust money, on the request and beside it, just the
    rest is to be recorded; an invoice's money is recorded once anything of it is, net of the fee."""
    listed = {(r.payment, r.payable): r.cents for r in views.unrecorded(q.world, firm.firm, size=100).rows}
    report = compared.last(q.world, firm.firm)
    named = {d.detail: d.cents for d in report.differences if d.kind == "not yet in Clio"} if report else {}
    for p in q.c.settled(firm.firm):
        if any(q.waits(firm, f"payable/{i['payable']}") for i in p["items"]):
            continue
        trust = p["account"] == firm.trust
        rests = {i["payable"]: _rest(q, p["id"], i, trust=trust) for i in p["items"]}
        told = {payable: listed.get((p["id"], payable), 0) for payable in rests}
        since = report and _moved_since(q, firm, p["id"], report.at)  # the report is of before that
        if told != rests or (trust and not since and named.get(p["id"], 0) != sum(rests.values())):
            what = f"{told} is to be recorded and {named.get(p['id'], 0)} is named"
            q.say("10", f"{firm.firm}: of payment {p['id']} Clio lacks {rests}; {what}")
    for bill in {bill for _, bill, _ in q.h.truth.beside.deposits.values()}:
        _beside(q, firm, bill)


def _rest(q: Quiet, attempt: str, item: dict[str, Any], *, trust: bool) -> int:
    net: int = item["cents"] - item["back"]
    if trust:
        return max(0, net - sum(_shown(q, attempt, item["payable"])))
    shown = dict(q.h.truth.bills[int(item["payable"])][-1].shown)
    return 0 if attempt in shown else max(0, net)


def _shown(q: Quiet, attempt: str, payable: str) -> tuple[int, int]:
    """Cents of it on the request in Clio, and beside it."""
    lines = q.world.clio_box.state.rows["bank_transactions"]
    truth = q.h.truth
    on, by = (
        sum(c for line, (a, bill, c) in held.items() if line in lines and (a, str(bill)) == (attempt, payable))
        for held in (truth.deposits, truth.beside.deposits)
    )
    return on, by


def _beside(q: Quiet, firm: FirmFacts, bill: int) -> None:
    """A request that asks for money which stands beside it: nobody is asked for it again, and the firm is told."""
    id, row = str(bill), q.h.truth.bill(str(bill))
    held = q.c.bodies.get(Ref(firm.firm, Kind.PAYABLE, id))
    if held is None or row.state != "awaiting_payment" or any(k["standing"] == "asked" for k in held["receipts"]):
        return
    if held["hold"] and q.waits(firm, f"payable/{id}"):  # nobody is asked for anything until a person has cleared it up
        return
    items = [(p["id"], i) for p in q.c.settled(firm.firm) for i in p["items"] if i["payable"] == id]
    ours = [(i["cents"] - i["back"], *_shown(q, payment, id)) for payment, i in items]
    balance, open_ = clio_books.balance(row), states.decode(Kind.PAYABLE, held).open
    apart = sum(min(cents, by) for cents, _, by in ours)
    if apart and balance and not q.waits(firm, f"payable/{id}"):
        q.say("6", f"{firm.firm}: {apart} stand beside the trust request {row.number} in Clio, and nobody is told")
    due = max(0, balance - sum(max(0, cents - on) for cents, on, _ in ours))
    if open_ != due:
        q.say("3", f"{firm.firm}: the client is asked for {open_} on {row.number}, and owes {due}")
