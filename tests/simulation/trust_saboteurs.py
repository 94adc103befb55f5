"""Saboteurs of the accounts that trust money stands in, and of what vanishes from them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import trust_books
from chalicelib.flow import trust_check
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

OTHERS = {"other_trust_accounts": 300, "move_trust": 60, "edit_trust": 60}


def accounts_of_before_are_forgotten() -> AbstractContextManager[Any]:
    plain = trust_books.anew

    def anew(*args: Any) -> Any:
        return replace(plain(*args), earlier=(), earlier_liabilities=())

    return patches((trust_books, "anew", anew))


def only_balances_are_compared() -> AbstractContextManager[Any]:
    plain = trust_check.Figures

    def unlike(self: Any) -> str:
        return "" if self.agrees else f"{self.clio}/{self.here}"

    return patches((plain, "unlike", property(unlike)))


TRUST_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("trust accounts chosen before are forgotten", ("10",), accounts_of_before_are_forgotten, Mix(OTHERS)),
    Saboteur(
        "a trust transfer that vanished is overlooked",
        ("10",),
        only_balances_are_compared,
        Mix({"undo_trust_transfer": 300}),
    ),
)
