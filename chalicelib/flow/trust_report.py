"""The three-way reconciliation as of a month end: put together from running sums, signed off as documents.

A figure as of a past month end is today's less what is dated later, month by month: nothing goes through entries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from chalicelib.domain import carrying, clues, statement, trial_balance
from chalicelib.domain.carrying import Offered
from chalicelib.domain.kernel import Decision, Kind, Ref
from chalicelib.domain.ledger import OWN_NAME, Ledger
from chalicelib.domain.statement import (
    Entered,
    Figures,
    Outstanding,
    Reopened,
    Signed,
    SignedOff,
    Statement,
    StatementFact,
)
from chalicelib.domain.trial_balance import ClientLine, Late, MatterLine, Overdrawn
from chalicelib.domain.trust import OWN
from chalicelib.errors import Refused
from chalicelib.flow import ledgers, states, trust_check
from chalicelib.flow.firms import firm_of
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle

LINES_BYTES = 250_000  # of the lines in one document, which holds 380 KB with the statement
MATTERS_AT_ONCE = 100  # of one client, in one piece
SIGNED_AT_ONCE = 6  # months looked at for the last one signed off
INDEX_FOLLOWS = timedelta(minutes=1)  # by then a list shows every ledger (reference/aws.md 4: within a second or so)
MOVED = "Something has changed since this page was shown. Look at the figures again, then sign off."
NOT_ADDED_UP = "Trust transactions are still being added up. Try again in a minute."


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """``adjusted`` None: no statement is entered. ``clio`` and ``book``: the journal and what each differed by at the
    last check; ``checked_at``: when that was. ``whole``: every change is in the ledgers, and all were read as of one
    moment. ``touched``: when something in each month up to this one last moved. ``offered``: what was outstanding at
    the last month end signed off before, and what was said of it. Once signed off, all figures and lines
    are those of the sign-off; ``moved``: whether anything dated so was entered, changed or deleted since; ``late``:
    which balances are others for it, none where it cancels out."""

    account: str
    name: str
    month: str
    end: date
    currency: str
    statement: Statement
    adjusted: int | None
    journal: int
    ledgers: int
    clio: int | None
    book: int | None
    checked_at: datetime | None
    whole: bool
    lines: tuple[ClientLine, ...]
    touched: dict[str, datetime]
    late: tuple[Late, ...] = ()
    moved: bool = False
    offered: Offered = field(default_factory=Offered)

    @property
    def own(self) -> int:
        """Of the ledgers' sum, the firm's own money."""
        return sum(line.cents for line in self.lines if line.client == OWN)

    @property
    def overdrawn(self) -> tuple[Overdrawn, ...]:
        return trial_balance.overdrawn(self.lines)

    @property
    def agree(self) -> bool:
        return self.adjusted == self.journal == self.ledgers

    @property
    def may_sign(self) -> bool:
        begun = self.adjusted is not None and self.statement.signed is None
        return begun and self.whole and self.offered.settled

    @property
    def clues(self) -> tuple[str, ...]:
        """What may lie behind a difference between the statement and the journal; none once signed off."""
        return () if self.statement.signed else clues.clues(self.statement, self.offered, self.journal, self.currency)

    @property
    def mark(self) -> str:
        """Of the statement, the figures and the lines: another one as soon as somebody would see something else."""
        figures = [self.adjusted, self.journal, self.ledgers, self.clio, self.book]
        lines = [states.encode(line) for line in self.lines]
        seen = [states.encode(self.statement), figures, lines, states.encode(self.offered)]
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:32]


def statement_ref(firm: str, account: str, month: str) -> Ref:
    return Ref(firm, Kind.STATEMENT, f"{account}:{month}")


def statement_of(world: World, firm: str, account: str, month: str) -> Statement:
    """As entered, or an empty one. Raises Refused for a month that is none, or an account that we do not know."""
    statement.end_of(month)
    ref = statement_ref(firm, account, month)
    found: Statement | None = states.decode(Kind.STATEMENT, world.store.load(ref).body)
    return found or Statement(firm, ref.id, account, name_of(world, firm, account), month)


def name_of(world: World, firm: str, account: str) -> str:
    """A trust account's name at Clio. Raises Refused for one that the last check did not see."""
    checked = trust_check.last(world, firm)
    if checked is None or account not in checked.accounts:
        raise Refused("There is no such trust account here.")
    return checked.accounts[account].name


def offered(world: World, state: Statement) -> Offered:
    """What the last month end signed off before this one hands on, and what this statement says of it."""
    last = last_signed(world, state.firm, state.account, state.month)
    return carrying.offered(last, state)


def last_signed(world: World, firm: str, account: str, month: str) -> Statement | None:
    """The latest month end before this one that is signed off now; each as it is, not as the index may still show it.
    Most often it is the one before, so a few are read at a time."""
    cursor: str | None = None
    while True:
        page = world.store.listed(f"{firm}/statements/{account}", limit=SIGNED_AT_ONCE, cursor=cursor, descending=True)
        for held in world.store.load_many([h.ref for h in page.items]):
            found: Statement = states.decode(Kind.STATEMENT, held.body)
            if found.month < month and found.signed:
                return found
        cursor = page.next
        if cursor is None:
            return None


