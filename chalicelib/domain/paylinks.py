"""The pay links that last: what the steps that write them are called, and the one in the memo of Clio's bill. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import effects
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Neighbour
from chalicelib.domain.payable import Payable

AFTER_MINUTES = 2


def memo_owed(state: Payable, policy: Policy, now: datetime, pace: int = 0) -> list[Effect]:
    """The pay link in the bill's memo, where the firm wishes it; after what the books need."""
    if not policy.firm.invoicing.clio_memo or not state.open:
        return []
    lane, at = policy.lanes.of(Neighbour.CLIO), now + timedelta(minutes=pace + AFTER_MINUTES)
    return [effects.bill_memo(state.firm, lane, state.id, name(state), at, f"Bill {state.number}")]


def name(state: Payable) -> str:
    """What the steps that write its pay links are called, in Clio's memo and alone on its invoice."""
    name = f"{state.id}/{state.revision}"
    return f"{name}/{state.relinked}" if state.relinked else name


def memo_written(state: Payable, before: str, after: str) -> Decision[Payable]:
    """Our own change of the memo gave the bill a new ETag: it says nothing of its lines."""
    return Decision(replace(state, etag=after) if state.etag == before else state)
