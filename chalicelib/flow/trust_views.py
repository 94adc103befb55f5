"""What the pages and the API show of trust money, each query reading only what it shows. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain import ledger as domain
from chalicelib.domain import statement, trust
from chalicelib.domain.kernel import Kind
from chalicelib.domain.ledger import OWN_NAME, Ledger
from chalicelib.domain.statement import Statement
from chalicelib.domain.trust import OWN, Entry
from chalicelib.errors import Refused
from chalicelib.flow import ledgers, states, trust_check, trust_report
from chalicelib.flow.firms import firm_of
from chalicelib.flow.ports import World

MONTHS = 24
STATEMENTS_READ = 120  # ten years: trust records are kept at least five to seven (practice.md 3.14)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A trust account: cents at Clio and in QuickBooks as of the last check (None: not chosen, or not read), and by
    our entries now. ``book_name``: its QuickBooks account, empty until chosen; with those of before that entries stand
    in still."""

    id: str
    name: str
    clio: int | None
    here: int
    book: int | None
    book_name: str

    @property
    def agrees(self) -> bool:
        return self.clio == self.here and self.book in (None, self.here)


@dataclass(frozen=True, slots=True)
class Overview:
    """``at``: of the last check, None before the first. ``agree``: Clio, our entries and QuickBooks show the same."""

    at: datetime | None
    accounts: tuple[AccountRow, ...] = ()
    liability: int | None = None
    liability_name: str = ""
    held: int = 0
    chosen: bool = False
    agree: bool = False
    adding_up: bool = False


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A client's ledger, or a matter's: ``below``: the first day below zero; ``low``: how many of the client's matters
    are below zero now."""

    client: str
    name: str
    cents: int
    below: date | None
    low: int = 0


@dataclass(frozen=True, slots=True)
class Ledgers:
    account: str
    name: str
    rows: tuple[LedgerRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """``state``: written, waits, before (the start), deleted. ``late``: the month whose sign-off it came after.
    ``held``: what the client's ledger held at the end of its day, at the last entry of that day; None at the others."""

    id: str
    number: str
    on: date
    text: str
    matter: str
    cents: int
    state: str
    late: str = ""
    held: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One client's ledger, newest entries first."""

    account: str
    account_name: str
    row: LedgerRow
    matters: tuple[LedgerRow, ...]
    entries: tuple[EntryRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A month's reconciliation: ``state`` is signed, changed (since the sign-off), entered or missing."""

    month: str
    end: date
    state: str
    journal: int
    by: str = ""
    at: datetime | None = None


def overview(world: World, firm: str) -> Overview:
    state, checked = firm_of(world, firm), trust_check.last(world, firm)
    if state is None or checked is None:
        return Overview(None)
    books = state.trust_books
    names = {b.clio: b.book_name for b in books.banks}
    for b in books.earlier:
        names[b.clio] = " and ".join(n for n in (names.get(b.clio), b.book_name) if n)
    rows = tuple(
        AccountRow(id, f.name, f.clio, ledgers.ledger_of(world, firm, id).balance, f.book, names.get(id, ""))
        for id, f in checked.accounts.items()
        if f.clio is not None or f.here or id in names
    )
    agree = checked.clio_agrees and bool(books.liability) and checked.books_agree
    return Overview(
        at=checked.at,
        accounts=rows,
        liability=checked.liability,
        liability_name=" and ".join([books.liability_name, *(name for _, name in books.earlier_liabilities)]),
        held=sum(r.here for r in rows),
        chosen=bool(books.liability),
        agree=agree and all(r.agrees for r in rows),
        adding_up=not ledgers.settled(world, firm),
    )


def clients(world: World, firm: str, account: str, cursor: str | None = None, size: int = 50) -> Ledgers:
    """One page of an account's ledgers, by name. Raises Refused for an account that we do not know."""
    name = trust_report.name_of(world, firm, account)
    page = world.store.listed(f"{firm}/ledgers/{account}", limit=size, cursor=cursor)
    return Ledgers(account, name, tuple(_row(states.decode(Kind.LEDGER, h.body)) for h in page.items), page.next)


def _row(x: Ledger) -> LedgerRow:
    name = x.label or "No matter" if x.matter else OWN_NAME if x.client == OWN else x.name or f"Client {x.client}"
    return LedgerRow(x.client, name, x.balance, x.below.on if x.below else None, len(x.low))


def ledger(world: World, firm: str, account: str, client: str, cursor: str | None = None, size: int = 50) -> LedgerPage:
    """One client's ledger with a page of its entries. Raises Refused when there is none."""
    name, state = trust_report.name_of(world, firm, account), firm_of(world, firm)
    held = world.store.load(ledgers.ledger_ref(firm, f"{account}:{client}"))
    if held.body is None or state is None:
        raise Refused("There is no such trust ledger here.")
    page = world.store.listed(f"{firm}/trust/{account}/{client}", limit=size, cursor=cursor, descending=True)
    entries: list[Entry] = [states.decode(Kind.TRUST, h.body) for h in page.items]
    signed = [s for s in _statements(world, firm, account) if s.signed]
    ours: Ledger = states.decode(Kind.LEDGER, held.body)
    lasts = {e.move.on: e.id for e in reversed(entries)}
    rows = tuple(
        EntryRow(
            e.id,
            e.number,
            e.move.on,
            trust.words(e),
            e.move.matter,
            e.move.cents,
            _state(e, trust.waits(e, state)),
            _late(e, signed),
            domain.held_on(ours, e.move.on) if lasts[e.move.on] == e.id else None,
        )
        for e in entries
    )
    matters = tuple(_row(m) for m in ledgers.matters_of(world, firm, account, client))
    return LedgerPage(account, name, _row(ours), matters, rows, page.next)


def _state(e: Entry, why: str) -> str:
    if e.begun and e.stays:
        return "left"
    if e.gone:
        return "deleted"
    if e.begun and e.posted and e.posted.removed:
        return "removed"
    if e.begun:
        return "written" if e.written else "waits"
    return "before" if why == "before" else "waits"


def _late(e: Entry, signed: list[Statement]) -> str:
    """The first signed month that it falls in, or fell in before, if it was entered or changed after that sign-off."""
    last = {e.move.on.isoformat()[:7]: e.moved_at} if e.moved_at else {}
    touched = e.touched or last
    after = [
        s.month for s in signed if s.signed and any(m <= s.month and at > s.signed.at for m, at in touched.items())
    ]
    return min(after, default="")


def months(world: World, firm: str, account: str) -> tuple[MonthRow, ...]:
    """The months that are over, the newest first, as far back as money was held, two years at most; before that those
    that somebody reconciled."""
    state = firm_of(world, firm)
    trust_report.name_of(world, firm, account)
    total = ledgers.ledger_of(world, firm, account)
    if state is None or not total.months:
        return ()
    today = state.today(world.now())
    last = statement.months_until(today.isoformat()[:7], 2)[1]
    known = {s.month: s for s in _statements(world, firm, account)}
    first = min(total.months)
    return tuple(
        _month(month, known.get(month), total)
        for n, month in enumerate(statement.months_until(last, STATEMENTS_READ))
        if month in known or (n < MONTHS and month >= first)
    )


def next_month(found: tuple[MonthRow, ...]) -> MonthRow | None:
    """Of these months, newest first, the one to reconcile next: the earliest after the last that is signed off; the
    newest where none is; None where the newest is."""
    signed = next((n for n, m in enumerate(found) if m.state in ("signed", "changed")), None)
    waiting = found[:signed] if signed is not None else found[:1]
    return waiting[-1] if waiting else None


def _month(month: str, s: Statement | None, total: Ledger) -> MonthRow:
    end, journal = statement.end_of(month), total.at_end_of(month)
    if s is None:
        return MonthRow(month, end, "missing", journal)
    if s.signed is None:
        return MonthRow(month, end, "entered", journal, s.entered_by, s.entered_at)
    told = "changed" if trust_report.changed_since(s, total) else "signed"
    return MonthRow(month, end, told, journal, s.signed.by, s.signed.at)


def _statements(world: World, firm: str, account: str) -> list[Statement]:
    page = world.store.listed(f"{firm}/statements/{account}", limit=STATEMENTS_READ, descending=True)
    return [states.decode(Kind.STATEMENT, h.body) for h in page.items]
