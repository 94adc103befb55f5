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
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.trust import Entry
from chalicelib.domain.trust_readings import JournalReading
from chalicelib.flow import first_numbers, states
from chalicelib.flow.first_plan import Plan, What, pk_of, waiting, write
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

LISTED = 100  # of our states in one page
ON_BILLS = 500  # bills that one payment pays


def list_page(world: World, reach: Reach, policy: Policy, plan: Plan, part: str) -> None:
    """Lists and counts a page of one kind, and says where the next begins. QuickBooks is asked by number, and by where
    it stood in an earlier generation of links, as in the run."""
    read = world.store.grouped if part.startswith("moves/") else world.store.listed
    page = read(f"{policy.firm.id}/{part}", limit=LISTED, cursor=plan.cursor or None)
    made = list(_rows(world, reach, policy, plan, [states.decode(h.ref.kind, h.body) for h in page.items]))
    what: What = "payments" if part == "payments" else "credits" if part == "credits" else "trust"
    sums = {"payments": plan.payments, "credits": plan.credits, "trust": plan.entries}[what]
    for row in made:
        if what != "trust" or row.fate is Fate.CREATE:
            sums[0] += 1
            sums[1] += row.cents
    write(world, policy, plan, what, iter(made))
    plan.cursor = page.next or ""
    plan.place += page.next is None


def _rows(
    world: World, reach: Reach, policy: Policy, plan: Plan, found: Sequence[Payment | Credit | Entry]
) -> Iterator[Row]:
    """Of what is not linked in QuickBooks yet."""
    credits = [x for x in found if isinstance(x, Credit) and not x.gone and x.memo is None]
    entries = [x for x in found if isinstance(x, Entry) and x.stands and not x.written]
    memos, journals = _memos(reach, credits), _journals(reach, entries)
    used = first_numbers.used_for(world, reach, policy, plan, credits)
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
                row = row and first_money.credit_there(row, state, memos, used.get(state.number, ""))
            case Entry():
                row = first_money.entry_row(state, policy.firm)
                row = first_money.of_client(row, waits=state.move.client_id in late)
                row = row and first_money.entry_there(row, state, journals)
            case _:
                assert_never(state)
        if row := first_money.in_time(row, plan.closed, policy.firm.currency):
            yield row


def _memos(reach: Reach, credits: Sequence[Credit]) -> list[MemoReading]:
    numbers, ids = [c.number for c in credits], [c.stood for c in credits if c.stood]
    found = reach.quickbooks(lambda q, a: q.memos_numbered(a, numbers)) if numbers else []
    return found + (reach.quickbooks(lambda q, a: q.memos_by_id(a, ids)) if ids else [])


def _journals(reach: Reach, entries: Sequence[Entry]) -> list[JournalReading]:
    numbers, ids = [e.number for e in entries], [e.stood for e in entries if e.stood]
    found = reach.quickbooks(lambda q, a: q.journals_numbered(a, numbers)) if numbers else []
    return found + (reach.quickbooks(lambda q, a: q.journals_by_id(a, ids)) if ids else [])


def meet(world: World, policy: Policy, plan: Plan, row: Row, p: Payable) -> None:
    """Keeps what a bill's row means for the payments and credits on it."""
    for id, what in first_money.met(row, p).items():
        world.store.put_record(_met(policy, plan), f"{id}/{p.id}", {"bill": p.number, "met": what.value})


def _known(world: World, policy: Policy, plan: Plan, id: str) -> dict[str, Met]:
    found = world.store.records(_met(policy, plan), begins=f"{id}/", limit=ON_BILLS)
    told = [(str(body["bill"]), Met(body["met"])) for _, body in found]
    return dict(sorted(told, key=lambda t: t[1] is not Met.LINKED))  # of two bills of one number the one that waits


def _met(policy: Policy, plan: Plan) -> str:
    return f"{pk_of(policy)}/met/{plan.turn}"
