"""Which bills of a first sync's list cannot have their number in QuickBooks: another bill of the list has it before
them, or another document there.

It reads and lists. Records ``plan/<firm>/<generation>/numbers/<turn>``: by page, the numbers that its bills take, each
with the bill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.domain import first, first_waits
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import Row
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.preflight import KINDS
from chalicelib.domain.readings import InvoiceReading
from chalicelib.flow import states
from chalicelib.flow.first_plan import Plan, kept_numbers, pk_of
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

PAGES = 100_000  # of a list; each has a hundred bills at most


def held(
    world: World,
    policy: Policy,
    plan: Plan,
    rows: Sequence[Row],
    bills: Sequence[Payable],
    found: Mapping[str, Sequence[InvoiceReading]],
) -> list[Row]:
    """The rows of one page; whose number is not free waits, as it does in the run. ``found``: by bill, as
    first.bill_row takes it. Of several bills of one number the first on the list has it. QuickBooks refuses a number
    that any other document has (reference/quickbooks.md 3.3)."""
    by_id, documents = {p.id: p for p in bills}, kept_numbers(world, policy, plan)
    before = _before(world, policy, plan)
    mine: dict[str, str] = {}
    told = []
    for row in rows:
        if first_waits.takes_number(row, by_id[row.id], found[row.id]):
            mine.setdefault(row.title, row.id)
            bill, kind = before.get(row.title, mine[row.title]), documents.get(row.title, "")
            other = first_waits.holder(row, by_id[row.id], found[row.id]) or _a(kind)
            told.append(_held(world, policy, row, "" if bill == row.id else bill, other))
        else:
            told.append(row)
    world.store.put_record(_numbers(policy, plan), _page(plan), {"taken": mine})
    return told


def _held(world: World, policy: Policy, row: Row, behind: str, used: str) -> Row:
    """``behind``: the bill that has its number; ``used``: what has it in QuickBooks, in words; empty for none."""
    why = first_waits.used_words(row.title, used) if used else ""
    if behind and not used:
        p: Payable = states.decode(Kind.PAYABLE, world.store.load(Ref(policy.firm.id, Kind.PAYABLE, behind)).body)
        why = first_waits.behind_words(row.title, f"{p.client_name} over {show(p.asks, p.currency)}")
    return first.held_up(replace(row, behind=behind, used=used), why)


def used_for(world: World, reach: Reach, policy: Policy, plan: Plan, credits: Sequence[Credit]) -> dict[str, str]:
    """By the number of a credit note, what other than a credit memo has it in QuickBooks, in words. One reading, and
    none where there are no credit notes."""
    numbers = [c.number for c in credits]
    if not numbers:
        return {}
    invoices = reach.quickbooks(lambda q, a: q.invoices_numbered(a, numbers))
    documents = {n: e for n, e in kept_numbers(world, policy, plan).items() if e != "CreditMemo"}
    kinds = documents | {i.number: "Invoice" for i in invoices}
    return {number: _a(kinds[number]) for number in numbers if number in kinds}


def _a(entity: str) -> str:
    """A document of this kind, in words; empty for none."""
    kind = KINDS.get(entity, "")
    return kind and f"{'an' if kind[0] in 'ei' else 'a'} {kind}"


def _before(world: World, policy: Policy, plan: Plan) -> dict[str, str]:
    """By number, the bill that takes it on an earlier page. A page that is listed again, since a worker died, does not
    come before itself."""
    pages = world.store.records(_numbers(policy, plan), limit=PAGES)
    return {number: bill for sk, body in reversed(pages) if sk < _page(plan) for number, bill in body["taken"].items()}


def _page(plan: Plan) -> str:
    return f"{plan.pages.get('bills', 0):06d}"


def _numbers(policy: Policy, plan: Plan) -> str:
    return f"{pk_of(policy)}/numbers/{plan.turn}"
