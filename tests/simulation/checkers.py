"""One checker for each promise of design section 3, judging by the sandboxes' books and the delivered mails.

``committed``, ``carried``, ``mailed``, ``page`` hold at every moment; ``at_quiet`` once all has healed. What only waits
for a person's word (a suggested match, a parked step) is a pending decision and no violation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from chalicelib.domain.kernel import Kind, Ref, Status, fold
from chalicelib.domain.money import show
from chalicelib.flow.mailing import DIGEST
from chalicelib.store import bounds
from chalicelib.store.memory_rows import json_of
from tests.simulation import (
    beside,
    broken_links,
    clerks,
    closings,
    companies,
    gone,
    pairings,
    statements,
    stood,
    subcustomers,
)
from tests.simulation.digests import Digests
from tests.world import Sent

if TYPE_CHECKING:
    from tests.simulation.history import History

PROMISES = {
    "1": "one approved Clio bill has at most one live QuickBooks invoice, with its number and what it asks for",
    "2": "every payment is exactly once in our journal and at most once in each book",
    "3": "no client is asked for money that we had already seen paid, voided, credited, disputed or put on hold",
    "4": "no reminder is sent twice",
    "5": "trust money never touches an operating account, no fee is taken from it, a payment has one pot",
    "6": "a client never pays the same thing twice without us showing it",
    "7": "the journal replays to the state, cent by cent",
    "8": "nothing that fails is forgotten; every attempt ends; no connection dies by our own doing",
    "9": "nobody sees another firm's data; a client sees only what their pay link opens, never a draft",
    "10": "the books agree, or the difference is on a named list with its cause and its remedy",
}
CLAIM = timedelta(seconds=30)
READING = timedelta(seconds=60)
SKEW = timedelta(seconds=5)  # two clocks that differ by up to two seconds each way, and an answer's time
IN_FLIGHT = timedelta(seconds=12)
CARRIED_OUT_LATE = timedelta(minutes=5)
MARKER = re.compile(r"feesimple:([^:]+):(\w+):(\S+)")


@dataclass(frozen=True)
class Violation:
    promise: str
    what: str
    at: datetime


@dataclass
class Claim:
    """A mail that was claimed: when by the world's clock, over what."""

    at: datetime
    kind: str
    payable: str
    open: int
    step: int
    started: str
    delivered: int = 0


