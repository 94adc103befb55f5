"""The house rules that a machine can check (design sections 4 and 8): who may import whom, and what stands nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = sorted([ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")])
INFRA = sorted((ROOT / "infra").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
OURS = {"app", "chalicelib", "infra", "tests"}

MAY_IMPORT = {
    "app": {"web", "flow", "domain", "errors", "world"},
    "world": {"clio", "quickbooks", "stripe", "mail", "store", "domain", "errors"},
    "errors": set(),
    "domain": {"errors"},
    "flow": {"domain", "errors"},
    "web": {"flow", "domain", "errors"},
    "clio": {"domain", "errors"},
    "quickbooks": {"domain", "errors"},
    "stripe": {"domain", "errors"},
    "mail": {"domain", "errors"},
    "store": {"domain", "errors"},
}
STANDARD_ONLY = ("domain", "errors")  # pure: no package, and of the standard library nothing that touches the world
STANDARD = {
    "__future__", "base64", "calendar", "collections", "dataclasses", "datetime", "decimal", "enum", "functools",
    "hashlib", "itertools", "json", "math", "re", "typing", "unicodedata", "zoneinfo", "string", "operator",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns"}
FORBIDDEN_NAMES = ("util", "utils", "helper", "helpers", "manager", "service", "services", "data", "common", "misc")
LINES_AT_MOST = 400
REACHES_IN = {  # tests that patch a function of ours: to be moved to what World brings in
    *("flow/test_clear_payments.py", "flow/test_first_answers.py", "flow/test_first_sync.py", "flow/test_pairing.py"),
    "flow/test_pieces.py",
}
LINES_OF = {"store/memory.py": 480, "clio/client.py": 420}  # over the limit: to be split


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def part_of(path: Path) -> str:
    """The part of the layout that a file of the program belongs to."""
    inside = path.relative_to(ROOT).with_suffix("").parts
    return inside[0] if len(inside) == 1 else inside[1]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module imported anywhere in the file, with its line; names imported from our packages count as modules."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((a.name, node.lineno) for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{a.name}", node.lineno) for a in node.names)


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """``datetime.now`` for datetime.now(...), ``float`` for float(...)."""
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
        case ast.Attribute(attr=name):
            return f".{name}"
    return ""


def test_imports_point_one_way() -> None:
    wrong = []
    for path in PROGRAM:
        part = part_of(path)
        if part == "__init__":
            continue
        for module, line in imports(path):
            parts = module.split(".")
            if parts[0] == "chalicelib" and len(parts) > 1 and parts[1] not in MAY_IMPORT[part] | {part}:
                wrong.append(f"{name_of(path)}:{line} imports {module}")
    assert not wrong


def test_pages_import_the_rules_only_where_they_use_them() -> None:
    """A cold start of the API Lambda pays for whatever stands at a module's top (``cold_import_ratio``)."""
    at_start = {"money", "dates", "kernel", "reminders"}
    wrong = [
        f"{name_of(path)}:{node.lineno} imports {node.module}"
        for path in (ROOT / "chalicelib" / "web").glob("*.py")
        for node in tree(path).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("chalicelib.domain", "chalicelib.flow"))
        if (node.module or "").split(".")[-1] not in at_start | {"sessions", "flow"}
        if path.name != "needs.py"  # of types only: nothing imports it while running
    ]
    assert not wrong


def test_the_program_imports_neither_infra_nor_tests_nor_app() -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in PROGRAM
        for module, line in imports(path)
        if module.split(".")[0] in OURS - {"chalicelib"}
    ]
    assert not wrong


def test_the_sandboxes_import_nothing_of_ours_but_themselves() -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in (ROOT / "infra" / "sandbox").rglob("*.py")
        for module, line in imports(path)
        if module.split(".")[0] in OURS and not module.startswith("infra.sandbox") and module != "infra"
    ]
    assert not wrong


def test_tests_of_the_sandboxes_over_raw_http_import_nothing_of_chalicelib() -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in (ROOT / "tests" / "sandbox").rglob("*.py")
        for module, line in imports(path)
        if module.split(".")[0] == "chalicelib"
    ]
    assert not wrong


@pytest.mark.parametrize("part", STANDARD_ONLY)
def test_the_domain_uses_the_pure_standard_library_only(part: str) -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in PROGRAM
        if part_of(path) == part
        for module, line in imports(path)
        if module.split(".")[0] not in STANDARD | {"chalicelib"}
    ]
    assert not wrong


def test_the_flows_reach_neighbours_and_tables_only_through_the_world() -> None:
    packages = {"requests", "stripe", "botocore", "boto3", "pynamodb", "chalice", "jinja2", "aws_lambda_powertools"}
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in PROGRAM
        if part_of(path) == "flow"
        for module, line in imports(path)
        if module.split(".")[0] in packages
    ]
    assert not wrong


