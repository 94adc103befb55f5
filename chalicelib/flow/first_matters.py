"""The sub-customers that a first sync's invoices bring with them: which are made and under which name, which are there.

A name is used once over customers, vendors and employees (reference/quickbooks.md 4.1). So the list promises each name
to one client or matter, clients first, and the run keeps to that in whatever order it comes to them.

Records ``plan/<firm>/<generation>/names/<turn>``: by the digest of a name, the client or matter that it is to be;
``…/matters/<turn>``: by client and matter, the first bill and what becomes of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from chalicelib.domain import matters, posting
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.matters import Matter
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import CustomerReading
from chalicelib.errors import Conflict
from chalicelib.flow.first_plan import Plan, load, pk_of
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import current
from chalicelib.flow.reach import Reach


@dataclass(frozen=True, slots=True)
class Sub:
    """Of a bill's matter: the name of the sub-customer that is ``made``, of the one that is ``there`` and gets linked,
    or what the bill ``waits`` for."""

    made: str = ""
    there: str = ""
    waits: str = ""


def of_bills(
    world: World, reach: Reach, policy: Policy, plan: Plan, bills: Sequence[Payable], customers: Mapping[str, str]
) -> dict[str, Sub]:
    """By bill; what is made or linked stands with the first bill of its matter. QuickBooks is asked as in the run
    (flow/subcustomers.py), once for all that are listed for the first time. ``customers``: by client."""
    wanted = {p.id: matters.id_of(p.client_id, m) for p in bills if (m := matters.wanted(p, policy))}
    pk = f"{pk_of(policy)}/matters/{plan.turn}"
    kept = {id: found[1] for id in set(wanted.values()) if (found := world.store.record(pk, id))}
    new: dict[str, Payable] = {}
    for p in bills:
        if p.id in wanted and wanted[p.id] not in kept:
            new.setdefault(wanted[p.id], p)
    for id, (p, sub) in _decided(world, reach, policy, plan, new, customers).items():
        kept[id] = {"bill": p.id, **msgspec.to_builtins(sub)}
        world.store.put_record(pk, id, kept[id])
    told = {}
    for bill, id in wanted.items():
        sub = msgspec.convert(kept[id], Sub)
        told[bill] = sub if kept[id]["bill"] == bill else Sub(waits=sub.waits)
    return told


def _decided(
    world: World,
    reach: Reach,
    policy: Policy,
    plan: Plan,
    new: Mapping[str, Payable],
    customers: Mapping[str, str],
) -> dict[str, tuple[Payable, Sub]]:
    wishes = {id: matters.names(p.matter_ids[0], p.matters[0]) for id, p in new.items()}
    asked = list(dict.fromkeys(name for names in wishes.values() for name in names))
    refs = [Ref(policy.firm.id, Kind.MATTER, id) for id in new] if policy.firm.generation > 1 else []
    before = stood(reach, list(current(world, policy, refs).values()) if refs else [])
    found = reach.quickbooks(lambda q, a: q.customers_named(a, asked)) if asked else []
    taken = reach.quickbooks(lambda q, a: q.names_taken(a, asked)) if asked else {}
    decided = {}
    for id, p in new.items():
        names, mark = wishes[id], posting.marker(p.firm, "matter", id)
        same = [c for c in found if c.name.casefold() in {n.casefold() for n in names}]
        same += before.get(id, ())
        others = _promised(world, policy, plan, names, id)
        choice = matters.choose(names, mark, customers.get(p.client_id, ""), same, taken, others)
        promise(world, policy, plan, choice.name, id)
        match choice.do:
            case "create":
                sub = Sub(made=choice.name)
            case "link":
                sub = Sub(there=choice.name)
            case _:
                sub = Sub(waits=f"It waits for its matter: “{names[0]}” and “{names[1]}” are both used in QuickBooks")
        decided[id] = (p, sub)
    return decided


def stood(reach: Reach, held: Sequence[Matter]) -> dict[str, tuple[CustomerReading]]:
    """By matter, the sub-customer that was its own in an earlier generation of links, whatever people call it since;
    whether it is that still, its marker says (domain/matters.py)."""
    ids = {m.stood: m.id for m in held if m.stood}
    found = reach.quickbooks(lambda q, a: q.customers_by_id(a, sorted(ids))) if ids else []
    return {ids[c.id]: (c,) for c in found}


# --- names that are promised ------------------------------------------------------------------------------------------


def promise(world: World, policy: Policy, plan: Plan, name: str, to: str) -> None:
    """The name is to be this client's or matter's, unless it is promised already; an empty one is nobody's."""
    if name:
        try:
            world.store.put_record(_names(policy, plan), _digest(name), {"to": to}, expected=0)
        except Conflict:
            return


def _promised(world: World, policy: Policy, plan: Plan, names: Iterable[str], own: str) -> set[str]:
    """Those of the names, casefolded, that are promised to another."""
    found = {n.casefold(): world.store.record(_names(policy, plan), _digest(n)) for n in names}
    return {name for name, kept in found.items() if kept and kept[1]["to"] != own}


def kept_from(world: World, policy: Policy, wishes: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """For the run: by matter, the names among its ``wishes`` that the list promised to another."""
    found = load(world, policy) if wishes else None
    return {id: _promised(world, policy, found[1], names, id) if found else set() for id, names in wishes.items()}


def _names(policy: Policy, plan: Plan) -> str:
    return f"{pk_of(policy)}/names/{plan.turn}"


def _digest(name: str) -> str:
    """Names may be longer than a key."""
    return hashlib.sha256(name.casefold().encode()).hexdigest()
