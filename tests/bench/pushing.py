"""How fast new invoices get into QuickBooks, in simulated time against the sandbox's real limits; beside it the same
invoices pushed by a plain loop of python-quickbooks' ``save``.

A firm's bills and their lines are read first; then the clock starts. A call takes 150 ms and a batch 30 ms more for
each member. Workers are as deployed: a hint is followed at once, or when its delay is over, and the sweep comes every
minute.
"""

from __future__ import annotations

import heapq
import json
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, TypeVar

import requests
from requests_oauthlib import OAuth2Session

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Neighbour, lane_of
from chalicelib.domain.readings import Access
from chalicelib.flow import contacts, looking, resync
from chalicelib.flow.budget import Floor
from chalicelib.flow.drain import drain
from chalicelib.flow.ports import Clio
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from chalicelib.flow.sweep import sweep
from chalicelib.flow.tokens import with_access
from infra.sandbox.clio import make_many
from infra.sandbox.kit import ManualClock, Wire
from infra.sandbox.quickbooks import REALM_A, QuickBooksSandbox
from tests.bench.figures import Figure
from tests.bench.quiet_resync import a_small_firm
from tests.sandbox.quickbooks_wire import App
from tests.world import QUICKBOOKS, Stage

T = TypeVar("T")

PUSHED, BESIDE_PEER = 10_000, 2_000
ALLOWED_A_MINUTE = 40 * 30  # batches, and members of each: reference/quickbooks.md 2.6, 2.8
CALL_SECONDS = 0.150
MEMBER_SECONDS = 0.030
CLIENTS = 200
SWEEP_AT = 40.0  # seconds after the start: the sweep's minute is not the push's


class SlowWire(Wire):
    """Lets the stage's time pass as an answer takes: half before it is carried out, half after."""

    def __init__(self, box: QuickBooksSandbox, base: str, clock: ManualClock) -> None:
        super().__init__(box, base)
        self.clock = clock

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        seconds = CALL_SECONDS + MEMBER_SECONDS * _members(request)
        self.clock.move(seconds=seconds / 2)
        answer = super().send(request)
        self.clock.move(seconds=seconds / 2)
        return answer


def _members(request: requests.PreparedRequest) -> int:
    if not str(request.url).partition("?")[0].endswith("/batch"):
        return 0
    return len(json.loads(request.body or b"{}")["BatchItemRequest"])


