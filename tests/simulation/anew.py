"""Revoke and purge at the desk, and the way back: the company emptied or not, connected again, the first sync gone
through. It takes several visits: whoever finds it unfinished goes on."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import connecting, first_sync, setup, trust_setup
from chalicelib.flow.firms import firm_of
from infra.sandbox.quickbooks.seed import a_company
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts
from tests.simulation.stood import Seen, listed

ACTS: dict[str, int] = {"purge": 1}
VISITS_APART = timedelta(hours=3)


class Anew(Acting):
    """Revoke, purge, and the way back."""

    def purge(self, rng: random.Random) -> None:
        """In half of the cases QuickBooks is emptied too, as the page tells."""
        firm = self.firm(rng)
        self._purge_links(firm, rng, empties=rng.random() < 0.5)

    def _purge_links(self, firm: FirmFacts, rng: random.Random, *, empties: bool) -> None:
        world, now = self.h.world, self.h.clock.at
        self.h.truth.revoked.add((firm.firm, "quickbooks"))
        self._at_desk(firm, "purge", lambda: connecting.purge(world, firm.firm, firm.name, "staff"))
        if empties:
            self.h.later(now + timedelta(hours=1), "empties QuickBooks", lambda: self._empty(firm))
        back = now + timedelta(hours=rng.uniform(2, 60))
        self.h.later(back, "begins anew", lambda: self.begin_anew(firm))

    def _empty(self, firm: FirmFacts) -> None:
        """Only where the purge went through, and nobody connected it again."""
        here = self.h.checkers.bodies[Ref(firm.firm, Kind.CONNECTION, "quickbooks")]
        if here["account"] or self.h.people.resting:
            return
        a_company(self.h.world.quickbooks_box, firm.realm, firm.name, "books@firm.example")
        self.h.truth.begins_empty(firm, self._firm(firm)["generation"])

    def _firm(self, firm: FirmFacts) -> Any:
        return self.h.checkers.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]

    def unfinished(self, firm: FirmFacts) -> bool:
        return bool(self._firm(firm)["matched"] != self._firm(firm)["generation"])

    def begin_anew(self, firm: FirmFacts) -> None:
        if not self.unfinished(firm):
            return
        self.h.truth.matched_anew(firm)
        self._at_desk(firm, "begins anew", lambda: self._begin_anew(firm))
        if not self.h.people.resting:
            self.h.later(self.h.clock.at + VISITS_APART, "goes on", lambda: self.begin_anew(firm))

    def _begin_anew(self, firm: FirmFacts) -> None:
        world, id = self.h.world, firm.firm
        if not self.h.checkers.bodies[Ref(id, Kind.CONNECTION, "quickbooks")]["connected"]:
            self._consent(firm, "quickbooks")
            self.h.truth.revoked.discard((id, "quickbooks"))
        state = firm_of(world, id)
        assert state is not None
        if not state.accounts.clearing:
            setup.choose_accounts(world, id, asdict(setup.choices(world, id).chosen), "staff")
        if not state.trust_books.liability:
            offered = trust_setup.choices(world, id)  # nothing is proposed where there are two banks for one
            banks = {b.clio: b.book for b in offered.chosen.banks} or {offered.accounts[0].id: offered.banks[0].id}
            trust_setup.choose(world, id, banks, offered.chosen.liability, "staff")
        plan = first_sync.plan_of(world, id)
        if plan is None:
            first_sync.start(world, id, "staff")
        elif plan.phase == "ready":
            self._answer_all(id)
            if id in self.h.truth.slow and not self.h.people.resting:
                self.h.people.before_begin(firm)
                return
            self.h.checkers.seen[id] = self._seen(firm)
            first_sync.begin(world, id, "staff")

    def _seen(self, firm: FirmFacts) -> Seen:
        rows = listed(self.h.world, firm.firm, self._firm(firm)["generation"])
        made = {k.removeprefix("clients/"): r["title"] for k, r in rows.items() if r["fate"] == "create"}
        names = {c: self.h.checkers.bodies.get(Ref(firm.firm, Kind.CONTACT, c), {}).get("name") for c in made}
        renamed = {c: title for c, title in made.items() if names[c] and names[c] != title}
        return Seen(self.h.clock.at, frozenset(rows), self._known(firm), renamed)

    def _known(self, firm: FirmFacts) -> frozenset[str]:
        """Bills that are to be paid in Clio, and held so."""
        held = [b for b in self.h.checkers.payables(firm.firm) if b["bill_state"] == "awaiting_payment"]
        rows = self.h.world.clio_box.state.rows["bills"]
        return frozenset(b["id"] for b in held if rows[int(b["id"])].state == "awaiting_payment")

    def _answer_all(self, id: str) -> None:
        """What is certain is confirmed, also what was found since; another client's or amount's invoice is another
        one."""
        world = self.h.world
        first_sync.confirm_exact(world, id)
        first_sync.create_rest(world, id)
        at: int | None = 0
        while at is not None:
            page = first_sync.rows(world, id, "bills", at, needs=True)
            for row in page.rows:
                choice = f"link:{row.link}" if row.link else row.offers[-1].choice
                first_sync.answer(world, id, "bills", page.page, row.id, choice)
            at = page.next
