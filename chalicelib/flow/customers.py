"""Clients become QuickBooks customers: looked up by name first, linked, written, or shown to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import contact, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.readings import CustomerReading
from chalicelib.domain.wanted import WantedCustomer
from chalicelib.errors import Conflict
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared, done, park, renew
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

WOKEN_AT_MOST = 500


def _contact_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.CONTACT, str(effect.body["contact"]))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    held = {h.ref: h for h in world.store.load_many([_contact_ref(e) for e in batch])}
    open_: list[tuple[Effect, Contact]] = []
    for e in batch:
        state: Contact = states.decode(Kind.CONTACT, held[_contact_ref(e)].body)
        if renew(world, policy, e, state):
            out.settled += 1
        elif state.customer or state.revision != int(e.body["revision"]):
            done(world, e)
            out.settled += 1
        else:
            open_.append((e, state))
    names = [contact.name_for(c) for _, c in open_ if not c.choice.startswith("link:")]
    askable = [n for n in dict.fromkeys(names) if not any(x in n for x in contact.FORBIDDEN)]
    found = reach.quickbooks(lambda q, a: q.customers_named(a, askable)) if askable else []
    free = [n for n in askable if not any(f.name == n for f in found)]
    taken = reach.quickbooks(lambda q, a: q.names_taken(a, free)) if free else {}
    claimed: set[str] = set()
    for e, state in open_:
        name = contact.name_for(state)
        same = [f for f in found if f.name.removesuffix(" (deleted)") == name]
        mine = next((f for f in same if f.note == _note(state)), None)
        match_ = contact.match(state, same, taken.get(name, ""))
        if mine is not None:
            match_ = contact.Match("link", customer=mine.id, name=name)
        if match_.do == "create" and name in claimed:
            match_ = contact.match(state, [_twin(name)], "")
        out.settled += _customer_step(world, policy, e, state, match_, out)
        claimed.add(name)
    return out


def _twin(name: str) -> CustomerReading:
    """Another client of the same name is being created at this moment: this one waits for a person."""
    return CustomerReading("", "", name, "another client of this firm", active=True)


def _customer_step(
    world: World, policy: Policy, e: Effect, state: Contact, match_: contact.Match, out: Prepared
) -> int:
    if match_.do == "link":
        try:
            link(world, policy, e, match_.customer, Finish(e.key), match_.name)
        except Conflict:
            park(
                world,
                e,
                "This QuickBooks customer is already linked to another client.",
                "Create another customer with a suffix, or correct the name in Clio.",
                choices=(("suffix", "Create with a suffix"),),
            )
        return 1
    if match_.do == "park":
        choices = [c for c in match_.choices if c[0] != "link:"]
        park(world, e, match_.reason, match_.remedy, choices=choices)
        return 1
    out.write.append((e, WantedCustomer(match_.name, state.email, _note(state), state.company)))
    return 0


def _note(state: Contact) -> str:
    return posting.marker(state.firm, "client", state.id)


def link(world: World, policy: Policy, effect: Effect, id: str, finish: Finish, name: str | None = None) -> None:
    ref = _contact_ref(effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        state: Contact = before[ref]
        written, generation = name or contact.name_for(state), policy.firm.generation
        fact = contact.CustomerLinked(id, policy.lanes.book, written, generation)
        return {ref: contact.decide(state, fact, policy, now)}

    done_ = settle(world, [ref], decide, fact="CustomerLinked", body={"id": id}, policy=policy.version, finish=[finish])
    state: Contact = done_.states[ref]
    if state.choice or state.revision > 1:  # a person waits for it: what it held up goes on at once
        _wake(world, effect.lane, f"customer/{state.id}")


def _wake(world: World, lane: str, link_: str) -> None:
    now = world.now()
    for waiting in world.store.lane_owed(lane, limit=WOKEN_AT_MOST):
        if link_ in waiting.after and waiting.due_at > now and not waiting.call:
            world.store.postpone(waiting.key, now, tries=0)


def find(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    """Whether a lost answer's customer is there, by the name it was sent with; settled then."""
    state: Contact = states.decode(Kind.CONTACT, world.store.load(_contact_ref(effect)).body)
    if state.customer:
        return False
    name = contact.name_for(replace(state, name=str(effect.body["name"])))
    found = reach.quickbooks(lambda q, a: q.customers_named(a, [name]))
    mine = next((f for f in found if f.note == _note(state)), None)
    if mine:
        link(world, policy, effect, mine.id, finish, name)
    return mine is not None
