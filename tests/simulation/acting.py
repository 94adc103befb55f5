"""What the kinds of people in ``people.py`` have of each other: for which firm somebody acts, and who hears of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.history import History


class Acting:
    """``h`` is the history. What cannot be done just now is not done."""

    h: History

    def firm(self, rng: random.Random) -> FirmFacts:
        raise NotImplementedError

    def _at_desk(self, firm: FirmFacts, what: str, job: Any) -> None:
        raise NotImplementedError

    def _did(self, firm: FirmFacts, *bills: int) -> None:
        raise NotImplementedError
