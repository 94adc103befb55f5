"""Reconcile: compares Clio, QuickBooks, Stripe and our journal, and names every difference. It changes no book.

Every night what is open is compared; in full on the first of a month and when a person asks. A comparison that runs
into a minute's limit, or out of its drain's minute, keeps what it has and goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from chalicelib.domain import billing, comparing, effects, promised, totalling
from chalicelib.domain.comparing import Difference
from chalicelib.domain.crediting import Credit
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Held, Json, Kind, Neighbour, Ref, fold, lane_of
from chalicelib.domain.payable import Payable, Tab, tab
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BillReading, Pot
from chalicelib.errors import Unavailable
from chalicelib.flow import (
    changed,
    client_links,
    compared,
    compared_money,
    compared_rows,
    noticing,
    states,
    trust_check,
)
from chalicelib.flow.changed import Changed
from chalicelib.flow.compared import Report
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

PAGE = compared_rows.AT_ONCE
FEW = 100  # a page where little time is left, or where a worker died in a longer one
A_PAGE_SECONDS = 40.0  # a long page takes half of that where the neighbours are well
LINES = 100  # of a journal, in one reading
GOES_ON = "it is long, and goes on in a moment"
NIGHT = "nightly"  # who asked, where nobody did
NIGHTLY = (Tab.OPEN, Tab.REMINDING)
TRUST = "trust/"  # the part of all trust accounts; with an account behind it, of its entries
SUMS = "="  # in place of an account: what QuickBooks shows of all of them
IN_FULL = (*NIGHTLY, Tab.PAID, Tab.CLOSED)
CLIENTS = "clients"  # after payments and credits, in full only


@dataclass
class _Run:
    """A comparison under way. ``parts``: what is still to be compared, the part it is at first; ``cursor`` within it;
    ``waiting``: bills of a page that is read already; ``until``: when it waits no more for trust money under way;
    ``trust``: its accounts as read, and by how much entries that were named ``explain`` what QuickBooks shows."""

    report: Report
    parts: list[str]
    cursor: str = ""
    changed: Changed = field(default_factory=Changed)
    waiting: list[str] = field(default_factory=list)
    until: datetime | None = None
    trust: trust_check.Checked | None = None
    explain: dict[str, int] = field(default_factory=dict)


def start(world: World, firm: str, by: str, *, full: bool = True) -> None:
    """Owes a comparison now. One that is owed already and is not in full becomes what was asked for; a nightly one says
    nothing, so that it takes nothing from one that is owed in full."""
    lane = lane_of(firm, Neighbour.SELF)
    body: Json = {"by": by, "full": True} if full else {}
    world.store.arrive(effects.owed(firm, Do.RECONCILE, "main", "firm", lane, world.now(), body=body))
    world.queue.hint([lane])


def nightly(world: World) -> int:
    """Owes a preflight and a comparison for every firm that is set up. Firms are listed in one partition of records."""
    from chalicelib.flow import preflight

    firms = [sk for sk, _ in world.store.records("firms", limit=10_000)]
    for firm in firms:
        preflight.start(world, firm)
        trust_check.start(world, firm)
        start(world, firm, NIGHT, full=world.now().day == 1)
    return len(firms)


def reconcile(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Compares part by part; stores the report at the end. Raises Unavailable with what it has kept."""
    firm = policy.firm.id
    run = _begun(world, firm, effect)
    reach.quickbooks(lambda _q, _a: None)  # a fresh token every night: a quiet firm's never grows 100 days old
    try:
        _page(world, reach, policy, run, FEW if effect.tries or _late(reach) else PAGE)
        while run.parts or run.waiting:
            if _late(reach):
                raise Unavailable(GOES_ON, after=1, ours=True)
            _page(world, reach, policy, run, FEW if effect.tries else PAGE)
    except Unavailable:
        aside = replace(run, changed=changed.put_aside(world, firm, run.changed))
        world.store.put_record("report", f"{firm}/running", msgspec.to_builtins(aside))
        raise
    run.report.counts.setdefault("differences", 0)
    run.report.ended_at = world.now()
    compared.keep(world, firm, run.report)
    world.store.delete_record("report", f"{firm}/running")
    world.count("drift", run.report.named)
    settle(world, [], lambda _s, _n: {}, fact="Reconciled", finish=[Finish(effect.key, arrivals=effect.arrivals)])