def three_way(world: World, firm: str, account: str, month: str, *, sure: bool = False) -> ThreeWay:
    """Reads the account's ledgers, as many as it has clients and matters: a trial balance lists them all. ``sure``:
    each as it is, for a sign-off."""
    state = statement_of(world, firm, account, month)
    total = ledgers.ledger_of(world, firm, account)
    clients = ledgers.clients_of(world, firm, account, sure=sure)
    matters = ledgers.matters_of(world, firm, account, sure=sure)
    held_by: dict[str, list[MatterLine]] = {}
    for m in matters:
        if cents := m.at_end_of(month):
            held_by.setdefault(m.client, []).append(MatterLine(m.label, cents, m.matter))
    lines = tuple(_line(c, month, held_by.get(c.client, [])) for c in clients if _shown(c, month, held_by))
    journal, of_clients = total.at_end_of(month), sum(line.cents for line in lines)
    clio, book, at = _beside(world, firm, account, journal)
    firm_state = firm_of(world, firm)
    now = ThreeWay(
        account=account,
        name=state.name,
        month=month,
        end=statement.end_of(month),
        currency=firm_state.currency if firm_state else "USD",
        statement=state,
        adjusted=state.adjusted,
        journal=journal,
        ledgers=of_clients,
        clio=clio,
        book=book,
        checked_at=at,
        whole=_whole(world, total, differ=journal != of_clients),
        lines=lines,
        touched=_touched(total, month),
        offered=offered(world, state) if state.signed is None else Offered(),
    )
    return _as_signed(world, now, total) if state.signed else now


def _as_signed(world: World, now: ThreeWay, total: Ledger) -> ThreeWay:
    """What was signed off stays as it was; what is another now stands beside it."""
    signed = now.statement.signed
    assert signed is not None
    lines = signed_lines(world, now.statement)
    moved = changed_since(now.statement, total)
    late = trial_balance.late(lines, now.lines) if moved else ()
    return replace(now, **_figures_of(signed, lines), late=late, moved=moved)


def _figures_of(signed: Signed, lines: Sequence[ClientLine]) -> dict[str, Any]:
    """What a sign-off says of a ThreeWay."""
    f = signed.figures
    return {
        "adjusted": f.adjusted,
        "journal": f.journal,
        "ledgers": f.ledgers,
        "clio": f.clio,
        "book": f.book,
        "lines": tuple(lines),
        "touched": signed.touched or {},
    }


def signed_before(world: World, firm: str, account: str, month: str, number: str) -> ThreeWay:
    """A sign-off that was opened again later, as it was kept: nothing of today's is in it. ``number``: "1" for the
    first. Raises Refused for one that is not there."""
    state = statement_of(world, firm, account, month)
    signed = next((x for n, x in enumerate(state.earlier, 1) if str(n) == number), None)
    told = json.loads(world.store.document(signed.documents[0]) or b"{}") if signed else {}
    if signed is None or not told:
        raise Refused("There is no such earlier sign-off.")
    held = replace(states.decode(Kind.STATEMENT, told["statement"]), signed=signed, earlier=())
    firm_state = firm_of(world, firm)
    return ThreeWay(
        account=account,
        name=held.name,
        month=month,
        end=statement.end_of(month),
        currency=firm_state.currency if firm_state else "USD",
        statement=held,
        checked_at=None,
        whole=True,
        **_figures_of(signed, signed_lines(world, held)),
    )


def _whole(world: World, total: Ledger, *, differ: bool) -> bool:
    """``total``: as it was read first: where it has moved meanwhile, the ledgers were read half before and half after.
    An account and its ledgers move in one commit: if they ``differ`` so soon after it, a list has not followed yet."""
    if not ledgers.settled(world, total.firm) or ledgers.ledger_of(world, total.firm, total.id) != total:
        return False
    return not differ or total.at is None or world.now() - total.at > INDEX_FOLLOWS


def _touched(total: Ledger, month: str) -> dict[str, datetime]:
    return {m: at for m, at in total.touched.items() if m <= month}


def _shown(c: Ledger, month: str, held_by: Mapping[str, Sequence[MatterLine]]) -> bool:
    """A client with nothing, in all and on each matter, is no line of a trial balance."""
    return bool(c.at_end_of(month) or held_by.get(c.client))


def _line(c: Ledger, month: str, matters: Sequence[MatterLine]) -> ClientLine:
    name = OWN_NAME if c.client == OWN else c.name or f"Client {c.client}"
    return ClientLine(c.client, name, c.at_end_of(month), tuple(matters))


