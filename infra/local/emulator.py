"""The AWS emulator as a process of its own: started, asked, stopped in order so that it keeps its data.

It enforces IAM (AUTH=true): each function runs with its own role's credentials, and what its policy file does not
allow is refused as AccessDenied. Functions inherit this process's environment: that is how the local stage, and no
other, gives them its clock and its post, without a word in the template.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import requests

from infra.deploy import Account
from infra.local.ports import HOST, Ports
from infra.local.preflight import NotReady, emulator_program

REGION = "us-east-1"
ROOT_KEYS = ("test", "test")
_ROOM_IN_MEMORY_BYTES = 2 * 1024**3


class Emulator:
    """One emulator: its data below ``state``/emulator, its log in ``state``/logs."""

    def __init__(self, project: Path, state: Path, ports: Ports) -> None:
        self.project, self.state, self.ports = project, state, ports
        self.address = f"http://{HOST}:{ports.aws}"
        self.account = Account(REGION, self.address, ROOT_KEYS)
        self.log = state / "logs" / "emulator.log"
        self.scratch = _scratch(state)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self, *, patience_seconds: float = 60.0) -> None:
        """Raises NotReady with the end of the log where the emulator does not come up."""
        shutil.rmtree(self.scratch, ignore_errors=True)  # unpacked functions of an earlier run
        for folder in (self.scratch, self.state / "emulator", self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(emulator_program(self.project)), "-m", "ministack"],
                cwd=self.scratch,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us first, and we stop it in order
            )
        until = time.monotonic() + patience_seconds
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise NotReady("The AWS emulator did not start:\n" + self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def stop(self, *, patience_seconds: float = 30.0) -> None:
        """Asks it to end, which makes it save; kills it only after ``patience_seconds``."""
        if not self._process:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        _end_group(process.pid)  # workers of functions that were busy
        shutil.rmtree(self.scratch, ignore_errors=True)

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _environment(self) -> dict[str, str]:
        key, secret = ROOT_KEYS
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.scratch),
            "TMPDIR": str(self.scratch),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION,
            "MINISTACK_REGION": REGION,
            "MINISTACK_HOST": HOST,
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.ports.aws),
            "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "S3_PERSIST": "0",
            "STATE_DIR": str(self.state / "emulator"),
            "CLOCK_FILE": str(self.state / "clock"),
            "AWS_ENDPOINT_URL_SESV2": f"http://{HOST}:{self.ports.post}",
        }

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/_ministack/ready", timeout=2).status_code == 200
        except requests.RequestException:
            return False


def _scratch(state: Path) -> Path:
    """Where functions are unpacked, once for each worker: in memory if there is room, ten times as quick."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of this stage's own name in it
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_IN_MEMORY_BYTES:
        return memory / f"fee-simple-{hashlib.sha256(str(state).encode()).hexdigest()[:12]}"
    return state / "scratch"


def _end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGTERM)
    except (ProcessLookupError, PermissionError):
        return
