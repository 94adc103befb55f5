"""``make mutate``: breaks the domain's rules one by one and asks its tests which breaks they notice (mutmut).

Each module is broken in a copy of its own below .local/mutation, so that the tree is never changed while others use it,
one module's run can be repeated alone, and a run that was stopped goes on where it stood. A break that mypy refuses is
noticed: ``make test`` runs mypy. ``python -m tests.domain.mutate money receipts``: only these modules.

Writes docs/mutation.md from all modules run so far: the score of each, and the breaks that nobody noticed with the
reason that tests/domain/survivors.txt gives. Prints one JSON object as its last line.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "chalicelib" / "domain"
WHERE = ROOT / ".local" / "mutation"
REPORT = ROOT / "docs" / "mutation.md"
REASONS = Path(__file__).with_name("survivors.txt")  # <module>.<function> | the line as broken | why no test is needed
COPIED = ("chalicelib", "tests/domain", "tests/builders.py", "tests/__init__.py")
NOTICED = ("killed", "timeout", "segfault", "suspicious", "caught by type check")
NICE = 15
WITHOUT_RULES = ("__init__", "readings", "wanted")  # values only
SETTINGS = """[mutmut]
source_paths=chalicelib/domain
only_mutate=chalicelib/domain/{module}.py
also_copy=chalicelib
pytest_add_cli_args_test_selection=tests/domain
pytest_add_cli_args=-p
    no:cacheprovider
use_git_change_detection=false
type_check_command={python}
    -m
    mypy
    --output
    json
    --strict
    --no-warn-unused-ignores
    --explicit-package-bases
    --follow-imports
    silent
    chalicelib/domain/{module}.py
"""


@dataclass
class Survivor:
    """A break that nobody noticed: the function, what stood there, and what stood there instead."""

    function: str
    fate: str
    was: str
    became: str

    @property
    def key(self) -> str:
        return f"{self.function} | {self.became}"


@dataclass
class Outcome:
    counts: dict[str, int]
    survivors: list[Survivor]
    seconds: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def noticed(self) -> int:
        return sum(self.counts.get(fate, 0) for fate in NOTICED)


def copied(module: str) -> Path:
    """A fresh copy of the sources; what earlier runs found out about unchanged functions stays."""
    where = WHERE / module
    for name in COPIED:
        source, target = ROOT / name, where / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "mutate.py"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (where / "setup.cfg").write_text(SETTINGS.format(module=module, python=sys.executable))
    return where


def said(where: Path, *words: str) -> str:
    """What mutmut says."""
    asked = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(asked, cwd=where, check=True, capture_output=True, text=True).stdout


def fates(where: Path) -> dict[str, str]:
    """By mutant: killed, survived, no tests, timeout ..."""
    told = said(where, "results", "--all", "true")
    pairs = (row.strip().rpartition(": ") for row in told.splitlines() if ": " in row)
    return {name: fate for name, _, fate in pairs if fate != "not checked"}


def survivor(where: Path, name: str, fate: str) -> Survivor:
    lines = said(where, "show", name).splitlines()
    was = next((r[1:].strip() for r in lines if r.startswith("-") and not r.startswith("---")), "")
    became = next((r[1:].strip() for r in lines if r.startswith("+") and not r.startswith("+++")), "")
    module, _, function = name.removeprefix("chalicelib.domain.").partition(".")
    plain = function.rpartition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return Survivor(f"{module}.{plain}", fate, was, became)


def broken(module: str) -> Outcome | None:
    """Runs one module to its end; None when mutmut could not."""
    where, began = copied(module), monotonic()
    run = [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count() or 1)]
    with (where / "mutmut.log").open("w") as log:
        done = subprocess.run(run, cwd=where, check=False, stdout=log, stderr=subprocess.STDOUT)
    found = fates(where) if done.returncode == 0 else {}
    if not found:
        print(f"{module}: mutmut did not run to its end; see {where / 'mutmut.log'}", file=sys.stderr)
        return None
    left = [survivor(where, name, fate) for name, fate in sorted(found.items()) if fate not in NOTICED]
    outcome = Outcome(dict(Counter(found.values())), left, round(monotonic() - began))
    told = {"counts": outcome.counts, "seconds": outcome.seconds, "survivors": [vars(s) for s in left]}
    (where / "outcome.json").write_text(json.dumps(told, indent=1))
    return outcome


def known() -> dict[str, Outcome]:
    """The outcomes of all modules run so far."""
    found = {}
    for path in sorted(WHERE.glob("*/outcome.json")):
        told = json.loads(path.read_text())
        left = [Survivor(**s) for s in told["survivors"]]
        found[path.parent.name] = Outcome(told["counts"], left, told["seconds"])
    return found


def reasons() -> dict[str, str]:
    rows = REASONS.read_text().splitlines() if REASONS.exists() else []
    parts = (row.rsplit(" | ", 1) for row in rows if " | " in row and not row.startswith("#"))
    return {key.strip(): why.strip() for key, why in parts}


def report(outcomes: dict[str, Outcome]) -> str:
    why = reasons()
    rows = [
        "# Mutation testing",
        "",
        "Written by `make mutate` (tests/domain/mutate.py). Each rule of `chalicelib/domain` is broken in small ways,",
        "one at a time; a break is noticed when a test of `tests/domain` fails or mypy refuses it.",
        "",
        "| module | breaks | noticed | of these by mypy | score | seconds |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for module, o in outcomes.items():
        by_types = o.counts.get("caught by type check", 0)
        score = 100 * o.noticed / o.total
        rows.append(f"| {module} | {o.total} | {o.noticed} | {by_types} | {score:.1f}% | {o.seconds} |")
    total, noticed = sum(o.total for o in outcomes.values()), sum(o.noticed for o in outcomes.values())
    rows += [f"| all | {total} | {noticed} | | {100 * noticed / max(1, total):.1f}% | |", "", "## Not noticed"]
    for module, o in outcomes.items():
        rows += ["", f"### {module}", ""] if o.survivors else []
        for s in o.survivors:
            rows.append(
                f"* `{s.function}` ({s.fate}): `{s.was}` became `{s.became}`: {why.get(s.key, 'to be looked at')}"
            )
    return "\n".join(rows) + "\n"


def main(asked: list[str]) -> int:
    os.nice(NICE)
    modules = asked or [p.stem for p in sorted(DOMAIN.glob("*.py")) if p.stem not in WITHOUT_RULES]
    failed = []
    for module in modules:
        outcome = broken(module)
        if outcome is None:
            failed.append(module)
            continue
        print(f"{module:14} {outcome.noticed:4} of {outcome.total:4} noticed, in {outcome.seconds} s", flush=True)
        REPORT.write_text(report(known()))
    outcomes = known()
    total, noticed = sum(o.total for o in outcomes.values()), sum(o.noticed for o in outcomes.values())
    score = round(100 * noticed / max(1, total), 1)
    last = {"modules": len(outcomes), "mutants": total, "noticed": noticed, "mutation_score_percent": score}
    print(json.dumps({**last, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
