"""300 histories full of faults, that a history is the same each time, and that the simulator can fail.

``make simulate`` runs the rest: any seeds, every saboteur. Crash points: test_crashes_*.py.
"""

from __future__ import annotations

import pytest
import requests

from chalicelib.store import encoding
from tests.line import Line
from tests.simulation import quick as quick_
from tests.simulation.history import History
from tests.simulation.saboteurs import SABOTEURS, caught

SEEDS = range(1, 301)
SABOTEUR_SEEDS = 120  # one of them shows in 1 history of 20
QUICK = (
    "mail sent before the claim",
    "lost answer treated as failure",
    "bank debit counted as paid on completion",
)


def test_no_history_breaks_a_promise() -> None:
    broken = [(seed, v.promise, v.what) for seed in SEEDS for v in History(seed).run().violations]
    assert broken == [], f"repeat one with: make simulate SEED={broken[0][0]}"


def test_a_history_is_the_same_each_time() -> None:
    first, again = History(7).run(), History(7).run()
    assert (first.steps, first.calls, first.struck) == (again.steps, again.calls, again.struck)


def test_the_quick_lines_carry_what_requests_and_the_stripe_package_would(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = History(3).run()
    monkeypatch.setattr(Line, "request", requests.Session.request)
    monkeypatch.setattr(quick_, "QUICKER", {})
    monkeypatch.setattr(quick_, "_text", encoding.json_text)
    plain = History(3).run()
    assert (quick.steps, quick.calls, quick.struck) == (plain.steps, plain.calls, plain.struck)


@pytest.mark.parametrize("name", QUICK)
def test_a_saboteur_is_caught(name: str) -> None:
    number = next(n for n, s in enumerate(SABOTEURS) if s.name == name)
    catch = caught(number, SABOTEUR_SEEDS, 1)
    assert catch.at, "nobody noticed"
    assert not catch.unclean