def _beside(world: World, firm: str, account: str, journal: int) -> tuple[int | None, int | None, datetime | None]:
    """Clio's and QuickBooks' figures: the month's ``journal``, and by how much each differed from what was counted at
    the last check. What has come since is in none of these differences, whatever day it bears."""
    checked = trust_check.last(world, firm)
    if checked is None or account not in checked.accounts:
        return None, None, None
    f = checked.accounts[account]
    clio, book = (None if x is None else journal + x - f.here for x in (f.clio, f.book))
    return clio, book, checked.at


def changed_since(state: Statement, total: Ledger) -> bool:
    """Whether anything dated up to the month end was entered, changed or deleted after the sign-off."""
    signed, touched = state.signed, _touched(total, state.month)
    if signed is None or signed.touched is not None:
        return signed is not None and signed.touched != touched
    return any(at > signed.at for at in touched.values())


def signed_lines(world: World, state: Statement) -> list[ClientLine]:
    """The trial balance as it was signed off."""
    found: list[ClientLine] = []
    for key in state.signed.documents if state.signed else ():
        told = json.loads(world.store.document(key) or b"{}")
        for line in msgspec.convert(told.get("lines", []), list[ClientLine]):
            if found and found[-1].client == line.client:  # a client of many matters
                before = found.pop()
                line = replace(line, cents=before.cents + line.cents, matters=(*before.matters, *line.matters))
            found.append(line)
    return found


def _parts(lines: Sequence[ClientLine]) -> list[list[Any]]:
    """The trial balance in as many parts as documents hold it; a client of many matters is several lines."""
    parts: list[list[Any]] = [[]]
    room = LINES_BYTES
    for line in lines:
        for start in range(0, max(len(line.matters), 1), MATTERS_AT_ONCE):
            cents, some = line.cents * (start == 0), line.matters[start : start + MATTERS_AT_ONCE]
            piece = states.encode(replace(line, cents=cents, matters=some))
            size = len(_text(piece))
            if size > room and parts[-1]:
                parts.append([])
                room = LINES_BYTES
            parts[-1].append(piece)
            room -= size
    return parts


def _text(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


# --- what a person does -----------------------------------------------------------------------------------------------


def enter(
    world: World,
    firm: str,
    account: str,
    month: str,
    by: str,
    *,
    ending: int,
    deposits: Sequence[Outstanding],
    checks: Sequence[Outstanding],
    note: str = "",
    cleared_deposits: Sequence[Outstanding] = (),
    cleared_checks: Sequence[Outstanding] = (),
) -> None:
    """The bank statement, as often as needed before the sign-off. ``cleared_deposits`` and ``cleared_checks``: of what
    was outstanding at the last month end signed off before, what is no longer. Raises Refused."""
    over = statement.end_of(month)
    state = firm_of(world, firm)
    if state is None or over >= state.today(world.now()):
        raise Refused("This month is not over yet. Reconcile it once its statement is there.")
    last = last_signed(world, firm, account, month)
    since = statement.end_of(last.month) if last else None
    cleared = tuple(cleared_deposits), tuple(cleared_checks)
    fact = Entered(ending, tuple(deposits), tuple(checks), note, by, *cleared, since)
    carrying.check(last, fact, state.currency)
    _settle(world, firm, account, month, fact, by)


def sign(world: World, firm: str, account: str, month: str, by: str, mark: str = "") -> None:
    """Signs off what stands now: the whole of it is kept as documents that the commit names. ``mark``: of what the
    person saw. Raises Refused, also where it is no longer so."""
    read_at = world.now()
    report = three_way(world, firm, account, month, sure=True)
    if not report.whole:
        raise Refused(NOT_ADDED_UP)
    if mark and mark != report.mark:
        raise Refused(MOVED)
    figures = Figures(report.adjusted or 0, report.journal, report.ledgers, report.clio, report.book)
    count = len(report.statement.earlier) + 1
    keys = []
    for part, lines in enumerate(_parts(report.lines)):
        told: dict[str, Any] = {
            "account": account,
            "name": report.name,
            "month": month,
            "statement": states.encode(report.statement),
            "figures": states.encode(figures),
            "lines": lines,
            "by": by,
            "at": read_at.isoformat(),
        }
        key = f"{firm}/trust/{account}/{month}/{count}/{world.secret(6)}-{part}"
        world.store.put_document(key, _text(told), now=world.now())
        keys.append(key)
    entered_at = report.statement.entered_at
    unsaid = not report.offered.settled
    fact = SignedOff(by, read_at, figures, tuple(keys), report.touched, entered_at, unsaid)
    _settle(world, firm, account, month, fact, by)


def reopen(world: World, firm: str, account: str, month: str, by: str) -> None:
    """The sign-off stays in the list of earlier ones. Raises Refused when there is none."""
    _settle(world, firm, account, month, Reopened(by), by)


def _settle(world: World, firm: str, account: str, month: str, fact: StatementFact, by: str) -> None:
    empty, state = statement_of(world, firm, account, month), firm_of(world, firm)
    ref, currency = statement_ref(firm, account, month), state.currency if state else "USD"

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: statement.decide(before[ref] or empty, fact, currency, now)}

    settle(world, [ref], decide, fact=type(fact).__name__, body=fact, by=by)
