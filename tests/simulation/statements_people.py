"""What people do with the three-way reconciliation of a month end: enter the bank statement, right or wrong, sign off,
open it again; and staff in Clio who move, change and delete trust money of that month, before and after."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from chalicelib.domain.statement import Outstanding, end_of, months_until
from chalicelib.flow import trust_check, trust_report
from tests.simulation import statements
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {"trust_statement": 3}


class Statements(Acting):
    """The month end of a firm's trust account. ``trust_statement`` begins it; it takes several visits."""

    def trust_statement(self, rng: random.Random) -> None:
        """Last month's money is entered in Clio late; the check is pressed, and hours later somebody reconciles."""
        firm = self.firm(rng)
        clio = self.h.world.clio_box
        account = next(a.id for a in clio.state.of_firm("bank_accounts", firm.clio) if a.type == "Trust")
        month = months_until(clio.firm_today(firm.clio).isoformat()[:7], 2)[1]
        self.h.truth.watch_trust(account)
        for _ in range(rng.randint(1, 3)):
            self._move_within(rng, firm, month)
        self._check_trust(firm)
        self._visit(rng, (0.02, 0.3), "reconciles a month", lambda d: self._reconcile(d, firm, account, month))

    def _visit(self, rng: random.Random, days: tuple[float, float], what: str, do: Any) -> None:
        draw = random.Random(rng.random())
        at = self.h.clock.at + timedelta(days=rng.uniform(*days))
        self.h.later(at, what, lambda: None if self.h.people.resting else do(draw))

    def _check_trust(self, firm: FirmFacts) -> None:
        self._at_desk(firm, "checks trust", lambda: trust_check.start(self.h.world, firm.firm))

    def _move_within(self, rng: random.Random, firm: FirmFacts, month: str) -> None:
        """Of a client or the firm's own, dated in the month."""
        clio = self.h.world.clio_box
        on = end_of(month) - timedelta(days=rng.randint(0, 20))
        client = rng.choice([*(c.id for c in clio.state.of_firm("contacts", firm.clio)), None])
        cents = rng.randint(100, 50_000) * rng.choice((1, 1, 1, -1))
        clio.people.move_trust(client, cents, on=on, description="Retainer", firm=firm.clio)

    def _reconcile(self, rng: random.Random, firm: FirmFacts, account: int, month: str) -> None:
        """The statement is entered and signed off, by one or by two at once, while money may be on the move."""
        self._type_in(rng, firm, account, month)
        if rng.random() < 0.15:  # somebody else has another statement before them
            self._type_in(rng, firm, account, month)
        for by in ("Olivia", "Ben")[: rng.choice((1, 1, 2))]:
            at = self.h.clock.at + timedelta(seconds=rng.uniform(0.3, 6))
            self.h.later(at, "signs off", lambda b=by: self._sign(firm, account, month, b))  # type: ignore[misc]
        if rng.random() < 0.5:  # the poll of a check is under way while they sign
            self._move_within(rng, firm, month)
            self._check_trust(firm)
        self._visit(rng, (0.5, 10), "changes a month", lambda d: self._change(d, firm, account, month))

    def _sign(self, firm: FirmFacts, account: int, month: str, by: str) -> None:
        world, id = self.h.world, firm.firm
        self._at_desk(firm, "signs off", lambda: trust_report.sign(world, id, str(account), month, by))

    def _type_in(self, rng: random.Random, firm: FirmFacts, account: int, month: str) -> None:
        """What the bank shows: all that Clio holds, less what it has not seen yet; now and then mistyped."""
        rows = [r for r in statements.rows(self.h.world.clio_box.state, account) if r.on <= end_of(month)]
        unseen = rng.sample(rows, min(len(rows), rng.choice((0, 0, 1, 2))))
        deposits = [Outstanding(r.on, "Deposit", r.cents) for r in unseen if r.cents > 0]
        checks = [Outstanding(None, "Check 101", -r.cents) for r in unseen if r.cents < 0]
        ending = sum(r.cents for r in rows) - sum(r.cents for r in unseen)
        ending += rng.choice((0, 0, 0, -500, 7))
        note = rng.choice(("", "", "A bank charge, returned on the 3rd."))
        world, id = self.h.world, firm.firm
        adjusted = ending + sum(r.cents for r in unseen)
        self.h.truth.typed.setdefault((id, f"{account}:{month}"), []).append((ending, adjusted, note))
        self._at_desk(
            firm,
            "enters a statement",
            lambda: trust_report.enter(
                world, id, str(account), month, "staff", ending=ending, deposits=deposits, checks=checks, note=note
            ),
        )

    def _change(self, rng: random.Random, firm: FirmFacts, account: int, month: str) -> None:
        """Money of that month is entered, changed or deleted after the sign-off; or somebody types over it. Half of
        them open it again once the check has shown it."""
        what = rng.choice(("enter", "amount", "date", "delete", "delete", "type"))
        people = self.h.world.clio_box.people
        lines = self.h.world.clio_box.state.of_firm("bank_transactions", firm.clio)
        moves = [m for m in lines if m.description == "Retainer" and m.date <= end_of(month)]
        if what == "type":
            self._type_in(rng, firm, account, month)
        elif what == "enter" or not moves:
            self._move_within(rng, firm, month)
        elif what == "amount":
            people.edit_transaction(rng.choice(moves).id, amount=rng.randint(100, 50_000))
        elif what == "date":
            people.edit_transaction(rng.choice(moves).id, on=end_of(month) + timedelta(days=rng.randint(1, 5)))
        else:
            people.delete_transaction(rng.choice(moves).id)
        self._check_trust(firm)
        if rng.random() < 0.5:
            self._visit(rng, (0.05, 4), "opens a month again", lambda d: self._again(d, firm, account, month))

    def _again(self, rng: random.Random, firm: FirmFacts, account: int, month: str) -> None:
        world, id = self.h.world, firm.firm
        self._at_desk(firm, "opens again", lambda: trust_report.reopen(world, id, str(account), month, "Olivia"))
        self._visit(rng, (0.002, 0.1), "reconciles again", lambda d: self._reconcile(d, firm, account, month))
