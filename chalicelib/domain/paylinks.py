"""The pay links that last: what the steps that write them are called, and the one in the memo of Clio's bill. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import effects
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Neighbour
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import Pot

AFTER_MINUTES = 2
RELINKED = "relinked"  # in a step's body: nothing but a new pay link is owed, for the nth time


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


def relinked(state: Payable, policy: Policy, now: datetime) -> Decision[Payable]:
    """The pay links of an open bill or trust request were made useless: the one that the client reads on its invoice
    gives way to a new one, alone, and where the firm wishes it, the one in Clio's memo."""
    if not state.open:
        return put_off(state, policy, now)
    new, owed = _anew(state, policy, now)
    kinds = (effects.Do.BILL_MEMO, effects.Do.INVOICE) if state.relinked else (effects.Do.BILL_MEMO,)
    closes = tuple(effects.key_of(state.firm, do, name(state)) for do in kinds)
    return Decision(new, effects=tuple(owed), closes=closes)


def put_off(state: Payable, policy: Policy, now: datetime, *, refused: bool = False) -> Decision[Payable]:
    """Nothing is open, so there is nothing to write a link for: it follows once something is, which may be now.
    ``refused``: Clio's bill cannot be written to as it is; not before it is read again."""
    new = replace(state, link_put_off=True)
    if refused:
        return Decision(new)
    new, owed = reopened(new, policy, now)
    return Decision(new, effects=tuple(owed))


def reopened(state: Payable, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    """The links that were put off, where something is open again: money went back, or Clio took a payment out."""
    return _anew(state, policy, now) if state.link_put_off and state.open else (state, [])


def _anew(state: Payable, policy: Policy, now: datetime) -> tuple[Payable, list[Effect]]:
    new = replace(state, relinked=state.relinked + 1, link_put_off=False)
    owed = memo_owed(new, policy, now)
    if new.pot is Pot.OPERATING:
        lane, title = policy.lanes.of(Neighbour.QUICKBOOKS), f"Bill {state.number}, {state.client_name}"
        whole = effects.invoice(state.firm, lane, state.id, state.client_id, state.revision, state.number, now, title)
        key = effects.key_of(new.firm, effects.Do.INVOICE, name(new))
        owed.append(replace(whole, key=key, body={**whole.body, RELINKED: new.relinked}))
    return new, owed


def memo_written(state: Payable, before: str, after: str) -> Decision[Payable]:
    """Our own change of the memo gave the bill a new ETag: it says nothing of its lines."""
    return Decision(replace(state, etag=after) if state.etag == before else state)
