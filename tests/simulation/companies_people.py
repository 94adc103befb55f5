"""The firm goes to QuickBooks' consent page and chooses another company than the one that its books are linked to.
It is told so, and chooses: back to the old one, or purge and begin anew in the other."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from chalicelib.domain.kernel import Kind, Neighbour, Ref
from chalicelib.domain.readings import EventPointer
from chalicelib.errors import Refused
from chalicelib.flow import connecting
from infra.sandbox.quickbooks.seed import a_company
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {"another_company": 2}


class Companies(Acting):
    """``another_company`` begins it; it takes several visits."""

    def another_company(self, rng: random.Random) -> None:
        """Out of the blue, or after QuickBooks was disconnected here or revoked there."""
        firm, world, now = self.firm(rng), self.h.world, self.h.clock.at
        other = self._other_company(firm)
        before = rng.choice(("connected", "disconnected", "revoked"))
        if before != "connected":
            self.h.truth.revoked.add((firm.firm, "quickbooks"))
        if before == "disconnected":
            self._at_desk(firm, before, lambda: connecting.disconnect(world, firm.firm, "quickbooks", "staff"))
        elif before == "revoked":
            world.quickbooks_box.people.revoke_grants(firm.realm)
        at = now + timedelta(hours=rng.uniform(0.1, 20))
        self.h.later(at, "chooses another company", lambda: self._choose_company(firm, other))
        moves = firm.realm not in self.h.truth.left and rng.random() < 0.6
        after = at + timedelta(hours=rng.uniform(0.1, 40))
        if moves:
            self.h.later(after, "moves to it", lambda: self._move_to(firm, other, random.Random(rng.random())))
        else:
            self.h.later(after, "back to the old company", lambda: self._back(firm))

    def _other_company(self, firm: FirmFacts) -> str:
        """The firm's other company, opened for the first time or known already."""
        truth = self.h.truth
        known = truth.companies.setdefault(firm.firm, [firm.realm])
        if len(known) == 1:
            known.append(f"{firm.realm[:-2]}9{firm.realm[-1]}")
            a_company(self.h.world.quickbooks_box, known[1], f"{firm.name}, new books", "books@firm.example")
        return next(realm for realm in known if realm != firm.realm)

    def _choose_company(self, firm: FirmFacts, realm: str) -> None:
        truth = self.h.truth
        purged = not self.h.checkers.bodies[Ref(firm.firm, Kind.CONNECTION, "quickbooks")]["account"]
        if self.h.people.resting or firm.realm == realm:
            return
        if purged and realm in truth.left:  # nobody goes back for good
            return

        def consents() -> None:
            if not self.h.checkers.bodies[Ref(firm.firm, Kind.CONNECTION, "quickbooks")]["account"]:
                truth.going.setdefault(firm.firm, realm)  # links were purged meanwhile: any company may come
            try:
                self._consent(firm, "quickbooks", realm)
            except Refused as no:
                self.h.tell(f"  {no.reason}")

        self._at_desk(firm, "consents with another company", consents)

    def _back(self, firm: FirmFacts) -> None:
        self.h.people.reconnect_all(firm)

    def _move_to(self, firm: FirmFacts, realm: str, rng: random.Random) -> None:
        """Revoke and purge with the firm's name, then the other one. Somebody still works in the old one afterwards."""
        truth, now = self.h.truth, self.h.clock.at
        if self.h.people.resting or realm in truth.left or firm.firm in truth.going:
            return
        old = firm.realm
        truth.revoked.add((firm.firm, "quickbooks"))
        truth.going[firm.firm] = realm
        self._at_desk(firm, "purges for another company", lambda: self._purge(firm))
        self.h.later(now + timedelta(hours=rng.uniform(2, 30)), "begins in another", lambda: self.begin_anew(firm))
        later = now + timedelta(hours=rng.uniform(40, 200))
        self.h.later(
            later, "works in the old company", lambda: self.h.people.refusable(lambda: self._work_in(firm, old, rng))
        )
        self.h.later(later, "chooses the old company", lambda: self._choose_company(firm, old))

    def _purge(self, firm: FirmFacts) -> None:
        connecting.purge(self.h.world, firm.firm, firm.name, "staff")

    def _work_in(self, firm: FirmFacts, old: str, rng: random.Random) -> None:
        """QuickBooks tells us of it: it is not the firm's company any more."""
        if firm.realm == old or self.h.people.resting:
            return
        world = self.h.world
        for row in list(world.quickbooks_box.company(old).all("Invoice"))[:2]:
            if row["TotalAmt"] > 0:
                world.quickbooks_box.people.change_invoice_amount(old, row["Id"], Decimal(rng.randint(100, 900)))
            pointer = EventPointer("e", old, "updated", "invoice", row["Id"])
            self.h.news.tell(Neighbour.QUICKBOOKS, [pointer], firm.firm)
