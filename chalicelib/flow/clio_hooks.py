"""Clio's webhook subscriptions: which firm an address belongs to, and the secret its messages are signed with.

Clio names neither the account nor the model in a message (reference/clio.md 8): each subscription has an address of its
own with an unguessable part. Record ``clio-hook/<hash>``. Nothing here calls Clio; flow/subscribing.py does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from chalicelib.domain.kernel import Json, Neighbour
from chalicelib.errors import Conflict
from chalicelib.flow import tokens
from chalicelib.flow.ports import World
from chalicelib.flow.sessions import hashed

SECRET_LENGTH = 200
PATH = "/webhooks/clio/"


@dataclass(frozen=True, slots=True)
class Subscription:
    """``kind``: what its messages are about (bill). ``secret``: empty until Clio's handshake told it."""

    firm: str
    account: str
    kind: str
    secret: str = field(repr=False, default="")


def new_address(world: World, firm: str, account: str, kind: str, secret: str = "") -> str:
    """The address to give to Clio for a new subscription. ``secret``: when it is known already."""
    token = world.secret()
    _write(world, hashed(token), Subscription(firm, account, kind, secret), expected=0)
    return f"{world.hooks_url or world.public_url}{PATH}{token}"


def name_of(world: World, url: str) -> str:
    """The name of an address of ours: the hash of its unguessable part; empty for any other address."""
    begins = f"{world.hooks_url or world.public_url}{PATH}"
    token = url.removeprefix(begins)
    return hashed(token) if url.startswith(begins) and token else ""


def find(world: World, token: str) -> Subscription | None:
    found = _read(world, hashed(token))
    return found[1] if found else None


def shake_hands(world: World, token: str, secret: str) -> bool:
    """Keeps the secret of the handshake, the first one only: whoever learns the address later cannot put another."""
    return learn(world, hashed(token), secret)


def learn(world: World, name: str, secret: str) -> bool:
    """Keeps a subscription's secret, which comes with the answer to its creation or with the handshake, whichever is
    first. Gives whether this is its secret now."""
    if not 0 < len(secret) <= SECRET_LENGTH:
        return False
    for _ in range(2):
        found = _read(world, name)
        if found is None:
            return False
        version, known = found
        if known.secret:
            return known.secret == secret
        try:
            _write(world, name, replace(known, secret=secret), expected=version)
        except Conflict:
            continue  # the other way to learn it was faster: it must be the same
        return True
    return False


def secret_of(world: World, name: str) -> str:
    found = _read(world, name)
    return found[1].secret if found else ""


def forget(world: World, name: str) -> None:
    """The address opens nothing any more."""
    world.store.delete_record(f"clio-hook/{name}", "clio")


def _read(world: World, name: str) -> tuple[int, Subscription] | None:
    found = world.store.record(f"clio-hook/{name}", "clio")
    if found is None:
        return None
    version, body = found
    sealed = str(body.get("sealed") or "")
    secret = tokens.opened(world, body["firm"], Neighbour.CLIO, sealed) if sealed else ""
    return version, Subscription(body["firm"], body["account"], body["kind"], secret)


def _write(world: World, name: str, s: Subscription, *, expected: int) -> None:
    sealed = world.seal.seal(s.secret, firm=s.firm, neighbour=str(Neighbour.CLIO)) if s.secret else ""
    body: Json = {"firm": s.firm, "account": s.account, "kind": s.kind, "sealed": sealed}
    world.store.put_record(f"clio-hook/{name}", "clio", body, expected=expected)
