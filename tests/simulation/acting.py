"""What the kinds of people in ``people.py`` have of each other: for which firm somebody acts, who hears of it, and what
one kind does that another takes part in. Whoever does it says so in a class of their own, which stands before this one.
"""

from __future__ import annotations

import random
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.history import History

AT_ONCE, HOUR = 0.0001, 0.04  # days


class Acting:
    """``h`` is the history. What cannot be done just now is not done."""

    h: History

    def firm(self, rng: random.Random) -> FirmFacts:
        return rng.choice(self.h.acting)

    def act(self, name: str, rng: random.Random) -> None:
        raise NotImplementedError

    def _at_desk(self, firm: FirmFacts, what: str, job: Any) -> None:
        raise NotImplementedError

    def _did(self, firm: FirmFacts, *bills: int) -> None:
        raise NotImplementedError

    def _soon(self, rng: random.Random, days: tuple[float, ...], what: str, job: Any) -> None:
        raise NotImplementedError

    # --- in Clio ----------------------------------------------------------------------------------------------------
    def _bill_of(self, firm: FirmFacts, client: int, rng: random.Random) -> None:
        raise NotImplementedError

    def _bills_by_matter(self, firm: FirmFacts, rng: random.Random) -> None:
        raise NotImplementedError

    def _correct(self, firm: FirmFacts, memo: int, rng: random.Random) -> None:
        raise NotImplementedError

    def _unrecorded(self, firm: FirmFacts) -> list[tuple[Any, Any, int]]:
        raise NotImplementedError

    # --- in QuickBooks, and at Stripe -------------------------------------------------------------------------------
    def _linked(self, rng: random.Random, firm: FirmFacts) -> tuple[str, str] | None:
        raise NotImplementedError

    def _change_customer(self, rng: random.Random, firm: FirmFacts, customer: str) -> None:
        raise NotImplementedError

    def _subs(self, firm: FirmFacts) -> list[dict[str, Any]]:
        raise NotImplementedError

    def _written(self, firm: FirmFacts) -> list[dict[str, Any]]:
        raise NotImplementedError

    def _open_there(self, firm: FirmFacts) -> list[tuple[Any, Any]]:
        raise NotImplementedError

    def _enter(self, firm: FirmFacts, invoice: Any, cents: int, on: date, cheque: str) -> str:
        raise NotImplementedError

    def _in_both_books(self, firm: FirmFacts, rng: random.Random) -> int:
        raise NotImplementedError

    def _touch(self, firm: FirmFacts, entity: str, id: str) -> None:
        raise NotImplementedError

    def _money(self, rng: random.Random, firm: FirmFacts, *, bank: bool | None = None) -> Any | None:
        raise NotImplementedError

    # --- at our own pages -------------------------------------------------------------------------------------------
    def _wish(self, firm: FirmFacts, on: bool) -> None:
        raise NotImplementedError

    def _consent(self, firm: FirmFacts, id: str, realm: str = "") -> None:
        raise NotImplementedError

    def _purge_links(self, firm: FirmFacts, rng: random.Random, *, empties: bool) -> None:
        raise NotImplementedError

    def begin_anew(self, firm: FirmFacts) -> None:
        raise NotImplementedError

    def _answer_broken(self, firm: FirmFacts, rng: random.Random) -> None:
        raise NotImplementedError

    def _answered_soon(self, firm: FirmFacts, rng: random.Random) -> None:
        raise NotImplementedError
