"""The steps toward QuickBooks by their kinds: what each writes, what becomes of its answer, how it is looked up."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain import paylinks
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish
from chalicelib.domain.readings import Wrote
from chalicelib.flow import (
    credits,
    customers,
    invoice_links,
    invoices,
    journals,
    payments,
    relinking,
    subcustomers,
)
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Lately, Prepared
from chalicelib.flow.reach import Reach


def prepare(world: World, reach: Reach, policy: Policy, kind: str, batch: Sequence[Effect]) -> Prepared:
    """What is to be written for these effects, after looking up what is there."""
    match kind:
        case Do.CUSTOMER:
            return customers.prepare(world, reach, policy, batch)
        case Do.SUB_CUSTOMER:
            return subcustomers.prepare(world, reach, policy, batch)
        case Do.INVOICE:
            return invoices.prepare(world, reach, policy, batch)
        case Do.HOLDER:
            return journals.prepare_holders(world, reach, policy, batch)
        case Do.JOURNAL:
            return journals.prepare(world, reach, policy, batch)
        case Do.CREDIT:
            return credits.prepare(world, reach, policy, batch)
        case _:
            return payments.prepare(world, reach, policy, batch)


def take(world: World, policy: Policy, effect: Effect, answer: Wrote, finish: Finish) -> None:
    """QuickBooks wrote it: in one commit its aggregate hears of it and the effect is done, while it is in this call."""
    match effect.kind:
        case Do.CUSTOMER:
            customers.take(world, policy, effect, answer, finish)
        case Do.SUB_CUSTOMER:
            subcustomers.take(world, policy, effect, answer, finish)
        case Do.INVOICE if effect.body.get(paylinks.RELINKED):
            relinking.take(world, policy, effect, answer, finish)
        case Do.INVOICE:
            of, number = answer.of_customer, answer.number
            invoice_links.link(world, policy, effect, answer.id, answer.total, of, finish, number)
        case Do.HOLDER:
            journals.link_holder(world, policy, effect, answer.id, finish)
        case Do.JOURNAL:
            journals.link(world, policy, effect, answer.id, finish, lines=answer.lines)
        case Do.CREDIT:
            credits.take(world, policy, effect, answer, finish)
        case _:
            payments.take(world, policy, effect, answer, finish)


def look_up(
    world: World,
    reach: Reach,
    policy: Policy,
    effect: Effect,
    finish: Finish,
    lately: Lately,
) -> bool:
    """Looks a member up by name, number, or customer and date. Gives whether it is there, and settles it then.
    ``lately``: what changed since it was first sent, by kind."""
    match effect.kind:
        case Do.CUSTOMER:
            return customers.find(world, reach, policy, effect, finish)
        case Do.SUB_CUSTOMER:
            return subcustomers.find(world, reach, policy, effect, finish)
        case Do.INVOICE:
            return invoices.find(world, reach, policy, effect, finish, lately)
        case Do.HOLDER:
            return journals.find_holder(world, reach, policy, effect, finish)
        case Do.JOURNAL:
            return journals.find(world, reach, policy, effect, finish)
        case Do.CREDIT:
            return credits.find(world, policy, effect, finish, lately)
        case _:
            return payments.find(world, reach, policy, effect, finish)
