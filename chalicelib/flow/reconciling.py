"""Reconcile: compares Clio, QuickBooks, Stripe and our journal, and names every difference. It changes no book.

Every night what is open is compared; in full on the first of a month and when a person asks. A comparison that runs
into a minute's limit keeps what it has and goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from chalicelib.domain import billing, comparing, comparing_money, effects, posting, promised, totalling
from chalicelib.domain.comparing import Difference
from chalicelib.domain.crediting import Credit
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Held, Json, Kind, Neighbour, Ref, fold, lane_of
from chalicelib.domain.payable import Payable, Tab, tab
from chalicelib.domain.payment import Payment, Source
from chalicelib.domain.posting import is_current
from chalicelib.domain.readings import BillReading, BookedPayment, Pot, SessionReading
from chalicelib.domain.totalling import Totals
from chalicelib.errors import Disconnected, Unavailable
from chalicelib.flow import changed, credit_links, noticing, states, trust_check
from chalicelib.flow.changed import CLOCKS, Changed
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

PAGE = 100
NAMED_AT_MOST = 100  # a record holds 64 KB; the count says how many there are
LATELY = timedelta(days=35)  # payments that a night's comparison looks at
NIGHT = "nightly"  # who asked, where nobody did
HISTORY_SHOWN = 60
HISTORY_KEPT = timedelta(days=400)
NIGHTLY = (Tab.OPEN, Tab.REMINDING)
TRUST = "trust/"  # the part of all trust accounts; with an account behind it, of its entries
SUMS = "="  # in place of an account: what QuickBooks shows of all of them
IN_FULL = (*NIGHTLY, Tab.PAID, Tab.CLOSED)
MONEY = ("payments", "credits")  # what comes after the tabs


@dataclass
class Report:
    """The books at one time. ``counts``: how many of what were compared. ``full``: everything, not only what is open or
    changed. ``by``: who asked, or nightly. ``totals``: of what was compared, by book."""

    at: datetime
    checked: int = 0
    differences: tuple[Difference, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    running: bool = False
    full: bool = True
    by: str = ""
    ended_at: datetime | None = None
    totals: Totals = field(default_factory=dict)

    @property
    def named(self) -> int:
        """How many differences there are; a report names the first hundred."""
        return self.counts.get("differences", len(self.differences))

    @property
    def agree(self) -> bool:
        return not self.differences


@dataclass
class _Run:
    """A comparison under way. ``parts``: what is still to be compared, the part it is at first; ``cursor`` within it;
    ``waiting``: bills of a page that is read already; ``until``: when it waits no more for trust money under way;
    ``trust``: its accounts as read, and by how much entries that were named ``explain`` what QuickBooks shows."""

    report: Report
    parts: list[str]
    cursor: str = ""
    named: int = 0
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


def report(world: World, firm: str) -> Report | None:
    """The last comparison, or None before the first."""
    found = world.store.record("report", firm)
    return msgspec.convert(found[1], Report) if found else None


@dataclass(frozen=True, slots=True)
class Past:
    """A line of the history. ``id`` finds the whole report."""

    id: str
    at: datetime
    ended_at: datetime | None
    full: bool
    by: str
    checked: int
    differences: int


def keep(world: World, firm: str, told: Report) -> None:
    """A comparison that ended is kept: a line for the list, and the whole."""
    id, expires = told.at.strftime("%Y%m%dT%H%M%S"), told.at + HISTORY_KEPT
    line = Past(id, told.at, told.ended_at, told.full, told.by, told.checked, told.named)
    world.store.put_record(f"compared/{firm}", id, msgspec.to_builtins(told), expires=expires)
    world.store.put_record(f"comparisons/{firm}", id, msgspec.to_builtins(line), expires=expires)


def history(world: World, firm: str) -> tuple[Past, ...]:
    """The last comparisons, newest first."""
    found = world.store.records(f"comparisons/{firm}", limit=HISTORY_SHOWN, descending=True)
    return tuple(msgspec.convert(body, Past) for _, body in found)


def past(world: World, firm: str, id: str) -> Report | None:
    """The whole of one comparison of the history."""
    found = world.store.record(f"compared/{firm}", id)
    return msgspec.convert(found[1], Report) if found else None


def reconcile(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Compares part by part; stores the report at the end. Raises Unavailable with what it has kept."""
    firm = policy.firm.id
    run = _begun(world, firm, effect)
    reach.quickbooks(lambda _q, _a: None)  # a fresh token every night: a quiet firm's never grows 100 days old
    try:
        while run.parts or run.waiting:
            _page(world, reach, policy, run)
    except Unavailable:
        aside = replace(run, changed=changed.put_aside(world, firm, run.changed))
        world.store.put_record("report", f"{firm}/running", msgspec.to_builtins(aside))
        raise
    run.report.counts["differences"] = run.named
    run.report.ended_at = world.now()
    world.store.put_record("report", firm, msgspec.to_builtins(run.report))
    keep(world, firm, run.report)
    world.store.delete_record("report", f"{firm}/running")
    world.count("drift", run.named)
    settle(world, [], lambda _s, _n: {}, fact="Reconciled", finish=[Finish(effect.key, arrivals=effect.arrivals)])


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
    last = None if full else report(world, firm)
    lately = () if full else changed.PARTS
    return _Run(
        begun,
        [*(str(t) for t in tabs), *lately, *MONEY, TRUST, f"{TRUST}{SUMS}"],
        changed=changed.begun(last.at if last else None, begun.at),
    )


