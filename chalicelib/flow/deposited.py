"""A payment that QuickBooks does not give up because it is on a deposit (6540): what a person may choose, and leaving
it there. Nothing is added in its place unasked (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import pairing as rules
from chalicelib.domain import posting, receipts
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment
from chalicelib.flow import leaving, pairing, states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import park, wake
from chalicelib.flow.settle import settle

DEPOSITED = "6540"
LEAVE = "leave"
ASKED = "A payment on a deposit stays on this invoice in QuickBooks, and Clio shows another that is not entered yet."


def refused(world: World, effect: Effect, code: str, detail: str) -> bool:
    """Whether it is about a deposited payment: shown with its choices then."""
    if effect.kind != Do.POSTING or code != DEPOSITED:
        return False
    ref = Ref(effect.firm, Kind.PAYMENT, str(effect.body["payment"]))
    state: Payment = states.decode(Kind.PAYMENT, world.store.load(ref).body)
    amount = show(state.posted.cents if state.posted else state.total, state.currency)
    what = "was changed" if posting.should_stand(state) else "was removed"
    park(
        world,
        effect,
        f"The payment of {amount} {what} in Clio. In QuickBooks it is on a deposit, which does not let it go.",
        "Take it off the deposit in QuickBooks and press Retry: it is voided there, and what Clio shows instead is "
        f"entered. Or leave it: {amount} stays in QuickBooks on its invoice, the comparison names it as a difference, "
        "and a payment that Clio shows instead is entered only when you have said that it is another one.",
        detail=f"{code}: {detail}",
        choices=((LEAVE, f"Leave the {amount} in QuickBooks"),),
    )
    return True


def leave(world: World, policy: Policy, e: Effect, state: Payment, standing: Sequence[BookedPayment]) -> None:
    """It stays, and is ours no longer. Where Clio shows another payment on its invoice that is not entered yet, a
    person says what each is; else it is kept as something else, which the comparison names."""
    asked = []
    for p, left in _on(world, policy, standing):
        others = [x for x in pairing.payments_of(world, policy, [p]) if x.id != state.id]
        stays = posting.should_stand(state) and any(i.payable == p.id for i in state.items)
        if stays or rules.ours_on(p, others, {}):
            asked.append(p)
            _tell(world, policy, p, lambda before, now: rules.asked_again(before, now, ASKED))
        else:
            _tell(world, policy, p, lambda before, _now, left=left: rules.left_there(before, left))
    ref = Ref(state.firm, Kind.PAYMENT, state.id)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: rules.let_be(before[ref], policy, now)}

    body = {"payments": [x.id for x in standing]}
    settle(world, [ref], decide, fact="LeftOnDeposit", body=body, policy=policy.version, finish=[Finish(e.key)])
    for p in asked:
        pairing.read(world, p.firm, p.id)
    for p, _ in _on(world, policy, standing):
        wake(world, e.lane, f"invoice/{p.id}")


def _on(
    world: World, policy: Policy, standing: Sequence[BookedPayment]
) -> list[tuple[Payable, tuple[tuple[str, int], ...]]]:
    """The bills on whose invoices these stand, each with (payment, cents)."""
    found: dict[str, dict[str, int]] = {}
    guards = {id: receipts.link_key(policy.lanes.book, "invoice", id) for x in standing for id, _ in x.lines}
    holders = world.store.holders(list(guards.values()))
    for x in standing:
        for invoice, cents in x.lines:
            if holder := holders.get(guards[invoice]):
                on_it = found.setdefault(holder.removeprefix(f"{policy.firm.id}/"), {})
                on_it[x.id] = on_it.get(x.id, 0) + cents
    bills = leaving.payables(world, policy, list(found))
    return [(p, tuple(found[id].items())) for id, p in bills.items()]


def _tell(world: World, policy: Policy, p: Payable, rule: Any) -> None:
    ref = Ref(p.firm, Kind.PAYABLE, p.id)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: rule(before[ref], now)}

    settle(world, [ref], decide, fact="LeftOnDeposit", policy=policy.version)
