"""``make run``: everything up with a sandbox law firm, one address, Ctrl-C stops, data stays."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from infra.deploy import CannotDeploy
from infra.local.ports import BadPort
from infra.local.preflight import NotReady
from infra.local.stack import Stack
from infra.package import CannotPackage


class _Ended(Exception):
    """Somebody asked this process to end."""


def main() -> int:
    """0 after Ctrl-C; 1 with a sentence where the stage cannot be brought up or a part of it ends."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, _end)
    stack = None
    try:
        stack = Stack(say=lambda line: print(line, flush=True))
        stack.up()
        print(f"\n  {stack.url}/_local\n\nCtrl-C stops everything; data stays.", flush=True)
        while not (part := stack.watch()):
            time.sleep(1)
        print(f"{part} has ended; see {stack.state.name}/logs. Stopping the rest.", file=sys.stderr)
        return 1
    except _Ended:
        print("\nStopping ...", flush=True)
        return 0
    except (NotReady, BadPort, CannotPackage, CannotDeploy) as why:
        print(why, file=sys.stderr)
        return 1
    finally:
        if stack and stack.is_up:
            stack.down()


def _end(*_: int | FrameType | None) -> None:
    # Asked once is enough: stopping in order takes a few seconds, in which data is saved.
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_IGN)
    raise _Ended


if __name__ == "__main__":
    raise SystemExit(main())
