"""The first sync's clients: who is in QuickBooks, which names are used there, and the row of each client.

It reads and lists; nothing is written and nobody is linked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from chalicelib.domain import first, naming, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import LINK
from chalicelib.domain.kernel import Kind
from chalicelib.domain.matching import CERTAIN, Suggestion, suggest
from chalicelib.domain.naming import NewName
from chalicelib.domain.readings import ClientReading, CustomerReading
from chalicelib.flow import first_matters, states
from chalicelib.flow.first_plan import Plan, all_answers, kept_customers, kept_names, pk_of, write
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach

CUSTOMERS = 500  # read at once, and kept in one record
NAMES = 1000  # of each kind, read at once (reference/quickbooks.md 2.5)
LISTED = 100  # of our states in one page


def read_customers(world: World, reach: Reach, policy: Policy, plan: Plan) -> bool:
    """Keeps a page of active customers; whether there are more."""
    start = plan.place * CUSTOMERS + 1
    page = reach.quickbooks(lambda q, a: q.customers(a, start, CUSTOMERS))
    ours = posting.marker(policy.firm.id, "client", "")
    kept = [[c.id, c.name, c.email, c.phone, c.mobile, c.note if c.note.startswith(ours) else ""] for c in page]
    world.store.put_record(pk_of(policy), f"customers/{plan.place:05d}", {"rows": kept})
    plan.place += 1
    plan.pages["customers"] = plan.place
    return len(page) == CUSTOMERS


def read_names(world: World, reach: Reach, policy: Policy, plan: Plan) -> bool:
    """Keeps a page of the names that inactive customers, vendors and employees have; whether there are more."""
    start = plan.place * NAMES + 1
    names, more = reach.quickbooks(lambda q, a: q.names_held(a, start))
    world.store.put_record(pk_of(policy), f"names/{plan.place:05d}", {"names": names})
    plan.place += 1
    plan.pages["names"] = plan.place
    return more


def list_all(world: World, policy: Policy, plan: Plan) -> None:
    """All clients against all customers at once: each customer is the best of one client only, and each name is one
    client's only."""
    customers = list(kept_customers(world, policy, plan))
    shown = {c.id: f"{c.name} ({c.email})" if c.email else c.name for c in customers}
    clients = list(_all_clients(world, policy.firm.id))
    held, others = [c for c in clients if not c.customer], {c.customer for c in clients}
    free = [c for c in customers if c.id not in others]  # a person linked the others on their clients' pages
    answers = all_answers(world, policy, "clients")
    chosen = {id: said.removeprefix(LINK) for id, said in answers.items() if said.startswith(LINK)}
    made_for = {c.note: c.id for c in free if c.note}
    mine = {c.id: made_for.get(posting.marker(c.firm, "client", c.id), "") for c in held}
    picked = {id: customer for id, customer in mine.items() if customer} | chosen
    told = {s.client_id: _ours(s, mine[s.client_id]) for s in suggest([_reading_of(c) for c in held], free, picked)}

    names = _new_names(held, set(told), _holders(world, policy, plan, customers))
    if policy.firm.invoicing.sub_customers:
        for c in held:
            first_matters.promise(world, policy, plan, names[c.id].name, c.id)
    made = (first.client_row(c, told.get(c.id), shown, names[c.id], answers.get(c.id, "")) for c in held)
    write(world, policy, plan, "clients", made)


def _ours(told: Suggestion, made: str) -> Suggestion:
    """A customer that we made for the client in an earlier generation is it for certain."""
    if not made or told.customer_id != made:
        return told
    return replace(told, score=CERTAIN, reasons=("It was made by us for this client",))


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
