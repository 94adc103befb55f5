"""The one HTTP seam in front of the three sandboxes, and SES and the queue as faults leave them."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from chalicelib.domain.wanted import Letter
from chalicelib.errors import Declined, Unavailable
from infra.sandbox.kit import Wire
from tests.simulation.crew import Crew
from tests.simulation.faults import Faults
from tests.world import Sent, Ses

TIMEOUT = 8.0  # seconds a client waits for an answer
LATE = {"clio": 40.0, "quickbooks": 100.0, "stripe": 40.0}  # how long after the send it may still be carried out
Seen = Callable[[str, requests.PreparedRequest, requests.Response], None]


class Seam(BaseAdapter):
    """Carries a request to one sandbox under the history's faults. ``before`` is told of what a worker sends,
    ``after`` of every request that was carried out, heard of or not."""

    def __init__(self, name: str, wire: Wire, life: Life) -> None:
        super().__init__()
        self.name, self.wire, self.life = name, wire, life

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        life = self.life
        crew, faults = life.crew, life.faults
        if crew.current is None:
            return self.wire.send(request)
        crew.step(life.rng.uniform(0.02, 0.4))
        life.asked(self.name, request)
        fault = life.forced() or faults.http()
        if not fault:
            return self._carry(request)
        life.tell(f"{self.name} {request.method} {str(request.path_url)[:90]}: {fault}")
        return self._faulty(fault, request)

    def _faulty(self, fault: str, request: requests.PreparedRequest) -> requests.Response:
        crew, rng = self.life.crew, self.life.rng
        if fault == "drop_request":
            crew.step(rng.uniform(0.1, TIMEOUT))
            raise requests.ConnectionError("the request was lost", request=request)
        if fault == "drop_answer":
            self._carry(request, heard=False)
            crew.step(TIMEOUT)
            raise requests.ReadTimeout("the answer was lost", request=request)
        if fault == "late_request":
            at = self.life.now() + timedelta(seconds=TIMEOUT + rng.uniform(0, LATE[self.name]))
            self.life.later(at, f"{self.name} carries out late", lambda: self._carry(request, heard=False))
            crew.step(TIMEOUT)
            raise requests.ReadTimeout("carried out after our time-out", request=request)
        if fault == "slow":
            seconds, answered_first = rng.uniform(1.0, TIMEOUT - 1), rng.random() < 0.6
            got = self._carry(request) if answered_first else None
            crew.step(seconds)
            return self._carry(request) if got is None else got
        if fault == "answer_429":
            return answer(429, request, {"Retry-After": str(rng.randint(1, 60))})
        if rng.random() < 0.4:  # it broke after it had done it
            self._carry(request, heard=False)
        return answer(rng.choice((500, 502, 503)), request, {})

    def _carry(self, request: requests.PreparedRequest, *, heard: bool = True) -> requests.Response:
        got = self.wire.send(request)
        self.life.carried(self.name, request, got, heard)
        return got

    def close(self) -> None:
        pass


def answer(status: int, request: requests.PreparedRequest, headers: dict[str, str]) -> requests.Response:
    got = requests.Response()
    got.status_code, got.request, got.url = status, request, str(request.url)
    got.headers = CaseInsensitiveDict({"Content-Type": "application/json", **headers})
    got.raw, got._content = BytesIO(b"{}"), b"{}"
    return got


class Life:
    """What seam, queue and SES need of a history; ``history.History`` is one."""

    crew: Crew
    faults: Faults
    rng: Any

    def now(self) -> datetime:
        raise NotImplementedError

    def tell(self, what: str) -> None:
        raise NotImplementedError

    def later(self, at: datetime, what: str, do: Callable[[], Any]) -> None:
        raise NotImplementedError

    def asked(self, neighbour: str, request: requests.PreparedRequest) -> None:
        """A worker sends this."""

    def carried(self, neighbour: str, request: requests.PreparedRequest, got: requests.Response, heard: bool) -> None:
        """The sandbox carried this out; ``heard``: its answer reaches the worker."""

    def forced(self) -> str:
        """The fault that a crash story wants at this very step."""
        return ""

    def mailed(self, sent: Sent) -> None:
        """SES delivered this."""


class Messages:
    """The queue. A hint may be lost, doubled, delayed and overtaken."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.waiting: list[tuple[datetime, int, str, bool]] = []  # when, a number, the lane, whether it is a double
        self.count = itertools.count()

    def hint(self, lanes: Iterable[str], after: float = 0) -> None:
        life = self.life
        life.crew.step(0.01)
        for lane in lanes:
            if life.faults.strikes("queue_lose"):
                continue
            for double in (False, True) if life.faults.strikes("queue_double") else (False,):
                wait = life.rng.uniform(1, 600) if life.faults.strikes("queue_delay") else life.rng.uniform(0, 1)
                self.put(lane, life.now() + timedelta(seconds=after + wait), double=double)

    def put(self, lane: str, at: datetime, *, double: bool = False) -> None:
        heapq.heappush(self.waiting, (at, next(self.count), lane, double))

    def take(self, now: datetime) -> str | None:
        """The next message that is due, or None; a lane told of several times within three seconds is one message, but
        for what the queue doubled."""
        if not self.waiting or self.waiting[0][0] > now:
            return None
        _, _, lane, double = heapq.heappop(self.waiting)
        if double:
            return lane
        soon = now + timedelta(seconds=3)
        left = [m for m in self.waiting if m[2] != lane or m[0] > soon or m[3]]
        if len(left) < len(self.waiting):
            self.waiting = left
            heapq.heapify(left)
        return lane

    def first_at(self) -> datetime | None:
        return self.waiting[0][0] if self.waiting else None


class Delivered(Sent):
    @property
    def subject(self) -> str:
        return self.tag

    @cached_property
    def text(self) -> str:
        return self.raw.decode()


class Post(Ses):
    """SES: sends, sends and loses the answer, loses both, refuses, bounces, complains."""

    def __init__(self, life: Life) -> None:
        super().__init__(life.now)
        self.life = life

    def compose(self, letter: Letter) -> bytes:
        """No MIME, which takes longer than all else about a mail: its text as it stands."""
        return letter.text.encode()

    def send(self, raw: bytes, *, to: str, tag: str) -> str:
        life = self.life
        life.crew.step(life.rng.uniform(0.02, 0.3))
        faults = life.faults
        forced = life.forced()
        if faults.strikes("mail_refuse"):
            life.tell(f"SES refuses {tag} for now")
            if life.rng.random() < 0.2:
                raise Declined("MessageRejected", "The mail was refused.")
            raise Unavailable("SES refuses for now", after=60)
        if faults.strikes("mail_lose_before"):
            life.crew.step(TIMEOUT)
            raise Unavailable("SES' answer was lost", after=60, maybe_done=True)
        sent = Delivered(life.now(), to, tag, raw)
        self.outbox.append(sent)
        life.mailed(sent)
        if forced or faults.strikes("mail_lose"):
            life.tell(f"SES sends {tag} and its answer is lost")
            life.crew.step(TIMEOUT)
            raise Unavailable("SES' answer was lost", after=60, maybe_done=True)
        return f"ses-{len(self.outbox)}"