def _page(world: World, reach: Reach, policy: Policy, run: _Run) -> None:
    """One page of what is compared; what it names and counts is kept only when the whole page was compared."""
    if run.waiting:
        _lately(world, reach, policy, run)
        return
    firm, part = policy.firm.id, run.parts[0]
    if part.startswith(TRUST):
        _trust(world, reach, policy, run)
        return
    if part in changed.PARTS:
        _changed(world, reach, policy, run)
        return
    if part in MONEY:
        compare = {"payments": _payments, "credits": _credits}[part]
        page = world.store.listed(f"{firm}/{part}", limit=PAGE, cursor=run.cursor or None, descending=True)
        found, more = compare(world, reach, page.items, run.report)
        goes_on = page.next is not None and more
        parts, cursor = (run.parts, page.next or "") if goes_on else (run.parts[1:], "")
    else:
        held, parts, cursor = _of_tabs(world, firm, run)
        found, _ = _payables(world, reach, held, run.report)
    _name(run, found)
    run.parts, run.cursor = parts, cursor


def _of_tabs(world: World, firm: str, run: _Run) -> tuple[list[Held], list[str], str]:
    """Up to a page of payables, from as many tabs as it takes, so that few invoices cost few calls; and what is left:
    the parts and the cursor within the first of them."""
    held: list[Held] = []
    parts, cursor = list(run.parts), run.cursor
    while len(held) < PAGE and parts[0] not in (*MONEY, *changed.PARTS):
        place, limit = f"{firm}/payables/{parts[0]}", PAGE - len(held)
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


def _lately(world: World, reach: Reach, policy: Policy, run: _Run) -> None:
    """Compares bills that changed. Those that are open were met already."""
    refs = [Ref(policy.firm.id, Kind.PAYABLE, id) for id in run.waiting[:PAGE]]
    held = [h for h in world.store.load_many(refs) if h.body]
    closed = [h for h in held if tab(states.decode(Kind.PAYABLE, h.body)) not in NIGHTLY]
    _name(run, _payables(world, reach, closed, run.report)[0])
    run.waiting = run.waiting[PAGE:]


def _name(run: _Run, found: Sequence[Difference]) -> None:
    run.named += len(found)
    run.report.differences = (*run.report.differences, *found)[:NAMED_AT_MOST]


def _trust(world: World, reach: Reach, policy: Policy, run: _Run) -> None:
    """Trust accounts by their balances; where these differ, and in a full comparison, entry by entry."""
    part = run.parts.pop(0)
    run.until = run.until or world.now() + trust_check.LOOKED_FOR
    account, full = part.removeprefix(TRUST), run.report.full
    if account == SUMS:
        _name(run, trust_check.sums(policy, run.trust, run.explain) if run.trust else [])
        return
    try:
        found, more = trust_check.compare(world, reach, policy, account, run.cursor, full=full, until=run.until)
    except Unavailable:
        run.parts.insert(0, part)
        raise
    _name(run, found)
    run.cursor, run.trust = more.cursor, more.checked or run.trust
    run.explain = {id: run.explain.get(id, 0) + more.explains.get(id, 0) for id in {*run.explain, *more.explains}}
    run.parts = [*([part] if more.cursor else []), *(f"{TRUST}{id}" for id in more.accounts), *run.parts]


def _payables(world: World, reach: Reach, held: Sequence[Held], out: Report) -> tuple[list[Difference], bool]:
    payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in held]
    if not payables:
        return [], True
    ids = [p.id for p in payables]
    shown = {i.id: i for i in reach.clio(lambda c, a: c.bills_by_id(a, ids)).items}
    booked = [p.booked.id for p in payables if p.booked]
    invoices = {i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_by_id(a, booked))} if booked else {}
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
        found += comparing.against_books(p, there.get(p.id), payments, credits, owners.get(p.client_id, ""))
        if p.booked and p.booked.revision >= p.revision:
            noticing.point(world, reach.lanes, noticing.INVOICE, p, noticing.shown(p.booked.id, invoices))
        found += comparing.journal(p, _replays(world, h))
        found += promised.of_payable(p, [payments[id] for id in comparing.touching(p) if id in payments], out.at)
    for p in payables:  # nothing is asked any more: it is counted whole or not at all
        if p.pot is Pot.OPERATING:
            bill = shown.get(p.id)
            totalling.add_bill(out.totals, p, bill if isinstance(bill, BillReading) else None, there.get(p.id))
    out.checked += len(payables)
    return found, True


