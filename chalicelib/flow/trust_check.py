"""Each trust account's balance at Clio against the sum of the entries that we hold, and both against QuickBooks.

Entries that were deleted in Clio vanish unreported (reference/clio.md 9.11): a difference, of the balance or of the
number of transactions, starts a sweep of that account's ids. What is on one side only is looked at alone
(flow/trusting.py), and the check is made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from chalicelib.domain import effects, trust
from chalicelib.domain import trust_comparing as comparing
from chalicelib.domain.comparing import Difference, unusable
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Json, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.readings import Account
from chalicelib.domain.trust import Entry
from chalicelib.errors import Disconnected, Unavailable
from chalicelib.flow import capturing, ledgers, legible, states, trust_setup
from chalicelib.flow.budget import Floor
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle
from chalicelib.flow.trusting import broken_moves, point_at

WAITS = timedelta(seconds=30)
UNDER_WAY = "Trust transactions are still being compared, or are on their way."
OWED_READ = 1000
WRITES = (Do.JOURNAL, Do.HOLDER)
PAGE = 100
LOOKED_FOR = timedelta(minutes=10)  # a comparison waits so long for what is under way


@dataclass
class Figures:
    """One trust account: cents at Clio (None: it lists the account no more), by our entries, and in its QuickBooks
    account (None: not chosen, or not read). ``beyond``: how many transactions more Clio counts than we hold: two that
    vanished may have come to nothing between clients."""

    name: str
    clio: int | None
    here: int
    book: int | None = None
    beyond: int = 0

    @property
    def agrees(self) -> bool:
        return (self.clio or 0) == self.here

    @property
    def unlike(self) -> str:
        """The figures by which it differs from Clio; empty where it is alike."""
        balances = "" if self.agrees else f"{self.clio}/{self.here}"
        return f"{balances}#{self.beyond}" if self.beyond else balances


@dataclass
class Checked:
    """The trust accounts at one time, by Clio's id. ``liability``: what QuickBooks shows as held for clients.
    ``swept``: by account, what it was ``unlike`` when its ids were swept: the same difference is not swept again until
    the account has agreed in between."""

    at: datetime
    accounts: dict[str, Figures] = field(default_factory=dict)
    liability: int | None = None
    swept: dict[str, str] = field(default_factory=dict)

    @property
    def clio_agrees(self) -> bool:
        return all(f.agrees for f in self.accounts.values())

    @property
    def books_agree(self) -> bool:
        """QuickBooks' bank accounts and its liability show what our entries come to."""
        chosen = [f for f in self.accounts.values() if f.book is not None]
        return all(f.book == f.here for f in chosen) and self.liability == sum(f.here for f in chosen)


def last(world: World, firm: str) -> Checked | None:
    """The last check, or None before the first."""
    found = world.store.record("trust", firm)
    return msgspec.convert(found[1], Checked) if found else None


def start(world: World, firm: str) -> None:
    """Owes a check now."""
    lane = lane_of(firm, Neighbour.SELF)
    world.store.arrive(effects.trust_check(firm, lane, world.now()))
    world.queue.hint([lane])


