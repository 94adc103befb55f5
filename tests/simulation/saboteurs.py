"""All saboteurs, and whether each is caught: ``make simulate SABOTAGE=all``, which writes docs/saboteurs.md."""

from __future__ import annotations

import json
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.base import bases
from tests.simulation.beside_saboteurs import BESIDE_SABOTEURS
from tests.simulation.books_saboteurs import BOOKS_SABOTEURS
from tests.simulation.broken_saboteurs import BROKEN_SABOTEURS
from tests.simulation.clerks_saboteurs import CLERKS_SABOTEURS
from tests.simulation.closing_saboteurs import CLOSING_SABOTEURS
from tests.simulation.company_saboteurs import COMPANY_SABOTEURS
from tests.simulation.gone_saboteurs import GONE_SABOTEURS
from tests.simulation.history import History
from tests.simulation.kernel_saboteurs import KERNEL_SABOTEURS
from tests.simulation.matters_saboteurs import MATTERS_SABOTEURS
from tests.simulation.parts_saboteurs import PARTS_SABOTEURS
from tests.simulation.sabotaging import Saboteur
from tests.simulation.statement_saboteurs import STATEMENT_SABOTEURS
from tests.simulation.stood_saboteurs import STOOD_SABOTEURS
from tests.simulation.trust_saboteurs import TRUST_SABOTEURS

WORKERS = 2
TOLD = Path(__file__).parents[2] / "docs" / "saboteurs.md"
SABOTEURS = (
    *KERNEL_SABOTEURS,
    *BOOKS_SABOTEURS,
    *PARTS_SABOTEURS,
    *MATTERS_SABOTEURS,
    *STATEMENT_SABOTEURS,
    *COMPANY_SABOTEURS,
    *BROKEN_SABOTEURS,
    *BESIDE_SABOTEURS,
    *CLOSING_SABOTEURS,
    *CLERKS_SABOTEURS,
    *GONE_SABOTEURS,
    *TRUST_SABOTEURS,
    *STOOD_SABOTEURS,
)


@dataclass(frozen=True)
class Catch:
    """``at``: which history caught the saboteur, 0 for none. ``how``: the promise and the seed. ``unclean``: what the
    unbroken program breaks under the same mix on the seeds up to that one; must be empty."""

    name: str
    at: int
    how: str
    unclean: tuple[str, ...]
    seconds: float


def caught(index: int, seeds: int, first: int) -> Catch:
    """Runs the broken program until somebody notices, then the unbroken one on the same seeds."""
    saboteur, began = SABOTEURS[index], time.monotonic()
    with saboteur.breaks():
        at, how = _noticed(saboteur, seeds, first)
    unclean = [
        f"SEED={seed} {v.promise}: {v.what[:140]}"
        for seed in range(first, first + (at or 1))
        for v in History(seed, mix=saboteur.mix).run().violations
    ]
    return Catch(saboteur.name, at, how, tuple(unclean), time.monotonic() - began)


def _noticed(saboteur: Saboteur, seeds: int, first: int) -> tuple[int, str]:
    for n, seed in enumerate(range(first, first + seeds), 1):
        for v in History(seed, mix=saboteur.mix).run().violations:
            if v.promise in saboteur.promises:
                return n, f"{v.promise} (SEED={seed}): {v.what[:140]}"
    return 0, ""


def sabotage(which: str, seeds: int, first: int) -> int:
    """The table and the JSON of all saboteurs, or of those whose name holds ``which``."""
    chosen = [n for n, s in enumerate(SABOTEURS) if which == "all" or which in s.name]
    if not chosen:
        print(f"no saboteur's name holds {which!r}")
        return 2
    survivors, told = [], []
    bases()  # made once, by the unbroken program
    with multiprocessing.get_context("fork").Pool(WORKERS, maxtasksperchild=1) as pool:
        asked = [(n, seeds, first) for n in chosen]
        for one in pool.imap(_caught, asked):
            word = f"history {one.at}" if one.at else "SURVIVED"
            print(f"{one.name:48} {word:14} {one.seconds:6.0f} s  {one.how}", flush=True)
            for line in one.unclean:
                print(f"    the unbroken program is not clean there: {line}", flush=True)
            survivors += [] if one.at and not one.unclean else [one.name]
            told.append(one)
    for saboteur in (SABOTEURS[n] for n in chosen):
        if saboteur.note:
            print(f"{saboteur.name}: {saboteur.note}")
    if which == "all":
        TOLD.write_text(table(told, seeds, first))
    print(json.dumps({"saboteurs": len(chosen), "survivors": survivors}))
    return 1 if survivors else 0


def table(found: list[Catch], seeds: int, first: int) -> str:
    """The page of what was broken and what noticed it."""
    lines = [
        "# The saboteurs",
        "",
        "Each breaks the program in one way that a real programmer might (`tests/simulation/*_saboteurs.py`). This",
        f"page is written by `make simulate SABOTAGE=all`, over at most {seeds} histories from seed {first} on: which",
        "promise noticed it, and in which history. The unbroken program runs on the same seeds beside it.",
        "",
        "| what is broken | caught by promise | in history |",
        "|---|---|---|",
    ]
    notes = {s.name: s.note for s in SABOTEURS}
    for one in found:
        name = f"{one.name} (two guards removed: {notes[one.name]})" if notes[one.name] else one.name
        caught_by = one.how.partition(" ")[0] if one.at else "**nobody**"
        at = f"{one.at}{', where the unbroken program is not clean' if one.unclean else ''}" if one.at else ""
        lines.append(f"| {name} | {caught_by} | {at} |")
    return "\n".join(lines) + "\n"


def _caught(args: tuple[int, int, int]) -> Catch:
    return caught(*args)