def _late(reach: Reach) -> bool:
    left = reach.seconds_left()
    return left is not None and left < A_PAGE_SECONDS


def _begun(world: World, firm: str, effect: Effect) -> _Run:
    """The comparison that was interrupted, or a new one. One in full that was asked for meanwhile begins anew."""
    full = bool(effect.body.get("full"))
    found = world.store.record("report", f"{firm}/running")
    run = msgspec.convert(found[1], _Run) if found is not None and effect.cause else None  # it said why it stopped
    fits = run is not None and (run.report.full or not full)
    if run and fits and (here := changed.taken_up(world, firm, run.changed)) is not None:
        return replace(run, changed=here)
    tabs = IN_FULL if full else NIGHTLY
    by = str(effect.body.get("by", NIGHT))
    begun = Report(at=world.now(), full=full, by=by)
    last = None if full else compared.last(world, firm)
    lately = () if full else changed.PARTS
    clients = (CLIENTS,) if full else ()
    return _Run(
        begun,
        [*(str(t) for t in tabs), *lately, *compared_money.PARTS, *clients, TRUST, f"{TRUST}{SUMS}"],
        changed=changed.begun(last.at if last else None, begun.at),
    )


def _page(world: World, reach: Reach, policy: Policy, run: _Run, size: int) -> None:
    """One page of what is compared, of ``size`` at most; what it names and counts is kept only when the whole page was
    compared."""
    if run.waiting:
        _lately(world, reach, policy, run, size)
        return
    firm, part = policy.firm.id, run.parts[0]
    if part.startswith(TRUST):
        _trust(world, reach, policy, run)
        return
    if part in changed.PARTS:
        _changed(world, reach, policy, run)
        return
    if part == CLIENTS:
        found, cursor = client_links.compare(world, reach, policy, run.cursor, run.report.counts)
        parts = run.parts if cursor else run.parts[1:]
    elif part in compared_money.PARTS:
        found, cursor = compared_money.page(world, reach, part, size, run.cursor, run.report)
        parts = run.parts if cursor else run.parts[1:]
    else:
        held, parts, cursor = _of_tabs(world, firm, run, size)
        found = _payables(world, reach, held, run.report)
    compared.name(world, firm, run.report, found)
    run.parts, run.cursor = parts, cursor


def _of_tabs(world: World, firm: str, run: _Run, size: int) -> tuple[list[Held], list[str], str]:
    """Up to a page of payables, from as many tabs as it takes, so that few invoices cost few calls; and what is left:
    the parts and the cursor within the first of them."""
    held: list[Held] = []
    parts, cursor = list(run.parts), run.cursor
    while len(held) < size and parts[0] not in (*compared_money.PARTS, *changed.PARTS):
        place, limit = f"{firm}/payables/{parts[0]}", size - len(held)
        page = world.store.listed(place, limit=limit, cursor=cursor or None)
        held += page.items
        cursor = page.next or ""
        if not cursor:
            parts = parts[1:]
    return held, parts, cursor


def _changed(world: World, reach: Reach, policy: Policy, run: _Run) -> None:
    """Reads a page of what changed in either book since the last comparison."""
    run.waiting, run.cursor, run.changed = changed.page(world, reach, policy, run.parts[0], run.cursor, run.changed)
    run.report.counts["changed"] = run.report.counts.get("changed", 0) + len(run.waiting)
    if not run.cursor:
        run.parts.pop(0)


def _lately(world: World, reach: Reach, policy: Policy, run: _Run, size: int) -> None:
    """Compares bills that changed. Those that are open were met already."""
    refs = [Ref(policy.firm.id, Kind.PAYABLE, id) for id in run.waiting[:size]]
    held = [h for h in world.store.load_many(refs) if h.body]
    closed = [h for h in held if tab(states.decode(Kind.PAYABLE, h.body)) not in NIGHTLY]
    compared.name(world, policy.firm.id, run.report, _payables(world, reach, closed, run.report))
    run.waiting = run.waiting[size:]


