"""Refuses ``make clean`` while the local stage runs, whose data it would pull away. Needs no packages."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> int:
    """0 where nothing runs, 1 with a sentence where it does."""
    mark = Path(__file__).parents[2] / ".local" / "stack.json"
    try:
        kept = json.loads(mark.read_text())
    except (OSError, ValueError):
        return 0
    pid = kept.get("pid")
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return 0
    if kept.get("running") and b"infra.local" in command:
        print(f"The local stage is running (process {pid}): stop it first with Ctrl-C.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
