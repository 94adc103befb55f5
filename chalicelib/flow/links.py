"""Pay links: unguessable, revocable, found by their hash. One opens what one client owes one firm, and nothing else.

The token itself stands in the mail and on the attempt it began (docs/decisions/0005-pay-links.md).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain import invoicing
from chalicelib.domain.billing import PAY_ONLINE
from chalicelib.flow.ports import World

LASTS = timedelta(days=400)
PAGE = 100  # links revoked at a time
OPENS = "/pay/"
TOKENS = re.compile(rf"{OPENS}([\w-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class PayLink:
    """What a pay link opens. ``payable``: the one it was sent for; ``client``: whose payables it shows."""

    firm: str
    client: str
    payable: str


def address(world: World, token: str) -> str:
    return f"{world.public_url}{OPENS}{token}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make(world: World, link: PayLink) -> str:
    """A new token. The token itself is stored nowhere by this module."""
    token = world.secret(24)
    body = {"firm": link.firm, "client": link.client, "payable": link.payable}
    expires = world.now() + LASTS
    world.store.put_record(f"link/{_hash(token)}", "link", body, expires=expires)
    world.store.put_record(f"links/{link.firm}/{link.payable}", _hash(token), {}, expires=expires)
    return token


def opened_by(world: World, token: str) -> PayLink | None:
    """What the token opens; None when unknown, expired or revoked."""
    if not 16 <= len(token) <= 200:
        return None
    found = world.store.record(f"link/{_hash(token)}", "link")
    if found is None:
        return None
    body = found[1]
    return PayLink(str(body["firm"]), str(body["client"]), str(body["payable"]))


def lives(world: World, link: PayLink, text: str) -> bool:
    """Whether a link that stands in ``text`` still opens the payable, to its present client."""
    return any(opened_by(world, token) == link for token in TOKENS.findall(text))


def revoke(world: World, firm: str, payable: str) -> int:
    """Every link sent for a payable opens nothing any more. Gives how many. Safe to repeat: a link leaves the list only
    after it has ceased to open."""
    sent, revoked = f"links/{firm}/{payable}", 0
    while hashes := world.store.records(sent, limit=PAGE):
        for hash_, _ in hashes:
            world.store.delete_record(f"link/{hash_}", "link")
            world.store.delete_record(sent, hash_)
        revoked += len(hashes)
    return revoked


# --- in texts that are other people's too -----------------------------------------------------------------------------


def stands_in(world: World, text: str) -> bool:
    """Whether a pay link of ours stands in a text, whether it opens anything or not. An address elsewhere is none."""
    return bool(_ours(world).search(text))


def replaced(world: World, text: str, token: str) -> str:
    """The text with this link in the place of ours, all else as it is; below it in a line of its own if it has none."""
    here = address(world, token)
    if not stands_in(world, text):
        return "\n".join([*text.splitlines(), invoicing.message(here)])
    return _ours(world).sub(lambda m: invoicing.message(here) if m[0].startswith(PAY_ONLINE) else here, text)


def without(world: World, text: str) -> str:
    """The text without links of ours, and without the lines that held nothing else."""
    lines = [(line, _ours(world).sub("", line).rstrip()) for line in text.splitlines()]
    return "\n".join(left for line, left in lines if left or not line.strip()).strip()


def _ours(world: World) -> re.Pattern[str]:
    """One after our own words may be of an earlier address of this stage's."""
    return re.compile(rf"(?:{PAY_ONLINE}\S*|{re.escape(world.public_url)}){OPENS}[\w-]+", re.ASCII)
