"""What people do with the daily digest, and with invoices whose payments stand on both sides before we meet them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.digest import Which
from chalicelib.domain.pairing import Answer
from chalicelib.errors import Refused
from chalicelib.flow import digesting, pairing, pairing_views
from chalicelib.flow.pairing_views import Beside
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {
    "digest_on": 2,
    "bill_in_both_books": 2,
    "pair_payments": 2,
}


class Parts(Acting):
    """The daily digest, and payments on linked invoices."""

    # --- the daily digest -------------------------------------------------------------------------------------------
    def digest_on(self, rng: random.Random) -> None:
        """Somebody wants it for some days. Another one may give another address meanwhile, or switch it off and on."""
        firm = self.firm(rng)
        self._digest(firm, rng, on=True)
        for _ in range(rng.choice((0, 1, 1, 2))):
            at = self.h.clock.at + timedelta(days=rng.uniform(0.05, 8))
            draw = random.Random(rng.random())
            self.h.later(at, "the digest again", lambda d=draw: self._digest(firm, d, on=d.random() < 0.8))  # type: ignore[misc]
        if rng.random() < 0.6:
            at = self.h.clock.at + timedelta(days=rng.uniform(2, 20))
            self.h.later(at, "enough of digests", lambda: self._digest(firm, rng, on=False))

    def _digest(self, firm: FirmFacts, rng: random.Random, *, on: bool) -> None:
        if self.h.people.resting:
            return
        world, to = self.h.world, f"{rng.choice(('office', 'books', 'owner'))}@{firm.owner.partition('@')[2]}"
        which = Which.BROKEN if rng.random() < 0.2 else Which.ALL
        self.h.truth.readers.add((firm.firm, to))
        self._at_desk(firm, "digest", lambda: digesting.choose(world, firm.firm, on=on, to=to, which=which, by="staff"))

    # --- payments on both sides -------------------------------------------------------------------------------------
    def bill_in_both_books(self, rng: random.Random) -> None:
        """The bookkeeper entered a bill and its payments in QuickBooks by hand, staff theirs in Clio; then we meet it.
        Somebody looks at the page soon, or nobody does."""
        self._in_both_books(self.firm(rng), rng)

    def _in_both_books(self, firm: FirmFacts, rng: random.Random) -> int:
        """The bill's id; 0 where no client has a customer."""
        linked = self._linked(rng, firm)
        if linked is None:
            return 0
        world, cents = self.h.world, rng.randint(20_000, 90_000)
        today = world.clio_box.firm_today(firm.clio)
        issued, due = today - timedelta(days=12), today + timedelta(days=rng.randint(-3, 9))
        number = f"{firm.name[0]}H{rng.randint(100, 999)}{len(world.clio_box.state.rows['bills'])}"
        there = world.quickbooks_box.people.add_invoice(
            firm.realm, linked[1], Decimal(cents) / 100, number, issued.isoformat(), due.isoformat()
        )
        lines = [{"note": "Entered on both sides", "price": cents}]
        bill = world.clio_box.people.add_bill(firm.clio, int(linked[0]), number, lines, issued_at=issued, due_at=due)
        self._pay_on_both_sides(rng, firm, there, bill, cents)
        self._did(firm, bill)
        for _ in range(rng.choice((0, 1, 2))):
            at = self.h.clock.at + timedelta(days=rng.choice((0.02, 0.5, 3)))
            draw = random.Random(rng.random())
            self.h.later(at, "looks at payments", lambda d=draw: self.pair_payments(d))  # type: ignore[misc]
        return bill

    def _pay_on_both_sides(self, rng: random.Random, firm: FirmFacts, invoice: Any, bill: int, cents: int) -> None:
        """Most payments stand on both sides, some on one only, of an amount that no other has."""
        truth, part = self.h.truth, cents // 5
        kinds = rng.choices(("both", "there", "here"), (6, 2, 2), k=rng.choice((1, 2, 2, 3)))
        here: set[tuple[int, date]] = set()
        there: dict[str, tuple[int, date]] = {}
        same = rng.random() < 0.4
        for n, kind in enumerate(kinds):
            money = part if same and kind == "both" else part - 101 * n - 7
            on = self.h.world.clio_box.firm_today(firm.clio) - timedelta(days=rng.randint(3, 9) if n else 4)
            later = on + timedelta(days=rng.choice((0, 0, 1, 3)))
            cheque = str(rng.randint(2_100, 9_999)) if rng.random() < 0.5 else ""
            paid = self._enter(firm, invoice, money, on, cheque) if kind != "here" else ""
            if paid:
                there[paid] = money, on
            if kind != "there":
                here.add((money, later))
                made = self.h.world.clio_box.people.record_payment({bill: money}, on=later, reference=cheque)
                if paid:
                    truth.twins[firm.realm, paid] = made, bill
        open_ = {id for id, what in there.items() if what not in here}
        truth.hands[bill] = (invoice["Id"], frozenset(open_))

    def _enter(self, firm: FirmFacts, invoice: Any, cents: int, on: date, cheque: str) -> str:
        people, customer = self.h.world.quickbooks_box.people, invoice["CustomerRef"]["value"]
        made = people.add_payment(firm.realm, customer, Decimal(cents) / 100, invoice["Id"], on.isoformat())
        if cheque:
            people.change_payment(firm.realm, made["Id"], PaymentRefNum=cheque)
        return str(made["Id"])

    def pair_payments(self, rng: random.Random) -> None:
        """Staff at the page of payments say the truth about each, or confirm those that are certain."""
        for firm in () if self.h.people.resting else self.h.acting:
            self._at_desk(firm, "looks at payments", lambda f=firm: self._pair(f, rng))

    def _pair(self, firm: FirmFacts, rng: random.Random) -> None:
        world = self.h.world
        waiting = pairing_views.waiting(world, firm.firm)
        if waiting.certain and rng.random() < 0.4:
            self.h.truth.spoken |= {(firm.realm, b.invoice) for b in waiting.items if b.certain}
            pairing.confirm_certain(world, firm.firm, "staff")
            return
        for b in waiting.items:
            if rng.random() < 0.2:
                pairing.read(world, firm.firm, b.payable)
            said = self._truly_said(firm, b)
            if said is None:
                continue
            self.h.truth.spoken.add((firm.realm, b.invoice))
            try:
                pairing.answer(world, firm.firm, b.payable, said, "staff")
            except Refused as no:
                self.h.tell(f"  {no}")

    def _truly_said(self, firm: FirmFacts, b: Beside) -> Answer | None:
        """None while the page does not show yet what somebody knows to be there."""
        clio, twins = self.h.world.clio_box.state.rows["payments"], self.h.truth.twins
        here = {o.payment.id for o in b.ours}
        pairs = []
        for t in [x.payment for x in b.theirs]:
            twin, _ = twins.get((firm.realm, t.id), (0, 0))
            if twin and clio[twin].voided_at is None:
                if f"clio-{twin}" not in here:
                    return None
                pairs.append((t.id, f"clio-{twin}"))
        said = dict(pairs)
        left = tuple(t.payment.id for t in b.theirs if t.payment.id not in said)
        return Answer(b.invoice, tuple(pairs), left, tuple(sorted(here - set(said.values()))))
