"""Clio's webhook subscriptions: which firm an address belongs to, and the secret its messages are signed with.

Clio names neither the account nor the model in a message (reference/clio.md 8): each subscription has an address of its
own with an unguessable part. Record ``clio-hook/<hash>``. Nothing here calls Clio.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from chalicelib.domain.kernel import Json, Neighbour
from chalicelib.errors import Conflict
from chalicelib.flow.ports import World
from chalicelib.flow.sessions import hashed

SECRET_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Subscription:
    """``kind``: what its messages are about (bill). ``secret``: empty until Clio's handshake told it."""

    firm: str
    account: str
    kind: str
    secret: str = field(repr=False, default="")


def new_address(world: World, firm: str, account: str, kind: str, secret: str = "") -> str:
    """The address to give to Clio for a new subscription. ``secret``: when the answer to its creation holds it."""
    token = world.secret()
    _write(world, token, Subscription(firm, account, kind, secret), expected=0)
    return f"{world.public_url}/webhooks/clio/{token}"


def find(world: World, token: str) -> Subscription | None:
    found = world.store.record(f"clio-hook/{hashed(token)}", "clio")
    if found is None:
        return None
    body = found[1]
    sealed = str(body.get("sealed") or "")
    secret = world.seal.open(sealed, firm=body["firm"], neighbour=str(Neighbour.CLIO)) if sealed else ""
    return Subscription(body["firm"], body["account"], body["kind"], secret)


def shake_hands(world: World, token: str, secret: str) -> bool:
    """Keeps the secret of the handshake, the first one only: whoever learns the address later cannot put another."""
    found = world.store.record(f"clio-hook/{hashed(token)}", "clio")
    if found is None or not 0 < len(secret) <= SECRET_LENGTH:
        return False
    known = find(world, token)
    if known is None or known.secret:
        return known is not None and known.secret == secret
    try:
        _write(world, token, replace(known, secret=secret), expected=found[0])
    except Conflict:
        return False
    return True


def _write(world: World, token: str, s: Subscription, *, expected: int) -> None:
    sealed = world.seal.seal(s.secret, firm=s.firm, neighbour=str(Neighbour.CLIO)) if s.secret else ""
    body: Json = {"firm": s.firm, "account": s.account, "kind": s.kind, "sealed": sealed}
    world.store.put_record(f"clio-hook/{hashed(token)}", "clio", body, expected=expected)