def _owners(world: World, moved: Sequence[Payable]) -> dict[str, str]:
    """By client: their customer now. Read only where an invoice is another's than we wrote: the client may be too."""
    refs = list(dict.fromkeys(Ref(p.firm, Kind.CONTACT, p.client_id) for p in moved))
    held = world.store.load_many(refs) if refs else []
    return {h.ref.id: states.decode(Kind.CONTACT, h.body).customer for h in held if h.body}


def _as_numbered(world: World, firm: str, found: list[Difference], items: dict[str, list[str]]) -> list[Difference]:
    """Under the numbers that the bills have now; read only for what differs. ``items``: bills, by the differences'
    details."""
    ids = list(dict.fromkeys(id for d in found for id in items.get(d.detail, ())))
    held = world.store.load_many([Ref(firm, Kind.PAYABLE, id) for id in ids]) if ids else []
    numbers = {h.ref.id: str(h.body["number"]) for h in held if h.body}
    return comparing.renumbered(found, items, numbers)


def _replays(world: World, held: Held) -> bool:
    """Whether the journal folds to the state. A state that moved since it was listed is compared at its next time."""
    body: Json | None = None
    after = 0
    while after < held.version:
        lines = world.store.journal(held.ref, after=after, limit=PAGE)
        for line in lines:
            if line.version <= held.version:
                body = fold(line.change, body)
            after = line.version
        if not lines:
            break
    return body == held.body


def _payments(world: World, reach: Reach, held: Sequence[Held], out: Report) -> tuple[list[Difference], bool]:
    """Payments from the newest on; a night's comparison stops at those of five weeks ago."""
    payments: list[Payment] = [states.decode(Kind.PAYMENT, h.body) for h in held]
    lately = [x for x in payments if out.full or (x.settled_at or x.created_at) >= out.at - LATELY]
    rows = {b.id: b for b in _booked(reach, [id for x in lately if x.posted for id in x.posted.ids])}
    booked = {x.id: posting.together(x.posted, rows) for x in lately if x.posted}
    sessions, gone = _sessions(reach, lately)
    found: list[Difference] = [comparing_money.without_stripe(account) for account in gone]
    for x in lately:
        found += comparing_money.payment_against_books(x, booked.get(x.id))
        if x.posted and is_current(x):
            noticing.point(world, reach.lanes, noticing.PAYMENT, x, noticing.shown_payment(x.posted, rows))
        if x.account not in gone:
            found += comparing_money.payment_against_stripe(x, sessions.get(x.session))
        found += promised.of_payment(x, out.at)
    found = _as_numbered(world, reach.firm, found, {x.id: [i.payable for i in x.items] for x in lately})
    for x in lately:
        totalling.add_payment(out.totals, x, booked.get(x.id), sessions.get(x.session))
    out.counts["payments"] = out.counts.get("payments", 0) + len(lately)
    return found, len(lately) == len(payments)


def _booked(reach: Reach, ids: Sequence[str]) -> list[BookedPayment]:
    """These payments in QuickBooks, a page for each call."""
    found: list[BookedPayment] = []
    for start in range(0, len(ids), PAGE):
        some = list(ids[start : start + PAGE])
        found += reach.quickbooks(lambda q, a, c=some: q.payments_by_id(a, c))  # type: ignore[misc]
    return found


def _credits(world: World, reach: Reach, held: Sequence[Held], out: Report) -> tuple[list[Difference], bool]:
    """Credits from the newest on; a night's comparison stops at those of five weeks ago."""
    credits: list[Credit] = [states.decode(Kind.CREDIT, h.body) for h in held]
    since = (out.at - LATELY).date()
    lately = [c for c in credits if out.full or c.on >= since]
    ids = [c.memo.id for c in lately if c.memo]
    there = {m.id: m for m in reach.quickbooks(lambda q, a: q.memos_by_id(a, ids))} if ids else {}
    found: list[Difference] = []
    for c in lately:
        found += comparing_money.credit_against_books(c, there.get(c.memo.id) if c.memo else None)
    if told := [(c.id, credit_links.told_of(c.memo.id, there.get(c.memo.id))) for c in lately if c.memo]:
        credit_links.notice(world, policy_of(world, reach.firm), told)
    found = _as_numbered(world, reach.firm, found, {c.number: [p.payable for p in c.parts] for c in lately})
    out.counts["credits"] = out.counts.get("credits", 0) + len(lately)
    return found, len(lately) == len(credits)


def _sessions(reach: Reach, payments: Sequence[Payment]) -> tuple[dict[str, SessionReading], list[str]]:
    """The sessions of these payments from each account's list: no call for each payment. With them the accounts that
    no longer let us in: the other books are compared all the same."""
    found: dict[str, SessionReading] = {}
    gone: list[str] = []
    ours = [x for x in payments if x.source is Source.STRIPE and x.money]
    for account in sorted({x.account for x in ours}):
        since = min(x.created_at for x in ours if x.account == account) - CLOCKS
        try:
            listed = reach.stripe(lambda s, a=account, t=since: s.sessions_since(a, t))  # type: ignore[misc]
        except Disconnected:
            gone.append(account)
            continue
        found.update({s.id: s for s in listed})
    return found, gone
