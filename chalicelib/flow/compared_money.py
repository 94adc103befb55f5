"""Payments and credits in a comparison of the books: read in QuickBooks and at Stripe, each difference
named. It changes no book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chalicelib.domain import comparing, comparing_money, posting, promised, totalling
from chalicelib.domain.comparing import Difference
from chalicelib.domain.crediting import Credit
from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment, Source
from chalicelib.domain.posting import is_current
from chalicelib.domain.readings import BookedPayment, SessionReading
from chalicelib.errors import Disconnected
from chalicelib.flow import compared_rows, credit_links, noticing, states
from chalicelib.flow.changed import CLOCKS
from chalicelib.flow.compared import Report
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of

LATELY = timedelta(days=35)  # what a night's comparison looks at
LISTED_AT_ONCE = 100
PARTS = ("payments", "credits")


def page(world: World, reach: Reach, part: str, size: int, cursor: str, out: Report) -> tuple[list[Difference], str]:
    """Compares up to ``size`` payments or credits from the newest on; a night's comparison stops at those of five weeks
    ago. Gives what differs, and where it goes on; empty at the end."""
    kind, compare = (Kind.PAYMENT, _payments) if part == "payments" else (Kind.CREDIT, _credits)
    met: list[Any] = []
    while True:
        limit = min(LISTED_AT_ONCE, size - len(met))
        listed = world.store.listed(f"{reach.firm}/{part}", limit=limit, cursor=cursor or None, descending=True)
        lately = [x for x in (states.decode(kind, h.body) for h in listed.items) if out.full or _recent(x, out)]
        met += lately
        cursor = (listed.next or "") if len(lately) == len(listed.items) else ""
        if not cursor or len(met) >= size:
            return compare(world, reach, met, out), cursor


def _recent(x: Payment | Credit, out: Report) -> bool:
    """Whether it is of the last five weeks."""
    if isinstance(x, Credit):
        return x.on >= (out.at - LATELY).date()
    return (x.settled_at or x.created_at) >= out.at - LATELY


def _payments(world: World, reach: Reach, lately: Sequence[Payment], out: Report) -> list[Difference]:
    shown, odd = compared_rows.payments(reach, [id for x in lately if x.posted for id in x.posted.ids])
    rows = {b.id: b for b in shown}
    unusable = {x.id: odd[id] for x in lately if x.posted for id in x.posted.ids if id in odd}
    booked = {x.id: posting.together(x.posted, rows) for x in lately if x.posted}
    sessions, gone = _sessions(reach, lately)
    found: list[Difference] = [comparing_money.without_stripe(account) for account in gone]
    for x in lately:
        if x.id in unusable:
            first = x.items[0]
            found.append(comparing.unusable(first.payable, first.number, "payment", unusable[x.id], x.id))
        else:
            found += comparing_money.payment_against_books(x, booked.get(x.id))
        if x.posted and is_current(x) and x.id not in unusable:
            noticing.point(world, reach.lanes, noticing.PAYMENT, x, noticing.shown_payment(x.posted, rows))
        if x.account not in gone:
            found += comparing_money.payment_against_stripe(x, sessions.get(x.session))
        found += promised.of_payment(x, out.at)
    found += _unapplied(world, [(x, there) for x in lately if (there := booked.get(x.id)) and there.unapplied])
    found = _as_numbered(world, reach.firm, found, {x.id: [i.payable for i in x.items] for x in lately})
    for x in (x for x in lately if x.id not in unusable):
        totalling.add_payment(out.totals, x, booked.get(x.id), sessions.get(x.session))
    out.counts["payments"] = out.counts.get("payments", 0) + len(lately)
    return found


def _unapplied(world: World, of: Sequence[tuple[Payment, BookedPayment]]) -> list[Difference]:
    """Of payments of which a part pays no invoice in QuickBooks: only their bills are read."""
    refs = list(dict.fromkeys(Ref(x.firm, Kind.PAYABLE, i.payable) for x, _ in of for i in x.items))
    held = world.store.load_many(refs) if refs else []
    payables: dict[str, Payable] = {h.ref.id: states.decode(Kind.PAYABLE, h.body) for h in held if h.body}
    found: list[Difference] = []
    for x, there in of:
        mine = [payables[id] for id in dict.fromkeys(i.payable for i in x.items) if id in payables]
        found += comparing_money.unapplied(x, there, mine)
    return found


def _credits(world: World, reach: Reach, lately: Sequence[Credit], out: Report) -> list[Difference]:
    ids = [c.memo.id for c in lately if c.memo]
    shown, odd = compared_rows.memos(reach, ids)
    there = {m.id: m for m in shown}
    found: list[Difference] = []
    for c in lately:
        if c.memo and c.memo.id in odd:
            number, payable = ", ".join(p.number for p in c.parts), next((p.payable for p in c.parts), "")
            found.append(comparing.unusable(payable, number, "credit memo", odd[c.memo.id], c.number))
            continue
        found += comparing_money.credit_against_books(c, there.get(c.memo.id) if c.memo else None)
    memos = [(c.id, c.memo.id) for c in lately if c.memo and c.memo.id not in odd]
    if told := [(id, credit_links.told_of(memo, there.get(memo))) for id, memo in memos]:
        credit_links.notice(world, policy_of(world, reach.firm), told)
    found = _as_numbered(world, reach.firm, found, {c.number: [p.payable for p in c.parts] for c in lately})
    out.counts["credits"] = out.counts.get("credits", 0) + len(lately)
    return found


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


def _as_numbered(world: World, firm: str, found: list[Difference], items: dict[str, list[str]]) -> list[Difference]:
    """Under the numbers that the bills have now; read only for what differs. ``items``: bills, by the differences'
    details."""
    ids = list(dict.fromkeys(id for d in found for id in items.get(d.detail, ())))
    held = world.store.load_many([Ref(firm, Kind.PAYABLE, id) for id in ids]) if ids else []
    numbers = {h.ref.id: str(h.body["number"]) for h in held if h.body}
    return comparing.renumbered(found, items, numbers)
