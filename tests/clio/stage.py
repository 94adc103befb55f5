"""A Clio in process and our client to it, for the tests beside this file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from chalicelib.clio.client import ClioClient, Region
from chalicelib.domain.readings import Access
from infra.sandbox.clio import CLIENTS, ClioSandbox, seed
from infra.sandbox.kit import Fault, ManualClock, Wire

BASE = "https://clio.example/us"
OTHER_BASE = "https://clio.example/eu"
CALLBACK = "https://fee.example/connect/clio/callback"
OWNER, ASSOCIATE, OWNER_B = "Olivia", "Ann", "Bea"


@dataclass
class Stage:
    clock: ManualClock
    clio: ClioSandbox
    client: ClioClient
    firms: Any

    def access(self, who: str = OWNER) -> Access:
        """On behalf of the user whose first name is ``who``."""
        user = next(u for u in self.clio.state.rows["users"].values() if u.first_name == who)
        given = self.clio.people.give_token(user.email)
        return Access(firm="f1", account=f"us/{user.firm}", token=given["access_token"])

    def fault(self, **plan: Any) -> None:
        self.clio.faults.append(Fault(**plan))


@dataclass
class Spy(requests.adapters.HTTPAdapter):
    """Passes requests on and keeps them."""

    wire: Wire
    seen: list[requests.PreparedRequest] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]
        self.seen.append(request)
        return self.wire.send(request, **more)

    def close(self) -> None:
        pass


def a_stage(**switches: Any) -> Stage:
    clock = ManualClock()
    clio = ClioSandbox(clock)
    firms = seed(clio, clock.now().date())
    clio.switches.update({"rate_limit": 100_000, **switches})
    session = requests.Session()
    session.mount(BASE, Wire(clio, BASE))
    session.mount(OTHER_BASE, Wire(ClioSandbox(clock, region="eu", clients={}), OTHER_BASE))
    key = next(iter(CLIENTS))
    regions = {"us": Region(key, CLIENTS[key][0], BASE), "eu": Region(key, CLIENTS[key][0], OTHER_BASE)}
    return Stage(clock, clio, ClioClient(regions, session=session, clock=clock.now), firms)