def _trust(world: World, reach: Reach, policy: Policy, run: _Run) -> None:
    """Trust accounts by their balances; where these differ, and in a full comparison, entry by entry."""
    part = run.parts.pop(0)
    run.until = run.until or world.now() + trust_check.LOOKED_FOR
    account, full = part.removeprefix(TRUST), run.report.full
    if account == SUMS:
        sums = trust_check.sums(policy, run.trust, run.explain) if run.trust else []
        compared.name(world, policy.firm.id, run.report, sums)
        return
    try:
        found, more = trust_check.compare(world, reach, policy, account, run.cursor, full=full, until=run.until)
    except Unavailable:
        run.parts.insert(0, part)
        raise
    compared.name(world, policy.firm.id, run.report, found)
    run.cursor, run.trust = more.cursor, more.checked or run.trust
    run.explain = {id: run.explain.get(id, 0) + more.explains.get(id, 0) for id in {*run.explain, *more.explains}}
    run.parts = [*([part] if more.cursor else []), *(f"{TRUST}{id}" for id in more.accounts), *run.parts]


def _payables(world: World, reach: Reach, held: Sequence[Held], out: Report) -> list[Difference]:
    payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in held]
    if not payables:
        return []
    ids = [p.id for p in payables]
    shown = compared_rows.bills(reach, ids)
    rows, odd = compared_rows.invoices(reach, [p.booked.id for p in payables if p.booked])
    invoices = {i.id: i for i in rows}
    refs = sorted({id for p in payables for id in comparing.touching(p)})
    loaded = world.store.load_many([Ref(payables[0].firm, Kind.PAYMENT, id) for id in refs])
    payments: dict[str, Payment] = {h.ref.id: states.decode(Kind.PAYMENT, h.body) for h in loaded if h.body}
    memos = sorted({id for p in payables for id in comparing.crediting_ids(p)})
    loaded = world.store.load_many([Ref(payables[0].firm, Kind.CREDIT, id) for id in memos])
    credits: dict[str, Credit] = {h.ref.id: states.decode(Kind.CREDIT, h.body) for h in loaded if h.body}
    there = {p.id: invoices[p.booked.id] for p in payables if p.booked and p.booked.id in invoices}
    owners = _owners(world, [p for p in payables if p.id in there and comparing.moved_by_hand(p, there[p.id])])
    found: list[Difference] = []
    for p, h in zip(payables, held, strict=True):
        bill = shown.get(p.id)
        if bill is None or isinstance(bill, BillReading):  # a row that cannot be understood is parked by its feed
            found += comparing.against_clio(p, bill)
        if isinstance(bill, BillReading) and not billing.same_matters(p, bill):  # Clio may tell of it nowhere else
            lane = reach.lanes.of(Neighbour.CLIO)
            world.store.arrive(effects.look_bill(p.firm, lane, p.id, world.now(), f"Bill {p.number}", receipts=False))
        if p.booked and p.booked.id in odd:
            found.append(comparing.unusable(p.id, p.number, "invoice", odd[p.booked.id]))
        else:
            found += comparing.against_books(p, there.get(p.id), payments, credits, owners.get(p.client_id, ""))
        if p.booked and p.booked.revision >= p.revision and p.booked.id not in odd:
            noticing.point(world, reach.lanes, noticing.INVOICE, p, noticing.shown(p.booked.id, invoices))
        found += comparing.journal(p, _replays(world, h))
        found += promised.of_payable(p, [payments[id] for id in comparing.touching(p) if id in payments], out.at)
    for p in payables:  # nothing is asked any more: it is counted whole or not at all
        if p.pot is Pot.OPERATING and not (p.booked and p.booked.id in odd):
            bill = shown.get(p.id)
            totalling.add_bill(out.totals, p, bill if isinstance(bill, BillReading) else None, there.get(p.id))
    out.checked += len(payables)
    return found


def _owners(world: World, moved: Sequence[Payable]) -> dict[str, str]:
    """By client: their customer now. Read only where an invoice is another's than we wrote: the client may be too."""
    refs = list(dict.fromkeys(Ref(p.firm, Kind.CONTACT, p.client_id) for p in moved))
    held = world.store.load_many(refs) if refs else []
    return {h.ref.id: states.decode(Kind.CONTACT, h.body).customer for h in held if h.body}


def _replays(world: World, held: Held) -> bool:
    """Whether the journal folds to the state. A state that moved since it was listed is compared at its next time."""
    body: Json | None = None
    after = 0
    while after < held.version:
        lines = world.store.journal(held.ref, after=after, limit=LINES)
        for line in lines:
            if line.version <= held.version:
                body = fold(line.change, body)
            after = line.version
        if not lines:
            break
    return body == held.body
