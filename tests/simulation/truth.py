"""What is true, by the sandboxes and by what people did: the simulator's own notes, never the program's.

``bills`` keeps how each bill stood at Clio over time; ``records`` says which Clio payment records which Stripe money.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import requests

from chalicelib.domain.linking import picked
from infra.sandbox.clio import books as clio_books
from tests.simulation.base import FirmFacts
from tests.simulation.beside import Beside
from tests.simulation.crew import Worker
from tests.simulation.statements import Row, rows
from tests.simulation.world import SimWorld

NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stood:
    """How a bill stood at Clio from ``at`` on; ``shown``: cents of our Stripe payments recorded there, by attempt."""

    at: datetime
    state: str
    balance: int
    due: int
    pending: int
    shown: tuple[tuple[str, int], ...]


@dataclass
class Truth:
    """``ours_on``: (attempt, cents) of our settled payments on a bill, set by the history."""

    world: SimWorld
    firms: tuple[FirmFacts, ...]
    ours_on: Callable[[int], list[tuple[str, int]]] = lambda _bill: []
    bills: dict[int, list[Stood]] = field(default_factory=dict)
    records: dict[int, tuple[tuple[str, int], ...]] = field(default_factory=dict)  # Clio payment -> (attempt, cents)
    patched: dict[int, tuple[tuple[str, int], ...]] = field(default_factory=dict)  # bills that we marked as paid
    removed: set[tuple[str, str]] = field(default_factory=set)  # (realm, name) that people took away in QuickBooks
    # (broken_links.py), and that nobody has said may be made again
    dealt: set[tuple[str, str]] = field(default_factory=set)  # ... whatever was said since
    accepted: set[tuple[str, str]] = field(default_factory=set)  # ... that it may stay away
    spoke: dict[tuple[str, str], datetime] = field(default_factory=dict)  # ... when somebody last spoke of it
    torn: set[tuple[str, str]] = field(default_factory=set)  # ... and two people did at once
    stayed: set[tuple[str, str]] = field(default_factory=set)  # (firm, about) that a person left as it is there
    pressed: int = 0  # how often people retried or left something
    by_hand: dict[tuple[str, str, str], str] = field(
        default_factory=dict
    )  # (realm, entity, id) that people entered in its place -> name
    without: dict[tuple[str, str], datetime] = field(
        default_factory=dict
    )  # (firm, client) that stays without a customer, since when
    without_sub: dict[tuple[str, str], datetime] = field(default_factory=dict)  # (firm, matter), as ``without``
    touched: set[tuple[str, str, str]] = field(default_factory=set)  # (realm, entity, id) changed by people
    said: set[tuple[str, str, str]] = field(default_factory=set)  # (realm, customer, value) that people typed in there
    absent: set[tuple[str, str]] = field(default_factory=set)  # (firm, connection) that nobody connects again yet
    merged: dict[int, int] = field(default_factory=dict)  # contact in Clio -> the one that it was merged into
    over: dict[tuple[str, str, str], datetime] = field(
        default_factory=dict
    )  # (firm, client, customer) that it takes over from another client, as people said, and when
    apart: set[tuple[str, str]] = field(default_factory=set)  # (firm, client) for which people said otherwise too
    useless: set[tuple[str, str]] = field(default_factory=set)  # (firm, payable) whose pay links are being made useless
    readers: set[tuple[str, str]] = field(default_factory=set)  # (firm, address) that people gave for the digest
    hands: dict[int, tuple[str, frozenset[str]]] = field(
        default_factory=dict
    )  # bill -> its invoice that people entered
    # in QuickBooks, and the payments on it that Clio has otherwise or not at all
    twins: dict[tuple[str, str], tuple[int, int]] = field(
        default_factory=dict
    )  # (realm, payment) entered there by hand
    # -> the payment in Clio that is the same money, its bill
    spoken: set[tuple[str, str]] = field(default_factory=set)  # (realm, invoice) whose payments people spoke of
    renamed: set[tuple[str, str]] = field(default_factory=set)  # (realm, customer) of ours that got a name of people's
    # just before a purge
    by_name: set[tuple[str, str]] = field(default_factory=set)  # (realm, customer) that people entered and linked
    hand_linked: dict[tuple[str, str], tuple[str, datetime]] = field(
        default_factory=dict
    )  # ... under a name that we had seen before a purge -> its client, when that was
    slow: set[str] = field(default_factory=set)  # firms where the list lies for a while before somebody begins
    emptied: dict[str, int] = field(default_factory=dict)  # firm -> the generation of links that began in empty books
    companies: dict[str, list[str]] = field(default_factory=dict)  # firm -> its companies, where it has another one
    going: dict[str, str] = field(default_factory=dict)  # firm -> the company that it purged for
    left: set[str] = field(default_factory=set)  # companies that a firm is no longer in
    typed: dict[tuple[str, str], list[tuple[int, int, str]]] = field(
        default_factory=dict
    )  # (firm, account:month) -> bank statements that people entered: ending, adjusted, note
    trusts: dict[int, list[tuple[datetime, tuple[Row, ...]]]] = field(
        default_factory=dict
    )  # trust account -> its lines, and since when
    renewed: dict[str, datetime] = field(default_factory=dict)  # neighbour -> when a token was last made
    revoked: set[tuple[str, str]] = field(default_factory=set)  # (firm, connection) ended by people or faults
    ended: dict[tuple[str, str], datetime] = field(default_factory=dict)  # (firm, connection) -> when at our desk
    deposits: dict[int, tuple[str, int, int]] = field(default_factory=dict)  # bank line -> (attempt, bill, cents)
    beside: Beside = field(default_factory=Beside)

    def __post_init__(self) -> None:
        self.note(self.world.clock.at)

    def firm_of(self, id: str) -> FirmFacts:
        for firm in self.firms:
            if firm.firm == id:
                return firm
        raise KeyError(id)

    # --- Clio -------------------------------------------------------------------------------------------------------
    def note(self, at: datetime) -> None:
        """Writes down every bill that stands otherwise than before."""
        state = self.world.clio_box.state
        for id, bill in state.rows["bills"].items():
            past = self.bills.setdefault(id, [])
            shown: dict[str, int] = {}
            for a in state.children("allocations", id):
                if a.voided_at is None:
                    for attempt, cents in self.records.get(a.parent_id, ()):
                        shown[attempt] = shown.get(attempt, 0) + min(cents, a.amount)
            if bill.state == "paid":
                shown = {**dict(self.patched.get(id, ())), **shown}
            for line, (attempt, on, cents) in self.deposits.items():
                if on == id and line in state.rows["bank_transactions"]:
                    shown[attempt] = shown.get(attempt, 0) + cents
            now = (
                bill.state,
                clio_books.balance(bill),
                clio_books.due(bill),
                bill.pending,
                tuple(sorted(shown.items())),
            )
            if not past or (past[-1].state, past[-1].balance, past[-1].due, past[-1].pending, past[-1].shown) != now:
                past.append(Stood(at, *now))

        for account, stood in self.trusts.items():
            if (lines := rows(state, account)) != stood[-1][1]:
                stood.append((at, lines))

    def watch_trust(self, account: int) -> None:
        """From now on it is known how this trust account stood at any time."""
        self.trusts.setdefault(account, [(self.world.clock.at, rows(self.world.clio_box.state, account))])

    def trust_within(self, account: int, begin: datetime, end: datetime) -> list[tuple[Row, ...]]:
        """How the trust account stood at any moment of the span."""
        past = self.trusts[account]
        return [m for n, (at, m) in enumerate(past) if at <= end and (n + 1 == len(past) or past[n + 1][0] >= begin)]

    def within(self, bill: int, begin: datetime, end: datetime) -> list[Stood]:
        """How the bill stood at any moment of the span."""
        past = self.bills.get(bill, [])
        return [s for n, s in enumerate(past) if s.at <= end and (n + 1 == len(past) or past[n + 1].at >= begin)]

    def bill(self, id: str) -> Any:
        return self.world.clio_box.state.rows["bills"].get(int(id))

    # --- companies --------------------------------------------------------------------------------------------------
    def moved(self, firm: FirmFacts, realm: str, generation: int) -> None:
        """The firm is in another company from now on, and all that it held there is new."""
        self.left.add(firm.realm)
        firm.realm = realm
        self.going.pop(firm.firm, None)
        self.begins_empty(firm, generation)

    def begins_empty(self, firm: FirmFacts, generation: int) -> None:
        """Nothing that people did in its company stands there any more."""
        self.touched = {t for t in self.touched if t[0] != firm.realm}
        self.beside.emptied(firm)
        self.said = {t for t in self.said if t[0] != firm.realm}
        self.renamed = {t for t in self.renamed if t[0] != firm.realm}
        self.by_name = {t for t in self.by_name if t[0] != firm.realm}
        self.hand_linked = {t: c for t, c in self.hand_linked.items() if t[0] != firm.realm}
        self.twins = {t: c for t, c in self.twins.items() if t[0] != firm.realm}
        clio = self.world.clio_box.state.rows["bills"]
        self.hands = {b: what for b, what in self.hands.items() if clio[b].firm != firm.clio}
        self.matched_anew(firm)
        self.emptied[firm.firm] = generation

    # --- broken links -----------------------------------------------------------------------------------------------
    def took(self, realm: str, name: str) -> None:
        """People take it away in QuickBooks."""
        self.removed.add((realm, name))
        self.dealt.add((realm, name))
        self.accepted.discard((realm, name))

    def answered(self, firm: FirmFacts, about: str, choice: str, at: datetime) -> Callable[[], None]:
        """A person says what becomes of it. ``about``: a bill, or what a step is about. Gives how it is unsaid."""
        kind, _, id = about.partition("/")
        beside_unsaid = self.beside.answered(firm, about, choice, at)
        if kind == "contact":
            self.without.pop((firm.firm, id), None)
            self.without.update({(firm.firm, id): at} if choice == "accept" else {})
            return lambda: None
        names = {(firm.realm, about), (firm.realm, f"applied/{id}")}
        if at - self.spoke.get((firm.realm, about), NEVER) < timedelta(minutes=1):
            self.torn |= names
        self.spoke[firm.realm, about] = at
        if choice in ("accept", "leave"):
            new = names - self.accepted
            self.accepted |= names

            def not_accepted() -> None:
                self.accepted.difference_update(new)
                beside_unsaid()

            return not_accepted
        if kind not in ("credit", "trust"):  # a bill: what lowers its invoice is applied to it again
            names |= {n for n in self.removed if n[1].startswith("applied/")}
        removed, accepted = self.removed & names, self.accepted & names
        self.removed -= names
        self.accepted -= names

        def unsaid() -> None:
            self.removed |= removed
            self.accepted |= accepted
            beside_unsaid()

        return unsaid

    def said_of_customer(self, firm: FirmFacts, client: str, choice: str, at: datetime) -> None:
        """A person says which customer is a client's: another client's, or one of its own."""
        if customer := picked(choice):
            self.over[firm.firm, client, customer] = at
        else:
            self.apart.add((firm.firm, client))

    def now_client(self, contact: int) -> int:
        """Which contact in Clio this one is now."""
        while contact in self.merged:
            contact = self.merged[contact]
        return contact

    def said_of_sub(self, firm: FirmFacts, matter: str, choice: str, at: datetime) -> None:
        """A person says what becomes of a matter's sub-customer."""
        self.without_sub.pop((firm.firm, matter), None)
        self.without_sub.update({(firm.firm, matter): at} if choice == "accept" else {})

    def matched_anew(self, firm: FirmFacts) -> None:
        """The company is gone through in a first sync: what people did to what was linked counts no more."""
        for kept in (self.removed, self.dealt, self.accepted, self.torn):
            kept -= {n for n in kept if n[0] == firm.realm}
        self.over = {said: at for said, at in self.over.items() if said[0] != firm.firm}
        self.beside.forget(firm)
        self.by_hand = {k: name for k, name in self.by_hand.items() if k[0] != firm.realm}
        self.without = {k: at for k, at in self.without.items() if k[0] != firm.firm}
        self.without_sub = {k: at for k, at in self.without_sub.items() if k[0] != firm.firm}

    # --- tokens -----------------------------------------------------------------------------------------------------
    def carried(
        self, neighbour: str, request: requests.PreparedRequest, got: requests.Response, heard_by: Worker | None
    ) -> None:
        """A refresh token that was rotated and whose answer nobody keeps is lost by no doing of ours."""
        path = str(request.path_url)
        if "oauth" in path:
            self.renewed[neighbour] = self.world.clock.at
        if neighbour == "clio" and request.method == "PATCH" and "/bills/" in path:
            self._our_patch(path)
        if neighbour != "quickbooks" or "oauth2/v1/tokens" not in path:
            return
        if heard_by is None:  # used up, or used again after another one took its place
            self._unheard(parse_qs(str(request.body)).get("refresh_token", [""])[0])
        if got.status_code != 200:
            return
        fresh = got.json().get("refresh_token", "")
        if f"refresh_token={fresh}" in str(request.body):
            return
        grant = self.world.quickbooks_box.state.grants[self.world.quickbooks_box.state.refresh_tokens[fresh]]
        firm = next((f for f in self.firms if f.realm == grant.realm), None)
        if heard_by is not None and firm is not None:
            heard_by.notes["rotated"] = firm.firm

    def _unheard(self, refresh_token: str) -> None:
        state = self.world.quickbooks_box.state
        grant = state.grants.get(state.refresh_tokens.get(refresh_token, ""))
        if grant is not None:
            self.revoked |= {(f.firm, "quickbooks") for f in self.firms if f.realm == grant.realm}

    def _our_patch(self, path: str) -> None:
        """Our own state change may have made an allocation: it records the payments of ours on that bill."""
        bill = int(path.partition("bills/")[2].partition(".")[0].partition("?")[0])
        for a in self.world.clio_box.state.children("allocations", bill):
            if a.parent_id not in self.records and a.created_at >= self.world.clio_box.stamp():
                self.records[a.parent_id] = tuple(self.ours_on(bill))
        if self.bill(str(bill)).state == "paid":
            self.patched[bill] = tuple(self.ours_on(bill))
        self.note(self.world.clock.at)

    def died(self, worker: Worker) -> None:
        if "rotated" in worker.notes:
            self.revoked.add((worker.notes["rotated"], "quickbooks"))

    def expire_tokens(self, neighbour: str) -> None:
        """Every access token there ends now; refresh tokens stay good. None that was made within the last minute."""
        if self.world.clock.at - self.renewed.get(neighbour, NEVER) < timedelta(minutes=1):
            return
        if neighbour == "clio":
            self.world.clio_box.people.expire_tokens()
            return
        held = self.world.quickbooks_box.state.access_tokens
        past = self.world.clock.at - timedelta(seconds=1)
        for token, (grant, _) in list(held.items()):
            held[token] = (grant, past)

    # --- Stripe -----------------------------------------------------------------------------------------------------
    def sessions(self, account: str) -> list[dict[str, Any]]:
        held = self.world.stripe_box.state.accounts[account].held["checkout.session"]
        return list(held.values())

    def charge_of(self, account: str, session: dict[str, Any]) -> dict[str, Any] | None:
        """The succeeded charge of a session, if there is one."""
        held = self.world.stripe_box.state.accounts[account].held
        intent = held["payment_intent"].get(session.get("payment_intent") or "")
        charge = held["charge"].get(intent["latest_charge"]) if intent and intent.get("latest_charge") else None
        return charge if charge and charge["status"] == "succeeded" else None

    def collects(self, account: str, session: str) -> bool:
        """Whether Stripe still collects a bank debit for this session."""
        held = self.world.stripe_box.state.accounts[account].held
        intent = held["payment_intent"].get((held["checkout.session"].get(session) or {}).get("payment_intent") or "")
        return intent is not None and intent["status"] == "processing"

    def contests(self, account: str, charge: str) -> bool:
        """Whether the client's bank has not decided yet about a dispute of this charge."""
        disputes = self.world.stripe_box.state.accounts[account].held["dispute"].values()
        return any(d["charge"] == charge and d["status"].endswith(("needs_response", "under_review")) for d in disputes)

    def lost_of(self, account: str, charge: dict[str, Any]) -> int:
        """Cents of a charge that went back: refunds, and disputes that took the money."""
        held = self.world.stripe_box.state.accounts[account].held
        back = sum(
            r["amount"]
            for r in held["refund"].values()
            if r["charge"] == charge["id"] and r["status"] not in ("failed", "canceled")
        )
        for d in held["dispute"].values():
            if d["charge"] == charge["id"]:
                back -= sum(b["amount"] for b in d["balance_transactions"])
        return int(back)
