"""What people said of the payments on linked invoices, kept so that it can be shown, and taken back as long as nothing
was written because of it (docs/decisions/0018).

Records ``answered/<firm>/<generation>``: ``b/<bill>`` what was said; ``t/<time>/<bill>`` the same by time.
``paired/<firm>/<generation>``: by bill, what was said before its invoice is linked, until it is carried out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from chalicelib.domain import effects, pairing
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Kind, Neighbour, Ref
from chalicelib.domain.pairing import Answer, Theirs
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.errors import Refused
from chalicelib.flow import holders, leaving
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle

NOTHING = "Nothing that was said of this invoice's payments can be taken back."
AWAITED = "QuickBooks' answer about one of these payments is awaited. Try again in two minutes."


@dataclass(frozen=True, slots=True)
class Answered:
    """``said`` of ``theirs``, the payments on the invoice then; with those of earlier answers that still hold."""

    payable: str
    at: datetime
    by: str
    theirs: tuple[Theirs, ...]
    said: Answer


def _pk(policy: Policy) -> str:
    return f"answered/{policy.firm.id}/{policy.firm.generation}"


def find(world: World, policy: Policy, payable: str) -> Answered | None:
    found = world.store.record(_pk(policy), f"b/{payable}")
    return msgspec.convert(found[1], Answered) if found else None


def newest(world: World, policy: Policy, limit: int) -> list[Answered]:
    """The latest answers, the newest first."""
    rows = world.store.records(_pk(policy), begins="t/", limit=limit, descending=True)
    return [msgspec.convert(body, Answered) for _, body in rows]


def keep(world: World, policy: Policy, p: Payable, theirs: Sequence[Theirs], said: Answer, by: str) -> None:
    """Before it is carried out. What was said of other payments on this invoice before is kept with it."""
    old = find(world, policy, p.id)
    spoken = {id for id, _ in said.pairs} | set(said.left)
    if old and old.said.invoice == said.invoice:
        pairs = tuple(pair for pair in old.said.pairs if pair[0] not in spoken)
        theirs = (*theirs, *(t for t in old.theirs if t not in theirs))
        said = replace(said, pairs=(*pairs, *said.pairs))
    if said.pairs or said.left:
        put(world, policy, Answered(p.id, world.now(), by, _of(theirs, said), said))


def _of(theirs: Sequence[Theirs], said: Answer) -> tuple[Theirs, ...]:
    """Those that were spoken of."""
    spoken = {id for id, _ in said.pairs} | set(said.left)
    return tuple({t.id: t for t in reversed(theirs) if t.id in spoken}.values())


def put(world: World, policy: Policy, told: Answered) -> None:
    forget(world, policy, told.payable)
    for sk in (f"b/{told.payable}", _by_time(told)):
        world.store.put_record(_pk(policy), sk, msgspec.to_builtins(told))


def _by_time(told: Answered) -> str:
    return f"t/{told.at.isoformat()}/{told.payable}"


def forget(world: World, policy: Policy, payable: str) -> None:
    if old := find(world, policy, payable):
        world.store.delete_record(_pk(policy), _by_time(old))
        world.store.delete_record(_pk(policy), f"b/{payable}")


# --- before the invoice is linked -------------------------------------------------------------------------------------


def answers(world: World, policy: Policy, ids: Sequence[str]) -> dict[str, Answer]:
    """What was said before the invoices of these bills are linked; none is read where nobody has said anything."""
    if not ids or not world.store.records(_before(policy), limit=1):
        return {}
    found = {id: world.store.record(_before(policy), id) for id in ids}
    return {id: msgspec.convert(kept[1], Answer) for id, kept in found.items() if kept}


def say(world: World, policy: Policy, payable: str, said: Answer) -> None:
    world.store.put_record(_before(policy), payable, msgspec.to_builtins(said))


def unsay(world: World, policy: Policy, payable: str) -> None:
    world.store.delete_record(_before(policy), payable)


def _before(policy: Policy) -> str:
    return f"paired/{policy.firm.id}/{policy.firm.generation}"


# --- taking it back, once the invoice is linked -----------------------------------------------------------------------


def standing(p: Payable, payments: Mapping[str, Payment], told: Answered) -> list[tuple[Theirs, Payment]]:
    """The pairs that can be taken apart."""
    if p.booked is None or p.booked.waits or p.booked.id != told.said.invoice:
        return []
    there = {t.id: t for t in told.theirs}
    pairs = [(there[t], payments[o]) for t, o in told.said.pairs if o in payments]
    return [(t, x) for t, x in pairs if pairing.stands(x, t.id)]


def holds(p: Payable, payments: Mapping[str, Payment], told: Answered) -> bool:
    """Whether anything of it was carried out and can be taken back: pairs, or what was left."""
    return bool(standing(p, payments, told) or (p.booked and p.booked.id == told.said.invoice and p.booked.left))


def beside(world: World, policy: Policy, p: Payable, pairs: Sequence[tuple[Theirs, Payment]]) -> list[Payable]:
    """The other bills whose invoices these payments pay too: they are asked about again with this one."""
    paid = {id for t, _ in pairs for id, _ in t.lines}
    others = {i.payable for _, x in pairs for i in x.items} - {p.id}
    bills = leaving.payables(world, policy, sorted(others)).values()
    return [b for b in bills if b.booked and b.booked.id in paid and not b.booked.waits]


def part(
    world: World, policy: Policy, bills: Sequence[Payable], pairs: Sequence[tuple[Theirs, Payment]], by: str
) -> None:
    """Takes the pairs apart: the bills wait for a person's word again first, so that nothing is posted meanwhile.
    Nothing is written in QuickBooks or Clio. Raises Refused where an answer about one of them is awaited."""
    sent = leaving.sent(world, policy.lanes.of(Neighbour.QUICKBOOKS))
    if any(effects.key_of(x.firm, Do.POSTING, f"{x.id}/{x.wanted}") in sent for _, x in pairs):
        raise Refused(AWAITED)
    for bill in bills:
        again = partial(pairing.asked_again, over=holders.nobodys(world, policy, bill))
        _tell(world, policy, Ref(bill.firm, Kind.PAYABLE, bill.id), "PairingTakenBack", again, by)
    for t, x in pairs:

        def decide(state: Payment, now: datetime, id: str = t.id) -> Decision[Payment]:
            return pairing.parted(state, id, policy, now)

        _tell(world, policy, Ref(x.firm, Kind.PAYMENT, x.id), "PaymentParted", decide, by)


def _tell(world: World, policy: Policy, ref: Ref, fact: str, rule: Any, by: str) -> None:
    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: rule(before[ref], now)}

    settle(world, [ref], decide, fact=fact, policy=policy.version, by=by)


def parted(world: World, policy: Policy, told: Answered, pairs: Sequence[tuple[Theirs, Payment]]) -> None:
    """What is left of what was said: the pairs that could not be taken apart."""
    gone = {t.id for t, _ in pairs}
    left = tuple(pair for pair in told.said.pairs if pair[0] not in gone)
    if left:
        said = Answer(told.said.invoice, left)
        put(world, policy, replace(told, theirs=_of(told.theirs, said), said=said))
    else:
        forget(world, policy, told.payable)
