"""What is left of the zip that Chalice made."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from infra.slim import slim


def a_zip(folder: Path, **files: str) -> Path:
    path = folder / "deployment.zip"
    with ZipFile(path, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return path


def names(path: Path) -> set[str]:
    slim(path)
    with ZipFile(path) as zipped:
        return set(zipped.namelist())


def test_our_own_modules_keep_their_source_beside_the_compiled_one(tmp_path: Path) -> None:
    left = names(a_zip(tmp_path, **{"app.py": "x = 1\n"}))
    assert "app.py" in left
    assert any(name.startswith("__pycache__/app.cpython-") for name in left)


def test_other_packages_are_there_compiled_only(tmp_path: Path) -> None:
    assert names(a_zip(tmp_path, **{"stripe/__init__.py": "x = 1\n"})) == {"stripe/__init__.pyc"}


def test_the_command_lines_own_packages_and_unused_services_go(tmp_path: Path) -> None:
    files = {"pip/__init__.py": "", "botocore/data/ec2/2016/service-2.json.gz": "", "a.dist-info/RECORD": ""}
    kept = {
        "botocore/data/sqs/2012/service-2.json.gz": "",
        "botocore/data/endpoints.json": "",
        "a.dist-info/METADATA": "",
    }
    assert names(a_zip(tmp_path, **files, **kept)) == set(kept)


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = a_zip(tmp_path, **{"app.py": "x = 1\n", "stripe/__init__.py": "x = 1\n"})
    slim(path)
    once = path.read_bytes()
    slim(path)
    assert path.read_bytes() == once


def test_what_does_not_compile_is_kept_as_it_is(tmp_path: Path) -> None:
    assert names(a_zip(tmp_path, **{"lib/template.py": "{% if %}"})) == {"lib/template.py"}
