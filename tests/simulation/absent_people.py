"""What is away for a while and comes back: a Stripe account for over a month, an account or item in QuickBooks that was
made inactive; and pay links that staff make useless, in whose place others come."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import connecting, drawing, resync, setup
from infra.sandbox.clio import books as clio_books
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts
from tests.simulation.quick import events_as_in_truth

ACTS: dict[str, int] = {
    "silent_account": 1,
    "useless_links": 1,
    "inactive_there": 1,
}
OPERATING = "stripe-operating"
SILENT = (31.0, 34.0, 38.0)  # days
READ = timedelta(minutes=5)  # a preflight that began before something was made inactive


class Absent(Acting):
    """Each begins something that ends by itself days later."""

    # --- a Stripe account ---------------------------------------------------------------------------------------------
    def silent_account(self, rng: random.Random) -> None:
        """It is disconnected for longer than Stripe keeps events, which for this history are kept as long as in truth.
        Money goes back meanwhile. Where none was taken yet a client pays first."""
        firm, draw = self.firm(rng), random.Random(rng.random())
        if self.h.clock.at > self.h.began + timedelta(days=self.h.days - min(SILENT)):
            return
        if self._money(rng, firm) is None:
            self.h.people.client_pays(rng)
        self._soon(rng, (0.5, 1.5), "the account falls silent", lambda: self._be_silent(firm, draw))

    def _be_silent(self, firm: FirmFacts, rng: random.Random) -> None:
        if not self._operating(firm) or (firm.firm, OPERATING) in self.h.truth.revoked:
            return
        events_as_in_truth(self.h.world)
        self.h.truth.revoked.add((firm.firm, OPERATING))
        self.h.truth.absent.add((firm.firm, OPERATING))
        if rng.random() < 0.5:
            self.h.world.stripe_box.people.disconnect(firm.operating)
        else:
            job = lambda: connecting.disconnect(self.h.world, firm.firm, OPERATING, "staff")  # noqa: E731
            self._at_desk(firm, "disconnect", job)
        draw = random.Random(rng.random())
        self._soon(rng, (0.01, 0.5, 0.9), "money goes back meanwhile", lambda: self._goes_back(firm, draw))
        self._soon(rng, SILENT, "the account is connected again", lambda: self._speaks(firm))

    def _operating(self, firm: FirmFacts) -> list[Any]:
        held = self.h.world.stripe_box.state.accounts[firm.operating].held["charge"].values()
        return [c for c in held if c["status"] == "succeeded" and c["amount"] > c["amount_refunded"]]

    def _goes_back(self, firm: FirmFacts, rng: random.Random) -> None:
        charges = self._operating(firm)
        for charge in rng.sample(charges, min(len(charges), 2)):
            self.h.people.refusable(partial(self._give_back, charge, rng))

    def _give_back(self, charge: Any, rng: random.Random) -> None:
        people, won = self.h.world.stripe_box.people, rng.random() < 0.5
        left = charge["amount"] - charge["amount_refunded"]
        if rng.random() < 0.7 or charge["payment_method_details"]["type"] != "card":
            people.refund(charge["id"], rng.choice((left, rng.randint(1, left))))
            return
        made = people.open_dispute(charge["id"])
        close = lambda: self.h.people._closed(people, made["id"], won)  # noqa: E731
        self._soon(rng, (3, 12), f"dispute closed, won={won}", close)

    def _speaks(self, firm: FirmFacts) -> None:
        self.h.truth.absent.discard((firm.firm, OPERATING))
        self.h.people.reconnect_all(firm)

    # --- an account or item in QuickBooks -----------------------------------------------------------------------------
    def inactive_there(self, rng: random.Random) -> None:
        """Trust money's account or the credits' item is made inactive, and somebody looks at the preflight; what needs
        it comes meanwhile. It is active again hours or days later."""
        firm, world = self.firm(rng), self.h.world
        state = self.h.checkers.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]
        banks = [("Account", b["book"], Do.JOURNAL) for b in state["trust"]["banks"]]
        credit = ("Item", state["accounts"]["credit"] or state["accounts"]["services"], Do.CREDIT)
        found = [x for x in (*banks, ("Account", state["trust"]["liability"], Do.JOURNAL), credit) if x[1]]
        if not found or state["trust"]["generation"] != state["generation"]:
            return
        entity, id, kind = rng.choice(found)
        world.quickbooks_box.people.change_name(firm.realm, entity, id, Active=False)
        since, draw, books = self.h.clock.at, random.Random(rng.random()), (firm.realm, state["generation"])
        self._soon(rng, (0.01,), "the preflight is looked at", lambda: self.h.people.look_at_settings(firm))
        self._soon(rng, (0.02, 0.3), "what needs it comes", lambda: self._needs_it(firm, kind, draw))
        back = lambda: self._active_again(firm, books, (entity, id), kind, since)  # noqa: E731
        at = self.h.clock.at + timedelta(days=rng.choice((0.4, 0.7, 1)))
        self.h.later(at, f"{entity} {id} is active again", back)

    def _needs_it(self, firm: FirmFacts, kind: str, rng: random.Random) -> None:
        if kind == Do.CREDIT:
            self.h.people.credit(rng)
            return
        client = rng.choice(self.h.world.clio_box.state.of_firm("contacts", firm.clio))
        self.h.world.clio_box.people.move_trust(client.id, rng.randint(100, 50_000), description="Retainer")
        self.h.spawn("polls", lambda: resync.begin_polls(self.h.world, firm.firm), firm.firm)

    def _active_again(
        self, firm: FirmFacts, books: tuple[str, int], what: tuple[str, str], kind: str, since: datetime
    ) -> None:
        """A preflight that was read meanwhile names it, and what waits for it."""
        (realm, generation), (entity, id) = books, what
        now = self.h.checkers.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"]
        row = self.h.world.quickbooks_box.company(realm).tables[entity].get(id)
        if row is None or row["Active"] or (firm.realm, now) != (realm, generation):  # emptied, or left
            return
        read = self.h.world.store._records.get("preflight", {}).get(firm.firm)
        report: Any = json.loads(read.body) if read else {"at": since.isoformat()}
        blocked = {k for f in report.get("findings", ()) if f["weight"] == "blocks" for k in f["kinds"]}
        if datetime.fromisoformat(report["at"]) > since + READ and kind not in blocked:
            self.h.checkers.say(
                "10", f"{firm.firm}: {entity} {id} is inactive since {since}, and {kind} waits for nothing"
            )
        self.h.world.quickbooks_box.people.change_name(realm, entity, id, Active=True)
        self.h.people.look_at_settings(firm)

    # --- pay links ----------------------------------------------------------------------------------------------------
    def useless_links(self, rng: random.Random) -> None:
        """Staff make the pay links of an invoice useless, some also wish them in Clio's memo."""
        firm = self.firm(rng)
        bodies = self.h.checkers.bodies.items()
        found = [r.id for r, b in bodies if (r.firm, r.kind) == (firm.firm, Kind.PAYABLE) and b["booked"]]
        memos = rng.random() < 0.3
        if rng.random() < 0.4:
            self._useless_while_paid(firm, rng, memos=memos)
            return
        for id in rng.sample(found, min(len(found), rng.choice((1, 1, 2)))):
            self._useless_at_desk(firm, id, memos=memos)

    def _useless_while_paid(self, firm: FirmFacts, rng: random.Random, *, memos: bool) -> None:
        """... while a cheque pays all of it, which is taken out again in Clio days later."""
        people, clio = self.h.people, self.h.world.clio_box.people
        bill = people._pick(rng, firm, "awaiting_payment", kind="revenue_kind")
        if bill is None:
            return
        made = people.refusable(lambda: clio.record_payment({bill.id: clio_books.balance(bill)}))
        if made is None:
            return
        self._did(firm, bill.id)

        def taken_out() -> None:
            people.refusable(lambda: clio.remove_payment(made))
            self._did(firm, bill.id)

        useless = lambda: self._useless_at_desk(firm, str(bill.id), memos=memos)  # noqa: E731
        self._soon(rng, (0.0001, 1, 2), "pay links of what is paid", useless)
        self._soon(rng, (3, 5), "takes the cheque out again", taken_out)

    def _useless_at_desk(self, firm: FirmFacts, payable: str, *, memos: bool) -> None:
        self.h.truth.useless.add((firm.firm, payable))
        self._at_desk(firm, "makes pay links useless", lambda: self._make_useless(firm, payable, memos=memos))

    def _make_useless(self, firm: FirmFacts, payable: str, *, memos: bool) -> None:
        """As the page does it. Somebody whose page broke off presses again, and nobody knows whether they did."""
        world = self.h.world
        if memos:
            how = setup.setup(world, firm.firm).firm.invoicing
            drawing.save(world, firm.firm, replace(how, clio_memo=True), {}, "staff")
        drawing.without_links(world, firm.firm, payable, "staff")
        self.h.truth.useless.discard((firm.firm, payable))
