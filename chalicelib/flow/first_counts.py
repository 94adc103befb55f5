"""What a first sync would create besides customers and invoices: payments, credit notes, entries of trust money, and
the sub-customers of matters. It only lists and counts.

Records ``plan/<firm>/<generation>/met/<turn>``: ``<payment>/<bill>``, what the bill's row means for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from chalicelib.domain import first_money, matters
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import Fate, Row
from chalicelib.domain.first_money import Met
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.trust import Entry
from chalicelib.flow import states
from chalicelib.flow.first_plan import Plan, What, first, pk_of, write
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import current

LISTED = 100  # of our states in one page
ON_BILLS = 500  # bills that one payment pays


def list_page(world: World, policy: Policy, plan: Plan, part: str) -> None:
    """Lists and counts a page of one kind, and says where the next begins."""
    read = world.store.grouped if part.startswith("moves/") else world.store.listed
    page = read(f"{policy.firm.id}/{part}", limit=LISTED, cursor=plan.cursor or None)
    made = list(_rows(world, policy, plan, [states.decode(h.ref.kind, h.body) for h in page.items]))
    what: What = "payments" if part == "payments" else "credits" if part == "credits" else "trust"
    sums = {"payments": plan.payments, "credits": plan.credits, "trust": plan.entries}[what]
    for row in made:
        if what != "trust" or row.fate is Fate.CREATE:
            sums[0] += 1
            sums[1] += row.cents
    write(world, policy, plan, what, iter(made))
    plan.cursor = page.next or ""
    plan.place += page.next is None


def _rows(world: World, policy: Policy, plan: Plan, found: Sequence[Payment | Credit | Entry]) -> Iterator[Row]:
    """Of what is not in QuickBooks yet."""
    any_met = bool(world.store.records(_met(policy, plan), limit=1))
    for state in found:
        row: Row | None
        match state:
            case Payment():
                row = first_money.payment_row(state, {})
                if row and any_met:
                    row = first_money.payment_row(state, _known(world, policy, plan, state.id))
            case Credit():
                row = first_money.credit_row(state, {})
                if row and any_met:
                    row = first_money.credit_row(state, _known(world, policy, plan, first_money.credit_key(state.id)))
            case Entry():
                row = first_money.entry_row(state, policy.firm)
            case _:
                assert_never(state)
        if row:
            yield row


def meet(world: World, policy: Policy, plan: Plan, row: Row, p: Payable) -> None:
    """Keeps what a bill's row means for the payments and credits on it."""
    for id, what in first_money.met(row, p).items():
        world.store.put_record(_met(policy, plan), f"{id}/{p.id}", {"bill": p.number, "met": what.value})


def _known(world: World, policy: Policy, plan: Plan, id: str) -> dict[str, Met]:
    found = world.store.records(_met(policy, plan), begins=f"{id}/", limit=ON_BILLS)
    return {str(body["bill"]): Met(body["met"]) for _, body in found}


def _met(policy: Policy, plan: Plan) -> str:
    return f"{pk_of(policy)}/met/{plan.turn}"


def new_matter(world: World, policy: Policy, plan: Plan, p: Payable) -> str:
    """The sub-customer that is to be made for the bill's matter, where this is its first bill; else empty."""
    wanted = matters.wanted(p, policy)
    matter = matters.id_of(p.client_id, wanted)
    if not wanted or not first(world, policy, plan, f"matter/{matter}", p.id):
        return ""
    known = current(world, policy, [Ref(p.firm, Kind.MATTER, matter)]).values()
    return "" if any(m.customer for m in known) else p.matters[0]