class Messages:
    """The queue, with the delays that hints ask for in whole seconds, as SQS does."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.waiting: list[tuple[datetime, str]] = []

    def hint(self, lanes: Iterable[str], after: float = 0) -> None:
        for lane in lanes:
            heapq.heappush(self.waiting, (self.clock.now() + timedelta(seconds=ceil(after)), lane))

    def next_at(self, otherwise: datetime) -> datetime:
        return min(self.waiting[0][0], otherwise) if self.waiting else otherwise

    def take(self) -> list[str]:
        """The lanes that are due, each once."""
        found: dict[str, None] = {}
        while self.waiting and self.waiting[0][0] <= self.clock.now():
            found[heapq.heappop(self.waiting)[1]] = None
        return list(found)


@dataclass(frozen=True, slots=True)
class Push:
    """``seconds`` from the moment writing was allowed until the last invoice stood, ``calls`` of QuickBooks in them."""

    invoices: int
    seconds: float
    calls: int
    batches: int
    refused: int

    @property
    def a_minute(self) -> float:
        return self.invoices * 60 / self.seconds


def figures() -> list[Figure]:
    many, few, theirs = push(PUSHED), push(BESIDE_PEER), peer(BESIDE_PEER)
    return [
        Figure(
            "quickbooks_push_ratio",
            round(many.a_minute / ALLOWED_A_MINUTE, 3),
            at_least=0.95,
            what=f"{many.invoices} new invoices: {many.a_minute:.0f} a minute over {ALLOWED_A_MINUTE}",
        ),
        Figure("quickbooks_push_429", many.refused + few.refused, 0, what="calls refused for coming too fast"),
        Figure(
            "quickbooks_push_calls",
            many.calls,
            what=f"all calls of it, {many.batches} of them batches that write; the others look numbers up",
        ),
        Figure(
            "peer_push_ratio",
            round(few.a_minute / theirs.a_minute, 2),
            at_least=2.8,
            what=f"{few.invoices} invoices: {few.a_minute:.0f} a minute over {theirs.a_minute:.0f} of a plain loop",
        ),
    ]


# --- ours -------------------------------------------------------------------------------------------------------------


def push(invoices: int) -> Push:
    stage = ready(invoices)
    world, box = stage.world, stage.world.quickbooks_box
    world.session.mount(QUICKBOOKS, SlowWire(box, QUICKBOOKS, world.clock))
    box.switches["ignore_limits"] = False
    box.log.clear()
    before, began = _written(box), world.now()
    queue = Messages(world.clock)
    world.queue = queue  # type: ignore[assignment]
    queue.hint([_lane(stage)])
    swept = began + timedelta(seconds=SWEEP_AT)
    while (left := invoices - (_written(box) - before)) > 0:
        assert world.now() - began < timedelta(hours=6), f"{left} invoices are not written"
        if world.now() >= swept:
            sweep(world)
            swept += timedelta(minutes=1)
        told = queue.take()
        for lane in told:
            drain(world, lane)
        if not told:
            world.clock.at = max(world.now(), queue.next_at(swept))
    calls = [entry for entry in box.log if "/v3/" in entry.path]
    return Push(
        invoices,
        (world.now() - began).total_seconds(),
        len(calls),
        sum(entry.path.endswith("/batch") for entry in calls),
        sum(entry.status == 429 for entry in calls),
    )


class Unhurried(Reach):
    """Without budgets: what is read before the clock starts is not measured."""

    def clio(self, call: Callable[[Clio, Access], T]) -> T:
        def asked(access: Access) -> T:
            return call(self.world.clio, access)

        return with_access(self.world, self.firm, Neighbour.CLIO, self.lanes.clio, asked, self.purse)


def ready(invoices: int) -> Stage:
    """A firm all of whose clients have customers, and which owes so many new invoices and nothing else."""
    stage = a_small_firm()
    world, policy = stage.world, policy_of(stage.world, stage.firm)
    account = int(stage.firm.partition("-")[2])
    make_many(world.clio_box, invoices, firm=account, today=world.now().date(), clients=CLIENTS, paid_share=0.0)
    for bill in world.clio_box.state.of_firm("bills", account):
        if bill.number.startswith("M"):
            bill.updated_at = bill.created_at = world.now()
    run = resync.start(world, stage.firm, "bench")
    while not resync.progress(world, stage.firm, run).finished_at:
        drain(world, lane_of(stage.firm, Neighbour.SELF))
        world.clock.move(seconds=61)
    world.clio_box.switches["rate_limit"] = 10 * PUSHED
    reach = Unhurried(world, stage.firm, policy.lanes, Floor.PERSON)
    clio = world.store.lane_owed(policy.lanes.of(Neighbour.CLIO), limit=2 * invoices + 1000)
    clients = [e for e in clio if e.kind is Do.LOOK_CLIENT]
    for at in range(0, len(clients), contacts.CLIENTS_AT_ONCE):
        contacts.look_at_clients(world, reach, policy, clients[at : at + contacts.CLIENTS_AT_ONCE])
    while any(e.kind is Do.CUSTOMER for e in world.store.lane_owed(_lane(stage), limit=2 * CLIENTS)):
        drain(world, _lane(stage))
        world.clock.move(seconds=61)
    for effect in clio:
        if effect.kind is Do.READ_LINES:
            looking.read_lines(world, reach, policy, effect)
    return stage


def _lane(stage: Stage) -> str:
    return policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS)


def _written(box: QuickBooksSandbox) -> int:
    return len(box.company(REALM_A).tables["Invoice"])


# --- theirs -----------------------------------------------------------------------------------------------------------


def peer(invoices: int) -> Push:
    """One ``save`` after the other, as the library's own page shows it; it looks up no number."""
    from quickbooks import QuickBooks
    from quickbooks.objects import Invoice, Ref
    from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail

    app = App(ignore_limits=False)
    host = "https://sandbox-quickbooks.api.intuit.com"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        books = QuickBooks(company_id=app.realm, minorversion=75)
    books.session, books.sandbox = OAuth2Session("app-1", token=app.tokens), True
    books.session.mount(host, SlowWire(app.box, host, app.clock))

    def ref(ident: str) -> Any:
        made = Ref()
        made.value = ident
        return made

    customer, item, began = app.customer(), app.item(), app.clock.now()
    app.box.log.clear()
    for n in range(invoices):
        line = SalesItemLine()
        line.SalesItemLineDetail = SalesItemLineDetail()
        line.SalesItemLineDetail.ItemRef = ref(item)
        line.Amount = line.SalesItemLineDetail.UnitPrice = 100 + n % 900
        line.SalesItemLineDetail.Qty = 1
        invoice = Invoice()
        invoice.DocNumber, invoice.CustomerRef, invoice.Line = f"T{n:06d}", ref(customer), [line]
        assert int(invoice.save(qb=books).Id)
    seconds = (app.clock.now() - began).total_seconds()
    return Push(invoices, seconds, len(app.box.log), 0, sum(entry.status == 429 for entry in app.box.log))
