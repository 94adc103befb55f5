"""300 histories full of faults, that a history is the same each time, and that the simulator can fail.

``make simulate`` runs the rest: any seeds, every saboteur. Crash points: test_crashes_*.py.
"""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import MISSING, FrozenInstanceError, fields, replace

import pytest
import requests

from chalicelib.store import encoding
from tests.line import Line
from tests.simulation import quick as quick_
from tests.simulation import quick_values
from tests.simulation.base import bases
from tests.simulation.faults import KINDS
from tests.simulation.history import DAYS, HEAL_STEPS, History
from tests.simulation.saboteurs import SABOTEURS, caught
from tests.simulation.terms import Outcome

SEEDS = range(1, 301)
SABOTEUR_SEEDS = 120  # one of them shows in 1 history of 20
QUICK = (
    "mail sent before the claim",
    "lost answer treated as failure",
    "bank debit counted as paid on completion",
)


@pytest.fixture(scope="module")
def played() -> list[Outcome]:
    return [History(seed).run() for seed in SEEDS]


def test_no_history_breaks_a_promise(played: list[Outcome]) -> None:
    broken = [(outcome.seed, v.promise, v.what) for outcome in played for v in outcome.violations]
    assert broken == [], f"repeat one with: make simulate SEED={broken[0][0]}"


def test_a_history_is_as_large_as_was_asked_for(played: list[Outcome]) -> None:
    """Two firms, twelve payables in both pots, sixty days, three kinds of fault, 120 I/O steps on average."""
    world = bases().laid(bases().running)
    for base in (bases().new, bases().connected, bases().running):
        assert len(base.firms) == 2
        world = bases().laid(base)
        asked = [b for b in world.clio_box.state.rows["bills"].values() if b.state == "awaiting_payment"]
        assert len(asked) == 12
        pots = Counter((b.firm, b.kind) for b in asked)
        assert all(pots[f.clio, kind] for f in base.firms for kind in ("revenue_kind", "trust_kind"))
    assert DAYS == 60
    assert min(len(outcome.rates) for outcome in played) >= 3
    assert sum(outcome.steps for outcome in played) >= 120 * len(played)


def test_every_kind_of_fault_strikes(played: list[Outcome]) -> None:
    struck = {kind for outcome in played for kind in outcome.struck}
    on = {kind for outcome in played for kind in outcome.rates}
    assert on == set(KINDS)
    assert struck == set(KINDS) - {"skew"}  # clocks that are apart are so all the time


def test_what_has_healed_converges_within_the_steps_that_docs_promises_states(played: list[Outcome]) -> None:
    assert max(outcome.healing for outcome in played) < HEAL_STEPS


def test_a_history_is_the_same_each_time() -> None:
    first, again = History(7).run(), History(7).run()
    assert (first.steps, first.calls, first.struck) == (again.steps, again.calls, again.struck)


def test_what_is_quick_comes_to_what_requests_stripe_and_dataclasses_would(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = History(3).run()
    monkeypatch.setattr(Line, "request", requests.Session.request)
    monkeypatch.setattr(quick_, "QUICKER", {})
    monkeypatch.setattr(quick_, "_text", encoding.json_text)
    monkeypatch.setattr(quick_values, "_puts", {})
    for kind, written in quick_values.WRITTEN.items():
        monkeypatch.setattr(kind, "__init__", written)
    plain = History(3).run()
    assert (quick.steps, quick.calls, quick.struck) == (plain.steps, plain.calls, plain.struck)


def test_a_quick_value_is_made_as_dataclasses_make_it() -> None:
    bases()
    assert len(quick_values.WRITTEN) > 100
    for kind, written in quick_values.WRITTEN.items():
        names = [field.name for field in fields(kind)]
        assert inspect.signature(written).parameters.keys() == inspect.signature(kind.__init__).parameters.keys()
        needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
        for given in (dict.fromkeys(names, 1), dict.fromkeys(needed, 1)):
            plain = object.__new__(kind)
            written(plain, **given)
            made = kind(**given)
            assert [getattr(made, n) for n in names] == [getattr(plain, n) for n in names]
            with pytest.raises(FrozenInstanceError):
                setattr(made, names[0], 2)
            moved, plainly = (way(made, **{names[-1]: 3}) for way in (quick_values.replace, replace))
            assert [getattr(moved, n) for n in names] == [getattr(plainly, n) for n in names]
        with pytest.raises(TypeError):
            kind(**dict.fromkeys(names, 1), no_such_field=1)
        with pytest.raises(TypeError):
            quick_values.replace(made, no_such_field=1)


def test_each_saboteur_finds_what_it_breaks() -> None:
    """Its target may have moved since; whether it is caught is asked by SABOTAGE=all."""
    for saboteur in SABOTEURS:
        with saboteur.breaks():
            pass


@pytest.mark.parametrize("name", QUICK)
def test_a_saboteur_is_caught(name: str) -> None:
    number = next(n for n, s in enumerate(SABOTEURS) if s.name == name)
    catch = caught(number, SABOTEUR_SEEDS, 1)
    assert catch.at, "nobody noticed"
    assert not catch.unclean
