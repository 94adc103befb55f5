"""Saboteurs of month ends of trust that are reconciled and signed off, and of what is added up."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import ledger, statement
from chalicelib.domain.kernel import Finish
from chalicelib.domain.statement import Entered, Figures
from chalicelib.flow import ledgers, summing
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

MONTH_ENDS = {"trust_statement": 400, "move_trust": 200}


def todays_balance() -> AbstractContextManager[Any]:
    return patches((ledger.Ledger, "at_end_of", lambda self, _month: self.balance))


def signed_is_typed_over() -> AbstractContextManager[Any]:
    plain = statement.decide

    def decide(state: Any, fact: Any, currency: str, now: Any) -> Any:
        if not isinstance(fact, Entered) or state.signed is None:
            return plain(state, fact, currency, now)
        decided = plain(replace(state, signed=None), fact, currency, now)
        return replace(decided, state=replace(decided.state, signed=state.signed))

    return patches((statement, "decide", decide))


def any_three_agree() -> AbstractContextManager[Any]:
    return patches((Figures, "agree", property(lambda _self: True)))


def only_deposits_count_as_later() -> AbstractContextManager[Any]:
    plain = ledger._touched
    return patches((ledger, "_touched", lambda moves, now: plain([m for m in moves if m.cents > 0], now)))


def _finish_again(key: str, *, arrivals: int, **_once: bool) -> Finish:
    return Finish(key, arrivals=arrivals)


def added_up_again() -> AbstractContextManager[Any]:
    return patches((ledgers, "Finish", _finish_again))


def summed_up_again() -> AbstractContextManager[Any]:
    return patches((summing, "Finish", _finish_again))


STATEMENT_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("a month end shows today's balance", ("10",), todays_balance, Mix(MONTH_ENDS)),
    Saboteur("a signed month end is typed over", ("7",), signed_is_typed_over, Mix(MONTH_ENDS)),
    Saboteur("a difference is signed off as agreed", ("10",), any_three_agree, Mix(MONTH_ENDS)),
    Saboteur(
        "what was taken away after a sign-off is not shown", ("10",), only_deposits_count_as_later, Mix(MONTH_ENDS)
    ),
    Saboteur(
        "what a lagging index still shows is added up again",
        ("10",),
        added_up_again,
        Mix(MONTH_ENDS, {"index_lag": 0.4}),
    ),
    Saboteur("... in the firm's sums", ("10",), summed_up_again, Mix({"cheque": 100}, {"index_lag": 0.4})),
)
