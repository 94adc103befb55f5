"""What must hold before a local stage is brought up; each thing that does not is one clear sentence."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from infra.local.ports import Ports

# Raised when what lies in the state folder can no longer be read by this code.
STATE_FORMAT = 1
_MARK = "stack.json"


class NotReady(Exception):
    """The stage cannot be brought up; the text says why and what to do."""


def emulator_program(project: Path) -> Path:
    """The emulator's own Python. Raises NotReady where ``make`` has not set it up."""
    python = project / ".venv-aws" / "bin" / "python"
    if not python.exists():
        raise NotReady("The AWS emulator is not installed: run `make setup` once.")
    if not list(project.glob(".venv-aws/lib/python*/site-packages/ministack/app.py")):
        raise NotReady("The folder .venv-aws holds no emulator: delete it and run `make setup` again.")
    return python


def claim(state: Path, ports: Ports, project: Path) -> None:
    """Checks everything, takes over from a run that was killed, and marks the folder as ours. Raises NotReady."""
    emulator_program(project)
    state.mkdir(parents=True, exist_ok=True)
    mark = _read_mark(state)
    if mark:
        _check_format(mark, state)
        _check_nobody_runs(mark)
        _end_orphans(mark)
    if taken := ports.taken():
        raise NotReady("\n".join(taken))
    if mark and mark.get("running") and not _saved_since(state, float(str(mark["started_at"]))):
        raise NotReady(
            f"The last run in {state.name} was killed before it could save, so the emulator's data is lost while the "
            "sandboxes kept theirs. Run `make clean` to begin with fresh data."
        )
    write_mark(state, running=True)


def write_mark(state: Path, *, running: bool, children: list[int] | None = None) -> None:
    """Notes who uses the folder: this process and the processes it started."""
    (state / _MARK).write_text(
        json.dumps(
            {
                "format": STATE_FORMAT,
                "running": running,
                "pid": os.getpid(),
                "children": children or [],
                "started_at": time.time(),
            }
        )
    )


def release(state: Path) -> None:
    """The stage ended in order and its data is saved."""
    write_mark(state, running=False)


def _read_mark(state: Path) -> dict[str, object]:
    path = state / _MARK
    if not path.exists():
        if (state / "emulator").exists():
            raise NotReady(f"{state.name} holds data of a run we know nothing of. Run `make clean` to begin anew.")
        return {}
    try:
        mark = json.loads(path.read_text())
    except ValueError:
        mark = None
    if not isinstance(mark, dict):
        raise NotReady(f"{state.name}/{_MARK} cannot be read. Run `make clean` to begin with fresh data.")
    return mark


def _check_format(mark: dict[str, object], state: Path) -> None:
    if mark.get("format") != STATE_FORMAT:
        raise NotReady(f"{state.name} was made by another version of the program. Run `make clean` to begin anew.")


def _check_nobody_runs(mark: dict[str, object]) -> None:
    pid = int(str(mark.get("pid", 0)))
    if mark.get("running") and (pid == os.getpid() or _is_ours(pid)):
        raise NotReady(f"The local stage is already running (process {pid}). Stop it there with Ctrl-C first.")


def _end_orphans(mark: dict[str, object]) -> None:
    """Children that outlived a killed parent: asked to end, so that the emulator saves what it holds."""
    children = mark.get("children")
    left = [pid for pid in children if _is_ours(int(pid))] if isinstance(children, list) else []
    for pid in left:
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 15
    while any(_is_ours(pid) for pid in left) and time.monotonic() < until:
        time.sleep(0.1)


def _is_ours(pid: int) -> bool:
    """Whether ``pid`` runs and is a part of a local stage; numbers are reused, so the command line is looked at."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        command = b""
    return any(word in command for word in (b"ministack", b"infra.local", b"infra.sandbox", b"pytest", b"execnet"))


def _saved_since(state: Path, started_at: float) -> bool:
    saved = state / "emulator" / "dynamodb.json"
    if not (state / "emulator").exists():
        return True  # it never came as far as holding data
    return saved.exists() and saved.stat().st_mtime >= started_at
