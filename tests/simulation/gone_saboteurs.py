"""Saboteurs of a client that Clio shows no more."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import agreeing, linking
from chalicelib.domain.kernel import Decision
from chalicelib.flow import client_links
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

GONE = Mix({"lose_client": 500, "change_customer": 200})


def kept_in_step() -> AbstractContextManager[Any]:
    plain = agreeing.agree

    def agree(state: Any, *rest: Any, **more: Any) -> Decision[Any]:
        told = plain(replace(state, vanished=""), *rest, **more)
        return replace(told, state=replace(told.state, vanished=state.vanished))

    return patches((agreeing, "agree", agree))


def nobody_is_asked() -> AbstractContextManager[Any]:
    plain = linking._vanished
    return patches((linking, "_vanished", lambda state, now: replace(plain(state, now), effects=())))


def not_looked_for() -> AbstractContextManager[Any]:
    return patches((client_links, "compare", lambda *_: ([], "")))


def asked_for_ever() -> AbstractContextManager[Any]:
    return patches((linking, "_question", lambda _state: ()))


GONE_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("a client that is gone in Clio is kept in step", ("8", "10"), kept_in_step, GONE),
    Saboteur("nobody is asked about a client that is gone in Clio", ("8",), nobody_is_asked, GONE),
    Saboteur("a full comparison looks for no clients", ("8",), not_looked_for, GONE),
    Saboteur("what became of a client that is there again is asked for ever", ("8",), asked_for_ever, GONE),
)
