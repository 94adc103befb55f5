"""``python -m tests.simulation``: SEEDS=n FIRST=k run n histories; SEED=k shows one; SABOTAGE=all breaks the program.

HEAVY=1 has five acts, drawn from the seed, fill each history: it meets what the usual mix meets once in years. CRASH=0
leaves the crash stories out of a run of seeds. The last line is one JSON object; the exit code is 1 when a
promise was broken (or, under SABOTAGE, when a saboteur survived).
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.terms import Mix

SEEDS = 100
FIRST = 1
WORKERS = 2
HEAVY, WEIGHT = 5, 300


def main() -> int:
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets of text is part of a history
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation"], {**os.environ, "PYTHONHASHSEED": "0"})
    if name := os.environ.get("SABOTAGE"):
        from tests.simulation.saboteurs import sabotage

        return sabotage(name, _number("SEEDS", 300), _number("FIRST", FIRST))
    if seed := os.environ.get("SEED"):
        return one(int(seed))
    return many(_number("FIRST", FIRST), _number("SEEDS", SEEDS))


def _number(name: str, otherwise: int) -> int:
    return int(os.environ.get(name) or otherwise)


def mix_of(seed: int) -> Mix | None:
    """The usual mix is None."""
    if os.environ.get("HEAVY") != "1":
        return None
    from tests.simulation.people import ACTS
    from tests.simulation.terms import Mix

    return Mix(dict.fromkeys(random.Random(f"combo-{seed}").sample(sorted(ACTS), HEAVY), WEIGHT))


def one(seed: int) -> int:
    """One history, readable; a failing one is shrunk first."""
    from tests.simulation.checkers import PROMISES
    from tests.simulation.history import History
    from tests.simulation.shrink import shrunk

    began = time.monotonic()
    mix = mix_of(seed)
    first = History(seed, mix=mix, tracing=True).run()
    shown = first
    if first.violations:
        keep, smaller = shrunk(seed, first, mix)
        if smaller.violations:
            shown = smaller
            print(f"shrunk to acts {sorted(keep.acts or ())} and faults {sorted(keep.faults or ())}")
    print("\n".join(shown.trace))
    told(shown.seed, [f"promise {v.promise} at {v.at:%Y-%m-%d %H:%M}: {v.what}" for v in shown.violations])
    for promise in sorted({v.promise for v in shown.violations}):
        print(f"promise {promise} is: {PROMISES[promise]}")
    print(json.dumps(_figures(1, 0, first.steps, len(first.violations), began)))
    return 1 if first.violations else 0


def many(first: int, count: int) -> int:
    from tests.simulation.crash import crash_points

    began = time.monotonic()
    steps = violations = points = 0
    done = 0
    for seed, its_steps, broken in _histories(first, count):
        done, steps = done + 1, steps + its_steps
        violations += len(broken)
        told(seed, broken)
        if done % 20 == 0 or done == count:
            print(
                f"{done} of {count} histories, {steps} steps, {violations} violations, "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    if os.environ.get("CRASH") != "0" and os.environ.get("HEAVY") != "1":
        points, more, bad = crash_points()
        steps, violations = steps + more, violations + bad
    print(json.dumps(_figures(done, points, steps, violations, began)))
    return 1 if violations else 0


def _histories(first: int, count: int) -> Iterator[tuple[int, int, list[str]]]:
    seeds = range(first, first + count)
    if count < 4:
        yield from map(history, seeds)
        return
    from tests.simulation.base import bases

    bases()
    gc.collect()
    gc.freeze()  # what every history begins with is never collected
    with multiprocessing.get_context("fork").Pool(WORKERS, maxtasksperchild=500) as pool:
        yield from pool.imap_unordered(history, seeds, chunksize=2)


def history(seed: int) -> tuple[int, int, list[str]]:
    """(seed, steps, what was broken) of one history."""
    from tests.simulation.history import History

    gc.disable()  # what a history leaves is collected after every twenty
    try:
        outcome = History(seed, mix=mix_of(seed)).run()
    except Exception as flew:  # noqa: BLE001 - what flies by the simulator's own fault: its seed is named, and the others go on
        return seed, 0, [f"the simulator failed: {type(flew).__name__}: {flew}"]
    if seed % 20 == 0:
        gc.collect()
    return seed, outcome.steps, [f"promise {v.promise} at {v.at:%m-%d %H:%M}: {v.what}" for v in outcome.violations]


def told(seed: int, broken: list[str]) -> None:
    for line in broken[:4]:
        print(f"SEED={seed} {line[:600]}", flush=True)


def _figures(histories: int, points: int, steps: int, violations: int, began: float) -> dict[str, int | float]:
    return {
        "histories": histories,
        "crash_points": points,
        "steps": steps,
        "violations": violations,
        "seconds": round(time.monotonic() - began, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
