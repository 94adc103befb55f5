"""Matters as sub-customers: where the firm wishes it, a bill's invoice belongs to its matter's own sub-customer below
the client's customer (docs/decisions/0017). Looked up by name first, made once, asked about when it cannot be used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain import matters, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref, Status
from chalicelib.domain.matters import Matter
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import Wrote
from chalicelib.domain.wanted import WantedSubCustomer
from chalicelib.errors import Conflict
from chalicelib.flow import first_matters, leaving, renaming, subcustomer_links
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import FOR_A_PERSON, Asked, Prepared, current, done, park, wake
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

MADE = "It waits for its matter's sub-customer in QuickBooks."
LOST = Asked("Its matter's sub-customer cannot be used in QuickBooks: it waits for your word, under Needs attention.")


@dataclass(frozen=True, slots=True)
class Place:
    """Whose an invoice is: QuickBooks' ``customer``, and the ``matter`` whose sub-customer that is, if any. ``waits``:
    why it is not known yet. ``own``: the client's customer."""

    customer: str = ""
    own: str = ""
    matter: str = ""
    waits: str = ""


def _ref(firm: str, id: str) -> Ref:
    return Ref(firm, Kind.MATTER, id)


def places(
    world: World, reach: Reach, policy: Policy, owed: Sequence[Payable], customers: Mapping[str, str]
) -> dict[str, Place]:
    """Where each bill's invoice belongs. At most one reading of QuickBooks, and none where no matter is asked for.
    ``customers``: by client."""
    firm = policy.firm.id
    asked = {p.id: matters.wanted(p, policy) if customers.get(p.client_id) else "" for p in owed}
    refs = [_ref(firm, matters.id_of(p.client_id, asked[p.id])) for p in owed if asked[p.id]]
    held: dict[Ref, Matter] = current(world, policy, refs) if refs else {}
    unknown = [m for m in held.values() if m.customer and not matters.known_lost(m, customers[m.client])]
    ids = sorted({m.customer for m in unknown})
    shown = {c.id: c for c in reach.quickbooks(lambda q, a: q.customers_by_id(a, ids))} if ids else {}
    for m in unknown:
        own = customers[m.client]
        held[_ref(firm, m.id)] = subcustomer_links.see(world, policy, m, m.customer, shown.get(m.customer), own)
    found = {}
    for p in owed:
        own, matter = customers.get(p.client_id, ""), asked[p.id]
        state = held.get(_ref(firm, matters.id_of(p.client_id, matter)))
        if not matter or (state is not None and state.without):
            found[p.id] = Place(own, own)
        elif state is None or not state.customer:
            found[p.id] = Place(waits=_owe(world, policy, p, state))
        else:
            found[p.id] = Place(waits=LOST) if state.lost else Place(state.customer, own, matter)
    return found


def _owe(world: World, policy: Policy, p: Payable, state: Matter | None) -> str:
    """Owes the sub-customer once, under the number that the matter has now, and says what the invoice waits for."""
    owed: Effect | None = matters.step(p, state, policy, world.now())
    assert owed
    there = world.store.effect(owed.key)
    if there is not None:
        owed = matters.told_anew(there, owed) if there.status is not Status.DONE else None
    if owed is not None:
        world.store.arrive(owed)
        return MADE
    return FOR_A_PERSON if there is not None and there.status is Status.PARKED else MADE


def matter_of(world: World, policy: Policy, p: Payable, customer: str) -> str:
    """The matter whose sub-customer an invoice's customer is; empty for none. Asked only where one may be."""
    matter = matters.of_bill(p)
    if not matter or not (policy.firm.sub_customers_used or (p.booked and p.booked.matter)):
        return ""
    holder = world.store.held_by(matters.guard_of(policy.lanes.book, customer)) or ""
    return matter if holder == f"{p.firm}/{matters.id_of(p.client_id, matter)}" else ""


# --- the step that makes one ------------------------------------------------------------------------------------------


def _told(policy: Policy, e: Effect, customer: str) -> Matter:
    client, matter = str(e.body["client"]), str(e.body["matter"])
    firm, id = policy.firm, matters.id_of(client, matter)
    return Matter(firm.id, id, client, matter, str(e.body["name"]), customer, generation=firm.generation)


def _note(policy: Policy, e: Effect) -> str:
    return posting.marker(policy.firm.id, "matter", matters.id_of(str(e.body["client"]), str(e.body["matter"])))


