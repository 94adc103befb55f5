"""A client that Clio shows no more while its customer is in QuickBooks: found by a full comparison where no news told
of it, and a person decides what becomes of the link (docs/decisions/0023). Nothing is written in either place.
"""

from __future__ import annotations

from chalicelib.domain import comparing, linking
from chalicelib.domain.comparing import Difference
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Kind, Neighbour
from chalicelib.domain.linking import differs
from chalicelib.domain.profile import NAME_AT_MOST
from chalicelib.domain.readings import ClientReading
from chalicelib.errors import Refused
from chalicelib.flow import contacts, states
from chalicelib.flow.budget import Floor
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import current
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of

HIDDEN_FROM = 10  # so many of a page, and most of it: not deleted, but not shown to the user who connected us
SAME_NAME = 3  # clients of one name that are read: more than one other cannot be told apart by it


def compare(
    world: World, reach: Reach, policy: Policy, cursor: str, out: dict[str, int]
) -> tuple[list[Difference], str]:
    """A page of the clients with a customer, read by id at Clio with one call: its lists do not tell of deletions
    (reference/clio.md 9.11), and a webhook may be lost. Who is missing, or shown otherwise than we know it, is pointed
    at. Gives what is to be named, and where it goes on; empty at the end. ``out`` counts them."""
    page = world.store.grouped(f"{policy.firm.id}/contacts", limit=contacts.CLIENTS_AT_ONCE, cursor=cursor or None)
    held: list[Contact] = [states.decode(Kind.CONTACT, h.body) for h in page.items]
    asked = [c for c in held if c.customer and c.whole]
    ids = [c.id for c in asked]
    shown = {i.id: i for i in reach.clio(lambda c, a: c.clients_by_id(a, ids)).items} if ids else {}
    out["clients"] = out.get("clients", 0) + len(asked)
    missing = [c.id for c in asked if c.id not in shown and not c.vanished]
    if len(missing) >= HIDDEN_FROM and 2 * len(missing) > len(asked):
        return [comparing.clients_hidden(len(missing), len(asked))], page.next or ""
    differing = [c.id for c in asked if isinstance(there := shown.get(c.id), ClientReading) and differs(c, there)]
    for id in (*missing, *differing):
        contacts.point_at_client(world, policy, id)
    return [], page.next or ""


def decide(world: World, task: Effect, choice: str, to: str, by: str) -> None:
    """``look``: it is read again at Clio. ``link``: its customer is that of the client named ``to``. ``accept``: its
    customer stays as it is. Raises Refused with what does not fit."""
    policy, id = policy_of(world, task.firm), str(task.body["contact"])
    if choice == "look":
        contacts.point_at_client(world, policy, id)
        world.queue.hint([policy.lanes.of(Neighbour.CLIO)])
    elif choice == "link":
        _hand_over(world, policy, id, to.strip(), by)
    else:
        contacts.tell(world, policy, id, linking.ClientLeft(), by=by)


def _hand_over(world: World, policy: Policy, id: str, name: str, by: str) -> None:
    there = _named(world, policy, id, name)
    state = current(world, policy, [contacts.contact_ref(policy.firm.id, id)])
    customer = next((c.customer for c in state.values()), "")
    if contacts.may_give_up(world, policy, customer) is None:
        raise Refused(
            "Bills of this client are still open here. Wait until Clio shows them under the other one, or move them "
            "there in Clio."
        )
    if there.usable:
        raise Refused(
            f"“{there.name}” has a customer of its own in QuickBooks. Merge the two customers there; then accept here "
            "that this client is gone."
        )
    reach = Reach(world, policy.firm.id, policy.lanes, Floor.PERSON)
    found = reach.quickbooks(lambda q, a: q.customers_by_id(a, [customer]))
    if not [c for c in found if c.active]:
        raise Refused("Its customer is not active in QuickBooks. Make it active there first.")
    contacts.link_customer(world, policy, there.id, found[0], by, over=True)


def _named(world: World, policy: Policy, id: str, name: str) -> Contact:
    """The one other client of exactly this name, whatever its capitals."""
    if not 0 < len(name) <= NAME_AT_MOST:
        raise Refused("Give the other client's name as Clio shows it.")
    firm = policy.firm.id
    page = world.store.grouped(f"{firm}/contacts", limit=SAME_NAME, begins=f"{name.lower()}#")
    found: list[Contact] = [states.decode(Kind.CONTACT, h.body) for h in page.items]
    others = [c for c in found if c.id != id and c.name.lower() == name.lower()]
    if not others:
        raise Refused(f"There is no other client “{name}” here. A client comes here with its first approved bill.")
    if len(others) > 1:
        raise Refused(
            f"Several clients are called “{name}”. Open the right one's page and take the customer over there."
        )
    ref = contacts.contact_ref(firm, others[0].id)
    renewed: Contact = current(world, policy, [ref])[ref]
    return renewed
