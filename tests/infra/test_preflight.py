"""What keeps the local stage from coming up is said in a sentence that names the remedy."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local import preflight
from infra.local.ports import HOST, BadPort, Ports
from infra.local.preflight import NotReady


def a_project(folder: Path) -> Path:
    """A checkout with the emulator installed, as far as preflight looks."""
    for file in (".venv-aws/bin/python", ".venv-aws/lib/python3.11/site-packages/ministack/app.py"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def a_mark(state: Path, **changed: object) -> Path:
    state.mkdir(parents=True, exist_ok=True)
    mark = {"format": preflight.STATE_FORMAT, "running": False, "pid": 0, "children": [], "started_at": time.time()}
    (state / "stack.json").write_text(json.dumps({**mark, **changed}))
    return state


@contextmanager
def a_process(word: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose command line holds ``word``, seen to be so."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", word]) as process:
        try:
            until = time.monotonic() + 10
            while word.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes() and time.monotonic() < until:
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


def test_a_fresh_folder_is_claimed(tmp_path: Path) -> None:
    preflight.claim(tmp_path / "state", Ports.any_free(), a_project(tmp_path))
    assert json.loads((tmp_path / "state" / "stack.json").read_text())["running"] is True


def test_a_port_in_use_is_named_with_a_way_around(tmp_path: Path) -> None:
    ports = Ports.any_free()
    with (
        socket.create_server((HOST, ports.front)),
        pytest.raises(NotReady, match=rf"Port {ports.front} is in use .* PORT=\d+ make run"),
    ):
        preflight.claim(tmp_path / "state", ports, a_project(tmp_path))


def test_an_emulator_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="not installed: run `make setup`"):
        preflight.claim(tmp_path / "state", Ports.any_free(), tmp_path)


def test_an_environment_without_the_emulator_is_named(tmp_path: Path) -> None:
    (tmp_path / ".venv-aws" / "bin").mkdir(parents=True)
    (tmp_path / ".venv-aws" / "bin" / "python").touch()
    with pytest.raises(NotReady, match="delete it and run `make setup` again"):
        preflight.claim(tmp_path / "state", Ports.any_free(), tmp_path)


def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    state = a_mark(tmp_path / "state", format=0)
    with pytest.raises(NotReady, match=r"another version .* `make clean`"):
        preflight.claim(state, Ports.any_free(), a_project(tmp_path))


def test_an_unreadable_mark_is_refused(tmp_path: Path) -> None:
    state = a_mark(tmp_path / "state")
    (state / "stack.json").write_text("{")
    with pytest.raises(NotReady, match="cannot be read"):
        preflight.claim(state, Ports.any_free(), a_project(tmp_path))


def test_data_without_a_mark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state" / "emulator").mkdir(parents=True)
    with pytest.raises(NotReady, match="a run we know nothing of"):
        preflight.claim(tmp_path / "state", Ports.any_free(), a_project(tmp_path))


def test_a_second_run_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    with a_process("infra.local.up") as other:
        state = a_mark(tmp_path / "state", running=True, pid=other.pid)
        with pytest.raises(NotReady, match=f"already running .process {other.pid}."):
            preflight.claim(state, Ports.any_free(), a_project(tmp_path))


def test_a_run_that_was_killed_before_it_saved_is_told_apart(tmp_path: Path) -> None:
    state = a_mark(tmp_path / "state", running=True, pid=0)
    (state / "emulator").mkdir()
    with pytest.raises(NotReady, match="killed before it could save"):
        preflight.claim(state, Ports.any_free(), a_project(tmp_path))


def test_children_of_a_killed_run_are_ended_so_that_they_save(tmp_path: Path) -> None:
    with a_process("ministack") as orphan:
        state = a_mark(tmp_path / "state", running=True, pid=0, children=[orphan.pid])
        (state / "emulator").mkdir()
        (state / "emulator" / "dynamodb.json").write_text("{}")
        os.utime(state / "emulator" / "dynamodb.json", (time.time() + 5,) * 2)
        preflight.claim(state, Ports.any_free(), a_project(tmp_path))
        assert orphan.wait(5) != 0


def test_ports_are_moved_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9100")
    assert Ports.from_environment() == Ports(front=9100)


@pytest.mark.parametrize(
    ("value", "said"), [("http", "is not a port"), ("99999", "is not a port"), ("4566", "one port")]
)
def test_a_port_that_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(BadPort, match=said):
        Ports.from_environment()
