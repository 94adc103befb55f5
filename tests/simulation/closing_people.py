"""The bookkeeper closes the books in QuickBooks, and what is dated before then changes all the same: somebody leaves
what is refused as it is there, or opens the period and retries (decision 0024)."""

from __future__ import annotations

import random
from datetime import timedelta

from chalicelib.errors import Refused
from chalicelib.flow import attention
from tests.simulation.acting import Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {"close_books": 2}
STAY = "stay"
MEANWHILE = (
    "edit_bill",
    "new_bill",
    "void_bill",
    "cheque",
    "remove_payment",
    "replace_payment",
    "credit",
    "remove_credit",
    "move_trust",
    "edit_trust",
    "delete_trust",
)


class Closing(Acting):
    """Closed periods."""

    def close_books(self, rng: random.Random) -> None:
        """Through some day, mostly through one that is still to come; opened again later, or left closed."""
        firm = self.firm(rng)
        day = self.h.clock.at.date() + timedelta(days=rng.choice((-20, 3, 10)))
        self.h.world.quickbooks_box.people.set_preferences(firm.realm, BookCloseDate=day.isoformat())
        at = self.h.clock.at
        for _ in range(rng.randint(2, 5)):
            at += timedelta(days=rng.choice((0.001, 0.1, 0.6)))
            name, draw = rng.choice(MEANWHILE), random.Random(rng.random())
            self.h.later(at, f"in a closed period: {name}", lambda n=name, d=draw: self.act(n, d))  # type: ignore[misc]
        for days in (rng.choice((0.5, 1)), 2):
            draw = random.Random(rng.random())
            self.h.later(at + timedelta(days=days), "speaks of it", lambda d=draw: self._speaks_of_closed(firm, d))  # type: ignore[misc]
        if rng.random() < 0.7:
            self.h.later(at + timedelta(days=3), "opens the period", lambda: self._open_period(firm))
            draw = random.Random(rng.random())
            self.h.later(at + timedelta(days=3.1), "changes again", lambda: self._change_left(firm, draw))

    def _change_left(self, firm: FirmFacts, rng: random.Random) -> None:
        """What was left changes again: it is written then."""
        about = [what.removeprefix("payable/") for f, what in sorted(self.h.truth.stayed) if f == firm.firm]
        for id in [a for a in about if a.isdigit()]:
            self.h.people.refusable(lambda id=id: self.h.people.change_bill(firm, int(id), rng))  # type: ignore[misc]
        self.act(rng.choice(MEANWHILE), rng)

    def _open_period(self, firm: FirmFacts) -> None:
        self.h.world.quickbooks_box.people.set_preferences(firm.realm, BookCloseDate="")
        if not self.h.people.resting:
            self.h.people.retry_all(firm)

    def _speaks_of_closed(self, firm: FirmFacts, rng: random.Random) -> None:
        if not self.h.people.resting:
            self._at_desk(firm, "leaves or retries", lambda: self._leave_refused(firm, rng))

    def _leave_refused(self, firm: FirmFacts, rng: random.Random) -> None:
        """Of what may be left, most is; what the simulator knows of it is noted before it is said."""
        for step in self.h.world.store.parked(firm.firm, limit=50).items:
            if STAY not in [c[0] for c in step.body.get("choices") or ()] or rng.random() < 0.3:
                continue
            about = (firm.firm, step.about)
            new = about not in self.h.truth.stayed
            self.h.truth.stayed.add(about)
            self.h.truth.pressed += 1
            try:
                attention.retry(self.h.world, firm.firm, step.key, "staff", STAY)
            except Refused as no:
                self.h.tell(f"  {no}")
                self.h.truth.stayed -= {about} if new else set()
