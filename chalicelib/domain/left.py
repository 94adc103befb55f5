"""What a person leaves as it is in QuickBooks, where a step was refused there: of one revision alone. Pure.

The difference is named with their word (``comparing``); the next change in Clio is owed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chalicelib.domain.dates import day

STAY = "stay"  # the choice to leave QuickBooks as it is
UNTIL_CHANGED = "Nothing is needed: the next change in Clio is written anew."


@dataclass(frozen=True, slots=True)
class Left:
    """``revision``: the one that is not written; ``by``: who said so; ``on``: the firm's day; ``why``: what kept
    QuickBooks from writing it, in a few words."""

    revision: int
    by: str
    on: date
    why: str

    def of(self, what: str, currency: str) -> str:
        """The cause of the difference. ``what``: what is there instead, a sentence; ``currency``: as of ``day``."""
        return f"Left by {self.by} on {day(self.on, currency)}: {self.why}. {what}"


def stays(left: Left | None, revision: int) -> bool:
    """Whether a person left this revision."""
    return left is not None and left.revision == revision
