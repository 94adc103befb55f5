"""What people do with the daily digest: the firm's members at our desk."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.digest import Which
from chalicelib.flow import digesting
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.history import History

ACTS: dict[str, int] = {
    "digest_on": 2,
}


class Parts:
    """``h`` is the history. What cannot be done just now is not done."""

    h: History

    def firm(self, rng: random.Random) -> FirmFacts:
        raise NotImplementedError

    def _at_desk(self, firm: FirmFacts, what: str, job: Any) -> None:
        raise NotImplementedError

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
