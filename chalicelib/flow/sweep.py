"""The sweep, every minute: reads the one index of what is owed and due, and tells workers which lanes have something.

It may overlap with itself, and its hints may be lost or doubled: what is overdue stands at the head next time too.
"""

from __future__ import annotations

from chalicelib.domain.kernel import SHARDS
from chalicelib.flow.ports import World

READ_AT_MOST = 5000  # keys per shard and sweep; a first sync is paced so that no lane fills it (flow/feeds.py)


def sweep(world: World) -> int:
    """Hints every lane that has something due. Gives the number of lanes."""
    now = world.now()
    lanes: set[str] = set()
    for shard in range(SHARDS):
        due = world.store.due(shard, now, limit=READ_AT_MOST)
        lanes.update(lane for _, lane in due)
    if lanes:
        world.queue.hint(sorted(lanes))
    world.count("sweep_lanes", len(lanes))
    return len(lanes)
