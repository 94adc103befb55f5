"""Saboteurs of what is left as it is in QuickBooks (decision 0024)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from chalicelib.domain import comparing, comparing_money, crediting, payable, payment, trust, trust_comparing
from chalicelib.flow import booking
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

CLOSES = Mix({"close_books": 400})


def left_for_ever() -> AbstractContextManager[Any]:
    def stays(word: Any, _revision: int) -> bool:
        return word is not None

    return patches(*((where, "stays", stays) for where in (payable, payment, crediting, trust)))


def left_and_not_named() -> AbstractContextManager[Any]:
    def unnamed(plain: Any) -> Any:
        return lambda *args: [d for d in plain(*args) if "Left by" not in d.cause]

    places = (
        (comparing, "against_books"),
        (comparing_money, "payment_against_books"),
        (comparing_money, "credit_against_books"),
        (trust_comparing, "entry"),
    )
    return patches(*((where, name, unnamed(getattr(where, name))) for where, name in places))


def sent_again_for_ever() -> AbstractContextManager[Any]:
    def refused(world: Any, effect: Any, *_why: str) -> None:
        world.store.postpone(effect.key, world.now() + timedelta(hours=2), cause="QuickBooks refused it.")

    return patches((booking, "_refused", refused))


CLOSING_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("what was left is never written again", ("1", "2", "8", "10"), left_for_ever, CLOSES),
    Saboteur("what was left is not named", ("10",), left_and_not_named, CLOSES),
    Saboteur("what a closed period refuses is sent again and again", ("8",), sent_again_for_ever, CLOSES),
)