def check(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Reads what changed, waits until all of it is added up, then compares. Raises Unavailable and Disconnected."""
    from chalicelib.flow import refused_feeds
    from chalicelib.flow.feeds import Tally, poll_clio
    from chalicelib.flow.polling import first_sync_reads

    firm = policy.firm.id
    if not policy.firm.may_read or first_sync_reads(world, policy):
        settle(world, [], lambda _s, _n: {}, fact="NotSetUp", finish=[Finish(effect.key, arrivals=effect.arrivals)])
        return
    tally = Tally()
    poll_clio(world, Reach(world, firm, policy.lanes, Floor.POLL), policy, tally, ("deposits", "receipts"))
    if tally.refused:  # nothing is compared with what was not read
        refused_feeds.park(world, effect, tally)
        return
    if not _quiet(world, policy):
        world.store.postpone(effect.key, world.now() + WAITS, cause="Trust transactions are still being added up.")
        return
    checked = measure(world, reach, policy)
    for id, figures in checked.accounts.items():
        if (
            figures.here
            and figures.clio is not None
            and policy.firm.may_write
            and not policy.firm.trust_books.book_of(id)
        ):
            trust_setup.ask_for_accounts(world, firm, id, figures.name)
    _look_for(world, policy, checked)
    done = [Finish(effect.key, arrivals=effect.arrivals)]
    settle(world, [], lambda _s, _n: {}, fact="TrustChecked", finish=done)


def _not_swept(checked: Checked) -> list[str]:
    """Accounts whose difference was not looked for yet. What Clio lists no more has no ids to read."""
    differ = {id: f for id, f in checked.accounts.items() if f.clio is not None and f.unlike}
    return [id for id, f in differ.items() if checked.swept.get(id) != f.unlike]


def _look_for(world: World, policy: Policy, checked: Checked) -> None:
    """Owes a sweep of each account whose difference was not looked for yet."""
    lane = policy.lanes.of(Neighbour.CLIO)
    for id in _not_swept(checked):
        world.store.arrive(effects.trust_sweep(policy.firm.id, lane, id, world.now()))
        world.queue.hint([lane])


def _quiet(world: World, policy: Policy) -> bool:
    """Whether nothing that Clio has shown is still on its way into the ledgers, or to QuickBooks with nothing in its
    way: what waits for something has a cause."""
    looks = world.store.lane_owed(policy.lanes.of(Neighbour.CLIO), limit=OWED_READ)
    writes = world.store.lane_owed(policy.lanes.of(Neighbour.QUICKBOOKS), limit=OWED_READ)
    under_way = [e for e in looks if e.kind == Do.LOOK_MOVE] + [e for e in writes if e.kind in WRITES and not e.cause]
    return not under_way and ledgers.settled(world, policy.firm.id)


def measure(world: World, reach: Reach, policy: Policy) -> Checked:
    """The figures as they are now, kept as the last check. One call to Clio, one to QuickBooks. An account that Clio
    lists no more stays among them: its ledgers and signed months do."""
    firm, books = policy.firm.id, policy.firm.trust_books
    before = last(world, firm)
    found = Checked(world.now(), swept=before.swept if before else {})
    for a in reach.clio(lambda c, access: c.trust_accounts(access)):
        held = ledgers.ledger_of(world, firm, a.id)
        beyond = 0 if a.count is None or held.rows is None else a.count - held.rows
        found.accounts[a.id] = f = Figures(a.name, a.balance, held.balance, beyond=beyond)
        if not f.unlike:
            found.swept.pop(a.id, None)
    unlisted = {b.clio: b.name for b in books.banks} | {
        id: f.name for id, f in (before.accounts if before else {}).items()
    }
    for id in sorted(unlisted.keys() - found.accounts.keys()):
        found.accounts[id] = Figures(unlisted[id], None, ledgers.ledger_of(world, firm, id).balance)
    if books.liability:
        liabilities = [books.liability, *(id for id, _ in books.earlier_liabilities)]
        ids = [*(b.book for b in books.standing), *liabilities]
        try:
            shown = {a.id: a for a in reach.quickbooks(lambda q, access: q.accounts_by_id(access, ids))}
        except Disconnected:  # Clio's side is told all the same
            shown = {}
        for id, figures in found.accounts.items():
            figures.book = _held([b.book for b in books.standing if b.clio == id], shown)
        found.liability = _held(liabilities, shown)
    world.store.put_record("trust", firm, msgspec.to_builtins(found))
    return found


def _held(ids: Sequence[str], shown: Mapping[str, Account]) -> int | None:
    """What these accounts in QuickBooks hold together; None for none, and where one was not read."""
    return sum(shown[id].balance for id in ids) if ids and all(id in shown for id in ids) else None


# --- the comparison of the books --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class More:
    """What a comparison still has to do: the entries of these accounts, the place in the present one, and the sums in
    QuickBooks of what was ``checked``, once the entries have said what ``explains`` them (by account at Clio)."""

    cursor: str = ""
    accounts: tuple[str, ...] = ()
    checked: Checked | None = None
    explains: Mapping[str, int] = field(default_factory=dict)


def compare(
    world: World, reach: Reach, policy: Policy, account: str, cursor: str, *, full: bool, until: datetime
) -> tuple[list[Difference], More]:
    """Without ``account``: the balances in Clio; entries follow in full, or where something differs, and then the
    ``sums`` in QuickBooks. With it: one page of its entries against their journal entries. What differs may be on its
    way, or be found by a sweep, which is owed here: ``until`` then that is waited for (Unavailable), and named as such
    afterwards."""
    if account:
        return _entries(world, reach, policy, account, cursor)
    currency = policy.firm.currency
    checked = measure(world, reach, policy)
    unswept = _not_swept(checked)
    _look_for(world, policy, checked)
    found = []
    for id, f in checked.accounts.items():
        if f.clio is None:
            found += comparing.unlisted(f.name, f.here, currency, chosen=bool(policy.firm.trust_books.book_of(id)))
        else:
            found += comparing.account(f.name, f.clio, f.here, currency, looked_for=id in unswept)
    differs = bool(found or sums(policy, checked, {}))
    if (unswept or (differs and not _quiet(world, policy))) and world.now() < until:
        raise Unavailable(UNDER_WAY, after=WAITS.total_seconds(), ours=True)
    if not checked.clio_agrees:
        start(world, policy.firm.id)
    booked = tuple(id for id, f in checked.accounts.items() if f.book is not None)
    return found, More(accounts=booked if full or differs else (), checked=checked)


def sums(policy: Policy, checked: Checked, explained: Mapping[str, int]) -> list[Difference]:
    """What was checked in QuickBooks. ``explained``: by how much it differs, account by account, because of entries
    that were named as expected."""
    currency, found = policy.firm.currency, []
    here = {id: f for id, f in checked.accounts.items() if f.book is not None}
    for id, f in here.items():
        found += comparing.booked(f.name, f.book or 0, f.here, currency, explained.get(id, 0))
    if checked.liability is not None and all(b.clio in here for b in policy.firm.trust_books.standing):
        held, why = sum(f.here for f in here.values()), explained.get(comparing.LIABILITY, 0)
        found += comparing.liability(checked.liability, held, currency, why)
    return found


GONE = "gone "  # before the place among the entries that Clio shows no more


def _entries(world: World, reach: Reach, policy: Policy, account: str, cursor: str) -> tuple[list[Difference], More]:
    """Those that Clio shows, then those still to leave QuickBooks."""
    group = trust.LEAVING if cursor.startswith(GONE) else trust.MOVES
    at = cursor.removeprefix(GONE)
    page = world.store.grouped(f"{policy.firm.id}/{group}/{account}", limit=PAGE, cursor=at or None)
    entries: list[Entry] = [states.decode(Kind.TRUST, h.body) for h in page.items]
    ids = [e.posted.id for e in entries if e.posted and not e.posted.removed]
    rows, odd = legible.by_id(lambda ids: reach.quickbooks(lambda q, a: q.journals_by_id(a, ids)), ids)
    there = {j.id: j for j in rows}
    shown = {e.id: there.get(e.posted.id) for e in entries if e.posted}
    customers = _customers(world, policy, [e for e in entries if comparing.of_another(e, shown.get(e.id))])
    banks = {b.book: b.clio for b in policy.firm.trust_books.standing}
    found, explains, moved = [], dict[str, int](), list[str]()
    for e in entries:
        if e.posted and e.posted.id in odd:
            found.append(unusable("", e.number, "journal entry", odd[e.posted.id]))
            continue
        customer = customers.get(e.move.client_id, "")
        named = comparing.entry(e, trust.waits(e, policy.firm), shown.get(e.id), policy.firm.currency, customer)
        found += named
        if e.posted and e.stands and e.written and any(not d.expected for d in named):
            moved.append(e.posted.id)
        for id, cents in (
            comparing.explains(e, shown.get(e.id), banks).items() if any(d.expected for d in named) else ()
        ):
            explains[id] = explains.get(id, 0) + cents
    if moved:  # the feed of changes may have missed it: it tells of the last thirty days only
        capturing.compare_journals(
            world, policy, [there[id] for id in moved if id in there], [id for id in moved if id not in there]
        )
    more = page.next or ""
    if group == trust.LEAVING:
        more = more and GONE + more
    return found, More(cursor=more or GONE * (group == trust.MOVES), explains=explains)


def _customers(world: World, policy: Policy, entries: Sequence[Entry]) -> dict[str, str]:
    """By client: their customer now. Read only where a journal entry is another's than we wrote."""
    refs = list(dict.fromkeys(Ref(policy.firm.id, Kind.CONTACT, e.move.client_id) for e in entries))
    held = world.store.load_many(refs) if refs else []
    return {h.ref.id: states.decode(Kind.CONTACT, h.body).customer for h in held if h.body}


# --- the ids of one account -------------------------------------------------------------------------------------------


def sweep(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Reads the ids of one account's transactions by pages and lays ours beside them. What is on one side only, or has
    another etag, is owed a look. A sweep that runs into a minute's limit goes on where it was."""
    firm, account = policy.firm.id, str(effect.body["account"])
    found = world.store.record("trust-sweep", f"{firm}/{account}")
    place: Json = dict(found[1]) if found else {}
    broken = broken_moves(world, firm)
    reach = Reach(world, firm, policy.lanes, Floor.POLL)
    while True:
        at: str | None = place.get("next")
        rows, more = reach.clio(lambda c, a, n=at: c.transaction_ids(a, account, next=n))  # type: ignore[misc]
        upto = rows[-1][0].zfill(20) if rows and more else ""
        theirs = dict(rows)
        ours, place = _ours(world, firm, account, place, upto)
        for entry in ours:
            if theirs.get(entry.move.transaction) != entry.move.etag:
                point_at(world, policy, entry.move.transaction, entry.id, account)
        held = {e.move.transaction for e in ours}
        for id in theirs:
            if id not in held and id not in broken:
                point_at(world, policy, id, "", account)
        if more is None:
            break
        place["next"] = more
        world.store.put_record("trust-sweep", f"{firm}/{account}", place)
    world.store.delete_record("trust-sweep", f"{firm}/{account}")
    _swept(world, firm, account)
    settle(world, [], lambda _s, _n: {}, fact="Swept", finish=[Finish(effect.key, arrivals=effect.arrivals)])
    start(world, firm)


def _ours(world: World, firm: str, account: str, place: Json, upto: str) -> tuple[list[Entry], Json]:
    """Our entries of this account in the order of Clio's ids, after the last one compared and up to ``upto`` (empty:
    to the end). ``place``: the store's cursor of the page that holds the next one, and the last id compared."""
    found: list[Entry] = []
    cursor, after = place.get("cursor"), str(place.get("after", ""))
    while True:
        page = world.store.grouped(f"{firm}/moves/{account}", limit=PAGE, cursor=cursor)
        for held in page.items:
            entry: Entry = states.decode(Kind.TRUST, held.body)
            if not entry.move.transaction:  # an allocation alone: it has no id among these
                continue
            id = entry.move.transaction.zfill(20)
            if upto and id > upto:
                return found, {**place, "cursor": cursor, "after": upto}
            if id > after:
                found.append(entry)
        if page.next is None:
            return found, {**place, "cursor": cursor, "after": upto or after}
        cursor = page.next


def _swept(world: World, firm: str, account: str) -> None:
    """Notes of which figures this account was swept, so that a difference that stays is named and not swept again."""
    checked = last(world, firm)
    if checked and account in checked.accounts:
        checked.swept[account] = checked.accounts[account].unlike
        world.store.put_record("trust", firm, msgspec.to_builtins(checked))
