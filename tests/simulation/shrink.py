"""Makes a failing history smaller: kinds of fault and acts are left out while it still breaks the same promise."""

from __future__ import annotations

import time

from tests.simulation.history import History
from tests.simulation.terms import Keep, Mix, Outcome

SECONDS = 90.0


def broken(outcome: Outcome) -> str:
    return outcome.violations[0].promise if outcome.violations else ""


def shrunk(seed: int, first: Outcome, mix: Mix | None = None, seconds: float = SECONDS) -> tuple[Keep, Outcome]:
    """The smallest found within the time, and its outcome with the trace."""
    deadline = time.monotonic() + seconds
    promise = broken(first)
    faults = sorted(first.rates)
    acts = list(range(first.acts))

    def fails(acts_: list[int], faults_: list[str]) -> bool:
        if time.monotonic() > deadline:
            return False
        keep = Keep(frozenset(acts_), frozenset(faults_))
        return broken(History(seed, keep=keep, mix=mix).run()) == promise

    if fails(acts, []):
        faults = []
    for name in list(faults):
        if fails(acts, [f for f in faults if f != name]):
            faults.remove(name)
    size = max(1, len(acts) // 2)
    while size:
        for start in range(0, len(acts), size):
            left = acts[:start] + acts[start + size :]
            if len(left) < len(acts) and fails(left, faults):
                acts = left
                break
        else:
            size //= 2
    keep = Keep(frozenset(acts), frozenset(faults))
    return keep, History(seed, keep=keep, mix=mix, tracing=True).run()
