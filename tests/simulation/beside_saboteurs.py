"""Saboteurs of what people enter beside what is ours, or make another's (beside.py)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import crediting, journaled, surplus, trust_comparing
from chalicelib.domain.payable import Payable, Share
from chalicelib.domain.payment import Payment
from chalicelib.flow import credits, journals
from chalicelib.flow.credit_readings import Around
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

BY_HAND = {"credit_by_hand": 400, "answer_credits": 60}
MOVED = {"move_journal_there": 400, "answer_broken": 60}
BESIDE = {"record_trust": 600}
NET = {"client_pays": 400, "record_ours": 500, "answer_matches": 100}


def by_hand_is_overlooked() -> AbstractContextManager[Any]:
    return patches((Around, "doubled", lambda _self, _state: []))


def only_the_balance_tells() -> AbstractContextManager[Any]:
    return patches((crediting, "of_memos", lambda *_a: 0))


def what_they_said_is_for_ever() -> AbstractContextManager[Any]:
    plain = credits._there_already

    def there_already(state: Any, around: Any) -> tuple[str, str]:
        return ("", "") if state.by_hand else plain(state, around)

    return patches((credits, "_there_already", there_already))


def lines_are_not_looked_at() -> AbstractContextManager[Any]:
    return patches((journaled, "mark", lambda _lines: ""))


def ours_over_theirs() -> AbstractContextManager[Any]:
    plain = journals._step

    def step(world: Any, policy: Any, e: Any, *rest: Any) -> int:
        return plain(world, policy, replace(e, body={**e.body, "noticed": False}), *rest)

    return patches((journals, "_step", step))


def an_accepted_change_is_nothing() -> AbstractContextManager[Any]:
    plain = trust_comparing.entry

    def entry(*args: Any, **more: Any) -> Any:
        return [d for d in plain(*args, **more) if not d.expected]

    return patches((trust_comparing, "entry", entry))


def beside_is_not_counted() -> AbstractContextManager[Any]:
    return patches((Payable, "shown_apart", property(lambda _self: 0)))


def beside_is_not_told() -> AbstractContextManager[Any]:
    plain = surplus._known

    def known(p: Any, known: Any, cents: int, **more: Any) -> Any:
        return plain(p, known, cents, **more) if cents != p.shown_apart else None

    return patches((surplus, "_known", known))


def less_is_all_of_it() -> AbstractContextManager[Any]:
    return patches((Payment, "to_record", lambda _self, item: 0 if item.shown else item.missing))


def net_of_the_fee_is_not_all() -> AbstractContextManager[Any]:
    return patches((Payment, "to_record", lambda _self, item: item.missing))


def less_is_all_that_came() -> AbstractContextManager[Any]:
    plain = Share.unseen
    return patches((Share, "unseen", property(lambda self: 0 if self.shown else plain.__get__(self))))


BESIDE_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("a credit entered by hand is overlooked", ("2",), by_hand_is_overlooked, Mix(BY_HAND)),
    Saboteur("only the balance tells of a credit by hand", ("2",), only_the_balance_tells, Mix(BY_HAND)),
    Saboteur("a credit by hand is asked about once for ever", ("2",), what_they_said_is_for_ever, Mix(BY_HAND)),
    Saboteur("whose a journal entry is is not looked at", ("8",), lines_are_not_looked_at, Mix(MOVED)),
    Saboteur("a changed journal entry is written over silently", ("10",), ours_over_theirs, Mix(MOVED)),
    Saboteur("a change that was accepted is named no more", ("10",), an_accepted_change_is_nothing, Mix(MOVED)),
    Saboteur("a deposit beside its request does not count", ("3",), beside_is_not_counted, Mix(BESIDE)),
    Saboteur("a deposit beside its request is told to nobody", ("6",), beside_is_not_told, Mix(BESIDE)),
    Saboteur("trust money recorded with less is all of it", ("10",), less_is_all_of_it, Mix(BESIDE)),
    Saboteur("what is recorded net of the fee is to be recorded still", ("10",), net_of_the_fee_is_not_all, Mix(NET)),
    Saboteur("what Clio shows less of is asked for again", ("3",), less_is_all_that_came, Mix(BESIDE)),
)