def _looked_up(e: Effect) -> list[str]:
    """Every name that the sub-customer may have been made under."""
    every = (str(e.body["name"]), *e.body.get("older", ()))
    return [name for told in every for name in matters.names(str(e.body["matter"]), told)]


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    """Both names of each are looked up before anything is written: three readings for a batch, and one of what is to
    be renamed."""
    out = Prepared()
    firm = policy.firm.id
    clients = {e.key: Ref(firm, Kind.CONTACT, str(e.body["client"])) for e in batch}
    mine = {e.key: _ref(firm, _told(policy, e, "").id) for e in batch}
    held = current(world, policy, [*clients.values(), *mine.values()])
    open_: list[tuple[Effect, str]] = []
    renames = renaming.due(world, reach, policy, [e for e in batch if e.body.get("customer")], held, out)
    for e in (e for e in batch if not e.body.get("customer")):
        contact, state = held.get(clients[e.key]), held.get(mine[e.key])
        if state is not None and (state.customer or not e.key.endswith(f".{state.revision}")):
            done(world, e)
            out.settled += 1
        elif contact is None or not contact.usable:
            out.blocked.append((e, leaving.without_customer(contact)))
        else:
            open_.append((e, contact.usable))
    stood = _stood(world, reach, policy, [(e, held[clients[e.key]]) for e, _ in open_])
    mine_before = first_matters.stood(reach, [m for e, _ in open_ if (m := held.get(mine[e.key]))])
    asking = (*(e for e, _ in open_), *(e for e, _ in renames))
    wishes = list(dict.fromkeys(n for e in asking for n in _looked_up(e)))
    found = reach.quickbooks(lambda q, a: q.customers_named(a, wishes)) if wishes else []
    taken = dict(reach.quickbooks(lambda q, a: q.names_taken(a, wishes))) if wishes else {}
    others = first_matters.kept_from(world, policy, {mine[e.key].id: renaming.names_of(e) for e in asking})
    for e, there in renames:
        renaming.write(world, e, there, found, taken, others[mine[e.key].id], out)
    for e, parent in open_:
        names = renaming.names_of(e)
        same = [c for c in found if c.name.casefold() in {n.casefold() for n in _looked_up(e)}]
        same += mine_before.get(mine[e.key].id, ())
        promised = others[mine[e.key].id]
        choice = matters.choose(names, _note(policy, e), parent, same, renaming.not_again(e, taken), promised)
        if before := stood.get(e.key):
            out.settled += _link(world, policy, e, before.choice, Finish(e.key), by_hand=before.by_hand)
        elif choice.do == "link":
            out.settled += _link(world, policy, e, choice, Finish(e.key))
        elif choice.do == "create":
            taken[choice.name] = "customer"
            out.write.append((e, WantedSubCustomer(choice.name, parent, _note(policy, e))))
        else:
            reason = f"The names “{names[0]}” and “{names[1]}” are both used in QuickBooks."
            park(world, e, reason, renaming.REMEDY)
            out.settled += 1
    return out


@dataclass(frozen=True, slots=True)
class _Stood:
    """A sub-customer that was this matter's under a client who had the customer before. ``by_hand``: a person gave it
    the name that it has."""

    choice: matters.Choice
    by_hand: bool


def _stood(world: World, reach: Reach, policy: Policy, steps: Sequence[tuple[Effect, Contact]]) -> dict[str, _Stood]:
    """By step, what stands below the client's customer since another had that, whatever its name is now. One reading of
    QuickBooks, and none where no customer was taken over."""
    refs = {e.key: [_ref(e.firm, matters.id_of(old, str(e.body["matter"]))) for old in c.took] for e, c in steps}
    held: dict[Ref, Matter] = current(world, policy, [r for some in refs.values() for r in some])
    known = {key: next((m for r in some if (m := held.get(r)) and m.customer), None) for key, some in refs.items()}
    ids = [m.customer for m in known.values() if m]
    there = {c.id: c for c in reach.quickbooks(lambda q, a: q.customers_by_id(a, ids))} if ids else {}
    found = {}
    for e, c in steps:
        m = known[e.key]
        now = there.get(m.customer) if m else None
        if m and now and not matters.harm(now, c.usable):
            by_hand = now.name not in matters.ours(m)
            found[e.key] = _Stood(matters.Choice("link", customer=now.id, name=now.name), by_hand)
    return found


def _link(
    world: World, policy: Policy, e: Effect, choice: matters.Choice, finish: Finish, *, by_hand: bool = False
) -> int:
    """Gives 1: it is linked, or shown to a person."""
    try:
        _hand_over(world, policy, e, choice.customer)
        link(world, policy, e, choice.customer, choice.name, finish, by_hand=by_hand)
    except Conflict:
        reason = "The sub-customer of this name is linked to another matter."
        park(world, e, reason, "Give the matters different numbers in Clio, or rename it in QuickBooks; then Retry.")
    return 1


def _hand_over(world: World, policy: Policy, e: Effect, customer: str) -> None:
    """The same matter's link under a client who had this customer before it was taken over ends."""
    mine = _told(policy, e, customer)
    holder = (world.store.held_by(matters.guard_of(policy.lanes.book, customer)) or "").removeprefix(f"{mine.firm}/")
    if holder == mine.id or holder.partition(".")[2] != mine.matter:
        return
    ref = _ref(mine.firm, holder)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: matters.given_up(before[ref], customer, policy)}

    settle(world, [ref], decide, fact="SubCustomerHandedOver", body={"to": mine.id}, policy=policy.version)


def take(world: World, policy: Policy, e: Effect, answer: Wrote, finish: Finish) -> None:
    """QuickBooks made it, or gave it another name."""
    if e.body.get("customer"):
        renaming.take(world, policy, e, answer, finish)
        return
    name = answer.customer.name if answer.customer else renaming.names_of(e)[0]
    link(world, policy, e, answer.id, name, finish)


def link(
    world: World, policy: Policy, e: Effect, customer: str, name: str, finish: Finish, *, by_hand: bool = False
) -> None:
    """QuickBooks has it, under this name. What waits for it goes on at once."""
    told = _told(policy, e, customer)
    ref = _ref(told.firm, told.id)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: matters.linked(before[ref], told, name, policy, now, by_hand=by_hand)}

    body = {"customer": customer, "name": name}
    settle(world, [ref], decide, fact="SubCustomerLinked", body=body, policy=policy.version, finish=[finish])
    wake(world, e.lane, f"customer/{told.client}")


def find(world: World, reach: Reach, policy: Policy, e: Effect, finish: Finish) -> bool:
    """Whether a lost answer's sub-customer is there, by its names and our marker; settled then."""
    if e.body.get("customer"):
        return renaming.find(world, reach, policy, e, finish)
    found = reach.quickbooks(lambda q, a: q.customers_named(a, _looked_up(e)))
    there = next((c for c in found if c.active and c.note == _note(policy, e)), None)
    if there:
        link(world, policy, e, there.id, there.name, finish)
    return there is not None
