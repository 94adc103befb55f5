"""A matter gets another number in Clio, and its sub-customer another name in QuickBooks (docs/decisions/0017).
Webhooks, bills that are read anyway and a daily list of matters that changed only point; the matter is then read, and
the name is written under a stored call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import effects, matters
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Json, Kind, Neighbour, Ref
from chalicelib.domain.matters import Matter
from chalicelib.domain.news import MatterReading
from chalicelib.domain.profile import Change
from chalicelib.domain.readings import Broken, CustomerReading, Page, Wrote
from chalicelib.domain.wanted import ChangedCustomer
from chalicelib.errors import Conflict, Declined
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import NAME_TAKEN, Prepared, done, park
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

DAILY = timedelta(days=1)
MATTERS_AT_ONCE = 200  # reference/clio.md 2.2
REFUSED = "QuickBooks says that the name is used: the other one is tried."
REMEDY = "Rename or reactivate one of them in QuickBooks, then press Retry."
BY_HAND = "Rename one of them in QuickBooks, or give the sub-customer a name of your own there; then press Retry."


def ref_of(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.MATTER, matters.id_of(str(effect.body["client"]), str(effect.body["matter"])))


# --- Clio -------------------------------------------------------------------------------------------------------------


def point(world: World, firm: str, lane: str, id: str) -> bool:
    """News of a matter, as ``<client>.<matter>``: it is read where it has a sub-customer. Gives whether it has."""
    state: Matter | None = states.decode(Kind.MATTER, world.store.load(Ref(firm, Kind.MATTER, id)).body)
    if state is None or not state.customer:
        return False
    world.store.arrive(effects.look_matter(firm, lane, state.client, state.matter, world.now()))
    return True


def hear(world: World, policy: Policy, client: str, told: Iterable[tuple[str, str]]) -> None:
    """A bill of the client shows the numbers of its matters, as (id, number): one that is another than we know is a
    pointer, since the bill may have been read before the matter was."""
    _hear(world, policy, [MatterReading(id, client, number) for id, number in told])


def rests(policy: Policy, cursor: Json | None, now: datetime, *, asked: bool) -> bool:
    """Whether what changed of matters is not asked for now: for a day after the last time, unless a person ``asked``;
    never where no matter has a sub-customer."""
    if not policy.firm.sub_customers_used:
        return True
    read = cursor is not None and not cursor.get("next") and datetime.fromisoformat(cursor["since"]) > now - DAILY
    return read and not asked


def changed(reach: Reach, since: datetime | None, next_: str | None) -> Page[MatterReading]:
    """A page of matters that changed in Clio; none where we are not let read them: then bills alone tell."""
    try:
        return reach.clio(lambda c, a: c.matters.changed(a, updated_since=since, next=next_))
    except Declined as no:
        if no.status != 403:
            raise
        return Page(())


def take_page(world: World, policy: Policy, items: Iterable[MatterReading | Broken]) -> bool:
    """A page of matters that changed. Gives whether any of them is to be looked at."""
    return _hear(world, policy, [i for i in items if not isinstance(i, Broken)])


def _hear(world: World, policy: Policy, told: Iterable[MatterReading]) -> bool:
    firm, lane, pointed = policy.firm.id, policy.lanes.of(Neighbour.CLIO), False
    shown = [m for m in told if m.number.strip()]
    numbers = {Ref(firm, Kind.MATTER, matters.id_of(m.client_id, m.id)): m.number for m in shown}
    for held in world.store.load_many(list(numbers)):
        state: Matter | None = states.decode(Kind.MATTER, held.body)
        number = numbers[held.ref]
        if state is not None and state.customer and state.name != number:
            world.store.arrive(effects.look_matter(firm, lane, state.client, state.matter, world.now(), number))
            pointed = True
    return pointed


def look(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> list[tuple[Effect, Exception | None]]:
    """Reads the numbers of up to 200 matters with one call. One that Clio does not show, or does not let us read, has
    the number that a bill told. Gives each look with what went wrong; Conflict where its matter moved meanwhile."""
    asked: dict[Ref, list[Effect]] = {}
    for e in looks:
        asked.setdefault(ref_of(e), []).append(e)
    held = {h.ref: h for h in world.store.load_many(list(asked))}
    ids = list(dict.fromkeys(str(e.body["matter"]) for e in looks))
    try:
        shown = reach.clio(lambda c, a: c.matters.numbers(a, ids))
    except Declined as no:
        if no.status != 403:
            return [(e, no) for e in looks]
        shown = {}
    outcomes: list[tuple[Effect, Exception | None]] = []
    for ref, mine in asked.items():
        told = next((str(e.body["told"]) for e in mine if e.body.get("told")), "")
        number = shown.get(str(mine[0].body["matter"])) or told
        problem: Conflict | None = None
        try:
            _see(world, policy, held[ref], number, [Finish(e.key, arrivals=e.arrivals) for e in mine])
        except Conflict as moved:
            problem = moved
        outcomes += [(e, problem) for e in mine]
    return outcomes


def _see(world: World, policy: Policy, held: Held, number: str, finish: Sequence[Finish]) -> None:
    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any] | None]:
        state = before[held.ref]
        return {held.ref: matters.numbered(state, number, policy, now) if state and number else None}

    settle(
        world,
        [held.ref],
        decide,
        fact="MatterSeen",
        body={"number": number},
        policy=policy.version,
        finish=finish,
        held={held.ref: held},
    )


# --- the step that writes the name ------------------------------------------------------------------------------------


def due(
    world: World,
    reach: Reach,
    policy: Policy,
    steps: Sequence[Effect],
    held: Mapping[Ref, Any],
    out: Prepared,
) -> list[tuple[Effect, CustomerReading]]:
    """Those whose sub-customer still has an earlier name of ours, with what QuickBooks shows now; one reading for all.
    A person's name stands, and what is inactive or below another customer is left to the next invoice that needs it."""
    mine = {e.key: state for e in steps if (state := held.get(ref_of(e))) and _wanted(state, e)}
    ids = sorted({state.customer for state in mine.values()})
    shown = {c.id: c for c in reach.quickbooks(lambda q, a: q.customers_by_id(a, ids))} if ids else {}
    found = []
    for e in steps:
        state = mine.get(e.key)
        there = shown.get(state.customer) if state else None
        contact: Contact | None = held.get(Ref(e.firm, Kind.CONTACT, str(e.body["client"])))
        ours = there is not None and there.active and contact is not None and there.parent == contact.customer
        if state is not None and there is not None and ours and matters.behind(state, there.name):
            found.append((e, there))
            continue
        if state is None or there is None or not _settled(world, policy, e, there, [Finish(e.key)]):
            done(world, e)
        out.settled += 1
    return found


