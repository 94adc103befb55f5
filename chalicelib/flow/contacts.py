"""Clients and their QuickBooks customers: looks on either side, changes at Clio, and what a person says about them.

Writes to QuickBooks are in ``customers``, in batches under a stored call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import agreeing, effects, linking, naming
from chalicelib.domain.contact import WITHOUT, Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Neighbour, Ref, Status
from chalicelib.domain.linking import ClientHidden, ClientSeen, ContactFact, CustomerSeen
from chalicelib.domain.payable import Payable
from chalicelib.domain.profile import Side
from chalicelib.domain.readings import Broken, ClientReading, CustomerReading
from chalicelib.errors import Conflict, Declined, Refused, Unreadable
from chalicelib.flow import states
from chalicelib.flow.budget import Floor
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import park
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

CLIENTS_AT_ONCE = 200  # reference/clio.md 2.2
CUSTOMERS_AT_ONCE = 30
BILLS_ASKED = 200  # of a client that may give its customer up: one with more of them is no leftover of a merge
TOOK_AT_MOST = 20  # clients one after the other who had one customer
INVOICES_ASKED = 30  # of a client whose customer is gone: who they belong to now
AGAIN = timedelta(seconds=2)
MOVED_AT_MOST = 8  # times that Clio says so of one change, before a person is told
SHARED = "Another client is linked to this customer already. Two clients cannot share one."
TAKE_OVER = "if it is the same client, merged into this one in Clio, press “Take it over from that client”."
LEAVE_CLIO = "Leave the client in Clio as it is"


def contact_ref(firm: str, id: str) -> Ref:
    return Ref(firm, Kind.CONTACT, id)


def tell(
    world: World,
    policy: Policy,
    id: str,
    fact: ContactFact,
    *,
    finish: Sequence[Finish] = (),
    held: Held | None = None,
    by: str = "",
) -> Contact:
    """Settles one fact about a client and gives its state after. ``held``: as loaded before the look; then Conflict
    means that it moved since."""
    ref = contact_ref(policy.firm.id, id)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: linking.decide(before[ref], fact, policy, now)}

    told = settle(
        world,
        [ref],
        decide,
        fact=type(fact).__name__,
        body=_brief(fact),
        policy=policy.version,
        by=by,
        finish=finish,
        held=None if held is None else {ref: held},
    )
    state: Contact = told.states[ref]
    return state


def _brief(fact: ContactFact) -> dict[str, Any]:
    """The journal's change holds what was read; its fact needs only what led to it."""
    return {k: v for k, v in asdict(fact).items() if isinstance(v, str | int) and v}


# --- Clio -------------------------------------------------------------------------------------------------------------


def see_client(world: World, policy: Policy, client: ClientReading) -> None:
    """A bill or a transaction shows its client. One that was read itself is only pointed at: this may be older."""
    state: Contact | None = states.decode(Kind.CONTACT, world.store.load(contact_ref(policy.firm.id, client.id)).body)
    if state is None or not state.whole:
        tell(world, policy, client.id, ClientSeen(client))
    elif linking.differs(state, client):
        point_at_client(world, policy, client.id)


def look_at_clients(
    world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]
) -> list[tuple[Effect, Unreadable | Conflict | None]]:
    """Looks at up to 200 clients with one call; those that we do not hold are let be. Gives each look with what went
    wrong. Raises Unavailable and Disconnected, which concern the whole lane."""
    firm = policy.firm.id
    asked: dict[str, list[Effect]] = {}
    for look in looks:
        asked.setdefault(str(look.body["client"]), []).append(look)
    held = {h.ref.id: h for h in world.store.load_many([contact_ref(firm, id) for id in asked])}
    known = [id for id in asked if held[id].body is not None]
    page = reach.clio(lambda c, a: c.clients_by_id(a, known)) if known else None
    shown = {item.id: item for item in page.items} if page else {}
    outcomes: list[tuple[Effect, Unreadable | Conflict | None]] = []
    for id, mine in asked.items():
        done = [Finish(e.key, arrivals=e.arrivals) for e in mine]
        problem: Unreadable | Conflict | None = None
        try:
            if held[id].body is None:
                settle(world, [], lambda _s, _n: {}, fact="NotHeld", finish=done)
            else:
                hidden = ClientHidden(*(any(e.body.get(what) for e in mine) for what in ("again", "deleted")))
                _take_in(world, policy, held[id], shown.get(id), hidden, done)
        except (Unreadable, Conflict) as bad:
            problem = bad
        outcomes += [(e, problem) for e in mine]
    return outcomes


