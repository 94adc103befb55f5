"""A first sync of many bills: the calls of Clio that reading them takes, and the memory of the worker that reads them.

The worker is a process of its own with the shipped flows and clients. Store and sandboxes are in the measuring process,
behind a pipe, as they are elsewhere in life; so what the worker holds at its peak (``VmHWM``) is its own. It reads
all feeds and makes the list that a person is shown before anything is written; then somebody begins, and it goes on
through the handing over of the choices and the first minutes of writing.

Counted are the calls of Clio, by path, over the pages that its feeds have at 200 records each. Lines are told apart:
they are read bill by bill, 20 a minute, while the list is made and after.
"""

from __future__ import annotations

import multiprocessing
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from chalicelib.domain.firm import Invoicing
from chalicelib.domain.kernel import Neighbour, lane_of
from chalicelib.flow import drawing, first_sync
from chalicelib.flow.drain import drain
from chalicelib.flow.settle import policy_of
from infra.sandbox.clio import make_many
from infra.sandbox.kit import ManualClock, Wire
from tests.bench.figures import Figure
from tests.world import CLIO, QUICKBOOKS, STRIPE, MemoryWorld, Stage, connect, seeded

MANY = 40_000
PAID_SHARE = 0.5  # paid before the firm came: Clio shows them on its pages, and they stay there
PAGE = 200
MEMORY_MB = 256
WRITING = timedelta(minutes=3)
LOOKED_AT = timedelta(minutes=20)
LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reading:
    """``calls`` of Clio by what they ask for; ``pages`` that its feeds have; ``peak_mb`` of the worker, ``bare_mb``
    before it began."""

    calls: dict[str, int]
    pages: int
    held: int
    peak_mb: float
    bare_mb: float

    @property
    def without_lines(self) -> int:
        return sum(n for what, n in self.calls.items() if not what.startswith("line_items"))


def figures() -> list[Figure]:
    read = first_reading(MANY)
    told = ", ".join(f"{n} {what}" for what, n in sorted(read.calls.items()))
    every = sum(read.calls.values())
    return [
        Figure(
            "clio_first_sync_ratio",
            round(read.without_lines / read.pages, 3),
            1.1,
            what=f"calls over {read.pages} pages of feeds, {MANY} bills at Clio, without lines: {told}",
        ),
        Figure(
            "clio_first_sync_ratio_with_lines", round(every / read.pages, 3), what="lines read meanwhile counted too"
        ),
        Figure(
            "first_sync_peak_mb",
            read.peak_mb,
            MEMORY_MB,
            what=f"of the worker at its peak; {read.bare_mb} MB before it began; {read.held} bills held at the end",
        ),
    ]


# --- the measuring process --------------------------------------------------------------------------------------------


