"""``make mutate``: breaks the domain's rules one by one and asks its tests which breaks they notice (mutmut).

Works in a copy below .local, so that the tree is never changed while others use it. Prints the mutants that nobody
noticed, a table by module, then one JSON object. ``python -m tests.domain.mutate money receipts``: only these modules.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
WHERE = ROOT / ".local" / "mutation"
COPIED = ("chalicelib", "tests/domain", "tests/builders.py", "tests/__init__.py")
NOTICED = ("killed", "timeout", "segfault", "suspicious")
SETTINGS = """[mutmut]
source_paths=chalicelib/domain
also_copy=chalicelib
pytest_add_cli_args_test_selection=tests/domain
pytest_add_cli_args=-p
    no:cacheprovider
use_git_change_detection=false
"""


def copied() -> None:
    """A fresh copy of the sources; what earlier runs found out about unchanged functions stays."""
    for name in COPIED:
        source, target = ROOT / name, WHERE / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "mutate.py"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (WHERE / "setup.cfg").write_text(SETTINGS)


def fates() -> dict[str, str]:
    """By mutant: killed, survived, no tests, timeout ..."""
    told = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        cwd=WHERE,
        check=True,
        capture_output=True,
        text=True,
    )
    pairs = (row.strip().rpartition(": ") for row in told.stdout.splitlines() if ": " in row)
    return {name: fate for name, _, fate in pairs}


def main(asked: list[str]) -> int:
    WHERE.mkdir(parents=True, exist_ok=True)
    copied()
    names = [f"chalicelib.domain.{module}.*" for module in asked]
    run = [sys.executable, "-m", "mutmut", "run", "--max-children", "2", *names]
    done = subprocess.run(run, cwd=WHERE, check=False, stdout=subprocess.DEVNULL)
    found = {name: fate for name, fate in fates().items() if fate != "not checked"}
    if done.returncode or not found:
        print("mutmut did not run to its end; see its own words above", file=sys.stderr)
        return 1
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    for name, fate in sorted(found.items()):
        by_module[name.split(".")[2]][fate] += 1
        if fate not in NOTICED:
            print(f"{fate}: {name}")
    for module, counts in sorted(by_module.items()):
        noticed = sum(counts[fate] for fate in NOTICED)
        print(f"{module:12} {noticed:4} of {counts.total():4} noticed, {100 * noticed / counts.total():5.1f}%")
    noticed = sum(fate in NOTICED for fate in found.values())
    score = round(100 * noticed / len(found), 1)
    print(json.dumps({"mutants": len(found), "noticed": noticed, "mutation_score_percent": score}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
