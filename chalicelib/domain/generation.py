"""Generations of links to QuickBooks: what belongs to an earlier one counts no more, without rewriting every state.

Each state that is linked to something in QuickBooks has a ``generation``; the firm has the present one. A state of an
earlier generation is renewed where it is met, before its link is used: its link is gone, its revision is higher (so
that effect keys differ from all earlier ones), and what should stand is owed anew in the lane of the present
generation. docs/decisions/0016-generations.md says why.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_never

from chalicelib.domain import billing, crediting, holding, linking, matters, paying, trust
from chalicelib.domain.contact import Contact
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.holding import Holder
from chalicelib.domain.kernel import Decision
from chalicelib.domain.matters import Matter
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.trust import Entry

Linked = Contact | Payable | Payment | Credit | Entry | Holder | Matter


def is_stale(state: Linked, policy: Policy) -> bool:
    """Whether its link belongs to an earlier generation."""
    return state.generation < policy.firm.generation


def renewed(state: Linked, policy: Policy, now: datetime) -> Decision[Any]:
    """The state in the present generation; one that is there already stays as it is."""
    if not is_stale(state, policy):
        return Decision(state)
    match state:
        case Contact():
            return linking.afresh(state, policy, now)
        case Payable():
            return billing.afresh(state, policy, now)
        case Payment():
            return paying.afresh(state, policy, now)
        case Entry():
            return trust.afresh(state, policy, now)
        case Matter():
            return matters.afresh(state, policy)
        case Holder():
            return holding.without_account(state, policy)
        case Credit():
            return crediting.afresh(state, policy, now)
        case _:
            assert_never(state)
