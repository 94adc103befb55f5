"""``make mutate``: breaks the domain's rules one by one and asks its tests which breaks they notice (mutmut).

The domain is broken in a copy of its own below .local/mutation, so that the tree is never changed while others use it.
A run goes on where an earlier one stood: it breaks what changed since, and what nobody noticed. A break that mypy
refuses is noticed: ``make test`` runs mypy.
``python -m tests.domain.mutate money receipts``: only these modules, each in a copy of its own.

Writes docs/mutation.md from all modules run so far: the score of each, and the breaks that nobody noticed with the
reason that tests/domain/survivors.txt gives. Prints one JSON object as its last line.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from mutmut.mutation.diff_apply import get_diff_for_mutant

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "chalicelib" / "domain"
WHERE = ROOT / ".local" / "mutation"
REPORT = ROOT / "docs" / "mutation.md"
REASONS = Path(__file__).with_name("survivors.txt")  # <module>.<function> | the line as broken | why no test is needed
COPIED = ("chalicelib", "tests/domain", "tests/builders.py", "tests/__init__.py")
NOTICED = ("killed", "timeout", "segfault", "suspicious", "caught by type check")
UNNOTICED = (0, 5, 33)  # mutmut's codes: its tests passed, or there are none
NICE = 15
WITHOUT_RULES = ("__init__", "wanted")  # values only
SETTINGS = """[mutmut]
source_paths=chalicelib/domain
only_mutate={modules}
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
    {modules}
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

    @property
    def wording(self) -> bool:
        """Whether only a text for people changed: the code around it is the same, and the text has several words."""
        (code, texts), (broken, others) = (_apart(side) for side in (self.was, self.became))
        changed = [one for one, other in zip(texts, others, strict=False) if one != other]
        return code == broken and bool(changed) and all(" " in text.strip() for text in changed)