def _take_in(
    world: World,
    policy: Policy,
    held: Held,
    item: ClientReading | Broken | None,
    hidden: ClientHidden,
    done: Sequence[Finish],
) -> None:
    """A contact that Clio never showed to this user means nothing (reference/clio.md 1). ``hidden``: the fact where it
    shows none."""
    if isinstance(item, Broken):
        raise Unreadable(item.what, item.raw, item.remedy)
    fact = hidden if item is None else ClientSeen(item, hidden.again)
    tell(world, policy, held.ref.id, fact, finish=done, held=held)


def take_page(world: World, policy: Policy, items: Sequence[ClientReading | Broken]) -> int:
    """A page of the feed: a pointer at each client that we hold and that it shows differently. Gives how many."""
    firm, count = policy.firm.id, 0
    good = [i for i in items if not isinstance(i, Broken)]
    held = {h.ref.id: h for h in world.store.load_many([contact_ref(firm, i.id) for i in good])} if good else {}
    for item in good:
        state: Contact | None = states.decode(Kind.CONTACT, held[item.id].body)
        if state is not None and linking.differs(state, item):
            point_at_client(world, policy, item.id)
            count += 1
    return count


def point_at_client(world: World, policy: Policy, id: str) -> None:
    """Owes a look at a client; one that we do not hold is let be when its turn comes."""
    lane = policy.lanes.of(Neighbour.CLIO)
    world.store.arrive(effects.look_client(policy.firm.id, lane, id, world.now()))