def first_reading(bills: int, *, by_matter: bool = False) -> Reading:
    """``by_matter``: each matter becomes a sub-customer; then it goes on until their first looks are through."""
    world = seeded(MemoryWorld())
    stage = connect(world)
    if by_matter:
        drawing.save(world, stage.firm, Invoicing(sub_customers=True), {}, "bench")
    account = int(stage.firm.partition("-")[2])
    unmatched(stage)
    today = world.now().date()
    made = bills - len(list(world.clio_box.state.of_firm("bills", account)))
    make_many(world.clio_box, made, firm=account, today=today, clients=max(20, bills // 20), paid_share=PAID_SHARE)
    world.clio_box.log.clear()
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=work, args=(there, stage.firm, stage.realm, world.now(), by_matter))
    worker.start()
    there.close()
    calls: Counter[str] = Counter()
    bare, peak = serve(world, here, calls)
    worker.join()
    return Reading(dict(calls), _pages(world, account), _held(stage), peak, bare)


def serve(world: MemoryWorld, pipe: Connection, calls: Counter[str]) -> tuple[float, float]:
    """Answers the worker until it says what it took: (MB before it began, MB at its peak). Counts ``calls`` of Clio."""
    wires = {base: Wire(box, base) for base, box in _boxes(world).items()}
    while True:
        what, at, told = pipe.recv()
        world.clock.at = at
        try:
            if what == "end":
                bare, peak = told
                return bare, peak
            if what == "store":
                name, args, more = told
                pipe.send((True, getattr(world.store, name)(*args, **more)))
            else:
                method, url, headers, body = told
                if url.startswith(f"{CLIO}/api/"):
                    calls[_what(url)] += 1
                asked = requests.Request(method, url, headers=headers, data=body).prepare()
                got = next(w for base, w in wires.items() if url.startswith(base)).send(asked)
                pipe.send((True, (got.status_code, dict(got.headers), got.content)))
        except Exception as bad:  # noqa: BLE001 - the worker gets whatever it is, as it would here
            pipe.send((False, bad))


def _boxes(world: MemoryWorld) -> dict[str, Any]:
    return {CLIO: world.clio_box, QUICKBOOKS: world.quickbooks_box, STRIPE: world.stripe_box}


BY = {"bill_id=": "of one bill", "parent_id=": "of one payment", "ids%5B%5D=": "by id", "client_id=": "of one client"}


def _what(url: str) -> str:
    """The list that is asked, and how, where it is not page by page."""
    path, _, query = url.partition("/api/v4/")[2].partition("?")
    name, _, rest = path.partition("/")
    if rest and name != "users":
        return f"{name} one by one"
    how = next((words for mark, words in BY.items() if mark in query), "")
    return f"{name.removesuffix('.json')} {how}".strip()


def _pages(world: MemoryWorld, account: int) -> int:
    """Of every feed once: bills as listed, void, deleted; clients, payments, credit notes, bank transactions."""
    state = world.clio_box.state
    bills = Counter(b.state for b in state.of_firm("bills", account))
    gone = [bills.pop("void", 0), bills.pop("deleted", 0)]
    others = [len(list(state.of_firm(kind, account))) for kind in ("contacts", "allocations", "credit_memos")]
    moves = len(list(state.of_firm("bank_transactions", account)))
    return sum(ceil(n / PAGE) for n in (sum(bills.values()), *gone, *others, moves))


def _held(stage: Stage) -> int:
    store = stage.world.store
    tabs = ("open", "reminding", "paid", "closed")
    return sum(len(store.listed(f"{stage.firm}/payables/{tab}", limit=10 * MANY).items) for tab in tabs)


# --- the worker -------------------------------------------------------------------------------------------------------


class Far:
    """The store of the measuring process."""

    def __init__(self, ask: Callable[[str, Any], Any]) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **more: self._ask("store", (name, args, more))


class Pipes(BaseAdapter):
    """Carries ``requests`` to the sandboxes of the measuring process."""

    def __init__(self, ask: Callable[[str, Any], Any]) -> None:
        super().__init__()
        self._ask = ask

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        status, headers, content = self._ask(
            "wire", (request.method, request.url, dict(request.headers), request.body or b"")
        )
        answer = requests.Response()
        answer.status_code, answer.headers, answer._content = status, CaseInsensitiveDict(headers), content
        answer.url, answer.request = str(request.url), request
        answer.encoding = requests.utils.get_encoding_from_headers(answer.headers)
        return answer

    def close(self) -> None:
        pass


def work(pipe: Connection, firm: str, realm: str, began: datetime, by_matter: bool) -> None:
    """The worker's whole life."""
    clock = ManualClock(began)

    def ask(what: str, told: Any) -> Any:
        pipe.send((what, clock.now(), told))
        good, got = pipe.recv()
        if not good:
            raise got
        return got

    world = MemoryWorld(clock)
    world.store = Far(ask)  # type: ignore[assignment]
    for base in _boxes(world):
        world.session.mount(base, Pipes(ask))
    world.secret = lambda bytes=32: f"worker{next(world.numbers):06d}".ljust(max(16, bytes), "x")  # type: ignore[method-assign]
    stage = Stage(world, firm, realm)
    bare = _mb()
    _first_sync(stage, LOOKED_AT if by_matter else WRITING)
    pipe.send(("end", clock.now(), (bare, _mb())))


def _mb() -> float:
    """The most that this process ever held, from Linux: getrusage tells of the process that started it, too."""
    told = Path("/proc/self/status").read_text()
    return round(int(re.findall(r"VmHWM:\s+(\d+)", told)[0]) / 1024, 1)


def _first_sync(stage: Stage, writing: timedelta) -> None:
    world, firm = stage.world, stage.firm
    policy = policy_of(world, firm)
    lanes = [lane_of(firm, Neighbour.SELF), policy.lanes.of(Neighbour.CLIO)]
    first_sync.start(world, firm, "bench")
    _until(stage, lanes, "ready")
    first_sync.confirm_exact(world, firm)
    first_sync.create_rest(world, firm)
    at: int | None = 0
    while at is not None:
        page = first_sync.rows(world, firm, "bills", at, needs=True)
        for row in page.rows:
            first_sync.answer(world, firm, "bills", page.page, row.id, "leave")
        at = page.next
    first_sync.begin(world, firm, "bench")
    _until(stage, lanes, "begun")
    until = world.now() + writing
    while world.now() < until:
        for lane in (*lanes, policy.lanes.of(Neighbour.QUICKBOOKS)):
            drain(world, lane)
        world.clock.move(seconds=20)


def _until(stage: Stage, lanes: list[str], phase: str) -> None:
    world = stage.world
    began = world.now()
    while True:
        for lane in lanes:
            drain(world, lane)
        plan = first_sync.plan_of(world, stage.firm)
        if plan and plan.phase == phase:
            return
        assert world.now() - began < LONGEST, plan
        world.clock.move(seconds=20)


def unmatched(stage: Stage) -> None:
    """The first sync is still before it."""
    from dataclasses import replace

    from chalicelib.domain.kernel import Decision, Kind, Ref
    from chalicelib.flow.settle import settle

    ref = Ref(stage.firm, Kind.FIRM, stage.firm)
    settle(stage.world, [ref], lambda held, _n: {ref: Decision(replace(held[ref], matched=0))}, fact="Bench")
