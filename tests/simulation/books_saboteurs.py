"""Saboteurs of what moves between the books: clients, credits, trust entries, and what people remove in QuickBooks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import crediting, trust
from chalicelib.domain.kernel import Finish
from chalicelib.flow import capturing, credits, trust_check
from tests.simulation.history import Mix
from tests.simulation.sabotaging import Saboteur, patches

CLIENTS = {"change_customer": 80, "change_both_sides": 40, "change_client": 60}
TRUST = {"move_trust": 120, "edit_trust": 60}


def customers_overlooked() -> AbstractContextManager[Any]:
    plain = capturing._holder

    def holder(world: Any, policy: Any, entity: str, id: str) -> str:
        return "" if entity == capturing.CUSTOMER else plain(world, policy, entity, id)

    return patches((capturing, "_holder", holder))


def credit_stays() -> AbstractContextManager[Any]:
    def take_back(world: Any, policy: Any, e: Any, state: Any, *_rest: Any) -> int:
        credits._settle(world, policy, e, "CreditTakenBack", crediting.CreditGone(state.wanted), Finish(e.key))
        return 1

    return patches((credits, "_take_back", take_back))


def vanished_entry_stays() -> AbstractContextManager[Any]:
    return patches((trust_check, "_ours", lambda _w, _f, _a, place, _u: ([], place)))


def sides_swapped() -> AbstractContextManager[Any]:
    plain = trust.sides

    def sides(*args: Any) -> Any:
        return tuple(replace(side, cents=-side.cents) for side in plain(*args))

    return patches((trust, "sides", sides))


def counted_twice() -> AbstractContextManager[Any]:
    return patches((trust.Move, "entry", property(lambda self: self.transaction or f"a{self.allocation}")))


BOOKS_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("a customer's change overlooked", ("10",), customers_overlooked, Mix(CLIENTS)),
    Saboteur("a credit stays though taken back", ("2",), credit_stays, Mix({"credit": 80, "remove_credit": 120})),
    Saboteur("a vanished trust line is overlooked", ("10",), vanished_entry_stays, Mix({**TRUST, "delete_trust": 120})),
    Saboteur("sides of a trust entry swapped", ("10",), sides_swapped, Mix(TRUST)),
    Saboteur("trust counted by line and allocation", ("10",), counted_twice, Mix({"pay_from_trust": 150})),
)
