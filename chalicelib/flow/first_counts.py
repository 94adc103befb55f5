"""What a first sync would create besides customers and invoices: payments, credit notes, entries of trust money, and
the sub-customers of matters. It only counts."""

from __future__ import annotations

from typing import assert_never

from chalicelib.domain import matters
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import Pot
from chalicelib.domain.trust import Entry
from chalicelib.flow import states
from chalicelib.flow.first_plan import Plan, first
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import current

LISTED = 100  # of our states in one page


def count_page(world: World, policy: Policy, plan: Plan, part: str) -> None:
    """Counts a page of one list, and says where the next begins."""
    read = world.store.grouped if part.startswith("moves/") else world.store.listed
    page = read(f"{policy.firm.id}/{part}", limit=LISTED, cursor=plan.cursor or None)
    for h in page.items:
        _count(plan, states.decode(h.ref.kind, h.body))
    plan.cursor = page.next or ""
    plan.place += page.next is None


def _count(plan: Plan, state: Payment | Credit | Entry) -> None:
    """What is posted besides invoices, where it is not in QuickBooks yet."""
    match state:
        case Payment():
            owed = state.money and state.pot is Pot.OPERATING and state.wanted and state.posted is None
            sums, cents = plan.payments, state.total
        case Credit():
            owed, sums, cents = not state.gone and state.memo is None, plan.credits, state.cents
        case Entry():
            owed, sums, cents = state.stands and not state.written, plan.entries, abs(state.move.cents)
        case _:
            assert_never(state)
    if owed:
        sums[0] += 1
        sums[1] += cents


def new_matter(world: World, policy: Policy, plan: Plan, p: Payable) -> bool:
    """Whether a sub-customer is to be made for the bill's matter, and this is its first bill."""
    matter = matters.id_of(p.client_id, matters.wanted(p, policy))
    if not matters.wanted(p, policy) or not first(world, policy, plan, f"matter/{matter}", p.id):
        return False
    known = current(world, policy, [Ref(p.firm, Kind.MATTER, matter)]).values()
    return not any(m.customer for m in known)
