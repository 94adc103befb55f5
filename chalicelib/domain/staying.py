"""What it means for each state that a person leaves it as it is in QuickBooks, where a step was refused there: nothing
is written of this revision, nothing waits for it, and a later one is owed anew. Pure.

What stands there of a payment that was removed in Clio is ours no longer: ``pairing.let_be``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.domain import comparing, effects
from chalicelib.domain.crediting import Credit
from chalicelib.domain.kernel import Decision, Effect
from chalicelib.domain.left import Left
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.trust import Entry

S = TypeVar("S", Payment, Credit)


def kept(state: Payable, left: Left | None = None) -> Decision[Payable]:
    """The bill is gone, and a person decided that its invoice stays in QuickBooks as it is; ``left``: because it was
    refused there."""
    if state.booked is None:
        return Decision(state)
    return Decision(replace(state, booked=replace(state.booked, revision=state.revision, kept=True), left=left))


def invoice(state: Payable, left: Left) -> Decision[Payable]:
    """Its invoice stays as it is, or the bill stays without one: what is received on it is the client's credit then."""
    if left.revision != state.revision:
        return Decision(state)
    if state.gone:
        return kept(state, left)
    booked = replace(state.booked, revision=state.revision) if state.booked else None
    return Decision(replace(state, booked=booked, left=left))


def payment(state: Payment, left: Left, on: Sequence[str] = ()) -> Decision[Payment]:
    """It stays out of QuickBooks, or as it was there before it changed in Clio. ``on``: the bills that were told what
    of it stays on their invoices."""
    return Decision(replace(state, left=left, left_on=tuple(on)) if left.revision == state.wanted else state)


def credit(state: Credit, left: Left, on: Sequence[str] = ()) -> Decision[Credit]:
    """``on``: as of a payment."""
    return Decision(replace(state, left_behind=left, left_on=tuple(on)) if left.revision == state.wanted else state)


def spread(state: S, revision: int, on: Sequence[str]) -> Decision[S]:
    """These bills are about to be told what of it stays on their invoices, more than one commit takes."""
    return Decision(replace(state, left_on=tuple(on)) if revision == state.wanted else state)


def again(state: S) -> Decision[S]:
    """It changed in Clio since it was left, and is worked on again."""
    word: dict[str, Any] = {"left_behind" if isinstance(state, Credit) else "left": None}
    return Decision(state if state.stays else replace(state, left_on=(), **word))


def entry(state: Entry, left: Left) -> Decision[Entry]:
    return Decision(replace(state, left=left) if left.revision == state.revision else state)


def taken_up(state: Payable, ids: Sequence[str]) -> Decision[Payable]:
    """The payment or credit with these ids there is worked on again: what of it was left on the invoice is ours as any
    other."""
    if state.booked is None:
        return Decision(state)
    rest = tuple(x for x in state.booked.left if x[0] not in ids)
    return Decision(replace(state, booked=replace(state.booked, left=rest)))


def reposts(state: Payable, now: datetime) -> Sequence[Effect]:
    """Its invoice is another one now, or there at last: what was entered before is applied to it."""
    posted = [f"payment/{id}" for id in sorted(comparing.touching(state))]
    posted += [f"credit/{id}" for id in sorted(comparing.crediting_ids(state))]
    return [effects.repost(state.firm, what, state.id, state.revision, now) for what in posted]
