"""The checkers of another QuickBooks company (issue 4, *Disconnect*): "reconnecting the same company resumes;
connecting a different company is noticed and refused until a choice is made". Promise 9: a firm's data stays where the
firm chose.

That everything is in the new company exactly once is judged as ever (quiet.py), by the company that the firm is in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import requests

from chalicelib.domain.kernel import Kind, Ref
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers

REALM = re.compile(r"/company/(\d+)/(\w+)")


def writes(request: requests.PreparedRequest) -> bool:
    """Whether a request to QuickBooks changes something there: a batch of queries does not."""
    found = REALM.search(str(request.path_url))
    if request.method != "POST" or found is None or found[2] == "query":
        return False
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    return found[2] != "batch" or b'"operation"' in body


def asked(c: Checkers, firm: FirmFacts, request: requests.PreparedRequest) -> None:
    """A worker reads another company of its firm only to see what was chosen, and writes into none but the firm's."""
    found = REALM.search(str(request.path_url))
    realm = found[1] if found else ""
    if realm != firm.realm and (realm not in c.h.truth.companies.get(firm.firm, ()) or writes(request)):
        c.say("9", f"{firm.firm} speaks to another realm: {request.path_url}")


def carried(c: Checkers, request: requests.PreparedRequest, got: requests.Response) -> None:
    """Nothing is written into a company that no firm is in: not before the choice, not after it was left."""
    found = REALM.search(str(request.path_url))
    if found and got.status_code == 200 and writes(request) and found[1] not in {f.realm for f in c.h.firms}:
        c.say("9", f"written into company {found[1]}, which no firm has chosen: {(request.body or b'')!r:.200}")


def connected(c: Checkers, ref: Ref, was: dict[str, Any], now: dict[str, Any]) -> None:
    """Another company takes the place of the old one only where people purged and chose it."""
    firm = c.h.truth.firm_of(ref.firm)
    if not now["account"] or now["account"] == firm.realm:
        return
    if was.get("account") or c.h.truth.going.get(firm.firm) != now["account"]:
        c.say("9", f"{firm.firm}: company {now['account']} took the place of {firm.realm}, and nobody purged for it")
    c.h.truth.moved(firm, now["account"], int(c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"]))
