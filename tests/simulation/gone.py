"""The checkers of a client that Clio shows no more (docs/decisions/0023). Promise 10: from when it is known, nothing of
its fields goes over either way. Promise 8: a person is asked once, until they say what becomes of it or Clio shows it
again; and nothing is owed for ever.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Kind, Ref, Status
from tests.simulation import clerks
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet

UNDER_WAY = timedelta(minutes=5)  # what a worker had read before
PATCHED = re.compile(r"/contacts/(\d+)")


@dataclass
class Vanished:
    """``known``: clients that we know to be gone, with their customer, and since when."""

    known: dict[Ref, tuple[str, datetime]] = field(default_factory=dict)


def hidden(c: Checkers, client: str) -> bool:
    """Whether Clio shows it to nobody who connected us."""
    clio = c.h.world.clio_box
    return int(client) in clio.switches.get("hidden_contacts", ()) or int(client) not in clio.state.rows["contacts"]


def committed(c: Checkers, ref: Ref, body: dict[str, Any]) -> None:
    """A client was committed."""
    since = c.vanished.known.pop(ref, ("", c.h.clock.at))[1]
    if body["vanished"] and body["customer"]:
        c.vanished.known[ref] = (body["customer"], since)


def batch(c: Checkers, request: requests.PreparedRequest) -> None:
    """QuickBooks did a batch: no customer of a client that is gone is in it, but to be made active again."""
    began = clerks.sent(c, request)
    written = [item["Customer"] for item in json.loads(request.body or b"{}").get("BatchItemRequest", [])
               if "Id" in item.get("Customer", {}) and not item["Customer"].get("Active")]  # fmt: skip
    for row in written:
        for ref, (customer, since) in c.vanished.known.items():
            realm = c.h.truth.firm_of(ref.firm).realm
            if customer == row["Id"] and f"/{realm}/" in str(request.url) and began > since + UNDER_WAY:
                c.say("10", f"{ref}: gone in Clio since {since}, and its customer is changed: {row}")


def patched(c: Checkers, request: requests.PreparedRequest) -> None:
    """Clio did something of ours: no client that is gone is changed."""
    found = PATCHED.search(str(request.path_url)) if request.method == "PATCH" else None
    for ref, (_, since) in c.vanished.known.items():
        if found and ref.id == found[1] and c.h.clock.at > since + UNDER_WAY:
            c.say("10", f"{ref}: gone in Clio since {since}, and it is changed there")


def judge(q: Quiet, firm: FirmFacts) -> None:
    generation = q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"]
    asks: dict[str, list[str]] = {}
    for e in q.effects:
        if e.kind == Do.TASK and e.status is Status.PARKED and e.firm == firm.firm and e.body.get("broken") == "client":
            asks.setdefault(str(e.body["contact"]), []).append(e.key)
    for ref, b in q.c.bodies.items():
        if ref.kind is not Kind.CONTACT or ref.firm != firm.firm:
            continue
        asked, gone = asks.get(ref.id, []), hidden(q.c, ref.id)
        if len(asked) != (b["vanished"] == "asked"):
            q.say("8", f"{firm.firm}: about client {ref.id}, {b['vanished']!r}, people are asked {asked}")
        if b["vanished"] and (b["to_books"] or b["to_clio"]):
            q.say("8", f"{firm.firm}: client {ref.id} is gone, and this is owed for ever: {b}")
        without = b["lost"] and b["answer"] == "without"
        if not b["customer"] or without or not b["whole"] or b["generation"] != generation:
            continue
        if gone != bool(b["vanished"]):
            q.say("8", f"{firm.firm}: client {ref.id} is {'not ' * gone}shown in Clio, and held as {b['vanished']!r}")
