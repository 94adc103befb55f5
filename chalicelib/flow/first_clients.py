"""The first sync's clients: who is in QuickBooks, which names are used there, and the row of each client.

It reads and lists; nothing is written and nobody is linked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from chalicelib.domain import first, naming, posting, profile
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import LINK
from chalicelib.domain.kernel import Kind
from chalicelib.domain.matching import CERTAIN, Suggestion, suggest
from chalicelib.domain.naming import NewName
from chalicelib.domain.readings import ClientReading, CustomerReading
from chalicelib.flow import first_matters, states
from chalicelib.flow.first_plan import Plan, all_answers, keep, kept_customers, kept_names, write
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

CUSTOMERS = 500  # read at once
NAMES = 1000  # of each kind, read at once (reference/quickbooks.md 2.5)
LISTED = 100  # of our states in one page


def read_customers(world: World, reach: Reach, policy: Policy, plan: Plan) -> bool:
    """Keeps a page of active customers; whether there are more."""
    start = plan.place * CUSTOMERS + 1
    page = reach.quickbooks(lambda q, a: q.customers(a, start, CUSTOMERS))
    ours = posting.marker(policy.firm.id, "client", "")
    kept = [
        [c.id, c.name, c.email, c.phone, c.mobile, c.note if c.note.startswith(ours) else "", c.currency] for c in page
    ]
    keep(world, policy, plan, "customers", "rows", kept)
    plan.place += 1
    return len(page) == CUSTOMERS


def read_names(world: World, reach: Reach, policy: Policy, plan: Plan) -> bool:
    """Keeps a page of the names that inactive customers, vendors and employees have, and one of the numbers that
    documents other than invoices have, and with the first when the books are closed; whether there are more."""
    start = plan.place * NAMES + 1
    names, more = reach.quickbooks(lambda q, a: q.names_held(a, start))
    others = reach.quickbooks(lambda q, a: q.other_numbers(a, start))
    plan.closed = plan.closed if plan.place else reach.quickbooks(lambda q, a: q.books(a)).close_date
    keep(world, policy, plan, "names", "names", names)
    keep(world, policy, plan, "documents", "numbers", {d.number: d.entity for d in others.found})
    plan.place += 1
    return more or others.more


def list_all(world: World, policy: Policy, plan: Plan) -> None:
    """All clients against all customers at once: each customer is the best of one client only, and each name is one
    client's only."""
    customers = list(kept_customers(world, policy, plan))
    shown = {c.id: f"{c.name} ({c.email})" if c.email else c.name for c in customers}
    clients = list(_all_clients(world, policy.firm.id))
    held, others = [c for c in clients if not c.customer], {c.customer for c in clients}
    # A person linked the others on their clients' pages. One of another currency takes no invoice of the firm's.
    free = [c for c in customers if c.id not in others and c.currency in ("", policy.firm.currency)]
    answers = all_answers(world, policy, "clients")
    chosen = {id: said.removeprefix(LINK) for id, said in answers.items() if said.startswith(LINK)}
    before = _before(held, free)
    picked = {id: customer for id, (customer, _) in before.items()} | chosen
    told = {s.client_id: _known(s, before) for s in suggest([_reading_of(c) for c in held], free, picked)}

    names = _new_names(held, set(told), _holders(world, policy, plan, customers))
    if policy.firm.invoicing.sub_customers:
        for c in held:
            first_matters.promise(world, policy, plan, names[c.id].name, c.id)
    made = (first.client_row(c, told.get(c.id), shown, names[c.id], answers.get(c.id, "")) for c in held)
    write(world, policy, plan, "clients", made)


def _before(clients: Sequence[Contact], free: Sequence[CustomerReading]) -> dict[str, tuple[str, str]]:
    """By client, its customer of an earlier generation of links, and in words how that is known: it is the one that it
    was linked to, under the same name still, or else by our marker. In another company, or in one that was emptied, the
    same id is somebody else's."""
    by_id, made_for = {c.id: c for c in free}, {c.note: c.id for c in free if c.note}
    found = {}
    for c in clients:
        there = by_id.get(c.stood)
        mine = posting.marker(c.firm, "client", c.id)
        if there and c.stood_as and there.note in ("", mine) and profile.same("name", there.name, c.stood_as):
            why = "It was made by us for this client" if there.note else "It was linked to this client before"
            found[c.id] = (there.id, why)
        elif made := made_for.get(mine):
            found[c.id] = (made, "It was made by us for this client")
    return found


def _known(told: Suggestion, before: Mapping[str, tuple[str, str]]) -> Suggestion:
    """What the client's customer was in an earlier generation, it is for certain."""
    customer, why = before.get(told.client_id, ("", ""))
    return replace(told, score=CERTAIN, reasons=(why,)) if customer and told.customer_id == customer else told


def _new_names(clients: Sequence[Contact], asked: Set[str], holders: dict[str, str]) -> dict[str, NewName]:
    """What each client would be called as a new customer. Of several of one name those get it first that nobody is
    asked about. ``asked``: clients by id; ``holders``: as naming.new_name takes them."""
    found = {}
    for c in sorted(clients, key=lambda c: c.id in asked):
        found[c.id] = naming.new_name(c, holders)
        holders[found[c.id].name.casefold()] = f"another client of yours, “{c.name}”"
    return found


def _holders(world: World, policy: Policy, plan: Plan, customers: Sequence[CustomerReading]) -> dict[str, str]:
    """Who has a name in QuickBooks, by the name without its capitals."""
    found = {name.casefold(): f"the {holder} “{name}”" for name, holder in kept_names(world, policy, plan)}
    return found | {c.name.casefold(): f"the customer “{c.name}”" for c in customers}


def _reading_of(c: Contact) -> ClientReading:
    return ClientReading(c.id, c.name, c.email, c.company, c.phone, c.mobile)


def _all_clients(world: World, firm: str) -> Iterator[Contact]:
    cursor: str | None = None
    while True:
        page = world.store.grouped(f"{firm}/contacts", limit=LISTED, cursor=cursor)
        yield from (states.decode(Kind.CONTACT, h.body) for h in page.items)
        if page.next is None:
            return
        cursor = page.next
