"""A matter's sub-customer that people made inactive, merged or moved in QuickBooks: pointed at by what changed there,
read by id, shown to a person once, and decided about (docs/decisions/0022). Nothing is written here, only owed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import matters
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Neighbour, Ref, Status
from chalicelib.domain.linking import customer_guard
from chalicelib.domain.matters import Matter
from chalicelib.domain.profile import NAME_AT_MOST
from chalicelib.domain.readings import CustomerReading
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import states
from chalicelib.flow.budget import Floor
from chalicelib.flow.holders import holders
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import current, wake
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

AGAIN = timedelta(seconds=2)
TAKEN = "Another matter or client is linked to this one already. Each has its own."


def ref_of(firm: str, id: str) -> Ref:
    return Ref(firm, Kind.MATTER, id)


def _owns(world: World, policy: Policy, held: Sequence[Matter]) -> dict[str, str]:
    """The clients' customers in QuickBooks by client, in this generation of links; empty where there is none."""
    refs = [Ref(policy.firm.id, Kind.CONTACT, m.client) for m in held]
    found: list[Contact] = [
        states.decode(Kind.CONTACT, h.body) for h in world.store.load_many(list(dict.fromkeys(refs)))
    ]
    return {c.id: c.customer for c in found if c and c.generation == policy.firm.generation}


def notice(world: World, policy: Policy, rows: Sequence[tuple[str, str, CustomerReading | None]]) -> None:
    """Owes a look at each of these sub-customers that a page shows otherwise than we know it; our own echoes are
    nothing. ``rows``: the matter that is linked to it, its id, and what the page shows (None: deleted)."""
    if not rows:
        return
    held = world.store.load_many([ref_of(policy.firm.id, matter) for matter, _, _ in rows])
    found: list[Matter] = [states.decode(Kind.MATTER, h.body) for h in held]
    owns, now = _owns(world, policy, found), world.now()
    for state, (_, id, there) in zip(found, rows, strict=True):
        if matters.seen(state, id, there, owns.get(state.client, ""), now).state != state:
            lane = policy.lanes.of(Neighbour.QUICKBOOKS)
            world.store.arrive(matters.look(policy.firm.id, lane, id, now))


def look(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> None:
    """Looks at the sub-customers that matters are linked to, all with one query; the others are let be."""
    by_id = {str(e.body["customer"]): e for e in looks}
    named = holders(world, policy, matters.SUB_CUSTOMER, list(by_id))
    refs = {id: ref_of(policy.firm.id, of) for id, of in named.items()}
    held = {h.ref: h for h in world.store.load_many(list(refs.values()))} if refs else {}
    known: dict[Ref, Matter] = {ref: states.decode(Kind.MATTER, h.body) for ref, h in held.items()}
    owns = _owns(world, policy, list(known.values())) if known else {}
    ids = list(refs)
    shown = {c.id: c for c in reach.quickbooks(lambda q, a: q.customers_by_id(a, ids))} if ids else {}
    for id, e in by_id.items():
        finish = [Finish(e.key, arrivals=e.arrivals)]
        ref = refs.get(id)
        if ref is None:
            settle(world, [], lambda _s, _n: {}, fact="NotLinked", finish=finish)
            continue
        try:
            see(world, policy, known[ref], id, shown.get(id), owns.get(known[ref].client, ""), finish, held[ref])
        except Conflict:  # it moved meanwhile, or a pointer came: looked at again
            world.store.postpone(e.key, world.now() + AGAIN, cause="It moved meanwhile.", tries=e.tries + 1)


def see(
    world: World,
    policy: Policy,
    state: Matter,
    customer: str,
    there: CustomerReading | None,
    own: str,
    finish: Sequence[Finish] = (),
    held: Held | None = None,
) -> Matter:
    """QuickBooks shows the sub-customer so. Gives the matter's state after; what waits for one that is set back goes on
    at once. ``held``: as loaded before the look; then Conflict means that it moved since."""
    ref = ref_of(state.firm, state.id)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: matters.seen(before[ref], customer, there, own, now)}

    told = settle(
        world,
        [ref],
        decide,
        fact="SubCustomerSeen",
        body={"customer": customer},
        policy=policy.version,
        finish=finish,
        held=None if held is None else {ref: held},
    )
    new: Matter = told.states[ref]
    if there is not None and not new.lost:
        _name_again(world, policy, new, there)
    if state.lost and not new.lost:
        wake(world, policy.lanes.of(Neighbour.QUICKBOOKS), f"customer/{new.client}")
    return new


def _name_again(world: World, policy: Policy, state: Matter, there: CustomerReading) -> None:
    """It could not be renamed while it was inactive or elsewhere, and is back."""
    if matters.behind(state, there.name):
        owed = matters.rename(state, policy, world.now())
        before = world.store.effect(owed.key)
        if before is None or before.status is Status.DONE:
            world.store.arrive(owed)


# --- what a person says -----------------------------------------------------------------------------------------------


def decide(world: World, task: Effect, choice: str, to: str, by: str) -> None:
    """``anew``: another one is made. ``link``: it is the one named ``to``. ``accept``: the matter goes without. Raises
    Refused with what does not fit."""
    policy = policy_of(world, task.firm)
    ref, customer = ref_of(task.firm, str(task.body["id"])), str(task.body["customer"])
    state: Matter = current(world, policy, [ref])[ref]
    there = _named(world, policy, state, to) if choice == "link" else None

    def decided(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        if there is not None:
            return {ref: matters.relinked(before[ref], policy, customer=customer, there=there)}
        if choice == "accept":
            return {ref: matters.left_without(before[ref], customer=customer)}
        return {ref: matters.let_go(before[ref], policy, now, customer=customer)}

    body = {"choice": choice, "customer": there.id if there else ""}
    try:
        settle(world, [ref], decided, fact="SubCustomerDecided", body=body, policy=policy.version, by=by)
    except Conflict as taken:
        if choice == "link":
            raise Refused(TAKEN) from taken
        raise
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    wake(world, lane, f"customer/{state.client}")
    world.queue.hint([lane])


def _named(world: World, policy: Policy, state: Matter, to: str) -> CustomerReading:
    """The one below the client's customer that has exactly this name, and that nobody else is linked to."""
    name = to.strip()
    if not 0 < len(name) <= NAME_AT_MOST:
        raise Refused("Give the sub-customer's name as QuickBooks shows it.")
    own = _owns(world, policy, [state]).get(state.client, "")
    if not own:
        raise Refused("Its client has no customer in QuickBooks at present: link one on the client's page first.")
    reach = Reach(world, policy.firm.id, policy.lanes, Floor.PERSON)
    found = reach.quickbooks(lambda q, a: q.customers_named(a, [name]))
    there = next((c for c in found if c.active), None)
    if there is None:
        told = f"“{name}” is inactive" if found else f"There is no customer “{name}”"
        raise Refused(f"{told} in QuickBooks. Give the name exactly as QuickBooks shows it.")
    if there.parent != own:
        raise Refused(f"“{name}” is not below its client's customer in QuickBooks. Move it there, or choose another.")
    book = policy.lanes.book
    taken = world.store.holders([matters.guard_of(book, there.id), customer_guard(book, there.id)])
    if set(taken.values()) - {f"{state.firm}/{state.id}"}:
        raise Refused(TAKEN)
    return there