def test_only_the_world_reads_environment_clock_and_randomness() -> None:
    wrong = []
    for path in PROGRAM:
        if part_of(path) == "world":
            continue
        for module, line in imports(path):
            if module.split(".")[0] in {"os", "random", "secrets", "uuid", "dotenv"}:
                wrong.append(f"{name_of(path)}:{line} imports {module}")
        for call in calls(path):
            owner, _, name = called(call).rpartition(".")
            if name in CLOCKS and owner in {"datetime", "date", "time", "datetime.datetime"}:
                wrong.append(f"{name_of(path)}:{call.lineno} asks the clock")
    assert not wrong


def test_no_float_touches_money() -> None:
    """In domain no float at all; elsewhere none is made, save for seconds and ratios, which are named."""
    wrong = []
    for path in PROGRAM:
        if part_of(path) != "domain":
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                wrong.append(f"{name_of(path)}:{node.lineno} holds the float {node.value}")
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _of_decimals(node):
                wrong.append(f"{name_of(path)}:{node.lineno} divides with /")
    wrong += [
        f"{name_of(path)}:{call.lineno} makes a float"
        for path in PROGRAM
        for call in calls(path)
        if called(call) == "float" and not _of_seconds(path, call)
    ]
    assert not wrong


def _of_decimals(node: ast.BinOp) -> bool:
    return "Decimal" in ast.unparse(node)


def _of_seconds(path: Path, call: ast.Call) -> bool:
    """Seconds to wait, read from a neighbour's header, are no money."""
    line = path.read_text().splitlines()[call.lineno - 1]
    return part_of(path) in {"clio", "quickbooks", "stripe"} and any(
        word in line for word in ("after", "reset", "seconds", "parts[")
    )


def test_json_numbers_are_never_read_as_floats_from_neighbours() -> None:
    """Webhooks and errors hold no amount: of them only a pointer or a word is taken."""
    told = [
        (path.relative_to(ROOT / "chalicelib").as_posix(), ast.unparse(call))
        for path in PROGRAM
        if part_of(path) in {"clio", "quickbooks"} and path.name not in {"webhook.py", "faults.py"}
        for call in calls(path)
        if ast.unparse(call.func).endswith((".loads", ".json", "json.decode", "json.Decoder"))
    ]
    decoder = "msgspec.json.Decoder(float_hook=Decimal)"
    assert sorted(told) == [("clio/pieces.py", decoder), ("quickbooks/parts.py", decoder)]


def test_nothing_below_the_app_catches_every_exception() -> None:
    wrong = []
    for path in PROGRAM:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and part_of(path) != "app":
                named = ast.unparse(node.type) if node.type else ""
                if node.type is None or named in {"Exception", "BaseException"}:
                    wrong.append(f"{name_of(path)}:{node.lineno}")
    assert not wrong


def test_no_file_is_a_drawer() -> None:
    wrong = [name_of(p) for p in [*PROGRAM, *INFRA, *TESTS] if set(p.stem.split("_")) & set(FORBIDDEN_NAMES)]
    assert not wrong


def test_tests_do_not_patch_our_own_modules() -> None:
    """Fakes come in through World; only the simulator's saboteurs may reach in. A size or a limit, which is written in
    capitals, may be made small."""
    wrong = [
        name_of(path).removeprefix("tests/")
        for path in TESTS
        if "simulation" not in path.parts
        for call in calls(path)
        if called(call).split(".")[-1] in {"patch", "setattr"} or called(call).endswith((".object", ".multiple"))
        if _names_ours(path, call) and not all(name.isupper() for name in _replaced(call))
    ]
    assert set(wrong) <= REACHES_IN


def _names_ours(path: Path, call: ast.Call) -> bool:
    first = ast.unparse(call.args[0]).strip("'\"").split(".")[0] if call.args else ""
    return first in OURS or any(
        (alias.asname or alias.name) == first and (node.module or "").split(".")[0] == "chalicelib"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def _replaced(call: ast.Call) -> list[str]:
    """The names that are patched; none where they cannot be read."""
    named = [ast.literal_eval(a) for a in call.args[1:2] if isinstance(a, ast.Constant)]
    return [str(name) for name in named] or [k.arg for k in call.keywords if k.arg] or [""]


def test_files_have_one_subject_each() -> None:
    wrong = []
    for path in PROGRAM:
        length = len(path.read_text().splitlines())
        inside = path.relative_to(ROOT / "chalicelib").as_posix() if path.name != "app.py" else "app.py"
        if length > LINES_OF.get(inside, LINES_AT_MOST):
            wrong.append(f"{inside} has {length} lines")
    assert not wrong


def test_every_module_says_what_it_is_for() -> None:
    wrong = [name_of(p) for p in [*PROGRAM, *INFRA] if p.read_text().strip() and not ast.get_docstring(tree(p))]
    assert not wrong