def _wanted(state: Matter, e: Effect) -> bool:
    """Whether the step of this rename still is the last one."""
    return (state.customer, state.renames) == (e.body["customer"], e.body["rename"])


def write(
    world: World,
    e: Effect,
    there: CustomerReading,
    found: Sequence[CustomerReading],
    taken: dict[str, str],
    promised: Set[str],
    out: Prepared,
) -> None:
    """What to write, or a person is told that both names are used. ``taken`` learns of the name. ``promised``: names
    that a first sync's list keeps for another."""
    wishes = names_of(e)
    if name := matters.free(wishes, found, {**not_again(e, taken), **dict.fromkeys(promised, "")}, own=there.id):
        taken[name] = "customer"
        out.write.append((e, ChangedCustomer(there.id, there.sync_token, (Change("name", name),))))
        return
    reason = f"The names “{wishes[0]}” and “{wishes[1]}” are both used in QuickBooks."
    park(world, e, f"{reason} The sub-customer is still “{there.name}”.", BY_HAND)
    out.settled += 1


def take(world: World, policy: Policy, e: Effect, answer: Wrote, finish: Finish) -> None:
    """QuickBooks wrote it: the answer is its reading."""
    name = answer.customer.name if answer.customer else names_of(e)[0]
    _name(world, policy, e, name, [finish])


def find(world: World, reach: Reach, policy: Policy, e: Effect, finish: Finish) -> bool:
    """Whether a lost answer's name is there; settled then."""
    found = reach.quickbooks(lambda q, a: q.customers_by_id(a, [str(e.body["customer"])]))
    return bool(found) and _settled(world, policy, e, found[0], [finish])


def _settled(world: World, policy: Policy, e: Effect, there: CustomerReading, finish: Sequence[Finish]) -> bool:
    """Whether it has a name that this step wished for: then that is ours."""
    if there.name.casefold() not in {n.casefold() for n in names_of(e)}:
        return False
    _name(world, policy, e, there.name, finish)
    return True


def _name(world: World, policy: Policy, e: Effect, name: str, finish: Sequence[Finish]) -> None:
    ref = ref_of(e)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: matters.named(before[ref], str(e.body["customer"]), int(e.body["rename"]), name)}

    settle(world, [ref], decide, fact="SubCustomerNamed", body={"name": name}, policy=policy.version, finish=finish)


# --- names that are used ----------------------------------------------------------------------------------------------


def names_of(e: Effect) -> tuple[str, str]:
    return matters.names(str(e.body["matter"]), str(e.body["name"]))


def not_again(e: Effect, taken: Mapping[str, str]) -> Mapping[str, str]:
    """What is taken, with the name that QuickBooks refused this step though it showed nobody who has it."""
    return {**taken, names_of(e)[0]: "refused"} if e.cause == REFUSED else taken


def refused(world: World, e: Effect, code: str) -> bool:
    """Whether QuickBooks refused a sub-customer's name: the other one is tried, and then a person is told."""
    if e.kind != effects.Do.SUB_CUSTOMER or code != NAME_TAKEN:
        return False
    if e.cause != REFUSED:
        world.store.postpone(e.key, world.now(), cause=REFUSED, tries=e.tries + 1)
        return True
    names = names_of(e)
    reason = f"QuickBooks says that the names “{names[0]}” and “{names[1]}” are both used."
    park(world, e, reason, BY_HAND if e.body.get("customer") else REMEDY)
    return True
