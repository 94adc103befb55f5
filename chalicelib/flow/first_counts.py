"""What a first sync would create besides customers and invoices: payments, credit notes and entries of trust money.
It only lists and counts.

Records ``plan/<firm>/<generation>/met/<turn>``: ``<payment>/<bill>``, what the bill's row means for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from chalicelib.domain import first_money
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import Fate, Row
from chalicelib.domain.first_money import Met
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.trust import Entry
from chalicelib.flow import states
from chalicelib.flow.first_plan import Plan, What, pk_of, waiting, write
from chalicelib.flow.ports import World

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
    late = waiting(world, policy, plan, [x.move.client_id if isinstance(x, Entry) else x.client_id for x in found])
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
                row = first_money.of_client(row, waits=state.client_id in late)
            case Entry():
                row = first_money.entry_row(state, policy.firm)
                row = first_money.of_client(row, waits=state.move.client_id in late)
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