@dataclass
class Checkers:
    h: History
    violations: list[Violation] = field(default_factory=list)
    bodies: dict[Ref, Any] = field(default_factory=dict)
    claims: dict[tuple[str, str], Claim] = field(default_factory=dict)
    reminded: dict[tuple[str, str, str, int], str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    pointed_at: dict[tuple[str, int], datetime] = field(default_factory=dict)
    versions: dict[Ref, int] = field(default_factory=dict)
    wishes: dict[str, list[tuple[datetime, bool]]] = field(
        default_factory=dict
    )  # firm -> since when sub-customers or not
    read_at: dict[Ref, datetime] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)  # what was sent into a closed period -> how often
    drafts: clerks.Drafts = field(default_factory=clerks.Drafts)
    vanished: gone.Vanished = field(default_factory=gone.Vanished)
    seen: dict[str, stood.Seen] = field(default_factory=dict)  # firm -> the first sync's list when Begin was pressed

    def __post_init__(self) -> None:
        self.digests = Digests(self)
        self.slack = timedelta(seconds=5 if self.h.rates.get("skew") else 0)
        for ref, state in self.h.world.store._states.items():
            self.bodies[ref] = json_of(state.body)
            self.versions[ref] = state.version

    def say(self, promise: str, what: str) -> None:
        self.h.tell(f"!!! promise {promise}: {what}")
        self.violations.append(Violation(promise, what, self.h.clock.at))

    def bug(self, error: BaseException, where: str) -> None:
        self.say("8", f"a bug flew: {type(error).__name__}: {error} at {where}")

    # --- what we hold, as committed -----------------------------------------------------------------------------------
    def settled(self, firm: str) -> list[dict[str, Any]]:
        """Our Stripe payments that are settled, as committed."""
        return [
            b
            for ref, b in self.bodies.items()
            if ref.kind is Kind.PAYMENT and ref.firm == firm and b["phase"] == "settled" and b["source"] == "stripe"
        ]

    def ours_on(self, bill: int) -> list[tuple[str, int]]:
        """(attempt, cents less what went back) of our settled payments on a bill."""
        settled = [b for firm in self.h.firms for b in self.settled(firm.firm)]
        return [(b["id"], i["cents"] - i["back"]) for b in settled for i in b["items"] if i["payable"] == str(bill)]

    def payables(self, firm: str) -> list[dict[str, Any]]:
        return [b for ref, b in self.bodies.items() if ref.kind is Kind.PAYABLE and ref.firm == firm]

    # --- at every commit ----------------------------------------------------------------------------------------------
    def committed(self, prepared: bounds.Prepared) -> None:
        changed: dict[Ref, Any] = {}
        for text in prepared.changes:
            ref = text.change.ref
            body = json_of(text.body)
            if fold(json_of(text.moved), self.bodies.get(ref)) != body:
                self.say("7", f"{ref}: the change of version {text.change.expected + 1} does not lead to its state")
            if text.change.expected != self.versions.get(ref, 0):
                self.say("7", f"{ref}: version {text.change.expected + 1} is written over {self.versions.get(ref, 0)}")
            self.versions[ref] = text.change.expected + 1
            if ref.kind is Kind.PAYABLE:
                self._read_in_order(ref, json_of(text.fact))
            changed[ref] = body
        for ref, body in changed.items():
            if ref.kind is Kind.ENVELOPE and ref not in self.bodies:
                self._claimed(ref, body, changed)
            was = self.bodies.get(ref) or {}
            if ref.kind is Kind.PAYMENT and body["phase"] == "settled" != was.get("phase"):
                self._money(ref, body)
            if ref.kind is Kind.CONNECTION and not body["connected"] and self.bodies.get(ref, {}).get("connected"):
                self._lost(ref, body)
            if ref.kind is Kind.CONNECTION and ref.id == "quickbooks":
                companies.connected(self, ref, was, body)
            if ref.kind in (Kind.CREDIT, Kind.TRUST):
                broken_links.committed(self, ref, was, body)
            if ref.kind is Kind.PAYABLE:
                clerks.committed(self, ref, body)
            if ref.kind is Kind.CONTACT:
                gone.committed(self, ref, body)
            if ref.kind is Kind.STATEMENT:
                statements.committed(self, ref, was, body)
            if ref.kind is Kind.FIRM and body["invoicing"] != was.get("invoicing"):
                self.wishes.setdefault(ref.firm, []).append((self.h.clock.at, body["invoicing"]["sub_customers"]))
            if ref.kind is Kind.DIGEST:
                self.digests.committed(ref.firm, was, body)
            if ref.kind is Kind.CONTACT and len(body["kept"]) > len(was.get("kept", ())):
                self._asked(ref, body)
        self.bodies.update(changed)

    def _read_in_order(self, ref: Ref, fact: dict[str, Any]) -> None:
        """A look's fact commits only if the state has not moved since: an older reading never follows a newer one."""
        if "etag" not in fact or "at" not in fact:
            return
        at = datetime.fromisoformat(fact["at"])
        if ref in self.read_at and at < self.read_at[ref] - self.slack:
            self.say("3", f"{ref}: a reading of {at} was committed over one of {self.read_at[ref]}")
        self.read_at[ref] = at

    def _asked(self, ref: Ref, body: dict[str, Any]) -> None:
        """A person is asked which of two values stands only where somebody in QuickBooks gave the other one."""
        realm = self.h.truth.firm_of(ref.firm).realm
        if (realm, "Customer", body["customer"]) in self.h.truth.touched:
            return
        for kept in body["kept"]:
            ours = kept["side"] == "quickbooks" and not kept["why"] and kept["field"] in ("name", "email")
            if ours and (realm, body["customer"], kept["value"]) not in self.h.truth.said:
                self.say("10", f"{ref}: asked about {kept['value']!r} of QuickBooks, which nobody entered there")

    def _money(self, ref: Ref, body: dict[str, Any]) -> None:
        """Only what Stripe took is money."""
        if body["source"] != "stripe":
            return
        truth = self.h.truth
        session = next((s for s in truth.sessions(body["account"]) if s["id"] == body["session"]), None)
        if session is None or truth.charge_of(body["account"], session) is None:
            self.say("2", f"{ref}: settled here, and Stripe took no money for it")

    def _lost(self, ref: Ref, body: dict[str, Any]) -> None:
        ended = self.h.truth.ended.get((ref.firm, ref.id))
        late = ended and self.h.clock.at - ended < CARRIED_OUT_LATE  # a person asked for it, and connected again since
        if (ref.firm, ref.id) not in self.h.truth.revoked and not late:
            self.say("8", f"{ref.firm}: the connection {ref.id} died and nobody ended it: {body['why']}")

    def _claimed(self, ref: Ref, envelope: dict[str, Any], changed: dict[Ref, Any]) -> None:
        now = self.h.clock.at
        payable = next((b for r, b in changed.items() if r.kind is Kind.PAYABLE), None)
        collection = (payable or {}).get("collection") or {}
        claim = Claim(
            now,
            envelope["kind"],
            envelope["payables"][0],
            envelope["open"],
            envelope["step"],
            str(collection.get("started_at", "")),
        )
        self.claims[ref.firm, ref.id] = claim
        if claim.kind == "reminder":
            self._may_ask(ref.firm, claim, now)
            self._stands_against(ref.firm, claim, payable or {})

    def _may_ask(self, firm: str, claim: Claim, now: datetime) -> None:
        """The amount is what was open at a reading of the last minute, less what we knew and Clio did not show."""
        known = {
            p["id"]: next(i["cents"] - i["back"] for i in p["items"] if i["payable"] == claim.payable)
            for p in self.settled(firm)
            if any(i["payable"] == claim.payable for i in p["items"])
        }
        stood = self.h.truth.within(int(claim.payable), now - READING - SKEW, now)
        opens = []
        for s in stood:
            if s.state != "awaiting_payment" or s.pending:
                continue
            shown = dict(s.shown)
            opens.append(s.balance - sum(max(0, cents - shown.get(id, 0)) for id, cents in known.items()))
        if claim.open <= 0 or claim.open not in opens:
            self.say(
                "3",
                f"{firm} {claim.payable}: asked for {claim.open}; in the last minute Clio stood at {stood}, "
                f"known to us and maybe not shown there: {known}",
            )

    def _stands_against(self, firm: str, claim: Claim, payable: dict[str, Any]) -> None:
        """Nothing that we had seen stands against asking: no hold, no bank debit that Stripe is still collecting, no
        dispute that the client's bank has not decided."""
        if payable.get("hold"):
            self.say("3", f"{firm} {claim.payable}: asked for {claim.open} while it is on hold: {payable['hold']}")
        for ref, p in self.bodies.items():
            if ref.kind is not Kind.PAYMENT or ref.firm != firm or p["source"] != "stripe":
                continue
            if not any(i["payable"] == claim.payable for i in p["items"]):
                continue
            if p["phase"] == "on_its_way" and self.h.truth.collects(p["account"], p["session"]):
                self.say(
                    "3", f"{firm} {claim.payable}: asked for {claim.open} while the bank debit {ref.id} is on its way"
                )
            if p["dispute"] and self.h.truth.contests(p["account"], p["charge"]):
                self.say(
                    "3", f"{firm} {claim.payable}: asked for {claim.open} while {ref.id} is disputed: {p['dispute']}"
                )

    # --- mails --------------------------------------------------------------------------------------------------------
    def mailed(self, sent: Sent) -> None:
        firm, _, id = sent.tag.partition("--")
        if id.startswith(DIGEST):
            self.digests.mailed(firm, sent)
            return
        claim = self.claims.get((firm, id))
        if claim is None:
            kind = "4" if id.startswith("receipt") else "3"
            self.say(kind, f"{sent.tag} was delivered and never claimed")
            return
        claim.delivered += 1
        if claim.delivered > 1:
            self.say("4", f"{sent.tag} was delivered {claim.delivered} times")
        if sent.at > claim.at + CLAIM + SKEW + IN_FLIGHT:
            self.say("3", f"{sent.tag} was sent {sent.at - claim.at} after its claim")
        if claim.kind != "reminder":
            return
        amount = show(claim.open)
        if amount not in sent.text:
            self.say("3", f"{sent.tag} does not ask for the {amount} that were claimed")
        key = (firm, claim.payable, claim.started, claim.step)
        if key in self.reminded:
            self.say("4", f"{firm} {claim.payable}: step {claim.step} was sent as {self.reminded[key]} and {id}")
        self.reminded[key] = id

    # --- at the seam --------------------------------------------------------------------------------------------------
    def asked(self, neighbour: str, request: requests.PreparedRequest) -> None:
        """A worker speaks for one firm: with that firm's token, of that firm's account."""
        me = self.h.crew.current
        firm = me.firm if me else ""
        if not firm or "oauth" in request.path_url:
            return
        facts = self.h.truth.firm_of(firm)
        world = self.h.world
        bearer = str(request.headers.get("Authorization", "")).removeprefix("Bearer ")
        if neighbour == "clio":
            token = world.clio_box.state.tokens.get(bearer)
            if token is not None:
                user = world.clio_box.state.grants[token.grant].user
                if world.clio_box.state.rows["users"][user].firm != facts.clio:
                    self.say("9", f"{firm} reads Clio with another firm's token")
        elif neighbour == "quickbooks":
            companies.asked(self, facts, request)
            if "/batch" in str(request.path_url):
                clerks.sent(self, request)
        else:
            account = str(request.headers.get("Stripe-Account", ""))
            if account and account not in (facts.operating, facts.trust):
                self.say("9", f"{firm} speaks for another firm's account {account}")

    def carried(self, neighbour: str, request: requests.PreparedRequest, got: requests.Response) -> None:
        if request.method == "GET":
            return
        if neighbour == "clio":
            gone.patched(self, request)
        if neighbour == "quickbooks" and self.h.truth.companies:
            companies.carried(self, request, got)
        if neighbour == "quickbooks" and "/batch" in str(request.path_url):
            closings.carried(self, request, got)
            clerks.batch(self, request)
            gone.batch(self, request)
            for firm in self.h.firms:
                self._one_invoice_each(firm.realm)
                self._one_payment_each(firm.firm, firm.realm)
                self._not_made_again(firm.realm)
                pairings.posted(self, firm)
                subcustomers.made(self, firm)
                stood.made(self, firm)
                broken_links.made(self, firm)
                beside.made(self, firm)
                clerks.made(self, firm)
                clerks.numbers(self, firm)
        if neighbour == "stripe" and "checkout/sessions" in str(request.path_url) and got.status_code == 200:
            self._pots()

    def _live(self, realm: str, entity: str) -> list[dict[str, Any]]:
        rows = self.h.world.quickbooks_box.company(realm).all(entity)
        return [r for r in rows if r["TotalAmt"] > 0]

    def _marked(self, rows: list[dict[str, Any]], kind: str, *, pieces: bool = False) -> dict[str, list[str]]:
        """Ids by what they are of. ``pieces``: those of one payment each by itself."""
        found: dict[str, list[str]] = {}
        for row in rows:
            marker = MARKER.search(str(row.get("PrivateNote", "")))
            if marker and marker[2] == kind:
                name = marker[3] if pieces else marker[3].partition("#")[0]
                found.setdefault(name, []).append(row["Id"])
        return found

    def _one_invoice_each(self, realm: str) -> None:
        for bill, ids in self._marked(self._live(realm, "Invoice"), "bill").items():
            if len(ids) > 1:
                self.say("1", f"bill {bill} has {len(ids)} live invoices in QuickBooks: {ids}")

    def _not_made_again(self, realm: str) -> None:
        """What people removed in QuickBooks is never made again by itself."""
        if self.h.truth.removed:
            for bill, ids in self._marked(self._live(realm, "Invoice"), "bill").items():
                if (realm, bill) in self.h.truth.removed:
                    self.say("10", f"bill {bill}: its invoice was deleted in QuickBooks, and {ids} was made silently")

    def _one_payment_each(self, firm: str, realm: str) -> None:
        """No money twice: neither under one name, nor as ours and again as the payment that staff recorded of it."""
        let_be = closings.let_be(self, firm)
        rows = [r for r in self._live(realm, "Payment") if r["Id"] not in let_be]
        by_name = self._marked(rows, "payment")
        for name, ids in self._marked(rows, "payment", pieces=True).items():
            if len(ids) > 1:
                self.say("2", f"payment {name} is {len(ids)} times in QuickBooks: {ids}")
        state = self.h.world.clio_box.state
        for group, records in self.h.truth.records.items():
            valid = any(a.parent_id == group and a.voided_at is None for a in state.rows["allocations"].values())
            both = [id for id, _ in records if id in by_name and f"clio-{group}" in by_name]
            if valid and both:
                self.say("2", f"{firm}: Clio's payment {group} records {both}, and both are in QuickBooks")

    def _pots(self) -> None:
        """What Stripe's own books show: words of the lines, the account they are on."""
        for firm in self.h.firms:
            for account, word in ((firm.operating, "Trust deposit"), (firm.trust, "Invoice ")):
                held = self.h.world.stripe_box.state.accounts[account]
                for id in held.held["checkout.session"]:
                    names = [str(line.get("description", "")) for line in held.lines[id]]
                    if any(n.startswith(word) for n in names):
                        self.say("5", f"{account} takes {names}")

    def looked(self) -> None:
        """A look is done only when what was read is at least as new as the last pointer that was taken in."""
        for (firm, bill), at in list(self.pointed_at.items()):
            effect = self.h.world.store._effects.get(f"{firm}/clio.bill/{bill}")
            if effect is None or effect.effect.status is Status.OWED:
                continue
            del self.pointed_at[firm, bill]
            held = self.bodies.get(Ref(firm, Kind.PAYABLE, str(bill)))
            if held is None or effect.effect.status is not Status.DONE:
                continue
            since = {(s.state, s.balance) for s in self.h.truth.within(bill, at, self.h.clock.at)}
            if (held["bill_state"], held["balance"]) not in since:
                self.say("8", f"{firm}: told at {at} to look at bill {held['number']}, and we hold {held['balance']}")

    def page(self, mail: Sent, token: str, page: Any) -> None:
        """A pay page shows this client's bills of this firm, and never a draft."""
        firm = self.h.truth.firm_of(mail.tag.partition("--")[0])
        payable = mail.tag.partition("--")[2].rsplit("-", 1)[0]
        truth = self.h.truth
        client = truth.now_client(int(self.bodies[Ref(firm.firm, Kind.PAYABLE, payable)]["client_id"]))
        for row in page.payables:
            bill = truth.bill(row.id)
            clerks.page(self, firm, token, row)
            past = {s.state for s in self.h.truth.bills[bill.id]}
            mine = bill.firm == firm.clio and bill.client_id == client
            if not mine or past <= {"draft", "awaiting_approval"}:
                self.say("9", f"the pay link of {mail.to} shows bill {bill.number}")

    # --- at quiet -----------------------------------------------------------------------------------------------------
    def at_quiet(self) -> None:
        from tests.simulation.quiet import Quiet

        Quiet(self).judge()
