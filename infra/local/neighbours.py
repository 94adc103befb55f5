"""The three sandboxes as one process beside the emulator."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from infra.local import values
from infra.local.ports import Ports
from infra.local.preflight import NotReady
from infra.package import ROOT


class Neighbours:
    """Clio, QuickBooks and Stripe for one stage; their data below ``state``/sandboxes."""

    def __init__(self, state: Path, ports: Ports) -> None:
        self.state, self.ports = state, ports
        self.log = state / "logs" / "sandboxes.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self, *, patience_seconds: float = 60.0) -> None:
        """Raises NotReady with the end of the log where the server does not come up."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.sandbox.serve", json.dumps(self._plan())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + patience_seconds
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise NotReady("The sandboxes did not start:\n" + self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """Their data is written after each change; nothing needs to be saved now."""
        if not self._process:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def deliver(self) -> int:
        """Delivers the webhooks that are due; returns how many requests were made."""
        answer = requests.post(f"{self._address}/_deliver", timeout=60)
        answer.raise_for_status()
        return sum(answer.json().values())

    @property
    def _address(self) -> str:
        return values.sandboxes(self.ports)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self._address}/", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def _plan(self) -> dict[str, Any]:
        return {
            "port": self.ports.sandboxes,
            "folder": str(self.state / "sandboxes"),
            "clock": str(self.state / "clock"),
            "apps": {name: values.app(name, self.ports) for name in ("clio", "quickbooks", "stripe")},
        }
