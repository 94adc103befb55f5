"""Saboteurs of what happens when a firm chooses another QuickBooks company."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from chalicelib.domain.connection import Connection, Lost, id_of
from chalicelib.flow import connecting, renewing
from chalicelib.flow.firms import connections
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

COMPANIES = {"another_company": 300, "cheque": 60}


def any_company_will_do() -> AbstractContextManager[Any]:
    return patches((Connection, "never_used", property(lambda _self: True)))


def lets_the_old_one_go_first() -> AbstractContextManager[Any]:
    plain = connecting._may_connect

    def may_connect(world: Any, firm: str, fact: Any) -> None:
        id = id_of(fact.neighbour, fact.pot)
        held = connections(world, firm).get(id)
        if held is not None and held.connected and held.account != fact.account:
            connecting._settle(world, firm, id, Lost("another one is being connected"), "staff")
        plain(world, firm, fact)

    return patches((connecting, "_may_connect", may_connect))


def payments_stay_behind() -> AbstractContextManager[Any]:
    return patches((renewing, "PARTS", tuple(p for p in renewing.PARTS if p != "payments")))


COMPANY_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("another company takes the place of the old one", ("9",), any_company_will_do, Mix(COMPANIES)),
    Saboteur("choosing another company lets the old one go", ("8",), lets_the_old_one_go_first, Mix(COMPANIES)),
    Saboteur("payments are not brought into another company", ("2",), payments_stay_behind, Mix(COMPANIES)),
)
