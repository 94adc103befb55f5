"""Folds what changed into the trust ledgers, many changes in one commit, each once: its effect is finished with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from chalicelib.domain import ledger
from chalicelib.domain.effects import TRUST_LANE, Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.ledger import Ledger, Moved
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle

ACTIONS = 80  # of one commit: two for each ledger, up to two tasks for each client, one for each change
PAGE = 100


def ledger_ref(firm: str, id: str) -> Ref:
    return Ref(firm, Kind.LEDGER, id)


def ledger_of(world: World, firm: str, id: str) -> Ledger:
    """A ledger as last folded; an empty one where nothing has moved yet."""
    found: Ledger | None = states.decode(Kind.LEDGER, world.store.load(ledger_ref(firm, id)).body)
    return found or ledger.new(firm, id)


def moves_in(effect: Effect) -> list[Moved]:
    """What a fold adds to the ledgers, as it was owed; cents, negative for what is taken off."""
    return [
        Moved(
            m["account"],
            m["client"],
            m["matter"],
            date.fromisoformat(m["on"]),
            m["cents"],
            m["name"],
            m["label"],
            m.get("rows", 0),
        )
        for m in effect.body["moves"]
    ]


def together(due: Sequence[Effect]) -> list[Effect]:
    """As many of the due changes as one commit takes."""
    chosen: list[Effect] = []
    touched: set[str] = set()
    for e in due:
        if e.kind != Do.LEDGER:
            continue
        more = touched | {id for m in moves_in(e) for id in ledger.ids_of(m)}
        if 4 * len(more) + len(chosen) + 1 > ACTIONS and chosen:
            break
        chosen.append(e)
        touched = more
    return chosen


def fold(world: World, policy: Policy, effects: Sequence[Effect]) -> None:
    """Lays these changes over their ledgers. Raises Conflict when one of them is folded already, or another worker
    folds it at this moment."""
    firm = policy.firm.id
    by_id: dict[str, list[Moved]] = {}
    for moved in (m for e in effects for m in moves_in(e)):
        for id in ledger.ids_of(moved):
            by_id.setdefault(id, []).append(moved)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        found: dict[str, Decision[Ledger]] = {}
        for id in sorted(by_id, key=lambda id: id.count(":"), reverse=True):  # a client's ledger names its matters'
            state = before[ledger_ref(firm, id)] or ledger.new(firm, id)
            matters = [d.state for d in found.values() if d.state.id.startswith(f"{id}:")]
            found[id] = ledger.fold(state, by_id[id], policy.firm.currency, now, matters)
        return {ledger_ref(firm, id): decision for id, decision in found.items()}

    settle(
        world,
        [ledger_ref(firm, id) for id in by_id],
        decide,
        fact="Folded",
        body={"changes": len(effects)},
        policy=policy.version,
        finish=[Finish(e.key, arrivals=e.arrivals, once=True) for e in effects],
    )


def settled(world: World, firm: str) -> bool:
    """Whether every change is in the ledgers."""
    return not world.store.lane_owed(lane_of(firm, Neighbour.SELF, TRUST_LANE), limit=1)


def clients_of(world: World, firm: str, account: str, *, sure: bool = False) -> list[Ledger]:
    """Every client's ledger of one account, by name, page by page: what a trial balance lists. ``sure``: each as it is,
    not as the index may still show it."""
    return _all(world, f"{firm}/ledgers/{account}", sure=sure)


def matters_of(world: World, firm: str, account: str, client: str = "", *, sure: bool = False) -> list[Ledger]:
    """The matters' ledgers of one account, or of one client on it."""
    return _all(world, f"{firm}/matters/{account}", f"{client}#" if client else "", sure=sure)


def _all(world: World, partition: str, begins: str = "", *, sure: bool) -> list[Ledger]:
    found: list[Ledger] = []
    cursor: str | None = None
    while True:
        page = world.store.listed(partition, limit=PAGE, cursor=cursor, begins=begins)
        held = world.store.load_many([h.ref for h in page.items]) if sure else page.items
        found += [states.decode(Kind.LEDGER, h.body) for h in held]
        cursor = page.next
        if cursor is None:
            return found
