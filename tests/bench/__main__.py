"""``make bench``: measures the figures of docs/performance.md now; a table, then one JSON object as the last line.

``python -m tests.bench cold pages``: only these parts. Ends with 1 when a figure misses its target.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import (
    built,
    cold_start,
    first_reads,
    first_sync,
    per_bill,
    pushing,
    quiet_month,
    quiet_resync,
    store_units,
)
from tests.bench.figures import Figure, line, met, table

PARTS: dict[str, Callable[[], list[Figure]]] = {
    "cold": cold_start.figures,  # first: nothing else of ours is running yet
    "built": built.figures,
    "bill": per_bill.figures,
    "pages": first_reads.figures,
    "resync": quiet_resync.figures,
    "month": quiet_month.figures,
    "push": pushing.figures,
    "first": first_sync.figures,
    "units": store_units.figures,
}


def main(asked: list[str]) -> int:
    unknown = [name for name in asked if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in asked or list(PARTS):
        print(f"measuring: {name} ...", file=sys.stderr, flush=True)
        figures += PARTS[name]()
    print(table(figures))
    print(line(figures))
    return 1 if any(met(f, figures) is False for f in figures) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