def change_client(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Brings to Clio what changed in QuickBooks: read before, If-Match, read after (reference/clio.md 2.4).

    Raises Conflict when the contact moved between the two: it is read and decided again.
    """
    id, revision = str(effect.body["contact"]), int(effect.body["revision"])
    held = world.store.load(contact_ref(policy.firm.id, id))
    state: Contact = states.decode(Kind.CONTACT, held.body)
    done = [Finish(effect.key)]
    if not _still(state, revision):
        settle(world, [], lambda _s, _n: {}, fact="NothingToDo", finish=done)
        return
    try:
        reading = reach.clio(lambda c, a: c.client(a, id))
        state = tell(world, policy, id, ClientSeen(reading), held=held)
        if not _still(state, revision):
            settle(world, [], lambda _s, _n: {}, fact="NothingToDo", finish=done)
            return
        reach.clio(lambda c, a: c.change_client(a, reading, state.to_clio))
    except Declined as no:
        if no.status == 412 and effect.tries < MOVED_AT_MOST:
            raise Conflict("the contact was changed in Clio meanwhile") from no
        if no.status == 404:
            tell(world, policy, id, ClientHidden(deleted=True), finish=done)
            return
        _park_change(world, effect, no)
        return
    after = reach.clio(lambda c, a: c.client(a, id))
    tell(world, policy, id, ClientSeen(after, wrote=revision), finish=done)


def _park_change(world: World, effect: Effect, no: Declined) -> None:
    reason, remedy = {
        403: ("Clio does not let us change this client.", "Connect Clio again as a user who may change contacts"),
        412: ("Clio says each time that the client was changed meanwhile.", "Wait until nobody works on it in Clio"),
    }.get(no.status, (f"Clio did not take the change: {no.message}", "Change the client in Clio by hand"))
    remedy = f"{remedy}, then press Retry; or leave Clio as it is."
    park(world, effect, reason, remedy, f"{no.code}: {no.detail or no.message}", choices=[("keep", LEAVE_CLIO)])


def _still(state: Contact, revision: int) -> bool:
    """Whether the step of this revision is still the one that is wanted."""
    return bool(state.usable and state.to_clio) and state.clio_revision == revision


def bill_went_over(world: World, policy: Policy, old: str, new: str) -> None:
    """Clio shows a bill under another client than before. Maybe it merged the two, and its news of the one that is gone
    was lost: that one is read. What the other was asked about before, while bills of the first were open, is asked
    again by itself."""
    point_at_client(world, policy, old)
    state: Contact | None = states.decode(Kind.CONTACT, world.store.load(contact_ref(policy.firm.id, new)).body)
    if state is None or state.customer:
        return
    step = world.store.effect(agreeing.step_key(state))
    if step is not None and step.status is Status.PARKED:
        world.store.retry(step.key, world.now())
        world.queue.hint([step.lane])


# --- QuickBooks -------------------------------------------------------------------------------------------------------


def point_at_customers(world: World, policy: Policy, ids: Iterable[str]) -> int:
    """Owes a look at each of these QuickBooks customers that a client is linked to. Gives how many."""
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    linked = [id for id in dict.fromkeys(ids) if holder(world, policy, id)]
    for id in linked:
        world.store.arrive(effects.look_customer(policy.firm.id, lane, id, world.now()))
    return len(linked)


def holder(world: World, policy: Policy, customer: str) -> str:
    """The client that a customer is linked to; empty for none."""
    held = world.store.held_by(linking.customer_guard(policy.lanes.book, customer)) or ""
    firm, _, contact = held.partition("/")
    return contact if firm == policy.firm.id else ""


def look_at_customers(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> None:
    """Looks at the customers that clients are linked to, with one query for up to thirty; the others are let be."""
    asked: dict[str, list[Effect]] = {}
    for look in looks:
        asked.setdefault(str(look.body["customer"]), []).append(look)
    holders = {id: holder(world, policy, id) for id in asked}
    refs = {id: contact_ref(policy.firm.id, contact) for id, contact in holders.items() if contact}
    held = {h.ref: h for h in world.store.load_many(list(refs.values()))} if refs else {}
    ids = list(refs)
    found: dict[str, CustomerReading] = {}
    for start in range(0, len(ids), CUSTOMERS_AT_ONCE):
        part = ids[start : start + CUSTOMERS_AT_ONCE]
        found |= {c.id: c for c in reach.quickbooks(lambda q, a, p=part: q.customers_by_id(a, p))}  # type: ignore[misc]
    for id, mine in asked.items():
        done = [Finish(e.key, arrivals=e.arrivals) for e in mine]
        if not holders[id]:
            settle(world, [], lambda _s, _n: {}, fact="NotLinked", finish=done)
            continue
        here = held[refs[id]]
        into = next((str(e.body["into"]) for e in mine if e.body.get("into")), "")
        fact = shown(world, reach, policy, states.decode(Kind.CONTACT, here.body), id, found.get(id), into)
        try:
            tell(world, policy, here.ref.id, fact, finish=done, held=here)
        except Conflict:  # it moved meanwhile, or a pointer came: looked at again
            for e in mine:
                world.store.postpone(e.key, world.now() + AGAIN, cause="It moved meanwhile.", tries=e.tries + 1)


def shown(
    world: World,
    reach: Reach,
    policy: Policy,
    state: Contact,
    id: str,
    customer: CustomerReading | None,
    into: str = "",
) -> CustomerSeen:
    """What QuickBooks shows of a linked customer. Of one that is inactive or gone: where it was merged to, if
    QuickBooks says so: by ``into``, or because all of the client's invoices belong to another customer now."""
    if customer is not None and customer.active:
        return CustomerSeen(id, customer)
    there = into or _moved_to(world, reach, state, id)
    if not there:
        return CustomerSeen(id, customer)
    found = reach.quickbooks(lambda q, a: q.customers_by_id(a, [there]))
    winner = next((c for c in found if c.active), None)
    if winner is None:
        return CustomerSeen(id, customer)
    if holder(world, policy, winner.id) not in ("", state.id):
        return CustomerSeen(id, customer, elsewhere=True)
    return CustomerSeen(id, customer, into=winner)


def _moved_to(world: World, reach: Reach, state: Contact, id: str) -> str:
    page = world.store.grouped(f"{state.firm}/client/{state.id}", limit=INVOICES_ASKED)
    payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in page.items]
    booked = [p.booked.id for p in payables if p.booked and not p.booked.voided and not p.booked.matter]
    found = reach.quickbooks(lambda q, a: q.invoices_by_id(a, booked)) if booked else []
    owners = {i.customer_id for i in found if not i.voided}
    return owners.pop() if len(owners) == 1 and id not in owners else ""


# --- what a person says -----------------------------------------------------------------------------------------------


def take(world: World, firm: str, id: str, field: str, side: str, by: str) -> None:
    """One side's value of a field for both. Raises Refused when it cannot be."""
    if side not in list(Side):
        raise Refused("Choose Clio's or QuickBooks' value.")
    _say(world, firm, id, linking.Taken(field, Side(side)), by)


