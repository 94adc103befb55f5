"""The local stage's clock: real time plus an offset, in seconds, kept in a file that functions and sandboxes read.

``python -m infra.local.clock +3d`` moves it on; time does not go back. No other stage has such a file.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds_in(span: str) -> int:
    """``+3d``, ``90m``, ``1d12h`` in seconds. Raises ValueError with a sentence for anything else.

    >>> seconds_in("+1d12h")
    129600
    """
    text = span.removeprefix("+")
    parts = re.findall(r"(\d+)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{span} is no span of time: write +3d, 90m or 1d12h (weeks, days, hours, minutes, seconds).")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def read(file: Path) -> int:
    """The offset in seconds; no file means none."""
    try:
        return int(float(file.read_text() or "0"))
    except FileNotFoundError:
        return 0


def move(file: Path, seconds: int) -> int:
    """Moves the clock on and returns the new offset in seconds. Raises ValueError for a step back."""
    if seconds < 0:
        raise ValueError("Time does not go back.")
    offset = read(file) + seconds
    part = file.with_suffix(".part")
    part.write_text(str(offset))
    part.replace(file)  # at once, so that nobody reads half a number
    return offset


def main(arguments: list[str]) -> int:
    """Moves the clock of a running ``make run`` and runs the sweep, so that nothing waits a real minute for it."""
    from botocore.exceptions import EndpointConnectionError

    from infra.local.stack import Stack

    try:
        seconds = seconds_in(arguments[0]) if arguments else 0
    except ValueError as why:
        print(why, file=sys.stderr)
        return 2
    stack = Stack()
    try:
        stack.move_clock(seconds)
    except EndpointConnectionError:
        print(
            "The clock is moved; the local stage does not run (make run), so nothing looked at it yet.", file=sys.stderr
        )
        return 1
    print(f"The local stage is now {read(stack.clock_file)} seconds ahead of the real clock.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
