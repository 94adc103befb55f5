"""The first sync's bills: the row of each, by what QuickBooks has of its number and what becomes of its client.

It reads and lists; nothing is written and nothing is linked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.domain import first, first_waits
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import Row
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.pairing import theirs_on
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading
from chalicelib.flow import clearing, first_matters, first_numbers, leaving, pairing, states
from chalicelib.flow.answered import answers as answered_payments
from chalicelib.flow.first_counts import meet
from chalicelib.flow.first_matters import Sub
from chalicelib.flow.first_plan import Plan, answered, customer_of, waiting, write
from chalicelib.flow.invoice_links import may_be
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach


def list_page(world: World, reach: Reach, policy: Policy, plan: Plan, bills: Sequence[Payable]) -> None:
    there = may_be(reach, bills)
    made = _bill_rows(world, reach, policy, plan, bills, there)
    by_id = {p.id: p for p in bills}
    made = [first.held_up(r, first_waits.kept_out(r, by_id[r.id], policy.firm.currency, plan.closed)) for r in made]
    made = first_numbers.held(world, policy, plan, made, bills, there)
    late = waiting(world, policy, plan, [p.client_id for p in bills])
    free = [p for p in bills if p.client_id not in late and not first.unnumberable(p)]
    own = _customers_of(world, policy, plan, free) if policy.firm.invoicing.sub_customers else {}
    subs = first_matters.of_bills(world, reach, policy, plan, free, {client: id for client, (id, _) in own.items()})
    told = []
    for row in made:
        sub = subs.get(row.id, Sub(waits=first.CLIENT_WAITS if by_id[row.id].client_id in late else ""))
        told.append(first.held_up(replace(row, matter=sub.made, under=sub.there), sub.waits))
    plan.matters += sum(bool(row.matter) for row in told)
    plan.matters_there += sum(bool(row.under) for row in told)
    write(world, policy, plan, "bills", iter(told), lambda row: meet(world, policy, plan, row, by_id[row.id]))


def _bill_rows(
    world: World,
    reach: Reach,
    policy: Policy,
    plan: Plan,
    bills: Sequence[Payable],
    there: Mapping[str, Sequence[InvoiceReading]],
) -> list[Row]:
    found = list({i.id: i for of in there.values() for i in of}.values())
    on_them = list(dict.fromkeys(id for i in found for id in i.payments))
    payments = leaving.booked_payments(reach, on_them)
    holders = sorted({i.customer_id for i in found})
    shown = reach.quickbooks(lambda q, a: q.customers_by_id(a, holders)) if holders else []
    names = {c.id: c.name for c in shown}
    customers = _customers_of(world, policy, plan, [p for p in bills if there[p.id]])
    answers = answered(world, policy, "bills", {id: True for id, i in there.items() if i})
    with_money = [p for p in bills if any(i.payments for i in there[p.id])]
    said = answered_payments(world, policy, [p.id for p in with_money])
    on_one = [t for i in found for t in theirs_on(i.id, payments, policy.firm.id)]
    here = pairing.payments_of(world, policy, with_money, on_one)
    paid = clearing.paid_with(world, reach, policy, bills, {i.id: i for i in found}, payments, here)
    made = []
    for p in bills:
        (customer, suggested), choice = customers.get(p.client_id, ("", False)), answers.get(p.id, "")
        told = said.get(p.id)
        row = first.bill_row(p, there[p.id], paid, customer, names, choice, told, suggested=suggested)
        if row.unmatched:
            pairing.note(world, policy, p, row.link, theirs_on(row.link, payments, p.firm))
        made.append(row)
    return made


def _customers_of(world: World, policy: Policy, plan: Plan, bills: Sequence[Payable]) -> dict[str, tuple[str, bool]]:
    """The customer that each client is linked to, or will be by its row, and whether that is only suggested; for bills
    whose number is there already."""
    firm = policy.firm.id
    refs = [Ref(firm, Kind.CONTACT, id) for id in dict.fromkeys(p.client_id for p in bills)]
    clients: list[Contact] = [states.decode(Kind.CONTACT, h.body) for h in world.store.load_many(refs) if h.body]
    return {c.id: (c.customer, False) if c.customer else customer_of(world, policy, plan, c.id) for c in clients}
