"""Keys for programs: bearer tokens of the JSON API. The hash is stored, the token is shown once, anyone can be revoked.

Records: ``keys/<firm>`` lists a firm's keys by id; ``key/<hash>`` finds one by its token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.kernel import Json
from chalicelib.errors import Refused
from chalicelib.flow.ports import World
from chalicelib.flow.sessions import hashed

PREFIX = "fs_"  # so that a leaked one is recognized where it lies
KEYS_AT_MOST = 20
NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the settings page shows it. ``by``: who made it."""

    id: str
    firm: str
    name: str
    by: str
    made_at: datetime


def create(world: World, firm: str, name: str, by: str) -> str:
    """A new key; gives the token, which is not kept. Raises Refused without a name and over the limit."""
    name = " ".join(name.split())[:NAME_LENGTH]
    if not name:
        raise Refused("Give the key a name, so that you know later which program uses it.")
    if len(listed(world, firm)) >= KEYS_AT_MOST:
        raise Refused(f"A firm has at most {KEYS_AT_MOST} keys. Revoke one that is not used any more.")
    token, id = PREFIX + world.secret(), world.secret(9)
    body: Json = {"id": id, "firm": firm, "name": name, "by": by, "made_at": world.now().isoformat()}
    world.store.put_record(f"keys/{firm}", id, {**body, "hash": hashed(token)}, expected=0)
    world.store.put_record(f"key/{hashed(token)}", "key", body, expected=0)
    return token


def listed(world: World, firm: str) -> list[Key]:
    """The firm's keys, oldest first."""
    found = world.store.records(f"keys/{firm}", limit=KEYS_AT_MOST + 5)
    return sorted((_key(body) for _, body in found), key=lambda k: k.made_at)


def revoke(world: World, firm: str, id: str) -> None:
    """The token stops working at once. Revoking twice is no error."""
    found = world.store.record(f"keys/{firm}", id)
    if found is None:
        return
    world.store.delete_record(f"key/{found[1]['hash']}", "key")
    world.store.delete_record(f"keys/{firm}", id)


def find(world: World, token: str) -> Key | None:
    """Whose token this is."""
    if not token.startswith(PREFIX):
        return None
    found = world.store.record(f"key/{hashed(token)}", "key")
    return _key(found[1]) if found else None


def _key(body: Json) -> Key:
    return Key(body["id"], body["firm"], body["name"], body["by"], datetime.fromisoformat(body["made_at"]))