def leave(world: World, firm: str, id: str, field: str, by: str) -> None:
    """The field stays as each side shows it."""
    _say(world, firm, id, linking.Left(field), by)


def leave_clio(world: World, firm: str, id: str, by: str) -> None:
    """What Clio did not take stays as it is in Clio."""
    state: Contact | None = states.decode(Kind.CONTACT, world.store.load(contact_ref(firm, id)).body)
    for change in state.to_clio if state else ():
        leave(world, firm, id, change.field, by)


def leave_without(world: World, firm: str, id: str, by: str) -> None:
    """Its customer is gone in QuickBooks, and a person accepts that: nothing of the client goes there."""
    _say(world, firm, id, linking.ChoiceMade(WITHOUT), by)


def _say(world: World, firm: str, id: str, fact: ContactFact, by: str) -> None:
    policy = policy_of(world, firm)
    tell(world, policy, id, fact, by=by)
    world.queue.hint([policy.lanes.of(Neighbour.CLIO), policy.lanes.of(Neighbour.QUICKBOOKS)])


def may_give_up(world: World, policy: Policy, customer: str) -> Contact | None:
    """The client that holds this customer, where it has no open bills, as one that Clio merged into another: the bills
    are that one's then."""
    id = holder(world, policy, customer)
    if not id:
        return None
    page = world.store.grouped(f"{policy.firm.id}/client/{id}", limit=BILLS_ASKED)
    bills: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in page.items]
    if page.next or any(p.balance > 0 and not p.gone for p in bills):
        return None
    state: Contact | None = states.decode(Kind.CONTACT, world.store.load(contact_ref(policy.firm.id, id)).body)
    return state


def give_up(world: World, policy: Policy, customer: str, by: str = "") -> tuple[str, ...]:
    """The client that holds the customer gives it up, if it may; else nothing happens. Gives who had it
    (Contact.took)."""
    there = may_give_up(world, policy, customer)
    if there is None:
        return ()
    tell(world, policy, there.id, linking.GivenUp(customer), by=by)
    return (there.id, *there.took)[:TOOK_AT_MOST]


def link_by_name(world: World, firm: str, id: str, name: str, by: str, *, over: bool = False) -> str:
    """As ``link_to``, for a person who waits."""
    policy = policy_of(world, firm)
    return link_to(world, Reach(world, firm, policy.lanes, Floor.PERSON), policy, id, name, by, over=over)


def link_to(world: World, reach: Reach, policy: Policy, id: str, name: str, by: str, *, over: bool = False) -> str:
    """Links a client to the QuickBooks customer of exactly this name, as a person says. Gives the customer's id.
    ``over``: also where another client without open bills has to give it up.

    Raises Refused when there is none, it is inactive, in another currency, or another client's."""
    if not name.strip():
        raise Refused("Give the customer's name as QuickBooks shows it.")
    if world.store.load(contact_ref(policy.firm.id, id)).body is None:
        raise Refused("There is no such client here.")
    found = reach.quickbooks(lambda q, a: q.customers_named(a, [name.strip()]))
    active = [c for c in found if c.active]
    if not active:
        told = f"The customer “{name.strip()}” is inactive" if found else f"There is no customer “{name.strip()}”"
        raise Refused(f"{told} in QuickBooks. Give the name exactly as QuickBooks shows it.")
    link_customer(world, policy, id, active[0], by, over=over)
    return active[0].id


def link_customer(world: World, policy: Policy, id: str, customer: CustomerReading, by: str, *, over: bool) -> None:
    """Links a client to this customer, as a person says. ``over`` and Refused as in ``link_to``."""
    if foreign := naming.wrong_currency(customer, policy.firm.currency):
        raise Refused(foreign)
    took: tuple[str, ...] = ()
    if holder(world, policy, customer.id) not in ("", id):
        there = may_give_up(world, policy, customer.id)
        if there is None:
            raise Refused(SHARED)
        if not over:
            raise Refused(f"{SHARED} Clio's client “{there.name}” has it, without open bills: {TAKE_OVER}")
        took = give_up(world, policy, customer.id, by)
    generation = policy.firm.generation
    fact = linking.CustomerLinked(customer.id, policy.lanes.book, customer, generation=generation, took=took)
    try:
        tell(world, policy, id, fact, by=by)
    except Conflict as taken:
        raise Refused(SHARED) from taken
    world.queue.hint([policy.lanes.of(Neighbour.QUICKBOOKS)])