TEXT = re.compile(r"""f?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


def _apart(line: str) -> tuple[str, list[str]]:
    """(the code with its texts taken out, the texts)."""
    return TEXT.sub("_", line), TEXT.findall(line)


@dataclass
class Outcome:
    counts: dict[str, int]
    survivors: list[Survivor]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def noticed(self) -> int:
        return sum(self.counts.get(fate, 0) for fate in NOTICED)


PROPERTY = re.compile(r"^( +)@property\n\1def (\w+)\(self\) -> (.+):\n", re.MULTILINE)


def opened(source: str) -> str:
    """With the rule of each property in a method of its own (``open`` in ``_open``): mutmut breaks nothing that is
    decorated."""
    return PROPERTY.sub(r"\g<0>\1    return self._\2()\n\n\1def _\2(self) -> \3:\n", source)


def copied(name: str, modules: list[str]) -> Path:
    """A fresh copy of the sources; what earlier runs found out about unchanged functions stays."""
    where = WHERE / name
    for name in COPIED:
        source, target = ROOT / name, where / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "mutate.py"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    for module in modules:
        path = where / "chalicelib" / "domain" / f"{module}.py"
        path.write_text(opened(path.read_text()))
    paths = "\n    ".join(f"chalicelib/domain/{module}.py" for module in modules)
    (where / "setup.cfg").write_text(SETTINGS.format(modules=paths, python=sys.executable))
    return where


def ask_again(where: Path) -> None:
    """What nobody noticed in an earlier run is asked again, for tests may have been written since, and which test
    passes through which function is found out anew. What was noticed counts as noticed while its function stays."""
    (where / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    for path in where.glob("mutants/chalicelib/domain/*.meta"):
        told = json.loads(path.read_text())
        codes = told["exit_code_by_key"]
        told["exit_code_by_key"] = {key: None if code in UNNOTICED else code for key, code in codes.items()}
        path.write_text(json.dumps(told, indent=4))


def said(where: Path, *words: str) -> str:
    """What mutmut says."""
    asked = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(asked, cwd=where, check=True, capture_output=True, text=True).stdout


def fates(where: Path) -> dict[str, str]:
    """By mutant: killed, survived, no tests, timeout ..."""
    told = said(where, "results", "--all", "true")
    pairs = (row.strip().rpartition(": ") for row in told.splitlines() if ": " in row)
    return {name: fate for name, _, fate in pairs if fate != "not checked"}


def module_of(mutant: str) -> str:
    return mutant.removeprefix("chalicelib.domain.").partition(".")[0]


def survivor(where: Path, name: str, fate: str) -> Survivor:
    with contextlib.chdir(where):
        lines = get_diff_for_mutant(name, path=f"chalicelib/domain/{module_of(name)}.py").splitlines()
    was = next((r[1:].strip() for r in lines if r.startswith("-") and not r.startswith("---")), "")
    became = next((r[1:].strip() for r in lines if r.startswith("+") and not r.startswith("+++")), "")
    module, _, function = name.removeprefix("chalicelib.domain.").partition(".")
    mangled = function.rpartition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ")
    plain = re.sub(r"ǁ(_(?!_))?", ".", mangled)  # a method, or the rule of a property
    return Survivor(f"{module}.{plain}", fate, was, became)


def broken(name: str, modules: list[str]) -> bool:
    """Breaks these modules in the copy ``name``; keeps what came of each. False: mutmut did not come to its end."""
    where, began = copied(name, modules), monotonic()
    ask_again(where)
    run = [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count() or 1)]
    with (where / "mutmut.log").open("w") as log:
        done = subprocess.run(run, cwd=where, check=False, stdout=log, stderr=subprocess.STDOUT)
    found = fates(where) if done.returncode == 0 else {}
    if not found:
        print(f"{name}: mutmut did not run to its end; see {where / 'mutmut.log'}", file=sys.stderr)
        return False
    left: dict[str, list[Survivor]] = {module: [] for module in modules}
    for mutant, fate in sorted(found.items()):
        if fate not in NOTICED:
            left[module_of(mutant)].append(survivor(where, mutant, fate))
    for module in modules:
        counts = Counter(fate for mutant, fate in found.items() if module_of(mutant) == module)
        told = {"counts": counts, "survivors": [vars(s) for s in left[module]]}
        (WHERE / f"{module}.json").write_text(json.dumps(told, indent=1))
    print(f"{name}: {len(found)} breaks in {monotonic() - began:.0f} s", flush=True)
    return True


def known() -> dict[str, Outcome]:
    """The outcomes of all modules run so far."""
    found = {}
    for path in sorted(WHERE.glob("*.json")):
        told = json.loads(path.read_text())
        found[path.stem] = Outcome(told["counts"], [Survivor(**s) for s in told["survivors"]])
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
        "one at a time; a break is noticed when a test of `tests/domain` fails or mypy refuses it. Words: breaks of a",
        "text for people (a capital, a mark around it), which nobody noticed and which change no rule.",
        "",
        "| module | breaks | noticed | of these by mypy | score | not noticed: words | other |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for module, o in outcomes.items():
        by_types = o.counts.get("caught by type check", 0)
        rows.append(f"| {module} | {o.total} | {o.noticed} | {by_types} | {_score(o.noticed, o.total)} | {_left(o)} |")
    total, noticed = sum(o.total for o in outcomes.values()), sum(o.noticed for o in outcomes.values())
    words = sum(s.wording for o in outcomes.values() for s in o.survivors)
    by_types = sum(o.counts.get("caught by type check", 0) for o in outcomes.values())
    rows += [
        f"| all | {total} | {noticed} | {by_types} | {_score(noticed, total)} | {words} | {total - noticed - words} |"
    ]
    rows += [
        "",
        f"Without the breaks of words: {_score(noticed, total - words)}.",
        "",
        "## Not noticed, words left out",
    ]
    for module, o in outcomes.items():
        left = [s for s in o.survivors if not s.wording]
        rows += ["", f"### {module}", ""] if left else []
        for s in left:
            rows.append(f"* `{s.function}` ({s.fate}): `{s.was}` became `{s.became}`: {_why(s, why)}")
    return "\n".join(rows) + "\n"


def _score(noticed: int, total: int) -> str:
    return f"{100 * noticed / max(1, total):.1f}%"


def _left(o: Outcome) -> str:
    words = sum(s.wording for s in o.survivors)
    return f"{words} | {len(o.survivors) - words}"


def _why(s: Survivor, why: dict[str, str]) -> str:
    """The reason that survivors.txt gives for this break, or for all of its function."""
    return why.get(s.key.strip()) or why.get(f"{s.function} | *") or "to be looked at"


def main(asked: list[str]) -> int:
    os.nice(NICE)
    every = [p.stem for p in sorted(DOMAIN.glob("*.py")) if p.stem not in WITHOUT_RULES]
    runs = {module: [module] for module in asked} or {"all": every}
    failed = [name for name, modules in runs.items() if not broken(name, modules)]
    outcomes = known()
    REPORT.write_text(report(outcomes))
    total, noticed = sum(o.total for o in outcomes.values()), sum(o.noticed for o in outcomes.values())
    score = round(100 * noticed / max(1, total), 1)
    last = {"modules": len(outcomes), "mutants": total, "noticed": noticed, "mutation_score_percent": score}
    print(json.dumps({**last, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
