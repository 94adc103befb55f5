"""What people do to the accounts that trust money stands in: the owner chooses others at our desk; staff in Clio move
money between two clients and take that back."""

from __future__ import annotations

import random

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import resync, trust_setup
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {"other_trust_accounts": 1, "undo_trust_transfer": 1}
BANK, LIABILITY = "TrustAccounts", "TrustAccountsLiabilities"


class TrustAccounts(Acting):
    """Accounts of trust money, and transfers within one."""

    def _read(self, firm: FirmFacts) -> None:
        self.h.spawn("polls", lambda: resync.begin_polls(self.h.world, firm.firm), firm.firm)

    # --- other accounts -----------------------------------------------------------------------------------------------
    def other_trust_accounts(self, rng: random.Random) -> None:
        """Money moves before and after; one of what stood before may change later."""
        firm = self.firm(rng)
        self._retainer(firm, rng)
        draw = random.Random(rng.random())
        self._soon(rng, (0.1, 2), "other trust accounts are chosen", lambda: self._choose_others(firm, draw))
        self._soon(rng, (2.5, 6), "trust money moves on", lambda: self._moves_on(firm, draw))

    def _retainer(self, firm: FirmFacts, rng: random.Random) -> None:
        client = rng.choice(self.h.world.clio_box.state.of_firm("contacts", firm.clio))
        self.h.world.clio_box.people.move_trust(client.id, rng.randint(100, 50_000), description="Retainer")
        self._read(firm)

    def _moves_on(self, firm: FirmFacts, rng: random.Random) -> None:
        rows = self.h.world.clio_box.state.of_firm("bank_transactions", firm.clio)
        before = [m for m in rows if m.description == "Retainer"]
        if before and rng.random() < 0.5:
            move, cents = rng.choice(before), rng.randint(100, 50_000)
            self.h.world.clio_box.people.edit_transaction(move.id, amount=cents)
        self._retainer(firm, rng)

    def _choose_others(self, firm: FirmFacts, rng: random.Random) -> None:
        """A bank, a liability or both: new ones, or those of before."""
        state = self.h.checkers.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]
        trust = state["trust"]
        if not trust["liability"] or trust["generation"] != state["generation"]:
            return
        [account] = [a.id for a in self.h.world.clio_box.state.of_firm("bank_accounts", firm.clio) if a.type == "Trust"]
        bank = next((b["book"] for b in trust["banks"] if b["clio"] == str(account)), "")
        liability, what = trust["liability"], rng.choice(("bank", "liability", "both"))
        if what != "liability":
            bank = self._another(firm, BANK, bank, rng)
        if what != "bank":
            liability = self._another(firm, LIABILITY, liability, rng)
        self.h.tell(f"  {what}: bank {bank}, liability {liability}")
        chosen, world = {str(account): bank}, self.h.world
        self._at_desk(
            firm, "chooses accounts", lambda: trust_setup.choose(world, firm.firm, chosen, liability, "staff")
        )

    def _another(self, firm: FirmFacts, subtype: str, now: str, rng: random.Random) -> str:
        box = self.h.world.quickbooks_box
        rows = [a for a in box.company(firm.realm).all("Account") if a.get("AccountSubType") == subtype]
        free = [a["Id"] for a in rows if a["Id"] != now and a["Active"]]
        if free and rng.random() < 0.5:
            return str(rng.choice(free))
        kind = {"Name": f"{subtype} {len(rows) + 1}", "AccountType": rows[0]["AccountType"], "AccountSubType": subtype}
        return str(box.people._clerk(firm.realm).create("Account", kind)["Id"])

    # --- a transfer between clients -----------------------------------------------------------------------------------
    def undo_trust_transfer(self, rng: random.Random) -> None:
        """From one client to another, and, once it is read, deleted: Clio's balance is the same all along."""
        firm = self.firm(rng)
        clients = self.h.world.clio_box.state.of_firm("contacts", firm.clio)
        if len(clients) < 2:
            return
        (one, other), cents = rng.sample(clients, 2), rng.randint(100, 50_000)
        people = self.h.world.clio_box.people
        moved = [people.move_trust(c.id, x, description="Transfer") for c, x in ((one, -cents), (other, cents))]
        self._read(firm)
        self._soon(rng, (0.5, 4), "takes a transfer back", lambda: [people.delete_transaction(m) for m in moved])
