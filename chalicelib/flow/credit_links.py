"""What people do in QuickBooks to the memo of a credit. It is only owed here; the step reads it and asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import crediting
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Kind, Ref
from chalicelib.domain.notes import MemoReading
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle


def notice(world: World, policy: Policy, told: Iterable[tuple[str, crediting.MemoNoticed]]) -> None:
    """What QuickBooks shows of memos, each with the id of its credit. What was taken away is owed a step."""
    facts = list(told)
    refs = list(dict.fromkeys(Ref(policy.firm.id, Kind.CREDIT, id) for id, _ in facts))
    held = {h.ref: h for h in world.store.load_many(refs)} if refs else {}
    for id, fact in facts:
        ref = Ref(policy.firm.id, Kind.CREDIT, id)
        state: Credit | None = states.decode(Kind.CREDIT, held[ref].body)
        if state is None or not crediting.noticed(state, fact, policy, world.now()).effects:
            continue

        def decide(
            before: Mapping[Ref, Any], now: datetime, at: Ref = ref, f: crediting.MemoNoticed = fact
        ) -> dict[Ref, Decision[Any]]:
            return {at: crediting.noticed(before[at], f, policy, now)}

        settle(world, [ref], decide, fact="MemoNoticed", body=fact, policy=policy.version)


def told_of(id: str, there: MemoReading | None) -> crediting.MemoNoticed:
    """``there``: the memo as it is read; None where it is deleted."""
    return crediting.MemoNoticed(id, there.total, there.left) if there else crediting.MemoNoticed(id, deleted=True)
