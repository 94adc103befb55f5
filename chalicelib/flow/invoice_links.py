"""An invoice of QuickBooks stands for a payable: what it shows is settled with the step that asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import billing
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Ref
from chalicelib.domain.payable import Payable
from chalicelib.flow import states, subcustomers
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle


def ref_of(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.PAYABLE, str(effect.body["payable"]))


def link(world: World, policy: Policy, effect: Effect, id: str, total: int, customer: str, finish: Finish) -> None:
    """QuickBooks shows this payable's invoice as the effect's revision wanted it, as ``customer``'s."""
    ref, revision = ref_of(effect), int(effect.body["revision"])
    held = world.store.load(ref)
    state: Payable = states.decode(Kind.PAYABLE, held.body)
    voided = state.gone and state.revision == revision and state.booked is not None
    fact = billing.InvoiceBooked(
        id,
        policy.lanes.book,
        revision,
        total,
        voided=voided,
        generation=policy.firm.generation,
        customer=customer,
        matter=subcustomers.matter_of(world, policy, state, customer),
    )
    settle_booked(world, policy, effect, fact, finish, held)


def settle_booked(
    world: World,
    policy: Policy,
    effect: Effect,
    fact: billing.InvoiceBooked,
    finish: Finish | None = None,
    held: Held | None = None,
) -> None:
    ref = ref_of(effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: billing.booked(before[ref], fact, now)}

    done_ = [finish] if finish else []
    first = {ref: held} if held else None
    settle(world, [ref], decide, fact="InvoiceBooked", body=fact, policy=policy.version, finish=done_, first=first)
