"""A matter's sub-customer in QuickBooks, where the firm wishes one: its name, its link, and what becomes of it. Pure.

A display name is used once among customers, vendors and employees (reference/quickbooks.md 4.1), so it is the matter's
number, and where that is taken, the number with Clio's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import effects, profile
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Guard, Neighbour
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import CustomerReading


@dataclass(frozen=True, slots=True)
class Matter:
    """``id``: client and matter, since a matter that goes to another client gets a sub-customer of that one.
    ``customer``: QuickBooks' id, empty while there is none. ``revision`` counts how often one was asked for."""

    firm: str
    id: str
    client: str
    matter: str
    name: str
    customer: str = ""
    revision: int = 1
    generation: int = 1


def id_of(client: str, matter: str) -> str:
    return f"{client}.{matter}"


def of_bill(p: Payable) -> str:
    """The one matter that a bill stands for; empty where it has several, or where Clio did not tell them."""
    return p.matter_ids[0] if len(p.matter_ids) == 1 and p.matters and p.matters[0].strip() else ""


def wanted(p: Payable, policy: Policy) -> str:
    """The matter whose sub-customer the bill's invoice belongs to; empty: the client's own customer. The setting
    holds for new invoices: one that is there stays where it is."""
    by_matter = bool(p.booked.matter) if p.booked else policy.firm.invoicing.sub_customers
    return of_bill(p) if by_matter else ""


def names(matter: str, name: str) -> tuple[str, str]:
    """The name it gets, and the one for when that is taken; both as QuickBooks allows them."""
    plain = profile.clean(name)[: profile.NAME_AT_MOST - len(matter) - 10]
    return plain, f"{plain} (Clio {matter})"


def step(p: Payable, state: Matter | None, policy: Policy, now: datetime) -> Effect:
    """The sub-customer that is owed, its client's customer before it."""
    matter, revision = of_bill(p), state.revision if state else 1
    lane, generation = policy.lanes.of(Neighbour.QUICKBOOKS), policy.firm.generation
    return effects.sub_customer(p.firm, lane, p.client_id, matter, p.matters[0], f"{generation}.{revision}", now)


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do about a sub-customer: ``link`` one that is there, ``create`` it under ``name``, or ``park``."""

    do: str
    customer: str = ""
    name: str = ""


def choose(
    wishes: tuple[str, str], note: str, parent: str, found: Sequence[CustomerReading], taken: Mapping[str, str]
) -> Choice:
    """One with our marker is ours, after an answer that was lost. One of the same name below this client's customer is
    the same matter's: Clio's matter numbers are used once. Anything else holds only the name."""
    active = [c for c in found if c.active and c.parent == parent]
    mine = next((c for c in active if c.note == note), None)
    same = next((c for c in active if c.name.casefold() == wishes[0].casefold()), None)
    if there := mine or same:
        return Choice("link", customer=there.id)
    used = {c.name.casefold() for c in found} | {n.casefold() for n in taken}
    free = next((n for n in wishes if n.casefold() not in used), "")
    return Choice("create", name=free) if free else Choice("park")


def guard_of(book: str, customer: str) -> str:
    return f"quickbooks/{book}/subcustomer/{customer}"


def linked(state: Matter | None, told: Matter, book: str) -> Decision[Matter]:
    """QuickBooks has the sub-customer: it is this matter's alone."""
    new = replace(told, revision=state.revision if state else 1)
    return Decision(new, guards=(Guard(guard_of(book, told.customer), f"{told.firm}/{told.id}"),))


def let_go(state: Matter, policy: Policy, *, customer: str) -> Decision[Matter]:
    """A person wants another one instead of ``customer``, which cannot be used any more."""
    if state.customer != customer:
        return Decision(state)
    guard = Guard(guard_of(policy.lanes.book, customer), f"{state.firm}/{state.id}", release=True)
    return Decision(replace(state, customer="", revision=state.revision + 1), guards=(guard,))


def afresh(state: Matter, policy: Policy) -> Decision[Matter]:
    """The link belongs to an earlier generation."""
    return Decision(replace(state, customer="", generation=policy.firm.generation))
